"""Speaking to somebody without LibLine, in a member's name: private messages and private polls.

What is automatic says so, how to end it, and holds no link before the person follows the member: software
elsewhere takes a stranger's link for spam.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from libline_fed.activitypub.direct_messages import build_direct_question
from libline_fed.activitypub.private_notes import OwnNote, build_private_note
from libline_fed.domain.actors import Actor
from libline_fed.domain.doors import QuestionKind, QuestionState, language_of
from libline_fed.domain.follows import FollowState
from libline_fed.domain.mentorships import Mentorship
from libline_fed.domain.proposals import Proposal
from libline_fed.ids import new_id
from libline_fed.services import door_texts, outbox
from libline_fed.services.private_notes import reader_of
from libline_fed.services.site import Site
from libline_fed.storage import doors, follows
from libline_fed.storage.store import Tx


@dataclass(frozen=True, slots=True)
class Door:
    """Who speaks to whom, about what, in which thread and language."""

    member: Actor
    person: Actor
    thread_uri: str
    language: str
    title: str
    mentorship: Mentorship | None = None
    proposal: Proposal | None = None
    in_reply_to_uri: str | None = None

    def text(self, site: Site, key: str, **values: str) -> str:
        """Return one of the texts, with the names in it."""
        known = {"member": self.member.display_name, "site": site.name, "title": self.title, **values}
        return door_texts.say(key, self.language, **known)


def of_mentorship(site: Site, mentorship: Mentorship, *, member: Actor, person: Actor) -> Door:
    """Return the door of a mentorship."""
    return Door(
        member,
        person,
        mentorship.thread_uri,
        language_of(mentorship.language, site.default_language),
        mentorship.proposal_title,
        mentorship,
    )


async def say(
    tx: Tx, site: Site, door: Door, *paragraphs: str, ending: str | None = "stop", now: datetime
) -> str:
    """Send an automatic message; return its URI. `ending` is the text that says how to end, if any does."""
    told = [*paragraphs, await _page_line(tx, site, door)]
    if ending is not None:
        told.append(door.text(site, ending))
    message_id = new_id(now)
    note = await _note(tx, site, door, message_id, (*told, door.text(site, "automatic")), now)
    await _deliver(tx, site, door, message_id, build_private_note(note, reader_of(door.person)), now)
    return note.uri


async def ask(
    tx: Tx,
    site: Site,
    door: Door,
    kind: QuestionKind,
    *paragraphs: str,
    expires_at: datetime,
    now: datetime,
) -> bool:
    """Ask yes or no by a private poll; a question that is open in the thread is cancelled by it."""
    await doors.cancel_in(tx, door.thread_uri)
    message_id = new_id(now)
    told = (
        *paragraphs,
        f"{door.text(site, 'how')} {door.text(site, 'votes')}",
        door.text(site, "stop"),
        door.text(site, "automatic"),
    )
    note = await _note(tx, site, door, message_id, told, now)
    is_asked = await doors.add(
        tx,
        {
            "id": message_id,
            "question_uri": note.uri,
            "mentorship_id": door.mentorship.id if door.mentorship is not None else None,
            "proposal_id": door.proposal.id if door.proposal is not None else None,
            "actor_id": door.person.id,
            "member_id": door.member.id,
            "thread_uri": door.thread_uri,
            "kind": kind.value,
            "language": door.language,
            "state": QuestionState.OPEN.value,
            "asked_at": now,
            "expires_at": expires_at,
        },
    )
    if is_asked:
        options = door_texts.options(kind, door.language)
        poll = build_direct_question(note, reader_of(door.person), options, ends_at=expires_at)
        await _deliver(tx, site, door, message_id, poll, now)
    return is_asked


async def _note(
    tx: Tx, site: Site, door: Door, message_id: str, paragraphs: Sequence[str], now: datetime
) -> OwnNote:
    return OwnNote(
        uri=site.uris.message(message_id),
        author_uri=door.member.uri,
        thread_uri=door.thread_uri,
        content_html=door_texts.to_html(*paragraphs),
        published_at=now,
        in_reply_to_uri=door.in_reply_to_uri or await _answered_uri(tx, site, door),
        language=door.language,
    )


async def _answered_uri(tx: Tx, site: Site, door: Door) -> str | None:
    """Return the person's latest message; of a request that came as one, that one."""
    if door.mentorship is None:
        return None
    latest = await doors.last_words_uri(tx, door.mentorship.id, door.person.id)
    asked_uri = door.mentorship.offer_uri
    is_theirs = asked_uri is not None and not site.uris.is_local(asked_uri)
    return latest or (asked_uri if is_theirs else None)


async def _deliver(
    tx: Tx, site: Site, door: Door, message_id: str, document: dict[str, object], now: datetime
) -> None:
    """Queue a message for the person's own inbox; those of one thread are kept in order."""
    await outbox.tell(
        tx,
        site,
        actor=door.member,
        whom=door.person,
        type_="Create",
        object_=document,
        object_uri=door.thread_uri,
        now=now,
        activity_id=message_id,
    )


async def _page_line(tx: Tx, site: Site, door: Door) -> str:
    """Return the way to the page, for those who follow the member."""
    if door.mentorship is None:
        return ""
    known = await follows.between(tx, door.person.id, door.member.id)
    if known is None or known.state != FollowState.ACCEPTED:
        return ""
    return door.text(site, "page", url=site.uris.mentorship(door.mentorship.id))
