"""Queries on `follows` and `blocks`."""

import dataclasses
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, false, func, or_, select, update

from libline_fed.domain.actors import Actor
from libline_fed.domain.follows import Follow
from libline_fed.storage import rows
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, blocks, follows


async def between(tx: Tx, follower_id: str, followed_id: str, *, is_locked: bool = False) -> Follow | None:
    """Return the follow from one actor to another, in whatever state; locked where it is about to change."""
    statement = select(follows).where(
        follows.c.follower_id == follower_id, follows.c.followed_id == followed_id
    )
    row = await tx.first(statement.with_for_update() if is_locked else statement)
    return rows.to(Follow, row) if row else None


async def by_uri(tx: Tx, uri: str, *, is_locked: bool = False) -> Follow | None:
    """Return the follow that an activity made; locked where it is about to change."""
    statement = select(follows).where(follows.c.uri == uri)
    row = await tx.first(statement.with_for_update() if is_locked else statement)
    return rows.to(Follow, row) if row else None


async def ask(tx: Tx, follow: Follow) -> bool:
    """Insert a follow, or replace one that was rejected; tell whether this was the one that did it."""
    values = dataclasses.asdict(follow)
    replaced = (
        tx.insert(follows)
        .values(**values)
        .on_conflict_do_update(
            index_elements=[follows.c.follower_id, follows.c.followed_id],
            set_=values,
            where=follows.c.state == "rejected",
        )
    )
    return await tx.first(replaced.returning(follows.c.id)) is not None


async def put(tx: Tx, follow: Follow) -> None:
    """Insert a follow, or replace the one between the same two actors."""
    values = {
        "id": follow.id,
        "uri": follow.uri,
        "follower_id": follow.follower_id,
        "followed_id": follow.followed_id,
        "state": follow.state,
        "created_at": follow.created_at,
        "accepted_at": follow.accepted_at,
    }
    fresh = {key: values[key] for key in ("uri", "state", "created_at", "accepted_at")}
    await tx.execute(
        tx.insert(follows)
        .values(**values)
        .on_conflict_do_update(index_elements=[follows.c.follower_id, follows.c.followed_id], set_=fresh)
    )


async def set_state(tx: Tx, follow_id: str, state: str, now: datetime) -> None:
    """Move a follow to `accepted` or `rejected`."""
    accepted_at = now if state == "accepted" else None
    await tx.execute(
        update(follows).where(follows.c.id == follow_id).values(state=state, accepted_at=accepted_at)
    )


async def remove(tx: Tx, follower_id: str, followed_id: str) -> bool:
    """Delete the follow between two actors; tell whether there was one."""
    result = await tx.execute(
        delete(follows).where(follows.c.follower_id == follower_id, follows.c.followed_id == followed_id)
    )
    return bool(result.rowcount)


async def remove_all_of(tx: Tx, actor_id: str) -> None:
    """Delete every follow from or to an actor."""
    await tx.execute(
        delete(follows).where(or_(follows.c.follower_id == actor_id, follows.c.followed_id == actor_id))
    )


async def remove_followers_at(tx: Tx, inbox_url: str) -> int:
    """Delete the follows from actors whose inbox is gone; return how many."""
    gone = select(actors.c.id).where(
        or_(actors.c.inbox_url == inbox_url, actors.c.shared_inbox_url == inbox_url),
        actors.c.is_local.is_(False),
    )
    return (await tx.execute(delete(follows).where(follows.c.follower_id.in_(gone)))).rowcount


async def inboxes_of_followers(tx: Tx, actor_id: str) -> list[tuple[str, str]]:
    """Return (host, inbox URL) once for each inbox that serves remote followers, shared ones first choice."""
    found = await tx.all(
        select(actors.c.host, func.coalesce(actors.c.shared_inbox_url, actors.c.inbox_url).label("inbox"))
        .join(follows, follows.c.follower_id == actors.c.id)
        .where(
            follows.c.followed_id == actor_id,
            follows.c.state == "accepted",
            actors.c.is_local.is_(False),
            actors.c.gone_at.is_(None),
            actors.c.suspended_at.is_(None),
        )
        .distinct()
    )
    return [(row.host, row.inbox) for row in found]


async def inboxes_around(tx: Tx, actor_id: str) -> list[tuple[str, str]]:
    """Return (host, inbox URL) once for each inbox of those who follow an actor or are followed, or asked."""
    found = await tx.all(
        select(actors.c.host, func.coalesce(actors.c.shared_inbox_url, actors.c.inbox_url).label("inbox"))
        .join(
            follows,
            or_(
                and_(follows.c.follower_id == actors.c.id, follows.c.followed_id == actor_id),
                and_(follows.c.followed_id == actors.c.id, follows.c.follower_id == actor_id),
            ),
        )
        .where(actors.c.is_local.is_(False), actors.c.gone_at.is_(None))
        .distinct()
    )
    return [(row.host, row.inbox) for row in found]


