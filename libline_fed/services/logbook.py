"""The logbook of a mentorship: which talks were held, how long, and notes that may stay private."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from libline_fed.activitypub.objects import Admitted, NoteDocument
from libline_fed.activitypub.private_notes import Item, OwnNote
from libline_fed.activitypub.private_texts import Words
from libline_fed.domain.actors import Actor
from libline_fed.domain.logbook import (
    MAX_NOTES_CHARACTERS,
    MAX_TALKS,
    Talk,
    TalkContent,
    check_talk,
    total_minutes,
)
from libline_fed.domain.mentorships import Mentorship, Side
from libline_fed.domain.messages import is_asking, may_talk
from libline_fed.errors import Conflict, InvalidInput, NotFound, Refusal, RefusalReason
from libline_fed.ids import new_id
from libline_fed.sanitize import clean_text, linkify_text
from libline_fed.services import mentorships, private_notes
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.services.pairs import Pair, locked
from libline_fed.services.site import Site
from libline_fed.storage import logbook
from libline_fed.storage import mentorships as mentorship_rows
from libline_fed.storage.store import Tx


@dataclass(frozen=True, slots=True)
class Hours:
    """How long somebody has talked, in minutes: in all as mentor and as mentee, and in each mentorship."""

    as_mentor_minutes: int
    as_mentee_minutes: int
    by_mentorship: dict[str, int]


async def add(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, content: TalkContent, now: datetime
) -> Talk:
    """Note a talk. Date and length are for both; the notes leave this server only if shared.

    Raises: NotFound, Conflict, InvalidInput.
    """
    pair = await locked(tx, mentorship_id, person)
    content = _checked(pair.mentorship, content, now)
    if await logbook.count_of(tx, mentorship_id, person.id) >= MAX_TALKS:
        raise InvalidInput({"": "You have noted 500 talks. Delete one before you add another."})
    talk_id = new_id(now)
    await logbook.add(
        tx,
        {
            "id": talk_id,
            "uri": site.uris.message(talk_id),
            "mentorship_id": mentorship_id,
            "author_id": person.id,
            "created_at": now,
            "updated_at": now,
            **_columns(content),
        },
    )
    made = await logbook.by_id(tx, talk_id)
    assert made is not None
    await _share(tx, site, pair, person, made, is_new=True, now=now)
    return made


async def edit(
    tx: Tx,
    site: Site,
    *,
    person: Actor,
    mentorship_id: str,
    talk_id: str,
    content: TalkContent,
    now: datetime,
) -> Talk:
    """Change one's own entry. Notes that are no longer shared are taken back from the partner's server.

    Raises: NotFound, Conflict, InvalidInput.
    """
    pair = await locked(tx, mentorship_id, person)
    before = await _find(tx, pair, talk_id, person)
    content = _checked(pair.mentorship, content, now)
    if content == before.content:
        return before
    changed = await logbook.change(
        tx, talk_id, version=before.version + 1, updated_at=now, **_columns(content)
    )
    if _as_shared(content) != _as_shared(before.content):
        await _share(tx, site, pair, person, changed, is_new=False, now=now)
    return changed


async def remove(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, talk_id: str, now: datetime
) -> None:
    """Delete one's own entry on both servers.

    Raises: NotFound.
    """
    pair = await locked(tx, mentorship_id, person)
    known = await _find(tx, pair, talk_id, person)
    await logbook.change(tx, known.id, notes_text="", deleted_at=now, updated_at=now)
    await private_notes.retract(tx, site, pair, person, known.uri, now=now)


async def listed(tx: Tx, view: MentorshipView) -> list[Talk]:
    """List the talks of a mentorship, the latest first; of the partner's only the shared notes."""
    found = await logbook.of_mentorships(tx, [view.mentorship.id])
    return [replace(talk, notes_text=talk.notes_for(view.person.id)) for talk in found]


async def get(tx: Tx, view: MentorshipView, talk_id: str) -> Talk:
    """Return one's own entry.

    Raises: NotFound.
    """
    found = await logbook.by_id(tx, talk_id)
    if (
        found is None
        or found.mentorship_id != view.mentorship.id
        or found.author_id != view.person.id
        or found.deleted_at is not None
    ):
        raise NotFound(f"no talk {talk_id} of this person")
    return found


async def minutes_of(tx: Tx, mentorship_id: str) -> int:
    """Add up how long the two have talked; a day that both noted counts once."""
    return total_minutes(await logbook.of_mentorships(tx, [mentorship_id]))


async def hours_of(tx: Tx, person: Actor) -> Hours:
    """Add up how long somebody has talked as mentor and as mentee, for proofs of further training."""
    own = {one.id: one for one in await mentorship_rows.of_actor(tx, person.id)}
    talks = await logbook.of_mentorships(tx, own)
    by_mentorship = {
        mentorship_id: total_minutes(talk for talk in talks if talk.mentorship_id == mentorship_id)
        for mentorship_id in {talk.mentorship_id for talk in talks}
    }
    totals = dict.fromkeys(Side, 0)
    for mentorship_id, minutes in by_mentorship.items():
        side = own[mentorship_id].side_of(person.id)
        assert side is not None
        totals[side] += minutes
    return Hours(totals[Side.MENTOR], totals[Side.MENTEE], by_mentorship)


