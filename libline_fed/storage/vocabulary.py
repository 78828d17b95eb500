"""Queries on `vocabulary_terms`: what this instance adds to the vocabulary, and where it is used."""

import dataclasses
from typing import Any

from sqlalchemy import Text, cast, delete, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from libline_fed.storage.member_tables import vocabulary_terms
from libline_fed.storage.mentorship_tables import goals, mentorships
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, proposals
from libline_fed.vocabulary import LocalTerm, Scheme


async def add(tx: Tx, term: LocalTerm) -> bool:
    """Insert a term; False if there is one with its id."""
    values = dataclasses.asdict(term)
    statement = tx.insert(vocabulary_terms).values(**values).on_conflict_do_nothing()
    return await tx.first(statement.returning(vocabulary_terms.c.id)) is not None


async def by_id(tx: Tx, term_id: str) -> LocalTerm | None:
    """Return one term, or None."""
    row = await tx.first(select(vocabulary_terms).where(vocabulary_terms.c.id == term_id))
    return _term(row) if row else None


async def list_terms(tx: Tx, scheme: str | None = None) -> list[LocalTerm]:
    """Return the terms of one scheme or of all, oldest first."""
    asked = select(vocabulary_terms).order_by(vocabulary_terms.c.created_at, vocabulary_terms.c.id)
    if scheme is not None:
        asked = asked.where(vocabulary_terms.c.scheme == scheme)
    return [_term(row) for row in await tx.all(asked)]


async def count(tx: Tx) -> int:
    """Count the terms of all schemes."""
    return int(await tx.scalar(select(func.count()).select_from(vocabulary_terms)))


async def remove(tx: Tx, term_id: str) -> None:
    """Delete a term, if it is there."""
    await tx.execute(delete(vocabulary_terms).where(vocabulary_terms.c.id == term_id))


async def is_used(tx: Tx, term_id: str) -> bool:
    """Tell whether members here use a term: in profiles, offers and requests, agreements or goals.

    Reads every local profile and proposal: for the rare moment in which an admin removes a term.
    """
    for statement in (
        select(actors.c.id).where(actors.c.is_local, _names(actors.c.details, term_id)),
        select(proposals.c.id).where(
            proposals.c.is_local,
            or_(_names(proposals.c.areas, term_id), _names(proposals.c.details, term_id)),
        ),
        select(mentorships.c.id).where(_names(mentorships.c.terms, term_id)),
        select(goals.c.id).where(goals.c.goal_type == term_id),
    ):
        if await tx.first(statement.limit(1)) is not None:
            return True
    return False


def _names(column: ColumnElement[Any], term_id: str) -> ColumnElement[bool]:
    """Match JSON that holds the id as a whole text, wherever it stands."""
    return cast(column, Text).contains(f'"{term_id}"', autoescape=True)


def _term(row: Any) -> LocalTerm:
    return LocalTerm(
        id=row.id,
        scheme=Scheme(row.scheme),
        broader_id=row.broader_id,
        labels=row.labels,
        created_at=row.created_at,
    )
