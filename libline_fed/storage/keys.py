"""Queries on `actor_keys` and `spare_keys`. Private keys go in and come out sealed."""

from datetime import datetime

from sqlalchemy import delete, func, select, update

from libline_fed.domain.keys import RETIRED_LIFE, ActorKey, KeyKind, KeyState
from libline_fed.ids import new_id
from libline_fed.storage import rows
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actor_keys, spare_keys


async def add(
    tx: Tx,
    *,
    actor_id: str,
    kind: KeyKind,
    state: KeyState,
    public_pem: str,
    private_encrypted: bytes,
    now: datetime,
) -> ActorKey:
    """Insert a key of an actor."""
    statement = (
        tx.insert(actor_keys)
        .values(
            id=new_id(now),
            actor_id=actor_id,
            kind=kind,
            state=state,
            public_pem=public_pem,
            private_encrypted=private_encrypted,
            created_at=now,
        )
        .returning(*actor_keys.c)
    )
    return rows.to(ActorKey, (await tx.execute(statement)).one())


async def of_actor(tx: Tx, actor_id: str, *, is_locked: bool = False) -> list[ActorKey]:
    """List an actor's keys, oldest first; locked: no other transaction changes them meanwhile."""
    query = select(actor_keys).where(actor_keys.c.actor_id == actor_id)
    query = query.order_by(actor_keys.c.created_at, actor_keys.c.id)
    if is_locked:
        query = query.with_for_update()
    return [rows.to(ActorKey, row) for row in await tx.all(query)]


async def find(tx: Tx, actor_id: str, kind: KeyKind, state: KeyState) -> ActorKey | None:
    """Return the newest key of an actor that is of a kind and in a state, or None."""
    query = select(actor_keys).where(
        actor_keys.c.actor_id == actor_id, actor_keys.c.kind == kind, actor_keys.c.state == state
    )
    row = await tx.first(query.order_by(actor_keys.c.created_at.desc(), actor_keys.c.id.desc()).limit(1))
    return rows.to(ActorKey, row) if row else None


async def waiting(tx: Tx) -> list[ActorKey]:
    """List the next keys, announced and not in use yet."""
    query = select(actor_keys).where(actor_keys.c.state == KeyState.NEXT)
    return [rows.to(ActorKey, row) for row in await tx.all(query)]


async def set_state(tx: Tx, key_id: str, state: KeyState, *, now: datetime) -> None:
    """Move a key to another state; a retired one remembers since when. Wakes "documents", which show it."""
    await tx.wake("documents")
    retired_at = now if state == KeyState.RETIRED else None
    await tx.execute(
        update(actor_keys).where(actor_keys.c.id == key_id).values(state=state, retired_at=retired_at)
    )


async def remove(tx: Tx, key_id: str) -> None:
    """Destroy a key."""
    await tx.execute(delete(actor_keys).where(actor_keys.c.id == key_id))


async def drop_retired(tx: Tx, now: datetime) -> list[str]:
    """Destroy the keys that are retired since seven days; returns whose they were."""
    statement = delete(actor_keys).where(
        actor_keys.c.state == KeyState.RETIRED, actor_keys.c.retired_at <= now - RETIRED_LIFE
    )
    return list(await tx.scalars(statement.returning(actor_keys.c.actor_id)))


async def add_spare(tx: Tx, *, public_pem: str, private_encrypted: bytes, now: datetime) -> None:
    """Put an RSA key into the pool."""
    await tx.execute(
        tx.insert(spare_keys).values(
            id=new_id(now), public_pem=public_pem, private_encrypted=private_encrypted, created_at=now
        )
    )


async def count_spare(tx: Tx) -> int:
    """Count the keys in the pool."""
    return int(await tx.scalar(select(func.count()).select_from(spare_keys)))


async def take_spare(tx: Tx) -> tuple[str, bytes] | None:
    """Take the oldest key out of the pool: public PEM and sealed private key; None if it is empty.

    Two transactions never get the same one, and neither waits for the other.
    """
    oldest = (
        select(spare_keys.c.id)
        .order_by(spare_keys.c.created_at, spare_keys.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    statement = delete(spare_keys).where(spare_keys.c.id == oldest)
    row = (
        await tx.execute(statement.returning(spare_keys.c.public_pem, spare_keys.c.private_encrypted))
    ).first()
    return (row.public_pem, row.private_encrypted) if row else None
