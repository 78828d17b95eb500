"""What is needed and what is there: counted here once a day, exchanged with co-members as counts only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from libline_fed import vocabulary
from libline_fed.activitypub.needs import NeedsDocument, build_needs
from libline_fed.activitypub.objects import Admitted
from libline_fed.domain.actors import Actor
from libline_fed.domain.need_counts import (
    MAX_CELLS,
    RECOUNT,
    STALE,
    Gap,
    Need,
    board,
    counted,
    is_fresh,
)
from libline_fed.domain.proposal_details import details_of
from libline_fed.domain.viewers import Viewer
from libline_fed.services.site import Site
from libline_fed.storage import consortia, need_counts, visibility
from libline_fed.storage.need_counts import CountedProposal, NeedSource
from libline_fed.storage.store import Tx

READ_EVERY = timedelta(days=1)
TRY_AGAIN = timedelta(hours=6)
READ_AT_ONCE = 10  # servers in one step
MAX_ERROR_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Board:
    """The gaps of this server, or of the members of a consortium, and how old they are."""

    gaps: list[Gap]
    counted_at: datetime | None  # the oldest of the servers whose counts are in it
    hosts_count: int  # whose counts are in it
    missing: list[str]  # members of the consortium whose counts are not known or too old


async def count(tx: Tx, site: Site, *, now: datetime) -> int:
    """Count what waits here and what is free, about once a day; return the number of cells.

    What is for this instance alone is not counted: it does not leave, not even as a number.
    """
    known = await need_counts.source(tx, site.uris.host)
    if known is not None and known.next_due_at > now:
        return 0
    shown = await visibility.shown_to(tx, Viewer(is_member=True), now.date())
    found = counted([_need_of(one) for one in await need_counts.open_here(tx, shown)])[:MAX_CELLS]
    await need_counts.put(tx, site.uris.host, found, counted_at=now, next_due_at=now + RECOUNT)
    await need_counts.drop_old(tx, now - STALE)
    return len(found)


async def board_here(tx: Tx, site: Site, *, now: datetime) -> Board:
    """Return the board of this server."""
    return await _board(tx, [site.uris.host], now)


async def board_of(tx: Tx, group: Actor, *, now: datetime) -> Board:
    """Return the board of a consortium: what its members say, this server among them if it is one."""
    return await _board(tx, [actor.host for _, actor in await consortia.members(tx, group.id)], now)


async def groups(tx: Tx, site: Site) -> list[Actor]:
    """Return the consortia that this server is a member of."""
    return await consortia.groups_of(tx, site.uris.instance_actor)


async def document(tx: Tx, site: Site, *, now: datetime) -> dict[str, Any]:
    """Return what this server tells its co-members."""
    known = await need_counts.source(tx, site.uris.host)
    found = await need_counts.of_hosts(tx, [site.uris.host], since=now - STALE)
    counted_at = known.counted_at if known is not None and known.counted_at is not None else now
    return build_needs(site.uris.instance_actor, found, counted_at)


async def readers(tx: Tx, site: Site) -> set[str]:
    """Return the instance actors that may read our counts: those in a consortium with us."""
    return {actor.uri for actor in await _co_members(tx, site)}


async def due(tx: Tx, site: Site, *, now: datetime) -> list[Actor]:
    """Return the instance actors whose counts are to be read now, at most ten, the longest known first."""
    members = await _co_members(tx, site)
    known = await need_counts.sources(tx, {actor.host for actor in members})
    waiting = [actor for actor in members if _is_due(known.get(actor.host), now)]
    return waiting[:READ_AT_ONCE]


async def receive(tx: Tx, admitted: Admitted[NeedsDocument], *, now: datetime) -> None:
    """Keep what a server says of itself; what it counted long ago, or in the future, counts for nothing."""
    said = admitted.document
    kept = list(said.counts)[:MAX_CELLS] if is_fresh(said.counted_at, now) else []
    counted_at = min(said.counted_at, now)
    await need_counts.put(tx, admitted.host, kept, counted_at=counted_at, next_due_at=now + READ_EVERY)


async def postpone(tx: Tx, host: str, error: str, *, now: datetime) -> None:
    """Note that a server's counts could not be read."""
    await need_counts.put_off(
        tx, host, next_due_at=now + TRY_AGAIN, error=error[:MAX_ERROR_CHARACTERS]
    )


# --- inside -----------------------------------------------------------------------------------------


def _need_of(one: CountedProposal) -> Need:
    """Count an instance's own terms under the published ones they belong to, and en-GB under en."""
    facts = details_of(one.details)
    areas = tuple(dict.fromkeys(facts.broader(area) for area in one.areas))
    languages = tuple(dict.fromkeys(tag.partition("-")[0] for tag in one.languages))
    return Need(
        one.purpose,
        tuple(area for area in areas if vocabulary.is_area(area)),
        languages,
        max(0, one.places_free_count),
    )


def _is_due(known: NeedSource | None, now: datetime) -> bool:
    return known is None or known.next_due_at <= now


async def _co_members(tx: Tx, site: Site) -> list[Actor]:
    """Return the instance actors of the servers that are in a consortium with us, each once."""
    found: dict[str, Actor] = {}
    for group in await groups(tx, site):
        for _, actor in await consortia.members(tx, group.id):
            if not actor.is_local and actor.is_usable:
                found[actor.uri] = actor
    return list(found.values())


async def _board(tx: Tx, hosts: Sequence[str], now: datetime) -> Board:
    since = now - STALE
    known = await need_counts.sources(tx, hosts)
    made = {
        host: found.counted_at
        for host, found in known.items()
        if found.counted_at is not None and found.counted_at >= since
    }
    counts = await need_counts.of_hosts(tx, list(made), since=since)
    missing = sorted(set(hosts) - made.keys())
    return Board(board(counts), min(made.values(), default=None), len(made), missing)
