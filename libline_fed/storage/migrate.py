"""Brings a database to the schema of this version: forwards only, and in one transaction.

Whenever it is killed, the database has the old schema or the new one.
"""

import asyncio
import os
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, column, inspect, select, table, text

from libline_fed.errors import PermanentError
from libline_fed.resources import data_dir
from libline_fed.storage.backup import backup_sqlite
from libline_fed.storage.store import Store, Tx

VERSION_TABLE = "alembic_version"
VERSIONS = table(VERSION_TABLE, column("version_num"))
_LOCK = 0x11B_11E  # PostgreSQL advisory lock: one upgrade at a time
_LOCK_WAIT_S = 60
_YOURS = "Backups of PostgreSQL are yours to make."


class SchemaState(StrEnum):
    """How the database stands to the migrations of this version."""

    CURRENT = "current"
    BEHIND = "behind"  # `libline migrate` brings it forward
    AHEAD = "ahead"  # a newer version of LibLine has written it
    EMPTY = "empty"


class SchemaMismatch(PermanentError):
    """The database does not have the schema that this version needs."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What an upgrade did."""

    applied: tuple[str, ...]  # revisions, oldest first
    backup_path: Path | None
    note: str  # one line for the admin about the backup; empty if there is nothing to say


async def check(store: Store) -> SchemaState:
    """Tell how the database stands.

    Raises: SchemaMismatch if it holds tables that no version of LibLine has made.
    """
    return await store.run_bare(_state)


def needed_revision() -> str:
    """Return the revision that this version needs."""
    return script_directory().get_current_head() or ""


async def revision_of(tx: Tx) -> str:
    """Return the revision that the database has; "" if it has none."""
    return str(await tx.scalar(select(VERSIONS.c.version_num)) or "")


async def require_current(store: Store) -> None:
    """Let pass only a database with exactly the schema of this version.

    Raises: SchemaMismatch, with what to do.
    """
    state = await check(store)
    if state in {SchemaState.BEHIND, SchemaState.EMPTY}:
        raise SchemaMismatch(f"the database is {state}", safe="Run `libline migrate` first, then start.")
    if state is SchemaState.AHEAD:
        raise SchemaMismatch(
            "the database was written by a newer version of LibLine",
            safe="This database belongs to a newer version of LibLine. Install that version, or restore the "
            "backup that was made before the upgrade. There is no way to downgrade a database.",
        )


async def upgrade(store: Store, *, backup_dir: Path, now: datetime, to_revision: str = "head") -> Upgrade:
    """Back the database up if it holds anything, then apply what is missing in one transaction.

    `to_revision` other than the newest is for tests of upgrades.

    Raises: SchemaMismatch if a newer version has written the database; StoreBusy; sqlite3.OperationalError or
    BackupBroken if the backup cannot be made: then nothing is changed.
    """
    state = await check(store)
    if state is SchemaState.CURRENT:
        return Upgrade((), None, "")
    if state is SchemaState.AHEAD:
        await require_current(store)
    path, note = None, ""
    if state is SchemaState.BEHIND:
        path, note = await _back_up(store, backup_dir, now)
    applied = await store.run_bare(partial(_apply, to_revision=to_revision))
    return Upgrade(applied, path, note)


def script_directory() -> ScriptDirectory:
    """Return the migrations that ship with this version."""
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(data_dir("migrations")).replace("%", "%%"))
    return config


def _state(connection: Connection) -> SchemaState:
    scripts = script_directory()
    heads = MigrationContext.configure(connection).get_current_heads()
    if not heads:
        strangers = sorted(set(inspect(connection).get_table_names()) - {VERSION_TABLE})
        if strangers:
            raise SchemaMismatch(
                f"the database has tables without a version: {', '.join(strangers[:5])}",
                safe="This database was not made by LibLine. Choose an empty one.",
            )
        return SchemaState.EMPTY
    if set(heads) == set(scripts.get_heads()):
        return SchemaState.CURRENT
    known = {script.revision for script in scripts.walk_revisions()}
    return SchemaState.BEHIND if set(heads) <= known else SchemaState.AHEAD


def _apply(connection: Connection, *, to_revision: str) -> tuple[str, ...]:
    if connection.dialect.name != "sqlite":
        with connection.begin():
            connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_WAIT_S}s'"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            return _run(connection, to_revision)
    # A rebuilt table would take its children with it; SQLite changes this only outside of a transaction.
    _pragma(connection, "foreign_keys=OFF")
    try:
        with connection.begin():
            applied = _run(connection, to_revision)
            orphan = connection.execute(text("PRAGMA foreign_key_check")).first()
            if orphan is not None:
                raise SchemaMismatch(f"the upgrade would leave orphans in {orphan[0]}; nothing changed")
    finally:
        _pragma(connection, "foreign_keys=ON")
    return applied


def _pragma(connection: Connection, pragma: str) -> None:
    driver = connection.connection.driver_connection  # beside SQLAlchemy, which would begin a transaction
    assert isinstance(driver, sqlite3.Connection)
    driver.execute(f"PRAGMA {pragma}").close()


def _run(connection: Connection, to_revision: str) -> tuple[str, ...]:
    config = _config()
    config.attributes["connection"] = connection
    before = MigrationContext.configure(connection).get_current_heads()
    command.upgrade(config, to_revision)
    after = MigrationContext.configure(connection).get_current_heads()
    passed = ScriptDirectory.from_config(config).iterate_revisions(after, before or "base")
    return tuple(reversed([script.revision for script in passed]))


async def _back_up(store: Store, backup_dir: Path, now: datetime) -> tuple[Path | None, str]:
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    if store.dialect == "sqlite":
        assert store.url.database is not None
        path = backup_dir / f"before-migrate-{stamp}.sqlite3"
        await backup_sqlite(Path(store.url.database), path)
        return path, f"Backup: {path}"
    return await _dump_postgresql(store, backup_dir / f"before-migrate-{stamp}.dump")


async def _dump_postgresql(store: Store, path: Path) -> tuple[Path | None, str]:
    program = await asyncio.to_thread(shutil.which, "pg_dump")
    if program is None:
        return None, f"No backup was made: pg_dump is not installed here. {_YOURS}"
    await asyncio.to_thread(_make_private, path)
    url = store.url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    password = {"PGPASSWORD": str(store.url.password)} if store.url.password else {}  # not in ps
    process = await asyncio.create_subprocess_exec(
        program, "--format=custom", f"--file={path}", f"--dbname={url}", "--no-password",
        env=os.environ | password, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await process.communicate()
    if process.returncode == 0:
        return path, f"Backup: {path}"
    await asyncio.to_thread(path.unlink)
    last_line = (complaint.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
    return None, f"No backup was made: pg_dump failed ({last_line}). {_YOURS}"


def _make_private(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
