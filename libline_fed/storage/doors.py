"""Queries on `door_questions`: what people without LibLine were asked."""

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, select, update

from libline_fed.domain.doors import (
    LIKE_GRACE,
    REMINDER_AFTER,
    Answer,
    DoorQuestion,
    How,
    QuestionKind,
    QuestionState,
)
from libline_fed.domain.posts import Post
from libline_fed.storage import rows
from libline_fed.storage.mentorship_tables import door_questions, mentorships, messages
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import activities, posts

_c = door_questions.c
_IS_OPEN = _c.state == QuestionState.OPEN


async def add(tx: Tx, values: dict[str, Any]) -> bool:
    """Note a question; False if one is open in its thread already."""
    statement = tx.insert(door_questions).values(**values).on_conflict_do_nothing().returning(_c.id)
    return await tx.first(statement) is not None


async def by_uri(tx: Tx, uri: str) -> DoorQuestion | None:
    """Return a question by the URI of its poll."""
    return await _one(tx, _c.question_uri == uri)


async def open_in(tx: Tx, thread_uri: str) -> DoorQuestion | None:
    """Return the question that is open in a thread: there is one at most."""
    return await _one(tx, _c.thread_uri == thread_uri, _IS_OPEN)


async def latest_in(tx: Tx, thread_uri: str) -> DoorQuestion | None:
    """Return the question that was asked last in a thread."""
    found = await _many(tx, _c.thread_uri == thread_uri)
    return found[-1] if found else None


async def open_between(tx: Tx, *, actor_id: str, member_id: str) -> list[DoorQuestion]:
    """Return the open questions to somebody in a member's name, the oldest first."""
    return await _many(tx, _c.actor_id == actor_id, _c.member_id == member_id, _IS_OPEN)


async def was_asked(tx: Tx, *, actor_id: str, proposal_id: str, kind: QuestionKind) -> bool:
    """Tell whether somebody was ever asked something about a proposal."""
    asked = _c.actor_id == actor_id, _c.proposal_id == proposal_id, _c.kind == kind
    return await tx.first(select(_c.id).where(*asked)) is not None


async def close(
    tx: Tx,
    question_id: str,
    *,
    state: QuestionState,
    answer: Answer | None = None,
    how: How | None = None,
    now: datetime,
) -> bool:
    """End a question; tells whether it was open."""
    values: dict[str, Any] = {"state": state}
    if answer is not None:
        values |= {"answer": answer, "answered_how": how, "answered_at": now}
    statement = update(door_questions).where(_c.id == question_id, _IS_OPEN).values(**values)
    return bool((await tx.execute(statement)).rowcount)


async def cancel_in(tx: Tx, thread_uri: str) -> bool:
    """Cancel the question that is open in a thread; tells whether there was one."""
    statement = (
        update(door_questions)
        .where(_c.thread_uri == thread_uri, _IS_OPEN)
        .values(state=QuestionState.CANCELLED)
    )
    return bool((await tx.execute(statement)).rowcount)


async def put_like(tx: Tx, question_id: str, *, now: datetime) -> bool:
    """Note a favourite, which counts once it cannot be taken back any more; False for a second one."""
    statement = (
        update(door_questions)
        .where(_c.id == question_id, _IS_OPEN, _c.answer.is_(None))
        .values(answer=Answer.YES, answered_how=How.LIKE, answered_at=now)
    )
    return bool((await tx.execute(statement)).rowcount)


async def drop_like(tx: Tx, question_id: str) -> bool:
    """Forget a favourite that was taken back in time; tells whether there was one."""
    statement = (
        update(door_questions)
        .where(_c.id == question_id, _IS_OPEN, _c.answered_how == How.LIKE)
        .values(answer=None, answered_how=None, answered_at=None)
    )
    return bool((await tx.execute(statement)).rowcount)


