"""Consortia hosted here: made, described, run and moved by their coordinators.

`account` is who does it; None is the operator at the command line, who may do everything. What the servers
that are or would be members do is in `memberships`; what a Group passes on, in `consortium_items`.
"""

from dataclasses import dataclass
from datetime import datetime

from libline_fed import vocabulary
from libline_fed.domain.accounts import Account, Member
from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import (
    Consortium,
    Item,
    ItemState,
    Membership,
    MemberState,
    Step,
    check_texts,
    require_step,
    runs_consortium,
    speaks_for_server,
)
from libline_fed.domain.handles import check_handle
from libline_fed.domain.proposals import Proposal
from libline_fed.errors import Conflict, Forbidden, InvalidInput, NotFound
from libline_fed.ids import new_id
from libline_fed.sanitize import clean_line, clean_text, linkify_text
from libline_fed.services import consortium_items, consortium_members, follows, members, memberships, outbox
from libline_fed.services.audiences import followers_of
from libline_fed.services.documents import actor_document
from libline_fed.services.instance import local_actor_columns
from libline_fed.services.outbox import PUBLIC
from libline_fed.services.site import Site
from libline_fed.storage import accounts, actors, consortia
from libline_fed.storage import consortium_items as items
from libline_fed.storage.store import Tx

MAX_INPUT_CHARACTERS = 1_000  # of a line; what is longer is cut before it is looked at


@dataclass(frozen=True, slots=True)
class Hosted:
    """A consortium of this server and its Group."""

    consortium: Consortium
    group: Actor


# --- asking -------------------------------------------------------------------------------------------


async def hosted(tx: Tx) -> list[Hosted]:
    """List the consortia hosted here, by name."""
    return [Hosted(consortium, group) for consortium, group in await consortia.hosted(tx)]


async def by_handle(tx: Tx, handle: str) -> Hosted:
    """Return a consortium hosted here.

    Raises: NotFound.
    """
    group = await actors.local_by_handle(tx, handle)
    known = await consortia.get(tx, group.id) if group is not None and group.is_usable else None
    if group is None or known is None:
        raise NotFound(f"there is no consortium {handle!r} here")
    return Hosted(known, group)


async def may_run(tx: Tx, group_id: str, account: Account | None) -> bool:
    """Tell whether somebody may run a consortium: its coordinators and the admins of its server."""
    listed = await consortia.coordinators(tx, group_id)
    is_coordinator = account is not None and any(one.account.id == account.id for one in listed)
    return runs_consortium(account, is_coordinator=is_coordinator)


async def coordinators(tx: Tx, group_id: str) -> list[Member]:
    """List who runs a consortium, the first one first."""
    return await consortia.coordinators(tx, group_id)


async def servers(tx: Tx, group_id: str, *states: MemberState) -> list[tuple[Membership, Actor]]:
    """List a consortium's members, or the servers in other states, the oldest first."""
    return await consortia.members(tx, group_id, states or (MemberState.MEMBER,))


async def withheld(tx: Tx, group_id: str) -> list[tuple[Item, Proposal | None]]:
    """List what a consortium's coordinators hold back, the latest first."""
    return await items.shown(tx, group_id, (ItemState.WITHHELD,))


# --- making and describing ----------------------------------------------------------------------------


async def create(  # noqa: PLR0913  what a consortium is made of
    tx: Tx,
    site: Site,
    *,
    handle: str,
    name: str,
    summary_text: str = "",
    charter_text: str = "",
    language: str = "en",
    account: Account | None,
    is_member: bool = True,
    continues: Actor | None = None,
    now: datetime,
) -> Actor:
    """Make a consortium and its Group, run by `account`; this server `is_member`, unless it only hosts it.

    One that `continues` another, whose server is lost or lets it go, invites every member of it that is
    known here. Call `await site.keyring.prepare(now=now)` before.

    Raises: InvalidInput, keyed by field; Forbidden.
    """
    if not speaks_for_server(account):
        raise Forbidden("only coordinators and admins make consortia")
    handle = check_handle(handle)
    name, summary_text, charter_text = _cleaned(name, summary_text, charter_text)
    check_texts(name, summary_text, charter_text)
    await members.require_free_handle(tx, handle, now=now)
    uri = site.uris.group(handle)
    values = local_actor_columns(site.uris, uri) | {
        "id": new_id(now),
        "type": "Group",
        "handle": handle,
        "name": name,
        "summary_text": summary_text,
        "summary_html": linkify_text(summary_text),
        "url": uri,
        "also_known_as": [continues.uri] if continues is not None else [],
        "is_discoverable": True,
        "published_at": now,
        "created_at": now,
        "updated_at": now,
    }
    try:
        async with tx.savepoint():
            group = await actors.add_local(tx, values)
    except Conflict as error:
        raise InvalidInput({"handle": members.HANDLE_TAKEN}) from error
    await site.keyring.new_actor_keys(tx, group.id, now=now)
    continues_uri = continues.uri if continues is not None else None
    spoken = vocabulary.canonical_language(language) or "en"
    await consortia.add(tx, Consortium(group.id, charter_text, spoken, continues_uri, now, None))
    if account is not None:
        await consortia.add_coordinator(tx, group.id, account.id, now)
    if is_member:
        await consortium_members.admit_this_server(tx, site, group, now=now)
    if continues is not None:
        await _invite_all_of(tx, site, group, continues, now=now)
    return group


