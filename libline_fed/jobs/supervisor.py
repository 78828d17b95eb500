"""Keeps the long-running tasks of a process alive: one that fails is logged and started again."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping

import structlog

from libline_fed.clock import monotonic_s
from libline_fed.errors import TemporaryError

Worker = Callable[[asyncio.Event], Awaitable[None]]  # runs until the event is set

PAUSE_S = 1.0  # after a first failure; doubled by each that follows soon
MAX_PAUSE_S = 60.0
STEADY_S = 120.0  # who ran so long is forgiven what was before
STOP_S = 9.0  # how long workers may take to end, within the ten seconds that a stop may take

log = structlog.get_logger(__name__)


class Supervisor:
    """Runs workers, each in a task of its own."""

    def __init__(self, *, pause_s: float = PAUSE_S, stop_s: float = STOP_S) -> None:
        self._pause_s = pause_s
        self._stop_s = stop_s
        self._down: set[str] = set()

    @property
    def down(self) -> list[str]:
        """The names of workers that have failed and wait to be started again."""
        return sorted(self._down)

    async def run(self, workers: Mapping[str, Worker], stop: asyncio.Event) -> None:
        """Run all workers until `stop` is set; who has not ended some seconds later is cancelled."""
        tasks = [
            asyncio.create_task(self._keep_alive(name, worker, stop), name=name)
            for name, worker in workers.items()
        ]
        try:
            await stop.wait()
            _, late = await asyncio.wait(tasks, timeout=self._stop_s)
            for task in late:
                log.warning("worker-cancelled", worker=task.get_name())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_alive(self, name: str, worker: Worker, stop: asyncio.Event) -> None:
        pause_s = self._pause_s
        while not stop.is_set():
            started_s = monotonic_s()
            try:
                self._down.discard(name)
                await worker(stop)
            except Exception as error:  # a worker's mistake must not end its work for good
                mistake = None if isinstance(error, TemporaryError) else error
                log.error("worker-failed", worker=name, error=str(error), exc_info=mistake)
                self._down.add(name)
                if monotonic_s() - started_s >= STEADY_S:
                    pause_s = self._pause_s
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause_s):
                        await stop.wait()
                pause_s = min(2 * pause_s, MAX_PAUSE_S)


def every(seconds: float, step: Callable[[], Awaitable[object]]) -> Worker:
    """Make a worker that does a step now and then again every so many seconds."""

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            await step()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await stop.wait()

    return run
