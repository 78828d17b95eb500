"""Offers of other servers: a request, a mentor's answer to one, a counter-proposal, a longer wait."""

from datetime import datetime, timedelta
from typing import Any

from libline_fed.activitypub.agreements import OfferedAgreement
from libline_fed.activitypub.urls import same_origin
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import (
    BEFORE,
    DELIVERY_GRACE,
    Channel,
    DeclineReason,
    Event,
    Mentorship,
    Side,
    State,
)
from libline_fed.domain.proposals import Proposal, Purpose, Status
from libline_fed.errors import Refusal, RefusalReason
from libline_fed.sanitize import plain_text
from libline_fed.services import mentorship_messages, requests, seats
from libline_fed.services.agreements_received import Said
from libline_fed.services.mentorship_steps import free_seat, put, tell_people
from libline_fed.services.pairs import Pair, locked
from libline_fed.services.plain_partners import PLAIN
from libline_fed.services.site import Site
from libline_fed.storage import accounts, actors, mentorships, tombstones
from libline_fed.storage import proposals as proposal_rows
from libline_fed.storage.store import Tx

MAX_EXPIRY = timedelta(days=60)



async def offer(
    tx: Tx, site: Site, said: Said, offered: OfferedAgreement, *, now: datetime
) -> Refusal | None:
    """Take in an `Offer(Agreement)`; one that cannot be is answered with a polite no."""
    if (await tombstones.among(tx, (said.activity_uri,))).get(said.activity_uri) == said.sender.uri:
        await _take_back_countered(tx, site, said, offered, now=now)
        return Refusal(RefusalReason.TOMBSTONED, "taken back before it came")
    if await mentorships.by_offer_uri(tx, said.activity_uri) is not None:
        return Refusal(RefusalReason.OUTDATED, "known already")
    if offered.counter_of_uri is not None:
        return await _counter(tx, site, said, offered, now=now)
    proposal = (await proposal_rows.by_uris(tx, (offered.proposal_uri,))).get(offered.proposal_uri)
    author = await actors.by_id(tx, proposal.author_id) if proposal is not None else None
    if proposal is None or author is None or not author.is_local or author.id == said.sender.id:
        return Refusal(RefusalReason.UNKNOWN_OBJECT, offered.proposal_uri)
    mentor, mentee = (author, said.sender) if proposal.purpose == Purpose.OFFER else (said.sender, author)
    await mentorships.lock_people(tx, (mentor.id, mentee.id))
    way = _way_to_talk(said, offered)
    known = await _known(tx, mentor, mentee, proposal, way.get("thread_uri"))
    reason = await _obstacle(tx, proposal, author, said, offered, known, now)
    is_anew = known is not None and known.thread_uri != way.get("thread_uri", known.thread_uri)
    if known is not None and known.state in BEFORE and is_anew and _is_earlier(said, way, known):
        return Refusal(RefusalReason.OUTDATED, "its sender has asked anew since, and that came first")
    if known is not None and known.state in BEFORE and (reason is not None or is_anew):
        await _end_earlier(tx, site, known, said, reason, now=now)
        known = None
    if reason is not None:
        await mentorship_messages.send_bare_reject(
            tx, site, me=author, partner=said.sender, offer_uri=said.activity_uri, reason=reason, now=now
        )
        return Refusal(RefusalReason.NOT_FOR_US, f"answered with a no: {reason}")
    if known is None:
        known = await mentorships.add(
            tx,
            {
                **requests.new_row(site, proposal=proposal, mentor=mentor, mentee=mentee, now=now),
                **way,
                "asker": Side.MENTEE if said.sender.id == mentee.id else Side.MENTOR,
                "changed_by": Side.MENTEE if said.sender.id == mentee.id else Side.MENTOR,
                "state": State.DRAFT.value,
            },
        )
        if known is None:
            return Refusal(RefusalReason.WRONG_OWNER, "a thread of somebody else")
    await _asked(tx, site, await locked(tx, known.id), said, offered, now=now)
    return None


async def _known(
    tx: Tx, mentor: Actor, mentee: Actor, proposal: Proposal, thread_uri: str | None
) -> Mentorship | None:
    """Return what is open of the two, or what there was in the thread that an Offer goes on."""
    found = await mentorships.open_one(
        tx, mentor_id=mentor.id, mentee_id=mentee.id, proposal_uri=proposal.uri
    )
    if found is not None or thread_uri is None:
        return found
    earlier = await mentorships.by_thread_uri(tx, thread_uri)
    is_theirs = earlier is not None and (earlier.mentor_id, earlier.mentee_id) == (mentor.id, mentee.id)
    return earlier if is_theirs else None


