"""The promises of `Store`, on both engines: durable, isolated, polite when busy, safe to cancel and close."""

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import event, select, text, update

from libline_fed.errors import Conflict, StoreBusy
from libline_fed.storage.backup import check_integrity
from libline_fed.storage.store import Store, Tx
from libline_fed.storage.tables import instance


def adding(key: str) -> Callable[[Tx], object]:
    async def unit(tx: Tx) -> str:
        await tx.execute(tx.insert(instance).values(key=key, value=1))
        return key

    return unit


async def keys(store: Store) -> set[str]:
    return set(await store.read(lambda tx: tx.scalars(select(instance.c.key))))


@contextlib.asynccontextmanager
async def opened(url: str, **options: float) -> AsyncIterator[Store]:
    store = await Store(url, **options).open()
    try:
        yield store
    finally:
        await store.close()


# --- durable --------------------------------------------------------------------------------------


async def test_a_write_returns_what_its_unit_returns_and_the_next_read_sees_it(store):
    assert await store.write(adding("a")) == "a"
    assert await keys(store) == {"a"}


async def test_a_unit_reads_its_own_changes(store):
    async def unit(tx):
        await adding("a")(tx)
        return await tx.scalars(select(instance.c.key))

    assert await store.write(unit) == ["a"]


async def test_the_engine_is_told_to_flush_every_commit(store):
    question = "PRAGMA synchronous" if store.dialect == "sqlite" else "SHOW synchronous_commit"
    assert await store.write(lambda tx: tx.scalar(text(question))) in {2, "on"}  # 2 is FULL


WRITE_FOR_EVER = """
import asyncio, sys
from itertools import count
from libline_fed.storage.store import Store
from libline_fed.storage.tables import instance

async def main():
    store = await Store(sys.argv[1]).open()
    async def lane(name):
        for i in count():
            key = f"{name}-{i}"
            await store.write(lambda tx: tx.execute(tx.insert(instance).values(key=key, value=i)))
            print(key, flush=True)
    await asyncio.gather(*[lane(name) for name in range(20)])

asyncio.run(main())
"""


@pytest.mark.crash
async def test_what_a_killed_process_has_acknowledged_is_there(database_url):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITE_FOR_EVER, database_url], stdout=subprocess.PIPE, text=True
    )
    acknowledged = [process.stdout.readline().strip() for _ in range(300)]
    process.kill()
    acknowledged += process.stdout.read().split("\n")[:-1]  # the last line may be cut
    process.stdout.close()
    process.wait()
    async with opened(database_url) as store:
        assert set(acknowledged) - {""} <= await keys(store)


# --- isolated -------------------------------------------------------------------------------------


