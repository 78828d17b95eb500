"""The bench's own processes: the generator against the thin bound, and the sink's ledger."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from libline_fed.activitypub.keys import generate_rsa
from libline_fed.bench.crowd import Crowd
from libline_fed.bench.processes import ProcessFailed, Running, free_ports, running
from libline_fed.bench.scene import expect_accepted, new_key, send
from libline_fed.bench.sink import host_address
from tests.support.sink import Sink, post_raw


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    made = Sink(tmp_path, hosts_count=3)
    yield made
    made.stop()


def test_the_thin_bound_stores_each_signed_activity_once_and_refuses_others(tmp_path: Path) -> None:
    private_key, key_file = new_key(tmp_path)
    crowd = Crowd(1, private_key)
    (port,) = free_ports(1)
    database = tmp_path / "thin.sqlite3"
    requests = crowd.requests("http://127.0.0.1/inbox", [(0, crowd.note(0, number)) for number in range(40)])
    arguments = [str(port), str(key_file), str(database)]
    with running("libline_fed.bench.thin", arguments, log=tmp_path / "thin.log", ready=(port, "/healthz")):
        report = send(tmp_path, port, requests + requests[:10])
        expect_accepted(report, 50)
        tampered = post_raw(requests[0][:-1] + b" ", f"http://127.0.0.1:{port}/inbox")
        assert tampered.status_code == 401
    assert len(report["latencies_ms"]) == 50
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM thin").fetchone() == (40,)
    connection.close()


def test_a_generator_tells_of_answers_that_are_no_202(tmp_path: Path, sink: Sink) -> None:
    get = f"GET /nowhere HTTP/1.1\r\nHost: {host_address(0)}:{sink.port}\r\n\r\n".encode()
    report = send(tmp_path, sink.control_port, [get] * 20, connections_count=2)
    assert report["statuses"] == {"404": 20}
    with pytest.raises(ProcessFailed, match="404"):
        expect_accepted(report, 20)


def test_the_sink_counts_by_host_and_activity(sink: Sink) -> None:
    crowd = sink.crowd
    for index, number in [(0, 1), (0, 1), (0, 2), (1, 1)]:
        inbox_url = crowd.uri(index) + "/inbox"
        assert post_raw(crowd.request(2, inbox_url, crowd.note(2, number)), inbox_url).status_code == 202
    assert (sink.totals()["received_count"], sink.totals()["distinct_count"]) == (4, 3)
    counts = {
        (r["host"].partition(":")[0], r["object"].rpartition("/")[2]): r["count"] for r in sink.receipts()
    }
    assert counts == {(host_address(0), "1"): 2, (host_address(0), "2"): 1, (host_address(1), "1"): 1}
    sink.clear()
    assert sink.totals()["received_count"] == 0


def test_the_sink_serves_an_actor_on_every_host(sink: Sink) -> None:
    for index in range(3):
        document = httpx.get(sink.crowd.uri(index), trust_env=False).json()
        assert document["id"] == sink.crowd.uri(index)
        assert document["publicKey"]["publicKeyPem"] == sink.public_pem


def test_hosts_have_addresses_of_their_own() -> None:
    addresses = [host_address(index) for index in range(130_000)]
    assert len(set(addresses)) == len(addresses)
    assert all(address.startswith("127.") for address in addresses)


def test_a_process_that_does_not_start_says_why(tmp_path: Path) -> None:
    key_file = tmp_path / "key.pem"
    key_file.write_text(generate_rsa().public_pem)
    process = Running("libline_fed.bench.sink", ["no-port"], log=tmp_path / "log", environ=os.environ)
    with pytest.raises(ProcessFailed, match="no-port"):
        process.wait_ready(free_ports(1)[0], "/totals")
