"""A running mentorship: agree, pause, go on, extend, complete, end. Asking is in `requests`."""

from datetime import date, datetime
from typing import Any

from libline_fed.activitypub.agreements import MAX_CONTACT_CHARACTERS, changed_terms
from libline_fed.domain import agreements
from libline_fed.domain.actors import Actor
from libline_fed.domain.agreements import Shared
from libline_fed.domain.mentorship_guards import Facts
from libline_fed.domain.mentorships import CLOCK, RUNNING, Event, Side, State
from libline_fed.errors import Conflict, InvalidInput
from libline_fed.sanitize import clean_text
from libline_fed.services import mentorship_messages, seats, twins
from libline_fed.services.mentorship_steps import free_seat, put, say_update, step, tell_people
from libline_fed.services.mentorship_views import (
    MentorshipView,
    columns_of,
    get,
    shared_of,
)
from libline_fed.services.pairs import Pair, locked
from libline_fed.services.site import Site
from libline_fed.storage import mentorships
from libline_fed.storage.store import Tx

MAX_REASON_CHARACTERS = 1_000


# --- getting to know each other ---------------------------------------------------------------------


async def change_terms(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, values: dict[str, Any], now: datetime
) -> MentorshipView:
    """Write down what the two agree on; whoever writes has said yes to it.

    Raises: NotFound, Conflict, InvalidInput.
    """
    pair = await locked(tx, mentorship_id, person)
    side, terms = pair.side(person), changed_terms(pair.mentorship.terms, values)
    _check_terms(terms)
    if terms == pair.mentorship.terms and pair.mentorship.has_confirmed(side):
        return await get(tx, mentorship_id, person=person)
    shared = agreements.with_terms(shared_of(pair.mentorship), terms, by=side, at=whole_seconds(now))
    await step(tx, pair, Event.CHANGE_TERMS, by=side, now=now, shared=shared)
    return await _said(tx, site, pair, person, "terms", now)


async def confirm(
    tx: Tx,
    site: Site,
    *,
    person: Actor,
    mentorship_id: str,
    terms_version: int,
    contact: str = "",
    now: datetime,
) -> MentorshipView:
    """Say yes to the terms as they were read; with the second yes the mentorship is active.

    `contact` is shown to the partner: the way to reach each other should a server fail. `terms_version` is
    what the person saw: terms that changed meanwhile are not agreed to unseen.
    Raises: NotFound, Conflict.
    """
    pair = await locked(tx, mentorship_id, person)
    side = pair.side(person)
    if pair.mentorship.has_confirmed(side) and pair.mentorship.state in (State.INTRO, State.ACTIVE):
        return await get(tx, mentorship_id, person=person)
    if pair.mentorship.state == State.INTRO and terms_version != pair.mentorship.terms_version:
        raise Conflict("other terms", safe="The terms were changed meanwhile. Please read them again.")
    shared = agreements.with_yes(shared_of(pair.mentorship), by=side, at=whole_seconds(now))
    _check_terms(shared.terms.values)
    await step(
        tx,
        pair,
        Event.CONFIRM,
        by=side,
        now=now,
        facts=Facts(has_terms=bool(shared.terms.version)),
        shared=shared,
        values={f"{side}_contact": clean_text(contact).strip()[:MAX_CONTACT_CHARACTERS]} if contact else {},
    )
    event = "started" if pair.mentorship.state == State.ACTIVE else "confirmed"
    return await _said(tx, site, pair, person, event, now)


async def leave(tx: Tx, site: Site, *, person: Actor, mentorship_id: str, now: datetime) -> MentorshipView:
    """Leave before anything was agreed: no reason, no fault.

    Raises: NotFound, Conflict.
    """
    return await _move(tx, site, person, mentorship_id, Event.LEAVE, State.ENDED_INTRO, "left", now, Facts())


async def keep(tx: Tx, *, person: Actor, mentorship_id: str, now: datetime) -> MentorshipView:
    """Keep a mentorship that was accepted while the request was taken back.

    Raises: NotFound.
    """
    pair = await locked(tx, mentorship_id, person)
    if pair.mentorship.is_crossed:
        await put(tx, pair, {"is_crossed": False}, event="keep", by=pair.side(person), now=now)
    return await get(tx, mentorship_id, person=person)


