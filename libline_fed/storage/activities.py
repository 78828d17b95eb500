"""Writes `activities`: what local actors said, as it was sent. `public_collections` reads it."""

from typing import Any

from sqlalchemy import select

from libline_fed.storage.store import Tx
from libline_fed.storage.tables import activities


async def add(tx: Tx, **values: Any) -> None:
    """Keep an activity; `values` are columns. A public one wakes "documents": what is served has changed."""
    await tx.execute(tx.insert(activities).values(**values))
    if values["is_public"]:
        await tx.wake("documents")


async def body(tx: Tx, uri: str) -> bytes | None:
    """Return an activity as it was sent, or None."""
    found: bytes | None = await tx.scalar(select(activities.c.body).where(activities.c.uri == uri))
    return found
