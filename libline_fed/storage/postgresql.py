"""PostgreSQL: each unit commits by itself, side by side with the others."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import orjson
from sqlalchemy import URL, Connection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from libline_fed.errors import StoreBusy
from libline_fed.storage.busy import busy_errors, lost_a_race
from libline_fed.storage.transactions import Tx, Unit, inside_unit

T = TypeVar("T")

CONNECTIONS = 20
RETRIES = 3  # of a unit that lost a race
_DIALECT = "postgresql"


class PostgresDatabase:
    """The PostgreSQL half of `Store`."""

    def __init__(self, url: URL, busy_s: float, committed: Callable[[Tx], None]) -> None:
        self._committed = committed
        self._running: set[asyncio.Task[Any]] = set()
        self._is_closing = False
        self._engine: AsyncEngine = create_async_engine(
            url, pool_size=CONNECTIONS, max_overflow=0, pool_timeout=2 * busy_s,
            json_serializer=lambda value: orjson.dumps(value).decode(), json_deserializer=orjson.loads,
            connect_args={"server_settings": {
                "application_name": "libline", "timezone": "UTC", "lock_timeout": f"{busy_s * 1000:.0f}",
            }},
        )
        # REPEATABLE READ that only reads is one snapshot, and never loses a race.
        self._reader = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    def open(self) -> None:
        """Take units from now on; connections are made when they are needed."""
        self._is_closing = False

    async def close(self) -> None:
        """Finish the running units and disconnect."""
        self._is_closing = True
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._engine.dispose()

    async def read(self, unit: Unit[T]) -> T:
        """Run a unit that only asks, in one snapshot."""
        return await self._to_its_end(self._read(unit))

    async def write(self, unit: Unit[T]) -> T:
        """Run a unit in a transaction of its own, again if it had to give way to another one."""
        return await self._to_its_end(self._write(unit))

    async def run_bare(self, work: Callable[[Connection], T]) -> T:
        """Run a synchronous function on a connection."""
        with busy_errors():
            async with self._engine.connect() as connection:
                return await connection.run_sync(work)

    async def _to_its_end(self, steps: Coroutine[Any, Any, T]) -> T:
        """Run a unit in a task of its own: a cancelled caller must not cut a COMMIT in two."""
        if self._is_closing:
            steps.close()
            raise StoreBusy("the store is closing")
        task = asyncio.create_task(steps)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _read(self, unit: Unit[T]) -> T:
        with busy_errors():
            async with self._reader.connect() as connection:
                with inside_unit():
                    return await unit(Tx(connection, _DIALECT))

    async def _write(self, unit: Unit[T]) -> T:
        for attempt in range(1, RETRIES + 1):
            try:
                with busy_errors():
                    async with self._engine.begin() as connection:
                        tx = Tx(connection, _DIALECT)
                        with inside_unit():
                            result = await unit(tx)
                        tx.require_usable()
            except StoreBusy as error:
                if attempt == RETRIES or not lost_a_race(error):
                    raise
            else:
                self._committed(tx)
                return result
        raise AssertionError("unreachable")
