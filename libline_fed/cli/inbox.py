"""`libline inbox`: what came in, and what was refused and why."""

from typing import Annotated

import typer

from libline_fed.cli.opening import change, read
from libline_fed.cli.output import AsJson, show, show_list
from libline_fed.clock import SystemClock
from libline_fed.domain.inbox_activities import InboxState
from libline_fed.services import inbox

commands = typer.Typer(help="Look at what came in, and at what was refused and why.", no_args_is_help=True)

Limit = Annotated[int, typer.Option(min=1, max=10_000)]
_COLUMNS = ("id", "state", "host", "type", "activity_uri", "received_at", "reason", "detail")


@commands.command("list")
def list_(
    state: Annotated[InboxState | None, typer.Option(help="Only in this state.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List activities, newest first."""
    rows = read(lambda tx: inbox.list_activities(tx, state=state, limit=limit))
    show_list(rows, _COLUMNS, as_json=as_json, empty="Nothing came in.")


@commands.command("refused")
def refused(limit: Limit = 50, as_json: AsJson = False) -> None:
    """List what was refused, newest first, each with its reason."""
    rows = read(lambda tx: inbox.list_refused(tx, limit=limit))
    show_list(rows, _COLUMNS, as_json=as_json, empty="Nothing was refused.")


@commands.command("replay")
def replay(ids: Annotated[list[int], typer.Argument(help="Ids, as `inbox refused` shows them.")]) -> None:
    """Apply activities once more, for instance after an upgrade that understands them."""
    now = SystemClock().now()
    for id_ in ids:
        change(lambda tx, id_=id_: inbox.replay(tx, id_, now=now))  # type: ignore[misc]
    show(f"{len(ids)} activities will be applied again.")
