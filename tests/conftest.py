"""Fixtures of every test: a clock that stands still, and a fresh migrated database of either engine."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.storage.store import Store
from tests.support import databases, postgres

_alive = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Open the folder that the processes of this run share."""
    alive = postgres.open_run_dir()
    if alive is not None:
        config.stash[_alive] = alive


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what this run has started."""
    if _alive in config.stash:
        databases.drop_template()
        postgres.close_run_dir(config.stash[_alive])


@pytest.fixture
def now() -> datetime:
    """The moment every test begins at."""
    return datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock(now: datetime) -> FrozenClock:
    """A clock that stands at `now` until it is moved."""
    return FrozenClock(now)


@pytest.fixture(params=databases.ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of a database engine; tests that use it, or `store`, run once on each."""
    return str(request.param)


@pytest.fixture
async def empty_database_url(engine: str, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database without any table."""
    if engine == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'libline.sqlite3'}"
        return
    url = await databases.create_postgres()
    yield url
    await databases.drop_postgres(url)


@pytest.fixture
async def database_url(engine: str, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a fresh migrated database."""
    if engine == "sqlite":
        path = tmp_path / "libline.sqlite3"
        shutil.copyfile(databases.migrated_sqlite(), path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    url = await databases.create_postgres(template=databases.migrated_template())
    yield url
    await databases.drop_postgres(url)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An open store on a fresh migrated database, once on SQLite and once on PostgreSQL."""
    opened = await Store(database_url).open()
    yield opened
    await opened.close()


@pytest.fixture
async def third_url(engine: str, tmp_path: Path) -> AsyncIterator[str]:
    """The address of one more database of the same engine, for a third server."""
    if engine == "sqlite":
        path = tmp_path / "third.sqlite3"
        shutil.copyfile(databases.migrated_sqlite(), path)
        yield f"sqlite+aiosqlite:///{path}"
        return
    url = await databases.create_postgres(template=databases.migrated_template())
    yield url
    await databases.drop_postgres(url)


@pytest.fixture
async def other_store(engine: str, tmp_path: Path) -> AsyncIterator[Store]:
    """Another open store on a database of its own, of the same engine as `store`."""
    if engine == "sqlite":
        path = tmp_path / "other.sqlite3"
        shutil.copyfile(databases.migrated_sqlite(), path)
        opened = await Store(f"sqlite+aiosqlite:///{path}").open()
        yield opened
        await opened.close()
        return
    url = await databases.create_postgres(template=databases.migrated_template())
    opened = await Store(url).open()
    yield opened
    await opened.close()
    await databases.drop_postgres(url)
