"""Who is in a consortium hosted here: what its coordinators decide, and what the servers themselves say.

Everything may come twice, late or crossed. Whoever says again what holds already is told again what was
answered: the answer may have been lost.
"""

from datetime import datetime
from typing import Any

from libline_fed.activitypub.build import build_tombstone
from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import MemberState, Step, after
from libline_fed.domain.crawls import CrawlKind
from libline_fed.errors import Conflict, Forbidden
from libline_fed.ids import new_id
from libline_fed.services import consortium_items, crawls, outbox, sources
from libline_fed.services.audiences import followers_of
from libline_fed.services.notifications import notify
from libline_fed.services.outbox import PUBLIC
from libline_fed.services.site import Site
from libline_fed.storage import actors, consortia, follows
from libline_fed.storage.store import Tx

INSTANCE_TYPE = "Application"


# --- decisions ----------------------------------------------------------------------------------------


async def admit_this_server(tx: Tx, site: Site, group: Actor, *, now: datetime) -> None:
    """Make this server a member of a Group that it hosts: nothing to ask, nobody to tell but followers."""
    instance = await _instance(tx, site)
    await consortia.put_membership(
        tx, group_id=group.id, instance_id=instance.id, state=MemberState.MEMBER, now=now
    )
    await _tell_all(tx, site, group, "Add", instance, now=now)
    await consortium_items.take_all_here(tx, site, now=now)


async def admit(tx: Tx, site: Site, group: Actor, instance: Actor, *, now: datetime) -> None:
    """Make a server a member: it gets its answer, and everybody hears of it."""
    if instance.is_local:
        await admit_this_server(tx, site, group, now=now)
        return
    known = await consortia.membership(tx, group.id, instance.id)
    await consortia.put_membership(
        tx, group_id=group.id, instance_id=instance.id, state=MemberState.MEMBER, now=now
    )
    join = wire_join(known.activity_uri if known is not None else None, instance, group)
    await _answer(tx, site, group, instance, "Accept", join, now=now)
    if known is None or not known.is_member:
        await _tell_all(tx, site, group, "Add", instance, now=now)
        await receive_follow(tx, group=group, instance=instance, now=now)


async def turn_down(tx: Tx, site: Site, group: Actor, instance: Actor, *, now: datetime) -> None:
    """Say no to a Join."""
    known = await consortia.membership(tx, group.id, instance.id)
    await consortia.put_membership(
        tx, group_id=group.id, instance_id=instance.id, state=MemberState.REJECTED, now=now
    )
    if not instance.is_local:
        join = wire_join(known.activity_uri if known is not None else None, instance, group)
        await _answer(tx, site, group, instance, "Reject", join, now=now)


async def invite(tx: Tx, site: Site, group: Actor, instance: Actor, *, now: datetime) -> MemberState:
    """Invite a server; return what it is now.

    Raises: Conflict if it is no server, or a member already.
    """
    if instance.type != INSTANCE_TYPE or instance.is_local or not instance.is_usable:
        raise Conflict(f"{instance.uri} is no other server", safe="Only another server can be invited.")
    known = await consortia.membership(tx, group.id, instance.id, is_locked=True)
    if known is not None and known.is_member:
        raise Conflict(f"{instance.uri} is a member", safe="This server is a member already.")
    if known is not None and known.state == MemberState.ASKED:
        await admit(tx, site, group, instance, now=now)
        return MemberState.MEMBER
    activity_id = new_id(now)
    uri = site.uris.activity(activity_id)
    await consortia.put_membership(
        tx,
        group_id=group.id,
        instance_id=instance.id,
        state=MemberState.INVITED,
        activity_uri=uri,
        now=now,
    )
    await outbox.publish(
        tx,
        site,
        actor=group,
        type_="Invite",
        object_=instance.uri,
        object_uri=instance.uri,
        to=[instance.uri],
        inboxes=[(instance.host, instance.inbox_url)],
        is_public=False,
        now=now,
        activity_id=activity_id,
        target=group.uri,
    )
    return MemberState.INVITED


