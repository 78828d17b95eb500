"""Whom this server talks to beyond single hosts: the consortia whose members an admin lets in with a list."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from libline_fed.domain.actors import Actor
from libline_fed.domain.advice import READ_EVERY, AdviceList
from libline_fed.domain.consortia import MemberState
from libline_fed.domain.crawls import CrawlKind
from libline_fed.errors import NotFound
from libline_fed.services import crawls
from libline_fed.services.site import Site
from libline_fed.storage import actors, advice, consortia, trust
from libline_fed.storage.store import Tx

SETTLED_AFTER = timedelta(seconds=10)  # then every process has read the rules again


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
    group = known[0]
    await trust.add(tx, group, now)
    if not group.is_local:
        hosts, _ = await trust.listed(tx, group.id)
        await trust.note_listed(tx, group.id, hosts, None)
        await tx.wake("advice")
    return group


async def unread(tx: Tx, *, now: datetime) -> list[Actor]:
    """Return the trusted consortia of other servers whose list of members is a day old, or not known."""
    found = []
    for group in await trust.trusted(tx):
        _, read_at = await trust.listed(tx, group.id)
        if not group.is_local and group.is_usable and (read_at is None or now - read_at >= READ_EVERY):
            found.append(group)
    return found


async def receive_members(tx: Tx, site: Site, group: Actor, hosts: set[str], *, now: datetime) -> None:
    """Take in which hosts a trusted consortium lists as members; who they are is asked of them then."""
    before, _ = await trust.listed(tx, group.id)
    after = hosts - {site.uris.host}
    await trust.note_listed(tx, group.id, after, now)
    known = await known_groups(tx, site)
    if after - before and group.id in known and known[group.id][1]:
        await crawls.start(tx, group.id, CrawlKind.CONSORTIUM, now + SETTLED_AFTER)


async def receive_added(tx: Tx, group: Actor, host: str, *, now: datetime) -> bool:
    """Let a new member of a trusted consortium, not allowed so far, be asked soon; tell if it is trusted."""
    if group.id not in {one.id for one in await trust.trusted(tx)}:
        return False
    hosts, read_at = await trust.listed(tx, group.id)
    await trust.note_listed(tx, group.id, hosts | {host}, read_at)
    await crawls.start(tx, group.id, CrawlKind.CONSORTIUM, now + SETTLED_AFTER)
    return True
