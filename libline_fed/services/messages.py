"""The private thread of a mentorship: writing, changing and deleting messages, from pages and other servers.

`person` is a member here, or somebody who signed in with an account of another server.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from libline_fed.activitypub.objects import Admitted, NoteDocument
from libline_fed.activitypub.private_notes import Item, OwnNote
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Channel, Mentorship, State
from libline_fed.domain.messages import (
    CONSENT_EVENT,
    MAX_UNANSWERED_COUNT,
    Message,
    QuestionContent,
    check_text,
    is_asking,
    may_still_arrive,
    next_edit_at,
    require_talk,
)
from libline_fed.errors import Conflict, InvalidInput, NotFound, Refusal, RefusalReason
from libline_fed.ids import new_id
from libline_fed.sanitize import clean_text, linkify_text, plain_text
from libline_fed.services import drafts, meetings, mentorships, private_notes
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.services.pairs import Pair, locked
from libline_fed.services.site import Site
from libline_fed.storage import mentorships as mentorship_rows
from libline_fed.storage import messages
from libline_fed.storage.store import Tx

PER_PAGE = 20
DRAFT_KIND = "message"
_MENTION = re.compile(
    r'^<p>(?:<span(?: class="h-card")?>)?<a [^<>]*class="[^"<>]*\bmention\b[^"<>]*"[^<>]*>.{0,300}?</a>'
    r"(?:</span>)?[\s,:]*",
    re.DOTALL,
)
_NUMBER = re.compile(r"\(?([1-9])[).]?")


@dataclass(frozen=True, slots=True)
class Thread:
    """Some messages of a thread, oldest first, and whether there are earlier ones."""

    items: list[Message]
    answered: dict[str, Message]  # what these answer, by URI
    earlier_id: str | None  # of the first shown, if there are earlier ones
    is_latest: bool


# --- writing ----------------------------------------------------------------------------------------


async def write(
    tx: Tx,
    site: Site,
    *,
    person: Actor,
    mentorship_id: str,
    text: str,
    now: datetime,
    reply_to_id: str | None = None,
    is_informed: bool | None = None,
) -> Message:
    """Write a message to the partner.

    `is_informed` says whether the person ticked, now, that admins of the servers can read along: needed once
    in each mentorship that leaves this server. None is for callers that have told the person themselves.
    Raises: NotFound, Conflict, InvalidInput.
    """
    pair = await locked(tx, mentorship_id, person)
    text = clean_text(text).strip()
    check_text(text)
    await _require_open(tx, pair, person, now)
    if is_informed is not None:
        await _require_informed(tx, pair, person, is_informed=is_informed, now=now)
    answered = await messages.by_id(tx, reply_to_id) if reply_to_id else None
    if answered is not None and answered.mentorship_id != mentorship_id:
        raise NotFound(f"message {reply_to_id} is of another thread")
    message_id = new_id(now)
    is_first_unread = await _is_read_up(tx, pair, person)
    made = await messages.add(
        tx,
        {
            "id": message_id,
            "uri": site.uris.message(message_id),
            "mentorship_id": mentorship_id,
            "author_id": person.id,
            "is_local": True,
            "in_reply_to_uri": answered.uri if answered is not None else None,
            "body_text": text,
            "content_html": linkify_text(text),
            "language": pair.mentorship.language,
            "published_at": now,
            "received_at": now,
        },
    )
    await mentorships.alive(tx, mentorship_id, now=now)
    await private_notes.send(tx, site, pair, person, _note(pair, person, made), is_new=True, now=now)
    await _tell(tx, site, pair, person, made.id, is_first_unread=is_first_unread, now=now)
    await drafts.drop(tx, person.id, DRAFT_KIND, mentorship_id)
    return made


async def edit(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, message_id: str, text: str, now: datetime
) -> Message:
    """Change one's own message; the same text again changes nothing.

    Raises: NotFound, Conflict, InvalidInput.
    """
    pair = await locked(tx, mentorship_id, person)
    before = await _own(tx, pair, person, message_id)
    text = clean_text(text).strip()
    check_text(text)
    if before.is_deleted:
        raise Conflict("deleted", safe="This message is deleted.")
    await _require_open(tx, pair, person, now, is_new=False)
    if text == before.body_text:
        return before
    changed = await messages.change(
        tx,
        message_id,
        body_text=text,
        content_html=linkify_text(text),
        edited_at=next_edit_at(before, now),
    )
    await private_notes.send(tx, site, pair, person, _note(pair, person, changed), is_new=False, now=now)
    return changed


async def delete(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, message_id: str, now: datetime
) -> None:
    """Delete one's own message on both servers; its place stays, without the text. At any time.

    Raises: NotFound.
    """
    pair = await locked(tx, mentorship_id, person)
    before = await _own(tx, pair, person, message_id)
    if before.is_deleted:
        return
    await messages.change(tx, message_id, body_text="", content_html="", deleted_at=now)
    await private_notes.retract(tx, site, pair, person, before.uri, now=now)


# --- reading ----------------------------------------------------------------------------------------


async def thread(tx: Tx, view: MentorshipView, *, before_id: str | None = None) -> Thread:
    """Return twenty messages of a thread, the latest ones or those before one of them.

    Raises: NotFound if that one is not of this thread.
    """
    before = await get(tx, view, before_id) if before_id else None
    place = (before.published_at, before.id) if before is not None else None
    found = await messages.page(tx, view.mentorship.id, before=place, limit=PER_PAGE + 1)
    shown = found[:PER_PAGE][::-1]
    answered = await messages.by_uris(tx, {one.in_reply_to_uri for one in shown if one.in_reply_to_uri})
    answered = {uri: one for uri, one in answered.items() if one.mentorship_id == view.mentorship.id}
    earlier_id = shown[0].id if len(found) > PER_PAGE else None
    return Thread(shown, answered, earlier_id, is_latest=before is None)


async def get(tx: Tx, view: MentorshipView, message_id: str) -> Message:
    """Return one message of a thread.

    Raises: NotFound.
    """
    found = await messages.by_id(tx, message_id)
    if found is None or found.mentorship_id != view.mentorship.id:
        raise NotFound(f"no message {message_id} in this thread")
    return found


async def unread_counts(tx: Tx, person: Actor) -> dict[str, int]:
    """Count what somebody has not read, by mentorship; those without anything are not named."""
    return await messages.unread_counts(tx, person.id)


async def mark_read(
    tx: Tx, *, person: Actor, mentorship_id: str, until: datetime, now: datetime
) -> int:
    """Mark as read what had come when a page was shown; what came later stays new.

    Raises: NotFound.
    """
    await locked(tx, mentorship_id, person)
    return await messages.mark_read(tx, mentorship_id, person.id, until=min(until, now), now=now)


async def needs_notice(tx: Tx, view: MentorshipView) -> bool:
    """Tell whether this person must be told, before writing, who else can read what leaves the server."""
    if view.mentorship.channel == Channel.LOCAL:
        return False
    return not await _is_informed(tx, view.mentorship, view.me)


# --- from other servers -----------------------------------------------------------------------------


async def receive(
    tx: Tx, site: Site, pair: Pair, *, author: Actor, admitted: Admitted[NoteDocument], now: datetime
) -> Refusal | None:
    """Take in what the partner wrote elsewhere, or its newer text; None means that it was news.

    An edit that comes before the message brings the message; then the message itself is not newer.
    """
    note = admitted.document
    content_html = without_mention(note.content_html)
    known = await messages.by_uri(tx, note.uri)
    if known is not None:
        if known.author_id != author.id or known.mentorship_id != pair.mentorship.id:
            return Refusal(RefusalReason.WRONG_OWNER, note.uri)
        edited_at = note.updated_at or known.published_at
        is_newer = await messages.put_edit(
            tx, admitted, message_id=known.id, content_html=content_html, edited_at=edited_at
        )
        return None if is_newer else Refusal(RefusalReason.OUTDATED, note.uri)
    if not may_still_arrive(pair.mentorship, now):
        return Refusal(RefusalReason.NOT_PENDING, f"no messages in state {pair.mentorship.state}")
    is_first_unread = await _is_read_up(tx, pair, author)
    published_at = min(note.published_at or now, now)
    message_id = new_id(now)
    await messages.add_remote(
        tx,
        admitted,
        {
            "id": message_id,
            "mentorship_id": pair.mentorship.id,
            "author_id": author.id,
            "is_local": False,
            "content_html": content_html,
            "published_at": published_at,
            "edited_at": note.updated_at if note.updated_at and note.updated_at > published_at else None,
            "received_at": now,
        },
    )
    await mentorships.alive(tx, pair.mentorship.id, now=now)
    await _tell(tx, site, pair, author, message_id, is_first_unread=is_first_unread, now=now)
    if pair.mentorship.channel == Channel.NOTE and note.in_reply_to_uri is not None:
        await _choose_by_number(tx, site, pair, author, note.in_reply_to_uri, content_html, now)
    return None


async def receive_delete(tx: Tx, *, author: Actor, uri: str, now: datetime) -> bool | None:
    """Take the text out of what its author deleted elsewhere; None if it is no message of theirs.

    False: it was deleted before.
    """
    known = await messages.by_uri(tx, uri)
    if known is None or known.author_id != author.id:
        return None
    if known.is_deleted:
        return False
    await messages.change(tx, known.id, body_text="", content_html="", deleted_at=now)
    return True


def without_mention(content_html: str) -> str:
    """Return sanitised HTML without the name of the reader, which other software puts in front."""
    return _MENTION.sub("<p>", content_html, count=1).removeprefix("<p></p>")


# --- inside -----------------------------------------------------------------------------------------


async def _require_open(
    tx: Tx, pair: Pair, person: Actor, now: datetime, *, is_new: bool = True
) -> None:
    require_talk(pair.mentorship, now)
    if await private_notes.is_blocked(tx, pair):
        raise Conflict("blocked or gone", safe="This person is not available.")
    if is_new and is_asking(pair.mentorship):
        count = await messages.unanswered_count(
            tx, pair.mentorship.id, person.id, limit=MAX_UNANSWERED_COUNT
        )
        if count >= MAX_UNANSWERED_COUNT:
            raise Conflict("no answer yet", safe="You have written three times. Please wait for an answer.")


async def _require_informed(
    tx: Tx, pair: Pair, person: Actor, *, is_informed: bool, now: datetime
) -> None:
    side = pair.side(person)
    if pair.mentorship.channel == Channel.LOCAL or await _is_informed(tx, pair.mentorship, side):
        return
    if not is_informed:
        raise InvalidInput({"is_informed": "Please read who else can read this, and tick the box."})
    await mentorship_rows.add_event(
        tx, pair.mentorship, event=CONSENT_EVENT, by=side, state_before=pair.mentorship.state, now=now
    )


async def _is_informed(tx: Tx, mentorship: Mentorship, side: str) -> bool:
    happened = await mentorship_rows.events(tx, mentorship.id)
    return any(one.event == CONSENT_EVENT and one.by == side for one in happened)


async def _is_read_up(tx: Tx, pair: Pair, author: Actor) -> bool:
    """Tell whether the partner has read all that came before: one notice for several in a row is enough."""
    partner = pair.actor(pair.side(author).other)
    return pair.mentorship.id not in await messages.unread_counts(tx, partner.id)


async def _tell(
    tx: Tx, site: Site, pair: Pair, author: Actor, message_id: str, *, is_first_unread: bool, now: datetime
) -> None:
    if is_first_unread:
        await private_notes.tell_partner(tx, site, pair, author, "message", "messages", message_id, now=now)
    else:
        await private_notes.mail_partner(tx, site, pair, author, now=now)


async def _choose_by_number(
    tx: Tx, site: Site, pair: Pair, author: Actor, answered_uri: str, content_html: str, now: datetime
) -> None:
    """Let "2", as a reply of somebody without LibLine to proposed times, choose the second of them."""
    match = _NUMBER.fullmatch(plain_text(content_html))
    if match is not None:
        await meetings.receive_number(
            tx, site, pair, author=author, meeting_uri=answered_uri, number=int(match[1]), now=now
        )


async def _own(tx: Tx, pair: Pair, person: Actor, message_id: str) -> Message:
    found = await messages.by_id(tx, message_id)
    if (
        found is None
        or found.mentorship_id != pair.mentorship.id
        or found.author_id != person.id
        or not found.is_local
    ):
        raise NotFound(f"no message {message_id} of {person.id}")
    return found


def _note(pair: Pair, person: Actor, message: Message) -> OwnNote:
    mentorship = pair.mentorship
    is_question = mentorship.state == State.QUESTION and mentorship.asker == pair.side(person)
    asked = QuestionContent(mentorship.proposal_uri) if is_question else None
    return OwnNote(
        uri=message.uri,
        author_uri=person.uri,
        thread_uri=pair.mentorship.thread_uri,
        content_html=message.content_html,
        published_at=message.published_at,
        updated_at=message.edited_at,
        in_reply_to_uri=message.in_reply_to_uri or (asked.proposal_uri if asked is not None else None),
        language=message.language,
        item=Item(asked, 1) if asked is not None else None,
    )
