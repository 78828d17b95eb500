"""Throws away what has had its time: of people, links, mail, drafts and counters."""

from datetime import datetime

from libline_fed.services import accounts, drafts, exports, form_tokens, imports
from libline_fed.services.site import Site
from libline_fed.storage import guests, mails, notifications, rate_windows, sessions, tokens
from libline_fed.storage.store import Tx


async def tidy(tx: Tx, site: Site, *, now: datetime) -> dict[str, int]:
    """Delete what is over, a bounded amount at a time; returns how much of what. Run it once an hour."""
    return {
        "accounts": await accounts.drop_unconfirmed(tx, now=now),
        "sessions": await sessions.drop_old(tx, now),
        "sign_ins": await guests.drop_old(tx, now),
        "tokens": await tokens.drop_old(tx, now),
        "rate_windows": await rate_windows.drop_old(tx, now),
        "mails": await mails.drop_old(tx, now),
        "notifications": await notifications.drop_old(tx, now),
        "drafts": await drafts.drop_old(tx, now=now),
        "exports": await exports.drop_old(tx, now=now),
        "imports": await imports.drop_undecided(tx, now=now),
        "form_tokens": await form_tokens.drop_old(tx, now=now),
        "retired_keys": await site.keyring.drop_retired(tx, now=now),
    }
