"""Changing an actor's signing key so that nobody is shut out: announce with the old one, then use the new.

Some servers never fetch a key again on their own (GoToSocial), so they must hear of the new one while the old
one still counts.
"""

from datetime import datetime, timedelta

from libline_fed.services import actors
from libline_fed.services.site import Site
from libline_fed.storage import deliveries, keys
from libline_fed.storage.store import Tx

LONGEST_WAIT = timedelta(hours=1)  # hosts that are down hear of it later, and fetch the key by themselves


async def begin(tx: Tx, site: Site, *, actor_id: str, now: datetime) -> None:
    """Give an actor a next key and announce it, in an Update that the present key signs.

    Raises: NotFound without a key, Conflict if a change is under way.
    """
    following = await site.keyring.begin_rotation(tx, actor_id, now=now)
    await actors.announce_keys(tx, site, actor_id=actor_id, keys=following, now=now)


async def finish_due(tx: Tx, site: Site, *, now: datetime) -> int:
    """Let announced keys take over once the news has gone out, or after an hour; returns how many did."""
    finished_count = 0
    for key in await keys.waiting(tx):
        actor = await actors.get(tx, key.actor_id)
        is_told = not await deliveries.is_waiting(tx, actor_id=actor.id, object_uri=actor.uri)
        if is_told or now - key.created_at >= LONGEST_WAIT:
            await site.keyring.finish_rotation(tx, actor.id, now=now)
            finished_count += 1
    return finished_count
