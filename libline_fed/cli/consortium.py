"""`libline consortium`: consortia hosted here, and this server's part in others."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from libline_fed.cli.opening import change_with_site, opened_instance, read, run
from libline_fed.cli.output import AsJson, show, show_list
from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import Membership, MemberState
from libline_fed.domain.peers import normal_host
from libline_fed.errors import NotFound
from libline_fed.services import consortia, memberships
from libline_fed.services.memberships import Joined
from libline_fed.services.site import Site
from libline_fed.storage.store import Tx

commands = typer.Typer(
    help="Consortia: servers that pool what their members offer and ask for.", no_args_is_help=True
)

Handle = Annotated[str, typer.Argument(help="The handle of a consortium hosted here.")]
Host = Annotated[str, typer.Argument(help="The host name of a server.")]
Address = Annotated[str, typer.Argument(help="A consortium: @handle@host, or the address of its page.")]
Name = Annotated[str, typer.Option(help="What people call it.")]
Note = Annotated[str, typer.Option(help="Who you are, for the coordinators; 1,000 characters at most.")]
_OPEN = (MemberState.ASKED, MemberState.INVITED, MemberState.MEMBER)


@commands.command("create")
def create(
    handle: Handle,
    name: Name,
    summary: Annotated[str, typer.Option(help="What it is for.")] = "",
    charter: Annotated[str, typer.Option(help="The rules that members agree to.")] = "",
    language: Annotated[str, typer.Option(help="The language of the texts.")] = "en",
    coordinator: Annotated[str, typer.Option(help="A member who runs it.")] = "",
    only_host: Annotated[bool, typer.Option(help="This server is no member itself.")] = False,
) -> None:
    """Make a consortium that this server hosts."""

    async def work() -> str:
        async with opened_instance() as instance:
            now, site = instance.clock.now(), instance.site
            await instance.keyring.prepare(now=now)

            async def unit(tx: Tx) -> str:
                group = await consortia.create(
                    tx,
                    site,
                    handle=handle,
                    name=name,
                    summary_text=summary,
                    charter_text=charter,
                    language=language,
                    account=None,
                    is_member=not only_host,
                    now=now,
                )
                if coordinator:
                    await consortia.add_coordinator(
                        tx, group_id=group.id, handle=coordinator, account=None, now=now
                    )
                return group.uri

            return await instance.store.write(unit)

    show(run(work()))


@commands.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the consortia that this server has to do with, and what it is to each."""

    async def work() -> list[Joined]:
        async with opened_instance() as instance:
            return await instance.store.read(lambda tx: memberships.list_memberships(tx, instance.site))

    rows = [
        {"consortium": one.group.uri, "name": one.group.display_name, "state": one.membership.state}
        for one in run(work())
    ]
    show_list(rows, ("consortium", "name", "state"), as_json=as_json, empty="There is no consortium.")


@commands.command("members")
def members(handle: Handle, as_json: AsJson = False) -> None:
    """List the servers in a consortium hosted here, and those that wait for an answer."""

    async def unit(tx: Tx) -> list[tuple[Membership, Actor]]:
        hosted = await consortia.by_handle(tx, handle)
        return await consortia.servers(tx, hosted.group.id, *_OPEN)

    rows: list[Mapping[str, Any]] = [
        {"host": instance.host, "state": known.state, "note": known.note_text, "actor": instance.uri}
        for known, instance in read(unit)
    ]
    show_list(rows, ("host", "state", "note"), as_json=as_json, empty="Nobody is in it.")


@commands.command("approve")
def approve(handle: Handle, host: Host) -> None:
    """Say yes to a server that asks to join."""

    async def unit(tx: Tx, site: Site, now: datetime) -> None:
        group, instance = await _server(tx, handle, host)
        await consortia.approve(
            tx, site, group_id=group.id, instance_id=instance.id, account=None, now=now
        )

    change_with_site(unit)
    show(f"{host} is a member.")


@commands.command("reject")
def reject(handle: Handle, host: Host) -> None:
    """Say no to a server that asks to join."""

    async def unit(tx: Tx, site: Site, now: datetime) -> None:
        group, instance = await _server(tx, handle, host)
        await consortia.reject(
            tx, site, group_id=group.id, instance_id=instance.id, account=None, now=now
        )

    change_with_site(unit)
    show(f"{host} gets a no.")


@commands.command("remove")
def remove(handle: Handle, host: Host) -> None:
    """Put a server out of a consortium hosted here, or take an invitation back."""

    async def unit(tx: Tx, site: Site, now: datetime) -> None:
        group, instance = await _server(tx, handle, host)
        await consortia.remove_member(
            tx, site, group_id=group.id, instance_id=instance.id, account=None, now=now
        )

    change_with_site(unit)
    show(f"{host} is no member any more.")


@commands.command("invite")
def invite(handle: Handle, host: Host) -> None:
    """Invite a server into a consortium hosted here."""

    async def work() -> None:
        async with opened_instance() as instance:
            server = await instance.resolver.find_instance(host)
            now, site = instance.clock.now(), instance.site

            async def unit(tx: Tx) -> None:
                hosted = await consortia.by_handle(tx, handle)
                await consortia.invite(
                    tx, site, group_id=hosted.group.id, instance=server, account=None, now=now
                )

            await instance.store.write(unit)

    run(work())
    show(f"{host} is invited.")


@commands.command("join")
def join(address: Address, note: Note = "") -> None:
    """Ask a consortium to take this server in, or accept its invitation."""

    async def work() -> MemberState:
        async with opened_instance() as instance:
            group = await instance.resolver.find_actor(address)
            now, site = instance.clock.now(), instance.site
            return await instance.store.write(
                lambda tx: memberships.join(tx, site, group=group, note=note, account=None, now=now)
            )

    is_member = run(work()) == MemberState.MEMBER
    show("This server is a member." if is_member else "The coordinators are asked.")


@commands.command("leave")
def leave(address: Address) -> None:
    """Leave a consortium; what it brought is removed."""

    async def work() -> None:
        async with opened_instance() as instance:
            group = await instance.resolver.find_actor(address)
            now, site = instance.clock.now(), instance.site
            await instance.store.write(
                lambda tx: memberships.leave(tx, site, group=group, account=None, now=now)
            )

    run(work())
    show("This server has left.")


@commands.command("link-members")
def link_members(address: Address) -> None:
    """Ask every member of a consortium for a link of its own, for when the consortium's server is gone."""

    async def unit(tx: Tx, site: Site, now: datetime) -> int:
        for one in await memberships.list_memberships(tx, site):
            if address.strip() in (one.group.uri, one.group.acct, f"@{one.group.acct}"):
                return await memberships.link_with_members(
                    tx, site, group=one.group, account=None, now=now
                )
        raise NotFound(address, safe="This server has no part in such a consortium.")

    show(f"{change_with_site(unit)} servers are asked.")


async def _server(tx: Tx, handle: str, host: str) -> tuple[Actor, Actor]:
    hosted, name = await consortia.by_handle(tx, handle), normal_host(host) or host
    for _, instance in await consortia.servers(tx, hosted.group.id, *_OPEN):
        if instance.host in (name, host):
            return hosted.group, instance
    raise NotFound(f"{host} has no part in {handle}", safe="This server has no part in the consortium.")