def _is_quiet(known: Mentorship) -> bool:
    """Tell whether it was a question that nobody had followed up before this Offer came."""
    return known.state == State.EXPIRED and known.offer_uri is None


def _is_earlier(said: Said, way: dict[str, str], known: Mentorship) -> bool:
    """Tell whether an Offer was sent before the one that is known: nobody asks twice at a time.

    Threads are named in the order in which they begin, should both be of the same second.
    """
    if known.sent_at is None or said.published_at is None:
        return False
    return (said.published_at, way["thread_uri"]) < (known.sent_at, known.thread_uri)


async def _end_earlier(
    tx: Tx, site: Site, known: Mentorship, said: Said, reason: str | None, *, now: datetime
) -> None:
    """End what was open of the two: its asker has asked anew, or is told no."""
    if known.state == State.DRAFT:
        await mentorships.remove(tx, known.id)
        return
    pair = await locked(tx, known.id)
    by = pair.side(said.sender)
    state, event = (State.WITHDRAWN, Event.WITHDRAW) if reason is None else _NOES.get(reason, _NO)
    columns = {"state": state.value, "reason": reason, "decided_at": now, "changed_by": by.value}
    await put(tx, pair, columns, event=event, by=by, now=now)
    await free_seat(tx, site, pair, now=now)


_NO = (State.DECLINED, Event.DECLINE)
_NOES: dict[str, tuple[State, Event]] = {
    DeclineReason.EXPIRED: (State.EXPIRED, Event.EXPIRE),
    DeclineReason.FULL: (State.SUPERSEDED, Event.SUPERSEDE),
}


async def _asked(
    tx: Tx, site: Site, pair: Pair, said: Said, offered: OfferedAgreement, *, now: datetime
) -> None:
    """Make a request of a new row, of a question, or of one that was sent anew."""
    side = pair.side(said.sender)
    columns = {
        **_words_of(said, offered, pair.mentorship),
        "state": State.PROPOSED.value,
        "changed_by": side.value,
        "asker": side.value,
        "offer_uri": said.activity_uri,
        "version": offered.version,
        "sent_at": min(said.published_at or now, now),
        "expires_at": await _expiry(tx, pair, offered, now),
        "reminders_count": 0,
        "decided_at": None,
        "reason": None,
    }
    detail = dict(PLAIN) if offered.is_plain else None
    await put(tx, pair, columns, event=Event.SEND, by=side, now=now, detail=detail)
    await free_seat(tx, site, pair, now=now)
    if pair.mentorship.channel == Channel.NOTE:
        me = pair.actor(side.other)
        await mentorship_messages.send_offer(
            tx, site, pair.mentorship, me=said.sender, partner=me, before=None, now=now
        )
    event = "requested" if side is Side.MENTEE else "offered"
    await tell_people(tx, site, pair, event, by=side, now=now)
    if offered.expires_at is not None and columns["expires_at"] > offered.expires_at:
        me = pair.actor(side.other)
        await mentorship_messages.send_wait(tx, site, pair.mentorship, me=me, partner=said.sender, now=now)


async def wait(tx: Tx, said: Said, offer_uri: str, expires_at: datetime, *, now: datetime) -> Refusal | None:
    """Take in that the decider's clock runs longer, because of holidays."""
    found = await mentorships.by_offer_uri(tx, offer_uri)
    if found is None or found.actor_id(found.decider) != said.sender.id or said.sender.is_local:
        return Refusal(RefusalReason.UNKNOWN_OBJECT, offer_uri)
    pair = await locked(tx, found.id)
    known = pair.mentorship.expires_at
    if pair.mentorship.state != State.PROPOSED or (known is not None and expires_at <= known):
        return Refusal(RefusalReason.OUTDATED, "not later than what is known")
    await mentorships.change(tx, found.id, now, expires_at=min(expires_at, now + MAX_EXPIRY))
    return None


