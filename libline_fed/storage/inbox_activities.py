"""The inbox queue: what was accepted waits here, is leased in batches, and keeps its outcome.

Order: activities of one signer are leased in the order received, and no two leased batches hold the same
signer. One that waits for its retry gives up its place: it holds nobody back, and later ones of its signer
may overtake it (what they are about is not known without reading every body). Handlers refuse the outdated.

A worker that dies leaves its lease to expire; its batch is leased again under a higher fence, and what the
dead one would still record no longer counts. Twice lost, an activity is leased alone: it harms no others.

States are written into the statements: SQLite matches a partial index only with a constant.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, literal_column, or_, select, text, update

from libline_fed.domain.inbox_activities import (
    BODY_KEPT,
    LOSSES_BEFORE_ALONE,
    MAX_ATTEMPTS,
    MAX_DETAIL_CHARACTERS,
    RETRY_DELAYS,
    InboxActivity,
    InboxOutcome,
    InboxState,
    ReceivedActivity,
    retry_at,
)
from libline_fed.errors import Conflict, NotFound, RefusalReason
from libline_fed.storage import rows
from libline_fed.storage.lists import is_one_of
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import inbox_activities

CHANNEL = "inbox"
MAX_LEASE_S = 600.0
WINDOW_BATCHES = 10  # how far behind signers that are leased already a batch is looked for
_LEASING = 0x11B_0B0  # PostgreSQL advisory lock: one worker leases at a time, the others do not race it

_c = inbox_activities.c
_IS_PENDING = _c.state == literal_column("'pending'")
_IS_FINISHED = _c.state != literal_column("'pending'")
_NO_ONE = _c.lease_until.is_(None)


async def add_many(tx: Tx, received: Sequence[ReceivedActivity], *, now: datetime) -> set[bytes]:
    """Store accepted activities, wake the workers, and return the hashes of those that are new here.

    One that was ever accepted before is skipped: activity ids are unique for ever.
    """
    if not received:
        return set()
    statement = tx.insert(inbox_activities).on_conflict_do_nothing().returning(_c.activity_hash)
    new = set(await tx.scalars(statement, [
        {
            "activity_hash": one.activity_hash, "activity_uri": one.activity_uri, "type": one.type,
            "actor_uri": one.actor_uri, "signer_uri": one.signer_uri, "key_id": one.key_id, "host": one.host,
            "body": one.body, "received_at": now, "next_attempt_at": now,
        }
        for one in received
    ]))
    if new:
        await tx.wake(CHANNEL)
    return new


# --- leasing --------------------------------------------------------------------------------------


async def lease_batch(tx: Tx, *, limit: int, lease_s: float = 60.0, now: datetime) -> list[InboxActivity]:
    """Take up to `limit` activities that are due, oldest first, and hide them for `lease_s` seconds.

    Each comes with its attempts counted up by one. The clock may jump: an activity whose retry or lease lies
    further ahead than any is made is taken as due.
    """
    assert 0 < lease_s <= MAX_LEASE_S
    if tx.dialect == "postgresql":
        await tx.execute(text(f"SELECT pg_advisory_xact_lock({_LEASING})"))
    await _take_back(tx, now)
    ids = _alone_or_together(await tx.all(_due(limit, now)))
    if not ids:
        return []
    statement = (
        update(inbox_activities)
        .where(is_one_of(tx, _c.id, ids))
        .values(
            lease_until=now + timedelta(seconds=lease_s), fence=_c.fence + 1,
            attempts_count=_c.attempts_count + 1, reason=None, detail=None,
        )
        .returning(*_c)
    )
    leased = [rows.to(InboxActivity, row) for row in await tx.all(statement)]
    return sorted(leased, key=lambda activity: activity.id)


def _due(limit: int, now: datetime) -> Any:
    """Select what nobody has leased and no signer's earlier batch stands before."""
    leased = inbox_activities.alias("leased")
    busy = select(leased.c.signer_uri).where(
        leased.c.state == literal_column("'pending'"), leased.c.lease_until.is_not(None)
    )
    window = (
        select(_c.id, _c.signer_uri, _c.next_attempt_at, _c.attempts_count, _c.reason)
        .where(_IS_PENDING, _NO_ONE, _c.next_attempt_at <= now)
        .order_by(_c.lease_until, _c.next_attempt_at, _c.id)  # as the index is: nothing is sorted
        .limit(limit * WINDOW_BATCHES)
        .subquery()
    )
    return (
        select(window.c.id, window.c.attempts_count, window.c.reason)
        .where(window.c.signer_uri.not_in(busy))
        .order_by(window.c.next_attempt_at, window.c.id)
        .limit(limit)
    )


