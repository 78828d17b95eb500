"""`libline queue`: what waits to be delivered, what could not be, and why."""

from typing import Annotated

import typer

from libline_fed.cli.opening import change, read
from libline_fed.cli.output import AsJson, show, show_fields, show_json, show_list
from libline_fed.clock import SystemClock
from libline_fed.domain.deliveries import DeliveryState
from libline_fed.services import deliveries

commands = typer.Typer(help="Look at and steer the delivery queue.", no_args_is_help=True)

Ids = Annotated[list[int] | None, typer.Argument(help="Ids of deliveries, as `queue list` shows them.")]
Host = Annotated[str | None, typer.Option(help="All deliveries to this server.")]
_COLUMNS = (
    "id",
    "state",
    "host",
    "object_uri",
    "attempts_count",
    "next_attempt_at",
    "last_status",
    "last_error",
)
_HOST_COLUMNS = (
    "host",
    "queued_count",
    "dead_count",
    "failures_count",
    "next_due_at",
    "closed_until",
    "reached_at",
)


@commands.command("list")
def list_(
    state: Annotated[DeliveryState | None, typer.Option(help="Only in this state.")] = None,
    host: Host = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    by_host: Annotated[bool, typer.Option("--by-host", help="One line per server instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """List deliveries, newest first."""
    if by_host:
        summary = read(lambda tx: deliveries.summarise(tx, limit=limit))
        show_list(summary.hosts, _HOST_COLUMNS, as_json=as_json, empty="Nothing waits and nothing is dead.")
        return
    rows = read(lambda tx: deliveries.list_queue(tx, state=state, host=host, limit=limit))
    show_list(rows, _COLUMNS, as_json=as_json, empty="There are no such deliveries.")


@commands.command("show")
def show_one(delivery_id: Annotated[int, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """Show everything about one delivery and its server."""
    view = read(lambda tx: deliveries.show(tx, delivery_id))
    if as_json:
        show_json(view)
        return
    show_fields(view.delivery, as_json=False)
    if view.peer is not None:
        show("\nIts server:")
        show_fields(view.peer, as_json=False)


@commands.command("retry")
def retry(ids: Ids = None, host: Host = None) -> None:
    """Send now what waits or is dead: by id, by server, or (without either) everything dead."""
    now = SystemClock().now()
    count = change(lambda tx: deliveries.retry(tx, ids=ids or None, host=host, now=now))
    show(f"{count} deliveries will be sent.")


@commands.command("drop")
def drop(ids: Ids = None, host: Host = None) -> None:
    """Give up what waits or is dead, by id or by server."""
    now = SystemClock().now()
    count = change(lambda tx: deliveries.drop(tx, ids=ids or None, host=host, now=now))
    show(f"{count} deliveries were dropped.")
