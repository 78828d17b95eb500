"""This server as a member of consortia, here and elsewhere: asking, answering, leaving; who else is in.

Only a server speaks for itself: its instance actor asks, answers and leaves, on behalf of an admin or
coordinator (`account`; None is the operator at the command line). What a Group says counts only if it fits
what this server has asked for or was asked.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libline_fed.domain.accounts import Account, Role
from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import (
    MAX_NOTE_CHARACTERS,
    Membership,
    MemberState,
    Step,
    after,
    require_step,
    speaks_for_server,
)
from libline_fed.domain.crawls import CrawlKind
from libline_fed.domain.peers import Verdict
from libline_fed.errors import Conflict, Forbidden
from libline_fed.ids import new_id
from libline_fed.sanitize import clean_text, linkify_text
from libline_fed.services import consortium_members, crawls, follows, links, outbox, sources
from libline_fed.services.notifications import notify
from libline_fed.services.site import Site
from libline_fed.storage import accounts, actors, consortia, peers
from libline_fed.storage.sources import rename_announced
from libline_fed.storage.store import Tx

STAFF = (Role.COORDINATOR, Role.MODERATOR, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Joined:
    """What this server is to a consortium, and its Group."""

    membership: Membership
    group: Actor


# --- asking -------------------------------------------------------------------------------------------


async def list_memberships(tx: Tx, site: Site, *, states: tuple[MemberState, ...] = ()) -> list[Joined]:
    """List the consortia that this server has to do with (or those where it is something of `states`)."""
    instance = await _instance(tx, site)
    known = await consortia.memberships(tx, instance.id, states or None)
    return [Joined(membership, group) for membership, group in known]


async def state_in(tx: Tx, site: Site, group: Actor) -> Membership | None:
    """Return what this server is to a consortium, or None."""
    return await consortia.membership(tx, group.id, (await _instance(tx, site)).id)


async def members_of(tx: Tx, group: Actor) -> list[Actor]:
    """List the servers that are in a consortium, as far as they are known here."""
    return [instance for _, instance in await consortia.members(tx, group.id)]


# --- what people here decide --------------------------------------------------------------------------


async def join(
    tx: Tx, site: Site, *, group: Actor, note: str = "", account: Account | None, now: datetime
) -> MemberState:
    """Ask a consortium to take this server in; if it has invited us, that is a yes. Return what we are now.

    Raises: Forbidden; Conflict if it is no consortium, or we are in it.
    """
    _require_voice(account)
    if group.type != "Group" or not group.is_usable:
        raise Conflict(f"{group.uri} is no consortium", safe="This is not a consortium.")
    instance = await _instance(tx, site)
    known = await consortia.membership(tx, group.id, instance.id, is_locked=True)
    if known is not None and known.is_member:
        raise Conflict("a member already", safe="This server is a member already.")
    if known is not None and known.state == MemberState.INVITED:
        return await accept_invitation(tx, site, group=group, account=account, now=now)
    note_text = clean_text(note)[:MAX_NOTE_CHARACTERS]
    activity_id = new_id(now)
    uri = site.uris.activity(activity_id)
    if group.is_local:
        return await consortium_members.receive_join(
            tx, site, group=group, instance=instance, uri=uri, note_text=note_text, now=now
        )
    await consortia.put_membership(
        tx,
        group_id=group.id,
        instance_id=instance.id,
        state=MemberState.ASKED,
        activity_uri=uri,
        note_text=note_text,
        now=now,
    )
    await outbox.publish(
        tx,
        site,
        actor=instance,
        type_="Join",
        object_=group.uri,
        object_uri=group.uri,
        to=[group.uri],
        inboxes=[(group.host, group.inbox_url)],
        is_public=False,
        now=now,
        activity_id=activity_id,
        content=linkify_text(note_text),
    )
    return MemberState.ASKED


async def accept_invitation(
    tx: Tx, site: Site, *, group: Actor, account: Account | None, now: datetime
) -> MemberState:
    """Say yes to an invitation; a second yes changes nothing.

    Raises: Forbidden; Conflict if there is none.
    """
    _require_voice(account)
    instance = await _instance(tx, site)
    known = await consortia.membership(tx, group.id, instance.id, is_locked=True)
    state = require_step(known.state if known is not None else None, Step.ACCEPT)
    if known is not None and not known.is_member:
        await _tell(tx, site, instance, group, "Accept", _wire_invite(known, instance, group), now=now)
        await _become_member(tx, site, group, instance, now=now)
    return state


async def decline(tx: Tx, site: Site, *, group: Actor, account: Account | None, now: datetime) -> None:
    """Say no to an invitation; a second no changes nothing.

    Raises: Forbidden; Conflict if there is none.
    """
    _require_voice(account)
    instance = await _instance(tx, site)
    known = await consortia.membership(tx, group.id, instance.id, is_locked=True)
    state = require_step(known.state if known is not None else None, Step.DECLINE)
    if known is None or known.state == state:
        return
    await consortia.put_membership(tx, group_id=group.id, instance_id=instance.id, state=state, now=now)
    await _tell(tx, site, instance, group, "Reject", _wire_invite(known, instance, group), now=now)


async def leave(tx: Tx, site: Site, *, group: Actor, account: Account | None, now: datetime) -> None:
    """Leave a consortium, or ask no more; having left already is fine. What it brought goes.

    Raises: Forbidden; Conflict if we have no part in it.
    """
    _require_voice(account)
    instance = await _instance(tx, site)
    known = await consortia.membership(tx, group.id, instance.id, is_locked=True)
    state = require_step(known.state if known is not None else None, Step.LEAVE)
    if known is None or known.state == state:
        return
    if group.is_local:
        await consortium_members.receive_leave(tx, site, group=group, instance=instance, now=now)
        return
    await _part(tx, site, group, instance, state, now=now)
    await _tell(tx, site, instance, group, "Leave", group.uri, now=now)


async def link_with_members(
    tx: Tx, site: Site, *, group: Actor, account: Account | None, now: datetime
) -> int:
    """Ask every member of a consortium for a link of its own, without the Group; return how many are asked.

    For the time when the Group's server is down for long, or for good.
    Raises: Forbidden.
    """
    _require_voice(account)
    asked_count = 0
    for peer in await members_of(tx, group):
        is_linkable = not peer.is_local and peer.is_usable and peer.proposals_url is not None
        if is_linkable and not await peers.judged(tx, {peer.host}, Verdict.BLOCKED):
            await links.ask(tx, site, peer=peer, now=now)
            asked_count += 1
    return asked_count


# --- what a Group says --------------------------------------------------------------------------------


async def receive_answer(tx: Tx, site: Site, *, group: Actor, is_yes: bool, now: datetime) -> bool:
    """Take in the answer to our Join; tell whether it changed anything. Without a Join it does not."""
    instance = await _instance(tx, site)
    known = await consortia.membership(tx, group.id, instance.id, is_locked=True)
    before = known.state if known is not None else None
    state = after(before, Step.APPROVE if is_yes else Step.REJECT)
    if state is None or state == before:
        return False
    if is_yes:
        await _become_member(tx, site, group, instance, now=now)
    else:
        await consortia.put_membership(tx, group_id=group.id, instance_id=instance.id, state=state, now=now)
    await _tell_staff(tx, group, "approved" if is_yes else "rejected", now=now)
    return True


async def receive_invite(tx: Tx, site: Site, *, group: Actor, uri: str, now: datetime) -> MemberState:
    """Take in that a Group invites this server; if we have asked, both have said yes. Return what we are."""
    instance = await _instance(tx, site)
    known = await consortia.membership(tx, group.id, instance.id, is_locked=True)
    before = known.state if known is not None else None
    state = after(before, Step.INVITE)
    assert state is not None, "an Invite is possible from everywhere"
    if state == MemberState.INVITED:
        await consortia.put_membership(
            tx, group_id=group.id, instance_id=instance.id, state=state, activity_uri=uri, now=now
        )
        await _tell_staff(tx, group, "invited", now=now)
        return state
    if before != MemberState.MEMBER:
        await _become_member(tx, site, group, instance, now=now)
    invite = {"id": uri, "type": "Invite", "actor": group.uri, "object": instance.uri, "target": group.uri}
    await _tell(tx, site, instance, group, "Accept", invite, now=now)
    return state


async def receive_added(tx: Tx, site: Site, *, group: Actor, member: Actor, now: datetime) -> bool:
    """Take in that a Group has a new member; tell whether it changed anything.

    That we are one counts only as the answer to our Join. Others are of interest while we are in it.
    """
    instance = await _instance(tx, site)
    if member.id == instance.id:
        known = await consortia.membership(tx, group.id, instance.id)
        has_asked = known is not None and known.state == MemberState.ASKED
        return has_asked and await receive_answer(tx, site, group=group, is_yes=True, now=now)
    if not await _is_in(tx, group, instance):
        return False
    known = await consortia.membership(tx, group.id, member.id, is_locked=True)
    if known is not None and known.is_member:
        return False
    await consortia.put_membership(
        tx, group_id=group.id, instance_id=member.id, state=MemberState.MEMBER, now=now
    )
    return True


async def receive_removed(tx: Tx, site: Site, *, group: Actor, member: Actor, now: datetime) -> bool:
    """Take in that a server is in a Group no more; tell whether it changed anything."""
    instance = await _instance(tx, site)
    known = await consortia.membership(tx, group.id, member.id, is_locked=True)
    before = known.state if known is not None else None
    state = after(before, Step.REMOVE)
    if state is None or state == before:
        return False
    if member.id == instance.id:
        await _part(tx, site, group, instance, state, now=now)
        await _tell_staff(tx, group, "removed", now=now)
        return True
    await consortia.put_membership(tx, group_id=group.id, instance_id=member.id, state=state, now=now)
    await sources.drop(tx, site, actor_uri=group.uri, host=member.host, now=now)
    return True


async def receive_list(
    tx: Tx, site: Site, *, group: Actor, members: list[Actor], is_whole: bool, now: datetime
) -> None:
    """Take in a Group's list of members; only one that was read to its end tells who is in it no more.

    We ourselves not being on it is no news: whoever is put out gets a Remove.
    """
    for member in members:
        if not member.is_local:
            await receive_added(tx, site, group=group, member=member, now=now)
    listed = {member.id for member in members}
    for _, member in await consortia.members(tx, group.id) if is_whole else []:
        if not member.is_local and member.id not in listed:
            await receive_removed(tx, site, group=group, member=member, now=now)


async def receive_update(tx: Tx, site: Site, *, group: Actor, now: datetime) -> None:
    """Read a consortium again that says it has changed: its members and cohorts are not in what it says."""
    if group.type == "Group" and await _is_in(tx, group, await _instance(tx, site)):
        await crawls.start(tx, group.id, CrawlKind.CONSORTIUM, now)


async def receive_move(tx: Tx, site: Site, *, old: Actor, new: Actor, now: datetime) -> bool:
    """Go along when a Group moves to another server, which names the old one; tell whether we were in it.

    What it brought stays listed while the new Group decides.
    """
    instance = await _instance(tx, site)
    if old.type != "Group" or new.type != "Group" or not await _is_in(tx, old, instance):
        return False
    await crawls.stop(tx, old.id)
    await consortia.put_membership(
        tx, group_id=old.id, instance_id=instance.id, state=MemberState.LEFT, now=now
    )
    await rename_announced(tx, old.uri, new.uri)
    known = await consortia.membership(tx, new.id, instance.id, is_locked=True)
    if known is None or not known.is_member:
        await join(tx, site, group=new, note="", account=None, now=now)
    await _tell_staff(tx, new, "moved", now=now)
    return True


async def group_gone(tx: Tx, site: Site, group: Actor, *, now: datetime) -> None:
    """Note that a Group was closed for good by its own server: nothing of it is left to be in."""
    instance = await _instance(tx, site)
    if await _is_in(tx, group, instance):
        await _part(tx, site, group, instance, MemberState.REMOVED, now=now)


# --- inside -------------------------------------------------------------------------------------------


def _require_voice(account: Account | None) -> None:
    if not speaks_for_server(account):
        raise Forbidden("only coordinators and admins speak for the server")


async def _instance(tx: Tx, site: Site) -> Actor:
    found = await actors.by_uri(tx, site.uris.instance_actor)
    assert found is not None, "made at the first start"
    return found


async def _is_in(tx: Tx, group: Actor, instance: Actor) -> bool:
    known = await consortia.membership(tx, group.id, instance.id)
    return known is not None and known.is_member


async def _become_member(tx: Tx, site: Site, group: Actor, instance: Actor, *, now: datetime) -> None:
    """Be a member from now on: follow the Group and read what it has."""
    await consortia.put_membership(
        tx, group_id=group.id, instance_id=instance.id, state=MemberState.MEMBER, now=now
    )
    await follows.follow(tx, site, follower=instance, followed=group, now=now)
    await crawls.start(tx, group.id, CrawlKind.CONSORTIUM, now)


async def _part(
    tx: Tx, site: Site, group: Actor, instance: Actor, state: MemberState, *, now: datetime
) -> None:
    """Be no member any more: nothing is read, heard or kept of it."""
    await consortia.put_membership(tx, group_id=group.id, instance_id=instance.id, state=state, now=now)
    await crawls.stop(tx, group.id)
    await follows.unfollow(tx, site, follower=instance, followed=group, now=now)
    await sources.drop(tx, site, actor_uri=group.uri, now=now)


async def _tell(
    tx: Tx,
    site: Site,
    instance: Actor,
    group: Actor,
    type_: str,
    about: str | dict[str, Any],
    *,
    now: datetime,
) -> None:
    await outbox.tell(
        tx, site, actor=instance, whom=group, type_=type_, object_=about, object_uri=group.uri, now=now
    )


def _wire_invite(known: Membership, instance: Actor, group: Actor) -> dict[str, Any]:
    invite = {"type": "Invite", "actor": group.uri, "object": instance.uri, "target": group.uri}
    return {"id": known.activity_uri, **invite} if known.activity_uri is not None else invite


async def _tell_staff(tx: Tx, group: Actor, event: str, *, now: datetime) -> None:
    for one in await accounts.staff(tx, roles=STAFF):
        await notify(
            tx,
            account_actor_id=one.actor.id,
            kind="consortium",
            event=event,
            from_actor_id=group.id,
            subject_uri=group.uri,
            now=now,
        )
