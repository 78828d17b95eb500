"""Queries on `reactions`: likes, announces and votes of other servers' actors."""

from datetime import datetime

from sqlalchemy import and_, delete, func, or_, select

from libline_fed.storage.store import Tx
from libline_fed.storage.tables import reactions


async def add(
    tx: Tx, *, uri: str, kind: str, actor_id: str, object_uri: str, content: str, now: datetime
) -> bool:
    """Keep a reaction, one of a kind by actor and object; tells whether it is new."""
    values = {
        "uri": uri,
        "kind": kind,
        "actor_id": actor_id,
        "object_uri": object_uri,
        "content": content,
        "created_at": now,
    }
    statement = tx.insert(reactions).values(**values).on_conflict_do_nothing().returning(reactions.c.uri)
    return await tx.first(statement) is not None


async def object_of(tx: Tx, *, actor_id: str, uri: str | None) -> str | None:
    """Return what an actor's reaction is to, or None if it is not known."""
    named = reactions.c.uri == uri, reactions.c.actor_id == actor_id
    row = await tx.first(select(reactions.c.object_uri).where(*named))
    return str(row.object_uri) if row else None


async def remove(tx: Tx, *, actor_id: str, uri: str | None, kind: str | None, object_uri: str | None) -> bool:
    """Take back an actor's reaction, named by its id or by kind and object; tells whether there was one."""
    named = reactions.c.uri == uri
    if kind is not None and object_uri is not None:
        named = or_(named, and_(reactions.c.kind == kind, reactions.c.object_uri == object_uri))
    result = await tx.execute(delete(reactions).where(reactions.c.actor_id == actor_id, named))
    return bool(result.rowcount)


async def remove_of(tx: Tx, actor_id: str) -> None:
    """Remove every reaction of an actor."""
    await tx.execute(delete(reactions).where(reactions.c.actor_id == actor_id))


async def counts(tx: Tx, object_uri: str) -> dict[str, int]:
    """Count the reactions to an object by kind."""
    found = await tx.all(
        select(reactions.c.kind, func.count().label("how_many"))
        .where(reactions.c.object_uri == object_uri)
        .group_by(reactions.c.kind)
    )
    return {row.kind: row.how_many for row in found}
