"""Writes down what became of deliveries, many in one commit, and gives hosts back to the queue."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from libline_fed.clock import Clock
from libline_fed.domain.deliveries import DeliveryState
from libline_fed.domain.peers import Peer
from libline_fed.errors import TemporaryError
from libline_fed.federation.delivery_attempts import Attempt, HostEffect
from libline_fed.federation.delivery_signing import CAVAGE, Letter
from libline_fed.jobs import breaker, retry
from libline_fed.jobs.breaker import Breaker
from libline_fed.storage import deliveries, delivery_leases, peers
from libline_fed.storage.peers import PeerUpdate
from libline_fed.storage.store import Store, Tx

log = structlog.get_logger(__name__)

GROUP_S = 0.05  # results wait for company no longer than this
GROUP_COUNT = 100
BUSY_S = 1.0
SCHEME_KEPT_S = 7 * 86_400
SCHEME_STEP_S = 86_400  # what is known already is not learnt again for a day


@dataclass(slots=True, eq=False)
class HeldHost:
    """A host that this worker has leased, with its due letters."""

    host: str
    fence: int
    scheme: str
    deadline_s: float  # on the monotonic clock; after it somebody else may have the lease
    letters: list[Letter]  # oldest first
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to write: an attempt, the return of a host, or both."""

    held: HeldHost
    attempt: Attempt | None
    is_released: bool


def scheme_for(peer: Peer, now: datetime) -> str:
    """Return the signature scheme to begin with: the one that worked in the last seven days, else cavage."""
    learnt_at, kept = peer.signature_learnt_at, timedelta(seconds=SCHEME_KEPT_S)
    if peer.signature_scheme is None or learnt_at is None or now - learnt_at > kept:
        return CAVAGE
    return peer.signature_scheme


class OnWritten(Protocol):
    """Is told after each commit whether released hosts have more that is due."""

    def __call__(self, *, has_more: bool) -> None:
        """Take note."""
        ...


class Recorder:
    """Collects entries and writes them in groups."""

    def __init__(self, store: Store, clock: Clock, on_written: OnWritten) -> None:
        self._store = store
        self._clock = clock
        self._on_written = on_written
        self._entries: list[Entry] = []
        self._is_writing = False
        self._is_stopped = False
        self._filled = asyncio.Event()
        self._hurried = asyncio.Event()

    @property
    def waiting_count(self) -> int:
        """How many entries are not durable yet."""
        return len(self._entries) + self._is_writing

    def add(self, held: HeldHost, attempt: Attempt | None, *, is_released: bool) -> None:
        """Take an entry; it is durable soon, not now."""
        self._entries.append(Entry(held, attempt, is_released))
        self._filled.set()
        if len(self._entries) >= GROUP_COUNT:
            self._hurried.set()

    def hurry(self) -> None:
        """Write what there is without waiting for company: nothing else is under way."""
        if self._entries:
            self._hurried.set()

    def stop(self) -> None:
        """Write what there is, and end."""
        self._is_stopped = True
        self._filled.set()
        self._hurried.set()

    def start(self) -> "asyncio.Task[None]":
        """Begin to write group after group, until `stop`."""
        self._is_stopped = False
        return asyncio.create_task(self._run())

    async def _run(self) -> None:
        while not self._is_stopped or self._entries:
            await self._filled.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GROUP_S):
                    await self._hurried.wait()
            await self._flush()

    async def _flush(self) -> None:
        """Write what there is; if the database cannot take it now it stays for the next time."""
        self._filled.clear()
        self._hurried.clear()
        entries, self._entries = self._entries, []
        if not entries:
            return
        self._is_writing = True
        now = self._clock.now()
        try:
            has_more = await self._store.write(lambda tx: _write(tx, entries, now))
        except TemporaryError as error:
            log.warning("delivery-results-wait", count=len(entries), error=error.detail)
            if self._is_stopped:
                return  # the leases end by themselves, and the rows are sent once more
            self._entries = entries + self._entries
            await asyncio.sleep(BUSY_S)
            self._filled.set()
        else:
            self._is_writing = False
            self._on_written(has_more=has_more)
        finally:
            self._is_writing = False


