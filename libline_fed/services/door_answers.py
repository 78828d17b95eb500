"""What follows from an answer of somebody without LibLine: the same step that a page would take.

An answer counts once. What the person is told of it comes from `door_mirror`, in exactly one message.
"""

from datetime import datetime

from libline_fed.domain.actors import Actor
from libline_fed.domain.doors import (
    Answer,
    DoorQuestion,
    How,
    QuestionKind,
    QuestionState,
    language_of,
    without_mentions,
)
from libline_fed.domain.mentorship_steps import StepRefused
from libline_fed.domain.mentorships import Mentorship, State
from libline_fed.sanitize import plain_text
from libline_fed.services import answers, door_requests, door_talk, door_texts, mentorships, messages, seats
from libline_fed.services.door_requests import Asking
from libline_fed.services.door_talk import Door
from libline_fed.services.site import Site
from libline_fed.storage import actors, doors, proposals
from libline_fed.storage import mentorships as mentorship_rows
from libline_fed.storage.store import Tx


async def answer_question(
    tx: Tx, site: Site, question: DoorQuestion, answer: Answer, how: How, *, now: datetime
) -> bool:
    """Let an answer count, once; False if the question is not open any more."""
    people = await actors.by_ids(tx, (question.member_id, question.actor_id))
    member, person = people[question.member_id], people[question.actor_id]
    await mentorship_rows.lock_people(tx, (member.id, person.id))
    answered = QuestionState.ANSWERED
    if not await doors.close(tx, question.id, state=answered, answer=answer, how=how, now=now):
        return False
    try:
        async with tx.savepoint():
            if question.kind == QuestionKind.REGISTER:
                await _answer_register(tx, site, question, answer, member, person, now)
            else:
                await _answer_terms(tx, site, question, answer, person, now)
    except StepRefused:
        door = await door_of(tx, site, question, member=member, person=person)
        await door_talk.say(tx, site, door, door.text(site, "refused"), ending=None, now=now)
    return True


async def _answer_register(
    tx: Tx,
    site: Site,
    question: DoorQuestion,
    answer: Answer,
    member: Actor,
    person: Actor,
    now: datetime,
) -> None:
    proposal = await proposals.by_id(tx, question.proposal_id) if question.proposal_id else None
    door = await door_of(tx, site, question, member=member, person=person)
    if answer is not Answer.YES or proposal is None:
        key = "refused-closed" if answer is Answer.YES else "not-registered"
        await door_talk.say(tx, site, door, door.text(site, key), ending=None, now=now)
        return
    comment = await doors.last_comment(tx, proposal.uri, person.id)
    content_html = messages.without_mention(comment.content_html) if comment is not None else ""
    asking = Asking(
        comment.uri if comment is not None else None,
        without_mentions(plain_text(content_html)),
        content_html,
        question.language,
    )
    await door_requests.register(
        tx,
        site,
        proposal=proposal,
        member=member,
        person=person,
        asking=asking,
        thread_uri=question.thread_uri,
        now=now,
    )


async def _answer_terms(
    tx: Tx, site: Site, question: DoorQuestion, answer: Answer, person: Actor, now: datetime
) -> None:
    """Let a yes or no to terms count as if it was given on the page."""
    mentorship = await mentorship_rows.by_id(tx, question.mentorship_id or "")
    assert mentorship is not None
    if question.kind == QuestionKind.COUNTER:
        if answer is Answer.YES:
            await answers.accept(tx, site, person=person, mentorship_id=mentorship.id, now=now)
        else:
            await answers.decline(
                tx, site, person=person, mentorship_id=mentorship.id, reason="other", now=now
            )
    elif answer is Answer.YES:
        # Terms that were changed meanwhile have cancelled the question.
        version = mentorship.terms_version
        await mentorships.confirm(
            tx, site, person=person, mentorship_id=mentorship.id, terms_version=version, now=now
        )
    else:
        await mentorships.leave(tx, site, person=person, mentorship_id=mentorship.id, now=now)


async def stop(tx: Tx, site: Site, mentorship: Mentorship, person: Actor, *, now: datetime) -> bool:
    """End whatever a mentorship is at the moment; False if it is over."""
    state, mentorship_id = mentorship.state, mentorship.id
    if state in (State.QUESTION, State.PROPOSED) and mentorship.asker == mentorship.side_of(person.id):
        await answers.withdraw(tx, site, person=person, mentorship_id=mentorship_id, now=now)
    elif state in (State.QUESTION, State.PROPOSED):
        await answers.decline(tx, site, person=person, mentorship_id=mentorship_id, reason="other", now=now)
    elif state == State.INTRO:
        await mentorships.leave(tx, site, person=person, mentorship_id=mentorship_id, now=now)
    elif state in (State.ACTIVE, State.PAUSED):
        await mentorships.end_early(tx, site, person=person, mentorship_id=mentorship_id, now=now)
    else:
        return False
    return True


async def tick(tx: Tx, site: Site, *, now: datetime) -> int:
    """Let favourites count, remind once, and let questions end; returns how many were touched."""
    count = 0
    for question in await doors.due_likes(tx, now):
        if await _can_talk(tx, question, now):
            count += await answer_question(tx, site, question, Answer.YES, How.LIKE, now=now)
    for question in await doors.due_ends(tx, now):
        count += await doors.close(tx, question.id, state=QuestionState.EXPIRED, now=now)
    for question in await doors.due_reminders(tx, now):
        if await _can_talk(tx, question, now) and await doors.remind(tx, question.id, now=now):
            await _say_reminder(tx, site, question, now)
            count += 1
    return count


async def _can_talk(tx: Tx, question: DoorQuestion, now: datetime) -> bool:
    """Tell whether the two still have to do with each other; if not, the question is cancelled."""
    people = await actors.by_ids(tx, (question.member_id, question.actor_id))
    member, person = people[question.member_id], people[question.actor_id]
    if member.is_usable and person.is_usable and not await seats.is_blocked(tx, member, person):
        return True
    await doors.close(tx, question.id, state=QuestionState.CANCELLED, now=now)
    return False


async def say_late(tx: Tx, site: Site, question: DoorQuestion, person: Actor, *, now: datetime) -> None:
    """Tell somebody that a question was not open any more."""
    member = await actors.by_id(tx, question.member_id)
    assert member is not None
    door = await door_of(tx, site, question, member=member, person=person)
    await door_talk.say(tx, site, door, door.text(site, "late"), ending=None, now=now)


async def _say_reminder(tx: Tx, site: Site, question: DoorQuestion, now: datetime) -> None:
    """Repeat a question in a plain message: some software shows no polls."""
    people = await actors.by_ids(tx, (question.member_id, question.actor_id))
    member, person = people[question.member_id], people[question.actor_id]
    door = await door_of(tx, site, question, member=member, person=person)
    key = "reminder-register" if question.kind == QuestionKind.REGISTER else "reminder"
    until = door_texts.day(question.expires_at.date(), door.language)
    await door_talk.say(tx, site, door, door.text(site, key, until=until), now=now)


async def door_of(tx: Tx, site: Site, question: DoorQuestion, *, member: Actor, person: Actor) -> Door:
    """Return the door through which something was asked."""
    mentorship = await mentorship_rows.by_id(tx, question.mentorship_id or "")
    if mentorship is not None:
        return door_talk.of_mentorship(site, mentorship, member=member, person=person)
    proposal = await proposals.by_id(tx, question.proposal_id) if question.proposal_id else None
    language = language_of(question.language, site.default_language)
    title = proposal.title if proposal is not None else ""
    return Door(member, person, question.thread_uri, language, title, in_reply_to_uri=question.question_uri)
