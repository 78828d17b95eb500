"""What the Groups hosted here pass on of their members' proposals: ids to everybody, changes to servers.

A Group never speaks of a proposal's content. It announces the id, which others fetch from where it is at
home. A change or a deletion it passes on as it came, with the proof of its author in it (FEP-1b12).
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from libline_fed.activitypub.wire import parse_json
from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import (
    MAX_REASON_CHARACTERS,
    Item,
    ItemState,
    MemberState,
    left_out_of,
)
from libline_fed.domain.follows import FollowState
from libline_fed.domain.peers import Verdict
from libline_fed.domain.proposals import Audience, Proposal, Status
from libline_fed.errors import NotFound, Refusal
from libline_fed.sanitize import clean_text
from libline_fed.services import outbox
from libline_fed.services.audiences import followers_of
from libline_fed.services.outbox import PUBLIC
from libline_fed.services.site import Site
from libline_fed.storage import activities, actors, consortia, follows, peers, proposals, sources
from libline_fed.storage import consortium_items as items
from libline_fed.storage.store import Tx

Said = str | Mapping[str, Any] | None  # an activity: our own by its URI, or another server's as it came
MAX_WRAPPED_BYTES = 262_144  # what is longer is announced by its id, to be fetched


async def take(
    tx: Tx,
    site: Site,
    proposal: Proposal,
    author: Actor,
    *,
    named: Collection[str],
    activity: Said,
    now: datetime,
) -> None:
    """Let every Group here do with a new or changed proposal what it does with it.

    `named` are the Groups in its own audience: only its author's server says for which it is. What was
    passed on before is taken back from Groups that are not named any more.
    """
    known = {item.group_id: item for item in await items.of_proposal(tx, proposal.uri)}
    if not named and not known:
        return
    for group in await _groups(tx, site, named):
        item = known.pop(group.id, None)
        if proposal.audience != Audience.PUBLIC or not await _is_member(tx, group, author.host):
            continue
        if item is None or item.state == ItemState.GONE:
            if proposal.status in (Status.OPEN, Status.FULL):
                await _announce(tx, site, group, proposal, author, now=now)
        elif item.state == ItemState.LISTED:
            await _pass_on(tx, site, group, activity, object_uri=proposal.uri, origin=author.host, now=now)
    for item in known.values():
        await _take_back(tx, site, item, now=now)


async def take_all_here(tx: Tx, site: Site, *, now: datetime) -> None:
    """Let the Groups here pass on what members of this server published before it became a member."""
    for proposal in await proposals.open_here(tx):
        author = await actors.by_id(tx, proposal.author_id)
        if author is None or not author.is_usable:
            continue
        joined = await consortia.groups_of(tx, site.uris.instance_actor)
        left_out = left_out_of(proposal.details)
        named = [group.uri for group in joined if group.is_local and group.uri not in left_out]
        await take(tx, site, proposal, author, named=named, activity=None, now=now)


async def take_listed(
    tx: Tx, site: Site, proposal_uri: str, author: Actor, *, named: Collection[str], now: datetime
) -> None:
    """Let the Groups here pass on what a member lists, such as what was open before it became one."""
    proposal = (await proposals.by_uris(tx, (proposal_uri,))).get(proposal_uri)
    if proposal is not None:
        await take(tx, site, proposal, author, named=named, activity=None, now=now)


async def is_wanted(tx: Tx, site: Site, directory: Actor, named: Collection[str]) -> bool:
    """Tell whether a proposal in a server's list is for us: by a link, or for a consortium hosted here."""
    instance = await actors.by_uri(tx, site.uris.instance_actor)
    link = await follows.between(tx, instance.id, directory.id) if instance is not None else None
    if link is not None and link.state == FollowState.ACCEPTED:
        return True
    for group in await _groups(tx, site, named):
        if await _is_member(tx, group, directory.host):
            return True
    return False


async def forget(tx: Tx, site: Site, proposal_uri: str, *, activity: Said, now: datetime) -> None:
    """Let every Group here pass on that a proposal was deleted, and take its boost back."""
    for item in await items.of_proposal(tx, proposal_uri):
        group = await actors.by_id(tx, item.group_id)
        await items.set_state(tx, item, ItemState.GONE, now)
        if group is None or item.state != ItemState.LISTED:
            continue
        await _pass_on(tx, site, group, activity, object_uri=proposal_uri, origin=item.host, now=now)
        await _undo(tx, site, group, item, inboxes=await items.inboxes_of_others(tx, group.id), now=now)


async def drop_author(tx: Tx, site: Site, author: Actor, *, now: datetime) -> None:
    """Take back what Groups here pass on of somebody who is gone."""
    for item in await items.of_author(tx, author.uri):
        await _take_back(tx, site, item, now=now)


async def drop_member(tx: Tx, site: Site, group: Actor, host: str, *, now: datetime) -> None:
    """Take back what a Group passed on of a server that is no member any more.

    Servers hear that it was removed and drop everything at once; the boosts are for people.
    """
    inboxes = await items.inboxes_of_others(tx, group.id)
    for item in await items.at_host(tx, group.id, host):
        await items.set_state(tx, item, ItemState.GONE, now)
        await _undo(tx, site, group, item, inboxes=inboxes, now=now)


