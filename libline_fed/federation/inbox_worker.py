"""Applies what the inbox accepted: lease a batch, make it ready, apply it and its outcome in one transaction.

An activity that fails unexpectedly spoils its batch's transaction; the batch is then applied one by one, so
that only the poisonous one is put off and, after five tries, set aside where an admin sees it.
"""

import asyncio
import contextlib
import traceback
from collections.abc import Sequence

import structlog
from prometheus_client import Counter

from libline_fed.clock import Clock
from libline_fed.domain.inbox_activities import InboxActivity, InboxOutcome, InboxState
from libline_fed.errors import Conflict, LibLineError, RefusalReason, StoreBusy
from libline_fed.federation.inbox_handlers import HANDLERS, on_nothing
from libline_fed.federation.inbox_notes import is_plain, on_plain_creates
from libline_fed.federation.inbox_prepare import Preparer
from libline_fed.federation.inbox_work import Known, Ready, Result, Work, learn
from libline_fed.services.site import Site
from libline_fed.storage import inbox_activities, peers
from libline_fed.storage.store import Store, Tx

log = structlog.get_logger(__name__)

BATCH_COUNT = 128
GATHER_S = 0.1  # after a batch that was not full, before the next one; the first of a silence never waits
LEASE_S = 60.0
POLL_S = 2.0  # how soon a retry, or another process's row on SQLite, is seen

applied_total = Counter(
    "libline_inbox_applied_total", "Accepted activities by what became of them.", ["state"]
)


class InboxWorker:
    """Applies accepted activities. Any number of them, in any number of processes, may share one database."""

    def __init__(
        self, store: Store, site: Site, clock: Clock, preparer: Preparer, *, lease_s: float = LEASE_S
    ) -> None:
        self._store = store
        self._site = site
        self._clock = clock
        self._preparer = preparer
        self._lease_s = lease_s

    async def run(self, stop: asyncio.Event) -> None:
        """Apply until `stop` is set; what is under way is finished."""
        with self._store.subscription(inbox_activities.CHANNEL) as woken:
            while not stop.is_set():
                woken.clear()
                try:
                    count = await self.run_once()
                    if count:
                        if count < BATCH_COUNT:  # let some gather: each batch costs two commits
                            await _pause(stop, GATHER_S)
                        continue
                except StoreBusy as error:
                    log.warning("the inbox waits for the database", error=error.detail)
                except Exception:  # noqa: BLE001  the loop must live; leases bring the batch back
                    log.error("the inbox worker stumbled", traceback=traceback.format_exc())
                waits = [asyncio.ensure_future(event.wait()) for event in (stop, woken)]
                await asyncio.wait(waits, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
                for wait in waits:
                    wait.cancel()

    async def run_once(self) -> int:
        """Lease one batch and apply it; return how many activities it held."""
        now = self._clock.now()
        leased = await self._store.write(
            lambda tx: inbox_activities.lease_batch(tx, limit=BATCH_COUNT, lease_s=self._lease_s, now=now)
        )
        if not leased:
            return 0
        batch = await self._preparer.prepare(leased)
        # Read beforehand, so that the one writer of SQLite is held for the changes only. What may change
        # meanwhile does no harm: a signer's activities are in this batch or in none, and inserts skip what is
        # there already.
        known = await self._store.read(lambda tx: learn(tx, self._site.uris, batch))
        try:
            outcomes = await self._store.write(lambda tx: self._apply(tx, batch, known))
        except StoreBusy:
            raise  # the lease ends, and the batch comes again
        except Conflict as error:
            log.warning("a batch of the inbox passed to another worker", detail=error.detail)
            outcomes = await self._apply_one_by_one(batch)
        except Exception as error:  # noqa: BLE001  find out which activity it is
            log.warning("a batch of the inbox failed and is applied one by one", error=repr(error))
            outcomes = await self._apply_one_by_one(batch)
        for outcome in outcomes:
            applied_total.labels(outcome.state.value).inc()
        return len(leased)

    async def _apply_one_by_one(self, batch: Sequence[Ready]) -> list[InboxOutcome]:
        outcomes: list[InboxOutcome] = []
        for ready in batch:
            try:
                outcomes += await self._apply_alone(ready)
            except StoreBusy:
                raise
            except Exception as error:  # noqa: BLE001  poison: recorded, retried, at last quarantined
                log.error(
                    "an activity could not be applied",
                    activity=ready.activity.uri,
                    traceback=traceback.format_exc(),
                )
                detail = f"{type(error).__name__}: {error}"
                with contextlib.suppress(Conflict):
                    await self._postpone(ready.row, detail)
        return outcomes

    async def _apply_alone(self, ready: Ready) -> list[InboxOutcome]:
        return await self._store.write(lambda tx: self._apply(tx, [ready], None))

    async def _postpone(self, row: InboxActivity, detail: str) -> None:
        now = self._clock.now()
        await self._store.write(
            lambda tx: inbox_activities.postpone(tx, row, reason=RefusalReason.POISON, detail=detail, now=now)
        )

    async def _apply(self, tx: Tx, batch: Sequence[Ready], known: Known | None) -> list[InboxOutcome]:
        """Apply a batch and record its outcomes, all in this transaction."""
        now = self._clock.now()
        work = Work(tx, self._site, now, known or Known())
        results: list[Result] = []
        run: list[Ready] = []
        is_stale = known is None
        for ready in [*batch, None]:
            if ready is not None and is_plain(ready):
                run.append(ready)
                continue
            if run:
                if is_stale:
                    work.known, is_stale = await learn(tx, self._site.uris, batch), False
                results += await on_plain_creates(work, run)
                run = []
            if ready is not None:
                results.append(await self._handle(work, ready))
                is_stale = True
        outcomes = [
            InboxOutcome(ready.row, result.state, result.reason, result.detail or None)
            for ready, result in zip(batch, results, strict=True)
        ]
        await inbox_activities.finish_many(tx, outcomes, now=now)
        if known is not None:  # once for a batch, not for each of its activities
            await peers.heard(tx, {ready.row.host for ready in batch}, now)
        return outcomes

    async def _handle(self, work: Work, ready: Ready) -> Result:
        if ready.result is not None:
            return ready.result
        work.known = Known()
        handler = HANDLERS.get(ready.activity.type, on_nothing)
        try:
            async with work.tx.savepoint():  # a refusal half-way leaves nothing behind
                return await handler(work, ready)
        except LibLineError as error:
            if isinstance(error, Conflict | StoreBusy):
                raise
            return Result(InboxState.REFUSED, RefusalReason.NOT_FOR_US, error.detail)


async def _pause(stop: asyncio.Event, pause_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), pause_s)
