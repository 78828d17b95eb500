"""`libline peer`: other servers, and with which of them this instance speaks."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from libline_fed.cli.opening import change, opened_instance, read, run
from libline_fed.cli.output import AsJson, show, show_fields, show_json, show_list
from libline_fed.clock import SystemClock
from libline_fed.domain.block_lists import MAX_BYTES, read_csv
from libline_fed.domain.peers import Policy
from libline_fed.errors import NotFound
from libline_fed.services import block_lists, peers

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


@commands.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV as Mastodon exports it, or one server a line.", dir_okay=False)
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    also: Annotated[
        list[str] | None,
        typer.Option(help="A server to block too although it is linked with this one, or allowed."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take a list of blocked servers in. Rules become stricter, never milder."""
    run(_import(file, is_dry=dry_run, also=set(also or ()), as_json=as_json))


async def _import(file: Path, *, is_dry: bool, also: set[str], as_json: bool) -> None:
    raw = await asyncio.to_thread(_read, file)
    async with opened_instance() as instance:
        reading = read_csv(raw, instance.site.uris.host)
        plan = await instance.store.read(lambda tx: block_lists.plan(tx, instance.site, reading))
        if as_json:
            show_json(plan)
        else:
            _show_plan(plan)
        if is_dry:
            return
        count = await block_lists.take(instance.store, plan, also=also, now=instance.clock.now())
        if not as_json:
            show(f"{count} rules are new.")


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)  # what is longer is refused, and need not be read for that
    except OSError as error:
        raise NotFound(f"{file}: {error}", safe=f"{file} cannot be read.") from error


def _show_plan(plan: block_lists.Plan) -> None:
    columns = ("host", "before", "policy", "needs_hand", "reason")
    show_list(plan.changes, columns, as_json=False, empty="Nothing would change.")
    for one in plan.skipped:
        show(f"left out: {one.text or '(nothing)'}: {one.why}")
    show(f"{plan.kept_count} servers have a rule that is as strict.")
    if any(change.needs_hand for change in plan.changes):
        show("Servers that need a hand are linked with this one, or allowed: name them with --also.")


@commands.command("export")
def export(
    with_notes: Annotated[
        bool, typer.Option("--with-notes", help="Also write the notes, which are meant for admins.")
    ] = False,
) -> None:
    """Print the silenced and blocked servers as CSV that Mastodon reads."""
    show(read(lambda tx: block_lists.export(tx, with_notes=with_notes)).rstrip("\n"))