async def edit(  # noqa: PLR0913  what a consortium is made of
    tx: Tx,
    site: Site,
    *,
    group_id: str,
    name: str,
    summary_text: str,
    charter_text: str,
    language: str,
    account: Account | None,
    now: datetime,
) -> Actor:
    """Change what a consortium says of itself, and tell its followers.

    Raises: InvalidInput, keyed by field; NotFound, Forbidden, Conflict.
    """
    await _run(tx, group_id, account)
    name, summary_text, charter_text = _cleaned(name, summary_text, charter_text)
    check_texts(name, summary_text, charter_text)
    spoken = vocabulary.canonical_language(language) or "en"
    await consortia.change(tx, group_id, charter_text=charter_text, language=spoken)
    texts = {"name": name, "summary_text": summary_text, "summary_html": linkify_text(summary_text)}
    group = await actors.change(tx, group_id, now, **texts)
    await _send_update(tx, site, group, now=now)
    return group


async def add_coordinator(
    tx: Tx, *, group_id: str, handle: str, account: Account | None, now: datetime
) -> None:
    """Let one more member of this server run a consortium.

    Raises: NotFound, Forbidden, Conflict; InvalidInput if there is no such active member.
    """
    await _run(tx, group_id, account)
    actor = await actors.local_by_handle(tx, handle.strip().removeprefix("@"))
    chosen = await accounts.by_actor(tx, actor.id) if actor is not None else None
    if chosen is None or not chosen.is_active:
        raise InvalidInput({"handle": "There is no active member with this handle."})
    await consortia.add_coordinator(tx, group_id, chosen.id, now)


async def remove_coordinator(tx: Tx, *, group_id: str, account_id: str, account: Account | None) -> None:
    """Let somebody run a consortium no more; the last one stays.

    Raises: NotFound, Forbidden, Conflict.
    """
    await _run(tx, group_id, account)
    listed = await consortia.coordinators(tx, group_id)
    if [one.account.id for one in listed] == [account_id]:
        raise Conflict("the last coordinator", safe="Somebody must run it. Add another person first.")
    await consortia.remove_coordinator(tx, group_id, account_id)


async def close(tx: Tx, site: Site, *, group_id: str, account: Account | None, now: datetime) -> None:
    """End a consortium for good: members and followers hear of it, and its address answers that it is gone.

    Raises: NotFound, Forbidden, Conflict.
    """
    group = (await _run(tx, group_id, account)).group
    await consortia.change(tx, group_id, closed_at=now)
    await consortium_members.dissolve(tx, site, group, now=now)


async def move(
    tx: Tx, site: Site, *, group_id: str, target: Actor, account: Account | None, now: datetime
) -> None:
    """Hand a consortium over to a Group on another server, which must name this one as its former self.

    Followers follow there, and members ask to join there. Nothing is passed on here any more. `target` must
    have been fetched a moment ago.
    Raises: InvalidInput for field `address`; NotFound, Forbidden, Conflict.
    """
    group = (await _run(tx, group_id, account)).group
    if target.type != "Group" or target.is_local or group.uri not in target.also_known_as:
        raise InvalidInput({"address": "That consortium does not say yet that it continues this one."})
    await consortia.change(tx, group_id, closed_at=now)
    moved = await actors.change(tx, group_id, now, moved_to_uri=target.uri)
    await _send_update(tx, site, moved, now=now)
    await outbox.publish(
        tx,
        site,
        actor=moved,
        type_="Move",
        object_=moved.uri,
        object_uri=moved.uri,
        to=followers_of(moved) or [PUBLIC],
        is_public=True,
        now=now,
        target=target.uri,
    )
    await follows.receive_move(tx, site, old=moved, new=target, now=now)
    await memberships.receive_move(tx, site, old=moved, new=target, now=now)


# --- members ------------------------------------------------------------------------------------------


