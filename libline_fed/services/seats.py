"""The places of a mentor's offers: taken and given back in the transaction of the step that causes it.

Only the mentor's server counts. Whoever calls has locked the mentor (`storage.mentorships.lock_people`).
"""

from datetime import datetime

from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Mentorship, Side
from libline_fed.domain.peers import Verdict
from libline_fed.domain.proposals import Proposal, Purpose, Status
from libline_fed.services import proposals as proposal_service
from libline_fed.services.site import Site
from libline_fed.storage import actors, follows, mentorships, peers, proposals
from libline_fed.storage.store import Tx

NO_OFFER = ""  # the mentor has no offer whose places could be counted


async def find(tx: Tx, *, mentor: Actor, mentorship: Mentorship) -> str | None:
    """Return the offer whose place a mentorship takes, NO_OFFER where none is counted, None if all are taken.

    For a mentor elsewhere, nothing is counted here. A mentor who answers a request uses a place of an own
    offer, the one with most places left.
    """
    if not mentor.is_local:
        return NO_OFFER
    if mentorship.purpose == Purpose.OFFER:
        offers = [one for one in [await proposal_of(tx, mentorship)] if one is not None]
    else:
        own = await proposals.of_author(tx, mentor.id)
        offers = [one for one in own if one.purpose == Purpose.OFFER and one.status != Status.CLOSED]
    if not offers:
        return NO_OFFER
    free = [(await free_count(tx, one), one.id) for one in offers]
    most, proposal_id = max(free)
    return proposal_id if most > 0 else None


async def free_count(tx: Tx, offer: Proposal) -> int:
    """Count the places of an own offer that are neither taken nor held."""
    return max(0, offer.places_count - await mentorships.seats_taken_count(tx, offer.id))


async def refresh(tx: Tx, site: Site, *proposal_ids: str | None, now: datetime) -> None:
    """Write the free places and waiting requests of own offers anew, and tell the world if they changed."""
    for proposal_id in sorted({one for one in proposal_ids if one}):
        offer = await proposals.by_id(tx, proposal_id, is_locked=True)
        if offer is None or not offer.is_local:
            continue
        await proposal_service.set_places(
            tx,
            site,
            offer.id,
            free_count=await free_count(tx, offer),
            waiting_count=await mentorships.waiting_count(tx, offer.id),
            now=now,
        )


async def lock(tx: Tx, mentorship: Mentorship) -> None:
    """Hold both people until the transaction ends."""
    await mentorships.lock_people(tx, (mentorship.mentor_id, mentorship.mentee_id))


async def is_blocked(tx: Tx, person: Actor, partner: Actor) -> bool:
    """Tell whether either of two people or their servers want nothing to do with the other."""
    for blocker, blocked in ((person, partner), (partner, person)):
        if await follows.is_blocked(tx, blocker_id=blocker.id, blocked_id=blocked.id):
            return True
    hosts = {actor.host for actor in (person, partner) if not actor.is_local}
    return bool(hosts) and bool(await peers.judged(tx, hosts, Verdict.BLOCKED))


async def people(tx: Tx, mentorship: Mentorship) -> dict[Side, Actor]:
    """Return the two people by their sides."""
    known = await actors.by_ids(tx, (mentorship.mentor_id, mentorship.mentee_id))
    return {side: known[mentorship.actor_id(side)] for side in Side}


async def proposal_of(tx: Tx, mentorship: Mentorship) -> Proposal | None:
    """Return the proposal that a mentorship began with, if it is still there."""
    return await offer(tx, mentorship.proposal_id)


async def offer(tx: Tx, proposal_id: str | None) -> Proposal | None:
    """Return a proposal by an id that may be unset."""
    return await proposals.by_id(tx, proposal_id) if proposal_id is not None else None
