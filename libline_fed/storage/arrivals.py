"""Queries on `mentorship_arrivals`: mentorships on their way to somebody who has moved here."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select

from libline_fed.domain.moves import Arrival
from libline_fed.ids import new_id
from libline_fed.storage import rows
from libline_fed.storage.mentorship_tables import mentorship_arrivals
from libline_fed.storage.store import Tx

_c = mentorship_arrivals.c
_KEY = (_c.actor_id, _c.agreement_uri, _c.partner_uri, _c.origin_uri)


async def note(
    tx: Tx,
    *,
    actor_id: str,
    agreement_uri: str,
    partner_uri: str,
    origin_uri: str,
    now: datetime,
    message: dict[str, Any] | None = None,
) -> None:
    """Note what was heard of a mentorship: the partner's message, or without one the old server's word.

    Whoever is second waits for the first one's transaction, and then sees what it noted.
    """
    heard: dict[str, Any] = {"message": message} if message is not None else {"is_vouched": True}
    values = {
        "id": new_id(now),
        "actor_id": actor_id,
        "agreement_uri": agreement_uri,
        "partner_uri": partner_uri,
        "origin_uri": origin_uri,
        "is_vouched": False,
        "created_at": now,
        **heard,
    }
    insert = tx.insert(mentorship_arrivals).values(**values)
    await tx.execute(insert.on_conflict_do_update(index_elements=list(_KEY), set_=heard))


async def heard(tx: Tx, actor_id: str) -> list[Arrival]:
    """Return those of somebody's of which the partner's message is here, in the order in which they came."""
    statement = select(mentorship_arrivals).where(_c.actor_id == actor_id, _c.message.is_not(None))
    return [rows.to(Arrival, row) for row in await tx.all(statement.order_by(_c.id))]


async def count_unvouched(tx: Tx, actor_id: str) -> int:
    """Count what came for somebody without the word of an old server."""
    statement = select(func.count()).select_from(mentorship_arrivals)
    return int(await tx.scalar(statement.where(_c.actor_id == actor_id, _c.is_vouched.is_(False))) or 0)


async def remove(tx: Tx, arrival_id: str) -> None:
    """Forget one that has arrived."""
    await tx.execute(delete(mentorship_arrivals).where(_c.id == arrival_id))


async def remove_of(tx: Tx, actor_id: str) -> None:
    """Forget all of somebody's."""
    await tx.execute(delete(mentorship_arrivals).where(_c.actor_id == actor_id))


async def drop_old(tx: Tx, before: datetime) -> int:
    """Forget what nobody has heard of since a moment; returns how many."""
    return (await tx.execute(delete(mentorship_arrivals).where(_c.created_at < before))).rowcount
