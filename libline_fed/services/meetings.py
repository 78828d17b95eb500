"""The next meeting: one of the two proposes up to three times, the other chooses."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from libline_fed import vocabulary
from libline_fed.activitypub.objects import Admitted, NoteDocument
from libline_fed.activitypub.private_notes import Item, OwnNote
from libline_fed.activitypub.private_texts import Words
from libline_fed.domain.actors import Actor
from libline_fed.domain.meetings import (
    MAX_OPEN_MEETINGS,
    MAX_PLACE_CHARACTERS,
    Meeting,
    MeetingChoice,
    MeetingContent,
    MeetingState,
    check_meeting,
    standing,
    starts_at,
)
from libline_fed.domain.mentorships import Side
from libline_fed.errors import Conflict, InvalidInput, NotFound, Refusal, RefusalReason
from libline_fed.ids import new_id
from libline_fed.sanitize import clean_text, linkify_text
from libline_fed.services import mentorships, private_notes
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.services.pairs import Pair, locked
from libline_fed.services.site import Site
from libline_fed.storage import meetings
from libline_fed.storage.store import Tx


async def propose(
    tx: Tx,
    site: Site,
    *,
    person: Actor,
    mentorship_id: str,
    content: MeetingContent,
    zone: str | None = None,
    now: datetime,
) -> Meeting:
    """Propose up to three times. `zone` is the proposer's, to say beside UTC what time it is for them.

    Raises: NotFound, Conflict, InvalidInput.
    """
    pair = await locked(tx, mentorship_id, person)
    await private_notes.require_running(tx, pair)
    content = _cleaned(content)
    check_meeting(content, now=now, is_new=True)
    if await meetings.waiting_count(tx, mentorship_id, person.id) >= MAX_OPEN_MEETINGS:
        raise InvalidInput({"": "Ten of your proposals wait for an answer. Call one off first."})
    meeting_id = new_id(now)
    await meetings.add(
        tx,
        {
            "id": meeting_id,
            "uri": site.uris.message(meeting_id),
            "mentorship_id": mentorship_id,
            "author_id": person.id,
            "created_at": now,
            **_columns(content, 1, None, by=pair.side(person), now=now),
        },
    )
    made = await meetings.by_id(tx, meeting_id)
    assert made is not None
    await _share(tx, site, pair, person, made, is_new=True, zone=zone, now=now)
    return made


async def change(
    tx: Tx,
    site: Site,
    *,
    person: Actor,
    mentorship_id: str,
    meeting_id: str,
    content: MeetingContent,
    zone: str | None = None,
    now: datetime,
) -> Meeting:
    """Change one's own proposal: the place without asking again, other times with a new choice.

    Raises: NotFound, Conflict, InvalidInput.
    """
    pair = await locked(tx, mentorship_id, person)
    before = await _find(tx, pair, meeting_id)
    if before.author_id != person.id:
        raise NotFound(f"meeting {meeting_id} is not {person.id}'s")
    await private_notes.require_running(tx, pair)
    if before.is_cancelled:
        raise Conflict("called off", safe="This meeting is called off. Propose another one.")
    content = _cleaned(content)
    check_meeting(content, now=now, is_new=content.times != before.content.times)
    return await _put(tx, site, pair, person, before, content, zone, now)


async def cancel(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, meeting_id: str, now: datetime
) -> Meeting:
    """Call a meeting off: the proposer cancels it, the other says that no time suits.

    Raises: NotFound.
    """
    pair = await locked(tx, mentorship_id, person)
    before = await _find(tx, pair, meeting_id)
    if before.author_id == person.id:
        content = replace(before.content, is_cancelled=True)
        return await _put(tx, site, pair, person, before, content, None, now)
    return await _choose(tx, site, pair, person, before, None, now)


async def choose(
    tx: Tx,
    site: Site,
    *,
    person: Actor,
    mentorship_id: str,
    meeting_id: str,
    starts: datetime | None,
    now: datetime,
) -> Meeting:
    """Choose one of the times that the other proposed, or with None say that none suits.

    Raises: NotFound, Conflict, InvalidInput.
    """
    pair = await locked(tx, mentorship_id, person)
    before = await _find(tx, pair, meeting_id)
    if before.author_id == person.id:
        raise Conflict("one's own proposal", safe="You proposed this yourself. The other person chooses.")
    if before.is_cancelled:
        raise Conflict("called off", safe="This meeting is called off.")
    if starts is not None and starts not in before.content.times:
        raise InvalidInput({"starts": "Choose one of the times."})
    if starts is not None and starts <= now:
        raise InvalidInput({"starts": "This time has passed. Choose another one, or propose a new meeting."})
    return await _choose(tx, site, pair, person, before, starts, now)


async def listed(tx: Tx, view: MentorshipView) -> list[Meeting]:
    """List the meetings of a mentorship, the one proposed last first."""
    return await meetings.of_mentorship(tx, view.mentorship.id)


async def get(tx: Tx, view: MentorshipView, meeting_id: str) -> Meeting:
    """Return one meeting.

    Raises: NotFound.
    """
    found = await meetings.by_id(tx, meeting_id)
    if found is None or found.mentorship_id != view.mentorship.id:
        raise NotFound(f"no meeting {meeting_id} in this mentorship")
    return found


async def upcoming(tx: Tx, view: MentorshipView, *, now: datetime) -> Meeting | None:
    """Return the next agreed meeting that is not over, or None."""
    found = [
        one
        for one in await meetings.of_mentorship(tx, view.mentorship.id)
        if one.state == MeetingState.AGREED and one.ends_at is not None and one.ends_at > now
    ]
    return min(found, key=lambda one: one.starts_at or now, default=None)


async def receive(
    tx: Tx, site: Site, pair: Pair, *, author: Actor, admitted: Admitted[NoteDocument], now: datetime
) -> Refusal | None:
    """Take in a proposal of the partner's, or its newer version; None means that it was news."""
    note = admitted.document
    item = note.item
    assert item is not None
    assert isinstance(item.content, MeetingContent)
    side = pair.side(author)
    known = await meetings.by_uri(tx, note.uri)
    if known is None:
        if await meetings.waiting_count(tx, pair.mentorship.id, author.id) >= MAX_OPEN_MEETINGS:
            return Refusal(RefusalReason.TOO_LARGE, "too many open meetings")
        meeting_id = new_id(now)
        await meetings.add(
            tx,
            {
                "id": meeting_id,
                "uri": note.uri,
                "mentorship_id": pair.mentorship.id,
                "author_id": author.id,
                "created_at": min(note.published_at or now, now),
                **_columns(item.content, item.version, None, by=side, now=now),
            },
        )
    else:
        if known.author_id != author.id or known.mentorship_id != pair.mentorship.id:
            return Refusal(RefusalReason.WRONG_OWNER, note.uri)
        if item.version <= known.version:
            return Refusal(RefusalReason.OUTDATED, note.uri)
        meeting_id = known.id
        await meetings.change(
            tx, known.id, **_columns(item.content, item.version, known.choice, by=side, now=now)
        )
    await mentorships.alive(tx, pair.mentorship.id, now=now)
    event = "meeting-off" if item.content.is_cancelled else "meeting"
    await private_notes.tell_partner(tx, site, pair, author, event, "meetings", meeting_id, now=now)
    return None


