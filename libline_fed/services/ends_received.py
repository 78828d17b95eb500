"""What other servers say of an end in the words of FEP-0837: a yes taken back, an agreement fulfilled.

Servers of ours say how they end in an Update; others have no other way.
"""

from datetime import datetime

from libline_fed.activitypub.urls import same_origin
from libline_fed.domain import agreements
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Channel, Mentorship, State
from libline_fed.errors import Refusal, RefusalReason
from libline_fed.services import door_answers, mentorships, plain_partners
from libline_fed.services.mentorship_views import shared_of
from libline_fed.services.mentorships import apply_shared, whole_seconds
from libline_fed.services.pairs import Pair, locked
from libline_fed.services.site import Site
from libline_fed.storage import mentorships as mentorship_rows
from libline_fed.storage import tombstones
from libline_fed.storage.store import Tx


async def undo_accept(
    tx: Tx, site: Site, sender: Actor, offer_uri: str | None, accept_uri: str | None, *, now: datetime
) -> Refusal | None:
    """Take in that a yes was taken back: what runs is over, and a yes that comes later does not count."""
    found = await mentorship_rows.by_offer_uri(tx, offer_uri) if offer_uri is not None else None
    if found is None and accept_uri is not None:
        found = await plain_partners.accepted_by(tx, sender, accept_uri)
    if found is None:
        return Refusal(RefusalReason.UNKNOWN_OBJECT, offer_uri or accept_uri or "")
    pair = await locked(tx, found.id)
    if pair.actor(pair.mentorship.decider).id != sender.id or sender.is_local:
        return Refusal(RefusalReason.WRONG_OWNER, "not theirs to take back")
    if pair.mentorship.is_running:
        await end(tx, site, pair, sender, now=now)
        return None
    if pair.mentorship.state != State.PROPOSED or not same_origin(accept_uri, sender.uri):
        return Refusal(RefusalReason.NOT_PENDING, pair.mentorship.state)
    assert accept_uri is not None
    await tombstones.add(tx, accept_uri, former_type="Accept", owner_uri=sender.uri, now=now)
    return None


def cannot_cross(mentorship: Mentorship, said_at: datetime) -> bool:
    """Tell whether an Offer was taken back by somebody who knew that it was accepted: then it is an end.

    A server of ours takes nothing back once it knows; before it has confirmed, it can have been on its way.
    """
    if mentorship.channel == Channel.NOTE:
        return True
    return mentorship.started_at is not None and said_at > mentorship.started_at


async def end(tx: Tx, site: Site, pair: Pair, person: Actor, *, now: datetime) -> None:
    """End what runs, as somebody says who cannot say it in an Update."""
    if pair.mentorship.channel == Channel.NOTE:
        await door_answers.stop(tx, site, pair.mentorship, person, now=now)
        return
    side = pair.side(person)
    is_intro = pair.mentorship.state == State.INTRO
    state, event = (State.ENDED_INTRO, "left") if is_intro else (State.ENDED_EARLY, "ended")
    shared = agreements.step(shared_of(pair.mentorship), state, by=side, at=whole_seconds(now))
    await apply_shared(tx, site, pair, shared, by=side, event=event, now=now)


async def completed(
    tx: Tx, site: Site, sender: Actor, agreement_uri: str, *, now: datetime
) -> Refusal | None:
    """Take in FEP-0837's confirmation; servers of ours have said the same in an Update before."""
    found = await mentorship_rows.by_agreement_uri(tx, agreement_uri)
    if found is None or found.side_of(sender.id) is None or sender.is_local:
        return Refusal(RefusalReason.UNKNOWN_OBJECT, agreement_uri)
    if found.channel == Channel.LIBLINE:
        return Refusal(RefusalReason.OUTDATED, "said in an Update as well")
    pair = await locked(tx, found.id)
    if pair.mentorship.state == State.INTRO:
        await end(tx, site, pair, sender, now=now)  # nothing was agreed on here, and it is over there
        return None
    if pair.mentorship.state not in (State.ACTIVE, State.PAUSED):
        return Refusal(RefusalReason.NOT_PENDING, pair.mentorship.state)
    await mentorships.complete(tx, site, person=sender, mentorship_id=found.id, now=now)
    return None
