"""Public thanks after a mentorship: written by one, published only once the one who is thanked says yes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libline_fed.activitypub.build import build_tombstone
from libline_fed.activitypub.objects import Admitted, NoteDocument
from libline_fed.activitypub.private_notes import Content, Item, OwnNote
from libline_fed.activitypub.private_texts import Words
from libline_fed.activitypub.thanks import OwnThanks, build_thanks
from libline_fed.domain.actors import Actor
from libline_fed.domain.feedback import (
    Thanks,
    ThanksAnswer,
    ThanksState,
    ThanksWish,
    check_thanks,
    may_arrive,
)
from libline_fed.domain.mentorships import CREDITED
from libline_fed.errors import Conflict, Forbidden, NotFound, Refusal, RefusalReason
from libline_fed.ids import new_id
from libline_fed.sanitize import clean_text, linkify_text
from libline_fed.services import outbox, private_notes
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.services.outbox import PUBLIC
from libline_fed.services.pairs import Pair, locked
from libline_fed.services.site import Site
from libline_fed.storage import actors, deliveries, feedback, follows, tombstones
from libline_fed.storage.store import Tx

_ANSWER_VERSIONS = {True: 1, False: 2}  # a no after a yes counts, not the other way round


@dataclass(frozen=True, slots=True)
class PublicThanks:
    """Thanks that everybody may read, with the two people."""

    thanks: Thanks
    author: Actor
    thanked: Actor


async def wish(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, text: str, now: datetime
) -> Thanks:
    """Ask the partner whether these words may be published. The same words again change nothing.

    Raises: NotFound, Conflict, Forbidden, InvalidInput.
    """
    pair = await locked(tx, mentorship_id, person)
    if not person.is_local:
        raise Forbidden("a guest", safe="Please publish your thanks from your own account.")
    if pair.mentorship.state not in CREDITED:
        raise Conflict("not over", safe="Thanks are for after the mentorship.")
    if await private_notes.is_blocked(tx, pair):
        raise Conflict("blocked or gone", safe="This person is not available.")
    text = clean_text(text).strip()
    check_thanks(text)
    before = (await feedback.thanks_of(tx, mentorship_id)).get(person.id)
    if before is not None and before.state != ThanksState.WITHDRAWN:
        if before.text == text:
            return before
        raise Conflict(f"asked already: {before.state}", safe="You have written your thanks already.")
    thanks_id = before.id if before is not None else new_id(now)
    columns = {
        "text": text,
        "content_html": linkify_text(text),
        "language": pair.mentorship.language,
        "state": ThanksState.ASKED.value,
        "updated_at": now,
    }
    if before is not None:
        note_uri = site.uris.thanks(new_id(now))  # what was taken down keeps its address, for good
        made = await feedback.change_thanks(
            tx, thanks_id, version=before.version + 1, note_uri=note_uri, published_at=None, **columns
        )
    else:
        made = await _add(tx, site, pair, person, thanks_id, columns, now)
    await _say_wish(tx, site, pair, person, made, is_new=before is None, now=now)
    await private_notes.tell_partner(tx, site, pair, person, "thanks", "feedback", made.id, now=now)
    return made


async def answer(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, is_yes: bool, now: datetime
) -> Thanks:
    """Say whether the partner's thanks may be published; a no after a yes takes them down.

    Raises: NotFound, Conflict.
    """
    pair = await locked(tx, mentorship_id, person)
    author = pair.actor(pair.side(person).other)
    before = (await feedback.thanks_of(tx, mentorship_id)).get(author.id)
    if before is None or before.state == ThanksState.WITHDRAWN:
        raise NotFound("no thanks wait for an answer")
    if is_yes and before.state == ThanksState.REFUSED:
        raise Conflict("refused before", safe="You have said no already.")
    changed = await _answered(tx, site, pair, author, before, is_yes=is_yes, now=now)
    if changed.state == before.state:
        return before
    uri = before.answer_uri or site.uris.message(new_id(now))
    changed = await feedback.change_thanks(tx, before.id, answer_uri=uri)
    content = ThanksAnswer(before.uri, before.version, is_yes)
    note = _note(pair, person, uri, content, Words(pair.mentorship.language).thanks_answer(content), now)
    await private_notes.send(tx, site, pair, person, note, is_new=before.answer_uri is None, now=now)
    event = "thanks-yes" if is_yes else "thanks-no"
    await private_notes.tell_partner(tx, site, pair, person, event, "feedback", before.id, now=now)
    return changed


async def withdraw(tx: Tx, site: Site, *, person: Actor, mentorship_id: str, now: datetime) -> None:
    """Take one's own thanks back, also public ones. Again changes nothing.

    Raises: NotFound.
    """
    pair = await locked(tx, mentorship_id, person)
    before = (await feedback.thanks_of(tx, mentorship_id)).get(person.id)
    if before is None:
        raise NotFound("no thanks of this person")
    if before.state == ThanksState.WITHDRAWN:
        return
    await _take_down(tx, site, person, before, now)
    changed = await feedback.change_thanks(
        tx, before.id, state=ThanksState.WITHDRAWN.value, version=before.version + 1, updated_at=now
    )
    await _say_wish(tx, site, pair, person, changed, is_new=False, now=now)


async def of_mentorship(tx: Tx, view: MentorshipView) -> tuple[Thanks | None, Thanks | None]:
    """Return one's own thanks and those of the partner."""
    found = await feedback.thanks_of(tx, view.mentorship.id)
    return found.get(view.person.id), found.get(view.partner.id)


