"""Policies of hosts, and what an inbound activity does for the queue."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from libline_fed.clock import FrozenClock
from libline_fed.domain.peers import Peer
from libline_fed.storage import deliveries, peers
from libline_fed.storage.store import Store
from libline_fed.storage.tables import deliveries as delivery_table
from libline_fed.storage.tables import peers as peer_table
from tests.support.outbox import Outbox

HOST = "peer.example"
INBOX = (HOST, f"https://{HOST}/inbox")


async def _peer(store: Store, host: str = HOST) -> Peer:
    peer = await store.read(lambda tx: peers.get(tx, host))
    assert peer is not None
    return peer


async def _set(store: Store, **values: object) -> None:
    await store.write(lambda tx: tx.execute(update(peer_table).values(**values)))


async def _set_deliveries(store: Store, **values: object) -> None:
    await store.write(lambda tx: tx.execute(update(delivery_table).values(**values)))


async def test_a_policy_is_kept_changed_and_listed(store: Store, now: datetime) -> None:
    with store.subscription("peers") as woken:
        await store.write(lambda tx: peers.set_policy(tx, "bad.example", "blocked", "spam", now))
        await woken.wait()
    await store.write(lambda tx: peers.ensure(tx, ["plain.example"], now))
    assert await store.read(peers.all_policies) == {"bad.example": "blocked"}
    assert await store.read(lambda tx: peers.policy_of(tx, "bad.example")) == "blocked"
    assert await store.read(lambda tx: peers.policy_of(tx, "unknown.example")) == "default"
    listed = await store.read(lambda tx: peers.list_peers(tx, policy="blocked"))
    assert [(peer.host, peer.note) for peer in listed] == [("bad.example", "spam")]

    await store.write(lambda tx: peers.set_policy(tx, "bad.example", "default", "", now))
    assert await store.read(peers.all_policies) == {}


async def test_peers_are_listed_page_by_page(store: Store, now: datetime) -> None:
    await store.write(lambda tx: peers.ensure(tx, [f"{letter}.example" for letter in "cab"], now))
    first = await store.read(lambda tx: peers.list_peers(tx, limit=2))
    rest = await store.read(lambda tx: peers.list_peers(tx, after_host=first[-1].host))
    assert [peer.host for peer in first + rest] == ["a.example", "b.example", "c.example"]


async def test_a_first_contact_makes_a_row_and_repeated_ones_write_seldom(
    store: Store, clock: FrozenClock, now: datetime
) -> None:
    await store.write(lambda tx: peers.heard(tx, [HOST], now))
    assert (await _peer(store)).heard_at == now
    await store.write(lambda tx: peers.heard(tx, [HOST], clock.advance(seconds=10)))
    assert (await _peer(store)).heard_at == now
    later = clock.advance(seconds=600)
    await store.write(lambda tx: peers.heard(tx, [HOST, HOST], later))
    assert (await _peer(store)).heard_at == later


@pytest.mark.parametrize("last_status", [None, 503])
async def test_contact_frees_what_waits_for_an_unreachable_host(
    store: Store, now: datetime, last_status: int | None
) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([INBOX], now)
    tomorrow = now + timedelta(days=1)
    await _set(store, next_due_at=tomorrow, closed_until=tomorrow, failures_count=5, first_failure_at=now)
    await _set_deliveries(store, next_attempt_at=tomorrow, attempts_count=9, last_status=last_status)

    with store.subscription("deliveries") as woken:
        await store.write(lambda tx: peers.heard(tx, [HOST], now))
        await woken.wait()

    peer = await _peer(store)
    assert peer.closed_until == peer.next_due_at == now + timedelta(seconds=2)
    row = (await store.read(deliveries.list_deliveries))[0]
    assert row.next_attempt_at == now


async def test_contact_frees_a_paused_host_whose_rows_are_due(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([INBOX], now)
    await _set(store, closed_until=now + timedelta(hours=1), failures_count=5, first_failure_at=now)
    await store.write(lambda tx: peers.heard(tx, [HOST], now))
    assert (await _peer(store)).closed_until == now + timedelta(seconds=2)


async def test_contact_does_not_overrule_retry_after(store: Store, now: datetime) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([INBOX], now)
    later = now + timedelta(hours=1)
    await _set(store, next_due_at=later, closed_until=later, failures_count=0)
    await _set_deliveries(store, next_attempt_at=later, last_status=503)
    await store.write(lambda tx: peers.heard(tx, [HOST], now))
    assert (await _peer(store)).closed_until == later
    assert (await store.read(deliveries.list_deliveries))[0].next_attempt_at == later


@pytest.mark.parametrize("last_status", [401, 404, 429])
async def test_contact_does_not_repeat_what_was_refused(
    store: Store, now: datetime, last_status: int
) -> None:
    outbox = await Outbox.open(store, now)
    await outbox.post([INBOX], now)
    later = now + timedelta(hours=1)
    await _set(store, next_due_at=later)
    await _set_deliveries(store, next_attempt_at=later, last_status=last_status)
    await store.write(lambda tx: peers.heard(tx, [HOST], now))
    assert (await _peer(store)).next_due_at == later
    assert (await store.read(deliveries.list_deliveries))[0].next_attempt_at == later


async def test_contact_wakes_nobody_when_nothing_waits(store: Store, now: datetime) -> None:
    await store.write(lambda tx: peers.ensure(tx, [HOST], now))
    woken: list[set[str]] = []

    async def unit(tx: object) -> None:
        await peers.heard(tx, [HOST], now)  # type: ignore[arg-type]
        woken.append(tx.channels)  # type: ignore[attr-defined]

    await store.write(unit)
    assert woken == [set()]