# --- while it runs ----------------------------------------------------------------------------------


async def pause(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, until_on: date | None, now: datetime
) -> MentorshipView:
    """Pause until a day; the place is kept.

    Raises: NotFound, Conflict.
    """
    pause_days = (until_on - now.date()).days if until_on is not None else None
    return await _move(
        tx,
        site,
        person,
        mentorship_id,
        Event.PAUSE,
        State.PAUSED,
        "paused",
        now,
        Facts(pause_days=pause_days),
        paused_until_on=until_on,
    )


async def resume(tx: Tx, site: Site, *, person: Actor, mentorship_id: str, now: datetime) -> MentorshipView:
    """Go on after a pause.

    Raises: NotFound, Conflict.
    """
    return await _move(tx, site, person, mentorship_id, Event.RESUME, State.ACTIVE, "resumed", now, Facts())


async def extend(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, ends_on: date | None, now: datetime
) -> MentorshipView:
    """Set a later last day; a paused one goes on.

    Raises: NotFound, Conflict.
    """
    pair = await locked(tx, mentorship_id, person)
    before = pair.mentorship.ends_on
    is_later = ends_on is not None and ends_on > now.date() and (before is None or ends_on > before)
    return await _move(
        tx,
        site,
        person,
        mentorship_id,
        Event.EXTEND,
        State.ACTIVE,
        "extended",
        now,
        Facts(is_extension_later=is_later),
        ends_on=ends_on,
    )


async def complete(tx: Tx, site: Site, *, person: Actor, mentorship_id: str, now: datetime) -> MentorshipView:
    """Say that the goal is reached or the time is over; the other may object for seven days.

    Raises: NotFound, Conflict.
    """
    pair = await locked(tx, mentorship_id, person)
    if pair.mentorship.state == State.COMPLETED:
        return await get(tx, mentorship_id, person=person)
    view = await _move(
        tx, site, person, mentorship_id, Event.COMPLETE, State.COMPLETED, "completed", now, Facts()
    )
    await mentorship_messages.send_completion(
        tx, site, view.mentorship, me=person, partner=view.partner, now=now
    )
    return view


async def object_to_end(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, now: datetime
) -> MentorshipView:
    """Object to a completion: it goes on, if the place is still free.

    Raises: NotFound, Conflict.
    """
    return await _undo_end(tx, site, person, mentorship_id, Event.OBJECT, "objected", now)


async def revive(tx: Tx, site: Site, *, person: Actor, mentorship_id: str, now: datetime) -> MentorshipView:
    """Go on with what lapsed in silence.

    Raises: NotFound, Conflict.
    """
    return await _undo_end(tx, site, person, mentorship_id, Event.REVIVE, "revived", now)


async def end_early(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, reason: str = "", now: datetime
) -> MentorshipView:
    """End before the goal is reached. The reason stays on this server.

    Raises: NotFound, Conflict.
    """
    return await _move(
        tx,
        site,
        person,
        mentorship_id,
        Event.END_EARLY,
        State.ENDED_EARLY,
        "ended",
        now,
        Facts(),
        values={"reason_text": clean_text(reason).strip()[:MAX_REASON_CHARACTERS]},
    )


async def alive(tx: Tx, mentorship_id: str, *, now: datetime) -> None:
    """Note a sign of life: a message, a talk in the log, a meeting."""
    found = await mentorships.by_id(tx, mentorship_id)
    if found is not None and found.is_running:
        await mentorships.change(tx, mentorship_id, now, alive_at=now, nudges_count=0)


# --- inside -----------------------------------------------------------------------------------------


async def _move(  # noqa: PLR0913, PLR0917  what distinguishes one step from another
    tx: Tx,
    site: Site,
    person: Actor,
    mentorship_id: str,
    event: Event,
    state: State,
    told: str,
    now: datetime,
    facts: Facts,
    *,
    paused_until_on: date | None = None,
    ends_on: date | None = None,
    values: dict[str, Any] | None = None,
) -> MentorshipView:
    """Take a step that changes where both stand. The same step again by the same person changes nothing."""
    pair = await locked(tx, mentorship_id, person)
    side, before = pair.side(person), pair.mentorship
    is_repeated = before.state == state and before.changed_by == side and event is not Event.EXTEND
    if is_repeated and before.state != State.ACTIVE:
        return await get(tx, mentorship_id, person=person)
    shared = agreements.step(
        shared_of(before),
        state,
        by=side,
        at=whole_seconds(now),
        paused_until_on=paused_until_on,
        ends_on=ends_on,
    )
    await step(tx, pair, event, by=side, now=now, facts=facts, shared=shared, values=values)
    await free_seat(tx, site, pair, now=now)
    return await _said(tx, site, pair, person, told, now)