async def _counter(
    tx: Tx, site: Site, said: Said, offered: OfferedAgreement, *, now: datetime
) -> Refusal | None:
    assert offered.counter_of_uri is not None
    known = await mentorships.by_offer_uri(tx, offered.counter_of_uri)
    if known is None or known.side_of(said.sender.id) is None:
        return Refusal(RefusalReason.UNKNOWN_OBJECT, offered.counter_of_uri)
    pair = await locked(tx, known.id)
    side, me = pair.side(said.sender), pair.actor(pair.side(said.sender).other)
    if offered.proposal_uri != pair.mentorship.proposal_uri or offered.quantity != 1:
        return Refusal(RefusalReason.BAD_SHAPE, "another proposal or another quantity")
    made = await requests.counters_by(tx, pair.mentorship, side)
    if pair.mentorship.state != State.PROPOSED or pair.mentorship.asker == side or made > 0:
        await mentorship_messages.send_bare_reject(
            tx,
            site,
            me=me,
            partner=said.sender,
            offer_uri=said.activity_uri,
            reason=DeclineReason.CLOSED,
            now=now,
        )
        return Refusal(RefusalReason.NOT_PENDING, f"{pair.mentorship.state}, or countered before")
    before = pair.mentorship
    columns = {
        **_words_of(said, offered, before),
        "asker": side.value,
        "changed_by": side.value,
        "offer_uri": said.activity_uri,
        "version": max(offered.version, before.version + 1),
        "counters_count": before.counters_count + 1,
        "holds_seat": False,  # ours was for our own Offer
        "sent_at": min(said.published_at or now, now),
        "reminders_count": 0,
    }
    await put(tx, pair, columns, event=Event.COUNTER, by=side, now=now)
    pair.mentorship = await mentorships.change(
        tx, known.id, now, expires_at=await _expiry(tx, pair, offered, now)
    )
    await free_seat(tx, site, pair, now=now)
    await tell_people(tx, site, pair, "countered", by=side, now=now)
    return None


async def _take_back_countered(
    tx: Tx, site: Site, said: Said, offered: OfferedAgreement, *, now: datetime
) -> None:
    """End the Offer of ours that was answered with a counter-proposal which is taken back already."""
    known = await mentorships.by_offer_uri(tx, offered.counter_of_uri) if offered.counter_of_uri else None
    if known is None or known.state != State.PROPOSED or known.actor_id(known.decider) != said.sender.id:
        return
    pair = await locked(tx, known.id)
    side = pair.side(said.sender)
    columns = {"state": State.WITHDRAWN.value, "decided_at": now, "changed_by": side.value}
    await put(tx, pair, columns, event=Event.WITHDRAW, by=side, now=now)
    await free_seat(tx, site, pair, now=now)
    await tell_people(tx, site, pair, "withdrawn", by=side, now=now)


async def _obstacle(
    tx: Tx,
    proposal: Proposal,
    author: Actor,
    said: Said,
    offered: OfferedAgreement,
    known: Mentorship | None,
    now: datetime,
) -> str | None:
    """Return the reason why an Offer cannot be taken, as the other server will be told."""
    account = await accounts.by_actor(tx, author.id)
    if not author.is_usable or await seats.is_blocked(tx, author, said.sender):
        return DeclineReason.UNAVAILABLE
    if known is not None and (known.is_running or (known.is_over and not _is_quiet(known))):
        return DeclineReason.CLOSED
    if offered.expires_at is not None and now > offered.expires_at + DELIVERY_GRACE:
        return DeclineReason.EXPIRED
    if proposal.status == Status.FULL:
        return DeclineReason.FULL
    is_over = proposal.open_until_on is not None and proposal.open_until_on < now.date()
    if proposal.status != Status.OPEN or is_over or (account is not None and account.is_paused):
        return DeclineReason.CLOSED
    return DeclineReason.CLOSED if offered.quantity != 1 or proposal.audience == "instance" else None


def _words_of(said: Said, offered: OfferedAgreement, before: Mentorship) -> dict[str, Any]:
    message_html = offered.message_html or said.content_html
    return {
        "message_html": message_html,
        "message_text": plain_text(message_html)[: requests.MAX_MESSAGE_CHARACTERS],
        "answers": offered.answers or before.answers,
        "terms": offered.terms or before.terms,  # as they say, so that both begin with the very same
        "language": offered.language or before.language,
    }


def _way_to_talk(said: Said, offered: OfferedAgreement) -> dict[str, str]:
    """Return how the two talk: in the thread that the asker's server made, or in one of ours by messages.

    A thread of another server is not the asker's to name.
    """
    if offered.is_plain:
        return {"channel": Channel.NOTE.value}
    is_theirs = offered.thread_uri is not None and same_origin(offered.thread_uri, said.sender.uri)
    thread_uri = offered.thread_uri if is_theirs and offered.thread_uri is not None else said.activity_uri
    return {"channel": Channel.LIBLINE.value, "thread_uri": thread_uri}


async def _expiry(tx: Tx, pair: Pair, offered: OfferedAgreement, now: datetime) -> datetime:
    """Return when our clock ends a request: not before the asker says, later if our member is away."""
    ours = await requests.deadline(tx, pair, now)
    theirs = offered.expires_at or ours
    return min(max(ours, theirs), now + MAX_EXPIRY)
