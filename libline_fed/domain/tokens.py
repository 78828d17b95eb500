"""Links that carry a secret: to confirm an address, set a new password, join, or become the first admin."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class TokenKind(StrEnum):
    """What a link is for; a link of one kind never works as another."""

    CONFIRM = "confirm"
    RESET = "reset"
    INVITE = "invite"
    FIRST_ADMIN = "first-admin"


LIFE = {
    TokenKind.CONFIRM: timedelta(days=2),
    TokenKind.RESET: timedelta(hours=1),
    TokenKind.INVITE: timedelta(days=14),
    TokenKind.FIRST_ADMIN: timedelta(days=7),
}


@dataclass(frozen=True, slots=True)
class Token:
    """One row of `tokens`, field by field as the columns are named. The secret itself is not kept."""

    token_hash: str = field(repr=False)
    kind: str
    account_id: str | None  # whose it is; of an invitation: who invites
    email: str | None  # the address to confirm, or the only one invited
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    uses_left: int

    def is_usable(self, now: datetime) -> bool:
        """Tell whether the link still works."""
        return self.uses_left > 0 and now < self.expires_at
