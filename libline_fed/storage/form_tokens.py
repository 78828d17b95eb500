"""Queries on `form_tokens`: which forms have been sent, and where their results are."""

from datetime import datetime

from sqlalchemy import delete, select

from libline_fed.storage.member_tables import form_tokens
from libline_fed.storage.store import Tx

_c = form_tokens.c


async def add(tx: Tx, token_hash: str, result_path: str, now: datetime) -> bool:
    """Note that a form was sent; False if it was before. Of two at once, the second waits for the first."""
    insert = tx.insert(form_tokens).values(token_hash=token_hash, result_path=result_path, created_at=now)
    return bool((await tx.execute(insert.on_conflict_do_nothing())).rowcount)


async def result_path(tx: Tx, token_hash: str) -> str | None:
    """Return where the result of a form is that was sent before, or None."""
    path: str | None = await tx.scalar(select(_c.result_path).where(_c.token_hash == token_hash))
    return path


async def remove_before(tx: Tx, before: datetime) -> int:
    """Forget forms sent before a moment; returns how many."""
    return (await tx.execute(delete(form_tokens).where(_c.created_at < before))).rowcount
