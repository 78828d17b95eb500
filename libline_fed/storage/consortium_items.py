"""Queries on `consortium_items`: what the Groups hosted here pass on, and what they hold back."""

from collections.abc import Collection
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update

from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import Item, ItemState
from libline_fed.domain.proposals import Proposal
from libline_fed.domain.viewers import EVERYBODY
from libline_fed.storage import rows
from libline_fed.storage.consortium_tables import consortia, consortium_items
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, follows, proposals
from libline_fed.storage.visibility import shown_to

_i = consortium_items.c


async def get(tx: Tx, group_id: str, proposal_uri: str) -> Item | None:
    """Return what a Group does with a proposal, or None; locked until the transaction ends."""
    query = select(consortium_items).where(_i.group_id == group_id, _i.proposal_uri == proposal_uri)
    row = await tx.first(query.with_for_update())
    return rows.to(Item, row) if row else None


async def put(tx: Tx, item: Item) -> None:
    """Note what a Group does with a proposal; its list is in the order of `created_at`."""
    values = {field.name: getattr(item, field.name) for field in fields(item)}
    key = ("group_id", "proposal_uri")
    await tx.wake("documents")
    await tx.execute(
        tx.insert(consortium_items)
        .values(**values)
        .on_conflict_do_update(
            index_elements=[_i.group_id, _i.proposal_uri],
            set_={name: value for name, value in values.items() if name not in key},
        )
    )


async def set_state(tx: Tx, item: Item, state: ItemState, now: datetime, *, reason_text: str = "") -> None:
    """Change what a Group does with a proposal."""
    await tx.wake("documents")
    await tx.execute(
        update(consortium_items)
        .where(_i.group_id == item.group_id, _i.proposal_uri == item.proposal_uri)
        .values(state=state.value, reason_text=reason_text, changed_at=now)
    )


async def of_proposal(tx: Tx, proposal_uri: str) -> list[Item]:
    """Return what every Group that is not closed does with a proposal."""
    query = (
        select(consortium_items)
        .join(consortia, consortia.c.actor_id == _i.group_id)
        .where(_i.proposal_uri == proposal_uri, consortia.c.closed_at.is_(None))
        .order_by(_i.group_id)
    )
    return [rows.to(Item, row) for row in await tx.all(query)]


async def of_author(tx: Tx, author_uri: str) -> list[Item]:
    """Return what Groups pass on of one author."""
    query = select(consortium_items).where(_i.author_uri == author_uri, _i.state == ItemState.LISTED)
    return [rows.to(Item, row) for row in await tx.all(query.order_by(_i.group_id, _i.proposal_uri))]


async def at_host(tx: Tx, group_id: str, host: str) -> list[Item]:
    """Return what a Group passes on from one server."""
    query = select(consortium_items).where(
        _i.group_id == group_id, _i.host == host, _i.state == ItemState.LISTED
    )
    return [rows.to(Item, row) for row in await tx.all(query.order_by(_i.proposal_uri))]


async def listed(
    tx: Tx, group_id: str, today: date, *, before: tuple[datetime, str] | None, limit: int
) -> list[tuple[datetime, str]]:
    """Return (moment, URI) of the proposals that a Group passes on and that anybody may see, newest first.

    `before` is where the page before ended.
    """
    query = await _listed(tx, select(_i.created_at, _i.proposal_uri), group_id, today)
    if before is not None:
        at, uri = before
        query = query.where(or_(_i.created_at < at, and_(_i.created_at == at, _i.proposal_uri < uri)))
    found = await tx.all(query.order_by(_i.created_at.desc(), _i.proposal_uri.desc()).limit(limit))
    return [(row.created_at, row.proposal_uri) for row in found]


async def count_listed(tx: Tx, group_id: str, today: date) -> int:
    """Count what `listed` lists."""
    return int(await tx.scalar(await _listed(tx, select(func.count()), group_id, today)))


async def shown(
    tx: Tx, group_id: str, states: Collection[ItemState], *, limit: int = 200
) -> list[tuple[Item, Proposal | None]]:
    """List a Group's items for its coordinators, latest change first, with the proposals that are here."""
    query = (
        select(consortium_items)
        .where(_i.group_id == group_id, _i.state.in_(states))
        .order_by(_i.changed_at.desc(), _i.proposal_uri)
        .limit(limit)
    )
    items = [rows.to(Item, row) for row in await tx.all(query)]
    named = [item.proposal_uri for item in items]
    known = {
        row.uri: rows.to(Proposal, row)
        for row in await tx.all(select(proposals).where(proposals.c.uri.in_(named)))
    }
    return [(item, known.get(item.proposal_uri)) for item in items]


async def servers_among_followers(tx: Tx, group_id: str) -> list[Actor]:
    """Return the followers that are instance actors of LibLine: those that list proposals of their own."""
    return await _followers(tx, group_id, _IS_SERVER)


async def inboxes_of_others(tx: Tx, group_id: str) -> list[tuple[str, str]]:
    """Return (host, inbox URL) once for each inbox of the other followers: people, on whatever software."""
    people = await _followers(tx, group_id, ~_IS_SERVER)
    inboxes = [(actor.host, actor.shared_inbox_url or actor.inbox_url) for actor in people]
    return list(dict.fromkeys(inboxes))


_IS_SERVER = and_(actors.c.type == "Application", actors.c.proposals_url.is_not(None))


async def _followers(tx: Tx, group_id: str, which: ColumnElement[bool]) -> list[Actor]:
    query = (
        select(actors)
        .join(follows, follows.c.follower_id == actors.c.id)
        .where(
            follows.c.followed_id == group_id,
            follows.c.state == "accepted",
            actors.c.is_local.is_(False),
            actors.c.gone_at.is_(None),
            actors.c.suspended_at.is_(None),
            which,
        )
        .order_by(actors.c.uri)
    )
    return [rows.to(Actor, row) for row in await tx.all(query)]


async def _listed(tx: Tx, query: Select[Any], group_id: str, today: date) -> Select[Any]:
    return (
        query.select_from(consortium_items)
        .join(proposals, proposals.c.uri == _i.proposal_uri)
        .where(
            _i.group_id == group_id,
            _i.state == ItemState.LISTED,
            *await shown_to(tx, EVERYBODY, today),
        )
    )
