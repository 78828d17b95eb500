"""Queries on `feedback` and `thanks`. Whoever changes them has locked the two people first."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from libline_fed.domain.feedback import Feedback, Thanks
from libline_fed.storage import rows
from libline_fed.storage.mentorship_tables import feedback, mentorships, thanks
from libline_fed.storage.store import Tx

_c = feedback.c


async def add(tx: Tx, values: dict[str, Any]) -> bool:
    """Insert feedback; tells whether it is new: each side gives it once."""
    return bool((await tx.execute(tx.insert(feedback).values(**values).on_conflict_do_nothing())).rowcount)


async def by_uri(tx: Tx, uri: str) -> Feedback | None:
    """Return the feedback with a URI, or None."""
    row = await tx.first(select(feedback).where(_c.uri == uri))
    return rows.to(Feedback, row) if row else None


async def of_mentorship(tx: Tx, mentorship_id: str) -> dict[str, Feedback]:
    """Return the feedback on a mentorship, by its author's id."""
    statement = select(feedback).where(_c.mentorship_id == mentorship_id).order_by(_c.id)
    return {row.author_id: rows.to(Feedback, row) for row in await tx.all(statement)}


async def change(tx: Tx, feedback_id: str, **values: Any) -> Feedback:
    """Set columns."""
    row = (
        await tx.execute(update(feedback).where(_c.id == feedback_id).values(**values).returning(*_c))
    ).one()
    return rows.to(Feedback, row)


async def sealed(tx: Tx, *, ended_before: datetime, limit: int = 100) -> list[Feedback]:
    """Return feedback given here that is sealed though the mentorship ended before a moment."""
    statement = (
        select(feedback)
        .join(mentorships, mentorships.c.id == _c.mentorship_id)
        .where(_c.opened_at.is_(None), _c.is_here.is_(True), mentorships.c.ended_at < ended_before)
        .order_by(_c.id)
        .limit(limit)
    )
    return [rows.to(Feedback, row) for row in await tx.all(statement)]


# --- thanks -----------------------------------------------------------------------------------------


async def add_thanks(tx: Tx, values: dict[str, Any]) -> bool:
    """Insert thanks; tells whether they are new: each side has one."""
    return bool((await tx.execute(tx.insert(thanks).values(**values).on_conflict_do_nothing())).rowcount)


async def thanks_of(tx: Tx, mentorship_id: str) -> dict[str, Thanks]:
    """Return the thanks of a mentorship, by their author's id."""
    statement = select(thanks).where(thanks.c.mentorship_id == mentorship_id).order_by(thanks.c.id)
    return {row.author_id: rows.to(Thanks, row) for row in await tx.all(statement)}


async def thanks_by_uri(tx: Tx, uri: str) -> Thanks | None:
    """Return the thanks whose wish, or whose answer, has a URI."""
    statement = select(thanks).where((thanks.c.uri == uri) | (thanks.c.answer_uri == uri))
    row = await tx.first(statement)
    return rows.to(Thanks, row) if row else None


async def thanks_by_note_uri(tx: Tx, uri: str) -> Thanks | None:
    """Return the thanks whose public post has a URI."""
    row = await tx.first(select(thanks).where(thanks.c.note_uri == uri))
    return rows.to(Thanks, row) if row else None


async def change_thanks(tx: Tx, thanks_id: str, **values: Any) -> Thanks:
    """Set columns."""
    statement = update(thanks).where(thanks.c.id == thanks_id).values(**values).returning(*thanks.c)
    return rows.to(Thanks, (await tx.execute(statement)).one())


async def published_thanks(tx: Tx, thanked_id: str, *, limit: int = 20) -> list[Thanks]:
    """Return the public thanks that somebody got, the latest first."""
    statement = (
        select(thanks)
        .where(thanks.c.thanked_id == thanked_id, thanks.c.state == "published")
        .order_by(thanks.c.published_at.desc())
        .limit(limit)
    )
    return [rows.to(Thanks, row) for row in await tx.all(statement)]
