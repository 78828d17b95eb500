"""The mail worker: leases queued mails, hands them to a back end, writes down what became of each.

A mail may go out twice if the machine dies between handing it over and writing that down; it then has
the same Message-ID. It is never lost: an unfinished lease runs out and the mail is taken again.
"""

import asyncio
from datetime import datetime
from email.headerregistry import Address

import structlog

from libline_fed.clock import Clock
from libline_fed.domain.mails import Mail, next_attempt_at
from libline_fed.errors import PermanentError, StoreBusy, TemporaryError
from libline_fed.mail.backends import Backend
from libline_fed.mail.messages import build_message
from libline_fed.storage import mails
from libline_fed.storage.store import Store

BATCH_COUNT = 3
LEASE_S = 240  # BATCH_COUNT messages at backends.SEND_S each, and some
IDLE_S = 60  # the longest time without a look at the queue
PAUSE_S = 5  # after the database was busy, or something went wrong

log = structlog.get_logger()


class MailWorker:
    """Sends the mails of one instance. Several may run at once."""

    def __init__(self, store: Store, backend: Backend, clock: Clock, *, sender: Address) -> None:
        self._store = store
        self._backend = backend
        self._clock = clock
        self._sender = sender
        self._is_stopping = False

    async def run(self, stop: asyncio.Event) -> None:
        """Send what is due until `stop` is set; the message in hand is finished, others are given back."""
        watch = asyncio.create_task(self._notice(stop))
        try:
            with self._store.subscription(mails.CHANNEL) as woken:
                while not stop.is_set():
                    woken.clear()
                    await _first_of(stop, woken, timeout_s=await self._work())
        finally:
            watch.cancel()

    async def _notice(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._is_stopping = True

    async def _work(self) -> float:
        """Send until nothing is due; returns how long to wait. Nothing that goes wrong ends the worker."""
        try:
            while not self._is_stopping and await self.run_once():
                continue
            due_at = await self._store.read(mails.next_due_at)
        except StoreBusy as error:
            log.warning("mail waits for the database", error=error.detail)
            return PAUSE_S
        except Exception:
            log.exception("the mail worker stumbled")
            return PAUSE_S
        return (
            IDLE_S if due_at is None else min(IDLE_S, max(0.0, (due_at - self._clock.now()).total_seconds()))
        )

    async def run_once(self) -> int:
        """Take one batch of due mails and try each; returns how many were taken."""
        now = self._clock.now()
        batch = await self._store.write(
            lambda tx: mails.lease_batch(tx, limit=BATCH_COUNT, lease_s=LEASE_S, now=now)
        )
        for mail in batch:
            if self._is_stopping or self._is_lost(mail):
                await self._release(mail)
            else:
                await self._try(mail)
        return len(batch)

    async def _release(self, mail: Mail) -> None:
        await self._store.write(lambda tx: mails.release(tx, mail))

    def _is_lost(self, mail: Mail) -> bool:
        """Tell whether the lease has run out while others were sent; another may have the mail by now."""
        return mail.lease_until is None or self._clock.now() >= mail.lease_until

    async def _try(self, mail: Mail) -> None:
        try:
            message = build_message(mail, sender=self._sender)
            await self._backend.send(message, sender=self._sender.addr_spec, recipient=mail.recipient)
        except PermanentError as error:
            await self._failed(mail, error.detail, None)
        except TemporaryError as error:
            await self._failed(mail, error.detail, self._retry_at(mail))
        except Exception as error:
            # A back end with a fault must neither lose the mail nor try it without end.
            log.exception("a mail could not be sent", mail_id=mail.id)
            await self._failed(mail, repr(error), self._retry_at(mail))
        else:
            now = self._clock.now()
            await self._store.write(lambda tx: mails.mark_sent(tx, mail, now=now))
            log.info("mail sent", mail_id=mail.id, attempts=mail.attempts_count)

    def _retry_at(self, mail: Mail) -> datetime | None:
        return next_attempt_at(
            attempts_count=mail.attempts_count, created_at=mail.created_at, now=self._clock.now()
        )

    async def _failed(self, mail: Mail, error: str, retry_at: datetime | None) -> None:
        log.warning("mail not sent", mail_id=mail.id, error=error, retry_at=str(retry_at))
        await self._store.write(lambda tx: mails.mark_failed(tx, mail, error=error, retry_at=retry_at))


async def _first_of(*events: asyncio.Event, timeout_s: float) -> None:
    """Wait until one of the events is set, or the time is up."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
