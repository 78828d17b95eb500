"""How fast a member gets the ranked directory from a server with many offers, beside reading every row."""

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Table

from libline_fed.bench import offers
from libline_fed.bench.databases import fresh_database
from libline_fed.bench.machine import cpu_s, percentile, rss_mb
from libline_fed.bench.measure import Figure, Report, Say, kind_of, quiet_around
from libline_fed.bench.processes import ProcessFailed, environ_of, free_ports, get, run, running
from libline_fed.bench.scene import HANDLE, wait_until
from libline_fed.domain.match_ranking import iso_week, rank
from libline_fed.domain.offer_columns import Listing
from libline_fed.domain.proposals import Purpose
from libline_fed.domain.searches import Search, Sort
from libline_fed.domain.viewers import Viewer
from libline_fed.services import sessions
from libline_fed.services.match_wishes import wish_of
from libline_fed.services.offer_index import OfferIndex
from libline_fed.storage import accounts, actors, directory, matching, tables
from libline_fed.storage.directory_tables import proposal_search
from libline_fed.storage.store import Store, Tx

CHUNK = 1_000
VIEWS_COUNT = 200
QUERIES_COUNT = 20
PAGE_S = 60
WARM_S = 900
TEXT = "<p>Cataloguing rare maps, and what the new rules changed for small libraries.</p>" * 3
WORDS = ("maps", "grants", "reading", "archives", "metadata", "children", "rights", "databases")
PATHS = {
    "ranked": "/mentors?sort=match",
    "ranked, filters": "/mentors?sort=match&area=A0301&area=A0601&language=en",
    "ranked, words and filters": "/mentors?sort=match&text=maps&language=en",
    "newest": "/mentors?sort=newest",
}


@dataclass(frozen=True, slots=True)
class _Direct:
    """What was measured on the database itself."""

    build_s: float
    newest_ms: list[float]
    scan_ms: float


@dataclass(frozen=True, slots=True)
class _Served:
    """What was measured on a server; `warm_s`: until it ranked the first page."""

    ready_s: float
    warm_s: float
    pages_ms: dict[str, list[float]]
    page_cpu_ms: float
    memory_mb: float


REQUEST = (
    "proposal", "add", HANDLE, "--purpose", "request", "--title", "Grants and maps",
    "--text", "I look for somebody who knows both.", "--area", "A0301", "--area", "A0601",
    "--language", "en", "--language", "fr", "--mode", "M1", "--mode", "M2",
)  # fmt: skip
IS_RANKED = b"Compared with your request"


def measure_pages(count: int, *, server_url: str | None, say: Say) -> Report:
    """Fill a database with `count` offers, then ask a server on it for pages as a member.

    Raises: ProcessFailed.
    """
    with tempfile.TemporaryDirectory(prefix="libline-bench-") as name, quiet_around() as quiet:
        folder = Path(name)
        (port,) = free_ports(1)
        with fresh_database(server_url, folder) as url:
            settings = {"base_url": f"http://127.0.0.1:{port}", "data_dir": folder, "database_url": url}
            environ = environ_of({**settings, "log_level": "warning"})
            for arguments in (
                ["migrate", "--quiet"],
                ["member", "add", HANDLE, "--email", f"{HANDLE}@libline.test"],
                list(REQUEST),
            ):
                run("libline_fed", arguments, environ=environ)
            say(f"writing {count:,} offers")
            token = asyncio.run(_fill(url, count))
            say("asking the database")
            direct = asyncio.run(_direct(url))
            say("asking a server")
            served = _served(port, token, folder / "serve.log", environ)
    figures = _figures(f"{count:,} offers", direct, served)
    return Report("search, pages for a member", kind_of(server_url), figures, quiet[0].warning())


# --- a server ---------------------------------------------------------------------------------------


def _served(port: int, token: str, log: Path, environ: dict[str, str]) -> _Served:
    arguments, begun_s = ["serve", "--port", str(port)], time.monotonic()
    with running("libline_fed", arguments, log=log, ready=(port, "/readyz"), environ=environ) as process:
        ready_s = time.monotonic() - begun_s
        view = partial(_view, port, token)
        is_built = partial(_is_ranked, view)
        wait_until(is_built, "the index was not built", every_s=0.2, within_s=WARM_S)
        warm_s = time.monotonic() - begun_s
        pid = process.process.pid
        cpu_before_s = cpu_s(pid)
        pages_ms = {name: _timed_views(view, path) for name, path in PATHS.items()}
        page_cpu_ms = (cpu_s(pid) - cpu_before_s) * 1_000 / (len(PATHS) * VIEWS_COUNT)
        return _Served(ready_s, warm_s, pages_ms, page_cpu_ms, rss_mb(pid))


def _view(port: int, token: str, path: str) -> bytes:
    """Return a page as the member gets it.

    Raises: ProcessFailed.
    """
    headers = {"cookie": f"session={token}", "accept-language": "en"}
    status, body = get(port, path, timeout_s=PAGE_S, headers=headers)
    if status != 200:
        raise ProcessFailed(f"{path} was answered with {status}")
    return body


def _is_ranked(view: Callable[[str], bytes]) -> bool:
    return IS_RANKED in view(PATHS["ranked"])


def _timed_views(view: Callable[[str], bytes], path: str) -> list[float]:
    times_ms = []
    for _ in range(VIEWS_COUNT):
        begun_s = time.perf_counter()
        view(path)
        times_ms.append((time.perf_counter() - begun_s) * 1_000)
    return times_ms


# --- the database -----------------------------------------------------------------------------------


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Store]:
    scheme, _, rest = url.partition("://")
    driver = "sqlite+aiosqlite" if scheme == "sqlite" else "postgresql+asyncpg"
    store = await Store(f"{driver}://{rest}").open()
    try:
        yield store
    finally:
        await store.close()


