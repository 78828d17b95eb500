"""Opens what a command needs, and closes it again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

from libline_fed.app import Instance
from libline_fed.config import Settings, load_settings
from libline_fed.services.site import Site
from libline_fed.storage.store import Store, Tx, Unit

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine to its end."""
    return asyncio.run(work)


@asynccontextmanager
async def opened_store(settings: Settings | None = None) -> AsyncIterator[Store]:
    """Open only the database, whatever its schema."""
    settings = settings or load_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = await Store(settings.resolved_database_url()).open()
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def opened_instance(settings: Settings | None = None) -> AsyncIterator[Instance]:
    """Open the whole instance without serving: database, keys, client.

    Raises: SchemaMismatch if the database is not of this version.
    """
    instance = Instance(settings or load_settings())
    await instance.open()
    try:
        yield instance
    finally:
        await instance.close()


def read(unit: Unit[T]) -> T:
    """Ask the database one question."""

    async def work() -> T:
        async with opened_instance() as instance:
            return await instance.store.read(unit)

    return run(work())


def change(unit: Unit[T]) -> T:
    """Make one change in the database."""

    async def work() -> T:
        async with opened_instance() as instance:
            return await instance.store.write(unit)

    return run(work())


def change_with_site(unit: Callable[[Tx, Site, datetime], Awaitable[T]]) -> T:
    """Make one change that needs to know the instance and the present moment."""

    async def work() -> T:
        async with opened_instance() as instance:
            now = instance.clock.now()
            return await instance.store.write(lambda tx: unit(tx, instance.site, now))

    return run(work())
