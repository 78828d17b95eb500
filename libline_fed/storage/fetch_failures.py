"""Queries on `fetch_failures`: what could not be fetched is not asked for again at once."""

from datetime import datetime

from sqlalchemy import delete, select

from libline_fed.storage.store import Tx
from libline_fed.storage.tables import fetch_failures


async def recent(tx: Tx, uri: str, now: datetime) -> tuple[int | None, str] | None:
    """Return (status, error) of a failure that still counts, or None."""
    row = await tx.first(
        select(fetch_failures.c.status, fetch_failures.c.error).where(
            fetch_failures.c.uri == uri, fetch_failures.c.until > now
        )
    )
    return (row.status, row.error) if row else None


async def add(tx: Tx, *, uri: str, status: int | None, error: str, until: datetime) -> None:
    """Remember a failure until a moment."""
    values = {"status": status, "error": error[:500], "until": until}
    await tx.execute(
        tx.insert(fetch_failures)
        .values(uri=uri, **values)
        .on_conflict_do_update(index_elements=[fetch_failures.c.uri], set_=values)
    )


async def drop_old(tx: Tx, now: datetime) -> int:
    """Forget failures that no longer count; return how many."""
    return (await tx.execute(delete(fetch_failures).where(fetch_failures.c.until <= now))).rowcount
