"""Answering: yes, no, taken back, no place left. The asking is in `requests`."""

from datetime import datetime, timedelta
from typing import Any

from libline_fed.domain.actors import Actor
from libline_fed.domain.agreements import Terms, first
from libline_fed.domain.mentorships import (
    CLOCK,
    INTRO_DAYS,
    PEOPLES_REASONS,
    DeclineReason,
    Event,
    Side,
    State,
)
from libline_fed.domain.proposals import Status
from libline_fed.errors import Conflict, InvalidInput
from libline_fed.sanitize import clean_text
from libline_fed.services import mentorship_messages, proposals, seats
from libline_fed.services.mentorship_steps import free_seat, step, tell_people
from libline_fed.services.mentorship_views import MentorshipView, columns_of, get
from libline_fed.services.pairs import Pair, locked
from libline_fed.services.requests import MAX_NOTE_CHARACTERS, facts_for, is_asker, is_mentee, is_mentor, seat
from libline_fed.services.site import Site
from libline_fed.storage import accounts, mentorships
from libline_fed.storage.store import Tx


async def accept(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, is_last: bool = False, now: datetime
) -> MentorshipView:
    """Say yes. The place is taken in this transaction, or the request is told politely that it is gone.

    `is_last` pauses the mentor's own offer with the same press. A second press changes nothing. When the last
    place went to somebody else at this moment, the view that comes back is superseded.
    Raises: NotFound, Conflict.
    """
    pair = await locked(tx, mentorship_id, person)
    if pair.mentorship.is_running and not is_asker(pair, person):
        return await get(tx, mentorship_id, person=person)
    facts = await facts_for(tx, pair, person, now)
    seat_id = await seat(tx, pair)
    if seat_id is None and pair.mentorship.state == State.PROPOSED and not is_asker(pair, person):
        await supersede(tx, site, pair, person=person, reason=DeclineReason.FULL, now=now)
        return await get(tx, mentorship_id, person=person)
    await step(
        tx,
        pair,
        Event.ACCEPT,
        by=pair.side(person),
        now=now,
        facts=facts,
        values=begin_intro(pair, by=pair.side(person), seat_id=seat_id, now=now)
        | {"agreement_uri": site.uris.agreement(mentorship_id)},
    )
    await mentorship_messages.send_accept(
        tx, site, pair.mentorship, me=person, partner=pair.actor(pair.side(person).other), now=now
    )
    await tell_people(tx, site, pair, "accepted", by=pair.side(person), now=now)
    await after_accept(tx, site, pair, now=now)
    if is_last and is_mentor(pair, person):
        await _make_unavailable(tx, site, pair, now=now)
    return await get(tx, mentorship_id, person=person)


async def decline(
    tx: Tx,
    site: Site,
    *,
    person: Actor,
    mentorship_id: str,
    reason: str,
    note: str = "",
    is_unavailable: bool = False,
    now: datetime,
) -> MentorshipView:
    """Say no, with one of four reasons and, if wished, a few words.

    Raises: NotFound, Conflict, InvalidInput.
    """
    pair = await locked(tx, mentorship_id, person)
    if pair.mentorship.state == State.DECLINED and not is_asker(pair, person):
        return await get(tx, mentorship_id, person=person)
    if reason not in PEOPLES_REASONS:
        raise InvalidInput({"reason": "Choose a reason."})
    note = clean_text(note).strip()
    if len(note) > MAX_NOTE_CHARACTERS:
        raise InvalidInput({"note": "The text is too long: 1,000 characters at most."})
    await step(
        tx,
        pair,
        Event.DECLINE,
        by=pair.side(person),
        now=now,
        values={"reason": reason, "reason_text": note, "decided_at": now, "holds_seat": False},
    )
    await end_offer(tx, site, pair, me=person, event="declined", now=now)
    if is_unavailable and is_mentor(pair, person):
        await _make_unavailable(tx, site, pair, now=now)
    return await get(tx, mentorship_id, person=person)


async def withdraw(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, now: datetime
) -> MentorshipView | None:
    """Take a question or request back; a draft is simply gone, and None comes back.

    Raises: NotFound, Conflict.
    """
    pair = await locked(tx, mentorship_id, person)
    if pair.mentorship.state == State.WITHDRAWN and is_asker(pair, person):
        return await get(tx, mentorship_id, person=person)
    if pair.mentorship.state == State.DRAFT:
        await mentorships.remove(tx, mentorship_id)
        return None
    await step(
        tx,
        pair,
        Event.WITHDRAW,
        by=pair.side(person),
        now=now,
        values={"decided_at": now, "holds_seat": False},
    )
    await take_back(tx, site, pair, me=person, reason="withdrawn", now=now)
    await tell_people(tx, site, pair, "withdrawn", by=pair.side(person), now=now)
    return await get(tx, mentorship_id, person=person)


async def announce_places(
    tx: Tx, *, person: Actor, mentorship_id: str, is_wanted: bool, now: datetime
) -> None:
    """Note whether somebody wants to hear when there is a place again.

    Raises: NotFound, Conflict.
    """
    pair = await locked(tx, mentorship_id, person)
    if pair.mentorship.state != State.SUPERSEDED or not is_mentee(pair, person):
        raise Conflict("not superseded", safe="There is nothing to wait for here.")
    await mentorships.change(tx, mentorship_id, now, is_announced=is_wanted)


