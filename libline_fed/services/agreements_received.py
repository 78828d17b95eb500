"""What other servers say about mentorships: accepted, declined, taken back, changed.

Each message may come twice, late, or before one that was sent earlier: the result is the same. A message is
believed only from the person whom the row names, or who signs an Offer in their own name.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libline_fed.activitypub.agreements import AgreementDocument
from libline_fed.activitypub.urls import same_origin
from libline_fed.domain import agreements
from libline_fed.domain.actors import Actor
from libline_fed.domain.agreements import Shared
from libline_fed.domain.mentorships import (
    CLOCK,
    DELIVERY_GRACE,
    Channel,
    DeclineReason,
    Event,
    Mentorship,
    State,
)
from libline_fed.errors import Refusal, RefusalReason
from libline_fed.sanitize import plain_text
from libline_fed.services import answers, ends_received, mentorship_messages, requests, twins
from libline_fed.services.mentorship_steps import free_seat, put, say_update, step, tell_people
from libline_fed.services.mentorship_views import columns_of, shared_of
from libline_fed.services.mentorships import apply_shared, whole_seconds
from libline_fed.services.pairs import Pair, locked
from libline_fed.services.plain_partners import PLAIN
from libline_fed.services.site import Site
from libline_fed.storage import mentorships, tombstones
from libline_fed.storage.store import Tx


@dataclass(frozen=True, slots=True)
class Said:
    """What every message has: who said it, in which activity, when."""

    sender: Actor
    activity_uri: str
    published_at: datetime | None
    content_html: str


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
    refusal = _check_accept(pair, said, agreement) or await _check_new(tx, mentorship, said, agreement)
    if refusal is not None:
        return refusal
    if mentorship.state == State.ENDED_SAFETY:
        return await _end_at_once(tx, site, pair, said, agreement, now=now)
    if mentorship.state == State.EXPIRED and _is_too_late(mentorship, said, now):
        await _tell_too_late(tx, site, pair, agreement, said, now=now)
        return Refusal(RefusalReason.STALE, "the answer came after the request had expired")
    if not await twins.make_room(tx, site, pair, now=now):
        return Refusal(RefusalReason.NOT_PENDING, "the two have begun anew")
    seat_id = await requests.seat(tx, pair)
    values = _beginning(pair, said, agreement, seat_id, now)
    if isinstance(values, Refusal):
        return values
    await _begin(tx, site, pair, said, agreement, values, now=now)
    if seat_id is None:  # our mentor had taken the Offer back, and the place is somebody else's by now
        await _end_full(tx, site, pair, now=now)
        return None
    await answers.after_accept(tx, site, pair, now=now)
    return None


def _beginning(
    pair: Pair, said: Said, agreement: AgreementDocument, seat_id: str | None, now: datetime
) -> dict[str, Any] | Refusal:
    """Return the columns with which the two begin: where they begin, we begin.

    Their yes is theirs to say, ours is what our Offer said.
    """
    begun = _begun(pair, said, agreement, now)
    if isinstance(begun, Refusal):
        return begun
    side = pair.side(said.sender)
    return answers.begin_intro(pair, by=side, seat_id=seat_id, now=now) | columns_of(begun)


def _begun(pair: Pair, said: Said, agreement: AgreementDocument, now: datetime) -> Shared | Refusal:
    mentorship, side, theirs = pair.mentorship, pair.side(said.sender), agreement.shared
    mine = agreements.first(
        at=theirs.standing.at if theirs is not None else whole_seconds(now),
        by=side,
        version=theirs.standing.version if theirs is not None else mentorship.version,
        terms=agreements.Terms(1, mentorship.asker, mentorship.terms),
    )
    return agreements.receive(mine, theirs, sender=side, now=now) if theirs is not None else mine


async def _end_at_once(
    tx: Tx, site: Site, pair: Pair, said: Said, agreement: AgreementDocument, *, now: datetime
) -> Refusal | None:
    """End what was accepted as our member blocked the other: it never begins here, and is over there."""
    begun = _begun(pair, said, agreement, now)
    if isinstance(begun, Refusal):
        return begun
    side = pair.side(said.sender)
    ended = agreements.step(begun, State.ENDED_SAFETY, by=side.other, at=whole_seconds(now))
    columns = {"agreement_uri": agreement.uri, **columns_of(ended)}
    if agreement.shared is None:
        columns["channel"] = Channel.NOTE.value
    await put(tx, pair, columns, event="late-accept", by=side, now=now)
    await say_update(tx, site, pair, "ended", by=side.other, now=now)
    return None


async def _begin(
    tx: Tx,
    site: Site,
    pair: Pair,
    said: Said,
    agreement: AgreementDocument,
    values: dict[str, Any],
    *,
    now: datetime,
) -> None:
    side = pair.side(said.sender)
    is_crossed = pair.mentorship.state not in (State.PROPOSED, State.QUESTION)
    values |= {"agreement_uri": agreement.uri, "is_crossed": is_crossed, "ended_at": None}
    if agreement.contact:
        values[f"{side}_contact"] = agreement.contact
    detail = {"is_crossed": is_crossed, "activity": said.activity_uri}
    if agreement.shared is None:  # from here on by messages: it can say no more of its own
        values["channel"], detail = Channel.NOTE.value, {**detail, **PLAIN}
    await put(tx, pair, values, event=Event.ACCEPT, by=side, now=now, detail=detail)
    await tell_people(tx, site, pair, "crossed" if is_crossed else "accepted", by=side, now=now)
    if agreement.shared is None:
        me = pair.actor(side.other)
        await mentorship_messages.send_accept(tx, site, pair.mentorship, me=said.sender, partner=me, now=now)


def _check_accept(pair: Pair, said: Said, agreement: AgreementDocument) -> Refusal | None:
    mentorship = pair.mentorship
    decider = pair.actor(mentorship.decider)
    if decider.id != said.sender.id or decider.is_local:
        return Refusal(RefusalReason.WRONG_OWNER, "not theirs to accept")
    is_own = agreement.attributed_to_uri in (None, said.sender.uri)  # FEP-0837 does not ask for it
    if not is_own or not same_origin(agreement.uri, said.sender.uri):
        return Refusal(RefusalReason.WRONG_OWNER, agreement.uri)
    if agreement.proposal_uri != mentorship.proposal_uri or agreement.quantity != 1:
        return Refusal(RefusalReason.BAD_SHAPE, "another proposal or another quantity")
    if mentorship.agreement_uri not in (None, agreement.uri) or mentorship.state == State.DECLINED:
        return Refusal(RefusalReason.NOT_PENDING, mentorship.state)
    return None


async def _check_new(
    tx: Tx, mentorship: Mentorship, said: Said, agreement: AgreementDocument
) -> Refusal | None:
    """Refuse a yes that came before, that was taken back before it came, or that names another agreement."""
    known = await mentorships.by_agreement_uri(tx, agreement.uri)
    if known is not None and known.id != mentorship.id:
        return Refusal(RefusalReason.WRONG_OWNER, agreement.uri)
    if known is not None:
        return Refusal(RefusalReason.OUTDATED, "known already")
    buried = await tombstones.among(tx, (said.activity_uri,))
    if buried.get(said.activity_uri) == said.sender.uri:
        return Refusal(RefusalReason.TOMBSTONED, "taken back before it came")
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
    begun = _begun(pair, said, agreement, now)
    if isinstance(begun, Refusal):
        return
    expired = agreements.step(begun, State.EXPIRED, by=CLOCK, at=whole_seconds(now))
    columns = {"agreement_uri": agreement.uri, **columns_of(expired)}
    if agreement.shared is None:
        columns["channel"] = Channel.NOTE.value
    pair.mentorship = await mentorships.change(tx, mentorship.id, now, **columns)
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
    tx: Tx, site: Site, said: Said, offer_uri: str, thread_uri: str | None, reason: str, *, now: datetime
) -> Refusal | None:
    """Take in that an Offer was taken back; of one that was accepted before, the asker will decide."""
    found = await mentorships.by_offer_uri(tx, offer_uri) or await mentorships.by_thread_uri(tx, offer_uri)
    if found is None and not same_origin(offer_uri, said.sender.uri):
        return Refusal(RefusalReason.UNKNOWN_OBJECT, offer_uri)
    if found is None:
        found = await _overtaken(tx, said, offer_uri, thread_uri, now=now)
    if found is None:
        return None
    pair = await locked(tx, found.id)
    side = pair.mentorship.side_of(said.sender.id)
    if side is None or said.sender.is_local or pair.mentorship.asker != side:
        return Refusal(RefusalReason.WRONG_OWNER, "not theirs to take back")
    if pair.mentorship.is_running:
        if ends_received.cannot_cross(pair.mentorship, said.published_at or now):
            await ends_received.end(tx, site, pair, said.sender, now=now)
            return None
        await put(tx, pair, {"is_crossed": True}, event="crossed", by=side, now=now)
        await tell_people(tx, site, pair, "crossed", by=side, now=now)
        return None
    if pair.mentorship.state not in (State.PROPOSED, State.QUESTION):
        return Refusal(RefusalReason.NOT_PENDING, pair.mentorship.state)
    state, told = {
        "superseded": (State.SUPERSEDED, "superseded"),
        "expired": (State.EXPIRED, "expired"),
    }.get(reason, (State.WITHDRAWN, "withdrawn"))
    columns = {"state": state.value, "changed_by": side.value, "decided_at": now, "holds_seat": False}
    await put(tx, pair, columns, event=Event.WITHDRAW, by=side, now=now)
    await free_seat(tx, site, pair, now=now)
    await tell_people(tx, site, pair, told, by=side, now=now)
    return None


async def _overtaken(
    tx: Tx, said: Said, offer_uri: str, thread_uri: str | None, *, now: datetime
) -> Mentorship | None:
    """Let an Offer that was overtaken find that it was taken back, and the question before it as well.

    Returns that question, if it is here already.
    """
    gone = [one for one in (offer_uri, thread_uri) if one is not None and same_origin(one, said.sender.uri)]
    for uri in gone:
        await tombstones.add(tx, uri, former_type="Offer", owner_uri=said.sender.uri, now=now)
    asked = await mentorships.by_thread_uri(tx, thread_uri) if thread_uri in gone else None
    return asked if asked is not None and asked.state == State.QUESTION else None


# --- changed ------------------------------------------------------------------------------------------


async def update(
    tx: Tx, site: Site, said: Said, agreement: AgreementDocument, *, now: datetime
) -> Refusal | None:
    """Merge what the other server says about a mentorship with what is known here."""
    if agreement.shared is None:
        return Refusal(RefusalReason.BAD_SHAPE, "an Update without a standing")
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
    pair = await locked(tx, found.id)
    side = pair.side(said.sender)
    if not _is_of(agreement, pair):
        return Refusal(RefusalReason.BAD_SHAPE, "other people, another proposal or another quantity")
    if agreement.contact:
        pair.mentorship = await mentorships.change(
            tx, found.id, now, **{f"{side}_contact": agreement.contact}
        )
    merged = agreements.receive(shared_of(pair.mentorship), agreement.shared, sender=side, now=now)
    return merged if isinstance(merged, Refusal) else await _merge(tx, site, pair, merged, by=side, now=now)


async def _merge(
    tx: Tx, site: Site, pair: Pair, merged: Shared, *, by: str, now: datetime
) -> Refusal | None:
    mine = shared_of(pair.mentorship)
    if merged == mine:
        return Refusal(RefusalReason.OUTDATED, f"not newer than version {mine.standing.version}")
    event = _event_of(mine, merged)
    if event is not None:
        await apply_shared(tx, site, pair, merged, by=by, event=event, now=now)
    else:  # both did the same, and it is settled whose words are kept
        await mentorships.change(tx, pair.mentorship.id, now, **columns_of(merged))
    return None


def _is_of(agreement: AgreementDocument, pair: Pair) -> bool:
    """Tell whether what an Agreement says of itself is so."""
    people = {actor.uri for actor in pair.people.values()}
    is_theirs = agreement.attributed_to_uri in {None, *people}
    is_same = agreement.proposal_uri in (None, pair.mentorship.proposal_uri)
    return is_theirs and is_same and (agreement.proposal_uri is None or agreement.quantity == 1)


_EVENTS = {
    State.PAUSED: "paused",
    State.COMPLETED: "completed",
    State.ENDED_EARLY: "ended",
    State.ENDED_INTRO: "left",
    State.LAPSED: "lapsed",
    State.EXPIRED: "expired",
}


def _event_of(mine: Shared, merged: Shared) -> str | None:
    """Name what a merge changed, for the notice; None if it is nothing that a person sees."""
    if merged.standing.epoch > mine.standing.epoch and merged.state == State.ACTIVE:
        return "objected" if mine.state == State.COMPLETED else "revived"
    if merged.state != mine.state:
        if merged.state == State.ACTIVE:
            return "resumed" if mine.state == State.PAUSED else "started"
        return _EVENTS.get(merged.state, "terms")
    if merged.terms != mine.terms:
        return "terms"
    if (merged.mentor, merged.mentee) != (mine.mentor, mine.mentee):
        return "confirmed"
    if merged.state == State.PAUSED and merged.standing.paused_until_on != mine.standing.paused_until_on:
        return "paused"
    return "extended" if merged.ends_on != mine.ends_on else None
