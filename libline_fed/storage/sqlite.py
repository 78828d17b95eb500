"""SQLite: one writer thread that groups commits, and a few readers.

Units that wait at the same time share one commit, so that `synchronous=FULL` costs one flush per group. If
one of them fails after it has changed something, the group runs again with each unit in its own savepoint.
Units run in threads without an event loop, through `drive`: one hop between threads per group of units.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import orjson
from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import QueuePool

from libline_fed.clock import monotonic_s
from libline_fed.errors import StoreBusy
from libline_fed.storage.busy import busy_errors, is_busy
from libline_fed.storage.transactions import Tx, Unit, drive

T = TypeVar("T")

GROUP_UNITS = 200  # most units that share one commit
READERS = 4
_DIALECT = "sqlite"


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How a unit ended: with a result, or with an error and its changes undone."""

    tx: Tx
    result: Any = None
    error: BaseException | None = None


class _Spoilt(Exception):
    """A unit failed after it had changed something, and there was no savepoint to go back to."""

    def __init__(self, outcome: _Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class SqliteDatabase:
    """The SQLite half of `Store`."""

    def __init__(self, url: URL, busy_s: float, committed: Callable[[Tx], None]) -> None:
        self._url = url.set(drivername="sqlite+pysqlite")
        self._busy_s = busy_s
        self._committed = committed
        self._waiting: asyncio.Queue[tuple[Unit[Any], asyncio.Future[Any]]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Start the threads; connections are made when they are needed."""
        self._writer = _make_engine(self._url, self._busy_s, connections=1, is_reader=False)
        self._reader = _make_engine(self._url, self._busy_s, connections=READERS, is_reader=True)
        self._writer_thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._reader_threads = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._task = asyncio.create_task(self._write_groups(), name="store-writer")

    async def close(self) -> None:
        """Finish the units that wait and disconnect."""
        if self._task is None:
            return
        task, self._task = self._task, None
        await self._waiting.join()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.to_thread(self._disconnect)

    def _disconnect(self) -> None:
        self._reader_threads.shutdown()
        self._writer_thread.shutdown()
        self._reader.dispose()
        self._writer.dispose()

    async def read(self, unit: Unit[T]) -> T:
        """Run a unit that only asks, in one snapshot."""
        if self._task is None:
            raise StoreBusy("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(self._reader_threads, self._read, unit)

    async def write(self, unit: Unit[T]) -> T:
        """Let a unit wait for the writer; return after the commit of its group."""
        if self._task is None:
            raise StoreBusy("the store is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((unit, future))
        return await future

    async def run_bare(self, work: Callable[[Connection], T]) -> T:
        """Run a synchronous function on the writer's connection, between two groups."""
        if self._task is None:
            raise StoreBusy("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(self._writer_thread, self._run_bare, work)

    # --- in the event loop ----------------------------------------------------------------------

    async def _write_groups(self) -> None:
        """Hand what waits to the writer thread; meanwhile the next group gathers."""
        while True:
            group = [await self._waiting.get()]
            while len(group) < GROUP_UNITS and not self._waiting.empty():
                group.append(self._waiting.get_nowait())
            try:
                await self._write_group([(unit, future) for unit, future in group if not future.cancelled()])
            finally:
                for _ in group:
                    self._waiting.task_done()

    async def _write_group(self, group: Sequence[tuple[Unit[Any], asyncio.Future[Any]]]) -> None:
        work = partial(self._run_group, [unit for unit, _ in group])
        try:
            outcomes = await asyncio.get_running_loop().run_in_executor(self._writer_thread, work)
        except Exception as error:  # noqa: BLE001  the commit failed: nobody's change was made, and each is told
            for _, future in group:
                _tell(future, error=StoreBusy(str(error)) if isinstance(error, StoreBusy) else error)
            return
        for (_, future), outcome in zip(group, outcomes, strict=True):
            if outcome.error is None:
                self._committed(outcome.tx)
            _tell(future, outcome.result, outcome.error)

    # --- in a thread ----------------------------------------------------------------------------

    def _read(self, unit: Unit[T]) -> T:
        with busy_errors(), self._reader.connect() as connection:
            return drive(unit, Tx(connection, _DIALECT))

    def _run_bare(self, work: Callable[[Connection], T]) -> T:
        with busy_errors(), self._writer.connect() as connection:
            return work(connection)

    def _run_group(self, units: Sequence[Unit[Any]]) -> list[_Outcome]:
        """Run units in one transaction. A failing one does not harm its neighbours."""
        with busy_errors():
            try:
                with self._writer.begin() as connection:
                    return [_run_unit(unit, connection) for unit in units]
            except _Spoilt as spoilt:
                if len(units) == 1:
                    return [spoilt.outcome]
            with self._writer.begin() as connection:
                return [_run_isolated(unit, connection) for unit in units]


def _run_unit(unit: Unit[Any], connection: Connection) -> _Outcome:
    tx = Tx(connection, _DIALECT)
    try:
        result = drive(unit, tx)
        tx.require_usable()
    except (Exception, asyncio.CancelledError) as error:  # the unit's own affair: told to its caller
        if is_busy(error):
            raise  # disk full, I/O error: SQLite may have undone the whole transaction
        outcome = _Outcome(tx, error=error)
        if tx.has_written:
            raise _Spoilt(outcome) from None
        return outcome
    return _Outcome(tx, result)


def _run_isolated(unit: Unit[Any], connection: Connection) -> _Outcome:
    savepoint = connection.begin_nested()
    try:
        outcome = _run_unit(unit, connection)
    except _Spoilt as spoilt:
        savepoint.rollback()
        return spoilt.outcome
    savepoint.commit()
    return outcome


def _tell(future: asyncio.Future[Any], result: Any = None, error: BaseException | None = None) -> None:
    if future.done():  # its caller was cancelled
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


def _make_engine(url: URL, busy_s: float, *, connections: int, is_reader: bool) -> Engine:
    engine = create_engine(
        url, poolclass=QueuePool, pool_size=connections, max_overflow=0, pool_timeout=2 * busy_s,
        connect_args={"timeout": busy_s, "check_same_thread": False},
        json_serializer=lambda value: orjson.dumps(value).decode(), json_deserializer=orjson.loads,
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        _use_wal(connection, busy_s)
        for pragma in (
            "synchronous=FULL",  # accepted is durable
            f"busy_timeout={busy_s * 1000:.0f}",
            "foreign_keys=ON",
            "secure_delete=ON",
            "cache_size=-16000",
            "temp_store=MEMORY",
            "journal_size_limit=67108864",
            f"query_only={int(is_reader)}",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if is_reader else "BEGIN IMMEDIATE")

    return engine


def _use_wal(connection: sqlite3.Connection, busy_s: float) -> None:
    """Switch to the write-ahead log: here SQLite does not wait for another's lock, so this does."""
    until = monotonic_s() + busy_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError:
            if monotonic_s() > until:
                raise
            time.sleep(0.02)
        else:
            return
