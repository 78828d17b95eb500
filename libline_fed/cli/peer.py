"""`libline peer`: other servers, and with which of them this instance speaks."""

from typing import Annotated

import typer

from libline_fed.cli.opening import change, read
from libline_fed.cli.output import AsJson, show, show_fields, show_list
from libline_fed.clock import SystemClock
from libline_fed.domain.peers import Policy
from libline_fed.services import peers

commands = typer.Typer(help="Look at other servers; allow, silence or block them.", no_args_is_help=True)

Host = Annotated[str, typer.Argument(help="A host name such as example.org. A block covers sub-domains.")]
Note = Annotated[str, typer.Option(help="Why, for you and the other admins.")]
_COLUMNS = ("host", "policy", "heard_at", "reached_at", "failures_count", "closed_until", "note")


@commands.command("list")
def list_(
    policy: Annotated[Policy | None, typer.Option(help="Only with this policy.")] = None,
    as_json: AsJson = False,
) -> None:
    """List every server that is known."""
    rows = read(lambda tx: peers.list_peers(tx, policy=policy))
    show_list(rows, _COLUMNS, as_json=as_json, empty="No such server is known.")


@commands.command("show")
def show_one(host: Host, as_json: AsJson = False) -> None:
    """Show everything about one server."""
    show_fields(read(lambda tx: peers.show(tx, host)), as_json=as_json)


def _set(host: str, policy: Policy, note: str) -> None:
    now = SystemClock().now()
    peer = change(lambda tx: peers.set_policy(tx, host, policy, note, now=now))
    show(f"{peer.host} is {peer.policy}.")


@commands.command("allow")
def allow(host: Host, note: Note = "") -> None:
    """Speak with a server; with LIBLINE_FEDERATION=allowlist only with those."""
    _set(host, Policy.ALLOWED, note)


@commands.command("silence")
def silence(host: Host, note: Note = "") -> None:
    """Speak with a server, but show what comes from there only to people who follow it."""
    _set(host, Policy.SILENCED, note)


@commands.command("block")
def block(host: Host, note: Note = "") -> None:
    """Send nothing to a server and take nothing from it."""
    _set(host, Policy.BLOCKED, note)


@commands.command("reset")
def reset(host: Host) -> None:
    """Take back what was decided about a server."""
    _set(host, Policy.DEFAULT, "")
