"""Blocking: two people are out of each other's reach at once, and what they had together ends."""

from datetime import datetime

from libline_fed.domain.actors import Actor
from libline_fed.services import follows as following
from libline_fed.services import mentorship_ends
from libline_fed.services.site import Site
from libline_fed.storage import follows
from libline_fed.storage.store import Tx


async def block(tx: Tx, site: Site, *, person: Actor, partner: Actor, now: datetime) -> int:
    """Block somebody and end everything between the two; returns how many mentorships and requests that was.

    Nothing tells the other of the block: they see an ordinary end or no.
    """
    if person.is_local:
        await following.unfollow(tx, site, follower=person, followed=partner, now=now)
        if await follows.between(tx, partner.id, person.id) is not None:
            await following.reject_follower(tx, site, owner=person, follower_id=partner.id, now=now)
    await follows.add_block(tx, blocker_id=person.id, blocked_id=partner.id, uri=None, now=now)
    return await mentorship_ends.for_safety(tx, site, person=person, partner_id=partner.id, now=now)


async def unblock(tx: Tx, *, person: Actor, partner: Actor) -> bool:
    """Take a block back; what has ended stays ended. Tells whether there was one."""
    return await follows.remove_block(tx, blocker_id=person.id, blocked_id=partner.id)


async def is_blocked_by(tx: Tx, *, person: Actor, partner: Actor) -> bool:
    """Tell whether somebody has blocked another."""
    return await follows.is_blocked(tx, blocker_id=person.id, blocked_id=partner.id)


async def list_of(tx: Tx, person: Actor) -> list[Actor]:
    """List whom somebody has blocked, the latest first."""
    return await follows.blocked_by(tx, person.id)
