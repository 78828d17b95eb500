"""Two `serve` and two `worker` processes on one PostgreSQL share the work and do none of it twice."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from libline_fed.bench.processes import free_ports
from tests.support.processes import LiveInstance, wait_for
from tests.support.sink import Sink, post_raw

pytestmark = [pytest.mark.crash, pytest.mark.xdist_group("crash")]

HOSTS = 200
NOTES = 400


@dataclass
class Cluster:
    """One instance in four processes, and the peers it talks to."""

    instance: LiveInstance
    ports: list[int]
    sink: Sink
    member_uri: str

    def post(self, index: int, path: str, document: dict[str, object], port: int) -> int:
        """Post as a peer, through one of the two servers, as a load balancer would."""
        request = self.sink.crowd.request(index, self.instance.base_url + path, document)
        return post_raw(request, f"http://127.0.0.1:{port}{path}").status_code


@pytest.fixture
def cluster(postgres_url: str, tmp_path: Path) -> Iterator[Cluster]:
    ports = free_ports(2)
    sink = Sink(tmp_path, hosts_count=HOSTS)
    instance = LiveInstance(
        tmp_path / "libline",
        port=ports[0],
        database_url=postgres_url,
        run_workers="false",
        inbox_per_host_per_minute=1_000_000,
        log_level="warning",
    )
    try:
        instance.start()
        instance.serve(ports[1]).work().work()
        yield Cluster(instance, ports, sink, instance.add_member("ana"))
    finally:
        instance.stop()
        sink.stop()


def test_each_activity_is_applied_and_delivered_once(cluster: Cluster) -> None:
    crowd, sink = cluster.sink.crowd, cluster.sink
    inbox_path = cluster.member_uri.removeprefix(cluster.instance.base_url) + "/inbox"

    def follow(number: int) -> int:
        index = number // 2  # each Follow comes twice, once through each server
        document = crowd.follow(index, cluster.member_uri)
        return cluster.post(index, inbox_path, document, cluster.ports[number % 2])

    def note(number: int) -> int:
        document = crowd.note(number // 2 % HOSTS, number // 2)
        document["object"]["tag"] = [{"type": "Mention", "href": cluster.member_uri, "name": "@ana"}]
        document["object"]["cc"].append(cluster.member_uri)
        return cluster.post(number // 2 % HOSTS, "/inbox", document, cluster.ports[number % 2])

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(follow, range(2 * HOSTS))) == {202}
        assert set(threads.map(note, range(2 * NOTES))) == {202}
    wait_for(lambda: sink.totals()["distinct_count"] >= HOSTS, "an Accept for every host", seconds=60)
    instance = cluster.instance
    wait_for(lambda: instance.number("SELECT count(*) FROM posts") >= NOTES, "all posts", seconds=60)
    instance.add_offer("ana", "Maps")
    wait_for(lambda: sink.totals()["types"].get("Add") == HOSTS, "the offer at every host", seconds=60)
    receipts = sink.receipts()
    assert Counter(receipt["type"] for receipt in receipts) == {
        "Accept": HOSTS,
        "Create": HOSTS,
        "Add": HOSTS,
    }
    assert {receipt["count"] for receipt in receipts} == {1}
    assert instance.number("SELECT count(*) FROM posts") == NOTES
    assert instance.number("SELECT count(*) FROM inbox_activities WHERE state = 'applied'") == HOSTS + NOTES
    kinds = dict(instance.rows("SELECT kind, count(*) FROM notifications GROUP BY kind"))
    assert kinds == {"follow": HOSTS, "mention": NOTES}
