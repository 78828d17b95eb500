"""What other LibLine servers say about mentorships: asked, accepted, declined, taken back, changed.

Each message may come twice, late, or before one that was sent earlier: the result is the same. A message is
believed only from the person whom the row names, or who signs an Offer in their own name.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from libline_fed.activitypub.agreements import AgreementDocument, OfferedAgreement
from libline_fed.activitypub.urls import same_origin
from libline_fed.domain import agreements
from libline_fed.domain.actors import Actor
from libline_fed.domain.agreements import Shared
from libline_fed.domain.mentorship_steps import take_step
from libline_fed.domain.mentorships import (
    CLOCK,
    DELIVERY_GRACE,
    Channel,
    DeclineReason,
    Event,
    Mentorship,
    Side,
    State,
)
from libline_fed.domain.proposals import Proposal, Purpose, Status
from libline_fed.errors import Conflict, Refusal, RefusalReason
from libline_fed.sanitize import plain_text
from libline_fed.services import answers, mentorship_messages, requests, seats
from libline_fed.services.mentorship_steps import Pair, free_seat, locked, put, say_update, step, tell_people
from libline_fed.services.mentorship_views import columns_of, shared_of
from libline_fed.services.mentorships import apply_shared, whole_seconds
from libline_fed.services.site import Site
from libline_fed.storage import accounts, actors, mentorships, tombstones
from libline_fed.storage import proposals as proposal_rows
from libline_fed.storage.store import Tx

MAX_EXPIRY = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Said:
    """What every message has: who said it, in which activity, when."""

    sender: Actor
    activity_uri: str
    published_at: datetime | None
    content_html: str


# --- asked --------------------------------------------------------------------------------------------


async def offer(
    tx: Tx, site: Site, said: Said, offered: OfferedAgreement, *, now: datetime
) -> Refusal | None:
    """Take in an `Offer(Agreement)`; one that cannot be is answered with a polite no."""
    if (await tombstones.among(tx, (said.activity_uri,))).get(said.activity_uri) == said.sender.uri:
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
    known = await mentorships.open_one(
        tx, mentor_id=mentor.id, mentee_id=mentee.id, proposal_uri=proposal.uri
    )
    reason = await _obstacle(tx, proposal, author, said, offered, known, now)
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
                "channel": Channel.LIBLINE.value,
                "thread_uri": _thread_uri(said, offered),
                "asker": Side.MENTEE if said.sender.id == mentee.id else Side.MENTOR,
                "changed_by": Side.MENTEE if said.sender.id == mentee.id else Side.MENTOR,
                "state": State.DRAFT.value,
            },
        )
        if known is None:
            return Refusal(RefusalReason.WRONG_OWNER, "a thread of somebody else")
    await _asked(tx, site, await locked(tx, known.id), said, offered, now=now)
    return None


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
    }
    await put(tx, pair, columns, event=Event.SEND, by=side, now=now)
    await free_seat(tx, site, pair, now=now)
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
    if known is not None and known.is_running:
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
    return {
        "message_html": said.content_html,
        "message_text": plain_text(said.content_html)[: requests.MAX_MESSAGE_CHARACTERS],
        "answers": offered.answers or before.answers,
        "terms": offered.terms or before.terms,  # as they say, so that both begin with the very same
        "language": offered.language or before.language,
    }


def _thread_uri(said: Said, offered: OfferedAgreement) -> str:
    """Return the thread that the asker's server made; one of another server's is not the asker's to name."""
    if offered.thread_uri is not None and same_origin(offered.thread_uri, said.sender.uri):
        return offered.thread_uri
    return said.activity_uri


async def _expiry(tx: Tx, pair: Pair, offered: OfferedAgreement, now: datetime) -> datetime:
    """Return when our clock ends a request: not before the asker says, later if our member is away."""
    ours = await requests.deadline(tx, pair, now)
    theirs = offered.expires_at or ours
    return min(max(ours, theirs), now + MAX_EXPIRY)


# --- answered -----------------------------------------------------------------------------------------