async def _direct(url: str) -> _Direct:
    """Build an index from the rows; find the newest in SQL; read and rank every row once."""
    now = datetime.now(UTC)
    async with _opened(url) as store:
        begun_s = time.perf_counter()
        await OfferIndex().warm(store)
        build_s = time.perf_counter() - begun_s
        search = Search(areas=("A0301", "A0601"), languages=("en",), sort=Sort.NEWEST)

        async def newest(tx: Tx) -> None:
            member = await actors.local_by_handle(tx, HANDLE)
            viewer = Viewer(member, is_member=True)
            await directory.page(tx, search, viewer, today=now.date(), limit=10, offset=0)

        async def every(tx: Tx) -> None:
            member = await actors.local_by_handle(tx, HANDLE)
            assert member is not None
            source = (await matching.open_ones_of(tx, member.id, Purpose.REQUEST, now.date()))[0]
            wish = await wish_of(tx, source, member, now.date())
            listed = await matching.open_offers(tx, Viewer(member, is_member=True), now.date())
            rank(wish.seeker, [wish.offering(offer) for offer in listed], week=iso_week(now))

        newest_ms = [await _timed(store, newest) for _ in range(QUERIES_COUNT)]
        return _Direct(build_s, newest_ms, await _timed(store, every))


async def _timed(store: Store, unit: Callable[[Tx], Awaitable[None]]) -> float:
    begun_s = time.perf_counter()
    await store.read(unit)
    return (time.perf_counter() - begun_s) * 1_000


async def _fill(url: str, count: int) -> str:
    """Write offers of people elsewhere; returns the member's cookie."""
    made, now = offers.listings(count, seed=count, local_count=0), datetime.now(UTC)
    async with _opened(url) as store:
        while chunk := list(islice(made, CHUNK)):
            await store.write(partial(_write, chunk, now))

        async def sign_in(tx: Tx) -> str:
            member = await actors.local_by_handle(tx, HANDLE)
            account = await accounts.by_actor(tx, member.id) if member is not None else None
            return (await sessions.open_session(tx, account=account, now=now)).token

        return await store.write(sign_in)


async def _write(chunk: list[Listing], now: datetime, tx: Tx) -> None:
    rng = random.Random(chunk[0].id)  # noqa: S311
    made: dict[Table, list[dict[str, Any]]] = {
        tables.actors: [_author(one, now) for one in chunk],
        tables.proposals: [_proposal(one, now) for one in chunk],
        tables.proposal_areas: [
            {"proposal_id": one.id, "area": area} for one in chunk for area in one.found_areas
        ],
        tables.proposal_languages: [
            {"proposal_id": one.id, "language": tag} for one in chunk for tag in one.tags
        ],
        proposal_search: [{"proposal_id": one.id, "words": " ".join(rng.sample(WORDS, 3))} for one in chunk],
    }
    for table, values in made.items():
        await tx.execute(tx.insert(table), values)


def _author(listing: Listing, now: datetime) -> dict[str, Any]:
    uri = listing.offering.author_uri
    shown = "public" if listing.shown is listing.offering else "members"
    return {
        "id": listing.author_id,
        "uri": uri,
        "is_local": False,
        "type": "Person",
        "handle": listing.author_id[:8],
        "host": listing.offering.host,
        "inbox_url": f"{uri}/inbox",
        "fields": [],
        "languages": [],
        "also_known_as": [],
        "created_at": now,
        "updated_at": now,
        "details": {"facts_shown": shown, "styles": sorted(listing.offering.styles)},
    }


def _proposal(listing: Listing, now: datetime) -> dict[str, Any]:
    offering = listing.offering
    levels = {tag: level for tag, level in offering.languages.items() if level is not None}
    details = {
        "levels": {area: level for area, level in offering.areas.items() if level is not None},
        "goals": sorted(offering.goals),
        "formats": sorted(offering.formats),
        "frequency": offering.frequency,
        "language_levels": levels,
        "stage": offering.stage,
        "types_own": sorted(offering.types),
    }
    return {
        "id": listing.id,
        "uri": offering.uri,
        "author_id": listing.author_id,
        "is_local": False,
        "purpose": "offer",
        "title": "Old maps and new rules",
        "content_html": TEXT,
        "search_text": "",
        "language": "en",
        "areas": list(offering.areas),
        "languages": list(offering.languages),
        "modes": sorted(offering.modes),
        "places_count": 4,
        "places_free_count": offering.places_free or 0,
        "waiting_count": offering.pending_count,
        "audience": "public",
        "status": "open",
        "revision": 1,
        "published_at": now - timedelta(seconds=listing.number),
        "updated_at": now,
        "details": {name: value for name, value in details.items() if value},
    }


def _figures(of: str, direct: _Direct, served: _Served) -> tuple[Figure, ...]:
    figures = [
        Figure(f"{of}: a server is ready after (goal 3 s)", served.ready_s, "s"),
        Figure(f"{of}: and ranks after", served.warm_s, "s"),
        Figure(f"{of}: index built from rows in", direct.build_s, "s"),
        Figure(f"{of}: memory of the server (goal 200 MB)", served.memory_mb, "MB"),
        Figure(f"{of}: processor time of a page (goal 6.7 ms)", served.page_cpu_ms, "ms"),
        Figure(f"{of}: newest with filters in SQL, p50", median(direct.newest_ms), "ms"),
    ]
    for name, times_ms in served.pages_ms.items():
        figures.append(
            Figure(f"{of}: page, {name}, p50", median(times_ms), "ms", direct.scan_ms, "every row ranked")
        )
        figures.append(Figure(f"{of}: page, {name}, p95 (goal 25 ms)", percentile(times_ms, 0.95), "ms"))
    return tuple(figures)
