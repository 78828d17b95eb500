"""`libline link`: links with other servers, which bring their open offers and requests into our lists."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from libline_fed.cli.opening import change_with_site, opened_instance, run
from libline_fed.cli.output import AsJson, show, show_list
from libline_fed.domain.peers import normal_host
from libline_fed.services import links
from libline_fed.services.links import Link
from libline_fed.services.site import Site
from libline_fed.storage.store import Tx

commands = typer.Typer(
    help="Link with other servers: list each other's open offers and requests.", no_args_is_help=True
)

Host = Annotated[str, typer.Argument(help="A host name such as library.example.")]
Note = Annotated[str, typer.Option(help="Who you are, for the admins there; 500 characters at most.")]
_COLUMNS = ("host", "ours", "theirs", "open_count", "listed", "last_heard_at", "trouble")


@commands.command("list")
def list_(as_json: AsJson = False) -> None:
    """List links and questions: `ours` is what they said to us, `theirs` what we said to them."""

    async def work() -> list[Link]:
        async with opened_instance() as instance:
            return await instance.store.read(lambda tx: links.list_links(tx, instance.site))

    show_list(map(_row, run(work())), _COLUMNS, as_json=as_json, empty="There is no link.")


@commands.command("add")
def add(host: Host, note: Note = "") -> None:
    """Ask another server for its offers and requests. The server or worker that runs here sends it."""

    async def work() -> str:
        async with opened_instance() as instance:
            peer = await instance.resolver.find_instance(host)
            now = instance.clock.now()
            await instance.store.write(
                lambda tx: links.ask(tx, instance.site, peer=peer, note_text=note, now=now)
            )
            return peer.host

    show(f"{run(work())} is asked.")


@commands.command("approve")
def approve(host: Host) -> None:
    """Say yes to a server that asks."""
    name = _name(host)

    async def unit(tx: Tx, site: Site, now: datetime) -> None:
        found = await links.at_host(tx, site, name)
        await links.approve(tx, site, peer_id=found.peer.id, now=now)

    change_with_site(unit)
    show(f"{name} gets the offers and requests from here.")


@commands.command("reject")
def reject(host: Host) -> None:
    """Say no to a server that asks, or send it nothing any more."""
    name = _name(host)

    async def unit(tx: Tx, site: Site, now: datetime) -> None:
        found = await links.at_host(tx, site, name)
        await links.reject(tx, site, peer_id=found.peer.id, now=now)

    change_with_site(unit)
    show(f"{name} gets nothing from here.")


@commands.command("remove")
def remove(host: Host) -> None:
    """End a link in both directions, or take a question back; what the link brought is removed."""
    name = _name(host)

    async def unit(tx: Tx, site: Site, now: datetime) -> None:
        found = await links.at_host(tx, site, name)
        await links.unlink(tx, site, peer_id=found.peer.id, now=now)

    change_with_site(unit)
    show(f"There is no link with {name} any more.")


def _name(host: str) -> str:
    return normal_host(host) or host


def _row(link: Link) -> Mapping[str, Any]:
    crawl = link.crawl
    return {
        "host": link.peer.host,
        "actor": link.peer.uri,
        "ours": link.outgoing,
        "theirs": link.incoming,
        "note": link.note_text,
        "proposals_count": link.proposals_count,
        "open_count": link.open_count,
        "listed": f"{crawl.listed_count} of {crawl.total_count or '?'}, {crawl.state}" if crawl else None,
        "read_at": crawl.finished_at if crawl else None,
        "last_heard_at": link.last_heard_at,
        "trouble": crawl.last_error if crawl else None,
    }
