"""Consortia as pages show them: to everybody, to members of this server, and to who runs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from libline_fed.domain.accounts import Account, Member
from libline_fed.domain.actors import Actor
from libline_fed.domain.cohorts import Cohort
from libline_fed.domain.consortia import (
    Consortium,
    Item,
    ItemState,
    Membership,
    MemberState,
    speaks_for_server,
)
from libline_fed.domain.proposals import Proposal
from libline_fed.errors import Conflict, Forbidden, NotFound
from libline_fed.services import consortia, memberships
from libline_fed.services.memberships import Joined
from libline_fed.services.site import Site
from libline_fed.storage import actors, cohorts
from libline_fed.storage import consortia as consortium_rows
from libline_fed.storage import consortium_items as items
from libline_fed.storage.store import Tx


@dataclass(frozen=True, slots=True)
class View:
    """What everybody may read of a consortium. `coordinators` are known of those hosted here only."""

    group: Actor
    charter_text: str
    language: str | None
    continues_uri: str | None
    servers: list[Actor]
    coordinators: list[Actor]
    cohorts: list[Cohort]  # that are not over, the first to open first
    membership: Membership | None  # of this server


@dataclass(frozen=True, slots=True)
class Desk:
    """What who runs a consortium sees of it."""

    consortium: Consortium
    group: Actor
    coordinators: list[Member]
    asking: list[tuple[Membership, Actor]]
    invited: list[tuple[Membership, Actor]]
    members: list[tuple[Membership, Actor]]
    listed: list[tuple[Item, Proposal | None]]
    withheld: list[tuple[Item, Proposal | None]]
    cohorts: list[Cohort]


async def by_handle(tx: Tx, site: Site, handle: str, *, now: datetime) -> View:
    """Return a consortium hosted here.

    Raises: NotFound, also for one that is closed.
    """
    hosted = await consortia.by_handle(tx, handle)
    if hosted.consortium.closed_at is not None:
        raise NotFound(f"the consortium {handle!r} is closed")
    return await _view(tx, site, hosted.group, hosted.consortium, now)


async def by_id(tx: Tx, site: Site, group_id: str, *, account: Account | None, now: datetime) -> View:
    """Return a consortium by the id of its Group here.

    Everybody sees those that this server is a member of; its staff also those that it has to do with.

    Raises: NotFound.
    """
    found = await group(tx, group_id)
    known = await memberships.state_in(tx, site, found)
    is_staff = account is not None and speaks_for_server(account)
    hosted = await consortium_rows.get(tx, group_id)
    is_here = hosted is not None and hosted.closed_at is None
    if not is_here and (known is None or not (known.is_member or is_staff)):
        raise NotFound(f"no consortium {group_id}")
    return await _view(tx, site, found, hosted, now)


async def shown_here(tx: Tx, site: Site) -> list[Actor]:
    """List the Groups that this server is a member of or hosts, by name."""
    found = {group.id: group for group in await consortium_rows.groups_of(tx, site.uris.instance_actor)}
    found |= {group.id: group for _, group in await consortium_rows.hosted(tx)}
    return sorted(found.values(), key=lambda group: (group.display_name.casefold(), group.id))


async def desk(tx: Tx, group_id: str, account: Account | None) -> Desk:
    """Return all that is to be decided in a consortium hosted here.

    Raises: NotFound, Forbidden, Conflict.
    """
    hosted = await run_here(tx, group_id, account)
    return Desk(
        hosted.consortium,
        hosted.group,
        await consortia.coordinators(tx, group_id),
        await consortia.servers(tx, group_id, MemberState.ASKED),
        await consortia.servers(tx, group_id, MemberState.INVITED),
        await consortia.servers(tx, group_id),
        await items.shown(tx, group_id, (ItemState.LISTED,)),
        await consortia.withheld(tx, group_id),
        await cohorts.of_group(tx, group_id),
    )


async def run_here(tx: Tx, group_id: str, account: Account | None) -> consortia.Hosted:
    """Return a consortium hosted here that somebody may run, to look at it; `require_run` is for changing it.

    Raises: NotFound, Forbidden; Conflict if it is closed.
    """
    known = await consortium_rows.get(tx, group_id)
    found = await actors.by_id(tx, group_id)
    if known is None or found is None:
        raise NotFound(f"there is no consortium {group_id} here")
    if not await consortia.may_run(tx, group_id, account):
        raise Forbidden("this is for the coordinators of the consortium")
    if known.closed_at is not None:
        raise Conflict(f"{found.uri} is closed", safe="This consortium is closed.")
    return consortia.Hosted(known, found)


async def run_by(tx: Tx, account: Account) -> list[consortia.Hosted]:
    """List the consortia hosted here that somebody may run."""
    return [
        hosted
        for hosted in await consortia.hosted(tx)
        if await consortia.may_run(tx, hosted.group.id, account)
    ]


async def joined(tx: Tx, site: Site, account: Account) -> list[Joined]:
    """List what this server has to do with consortia of other servers.

    Raises: Forbidden for somebody who does not speak for the server.
    """
    if not speaks_for_server(account):
        raise Forbidden("only coordinators and admins see this")
    states = (MemberState.ASKED, MemberState.INVITED, MemberState.MEMBER)
    known = await memberships.list_memberships(tx, site, states=states)
    return [one for one in known if not one.group.is_local]


async def group(tx: Tx, group_id: str) -> Actor:
    """Return a Group by its id here.

    Raises: NotFound.
    """
    found = await actors.by_id(tx, group_id)
    if found is None or found.type != "Group":
        raise NotFound(f"no consortium {group_id}")
    return found


async def _view(
    tx: Tx, site: Site, group: Actor, known: Consortium | None, now: datetime
) -> View:
    details = group.details
    listed: Sequence[Cohort] = await cohorts.of_group(tx, group.id)
    return View(
        group,
        known.charter_text if known is not None else str(details.get("charter_text") or ""),
        known.language if known is not None else None,
        known.continues_uri if known is not None else details.get("continues_uri"),
        await memberships.members_of(tx, group),
        [one.actor for one in await consortia.coordinators(tx, group.id)] if known is not None else [],
        sorted((one for one in listed if one.closes_on >= now.date()), key=lambda one: one.opens_on),
        await memberships.state_in(tx, site, group),
    )