async def accept(
    tx: Tx, site: Site, said: Said, offer_uri: str, agreement: AgreementDocument, *, now: datetime
) -> Refusal | None:
    """Take in the yes to an Offer of ours, also one that crossed with an Undo, or came a little late."""
    found = await mentorships.by_offer_uri(tx, offer_uri)
    if found is None:
        return Refusal(RefusalReason.UNKNOWN_OBJECT, offer_uri)
    pair = await locked(tx, found.id)
    mentorship = pair.mentorship
    refusal = _check_accept(pair, said, agreement)
    if refusal is not None or mentorship.agreement_uri == agreement.uri:
        return refusal or Refusal(RefusalReason.OUTDATED, "known already")
    if mentorship.state == State.EXPIRED and _is_too_late(mentorship, said, now):
        await _tell_too_late(tx, site, pair, agreement, said, now=now)
        return Refusal(RefusalReason.STALE, "the answer came after the request had expired")
    open_states = (State.PROPOSED, State.QUESTION)
    is_crossed = mentorship.state not in open_states
    seat_id = await requests.seat(tx, pair)
    side = pair.side(said.sender)
    values = answers.begin_intro(pair, by=side, seat_id=seat_id, now=now)
    if agreement.shared is not None:
        # Where they begin, we begin; their yes is theirs to say, ours is what our Offer said.
        mine = agreements.first(
            at=agreement.shared.standing.at,
            by=side,
            version=agreement.shared.standing.version,
            terms=agreements.Terms(1, mentorship.asker, mentorship.terms),
        )
        merged = agreements.receive(mine, agreement.shared, sender=side, now=now)
        if isinstance(merged, Refusal):
            return merged
        values |= columns_of(merged)
    values |= {"agreement_uri": agreement.uri, "is_crossed": is_crossed, "ended_at": None}
    if agreement.contact:
        values[f"{side}_contact"] = agreement.contact
    await put(tx, pair, values, event=Event.ACCEPT, by=side, now=now, detail={"is_crossed": is_crossed})
    await tell_people(tx, site, pair, "crossed" if is_crossed else "accepted", by=side, now=now)
    if seat_id is None:  # our mentor had taken the Offer back, and the place is somebody else's by now
        await _end_full(tx, site, pair, now=now)
        return None
    await answers.after_accept(tx, site, pair, now=now)
    return None


def _check_accept(pair: Pair, said: Said, agreement: AgreementDocument) -> Refusal | None:
    mentorship = pair.mentorship
    decider = pair.actor(mentorship.decider)
    if decider.id != said.sender.id or decider.is_local:
        return Refusal(RefusalReason.WRONG_OWNER, "not theirs to accept")
    if agreement.attributed_to_uri != said.sender.uri or not same_origin(agreement.uri, said.sender.uri):
        return Refusal(RefusalReason.WRONG_OWNER, agreement.uri)
    if agreement.proposal_uri != mentorship.proposal_uri or agreement.quantity != 1:
        return Refusal(RefusalReason.BAD_SHAPE, "another proposal or another quantity")
    if mentorship.agreement_uri not in (None, agreement.uri) or mentorship.state == State.DECLINED:
        return Refusal(RefusalReason.NOT_PENDING, mentorship.state)
    return None


def _is_too_late(mentorship: Mentorship, said: Said, now: datetime) -> bool:
    """Tell whether a yes counts no more: said after the deadline, or more than a day under way since."""
    expired_at = mentorship.decided_at or mentorship.updated_at
    return (said.published_at or now) > expired_at or now > expired_at + DELIVERY_GRACE


async def _tell_too_late(
    tx: Tx, site: Site, pair: Pair, agreement: AgreementDocument, said: Said, *, now: datetime
) -> None:
    """Tell the server that accepted too late that the request has expired; both then say "expired"."""
    mentorship = pair.mentorship
    side = pair.side(said.sender)
    mine = agreements.first(
        at=whole_seconds(now), by=side, version=mentorship.version, terms=agreements.Terms()
    )
    expired = agreements.step(agreement.shared or mine, State.EXPIRED, by=CLOCK, at=whole_seconds(now))
    pair.mentorship = await mentorships.change(
        tx, mentorship.id, now, agreement_uri=agreement.uri, **columns_of(expired)
    )
    await mentorships.add_event(
        tx, pair.mentorship, event="late-accept", by=side, state_before=State.EXPIRED, now=now
    )
    await say_update(tx, site, pair, "expired", by=CLOCK, now=now)
    await tell_people(tx, site, pair, "late", by=side, now=now)


