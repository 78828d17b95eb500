"""Queries on `reports`: what others reported to the moderators here."""

from typing import Any

from sqlalchemy import func, select

from libline_fed.storage.store import Tx
from libline_fed.storage.tables import reports


async def add(tx: Tx, **values: Any) -> bool:
    """Keep a report; tells whether it is new."""
    statement = tx.insert(reports).values(**values).on_conflict_do_nothing().returning(reports.c.id)
    return await tx.first(statement) is not None


async def count_open(tx: Tx) -> int:
    """Count the reports that nobody has closed."""
    return int(
        await tx.scalar(select(func.count()).select_from(reports).where(reports.c.closed_at.is_(None)))
    )
