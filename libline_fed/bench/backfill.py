"""How fast the list of a newly linked server is read, and whether the server that reads stays responsive.

Two instances on this machine. One has many open offers, the other asks it for a link. Before, and while the
list is read, the same small load goes to the reader: posts to its inbox, and views of its directory.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import select

from libline_fed.bench.databases import fresh_database
from libline_fed.bench.machine import cpu_s, percentile, rss_mb
from libline_fed.bench.measure import Figure, Report, Say, kind_of, quiet_around
from libline_fed.bench.processes import environ_of, free_ports, get, run, running
from libline_fed.bench.scene import HANDLE, Scene, expect_accepted, new_key, opened_scene, wait_until
from libline_fed.domain.crawls import PER_HOST_S, CrawlState
from libline_fed.ids import new_id
from libline_fed.storage.consortium_tables import crawls
from libline_fed.storage.store import Store, Tx
from libline_fed.storage.tables import actor_keys, actors, proposals

PAGE_ITEMS = 50
AUTHORS_COUNT = 200
FOLLOWED_COUNT = 4
ROUNDS_IDLE = 20
NOTES_PER_ROUND = 25
VIEWS_PER_ROUND = 10
ROUND_S = 1.0
CHUNK = 500
TEXT = "<p>Cataloguing rare maps, and what the new rules changed for small libraries.</p>" * 4


@dataclass
class _Load:
    """What the same small load met, in milliseconds."""

    inbox_ms: list[float] = field(default_factory=list)
    pages_ms: list[float] = field(default_factory=list)


def measure_backfill(count: int, *, server_url: str | None, say: Say) -> Report:
    """Link with a server of `count` open offers and measure until all are here.

    Raises: ProcessFailed.
    """
    with tempfile.TemporaryDirectory(prefix="libline-bench-") as name, quiet_around() as quiet:
        folder, key = Path(name), new_key(Path(name))
        say("starting two instances")
        reader = opened_scene(folder, hosts_count=FOLLOWED_COUNT, key=key, server_url=server_url)
        with reader as scene, _giver(folder / "giver", count, server_url, say) as giver:
            scene.be_followed(FOLLOWED_COUNT)
            scene.follow_back(FOLLOWED_COUNT)
            notes = _Notes(scene)
            say("measuring without a link")
            _round(scene, notes, _Load())
            idle, busy = _Load(), _Load()
            for _ in range(ROUNDS_IDLE):
                _round(scene, notes, idle)
            say(f"reading {count} offers, at least {count / PAGE_ITEMS * PER_HOST_S:.0f} seconds")
            requests_before, cpu_before_s = _requests(scene), cpu_s(scene.serve.process.pid)
            scene.libline("link", "add", giver.base_url)
            wait_until(giver.approve, "the question did not arrive", every_s=0.5)
            begun_s = time.monotonic()
            wait_until(lambda: _crawl(scene) is not None, "the answer did not arrive", every_s=0.5)
            while (crawl := _crawl(scene)) is None or crawl.state not in (CrawlState.DONE, CrawlState.FAILED):
                _round(scene, notes, busy)
            assert crawl.state == CrawlState.DONE, crawl.last_error
            read_s = (crawl.finished_at - crawl.started_at).total_seconds()
            figures = (
                Figure("offers read", crawl.kept_count, ""),
                Figure("offers per second", crawl.kept_count / read_s, "/s", PAGE_ITEMS / PER_HOST_S,
                       "two requests a second"),
                Figure("requests made", _requests(scene) - requests_before, ""),
                Figure("all here after", time.monotonic() - begun_s, "s"),
                Figure("inbox answer, p95, idle", percentile(idle.inbox_ms, 0.95), "ms"),
                Figure("inbox answer, p95, reading", percentile(busy.inbox_ms, 0.95), "ms"),
                Figure("inbox answer, p50, idle", percentile(idle.inbox_ms, 0.50), "ms"),
                Figure("inbox answer, p50, reading", percentile(busy.inbox_ms, 0.50), "ms"),
                Figure("directory page, p95, idle", percentile(idle.pages_ms, 0.95), "ms"),
                Figure("directory page, p95, reading", percentile(busy.pages_ms, 0.95), "ms"),
                Figure("processor time, with the load",
                       (cpu_s(scene.serve.process.pid) - cpu_before_s) / read_s * 100, "% of a core"),
                Figure("memory", rss_mb(scene.serve.process.pid), "MB"),
            )  # fmt: skip
    return Report("backfill", kind_of(server_url), figures, quiet[0].warning())


# --- the load ---------------------------------------------------------------------------------------


class _Notes:
    """Signed posts of followed actors, made a few at a time: a signature is good for some minutes only."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._number = 0

    def take(self, count: int) -> list[bytes]:
        """Make some."""
        numbers = range(self._number, self._number + count)
        self._number += count
        said = [
            (number % FOLLOWED_COUNT, self._scene.crowd.note(number % FOLLOWED_COUNT, number))
            for number in numbers
        ]
        return self._scene.crowd.requests(self._scene.inbox_url, said)


