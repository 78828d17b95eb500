"""Links between servers: one asks the other for its open proposals, an admin there says yes or no.

A link is a follow between two instance actors and has a direction: whoever asked gets the proposals of the
other. Those for the network go both ways as soon as there is a link in either direction, so asking is also
saying yes to the same question of the other server.
"""

from dataclasses import dataclass
from datetime import datetime
from html import escape

from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import MemberState
from libline_fed.domain.crawls import Crawl, CrawlKind
from libline_fed.domain.follows import Follow, FollowState
from libline_fed.domain.peers import Verdict
from libline_fed.errors import Conflict, Forbidden, InvalidInput, NotFound
from libline_fed.ids import new_id
from libline_fed.sanitize import clean_text
from libline_fed.services import crawls, link_news, outbox, sources
from libline_fed.services import follows as following
from libline_fed.services.site import Site
from libline_fed.storage import actors, circles, consortia, follows, links, peers
from libline_fed.storage import crawls as crawl_rows
from libline_fed.storage import sources as source_rows
from libline_fed.storage.store import Tx

MAX_NOTE_CHARACTERS = 500
NOT_A_SERVER_HTML = "<p>Only servers can link with this one. To see offers from here, follow its members.</p>"


@dataclass(frozen=True, slots=True)
class Link:
    """What there is between this server and another one."""

    peer: Actor
    outgoing: FollowState | None  # our question to them, or that we get theirs
    incoming: FollowState | None  # their question to us, or that they get ours
    note_text: str  # what they wrote
    crawl: Crawl | None
    proposals_count: int  # that they brought and that are here
    open_count: int
    last_heard_at: datetime | None

    @property
    def is_linked(self) -> bool:
        """Whether one of the two gets proposals."""
        return FollowState.ACCEPTED in (self.outgoing, self.incoming)

    @property
    def is_waiting_for_us(self) -> bool:
        """Whether they ask, and an admin here has to decide."""
        return self.incoming is FollowState.PENDING


# --- what an admin here does ------------------------------------------------------------------------


async def ask(tx: Tx, site: Site, *, peer: Actor, note_text: str = "", now: datetime) -> None:
    """Ask another server for its proposals; asking again changes nothing. It says yes to their question, too.

    Raises: InvalidInput; Conflict for what cannot be linked with; Forbidden if the server is blocked.
    """
    note_text = clean_text(note_text)
    if len(note_text) > MAX_NOTE_CHARACTERS:
        raise InvalidInput({"note": "The note is too long: 500 characters at most."})
    await _require_linkable(tx, peer)
    ours = await instance(tx, site)
    made = _question(site, ours, peer, now)
    if await follows.ask(tx, made):
        content = f"<p>{escape(note_text, quote=False)}</p>" if note_text else None
        await outbox.publish(
            tx,
            site,
            actor=ours,
            type_="Follow",
            object_=peer.uri,
            object_uri=peer.uri,
            to=[peer.uri],
            inboxes=[(peer.host, peer.inbox_url)],
            is_public=False,
            now=now,
            activity_id=made.id,
            **({"content": content} if content else {}),
        )
    theirs = await follows.between(tx, peer.id, ours.id)
    if theirs is not None and theirs.state == FollowState.PENDING:
        await approve(tx, site, peer_id=peer.id, now=now)


async def approve(tx: Tx, site: Site, *, peer_id: str, now: datetime) -> None:
    """Say yes to a server that asks; a second yes changes nothing.

    Raises: NotFound if it does not ask.
    """
    ours, peer = await instance(tx, site), await server(tx, peer_id)
    await following.accept_follower(tx, site, owner=ours, follower_id=peer.id, now=now)
    await link_news.forget(tx, peer)


async def reject(tx: Tx, site: Site, *, peer_id: str, now: datetime) -> None:
    """Say no to a server that asks, or give it nothing any more.

    Raises: NotFound if it does not ask.
    """
    ours, peer = await instance(tx, site), await server(tx, peer_id)
    await following.reject_follower(tx, site, owner=ours, follower_id=peer.id, now=now)
    await links.remove_note(tx, peer.id)
    await _let_go_if_apart(tx, site, peer, now)


async def unlink(tx: Tx, site: Site, *, peer_id: str, now: datetime) -> None:
    """End what there is between the two servers in both directions, also a question that is open.

    What the link brought is removed here at once. Without a link nothing changes.
    Raises: NotFound if no such server is known.
    """
    ours, peer = await instance(tx, site), await server(tx, peer_id)
    await following.unfollow(tx, site, follower=ours, followed=peer, now=now)
    if await follows.between(tx, peer.id, ours.id) is not None:
        await following.reject_follower(tx, site, owner=ours, follower_id=peer.id, now=now)
    await links.remove_note(tx, peer.id)
    await link_news.forget(tx, peer)
    await _let_go(tx, site, peer, now)


