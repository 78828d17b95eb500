"""One door to the database: `write` for changes, `read` for questions; SQLite and PostgreSQL behave alike.

A unit is an async function that takes a `Tx`. It may run more than once: it changes nothing but rows, waits
for nothing but rows, and leaves everything else to `Tx.after_commit` and `Tx.wake`. Once it has begun it runs
to its end, even if its caller is cancelled: a cancelled caller does not know whether the change was made.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import make_url

from libline_fed.storage.postgresql import PostgresDatabase
from libline_fed.storage.sqlite import SqliteDatabase
from libline_fed.storage.transactions import Params, Tx, Unit, refuse_nesting
from libline_fed.storage.wakes import Wakes

__all__ = ["Params", "Store", "Tx", "Unit"]

T = TypeVar("T")

BUSY_S = 5.0  # how long a lock is waited for


class Store:
    """The database of one instance. Make it with `Store(url)`, then `await open()`; close it at the end."""

    def __init__(self, url: str, *, busy_s: float = BUSY_S) -> None:
        self.url = make_url(url)
        self.dialect = self.url.get_backend_name()
        self._database: SqliteDatabase | PostgresDatabase
        if self.dialect == "sqlite":
            self._wakes = Wakes(None)
            self._database = SqliteDatabase(self.url, busy_s, self._committed)
        else:
            dsn = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
            self._wakes = Wakes(dsn)
            self._database = PostgresDatabase(self.url, busy_s, self._committed)

    async def open(self) -> "Store":
        """Start what connects to the database; connections are made when they are needed."""
        self._database.open()
        self._wakes.open()
        return self

    async def close(self) -> None:
        """Finish the units that wait, refuse further ones, and disconnect."""
        await self._database.close()
        await self._wakes.close()

    async def read(self, unit: Unit[T]) -> T:
        """Run a unit that only asks; all its questions see the database as it was at the first.

        Raises: StoreBusy.
        """
        refuse_nesting()
        return await self._database.read(unit)

    async def write(self, unit: Unit[T]) -> T:
        """Run a unit in a transaction and return its result after the commit: then it is durable.

        Raises: StoreBusy if nothing was changed because the database was locked, full, away or closing;
        whatever the unit raises, after its changes were undone.
        """
        refuse_nesting()
        return await self._database.write(unit)

    async def run_bare(self, work: Callable[[Connection], T]) -> T:
        """Run a synchronous function on a bare connection, outside of any transaction: migrations, backups.

        Raises: StoreBusy; whatever `work` raises.
        """
        refuse_nesting()
        return await self._database.run_bare(work)

    def subscription(self, channel: str) -> AbstractContextManager[asyncio.Event]:
        """Give an Event that is set whenever `channel` is woken, here or (PostgreSQL) in another process."""
        return self._wakes.subscription(channel)

    def wake_here(self, channel: str) -> None:
        """Wake the waiters of this process."""
        self._wakes.wake_here(channel)

    def _committed(self, tx: Tx) -> None:
        for callback in tx.after_commit:
            try:
                callback()
            except Exception as error:  # noqa: BLE001  the change is made, and others wait
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "a callback after a commit failed", "exception": error}
                )
        self._wakes.wake(tx.channels)
