"""The inbox queue, on both engines: leased once, in order, fenced; retried on a schedule; nothing starves."""

import asyncio
import hashlib
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import text

from libline_fed.domain.inbox_activities import (
    MAX_ATTEMPTS,
    RETRY_DELAYS,
    InboxOutcome,
    InboxState,
    ReceivedActivity,
)
from libline_fed.errors import Conflict, NotFound, RefusalReason
from libline_fed.storage import inbox_activities as queue
from libline_fed.storage.store import Store

DAY = timedelta(days=1)
LEASE_S = 60.0


def received(name: str, *, signer: str = "ana", host: str = "peer.example") -> ReceivedActivity:
    uri = f"https://{host}/activities/{name}"
    return ReceivedActivity(
        activity_hash=hashlib.sha256(uri.encode()).digest(),
        activity_uri=uri,
        type="Create",
        actor_uri=f"https://{host}/users/{signer}",
        signer_uri=f"https://{host}/users/{signer}",
        key_id=f"https://{host}/users/{signer}#main-key",
        host=host,
        body=b'{"type":"Create"}',
    )


def add(store, *activities, now):
    return store.write(lambda tx: queue.add_many(tx, activities, now=now))


def lease(store, *, now, limit=200):
    return store.write(lambda tx: queue.lease_batch(tx, limit=limit, lease_s=LEASE_S, now=now))


def finish(store, *activities, now, state=InboxState.APPLIED, reason=None):
    outcomes = [InboxOutcome(activity, state, reason) for activity in activities]
    return store.write(lambda tx: queue.finish_many(tx, outcomes, now=now))


def names(activities):
    return [activity.activity_uri.rpartition("/")[2] for activity in activities]


async def only(store):
    [activity] = await store.read(lambda tx: queue.list_newest(tx, limit=2))
    return activity


# --- adding ---------------------------------------------------------------------------------------


async def test_what_is_added_comes_back_letter_for_letter(store, now):
    one = received("1")
    assert await add(store, one, now=now) == {one.activity_hash}
    [leased] = await lease(store, now=now)
    assert {name: getattr(leased, name) for name in ReceivedActivity.__slots__} == {
        name: getattr(one, name) for name in ReceivedActivity.__slots__
    }
    assert (leased.received_at, leased.state, leased.attempts_count) == (now, "pending", 1)


async def test_duplicates_are_skipped_within_a_batch_across_batches_and_after_they_were_applied(store, now):
    one, two = received("1"), received("2")
    assert await add(store, one, one, now=now) == {one.activity_hash}
    assert await add(store, one, two, now=now) == {two.activity_hash}
    await finish(store, *await lease(store, now=now), now=now)
    assert await add(store, one, two, now=now + 400 * DAY) == set()
    assert await lease(store, now=now + 400 * DAY) == []


async def test_adding_nothing_adds_nothing_and_wakes_nobody(store, now):
    async def unit(tx):
        assert await queue.add_many(tx, [], now=now) == set()
        return tx.channels

    assert await store.write(unit) == set()


async def test_only_what_is_new_wakes_the_workers(store, now):
    async def unit(tx):
        await queue.add_many(tx, [received("1")], now=now)
        return set(tx.channels)

    assert await store.write(unit) == {queue.CHANNEL}
    assert await store.write(unit) == set()


async def test_concurrent_duplicates_are_stored_once(store, now):
    batches = [[received(str(i)) for i in range(20)] for _ in range(10)]
    new = await asyncio.gather(*[add(store, *batch, now=now) for batch in batches])
    assert sum(len(hashes) for hashes in new) == 20
    assert len(await lease(store, now=now)) == 20


# --- leasing --------------------------------------------------------------------------------------


async def test_the_oldest_come_first_and_one_signer_keeps_the_order_received(store, now):
    await add(store, *[received(f"{i}", signer=f"s{i % 3}") for i in range(9)], now=now)
    await add(store, received("late"), now=now + timedelta(seconds=1))
    assert names(await lease(store, now=now + timedelta(seconds=1), limit=4)) == ["0", "1", "2", "3"]


