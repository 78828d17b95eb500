"""Wakes those who wait for work: in this process at once, in others that share a PostgreSQL through NOTIFY.

A wake is a hint, sent after the commit: a process that dies in between sends none. Whoever waits for work
therefore also looks for it by itself now and then.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator

import asyncpg

RECONNECT_S = 1
PREFIX = "libline_"


class Wakes:
    """The channels of one process; with a PostgreSQL address, joined to those of the others."""

    def __init__(self, dsn: str | None) -> None:
        self._dsn = dsn
        self._waiters: dict[str, set[asyncio.Event]] = {}
        self._unsent: set[str] = set()
        self._changed = asyncio.Event()  # something to hear or tell, or the connection was lost
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Start to listen to the other processes, if there can be any."""
        if self._dsn is not None:
            self._task = asyncio.create_task(self._stay_connected(self._dsn), name="store-listener")

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @contextlib.contextmanager
    def subscription(self, channel: str) -> Iterator[asyncio.Event]:
        """Give an Event that is set whenever `channel` is woken, here or in another process."""
        waiter = asyncio.Event()
        self._waiters.setdefault(channel, set()).add(waiter)
        self._changed.set()
        try:
            yield waiter
        finally:
            self._waiters[channel].discard(waiter)

    def wake_here(self, channel: str) -> None:
        """Wake the waiters of this process."""
        for waiter in self._waiters.get(channel, ()):
            waiter.set()

    def wake(self, channels: Iterable[str]) -> None:
        """Wake the waiters of every process; many wakes that come together are sent as one."""
        for channel in channels:
            self.wake_here(channel)
            if self._dsn is not None:
                self._unsent.add(channel)
                self._changed.set()

    async def _stay_connected(self, dsn: str) -> None:
        while True:
            with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection = await asyncpg.connect(dsn)
                try:
                    await self._hear_and_tell(connection)
                finally:
                    connection.terminate()  # also when this task is cancelled
            await asyncio.sleep(RECONNECT_S)

    async def _hear_and_tell(self, connection: asyncpg.Connection) -> None:
        connection.add_termination_listener(lambda _: self._changed.set())
        heard: set[str] = set()
        while not connection.is_closed():
            self._changed.clear()
            for channel in set(self._waiters) - heard:
                await connection.add_listener(PREFIX + channel, self._notified)
                heard.add(channel)
                self.wake_here(channel)  # something may have happened before we listened
            if self._unsent:
                await self._tell(connection)
            else:
                await self._changed.wait()

    async def _tell(self, connection: asyncpg.Connection) -> None:
        channels, self._unsent = self._unsent, set()
        try:
            await connection.execute("SELECT pg_notify(name, '') FROM unnest($1::text[]) AS name", [
                PREFIX + channel for channel in channels
            ])
        except BaseException:
            self._unsent |= channels  # the next connection tells it
            raise

    def _notified(self, connection: asyncpg.Connection, pid: int, channel: str, _payload: object) -> None:
        if pid != connection.get_server_pid():  # our own waiters are awake already
            self.wake_here(channel.removeprefix(PREFIX))
