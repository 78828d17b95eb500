"""The delivery queue: adding, leasing, order, recording, replaying, pruning. On both engines."""

import asyncio
import time
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select, update

from libline_fed.clock import FrozenClock
from libline_fed.domain.deliveries import Delivery, DeliveryState, DueDelivery, Recorded
from libline_fed.domain.peers import Peer
from libline_fed.errors import LibLineError
from libline_fed.storage import deliveries, delivery_leases
from libline_fed.storage.store import Store
from libline_fed.storage.tables import deliveries as table
from libline_fed.storage.tables import peers as peer_table
from tests.support.outbox import URIS, Outbox

LEASE_S = 60.0
NOTE = URIS.proposal("note")


def _inbox(host: str, name: str = "inbox") -> tuple[str, str]:
    return host, f"https://{host}/{name}"


A, B, C = _inbox("a.example"), _inbox("b.example"), _inbox("c.example")


async def _claim(store: Store, now: datetime, *, limit: int = 100, may_take_over: bool = True) -> list[Peer]:
    return await store.write(
        lambda tx: delivery_leases.claim(
            tx, limit=limit, now=now, lease_s=LEASE_S, may_take_over=may_take_over
        )
    )


async def _due(store: Store, now: datetime, *hosts: str) -> list[DueDelivery]:
    due = await store.read(lambda tx: delivery_leases.due_of(tx, hosts, now=now))
    return [each for rows in due.values() for each in rows]


async def _record(store: Store, attempts: Collection[Recorded]) -> None:
    await store.write(lambda tx: delivery_leases.record(tx, list(attempts)))


async def _delivered(store: Store, rows: Collection[DueDelivery], now: datetime) -> None:
    await _record(store, [Recorded(row, DeliveryState.DELIVERED, now, last_status=202) for row in rows])


async def _all(store: Store) -> list[Delivery]:
    found = await store.read(lambda tx: deliveries.list_deliveries(tx, limit=1_000))
    return sorted(found, key=lambda row: row.id)


async def _release(store: Store) -> None:
    await store.write(lambda tx: tx.execute(update(peer_table).values(lease_until=None)))


async def test_rows_exist_only_with_the_event_that_caused_them(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)

    async def fail_after_saying(tx: object) -> None:
        await outbox.say(tx, [A], now)  # type: ignore[arg-type]
        raise LibLineError("no")

    try:
        await store.write(fail_after_saying)
    except LibLineError:
        assert await _all(store) == []
        assert await _claim(store, now) == []
    else:
        raise AssertionError("the unit must fail")


