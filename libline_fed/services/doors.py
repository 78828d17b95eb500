"""The other door: requests, decisions and messages of people who have no LibLine.

They write private messages, vote in private polls, favourite, and say STOP. Each of it ends in the same
service that a page calls; what they are told comes from `door_mirror`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from libline_fed.activitypub.objects import NoteDocument
from libline_fed.domain.actors import Actor
from libline_fed.domain.doors import (
    Answer,
    DoorQuestion,
    How,
    language_of,
    read_reply,
    read_vote,
    without_mentions,
)
from libline_fed.domain.mentorship_steps import StepRefused
from libline_fed.domain.mentorships import Channel, Mentorship, State
from libline_fed.domain.messages import may_still_arrive
from libline_fed.domain.proposals import Proposal
from libline_fed.errors import RefusalReason
from libline_fed.sanitize import plain_text
from libline_fed.services import door_answers, door_requests, door_talk, messages
from libline_fed.services.door_requests import Asking
from libline_fed.services.door_talk import Door
from libline_fed.services.pairs import locked
from libline_fed.services.remote_posts import Arrival
from libline_fed.services.requests import MAX_MESSAGE_CHARACTERS
from libline_fed.services.site import Site
from libline_fed.storage import doors, posts, proposals
from libline_fed.storage import mentorships as mentorship_rows
from libline_fed.storage.store import Tx

MAX_LINKS = 20
_PROPOSAL_PATH = re.compile(r"/proposals/([0-9a-f-]{36})(?![0-9a-f-])")
_MESSAGE_PATH = re.compile(r"/messages/([0-9a-f-]{36})\Z")


@dataclass(frozen=True, slots=True)
class _Place:
    """What a private message belongs to."""

    member: Actor
    mentorship: Mentorship | None
    question: DoorQuestion | None  # open or not, the latest of the thread


# --- what comes in ------------------------------------------------------------------------------------


async def receive_private(
    tx: Tx, site: Site, arrival: Arrival, before: Sequence[Arrival], *, now: datetime
) -> bool:
    """Take in a private message; False if it has to do with no proposal, request or mentorship.

    `before` are posts that came a moment ago and are not stored yet.
    """
    note, person = arrival.admitted.document, arrival.author
    text = without_mentions(plain_text(note.content_html))
    answer = read_reply(text)
    place = await _thread_place(tx, site, note, person, arrival.recipients)
    found = await _proposal_named(tx, site, note, arrival.recipients) if place is None else None
    if place is None and found is None:
        place = await _pair_place(tx, person, arrival.recipients, now)
    if place is not None:
        return await _in_place(tx, site, arrival, place, answer, now)
    if found is None or person.type not in door_requests.ASKABLE_TYPES:
        return False
    proposal, member = found
    if answer is Answer.STOP or await _is_stopped(tx, note, person, before):
        await _say_nothing_ends(tx, site, member, person, note, now)
        return True
    asking = Asking(note.uri, text, messages.without_mention(note.content_html), note.language)
    made = await door_requests.register(
        tx, site, proposal=proposal, member=member, person=person, asking=asking, now=now
    )
    if made is not None and made.offer_uri != note.uri:  # asked before: this is one more message
        await _pass_on(tx, site, arrival, made, now)
    return True


async def _is_stopped(tx: Tx, note: NoteDocument, person: Actor, before: Sequence[Arrival]) -> bool:
    """Tell whether a STOP to this very message has overtaken it on the way."""
    stored = [one.content_html for one in await doors.private_answers(tx, note.uri, person.id)]
    came = [one.admitted.document for one in before if one.author.id == person.id]
    said = [*stored, *(one.content_html for one in came if one.in_reply_to_uri == note.uri)]
    return any(read_reply(plain_text(content_html)) is Answer.STOP for content_html in said)


async def receive_comment(tx: Tx, site: Site, arrival: Arrival, proposal: Proposal, *, now: datetime) -> None:
    """Ask who wrote a public reply, once, whether it is meant as a request."""
    note = arrival.admitted.document
    assert arrival.replied_to is not None
    await door_requests.ask_to_register(
        tx,
        site,
        proposal=proposal,
        member=arrival.replied_to,
        person=arrival.author,
        comment_uri=note.uri,
        language=note.language,
        now=now,
    )


async def receive_vote(tx: Tx, site: Site, note: NoteDocument, person: Actor, *, now: datetime) -> bool:
    """Take in a vote; False if it is in no poll of ours that this person was asked in."""
    question = await doors.by_uri(tx, note.in_reply_to_uri or "")
    if question is None or question.actor_id != person.id:
        return False
    answer = read_vote(note.poll_vote or "")
    if answer is None:
        return False
    if not await door_answers.answer_question(tx, site, question, answer, How.VOTE, now=now):
        await door_answers.say_late(tx, site, question, person, now=now)
    return True


async def receive_like(
    tx: Tx, *, question_uri: str, person: Actor, content: str, now: datetime
) -> bool | None:
    """Note a favourite of a question as a yes, which counts once it cannot be taken back any more.

    Returns: None if it is about no question; False for one that has no effect.
    """
    question = await doors.by_uri(tx, question_uri)
    if question is None or question.actor_id != person.id:
        return None
    if content and read_reply(content) is not Answer.YES:  # FEP-c0e0: a thumb down is no yes
        return False
    return await doors.put_like(tx, question.id, now=now)


async def receive_unlike(tx: Tx, *, question_uri: str, person: Actor) -> bool:
    """Forget a favourite that is taken back in time; later it stands, and this has no effect."""
    question = await doors.by_uri(tx, question_uri)
    return question is not None and question.actor_id == person.id and await doors.drop_like(tx, question.id)


async def receive_edit(tx: Tx, *, note: NoteDocument, person: Actor, now: datetime) -> bool:
    """Take in that somebody edited the message that is a request; False for any other message."""
    known = await mentorship_rows.by_offer_uri(tx, note.uri)
    if known is None or known.side_of(person.id) is None or known.state != State.PROPOSED:
        return False
    await mentorship_rows.change(
        tx,
        known.id,
        now,
        message_text=without_mentions(plain_text(note.content_html))[:MAX_MESSAGE_CHARACTERS],
        message_html=messages.without_mention(note.content_html),
    )
    return True


async def receive_deletion(tx: Tx, site: Site, *, uri: str, person: Actor, now: datetime) -> bool:
    """Take a request back whose message was deleted before an answer; False for any other message.

    A public comment is not that message: the request was made by the yes that followed in private.
    """
    known = await mentorship_rows.by_offer_uri(tx, uri)
    if known is None or known.state != State.PROPOSED or known.asker != known.side_of(person.id):
        return False
    if await posts.by_uris(tx, (uri,)):
        return False
    return await door_answers.stop(tx, site, known, person, now=now)


# --- what it belongs to -------------------------------------------------------------------------------


async def _thread_place(
    tx: Tx, site: Site, note: NoteDocument, person: Actor, members: Sequence[Actor]
) -> _Place | None:
    """Find the thread that a message goes on: the one it names, or that of the message it answers."""
    answered, named = note.in_reply_to_uri or "", note.context_uri or ""
    match = _MESSAGE_PATH.search(answered) if site.uris.is_local(answered) else None
    threads = [named] if site.uris.is_local(named) else []
    if match is not None:
        thread_uri = await doors.thread_of(
            tx, message_uri=answered, activity_id=match[1], reader_uri=person.uri
        )
        threads = [thread_uri, *threads] if thread_uri is not None else threads
    for thread_uri in threads:
        mentorship = await mentorship_rows.by_thread_uri(tx, thread_uri)
        question = await doors.latest_in(tx, thread_uri)
        for member in members:
            is_theirs = mentorship is not None and _is_between(mentorship, member, person)
            is_asked = question is not None and (question.member_id, question.actor_id) == (
                member.id,
                person.id,
            )
            if is_theirs or (mentorship is None and is_asked):
                return _Place(member, mentorship, question)
    return None


async def _pair_place(tx: Tx, person: Actor, members: Sequence[Actor], now: datetime) -> _Place | None:
    """Find what a message that names no thread can only be about: what was last done between the two."""
    for member in members:
        found = await mentorship_rows.of_pair(tx, person.id, member.id)
        live = [one for one in found if one.channel == Channel.NOTE and may_still_arrive(one, now)]
        if live:
            latest = max(live, key=lambda one: (not one.is_over, one.updated_at))
            return _Place(member, latest, await doors.latest_in(tx, latest.thread_uri))
        questions = await doors.open_between(tx, actor_id=person.id, member_id=member.id)
        if questions:
            return _Place(member, None, questions[-1])
    return None


def _is_between(mentorship: Mentorship, member: Actor, person: Actor) -> bool:
    pair = {mentorship.mentor_id, mentorship.mentee_id}
    return mentorship.channel == Channel.NOTE and pair == {member.id, person.id}


async def _proposal_named(
    tx: Tx, site: Site, note: NoteDocument, members: Sequence[Actor]
) -> tuple[Proposal, Actor] | None:
    """Return the public proposal of an addressed member that a message answers, or links to first."""
    linked = [
        site.uris.proposal(match[1])
        for match in _PROPOSAL_PATH.finditer(note.content_html)
        if note.content_html.startswith(site.uris.base_url, max(0, match.start() - len(site.uris.base_url)))
    ]
    wanted = [*([note.in_reply_to_uri] if note.in_reply_to_uri else []), *linked[:MAX_LINKS]]
    known = await proposals.by_uris(tx, wanted) if wanted else {}
    people = {member.id: member for member in members}
    for uri in wanted:
        proposal = known.get(uri)
        if proposal is not None and proposal.is_local and proposal.audience == "public":
            member = people.get(proposal.author_id)
            if member is not None:
                return proposal, member
    return None


# --- what is done with it -----------------------------------------------------------------------------


async def _in_place(
    tx: Tx, site: Site, arrival: Arrival, place: _Place, answer: Answer | None, now: datetime
) -> bool:
    """Read a message of a thread: STOP first, then an answer to the open question, else words to pass on."""
    question = place.question if place.question is not None and place.question.is_open else None
    if answer is Answer.STOP:
        await _stop(tx, site, arrival, place, question, now)
        return True
    if question is not None and answer is not None:
        await door_answers.answer_question(tx, site, question, answer, How.WORD, now=now)
        return True
    if place.mentorship is None:
        return False  # neither yes nor no: kept as a message to the member
    return await _pass_on(tx, site, arrival, place.mentorship, now)


async def _stop(
    tx: Tx, site: Site, arrival: Arrival, place: _Place, question: DoorQuestion | None, now: datetime
) -> None:
    person, note = arrival.author, arrival.admitted.document
    if place.mentorship is not None:
        try:
            async with tx.savepoint():
                if await door_answers.stop(tx, site, place.mentorship, person, now=now):
                    return
        except StepRefused:  # somebody else was faster: there is nothing left to end
            pass
    elif question is not None:
        await door_answers.answer_question(tx, site, question, Answer.NO, How.WORD, now=now)
        return
    await _say_nothing_ends(tx, site, place.member, person, note, now)


async def _pass_on(tx: Tx, site: Site, arrival: Arrival, mentorship: Mentorship, now: datetime) -> bool:
    """Put a message into the thread of a mentorship; False if nothing can be written there any more."""
    pair = await locked(tx, mentorship.id, arrival.author)
    refusal = await messages.receive(
        tx, site, pair, author=arrival.author, admitted=arrival.admitted, now=now
    )
    return refusal is None or refusal.reason is RefusalReason.OUTDATED


async def _say_nothing_ends(
    tx: Tx, site: Site, member: Actor, person: Actor, note: NoteDocument, now: datetime
) -> None:
    door = Door(
        member,
        person,
        note.context_uri if note.context_uri is not None else note.uri,
        language_of(note.language, site.default_language),
        "",
        in_reply_to_uri=note.uri,
    )
    await door_talk.say(tx, site, door, door.text(site, "nothing"), ending=None, now=now)
