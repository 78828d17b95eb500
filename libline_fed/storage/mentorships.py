"""Queries on `mentorships` and what happened to them.

Who changes a mentorship first locks both people, the mentor first (`lock_people`): one lock for seats, open
requests and the row itself.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from libline_fed.domain.mentorships import RUNNING, Mentorship, MentorshipEvent, State
from libline_fed.ids import is_id, new_id
from libline_fed.storage import rows
from libline_fed.storage.mentorship_tables import (
    feedback,
    goals,
    logbook,
    meetings,
    mentorship_events,
    mentorships,
    messages,
    thanks,
)
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, peers, proposals

_c = mentorships.c
OPEN_STATES = ("draft", "question", "proposed", "intro", "active", "paused")


async def lock_people(tx: Tx, actor_ids: Sequence[str]) -> None:
    """Hold some people until the transaction ends, so that nobody else changes their mentorships.

    They are held one after the other: give mentors before mentees. Hundreds may wait for one mentor; while
    they do they hold nothing, so that whoever has the mentor can tell them all that the last place is gone.
    Locked as rows whose key does not change, so that others may still point to them.
    """
    for actor_id in actor_ids:
        statement = select(actors.c.id).where(actors.c.id == actor_id)
        await tx.all(statement.with_for_update(key_share=True))


async def by_id(tx: Tx, mentorship_id: str) -> Mentorship | None:
    """Return one mentorship, or None."""
    return await _one(tx, _c.id == mentorship_id) if is_id(mentorship_id) else None


async def by_ids(tx: Tx, ids: Collection[str]) -> dict[str, Mentorship]:
    """Return the known ones among `ids`, keyed by id."""
    found = await _many(tx, _c.id.in_(list(ids))) if ids else []
    return {mentorship.id: mentorship for mentorship in found}


async def by_offer_uri(tx: Tx, uri: str) -> Mentorship | None:
    """Return the mentorship whose latest Offer has a URI."""
    return await _one(tx, _c.offer_uri == uri)


async def by_agreement_uri(tx: Tx, uri: str) -> Mentorship | None:
    """Return the mentorship with an agreement's URI."""
    return await _one(tx, _c.agreement_uri == uri)


async def by_thread_uri(tx: Tx, uri: str) -> Mentorship | None:
    """Return the mentorship with a thread's URI."""
    return await _one(tx, _c.thread_uri == uri)


async def open_one(tx: Tx, *, mentor_id: str, mentee_id: str, proposal_uri: str) -> Mentorship | None:
    """Return the open one of a pair for a proposal: there is one at most."""
    return await _one(
        tx,
        _c.mentor_id == mentor_id,
        _c.mentee_id == mentee_id,
        _c.proposal_uri == proposal_uri,
        _c.state.in_(OPEN_STATES),
    )


async def of_pair(tx: Tx, actor_id: str, other_id: str, *states: str) -> list[Mentorship]:
    """Return the mentorships of two people, on whichever sides they stand, newest first."""
    pair = or_(
        and_(_c.mentor_id == actor_id, _c.mentee_id == other_id),
        and_(_c.mentor_id == other_id, _c.mentee_id == actor_id),
    )
    return await _many(tx, pair, *([_c.state.in_(states)] if states else []))


async def of_actor(tx: Tx, actor_id: str, *, limit: int = 200) -> list[Mentorship]:
    """Return the mentorships of a person, newest first."""
    return await _many(tx, or_(_c.mentor_id == actor_id, _c.mentee_id == actor_id), limit=limit)


async def waiting_on(tx: Tx, proposal_uri: str, *states: str) -> list[Mentorship]:
    """Return what is asked about a proposal and has no answer, oldest first."""
    found = await _many(tx, _c.proposal_uri == proposal_uri, _c.state.in_(states or ("proposed",)))
    return sorted(found, key=lambda one: one.id)


async def waiting_of_mentee(tx: Tx, mentee_id: str) -> list[Mentorship]:
    """Return a mentee's requests that have no answer, oldest first."""
    found = await _many(tx, _c.mentee_id == mentee_id, _c.state.in_(("proposed", "question")))
    return sorted(found, key=lambda one: one.id)


async def count(tx: Tx, *conditions: ColumnElement[bool]) -> int:
    """Count mentorships."""
    return int(await tx.scalar(select(func.count()).select_from(mentorships).where(*conditions)))


async def open_requests_count(tx: Tx, mentee_id: str) -> int:
    """Count the requests that a mentee has sent and that have no answer."""
    return await count(tx, _c.mentee_id == mentee_id, _c.asker == "mentee", _c.state == State.PROPOSED)


async def running_count(tx: Tx, *, mentee_id: str) -> int:
    """Count the mentorships in which somebody is mentored now."""
    return await count(tx, _c.mentee_id == mentee_id, _c.state.in_(sorted(RUNNING)))


async def seats_taken_count(tx: Tx, proposal_id: str) -> int:
    """Count the places of an offer that are taken or held."""
    return await count(tx, _c.seat_proposal_id == proposal_id, _c.holds_seat.is_(True))


