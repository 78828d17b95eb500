"""Telling members what concerns them."""

from dataclasses import dataclass
from datetime import datetime

from libline_fed.domain.notifications import Notice, NotificationKind
from libline_fed.storage import accounts, notifications
from libline_fed.storage.store import Tx

PER_PAGE = 20


@dataclass(frozen=True, slots=True)
class Page:
    """Some notifications, newest first, and whether there are older ones."""

    items: list[Notice]
    page: int
    has_more: bool


async def notify(
    tx: Tx,
    *,
    account_actor_id: str,
    kind: str,
    from_actor_id: str | None,
    subject_uri: str | None,
    now: datetime,
    event: str = "",
) -> bool:
    """Tell the member behind a local actor that something happened; tells whether it is news.

    The same thing again is not told again, nobody is told of what they did themselves, and an actor without
    an account (the instance, a group) is not told.
    """
    if account_actor_id == from_actor_id:
        return False
    account = await accounts.by_actor(tx, account_actor_id)
    if account is None:
        return False
    return await notifications.add(
        tx,
        account_id=account.id,
        kind=NotificationKind(kind),
        from_actor_id=from_actor_id,
        subject_uri=subject_uri,
        event=event,
        now=now,
    )


async def list_for(tx: Tx, account_id: str, *, page: int = 1) -> Page:
    """List a member's notifications, newest first, 20 a page."""
    found = await notifications.list_of(tx, account_id, limit=PER_PAGE + 1, offset=(page - 1) * PER_PAGE)
    return Page(found[:PER_PAGE], page, has_more=len(found) > PER_PAGE)


async def count_unread(tx: Tx, account_id: str) -> int:
    """Count what a member has not read."""
    return await notifications.count_unread(tx, account_id)


async def mark_read(tx: Tx, account_id: str, *, now: datetime, before: datetime | None = None) -> int:
    """Mark as read what came up to `before` (now, if not given); returns how many.

    A page that was open for a while should give the moment it was shown, so that what came later stays new.
    """
    return await notifications.mark_read(tx, account_id, before=before or now, now=now)
