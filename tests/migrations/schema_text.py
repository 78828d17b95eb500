"""Writes a database's schema down as text, the same for the same schema, to compare and to commit."""

import re
from pathlib import Path

from sqlalchemy import Connection, text

HERE = Path(__file__).parent
_PG_COLUMNS = """
SELECT c.relname AS name, format('    %I %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
         CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
         coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')) AS line
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY c.relname, a.attnum
"""
_PG_CONSTRAINTS = """
SELECT conrelid::regclass::text AS name,
       format('    CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)) AS line
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n' ORDER BY 1, conname
"""  # 'n': from PostgreSQL 18 on NOT NULL is a constraint as well; the columns say it
_PG_INDEXES = """
SELECT tablename AS name, '    ' || indexdef AS line
FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, indexname
"""
_PG_TRIGGERS = """
SELECT t.tgrelid::regclass::text AS name,
       '    ' || pg_get_triggerdef(t.oid) || ': ' || regexp_replace(p.prosrc, '\\s+', ' ', 'g') AS line
FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal ORDER BY 1, t.tgname
"""


def snapshot_path(dialect: str) -> Path:
    """Return the committed snapshot of an engine."""
    return HERE / f"schema.{dialect}.sql"


def schema_text(connection: Connection) -> str:
    """Return the schema as text, without the table of versions."""
    write = _sqlite_text if connection.dialect.name == "sqlite" else _postgresql_text
    return write(connection)


def _sqlite_text(connection: Connection) -> str:
    rows = connection.execute(text(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name <> 'alembic_version' "
        "ORDER BY tbl_name, type DESC, name"
    )).scalars()
    return "\n\n".join(_in_order(sql) for sql in rows) + "\n"


def _in_order(sql: str) -> str:
    """Put what follows the columns of a CREATE TABLE in the order of names: its order means nothing."""
    lines = [line.strip().rstrip(",") for line in sql.strip().splitlines() if line.strip()]
    first, body, last = lines[0], lines[1:-1], lines[-1:]
    if not re.match(r"CREATE TABLE", first):
        return " ".join(lines)
    first = first.replace('"', "")  # SQLite quotes the name of a table that was renamed
    columns = [line for line in body if not line.startswith("CONSTRAINT")]
    constraints = sorted(line for line in body if line.startswith("CONSTRAINT"))
    return "\n".join([first, *(f"    {line}" for line in columns + constraints), *last])


def _postgresql_text(connection: Connection) -> str:
    tables: dict[str, list[str]] = {}
    for query in (_PG_COLUMNS, _PG_CONSTRAINTS, _PG_INDEXES, _PG_TRIGGERS):
        for row in connection.execute(text(query.replace("::", "\\:\\:"))):
            tables.setdefault(row.name, []).append(row.line)
    tables.pop("alembic_version", None)
    return "\n\n".join("\n".join([name, *lines]) for name, lines in sorted(tables.items())) + "\n"
