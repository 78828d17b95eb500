"""Fixtures of the tests that run LibLine in processes of its own."""

from collections.abc import Iterator

import pytest

from tests.acceptance.hostility import ALICE, MALLORY, World, mention
from tests.support import databases
from tests.support.browsing import logged_in
from tests.support.liar import Liar
from tests.support.processes import LiveInstance, wait_for
from tests.support.sink import Sink


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL database."""
    url = databases.run_apart(databases.create_postgres)
    yield url
    databases.run_apart(lambda: databases.drop_postgres(url))


@pytest.fixture
def live_database_url(engine: str, request: pytest.FixtureRequest) -> str | None:
    """The database of an instance in processes of its own; None for the SQLite file in its data folder."""
    url: str | None = request.getfixturevalue("postgres_url") if engine == "postgresql" else None
    return url


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("bad-input")
    sink, liar = Sink(folder, hosts_count=3), Liar()
    instance = LiveInstance(folder / "libline", inbox_per_host_per_minute=1_000_000)
    try:
        instance.start()
        member_uri = instance.add_member("ana")
        for index in (ALICE, MALLORY):
            assert sink.post(index, f"{member_uri}/inbox", sink.crowd.follow(index, member_uri)) == 202
        wait_for(lambda: sink.totals()["distinct_count"] >= 2, "the Accepts")
        with logged_in(instance, "ana") as browser:
            world = World(instance, sink, liar, member_uri, browser)
            assert world.post(mention(world, 1)) == 202
            wait_for(lambda: instance.number("SELECT count(*) FROM posts") == 1, "an honest post")
            yield world
    finally:
        instance.stop()
        sink.stop()
        liar.stop()


@pytest.fixture
def never_a_5xx(world: World) -> Iterator[None]:
    """After every test: no crash in the log, nothing in quarantine, and the instance still answers."""
    yield
    log = world.instance.log()
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:3_000]
    assert world.instance.number("SELECT count(*) FROM inbox_activities WHERE state = 'quarantined'") == 0
    assert world.instance.get("/healthz")[0] == 200
