"""Queries on `proposal_sources`: who brought which proposal of another server."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, and_, case, delete, exists, func, literal, select

from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, follows, proposal_sources, proposals

CHUNK = 500
_s = proposal_sources.c


async def add_announced(tx: Tx, proposal_id: str, actor_uri: str, now: datetime) -> None:
    """Note that a directory brings a proposal that is here already."""
    values = {"proposal_id": proposal_id, "source": "announce", "actor_uri": actor_uri, "seen_at": now}
    await tx.execute(tx.insert(proposal_sources).values(**values).on_conflict_do_nothing())


async def is_announced(tx: Tx, proposal_id: str, actor_uri: str) -> bool:
    """Tell whether a directory has brought a proposal."""
    query = select(_s.proposal_id).where(
        _s.proposal_id == proposal_id, _s.source == "announce", _s.actor_uri == actor_uri
    )
    return await tx.first(query) is not None


async def forget_announced(
    tx: Tx, actor_uri: str, *, host: str | None = None, uri: str | None = None, now: datetime
) -> None:
    """Forget that a directory brought anything, or anything from one server, or this one thing.

    What nobody else brought is deleted, unless a member here follows its author.
    """
    mine = [_s.source == "announce", _s.actor_uri == actor_uri]
    if host is not None:
        of_host = select(proposals.c.id).join(actors, actors.c.id == proposals.c.author_id)
        mine.append(_s.proposal_id.in_(of_host.where(actors.c.host == host)))
    if uri is not None:
        mine.append(_s.proposal_id.in_(select(proposals.c.id).where(proposals.c.uri == uri)))
    freed = list(
        await tx.scalars(delete(proposal_sources).where(and_(*mine)).returning(_s.proposal_id))
    )
    for start in range(0, len(freed), CHUNK):
        await _let_go(tx, freed[start : start + CHUNK], now)


async def rename_announced(tx: Tx, old_uri: str, new_uri: str) -> None:
    """Note that what one directory brought is brought by another from now on: it has moved."""
    brought = select(_s.proposal_id, _s.source, literal(new_uri), _s.seen_at).where(
        _s.source == "announce", _s.actor_uri == old_uri
    )
    names = ["proposal_id", "source", "actor_uri", "seen_at"]
    await tx.execute(tx.insert(proposal_sources).from_select(names, brought).on_conflict_do_nothing())
    await tx.execute(
        delete(proposal_sources).where(_s.source == "announce", _s.actor_uri == old_uri)
    )


async def _let_go(tx: Tx, proposal_ids: Collection[str], now: datetime) -> None:
    has_source = exists().where(_s.proposal_id == proposals.c.id)
    follower = actors.alias("follower")
    is_followed = exists().where(
        follows.c.followed_id == proposals.c.author_id,
        follows.c.state == "accepted",
        follower.c.id == follows.c.follower_id,
        follower.c.is_local.is_(True),
    )
    bare = and_(proposals.c.id.in_(list(proposal_ids)), proposals.c.is_local.is_(False), ~has_source)
    kept = select(proposals.c.id, actors.c.uri).join(actors, actors.c.id == proposals.c.author_id)
    for row in await tx.all(kept.where(bare, is_followed)):
        values = {"proposal_id": row.id, "source": "follow", "actor_uri": row.uri, "seen_at": now}
        await tx.execute(tx.insert(proposal_sources).values(**values).on_conflict_do_nothing())
    await tx.execute(delete(proposals).where(bare))


async def remove(tx: Tx, proposal_ids: Collection[str]) -> None:
    """Delete proposals of other servers, whoever brought them."""
    listed = list(proposal_ids)
    for start in range(0, len(listed), CHUNK):
        chunk = listed[start : start + CHUNK]
        await tx.execute(delete(proposals).where(proposals.c.id.in_(chunk), proposals.c.is_local.is_(False)))


async def counts(tx: Tx, actor_uris: Collection[str]) -> dict[str, tuple[int, int]]:
    """Return how many proposals each directory has brought that are here, and how many of them are open."""
    query: Select[tuple[str, int, int]] = (
        select(
            _s.actor_uri,
            func.count().label("all_count"),
            func.sum(case((proposals.c.status == "open", 1), else_=0)).label("open_count"),
        )
        .join(proposals, proposals.c.id == _s.proposal_id)
        .where(_s.source == "announce", _s.actor_uri.in_(list(actor_uris)))
        .group_by(_s.actor_uri)
    )
    return {row.actor_uri: (int(row.all_count), int(row.open_count)) for row in await tx.all(query)}
