"""Queries on `reports`: what others reported to the moderators here."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from libline_fed.domain.reports import Report
from libline_fed.storage import rows
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import reports


async def add(tx: Tx, **values: Any) -> bool:
    """Keep a report; tells whether it is new."""
    statement = tx.insert(reports).values(**values).on_conflict_do_nothing().returning(reports.c.id)
    return await tx.first(statement) is not None


async def by_id(tx: Tx, report_id: str) -> Report | None:
    """Return one report, or None."""
    row = await tx.first(select(reports).where(reports.c.id == report_id))
    return rows.to(Report, row) if row else None


async def list_open(tx: Tx, *, before_id: str | None, limit: int) -> list[Report]:
    """Return the reports that nobody has closed, newest first, from `before_id` downwards."""
    asked = select(reports).where(reports.c.closed_at.is_(None)).order_by(reports.c.id.desc()).limit(limit)
    if before_id is not None:
        asked = asked.where(reports.c.id < before_id)
    return [rows.to(Report, row) for row in await tx.all(asked)]


async def count_open(tx: Tx) -> int:
    """Count the reports that nobody has closed."""
    return int(
        await tx.scalar(select(func.count()).select_from(reports).where(reports.c.closed_at.is_(None)))
    )


async def close(tx: Tx, report_id: str, now: datetime) -> None:
    """Mark a report as dealt with, if it is not."""
    await tx.execute(
        update(reports).where(reports.c.id == report_id, reports.c.closed_at.is_(None)).values(closed_at=now)
    )