async def _end_full(tx: Tx, site: Site, pair: Pair, *, now: datetime) -> None:
    shared = agreements.step(shared_of(pair.mentorship), State.ENDED_INTRO, by=CLOCK, at=whole_seconds(now))
    await put(tx, pair, columns_of(shared) | {"reason": DeclineReason.FULL}, event="full", by=CLOCK, now=now)
    await say_update(tx, site, pair, "full", by=CLOCK, now=now)
    await tell_people(tx, site, pair, "superseded", by=CLOCK, now=now, is_both=True)


async def reject(
    tx: Tx, site: Site, said: Said, offer_uri: str, reason: str, *, now: datetime
) -> Refusal | None:
    """Take in the no to an Offer of ours, or to a question, which is named by its thread."""
    found = await mentorships.by_offer_uri(tx, offer_uri) or await mentorships.by_thread_uri(tx, offer_uri)
    if found is None:
        return Refusal(RefusalReason.UNKNOWN_OBJECT, offer_uri)
    pair = await locked(tx, found.id)
    decider = pair.actor(pair.mentorship.decider)
    if decider.id != said.sender.id or decider.is_local:
        return Refusal(RefusalReason.WRONG_OWNER, "not theirs to decline")
    if pair.mentorship.state not in (State.PROPOSED, State.QUESTION):
        return Refusal(RefusalReason.NOT_PENDING, pair.mentorship.state)
    event, told = _no_of(reason)
    by = CLOCK if event is not Event.DECLINE else pair.side(said.sender).value
    known = reason if reason in list(DeclineReason) else DeclineReason.OTHER.value
    await step(
        tx,
        pair,
        event,
        by=by,
        now=now,
        values={
            "reason": known,
            "reason_text": plain_text(said.content_html)[: requests.MAX_NOTE_CHARACTERS],
            "decided_at": now,
            "holds_seat": False,
        },
    )
    await free_seat(tx, site, pair, now=now)
    await tell_people(tx, site, pair, told, by=pair.side(said.sender), now=now)
    return None


def _no_of(reason: str) -> tuple[Event, str]:
    if reason == DeclineReason.EXPIRED:
        return Event.EXPIRE, "expired"
    if reason == DeclineReason.FULL:
        return Event.SUPERSEDE, "superseded"
    return Event.DECLINE, "declined"


async def undo(
    tx: Tx, site: Site, said: Said, offer_uri: str, reason: str, *, now: datetime
) -> Refusal | None:
    """Take in that an Offer was taken back; of one that was accepted before, the asker will decide."""
    found = await mentorships.by_offer_uri(tx, offer_uri) or await mentorships.by_thread_uri(tx, offer_uri)
    if found is None:
        if not same_origin(offer_uri, said.sender.uri):
            return Refusal(RefusalReason.UNKNOWN_OBJECT, offer_uri)
        # It may overtake its Offer on the way: that must find that it was taken back.
        await tombstones.add(tx, offer_uri, former_type="Offer", owner_uri=said.sender.uri, now=now)
        return None
    pair = await locked(tx, found.id)
    side = pair.side(said.sender) if pair.mentorship.side_of(said.sender.id) else None
    if side is None or said.sender.is_local or (pair.mentorship.asker != side and pair.mentorship.is_running):
        return Refusal(RefusalReason.WRONG_OWNER, "not theirs to take back")
    if pair.mentorship.is_running:
        await put(tx, pair, {"is_crossed": True}, event="crossed", by=side, now=now)
        await tell_people(tx, site, pair, "crossed", by=side, now=now)
        return None
    if pair.mentorship.state not in (State.PROPOSED, State.QUESTION):
        return Refusal(RefusalReason.NOT_PENDING, pair.mentorship.state)
    state, told = {
        "superseded": (State.SUPERSEDED, "superseded"),
        "expired": (State.EXPIRED, "expired"),
    }.get(reason, (State.WITHDRAWN, "withdrawn"))
    # Taken back although our counter-proposal is on its way: that is a no to it as well.
    columns = {"state": state.value, "changed_by": side.value, "decided_at": now, "holds_seat": False}
    await put(tx, pair, columns, event=Event.WITHDRAW, by=side, now=now)
    await free_seat(tx, site, pair, now=now)
    await tell_people(tx, site, pair, told, by=side, now=now)
    return None


