"""The policies about other servers, held in memory and read again when they change."""

import asyncio

import structlog

from libline_fed.config import Federation
from libline_fed.domain.peers import Policies
from libline_fed.errors import StoreBusy
from libline_fed.storage import peers
from libline_fed.storage.store import Store

REREAD_S = 30.0  # how soon a change made by another process is seen on SQLite

log = structlog.get_logger(__name__)


class PolicyBoard:
    """Shows the present policies. One per process."""

    def __init__(self, store: Store, mode: Federation) -> None:
        self._store = store
        self._mode = mode
        self._policies = Policies(mode, {})

    def __call__(self) -> Policies:
        """Return the policies as they were read last."""
        return self._policies

    async def refresh(self) -> None:
        """Read the policies.

        Raises: StoreBusy.
        """
        self._policies = Policies(self._mode, await self._store.read(peers.all_policies))

    async def run(self, stop: asyncio.Event) -> None:
        """Read them whenever one is set, and every half minute, until `stop` is set."""
        with self._store.subscription("peers") as woken:
            while not stop.is_set():
                woken.clear()
                try:
                    await self.refresh()
                except StoreBusy as error:
                    log.warning("policies-not-read", error=error.detail)
                await first_of(stop, woken, timeout_s=REREAD_S)


async def first_of(*events: asyncio.Event, timeout_s: float) -> None:
    """Wait until one of the events is set, or the time is up."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