async def _write(tx: Tx, entries: Sequence[Entry], now: datetime) -> bool:
    """Write a group and return whether more is due; entries of hosts that somebody else has do not count."""
    locked = await peers.lock(tx, {entry.held.host for entry in entries})
    valid = [entry for entry in entries if _is_ours(entry.held, locked)]
    attempts = [entry.attempt for entry in valid if entry.attempt is not None]
    await delivery_leases.record(tx, [attempt.recorded for attempt in attempts])
    for attempt in attempts:
        await _follow_up(tx, attempt, now)
    states = {host: _state_of(peer) for host, peer in locked.items()}
    for entry in valid:
        if entry.attempt is not None:
            states[entry.held.host] = _changed(states[entry.held.host], entry.attempt)
    released = {entry.held.host for entry in valid if entry.is_released}
    await _expire(tx, released, states, now)
    due = await delivery_leases.next_due(tx, released)
    of_host: dict[str, list[Entry]] = {}
    for entry in valid:
        of_host.setdefault(entry.held.host, []).append(entry)
    updates = [
        _update_of(locked[host], of_host[host], states[host], due, now) for host in sorted(of_host)
    ]
    await peers.save(tx, updates)
    free = [each for each in updates if each.lease_until is None]
    return any(each.next_due_at is not None and each.next_due_at <= now for each in free)


def _is_ours(held: HeldHost, locked: dict[str, Peer]) -> bool:
    peer = locked.get(held.host)
    is_ours = peer is not None and peer.fence == held.fence and peer.lease_until is not None
    if not is_ours:
        log.warning("delivery-lease-lost", host=held.host)
    return is_ours


async def _follow_up(tx: Tx, attempt: Attempt, now: datetime) -> None:
    delivery = attempt.recorded.delivery
    if attempt.recorded.state is DeliveryState.DEAD:
        log.warning(
            "delivery-dead", id=delivery.id, host=delivery.host, status=attempt.recorded.last_status,
            reason=attempt.recorded.last_error,
        )
    if attempt.is_gone:
        reason = attempt.recorded.last_error or "gone"
        await deliveries.finish_inbox(tx, delivery.host, delivery.inbox_url, reason=reason, now=now)
    if attempt.moved_to is not None:
        host, inbox_url = attempt.moved_to
        await deliveries.move_inbox(
            tx,
            host=delivery.host,
            inbox_url=delivery.inbox_url,
            new_host=host,
            new_inbox_url=inbox_url,
            now=now,
        )


def _state_of(peer: Peer) -> Breaker:
    return Breaker(peer.failures_count, peer.first_failure_at, peer.closed_until)


def _changed(state: Breaker, attempt: Attempt) -> Breaker:
    at = attempt.recorded.at
    match attempt.effect:
        case HostEffect.FAILED:
            return breaker.failed(state, at)
        case HostEffect.ASKED_TO_WAIT:
            return breaker.asked_to_wait(state, at, attempt.wait_s)
        case HostEffect.ANSWERED:
            return breaker.answered(state, at)
        case HostEffect.NONE:
            return state


async def _expire(tx: Tx, released: set[str], states: dict[str, Breaker], now: datetime) -> None:
    """Give up what is too old at hosts whose breaker is open: few of its rows get a probe of their own."""
    for host in sorted(released):
        if states[host].failures_count >= breaker.FAILURES:
            await deliveries.expire(
                tx, host, before=now - timedelta(seconds=retry.HORIZON_S),
                deletes_before=now - timedelta(seconds=retry.DELETE_HORIZON_S), now=now,
            )


def _update_of(
    peer: Peer, entries: Sequence[Entry], state: Breaker, due: dict[str, datetime], now: datetime
) -> PeerUpdate:
    reached_at, scheme, learnt_at = peer.reached_at, peer.signature_scheme, peer.signature_learnt_at
    for entry in entries:
        if entry.attempt is not None and entry.attempt.scheme is not None:  # it was delivered
            reached_at = entry.attempt.recorded.at
            age = now - learnt_at if learnt_at else timedelta.max
            is_old = not timedelta(0) <= age < timedelta(seconds=SCHEME_STEP_S)
            if entry.attempt.scheme != scheme or is_old:
                scheme, learnt_at = entry.attempt.scheme, now
    next_due_at, lease_until = peer.next_due_at, peer.lease_until
    if any(entry.is_released for entry in entries):
        lease_until = None
        earliest_at = due.get(peer.host)
        # Not before now: a host with more to send goes to the back of the line.
        next_due_at = max(earliest_at, state.closed_until or now, now) if earliest_at else None
    return PeerUpdate(
        host=peer.host, reached_at=reached_at, failures_count=state.failures_count,
        first_failure_at=state.first_failure_at, closed_until=state.closed_until, signature_scheme=scheme,
        signature_learnt_at=learnt_at, next_due_at=next_due_at, lease_until=lease_until,
    )