async def _undo_end(
    tx: Tx, site: Site, person: Actor, mentorship_id: str, event: Event, told: str, now: datetime
) -> MentorshipView:
    pair = await locked(tx, mentorship_id, person)
    before = pair.mentorship
    mentor = pair.actor(Side.MENTOR)
    seat_id = await seats.find(tx, mentor=mentor, mentorship=before)
    if not await twins.give_way(tx, site, pair, now=now):
        raise Conflict("a newer one runs", safe="There is an open request between the two of you already.")
    days = (now - before.ended_at).days if before.ended_at is not None else 0
    shared = agreements.step(
        shared_of(before), State.ACTIVE, by=pair.side(person), at=whole_seconds(now), is_undoing=True
    )
    await step(
        tx,
        pair,
        event,
        by=pair.side(person),
        now=now,
        facts=Facts(days_since_end=days, has_free_seat=seat_id is not None),
        shared=shared,
        values=seat_values(mentor, seat_id),
    )
    await free_seat(tx, site, pair, now=now)
    return await _said(tx, site, pair, person, told, now)


def seat_values(mentor: Actor, seat_id: str | None) -> dict[str, Any]:
    """Return the columns of a taken place."""
    return {"holds_seat": mentor.is_local and seat_id is not None, "seat_proposal_id": seat_id or None}


async def _said(tx: Tx, site: Site, pair: Pair, person: Actor, event: str, now: datetime) -> MentorshipView:
    """Tell the other server and the other person of a step, and return how it looks now."""
    side = pair.side(person)
    await say_update(tx, site, pair, event, by=side, now=now)
    await tell_people(tx, site, pair, event, by=side, now=now)
    return await get(tx, pair.mentorship.id, person=person)


def _check_terms(terms: dict[str, Any]) -> None:
    problems = {}
    if not str(terms.get("goal", "")).strip():
        problems["goal"] = "Write the goal in a sentence."
    if "months" not in terms:
        problems["months"] = "Choose how long."
    if not terms.get("mode"):
        problems["mode"] = "Choose how you will meet."
    if problems:
        raise InvalidInput(problems)


def whole_seconds(now: datetime) -> datetime:
    """Return a moment as the wire can carry it."""
    return now.replace(microsecond=0)


async def apply_shared(
    tx: Tx, site: Site, pair: Pair, merged: Shared, *, by: str, event: str, now: datetime
) -> None:
    """Write what came of a merge, keep the places true, and tell the person here."""
    columns = columns_of(merged)
    mentor = pair.actor(Side.MENTOR)
    is_back = merged.state in RUNNING and not pair.mentorship.is_running
    if is_back and mentor.is_local:
        seat_id = await seats.find(tx, mentor=mentor, mentorship=pair.mentorship)
        if seat_id is None:  # the place is somebody else's by now
            await _let_end_stand(tx, site, pair, merged, now=now)
            return
        columns |= seat_values(mentor, seat_id)
    if is_back and not await twins.give_way(tx, site, pair, now=now):  # the two have begun anew
        await _let_end_stand(tx, site, pair, merged, now=now)
        return
    await put(tx, pair, columns, event=event, by=by, now=now)
    await free_seat(tx, site, pair, now=now)
    await tell_people(tx, site, pair, event, by=by, now=now)


async def _let_end_stand(tx: Tx, site: Site, pair: Pair, merged: Shared, *, now: datetime) -> None:
    """Answer somebody who takes an end back that it cannot be: there is no place for it any more."""
    by = pair.local_side
    merged = agreements.step(merged, State.COMPLETED, by=by, at=whole_seconds(now))
    await put(tx, pair, columns_of(merged), event="full", by=CLOCK, now=now)
    await say_update(tx, site, pair, "full", by=CLOCK, now=now)
