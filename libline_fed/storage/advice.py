"""Queries on `advice_lists`, `advice` and `published_advice`."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update

from libline_fed.domain.advice import Advice, AdviceList, AdviceState
from libline_fed.domain.block_lists import Entry
from libline_fed.storage import rows
from libline_fed.storage.consortium_tables import advice, advice_lists, published_advice
from libline_fed.storage.lists import is_one_of
from libline_fed.storage.store import Tx

_a, _l, _p = advice.c, advice_lists.c, published_advice.c

# --- lists that are read ------------------------------------------------------------------------------


async def get_list(tx: Tx, group_id: str) -> AdviceList | None:
    """Return what is known of a consortium's list, or None."""
    row = await tx.first(select(advice_lists).where(_l.group_id == group_id))
    return rows.to(AdviceList, row) if row else None


async def all_lists(tx: Tx) -> dict[str, AdviceList]:
    """Return every list that is read, by the id of its Group."""
    return {row.group_id: rows.to(AdviceList, row) for row in await tx.all(select(advice_lists))}


async def put_list(tx: Tx, group_id: str, url: str, now: datetime) -> None:
    """Read a list from now on; one at another address is read anew."""
    insert = tx.insert(advice_lists).values(group_id=group_id, url=url, next_due_at=now)
    await tx.execute(
        insert.on_conflict_do_update(
            index_elements=[_l.group_id],
            set_={"url": url, "etag": None, "next_due_at": now},
            where=_l.url != url,
        )
    )


async def change_list(tx: Tx, group_id: str, **values: Any) -> None:
    """Set columns of a list."""
    await tx.execute(update(advice_lists).where(_l.group_id == group_id).values(**values))


async def remove_list(tx: Tx, group_id: str) -> None:
    """Read a list no more."""
    await tx.execute(delete(advice_lists).where(_l.group_id == group_id))


async def due_lists(tx: Tx, now: datetime, *, limit: int) -> list[AdviceList]:
    """Return lists that are to be read now, the longest due first."""
    asked = select(advice_lists).where(_l.next_due_at <= now).order_by(_l.next_due_at).limit(limit)
    return [rows.to(AdviceList, row) for row in await tx.all(asked)]


# --- what they say ------------------------------------------------------------------------------------


async def of_group(tx: Tx, group_id: str) -> list[Advice]:
    """Return all advice of a consortium, by host."""
    asked = select(advice).where(_a.group_id == group_id).order_by(_a.host)
    return [rows.to(Advice, row) for row in await tx.all(asked)]


async def get(tx: Tx, group_id: str, host: str) -> Advice | None:
    """Return what a consortium says of a host, or None."""
    row = await tx.first(select(advice).where(_a.group_id == group_id, _a.host == host))
    return rows.to(Advice, row) if row else None


async def put_many(tx: Tx, values: Sequence[dict[str, Any]]) -> None:
    """Insert advice or write it anew; each has every column."""
    if not values:
        return
    insert = tx.insert(advice)
    kept = {
        name: insert.excluded[name]
        for name in ("severity", "reason_text", "since_on", "state", "seen_at", "decided_at")
    }
    statement = insert.on_conflict_do_update(index_elements=[_a.group_id, _a.host], set_=kept)
    await tx.execute(statement, list(values))


async def decide(tx: Tx, group_id: str, host: str, state: AdviceState, now: datetime) -> None:
    """Note what was decided on advice."""
    await tx.execute(
        update(advice)
        .where(_a.group_id == group_id, _a.host == host)
        .values(state=state.value, decided_at=now)
    )


async def forget(tx: Tx, group_id: str, hosts: Collection[str] | None = None) -> None:
    """Delete advice of a consortium: about some hosts, or all of it."""
    gone = delete(advice).where(_a.group_id == group_id)
    if hosts is not None and not hosts:
        return
    await tx.execute(gone if hosts is None else gone.where(is_one_of(tx, _a.host, hosts)))


async def withdraw(tx: Tx, group_id: str, hosts: Collection[str]) -> None:
    """Note that a consortium no longer says what was decided on already."""
    if not hosts:
        return
    await tx.execute(
        update(advice)
        .where(_a.group_id == group_id, is_one_of(tx, _a.host, hosts))
        .values(state=AdviceState.WITHDRAWN.value)
    )


async def open_counts(tx: Tx) -> dict[str, int]:
    """Count the advice that waits for a decision, by the id of its Group."""
    asked = (
        select(_a.group_id, func.count().label("open_count"))
        .where(_a.state == AdviceState.OPEN.value)
        .group_by(_a.group_id)
    )
    return {row.group_id: row.open_count for row in await tx.all(asked)}


# --- the list of a consortium hosted here ---------------------------------------------------------------


async def published(tx: Tx, group_id: str) -> list[Entry]:
    """Return the list that a consortium publishes, by host."""
    found = await tx.all(select(published_advice).where(_p.group_id == group_id).order_by(_p.host))
    return [Entry(row.host, row.severity, row.reason_text, row.since_on) for row in found]


async def publish(tx: Tx, group_id: str, entry: Entry) -> None:
    """Put an entry on a list, or change what it says; the day since when it stands stays."""
    insert = tx.insert(published_advice).values(
        group_id=group_id,
        host=entry.host,
        severity=entry.policy,
        reason_text=entry.reason,
        since_on=entry.since_on,
    )
    changed = {"severity": entry.policy, "reason_text": entry.reason}
    await tx.execute(insert.on_conflict_do_update(index_elements=[_p.group_id, _p.host], set_=changed))


async def unpublish(tx: Tx, group_id: str, host: str) -> bool:
    """Take an entry off a list; tell whether it was there."""
    gone = delete(published_advice).where(_p.group_id == group_id, _p.host == host)
    return bool((await tx.execute(gone)).rowcount)


async def count_published(tx: Tx, group_id: str) -> int:
    """Count the entries of a list."""
    asked = select(func.count()).select_from(published_advice).where(_p.group_id == group_id)
    return int(await tx.scalar(asked) or 0)