async def test_an_inbox_gets_an_activity_once(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    activity_id = await outbox.post([A, A, B, _inbox("a.example", "users/bo/inbox")], now)
    again = await store.write(
        lambda tx: deliveries.add_many(
            tx, activity_id=activity_id, actor_id=outbox.actor_id, object_uri=NOTE, inboxes=[A, C],
            is_delete=False, now=now,
        )
    )
    assert again == 1
    assert sorted(row.inbox_url for row in await _all(store)) == [
        "https://a.example/inbox", "https://a.example/users/bo/inbox", "https://b.example/inbox",
        "https://c.example/inbox",
    ]


async def test_ten_thousand_rows_are_added_fast(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    inboxes = [_inbox(f"h{n % 1_000}.example", f"users/{n}/inbox") for n in range(10_000)]
    begin_s = time.process_time()
    await outbox.post(inboxes, now)
    assert time.process_time() - begin_s < 5
    assert (await store.read(deliveries.count_by_state))["queued"] == 10_000
    assert len(await _claim(store, now, limit=2_000)) == 1_000


async def test_adding_wakes_the_workers(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    with store.subscription("deliveries") as woken:
        await outbox.post([A], now)
        async with asyncio.timeout(5):
            await woken.wait()


async def test_a_host_is_leased_once_until_its_lease_ends(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A, B], now)
    first = await _claim(store, now)
    assert sorted(peer.host for peer in first) == ["a.example", "b.example"]
    assert await _claim(store, now + timedelta(seconds=59)) == []

    taken_over = await _claim(store, now + timedelta(seconds=61))
    assert {peer.host: peer.fence for peer in taken_over} == {peer.host: peer.fence + 1 for peer in first}
    # The dead worker may have sent them.
    assert {row.attempts_count for row in await _all(store)} == {1}


async def test_after_a_clock_step_ended_leases_are_left_alone(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A], now)
    await _claim(store, now)
    tomorrow = now + timedelta(days=1)
    assert await _claim(store, tomorrow, may_take_over=False) == []
    assert len(await _claim(store, tomorrow)) == 1


async def test_workers_side_by_side_share_the_hosts(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([_inbox(f"h{n}.example") for n in range(100)], now)
    shares = await asyncio.gather(*(_claim(store, now, limit=30) for _ in range(5)))
    hosts = [peer.host for share in shares for peer in share]
    assert len(hosts) == len(set(hosts))
    hosts += [peer.host for peer in await _claim(store, now)]
    assert sorted(hosts) == sorted(f"h{n}.example" for n in range(100))


async def test_failing_hosts_wait_behind_healthy_ones_but_not_for_ever(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A, B], now)
    await store.write(
        lambda tx: tx.execute(
            update(peer_table).where(peer_table.c.host == "a.example").values(failures_count=2)
        )
    )
    await store.write(
        lambda tx: tx.execute(
            update(peer_table)
            .where(peer_table.c.host == "b.example")
            .values(next_due_at=now + timedelta(seconds=1))
        )
    )
    assert [peer.host for peer in await _claim(store, now + timedelta(seconds=1), limit=1)] == ["b.example"]
    await _release(store)
    assert [peer.host for peer in await _claim(store, now + timedelta(seconds=70), limit=1)] == ["a.example"]


async def test_closed_hosts_are_not_leased(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A], now)
    until = now + timedelta(minutes=30)
    await store.write(lambda tx: tx.execute(update(peer_table).values(closed_until=until)))
    assert not await store.read(lambda tx: delivery_leases.has_due(tx, now=now))
    assert await _claim(store, now) == []
    assert len(await _claim(store, until)) == 1


async def test_renewing_keeps_only_what_is_still_ours(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A, B], now)
    fences = {peer.host: peer.fence for peer in await _claim(store, now)}
    fences["b.example"] -= 1  # somebody else has it by now
    later = now + timedelta(seconds=50)
    ours = await store.write(lambda tx: delivery_leases.renew(tx, fences, now=later, lease_s=LEASE_S))
    assert ours == {"a.example"}
    assert [peer.host for peer in await _claim(store, now + timedelta(seconds=61))] == ["b.example"]


async def test_about_one_object_only_the_oldest_row_is_due(
    store: Store, clock: FrozenClock, now: datetime
) -> None:
    outbox = await Outbox.open(store, now)
    create_id = await outbox.post([A, B], now, object_uri=NOTE)
    update_id = await outbox.post([A, B], now, type_="Update", object_uri=NOTE)
    other_id = await outbox.post([A], now)
    due = await _due(store, now, "a.example")
    assert [row.activity_id for row in due] == [create_id, other_id]

    retry_at = clock.advance(seconds=60)
    await _record(store, [Recorded(due[0], DeliveryState.QUEUED, now, retry_at, 503, "down")])
    await _delivered(store, due[1:], now)
    assert await _due(store, now, "a.example") == []
    assert await store.read(lambda tx: delivery_leases.next_due(tx, ["a.example"])) == {"a.example": retry_at}

    again = await _due(store, retry_at, "a.example")
    assert [row.activity_id for row in again] == [create_id]
    await _delivered(store, again, retry_at)
    assert [row.activity_id for row in await _due(store, retry_at, "a.example")] == [update_id]
    assert [row.activity_id for row in await _due(store, retry_at, "b.example")] == [create_id]


