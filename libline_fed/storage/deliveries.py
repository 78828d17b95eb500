"""Queries on `deliveries`: adding with the event, listing, replaying, dropping, pruning.

How workers lease and record them is in `delivery_leases`.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, literal_column, or_, select, update

from libline_fed.domain.deliveries import Delivery, DeliveryState, HostQueue
from libline_fed.storage import peers as peer_rows
from libline_fed.storage import rows
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import activities, deliveries, peers

CHUNK = 500
KEEP_FINISHED_S = 3 * 86_400
PRUNE_BATCH = 5_000
UNSENT_REASON = "deleted before it was sent"
# As the partial indexes spell it, not as a parameter: else the planner does not know that it may use them.
IS_QUEUED = deliveries.c.state == literal_column("'queued'")
IS_FINISHED = deliveries.c.state != literal_column("'queued'")


async def add_many(
    tx: Tx,
    *,
    activity_id: str,
    actor_id: str,
    object_uri: str,
    inboxes: Collection[tuple[str, str]],
    is_delete: bool,
    now: datetime,
) -> int:
    """Queue an activity for each (host, inbox URL) with the event; return how many were new.

    An inbox gets an activity once, however often it is named. A Delete takes back what has not left yet:
    hosts that never heard of the object do not hear of its end.
    """
    wanted = {url: host for host, url in inboxes}
    # Also locks the hosts, so that no worker leases one of them between this look and the commit.
    await peer_rows.expect_work(tx, set(wanted.values()), now)
    if is_delete:
        unaware = await _take_back(tx, object_uri, set(wanted.values()), now)
        wanted = {url: host for url, host in wanted.items() if host not in unaware}
    shared = {
        "activity_id": activity_id, "actor_id": actor_id, "object_uri": object_uri, "is_delete": is_delete,
        "next_attempt_at": now, "created_at": now,
    }
    listed = list(wanted.items())
    before = await _count_of(tx, activity_id)
    for start in range(0, len(listed), CHUNK):
        chunk = [shared | {"host": host, "inbox_url": url} for url, host in listed[start : start + CHUNK]]
        await tx.execute(tx.insert(deliveries).on_conflict_do_nothing(), chunk)
    return await _count_of(tx, activity_id) - before


async def _count_of(tx: Tx, activity_id: str) -> int:
    asked = select(func.count()).select_from(deliveries).where(deliveries.c.activity_id == activity_id)
    return int(await tx.scalar(asked))


async def _take_back(tx: Tx, object_uri: str, hosts: Collection[str], now: datetime) -> set[str]:
    """Cancel what waits about an object at hosts that were never contacted with it; return those hosts."""
    found = await tx.all(
        select(deliveries.c.host, deliveries.c.state, deliveries.c.attempts_count, activities.c.type)
        .join(activities, activities.c.id == deliveries.c.activity_id)
        .where(activities.c.object_uri == object_uri, deliveries.c.object_uri == object_uri)
    )
    contacted = {row.host for row in found if row.attempts_count > 0 or row.state in {"delivered", "dead"}}
    # The Create itself must be seen waiting: otherwise it may have been delivered and pruned long since.
    unaware = {row.host for row in found if row.state == "queued" and row.type == "Create"} - contacted
    unaware &= set(hosts)
    if not unaware:
        return set()
    locked = await peer_rows.lock(tx, unaware)
    # A leased host may be receiving the object this very moment.
    unaware = {host for host, peer in locked.items() if peer.lease_until is None}
    await tx.execute(
        update(deliveries)
        .where(
            deliveries.c.object_uri == object_uri, deliveries.c.host.in_(sorted(unaware)),
            IS_QUEUED,
        )
        .values(state="cancelled", finished_at=now, last_error=UNSENT_REASON)
    )
    return unaware


def _selected(
    *, ids: Collection[int] | None, host: str | None, states: Sequence[str]
) -> ColumnElement[bool]:
    is_state = IS_QUEUED if tuple(states) == ("queued",) else deliveries.c.state.in_(list(states))
    chosen: list[ColumnElement[bool]] = [is_state]
    if DeliveryState.QUEUED not in states:
        chosen.append(IS_FINISHED)
    if ids is not None:
        chosen.append(deliveries.c.id.in_(list(ids)))
    if host is not None:
        chosen.append(deliveries.c.host == host)
    return and_(*chosen)


async def get(tx: Tx, delivery_id: int) -> Delivery | None:
    """Return one delivery, or None."""
    row = await tx.first(select(deliveries).where(deliveries.c.id == delivery_id))
    return rows.to(Delivery, row) if row else None


async def list_deliveries(
    tx: Tx,
    *,
    state: str | None = None,
    host: str | None = None,
    before_id: int | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """Return deliveries, newest first, from `before_id` downwards."""
    states = [state] if state else list(DeliveryState)
    asked = select(deliveries).where(_selected(ids=None, host=host, states=states))
    if before_id is not None:
        asked = asked.where(deliveries.c.id < before_id)
    found = await tx.all(asked.order_by(deliveries.c.id.desc()).limit(limit))
    return [rows.to(Delivery, row) for row in found]


async def count_by_state(tx: Tx) -> dict[str, int]:
    """Return how many deliveries are in each state, zeros included."""
    asked = select(deliveries.c.state, func.count().label("n")).group_by(deliveries.c.state)
    found = [*await tx.all(asked.where(IS_QUEUED)), *await tx.all(asked.where(IS_FINISHED))]
    return {state.value: 0 for state in DeliveryState} | {row.state: row.n for row in found}


async def count_by_host(tx: Tx, *, limit: int = 100) -> list[HostQueue]:
    """Return the hosts that something waits for or died for, longest queue first."""
    queued = func.count().filter(deliveries.c.state == "queued")
    dead = func.count().filter(deliveries.c.state == "dead")
    counts = (
        select(deliveries.c.host, queued.label("queued_count"), dead.label("dead_count"))
        .where(deliveries.c.state.in_(["queued", "dead"]))
        .group_by(deliveries.c.host)
        .subquery()
    )
    found = await tx.all(
        select(
            counts, peers.c.failures_count, peers.c.next_due_at, peers.c.closed_until, peers.c.reached_at
        )
        .join(peers, peers.c.host == counts.c.host)
        .order_by(counts.c.queued_count.desc(), counts.c.host)
        .limit(limit)
    )
    return [rows.to(HostQueue, row) for row in found]


async def replay(
    tx: Tx,
    *,
    ids: Collection[int] | None = None,
    host: str | None = None,
    states: Sequence[str] = ("dead", "cancelled"),
    now: datetime,
) -> int:
    """Queue dead or cancelled deliveries again, from now and with all their days; return how many.

    What was deleted since stays dead: a late Create must not bring it back over there.
    """
    chosen = _selected(ids=ids, host=host, states=states)
    later = deliveries.alias("later")
    was_deleted = (
        select(later.c.id)
        .where(
            later.c.host == deliveries.c.host, later.c.object_uri == deliveries.c.object_uri,
            later.c.id > deliveries.c.id, later.c.is_delete.is_(True),
        )
        .exists()
    )
    is_unsent = and_(deliveries.c.state == "cancelled", deliveries.c.last_error == UNSENT_REASON)
    hosts = await tx.scalars(select(deliveries.c.host).where(chosen, ~was_deleted, ~is_unsent).distinct())
    await _hurry(tx, hosts, now)
    done = await tx.execute(
        update(deliveries)
        .where(chosen, ~was_deleted, ~is_unsent)
        # Not 0 attempts: the host may have got it. The days are counted from `created_at`.
        .values(state="queued", attempts_count=1, next_attempt_at=now, created_at=now, finished_at=None)
    )
    return done.rowcount


async def hasten(
    tx: Tx, *, ids: Collection[int] | None = None, host: str | None = None, now: datetime
) -> int:
    """Make queued deliveries due now, and their hosts ready to be tried; return how many."""
    chosen = _selected(ids=ids, host=host, states=("queued",))
    await _hurry(tx, await tx.scalars(select(deliveries.c.host).where(chosen).distinct()), now)
    return (await tx.execute(update(deliveries).where(chosen).values(next_attempt_at=now))).rowcount


async def _hurry(tx: Tx, hosts: Collection[str], now: datetime) -> None:
    await peer_rows.expect_work(tx, hosts, now)
    await tx.execute(update(peers).where(peers.c.host.in_(sorted(set(hosts)))).values(closed_until=None))


async def cancel(
    tx: Tx,
    *,
    reason: str,
    now: datetime,
    ids: Collection[int] | None = None,
    host: str | None = None,
    has_dead: bool = False,
) -> int:
    """Cancel queued deliveries (and dead ones with `has_dead`); return how many."""
    states = ("queued", "dead") if has_dead else ("queued",)
    done = await tx.execute(
        update(deliveries)
        .where(_selected(ids=ids, host=host, states=states))
        .values(state="cancelled", finished_at=now, last_error=reason)
    )
    return done.rowcount


async def cancel_between(
    tx: Tx, *, actor_id: str, inbox_url: str, below_uri: str, reason: str, now: datetime
) -> int:
    """Cancel what an actor has queued for one inbox about things below an address; return how many."""
    about = deliveries.c.object_uri.startswith(below_uri, autoescape=True)
    done = await tx.execute(
        update(deliveries)
        .where(IS_QUEUED, deliveries.c.actor_id == actor_id, deliveries.c.inbox_url == inbox_url, about)
        .values(state="cancelled", finished_at=now, last_error=reason)
    )
    return done.rowcount


async def finish_inbox(tx: Tx, host: str, inbox_url: str, *, reason: str, now: datetime) -> int:
    """Let everything die that waits for an inbox whose owner is gone; return how many."""
    done = await tx.execute(
        update(deliveries)
        .where(_selected(ids=None, host=host, states=("queued",)), deliveries.c.inbox_url == inbox_url)
        .values(state="dead", finished_at=now, last_error=reason)
    )
    return done.rowcount


async def move_inbox(
    tx: Tx, *, host: str, inbox_url: str, new_host: str, new_inbox_url: str, now: datetime
) -> int:
    """Readdress everything that waits for an inbox; return how many. What goes there already is cancelled."""
    here = and_(_selected(ids=None, host=host, states=("queued",)), deliveries.c.inbox_url == inbox_url)
    other = deliveries.alias("other")
    is_there = (
        select(other.c.id)
        .where(other.c.activity_id == deliveries.c.activity_id, other.c.inbox_url == new_inbox_url)
        .exists()
    )
    await tx.execute(
        update(deliveries)
        .where(here, is_there)
        .values(state="cancelled", finished_at=now, last_error="the inbox has moved to another one")
    )
    moved = await tx.execute(update(deliveries).where(here).values(host=new_host, inbox_url=new_inbox_url))
    if moved.rowcount and new_host != host:
        await peer_rows.expect_work(tx, [new_host], now)
    return moved.rowcount


async def expire(
    tx: Tx, host: str, *, before: datetime, deletes_before: datetime, now: datetime
) -> int:
    """Let rows die that are too old at a host that does not answer; return how many."""
    is_old = or_(
        and_(deliveries.c.is_delete.is_(False), deliveries.c.created_at <= before),
        deliveries.c.created_at <= deletes_before,
    )
    done = await tx.execute(
        update(deliveries)
        .where(_selected(ids=None, host=host, states=("queued",)), is_old)
        .values(state="dead", finished_at=now, last_error="the server did not answer for too long")
    )
    return done.rowcount


async def prune(tx: Tx, *, now: datetime, limit: int = PRUNE_BATCH) -> int:
    """Delete what was delivered or cancelled three days ago, `limit` rows at most; return how many.

    Dead rows stay until somebody replays or drops them.
    """
    old = (
        select(deliveries.c.id)
        .where(
            deliveries.c.state.in_(["delivered", "cancelled"]),
            IS_FINISHED,
            deliveries.c.finished_at < now - timedelta(seconds=KEEP_FINISHED_S),
        )
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    return (await tx.execute(delete(deliveries).where(deliveries.c.id.in_(old)))).rowcount


async def latest_moment(tx: Tx) -> datetime | None:
    """Return the latest moment this table was written at: a clock behind it has been set back."""
    at: datetime | None = await tx.scalar(
        select(deliveries.c.created_at).order_by(deliveries.c.id.desc()).limit(1)
    )
    reached: datetime | None = await tx.scalar(select(func.max(peers.c.reached_at)))
    moments = [moment for moment in (at, reached) if moment is not None]
    return max(moments, default=None)


async def inboxes_ever(tx: Tx, actor_id: str, *, object_uri: str | None = None) -> list[tuple[str, str]]:
    """Return (host, inbox URL) of every inbox that an actor's activities were queued for, as far as known.

    `object_uri` asks only for those about one object.
    """
    query = select(deliveries.c.host, deliveries.c.inbox_url).where(deliveries.c.actor_id == actor_id)
    if object_uri is not None:
        query = query.where(deliveries.c.object_uri == object_uri)
    found = await tx.all(query.distinct())
    return [(row.host, row.inbox_url) for row in found]


async def is_waiting(tx: Tx, *, actor_id: str, object_uri: str) -> bool:
    """Tell whether anything that an actor said about an object waits to be delivered."""
    query = select(deliveries.c.id).where(
        deliveries.c.actor_id == actor_id,
        deliveries.c.object_uri == object_uri,
        deliveries.c.state == literal_column("'queued'"),
    )
    return await tx.first(query.limit(1)) is not None
