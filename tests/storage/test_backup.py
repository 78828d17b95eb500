"""`storage/backup.py`: a whole copy of a live database, or none."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import select

from libline_fed.storage import backup
from libline_fed.storage.backup import BackupBroken, backup_sqlite, check_integrity
from libline_fed.storage.store import Store
from libline_fed.storage.tables import actor_keys, actors, instance

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def source(store) -> Path:
    return Path(store.url.database)


async def add_pair(store, name):
    """Two rows that belong together: a copy has both or neither."""

    async def unit(tx):
        await tx.execute(tx.insert(instance).values(key=f"{name}-a", value="x" * 2000))
        await tx.execute(tx.insert(instance).values(key=f"{name}-b", value="x" * 2000))

    await store.write(unit)


async def test_a_copy_made_while_writers_run_is_whole(store, source, tmp_path):
    for i in range(100):
        await add_pair(store, f"before-{i}")
    done = asyncio.Event()

    async def write_on():
        number = 0
        while not done.is_set():
            await add_pair(store, f"during-{number}")
            number += 1
        return number

    writing = asyncio.create_task(write_on())
    for copy in (tmp_path / "one.sqlite3", tmp_path / "two.sqlite3"):
        await backup_sqlite(source, copy)
    done.set()
    assert await writing > 0
    for copy in (tmp_path / "one.sqlite3", tmp_path / "two.sqlite3"):
        with contextlib.closing(sqlite3.connect(copy)) as connection:
            keys = {key for (key,) in connection.execute("SELECT key FROM instance")}
        assert {f"before-{i}-a" for i in range(100)} <= keys
        halves = [{key[:-2] for key in keys if key.endswith(half)} for half in ("-a", "-b")]
        assert halves[0] == halves[1]
        assert check_integrity(copy) is None


async def test_a_copy_opens_as_a_database_with_its_keys(store, source, tmp_path, now):
    async def add_actor(tx):
        await tx.execute(tx.insert(actors).values(
            id="a", uri="https://home.example/actors/a", is_local=True, type="Person", handle="ana",
            host="home.example", inbox_url="https://home.example/actors/a/inbox", fields=[], languages=[],
            also_known_as=[], created_at=now, updated_at=now,
        ))
        await tx.execute(tx.insert(actor_keys).values(
            id="k", actor_id="a", kind="rsa", state="current", public_pem="PEM",
            private_encrypted=b"\x00\xff", created_at=now,
        ))

    await store.write(add_actor)
    await backup_sqlite(source, tmp_path / "copy.sqlite3")
    restored = await Store(f"sqlite:///{tmp_path / 'copy.sqlite3'}").open()
    try:
        keys = await restored.read(lambda tx: tx.scalars(select(actor_keys.c.private_encrypted)))
        assert keys == [b"\x00\xff"]
    finally:
        await restored.close()


async def test_a_copy_is_one_private_file(store, source, tmp_path):
    folder = tmp_path / "backups" / "new"
    await backup_sqlite(source, folder / "copy.sqlite3")
    assert [path.name for path in folder.iterdir()] == ["copy.sqlite3"]
    assert (folder / "copy.sqlite3").stat().st_mode & 0o777 == 0o600


async def test_a_file_that_is_there_is_never_written_over(store, source, tmp_path):
    there = tmp_path / "copy.sqlite3"
    there.write_text("precious")
    with pytest.raises(FileExistsError):
        await backup_sqlite(source, there)
    assert there.read_text() == "precious"


async def test_no_database_gives_no_copy_and_makes_none(store, tmp_path):
    with pytest.raises(sqlite3.OperationalError):
        await backup_sqlite(tmp_path / "absent.sqlite3", tmp_path / "out" / "copy.sqlite3")
    assert not (tmp_path / "absent.sqlite3").exists()
    assert list((tmp_path / "out").iterdir()) == []


async def test_a_damaged_copy_is_removed_and_told(store, source, tmp_path, monkeypatch):
    copy = backup._copy

    async def damage(path_from, path_to):
        await copy(path_from, path_to)
        content = bytearray(path_to.read_bytes())
        content[4096 * 3 : 4096 * 4] = b"\x5a" * 4096
        path_to.write_bytes(content)

    monkeypatch.setattr(backup, "_copy", damage)
    with pytest.raises(BackupBroken):
        await backup_sqlite(source, tmp_path / "out" / "copy.sqlite3")
    assert list((tmp_path / "out").iterdir()) == []


async def test_a_row_that_points_nowhere_is_found(store, source):
    with contextlib.closing(sqlite3.connect(source, isolation_level=None)) as connection:
        connection.execute("INSERT INTO proposal_areas VALUES ('no-such-proposal', 'A0301')")
    assert check_integrity(source) == "a row of proposal_areas points to a missing row of proposals"


async def test_a_backup_does_not_hold_up_the_writer_for_long(store, source, tmp_path):
    for i in range(300):
        await add_pair(store, f"{i}")
    copying = asyncio.create_task(backup_sqlite(source, tmp_path / "copy.sqlite3"))
    await asyncio.wait_for(add_pair(store, "meanwhile"), 2)
    await copying
    assert check_integrity(tmp_path / "copy.sqlite3") is None
