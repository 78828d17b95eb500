"""The only place that reads the clock. Everything else gets `now` passed in, or this `Clock`."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)


class FrozenClock:
    """A clock for tests: stands still until it is told to move."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """Return the moment the clock stands at."""
        return self._at

    def advance(self, *, seconds: float = 0, hours: float = 0, days: float = 0) -> datetime:
        """Move the clock (also backwards) and return the new moment."""
        self._at += timedelta(seconds=seconds, hours=hours, days=days)
        return self._at


def monotonic_s() -> float:
    """Return seconds on a clock that never jumps, for measuring durations only."""
    return time.monotonic()
