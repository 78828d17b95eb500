"""Moves of accounts: what a running mentorship waits for when one of the two has moved."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit, urlunsplit

MAX_ALIASES = 10
MAX_WAITING = 20  # agreements that nobody has vouched for, per account
MAX_MESSAGE_BYTES = 32_768  # of one that waits
MOVED = "moved"  # the reason of a mentorship that ended here because an account is elsewhere now


def moved_uri(uri: str, *, old_actor_uri: str, new_actor_uri: str) -> str:
    """Return the URI that something private has once its author is elsewhere: the same path over there.

    Only the server of a URI may change what it names (FEP-fe34), so both sides rename what came along, each
    for itself; the paths end in random ids, so that no two meet.
    """
    old, new = urlsplit(old_actor_uri), urlsplit(new_actor_uri)
    parts = urlsplit(uri)
    if (parts.scheme, parts.netloc) != (old.scheme, old.netloc):
        return uri
    return urlunsplit((new.scheme, new.netloc, parts.path, parts.query, parts.fragment))


class MoveState(StrEnum):
    """What the partner said."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class MentorshipMove:
    """One row of `mentorship_moves`, field by field as the columns are named."""

    id: str
    mentorship_id: str
    old_actor_id: str
    new_actor_id: str
    state: str
    created_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """One row of `mentorship_arrivals`, field by field as the columns are named.

    A mentorship comes here with somebody who has moved once both have said so: the old account's server that
    there is one, and the partner that it goes on. Either may be heard first.
    """

    id: str
    actor_id: str
    agreement_uri: str
    partner_uri: str
    origin_uri: str
    is_vouched: bool
    message: dict[str, Any] | None
    created_at: datetime