# --- what another server says -----------------------------------------------------------------------


async def receive_question(
    tx: Tx, site: Site, *, uri: str, peer: Actor, note_text: str, is_instance: bool, now: datetime
) -> FollowState:
    """Take in a Follow of the instance actor: the admins decide; nobody but a server's own actor may ask.

    `is_instance` tells whether its server names the asker; who was accepted before need not show it again.
    A server that this one has asked itself gets a yes at once.
    """
    ours = await instance(tx, site)
    known = await follows.between(tx, peer.id, ours.id)
    was_accepted = known is not None and known.state == FollowState.ACCEPTED
    if not is_instance and not was_accepted:
        await _answer_no(tx, site, ours, peer, uri, now)
        return FollowState.REJECTED
    state = await following.receive_follow(tx, site, uri=uri, follower=peer, followed=ours, now=now)
    if state is not FollowState.PENDING:
        return state
    mine = await follows.between(tx, ours.id, peer.id)
    if mine is not None and mine.state != FollowState.REJECTED:
        await approve(tx, site, peer_id=peer.id, now=now)
        return FollowState.ACCEPTED
    await links.put_note(tx, peer.id, note_text[:MAX_NOTE_CHARACTERS], now)
    await link_news.tell_admins(tx, site, link_news.ASKED, peer, now=now)
    return FollowState.PENDING


async def receive_answer(tx: Tx, site: Site, *, peer: Actor, is_yes: bool, now: datetime) -> None:
    """Take in that a server has said yes or no to the instance actor; the follow itself is noted already."""
    if peer.type != circles.INSTANCE_TYPE:
        return
    await link_news.forget(tx, peer)
    if is_yes:
        await crawls.start(tx, peer.id, CrawlKind.LINK, now)
        await link_news.tell_admins(tx, site, link_news.ACCEPTED, peer, now=now)
    else:
        await _let_go(tx, site, peer, now)
        await link_news.tell_admins(tx, site, link_news.REJECTED, peer, now=now)


async def receive_end(tx: Tx, site: Site, *, peer: Actor, was_linked: bool, now: datetime) -> None:
    """Take in that a server has taken its question back, or wants nothing from here any more."""
    await link_news.forget(tx, peer)
    await links.remove_note(tx, peer.id)
    await _let_go_if_apart(tx, site, peer, now)
    if was_linked:
        await link_news.tell_admins(tx, site, link_news.ENDED, peer, now=now)


async def keep_up(tx: Tx, site: Site, *, now: datetime) -> None:
    """Read the lists of all servers in our circle, also of those that only ask us and of co-members.

    Of these only the proposals for the network are taken. Servers that are in it no more, and all that are
    blocked, are let go; they are told nothing: a block has ended the follows and hides what came from there.
    """
    circle = {actor.id: actor for actor in await circles.linked(tx, site.uris.instance_actor)}
    read = {actor.id: actor for actor in await crawl_rows.actors_read(tx)}
    kinds = {crawl.actor_id: crawl.kind for crawl in (await crawl_rows.by_actors(tx, read)).values()}
    hosts = {actor.host for actor in (*circle.values(), *read.values())}
    blocked = await peers.judged(tx, hosts, Verdict.BLOCKED)
    for actor in read.values():
        is_apart = kinds[actor.id] == CrawlKind.LINK and actor.id not in circle
        if actor.host in blocked or (is_apart and not await is_asked_for(tx, site, actor)):
            await links.remove_note(tx, actor.id)
            await link_news.forget(tx, actor)
            await _let_go(tx, site, actor, now)
    for actor in circle.values():
        if actor.id not in read and actor.proposals_url is not None and actor.host not in blocked:
            await crawls.start(tx, actor.id, CrawlKind.LINK, now)
    await sources.drop_strangers(tx, site)


# --- questions --------------------------------------------------------------------------------------


async def instance(tx: Tx, site: Site) -> Actor:
    """Return the actor of this instance."""
    found = await actors.by_uri(tx, site.uris.instance_actor)
    assert found is not None  # made at the first start
    return found


async def server(tx: Tx, peer_id: str) -> Actor:
    """Return the actor of another server that is known.

    Raises: NotFound.
    """
    found = await actors.by_id(tx, peer_id)
    if found is None or found.is_local or found.type != circles.INSTANCE_TYPE:
        raise NotFound(f"no server {peer_id[:60]}", safe="No such server is known.")
    return found