async def approve(
    tx: Tx, site: Site, *, group_id: str, instance_id: str, account: Account | None, now: datetime
) -> None:
    """Say yes to a server that asked to join; a second yes says it again.

    Raises: NotFound, Forbidden; Conflict if it does not ask.
    """
    group, instance, known = await _about(tx, group_id, instance_id, account)
    require_step(known.state if known is not None else None, Step.APPROVE)
    await consortium_members.admit(tx, site, group, instance, now=now)


async def reject(
    tx: Tx, site: Site, *, group_id: str, instance_id: str, account: Account | None, now: datetime
) -> None:
    """Say no to a server that asked to join.

    Raises: NotFound, Forbidden; Conflict if it does not ask.
    """
    group, instance, known = await _about(tx, group_id, instance_id, account)
    require_step(known.state if known is not None else None, Step.REJECT)
    await consortium_members.turn_down(tx, site, group, instance, now=now)


async def invite(
    tx: Tx, site: Site, *, group_id: str, instance: Actor, account: Account | None, now: datetime
) -> MemberState:
    """Invite a server, named by its instance actor; one that asked meanwhile is a member at once.

    Raises: NotFound, Forbidden; Conflict if that is no server, or it is a member already.
    """
    group = (await _run(tx, group_id, account)).group
    return await consortium_members.invite(tx, site, group, instance, now=now)


async def remove_member(
    tx: Tx, site: Site, *, group_id: str, instance_id: str, account: Account | None, now: datetime
) -> None:
    """Put a server out, or take an invitation back. Everybody drops what it brought into the consortium.

    Raises: NotFound, Forbidden; Conflict if it is neither member nor invited.
    """
    group, instance, known = await _about(tx, group_id, instance_id, account)
    state = require_step(known.state if known is not None else None, Step.REMOVE)
    await consortium_members.part(tx, site, group, instance, state=state, now=now)


# --- moderation ---------------------------------------------------------------------------------------


async def withhold(
    tx: Tx,
    site: Site,
    *,
    group_id: str,
    proposal_uri: str,
    reason: str,
    account: Account | None,
    now: datetime,
) -> None:
    """Hold a proposal back from the consortium until it is released.

    Raises: NotFound, Forbidden, Conflict.
    """
    group = (await _run(tx, group_id, account)).group
    await consortium_items.withhold(
        tx, site, group=group, proposal_uri=proposal_uri, reason=reason, now=now
    )


async def release(
    tx: Tx, site: Site, *, group_id: str, proposal_uri: str, account: Account | None, now: datetime
) -> None:
    """Let a proposal that was held back into the consortium again.

    Raises: NotFound, Forbidden, Conflict.
    """
    group = (await _run(tx, group_id, account)).group
    await consortium_items.release(tx, site, group=group, proposal_uri=proposal_uri, now=now)


# --- inside -------------------------------------------------------------------------------------------


async def require_run(tx: Tx, group_id: str, account: Account | None) -> Hosted:
    """Return a consortium hosted here that somebody may run.

    Raises: NotFound, Forbidden; Conflict if it is closed.
    """
    return await _run(tx, group_id, account)


async def _run(tx: Tx, group_id: str, account: Account | None) -> Hosted:
    known = await consortia.get(tx, group_id, is_locked=True)
    group = await actors.by_id(tx, group_id)
    if known is None or group is None:
        raise NotFound(f"there is no consortium {group_id} here")
    if not await may_run(tx, group_id, account):
        raise Forbidden("this is for the coordinators of the consortium")
    if known.closed_at is not None:
        raise Conflict(f"{group.uri} is closed", safe="This consortium is closed.")
    return Hosted(known, group)


async def _about(
    tx: Tx, group_id: str, instance_id: str, account: Account | None
) -> tuple[Actor, Actor, Membership | None]:
    group = (await _run(tx, group_id, account)).group
    instance = await actors.by_id(tx, instance_id)
    if instance is None:
        raise NotFound(f"no server {instance_id}")
    return group, instance, await consortia.membership(tx, group_id, instance_id, is_locked=True)


async def _invite_all_of(tx: Tx, site: Site, group: Actor, old: Actor, *, now: datetime) -> None:
    for membership, instance in await consortia.members(tx, old.id):
        if not instance.is_local and membership.is_member:
            await consortium_members.invite(tx, site, group, instance, now=now)


async def _send_update(tx: Tx, site: Site, group: Actor, *, now: datetime) -> None:
    await outbox.publish(
        tx,
        site,
        actor=group,
        type_="Update",
        object_=await actor_document(tx, site, group),
        object_uri=group.uri,
        to=[PUBLIC],
        cc=followers_of(group),
        is_public=True,
        now=now,
    )


def _cleaned(name: str, summary_text: str, charter_text: str) -> tuple[str, str, str]:
    return clean_line(name, MAX_INPUT_CHARACTERS), clean_text(summary_text), clean_text(charter_text)