async def public(tx: Tx, site: Site, thanks_id: str) -> PublicThanks:
    """Return thanks that were published here.

    Raises: NotFound.
    """
    found = await feedback.thanks_by_note_uri(tx, site.uris.thanks(thanks_id))
    people = await actors.by_ids(tx, {found.author_id, found.thanked_id}) if found is not None else {}
    if found is None or found.state != ThanksState.PUBLISHED or not people[found.author_id].is_local:
        raise NotFound(f"no public thanks {thanks_id}")
    author, thanked = people[found.author_id], people[found.thanked_id]
    if not author.is_usable or not thanked.is_usable:
        raise NotFound(f"one of the two of {thanks_id} is not here any more")
    return PublicThanks(found, author, thanked)


async def of_thanked(tx: Tx, thanked: Actor) -> list[PublicThanks]:
    """List the public thanks of people here to somebody, the latest first."""
    found = await feedback.published_thanks(tx, thanked.id)
    authors = await actors.by_ids(tx, {one.author_id for one in found})
    return [
        PublicThanks(one, authors[one.author_id], thanked)
        for one in found
        if authors[one.author_id].is_local and authors[one.author_id].is_usable
    ]


def document(site: Site, found: PublicThanks) -> dict[str, Any]:
    """Return public thanks as other servers read them."""
    thanks, author = found.thanks, found.author
    own = OwnThanks(
        uri=thanks.note_uri,
        author_uri=author.uri,
        followers_uri=site.uris.collection(author.uri, "followers"),
        content_html=thanks.content_html,
        language=thanks.language,
        published_at=thanks.published_at or thanks.updated_at,
    )
    return build_thanks(own, private_notes.reader_of(found.thanked))


# --- from other servers -----------------------------------------------------------------------------


async def receive(
    tx: Tx, site: Site, pair: Pair, *, author: Actor, admitted: Admitted[NoteDocument], now: datetime
) -> Refusal | None:
    """Take in the partner's wish to publish thanks, or that it is taken back; None means that it was news."""
    note = admitted.document
    item = note.item
    assert item is not None
    content = item.content
    assert isinstance(content, ThanksWish)
    if not may_arrive(pair.mentorship, now) and not content.is_withdrawn:
        return Refusal(RefusalReason.NOT_PENDING, f"no thanks in state {pair.mentorship.state}")
    known = (await feedback.thanks_of(tx, pair.mentorship.id)).get(author.id)
    if known is not None and (known.uri != note.uri or item.version <= known.version):
        is_other = known.uri != note.uri
        return Refusal(RefusalReason.WRONG_OWNER if is_other else RefusalReason.OUTDATED, note.uri)
    state = ThanksState.WITHDRAWN if content.is_withdrawn else ThanksState.ASKED
    columns: dict[str, Any] = {
        "text": content.text,
        "content_html": linkify_text(content.text),
        "language": note.language,
        "state": state.value,
        "version": item.version,
        "updated_at": now,
    }
    if known is not None:
        await feedback.change_thanks(tx, known.id, **columns)
        thanks_id = known.id
    else:
        thanks_id = new_id(now)
        is_new = await feedback.add_thanks(
            tx,
            {
                "id": thanks_id,
                "uri": note.uri,
                "note_uri": f"{note.uri}#public",  # theirs has an address that only they know
                "mentorship_id": pair.mentorship.id,
                "author_id": author.id,
                "thanked_id": pair.actor(pair.side(author).other).id,
                "created_at": now,
                **columns,
            },
        )
        if not is_new:
            return Refusal(RefusalReason.WRONG_OWNER, note.uri)
    if not content.is_withdrawn:
        await private_notes.tell_partner(tx, site, pair, author, "thanks", "feedback", thanks_id, now=now)
    return None


