"""Feedback after a mentorship, each side once: sealed until both have answered or the 28 days are over.

Between servers a sealed one is a marker without words: the words leave the author's server when both are
there, or when the time is over.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libline_fed.activitypub.objects import Admitted, NoteDocument
from libline_fed.activitypub.private_notes import Item, OwnNote
from libline_fed.activitypub.private_texts import Words
from libline_fed.domain.actors import Actor
from libline_fed.domain.feedback import (
    MAX_BODY_CHARACTERS,
    WINDOW,
    Feedback,
    FeedbackContent,
    check_feedback,
    is_due,
    may_arrive,
    require_due,
)
from libline_fed.errors import Refusal, RefusalReason
from libline_fed.ids import new_id
from libline_fed.sanitize import clean_text, linkify_text
from libline_fed.services import private_notes
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.services.pairs import Pair, locked
from libline_fed.services.site import Site
from libline_fed.storage import feedback
from libline_fed.storage.store import Tx

_SEALED, _OPENED = 1, 2  # the versions of a feedback on the wire


@dataclass(frozen=True, slots=True)
class FeedbackView:
    """What one of the two sees: the own feedback, the other's if it is open, and whether there is one."""

    mine: Feedback | None
    theirs: Feedback | None
    has_partner_answered: bool
    can_answer: bool
    opens_at: datetime | None  # at the latest


async def give(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, content: FeedbackContent, now: datetime
) -> Feedback:
    """Give one's feedback. It cannot be changed: a second one changes nothing.

    Raises: NotFound, Conflict, InvalidInput.
    """
    pair = await locked(tx, mentorship_id, person)
    given = await feedback.of_mentorship(tx, mentorship_id)
    if person.id in given:
        return given[person.id]
    require_due(pair.mentorship, now)
    content = FeedbackContent(
        {question: answer for question, answer in content.answers.items() if answer},
        clean_text(content.body_text).strip()[: MAX_BODY_CHARACTERS + 1],
    )
    check_feedback(content)
    feedback_id = new_id(now)
    await feedback.add(
        tx,
        {
            "id": feedback_id,
            "uri": site.uris.message(feedback_id),
            "mentorship_id": mentorship_id,
            "author_id": person.id,
            "answers": dict(content.answers),
            "body_text": content.body_text,
            "is_here": True,
            "created_at": now,
        },
    )
    made = (await feedback.of_mentorship(tx, mentorship_id))[person.id]
    if len(given) == 1:
        await _open_all(tx, site, pair, now, unsent_id=made.id)
    else:
        await _say(tx, site, pair, person, made, is_new=True, now=now)
        await private_notes.tell_partner(tx, site, pair, person, "feedback", "feedback", made.id, now=now)
    return (await feedback.of_mentorship(tx, mentorship_id))[person.id]


async def view_of(tx: Tx, view: MentorshipView, *, now: datetime) -> FeedbackView:
    """Return what one of the two may see of the feedback."""
    given = await feedback.of_mentorship(tx, view.mentorship.id)
    theirs = given.get(view.partner.id)
    ended_at = view.mentorship.ended_at
    is_readable = theirs is not None and theirs.is_open and bool(theirs.answers or theirs.body_text)
    return FeedbackView(
        mine=given.get(view.person.id),
        theirs=theirs if is_readable else None,
        has_partner_answered=theirs is not None,
        can_answer=view.person.id not in given and is_due(view.mentorship, now),
        opens_at=ended_at + WINDOW if ended_at is not None else None,
    )


async def open_due(tx: Tx, site: Site, *, now: datetime) -> int:
    """Open what is still sealed when the time for feedback is over; returns how many."""
    waiting = await feedback.sealed(tx, ended_before=now - WINDOW)
    for one in waiting:
        pair = await locked(tx, one.mentorship_id)
        await _open_all(tx, site, pair, now)
    return len(waiting)