# --- changed ------------------------------------------------------------------------------------------


async def update(
    tx: Tx, site: Site, said: Said, agreement: AgreementDocument, *, now: datetime
) -> Refusal | None:
    """Merge what the other server says about a mentorship with what is known here."""
    found = await mentorships.by_agreement_uri(tx, agreement.uri)
    if found is None and agreement.offer_uri is not None:
        # It has overtaken its own Accept: the whole state is in it, so it says yes as well.
        refusal = await accept(tx, site, said, agreement.offer_uri, agreement, now=now)
        if refusal is not None:
            return refusal
        found = await mentorships.by_agreement_uri(tx, agreement.uri)
    if found is None:
        return Refusal(RefusalReason.UNKNOWN_OBJECT, agreement.uri)
    if found.side_of(said.sender.id) is None or said.sender.is_local:
        return Refusal(RefusalReason.WRONG_OWNER, agreement.uri)
    if agreement.shared is None:
        return Refusal(RefusalReason.BAD_SHAPE, "an Update without a standing")
    pair = await locked(tx, found.id)
    side = pair.side(said.sender)
    if agreement.contact:
        pair.mentorship = await mentorships.change(
            tx, found.id, now, **{f"{side}_contact": agreement.contact}
        )
    mine = shared_of(pair.mentorship)
    merged = agreements.receive(mine, agreement.shared, sender=side, now=now)
    if isinstance(merged, Refusal):
        return merged
    if merged == mine:
        return Refusal(RefusalReason.OUTDATED, f"version {agreement.shared.standing.version}")
    event = _event_of(mine, merged)
    await apply_shared(tx, site, pair, merged, by=side, event=event, now=now)
    return None


async def completed(tx: Tx, site: Site, said: Said, agreement_uri: str, *, now: datetime) -> Refusal | None:
    """Take in FEP-0837's confirmation; servers of ours have said the same in an Update before."""
    found = await mentorships.by_agreement_uri(tx, agreement_uri)
    if found is None or found.side_of(said.sender.id) is None or said.sender.is_local:
        return Refusal(RefusalReason.UNKNOWN_OBJECT, agreement_uri)
    pair = await locked(tx, found.id)
    side = pair.side(said.sender)
    if pair.mentorship.state not in (State.ACTIVE, State.PAUSED):
        return Refusal(RefusalReason.NOT_PENDING, pair.mentorship.state)
    try:
        take_step(Event.COMPLETE, state=pair.mentorship.state, by=side, asker=pair.mentorship.asker)
    except Conflict as error:
        return Refusal(RefusalReason.NOT_PENDING, error.detail)
    shared = agreements.step(shared_of(pair.mentorship), State.COMPLETED, by=side, at=whole_seconds(now))
    await apply_shared(tx, site, pair, shared, by=side, event="completed", now=now)
    return None


_EVENTS = {
    State.PAUSED: "paused",
    State.COMPLETED: "completed",
    State.ENDED_EARLY: "ended",
    State.ENDED_INTRO: "left",
    State.LAPSED: "lapsed",
    State.EXPIRED: "expired",
}


def _event_of(mine: Shared, merged: Shared) -> str:
    """Name what a merge changed, for the notice."""
    if merged.standing.epoch > mine.standing.epoch and merged.state == State.ACTIVE:
        return "objected" if mine.state == State.COMPLETED else "revived"
    if merged.state != mine.state:
        if merged.state == State.ACTIVE:
            return "resumed" if mine.state == State.PAUSED else "started"
        return _EVENTS.get(merged.state, "terms")
    if merged.terms != mine.terms:
        return "terms"
    return "extended" if merged.standing.ends_on != mine.standing.ends_on else "confirmed"
