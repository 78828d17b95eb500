"""Queries on `saved_searches`."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update

from libline_fed.domain.saved_searches import SavedSearch, TellsBy
from libline_fed.ids import is_id
from libline_fed.storage import rows
from libline_fed.storage.directory_tables import proposal_search, saved_searches
from libline_fed.storage.store import Tx

_c = saved_searches.c


async def add(tx: Tx, values: dict[str, Any]) -> SavedSearch:
    """Insert a saved search."""
    row = (await tx.execute(tx.insert(saved_searches).values(**values).returning(*_c))).one()
    return rows.to(SavedSearch, row)


async def by_id(tx: Tx, saved_id: str) -> SavedSearch | None:
    """Return one saved search, or None."""
    if not is_id(saved_id):
        return None
    row = await tx.first(select(saved_searches).where(_c.id == saved_id))
    return rows.to(SavedSearch, row) if row else None


async def by_feed_token(tx: Tx, token_hash: str) -> SavedSearch | None:
    """Return the saved search whose feed has a secret address, or None."""
    row = await tx.first(select(saved_searches).where(_c.feed_token_hash == token_hash))
    return rows.to(SavedSearch, row) if row else None


async def of_account(tx: Tx, account_id: str) -> list[SavedSearch]:
    """Return a member's saved searches by name."""
    query = select(saved_searches).where(_c.account_id == account_id).order_by(func.lower(_c.name), _c.id)
    return [rows.to(SavedSearch, row) for row in await tx.all(query)]


async def count_of(tx: Tx, account_id: str) -> int:
    """Count a member's saved searches."""
    return int(await tx.scalar(select(func.count()).where(_c.account_id == account_id)))


async def change(tx: Tx, saved_id: str, **values: Any) -> SavedSearch:
    """Set columns."""
    statement = update(saved_searches).where(_c.id == saved_id).values(**values).returning(*_c)
    return rows.to(SavedSearch, (await tx.execute(statement)).one())


async def move_on(tx: Tx, saved_id: str, *, until: int, told_at: datetime | None) -> None:
    """Note until which number the member knows what came; and when, if a mail goes out."""
    values: dict[str, Any] = {"told_until_number": until}
    if told_at is not None:
        values["told_at"] = told_at
    await change(tx, saved_id, **values)


async def remove(tx: Tx, saved_id: str) -> None:
    """Delete a saved search."""
    await tx.execute(delete(saved_searches).where(_c.id == saved_id))


async def silence(tx: Tx, account_id: str) -> int:
    """Tell a member nothing by mail any more; returns how many saved searches that was."""
    statement = update(saved_searches).where(_c.account_id == account_id, _c.tells_by == TellsBy.MAIL)
    return (await tx.execute(statement.values(tells_by=TellsBy.NOTHING.value))).rowcount


async def accounts_to_tell(tx: Tx, *, until: int, before: datetime) -> list[str]:
    """Return whose saved searches may have something new up to a number, and who had no mail of late."""
    told_at = func.max(_c.told_at)
    statement = (
        select(_c.account_id)
        .where(_c.tells_by == TellsBy.MAIL)
        .group_by(_c.account_id)
        .having((told_at.is_(None)) | (told_at <= before), func.min(_c.told_until_number) < until)
        .order_by(_c.account_id)
    )
    return list(await tx.scalars(statement))


async def last_number(tx: Tx) -> int:
    """Return the number of what came last."""
    return int(await tx.scalar(select(func.max(proposal_search.c.number))) or 0)


async def number_before(tx: Tx, first_id: str) -> int:
    """Return up to which number everything came before the moment from which `first_id` could be minted."""
    # "+ 0": else SQLite walks through all numbers from the first on instead of the few ids from this one.
    lowest = func.min(proposal_search.c.number + 0)
    statement = select(lowest).where(proposal_search.c.proposal_id >= first_id)
    first = await tx.scalar(statement)
    return await last_number(tx) if first is None else int(first) - 1
