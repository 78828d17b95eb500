"""Queries on `logbook`, the talks that were held."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import func, select, update

from libline_fed.domain.logbook import Talk
from libline_fed.ids import is_id
from libline_fed.storage import rows
from libline_fed.storage.mentorship_tables import logbook
from libline_fed.storage.store import Tx

_c = logbook.c


async def by_id(tx: Tx, talk_id: str) -> Talk | None:
    """Return one talk, or None."""
    if not is_id(talk_id):
        return None
    row = await tx.first(select(logbook).where(_c.id == talk_id))
    return rows.to(Talk, row) if row else None


async def by_uri(tx: Tx, uri: str) -> Talk | None:
    """Return the talk with a URI, or None."""
    row = await tx.first(select(logbook).where(_c.uri == uri))
    return rows.to(Talk, row) if row else None


async def add(tx: Tx, values: dict[str, Any]) -> bool:
    """Insert a talk; tells whether it is new."""
    return bool((await tx.execute(tx.insert(logbook).values(**values).on_conflict_do_nothing())).rowcount)


async def change(tx: Tx, talk_id: str, **values: Any) -> Talk:
    """Set columns."""
    row = (await tx.execute(update(logbook).where(_c.id == talk_id).values(**values).returning(*_c))).one()
    return rows.to(Talk, row)


async def of_mentorships(tx: Tx, mentorship_ids: Collection[str]) -> list[Talk]:
    """Return the talks of some mentorships, the latest first, without deleted ones."""
    if not mentorship_ids:
        return []
    statement = (
        select(logbook)
        .where(_c.mentorship_id.in_(list(mentorship_ids)), _c.deleted_at.is_(None))
        .order_by(_c.held_on.desc(), _c.id.desc())
    )
    return [rows.to(Talk, row) for row in await tx.all(statement)]


async def count_of(tx: Tx, mentorship_id: str, author_id: str) -> int:
    """Count the talks that one of the two noted."""
    statement = select(func.count()).where(
        _c.mentorship_id == mentorship_id, _c.author_id == author_id, _c.deleted_at.is_(None)
    )
    return int(await tx.scalar(statement))
