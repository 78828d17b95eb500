"""Queries on `instance`: facts about this instance that are not settings, by key."""

from typing import Any

from sqlalchemy import select

from libline_fed.storage.store import Tx
from libline_fed.storage.tables import instance


async def get(tx: Tx, key: str) -> Any:
    """Return a fact, or None."""
    return await tx.scalar(select(instance.c.value).where(instance.c.key == key))


async def put(tx: Tx, key: str, value: Any) -> None:
    """Write a fact down, over an older one."""
    insert = tx.insert(instance).values(key=key, value=value)
    await tx.execute(
        insert.on_conflict_do_update(index_elements=[instance.c.key], set_={"value": insert.excluded.value})
    )


async def put_new(tx: Tx, key: str, value: Any) -> bool:
    """Write a fact down unless there is one; tells whether this was the first."""
    statement = tx.insert(instance).values(key=key, value=value).on_conflict_do_nothing()
    return bool((await tx.execute(statement)).rowcount)
