"""Queries on `rate_windows`: counters that begin again when their time is over."""

from datetime import datetime, timedelta

from sqlalchemy import case, delete, select

from libline_fed.storage.store import Tx
from libline_fed.storage.tables import rate_windows

MAX_KEY_CHARACTERS = 255


async def hit(tx: Tx, key: str, *, window_s: int, amount: int, now: datetime) -> tuple[int, datetime]:
    """Add `amount` to a counter, or begin a new window if the old one is over; returns count and end.

    One statement, so that hits at the same moment all count.
    """
    expires_at = now + timedelta(seconds=window_s)
    insert = tx.insert(rate_windows).values(key=key, hits_count=amount, expires_at=expires_at)
    is_over = rate_windows.c.expires_at <= now
    upsert = insert.on_conflict_do_update(
        index_elements=[rate_windows.c.key],
        set_={
            "hits_count": case((is_over, amount), else_=rate_windows.c.hits_count + amount),
            "expires_at": case((is_over, insert.excluded.expires_at), else_=rate_windows.c.expires_at),
        },
    ).returning(rate_windows.c.hits_count, rate_windows.c.expires_at)
    row = (await tx.execute(upsert)).one()
    return row.hits_count, row.expires_at


async def find(tx: Tx, key: str, *, now: datetime) -> tuple[int, datetime] | None:
    """Return count and end of a window that is not over, or None."""
    row = await tx.first(
        select(rate_windows).where(rate_windows.c.key == key, rate_windows.c.expires_at > now)
    )
    return (row.hits_count, row.expires_at) if row else None


async def clear(tx: Tx, key: str) -> None:
    """Forget one counter."""
    await tx.execute(delete(rate_windows).where(rate_windows.c.key == key))


async def clear_all(tx: Tx) -> int:
    """Forget every counter; returns how many there were."""
    return (await tx.execute(delete(rate_windows))).rowcount


async def drop_old(tx: Tx, now: datetime) -> int:
    """Delete the windows that are over; returns how many."""
    return (await tx.execute(delete(rate_windows).where(rate_windows.c.expires_at <= now))).rowcount