async def receive_choice(
    tx: Tx, site: Site, pair: Pair, *, author: Actor, admitted: Admitted[NoteDocument], now: datetime
) -> Refusal | None:
    """Take in what the partner chose of times that were proposed here; None means that it was news."""
    note = admitted.document
    item = note.item
    assert item is not None
    assert isinstance(item.content, MeetingChoice)
    known = await meetings.by_uri(tx, item.content.meeting_uri)
    if known is None or known.mentorship_id != pair.mentorship.id or known.author_id == author.id:
        return Refusal(RefusalReason.UNKNOWN_OBJECT, item.content.meeting_uri)
    other = await meetings.by_answer_uri(tx, note.uri)
    if known.answer_uri not in (None, note.uri) or (other is not None and other.id != known.id):
        return Refusal(RefusalReason.WRONG_OWNER, note.uri)
    if item.version <= known.answer_version:
        return Refusal(RefusalReason.OUTDATED, note.uri)
    await _put_choice(tx, pair, author, known, item.content, note.uri, item.version, now)
    await mentorships.alive(tx, pair.mentorship.id, now=now)
    event = "meeting-agreed" if item.content.starts_at is not None else "meeting-off"
    await private_notes.tell_partner(tx, site, pair, author, event, "meetings", known.id, now=now)
    return None


async def receive_number(
    tx: Tx, site: Site, pair: Pair, *, author: Actor, meeting_uri: str, number: int, now: datetime
) -> Refusal | None:
    """Take in a choice that somebody without LibLine wrote as the number of a time."""
    known = await meetings.by_uri(tx, meeting_uri)
    times = known.content.times if known is not None else ()
    if known is None or known.author_id == author.id or not 1 <= number <= len(times):
        return Refusal(RefusalReason.UNKNOWN_OBJECT, meeting_uri)
    if known.is_cancelled or times[number - 1] <= now:
        return Refusal(RefusalReason.OUTDATED, "called off, or that time has passed")
    await _choose(tx, site, pair, author, known, times[number - 1], now)
    return None


