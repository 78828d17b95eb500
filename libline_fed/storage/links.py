"""Queries on `link_notes`: what the admins of other servers wrote when they asked for a link."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select

from libline_fed.storage.consortium_tables import link_notes
from libline_fed.storage.store import Tx


async def put_note(tx: Tx, actor_id: str, note_text: str, now: datetime) -> None:
    """Keep what a server wrote, instead of what it wrote before."""
    values = {"note_text": note_text, "created_at": now}
    await tx.execute(
        tx.insert(link_notes)
        .values(actor_id=actor_id, **values)
        .on_conflict_do_update(index_elements=[link_notes.c.actor_id], set_=values)
    )


async def remove_note(tx: Tx, actor_id: str) -> None:
    """Forget what a server wrote."""
    await tx.execute(delete(link_notes).where(link_notes.c.actor_id == actor_id))


async def notes(tx: Tx, actor_ids: Collection[str]) -> dict[str, str]:
    """Return what servers wrote, by the ids of their actors."""
    found = await tx.all(select(link_notes).where(link_notes.c.actor_id.in_(list(actor_ids))))
    return {row.actor_id: row.note_text for row in found}
