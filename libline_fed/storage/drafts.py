"""Queries on `drafts`: what people have written and not sent."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from libline_fed.storage.member_tables import drafts
from libline_fed.storage.store import Tx

_c = drafts.c


async def put(tx: Tx, person_id: str, kind: str, key: str, data: dict[str, Any], now: datetime) -> None:
    """Insert a draft, or replace the one of the same form about the same thing."""
    insert = tx.insert(drafts).values(person_id=person_id, kind=kind, key=key, data=data, updated_at=now)
    await tx.execute(
        insert.on_conflict_do_update(
            index_elements=[_c.person_id, _c.kind, _c.key], set_={"data": data, "updated_at": now}
        )
    )


async def get(tx: Tx, person_id: str, kind: str, key: str) -> dict[str, Any] | None:
    """Return what a draft holds, or None."""
    query = select(_c.data).where(_c.person_id == person_id, _c.kind == kind, _c.key == key)
    found: dict[str, Any] | None = await tx.scalar(query)
    return found


async def keys(tx: Tx, person_id: str, kind: str, *, limit: int) -> list[tuple[str, datetime]]:
    """Return (key, moment of the last change) of a person's drafts of one form, newest first."""
    query = select(_c.key, _c.updated_at).where(_c.person_id == person_id, _c.kind == kind)
    found = await tx.all(query.order_by(_c.updated_at.desc(), _c.key).limit(limit))
    return [(row.key, row.updated_at) for row in found]


async def remove(tx: Tx, person_id: str, kind: str, key: str) -> None:
    """Delete a draft."""
    await tx.execute(delete(drafts).where(_c.person_id == person_id, _c.kind == kind, _c.key == key))


async def remove_of(tx: Tx, person_id: str) -> None:
    """Delete every draft of a person."""
    await tx.execute(delete(drafts).where(_c.person_id == person_id))


async def remove_before(tx: Tx, before: datetime) -> int:
    """Delete drafts that nobody has touched since a moment; returns how many."""
    return (await tx.execute(delete(drafts).where(_c.updated_at < before))).rowcount
