"""The policies about other servers, held in memory and read again when they change."""

import asyncio

import structlog

from libline_fed.clock import monotonic_s
from libline_fed.config import Federation
from libline_fed.domain.peers import Policies
from libline_fed.errors import StoreBusy
from libline_fed.storage import peers, trust
from libline_fed.storage.store import Store, Tx

LOOK_S = 2.0  # how soon a change made by another process is seen on SQLite
REREAD_S = 30.0  # and what left no trace

log = structlog.get_logger(__name__)


class PolicyBoard:
    """Shows the present policies. One per process."""

    def __init__(self, store: Store, mode: Federation) -> None:
        self._store = store
        self._mode = mode
        self._policies = Policies(mode, {})
        self._change = 0

    def __call__(self) -> Policies:
        """Return the policies as they were read last."""
        return self._policies

    async def refresh(self) -> None:
        """Read the policies.

        Raises: StoreBusy.
        """

        async def unit(tx: Tx) -> tuple[int, Policies]:
            change = await trust.last_change(tx)  # first: what changes meanwhile is read again
            members = await trust.member_hosts(tx) if self._mode is Federation.ALLOWLIST else ()
            return change, Policies(self._mode, await peers.all_policies(tx), members)

        self._change, self._policies = await self._store.read(unit)

    async def run(self, stop: asyncio.Event) -> None:
        """Read them whenever one is set, a member joins or leaves, and every half minute, until `stop`."""
        with self._store.subscription("peers") as woken:
            while not stop.is_set():
                woken.clear()
                try:
                    await self.refresh()
                    await self._wait(stop, woken)
                except StoreBusy as error:
                    log.warning("policies-not-read", error=error.detail)
                    await first_of(stop, woken, timeout_s=LOOK_S)

    async def _wait(self, stop: asyncio.Event, woken: asyncio.Event) -> None:
        until_s = monotonic_s() + REREAD_S
        while not (stop.is_set() or woken.is_set()) and monotonic_s() < until_s:
            await first_of(stop, woken, timeout_s=LOOK_S)
            if await self._store.read(trust.last_change) != self._change:
                return


async def first_of(*events: asyncio.Event, timeout_s: float) -> None:
    """Wait until one of the events is set, or the time is up."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
