"""Every earlier schema, with a small database in use, upgrades to the newest one and keeps every row."""

import pytest

from libline_fed.storage import migrate
from libline_fed.storage.store import Store
from tests.migrations.samples import add_sample, count_rows
from tests.migrations.schema_text import schema_text, snapshot_path

REVISIONS = [script.revision for script in migrate.script_directory().walk_revisions()]


@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_database_in_use_upgrades_from(revision, empty_database_url, engine, tmp_path, now):
    """A later sample for rows that only a later schema has belongs in `samples.py`, per revision."""
    store = await Store(empty_database_url).open()
    try:
        await migrate.upgrade(store, backup_dir=tmp_path, now=now, to_revision="0001")
        await add_sample(store, now)
        await migrate.upgrade(store, backup_dir=tmp_path / "first", now=now, to_revision=revision)
        before = await count_rows(store)
        assert before["proposals"] == 6
        await migrate.upgrade(store, backup_dir=tmp_path / "second", now=now)
        await migrate.require_current(store)
        after = await count_rows(store)
        assert {name: after.get(name) for name in before} == before
        assert await store.run_bare(schema_text) == snapshot_path(engine).read_text(encoding="utf-8")
    finally:
        await store.close()