async def test_a_signer_is_in_one_leased_batch_only(store, now):
    await add(store, *[received(f"{i}") for i in range(4)], received("b", signer="ben"), now=now)
    first = await lease(store, now=now, limit=2)
    assert names(first) == ["0", "1"]
    assert names(await lease(store, now=now, limit=2)) == ["b"]
    await finish(store, *first, now=now)
    assert names(await lease(store, now=now, limit=2)) == ["2", "3"]


async def test_two_stores_that_lease_at_once_never_share_a_row_or_a_signer(store, database_url, now):
    await add(store, *[received(f"{i}", signer=f"s{i % 40}") for i in range(400)], now=now)
    other = await Store(database_url).open()
    seen: list[str] = []
    working: Counter[str] = Counter()

    async def worker(own):
        while batch := await lease(own, now=now, limit=15):
            working.update({one.signer_uri for one in batch})
            assert max(working.values()) == 1
            await asyncio.sleep(0)
            working.subtract({one.signer_uri for one in batch})
            await finish(own, *batch, now=now)
            seen.extend(names(batch))

    try:
        await asyncio.gather(*[worker(own) for own in (store, other) for _ in range(2)])
        await worker(store)  # a worker ends when the others hold all signers
    finally:
        await other.close()
    assert sorted(seen, key=int) == [str(i) for i in range(400)]
    for signer in range(40):
        of_signer = [int(name) for name in seen if int(name) % 40 == signer]
        assert of_signer == sorted(of_signer)


async def test_a_lease_that_ends_is_taken_over_and_the_late_finisher_is_refused(store, now):
    await add(store, received("1"), now=now)
    [late] = await lease(store, now=now)
    assert await lease(store, now=now + timedelta(seconds=LEASE_S - 1)) == []
    later = now + timedelta(seconds=LEASE_S)
    [present] = await lease(store, now=later)
    assert present.fence > late.fence
    with pytest.raises(Conflict):
        await finish(store, late, now=later)
    assert await store.write(lambda tx: queue.still_leased(tx, [late])) == []
    assert await store.write(lambda tx: queue.still_leased(tx, [present])) == [present]
    await finish(store, present, now=later)
    assert (await only(store)).state == "applied"


async def test_a_late_finisher_undoes_its_effects_with_the_whole_batch(store, now):
    await add(store, received("1"), received("2", signer="ben"), now=now)
    late = await lease(store, now=now)
    later = now + timedelta(seconds=LEASE_S)
    await lease(store, now=later, limit=1)

    async def apply(tx):
        await queue.add_many(tx, [received("effect")], now=now)
        await queue.finish_many(tx, [InboxOutcome(one, InboxState.APPLIED) for one in late], now=later)

    with pytest.raises(Conflict):
        await store.write(apply)
    counts = await store.read(queue.count_by_state)
    assert counts[InboxState.APPLIED] == 0
    assert sum(counts.values()) == 2


async def test_finishing_twice_is_refused(store, now):
    await add(store, received("1"), now=now)
    [leased] = await lease(store, now=now)
    await finish(store, leased, now=now)
    with pytest.raises(Conflict):
        await finish(store, leased, now=now)


async def test_outcomes_of_every_kind_are_recorded_in_one_call(store, now):
    await add(store, *[received(f"{i}") for i in range(5)], now=now)
    leased = await lease(store, now=now)
    kinds = [
        InboxOutcome(leased[0], InboxState.APPLIED),
        InboxOutcome(leased[1], InboxState.IGNORED, "not-for-us"),
        InboxOutcome(leased[2], InboxState.REFUSED, "wrong-owner", "x" * 5000),
        InboxOutcome(leased[3], InboxState.PENDING, "unavailable"),
        InboxOutcome(leased[4], InboxState.QUARANTINED, "poison", "KeyError"),
    ]
    await store.write(lambda tx: queue.finish_many(tx, kinds, now=now))
    rows = sorted(await store.read(lambda tx: queue.list_newest(tx, limit=9)), key=lambda row: row.id)
    assert [(row.state, row.reason, row.finished_at) for row in rows] == [
        ("applied", None, now), ("ignored", "not-for-us", now), ("refused", "wrong-owner", now),
        ("pending", "unavailable", None), ("quarantined", "poison", now),
    ]
    assert len(rows[2].detail) == 2000
    assert all(row.lease_until is None for row in rows)
    assert await store.read(queue.count_by_state) == dict.fromkeys(InboxState, 1)


