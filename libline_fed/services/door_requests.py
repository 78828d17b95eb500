"""A private message that becomes a request, and a public reply whose writer is asked whether it should."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libline_fed.domain.actors import Actor
from libline_fed.domain.doors import QUESTION_LIFE, QuestionKind, QuestionState, language_of
from libline_fed.domain.mentorship_steps import StepRefused
from libline_fed.domain.mentorships import MAX_OPEN_REQUESTS, Channel, Event, Mentorship, Side, State
from libline_fed.domain.proposals import Proposal, Purpose, Status
from libline_fed.ids import new_id
from libline_fed.services import door_talk, mentorship_messages, requests, seats
from libline_fed.services.door_talk import Door
from libline_fed.services.mentorship_steps import free_seat, step, tell_people
from libline_fed.services.pairs import Pair
from libline_fed.services.requests import MAX_MESSAGE_CHARACTERS
from libline_fed.services.site import Site
from libline_fed.storage import doors, mentorships
from libline_fed.storage.store import Tx

# Who may be asked or ask: a bot that answers every message would be answered for ever.
ASKABLE_TYPES = frozenset({"Person", "Organization", "Group"})


@dataclass(frozen=True, slots=True)
class Asking:
    """What somebody wrote to ask."""

    uri: str | None  # of the message
    text: str
    content_html: str  # sanitised
    language: str | None


async def register(
    tx: Tx,
    site: Site,
    *,
    proposal: Proposal,
    member: Actor,
    person: Actor,
    asking: Asking,
    thread_uri: str | None = None,
    now: datetime,
) -> Mentorship | None:
    """Make a request of what somebody wrote; one that cannot be is answered with the reason.

    Returns: the request, also one that was open before; None if there is none.
    """
    is_mentee = proposal.purpose == Purpose.OFFER
    mentor, mentee = (member, person) if is_mentee else (person, member)
    await mentorships.lock_people(tx, (mentor.id, mentee.id))
    known = await mentorships.by_offer_uri(tx, asking.uri) if asking.uri is not None else None
    if known is not None:  # this very message came before
        return known
    known = await mentorships.open_one(
        tx, mentor_id=mentor.id, mentee_id=mentee.id, proposal_uri=proposal.uri
    )
    if known is not None and known.state != State.DRAFT:
        return known
    side = Side.MENTEE if is_mentee else Side.MENTOR
    row = {
        **requests.new_row(site, proposal=proposal, mentor=mentor, mentee=mentee, now=now),
        "channel": Channel.NOTE.value,
        "asker": side.value,
        "changed_by": side.value,
        "state": State.DRAFT.value,
    }
    if thread_uri is not None:
        row["thread_uri"] = thread_uri
    made = known or await mentorships.add(tx, row)
    if made is None:
        return None  # somebody else's thread was named
    pair = Pair(made, {Side.MENTOR: mentor, Side.MENTEE: mentee})
    if await _send(tx, site, pair, person, asking, now):
        await _cancel_question(tx, proposal=proposal, member=member, person=person, now=now)
        return pair.mentorship
    if known is None:
        await mentorships.remove(tx, made.id)
    return None


async def _cancel_question(
    tx: Tx, *, proposal: Proposal, member: Actor, person: Actor, now: datetime
) -> None:
    """End the question whether a comment is a request: now there is one."""
    for question in await doors.open_between(tx, actor_id=person.id, member_id=member.id):
        if question.kind == QuestionKind.REGISTER and question.proposal_id == proposal.id:
            await doors.close(tx, question.id, state=QuestionState.CANCELLED, now=now)


async def _send(tx: Tx, site: Site, pair: Pair, person: Actor, asking: Asking, now: datetime) -> bool:
    """Send a draft as what it is; False if that is refused, which the person is told."""
    side = pair.side(person)
    facts = await requests.facts_for(tx, pair, person, now)
    values: dict[str, Any] = {
        "message_text": asking.text[:MAX_MESSAGE_CHARACTERS],
        "message_html": asking.content_html,
        "language": language_of(asking.language, site.default_language),
        "offer_uri": asking.uri or site.uris.activity(new_id(now)),
        "sent_at": now,
        "expires_at": await requests.deadline(tx, pair, now),
    }
    try:
        await step(tx, pair, Event.SEND, by=side, now=now, facts=facts, values=values)
    except StepRefused:
        is_many = side is Side.MENTEE and facts.open_requests_count >= MAX_OPEN_REQUESTS
        key = "refused-many" if is_many else "refused-closed"
        door = _door(site, pair, asking, member=pair.actor(side.other), person=person)
        await door_talk.say(tx, site, door, door.text(site, key), ending=None, now=now)
        return False
    await free_seat(tx, site, pair, now=now)
    await mentorship_messages.send_offer(
        tx, site, pair.mentorship, me=person, partner=pair.actor(side.other), before=None, now=now
    )
    event = "requested" if side is Side.MENTEE else "offered"
    await tell_people(tx, site, pair, event, by=side, now=now)
    return True


def _door(site: Site, pair: Pair, asking: Asking, *, member: Actor, person: Actor) -> Door:
    return Door(
        member,
        person,
        pair.mentorship.thread_uri,
        language_of(asking.language, site.default_language),
        pair.mentorship.proposal_title,
        in_reply_to_uri=asking.uri,
    )


async def ask_to_register(
    tx: Tx,
    site: Site,
    *,
    proposal: Proposal,
    member: Actor,
    person: Actor,
    comment_uri: str,
    language: str | None,
    now: datetime,
) -> bool:
    """Ask somebody who commented publicly, once for a proposal, whether this is meant as a request."""
    is_askable = person.type in ASKABLE_TYPES and not person.is_local
    if not is_askable or proposal.status != Status.OPEN or await seats.is_blocked(tx, member, person):
        return False
    await mentorships.lock_people(tx, (member.id, person.id))
    is_mentee = proposal.purpose == Purpose.OFFER
    mentor, mentee = (member, person) if is_mentee else (person, member)
    known = await mentorships.open_one(
        tx, mentor_id=mentor.id, mentee_id=mentee.id, proposal_uri=proposal.uri
    )
    kind = QuestionKind.REGISTER
    if known is not None or await doors.was_asked(tx, actor_id=person.id, proposal_id=proposal.id, kind=kind):
        return False
    door = Door(
        member,
        person,
        site.uris.thread(new_id(now)),
        language_of(language, site.default_language),
        proposal.title,
        proposal=proposal,
        in_reply_to_uri=comment_uri,
    )
    words = door.text(site, "register" if is_mentee else "register-mentor")
    readable = door.text(site, "readable")
    return await door_talk.ask(tx, site, door, kind, words, readable, expires_at=now + QUESTION_LIFE, now=now)
