"""The delivery queue in the hands of an admin."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from libline_fed.errors import InvalidInput, NotFound
from libline_fed.services import deliveries as queue
from libline_fed.storage.store import Store
from libline_fed.storage.tables import deliveries as table
from tests.support.outbox import Outbox

A = ("a.example", "https://a.example/inbox")
B = ("b.example", "https://b.example/inbox")


async def _set(store: Store, host: str, **values: object) -> None:
    await store.write(lambda tx: tx.execute(update(table).where(table.c.host == host).values(**values)))


async def _states(store: Store) -> dict[str, str]:
    return {row.host: row.state for row in await store.read(queue.list_queue)}


async def test_the_queue_is_listed_newest_first_and_page_by_page(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    for _ in range(3):
        await outbox.post([A, B], now)
    first = await store.read(lambda tx: queue.list_queue(tx, limit=4))
    rest = await store.read(lambda tx: queue.list_queue(tx, limit=4, before_id=first[-1].id))
    ids = [row.id for row in first + rest]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 6
    assert len(await store.read(lambda tx: queue.list_queue(tx, host="a.example", state="queued"))) == 3


async def test_a_state_that_there_is_not_is_refused(store: Store) -> None:
    with pytest.raises(InvalidInput):
        await store.read(lambda tx: queue.list_queue(tx, state="lost"))


async def test_one_delivery_is_shown_with_its_server(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A], now)
    (row,) = await store.read(queue.list_queue)
    view = await store.read(lambda tx: queue.show(tx, row.id))
    assert view.delivery == row
    assert view.peer is not None
    assert view.peer.host == "a.example"
    with pytest.raises(NotFound):
        await store.read(lambda tx: queue.show(tx, row.id + 1))


async def test_retrying_without_a_choice_replays_what_is_dead_only(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A, B], now)
    await _set(store, "a.example", state="dead", finished_at=now, last_error="refused")
    await _set(store, "b.example", state="cancelled", finished_at=now, last_error="blocked")
    assert await store.write(lambda tx: queue.retry(tx, now=now)) == 1
    assert await _states(store) == {"a.example": "queued", "b.example": "cancelled"}


async def test_retrying_a_host_brings_forward_what_waits_and_replays_what_is_dead(
    store: Store, now: datetime
) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A], now)
    await _set(store, "a.example", state="dead", finished_at=now)
    await outbox.post([A, B], now)
    later = now + timedelta(hours=6)
    await store.write(lambda tx: tx.execute(update(table).values(next_attempt_at=later)))
    assert await store.write(lambda tx: queue.retry(tx, host="a.example", now=now)) == 2
    rows = await store.read(lambda tx: queue.list_queue(tx, host="a.example"))
    assert {(row.state, row.next_attempt_at) for row in rows} == {("queued", now)}
    (other,) = await store.read(lambda tx: queue.list_queue(tx, host="b.example"))
    assert other.next_attempt_at == later


async def test_a_cancelled_delivery_is_sent_when_it_is_named(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A], now)
    (row,) = await store.read(queue.list_queue)
    assert await store.write(lambda tx: queue.drop(tx, ids=[row.id], now=now)) == 1
    assert await _states(store) == {"a.example": "cancelled"}
    assert await store.write(lambda tx: queue.retry(tx, ids=[row.id], now=now)) == 1
    assert await _states(store) == {"a.example": "queued"}


async def test_dropping_gives_up_what_waits_and_what_is_dead_but_never_all(
    store: Store, now: datetime
) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A, B], now)
    await _set(store, "a.example", state="dead", finished_at=now)
    with pytest.raises(InvalidInput):
        await store.write(lambda tx: queue.drop(tx, now=now))
    assert await store.write(lambda tx: queue.drop(tx, host="a.example", now=now)) == 1
    assert await _states(store) == {"a.example": "cancelled", "b.example": "queued"}


async def test_dead_letters_and_counts_are_there_to_be_seen(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A, B], now)
    await _set(store, "a.example", state="dead", finished_at=now, last_status=413, last_error="too large")
    (dead,) = await store.read(queue.list_dead)
    assert (dead.host, dead.last_status, dead.last_error) == ("a.example", 413, "too large")
    summary = await store.read(queue.summarise)
    assert summary.counts == {"queued": 1, "delivered": 0, "dead": 1, "cancelled": 0}
    assert [(each.host, each.queued_count, each.dead_count) for each in summary.hosts] == [
        ("b.example", 1, 0),
        ("a.example", 0, 1),
    ]


async def test_finished_deliveries_are_pruned_and_dead_ones_kept(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A, B], now)
    await _set(store, "a.example", state="delivered", finished_at=now)
    await _set(store, "b.example", state="dead", finished_at=now)
    assert await store.write(lambda tx: queue.prune(tx, now=now + timedelta(days=4))) == 1
    assert await _states(store) == {"b.example": "dead"}
