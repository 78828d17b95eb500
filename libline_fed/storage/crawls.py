"""Queries on `crawls` and `crawl_items`: whose lists are read, how far each is, and what was in it.

A crawl is leased with a fence, like the rows of the queues: who lost the lease can write nothing.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update

from libline_fed.domain.actors import Actor
from libline_fed.domain.crawls import Crawl, ItemState
from libline_fed.storage import rows
from libline_fed.storage.consortium_tables import crawl_items, crawls
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, proposal_sources, proposals

CHANNEL = "crawls"
CHUNK = 500
MAX_TOTAL_COUNT = 2**31 - 1  # a list may tell any number
_c = crawls.c
_i = crawl_items.c


async def get(tx: Tx, actor_id: str) -> Crawl | None:
    """Return the crawl of a list, or None."""
    row = await tx.first(select(crawls).where(_c.actor_id == actor_id))
    return rows.to(Crawl, row) if row else None


async def by_actors(tx: Tx, actor_ids: Collection[str]) -> dict[str, Crawl]:
    """Return the crawls of some lists by the actors' ids."""
    found = await tx.all(select(crawls).where(_c.actor_id.in_(list(actor_ids))))
    return {row.actor_id: rows.to(Crawl, row) for row in found}


async def actors_read(tx: Tx) -> list[Actor]:
    """Return the actors whose lists are read."""
    query = select(actors).join(crawls, _c.actor_id == actors.c.id).order_by(actors.c.uri)
    return [rows.to(Actor, row) for row in await tx.all(query)]


async def begin(tx: Tx, actor_id: str, kind: str, now: datetime) -> None:
    """Let a list be read from its start; one that is being read goes on."""
    values: dict[str, Any] = {"kind": kind, "state": "waiting", "next_due_at": now}
    again = values | {
        "is_check": False,
        "next_url": None,
        "etag": None,
        "pages_count": 0,
        "listed_count": 0,
        "kept_count": 0,
        "failures_count": 0,
        "last_error": None,
    }
    await tx.execute(
        tx.insert(crawls)
        .values(actor_id=actor_id, **values)
        .on_conflict_do_update(
            index_elements=[_c.actor_id], set_=again, where=_c.state.in_(("done", "failed"))
        )
    )
    await tx.wake(CHANNEL)


async def remove(tx: Tx, actor_id: str) -> None:
    """Read a list no more; a worker that is at it can write nothing from now on."""
    await tx.execute(delete(crawl_items).where(_i.actor_id == actor_id))
    await tx.execute(delete(crawls).where(_c.actor_id == actor_id))


# --- leasing ----------------------------------------------------------------------------------------


async def lease(tx: Tx, *, lease_s: float, now: datetime) -> Crawl | None:
    """Take the list that has been due for longest; None if none is.

    The clock may jump: a lease that ends further ahead than any is made counts as over.
    """
    due = (
        select(_c.actor_id)
        .where(_c.next_due_at <= now, _is_free(now, lease_s))
        .order_by(_c.next_due_at, _c.actor_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    actor_id = await tx.scalar(due)
    if actor_id is None:
        return None
    statement = (
        update(crawls)
        .where(_c.actor_id == actor_id)
        .values(lease_until=now + timedelta(seconds=lease_s), fence=_c.fence + 1)
        .returning(*_c)
    )
    row = await tx.first(statement)
    return rows.to(Crawl, row) if row else None


def _is_free(now: datetime, lease_s: float) -> ColumnElement[bool]:
    too_far = now + timedelta(seconds=lease_s)
    return or_(_c.lease_until.is_(None), _c.lease_until <= now, _c.lease_until > too_far)


async def held(tx: Tx, crawl: Crawl) -> Crawl | None:
    """Return the crawl as it is, locked, if its lease is still the one it was taken with; else None."""
    statement = select(crawls).where(_c.actor_id == crawl.actor_id, _c.fence == crawl.fence)
    row = await tx.first(statement.with_for_update())
    return rows.to(Crawl, row) if row else None


async def save(tx: Tx, crawl: Crawl, **values: Any) -> None:
    """Write columns of a crawl that is `held`."""
    if values.get("total_count") is not None:
        values["total_count"] = min(values["total_count"], MAX_TOTAL_COUNT)
    await tx.execute(update(crawls).where(_c.actor_id == crawl.actor_id).values(**values))


async def next_due_at(tx: Tx) -> datetime | None:
    """Return when the next list is due, None if no list is read."""
    moment: datetime | None = await tx.scalar(select(func.min(_c.next_due_at)))
    return moment


# --- items ------------------------------------------------------------------------------------------


async def forget_items(tx: Tx, actor_id: str) -> None:
    """Begin a new reading: nothing was seen yet."""
    await tx.execute(delete(crawl_items).where(_i.actor_id == actor_id))


async def note(tx: Tx, actor_id: str, uris: Iterable[tuple[str, str]], state: ItemState) -> list[str]:
    """Note (URI, host) of what a list names; return those that this reading had not seen yet."""
    values = [
        {"actor_id": actor_id, "uri": uri, "host": host, "state": state} for uri, host in dict(uris).items()
    ]
    fresh: list[str] = []
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        statement = tx.insert(crawl_items).values(chunk).on_conflict_do_nothing().returning(_i.uri)
        fresh += await tx.scalars(statement)
    return fresh


async def to_read(tx: Tx, actor_id: str, *, limit: int) -> list[str]:
    """Return ids that are still to be read, those that were tried least first."""
    query = select(_i.uri).where(_i.actor_id == actor_id, _i.state == "listed")
    return list(await tx.scalars(query.order_by(_i.attempts_count, _i.uri).limit(limit)))


async def settle(tx: Tx, actor_id: str, uris: Collection[str], state: ItemState) -> None:
    """Write what became of items; one that is LISTED still was tried once more."""
    values: dict[str, Any] = {"state": state}
    if state is ItemState.LISTED:
        values = {"attempts_count": _i.attempts_count + 1}
    await tx.execute(
        update(crawl_items).where(_i.actor_id == actor_id, _i.uri.in_(list(uris))).values(**values)
    )


async def give_up(tx: Tx, actor_id: str, *, attempts_count: int) -> None:
    """Leave what was tried so often to the next reading."""
    await tx.execute(
        update(crawl_items)
        .where(_i.actor_id == actor_id, _i.state == "listed", _i.attempts_count >= attempts_count)
        .values(state=ItemState.REFUSED)
    )


async def count_items(tx: Tx, actor_id: str, state: ItemState) -> int:
    """Count the items of a reading in a state."""
    query = select(func.count()).select_from(crawl_items)
    return int(await tx.scalar(query.where(_i.actor_id == actor_id, _i.state == state)))


async def missing(tx: Tx, actor_id: str, actor_uri: str, *, limit: int) -> list[tuple[str, str]]:
    """Return (URI, host) of what a list brought before, is shown here as open, and is not in it any more."""
    seen = select(_i.uri).where(_i.actor_id == actor_id)
    query = (
        select(proposals.c.uri, actors.c.host)
        .join(proposal_sources, proposal_sources.c.proposal_id == proposals.c.id)
        .join(actors, actors.c.id == proposals.c.author_id)
        .where(
            proposal_sources.c.source == "announce",
            proposal_sources.c.actor_uri == actor_uri,
            proposals.c.is_local.is_(False),
            proposals.c.status.in_(("open", "full")),
            proposals.c.uri.not_in(seen),
        )
        .order_by(proposals.c.fetched_at, proposals.c.id)
        .limit(limit)
    )
    return [(row.uri, row.host) for row in await tx.all(query)]