async def receive(
    tx: Tx, site: Site, pair: Pair, *, author: Actor, admitted: Admitted[NoteDocument], now: datetime
) -> Refusal | None:
    """Take in the partner's feedback, sealed or open; None means that it was news.

    The first sign of it opens one's own, which then goes to the partner's server.
    """
    note = admitted.document
    item = note.item
    assert item is not None
    content = item.content
    assert isinstance(content, FeedbackContent)
    if not may_arrive(pair.mentorship, now):
        return Refusal(RefusalReason.NOT_PENDING, f"no feedback in state {pair.mentorship.state}")
    given = await feedback.of_mentorship(tx, pair.mentorship.id)
    known = given.get(author.id)
    if known is not None and known.uri != note.uri:
        return Refusal(RefusalReason.WRONG_OWNER, "each side gives feedback once")
    if known is None:
        feedback_id = new_id(now)
        is_new = await feedback.add(
            tx,
            {
                "id": feedback_id,
                "uri": note.uri,
                "mentorship_id": pair.mentorship.id,
                "author_id": author.id,
                "is_here": False,
                "created_at": now,
                **_received(content, now),
            },
        )
        if not is_new:
            return Refusal(RefusalReason.WRONG_OWNER, note.uri)
        await private_notes.tell_partner(tx, site, pair, author, "feedback", "feedback", feedback_id, now=now)
    elif content.is_sealed or known.is_open:
        return Refusal(RefusalReason.OUTDATED, note.uri)
    else:
        await feedback.change(tx, known.id, **_received(content, now))
    mine = next((one for author_id, one in given.items() if author_id != author.id), None)
    if mine is not None and mine.is_here and not mine.is_open:
        await _open(tx, site, pair, mine, is_new=False, now=now)
    if not content.is_sealed:
        await private_notes.tell_partner(
            tx, site, pair, author, "feedback-open", "feedback", pair.mentorship.id, now=now
        )
    return None


# --- inside -----------------------------------------------------------------------------------------


def _received(content: FeedbackContent, now: datetime) -> dict[str, Any]:
    return {
        "answers": dict(content.answers),
        "body_text": content.body_text,
        "opened_at": None if content.is_sealed else now,
    }


async def _open_all(tx: Tx, site: Site, pair: Pair, now: datetime, *, unsent_id: str | None = None) -> None:
    """Open what was given here, and tell the members here that they can read; `unsent_id` never left yet."""
    for author_id, one in (await feedback.of_mentorship(tx, pair.mentorship.id)).items():
        if one.is_here and not one.is_open:
            await _open(tx, site, pair, one, is_new=one.id == unsent_id, now=now)
            author = next(actor for actor in pair.people.values() if actor.id == author_id)
            await private_notes.tell_partner(
                tx, site, pair, author, "feedback-open", "feedback", pair.mentorship.id, now=now
            )


async def _open(
    tx: Tx, site: Site, pair: Pair, sealed: Feedback, *, is_new: bool, now: datetime
) -> None:
    opened = await feedback.change(tx, sealed.id, opened_at=now)
    author = next(actor for actor in pair.people.values() if actor.id == sealed.author_id)
    await _say(tx, site, pair, author, opened, is_new=is_new, now=now)


async def _say(
    tx: Tx, site: Site, pair: Pair, person: Actor, given: Feedback, *, is_new: bool, now: datetime
) -> None:
    content = given.content if given.is_open else FeedbackContent({}, is_sealed=True)
    note = OwnNote(
        uri=given.uri,
        author_uri=person.uri,
        thread_uri=pair.mentorship.thread_uri,
        content_html=linkify_text(Words(pair.mentorship.language).feedback(content)),
        published_at=given.created_at,
        updated_at=None if is_new else now,
        item=Item(content, _OPENED if given.is_open else _SEALED),
    )
    await private_notes.send(tx, site, pair, person, note, is_new=is_new, now=now)
