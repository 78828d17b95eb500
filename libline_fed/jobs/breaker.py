"""The circuit breaker of one host. Pure: time is passed in, the state is kept in `peers`.

A host that fails is left alone for a minute, so that a restart over there costs one failed attempt and not
all of them. Five failures within ten minutes open the breaker for half an hour; then one row is sent as a
probe. Whoever sends must stop at the first failure of a turn: so the first row after a pause is the probe.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

FAILURES = 5
WINDOW_S = 600
PAUSE_S = 60
OPEN_S = 1_800
FORGET_S = 8 * 86_400  # a state older than that says nothing any more


@dataclass(frozen=True, slots=True)
class Breaker:
    """How a host has failed lately; the fields are columns of `peers`."""

    failures_count: int = 0
    first_failure_at: datetime | None = None
    closed_until: datetime | None = None  # nothing is sent to the host before


def is_open(state: Breaker, now: datetime) -> bool:
    """Tell whether nothing may be sent now."""
    return state.closed_until is not None and state.closed_until > now


def is_half_open(state: Breaker, now: datetime) -> bool:
    """Tell whether the breaker had opened and now lets a probe through."""
    return state.failures_count >= FAILURES and not is_open(state, now)


def failed(state: Breaker, now: datetime) -> Breaker:
    """Return the state after an attempt that the host did not answer usefully."""
    first_at = state.first_failure_at
    age_s = (now - first_at).total_seconds() if first_at is not None else 0.0
    is_stale = first_at is None or age_s < 0 or age_s > FORGET_S
    if is_stale or (state.failures_count < FAILURES and age_s > WINDOW_S):
        return Breaker(1, now, now + timedelta(seconds=PAUSE_S))
    count = state.failures_count + 1
    wait_s = OPEN_S if count >= FAILURES else PAUSE_S
    return Breaker(count, first_at, now + timedelta(seconds=wait_s))


def answered(_state: Breaker, _now: datetime) -> Breaker:
    """Return the state after any useful answer: closed."""
    return Breaker()


def asked_to_wait(_state: Breaker, now: datetime, wait_s: float) -> Breaker:
    """Return the state after an answer with Retry-After: the host is well, but wants nothing for `wait_s`."""
    return Breaker(closed_until=now + timedelta(seconds=wait_s))