async def receive_answer(
    tx: Tx, site: Site, pair: Pair, *, author: Actor, admitted: Admitted[NoteDocument], now: datetime
) -> Refusal | None:
    """Take in whether the partner agrees to be thanked in public; None means that it was news."""
    item = admitted.document.item
    assert item is not None
    content = item.content
    assert isinstance(content, ThanksAnswer)
    writer = pair.actor(pair.side(author).other)
    known = (await feedback.thanks_of(tx, pair.mentorship.id)).get(writer.id)
    if known is None or known.uri != content.thanks_uri:
        return Refusal(RefusalReason.UNKNOWN_OBJECT, content.thanks_uri)
    if content.thanks_version != known.version:  # a yes to other words is none to these
        return Refusal(RefusalReason.OUTDATED, content.thanks_uri)
    changed = await _answered(tx, site, pair, writer, known, is_yes=content.is_yes, now=now)
    if changed.state == known.state:
        return Refusal(RefusalReason.OUTDATED, content.thanks_uri)
    event = "thanks-yes" if content.is_yes else "thanks-no"
    await private_notes.tell_partner(tx, site, pair, author, event, "feedback", known.id, now=now)
    return None


# --- inside -----------------------------------------------------------------------------------------


async def _add(
    tx: Tx, site: Site, pair: Pair, person: Actor, thanks_id: str, columns: dict[str, Any], now: datetime
) -> Thanks:
    await feedback.add_thanks(
        tx,
        {
            "id": thanks_id,
            "uri": site.uris.message(thanks_id),
            "note_uri": site.uris.thanks(thanks_id),
            "mentorship_id": pair.mentorship.id,
            "author_id": person.id,
            "thanked_id": pair.actor(pair.side(person).other).id,
            "created_at": now,
            **columns,
        },
    )
    return (await feedback.thanks_of(tx, pair.mentorship.id))[person.id]


async def _answered(
    tx: Tx, site: Site, pair: Pair, writer: Actor, before: Thanks, *, is_yes: bool, now: datetime
) -> Thanks:
    """Do what an answer asks for: publish, take down, or just note it where the writer is elsewhere."""
    may_publish = before.state == ThanksState.ASKED
    if is_yes and may_publish and writer.is_local:
        return await _publish(tx, site, pair, writer, before, now)
    if is_yes and may_publish:
        return await feedback.change_thanks(tx, before.id, state=ThanksState.AGREED.value, updated_at=now)
    if not is_yes and before.state in (ThanksState.ASKED, ThanksState.AGREED, ThanksState.PUBLISHED):
        await _take_down(tx, site, writer, before, now)
        return await feedback.change_thanks(tx, before.id, state=ThanksState.REFUSED.value, updated_at=now)
    return before


async def _publish(
    tx: Tx, site: Site, pair: Pair, writer: Actor, before: Thanks, now: datetime
) -> Thanks:
    published = await feedback.change_thanks(
        tx, before.id, state=ThanksState.PUBLISHED.value, published_at=now, updated_at=now
    )
    thanked = pair.actor(pair.side(writer).other)
    inboxes = list(await follows.inboxes_of_followers(tx, writer.id))
    if not thanked.is_local:
        inboxes.append((thanked.host, thanked.inbox_url))
    await outbox.publish(
        tx,
        site,
        actor=writer,
        type_="Create",
        object_=document(site, PublicThanks(published, writer, thanked)),
        object_uri=published.note_uri,
        to=[PUBLIC],
        cc=[site.uris.collection(writer.uri, "followers"), thanked.uri],
        inboxes=inboxes,
        is_public=True,
        now=now,
    )
    return published


async def _take_down(tx: Tx, site: Site, writer: Actor, before: Thanks, now: datetime) -> None:
    """Delete the public Note wherever it was sent, if it is one of ours."""
    if before.state != ThanksState.PUBLISHED or not writer.is_local:
        return
    await outbox.publish(
        tx,
        site,
        actor=writer,
        type_="Delete",
        object_=build_tombstone(before.note_uri, former_type="Note", deleted_at=now),
        object_uri=before.note_uri,
        to=[PUBLIC],
        inboxes=await deliveries.inboxes_ever(tx, writer.id, object_uri=before.note_uri),
        is_public=True,
        now=now,
    )
    await tombstones.add(
        tx, before.note_uri, former_type="Note", owner_uri=writer.uri, now=now, is_known=True
    )


async def _say_wish(
    tx: Tx, site: Site, pair: Pair, person: Actor, thanks: Thanks, *, is_new: bool, now: datetime
) -> None:
    content = ThanksWish(thanks.text, is_withdrawn=thanks.state == ThanksState.WITHDRAWN)
    words = Words(pair.mentorship.language).thanks(content)
    note = _note(pair, person, thanks.uri, content, words, now, version=thanks.version)
    await private_notes.send(tx, site, pair, person, note, is_new=is_new, now=now)


def _note(
    pair: Pair,
    person: Actor,
    uri: str,
    content: Content,
    words: str,
    now: datetime,
    *,
    version: int | None = None,
) -> OwnNote:
    if isinstance(content, ThanksAnswer):
        version = _ANSWER_VERSIONS[content.is_yes]
    return OwnNote(
        uri=uri,
        author_uri=person.uri,
        thread_uri=pair.mentorship.thread_uri,
        content_html=linkify_text(words),
        published_at=now,
        updated_at=now,
        item=Item(content, version or 1),
    )
