"""Sessions on the server: the cookie holds a secret of 256 bits, the database its hash."""

from datetime import datetime
from typing import Any

from libline_fed.domain.accounts import Account, require_login_allowed
from libline_fed.domain.actors import Actor
from libline_fed.domain.guests import GUEST_LIFE
from libline_fed.domain.sessions import ANONYMOUS_LIFE, LIFE, Opened, Session, SignedIn
from libline_fed.ids import hash_token, new_token
from libline_fed.storage import accounts, sessions
from libline_fed.storage.store import Tx


async def open_session(
    tx: Tx, *, account: Account | None = None, guest: Actor | None = None, now: datetime
) -> Opened:
    """Open a session, of a member, a guest or (for a day) of nobody; `token` is the cookie's value.

    It is known only now.
    """
    token = new_token()
    life = LIFE if account else GUEST_LIFE if guest else ANONYMOUS_LIFE
    session = await sessions.add(
        tx,
        {
            "token_hash": hash_token(token),
            "account_id": account.id if account else None,
            "guest_actor_id": guest.id if guest else None,
            "csrf_token": new_token(),
            "data": {},
            "created_at": now,
            "seen_at": now,
            "expires_at": now + life,
        },
    )
    return Opened(token, session, account)


async def log_in(tx: Tx, *, account: Account, old_token: str | None, now: datetime) -> Opened:
    """Open a member's session under a new secret and end the one the browser came with.

    The password was checked before: see `services.accounts.log_in`, which calls this.
    Raises: Conflict or Forbidden if the account may not log in (any more).
    """
    # Read again within this transaction: the account may have been disabled while the password was hashed.
    present = await accounts.locked(tx, account.id)
    require_login_allowed(present or account)
    if old_token:
        await sessions.remove(tx, hash_token(old_token))
    changed = await accounts.change(tx, account.id, last_login_at=now)
    return await open_session(tx, account=changed, now=now)


async def load(tx: Tx, cookie_token: str, *, now: datetime) -> SignedIn | None:
    """Return the session behind a cookie and whose it is; None if it is over or its owner may not act.

    Works in a reading transaction. When `session.is_touch_due(now)`, call `touch` in a writing one.
    """
    found = await sessions.signed_in(tx, hash_token(cookie_token))
    if found is None or not found.session.is_alive(now):
        return None
    if found.account is not None and not found.account.is_active:
        return None
    if found.guest is not None and not found.guest.is_usable:
        return None
    return found


async def touch(tx: Tx, session: Session, *, now: datetime) -> None:
    """Write down that the session was used, so that it does not fall idle."""
    await sessions.touch(tx, session.token_hash, now)


async def remember(tx: Tx, session: Session, data: dict[str, Any]) -> None:
    """Replace what a session remembers (`Session.data`), small JSON values only."""
    await sessions.set_data(tx, session.token_hash, data)


async def close(tx: Tx, cookie_token: str) -> None:
    """End one session: logging out."""
    await sessions.remove(tx, hash_token(cookie_token))


async def close_all(tx: Tx, account_id: str) -> int:
    """End every session of an account; returns how many there were."""
    return await sessions.remove_of(tx, account_id)


async def list_of(tx: Tx, account_id: str, *, now: datetime) -> list[Session]:
    """List the living sessions of an account, the latest visit first."""
    return [session for session in await sessions.of_account(tx, account_id) if session.is_alive(now)]
