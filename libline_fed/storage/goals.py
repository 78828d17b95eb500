"""Queries on `goals`. Whoever changes what a pair shares has locked the two people first."""

from typing import Any

from sqlalchemy import func, select, update

from libline_fed.domain.goals import Goal
from libline_fed.ids import is_id
from libline_fed.storage import rows
from libline_fed.storage.mentorship_tables import goals
from libline_fed.storage.store import Tx

_c = goals.c


async def by_id(tx: Tx, goal_id: str) -> Goal | None:
    """Return one goal, or None."""
    if not is_id(goal_id):
        return None
    row = await tx.first(select(goals).where(_c.id == goal_id))
    return rows.to(Goal, row) if row else None


async def by_uri(tx: Tx, uri: str) -> Goal | None:
    """Return the goal with a URI, or None."""
    row = await tx.first(select(goals).where(_c.uri == uri))
    return rows.to(Goal, row) if row else None


async def add(tx: Tx, values: dict[str, Any]) -> bool:
    """Insert a goal; tells whether it is new."""
    return bool((await tx.execute(tx.insert(goals).values(**values).on_conflict_do_nothing())).rowcount)


async def change(tx: Tx, goal_id: str, **values: Any) -> Goal:
    """Set columns."""
    row = (await tx.execute(update(goals).where(_c.id == goal_id).values(**values).returning(*_c))).one()
    return rows.to(Goal, row)


async def of_mentorship(tx: Tx, mentorship_id: str) -> list[Goal]:
    """Return the goals of a mentorship, oldest first, without deleted ones."""
    statement = (
        select(goals).where(_c.mentorship_id == mentorship_id, _c.deleted_at.is_(None)).order_by(_c.id)
    )
    return [rows.to(Goal, row) for row in await tx.all(statement)]


async def count_of(tx: Tx, mentorship_id: str, author_id: str) -> int:
    """Count the goals that one of the two wrote."""
    statement = select(func.count()).where(
        _c.mentorship_id == mentorship_id, _c.author_id == author_id, _c.deleted_at.is_(None)
    )
    return int(await tx.scalar(statement))