async def remind(tx: Tx, question_id: str, *, now: datetime) -> bool:
    """Note that somebody was reminded; False if that was done before."""
    statement = (
        update(door_questions)
        .where(_c.id == question_id, _IS_OPEN, _c.reminded_at.is_(None))
        .values(reminded_at=now)
    )
    return bool((await tx.execute(statement)).rowcount)


async def due_likes(tx: Tx, now: datetime) -> list[DoorQuestion]:
    """Return the open questions whose favourite counts now."""
    return await _many(tx, _IS_OPEN, _c.answered_how == How.LIKE, _c.answered_at <= now - LIKE_GRACE)


async def due_reminders(tx: Tx, now: datetime) -> list[DoorQuestion]:
    """Return the open questions of which somebody is to be reminded."""
    waited = _c.asked_at <= now - REMINDER_AFTER
    return await _many(tx, _IS_OPEN, _c.answer.is_(None), _c.reminded_at.is_(None), waited)


async def due_ends(tx: Tx, now: datetime) -> list[DoorQuestion]:
    """Return the open questions whose time is over."""
    return await _many(tx, _IS_OPEN, _c.answer.is_(None), _c.expires_at <= now)


async def _one(tx: Tx, *conditions: ColumnElement[bool]) -> DoorQuestion | None:
    row = await tx.first(select(door_questions).where(*conditions))
    return rows.to(DoorQuestion, row) if row else None


async def _many(tx: Tx, *conditions: ColumnElement[bool]) -> list[DoorQuestion]:
    found = await tx.all(select(door_questions).where(*conditions).order_by(_c.asked_at, _c.id).limit(500))
    return [rows.to(DoorQuestion, row) for row in found]


# --- threads --------------------------------------------------------------------------------------------


async def thread_of(tx: Tx, *, message_uri: str, activity_id: str, reader_uri: str) -> str | None:
    """Return the thread of a private message of ours that somebody answers; None for one to somebody else."""
    named = activities.c.id == activity_id, activities.c.is_public.is_(False)
    body = await tx.scalar(select(activities.c.body).where(*named))
    said = orjson.loads(body)["object"] if body is not None else None
    if isinstance(said, dict) and said.get("id") == message_uri and said.get("to") == [reader_uri]:
        return str(said["context"])
    row = await tx.first(
        select(mentorships.c.thread_uri)
        .join(messages, messages.c.mentorship_id == mentorships.c.id)
        .where(messages.c.uri == message_uri)
    )
    return str(row.thread_uri) if row else None


async def last_words_uri(tx: Tx, mentorship_id: str, author_id: str) -> str | None:
    """Return the latest message that somebody sent from elsewhere, to be answered."""
    statement = (
        select(messages.c.uri)
        .where(
            messages.c.mentorship_id == mentorship_id,
            messages.c.author_id == author_id,
            messages.c.is_local.is_(False),
            messages.c.deleted_at.is_(None),
        )
        .order_by(messages.c.published_at.desc(), messages.c.id.desc())
        .limit(1)
    )
    row = await tx.first(statement)
    return str(row.uri) if row else None


async def private_answers(tx: Tx, uri: str, author_id: str) -> list[Post]:
    """Return what somebody wrote privately in answer to a message of their own that was not known yet."""
    statement = select(posts).where(
        posts.c.in_reply_to_uri == uri, posts.c.author_id == author_id, posts.c.visibility == "direct"
    )
    return [rows.to(Post, row) for row in await tx.all(statement.limit(10))]


async def last_comment(tx: Tx, proposal_uri: str, author_id: str) -> Post | None:
    """Return what somebody wrote last below a proposal, for all to read."""
    statement = (
        select(posts)
        .where(
            posts.c.in_reply_to_uri == proposal_uri,
            posts.c.author_id == author_id,
            posts.c.visibility != "direct",
        )
        .order_by(posts.c.published_at.desc(), posts.c.id.desc())
        .limit(1)
    )
    row = await tx.first(statement)
    return rows.to(Post, row) if row else None
