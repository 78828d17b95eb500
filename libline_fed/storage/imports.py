"""Queries on `imported_mentorships`: what members brought along from other servers."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from libline_fed.domain.imports import ImportedMentorship
from libline_fed.storage import rows
from libline_fed.storage.mentorship_tables import imported_mentorships
from libline_fed.storage.store import Tx

_c = imported_mentorships.c


async def of_actor(tx: Tx, actor_id: str, *, is_taken: bool) -> list[ImportedMentorship]:
    """Return what somebody has taken, or has uploaded and not decided on; the latest one first."""
    statement = (
        select(imported_mentorships)
        .where(_c.actor_id == actor_id, _c.is_taken.is_(is_taken))
        .order_by(_c.started_on.desc(), _c.id)
    )
    return [rows.to(ImportedMentorship, row) for row in await tx.all(statement)]


async def get(tx: Tx, actor_id: str, import_id: str) -> ImportedMentorship | None:
    """Return one thing that somebody has taken, or None."""
    condition = (_c.actor_id == actor_id, _c.id == import_id, _c.is_taken.is_(True))
    row = await tx.first(select(imported_mentorships).where(*condition))
    return rows.to(ImportedMentorship, row) if row else None


async def taken(tx: Tx, *, actor_id: str, agreement_uri: str) -> ImportedMentorship | None:
    """Return what somebody has taken of one agreement, or None."""
    statement = select(imported_mentorships).where(
        _c.actor_id == actor_id, _c.agreement_uri == agreement_uri, _c.is_taken.is_(True)
    )
    row = await tx.first(statement)
    return rows.to(ImportedMentorship, row) if row else None


async def add(tx: Tx, values: list[dict[str, Any]]) -> None:
    """Insert what was uploaded; what is taken already stays as it is."""
    if values:
        await tx.execute(tx.insert(imported_mentorships).on_conflict_do_nothing(), values)


async def take(tx: Tx, actor_id: str, ids: Collection[str]) -> int:
    """Mark some of what was uploaded as taken; returns how many."""
    condition = (_c.actor_id == actor_id, _c.id.in_(list(ids)))
    return (await tx.execute(update(imported_mentorships).where(*condition).values(is_taken=True))).rowcount


async def attach(tx: Tx, import_id: str, mentorship_id: str) -> None:
    """Note that it goes on here as a mentorship."""
    statement = update(imported_mentorships).where(_c.id == import_id).values(mentorship_id=mentorship_id)
    await tx.execute(statement)


async def discard(tx: Tx, actor_id: str) -> int:
    """Delete what somebody uploaded and has not taken; returns how many."""
    condition = (_c.actor_id == actor_id, _c.is_taken.is_(False))
    return (await tx.execute(delete(imported_mentorships).where(*condition))).rowcount


async def remove_of(tx: Tx, actor_id: str) -> None:
    """Delete all of somebody's."""
    await tx.execute(delete(imported_mentorships).where(_c.actor_id == actor_id))


async def remove(tx: Tx, actor_id: str, import_id: str) -> bool:
    """Delete one of somebody's; tells whether there was one."""
    condition = (_c.actor_id == actor_id, _c.id == import_id)
    return bool((await tx.execute(delete(imported_mentorships).where(*condition))).rowcount)


async def drop_undecided(tx: Tx, before: datetime) -> int:
    """Delete what was uploaded before a moment and never taken; returns how many."""
    condition = (_c.is_taken.is_(False), _c.created_at < before)
    return (await tx.execute(delete(imported_mentorships).where(*condition))).rowcount
