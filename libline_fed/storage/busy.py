"""Tells a database that is locked, full or away (`StoreBusy`: try again) from a mistake in the program."""

import contextlib
import sqlite3
from collections.abc import Iterator

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from libline_fed.errors import StoreBusy

# https://www.sqlite.org/rescode.html; after any of these SQLite may have undone the whole transaction.
_SQLITE_CODES = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_INTERRUPT,
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_RACES = {"40001", "40P01"}  # serialization failure, deadlock
_PG_CODES = {"55P03", "25006"}  # a lock was not free in time; read-only (a standby took over)
_PG_CLASSES = {"08", "53", "57"}  # connection, resources (disk full, memory, too many clients), shutting down


def is_busy(error: BaseException) -> bool:
    """Tell whether trying again later may work."""
    if isinstance(error, StoreBusy | PoolTimeout | OSError):
        return True
    if isinstance(error, asyncpg.PostgresConnectionError | asyncpg.InterfaceError):
        return True
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        if isinstance(error.orig, sqlite3.Error):
            code = getattr(error.orig, "sqlite_errorcode", None)
            return code is not None and code & 0xFF in _SQLITE_CODES
    state = sqlstate_of(error)
    return state in _RACES | _PG_CODES or state[:2] in _PG_CLASSES


def lost_a_race(error: BaseException) -> bool:
    """Tell whether PostgreSQL chose this transaction to give way to another: it may run again at once."""
    return sqlstate_of(error) in _RACES


def sqlstate_of(error: BaseException | None) -> str:
    """Return PostgreSQL's five-letter code of an error or its cause, or an empty text."""
    while error is not None:
        state = getattr(getattr(error, "orig", error), "sqlstate", None)
        if state:
            return str(state)
        error = error.__cause__
    return ""


@contextlib.contextmanager
def busy_errors() -> Iterator[None]:
    """Turn what the drivers say when the database is locked, full or away into StoreBusy."""
    try:
        yield
    except StoreBusy:
        raise
    except Exception as error:
        if is_busy(error):
            raise StoreBusy(str(error)) from error
        raise
