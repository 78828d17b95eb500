"""What commands print: tables for people, JSON for programs, and the exit codes of all commands."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import datetime
from enum import IntEnum
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from libline_fed.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    LibLineError,
    NotFound,
    TemporaryError,
)

PLAIN_WIDTH_CHARACTERS = 160  # where the output is no terminal

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


class ExitCode(IntEnum):
    """What the exit status of `libline` says. Documented in docs/commands.md; never renumbered."""

    DONE = 0
    FAILED = 1  # a check says no, the other side refuses, or something unexpected
    USAGE = 2  # wrong arguments or settings
    NOT_FOUND = 3
    NOT_POSSIBLE = 4  # the present state or the input does not allow it
    TRY_LATER = 5  # the database is busy, or the other server does not answer


_CODES: tuple[tuple[type[LibLineError], ExitCode], ...] = (
    (NotFound, ExitCode.NOT_FOUND),
    (Conflict, ExitCode.NOT_POSSIBLE),
    (Forbidden, ExitCode.NOT_POSSIBLE),
    (InvalidInput, ExitCode.NOT_POSSIBLE),
    (TemporaryError, ExitCode.TRY_LATER),
)


def exit_code_of(error: LibLineError) -> ExitCode:
    """Return the exit status that fits an error."""
    return next((code for class_, code in _CODES if isinstance(error, class_)), ExitCode.FAILED)


def show(text: str = "") -> None:
    """Print one line of the command's result."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()  # a service's first-admin link must not wait in a buffer


def complain(text: str) -> None:
    """Print one line about what is wrong."""
    sys.stderr.write(f"{text}\n")


def show_json(value: Any) -> None:
    """Print a value as indented JSON; dataclasses, moments and enumerations are understood."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=_plain).decode() + "\n")


def show_list(rows: Iterable[Any], columns: Iterable[str], *, as_json: bool, empty: str) -> None:
    """Print rows (dataclasses or mappings): these columns as a table, or every field as a JSON list."""
    records = [_record(row) for row in rows]
    if as_json:
        show_json(records)
        return
    if not records:
        show(empty)
        return
    console = _console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name.removesuffix("_at").removesuffix("_count").replace("_", " "), overflow="fold")
    for record in records:
        table.add_row(*(_cell(record.get(name)) for name in columns))
    console.print(table)


def show_fields(row: Any, *, as_json: bool) -> None:
    """Print every field of one row, one to a line, or as a JSON object."""
    record = _record(row)
    if as_json:
        show_json(record)
        return
    width = max(map(len, record), default=0)
    for name, value in record.items():
        show(f"{name.ljust(width)}  {_cell(value)}")


def _console() -> Console:
    is_terminal = sys.stdout.isatty()
    return Console(
        file=sys.stdout, width=None if is_terminal else PLAIN_WIDTH_CHARACTERS, markup=False, highlight=False
    )


def _record(row: Any) -> dict[str, Any]:
    if is_dataclass(row) and not isinstance(row, type):
        return asdict(row)
    assert isinstance(row, Mapping)
    return dict(row)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return "".join(character if character.isprintable() else " " for character in str(value))


def _plain(value: Any) -> Any:
    if not isinstance(value, bytes):
        return str(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.hex()
