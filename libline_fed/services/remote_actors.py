"""What happens here when an actor of another server ends."""

from datetime import datetime

from libline_fed.domain.actors import Actor
from libline_fed.services import consortium_items, consortium_members, memberships, mentorship_ends
from libline_fed.services.site import Site
from libline_fed.storage import (
    actors,
    consortia,
    drafts,
    follows,
    posts,
    proposals,
    reactions,
    remote_keys,
    sessions,
    tombstones,
)
from libline_fed.storage.store import Tx


async def end(tx: Tx, site: Site, actor: Actor, *, now: datetime) -> None:
    """Remove an actor that was deleted, with all it wrote; only its address stays, so that it stays dead."""
    assert not actor.is_local, site.uris.base_url
    await _end_memberships(tx, site, actor, now)
    await consortium_items.drop_author(tx, site, actor, now=now)
    await mentorship_ends.person_gone(tx, site, actor, now=now)
    await follows.remove_all_of(tx, actor.id)
    await proposals.remove_of(tx, actor.id)
    await posts.remove_of(tx, actor.id)
    await reactions.remove_of(tx, actor.id)
    await drafts.remove_of(tx, actor.id)  # somebody who was a guest here
    await sessions.remove_of_guest(tx, actor.id)
    await remote_keys.remove_of(tx, actor.uri)
    await actors.mark_gone(tx, actor.id, now)
    await tombstones.add(tx, actor.uri, former_type=actor.type, owner_uri=actor.uri, now=now)


async def _end_memberships(tx: Tx, site: Site, actor: Actor, now: datetime) -> None:
    """Let a Group that is gone be nothing to us, and a server that is gone be in no consortium of ours."""
    if actor.type == "Group":
        await memberships.group_gone(tx, site, actor, now=now)
    for _, group in await consortia.memberships(tx, actor.id):
        if group.is_local:
            await consortium_members.receive_leave(tx, site, group=group, instance=actor, now=now)
