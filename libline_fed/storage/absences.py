"""Queries on `absences`."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import delete, func, select

from libline_fed.domain.absences import Absence
from libline_fed.storage import rows
from libline_fed.storage.member_tables import absences
from libline_fed.storage.store import Tx

_c = absences.c


async def of_actor(tx: Tx, actor_id: str) -> list[Absence]:
    """Return a member's absences, the earliest first."""
    return (await of_actors(tx, [actor_id])).get(actor_id, [])


async def of_actors(tx: Tx, actor_ids: Collection[str]) -> dict[str, list[Absence]]:
    """Return the absences of some members who have any, the earliest first."""
    if not actor_ids:
        return {}
    statement = select(absences).where(_c.actor_id.in_(list(actor_ids))).order_by(_c.from_on, _c.id)
    found: dict[str, list[Absence]] = {}
    for row in await tx.all(statement):
        found.setdefault(row.actor_id, []).append(rows.to(Absence, row))
    return found


async def add(tx: Tx, absence: Absence) -> None:
    """Insert an absence."""
    await tx.execute(
        tx.insert(absences).values(
            id=absence.id,
            actor_id=absence.actor_id,
            from_on=absence.from_on,
            until_on=absence.until_on,
            created_at=absence.created_at,
        )
    )


async def count(tx: Tx, actor_id: str, *, since: date) -> int:
    """Count a member's absences that end on a day or later."""
    query = select(func.count()).select_from(absences)
    return int(await tx.scalar(query.where(_c.actor_id == actor_id, _c.until_on >= since)))


async def remove(tx: Tx, absence_id: str, *, actor_id: str) -> bool:
    """Delete an absence of a member; tells whether there was one."""
    statement = delete(absences).where(_c.id == absence_id, _c.actor_id == actor_id)
    return bool((await tx.execute(statement)).rowcount)


async def remove_of(tx: Tx, actor_id: str) -> None:
    """Delete every absence of a member."""
    await tx.execute(delete(absences).where(_c.actor_id == actor_id))