async def test_a_host_with_a_long_queue_gets_a_turn_at_a_time(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    for _ in range(40):
        await outbox.post([A], now)
    await outbox.post([B], now)
    due = await _due(store, now, "a.example", "b.example")
    assert [row.host for row in due].count("a.example") == delivery_leases.TURN_ROWS
    assert [row.host for row in due].count("b.example") == 1


async def test_a_cancelled_row_stays_cancelled_when_its_attempt_is_recorded(
    store: Store, now: datetime
) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A], now)
    due = await _due(store, now, "a.example")
    await store.write(lambda tx: deliveries.cancel(tx, host="a.example", reason="blocked", now=now))
    await _delivered(store, due, now)
    assert [row.state for row in await _all(store)] == ["cancelled"]


async def test_a_delete_takes_back_what_never_left(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A, B, C], now, object_uri=NOTE)
    await outbox.post([A, B, C], now, type_="Update", object_uri=NOTE)
    await _delivered(store, (await _due(store, now, "b.example")), now)
    failed = await _due(store, now, "c.example")
    await _record(store, [Recorded(failed[0], DeliveryState.QUEUED, now, now, 500, "down")])

    await outbox.post([A, B, C, _inbox("d.example")], now, type_="Delete", object_uri=NOTE)

    states = [(row.host[0], row.state, row.is_delete) for row in await _all(store)]
    assert [each for each in states if each[0] == "a"] == [("a", "cancelled", False)] * 2
    assert [each for each in states if each[0] == "b"] == [
        ("b", "delivered", False), ("b", "queued", False), ("b", "queued", True),
    ]
    assert [each for each in states if each[0] == "c"] == [
        ("c", "queued", False), ("c", "queued", False), ("c", "queued", True),
    ]
    assert [each for each in states if each[0] == "d"] == [("d", "queued", True)]


async def test_a_delete_takes_nothing_back_that_may_be_on_its_way(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A], now, object_uri=NOTE)
    await _claim(store, now)
    await outbox.post([A], now, type_="Delete", object_uri=NOTE)
    assert [(row.state, row.is_delete) for row in await _all(store)] == [("queued", False), ("queued", True)]


async def test_a_delete_goes_out_where_the_create_was_delivered_and_pruned(
    store: Store, now: datetime
) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A], now, object_uri=NOTE)
    await _delivered(store, await _due(store, now, "a.example"), now)
    later = now + timedelta(days=4)
    assert await store.write(lambda tx: deliveries.prune(tx, now=later)) == 1
    await outbox.post([A], later, type_="Update", object_uri=NOTE)
    await outbox.post([A], later, type_="Delete", object_uri=NOTE)
    assert [(row.state, row.is_delete) for row in await _all(store)] == [("queued", False), ("queued", True)]


async def test_dead_rows_are_kept_with_their_reason_and_replayed_with_all_their_days(
    store: Store, now: datetime
) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A], now)
    due = await _due(store, now, "a.example")
    await _record(store, [Recorded(due[0], DeliveryState.DEAD, now, None, 413, "too large")])
    later = now + timedelta(days=30)
    assert await store.write(lambda tx: deliveries.prune(tx, now=later)) == 0
    (dead,) = await _all(store)
    assert (dead.state, dead.last_status, dead.last_error) == ("dead", 413, "too large")
    assert dead.finished_at == now

    assert await store.write(lambda tx: deliveries.replay(tx, ids=[dead.id], now=later)) == 1
    (queued,) = await _all(store)
    assert (queued.state, queued.created_at, queued.finished_at) == ("queued", later, None)
    assert len(await _claim(store, later)) == 1


async def test_what_was_deleted_since_is_not_replayed(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A], now, object_uri=NOTE)
    due = await _due(store, now, "a.example")
    await _record(store, [Recorded(due[0], DeliveryState.DEAD, now, None, 422, "refused")])
    await outbox.post([A], now, type_="Delete", object_uri=NOTE)
    assert await store.write(lambda tx: deliveries.replay(tx, host="a.example", now=now)) == 0


