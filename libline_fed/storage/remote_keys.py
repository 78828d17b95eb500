"""Queries on `remote_keys`: public keys of other servers' actors, and remembered failures to get them."""

from datetime import datetime

from sqlalchemy import delete, select, update

from libline_fed.domain.remote_keys import RemoteKey
from libline_fed.storage import rows
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import remote_keys


async def get(tx: Tx, key_id: str) -> RemoteKey | None:
    """Return what is known of a key id."""
    row = await tx.first(select(remote_keys).where(remote_keys.c.key_id == key_id))
    return rows.to(RemoteKey, row) if row else None


async def knows_host(tx: Tx, host: str) -> bool:
    """Tell whether a usable key of exactly this server is known."""
    statement = (
        select(remote_keys.c.key_id)
        .where(remote_keys.c.host == host, remote_keys.c.public_pem.is_not(None))
        .limit(1)
    )
    return await tx.first(statement) is not None


async def put(tx: Tx, key: RemoteKey) -> None:
    """Insert or replace what is known of a key id."""
    values = {
        "owner_uri": key.owner_uri,
        "host": key.host,
        "public_pem": key.public_pem,
        "failure": key.failure,
        "fetched_at": key.fetched_at,
        "refreshed_at": key.refreshed_at,
    }
    await tx.execute(
        tx.insert(remote_keys)
        .values(key_id=key.key_id, **values)
        .on_conflict_do_update(index_elements=[remote_keys.c.key_id], set_=values)
    )


async def note_refresh(tx: Tx, key_id: str, now: datetime) -> None:
    """Remember that a key was asked for again, so that a bad signature does not cause a fetch each time."""
    await tx.execute(update(remote_keys).where(remote_keys.c.key_id == key_id).values(refreshed_at=now))


async def remove_of(tx: Tx, owner_uri: str) -> None:
    """Forget every key of an actor."""
    await tx.execute(delete(remote_keys).where(remote_keys.c.owner_uri == owner_uri))


async def drop_failures(tx: Tx, before: datetime) -> int:
    """Forget failures older than `before`; return how many."""
    statement = delete(remote_keys).where(
        remote_keys.c.failure.is_not(None), remote_keys.c.fetched_at < before
    )
    return (await tx.execute(statement)).rowcount
