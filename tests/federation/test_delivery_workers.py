"""Workers at work: fairness, several at once, dying, stopping, waking. With real time and real inboxes."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from libline_fed.errors import StoreBusy
from libline_fed.federation.delivery import DeliveryWorker
from libline_fed.federation.delivery_lanes import Lanes, most_in_flight_count
from libline_fed.storage import delivery_leases, peers
from libline_fed.storage.store import Store
from tests.federation.conftest import Sending
from tests.support.inboxes import Answer
from tests.support.outbox import URIS


@contextlib.asynccontextmanager
async def _running(*workers: DeliveryWorker) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(worker.run(stop)) for worker in workers]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def test_tarpits_do_not_slow_down_servers_that_answer(sending: Sending) -> None:
    tarpits = [await sending.inbox() for _ in range(12)]
    good = [await sending.inbox() for _ in range(12)]
    for inbox in tarpits:
        inbox.answers(Answer(hangs=True))
    for _ in range(2):
        targets = [inbox.target for inbox in tarpits + good]
        await sending.outbox.post(targets, sending.clock.now())
    begin_s = time.monotonic()
    async with _running(sending.worker(concurrency=8)):
        await sending.until(lambda: all(len(inbox.received) == 2 for inbox in good))
        assert time.monotonic() - begin_s < 5
        in_flight_count = sum(inbox.in_flight_count for inbox in tarpits)
        assert 8 <= in_flight_count <= most_in_flight_count(8)
        for inbox in tarpits:
            assert inbox.most_in_flight_count <= 1
            for connection in list(sending.client._transport._open):  # type: ignore[attr-defined]
                connection.close()  # as if the other side had


async def test_a_host_gets_one_request_at_a_time_and_takes_turns(sending: Sending) -> None:
    busy, other = await sending.inbox(), await sending.inbox()
    busy.answers(Answer(delay_s=0.01))
    said = [await sending.outbox.post([busy.target], sending.clock.now()) for _ in range(40)]
    await sending.outbox.post([other.target], sending.clock.now())
    other_after: list[int] = []

    def note(_: object) -> Answer:
        other_after.append(len(busy.received))
        return Answer()

    other.answer = note
    assert await sending.worker(concurrency=1).run_once() == 41
    assert busy.most_in_flight_count == 1
    assert other_after[0] <= 2
    assert busy.activity_uris == [URIS.activity(each) for each in said]


async def test_two_workers_on_one_database_send_nothing_twice(sending: Sending) -> None:
    inboxes = [await sending.inbox() for _ in range(20)]
    for inbox in inboxes:
        inbox.answers(Answer(delay_s=0.005))
    for _ in range(10):
        await sending.outbox.post([inbox.target for inbox in inboxes], sending.clock.now())
    async with contextlib.AsyncExitStack() as stack:
        stores = [
            await stack.enter_async_context(
                contextlib.aclosing(_Closing(await Store(_url_of(sending.store)).open()))
            )
            for _ in range(2)
        ]
        workers = []
        for closing in stores:
            sending.store = closing.store
            workers.append(sending.worker(concurrency=1))
        async with _running(*workers):
            await sending.until(lambda: sum(len(inbox.received) for inbox in inboxes) >= 200, timeout_s=30)
    sent = Counter(uri for inbox in inboxes for uri in inbox.activity_uris)
    assert set(sent.values()) == {20}
    assert all(inbox.most_in_flight_count == 1 for inbox in inboxes)
    assert all(worker.attempts_count > 0 for worker in workers)


class _Closing:
    """Lets `aclosing` close a store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def aclose(self) -> None:
        """Close it."""
        await self.store.close()


def _url_of(store: Store) -> str:
    return store.url.render_as_string(hide_password=False)


async def test_what_a_killed_worker_had_leased_is_taken_over(sending: Sending) -> None:
    inbox = await sending.inbox()
    await sending.outbox.post([inbox.target], sending.clock.now())
    now = sending.clock.now()
    await sending.store.write(lambda tx: delivery_leases.claim(tx, limit=9, now=now, lease_s=60))
    worker = sending.worker()
    sending.clock.advance(seconds=59)
    assert await worker.run_once() == 0
    sending.clock.advance(seconds=2)
    assert await worker.run_once() == 1
    assert (await sending.row()).state == "delivered"


async def test_a_lease_that_was_lost_records_nothing(sending: Sending) -> None:
    inbox = await sending.inbox()
    await sending.outbox.post([inbox.target], sending.clock.now())
    stolen = asyncio.Event()
    now = sending.clock.now()

    async def steal() -> None:
        await inbox.arrived.wait()
        later = now + timedelta(seconds=61)
        await sending.store.write(lambda tx: delivery_leases.claim(tx, limit=9, now=later, lease_s=60))
        stolen.set()

    inbox.answers(Answer(delay_s=1))
    thief = asyncio.create_task(steal())
    assert await sending.worker().run_once() == 1
    await thief
    assert stolen.is_set()
    row = await sending.row()
    assert row.state == "queued"  # the new holder sends and records it
    assert (await sending.peer(inbox.host)).lease_until is not None


