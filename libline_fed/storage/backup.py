"""Copies a live SQLite database through SQLite's backup interface: a copied file may be two halves."""

import contextlib
import os
import sqlite3
from pathlib import Path

from libline_fed.errors import PermanentError

_STEP_PAGES = 1024  # copied per step; writers get in between


class BackupBroken(PermanentError):
    """The copy did not pass SQLite's integrity check and was removed."""


def backup_sqlite(path_from: Path, path_to: Path) -> None:
    """Copy the database at `path_from`, writers running or not, to the new file `path_to`; check the copy.

    The copy gets its name only when it is whole, checked and flushed to disk. Blocks: call it in a thread.

    Raises: BackupBroken; FileExistsError; sqlite3.OperationalError (disk full, locked, no database there).
    """
    if path_to.exists():
        raise FileExistsError(path_to)
    path_to.parent.mkdir(parents=True, exist_ok=True)
    partial = path_to.with_name(path_to.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL, 0o600))  # it holds everything people wrote
        _copy(path_from, partial)
        problem = check_integrity(partial)
        if problem is not None:
            raise BackupBroken(f"the copy of {path_from} is damaged: {problem}")
        _flush(partial)
        partial.rename(path_to)
        _flush(path_to.parent)
    finally:
        partial.unlink(missing_ok=True)


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


def _copy(path_from: Path, path_to: Path) -> None:
    with (
        contextlib.closing(_connect(path_from, "rw")) as source,  # a reader of a WAL writes marks
        contextlib.closing(_connect(path_to, "rw")) as target,
    ):
        source.backup(target, pages=_STEP_PAGES)
        target.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"  # never makes a new file
    return sqlite3.connect(uri, uri=True, timeout=10, isolation_level=None)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
