"""One door to the database: `write` for changes, `read` for questions; SQLite and PostgreSQL behave alike.

SQLite has one writer. Units that wait at the same time share one commit, each within its own savepoint, so that
`synchronous=FULL` costs one flush per group. PostgreSQL commits each unit by itself, side by side.
A unit is an async function that takes a `Tx` and may run again after a busy database: it changes nothing but rows,
waits for nothing but rows, and leaves everything else to `Tx.after_commit` and `Tx.wake`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar

import asyncpg
import orjson
from sqlalchemy import Connection, Executable, Result, Table, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult, Row, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from libline_fed.errors import Conflict, StoreBusy

T = TypeVar("T")
Unit = Callable[["Tx"], Awaitable[T]]
Params = dict[str, Any] | Sequence[dict[str, Any]]

GROUP_UNITS = 200  # most units that share one commit
READERS = 4
BUSY_S = 5  # security.md: how long a locked database is waited for
RETRIES = 3  # of a PostgreSQL unit that lost a race
_RACES = {"40001", "40P01"}  # serialization failure, deadlock
RECONNECT_S = 1  # between attempts to listen again
CHANNEL_PREFIX = "libline_"

_inside_write: ContextVar[bool] = ContextVar("inside_write", default=False)


class Tx:
    """One transaction. Everything that touches rows takes this as its first argument."""

    def __init__(self, connection: AsyncConnection, dialect: str) -> None:
        self._connection = connection
        self.dialect = dialect
        self.after_commit: list[Callable[[], None]] = []
        self.channels: set[str] = set()

    async def execute(self, statement: Executable, params: Params | None = None) -> CursorResult[Any]:
        """Run a statement; with a list of params once for each of them.

        Raises: Conflict if a unique or check constraint says no (the transaction is then lost on PostgreSQL: prefer
        `insert(...).on_conflict_do_nothing()` where a clash is expected).
        """
        try:
            result: Result[Any] = await self._connection.execute(statement, params)
        except IntegrityError as error:
            raise Conflict(str(error.orig)) from error
        assert isinstance(result, CursorResult)
        return result

    async def all(self, statement: Executable, params: Params | None = None) -> Sequence[Row[Any]]:
        """Return every row."""
        return (await self.execute(statement, params)).all()

    async def first(self, statement: Executable, params: Params | None = None) -> Row[Any] | None:
        """Return the first row, or None."""
        return (await self.execute(statement, params)).first()

    async def scalar(self, statement: Executable, params: Params | None = None) -> Any:
        """Return the first column of the first row, or None."""
        return (await self.execute(statement, params)).scalar()

    async def scalars(self, statement: Executable, params: Params | None = None) -> Sequence[Any]:
        """Return the first column of every row."""
        return (await self.execute(statement, params)).scalars().all()

    def insert(self, table: Table) -> "postgresql.Insert | sqlite.Insert":
        """Start an INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update` in either dialect."""
        return sqlite.insert(table) if self.dialect == "sqlite" else postgresql.insert(table)

    async def wake(self, channel: str) -> None:
        """Wake whoever waits on `channel`, in every process, once this transaction has committed."""
        if channel in self.channels:
            return
        self.channels.add(channel)
        if self.dialect == "postgresql":  # NOTIFY is part of the transaction
            await self._connection.execute(text("SELECT pg_notify(:c, '')"), {"c": CHANNEL_PREFIX + channel})


class Store:
    """The database of one instance. Make it with `Store(url)`, then `await open()`; close it at the end."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.dialect = self.url.get_backend_name()
        self._waiting: asyncio.Queue[tuple[Unit[Any], asyncio.Future[Any]]] = asyncio.Queue()
        self._events: dict[str, set[asyncio.Event]] = {}
        self._listening_changed = asyncio.Event()  # a new channel, or the connection was lost
        self._tasks: list[asyncio.Task[None]] = []
        self._writer: AsyncEngine | None = None
        self._reader: AsyncEngine | None = None

    async def open(self) -> "Store":
        """Connect; on SQLite start the writer, on PostgreSQL the listener."""
        options: dict[str, Any] = {
            "json_serializer": lambda value: orjson.dumps(value).decode(), "json_deserializer": orjson.loads,
        }
        if self.dialect == "sqlite":
            options |= {"connect_args": {"timeout": BUSY_S}, "poolclass": AsyncAdaptedQueuePool}
            self._writer = create_async_engine(self.url, pool_size=1, max_overflow=0, **options)
            self._reader = create_async_engine(self.url, pool_size=READERS, max_overflow=0, **options)
            _prepare_sqlite(self._writer, read_only=False)
            _prepare_sqlite(self._reader, read_only=True)
            self._tasks.append(asyncio.create_task(self._write_groups(), name="store-writer"))
        else:
            self._writer = self._reader = create_async_engine(self.url, pool_size=10, max_overflow=10, **options)
            self._tasks.append(asyncio.create_task(self._listen(), name="store-listener"))
        return self

    async def close(self) -> None:
        """Finish waiting units and disconnect."""
        if self.dialect == "sqlite":
            await self._waiting.join()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        for engine in {self._writer, self._reader} - {None}:
            assert engine is not None
            await engine.dispose()

    async def read(self, unit: Unit[T]) -> T:
        """Run a unit that only asks, within one snapshot.

        Raises: StoreBusy.
        """
        assert self._reader is not None, "the store is not open"
        with _busy_errors():
            async with self._reader.connect() as connection:
                return await unit(Tx(connection, self.dialect))

    async def write(self, unit: Unit[T]) -> T:
        """Run a unit in a transaction and return its result after the commit: then it is durable.

        Raises: StoreBusy if nothing was changed because the database was locked, full or away; whatever the unit
        raises, after its changes were undone.
        """
        if _inside_write.get():
            raise RuntimeError("a unit must not open a second transaction: pass its Tx on")
        if self.dialect != "sqlite":
            return await self._write_alone(unit)
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((unit, future))
        return await future

    # --- waking ---------------------------------------------------------------------------------

    @contextlib.contextmanager
    def subscription(self, channel: str) -> Iterator[asyncio.Event]:
        """Give an Event that is set whenever `channel` is woken, here or (PostgreSQL) in another process."""
        waiter = asyncio.Event()
        self._events.setdefault(channel, set()).add(waiter)
        self._listening_changed.set()
        try:
            yield waiter
        finally:
            self._events[channel].discard(waiter)

    def wake_here(self, channel: str) -> None:
        """Wake the waiters of this process."""
        for waiter in self._events.get(channel, ()):
            waiter.set()

    # --- inside ---------------------------------------------------------------------------------

    async def _write_alone(self, unit: Unit[T]) -> T:
        assert self._writer is not None, "the store is not open"
        token = _inside_write.set(True)
        try:
            for attempt in range(RETRIES):
                try:
                    with _busy_errors():
                        async with self._writer.begin() as connection:
                            tx = Tx(connection, self.dialect)
                            result = await unit(tx)
                    self._committed(tx)
                    return result
                except StoreBusy as error:
                    if attempt == RETRIES - 1 or not _lost_a_race(error):
                        raise
        finally:
            _inside_write.reset(token)
        raise AssertionError("unreachable")

    async def _write_groups(self) -> None:
        """Take what waits, run it in one transaction, tell each its outcome after the commit."""
        _inside_write.set(True)
        while True:
            group = [await self._waiting.get()]
            while len(group) < GROUP_UNITS and not self._waiting.empty():
                group.append(self._waiting.get_nowait())
            try:
                await self._write_group(group)
            finally:
                for _ in group:
                    self._waiting.task_done()

    async def _write_group(self, group: list[tuple[Unit[Any], asyncio.Future[Any]]]) -> None:
        assert self._writer is not None
        outcomes: list[tuple[asyncio.Future[Any], Any, Tx]] = []
        try:
            with _busy_errors():
                async with self._writer.begin() as connection:
                    for unit, future in group:
                        if future.cancelled():
                            continue
                        tx = Tx(connection, self.dialect)
                        try:
                            async with connection.begin_nested():
                                outcomes.append((future, await unit(tx), tx))
                        except OperationalError:
                            raise  # disk full, I/O error: SQLite may have undone the whole transaction
                        except Exception as error:  # noqa: BLE001  the unit's own affair: told to its caller
                            if not future.done():
                                future.set_exception(error)
        except BaseException as error:
            for _, future in group:
                if not future.done():
                    future.set_exception(error if isinstance(error, StoreBusy) else StoreBusy(repr(error)))
            if not isinstance(error, Exception):
                raise
            return
        for future, result, tx in outcomes:
            self._committed(tx)
            if not future.done():
                future.set_result(result)

    def _committed(self, tx: Tx) -> None:
        for callback in tx.after_commit:
            callback()
        if self.dialect == "sqlite":
            for channel in tx.channels:
                self.wake_here(channel)

    async def _listen(self) -> None:
        """Hear NOTIFY on a connection of its own; reconnect for ever."""
        dsn = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        while True:
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection = await asyncpg.connect(dsn)
                try:
                    await self._hear(connection)
                finally:
                    connection.terminate()  # also when this task is cancelled
            await asyncio.sleep(RECONNECT_S)

    async def _hear(self, connection: asyncpg.Connection) -> None:
        """Listen to every channel that somebody subscribes to, until the connection is lost."""
        connection.add_termination_listener(lambda _: self._listening_changed.set())
        heard: set[str] = set()
        while not connection.is_closed():
            self._listening_changed.clear()
            for channel in set(self._events) - heard:
                await connection.add_listener(CHANNEL_PREFIX + channel, self._notified)
                heard.add(channel)
                self.wake_here(channel)  # something may have happened before we listened
            await self._listening_changed.wait()

    def _notified(self, _connection: object, _pid: int, channel: str, _payload: object) -> None:
        self.wake_here(channel.removeprefix(CHANNEL_PREFIX))

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """Lend a bare writing connection for migrations and backups, outside of any unit."""
        assert self._writer is not None, "the store is not open"
        async with self._writer.connect() as connection:
            yield connection


@contextlib.contextmanager
def _busy_errors() -> Iterator[None]:
    """Turn what the drivers say when the database is locked, full or away into StoreBusy."""
    try:
        yield
    except (OperationalError, OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as error:
        raise StoreBusy(repr(error)) from error
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _RACES or error.connection_invalidated:
            raise StoreBusy(repr(error)) from error
        raise


def _lost_a_race(error: StoreBusy) -> bool:
    cause = error.__cause__
    return isinstance(cause, DBAPIError) and getattr(cause.orig, "sqlstate", None) in _RACES


def _prepare_sqlite(engine: AsyncEngine, *, read_only: bool) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")  # accepted is durable
        cursor.execute(f"PRAGMA busy_timeout={BUSY_S * 1000}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute("PRAGMA cache_size=-16000")
        cursor.execute("PRAGMA temp_store=MEMORY")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