def begin_intro(pair: Pair, *, by: str, seat_id: str | None, now: datetime) -> dict[str, Any]:
    """Return the columns with which getting to know each other begins."""
    mentorship = pair.mentorship
    shared = first(
        at=now.replace(microsecond=0),
        by=by,
        version=mentorship.version,
        terms=Terms(1, mentorship.asker, mentorship.terms),
    )
    return columns_of(shared) | {
        "decided_at": now,
        "intro_ends_at": now + timedelta(days=INTRO_DAYS),
        "alive_at": now,
        "holds_seat": seat_id is not None and pair.actor(Side.MENTOR).is_local,
        "seat_proposal_id": seat_id or None,
        "reason": None,
    }


async def after_accept(tx: Tx, site: Site, pair: Pair, *, now: datetime) -> None:
    """Do what follows from a new pair: count places, tell those for whom none is left, and the mentee's
    other requests."""
    await free_seat(tx, site, pair, now=now)
    seat_id = pair.mentorship.seat_proposal_id
    if seat_id is not None:
        await _supersede_waiting(tx, site, seat_id, now=now)
    if pair.actor(Side.MENTEE).is_local:
        await _supersede_others(tx, site, pair, now=now)


async def supersede(tx: Tx, site: Site, pair: Pair, *, person: Actor, reason: str, now: datetime) -> None:
    """End a request because no place is left, or somebody else was found."""
    await _supersede(tx, site, pair, person=person, reason=reason, now=now)
    await free_seat(tx, site, pair, now=now)


async def _supersede(tx: Tx, site: Site, pair: Pair, *, person: Actor, reason: str, now: datetime) -> None:
    """Do the same without counting the places anew."""
    await step(
        tx,
        pair,
        Event.SUPERSEDE,
        by=CLOCK,
        now=now,
        values={"reason": reason, "decided_at": now, "holds_seat": False},
    )
    partner = pair.actor(pair.side(person).other)
    if is_asker(pair, person):
        await mentorship_messages.send_undo(
            tx, site, pair.mentorship, me=person, partner=partner, reason="superseded", now=now
        )
    else:
        await mentorship_messages.send_reject(
            tx, site, pair.mentorship, me=person, partner=partner, event="superseded", now=now
        )
    await tell_people(tx, site, pair, "superseded", by=CLOCK, now=now, is_both=True)


async def end_offer(
    tx: Tx, site: Site, pair: Pair, *, me: Actor, event: str, now: datetime, is_told: bool = True
) -> None:
    """Send the no of `me`, and give a held place back."""
    await free_seat(tx, site, pair, now=now)
    side = pair.side(me)
    await mentorship_messages.send_reject(
        tx, site, pair.mentorship, me=me, partner=pair.actor(side.other), event=event, now=now
    )
    if is_told:
        await tell_people(tx, site, pair, event, by=side, now=now)


async def take_back(tx: Tx, site: Site, pair: Pair, *, me: Actor, reason: str, now: datetime) -> None:
    """Send the Undo of `me`, and give a held place back."""
    await free_seat(tx, site, pair, now=now)
    await mentorship_messages.send_undo(
        tx, site, pair.mentorship, me=me, partner=pair.actor(pair.side(me).other), reason=reason, now=now
    )


async def _supersede_waiting(tx: Tx, site: Site, offer_id: str, *, now: datetime) -> None:
    """Tell every request to an offer politely that its last place is taken."""
    offer = await seats.offer(tx, offer_id)
    if offer is None or await seats.free_count(tx, offer) > 0:
        return
    for waiting in await mentorships.waiting_on(tx, offer.uri):
        if waiting.holds_seat or waiting.decider is not Side.MENTOR:
            continue
        pair = await locked(tx, waiting.id)
        mentor = pair.actor(Side.MENTOR)
        await _supersede(tx, site, pair, person=mentor, reason=DeclineReason.FULL, now=now)
    await seats.refresh(tx, site, offer_id, now=now)  # once for all of them: there may be hundreds


async def _supersede_others(tx: Tx, site: Site, pair: Pair, *, now: datetime) -> None:
    """Take back a mentee's other requests once as many mentors are found as were wanted."""
    mentee = pair.actor(Side.MENTEE)
    account = await accounts.by_actor(tx, mentee.id)
    target_count = account.target_count if account is not None else 1
    if await mentorships.running_count(tx, mentee_id=mentee.id) < target_count:
        return
    for waiting in await mentorships.waiting_of_mentee(tx, mentee.id):
        if waiting.id != pair.mentorship.id and waiting.state == State.PROPOSED:
            other = await locked(tx, waiting.id)
            await supersede(tx, site, other, person=mentee, reason="found", now=now)


async def _make_unavailable(tx: Tx, site: Site, pair: Pair, *, now: datetime) -> None:
    """Pause the offer that a mentor answers for."""
    offer = await seats.offer(tx, pair.mentorship.seat_proposal_id or pair.mentorship.proposal_id)
    mentor = pair.actor(Side.MENTOR)
    if offer is not None and offer.author_id == mentor.id and offer.status in (Status.OPEN, Status.FULL):
        await proposals.set_status(
            tx, site, proposal_id=offer.id, author_id=mentor.id, status=Status.PAUSED, now=now
        )
