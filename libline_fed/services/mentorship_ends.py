"""Ends that nobody agreed on: a block, a suspension, an account that is gone."""

from datetime import datetime

from libline_fed.domain import agreements
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Event, State
from libline_fed.services import answers, private_notes
from libline_fed.services.mentorship_steps import free_seat, say_update, step, tell_people
from libline_fed.services.mentorship_views import shared_of
from libline_fed.services.mentorships import whole_seconds
from libline_fed.services.pairs import Pair, locked
from libline_fed.services.site import Site
from libline_fed.storage import mentorships
from libline_fed.storage.store import Tx


async def for_safety(tx: Tx, site: Site, *, person: Actor, partner_id: str, now: datetime) -> int:
    """End everything between two people at once, as a block or a suspension asks; returns how many.

    The other side sees an ordinary end or no.
    """
    await mentorships.lock_people(tx, (person.id, partner_id))
    states = ("question", "proposed", "intro", "active", "paused")
    found = await mentorships.of_pair(tx, person.id, partner_id, *states)
    for one in found:
        pair = await locked(tx, one.id)
        side = pair.side(person)
        await private_notes.cancel_queued(tx, site, pair, now=now)
        if one.is_running:
            shared = agreements.step(shared_of(one), State.ENDED_SAFETY, by=side, at=whole_seconds(now))
            await step(tx, pair, Event.END_FOR_SAFETY, by=side, now=now, shared=shared)
            await _let_go(tx, site, pair, person, now)
        else:
            values = {"holds_seat": False, "decided_at": now, "reason": "unavailable"}
            await step(tx, pair, Event.END_FOR_SAFETY, by=side, now=now, values=values)
            await _take_leave(tx, site, pair, person, now)
        await tell_people(tx, site, pair, "ended", by=side, now=now)
    return len(found)


async def person_gone(tx: Tx, site: Site, person: Actor, *, now: datetime) -> int:
    """End what somebody who is gone for good took part in; partners here are told neutrally.

    What the person wrote goes; the partner keeps the bare fact, and the own words.
    """
    count = 0
    for one in await mentorships.of_actor(tx, person.id):
        if one.is_over:
            continue
        if one.state == State.DRAFT:
            await mentorships.remove(tx, one.id)
            continue
        pair = await locked(tx, one.id)
        side = pair.side(person)
        if one.is_running:
            is_intro = one.state == State.INTRO
            state = State.ENDED_INTRO if is_intro else State.ENDED_EARLY
            shared = agreements.step(shared_of(one), state, by=side, at=whole_seconds(now))
            event = Event.LEAVE if is_intro else Event.END_EARLY
            await step(tx, pair, event, by=side, now=now, shared=shared)
            await _let_go(tx, site, pair, person, now)
        else:
            event = Event.WITHDRAW if one.asker == side else Event.DECLINE
            values = {"holds_seat": False, "decided_at": now, "reason": "unavailable"}
            await step(tx, pair, event, by=side, now=now, values=values)
            await _take_leave(tx, site, pair, person, now)
        await tell_people(tx, site, pair, "partner-gone", by=side, now=now)
        count += 1
    await mentorships.forget_words(tx, person.id)
    return count


async def _let_go(tx: Tx, site: Site, pair: Pair, person: Actor, now: datetime) -> None:
    """Give the place back, and tell the other server if it was a person of this one who ended it."""
    await free_seat(tx, site, pair, now=now)
    if person.is_local:
        await say_update(tx, site, pair, "ended", by=pair.side(person), now=now)


async def _take_leave(tx: Tx, site: Site, pair: Pair, person: Actor, now: datetime) -> None:
    """Say no, or take the Offer back, if it is a person of this server who does not answer any more."""
    if not person.is_local:
        await free_seat(tx, site, pair, now=now)
    elif pair.mentorship.asker == pair.side(person):
        await answers.take_back(tx, site, pair, me=person, reason="withdrawn", now=now)
    else:
        await answers.end_offer(tx, site, pair, me=person, event="declined", now=now, is_told=False)
