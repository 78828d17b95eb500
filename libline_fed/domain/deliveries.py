"""Deliveries: one activity on its way to one inbox, and what became of each attempt."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DeliveryState(StrEnum):
    """Where a delivery stands. Dead ones are kept until somebody replays or drops them."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    DEAD = "dead"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of `deliveries`, field by field as the columns are named."""

    id: int
    activity_id: str
    actor_id: str
    object_uri: str
    host: str
    inbox_url: str
    is_delete: bool
    state: str
    attempts_count: int
    next_attempt_at: datetime
    last_status: int | None
    last_error: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """What a worker needs of a delivery whose time has come."""

    id: int
    activity_id: str
    actor_id: str
    object_uri: str
    host: str
    inbox_url: str
    is_delete: bool
    attempts_count: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Recorded:
    """How an attempt changes its row. `next_attempt_at` is None when the row is finished."""

    delivery: DueDelivery
    state: DeliveryState
    at: datetime
    next_attempt_at: datetime | None = None
    last_status: int | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class HostQueue:
    """How many deliveries of one host wait or are dead, and why they wait."""

    host: str
    queued_count: int
    dead_count: int
    failures_count: int
    next_due_at: datetime | None
    closed_until: datetime | None
    reached_at: datetime | None