async def withhold(
    tx: Tx, site: Site, *, group: Actor, proposal_uri: str, reason: str, now: datetime
) -> None:
    """Hold a proposal back, also when it is changed and sent again, until it is released.

    Raises: NotFound if the Group does not know it.
    """
    item = await _item(tx, group, proposal_uri)
    if item.state == ItemState.LISTED:
        await _take_back(tx, site, item, now=now)
    reason_text = clean_text(reason)[:MAX_REASON_CHARACTERS]
    await items.set_state(tx, item, ItemState.WITHHELD, now, reason_text=reason_text)


async def release(tx: Tx, site: Site, *, group: Actor, proposal_uri: str, now: datetime) -> None:
    """Pass a proposal on again that was held back, if it is still there for it; else forget the matter.

    Raises: NotFound if the Group does not know it.
    """
    item = await _item(tx, group, proposal_uri)
    if item.state != ItemState.WITHHELD:
        return
    await items.set_state(tx, item, ItemState.GONE, now)
    proposal = (await proposals.by_uris(tx, (proposal_uri,))).get(proposal_uri)
    author = await actors.by_id(tx, proposal.author_id) if proposal is not None else None
    if proposal is None or author is None or not author.is_usable:
        return
    is_there = proposal.audience == Audience.PUBLIC and proposal.status in (Status.OPEN, Status.FULL)
    if is_there and await _is_member(tx, group, author.host):
        await _announce(tx, site, group, proposal, author, now=now)


async def _groups(tx: Tx, site: Site, named: Collection[str]) -> list[Actor]:
    local = [uri for uri in dict.fromkeys(named) if site.uris.is_local(uri)]
    if not local:
        return []
    found = {group.uri: group for consortium, group in await consortia.hosted(tx) if group.is_usable}
    return [found[uri] for uri in local if uri in found]


async def _is_member(tx: Tx, group: Actor, host: str) -> bool:
    """Tell whether a server is in a consortium; one that is silenced or blocked here brings nothing in."""
    if await peers.judged(tx, {host}, Verdict.BLOCKED) or await peers.judged(tx, {host}, Verdict.SILENCED):
        return False
    return MemberState.MEMBER in await consortia.states_at(tx, group.id, host)


async def _item(tx: Tx, group: Actor, proposal_uri: str) -> Item:
    item = await items.get(tx, group.id, proposal_uri)
    if item is None:
        raise NotFound(f"{group.uri} knows no {proposal_uri}")
    return item


async def _announce(
    tx: Tx, site: Site, group: Actor, proposal: Proposal, author: Actor, *, now: datetime
) -> None:
    uri = await outbox.publish(
        tx,
        site,
        actor=group,
        type_="Announce",
        object_=proposal.uri,
        object_uri=proposal.uri,
        to=[PUBLIC],
        cc=[*followers_of(group), author.uri],
        is_public=True,
        now=now,
    )
    await items.put(
        tx, Item(group.id, proposal.uri, author.uri, author.host, ItemState.LISTED, uri, "", now, now)
    )
    await sources.add_announced(tx, proposal.id, group.uri, now)


async def _pass_on(
    tx: Tx, site: Site, group: Actor, said: Said, *, object_uri: str, origin: str, now: datetime
) -> None:
    """Announce a change to the servers among the followers, with the activity as it was sent."""
    body = await activities.body(tx, said) if isinstance(said, str) else None
    parsed = parse_json(body) if body is not None else said
    wrapped = parsed if isinstance(parsed, Mapping) else None
    servers = [actor for actor in await items.servers_among_followers(tx, group.id) if actor.host != origin]
    if wrapped is None or isinstance(wrapped, Refusal) or not servers:
        return
    await outbox.publish(
        tx,
        site,
        actor=group,
        type_="Announce",
        object_=dict(wrapped) if len(str(wrapped)) <= MAX_WRAPPED_BYTES else object_uri,
        object_uri=object_uri,
        to=[PUBLIC],
        cc=followers_of(group),
        inboxes=list(dict.fromkeys((one.host, one.shared_inbox_url or one.inbox_url) for one in servers)),
        is_public=False,
        now=now,
    )


async def _take_back(tx: Tx, site: Site, item: Item, *, now: datetime) -> None:
    """Stop passing a proposal on, and say so to everybody."""
    await items.set_state(tx, item, ItemState.GONE, now)
    group = await actors.by_id(tx, item.group_id)
    if group is None or item.state != ItemState.LISTED:
        return
    await sources.forget_announced(tx, group.uri, uri=item.proposal_uri, now=now)
    await _undo(tx, site, group, item, inboxes=None, now=now)


async def _undo(
    tx: Tx,
    site: Site,
    group: Actor,
    item: Item,
    *,
    inboxes: list[tuple[str, str]] | None,
    now: datetime,
) -> None:
    if item.announce_uri is None or inboxes == []:
        return
    announce = {
        "id": item.announce_uri,
        "type": "Announce",
        "actor": group.uri,
        "object": item.proposal_uri,
    }
    await outbox.publish(
        tx,
        site,
        actor=group,
        type_="Undo",
        object_=announce,
        object_uri=item.proposal_uri,
        to=[PUBLIC],
        cc=followers_of(group),
        inboxes=inboxes,
        is_public=False,
        now=now,
    )