async def local_followers_of(tx: Tx, followed_ids: Collection[str]) -> dict[str, list[str]]:
    """Return, for each followed actor, the ids of the members here who follow it."""
    if not followed_ids:
        return {}
    found = await tx.all(
        select(follows.c.followed_id, follows.c.follower_id)
        .join(actors, actors.c.id == follows.c.follower_id)
        .where(
            follows.c.followed_id.in_(list(followed_ids)),
            follows.c.state == "accepted",
            actors.c.is_local.is_(True),
        )
    )
    result: dict[str, list[str]] = {}
    for row in found:
        result.setdefault(row.followed_id, []).append(row.follower_id)
    return result


async def followers(
    tx: Tx, actor_id: str, *, state: str = "accepted", limit: int = 1000
) -> list[tuple[Follow, Actor]]:
    """Return who follows an actor, newest first."""
    return await _with_actor(tx, actor_id, by="followed_id", other="follower_id", state=state, limit=limit)


async def following(
    tx: Tx, actor_id: str, *, state: str | None = None, limit: int = 1000
) -> list[tuple[Follow, Actor]]:
    """Return whom an actor follows or has asked to follow, newest first."""
    return await _with_actor(tx, actor_id, by="follower_id", other="followed_id", state=state, limit=limit)


async def count(tx: Tx, actor_id: str) -> tuple[int, int]:
    """Return how many (followers, following) are accepted."""
    accepted = select(func.count()).select_from(follows).where(follows.c.state == "accepted")
    return (
        int(await tx.scalar(accepted.where(follows.c.followed_id == actor_id))),
        int(await tx.scalar(accepted.where(follows.c.follower_id == actor_id))),
    )


async def _with_actor(
    tx: Tx, actor_id: str, *, by: str, other: str, state: str | None, limit: int
) -> list[tuple[Follow, Actor]]:
    statement = (
        select(follows)
        .where(follows.c[by] == actor_id)
        .order_by(follows.c.created_at.desc(), follows.c.id.desc())
        .limit(limit)
    )
    if state is not None:
        statement = statement.where(follows.c.state == state)
    found = [rows.to(Follow, row) for row in await tx.all(statement)]
    ids = [getattr(follow, other) for follow in found]
    known = (
        {row.id: rows.to(Actor, row) for row in await tx.all(select(actors).where(actors.c.id.in_(ids)))}
        if ids
        else {}
    )
    return [(follow, known[getattr(follow, other)]) for follow in found]


async def add_block(tx: Tx, *, blocker_id: str, blocked_id: str, uri: str | None, now: datetime) -> None:
    """Remember that one actor blocks another."""
    await tx.execute(
        tx.insert(blocks)
        .values(blocker_id=blocker_id, blocked_id=blocked_id, uri=uri, created_at=now)
        .on_conflict_do_nothing()
    )


async def remove_block(
    tx: Tx, *, blocker_id: str, blocked_id: str | None = None, uri: str | None = None
) -> bool:
    """Forget an actor's block, named by whom it is against or by its id; tells whether there was one."""
    named: ColumnElement[bool] = false()  # nothing named is nothing forgotten
    if blocked_id is not None:
        named = or_(named, blocks.c.blocked_id == blocked_id)
    if uri is not None:
        named = or_(named, blocks.c.uri == uri)
    result = await tx.execute(delete(blocks).where(blocks.c.blocker_id == blocker_id, named))
    return bool(result.rowcount)


async def blocked_by(tx: Tx, blocker_id: str) -> list[Actor]:
    """Return whom an actor blocks, the latest first."""
    statement = (
        select(actors)
        .join(blocks, blocks.c.blocked_id == actors.c.id)
        .where(blocks.c.blocker_id == blocker_id)
        .order_by(blocks.c.created_at.desc())
    )
    return [rows.to(Actor, row) for row in await tx.all(statement)]


async def is_blocked(tx: Tx, *, blocker_id: str, blocked_id: str) -> bool:
    """Tell whether one actor blocks another."""
    return (
        await tx.first(
            select(blocks.c.blocker_id).where(
                blocks.c.blocker_id == blocker_id, blocks.c.blocked_id == blocked_id
            )
        )
        is not None
    )
