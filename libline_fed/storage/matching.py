"""Queries for the matching score: every open offer that somebody may read, in as few columns as it takes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from libline_fed.domain.proposals import Purpose, Status
from libline_fed.domain.viewers import Viewer
from libline_fed.storage import rows, visibility
from libline_fed.storage.lists import is_one_of
from libline_fed.storage.mentorship_tables import mentorships
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import accounts, actors, blocks, proposals

_p = proposals.c
LISTED = (Status.OPEN.value, Status.FULL.value)  # a full one is shown with its waiting list


@dataclass(frozen=True, slots=True)
class ProposalInput:
    """What of a proposal, its author and the author's account can be in a score. Nothing else is read."""

    id: str
    uri: str
    purpose: str
    status: str
    open_until_on: date | None
    language: str | None
    areas: list[str]
    languages: list[str]
    modes: list[str]
    places_free_count: int
    waiting_count: int
    details: dict[str, Any]
    author_id: str
    author_uri: str
    author_details: dict[str, Any]
    host: str
    is_local: bool
    zone: str | None
    weekly_hours: list[list[int]] | None


INPUTS = select(
    _p.id,
    _p.uri,
    _p.purpose,
    _p.status,
    _p.open_until_on,
    _p.language,
    _p.areas,
    _p.languages,
    _p.modes,
    _p.places_free_count,
    _p.waiting_count,
    _p.details,
    _p.author_id,
    actors.c.uri.label("author_uri"),
    actors.c.details.label("author_details"),
    actors.c.host,
    _p.is_local,
    accounts.c.zone,
    accounts.c.weekly_hours,
).select_from(
    proposals.join(actors, actors.c.id == _p.author_id).outerjoin(
        accounts, accounts.c.actor_id == _p.author_id
    )
)


async def open_offers(
    tx: Tx, viewer: Viewer, today: date, *, ids: Collection[str] | None = None
) -> list[ProposalInput]:
    """Return every offer that a viewer sees in lists, full ones too; only those of `ids`, if given."""
    if ids is not None and not ids:
        return []
    conditions = await visibility.shown_to(tx, viewer, today)
    if ids is None:
        return await _inputs(tx, _p.purpose == Purpose.OFFER.value, *conditions)
    return await _inputs(tx, is_one_of(tx, _p.id, list(ids)), is_offer_by_id(), *conditions)


def is_offer_by_id() -> ColumnElement[bool]:
    """Return the condition that a proposal is an offer, where some are asked for by their ids.

    Written so that no engine reads all listed offers to find them by way of the index over those.
    """
    return func.coalesce(_p.purpose, "") == Purpose.OFFER.value


async def by_ids(tx: Tx, ids: Collection[str]) -> list[ProposalInput]:
    """Return some proposals, whoever may read them."""
    return await _inputs(tx, _p.id.in_(list(ids))) if ids else []


async def open_ones_of(tx: Tx, author_id: str, purpose: str, today: date) -> list[ProposalInput]:
    """Return somebody's own open offers or requests, newest first."""
    return await _inputs(
        tx,
        _p.author_id == author_id,
        _p.purpose == purpose,
        _p.status.in_(LISTED),
        or_(_p.open_until_on.is_(None), _p.open_until_on >= today),
    )


async def avoided_uris(tx: Tx, actor_id: str) -> set[str]:
    """Return the people whom somebody blocks, or who block them."""
    blocked = _uris().join(blocks, blocks.c.blocked_id == actors.c.id).where(blocks.c.blocker_id == actor_id)
    blockers = _uris().join(blocks, blocks.c.blocker_id == actors.c.id).where(blocks.c.blocked_id == actor_id)
    return {*await tx.scalars(blocked), *await tx.scalars(blockers)}


async def mentor_uris(tx: Tx, mentee_id: str, states: Collection[str]) -> set[str]:
    """Return the mentors with whom a mentee has something in one of some states."""
    if not states:
        return set()
    query = (
        _uris()
        .join(mentorships, mentorships.c.mentor_id == actors.c.id)
        .where(mentorships.c.mentee_id == mentee_id, mentorships.c.state.in_(list(states)))
    )
    return set(await tx.scalars(query))


def _uris() -> Select[tuple[str]]:
    return select(actors.c.uri)


async def _inputs(tx: Tx, *conditions: ColumnElement[bool]) -> list[ProposalInput]:
    query = INPUTS.where(*conditions).order_by(_p.published_at.desc(), _p.id.desc())
    return [rows.to(ProposalInput, row) for row in await tx.all(query)]