async def part(
    tx: Tx, site: Site, group: Actor, instance: Actor, *, state: MemberState, now: datetime
) -> None:
    """Let a server be no member any more, by its own wish or the coordinators': everybody drops its share."""
    known = await consortia.membership(tx, group.id, instance.id)
    await consortia.put_membership(tx, group_id=group.id, instance_id=instance.id, state=state, now=now)
    if known is not None and known.is_member:
        await consortium_items.drop_member(tx, site, group, instance.host, now=now)
        await _tell_all(tx, site, group, "Remove", instance, now=now)
        await sources.drop(tx, site, actor_uri=group.uri, host=instance.host, now=now)
        await _stop_reading(tx, site, instance, now=now)
    elif state == MemberState.REMOVED and not instance.is_local:
        await _tell_removed(tx, site, group, instance, now=now)


async def dissolve(tx: Tx, site: Site, group: Actor, *, now: datetime) -> None:
    """End a Group that is closed: nobody is a member of it any more, and it is gone for everybody."""
    listed = [instance for _, instance in await consortia.members(tx, group.id)]
    inboxes = [(one.host, one.shared_inbox_url or one.inbox_url) for one in listed if not one.is_local]
    inboxes += await follows.inboxes_of_followers(tx, group.id)
    await outbox.publish(
        tx,
        site,
        actor=group,
        type_="Delete",
        object_=build_tombstone(group.uri, former_type=group.type, deleted_at=now),
        object_uri=group.uri,
        to=[PUBLIC],
        cc=followers_of(group),
        inboxes=list(dict.fromkeys(inboxes)),
        is_public=True,
        now=now,
    )
    for instance in listed:
        await consortia.put_membership(
            tx, group_id=group.id, instance_id=instance.id, state=MemberState.REMOVED, now=now
        )
    await sources.drop(tx, site, actor_uri=group.uri, now=now)
    for instance in listed:
        if not instance.is_local:
            await _stop_reading(tx, site, instance, now=now)
    await follows.remove_all_of(tx, group.id)
    await actors.mark_gone(tx, group.id, now)


# --- what other servers say ---------------------------------------------------------------------------


async def receive_join(
    tx: Tx, site: Site, *, group: Actor, instance: Actor, uri: str, note_text: str, now: datetime
) -> MemberState:
    """Take in that a server asks to join; return what it is now."""
    await _require_open(tx, group)
    known = await consortia.membership(tx, group.id, instance.id, is_locked=True)
    state = after(known.state if known is not None else None, Step.JOIN)
    assert state is not None, "a Join is possible from everywhere"
    is_asked = state == MemberState.ASKED
    await consortia.put_membership(
        tx,
        group_id=group.id,
        instance_id=instance.id,
        state=state if is_asked else MemberState(known.state) if known is not None else state,
        activity_uri=uri,
        note_text=note_text,
        now=now,
    )
    if is_asked:
        await _tell_coordinators(tx, group, instance, "join", now=now)
    else:
        await admit(tx, site, group, instance, now=now)
    return state


async def receive_answer(
    tx: Tx, site: Site, *, group: Actor, instance: Actor, is_yes: bool, now: datetime
) -> bool:
    """Take in a server's answer to an invitation; tell whether it changed anything.

    A yes to what was taken back meanwhile is answered with the Remove that it missed.
    """
    known = await consortia.membership(tx, group.id, instance.id, is_locked=True)
    before = known.state if known is not None else None
    state = after(before, Step.ACCEPT if is_yes else Step.DECLINE)
    if state is None:
        if is_yes and not instance.is_local:
            await _tell_removed(tx, site, group, instance, now=now)
        return False
    if state == before:
        return False
    await consortia.put_membership(tx, group_id=group.id, instance_id=instance.id, state=state, now=now)
    if is_yes:
        await _tell_all(tx, site, group, "Add", instance, now=now)
        await receive_follow(tx, group=group, instance=instance, now=now)  # the Follow may have come first
    await _tell_coordinators(tx, group, instance, "accepted" if is_yes else "declined", now=now)
    return True


