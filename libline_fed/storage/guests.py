"""Queries on `oauth_clients` and `oauth_attempts`, and what waits for a guest."""

import dataclasses
from datetime import datetime

from sqlalchemy import and_, delete, func, or_, select

from libline_fed.domain.guests import Attempt, Endpoints, OAuthClient
from libline_fed.storage import rows
from libline_fed.storage.member_tables import oauth_attempts, oauth_clients
from libline_fed.storage.mentorship_tables import mentorships
from libline_fed.storage.store import Tx


async def client(tx: Tx, host: str) -> OAuthClient | None:
    """Return how this instance is registered at a server, or None."""
    row = await tx.first(select(oauth_clients).where(oauth_clients.c.host == host))
    return rows.to(OAuthClient, row) if row else None


async def keep_client(
    tx: Tx,
    *,
    host: str,
    client_id: str,
    secret_encrypted: bytes,
    scope: str,
    endpoints: Endpoints,
    instead_of: str | None,
    now: datetime,
) -> None:
    """Keep a registration instead of the one with the client id `instead_of`.

    Of several made at once the first stays, so that nobody is sent out with one that is forgotten here.
    """
    values = {
        "client_id": client_id,
        "secret_encrypted": secret_encrypted,
        "scope": scope,
        "endpoints": dataclasses.asdict(endpoints),
        "created_at": now,
    }
    statement = tx.insert(oauth_clients).values(host=host, **values)
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=[oauth_clients.c.host],
            set_=values,
            where=oauth_clients.c.client_id == instead_of,
        )
        if instead_of is not None
        else statement.on_conflict_do_nothing()
    )


async def forget_client(tx: Tx, *, host: str, client_id: str) -> None:
    """Delete a registration that the other server no longer knows."""
    await tx.execute(
        delete(oauth_clients).where(oauth_clients.c.host == host, oauth_clients.c.client_id == client_id)
    )


async def add_attempt(tx: Tx, attempt: Attempt) -> None:
    """Insert a sign-in that begins."""
    await tx.execute(tx.insert(oauth_attempts).values(**dataclasses.asdict(attempt)))


async def attempt(tx: Tx, *, state_hash: str, browser_hash: str, now: datetime) -> Attempt | None:
    """Return the living attempt that a browser has begun, or None."""
    row = await tx.first(
        select(oauth_attempts).where(
            oauth_attempts.c.state_hash == state_hash,
            oauth_attempts.c.browser_hash == browser_hash,
            oauth_attempts.c.expires_at > now,
        )
    )
    return rows.to(Attempt, row) if row else None


async def take_attempt(tx: Tx, *, state_hash: str, browser_hash: str, now: datetime) -> Attempt | None:
    """Return the living attempt that a browser has begun, and delete it: of several callers one gets it."""
    row = await tx.first(
        delete(oauth_attempts)
        .where(
            oauth_attempts.c.state_hash == state_hash,
            oauth_attempts.c.browser_hash == browser_hash,
            oauth_attempts.c.expires_at > now,
        )
        .returning(*oauth_attempts.c)
    )
    return rows.to(Attempt, row) if row else None


async def waiting_ids(tx: Tx, actor_id: str, *, limit: int) -> list[str]:
    """Return the mentorships that wait for somebody's word, the one that waits longest first.

    Those that are offered and not answered, and those whose terms the other one wrote.
    """
    c = mentorships.c
    is_mentor, is_mentee = c.mentor_id == actor_id, c.mentee_id == actor_id
    is_asked = and_(
        c.state == "proposed",
        or_(and_(is_mentor, c.asker == "mentee"), and_(is_mentee, c.asker == "mentor")),
    )
    has_terms = and_(
        c.state == "intro",
        or_(
            and_(is_mentor, func.coalesce(c.mentor_confirmed_version, 0) < c.terms_version),
            and_(is_mentee, func.coalesce(c.mentee_confirmed_version, 0) < c.terms_version),
        ),
    )
    asked = select(c.id).where(or_(is_mentor, is_mentee), or_(is_asked, has_terms))
    return list(await tx.scalars(asked.order_by(c.updated_at, c.id).limit(limit)))


async def drop_old(tx: Tx, now: datetime) -> int:
    """Delete attempts that are over; returns how many."""
    return (await tx.execute(delete(oauth_attempts).where(oauth_attempts.c.expires_at <= now))).rowcount