async def test_hastening_makes_rows_and_their_host_due(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A, B], now)
    later = now + timedelta(hours=6)
    await store.write(lambda tx: tx.execute(update(table).values(next_attempt_at=later)))
    await store.write(lambda tx: tx.execute(update(peer_table).values(next_due_at=later, closed_until=later)))
    assert await store.write(lambda tx: deliveries.hasten(tx, host="a.example", now=now)) == 1
    assert [peer.host for peer in await _claim(store, now)] == ["a.example"]
    assert len(await _due(store, now, "a.example", "b.example")) == 1


async def test_old_rows_expire_and_deletes_later(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A], now, object_uri=NOTE)
    await outbox.post([A], now, type_="Delete", object_uri=URIS.proposal("other"))
    await outbox.post([A], now + timedelta(days=8))
    at = now + timedelta(days=8)
    expired = await store.write(
        lambda tx: deliveries.expire(
            tx, "a.example", before=at - timedelta(days=7), deletes_before=at - timedelta(days=30), now=at
        )
    )
    assert expired == 1
    assert [row.state for row in await _all(store)] == ["dead", "queued", "queued"]


async def test_a_moved_inbox_takes_its_queue_along(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    new = _inbox("new.example")
    await outbox.post([A], now)
    await outbox.post([A, new], now)  # gets it already
    moved = await store.write(
        lambda tx: deliveries.move_inbox(
            tx, host=A[0], inbox_url=A[1], new_host=new[0], new_inbox_url=new[1], now=now
        )
    )
    assert moved == 1
    assert [(row.host, row.state) for row in await _all(store)] == [
        ("new.example", "queued"), ("a.example", "cancelled"), ("new.example", "queued"),
    ]
    assert "new.example" in [peer.host for peer in await _claim(store, now)]


async def test_an_inbox_whose_owner_is_gone_takes_its_queue_along(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A, _inbox("a.example", "users/bo/inbox")], now)
    await store.write(lambda tx: deliveries.finish_inbox(tx, A[0], A[1], reason="gone", now=now))
    assert [(row.state, row.last_error) for row in await _all(store)] == [("dead", "gone"), ("queued", None)]


async def test_finished_rows_are_pruned_after_three_days(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A, B, C], now)
    await _delivered(store, await _due(store, now, "a.example"), now)
    await store.write(lambda tx: deliveries.cancel(tx, host="b.example", reason="x", now=now))
    before, after = now + timedelta(days=3), now + timedelta(days=3, seconds=1)
    assert await store.write(lambda tx: deliveries.prune(tx, now=before)) == 0
    assert await store.write(lambda tx: deliveries.prune(tx, now=after, limit=1)) == 1
    assert await store.write(lambda tx: deliveries.prune(tx, now=after)) == 1
    assert [row.state for row in await _all(store)] == ["queued"]


async def test_the_queue_is_counted_by_state_and_host(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A, B], now)
    await outbox.post([A], now)
    due = await _due(store, now, "b.example")
    await _record(store, [Recorded(due[0], DeliveryState.DEAD, now, None, 400, "refused")])
    assert await store.read(deliveries.count_by_state) == {
        "queued": 2, "delivered": 0, "dead": 1, "cancelled": 0,
    }
    hosts = await store.read(deliveries.count_by_host)
    assert [(each.host, each.queued_count, each.dead_count) for each in hosts] == [
        ("a.example", 2, 0), ("b.example", 0, 1),
    ]


async def test_a_clock_that_was_set_back_makes_everything_due(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([A], now)
    yesterday = now - timedelta(days=1)
    assert await _claim(store, yesterday) == []
    assert await store.read(deliveries.latest_moment) == now
    await store.write(lambda tx: delivery_leases.forget_waits(tx, now=yesterday))
    assert len(await _claim(store, yesterday)) == 1
    assert len(await _due(store, yesterday, "a.example")) == 1


def test_the_queue_is_asked_for_as_the_partial_index_spells_it() -> None:
    # A bound parameter would hide from the planner that the index of queued rows is enough.
    assert "deliveries.state = 'queued'" in str(select(table.c.id).where(deliveries.IS_QUEUED))
