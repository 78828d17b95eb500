"""Activities accepted from other servers, until they are applied: states, and when they are retried.

pending ─ applied       its effects are here
        ├ ignored       understood, and nothing to do
        ├ refused       by a rule; the reason is kept
        └ quarantined   failed five times, or took the worker down with it; waits for an admin
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

RETRY_DELAYS = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
MAX_ATTEMPTS = len(RETRY_DELAYS) + 1
LOSSES_BEFORE_ALONE = 2  # lost with its whole batch so often, an activity is tried by itself
MAX_DETAIL_CHARACTERS = 2_000
BODY_KEPT = timedelta(days=30)


class InboxState(StrEnum):
    """Where an accepted activity stands."""

    PENDING = "pending"
    APPLIED = "applied"
    IGNORED = "ignored"
    REFUSED = "refused"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class ReceivedActivity:
    """What the inbox knows of an activity whose signature is verified."""

    activity_hash: bytes  # SHA-256 of its actor's and its own id
    activity_uri: str
    type: str
    actor_uri: str
    signer_uri: str
    key_id: str
    host: str
    body: bytes


@dataclass(frozen=True, slots=True)
class InboxActivity:
    """One row of `inbox_activities`, field by field as the columns are named."""

    id: int
    activity_hash: bytes
    activity_uri: str
    type: str
    actor_uri: str
    signer_uri: str
    key_id: str
    host: str
    body: bytes | None  # dropped 30 days after it was applied
    state: str
    reason: str | None
    detail: str | None
    attempts_count: int  # leases since it was received or replayed
    next_attempt_at: datetime
    lease_until: datetime | None
    fence: int  # tells the present lease from former ones
    received_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class InboxOutcome:
    """What became of a leased activity; `state` pending means: try again later."""

    activity: InboxActivity
    state: InboxState
    reason: str | None = None
    detail: str | None = None


def retry_at(attempts_count: int, now: datetime) -> datetime | None:
    """Return when an activity that failed for the n-th time is tried again, or None if never."""
    if attempts_count >= MAX_ATTEMPTS:
        return None
    return now + RETRY_DELAYS[max(attempts_count, 1) - 1]
