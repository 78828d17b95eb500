"""Queries on `tombstones`: what was deleted stays deleted."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from libline_fed.domain.tombstones import Tombstone
from libline_fed.storage import rows
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import tombstones


async def add(
    tx: Tx,
    uri: str,
    *,
    former_type: str | None,
    owner_uri: str | None,
    now: datetime,
    is_known: bool = False,
) -> None:
    """Remember that something was deleted; what was known here overrules a mere claim to have owned it."""
    values = {"former_type": former_type, "owner_uri": owner_uri, "deleted_at": now}
    statement = tx.insert(tombstones).values(uri=uri, **values)
    await tx.execute(
        statement.on_conflict_do_update(index_elements=[tombstones.c.uri], set_=values)
        if is_known
        else statement.on_conflict_do_nothing()
    )


async def among(tx: Tx, uris: Collection[str]) -> dict[str, str | None]:
    """Return the deleted ones among `uris`, each with who owned it."""
    if not uris:
        return {}
    found = await tx.all(
        select(tombstones.c.uri, tombstones.c.owner_uri).where(tombstones.c.uri.in_(list(uris)))
    )
    return {row.uri: row.owner_uri for row in found}


async def get(tx: Tx, uri: str) -> Tombstone | None:
    """Return what is left of a deleted object, or None."""
    row = await tx.first(select(tombstones).where(tombstones.c.uri == uri))
    return rows.to(Tombstone, row) if row else None
