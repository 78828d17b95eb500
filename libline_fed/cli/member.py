"""`libline member`: who has an account here."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

import typer

from libline_fed.cli.opening import change_with_site, opened_instance, read, run
from libline_fed.cli.output import AsJson, show, show_list
from libline_fed.clock import SystemClock
from libline_fed.domain.accounts import AccountState, Member, Role, check_password
from libline_fed.services import members, passwords, rotation
from libline_fed.services.site import Site
from libline_fed.storage.store import Tx

T = TypeVar("T")

commands = typer.Typer(help="Add members, list them, shut them out, let them in.", no_args_is_help=True)

Handle = Annotated[str, typer.Argument(help="The user name, with or without @.")]
_COLUMNS = ("handle", "email", "state", "role", "created_at", "last_login_at")


@commands.command("add")
def add(
    handle: Handle,
    email: Annotated[str, typer.Option(help="The address to log in with.")],
    password: Annotated[
        str | None,
        typer.Option(
            help="Seen in the process list; without it, a link to choose one is printed and mailed."
        ),
    ] = None,
    role: Annotated[Role, typer.Option(help="What the member may do.")] = Role.MEMBER,
) -> None:
    """Add a member whose address counts as confirmed, whatever the registration setting says."""
    link = run(_add(handle, email, password, role))
    show(f"@{handle.removeprefix('@')} is a member now.")
    if link is not None:
        show(f"Open this link, or hand it over, to choose a password: {link}")


async def _add(handle: str, email: str, password: str | None, role: Role) -> str | None:
    now = SystemClock().now()
    password_hash = None
    if password is not None:
        check_password(password, handle=handle, email=email)
        password_hash = await passwords.hash_password(password)
    async with opened_instance() as instance:
        await instance.keyring.prepare(now=now)
        _, link = await instance.store.write(
            lambda tx: members.add(
                tx,
                instance.site,
                handle=handle,
                email=email,
                password_hash=password_hash,
                role=role,
                by=None,
                now=now,
            )
        )
    return link


@commands.command("list")
def list_(
    state: Annotated[AccountState | None, typer.Option(help="Only in this state.")] = None,
    text: Annotated[str, typer.Option(help="Only with this in handle, name or address.")] = "",
    page: Annotated[int, typer.Option(min=1, help="50 members a page.")] = 1,
    as_json: AsJson = False,
) -> None:
    """List members, newest first."""
    found = read(lambda tx: members.list_accounts(tx, state=state, text=text, page=page))
    show_list(
        [_row(member) for member in found.items],
        _COLUMNS,
        as_json=as_json,
        empty="There are no such members.",
    )
    if found.has_more and not as_json:
        show(f"{found.total_count} in all; the next ones: --page {page + 1}")


def _row(member: Member) -> dict[str, object]:
    account, actor = member.account, member.actor
    return {
        "id": account.id,
        "handle": actor.handle,
        "name": actor.name,
        "uri": actor.uri,
        "email": account.email,
        "state": account.state,
        "role": account.role,
        "created_at": account.created_at,
        "last_login_at": account.last_login_at,
    }


@commands.command("approve")
def approve(handle: Handle) -> None:
    """Let somebody in who waits for a decision."""
    _decide(handle, lambda tx, site, id_, now: members.approve(tx, site, account_id=id_, by=None, now=now))
    show(f"{handle} is a member now.")


@commands.command("disable")
def disable(handle: Handle) -> None:
    """Shut a member out: every session ends, the profile is hidden."""
    _decide(handle, lambda tx, _, id_, now: members.disable(tx, account_id=id_, by=None, now=now))
    show(f"{handle} is shut out.")


@commands.command("enable")
def enable(handle: Handle) -> None:
    """Let a disabled member in again."""
    _decide(handle, lambda tx, _, id_, now: members.enable(tx, account_id=id_, by=None, now=now))
    show(f"{handle} may log in again.")


@commands.command("role")
def role(handle: Handle, new_role: Annotated[Role, typer.Argument(metavar="ROLE")]) -> None:
    """Give a member another role: member, coordinator, moderator or admin."""
    _decide(handle, lambda tx, _site, id_, _now: members.set_role(tx, account_id=id_, role=new_role, by=None))
    show(f"{handle} is {new_role} now.")


@commands.command("reset")
def reset(handle: Handle) -> None:
    """Print a link, good for one hour and one use, with which a member chooses a new password."""
    show(
        _decide(
            handle, lambda tx, site, id_, now: members.reset_link(tx, site, account_id=id_, by=None, now=now)
        )
    )


@commands.command("rotate-key")
def rotate_key(handle: Handle) -> None:
    """Give a member a new signing key: other servers are told first, and it is used within the hour."""

    async def unit(tx: Tx, site: Site, now: datetime) -> None:
        member = await members.by_handle(tx, handle)
        await rotation.begin(tx, site, actor_id=member.actor.id, now=now)

    change_with_site(unit)
    show(f"The new key of {handle} is announced.")


def _decide(handle: str, act: Callable[[Tx, Site, str, datetime], Awaitable[T]]) -> T:
    async def unit(tx: Tx, site: Site, now: datetime) -> T:
        member = await members.by_handle(tx, handle)
        return await act(tx, site, member.account.id, now)

    return change_with_site(unit)
