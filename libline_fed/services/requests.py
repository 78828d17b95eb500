"""Asking: drafts, questions before a request, requests, counter-proposals. The answers are in `answers`.

`person` is a member here, or somebody who signed in with an account of another server. What other servers
say comes in through `agreements_received`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from libline_fed import vocabulary
from libline_fed.activitypub.agreements import (
    ANSWER_KEYS,
    MAX_ANSWER_CHARACTERS,
    TERM_TEXTS,
    changed_terms,
    parse_terms,
)
from libline_fed.domain.accounts import Account
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorship_guards import Facts
from libline_fed.domain.mentorships import (
    EXPIRY_DAYS,
    Channel,
    Event,
    Mentorship,
    Side,
    State,
)
from libline_fed.domain.proposals import Proposal, Purpose, Status
from libline_fed.errors import Conflict, InvalidInput
from libline_fed.ids import new_id
from libline_fed.sanitize import clean_text, linkify_text
from libline_fed.services import deadlines, mentorship_messages, proposals, seats
from libline_fed.services.mentorship_steps import free_seat, step, tell_people
from libline_fed.services.mentorship_views import MentorshipView, get
from libline_fed.services.pairs import Pair, locked
from libline_fed.services.site import Site
from libline_fed.storage import accounts, mentorships
from libline_fed.storage.store import Tx

MAX_MESSAGE_CHARACTERS = 5_000
MAX_NOTE_CHARACTERS = 1_000
MIN_MESSAGE_CHARACTERS = 10


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody writes to ask: a message, the answers to three questions, and wished terms."""

    message_text: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    terms: dict[str, Any] = field(default_factory=dict)
    language: str | None = None

    def cleaned(self) -> "Words":
        """Return the words within their bounds, without what cannot be seen."""
        return Words(
            clean_text(self.message_text)[: MAX_MESSAGE_CHARACTERS + 1],
            {key: clean_text(self.answers.get(key, ""))[: MAX_ANSWER_CHARACTERS + 1] for key in ANSWER_KEYS},
            parse_terms(self.terms) | {key: "" for key in TERM_TEXTS if self.terms.get(key) == ""},
            vocabulary.canonical_language(self.language) if self.language else None,
        )

    def check(self, *, is_request: bool) -> None:
        """Check the words before they are sent.

        Raises: InvalidInput.
        """
        problems: dict[str, str] = {}
        if len(self.message_text.strip()) < MIN_MESSAGE_CHARACTERS:
            problems["message_text"] = "Write a few words, so that the other person knows who you are."
        if len(self.message_text) > MAX_MESSAGE_CHARACTERS:
            problems["message_text"] = "The text is too long: 5,000 characters at most."
        for key, answer in self.answers.items():
            if len(answer) > MAX_ANSWER_CHARACTERS:
                problems[key] = "The text is too long: 2,000 characters at most."
        if is_request and not self.answers.get("by_when", "").strip():
            problems["by_when"] = "Write what you would like to reach, and by when."
        if problems:
            raise InvalidInput(problems)


# --- writing ----------------------------------------------------------------------------------------


async def start(
    tx: Tx, site: Site, *, person: Actor, proposal_id: str, viewer: Account | None, now: datetime
) -> Mentorship:
    """Begin a request to an offer, or an answer to a request; the one that is open already comes back.

    Raises: NotFound, Conflict.
    """
    listed = await proposals.get(tx, proposal_id, viewer=viewer)
    proposal, author = listed.proposal, listed.author
    if author.id == person.id:
        raise Conflict("one's own proposal", safe="This is your own.")
    if person.is_local and person.moved_to_uri is not None:
        raise Conflict("has moved", safe="You have moved to another server. Ask there with your new account.")
    if not (person.is_local or author.is_local):  # this server has no part in it, and speaks for neither
        raise Conflict(
            "two people of other servers",
            safe="This was written on another server. Open it there, or sign up here to ask.",
        )
    if not author.is_local and not person.is_local:  # nobody here could speak for either of them
        raise Conflict("a guest asks elsewhere", safe="As a guest you can only ask people of this server.")
    mentor, mentee = (author, person) if proposal.purpose == Purpose.OFFER else (person, author)
    await mentorships.lock_people(tx, (mentor.id, mentee.id))
    known = await mentorships.open_one(
        tx, mentor_id=mentor.id, mentee_id=mentee.id, proposal_uri=proposal.uri
    )
    if known is not None:
        return known
    made = await mentorships.add(
        tx,
        {
            **new_row(site, proposal=proposal, mentor=mentor, mentee=mentee, now=now),
            "asker": Side.MENTEE if person.id == mentee.id else Side.MENTOR,
            "changed_by": Side.MENTEE if person.id == mentee.id else Side.MENTOR,
            "state": State.DRAFT.value,
        },
    )
    assert made is not None, "both people are locked"
    await mentorships.add_event(tx, made, event=Event.WRITE, by=made.asker, state_before="none", now=now)
    return made


