"""Following and being followed, here and across servers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libline_fed.domain.actors import Actor
from libline_fed.domain.follows import Follow, FollowState
from libline_fed.domain.peers import Verdict
from libline_fed.errors import Conflict, Forbidden, LibLineError, NotFound
from libline_fed.ids import new_id
from libline_fed.services import outbox
from libline_fed.services.notifications import notify
from libline_fed.services.site import Site
from libline_fed.storage import actors, follows, peers, proposals
from libline_fed.storage.store import Tx


@dataclass(frozen=True, slots=True)
class FollowView:
    """A follow and the other side of it."""

    follow: Follow
    actor: Actor


# --- what a member here does ------------------------------------------------------------------------


async def follow(tx: Tx, site: Site, *, follower: Actor, followed: Actor, now: datetime) -> Follow:
    """Let a local actor follow somebody; asking again after a no is a new question, else it changes nothing.

    Raises: Conflict for oneself or an actor that is gone, Forbidden if blocked.
    """
    obstacle = await _obstacle(tx, follower, followed)
    if obstacle is not None:
        raise obstacle
    follow_id = new_id(now)
    made = Follow(
        id=follow_id,
        uri=site.uris.activity(follow_id),
        follower_id=follower.id,
        followed_id=followed.id,
        state=FollowState.PENDING,
        created_at=now,
        accepted_at=None,
    )
    if await follows.ask(tx, made):
        if followed.is_local:
            await _arrive(tx, made, follower=follower, followed=followed, now=now)
        else:
            await outbox.tell(
                tx,
                site,
                actor=follower,
                whom=followed,
                type_="Follow",
                object_=followed.uri,
                object_uri=followed.uri,
                now=now,
                activity_id=follow_id,
            )
    settled = await follows.between(tx, follower.id, followed.id)
    assert settled is not None
    return settled


async def unfollow(tx: Tx, site: Site, *, follower: Actor, followed: Actor, now: datetime) -> None:
    """Stop following, or take a question back. Not following is fine too."""
    known = await follows.between(tx, follower.id, followed.id)
    if known is None or not await follows.remove(tx, follower.id, followed.id) or followed.is_local:
        return
    await _release(tx, followed)
    if known.state != FollowState.REJECTED:
        await outbox.tell(
            tx,
            site,
            actor=follower,
            whom=followed,
            type_="Undo",
            object_=wire_follow(known, follower, followed),
            object_uri=followed.uri,
            now=now,
        )


async def accept_follower(tx: Tx, site: Site, *, owner: Actor, follower_id: str, now: datetime) -> None:
    """Say yes to somebody who asked to follow a local actor; a second yes changes nothing.

    Raises: NotFound if nobody asked.
    """
    known, follower = await _asked(tx, owner, follower_id)
    if known.state == FollowState.ACCEPTED:
        return
    await _accept(tx, site, known, follower=follower, followed=owner, now=now)


async def reject_follower(tx: Tx, site: Site, *, owner: Actor, follower_id: str, now: datetime) -> None:
    """Say no to somebody who asks to follow a local actor, or drop a follower.

    Raises: NotFound if there is no such follow.
    """
    known, follower = await _asked(tx, owner, follower_id)
    await follows.remove(tx, follower.id, owner.id)
    if not follower.is_local:
        await outbox.tell(
            tx,
            site,
            actor=owner,
            whom=follower,
            type_="Reject",
            object_=wire_follow(known, follower, owner),
            object_uri=known.uri,
            now=now,
        )


# --- what another server says -----------------------------------------------------------------------


async def receive_follow(
    tx: Tx, site: Site, *, uri: str, follower: Actor, followed: Actor, now: datetime
) -> FollowState:
    """Take in a Follow of a local actor; an accepted follower who asks again gets a new Accept."""
    known = await follows.between(tx, follower.id, followed.id, is_locked=True)
    if await follows.is_blocked(tx, blocker_id=followed.id, blocked_id=follower.id):
        refused = known or _pending(uri, follower, followed, now)
        await outbox.tell(
            tx,
            site,
            actor=followed,
            whom=follower,
            type_="Reject",
            object_=wire_follow(refused, follower, followed),
            object_uri=uri,
            now=now,
        )
        return FollowState.REJECTED
    made = _pending(uri, follower, followed, now)
    if known is not None and known.state == FollowState.ACCEPTED:
        await follows.put(tx, made)
        await _accept(tx, site, made, follower=follower, followed=followed, now=now, is_news=False)
        return FollowState.ACCEPTED
    await follows.put(tx, made)
    if followed.manually_approves_followers:
        await notify(
            tx,
            account_actor_id=followed.id,
            kind="follow-request",
            from_actor_id=follower.id,
            subject_uri=None,
            now=now,
        )
        return FollowState.PENDING
    await _accept(tx, site, made, follower=follower, followed=followed, now=now)
    return FollowState.ACCEPTED


async def receive_answer(
    tx: Tx, *, is_yes: bool, follow_uri: str | None, follower: Actor | None, followed: Actor, now: datetime
) -> bool:
    """Take in an Accept or Reject by `followed` of a follow made here; tells whether it changed anything.

    Matched by the Follow's id, else by the pair. An Accept needs a pending question; a Reject also ends an
    accepted follow.
    """
    known = await follows.by_uri(tx, follow_uri, is_locked=True) if follow_uri else None
    if known is None and follower is not None:
        known = await follows.between(tx, follower.id, followed.id, is_locked=True)
    if known is None or known.followed_id != followed.id:
        return False
    asker = await actors.by_id(tx, known.follower_id)
    if asker is None or not asker.is_local:
        return False
    if is_yes:
        if known.state != FollowState.PENDING:
            return False
        await follows.set_state(tx, known.id, FollowState.ACCEPTED, now)
        await notify(
            tx,
            account_actor_id=asker.id,
            kind="follow-accepted",
            from_actor_id=followed.id,
            subject_uri=None,
            now=now,
        )
        return True
    if known.state == FollowState.REJECTED:
        return False
    await follows.set_state(tx, known.id, FollowState.REJECTED, now)
    await _release(tx, followed)
    return True


async def receive_unfollow(tx: Tx, *, follower: Actor, followed: Actor) -> bool:
    """Take in an Undo of a Follow; tells whether there was one."""
    return await follows.remove(tx, follower.id, followed.id)


async def receive_block(tx: Tx, *, blocker: Actor, blocked: Actor, uri: str, now: datetime) -> None:
    """Take in a Block: following ends both ways."""
    await follows.add_block(tx, blocker_id=blocker.id, blocked_id=blocked.id, uri=uri, now=now)
    await follows.remove(tx, blocked.id, blocker.id)
    await follows.remove(tx, blocker.id, blocked.id)
    await _release(tx, blocker)


async def receive_move(tx: Tx, site: Site, *, old: Actor, new: Actor, now: datetime) -> int:
    """Let every local follower of a moved actor follow its new place, who may; returns how many do."""
    waiting = (await follows.local_followers_of(tx, (old.id,))).get(old.id, [])
    moved_count = 0
    for follower in (await actors.by_ids(tx, waiting)).values():
        await unfollow(tx, site, follower=follower, followed=old, now=now)
        if await _obstacle(tx, follower, new) is None:
            await follow(tx, site, follower=follower, followed=new, now=now)
            moved_count += 1
    return moved_count


# --- questions --------------------------------------------------------------------------------------


async def followers(tx: Tx, actor_id: str) -> list[FollowView]:
    """List who follows an actor, newest first, 1,000 at most."""
    return [FollowView(*pair) for pair in await follows.followers(tx, actor_id)]


async def pending(tx: Tx, actor_id: str) -> list[FollowView]:
    """List who asks to follow an actor, newest first."""
    return [FollowView(*pair) for pair in await follows.followers(tx, actor_id, state=FollowState.PENDING)]


async def following(tx: Tx, actor_id: str) -> list[FollowView]:
    """List whom an actor follows or has asked to follow, newest first; 1,000 at most."""
    return [FollowView(*pair) for pair in await follows.following(tx, actor_id)]


async def count_followers(tx: Tx, actor_id: str) -> int:
    """Count who follows an actor."""
    return (await follows.count(tx, actor_id))[0]


async def count_following(tx: Tx, actor_id: str) -> int:
    """Count whom an actor follows."""
    return (await follows.count(tx, actor_id))[1]


async def state(tx: Tx, follower_id: str, followed_id: str) -> str | None:
    """Tell where a follow stands, or None."""
    known = await follows.between(tx, follower_id, followed_id)
    return known.state if known else None


# --- inside -----------------------------------------------------------------------------------------


def wire_follow(known: Follow, follower: Actor, followed: Actor) -> dict[str, Any]:
    """Spell a Follow for embedding: Mastodon matches it by id, others by actor and object."""
    return {"id": known.uri, "type": "Follow", "actor": follower.uri, "object": followed.uri}


async def _obstacle(tx: Tx, follower: Actor, followed: Actor) -> LibLineError | None:
    """Return why one actor cannot follow another, or None."""
    if follower.id == followed.id:
        return Conflict("nobody can follow themselves", safe="You cannot follow yourself.")
    if not followed.is_usable:
        return Conflict(f"{followed.uri} is gone or suspended")
    if await follows.is_blocked(tx, blocker_id=followed.id, blocked_id=follower.id):
        return Forbidden(f"{followed.uri} blocks {follower.uri}")
    if not followed.is_local and await peers.judged(tx, {followed.host}, Verdict.BLOCKED):
        return Forbidden(f"{followed.host} is blocked here")
    return None


async def _release(tx: Tx, followed: Actor) -> None:
    """Let go of the proposals of somebody whom nobody here follows any more."""
    if not await follows.local_followers_of(tx, (followed.id,)):
        await proposals.drop_unsourced(tx, author_id=followed.id, actor_uri=followed.uri)


def _pending(uri: str, follower: Actor, followed: Actor, now: datetime) -> Follow:
    return Follow(
        id=new_id(now),
        uri=uri,
        follower_id=follower.id,
        followed_id=followed.id,
        state=FollowState.PENDING,
        created_at=now,
        accepted_at=None,
    )


async def _arrive(tx: Tx, made: Follow, *, follower: Actor, followed: Actor, now: datetime) -> None:
    """Settle a follow between two local actors."""
    if followed.manually_approves_followers:
        kind = "follow-request"
    else:
        kind = "follow"
        await follows.set_state(tx, made.id, FollowState.ACCEPTED, now)
    await notify(
        tx, account_actor_id=followed.id, kind=kind, from_actor_id=follower.id, subject_uri=None, now=now
    )


async def _asked(tx: Tx, owner: Actor, follower_id: str) -> tuple[Follow, Actor]:
    known = await follows.between(tx, follower_id, owner.id, is_locked=True)
    follower = await actors.by_id(tx, follower_id)
    if known is None or follower is None:
        raise NotFound(f"{follower_id} does not follow {owner.uri}")
    return known, follower


async def _accept(
    tx: Tx,
    site: Site,
    known: Follow,
    *,
    follower: Actor,
    followed: Actor,
    now: datetime,
    is_news: bool = True,
) -> None:
    current = await follows.between(tx, follower.id, followed.id)
    assert current is not None
    await follows.set_state(tx, current.id, FollowState.ACCEPTED, now)
    if follower.is_local:
        await notify(
            tx,
            account_actor_id=follower.id,
            kind="follow-accepted",
            from_actor_id=followed.id,
            subject_uri=None,
            now=now,
        )
        return
    await outbox.tell(
        tx,
        site,
        actor=followed,
        whom=follower,
        type_="Accept",
        object_=wire_follow(known, follower, followed),
        object_uri=known.uri,
        now=now,
    )
    if is_news:
        await notify(
            tx,
            account_actor_id=followed.id,
            kind="follow",
            from_actor_id=follower.id,
            subject_uri=None,
            now=now,
        )