async def receive_follow(tx: Tx, *, group: Actor, instance: Actor, now: datetime) -> None:
    """Read what a member has, once it follows the Group: from then on its documents name the consortium."""
    known = await consortia.membership(tx, group.id, instance.id)
    follow = await follows.between(tx, instance.id, group.id)
    if known is not None and known.is_member and follow is not None:
        await crawls.start(tx, instance.id, CrawlKind.LINK, now)


async def receive_leave(tx: Tx, site: Site, *, group: Actor, instance: Actor, now: datetime) -> bool:
    """Take in that a server leaves, or asks no more; tell whether it changed anything."""
    known = await consortia.membership(tx, group.id, instance.id, is_locked=True)
    before = known.state if known is not None else None
    state = after(before, Step.LEAVE)
    if state is None or state == before:
        return False
    await part(tx, site, group, instance, state=state, now=now)
    await _tell_coordinators(tx, group, instance, "left", now=now)
    return True


# --- inside -------------------------------------------------------------------------------------------


def wire_join(uri: str | None, instance: Actor, group: Actor) -> dict[str, Any]:
    """Spell a Join for embedding."""
    join = {"type": "Join", "actor": instance.uri, "object": group.uri}
    return {"id": uri, **join} if uri is not None else join


async def _require_open(tx: Tx, group: Actor) -> None:
    hosted = await consortia.get(tx, group.id)
    if hosted is None or hosted.closed_at is not None:
        raise Forbidden(f"{group.uri} is closed", safe="This consortium is closed.")


async def _stop_reading(tx: Tx, site: Site, instance: Actor, *, now: datetime) -> None:
    """Read the list of a former member no more, unless it is linked with this server or in another Group."""
    ours = await _instance(tx, site)
    link = await follows.between(tx, ours.id, instance.id)
    joined = await consortia.memberships(tx, instance.id, (MemberState.MEMBER,))
    if link is None and not any(group.is_local for _, group in joined):
        await crawls.stop(tx, instance.id)
        await sources.drop(tx, site, actor_uri=instance.uri, now=now)


async def _instance(tx: Tx, site: Site) -> Actor:
    found = await actors.by_uri(tx, site.uris.instance_actor)
    assert found is not None, "made at the first start"
    return found


async def _answer(
    tx: Tx, site: Site, group: Actor, instance: Actor, type_: str, about: dict[str, Any], *, now: datetime
) -> None:
    await outbox.tell(
        tx,
        site,
        actor=group,
        whom=instance,
        type_=type_,
        object_=about,
        object_uri=about.get("id") or group.uri,
        now=now,
    )


async def _tell_all(
    tx: Tx, site: Site, group: Actor, type_: str, instance: Actor, *, now: datetime
) -> None:
    """Say to followers and members that a server was added or removed: the latter hears it, too."""
    listed = [one for _, one in await consortia.members(tx, group.id)] + [instance]
    inboxes = [(one.host, one.shared_inbox_url or one.inbox_url) for one in listed if not one.is_local]
    inboxes += await follows.inboxes_of_followers(tx, group.id)
    await outbox.publish(
        tx,
        site,
        actor=group,
        type_=type_,
        object_=instance.uri,
        object_uri=instance.uri,
        to=[PUBLIC],
        cc=followers_of(group),
        inboxes=list(dict.fromkeys(inboxes)),
        is_public=True,
        now=now,
        target=site.uris.collection(group.uri, "members"),
    )


async def _tell_removed(tx: Tx, site: Site, group: Actor, instance: Actor, *, now: datetime) -> None:
    await outbox.publish(
        tx,
        site,
        actor=group,
        type_="Remove",
        object_=instance.uri,
        object_uri=instance.uri,
        to=[instance.uri],
        inboxes=[(instance.host, instance.inbox_url)],
        is_public=False,
        now=now,
        target=site.uris.collection(group.uri, "members"),
    )


async def _tell_coordinators(tx: Tx, group: Actor, instance: Actor, event: str, *, now: datetime) -> None:
    for one in await consortia.coordinators(tx, group.id):
        await notify(
            tx,
            account_actor_id=one.actor.id,
            kind="consortium",
            event=event,
            from_actor_id=instance.id,
            subject_uri=group.uri,
            now=now,
        )
