"""Saying what a pair shares: to the partner only, in the transaction of the change.

A partner on another server gets a direct Note in the personal inbox; nothing of it can be fetched. A partner
here is told by a notification, which names what kind of thing it is and nothing of what it says.
"""

from dataclasses import replace
from datetime import datetime

from libline_fed.activitypub.build import build_tombstone
from libline_fed.activitypub.private_notes import OwnNote, Reader, build_private_note
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Mentorship
from libline_fed.errors import Conflict
from libline_fed.services import mentorship_mails, outbox, seats
from libline_fed.services.notifications import notify
from libline_fed.services.pairs import Pair
from libline_fed.services.site import Site
from libline_fed.storage import deliveries, feedback, goals, logbook, meetings, mentorships, messages
from libline_fed.storage.store import Tx

KIND = "mentorship-message"
_WITHOUT_MAIL = frozenset({"goal", "talk"})  # one looks when one likes


async def send(
    tx: Tx, site: Site, pair: Pair, person: Actor, note: OwnNote, *, is_new: bool, now: datetime
) -> None:
    """Send a Note to the partner, if the partner is elsewhere and the author is a member here."""
    partner = pair.actor(pair.side(person).other)
    if not person.is_local or partner.is_local:
        return
    note = replace(note, language=note.language or pair.mentorship.language or site.default_language)
    await outbox.tell(
        tx,
        site,
        actor=person,
        whom=partner,
        type_="Create" if is_new else "Update",
        object_=build_private_note(note, reader_of(partner)),
        object_uri=note.uri,
        now=now,
    )


async def retract(tx: Tx, site: Site, pair: Pair, person: Actor, uri: str, *, now: datetime) -> None:
    """Tell the partner's server that something is deleted; one that never heard of it does not hear of it."""
    partner = pair.actor(pair.side(person).other)
    if not person.is_local or partner.is_local:
        return
    await outbox.tell(
        tx,
        site,
        actor=person,
        whom=partner,
        type_="Delete",
        object_=build_tombstone(uri, former_type="Note", deleted_at=now),
        object_uri=uri,
        now=now,
    )


async def tell_partner(
    tx: Tx, site: Site, pair: Pair, person: Actor, event: str, page: str, item_id: str, *, now: datetime
) -> None:
    """Notify the partner here of something that a person did; `page` is where it is shown."""
    partner = pair.actor(pair.side(person).other)
    if not partner.is_local:
        return
    is_news = await notify(
        tx,
        account_actor_id=partner.id,
        kind=KIND,
        event=event,
        from_actor_id=person.id,
        subject_uri=f"{site.uris.mentorship(pair.mentorship.id)}/{page}#{item_id}",
        now=now,
    )
    if is_news and event not in _WITHOUT_MAIL:
        await mail_partner(tx, site, pair, person, now=now)


async def mail_partner(tx: Tx, site: Site, pair: Pair, person: Actor, *, now: datetime) -> None:
    """Let a mail say, at most once a day, that something waits; it says nothing of what that is."""
    partner = pair.actor(pair.side(person).other)
    if partner.is_local:
        await mentorship_mails.message_waiting(
            tx,
            site,
            actor=partner,
            mentorship_id=pair.mentorship.id,
            partner_name=mentorship_mails.name_in_mail(person),
            now=now,
        )


async def cancel_queued(tx: Tx, site: Site, pair: Pair, *, now: datetime) -> int:
    """Let nothing leave any more that either of the two has written to the other; returns how much."""
    count = 0
    for side, author in pair.people.items():
        partner = pair.people[side.other]
        if author.is_local and not partner.is_local:
            count += await deliveries.cancel_between(
                tx,
                actor_id=author.id,
                inbox_url=partner.inbox_url,
                below_uri=site.uris.message(""),
                reason="the two have nothing to do with each other any more",
                now=now,
            )
    return count


async def mentorship_of(tx: Tx, uri: str) -> Mentorship | None:
    """Return the mentorship that something shared belongs to: a message, goal, talk, meeting or wish."""
    found = (
        await messages.by_uri(tx, uri)
        or await meetings.by_uri(tx, uri)
        or await goals.by_uri(tx, uri)
        or await logbook.by_uri(tx, uri)
        or await feedback.by_uri(tx, uri)
        or await feedback.thanks_by_uri(tx, uri)
    )
    return await mentorships.by_id(tx, found.mentorship_id) if found is not None else None


async def require_running(tx: Tx, pair: Pair) -> None:
    """Let somebody add to what the two work on.

    Raises: Conflict, with a sentence for the person.
    """
    if not pair.mentorship.is_running:
        raise Conflict(
            f"not running: {pair.mentorship.state}", safe="This can be done while a mentorship is running."
        )
    if await is_blocked(tx, pair):
        raise Conflict("blocked or gone", safe="This person is not available.")


async def is_blocked(tx: Tx, pair: Pair) -> bool:
    """Tell whether either of the two, or their servers, want nothing to do with the other."""
    one, other = pair.people.values()
    return not (one.is_usable and other.is_usable) or await seats.is_blocked(tx, one, other)


def reader_of(actor: Actor) -> Reader:
    """Return how a Note names the one it is for."""
    return Reader(actor.uri, actor.url or actor.uri, f"{actor.handle}@{actor.acct_host or actor.host}")
