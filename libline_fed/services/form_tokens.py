"""Forms that were sent already: a double click, or a retry on a bad line, leads to the first result."""

import re
from datetime import datetime, timedelta

from libline_fed.ids import hash_token
from libline_fed.storage import form_tokens
from libline_fed.storage.store import Tx

KEPT = timedelta(days=7)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,100}\Z")


async def claim(tx: Tx, token: str, result_path: str, now: datetime) -> str | None:
    """Use a form's token up; return None if this is the first time, else the path of the first result.

    Call it first in the unit that makes something, with the path that the result will have (mint its id
    before the unit), and do nothing if a path comes back. A form without a usable token is always new: the
    token protects people from repeats, not the site from people.
    """
    if not _TOKEN.match(token):
        return None
    token_hash = hash_token(token)
    if await form_tokens.add(tx, token_hash, result_path, now):
        return None
    return await form_tokens.result_path(tx, token_hash)


async def drop_old(tx: Tx, *, now: datetime) -> int:
    """Forget forms that were sent more than 7 days ago; returns how many."""
    return await form_tokens.remove_before(tx, now - KEPT)
