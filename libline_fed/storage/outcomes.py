"""Queries for the report of what became of requests."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from libline_fed.storage import rows
from libline_fed.storage.mentorship_tables import mentorships
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, proposals

_m = mentorships.c
NOT_REQUESTS = ("draft", "question")


@dataclass(frozen=True, slots=True)
class SentRequest:
    """What is read of a mentorship and its mentee for the report: no names, no words."""

    state: str
    reason: str | None
    language: str | None
    terms: dict[str, Any]
    sent_at: datetime
    decided_at: datetime | None
    started_at: datetime | None
    modes: list[str] | None  # of the proposal; None once that is deleted
    mentee_details: dict[str, Any]


async def sent_between(tx: Tx, since: datetime, until: datetime) -> list[SentRequest]:
    """Return the requests that were sent from one moment until before another."""
    query = (
        select(
            _m.state,
            _m.reason,
            _m.language,
            _m.terms,
            _m.sent_at,
            _m.decided_at,
            _m.started_at,
            proposals.c.modes,
            actors.c.details.label("mentee_details"),
        )
        .select_from(
            mentorships.join(actors, actors.c.id == _m.mentee_id).outerjoin(
                proposals, proposals.c.id == _m.proposal_id
            )
        )
        .where(_m.sent_at >= since, _m.sent_at < until, _m.state.not_in(NOT_REQUESTS))
    )
    return [rows.to(SentRequest, row) for row in await tx.all(query)]
