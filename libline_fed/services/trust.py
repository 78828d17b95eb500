"""Whom this server talks to beyond single hosts: the consortia whose members an admin lets in with a list."""

from dataclasses import dataclass
from datetime import datetime

from libline_fed.domain.actors import Actor
from libline_fed.domain.advice import AdviceList
from libline_fed.domain.consortia import MemberState
from libline_fed.errors import NotFound
from libline_fed.services.site import Site
from libline_fed.storage import actors, advice, consortia, trust
from libline_fed.storage.store import Tx


@dataclass(frozen=True, slots=True)
class Source:
    """A consortium that this server has to do with, and what an admin decided about it."""

    group: Actor
    is_member: bool
    is_trusted: bool
    members_count: int
    list: AdviceList | None
    open_count: int


async def known_groups(tx: Tx, site: Site) -> dict[str, tuple[Actor, bool]]:
    """Return the consortia that this server hosts, is in or follows, by id, with whether it is a member."""
    instance = await actors.by_uri(tx, site.uris.instance_actor)
    assert instance is not None, "made at the first start"
    found = {group.id: (group, False) for _, group in await consortia.hosted(tx)}
    found |= {group.id: (group, False) for group in await trust.followed_groups(tx)}
    for membership, group in await consortia.memberships(tx, instance.id, (MemberState.MEMBER,)):
        found[group.id] = (group, membership.is_member)
    return found


async def sources(tx: Tx, site: Site) -> list[Source]:
    """List the consortia that may be trusted, with what is known of their lists, by name."""
    known, trusted = await known_groups(tx, site), {group.id: group for group in await trust.trusted(tx)}
    groups = {**{group_id: (group, False) for group_id, group in trusted.items()}, **known}
    lists, open_counts = await advice.all_lists(tx), await advice.open_counts(tx)
    return [
        Source(
            group,
            is_member,
            group_id in trusted,
            len(await consortia.members(tx, group_id)),
            lists.get(group_id),
            open_counts.get(group_id, 0),
        )
        for group_id, (group, is_member) in sorted(groups.items(), key=lambda one: one[1][0].acct)
    ]


async def set_trusted(tx: Tx, site: Site, *, group_id: str, is_trusted: bool, now: datetime) -> Actor:
    """Let the members of a consortium be on the list of allowed servers, or no more; return its Group.

    Raises: NotFound if this server has nothing to do with it.
    """
    if not is_trusted:
        group = await actors.by_id(tx, group_id)
        if group is None:
            raise NotFound(f"no consortium {group_id}")
        await trust.remove(tx, group, now)
        return group
    known = (await known_groups(tx, site)).get(group_id)
    if known is None:
        raise NotFound(f"no consortium {group_id} that this server is in or follows")
    await trust.add(tx, known[0], now)
    return known[0]
