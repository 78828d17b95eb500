"""The list of servers to be careful with that a consortium hosted here publishes."""

from datetime import datetime

from libline_fed.domain.accounts import Account
from libline_fed.domain.block_lists import (
    MAX_REASON_CHARACTERS,
    STRENGTH,
    Entry,
    refusal_of,
    write_csv,
    write_json,
)
from libline_fed.domain.peers import covering, normal_host
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.sanitize import clean_line
from libline_fed.services import consortia
from libline_fed.services.consortia import Hosted
from libline_fed.services.site import Site
from libline_fed.storage import advice
from libline_fed.storage.store import Tx

MAX_ENTRIES = 5_000


async def run_by(tx: Tx, handle: str, account: Account | None) -> Hosted:
    """Return a consortium hosted here to somebody who runs it.

    Raises: NotFound, alike for what is not there and what others run.
    """
    found = await consortia.by_handle(tx, handle)
    if not await consortia.may_run(tx, found.group.id, account):
        raise NotFound(f"{handle} is run by others")
    return found


async def entries(tx: Tx, group_id: str) -> list[Entry]:
    """Return a consortium's list, by name."""
    return await advice.published(tx, group_id)


async def publish(
    tx: Tx,
    site: Site,
    *,
    hosted: Hosted,
    host: str,
    severity: str,
    reason: str,
    now: datetime,
) -> Entry:
    """Put a server on the list of a consortium, or say something else of it.

    Raises: InvalidInput.
    """
    name = normal_host(host)
    problems = {}
    if name is None:
        problems["host"] = "Write the name of a server, such as library.example."
    elif refusal_of(name, site.uris.host):
        problems["host"] = "This server cannot be on the list, nor a whole domain that belongs to many."
    elif await _reaches_member(tx, hosted.group.id, name):
        problems["host"] = "This would reach a member of the consortium. Remove the member first."
    if severity not in list(STRENGTH):
        problems["severity"] = "Choose one of the list."
    if not problems and await advice.count_published(tx, hosted.group.id) >= MAX_ENTRIES:
        problems["host"] = "The list is full: 5,000 servers at most."
    if problems or name is None:
        raise InvalidInput(problems)
    entry = Entry(name, severity, clean_line(reason, MAX_REASON_CHARACTERS), now.date())
    await advice.publish(tx, hosted.group.id, entry)
    await tx.wake("advice")
    return entry


async def _reaches_member(tx: Tx, group_id: str, host: str) -> bool:
    members = await consortia.servers(tx, group_id)
    return any(host in covering(actor.host) for _, actor in members)


async def withdraw(tx: Tx, *, hosted: Hosted, host: str) -> None:
    """Take a server off the list of a consortium.

    Raises: NotFound.
    """
    if not await advice.unpublish(tx, hosted.group.id, host):
        raise NotFound(f"{host[:200]} is not on the list")
    await tx.wake("advice")


async def as_json(tx: Tx, handle: str) -> bytes:
    """Return the list as the JSON that members read.

    Raises: NotFound.
    """
    return write_json(await advice.published(tx, (await consortia.by_handle(tx, handle)).group.id))


async def as_csv(tx: Tx, handle: str) -> str:
    """Return the list as Mastodon reads it.

    Raises: NotFound.
    """
    return write_csv(await advice.published(tx, (await consortia.by_handle(tx, handle)).group.id))
