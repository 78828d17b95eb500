"""A database for one measurement: a file in a temporary folder, or a new database on a PostgreSQL server."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url


@contextmanager
def fresh_database(server_url: str | None, folder: Path) -> Iterator[str]:
    """Give the URL of an empty database and remove it at the end.

    `server_url` is a postgresql:// URL whose user may create databases; None means SQLite.
    """
    if server_url is None:
        yield f"sqlite:///{folder / f'{secrets.token_hex(4)}.sqlite3'}"
        return
    url = make_url(server_url).set(drivername="postgresql")
    name = f"libline_bench_{secrets.token_hex(4)}"
    server = url.render_as_string(hide_password=False)
    asyncio.run(_execute(server, f'CREATE DATABASE "{name}"'))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        asyncio.run(_execute(server, f'DROP DATABASE "{name}" WITH (FORCE)'))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
