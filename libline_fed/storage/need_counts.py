"""Queries on `need_counts`: what this server and those it shares a consortium with say of themselves."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select

from libline_fed.domain.need_counts import NeedCount
from libline_fed.domain.proposals import Audience, Status
from libline_fed.storage import rows
from libline_fed.storage.consortium_tables import need_counts, need_sources
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, proposals

_p = proposals.c
_INSERTED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class CountedProposal:
    """What is read of an open proposal to count it."""

    purpose: str
    areas: list[str]
    languages: list[str]
    places_free_count: int
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class NeedSource:
    """One row of `need_sources`, field by field as the columns are named."""

    host: str
    counted_at: datetime | None
    next_due_at: datetime
    last_error: str | None


async def open_here(tx: Tx, conditions: Collection[ColumnElement[bool]]) -> list[CountedProposal]:
    """Return what counts of the open proposals of members here that others may read, too.

    `conditions` are those of what members see in lists.
    """
    query = (
        select(_p.purpose, _p.areas, _p.languages, _p.places_free_count, _p.details)
        .join(actors, actors.c.id == _p.author_id)
        .where(
            _p.is_local,
            _p.status == Status.OPEN.value,
            _p.audience.in_((Audience.PUBLIC.value, Audience.NETWORK.value)),
            *conditions,
        )
    )
    return [rows.to(CountedProposal, row) for row in await tx.all(query)]


async def source(tx: Tx, host: str) -> NeedSource | None:
    """Return when a server's counts were made and are due again."""
    row = await tx.first(select(need_sources).where(need_sources.c.host == host))
    return rows.to(NeedSource, row) if row else None


async def sources(tx: Tx, hosts: Collection[str]) -> dict[str, NeedSource]:
    """Return the same of several servers, by host; those never asked are missing."""
    found = await tx.all(select(need_sources).where(need_sources.c.host.in_(list(hosts))))
    return {row.host: rows.to(NeedSource, row) for row in found}


async def put(
    tx: Tx, host: str, counts: Sequence[NeedCount], *, counted_at: datetime, next_due_at: datetime
) -> None:
    """Replace what is known of a server by its present counts."""
    await tx.execute(delete(need_counts).where(need_counts.c.host == host))
    for start in range(0, len(counts), _INSERTED_AT_ONCE):
        values = [
            {
                "host": host,
                "area": one.area,
                "language": one.language,
                "waiting_count": one.waiting_count,
                "places_count": one.places_count,
                "counted_at": counted_at,
            }
            for one in counts[start : start + _INSERTED_AT_ONCE]
        ]
        await tx.execute(tx.insert(need_counts).values(values).on_conflict_do_nothing())
    await _note(tx, host, counted_at=counted_at, next_due_at=next_due_at, last_error=None)


async def put_off(tx: Tx, host: str, *, next_due_at: datetime, error: str) -> None:
    """Note that a server could not be read, and when to ask again; what it said before stays."""
    await _note(tx, host, next_due_at=next_due_at, last_error=error)


async def of_hosts(tx: Tx, hosts: Collection[str], *, since: datetime) -> list[NeedCount]:
    """Return the cells of some servers that were counted since a moment."""
    query = select(need_counts).where(
        need_counts.c.host.in_(list(hosts)), need_counts.c.counted_at >= since
    )
    return [rows.to(NeedCount, row) for row in await tx.all(query)]


async def drop_old(tx: Tx, before: datetime) -> int:
    """Delete counts from before a moment; return how many."""
    return (await tx.execute(delete(need_counts).where(need_counts.c.counted_at < before))).rowcount


async def _note(tx: Tx, host: str, **values: Any) -> None:
    statement = tx.insert(need_sources).values(host=host, **values)
    await tx.execute(
        statement.on_conflict_do_update(index_elements=[need_sources.c.host], set_=values)
    )
