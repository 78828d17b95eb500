"""Queries on `sessions`."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from libline_fed.domain.accounts import Account
from libline_fed.domain.actors import Actor
from libline_fed.domain.sessions import IDLE, Session, SignedIn
from libline_fed.storage import rows
from libline_fed.storage.peers import is_at_or_below
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import accounts, actors, sessions

_ACCOUNT_PREFIX = "its_account_"
_ACTOR_PREFIX = "its_actor_"
_SIGNED_IN = select(
    *sessions.c,
    *(column.label(_ACCOUNT_PREFIX + column.name) for column in accounts.c),
    *(column.label(_ACTOR_PREFIX + column.name) for column in actors.c),
).select_from(
    sessions.outerjoin(accounts, sessions.c.account_id == accounts.c.id).outerjoin(
        actors, actors.c.id == func.coalesce(accounts.c.actor_id, sessions.c.guest_actor_id)
    )
)


async def add(tx: Tx, values: dict[str, Any]) -> Session:
    """Insert a session; `values` are columns."""
    row = (await tx.execute(tx.insert(sessions).values(**values).returning(*sessions.c))).one()
    return rows.to(Session, row)


async def signed_in(tx: Tx, token_hash: str) -> SignedIn | None:
    """Return a session with its account and actor, or its guest, in one query, or None."""
    row = await tx.first(_SIGNED_IN.where(sessions.c.token_hash == token_hash))
    if row is None:
        return None
    session = rows.to(Session, row)
    if session.account_id is not None:
        account = rows.to(Account, row, prefix=_ACCOUNT_PREFIX)
        return SignedIn(session, account, rows.to(Actor, row, prefix=_ACTOR_PREFIX))
    is_guest = session.guest_actor_id is not None
    return SignedIn(
        session, None, None, guest=rows.to(Actor, row, prefix=_ACTOR_PREFIX) if is_guest else None
    )


async def touch(tx: Tx, token_hash: str, now: datetime) -> None:
    """Write down a visit; never an earlier one than is known."""
    await tx.execute(
        update(sessions)
        .where(sessions.c.token_hash == token_hash, sessions.c.seen_at < now)
        .values(seen_at=now)
    )


async def set_data(tx: Tx, token_hash: str, data: dict[str, Any]) -> None:
    """Replace what a session remembers."""
    await tx.execute(update(sessions).where(sessions.c.token_hash == token_hash).values(data=data))


async def remove(tx: Tx, token_hash: str) -> None:
    """Delete a session."""
    await tx.execute(delete(sessions).where(sessions.c.token_hash == token_hash))


async def remove_of(tx: Tx, account_id: str) -> int:
    """Delete every session of an account; returns how many."""
    return (await tx.execute(delete(sessions).where(sessions.c.account_id == account_id))).rowcount


async def remove_of_guest(tx: Tx, actor_id: str) -> int:
    """Delete every session of a guest; returns how many."""
    return (await tx.execute(delete(sessions).where(sessions.c.guest_actor_id == actor_id))).rowcount


async def remove_of_guests_at(tx: Tx, host: str) -> int:
    """Delete every session of guests of a server, on whatever port, and of its sub-domains."""
    there = select(actors.c.id).where(is_at_or_below(actors.c.host, host))
    return (await tx.execute(delete(sessions).where(sessions.c.guest_actor_id.in_(there)))).rowcount


async def of_account(tx: Tx, account_id: str) -> list[Session]:
    """List the sessions of an account, the latest visit first."""
    query = select(sessions).where(sessions.c.account_id == account_id)
    return [rows.to(Session, row) for row in await tx.all(query.order_by(sessions.c.seen_at.desc()))]


async def drop_old(tx: Tx, now: datetime) -> int:
    """Delete sessions that are over or idle for too long; returns how many."""
    statement = delete(sessions).where(or_(sessions.c.expires_at <= now, sessions.c.seen_at <= now - IDLE))
    return (await tx.execute(statement)).rowcount