# --- retries --------------------------------------------------------------------------------------


async def test_a_failing_activity_is_tried_five_times_on_schedule_and_then_quarantined(store, now):
    await add(store, received("1"), now=now)
    at = now
    for delay in RETRY_DELAYS:
        [leased] = await lease(store, now=at)
        await store.write(lambda tx, one=leased, at=at: queue.postpone(tx, one, reason="unavailable", now=at))
        assert await lease(store, now=at + delay - timedelta(seconds=1)) == []
        assert await store.read(queue.next_due_at) == at + delay
        at += delay
    [leased] = await lease(store, now=at)
    assert leased.attempts_count == MAX_ATTEMPTS
    await store.write(lambda tx: queue.postpone(tx, leased, reason="unavailable", detail="no answer", now=at))
    row = await only(store)
    assert (row.state, row.reason, row.detail) == ("quarantined", "unavailable", "no answer")
    assert await lease(store, now=at + 10 * DAY) == []


async def test_a_postponed_activity_holds_nobody_back_not_even_its_signer(store, now):
    await add(store, received("1"), received("2"), received("b", signer="ben"), now=now)
    first = await lease(store, now=now, limit=1)
    await store.write(lambda tx: queue.postpone(tx, first[0], reason="unavailable", now=now))
    assert names(await lease(store, now=now)) == ["2", "b"]


async def test_one_that_kills_its_worker_is_singled_out_and_quarantined_the_others_are_applied(store, now):
    await add(store, *[received(f"{i}", signer=f"s{i}") for i in range(10)], now=now)
    applied, at = [], now
    for _ in range(20):
        batch = await lease(store, now=at)
        if not batch:
            break
        if "4" in names(batch):  # the worker dies: nothing is recorded, the lease ends
            at += timedelta(seconds=LEASE_S)
            continue
        await finish(store, *batch, now=at)
        applied += names(batch)
    assert sorted(applied) == [str(i) for i in range(10) if i != 4]
    [poison] = await store.read(lambda tx: queue.list_refused(tx, limit=9))
    assert (names([poison]), poison.state, poison.reason) == (["4"], "quarantined", RefusalReason.POISON)
    assert poison.attempts_count == MAX_ATTEMPTS


# --- the clock ------------------------------------------------------------------------------------


async def test_nothing_starves_when_the_clock_jumps_back_a_day(store, now):
    await add(store, *[received(name, signer=name) for name in ("new", "retried", "leased")], now=now)
    batch = {names([one])[0]: one for one in await lease(store, now=now)}
    await store.write(lambda tx: queue.postpone(tx, batch["retried"], reason="unavailable", now=now))
    await store.write(lambda tx: queue.postpone(tx, batch["new"], reason="unavailable", now=now))
    await add(store, received("waiting", signer="dan"), now=now)
    back = now - DAY
    assert sorted(names(await lease(store, now=back))) == ["leased", "new", "retried", "waiting"]


async def test_a_jump_forward_costs_one_early_attempt_and_applies_nothing_twice(store, now):
    await add(store, received("1"), now=now)
    [first] = await lease(store, now=now)
    [second] = await lease(store, now=now + DAY)
    with pytest.raises(Conflict):
        await finish(store, first, now=now)
    await finish(store, second, now=now)
    assert (await only(store)).state == "applied"


async def test_a_lease_made_while_the_clock_was_a_day_ahead_does_not_outlive_the_correction(store, now):
    await add(store, received("1"), now=now)
    await lease(store, now=now + DAY)
    assert names(await lease(store, now=now)) == ["1"]


# --- looking and tidying --------------------------------------------------------------------------


async def test_a_refused_activity_can_be_replayed_with_all_its_retries(store, now):
    await add(store, received("1"), now=now)
    [leased] = await lease(store, now=now)
    await finish(store, leased, now=now, state=InboxState.REFUSED, reason="unknown-object")
    replayed = await store.write(lambda tx: queue.replay(tx, leased.id, now=now + DAY))
    assert (replayed.state, replayed.attempts_count, replayed.reason) == ("pending", 0, None)
    [again] = await lease(store, now=now + DAY)
    assert again.fence > leased.fence
    with pytest.raises(Conflict):
        await finish(store, leased, now=now + DAY)