async def test_a_failing_unit_does_not_harm_those_that_share_its_commit(store):
    async def failing(tx):
        await adding("bad")(tx)
        raise ValueError("no")

    units = [adding("a"), failing, adding("b"), failing, adding("c")]
    outcomes = await asyncio.gather(*[store.write(unit) for unit in units], return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["a", "no", "b", "no", "c"]
    assert await keys(store) == {"a", "b", "c"}


async def test_a_unit_that_fails_alone_leaves_nothing(store):
    async def failing(tx):
        await adding("bad")(tx)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await store.write(failing)
    assert await keys(store) == set()


async def test_a_unit_that_only_asked_may_fail_without_its_neighbours_running_again(store):
    runs = []

    async def counted(tx):
        runs.append(1)
        await adding("a")(tx)

    async def asking(tx):
        await tx.all(select(instance))
        raise LookupError

    await asyncio.gather(store.write(counted), store.write(asking), return_exceptions=True)
    assert len(runs) == 1


async def test_a_clash_is_a_conflict_and_undoes_the_whole_unit(store):
    await store.write(adding("a"))

    async def clashing(tx):
        await adding("b")(tx)
        await adding("a")(tx)

    outcomes = await asyncio.gather(store.write(clashing), store.write(adding("c")), return_exceptions=True)
    assert isinstance(outcomes[0], Conflict)
    assert await keys(store) == {"a", "c"}


async def test_a_conflict_inside_a_savepoint_may_be_caught(store):
    await store.write(adding("a"))

    async def unit(tx):
        await adding("b")(tx)
        with contextlib.suppress(Conflict):
            async with tx.savepoint():
                await adding("lost")(tx)
                await adding("a")(tx)
        await adding("c")(tx)

    await store.write(unit)
    assert await keys(store) == {"a", "b", "c"}


async def test_a_conflict_that_is_swallowed_without_a_savepoint_is_not_taken_for_success(store):
    await store.write(adding("a"))

    async def unit(tx):
        await adding("b")(tx)
        with contextlib.suppress(Conflict):
            await adding("a")(tx)

    with pytest.raises(Conflict):
        await store.write(unit)
    assert await keys(store) == {"a"}


async def test_going_on_after_a_conflict_is_a_mistake_on_either_engine(store):
    await store.write(adding("a"))

    async def unit(tx):
        with contextlib.suppress(Conflict):
            await adding("a")(tx)
        await adding("b")(tx)

    with pytest.raises(RuntimeError, match="savepoint"):
        await store.write(unit)
    assert await keys(store) == {"a"}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_read_on_sqlite_sees_one_snapshot(store):
    async def unit(tx):
        before = await tx.scalars(select(instance.c.key))
        with contextlib.closing(sqlite3.connect(store.url.database, isolation_level=None)) as other:
            other.execute("INSERT INTO instance VALUES ('a', '1')")
        return before, await tx.scalars(select(instance.c.key))

    assert await store.read(unit) == ([], [])
    assert await keys(store) == {"a"}


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_read_on_postgresql_sees_one_snapshot(store):
    seen, written = asyncio.Event(), asyncio.Event()

    async def unit(tx):
        before = await tx.scalars(select(instance.c.key))
        seen.set()
        await written.wait()
        return before, await tx.scalars(select(instance.c.key))

    reading = asyncio.create_task(store.read(unit))
    await seen.wait()
    await store.write(adding("a"))
    written.set()
    assert await reading == ([], [])
    assert await keys(store) == {"a"}


async def test_a_read_cannot_write(store):
    with pytest.raises(Exception, match=r"read.?only"):
        await store.read(adding("a"))
    assert await keys(store) == set()


async def test_a_unit_must_not_open_another_transaction(store):
    async def nested_write(tx):
        await store.write(adding("a"))

    async def nested_read(tx):
        await keys(store)

    for unit in (nested_write, nested_read):
        with pytest.raises(RuntimeError, match="pass its Tx on"):
            await store.write(unit)
    assert await keys(store) == set()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_unit_that_waits_for_anything_but_rows_is_refused(store):
    async def unit(tx):
        await adding("a")(tx)
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="nothing but rows"):
        await store.write(unit)
    assert await keys(store) == set()


# --- after the commit -----------------------------------------------------------------------------


async def test_after_commit_runs_after_the_commit_and_only_then(store):
    told = []

    async def good(tx):
        await adding("a")(tx)
        tx.after_commit.append(lambda: told.append("good"))

    async def bad(tx):
        await adding("b")(tx)
        tx.after_commit.append(lambda: told.append("bad"))
        raise ValueError

    async def undone(tx):
        with contextlib.suppress(ValueError):
            async with tx.savepoint():
                tx.after_commit.append(lambda: told.append("undone"))
                await tx.wake("undone")
                raise ValueError
        assert tx.channels == set()

    await asyncio.gather(store.write(good), store.write(bad), store.write(undone), return_exceptions=True)
    assert told == ["good"]


async def test_a_callback_may_start_a_task_that_writes(store):
    done = asyncio.Event()

    async def follow_up():
        await store.write(adding("b"))
        done.set()

    async def unit(tx):
        await adding("a")(tx)
        tx.after_commit.append(lambda: tasks.append(asyncio.create_task(follow_up())))

    tasks = []
    await store.write(unit)
    await asyncio.wait_for(done.wait(), 5)
    assert await keys(store) == {"a", "b"}


async def test_a_callback_that_fails_harms_nobody(store):
    reported = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: reported.append(context["message"]))

    async def unit(tx):
        await adding("a")(tx)
        tx.after_commit.append(lambda: 1 / 0)

    await asyncio.gather(store.write(unit), store.write(adding("b")))
    assert reported == ["a callback after a commit failed"]
    assert await keys(store) == {"a", "b"}


