"""Who follows whom."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FollowState(StrEnum):
    """Where a follow stands. A rejected one is kept, so that asking again is visible as a new question."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Follow:
    """One row of `follows`, field by field as the columns are named."""

    id: str
    uri: str  # of the Follow activity
    follower_id: str
    followed_id: str
    state: str
    created_at: datetime
    accepted_at: datetime | None
