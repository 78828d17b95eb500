"""Queries on `suggestions`, and on what members want of them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select, true

from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Audience, Proposal, Purpose, Status
from libline_fed.domain.suggestions import Suggestion, Wish
from libline_fed.storage import rows
from libline_fed.storage.consortium_tables import suggestion_wishes, suggestions
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import accounts, actors, proposals

_s = suggestions.c
_ACTOR_PREFIX = "its_actor_"
_ACTOR_COLUMNS = [column.label(f"{_ACTOR_PREFIX}{column.name}") for column in actors.c]


async def open_requests(
    tx: Tx,
    conditions: Collection[ColumnElement[bool]],
    *,
    but_of: str,
    request_id: str | None = None,
    limit: int,
    offset: int = 0,
) -> list[tuple[Proposal, Actor]]:
    """Return open requests of active members here for whom coordinators may look, the oldest first.

    Those of the actor `but_of` are left out; with `request_id` there is at most this one.
    """
    wish = func.coalesce(suggestion_wishes.c.wish, Wish.PUBLIC.value)
    query = (
        select(proposals, *_ACTOR_COLUMNS)
        .join(actors, actors.c.id == proposals.c.author_id)
        .join(accounts, accounts.c.actor_id == actors.c.id)
        .outerjoin(suggestion_wishes, suggestion_wishes.c.actor_id == actors.c.id)
        .where(
            proposals.c.is_local,
            proposals.c.author_id != but_of,
            proposals.c.id == request_id if request_id is not None else true(),
            proposals.c.purpose == Purpose.REQUEST.value,
            proposals.c.status == Status.OPEN.value,
            accounts.c.state == "active",
            or_(
                wish == Wish.ALL.value,
                (wish == Wish.PUBLIC.value) & (proposals.c.audience == Audience.PUBLIC.value),
            ),
            *conditions,
        )
        .order_by(proposals.c.published_at, proposals.c.id)
        .limit(limit)
        .offset(offset)
    )
    return [
        (rows.to(Proposal, row), rows.to(Actor, row, prefix=_ACTOR_PREFIX)) for row in await tx.all(query)
    ]


async def add(tx: Tx, suggestion: Suggestion) -> bool:
    """Insert a suggestion; tell whether it is new for its request."""
    values = {name: getattr(suggestion, name) for name in Suggestion.__slots__}
    statement = tx.insert(suggestions).values(**values).on_conflict_do_nothing()
    return bool((await tx.execute(statement)).rowcount)


async def of_requests(tx: Tx, request_ids: Collection[str]) -> list[Suggestion]:
    """Return what was suggested for some requests, the oldest first."""
    return await _many(tx, _s.request_id.in_(list(request_ids)))


async def of_member(tx: Tx, member_id: str) -> list[Suggestion]:
    """Return what was suggested to a member, the oldest first."""
    return await _many(tx, _s.member_id == member_id)


async def remove(tx: Tx, member_id: str, suggestion_id: str) -> bool:
    """Delete a suggestion of a member's; tell whether there was one."""
    gone = delete(suggestions).where(_s.id == suggestion_id, _s.member_id == member_id)
    return bool((await tx.execute(gone)).rowcount)


async def remove_all_of(tx: Tx, member_id: str) -> None:
    """Delete all that was suggested to a member."""
    await tx.execute(delete(suggestions).where(_s.member_id == member_id))


async def forget(tx: Tx, actor_id: str) -> None:
    """Delete what was suggested to or by somebody who is gone, and what they wanted."""
    await tx.execute(delete(suggestions).where(or_(_s.member_id == actor_id, _s.coordinator_id == actor_id)))
    await tx.execute(delete(suggestion_wishes).where(suggestion_wishes.c.actor_id == actor_id))


async def wish_of(tx: Tx, actor_id: str) -> Wish:
    """Return for which requests a member wants suggestions."""
    found = await tx.scalar(select(suggestion_wishes.c.wish).where(suggestion_wishes.c.actor_id == actor_id))
    return Wish(found) if found is not None else Wish.PUBLIC


async def set_wish(tx: Tx, actor_id: str, wish: Wish, now: datetime) -> None:
    """Note for which requests a member wants suggestions."""
    values = {"wish": wish.value, "changed_at": now}
    statement = tx.insert(suggestion_wishes).values(actor_id=actor_id, **values)
    await tx.execute(
        statement.on_conflict_do_update(index_elements=[suggestion_wishes.c.actor_id], set_=values)
    )


async def _many(tx: Tx, condition: ColumnElement[bool]) -> list[Suggestion]:
    query = select(suggestions).where(condition).order_by(_s.created_at, _s.id)
    return [rows.to(Suggestion, row) for row in await tx.all(query)]
