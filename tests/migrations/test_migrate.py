"""`storage/migrate.py`: says how a database stands, backs it up, and leaves the old schema or the new one."""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from libline_fed.resources import data_dir
from libline_fed.storage import migrate
from libline_fed.storage.backup import check_integrity
from libline_fed.storage.migrate import SchemaMismatch, SchemaState
from libline_fed.storage.store import Store
from tests.migrations.samples import add_sample, count_rows
from tests.migrations.schema_text import schema_text

# The table rebuilt here points to `actors`, whose index on an expression SQLAlchemy cannot reflect.
pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection")

AHEAD = Path(__file__).parent / "ahead"


@pytest.fixture
def ahead(tmp_path, monkeypatch) -> Path:
    """A later version of LibLine: its migrations are ours and one more."""
    folder = tmp_path / "migrations"
    shutil.copytree(data_dir("migrations"), folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in AHEAD.glob("*.py"):
        shutil.copy(path, folder / "versions")
    monkeypatch.setattr(migrate, "data_dir", lambda _name: folder)
    return folder


@pytest.fixture
async def empty_store(empty_database_url):
    store = await Store(empty_database_url).open()
    yield store
    await store.close()


async def test_an_empty_database_is_brought_to_the_newest_schema_without_a_backup(empty_store, tmp_path, now):
    assert await migrate.check(empty_store) is SchemaState.EMPTY
    with pytest.raises(SchemaMismatch) as caught:
        await migrate.require_current(empty_store)
    assert "libline migrate" in caught.value.safe
    upgrade = await migrate.upgrade(empty_store, backup_dir=tmp_path / "backups", now=now)
    assert (upgrade.applied[0], upgrade.backup_path, upgrade.note) == ("0001", None, "")
    assert await migrate.check(empty_store) is SchemaState.CURRENT
    await migrate.require_current(empty_store)
    assert not (tmp_path / "backups").exists()


async def test_a_current_database_is_left_alone(store, tmp_path, now):
    assert (await migrate.upgrade(store, backup_dir=tmp_path / "backups", now=now)).applied == ()
    assert not (tmp_path / "backups").exists()


async def test_a_database_that_is_behind_is_refused_then_backed_up_and_upgraded(store, ahead, tmp_path, now):
    await add_sample(store, now)
    before = await store.run_bare(schema_text)
    assert await migrate.check(store) is SchemaState.BEHIND
    with pytest.raises(SchemaMismatch) as caught:
        await migrate.require_current(store)
    assert "libline migrate" in caught.value.safe
    upgrade = await migrate.upgrade(store, backup_dir=tmp_path / "backups", now=now)
    assert upgrade.applied == ("0004",)
    await migrate.require_current(store)
    assert await store.run_bare(schema_text) != before
    assert upgrade.backup_path is not None, upgrade.note
    assert str(upgrade.backup_path) in upgrade.note
    assert upgrade.backup_path.stat().st_mode & 0o077 == 0  # people's words, for nobody else on the machine
    if store.dialect == "sqlite":
        assert check_integrity(upgrade.backup_path) is None
        backup = await Store(f"sqlite:///{upgrade.backup_path}").open()
        assert await backup.run_bare(schema_text) == before
        await backup.close()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_without_pg_dump_the_admin_is_told_to_make_backups(store, ahead, tmp_path, now, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    upgrade = await migrate.upgrade(store, backup_dir=tmp_path / "backups", now=now)
    assert upgrade.backup_path is None
    assert "pg_dump is not installed" in upgrade.note
    assert "yours to make" in upgrade.note
    await migrate.require_current(store)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_pg_dump_that_fails_is_told_and_leaves_no_file(store, ahead, tmp_path, now, monkeypatch):
    broken = tmp_path / "pg_dump"
    broken.write_text("#!/bin/sh\necho 'aborting because of server version mismatch' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _name: str(broken))
    upgrade = await migrate.upgrade(store, backup_dir=tmp_path / "backups", now=now)
    assert "server version mismatch" in upgrade.note
    assert list((tmp_path / "backups").iterdir()) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_nothing_is_upgraded_when_the_backup_cannot_be_made(store, ahead, tmp_path, now):
    (tmp_path / "backups").write_text("a file where the folder should be")
    with pytest.raises(FileExistsError):
        await migrate.upgrade(store, backup_dir=tmp_path / "backups", now=now)
    assert await migrate.check(store) is SchemaState.BEHIND


async def test_a_database_of_a_newer_version_is_refused(store, ahead, tmp_path, now, monkeypatch):
    await migrate.upgrade(store, backup_dir=tmp_path / "backups", now=now)
    newer = await store.run_bare(schema_text)
    monkeypatch.undo()  # the older program comes back
    assert await migrate.check(store) is SchemaState.AHEAD
    for step in (migrate.require_current(store), migrate.upgrade(store, backup_dir=tmp_path, now=now)):
        with pytest.raises(SchemaMismatch) as caught:
            await step
        assert "newer version" in caught.value.safe
        assert "restore the backup" in caught.value.safe
    assert await store.run_bare(schema_text) == newer


async def test_a_database_of_another_program_is_refused(empty_store, tmp_path, now):
    await empty_store.write(lambda tx: tx.execute(text("CREATE TABLE wp_posts (id INTEGER)")))
    with pytest.raises(SchemaMismatch) as caught:
        await migrate.upgrade(empty_store, backup_dir=tmp_path, now=now)
    assert "not made by LibLine" in caught.value.safe


async def test_a_migration_that_fails_changes_nothing(store, ahead, tmp_path, now, monkeypatch):
    await add_sample(store, now)
    before = (await store.run_bare(schema_text), await count_rows(store))
    monkeypatch.setenv("LIBLINE_TEST_FAIL", "1")
    with pytest.raises(RuntimeError, match="the migration fails"):
        await migrate.upgrade(store, backup_dir=tmp_path / "backups", now=now)
    assert (await store.run_bare(schema_text), await count_rows(store)) == before
    assert await migrate.check(store) is SchemaState.BEHIND


async def test_foreign_keys_are_on_again_after_an_upgrade(store, ahead, tmp_path, now):
    await migrate.upgrade(store, backup_dir=tmp_path / "backups", now=now)
    if store.dialect == "sqlite":
        assert await store.write(lambda tx: tx.scalar(text("PRAGMA foreign_keys"))) == 1


UPGRADE = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from libline_fed.storage import migrate
from libline_fed.storage.store import Store

async def main():
    store = await Store(sys.argv[1]).open()
    await migrate.upgrade(store, backup_dir=Path(sys.argv[2]) / "backups", now=datetime.now(UTC))

migrate.data_dir = lambda _name: Path(sys.argv[2]) / "migrations"
asyncio.run(main())
"""


@pytest.mark.crash
@pytest.mark.parametrize("step", range(4))
async def test_killed_at_any_step_the_old_schema_and_every_row_are_left(store, ahead, tmp_path, now, step):
    await add_sample(store, now)
    before = (await store.run_bare(schema_text), await count_rows(store))
    process = subprocess.Popen(
        [sys.executable, "-c", UPGRADE, store.url.render_as_string(hide_password=False), tmp_path],
        env=os.environ | {"LIBLINE_TEST_STEP": str(step)}, stdout=subprocess.PIPE, text=True,
    )
    assert process.stdout.readline() == f"step {step}\n"
    process.kill()
    process.wait()
    process.stdout.close()
    assert (await store.run_bare(schema_text), await count_rows(store)) == before
    assert await migrate.check(store) is SchemaState.BEHIND
    assert (await migrate.upgrade(store, backup_dir=tmp_path / "backups", now=now)).applied == ("0004",)
    await migrate.require_current(store)
    assert await count_rows(store) == before[1] | {"tries": 0}


async def test_two_upgrades_at_once_make_one(empty_store, empty_database_url, tmp_path, now):
    other = await Store(empty_database_url).open()
    try:
        both = await asyncio.gather(
            *[migrate.upgrade(one, backup_dir=tmp_path, now=now) for one in (empty_store, other)]
        )
    finally:
        await other.close()
    assert sorted(upgrade.applied != () for upgrade in both) == [False, True]
    await migrate.require_current(empty_store)
