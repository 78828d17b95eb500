"""Queries on `activities`: what local actors said, as it was sent."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.engine import Row

from libline_fed.storage.store import Tx
from libline_fed.storage.tables import activities


async def add(tx: Tx, **values: Any) -> None:
    """Keep an activity; `values` are columns. A public one wakes "documents": what is served has changed."""
    await tx.execute(tx.insert(activities).values(**values))
    if values["is_public"]:
        await tx.wake("documents")


async def by_uri(tx: Tx, uri: str) -> Row[Any] | None:
    """Return an activity's row, or None."""
    return await tx.first(select(activities).where(activities.c.uri == uri))


async def outbox_page(
    tx: Tx, actor_id: str, *, before_id: str | None, limit: int = 20
) -> list[tuple[str, bytes]]:
    """Return (id, body) of an actor's public activities, newest first, before `before_id`."""
    statement = (
        select(activities.c.id, activities.c.body)
        .where(activities.c.actor_id == actor_id, activities.c.is_public.is_(True))
        .order_by(activities.c.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        statement = statement.where(activities.c.id < before_id)
    return [(row.id, row.body) for row in await tx.all(statement)]


async def count_public(tx: Tx, actor_id: str) -> int:
    """Count an actor's public activities."""
    return int(
        await tx.scalar(
            select(func.count())
            .select_from(activities)
            .where(activities.c.actor_id == actor_id, activities.c.is_public.is_(True))
        )
    )
