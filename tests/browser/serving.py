"""Serves an instance on loopback from a thread of its own, for Chromium."""

import asyncio
import shutil
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

import uvicorn

from libline_fed.activitypub.uris import Uris
from libline_fed.clock import FrozenClock
from libline_fed.storage.store import Store
from tests.support import databases
from tests.support.pages import PagesWorld, pages_world

T = TypeVar("T")
Populate = Callable[[PagesWorld, str], Awaitable[T]]


class _Serving(Generic[T]):
    """What the thread and the tests tell each other."""

    def __init__(self) -> None:
        self.ready, self.stop = threading.Event(), threading.Event()
        self.told: T | None = None


@contextmanager
def serving(path: Path, populate: Populate[T]) -> Iterator[T]:
    """Serve a new instance that `populate` fills; yields what that returned."""
    shutil.copyfile(databases.migrated_sqlite(), path)
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    state: _Serving[T] = _Serving()
    thread = threading.Thread(
        target=lambda: asyncio.run(_serve(path, url, listening, state, populate)), name="pages"
    )
    thread.start()
    try:
        assert state.ready.wait(60), "the instance did not start"
        assert state.told is not None
        yield state.told
    finally:
        state.stop.set()
        thread.join(20)
        listening.close()


async def _serve(
    path: Path, url: str, listening: socket.socket, state: _Serving[T], populate: Populate[T]
) -> None:
    store = await Store(f"sqlite+aiosqlite:///{path}").open()
    clock = FrozenClock(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    async with pages_world(store, clock, uris=Uris(url), is_https=False) as world:
        state.told = await populate(world, url)
        server = uvicorn.Server(uvicorn.Config(world.app, log_level="error", lifespan="off"))
        answering = asyncio.create_task(server.serve(sockets=[listening]))
        state.ready.set()
        while not state.stop.is_set():
            await asyncio.sleep(0.1)
        server.should_exit = True
        await answering
    await store.close()