def _alone_or_together(due: Sequence[Row[Any]]) -> list[int]:
    """Return the ids for one batch. A lost lease leaves no reason behind, a retry does."""

    def is_suspect(row: Row[Any]) -> bool:
        return row.attempts_count >= LOSSES_BEFORE_ALONE and row.reason is None

    if due and is_suspect(due[0]):
        return [due[0].id]
    return [row.id for row in takewhile(lambda row: not is_suspect(row), due)]


async def _take_back(tx: Tx, now: datetime) -> None:
    """End the leases of workers that died, and what a jump of the clock has put out of reach."""
    is_over = or_(_c.lease_until <= now, _c.lease_until > now + timedelta(seconds=MAX_LEASE_S))
    too_far = now + RETRY_DELAYS[-1]
    is_last = _c.attempts_count >= MAX_ATTEMPTS
    await tx.execute(
        update(inbox_activities)
        .where(_IS_PENDING, is_over)
        .values(
            lease_until=None,
            next_attempt_at=case((_c.next_attempt_at > now, now), else_=_c.next_attempt_at),
            state=case((is_last, InboxState.QUARANTINED.value), else_=_c.state),
            reason=case((is_last, RefusalReason.POISON.value), else_=None),
            detail=case((is_last, "The worker did not live to tell what happened."), else_=None),
            finished_at=case((is_last, now), else_=None),
        )
    )
    await tx.execute(
        update(inbox_activities)
        .where(_IS_PENDING, _NO_ONE, _c.next_attempt_at > too_far)
        .values(next_attempt_at=now)
    )


async def next_due_at(tx: Tx) -> datetime | None:
    """Return when the next pending activity is due or the next lease ends, None if nothing is pending."""
    free = select(func.min(_c.next_attempt_at)).where(_IS_PENDING, _NO_ONE)
    leased = select(func.min(_c.lease_until)).where(_IS_PENDING, _c.lease_until.is_not(None))
    moments = [moment for moment in (await tx.scalar(free), await tx.scalar(leased)) if moment is not None]
    return min(moments, default=None)


# --- outcomes -------------------------------------------------------------------------------------


async def still_leased(tx: Tx, activities: Sequence[InboxActivity]) -> list[InboxActivity]:
    """Return those whose lease has not passed to another worker, and hold them until this transaction ends.

    Ask before applying: what is applied under a lost lease may be applied twice.
    """
    held = await _held(tx, activities)
    return [activity for activity in activities if (activity.id, activity.fence) in held]


async def finish_many(tx: Tx, outcomes: Sequence[InboxOutcome], *, now: datetime) -> None:
    """Record what became of leased activities, in the transaction that holds their effects.

    The outcome pending puts off until the next retry, or quarantines when the retries are used up.

    Raises: Conflict if any lease has passed to another worker: the effects must then be undone with this.
    """
    held = await _held(tx, [outcome.activity for outcome in outcomes])
    if len(held) != len(outcomes):
        raise Conflict(f"{len(outcomes) - len(held)} of {len(outcomes)} leases have passed to another worker")
    groups: dict[tuple[Any, ...], list[int]] = {}
    for outcome in outcomes:
        groups.setdefault(_values_of(outcome, now), []).append(outcome.activity.id)
    for (state, reason, detail, retry), ids in groups.items():
        values: dict[str, Any] = {"state": state, "reason": reason, "detail": detail, "lease_until": None}
        values |= {"finished_at": now} if retry is None else {"next_attempt_at": retry}
        await tx.execute(update(inbox_activities).where(is_one_of(tx, _c.id, ids)).values(values))


async def postpone(
    tx: Tx, activity: InboxActivity, *, reason: str, detail: str | None = None, now: datetime
) -> None:
    """Put a leased activity off until its next retry, or quarantine it when its retries are used up.

    Raises: Conflict if the lease has passed to another worker.
    """
    await finish_many(tx, [InboxOutcome(activity, InboxState.PENDING, reason, detail)], now=now)


async def quarantine(
    tx: Tx,
    activity: InboxActivity,
    *,
    reason: str = RefusalReason.POISON,
    detail: str | None = None,
    now: datetime,
) -> None:
    """Set a leased activity aside until an admin replays it.

    Raises: Conflict if the lease has passed to another worker.
    """
    await finish_many(tx, [InboxOutcome(activity, InboxState.QUARANTINED, reason, detail)], now=now)


async def _held(tx: Tx, activities: Iterable[InboxActivity]) -> set[tuple[int, int]]:
    fences = {activity.id: activity.fence for activity in activities}
    statement = (
        select(_c.id, _c.fence)
        .where(is_one_of(tx, _c.id, fences), _IS_PENDING)
        .order_by(_c.id)  # all workers lock in one order
        .with_for_update()
    )
    found = [(row.id, row.fence) for row in await tx.all(statement)]
    return {(id_, fence) for id_, fence in found if fences[id_] == fence}