async def list_links(tx: Tx, site: Site) -> list[Link]:
    """List the servers that there is a link or a question with: those that wait for us, then by name."""
    ours = await instance(tx, site)
    outgoing = await follows.following(tx, ours.id)
    incoming = [
        pair
        for state in (FollowState.PENDING, FollowState.ACCEPTED)
        for pair in await follows.followers(tx, ours.id, state=state)
    ]
    states: dict[str, list[FollowState | None]] = {}
    known: dict[str, Actor] = {}
    for side, pairs in enumerate((outgoing, incoming)):
        for follow, actor in pairs:
            if actor.type == circles.INSTANCE_TYPE and not actor.is_local:
                known[actor.id] = actor
                states.setdefault(actor.id, [None, None])[side] = FollowState(follow.state)
    notes = await links.notes(tx, known)
    read = await crawl_rows.by_actors(tx, known)
    counts = await source_rows.counts(tx, {actor.uri for actor in known.values()})
    hosts = {peer.host: peer for peer in await peers.named(tx, {actor.host for actor in known.values()})}
    found = [
        Link(
            peer=actor,
            outgoing=states[actor.id][0],
            incoming=states[actor.id][1],
            note_text=notes.get(actor.id, ""),
            crawl=read.get(actor.id),
            proposals_count=counts.get(actor.uri, (0, 0))[0],
            open_count=counts.get(actor.uri, (0, 0))[1],
            last_heard_at=hosts[actor.host].heard_at if actor.host in hosts else None,
        )
        for actor in known.values()
    ]
    return sorted(found, key=lambda link: (not link.is_waiting_for_us, link.peer.host))


async def is_asked_for(tx: Tx, site: Site, peer: Actor) -> bool:
    """Tell whether a server's public proposals are wanted: by a link, or for a consortium hosted here."""
    mine = await follows.between(tx, (await instance(tx, site)).id, peer.id)
    return (mine is not None and mine.state == FollowState.ACCEPTED) or await _is_member_here(tx, peer)


async def count_waiting(tx: Tx, site: Site) -> int:
    """Count the servers that ask and wait for an admin here."""
    ours = await instance(tx, site)
    asking = await follows.followers(tx, ours.id, state=FollowState.PENDING)
    return sum(actor.type == circles.INSTANCE_TYPE for _, actor in asking)


async def at_host(tx: Tx, site: Site, host: str) -> Link:
    """Return what there is with the server of a name.

    Raises: NotFound if there is nothing.
    """
    for link in await list_links(tx, site):
        if link.peer.host == host:
            return link
    raise NotFound(f"no link with {host[:200]}", safe="There is no link with this server.")


# --- inside -----------------------------------------------------------------------------------------


async def _require_linkable(tx: Tx, peer: Actor) -> None:
    if peer.is_local or peer.type != circles.INSTANCE_TYPE:
        raise Conflict(f"{peer.uri} is no other server", safe="This is not another server.")
    if not peer.is_usable:
        raise Conflict(f"{peer.uri} is gone or suspended", safe="This server is suspended here, or gone.")
    if peer.proposals_url is None:
        raise Conflict(
            f"{peer.uri} lists no proposals",
            safe="This server does not list offers and requests: it does not run LibLine.",
        )
    if await peers.judged(tx, {peer.host}, Verdict.BLOCKED):
        raise Forbidden(
            f"{peer.host} is blocked", safe="This server is blocked here. Take the block back first."
        )


def _question(site: Site, ours: Actor, peer: Actor, now: datetime) -> Follow:
    follow_id = new_id(now)
    return Follow(
        id=follow_id,
        uri=site.uris.activity(follow_id),
        follower_id=ours.id,
        followed_id=peer.id,
        state=FollowState.PENDING,
        created_at=now,
        accepted_at=None,
    )


async def _is_member_here(tx: Tx, peer: Actor) -> bool:
    joined = await consortia.memberships(tx, peer.id, (MemberState.MEMBER,))
    return any(group.is_local for _, group in joined)


async def _let_go_if_apart(tx: Tx, site: Site, peer: Actor, now: datetime) -> None:
    if await circles.is_linked(tx, site.uris.instance_actor, peer.host):
        await sources.drop_strangers(tx, site)
    else:
        await _let_go(tx, site, peer, now)


async def _let_go(tx: Tx, site: Site, peer: Actor, now: datetime) -> None:
    if not await _is_member_here(tx, peer):  # a consortium here reads its members' lists, too
        await crawls.stop(tx, peer.id)
    await sources.drop(tx, site, actor_uri=peer.uri, now=now)


async def _answer_no(tx: Tx, site: Site, ours: Actor, follower: Actor, uri: str, now: datetime) -> None:
    await outbox.publish(
        tx,
        site,
        actor=ours,
        type_="Reject",
        object_={"id": uri, "type": "Follow", "actor": follower.uri, "object": ours.uri},
        object_uri=uri,
        to=[follower.uri],
        inboxes=[(follower.host, follower.inbox_url)],
        is_public=False,
        now=now,
        content=NOT_A_SERVER_HTML,
    )