def first_day(mentorship: Mentorship) -> date:
    """Return the day on which the two first had to do with each other."""
    return min(mentorship.sent_at or mentorship.created_at, mentorship.created_at).date()


def can_add(mentorship: Mentorship, now: datetime) -> bool:
    """Tell whether talks can be noted now."""
    return not is_asking(mentorship) and may_talk(mentorship, now)


async def receive(
    tx: Tx, site: Site, pair: Pair, *, author: Actor, admitted: Admitted[NoteDocument], now: datetime
) -> Refusal | None:
    """Take in a talk that the partner noted elsewhere, or its newer version; None means that it was news."""
    note = admitted.document
    item = note.item
    assert item is not None
    assert isinstance(item.content, TalkContent)
    known = await logbook.by_uri(tx, note.uri)
    if known is None:
        if await logbook.count_of(tx, pair.mentorship.id, author.id) >= MAX_TALKS:
            return Refusal(RefusalReason.TOO_LARGE, "too many talks")
        talk_id = new_id(now)
        await logbook.add(
            tx,
            {
                "id": talk_id,
                "uri": note.uri,
                "mentorship_id": pair.mentorship.id,
                "author_id": author.id,
                "created_at": min(note.published_at or now, now),
                "updated_at": now,
                "version": item.version,
                **_columns(item.content),
            },
        )
    else:
        if known.author_id != author.id or known.mentorship_id != pair.mentorship.id:
            return Refusal(RefusalReason.WRONG_OWNER, note.uri)
        if known.deleted_at is not None or item.version <= known.version:
            return Refusal(RefusalReason.OUTDATED, note.uri)
        talk_id = known.id
        await logbook.change(
            tx, known.id, version=item.version, updated_at=now, **_columns(item.content)
        )
    await mentorships.alive(tx, pair.mentorship.id, now=now)
    await private_notes.tell_partner(tx, site, pair, author, "talk", "log", talk_id, now=now)
    return None


async def receive_delete(tx: Tx, *, author: Actor, uri: str, now: datetime) -> bool | None:
    """Delete what its author deleted elsewhere; None if it is no talk of theirs, False if it was deleted."""
    known = await logbook.by_uri(tx, uri)
    if known is None or known.author_id != author.id:
        return None
    if known.deleted_at is not None:
        return False
    await logbook.change(tx, known.id, notes_text="", deleted_at=now, updated_at=now)
    return True


# --- inside -----------------------------------------------------------------------------------------


def _checked(mentorship: Mentorship, content: TalkContent, now: datetime) -> TalkContent:
    if not can_add(mentorship, now):
        raise Conflict(
            f"no talks in state {mentorship.state}",
            safe="Talks can be noted while a mentorship is running, and for 28 days after it.",
        )
    notes_text = clean_text(content.notes_text).strip()[: MAX_NOTES_CHARACTERS + 1]
    content = replace(content, notes_text=notes_text, is_shared=content.is_shared and bool(notes_text))
    check_talk(content, today=now.date(), since=first_day(mentorship))
    return content


async def _find(tx: Tx, pair: Pair, talk_id: str, person: Actor) -> Talk:
    found = await logbook.by_id(tx, talk_id)
    if (
        found is None
        or found.mentorship_id != pair.mentorship.id
        or found.author_id != person.id
        or found.deleted_at is not None
    ):
        raise NotFound(f"no talk {talk_id} of {person.id}")
    return found


async def _share(
    tx: Tx, site: Site, pair: Pair, person: Actor, talk: Talk, *, is_new: bool, now: datetime
) -> None:
    note = note_of(pair, person, talk, updated_at=None if is_new else now)
    await mentorships.alive(tx, pair.mentorship.id, now=now)
    await private_notes.send(tx, site, pair, person, note, is_new=is_new, now=now)
    await private_notes.tell_partner(tx, site, pair, person, "talk", "log", talk.id, now=now)


def note_of(pair: Pair, person: Actor, talk: Talk, *, updated_at: datetime | None = None) -> OwnNote:
    """Return a talk as the Note that the partner's server gets: notes only if they are shared."""
    shared = _as_shared(talk.content)
    return OwnNote(
        uri=talk.uri,
        author_uri=person.uri,
        thread_uri=pair.mentorship.thread_uri,
        content_html=linkify_text(Words(pair.mentorship.language).talk(shared)),
        published_at=talk.created_at,
        updated_at=updated_at,
        item=Item(shared, talk.version),
    )


def _as_shared(content: TalkContent) -> TalkContent:
    """Return what the partner gets."""
    return content if content.is_shared else replace(content, notes_text="")


def _columns(content: TalkContent) -> dict[str, Any]:
    return {
        "held_on": content.held_on,
        "minutes": content.minutes,
        "notes_text": content.notes_text,
        "is_shared": content.is_shared,
    }
