"""The delivery worker: leases hosts, signs ahead in threads, sends one letter per host at a time, records.

    claim hosts -> line -> sign (threads) -> ready -> send (one per host) -> record -> line again, or released

Nothing here is the truth: the queue is `deliveries`, and whatever is lost in memory is leased again. A row is
sent twice only if the process dies between the answer and the record; receivers know an activity by its id.
"""

import asyncio
import contextlib
import random
import traceback
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from libline_fed.activitypub.uris import Uris
from libline_fed.clock import Clock, monotonic_s
from libline_fed.domain.peers import Policies
from libline_fed.errors import LibLineError, StoreBusy
from libline_fed.federation.delivery_attempts import Attempt, CheckInbox, OnGone, Postman
from libline_fed.federation.delivery_claims import Claims
from libline_fed.federation.delivery_lanes import Lanes
from libline_fed.federation.delivery_records import HeldHost, Recorder
from libline_fed.federation.delivery_signing import Headers, Signer, SigningKeys
from libline_fed.federation.http_client import HttpClient
from libline_fed.storage import delivery_leases
from libline_fed.storage.store import Store

log = structlog.get_logger(__name__)

POLL_S = 1.0  # how soon another process's rows are seen on SQLite, and rows whose time has come
SIGN_BATCH_COUNT = 8  # a trip to a thread costs about a tenth of a signature
LINE_FACTOR = 8  # hosts that are leased at once, for each that may be sent to: fewer trips to the database
FRESH_S = 30.0  # a signature that waited longer is made anew: some receivers accept it for five minutes only
STOP_S = 8.0  # what is in flight may finish so long when the worker is stopped


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """The settings of `config` that a worker obeys."""

    concurrency: int = 30
    threads: int = 2
    lease_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a worker asks of the rest of the program."""

    policies: Callable[[], Policies]  # as they are now
    check_inbox: CheckInbox
    on_gone: OnGone


@dataclass(frozen=True, slots=True)
class _Ready:
    """A host whose next letter is signed."""

    held: HeldHost
    headers: Headers
    signed_s: float


class DeliveryWorker:
    """Delivers what is due. Any number of them, in any number of processes, may share one database."""

    def __init__(
        self,
        store: Store,
        client: HttpClient,
        keys: SigningKeys,
        clock: Clock,
        uris: Uris,
        *,
        hooks: Hooks,
        settings: DeliverySettings | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        settings = settings or DeliverySettings()
        self._store = store
        self._clock = clock
        self._hooks = hooks
        self._settings = settings
        self._signer = Signer(keys, uris, clock, threads=settings.threads)
        self._postman = Postman(
            client, self._signer, clock, check_inbox=hooks.check_inbox, on_gone=hooks.on_gone, chance=chance
        )
        self._claims = Claims(store, clock, hooks.policies, lease_s=settings.lease_s)
        self._recorder = Recorder(store, clock, self._on_written)
        self._lanes = Lanes(settings.concurrency, self._pump)
        self._line_length = LINE_FACTOR * settings.concurrency
        self._changed = asyncio.Event()
        self._held: dict[str, HeldHost] = {}
        self._line: deque[HeldHost] = deque()
        self._ready: deque[_Ready] = deque()
        self._signing_count = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        self.attempts_count = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set, then finish or hand back what is under way within ten seconds."""
        with self._store.subscription("deliveries") as woken:
            self._changed = woken
            stopper = asyncio.create_task(_pass_on(stop, woken))
            try:
                async with self._running():
                    while not stop.is_set():
                        self._claims.may_have_more |= woken.is_set()
                        woken.clear()
                        await self._fill_safely()
                        with contextlib.suppress(TimeoutError):
                            async with asyncio.timeout(POLL_S):
                                await woken.wait()
            finally:
                stopper.cancel()

    async def run_once(self) -> int:
        """Deliver everything that is due now; return how many attempts were made. For tests and commands."""
        before = self.attempts_count
        async with self._running():
            self._claims.may_have_more = True
            while await self._fill():
                while self._held or self._recorder.waiting_count:
                    self._changed.clear()
                    await self._changed.wait()
        return self.attempts_count - before

    def close(self) -> None:
        """Let the signing threads end."""
        self._signer.close()

    # --- taking hosts ---------------------------------------------------------------------------

    async def _fill_safely(self) -> None:
        try:
            await self._fill()
        except StoreBusy as error:
            log.warning("delivery-waits", error=error.detail)
        except Exception:  # noqa: BLE001  the worker loop: a defect must not stop deliveries for good
            log.error("delivery-claim-failed", traceback=traceback.format_exc())

    async def _fill(self) -> int:
        """Lease hosts if the line is short and begin with their letters; return how many were leased."""
        room = self._line_length - self._waiting_count()
        if room < self._line_length // 2:
            return 0
        taken = await self._claims.take(room)
        for held in taken:
            # A lease of our own that ran out comes back to us: the old one is fenced off, the new one waits.
            old = self._held.get(held.host)
            if old is not None:
                old.is_lost = True
            if held.letters and old is None:
                self._held[held.host] = held
                self._line.append(held)
            else:
                self._recorder.add(held, None, is_released=True)
        self._pump()
        return len(taken)

    # --- signing and sending --------------------------------------------------------------------

    def _waiting_count(self) -> int:
        return len(self._line) + self._signing_count + len(self._ready)

    def _pump(self) -> None:
        """Begin to sign and send as much as may be under way at once."""
        ahead_count = 2 * self._settings.concurrency
        while self._line and self._signing_count + len(self._ready) < ahead_count and not self._is_stopping:
            batch = [self._line.popleft() for _ in range(min(SIGN_BATCH_COUNT, len(self._line)))]
            self._signing_count += len(batch)
            self._spawn(self._sign(batch))
        while self._ready and self._lanes.has_room:
            ready = self._ready.popleft()
            if self._may_send(ready):
                self._spawn(self._send(ready, self._lanes.enter()))
        if self._claims.may_have_more and self._waiting_count() <= self._line_length // 2:
            self._changed.set()
        if not self._held:
            self._recorder.hurry()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _sign(self, batch: list[HeldHost]) -> None:
        try:
            signed = await self._signer.sign([(held.letters[0], held.scheme) for held in batch])
        except Exception as error:  # noqa: BLE001  the worker loop: recorded with each row
            log.error("delivery-not-signed", traceback=traceback.format_exc())
            for held in batch:
                self._finish(held, self._postman.broken(held.letters[0], repr(error)))
            return
        finally:
            self._signing_count -= len(batch)
            self._changed.set()
        at_s = monotonic_s()
        for held, result in zip(batch, signed, strict=True):
            if isinstance(result, LibLineError):
                self._finish(held, self._postman.unsigned(held.letters[0], result))
            else:
                self._ready.append(_Ready(held, result, at_s))
        self._pump()

    def _may_send(self, ready: _Ready) -> bool:
        """Tell whether a letter may leave now; otherwise put it where it belongs."""
        held, now_s = ready.held, monotonic_s()
        if self._is_stopping or held.is_lost or now_s >= held.deadline_s:
            self._release(held)
        elif not self._hooks.policies().verdict(held.host).is_open:
            self._release(held)  # the next claim cancels what waits
        elif now_s - ready.signed_s > FRESH_S:
            self._line.appendleft(held)
        else:
            return True
        return False

    async def _send(self, ready: _Ready, place: contextlib.AbstractContextManager[None]) -> None:
        held, letter = ready.held, ready.held.letters[0]
        self.attempts_count += 1
        with place:
            try:
                attempt = await self._postman.attempt(letter, ready.headers, held.scheme)
            except asyncio.CancelledError:
                self._finish(held, self._postman.interrupted(letter))
                raise
            except Exception as error:  # noqa: BLE001  the worker loop: recorded with its row, which is tried again
                text = traceback.format_exc(limit=-3)
                log.error("delivery-failed", id=letter.delivery.id, traceback=text)
                attempt = self._postman.broken(letter, f"{error!r}\n{text}")
        self._finish(held, attempt)
        self._pump()

    def _finish(self, held: HeldHost, attempt: Attempt) -> None:
        held.letters.pop(0)
        is_over = attempt.ends_turn or not held.letters or self._is_stopping or held.is_lost
        if attempt.scheme is not None:
            held.scheme = attempt.scheme
        self._recorder.add(held, attempt, is_released=is_over)
        if is_over:
            self._forget(held)
        else:
            self._line.append(held)

    def _release(self, held: HeldHost) -> None:
        self._recorder.add(held, None, is_released=True)
        self._forget(held)

    def _forget(self, held: HeldHost) -> None:
        if self._held.get(held.host) is held:
            del self._held[held.host]

    def _on_written(self, *, has_more: bool) -> None:
        self._claims.may_have_more |= has_more
        if has_more or not self._held:
            self._changed.set()

    # --- life -----------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        self._is_stopping = False
        recording = self._recorder.start()
        renewing = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            await self._wind_up()
            renewing.cancel()
            self._recorder.stop()
            await asyncio.gather(recording, renewing, return_exceptions=True)

    async def _wind_up(self) -> None:
        """Let what is in flight finish, interrupt what does not, and give every host back."""
        self._is_stopping = True
        self._pump()  # gives back what was ready
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_S)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._ready.clear()
        self._line.clear()
        for held in list(self._held.values()):
            self._release(held)

    async def _renew(self) -> None:
        """Prolong the leases of the hosts that are held, and notice the lost ones."""
        lease_s = self._settings.lease_s
        while True:
            await asyncio.sleep(lease_s / 3)
            holders = list(self._held.values())
            if not holders:
                continue
            try:
                await self._renew_all(holders, lease_s)
            except StoreBusy as error:
                log.warning("delivery-leases-not-renewed", error=error.detail)

    async def _renew_all(self, holders: list[HeldHost], lease_s: float) -> None:
        now, deadline_s = self._clock.now(), monotonic_s() + lease_s
        fences = {held.host: held.fence for held in holders}
        ours = await self._store.write(
            lambda tx: delivery_leases.renew(tx, fences, now=now, lease_s=lease_s)
        )
        for held in holders:
            held.deadline_s = deadline_s
            held.is_lost |= held.host not in ours


async def _pass_on(stop: asyncio.Event, woken: asyncio.Event) -> None:
    await stop.wait()
    woken.set()
