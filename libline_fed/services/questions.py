"""A short question before a request: to find out whether asking makes sense."""

from datetime import datetime, timedelta

from libline_fed.activitypub.urls import same_origin
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import QUESTION_DAYS, Channel, Event, Mentorship, Side, State
from libline_fed.domain.proposals import Audience, Purpose, Status
from libline_fed.errors import Conflict
from libline_fed.services import messages, seats
from libline_fed.services.mentorship_steps import step, tell_people
from libline_fed.services.mentorship_views import MentorshipView, get
from libline_fed.services.pairs import locked
from libline_fed.services.requests import facts_for, new_row
from libline_fed.services.site import Site
from libline_fed.storage import mentorships, proposals, tombstones
from libline_fed.storage.store import Tx


async def ask(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, text: str, now: datetime
) -> MentorshipView:
    """Ask a short question before a request; it does not count as one.

    Raises: NotFound, Conflict, InvalidInput.
    """
    pair = await locked(tx, mentorship_id, person)
    if pair.mentorship.state == State.DRAFT:
        facts = await facts_for(tx, pair, person, now)
        await step(
            tx,
            pair,
            Event.ASK_QUESTION,
            by=pair.side(person),
            now=now,
            facts=facts,
            values={"sent_at": now, "expires_at": now + timedelta(days=QUESTION_DAYS)},
        )
    elif pair.mentorship.state != State.QUESTION:
        raise Conflict("a request is there", safe="Write this as a message.")
    await messages.write(tx, site, person=person, mentorship_id=mentorship_id, text=text, now=now)
    await tell_people(tx, site, pair, "question", by=pair.side(person), now=now)
    return await get(tx, mentorship_id, person=person)


async def receive(
    tx: Tx,
    site: Site,
    *,
    asker: Actor,
    member: Actor,
    proposal_uri: str,
    thread_uri: str | None,
    asked_at: datetime,
    now: datetime,
) -> Mentorship | None:
    """Open a thread for the first question of somebody elsewhere; None if nothing may come of it.

    It goes quiet on both servers on the same day, however long it was on its way.
    """
    expires_at = asked_at + timedelta(days=QUESTION_DAYS)
    if expires_at <= now:
        return None
    proposal = (await proposals.by_uris(tx, (proposal_uri,))).get(proposal_uri)
    if proposal is None or proposal.author_id != member.id or proposal.status != Status.OPEN:
        return None
    if thread_uri is None or not same_origin(thread_uri, asker.uri) or proposal.audience == Audience.INSTANCE:
        return None
    if (await tombstones.among(tx, (thread_uri,))).get(thread_uri) == asker.uri:  # taken back meanwhile
        return None
    is_offer = proposal.purpose == Purpose.OFFER
    mentor, mentee = (member, asker) if is_offer else (asker, member)
    await mentorships.lock_people(tx, (mentor.id, mentee.id))
    if await seats.is_blocked(tx, member, asker):
        return None
    side = Side.MENTEE if is_offer else Side.MENTOR
    made = await mentorships.add(
        tx,
        {
            **new_row(site, proposal=proposal, mentor=mentor, mentee=mentee, now=now),
            "channel": Channel.LIBLINE.value,
            "thread_uri": thread_uri,
            "asker": side.value,
            "changed_by": side.value,
            "state": State.QUESTION.value,
            "sent_at": asked_at,
            "expires_at": expires_at,
        },
    )
    if made is None:  # the two have something open about this proposal already
        return None
    await mentorships.add_event(
        tx, made, event=Event.ASK_QUESTION, by=side, state_before=State.DRAFT, now=now
    )
    await tell_people(tx, site, await locked(tx, made.id), "question", by=side, now=now)
    return made
