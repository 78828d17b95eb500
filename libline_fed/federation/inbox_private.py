"""What the other of a pair shares from another LibLine server: messages, goals, talks, meetings, feedback.

A post belongs to a mentorship's thread only if the thread is named or answered, its author is exactly the
partner as stored, and it is addressed to the member alone. Everything else stays the post that it is.
"""

from collections.abc import Awaitable, Callable

from libline_fed.activitypub.objects import Admitted, NoteDocument, Visibility
from libline_fed.activitypub.private_notes import Content
from libline_fed.domain.actors import Actor
from libline_fed.domain.feedback import FeedbackContent, ThanksAnswer, ThanksWish
from libline_fed.domain.goals import GoalContent
from libline_fed.domain.logbook import TalkContent
from libline_fed.domain.meetings import MeetingChoice, MeetingContent
from libline_fed.domain.mentorships import Channel, Mentorship
from libline_fed.domain.messages import QuestionContent, may_still_arrive
from libline_fed.errors import Refusal, RefusalReason
from libline_fed.federation.inbox_work import APPLIED, Result, Work, ignored, refused
from libline_fed.services import (
    feedback,
    goals,
    logbook,
    meetings,
    messages,
    private_notes,
    questions,
    remote_posts,
    thanks,
)
from libline_fed.services.pairs import locked
from libline_fed.services.remote_posts import Arrival
from libline_fed.storage import mentorships, tombstones

Receive = Callable[..., Awaitable[Refusal | None]]
_RECEIVERS: dict[type[Content], Receive] = {
    QuestionContent: messages.receive,
    GoalContent: goals.receive,
    TalkContent: logbook.receive,
    MeetingContent: meetings.receive,
    MeetingChoice: meetings.receive_choice,
    FeedbackContent: feedback.receive,
    ThanksWish: thanks.receive,
    ThanksAnswer: thanks.receive_answer,
}
_FORBIDDEN = frozenset({RefusalReason.WRONG_OWNER, RefusalReason.TOO_LARGE})


async def on_note(work: Work, arrival: Arrival) -> Result | None:
    """Take in what belongs to a thread, new or newer; None for a post that belongs to none."""
    note = arrival.admitted.document
    if remote_posts.visibility(arrival) is not Visibility.DIRECT:
        return None
    mentorship = await _mentorship_of(work, note) or await _first_question(work, arrival)
    if mentorship is None or not _is_within(mentorship, arrival):
        return None
    buried = await tombstones.among(work.tx, (note.uri,))
    if buried.get(note.uri) == arrival.author.uri:
        return ignored(RefusalReason.TOMBSTONED, note.uri)
    async with work.tx.savepoint():
        return await _receive(work, mentorship, arrival.author, arrival.admitted)


async def on_edit(work: Work, arrival: Arrival) -> Result | None:
    """Take in a newer text, also of somebody without LibLine; None for a post that belongs to no thread."""
    taken = await on_note(work, arrival)
    if taken is not None:
        return taken
    mentorship = await private_notes.mentorship_of(work.tx, arrival.admitted.document.uri)
    if mentorship is None or mentorship.channel != Channel.NOTE:
        return None
    if mentorship.side_of(arrival.author.id) is None:
        return None
    async with work.tx.savepoint():
        return await _receive(work, mentorship, arrival.author, arrival.admitted)


async def on_delete(work: Work, uri: str, owner: Actor) -> Result | None:
    """Delete what its author deleted; None if it is nothing that a pair shares."""
    mentorship = await private_notes.mentorship_of(work.tx, uri)
    if mentorship is None or mentorship.side_of(owner.id) is None:
        return None
    await locked(work.tx, mentorship.id)
    for delete in (messages.receive_delete, goals.receive_delete, logbook.receive_delete):
        is_news = await delete(work.tx, author=owner, uri=uri, now=work.now)
        if is_news is not None:
            await tombstones.add(
                work.tx, uri, former_type="Note", owner_uri=owner.uri, now=work.now, is_known=True
            )
            return APPLIED if is_news else ignored(RefusalReason.OUTDATED, uri)
    return ignored(RefusalReason.NOT_FOR_US, "meetings and feedback are called off, not deleted")


async def _mentorship_of(work: Work, note: NoteDocument) -> Mentorship | None:
    named = note.context_uri is not None
    found = await mentorships.by_thread_uri(work.tx, note.context_uri or "") if named else None
    if found is None and note.in_reply_to_uri is not None:
        found = await private_notes.mentorship_of(work.tx, note.in_reply_to_uri)
    return found


async def _first_question(work: Work, arrival: Arrival) -> Mentorship | None:
    """Open a thread for a question that somebody of another LibLine server asks before any request."""
    note = arrival.admitted.document
    content = note.item.content if note.item is not None else None
    if not isinstance(content, QuestionContent) or len(arrival.recipients) != 1:
        return None
    return await questions.receive(
        work.tx,
        work.site,
        asker=arrival.author,
        member=arrival.recipients[0],
        proposal_uri=content.proposal_uri,
        thread_uri=note.context_uri,
        asked_at=min(note.published_at or work.now, work.now),
        now=work.now,
    )


def _is_within(mentorship: Mentorship, arrival: Arrival) -> bool:
    """Tell whether a post is from one of the pair to the other alone."""
    side = mentorship.side_of(arrival.author.id)
    if side is None or mentorship.channel != Channel.LIBLINE:
        return False
    note = arrival.admitted.document
    addressed = {*note.to, *note.cc} or {*arrival.to, *arrival.cc}
    member = next((one for one in arrival.recipients if one.id == mentorship.actor_id(side.other)), None)
    return member is not None and addressed == {member.uri}


async def _receive(
    work: Work, mentorship: Mentorship, author: Actor, admitted: Admitted[NoteDocument]
) -> Result:
    pair = await locked(work.tx, mentorship.id)
    item = admitted.document.item if mentorship.channel == Channel.LIBLINE else None
    receive: Receive = messages.receive if item is None else _RECEIVERS[type(item.content)]
    is_talk = item is None or not isinstance(item.content, FeedbackContent | ThanksWish | ThanksAnswer)
    if is_talk and not may_still_arrive(pair.mentorship, work.now):
        return ignored(RefusalReason.NOT_PENDING, f"nothing is shared in state {pair.mentorship.state}")
    refusal = await receive(work.tx, work.site, pair, author=author, admitted=admitted, now=work.now)
    if refusal is None:
        return APPLIED
    say = refused if refusal.reason in _FORBIDDEN else ignored
    return say(refusal.reason, refusal.detail)