def new_row(site: Site, *, proposal: Proposal, mentor: Actor, mentee: Actor, now: datetime) -> dict[str, Any]:
    """Return the columns that every new mentorship begins with."""
    mentorship_id = new_id(now)
    return {
        "id": mentorship_id,
        "thread_uri": site.uris.thread(mentorship_id),
        "proposal_id": proposal.id,
        "proposal_uri": proposal.uri,
        "proposal_title": proposal.title,
        "purpose": proposal.purpose,
        "mentor_id": mentor.id,
        "mentee_id": mentee.id,
        "channel": channel_of(mentor, mentee, proposal),
        "standing": {},
        "version": 1,
        "answers": {},
        "terms": terms_of(proposal),
        "language": proposal.language,
        "created_at": now,
        "updated_at": now,
    }


def channel_of(mentor: Actor, mentee: Actor, proposal: Proposal) -> str:
    """Return how the two are reached: who publishes proposals elsewhere speaks our language there."""
    if mentor.is_local and mentee.is_local:
        return Channel.LOCAL.value
    return Channel.NOTE.value if proposal.is_local else Channel.LIBLINE.value


def terms_of(proposal: Proposal) -> dict[str, Any]:
    """Return the terms that a proposal suggests."""
    details = proposal.details
    suggested = {
        "months": details.get("months", 4),
        "frequency": details.get("frequency"),
        "mode": next(iter(proposal.modes), None),
        "goal_type": next(iter(details.get("goals") or ()), None),
        "is_confidential": True,
    }
    return parse_terms({key: value for key, value in suggested.items() if value is not None})


async def save_draft(tx: Tx, *, person: Actor, mentorship_id: str, words: Words, now: datetime) -> Mentorship:
    """Keep what was written so far; drafts may be as unfinished as they are.

    Raises: NotFound, Conflict.
    """
    pair = await locked(tx, mentorship_id, person)
    if pair.mentorship.state not in (State.DRAFT, State.QUESTION) or not is_asker(pair, person):
        raise Conflict("not a draft of this person", safe="This was sent already.")
    return await mentorships.change(tx, mentorship_id, now, **_columns_of(words.cleaned(), pair.mentorship))


async def send(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, words: Words, now: datetime
) -> MentorshipView:
    """Send a request (or a mentor's answer to one); the button pressed twice sends it once.

    Raises: NotFound, Conflict, InvalidInput.
    """
    pair = await locked(tx, mentorship_id, person)
    if pair.mentorship.state == State.PROPOSED and is_asker(pair, person):
        return await get(tx, mentorship_id, person=person)
    words = words.cleaned()
    words.check(is_request=pair.side(person) is Side.MENTEE)
    facts = await facts_for(tx, pair, person, now)
    held = await _seat_of_asker(tx, pair, person)
    offer_id = new_id(now)
    await step(
        tx,
        pair,
        Event.SEND,
        by=pair.side(person),
        now=now,
        facts=facts,
        values={
            **_columns_of(words, pair.mentorship),
            **held,
            "offer_uri": site.uris.activity(offer_id),
            "sent_at": now,
            "expires_at": await deadline(tx, pair, now),
        },
    )
    await free_seat(tx, site, pair, now=now)
    await _send_offer(tx, site, pair, person, before=None, now=now)
    await tell_people(
        tx, site, pair, "requested" if is_mentee(pair, person) else "offered", by=pair.side(person), now=now
    )
    return await get(tx, mentorship_id, person=person)


async def counter(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, words: Words, now: datetime
) -> MentorshipView:
    """Propose other terms instead of a yes or no; then the other decides.

    Raises: NotFound, Conflict, InvalidInput.
    """
    pair = await locked(tx, mentorship_id, person)
    words = words.cleaned()
    words.check(is_request=False)
    before, me = pair.mentorship, pair.side(person)
    facts = await facts_for(tx, pair, person, now)
    held = await _seat_of_asker(tx, pair, person)
    await step(
        tx,
        pair,
        Event.COUNTER,
        by=me,
        now=now,
        facts=facts,
        values={
            **held,
            "asker": me.value,
            "message_text": words.message_text,
            "message_html": linkify_text(words.message_text),
            "terms": changed_terms(before.terms, words.terms),
            "offer_uri": site.uris.activity(new_id(now)),
            "counters_count": before.counters_count + 1,
            "version": before.version + 1,
            "sent_at": now,
            "reminders_count": 0,
        },
    )
    expires_at = await deadline(tx, pair, now)
    pair.mentorship = await mentorships.change(tx, mentorship_id, now, expires_at=expires_at)
    await seats.refresh(tx, site, before.seat_proposal_id, pair.mentorship.seat_proposal_id, now=now)
    await _send_offer(tx, site, pair, person, before=before.offer_uri, now=now)
    await tell_people(tx, site, pair, "countered", by=me, now=now)
    return await get(tx, mentorship_id, person=person)