def _values_of(outcome: InboxOutcome, now: datetime) -> tuple[str, str | None, str | None, datetime | None]:
    state, retry = outcome.state, None
    if state is InboxState.PENDING:
        retry = retry_at(outcome.activity.attempts_count, now)
        state = InboxState.PENDING if retry is not None else InboxState.QUARANTINED
    reason = outcome.reason
    if state in {InboxState.PENDING, InboxState.QUARANTINED}:
        reason = reason or RefusalReason.POISON  # without a reason it would look like a lost lease
    detail = outcome.detail[:MAX_DETAIL_CHARACTERS] if outcome.detail else None
    return state.value, reason, detail, retry


# --- looking and tidying --------------------------------------------------------------------------


async def get(tx: Tx, activity_id: int) -> InboxActivity:
    """Return one activity.

    Raises: NotFound.
    """
    row = await tx.first(select(inbox_activities).where(_c.id == activity_id))
    if row is None:
        raise NotFound(f"no inbox activity {activity_id}")
    return rows.to(InboxActivity, row)


async def list_newest(
    tx: Tx, *, states: Collection[InboxState] = (), before_id: int | None = None, limit: int
) -> list[InboxActivity]:
    """List activities, newest first, of some states or of all; `before_id` goes on where a list ended."""
    statement = select(inbox_activities).order_by(_c.id.desc()).limit(limit)
    if states:
        statement = statement.where(_is_in_states(states))
    if before_id is not None:
        statement = statement.where(_c.id < before_id)
    return [rows.to(InboxActivity, row) for row in await tx.all(statement)]


async def list_refused(tx: Tx, *, before_id: int | None = None, limit: int) -> list[InboxActivity]:
    """List what was refused or quarantined, newest first."""
    states = (InboxState.REFUSED, InboxState.QUARANTINED)
    return await list_newest(tx, states=states, before_id=before_id, limit=limit)


async def count_by_state(tx: Tx) -> dict[InboxState, int]:
    """Count the activities of every state."""
    counts = dict.fromkeys(InboxState, 0)
    for is_counted in (_IS_PENDING, _IS_FINISHED):  # each reads one index
        statement = select(_c.state, func.count().label("how_many")).where(is_counted).group_by(_c.state)
        counts |= {InboxState(row.state): row.how_many for row in await tx.all(statement)}
    return counts


async def replay(tx: Tx, activity_id: int, *, now: datetime) -> InboxActivity:
    """Let an activity that is finished be applied once more, with all its retries.

    Raises: NotFound; Conflict if it waits already, has been applied, or its body was dropped.
    """
    activity = await get(tx, activity_id)
    if activity.state == InboxState.PENDING:
        raise Conflict(f"inbox activity {activity_id} waits already", safe="This activity waits already.")
    if activity.state == InboxState.APPLIED:
        raise Conflict(f"inbox activity {activity_id} was applied", safe="This activity was applied.")
    if activity.body is None:
        safe = "Its text was dropped after 30 days."
        raise Conflict(f"inbox activity {activity_id} has no body", safe=safe)
    statement = (
        update(inbox_activities)
        .where(_c.id == activity_id, _c.fence == activity.fence, _IS_FINISHED)
        .values(
            state=InboxState.PENDING, reason=None, detail=None, attempts_count=0, next_attempt_at=now,
            finished_at=None, lease_until=None,
        )
        .returning(*_c)
    )
    row = await tx.first(statement)
    if row is None:
        raise Conflict(f"inbox activity {activity_id} changed meanwhile")
    await tx.wake(CHANNEL)
    return rows.to(InboxActivity, row)


async def drop_old_bodies(tx: Tx, *, now: datetime, limit: int = 500) -> int:
    """Drop the bodies of what was finished 30 days ago; return how many were dropped, at most `limit`.

    The row stays: its hash keeps the activity from being applied again.
    """
    old = (
        select(_c.id)
        .where(_c.body.is_not(None), _c.finished_at.is_not(None), _c.finished_at < now - BODY_KEPT)
        .order_by(_c.finished_at)
        .limit(limit)
    )
    ids = await tx.scalars(old)
    if ids:
        await tx.execute(update(inbox_activities).where(is_one_of(tx, _c.id, ids)).values(body=None))
    return len(ids)


def _is_in_states(states: Collection[InboxState]) -> ColumnElement[bool]:
    wanted = _c.state.in_([state.value for state in states])
    return wanted if InboxState.PENDING in states else and_(wanted, _IS_FINISHED)