async def waiting_count(tx: Tx, proposal_id: str) -> int:
    """Count the requests to an offer that have no answer and hold no place."""
    return await count(
        tx, _c.proposal_id == proposal_id, _c.state == State.PROPOSED, _c.holds_seat.is_(False)
    )


async def due(tx: Tx, *conditions: ColumnElement[bool], limit: int = 100) -> list[Mentorship]:
    """Return mentorships for which time has come, the oldest first."""
    found = await tx.all(select(mentorships).where(*conditions).order_by(_c.updated_at).limit(limit))
    return [rows.to(Mentorship, row) for row in found]


async def answered_of(tx: Tx, proposal_uri: str, *, limit: int) -> list[Mentorship]:
    """Return the latest requests to a proposal on which something was decided, the latest first."""
    statement = (
        select(mentorships)
        .where(_c.proposal_uri == proposal_uri, _c.decided_at.is_not(None), _c.state != State.WITHDRAWN)
        .order_by(_c.decided_at.desc(), _c.id.desc())
        .limit(limit)
    )
    return [rows.to(Mentorship, row) for row in await tx.all(statement)]


def has_troubled_server() -> ColumnElement[bool]:
    """Return the condition that somebody of the pair is on a server that does not answer, or did not."""
    troubled = select(actors.c.id).join(peers, peers.c.host == actors.c.host).where(
        actors.c.is_local.is_(False), peers.c.failures_count > 0
    )
    return or_(
        _c.orphaned_at.is_not(None), _c.mentor_id.in_(troubled), _c.mentee_id.in_(troubled)
    )


async def wanting_places(tx: Tx, *, limit: int = 100) -> list[Mentorship]:
    """Return the requests whose mentees wait for a place, of offers that have one now, oldest first."""
    statement = (
        select(mentorships)
        .join(proposals, proposals.c.id == _c.proposal_id)
        .where(
            _c.state == State.SUPERSEDED,
            _c.is_announced.is_(True),
            proposals.c.status == "open",
            proposals.c.places_free_count > 0,
        )
        .order_by(_c.id)
        .limit(limit)
    )
    return [rows.to(Mentorship, row) for row in await tx.all(statement)]


async def add(tx: Tx, values: dict[str, Any]) -> Mentorship | None:
    """Insert a mentorship; None if the pair has an open one for the same proposal, or the URI is known."""
    statement = tx.insert(mentorships).values(**values).on_conflict_do_nothing().returning(*_c)
    row = await tx.first(statement)
    return rows.to(Mentorship, row) if row else None


async def change(tx: Tx, mentorship_id: str, now: datetime, **values: Any) -> Mentorship:
    """Set columns."""
    statement = (
        update(mentorships).where(_c.id == mentorship_id).values(**values, updated_at=now).returning(*_c)
    )
    return rows.to(Mentorship, (await tx.execute(statement)).one())


async def remove(tx: Tx, mentorship_id: str) -> None:
    """Delete a mentorship: only a draft, which nobody else has seen."""
    await tx.execute(delete(mentorships).where(_c.id == mentorship_id, _c.state == State.DRAFT))


async def forget_words(tx: Tx, actor_id: str) -> None:
    """Delete what somebody wrote in mentorships: messages, goals, talks, meetings, feedback, requests."""
    for written in (messages, goals, logbook, meetings, feedback, thanks):
        await tx.execute(delete(written).where(written.c.author_id == actor_id))
    for side, column in (("mentor", _c.mentor_id), ("mentee", _c.mentee_id)):
        mine = update(mentorships).where(column == actor_id)
        await tx.execute(mine.values(**{f"{side}_contact": ""}))
        await tx.execute(
            mine.where(_c.asker == side).values(message_text="", message_html="", answers={})
        )


async def add_event(
    tx: Tx,
    mentorship: Mentorship,
    *,
    event: str,
    by: str,
    state_before: str,
    now: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    """Note what happened."""
    await tx.execute(
        tx.insert(mentorship_events).values(
            id=new_id(now),
            mentorship_id=mentorship.id,
            event=event,
            by=by,
            state_before=state_before,
            state_after=mentorship.state,
            version=mentorship.version,
            detail=detail or {},
            created_at=now,
        )
    )


async def events(tx: Tx, mentorship_id: str) -> list[MentorshipEvent]:
    """Return what happened to a mentorship, oldest first."""
    statement = (
        select(mentorship_events)
        .where(mentorship_events.c.mentorship_id == mentorship_id)
        .order_by(mentorship_events.c.id)
    )
    return [rows.to(MentorshipEvent, row) for row in await tx.all(statement)]


async def _one(tx: Tx, *conditions: ColumnElement[bool]) -> Mentorship | None:
    row = await tx.first(select(mentorships).where(*conditions))
    return rows.to(Mentorship, row) if row else None


async def _many(tx: Tx, *conditions: ColumnElement[bool], limit: int = 500) -> list[Mentorship]:
    statement = select(mentorships).where(*conditions).order_by(_c.id.desc()).limit(limit)
    found: Sequence[Any] = await tx.all(statement)
    return [rows.to(Mentorship, row) for row in found]
