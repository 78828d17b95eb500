"""Queries on `accounts`, with the actors they belong to."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.engine import Row

from libline_fed.domain.accounts import Account, AccountState, Member, Role
from libline_fed.domain.actors import Actor
from libline_fed.storage import rows
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import accounts, actors, tombstones

ACTOR_PREFIX = "its_actor_"
_ACTOR_COLUMNS = [column.label(f"{ACTOR_PREFIX}{column.name}") for column in actors.c]


async def add(tx: Tx, values: dict[str, Any]) -> Account:
    """Insert an account; `values` are columns.

    Raises: Conflict if the address has an account.
    """
    row = (await tx.execute(tx.insert(accounts).values(**values).returning(*accounts.c))).one()
    return rows.to(Account, row)


async def by_id(tx: Tx, account_id: str) -> Account | None:
    """Return one account, or None."""
    row = await tx.first(select(accounts).where(accounts.c.id == account_id))
    return rows.to(Account, row) if row else None


async def locked(tx: Tx, account_id: str) -> Account | None:
    """Return one account and hold it until the transaction ends, or None."""
    row = await tx.first(select(accounts).where(accounts.c.id == account_id).with_for_update())
    return rows.to(Account, row) if row else None


async def by_email(tx: Tx, email: str) -> Account | None:
    """Return the account with an address in its stored form, or None."""
    row = await tx.first(select(accounts).where(accounts.c.email == email))
    return rows.to(Account, row) if row else None


async def by_actor(tx: Tx, actor_id: str) -> Account | None:
    """Return the account of a local actor, or None."""
    row = await tx.first(select(accounts).where(accounts.c.actor_id == actor_id))
    return rows.to(Account, row) if row else None


async def by_calendar_token(tx: Tx, token_hash: str) -> Account | None:
    """Return the account whose calendar has a secret address, or None."""
    row = await tx.first(select(accounts).where(accounts.c.calendar_token_hash == token_hash))
    return rows.to(Account, row) if row else None


async def member(tx: Tx, account_id: str) -> Member | None:
    """Return an account with its actor, or None."""
    row = await tx.first(_members().where(accounts.c.id == account_id))
    return _member(row) if row else None


async def list_members(tx: Tx, *, state: str | None, text: str, limit: int, offset: int) -> list[Member]:
    """List accounts, newest first, whose state is `state` and whose handle, name or address holds `text`."""
    query = (
        _members().order_by(accounts.c.created_at.desc(), accounts.c.id.desc()).limit(limit).offset(offset)
    )
    return [_member(row) for row in await tx.all(_narrowed(query, state, text))]


async def count(tx: Tx, *, state: str | None = None, text: str = "") -> int:
    """Count what `list_members` would list without a limit."""
    query = select(func.count()).select_from(accounts.join(actors, accounts.c.actor_id == actors.c.id))
    return int(await tx.scalar(_narrowed(query, state, text)))


async def staff(tx: Tx, *, roles: tuple[Role, ...] = (Role.MODERATOR, Role.ADMIN)) -> list[Member]:
    """List the active accounts that have one of `roles`."""
    query = _members().where(accounts.c.role.in_(roles), accounts.c.state == AccountState.ACTIVE)
    return [_member(row) for row in await tx.all(query.order_by(accounts.c.id))]


async def lock_admins(tx: Tx) -> list[str]:
    """Return the ids of the active admins and hold their rows, so that two of them cannot both go at once."""
    query = select(accounts.c.id).where(
        accounts.c.role == Role.ADMIN, accounts.c.state == AccountState.ACTIVE
    )
    return list(await tx.scalars(query.order_by(accounts.c.id).with_for_update()))


async def change(tx: Tx, account_id: str, **values: Any) -> Account:
    """Set columns of an account that exists and return it.

    Raises: Conflict if an address is set that has another account.
    """
    statement = update(accounts).where(accounts.c.id == account_id).values(**values).returning(*accounts.c)
    return rows.to(Account, (await tx.execute(statement)).one())


async def remove(tx: Tx, account_id: str) -> None:
    """Delete an account; its sessions, links and notifications go with it."""
    await tx.execute(delete(accounts).where(accounts.c.id == account_id))


async def remove_actor(tx: Tx, actor_id: str) -> None:
    """Delete a local actor that nobody has ever seen; its handle is free again."""
    await tx.execute(delete(actors).where(actors.c.id == actor_id, actors.c.is_local.is_(True)))


async def bury(tx: Tx, actor: Actor, now: datetime) -> None:
    """Remember that a local actor was deleted: what is deleted stays deleted."""
    statement = tx.insert(tombstones).values(
        uri=actor.uri, former_type=actor.type, owner_uri=actor.uri, deleted_at=now
    )
    await tx.execute(statement.on_conflict_do_nothing())


async def unconfirmed_since(tx: Tx, before: datetime, *, limit: int) -> list[Account]:
    """List accounts made before `before` whose address was never confirmed, oldest first."""
    query = (
        select(accounts)
        .where(
            accounts.c.state == AccountState.UNCONFIRMED,
            accounts.c.created_at < before,
            accounts.c.email_confirmed_at.is_(None),
        )
        .order_by(accounts.c.created_at)
        .limit(limit)
        .with_for_update()
    )
    return [rows.to(Account, row) for row in await tx.all(query)]


def _members() -> Select[Any]:
    return select(*accounts.c, *_ACTOR_COLUMNS).join_from(
        accounts, actors, accounts.c.actor_id == actors.c.id
    )


def _member(row: Row[Any]) -> Member:
    return Member(rows.to(Account, row), rows.to(Actor, row, prefix=ACTOR_PREFIX))


def _narrowed(query: Select[Any], state: str | None, text: str) -> Select[Any]:
    if state is not None:
        query = query.where(accounts.c.state == state)
    wanted = text.strip().lower()
    if wanted:
        query = query.where(
            or_(
                func.lower(actors.c.handle).contains(wanted, autoescape=True),
                func.lower(actors.c.name).contains(wanted, autoescape=True),
                accounts.c.email.contains(wanted, autoescape=True),
            )
        )
    return query
