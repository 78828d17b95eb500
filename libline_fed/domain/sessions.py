"""Sessions: who is logged in in one browser, for how long."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from libline_fed.domain.accounts import Account
from libline_fed.domain.actors import Actor

LIFE = timedelta(days=30)  # whatever the member does
IDLE = timedelta(days=14)  # without a visit
ANONYMOUS_LIFE = timedelta(days=1)  # of a session nobody has logged in to
TOUCH_AFTER = timedelta(hours=1)  # a visit is written down at most so often


@dataclass(frozen=True, slots=True)
class Session:
    """One row of `sessions`, field by field as the columns are named. The cookie's value is not kept."""

    token_hash: str = field(repr=False)
    account_id: str | None
    guest_actor_id: str | None  # somebody who signed in with an account of another server
    csrf_token: str = field(repr=False)
    data: dict[str, Any]
    created_at: datetime
    seen_at: datetime
    expires_at: datetime

    def is_alive(self, now: datetime) -> bool:
        """Tell whether the session still counts."""
        return now < self.expires_at and now - self.seen_at < IDLE

    def is_touch_due(self, now: datetime) -> bool:
        """Tell whether this visit should be written down, so that the session does not fall idle."""
        return now - self.seen_at >= TOUCH_AFTER


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session with whom it belongs to: a member, or a guest; nobody before login."""

    session: Session
    account: Account | None
    actor: Actor | None  # of the member
    guest: Actor | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session and the value of its cookie, which is known only now."""

    token: str = field(repr=False)
    session: Session
    account: Account | None = None
