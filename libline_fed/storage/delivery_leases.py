"""How delivery workers share the queue: hosts are leased with a fence, so that each has one worker at a time.

A worker takes hosts, not rows: that keeps one request in flight per host and the order per (host, object).
A lease that ends unreleased belonged to a worker that died; the next one takes the host over with a higher
fence, and what the dead one would still record no longer counts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, literal_column, or_, select, update

from libline_fed.domain.deliveries import DueDelivery, Recorded
from libline_fed.domain.peers import Peer
from libline_fed.storage import peers as peer_rows
from libline_fed.storage import rows
from libline_fed.storage.deliveries import IS_QUEUED
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import activities, actors, deliveries, peers

TURN_ROWS = 32  # of one host that are taken at once; then other hosts have their turn
OVERDUE_S = 60  # from then on a failing host waits no longer behind healthy ones

_older = deliveries.alias("older")
# A row waits while an older one about the same object has not reached the host: Create, Update, Delete.
_IS_FIRST = ~(
    select(_older.c.id)
    .where(
        _older.c.host == deliveries.c.host, _older.c.object_uri == deliveries.c.object_uri,
        _older.c.id < deliveries.c.id, _older.c.state == literal_column("'queued'"),
    )
    .exists()
)


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent, and who signs it."""

    content: bytes
    actor_uri: str


def _is_claimable(now: datetime, *, may_take_over: bool) -> ColumnElement[bool]:
    is_free: ColumnElement[bool] = peers.c.lease_until.is_(None)
    if may_take_over:
        is_free = or_(is_free, peers.c.lease_until <= now)
    return and_(
        peers.c.next_due_at <= now, or_(peers.c.closed_until.is_(None), peers.c.closed_until <= now), is_free
    )


async def has_due(tx: Tx, *, now: datetime) -> bool:
    """Tell whether any host could be leased: a cheap read before a write is spent."""
    asked = select(peers.c.host).where(_is_claimable(now, may_take_over=True)).limit(1)
    return await tx.first(asked) is not None


async def claim(
    tx: Tx, *, limit: int, now: datetime, lease_s: float, may_take_over: bool = True
) -> list[Peer]:
    """Lease up to `limit` hosts that something is due for, longest waiting first, failing ones last.

    Returns: the hosts with their new fence. Other workers' hosts are passed over, not waited for.
    """
    is_failing = and_(
        peers.c.failures_count > 0, peers.c.next_due_at > now - timedelta(seconds=OVERDUE_S)
    )
    found = await tx.all(
        select(peers)
        .where(_is_claimable(now, may_take_over=may_take_over))
        .order_by(case((is_failing, 1), else_=0), peers.c.next_due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if not found:
        return []
    hosts = sorted(row.host for row in found)
    until = now + timedelta(seconds=lease_s)
    await tx.execute(
        update(peers).where(peers.c.host.in_(hosts)).values(lease_until=until, fence=peers.c.fence + 1)
    )
    await _mark_perhaps_sent(tx, sorted(row.host for row in found if row.lease_until is not None))
    return [replace(rows.to(Peer, row), fence=row.fence + 1, lease_until=until) for row in found]


async def _mark_perhaps_sent(tx: Tx, hosts: Sequence[str]) -> None:
    """Count an attempt for what a dead worker may have sent: a Delete must then not be spared."""
    if hosts:
        await tx.execute(
            update(deliveries)
            .where(
                deliveries.c.host.in_(hosts), IS_QUEUED, deliveries.c.attempts_count == 0
            )
            .values(attempts_count=1)
        )


async def due_of(tx: Tx, hosts: Collection[str], *, now: datetime) -> dict[str, list[DueDelivery]]:
    """Return up to 32 due rows of each host, oldest first, one per object."""
    turn = func.row_number().over(partition_by=deliveries.c.host, order_by=deliveries.c.id).label("turn")
    numbered = (
        select(deliveries.c.id, turn)
        .where(
            IS_QUEUED, deliveries.c.host.in_(sorted(hosts)),
            deliveries.c.next_attempt_at <= now, _IS_FIRST,
        )
        .subquery()
    )
    wanted = [deliveries.c[name] for name in DueDelivery.__dataclass_fields__]
    found = await tx.all(
        select(*wanted)
        .join(numbered, numbered.c.id == deliveries.c.id)
        .where(numbered.c.turn <= TURN_ROWS)
        .order_by(deliveries.c.id)
    )
    due: dict[str, list[DueDelivery]] = {}
    for row in found:
        due.setdefault(row.host, []).append(rows.to(DueDelivery, row))
    return due


async def bodies_of(tx: Tx, activity_ids: Collection[str]) -> dict[str, Body]:
    """Return the bytes and the signer of each activity."""
    asked: Select[Any] = (
        select(activities.c.id, activities.c.body, actors.c.uri)
        .join(actors, actors.c.id == activities.c.actor_id)
        .where(activities.c.id.in_(sorted(activity_ids)))
    )
    return {row.id: Body(row.body, row.uri) for row in await tx.all(asked)}


async def renew(tx: Tx, fences: dict[str, int], *, now: datetime, lease_s: float) -> set[str]:
    """Prolong the leases of hosts by their fences; return the hosts that are still ours."""
    locked = await peer_rows.lock(tx, fences)
    ours = {host for host, peer in locked.items() if peer.fence == fences[host] and peer.lease_until}
    if ours:
        until = now + timedelta(seconds=lease_s)
        await tx.execute(update(peers).where(peers.c.host.in_(sorted(ours))).values(lease_until=until))
    return ours


async def record(tx: Tx, attempts: Sequence[Recorded]) -> None:
    """Write what became of attempts, in one statement; rows that were cancelled meanwhile stay so."""
    if not attempts:
        return
    statement = (
        update(deliveries)
        .where(deliveries.c.id == bindparam("b_id"), deliveries.c.state == "queued")
        .values(
            state=bindparam("b_state"),
            attempts_count=deliveries.c.attempts_count + 1,
            next_attempt_at=bindparam("b_next_attempt_at"),
            last_status=bindparam("b_last_status"),
            last_error=bindparam("b_last_error"),
            finished_at=bindparam("b_finished_at"),
        )
    )
    await tx.execute(
        statement,
        [
            {
                "b_id": each.delivery.id,
                "b_state": each.state.value,
                "b_next_attempt_at": each.next_attempt_at or each.at,
                "b_last_status": each.last_status,
                "b_last_error": each.last_error,
                "b_finished_at": None if each.next_attempt_at else each.at,
            }
            for each in attempts
        ],
    )


async def next_due(tx: Tx, hosts: Collection[str]) -> dict[str, datetime]:
    """Return for each host with a queue when its earliest row that need not wait for another may be tried."""
    if not hosts:
        return {}
    found = await tx.all(
        select(deliveries.c.host, func.min(deliveries.c.next_attempt_at).label("at"))
        .where(IS_QUEUED, deliveries.c.host.in_(sorted(hosts)), _IS_FIRST)
        .group_by(deliveries.c.host)
    )
    return {row.host: row.at for row in found}


async def forget_waits(tx: Tx, *, now: datetime) -> int:
    """Make everything due that waits for a later moment: the clock was set back, so those mean nothing."""
    await tx.execute(update(peers).where(peers.c.closed_until > now).values(closed_until=None))
    done = await tx.execute(
        update(deliveries).where(IS_QUEUED, deliveries.c.next_attempt_at > now).values(next_attempt_at=now)
    )
    await tx.execute(update(peers).where(peers.c.next_due_at > now).values(next_due_at=now))
    return done.rowcount