def _round(scene: Scene, notes: _Notes, load: _Load) -> None:
    """Post a few activities, view the directory a few times, and rest for what is left of a second."""
    until_s = time.monotonic() + ROUND_S
    report = scene.send(notes.take(NOTES_PER_ROUND), connections_count=1)
    expect_accepted(report, NOTES_PER_ROUND)
    load.inbox_ms += report["latencies_ms"]
    for _ in range(VIEWS_PER_ROUND):
        begin_s = time.perf_counter()
        status, _body = get(scene.port, "/mentors", timeout_s=30)
        load.pages_ms.append((time.perf_counter() - begin_s) * 1000)
        assert status == 200, status
    time.sleep(max(0.0, until_s - time.monotonic()))


def _crawl(scene: Scene) -> Any:
    async def unit(tx: Tx) -> Any:
        return await tx.first(select(crawls))

    return scene.ask_database(unit)


def _requests(scene: Scene) -> float:
    _, body = get(scene.port, "/metrics")
    lines = [line for line in body.decode().splitlines() if line.startswith("libline_crawl_requests_total ")]
    return float(lines[0].split()[1])


# --- the server that is read ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Giver:
    base_url: str
    environ: dict[str, str]

    def approve(self) -> bool:
        """Say yes to whoever asks; tell whether somebody did."""
        listed = orjson.loads(run("libline_fed", ["link", "list", "--json"], environ=self.environ))
        for link in listed:
            run("libline_fed", ["link", "approve", link["host"]], environ=self.environ)
        return bool(listed)


@contextmanager
def _giver(folder: Path, count: int, server_url: str | None, say: Say) -> Iterator[_Giver]:
    folder.mkdir()
    (port,) = free_ports(1)
    with fresh_database(server_url, folder) as url:
        environ = environ_of(
            {
                "base_url": f"http://127.0.0.1:{port}",
                "data_dir": folder,
                "database_url": url,
                "allow_private_peers": "true",
                "log_level": "warning",
            }
        )
        for arguments in (
            ["migrate", "--quiet"],
            ["member", "add", HANDLE, "--email", f"{HANDLE}@libline.test"],
            ["proposal", "add", HANDLE, "--purpose", "offer", "--title", "Cataloguing maps", "--text",
             "An hour a month.", "--area", "A0301", "--language", "en", "--mode", "M1"],
        ):  # fmt: skip
            run("libline_fed", arguments, environ=environ)
        say(f"writing {count} offers")
        _multiply(url, count)
        serve = ["serve", "--port", str(port)]
        with running(
            "libline_fed", serve, log=folder / "serve.log", ready=(port, "/readyz"), environ=environ
        ):
            yield _Giver(environ["LIBLINE_BASE_URL"], environ)


def _multiply(url: str, count: int) -> None:
    """Copy the one member and her one offer until there are enough of both; the copies share her keys."""
    scheme, _, rest = url.partition("://")
    driver = "sqlite+aiosqlite" if scheme == "sqlite" else "postgresql+asyncpg"

    async def work() -> None:
        store = await Store(f"{driver}://{rest}").open()
        try:
            people = await store.write(_add_local_people)
            for start in range(1, count, CHUNK):
                stop = min(start + CHUNK, count)
                await store.write(lambda tx, a=start, b=stop: _add_local_offers(tx, people, a, b))  # type: ignore[misc]
        finally:
            await store.close()

    asyncio.run(work())


async def _add_local_people(tx: Tx) -> list[str]:
    person = (await tx.all(select(actors).where(actors.c.handle == HANDLE)))[0]
    keys = await tx.all(select(actor_keys).where(actor_keys.c.actor_id == person.id))
    found, now = [person.id], datetime.now(UTC)
    for number in range(1, AUTHORS_COUNT):
        actor_id = new_id(now)
        columns = {
            name: value.replace(person.id, actor_id) if isinstance(value, str) else value
            for name, value in person._asdict().items()
        }
        await tx.execute(
            tx.insert(actors).values(**{**columns, "handle": f"{HANDLE}{number}", "name": f"Ana {number}"})
        )
        for key in keys:
            values = {**key._asdict(), "id": new_id(now), "actor_id": actor_id}
            await tx.execute(tx.insert(actor_keys).values(**values))
        found.append(actor_id)
    return found


async def _add_local_offers(tx: Tx, people: list[str], start: int, stop: int) -> None:
    offer = (await tx.all(select(proposals).order_by(proposals.c.id).limit(1)))[0]
    copies = []
    for number in range(start, stop):
        at = datetime.now(UTC) - timedelta(seconds=number)
        proposal_id = new_id(at)
        columns = {
            name: value.replace(offer.id, proposal_id) if isinstance(value, str) else value
            for name, value in offer._asdict().items()
        }
        copies.append(
            columns
            | {
                "author_id": people[number % len(people)],
                "title": f"Cataloguing maps, number {number}",
                "content_html": TEXT,
                "published_at": at,
            }
        )
    await tx.execute(tx.insert(proposals), copies)
