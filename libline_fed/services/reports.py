"""Reports from other servers, for moderators. Nothing follows from one by itself."""

from datetime import datetime

from libline_fed.domain.reports import Report
from libline_fed.errors import NotFound
from libline_fed.storage import reports
from libline_fed.storage.store import Tx

PAGE_COUNT = 50


async def list_open(tx: Tx, *, before_id: str | None = None, limit: int = PAGE_COUNT) -> list[Report]:
    """List the reports that nobody has closed, newest first."""
    return await reports.list_open(tx, before_id=before_id, limit=limit)


async def count_open(tx: Tx) -> int:
    """Count the reports that nobody has closed."""
    return await reports.count_open(tx)


async def show(tx: Tx, report_id: str) -> Report:
    """Return a report, open or closed.

    Raises: NotFound.
    """
    found = await reports.by_id(tx, report_id)
    if found is None:
        raise NotFound(f"no report {report_id[:40]}")
    return found


async def close(tx: Tx, report_id: str, *, now: datetime) -> Report:
    """Note that a report has been dealt with; the first time counts.

    Raises: NotFound.
    """
    await reports.close(tx, report_id, now)
    return await show(tx, report_id)