async def test_a_wake_reaches_the_waiters_of_this_store_after_the_commit(store):
    async def unit(tx):
        await adding("a")(tx)
        await tx.wake("inbox")

    async def failing(tx):
        await tx.wake("mails")
        raise ZeroDivisionError

    with store.subscription("inbox") as inbox, store.subscription("mails") as mails:
        if store.dialect == "postgresql":  # a waiter is woken once when its channel begins to be heard
            await asyncio.wait_for(asyncio.gather(inbox.wait(), mails.wait()), 5)
            inbox.clear()
            mails.clear()
        await store.write(unit)
        with pytest.raises(ZeroDivisionError):
            await store.write(failing)
        assert inbox.is_set()
        assert not mails.is_set()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_wake_reaches_other_processes_on_postgresql(store, database_url):
    async with opened(database_url) as other:
        with other.subscription("inbox") as waiter, other.subscription("mails") as untouched:
            await asyncio.wait_for(untouched.wait(), 5)  # both channels are heard now
            await asyncio.wait_for(waiter.wait(), 5)
            waiter.clear()
            untouched.clear()
            await store.write(lambda tx: tx.wake("inbox"))
            await asyncio.wait_for(waiter.wait(), 5)
            assert not untouched.is_set()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_wakes_go_on_after_the_connection_was_lost(store, database_url, monkeypatch):
    monkeypatch.setattr("libline_fed.storage.wakes.RECONNECT_S", 0.05)
    async with opened(database_url) as other:
        with other.subscription("inbox") as waiter:
            await asyncio.wait_for(waiter.wait(), 5)
            waiter.clear()
            await store.write(lambda tx: tx.all(text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND query LIKE 'LISTEN%' AND pid <> pg_backend_pid()"
            )))
            await asyncio.wait_for(waiter.wait(), 5)  # set on reconnecting: something may have been missed
            waiter.clear()
            await store.write(lambda tx: tx.wake("inbox"))
            await asyncio.wait_for(waiter.wait(), 5)


# --- busy -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def sqlite_locked(path: str):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_locked_sqlite_is_busy_for_all_who_wait_and_works_again_afterwards(database_url):
    async with opened(database_url, busy_s=0.2) as store:
        with sqlite_locked(store.url.database):
            begun = time.monotonic()
            units = [store.write(adding("a")), store.write(adding("b"))]
            outcomes = await asyncio.gather(*units, return_exceptions=True)
            assert 0.2 <= time.monotonic() - begun < 2
            assert [type(outcome) for outcome in outcomes] == [StoreBusy, StoreBusy]
            assert await keys(store) == set()  # readers are not held up
        await store.write(adding("c"))
        assert await keys(store) == {"c"}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_lock_that_ends_in_time_is_waited_for(database_url):
    async with opened(database_url, busy_s=5) as store:
        with sqlite_locked(store.url.database):
            task = asyncio.create_task(store.write(adding("a")))
            await asyncio.sleep(0.2)
            assert not task.done()
        assert await task == "a"


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_row_locked_in_postgresql_is_busy_and_works_again_afterwards(store, database_url):
    await store.write(adding("a"))
    release, held = asyncio.Event(), asyncio.Event()

    async def holding(tx):
        await tx.all(select(instance).with_for_update())
        held.set()
        await release.wait()

    async def changing(tx):
        await adding("partial")(tx)
        await tx.execute(update(instance).values(value=2))

    async with opened(database_url, busy_s=0.2) as other:
        holder = asyncio.create_task(store.write(holding))
        await held.wait()
        with pytest.raises(StoreBusy):
            await other.write(changing)
        assert await keys(other) == {"a"}
        release.set()
        await holder
        await other.write(changing)
        assert await keys(other) == {"a", "partial"}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_stores_that_open_a_new_file_at_once_wait_for_each_other(empty_database_url):
    async with contextlib.AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(opened(empty_database_url, busy_s=2)) for _ in range(4)]
        with sqlite_locked(stores[0].url.database):  # what one does to the others while it makes the file
            asking = [store.write(lambda tx: tx.scalar(text("SELECT 1"))) for store in stores]
            tasks = [asyncio.create_task(one) for one in asking]
            await asyncio.sleep(0.2)
        assert await asyncio.gather(*tasks) == [1, 1, 1, 1]


