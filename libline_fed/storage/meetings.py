"""Queries on `meetings`. Whoever changes what a pair shares has locked the two people first."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update

from libline_fed.domain.meetings import Meeting
from libline_fed.ids import is_id
from libline_fed.storage import rows
from libline_fed.storage.mentorship_tables import meetings, mentorships
from libline_fed.storage.store import Tx

_c = meetings.c


async def by_id(tx: Tx, meeting_id: str) -> Meeting | None:
    """Return one meeting, or None."""
    if not is_id(meeting_id):
        return None
    row = await tx.first(select(meetings).where(_c.id == meeting_id))
    return rows.to(Meeting, row) if row else None


async def by_uri(tx: Tx, uri: str) -> Meeting | None:
    """Return the meeting with a URI, or None."""
    row = await tx.first(select(meetings).where(_c.uri == uri))
    return rows.to(Meeting, row) if row else None


async def by_answer_uri(tx: Tx, uri: str) -> Meeting | None:
    """Return the meeting whose answer has a URI, or None."""
    row = await tx.first(select(meetings).where(_c.answer_uri == uri))
    return rows.to(Meeting, row) if row else None


async def add(tx: Tx, values: dict[str, Any]) -> bool:
    """Insert a meeting; tells whether it is new."""
    return bool((await tx.execute(tx.insert(meetings).values(**values).on_conflict_do_nothing())).rowcount)


async def change(tx: Tx, meeting_id: str, **values: Any) -> Meeting:
    """Set columns."""
    row = (
        await tx.execute(update(meetings).where(_c.id == meeting_id).values(**values).returning(*_c))
    ).one()
    return rows.to(Meeting, row)


async def of_mentorship(tx: Tx, mentorship_id: str, *, limit: int = 100) -> list[Meeting]:
    """Return the meetings of a mentorship, the one proposed last first."""
    statement = select(meetings).where(_c.mentorship_id == mentorship_id).order_by(_c.id.desc()).limit(limit)
    return [rows.to(Meeting, row) for row in await tx.all(statement)]


async def waiting_count(tx: Tx, mentorship_id: str, author_id: str) -> int:
    """Count the proposals of one of the two that wait for a choice."""
    statement = select(func.count()).where(
        _c.mentorship_id == mentorship_id, _c.author_id == author_id, _c.state == "proposed"
    )
    return int(await tx.scalar(statement))


async def with_date_of(
    tx: Tx, actor_id: str, *, since: datetime, states: Collection[str], limit: int = 500
) -> list[Meeting]:
    """Return somebody's meetings that begin after `since` and are in one of `states`, the next first."""
    statement = (
        select(meetings)
        .join(mentorships, mentorships.c.id == _c.mentorship_id)
        .where(
            or_(mentorships.c.mentor_id == actor_id, mentorships.c.mentee_id == actor_id),
            _c.starts_at >= since,
            _c.state.in_(list(states)),
        )
        .order_by(_c.starts_at)
        .limit(limit)
    )
    return [rows.to(Meeting, row) for row in await tx.all(statement)]
