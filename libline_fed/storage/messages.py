"""Queries on `messages`, the private threads of mentorships."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select, update

from libline_fed.activitypub.objects import Admitted, NoteDocument
from libline_fed.domain.messages import Message
from libline_fed.ids import is_id
from libline_fed.storage import rows
from libline_fed.storage.mentorship_tables import mentorships, messages
from libline_fed.storage.store import Tx

_c = messages.c


async def by_id(tx: Tx, message_id: str) -> Message | None:
    """Return one message, or None."""
    if not is_id(message_id):
        return None
    row = await tx.first(select(messages).where(_c.id == message_id))
    return rows.to(Message, row) if row else None


async def by_uri(tx: Tx, uri: str) -> Message | None:
    """Return the message with a URI, or None."""
    row = await tx.first(select(messages).where(_c.uri == uri))
    return rows.to(Message, row) if row else None


async def by_uris(tx: Tx, uris: Collection[str]) -> dict[str, Message]:
    """Return the known ones among `uris`, keyed by URI."""
    found = await tx.all(select(messages).where(_c.uri.in_(list(uris)))) if uris else []
    return {row.uri: rows.to(Message, row) for row in found}


async def add(tx: Tx, values: dict[str, Any]) -> Message:
    """Insert what somebody wrote here."""
    row = (await tx.execute(tx.insert(messages).values(**values).returning(*_c))).one()
    return rows.to(Message, row)


async def add_remote(tx: Tx, admitted: Admitted[NoteDocument], values: dict[str, Any]) -> bool:
    """Insert what came from another server, with the columns that it does not say itself; tells whether it is
    new."""
    note = admitted.document
    statement = tx.insert(messages).values(
        uri=note.uri, in_reply_to_uri=note.in_reply_to_uri, language=note.language, **values
    )
    return bool((await tx.execute(statement.on_conflict_do_nothing())).rowcount)


async def change(tx: Tx, message_id: str, **values: Any) -> Message:
    """Set columns."""
    statement = update(messages).where(_c.id == message_id).values(**values).returning(*_c)
    return rows.to(Message, (await tx.execute(statement)).one())


async def put_edit(
    tx: Tx, admitted: Admitted[NoteDocument], *, message_id: str, content_html: str, edited_at: datetime
) -> bool:
    """Take in a newer text; tells whether it was newer than what is kept."""
    statement = (
        update(messages)
        .where(
            _c.id == message_id,
            _c.deleted_at.is_(None),
            _c.published_at < edited_at,
            or_(_c.edited_at.is_(None), _c.edited_at < edited_at),
        )
        .values(content_html=content_html, language=admitted.document.language, edited_at=edited_at)
    )
    return bool((await tx.execute(statement)).rowcount)


async def page(
    tx: Tx, mentorship_id: str, *, before: tuple[datetime, str] | None, limit: int
) -> list[Message]:
    """Return the latest messages of a thread up to a place in it, the latest first."""
    statement = select(messages).where(_c.mentorship_id == mentorship_id)
    if before is not None:
        at, message_id = before
        statement = statement.where(
            or_(_c.published_at < at, and_(_c.published_at == at, _c.id < message_id))
        )
    statement = statement.order_by(_c.published_at.desc(), _c.id.desc()).limit(limit)
    return [rows.to(Message, row) for row in await tx.all(statement)]


async def unanswered_count(tx: Tx, mentorship_id: str, author_id: str, *, limit: int) -> int:
    """Count the messages at the end of a thread that are all of one author, up to `limit`."""
    latest = await page(tx, mentorship_id, before=None, limit=limit)
    count = 0
    for message in latest:
        if message.author_id != author_id:
            break
        count += 1
    return count


async def unread_counts(tx: Tx, reader_id: str) -> dict[str, int]:
    """Count what others wrote to somebody and was not read, by mentorship."""
    statement = (
        select(_c.mentorship_id, func.count().label("unread_count"))
        .join(mentorships, mentorships.c.id == _c.mentorship_id)
        .where(
            or_(mentorships.c.mentor_id == reader_id, mentorships.c.mentee_id == reader_id),
            _c.author_id != reader_id,
            _c.read_at.is_(None),
            _c.deleted_at.is_(None),
        )
        .group_by(_c.mentorship_id)
    )
    return {row.mentorship_id: int(row.unread_count) for row in await tx.all(statement)}


async def mark_read(
    tx: Tx, mentorship_id: str, reader_id: str, *, until: datetime, now: datetime
) -> int:
    """Mark what the other wrote and what had come by `until` as read; returns how many."""
    statement = update(messages).where(
        _c.mentorship_id == mentorship_id,
        _c.author_id != reader_id,
        _c.read_at.is_(None),
        _c.received_at <= until,
    )
    return (await tx.execute(statement.values(read_at=now))).rowcount