async def test_a_long_request_keeps_its_lease(sending: Sending) -> None:
    inbox = await sending.inbox()
    inbox.answers(Answer(delay_s=1.5))
    await sending.outbox.post([inbox.target], sending.clock.now())
    worker = sending.worker(lease_s=2)
    task = asyncio.create_task(worker.run_once())
    await inbox.arrived.wait()
    first_until = (await sending.peer(inbox.host)).lease_until
    sending.clock.advance(seconds=1)
    await asyncio.sleep(1)
    renewed_until = (await sending.peer(inbox.host)).lease_until
    assert first_until is not None
    assert renewed_until is not None
    assert renewed_until > first_until
    assert await task == 1
    assert (await sending.row()).state == "delivered"


async def test_a_running_worker_is_woken_by_a_new_row(sending: Sending) -> None:
    inbox = await sending.inbox()
    async with _running(sending.worker()):
        await asyncio.sleep(0.3)  # it has found nothing and waits
        begin_s = time.monotonic()
        await sending.outbox.post([inbox.target], sending.clock.now())
        await inbox.arrived.wait()
        assert time.monotonic() - begin_s < 0.9  # sooner than the next poll


async def test_a_running_worker_delivers_soon_after_the_host_was_heard_from(sending: Sending) -> None:
    inbox = await sending.inbox()
    inbox.answers(Answer(500), Answer(202))
    await sending.outbox.post([inbox.target], sending.clock.now())
    async with _running(sending.worker()):
        await inbox.arrived.wait()
        async with asyncio.timeout(5):
            while (await sending.peer(inbox.host)).closed_until is None:
                await asyncio.sleep(0.02)
        now = sending.clock.now()
        await sending.store.write(lambda tx: peers.heard(tx, [inbox.host], now))
        sending.clock.advance(seconds=2)
        await sending.until(lambda: len(inbox.received) == 2, timeout_s=5)


async def test_a_stopped_worker_finishes_what_is_in_flight_and_gives_the_rest_back(sending: Sending) -> None:
    inbox = await sending.inbox()
    inbox.answers(Answer(delay_s=0.5))
    for _ in range(5):
        await sending.outbox.post([inbox.target], sending.clock.now())
    begin_s = time.monotonic()
    async with _running(sending.worker()):
        await inbox.arrived.wait()
    assert time.monotonic() - begin_s < 5
    assert [row.state for row in await sending.rows()] == ["delivered"] + ["queued"] * 4
    peer = await sending.peer(inbox.host)
    assert (peer.lease_until, peer.next_due_at) == (None, sending.clock.now())


async def test_a_request_that_does_not_end_is_interrupted_when_the_worker_stops(
    sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libline_fed.federation.delivery.STOP_S", 0.2)
    inbox = await sending.inbox()
    inbox.answers(Answer(hangs=True))
    await sending.outbox.post([inbox.target], sending.clock.now())
    async with _running(sending.worker()):
        await inbox.arrived.wait()
    row = await sending.row()
    assert (row.state, row.attempts_count, row.last_error) == ("queued", 1, "interrupted")
    assert row.next_attempt_at == sending.clock.now()
    assert (await sending.peer(inbox.host)).lease_until is None


async def test_a_worker_that_is_stopped_at_once_ends(sending: Sending) -> None:
    stop = asyncio.Event()
    stop.set()
    async with asyncio.timeout(5):
        await sending.worker().run(stop)


async def test_results_wait_while_the_database_is_busy(
    sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = await sending.inbox()
    await sending.outbox.post([inbox.target], sending.clock.now())
    record = delivery_leases.record
    busy = iter([True, True])

    async def busy_twice(*args: object) -> None:
        if next(busy, False):
            raise StoreBusy("locked")
        await record(*args)  # type: ignore[arg-type]

    monkeypatch.setattr("libline_fed.federation.delivery_records.BUSY_S", 0.01)
    monkeypatch.setattr(delivery_leases, "record", busy_twice)
    assert await sending.worker().run_once() == 1
    assert (await sending.row()).state == "delivered"
    assert len(inbox.received) == 1


async def test_slow_requests_step_aside_until_their_lane_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("libline_fed.federation.delivery_lanes.SLOW_AFTER_S", 0.01)
    rooms: list[bool] = []
    lanes = Lanes(1, lambda: rooms.append(True))
    with contextlib.ExitStack() as stack:
        for expected_count in (1, 2):
            stack.enter_context(lanes.enter())
            assert not lanes.has_room
            await asyncio.sleep(0.05)
            assert len(rooms) == expected_count
            assert lanes.has_room
        stack.enter_context(lanes.enter())
        await asyncio.sleep(0.05)
        assert not lanes.has_room  # the slow lane holds two
    assert lanes.has_room