async def facts_for(tx: Tx, pair: Pair, person: Actor, now: datetime) -> Facts:
    """Gather what the guards of this phase look at."""
    mentorship, partner = pair.mentorship, pair.actor(pair.side(person).other)
    account = await accounts.by_actor(tx, person.id) if person.is_local else None
    is_asking_mentee = is_mentee(pair, person)
    return Facts(
        is_primer_done=account is None or account.primer_done_at is not None,
        open_requests_count=await mentorships.open_requests_count(tx, person.id) if is_asking_mentee else 0,
        is_blocked=await seats.is_blocked(tx, person, partner) or not partner.is_usable,
        is_open=await _is_open(tx, mentorship, partner, now),
        counters_by_me_count=await counters_by(tx, mentorship, pair.side(person)),
        has_free_seat=await seat(tx, pair) is not None,
    )


async def deadline(tx: Tx, pair: Pair, now: datetime) -> datetime:
    """Return when a request expires: ten days, longer if the decider said so, without days of absence."""
    decider = pair.actor(pair.mentorship.decider)
    proposal = await seats.proposal_of(tx, pair.mentorship)
    answer_days = proposal.details.get("answer_days") if proposal is not None else None
    days = max(EXPIRY_DAYS, answer_days if isinstance(answer_days, int) else 0)
    return await deadlines.after(tx, decider, since=now, days=days)


async def seat(tx: Tx, pair: Pair) -> str | None:
    """Return the place that is held, or one that can be taken (`seats.find`)."""
    if pair.mentorship.holds_seat:
        return pair.mentorship.seat_proposal_id or seats.NO_OFFER
    return await seats.find(tx, mentor=pair.actor(Side.MENTOR), mentorship=pair.mentorship)


async def _seat_of_asker(tx: Tx, pair: Pair, person: Actor) -> dict[str, Any]:
    """Return the columns of the place that a mentor's own Offer holds; a mentee's holds none.

    Raises: Conflict if no place is free.
    """
    if not is_mentor(pair, person):
        return {"holds_seat": False, "seat_proposal_id": None}
    seat_id = await seat(tx, pair)
    if seat_id is None:
        raise Conflict("no free seat", safe="You have no free place. Offer more places first.")
    return {"holds_seat": person.is_local, "seat_proposal_id": seat_id or None}


async def _is_open(tx: Tx, mentorship: Mentorship, partner: Actor, now: datetime) -> bool:
    proposal = await seats.proposal_of(tx, mentorship)
    if proposal is None or proposal.status != Status.OPEN:
        return False
    if proposal.open_until_on is not None and proposal.open_until_on < now.date():
        return False
    account = await accounts.by_actor(tx, partner.id) if partner.is_local else None
    return account is None or not account.is_paused


async def counters_by(tx: Tx, mentorship: Mentorship, side: Side) -> int:
    """Count the counter-proposals that a side has made."""
    happened = await mentorships.events(tx, mentorship.id)
    return sum(1 for one in happened if one.event == Event.COUNTER and one.by == side)


async def _send_offer(
    tx: Tx, site: Site, pair: Pair, person: Actor, *, before: str | None, now: datetime
) -> None:
    await mentorship_messages.send_offer(
        tx,
        site,
        pair.mentorship,
        me=person,
        partner=pair.actor(pair.side(person).other),
        before=before,
        now=now,
    )


def _columns_of(words: Words, mentorship: Mentorship) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "message_text": words.message_text,
        "message_html": linkify_text(words.message_text),
        "answers": words.answers,
    }
    if words.terms:
        columns["terms"] = changed_terms(mentorship.terms, words.terms)
    if words.language:
        columns["language"] = words.language
    return columns


def is_asker(pair: Pair, person: Actor) -> bool:
    """Tell whether the Offer is somebody's."""
    return pair.mentorship.asker == pair.side(person)


def is_mentor(pair: Pair, person: Actor) -> bool:
    """Tell whether somebody is the mentor."""
    return person.id == pair.mentorship.mentor_id


def is_mentee(pair: Pair, person: Actor) -> bool:
    """Tell whether somebody is the mentee."""
    return person.id == pair.mentorship.mentee_id
