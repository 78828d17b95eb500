"""Takes hosts from the queue for one worker, with the letters that are due, and watches the clock."""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from libline_fed.clock import Clock, monotonic_s
from libline_fed.domain.deliveries import DueDelivery
from libline_fed.domain.peers import Peer, Policies
from libline_fed.federation.delivery_records import HeldHost, scheme_for
from libline_fed.federation.delivery_signing import Letter
from libline_fed.storage import deliveries, delivery_leases
from libline_fed.storage.delivery_leases import Body
from libline_fed.storage.store import Store

log = structlog.get_logger(__name__)

CLOCK_STEP_S = 300.0
BODIES_COUNT = 512


class Claims:
    """Leases hosts. `may_have_more` is set when somebody knows that more may be due."""

    def __init__(
        self, store: Store, clock: Clock, policies: Callable[[], Policies], *, lease_s: float
    ) -> None:
        self._store = store
        self._clock = clock
        self._policies = policies
        self._lease_s = lease_s
        self._bodies: dict[str, Body] = {}
        self._seen: tuple[datetime, float] | None = None
        self._no_takeover_until_s = 0.0
        self.may_have_more = True

    async def take(self, limit: int) -> list[HeldHost]:
        """Lease up to `limit` hosts; one without letters has nothing to send and must be given back.

        Raises: StoreBusy; what was leased by then comes back when its lease ends.
        """
        now, taken_s = await self._check_clock(), monotonic_s()
        if not self.may_have_more and not await self._store.read(
            lambda tx: delivery_leases.has_due(tx, now=now)
        ):
            return []
        self.may_have_more = False
        may_take_over = taken_s >= self._no_takeover_until_s
        claimed = await self._store.write(
            lambda tx: delivery_leases.claim(
                tx, limit=limit, now=now, lease_s=self._lease_s, may_take_over=may_take_over
            )
        )
        self.may_have_more |= len(claimed) == limit
        if not claimed:
            return []
        await self._cancel_refused([peer.host for peer in claimed], now)
        due = await self._due(claimed, now)
        return [
            HeldHost(
                peer.host, peer.fence, scheme_for(peer, now), taken_s + self._lease_s, due.get(peer.host, [])
            )
            for peer in claimed
        ]

    async def _due(self, claimed: Sequence[Peer], now: datetime) -> dict[str, list[Letter]]:
        hosts = [peer.host for peer in claimed]
        due = await self._store.read(lambda tx: delivery_leases.due_of(tx, hosts, now=now))
        bodies = await self._bodies_of([each for rows in due.values() for each in rows])
        return {
            host: [Letter(each, bodies[each.activity_id]) for each in rows if each.activity_id in bodies]
            for host, rows in due.items()
        }

    async def _bodies_of(self, rows: Sequence[DueDelivery]) -> dict[str, Body]:
        wanted = {each.activity_id for each in rows}
        missing = wanted - self._bodies.keys()
        if missing:
            self._bodies |= await self._store.read(lambda tx: delivery_leases.bodies_of(tx, missing))
        found = {activity_id: self._bodies[activity_id] for activity_id in wanted & self._bodies.keys()}
        while len(self._bodies) > BODIES_COUNT:  # the oldest first; what is held keeps its own
            del self._bodies[next(iter(self._bodies))]
        return found

    async def _cancel_refused(self, hosts: Sequence[str], now: datetime) -> None:
        policies = self._policies()
        for host in hosts:
            verdict = policies.verdict(host)
            if not verdict.is_open:
                await self._cancel(host, f"the server is {verdict.value}", now)

    async def _cancel(self, host: str, reason: str, now: datetime) -> None:
        await self._store.write(lambda tx: deliveries.cancel(tx, host=host, reason=reason, now=now))

    async def _check_clock(self) -> datetime:
        """Return the time; notice when the clock was set, because waits and leases are moments on it."""
        now, seen_s = self._clock.now(), monotonic_s()
        if self._seen is None:
            latest_at = await self._store.read(deliveries.latest_moment)
            step_s = min(0.0, (now - latest_at).total_seconds()) if latest_at else 0.0
        else:
            step_s = (now - self._seen[0]).total_seconds() - (seen_s - self._seen[1])
        self._seen = (now, seen_s)
        if abs(step_s) > CLOCK_STEP_S:
            log.warning("clock-was-set", step_s=round(step_s))
            # After a step forwards, leases seem to have ended that are in use.
            self._no_takeover_until_s = seen_s + self._lease_s if step_s > 0 else 0.0
            if step_s < 0:
                await self._store.write(lambda tx: delivery_leases.forget_waits(tx, now=now))
                self.may_have_more = True
        return now
