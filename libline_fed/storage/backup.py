"""Copies a live SQLite database through SQLite's backup interface: a copied file may be two halves."""

import asyncio
import contextlib
import os
import sqlite3
from pathlib import Path

import aiosqlite

from libline_fed.errors import PermanentError

_STEP_PAGES = 1024  # copied per step; writers get in between


class BackupBroken(PermanentError):
    """The copy did not pass SQLite's integrity check and was removed."""


async def backup_sqlite(path_from: Path, path_to: Path) -> None:
    """Copy the database at `path_from`, writers running or not, to the new file `path_to`; check the copy.

    The copy gets its name only when it is whole, checked and flushed to disk.

    Raises: BackupBroken; FileExistsError; sqlite3.OperationalError (disk full, locked, no database there).
    """
    partial = path_to.with_name(path_to.name + ".partial")
    await asyncio.to_thread(_make_room, path_to, partial)
    try:
        await _copy(path_from, partial)
        await asyncio.to_thread(_settle, path_from, partial, path_to)
    finally:
        await asyncio.to_thread(partial.unlink, missing_ok=True)


def _make_room(path_to: Path, partial: Path) -> None:
    if path_to.exists():
        raise FileExistsError(path_to)
    path_to.parent.mkdir(parents=True, exist_ok=True)
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL, 0o600))  # it holds everything people wrote


def _settle(path_from: Path, partial: Path, path_to: Path) -> None:
    """Check the copy and give it its name."""
    problem = check_integrity(partial)
    if problem is not None:
        raise BackupBroken(f"the copy of {path_from} is damaged: {problem}")
    _flush(partial)
    partial.rename(path_to)
    _flush(path_to.parent)


def check_integrity(path: Path) -> str | None:
    """Return None if the database file is whole and its foreign keys hold, else the first problem."""
    with contextlib.closing(_connect(path, "ro")) as connection:
        try:
            [(answer,), *_] = connection.execute("PRAGMA integrity_check(1)").fetchall()
            orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
        except sqlite3.DatabaseError as error:
            return str(error)
    if answer != "ok":
        return str(answer)
    return None if orphan is None else f"a row of {orphan[0]} points to a missing row of {orphan[2]}"


async def _copy(path_from: Path, path_to: Path) -> None:
    async with (
        aiosqlite.connect(_uri(path_from, "rw"), uri=True, timeout=10) as source,  # readers mark a WAL
        aiosqlite.connect(_uri(path_to, "rw"), uri=True, timeout=10) as target,
    ):
        await source.backup(target, pages=_STEP_PAGES)
        await target.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(_uri(path, mode), uri=True, timeout=10, isolation_level=None)


def _uri(path: Path, mode: str) -> str:
    return f"{path.absolute().as_uri()}?mode={mode}"  # never makes a new file


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