async def test_what_waits_was_applied_or_is_not_there_cannot_be_replayed(store, now):
    await add(store, received("1"), now=now)
    waiting = await only(store)
    with pytest.raises(Conflict, match="waits already"):
        await store.write(lambda tx: queue.replay(tx, waiting.id, now=now))
    await finish(store, *await lease(store, now=now), now=now)
    with pytest.raises(Conflict, match="was applied"):
        await store.write(lambda tx: queue.replay(tx, waiting.id, now=now))
    with pytest.raises(NotFound):
        await store.write(lambda tx: queue.replay(tx, 999, now=now))


async def test_lists_are_newest_first_of_the_asked_states_and_go_on_where_they_ended(store, now):
    await add(store, *[received(f"{i}") for i in range(6)], now=now)
    leased = await lease(store, now=now)
    await finish(store, *leased[:2], now=now, state=InboxState.REFUSED, reason="wrong-owner")
    await finish(store, leased[2], now=now, state=InboxState.QUARANTINED, reason="poison")
    await finish(store, leased[3], now=now)
    page = await store.read(lambda tx: queue.list_refused(tx, limit=2))
    assert names(page) == ["2", "1"]
    rest = await store.read(lambda tx: queue.list_refused(tx, before_id=page[-1].id, limit=2))
    assert names(rest) == ["0"]
    pending = await store.read(lambda tx: queue.list_newest(tx, states=[InboxState.PENDING], limit=9))
    assert names(pending) == ["5", "4"]


async def test_bodies_are_dropped_30_days_after_the_outcome_and_the_hash_stays(store, now):
    await add(store, received("old"), received("waiting", signer="ben"), now=now)
    [old, _] = await lease(store, now=now)
    await finish(store, old, now=now)

    def drop(at):
        return store.write(lambda tx: queue.drop_old_bodies(tx, now=at))

    assert await drop(now + 30 * DAY) == 0
    assert await drop(now + 30 * DAY + timedelta(seconds=1)) == 1
    assert await drop(now + 400 * DAY) == 0
    rows = await store.read(lambda tx: queue.list_newest(tx, limit=9))
    assert {names([row])[0]: row.body for row in rows} == {"old": None, "waiting": b'{"type":"Create"}'}
    assert await add(store, received("old"), now=now + 400 * DAY) == set()


async def test_a_refused_activity_without_body_cannot_be_replayed(store, now):
    await add(store, received("1"), now=now)
    [leased] = await lease(store, now=now)
    await finish(store, leased, now=now, state=InboxState.REFUSED, reason="wrong-owner")
    await store.write(lambda tx: queue.drop_old_bodies(tx, now=now + 31 * DAY))
    with pytest.raises(Conflict, match="no body"):
        await store.write(lambda tx: queue.replay(tx, leased.id, now=now))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_sqlite_finds_what_is_due_by_its_index_without_sorting_the_backlog(store, now):
    statement = queue._due(200, now).compile(dialect=store._database._writer.dialect)
    names_of = statement.construct_params()
    values = tuple(
        value.replace(tzinfo=None).isoformat(" ") if hasattr(value, "tzinfo") else value
        for value in (names_of[name] for name in statement.positiontup)
    )
    sql = str(statement)

    def explain(connection):
        driver = connection.connection.driver_connection
        return [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {sql}", values)]

    plan = await store.run_bare(explain)
    used = "ix_inbox_activities_pending (lease_until=? AND next_attempt_at<?)"
    assert any(used in step for step in plan), plan
    window = plan[: next(i for i, step in enumerate(plan) if "LIST SUBQUERY" in step)]
    assert not any("TEMP B-TREE" in step for step in window), plan


async def test_an_unknown_state_cannot_be_written_at_all(store, now):
    await add(store, received("1"), now=now)
    with pytest.raises(Conflict):
        await store.write(lambda tx: tx.execute(text("UPDATE inbox_activities SET state = 'odd'")))
