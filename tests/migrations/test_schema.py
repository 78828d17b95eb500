"""The migrations, all applied, give exactly `storage/tables.py`, and what the committed snapshots say."""

import ast
import os
import re
import warnings
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import JSON
from sqlalchemy.exc import SAWarning

from libline_fed.resources import data_dir
from libline_fed.storage import migrate
from libline_fed.storage.store import Store
from libline_fed.storage.tables import metadata
from tests.migrations.schema_text import schema_text, snapshot_path

VERSIONS = sorted(path for path in data_dir("migrations").joinpath("versions").glob("*.py"))
WRITE = "LIBLINE_TEST_WRITE_SNAPSHOTS"


async def test_alembic_finds_no_difference_between_migrations_and_tables(store, engine):
    def compare(connection):
        # SQLite tells defaults in another spelling, and skips an index on an expression: the next test looks.
        # PostgreSQL cannot compare two JSON defaults: the next test looks at these as well.
        def is_other_default(_context, inspected, column, inspected_default, default, _rendered):
            if default is None or not isinstance(column.type, JSON):
                return None  # compared as usual
            return (inspected_default or "").partition("::")[0] != f"'{default.arg}'"

        compared = is_other_default if engine == "postgresql" else False

        def is_ours(name, _kind, _parents):
            # The text index is written as text: tables of their own on SQLite. The next test compares it, and
            # the indexes that lists need, which stand beside it.
            indexes = ("ix_proposal_search_words", "ix_proposals_newest", "ix_actors_unusable")
            apart = ("proposal_words", *indexes)
            return name is None or not name.startswith(apart)

        options = {"compare_type": True, "compare_server_default": compared, "include_name": is_ours}
        context = MigrationContext.configure(connection, opts=options)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Skipped unsupported reflection", SAWarning)
            warnings.filterwarnings("ignore", "autogenerate skipping metadata-specified")
            return compare_metadata(context, metadata)

    assert await store.run_bare(compare) == []


async def test_migrations_make_the_very_schema_that_the_tables_would_make(store, engine, tmp_path):
    """Alembic does not compare CHECK constraints, partial indexes and names; the text does."""
    migrated = await store.run_bare(schema_text)

    def made_anew(connection):
        with connection.begin():
            if engine == "sqlite":
                assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0
            else:
                connection.exec_driver_sql("DROP SCHEMA public CASCADE")
                connection.exec_driver_sql("CREATE SCHEMA public")
            metadata.create_all(connection)
        return schema_text(connection)

    if engine == "postgresql":
        assert await store.run_bare(made_anew) == migrated
        return
    other = await Store(f"sqlite:///{tmp_path / 'anew.sqlite3'}").open()
    try:
        assert await other.run_bare(made_anew) == migrated
    finally:
        await other.close()


async def test_the_schema_is_what_the_snapshot_says(store, engine):
    """After a new migration run pytest with LIBLINE_TEST_WRITE_SNAPSHOTS=1, and commit what changed."""
    found = await store.run_bare(schema_text)
    if WRITE in os.environ:
        snapshot_path(engine).write_text(found, encoding="utf-8")
    assert found == snapshot_path(engine).read_text(encoding="utf-8")


def test_revisions_are_numbered_without_gaps_in_one_line():
    scripts = list(migrate.script_directory().walk_revisions())
    numbers = [script.revision for script in reversed(scripts)]
    assert numbers == [f"{i:04}" for i in range(1, len(numbers) + 1)]
    assert [script.down_revision for script in reversed(scripts)] == [None, *numbers[:-1]]


@pytest.mark.parametrize("path", VERSIONS, ids=lambda path: path.stem)
def test_a_migration_is_named_explained_forward_only_and_frozen(path: Path):
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    assert re.fullmatch(r"\d{4}_[a-z]+(_[a-z0-9]+)+", path.stem), "number, verb, what"
    assert f'revision = "{path.stem[:4]}"' in source
    assert "Why:" in (ast.get_docstring(tree) or "")
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert "upgrade" in functions
    assert "downgrade" not in functions, "backups are the way back"
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not any(name.startswith("libline_fed") for name in names), "history imports no code"
