"""Room for requests: slow ones step aside, so that tarpits do not hold up servers that answer."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SLOW_AFTER_S = 1.0
SLOW_FACTOR = 2


def most_in_flight_count(concurrency: int) -> int:
    """Return how many requests may be open at once; the HTTP client needs as many connections."""
    return concurrency * (1 + SLOW_FACTOR)


@dataclass(slots=True)
class _Place:
    is_slow: bool = False
    is_over: bool = False


class Lanes:
    """Counts requests: `concurrency` prompt ones, and twice as many that have taken longer than a second.

    A request in the slow lane costs a socket and no work. When that lane is full, slow ones do take room.
    """

    def __init__(self, concurrency: int, on_room: Callable[[], None]) -> None:
        self._concurrency = concurrency
        self._on_room = on_room
        self._prompt_count = 0
        self._slow_count = 0

    @property
    def has_room(self) -> bool:
        """Whether another request may begin."""
        return self._prompt_count < self._concurrency

    def enter(self) -> "contextlib.AbstractContextManager[None]":
        """Take room at once, and give it back at the end of the `with`."""
        self._prompt_count += 1
        return self._stay()

    @contextlib.contextmanager
    def _stay(self) -> Iterator[None]:
        place = _Place()
        timer = asyncio.get_running_loop().call_later(SLOW_AFTER_S, self._step_aside, place)
        try:
            yield
        finally:
            timer.cancel()
            place.is_over = True
            if place.is_slow:
                self._slow_count -= 1
            else:
                self._prompt_count -= 1

    def _step_aside(self, place: _Place) -> None:
        if place.is_over or self._slow_count >= SLOW_FACTOR * self._concurrency:
            return
        place.is_slow = True
        self._prompt_count -= 1
        self._slow_count += 1
        self._on_room()