# --- inside -----------------------------------------------------------------------------------------


async def _find(tx: Tx, pair: Pair, meeting_id: str) -> Meeting:
    found = await meetings.by_id(tx, meeting_id)
    if found is None or found.mentorship_id != pair.mentorship.id:
        raise NotFound(f"no meeting {meeting_id} in this mentorship")
    return found


async def _put(
    tx: Tx,
    site: Site,
    pair: Pair,
    person: Actor,
    before: Meeting,
    content: MeetingContent,
    zone: str | None,
    now: datetime,
) -> Meeting:
    if content == before.content:
        return before
    columns = _columns(content, before.version + 1, before.choice, by=pair.side(person), now=now)
    changed = await meetings.change(tx, before.id, **columns)
    await _share(tx, site, pair, person, changed, is_new=False, zone=zone, now=now)
    return changed


async def _choose(
    tx: Tx,
    site: Site,
    pair: Pair,
    person: Actor,
    before: Meeting,
    starts: datetime | None,
    now: datetime,
) -> Meeting:
    choice = MeetingChoice(before.uri, before.version, starts)
    if before.choice == choice:
        return before
    uri = before.answer_uri or site.uris.message(new_id(now))
    version = before.answer_version + 1
    changed = await _put_choice(tx, pair, person, before, choice, uri, version, now)
    await mentorships.alive(tx, pair.mentorship.id, now=now)
    note = OwnNote(
        uri=uri,
        author_uri=person.uri,
        thread_uri=pair.mentorship.thread_uri,
        content_html=linkify_text(Words(pair.mentorship.language).choice(choice)),
        published_at=now,
        updated_at=None if before.answer_uri is None else now,
        in_reply_to_uri=before.uri,
        item=Item(choice, version),
    )
    is_new = before.answer_uri is None
    await private_notes.send(tx, site, pair, person, note, is_new=is_new, now=now)
    event = "meeting-agreed" if starts is not None else "meeting-off"
    await private_notes.tell_partner(tx, site, pair, person, event, "meetings", before.id, now=now)
    return changed


async def _put_choice(
    tx: Tx,
    pair: Pair,
    author: Actor,
    before: Meeting,
    choice: MeetingChoice,
    uri: str,
    version: int,
    now: datetime,
) -> Meeting:
    columns = _columns(before.content, before.version, choice, by=pair.side(author), now=now)
    return await meetings.change(
        tx,
        before.id,
        **columns,
        answer_uri=uri,
        answer_version=version,
        answer_to_version=choice.meeting_version,
        answer_starts_at=choice.starts_at,
    )


async def _share(
    tx: Tx,
    site: Site,
    pair: Pair,
    person: Actor,
    meeting: Meeting,
    *,
    is_new: bool,
    zone: str | None,
    now: datetime,
) -> None:
    note = OwnNote(
        uri=meeting.uri,
        author_uri=person.uri,
        thread_uri=pair.mentorship.thread_uri,
        content_html=linkify_text(Words(pair.mentorship.language).meeting(meeting.content, zone=zone)),
        published_at=meeting.created_at,
        updated_at=None if is_new else now,
        item=Item(meeting.content, meeting.version),
    )
    await mentorships.alive(tx, pair.mentorship.id, now=now)
    await private_notes.send(tx, site, pair, person, note, is_new=is_new, now=now)
    event = "meeting-off" if meeting.is_cancelled else "meeting"
    await private_notes.tell_partner(tx, site, pair, person, event, "meetings", meeting.id, now=now)


def _cleaned(content: MeetingContent) -> MeetingContent:
    is_known = content.mode is not None and vocabulary.is_term(vocabulary.Scheme.MODE, content.mode)
    return replace(
        content,
        times=tuple(sorted(set(content.times))),
        mode=content.mode if is_known else None,
        place_text=clean_text(content.place_text).strip()[: MAX_PLACE_CHARACTERS + 1],
    )


def _columns(
    content: MeetingContent, version: int, choice: MeetingChoice | None, *, by: Side, now: datetime
) -> dict[str, Any]:
    """Return the columns of what the proposer says, and of the state that follows from both."""
    return {
        "times": [moment.isoformat() for moment in content.times],
        "minutes": content.minutes,
        "mode": content.mode,
        "place_text": content.place_text,
        "is_cancelled": content.is_cancelled,
        "version": version,
        "state": standing(content, version, choice).value,
        "starts_at": starts_at(content, version, choice),
        "changed_by": by.value,
        "updated_at": now,
    }
