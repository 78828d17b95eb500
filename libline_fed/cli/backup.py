"""`libline backup`: a whole copy of a running instance's SQLite database."""

import asyncio
import shutil
import sqlite3
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url

from libline_fed.cli.output import show
from libline_fed.config import load_settings
from libline_fed.errors import Conflict, NotFound, StoreBusy
from libline_fed.storage.backup import backup_sqlite

SECRET_KEY_FILE = "secret-key"  # noqa: S105  a file's name


def backup(
    path: Annotated[Path, typer.Argument(help="The file to write, which must not exist yet.")],
) -> None:
    """Copy the SQLite database while the instance runs, check the copy, and put the secret key beside it."""
    settings = load_settings()
    url = make_url(settings.resolved_database_url())
    if url.get_backend_name() != "sqlite":
        raise Conflict(
            "not SQLite",
            safe="This instance keeps its data in PostgreSQL: back it up with pg_dump, and keep "
            f"{settings.data_dir / SECRET_KEY_FILE}.",
        )
    source = Path(url.database or "")
    if not source.is_file():
        raise NotFound(f"no file {source}", safe=f"There is no database at {source}.")
    if path.exists():
        raise Conflict(f"{path} exists", safe=f"{path} exists already; it is left as it is.")
    try:
        asyncio.run(backup_sqlite(source, path))
    except sqlite3.OperationalError as error:
        raise StoreBusy(str(error), safe="The copy could not be made.") from error
    show(f"Copied and checked: {path}")
    secret_key = settings.data_dir / SECRET_KEY_FILE
    if settings.secret_key is None and secret_key.is_file():
        beside = path.with_name(path.name + ".secret-key")
        shutil.copy2(secret_key, beside)
        show(f"The secret key, without which private keys cannot be read: {beside}")