def limit_pages(store: Store, pages: int | None):
    def work(connection):
        driver = connection.connection.driver_connection
        used = driver.execute("PRAGMA page_count").fetchone()[0]
        limit = 4_294_967_294 if pages is None else used + pages
        driver.execute(f"PRAGMA max_page_count = {limit}").fetchone()

    return store.run_bare(work)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_full_disk_is_busy_leaves_no_partial_rows_and_recovers(store):
    async def big(tx, name):
        for i in range(50):
            await tx.execute(tx.insert(instance).values(key=f"{name}-{i}", value="x" * 4000))

    await store.write(adding("a"))
    await limit_pages(store, 10)
    outcomes = await asyncio.gather(
        store.write(lambda tx: big(tx, "one")), store.write(lambda tx: big(tx, "two")), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [StoreBusy, StoreBusy]
    assert await keys(store) == {"a"}
    assert check_integrity(Path(store.url.database)) is None
    await limit_pages(store, None)
    await store.write(lambda tx: big(tx, "one"))
    assert len(await keys(store)) == 51


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_connection_lost_amid_a_unit_is_busy_and_recovers(store):
    async def unit(tx):
        await adding("a")(tx)
        await tx.all(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(StoreBusy):
        await store.write(unit)
    assert await keys(store) == set()
    await store.write(adding("b"))
    assert await keys(store) == {"b"}


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_units_that_lock_each_other_out_both_succeed_in_the_end(store):
    await store.write(adding("a"))
    await store.write(adding("b"))
    met = asyncio.Barrier(2)
    runs = []

    async def crossing(tx, first, second):
        runs.append(first)
        await tx.execute(update(instance).where(instance.c.key == first).values(value=2))
        if len(runs) <= 2:
            await met.wait()
        await tx.execute(update(instance).where(instance.c.key == second).values(value=2))

    await asyncio.gather(
        store.write(lambda tx: crossing(tx, "a", "b")), store.write(lambda tx: crossing(tx, "b", "a"))
    )
    assert len(runs) == 3  # one gave way and ran again


async def test_a_mistake_in_a_statement_is_not_taken_for_a_busy_database(store):
    with pytest.raises(Exception, match="no_such_table") as caught:
        await store.write(lambda tx: tx.all(text("SELECT * FROM no_such_table")))
    assert not isinstance(caught.value, StoreBusy)


# --- cancelling and closing -----------------------------------------------------------------------


async def test_a_cancelled_caller_leaves_the_store_working_and_no_half_of_its_change(store):
    async def two(tx):
        await adding("a")(tx)
        await adding("b")(tx)

    for delay_s in (0, 0, 0.001, 0.003, 0.01):
        task = asyncio.create_task(store.write(two))
        await asyncio.sleep(delay_s)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Conflict):
            await task
    await store.write(adding("c"))
    assert await keys(store) in ({"a", "b", "c"}, {"c"})


async def test_a_unit_that_has_begun_runs_to_its_end_when_its_caller_is_cancelled(store):
    begun, go_on = threading.Event(), threading.Event()

    async def unit(tx):
        await adding("a")(tx)
        begun.set()
        if tx.dialect == "sqlite":  # in a thread of its own
            assert go_on.wait(5)
        else:
            await asyncio.to_thread(go_on.wait, 5)
        await adding("b")(tx)

    task = asyncio.create_task(store.write(unit))
    await asyncio.to_thread(begun.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    await store.close()  # which waits for it
    async with opened(store.url.render_as_string(hide_password=False)) as again:
        assert await keys(again) == {"a", "b"}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_caller_cancelled_before_its_unit_began_changes_nothing(store):
    tasks = [asyncio.create_task(store.write(adding(f"k{i}"))) for i in range(3)]
    await asyncio.sleep(0)  # they wait in the queue; the writer has not looked yet
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await keys(store) == {"k0", "k2"}


async def test_a_unit_that_raises_a_cancellation_does_not_stop_the_writer(store):
    async def unit(tx):
        raise asyncio.CancelledError

    outcomes = await asyncio.gather(store.write(unit), store.write(adding("a")), return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert await keys(store) == {"a"}


async def test_closing_finishes_what_waits_and_refuses_what_comes_later(database_url):
    store = await Store(database_url).open()
    tasks = [asyncio.create_task(store.write(adding(f"k{i}"))) for i in range(50)]
    await asyncio.sleep(0)
    await store.close()
    assert len(await asyncio.gather(*tasks)) == 50
    with pytest.raises(StoreBusy):
        await store.write(adding("late"))
    with pytest.raises(StoreBusy):
        await keys(store)
    async with opened(database_url) as again:
        assert len(await keys(again)) == 50


async def test_many_units_may_wait_at_once(store):
    await asyncio.gather(*[store.write(adding(f"k{i}")) for i in range(450)])
    assert len(await keys(store)) == 450


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_units_that_wait_together_share_a_commit_on_sqlite(store):
    commits = []
    event.listen(store._database._writer, "commit", lambda _connection: commits.append(1))
    await asyncio.gather(*[store.write(adding(f"k{i}")) for i in range(100)])
    assert len(commits) == 1
