"""`libline migrate`: bring the database to this version's schema."""

from typing import Annotated

import typer

from libline_fed.cli.opening import opened_store, run
from libline_fed.cli.output import ExitCode, show
from libline_fed.clock import SystemClock
from libline_fed.config import load_settings
from libline_fed.storage import migrate as migrations
from libline_fed.storage.migrate import SchemaState

_SENTENCES = {
    SchemaState.CURRENT: "The database has the schema of this version.",
    SchemaState.BEHIND: "The database is older than this version. Run: libline migrate",
    SchemaState.EMPTY: "The database is empty. Run: libline migrate",
    SchemaState.AHEAD: "The database was written by a newer version of LibLine.",
}


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Change nothing. Status 1: not current.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing when there is nothing to do.")] = False,
) -> None:
    """Bring the database to the schema of this version, after a backup; forwards only."""
    if check:
        state = run(_check())
        show(_SENTENCES[state])
        raise typer.Exit(ExitCode.DONE if state is SchemaState.CURRENT else ExitCode.FAILED)
    run(_upgrade(quiet=quiet))


async def _check() -> SchemaState:
    async with opened_store() as store:
        return await migrations.check(store)


async def _upgrade(*, quiet: bool) -> None:
    settings = load_settings()
    async with opened_store(settings) as store:
        upgrade = await migrations.upgrade(
            store, backup_dir=settings.data_dir / "backups", now=SystemClock().now()
        )
    if upgrade.note:
        show(upgrade.note)
    if upgrade.applied:
        show(f"Applied: {', '.join(upgrade.applied)}")
    elif not quiet:
        show(_SENTENCES[SchemaState.CURRENT])
