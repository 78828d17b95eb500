"""Queries on `records`, and on the logbook as far as records need it."""

from datetime import datetime

from sqlalchemy import delete, select, update

from libline_fed.domain.records import StoredRecord
from libline_fed.ids import is_id, new_id
from libline_fed.storage import rows
from libline_fed.storage.mentorship_tables import records
from libline_fed.storage.store import Tx

_c = records.c


async def by_id(tx: Tx, record_id: str) -> StoredRecord | None:
    """Return one record, or None."""
    row = await tx.first(select(records).where(_c.id == record_id)) if is_id(record_id) else None
    return rows.to(StoredRecord, row) if row else None


async def of(tx: Tx, *, mentorship_id: str, actor_id: str) -> StoredRecord | None:
    """Return the record that somebody has of a mentorship, or None."""
    row = await tx.first(
        select(records).where(_c.mentorship_id == mentorship_id, _c.actor_id == actor_id)
    )
    return rows.to(StoredRecord, row) if row else None


async def of_actor(tx: Tx, actor_id: str) -> list[StoredRecord]:
    """Return somebody's records, newest first."""
    found = await tx.all(select(records).where(_c.actor_id == actor_id).order_by(_c.id.desc()))
    return [rows.to(StoredRecord, row) for row in found]


async def reserve(tx: Tx, *, mentorship_id: str, actor_id: str, now: datetime) -> StoredRecord:
    """Return the row for somebody's record of a mentorship; a new one holds an empty document."""
    values = {"id": new_id(now), "mentorship_id": mentorship_id, "actor_id": actor_id}
    await tx.execute(
        tx.insert(records).values(**values, document=b"", created_at=now).on_conflict_do_nothing()
    )
    found = await of(tx, mentorship_id=mentorship_id, actor_id=actor_id)
    assert found is not None
    return found


async def put_document(tx: Tx, record_id: str, document: bytes, now: datetime) -> StoredRecord:
    """Set what a record says."""
    statement = (
        update(records).where(_c.id == record_id).values(document=document, created_at=now).returning(*_c)
    )
    return rows.to(StoredRecord, (await tx.execute(statement)).one())


async def set_link(tx: Tx, record_id: str, token_hash: str | None) -> None:
    """Let a record be read by whoever has the token with this hash, or by nobody else."""
    values = {"is_shared": token_hash is not None, "share_token_hash": token_hash}
    await tx.execute(update(records).where(_c.id == record_id).values(**values))


async def remove_of(tx: Tx, actor_id: str) -> int:
    """Delete every record of somebody; returns how many."""
    return (await tx.execute(delete(records).where(_c.actor_id == actor_id))).rowcount
