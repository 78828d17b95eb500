"""`Tx`, through which everything touches rows, and how a unit is run on an engine that has no event loop."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Executable, Result, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import CursorResult, Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from libline_fed.errors import Conflict

T = TypeVar("T")
Unit = Callable[["Tx"], Awaitable[T]]
Params = dict[str, Any] | Sequence[dict[str, Any]]


class Tx:
    """One transaction. Everything that touches rows takes this as its first argument."""

    def __init__(self, connection: Connection | AsyncConnection, dialect: str) -> None:
        self._connection = connection
        self._is_lost = False
        self.dialect = dialect
        self.has_written = False
        self.after_commit: list[Callable[[], None]] = []  # run in the event loop; must not raise
        self.channels: set[str] = set()

    async def execute(self, statement: Executable, params: Params | None = None) -> CursorResult[Any]:
        """Run a statement; with a list of params once for each of them.

        Raises: Conflict if a unique, check or foreign key constraint says no. The transaction is then
        lost on either engine: where a clash is expected, use `on_conflict_do_nothing()` or `savepoint`.
        """
        if self._is_lost:
            raise RuntimeError("lost to a conflict: put a savepoint around what may clash")
        self.has_written = self.has_written or not statement.is_select
        try:
            result: Result[Any] = (
                self._connection.execute(statement, params)
                if isinstance(self._connection, Connection)
                else await self._connection.execute(statement, params)
            )
        except IntegrityError as error:
            self._is_lost = True  # PostgreSQL does nothing more; SQLite would, so hold it to the same
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
        """Start an INSERT that knows `on_conflict_do_nothing` and `…_do_update` in either dialect."""
        return sqlite.insert(table) if self.dialect == "sqlite" else postgresql.insert(table)

    @contextlib.asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo what is done inside if it raises; the transaction goes on, if the error is caught."""
        callbacks, channels = list(self.after_commit), set(self.channels)
        nested = self._connection.begin_nested()
        if not isinstance(self._connection, Connection):
            await nested  # type: ignore[misc]
        try:
            yield
            self.require_usable()
        except BaseException:
            await _finish(nested.rollback())
            self._is_lost = False
            self.after_commit, self.channels = callbacks, channels
            raise
        await _finish(nested.commit())

    async def wake(self, channel: str) -> None:
        """Wake whoever waits on `channel`, in every process that shares a PostgreSQL, after the commit."""
        self.channels.add(channel)

    def require_usable(self) -> None:
        """Refuse to go on after a Conflict that was swallowed: PostgreSQL would quietly commit nothing.

        Raises: Conflict.
        """
        if self._is_lost:
            raise Conflict("a conflict was caught inside its transaction, without a savepoint")


_inside_unit: ContextVar[bool] = ContextVar("inside_unit", default=False)


@contextlib.contextmanager
def inside_unit() -> Iterator[None]:
    """Mark that a unit runs here."""
    token = _inside_unit.set(True)
    try:
        yield
    finally:
        _inside_unit.reset(token)


def refuse_nesting() -> None:
    """Let no unit open a transaction of its own: it would wait for itself.

    Raises: RuntimeError.
    """
    if _inside_unit.get():
        raise RuntimeError("a unit must not open a second transaction: pass its Tx on")


async def _finish(step: Awaitable[None] | None) -> None:
    if step is not None:
        await step


def drive(unit: Unit[T], tx: Tx) -> T:
    """Run a unit to its end in this thread, without an event loop: it waits for nothing but rows.

    Raises: RuntimeError if it waits for anything else, such as the network, while it holds the transaction.
    """
    with inside_unit():
        steps = unit(tx).__await__()
        try:
            next(steps)
        except StopIteration as stop:
            result: T = stop.value
            return result
        cast("Generator[Any, None, T]", steps).close()
    raise RuntimeError("a unit must wait for nothing but rows")
