"""Queries on `absences`."""

from sqlalchemy import select

from libline_fed.domain.absences import Absence
from libline_fed.storage import rows
from libline_fed.storage.mentorship_tables import absences
from libline_fed.storage.store import Tx


async def of_actor(tx: Tx, actor_id: str) -> list[Absence]:
    """Return a member's absences, the earliest first."""
    statement = select(absences).where(absences.c.actor_id == actor_id).order_by(absences.c.from_on)
    return [rows.to(Absence, row) for row in await tx.all(statement)]
