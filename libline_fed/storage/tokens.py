"""Queries on `tokens`: links are kept as hashes and used up in one statement."""

from datetime import datetime, timedelta

from sqlalchemy import case, delete, or_, select, update

from libline_fed.domain.tokens import LIFE, Token, TokenKind
from libline_fed.ids import hash_token, new_token
from libline_fed.storage import rows
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import tokens

KEPT_AFTER_USE = timedelta(days=30)


async def add(
    tx: Tx,
    kind: TokenKind,
    *,
    now: datetime,
    account_id: str | None = None,
    email: str | None = None,
    uses_count: int = 1,
) -> str:
    """Make a link of a kind; returns its secret, which is kept nowhere."""
    secret = new_token()
    await tx.execute(
        tx.insert(tokens).values(
            token_hash=hash_token(secret),
            kind=kind,
            account_id=account_id,
            email=email,
            created_at=now,
            expires_at=now + LIFE[kind],
            uses_left=uses_count,
        )
    )
    return secret


async def find(tx: Tx, kind: TokenKind, secret: str, *, now: datetime) -> Token | None:
    """Return a usable link without using it, or None."""
    row = await tx.first(
        select(tokens).where(tokens.c.token_hash == hash_token(secret), tokens.c.kind == kind)
    )
    token = rows.to(Token, row) if row else None
    return token if token is not None and token.is_usable(now) else None


async def consume(tx: Tx, kind: TokenKind, secret: str, *, now: datetime) -> Token | None:
    """Use a link once; None if it does not work (any more). Of two at once, one gets the last use."""
    statement = (
        update(tokens)
        .where(
            tokens.c.token_hash == hash_token(secret),
            tokens.c.kind == kind,
            tokens.c.uses_left > 0,
            tokens.c.expires_at > now,
        )
        .values(uses_left=tokens.c.uses_left - 1, used_at=now)
        .returning(*tokens.c)
    )
    row = (await tx.execute(statement)).first()
    return rows.to(Token, row) if row else None


async def remove_of(tx: Tx, account_id: str, kinds: tuple[TokenKind, ...]) -> None:
    """Delete the links of some kinds that belong to an account."""
    await tx.execute(delete(tokens).where(tokens.c.account_id == account_id, tokens.c.kind.in_(kinds)))


async def remove_kind(tx: Tx, kind: TokenKind) -> None:
    """Delete every link of a kind."""
    await tx.execute(delete(tokens).where(tokens.c.kind == kind))


async def remove_one(tx: Tx, token_hash: str, *, kind: TokenKind, account_id: str | None) -> bool:
    """Delete one link by its hash, of one account if that is given; tells whether there was one."""
    statement = delete(tokens).where(tokens.c.token_hash == token_hash, tokens.c.kind == kind)
    if account_id is not None:
        statement = statement.where(tokens.c.account_id == account_id)
    return bool((await tx.execute(statement)).rowcount)


async def list_kind(tx: Tx, kind: TokenKind, *, now: datetime, account_id: str | None = None) -> list[Token]:
    """List usable links of a kind, newest first, of one account if that is given."""
    query = select(tokens).where(tokens.c.kind == kind, tokens.c.uses_left > 0, tokens.c.expires_at > now)
    if account_id is not None:
        query = query.where(tokens.c.account_id == account_id)
    return [rows.to(Token, row) for row in await tx.all(query.order_by(tokens.c.created_at.desc()))]


async def drop_old(tx: Tx, now: datetime) -> int:
    """Delete links that are too old or used up for 30 days; returns how many."""
    statement = delete(tokens).where(
        or_(
            tokens.c.expires_at <= now,
            case((tokens.c.uses_left <= 0, tokens.c.used_at), else_=None) <= now - KEPT_AFTER_USE,
        )
    )
    return (await tx.execute(statement)).rowcount
