"""Fresh databases for tests: SQLite by copying a migrated file, PostgreSQL by copying a migrated template."""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from libline_fed.storage import migrate
from libline_fed.storage.store import Store
from tests.support import postgres

ENGINES = ("sqlite", "postgresql")


def migrated_sqlite() -> Path:
    """Return this run's migrated SQLite file, made once; copy it."""
    path = Path(os.environ[postgres.RUN_DIR]) / "template.sqlite3"
    with postgres.locked("sqlite"):
        if not path.exists():
            partial = path.with_suffix(".partial")
            run_apart(lambda: _migrate(f"sqlite+aiosqlite:///{partial}"))
            partial.rename(path)
    return path


def migrated_template() -> str:
    """Return the name of this run's migrated PostgreSQL database, made once; copy it."""
    run = Path(os.environ[postgres.RUN_DIR])
    name = f"libline_template_{run.name.rpartition('-')[2].lower()}"
    url = postgres.server_url()
    done = run / "template.done"
    with postgres.locked("template"):
        if not done.exists():
            run_apart(lambda: _on_server(url, f'CREATE DATABASE "{name}"'))
            run_apart(lambda: _migrate(_sibling(url, name)))
            done.touch()
    return name


def drop_template() -> None:
    """Drop the template from a server that outlives this run."""
    run = Path(os.environ[postgres.RUN_DIR])
    if postgres.EXTERNAL_URL in os.environ and (run / "template.done").exists():
        name = migrated_template()
        run_apart(lambda: _on_server(postgres.server_url(), f'DROP DATABASE "{name}" WITH (FORCE)'))


async def create_postgres(*, template: str = "template1") -> str:
    """Create a database from `template` and return its SQLAlchemy URL."""
    url = postgres.server_url()
    name = f"libline_test_{secrets.token_hex(6)}"
    # Writing no log of the copy is three times as fast on a server without fsync.
    await _on_server(url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    return _sibling(url, name)


async def drop_postgres(url: str) -> None:
    """Drop a database made by `create_postgres`, whoever is connected."""
    name = make_url(url).database
    await _on_server(postgres.server_url(), f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def run_apart(make: Callable[[], Awaitable[Any]]) -> Any:
    """Run a coroutine to its end in a loop and thread of its own, so that the test's loop is left alone."""

    async def main() -> Any:
        return await make()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, main()).result()


async def _on_server(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _migrate(url: str) -> None:
    store = await Store(url).open()
    try:
        await migrate.upgrade(store, backup_dir=Path(os.environ[postgres.RUN_DIR]), now=datetime.now(UTC))
    finally:
        await store.close()


def _sibling(url: str, name: str) -> str:
    sibling = make_url(url).set(drivername="postgresql+asyncpg", database=name)
    return sibling.render_as_string(hide_password=False)
