"""Queries on `notifications`."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from libline_fed.domain.actors import Actor
from libline_fed.domain.notifications import Notice, Notification
from libline_fed.ids import new_id
from libline_fed.storage import rows
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, notifications

KEPT = timedelta(days=180)
_ACTOR_PREFIX = "its_actor_"


async def add(
    tx: Tx,
    *,
    account_id: str,
    kind: str,
    from_actor_id: str | None,
    subject_uri: str | None,
    now: datetime,
    event: str = "",
) -> bool:
    """Insert a notification unless the same one is there; tells whether it is new."""
    if from_actor_id is None or subject_uri is None:  # NULLs never clash in a unique constraint
        same = select(notifications.c.id).where(
            notifications.c.account_id == account_id,
            notifications.c.kind == kind,
            notifications.c.event == event,
            notifications.c.from_actor_id.is_not_distinct_from(from_actor_id),
            notifications.c.subject_uri.is_not_distinct_from(subject_uri),
        )
        if await tx.first(same) is not None:
            return False
    statement = tx.insert(notifications).values(
        id=new_id(now),
        account_id=account_id,
        kind=kind,
        event=event,
        from_actor_id=from_actor_id,
        subject_uri=subject_uri,
        created_at=now,
    )
    return bool((await tx.execute(statement.on_conflict_do_nothing())).rowcount)


async def list_of(tx: Tx, account_id: str, *, limit: int, offset: int) -> list[Notice]:
    """List an account's notifications with who caused them, newest first."""
    query = (
        select(*notifications.c, *(column.label(_ACTOR_PREFIX + column.name) for column in actors.c))
        .select_from(notifications.outerjoin(actors, notifications.c.from_actor_id == actors.c.id))
        .where(notifications.c.account_id == account_id)
        .order_by(notifications.c.created_at.desc(), notifications.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [
        Notice(
            rows.to(Notification, row),
            rows.to(Actor, row, prefix=_ACTOR_PREFIX) if row.from_actor_id is not None else None,
        )
        for row in await tx.all(query)
    ]


async def count_unread(tx: Tx, account_id: str) -> int:
    """Count what an account has not read."""
    query = select(func.count()).where(
        notifications.c.account_id == account_id, notifications.c.read_at.is_(None)
    )
    return int(await tx.scalar(query))


async def mark_read(tx: Tx, account_id: str, *, before: datetime, now: datetime) -> int:
    """Mark what came up to `before` as read; returns how many."""
    statement = update(notifications).where(
        notifications.c.account_id == account_id,
        notifications.c.read_at.is_(None),
        notifications.c.created_at <= before,
    )
    return (await tx.execute(statement.values(read_at=now))).rowcount


async def remove_about(tx: Tx, *, kind: str, subject_uri: str) -> None:
    """Delete notifications of a kind about something that is settled or gone."""
    await tx.execute(
        delete(notifications).where(notifications.c.kind == kind, notifications.c.subject_uri == subject_uri)
    )


async def drop_old(tx: Tx, now: datetime) -> int:
    """Delete notifications older than 180 days; returns how many."""
    return (await tx.execute(delete(notifications).where(notifications.c.created_at <= now - KEPT))).rowcount
