"""Handlers of what servers and Groups say to one another: Join, Invite, their answers, Leave, Add, Remove.

Only a server's own instance actor speaks for it, and only the Group itself for a consortium; both must have
signed it themselves. Whoever a document says that it is by does not matter.
"""

from collections.abc import Mapping
from typing import Any

from libline_fed.activitypub.objects import Activity
from libline_fed.activitypub.urls import host_of
from libline_fed.activitypub.values import uri_of
from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import MAX_NOTE_CHARACTERS, MemberState
from libline_fed.errors import RefusalReason
from libline_fed.federation.inbox_work import APPLIED, Ready, Result, Work, ignored, refused
from libline_fed.sanitize import plain_text
from libline_fed.services import consortium_members, memberships, trust
from libline_fed.storage import actors, consortia

INSTANCE_TYPE = "Application"
GROUP_TYPE = "Group"


def is_about_members(activity: Activity, actor: Actor) -> bool:
    """Tell whether an Add or Remove is about a Group's members, not about what somebody pins."""
    return actor.type == GROUP_TYPE and activity.target_uri == actor.details.get("members_url")


async def on_join(work: Work, ready: Ready) -> Result:
    """Let a server ask to be a member of a consortium hosted here."""
    group = await group_here(work, ready.activity.object_uri)
    sender = await _signer(work, ready)
    if group is None:
        return ignored(RefusalReason.UNKNOWN_OBJECT, ready.activity.object_uri or "")
    if sender is None or ready.target is None or ready.target.uri != sender.uri:
        return refused(RefusalReason.WRONG_ACTOR, f"{ready.activity.actor_uri} does not stand for its server")
    await consortium_members.receive_join(
        work.tx,
        work.site,
        group=group,
        instance=sender,
        uri=ready.activity.uri,
        note_text=plain_text(ready.activity.content_html)[:MAX_NOTE_CHARACTERS],
        now=work.now,
    )
    return APPLIED


async def on_leave(work: Work, ready: Ready) -> Result:
    """Let a server leave a consortium hosted here."""
    group = await group_here(work, ready.activity.object_uri)
    sender = await _signer(work, ready)
    if group is None or sender is None:
        return ignored(RefusalReason.UNKNOWN_OBJECT, ready.activity.object_uri or "")
    is_news = await consortium_members.receive_leave(
        work.tx, work.site, group=group, instance=sender, now=work.now
    )
    return APPLIED if is_news else ignored(RefusalReason.NOT_PENDING, "no member")


async def on_invite(work: Work, ready: Ready) -> Result:
    """Take in that a Group invites this server; nobody else can, for none but itself."""
    group = await _signer(work, ready)
    if ready.activity.object_uri != work.site.uris.instance_actor:
        return ignored(RefusalReason.UNKNOWN_OBJECT, ready.activity.object_uri or "")
    if group is None or group.type != GROUP_TYPE or ready.activity.target_uri != group.uri:
        return refused(RefusalReason.WRONG_ACTOR, f"{ready.activity.actor_uri} is not the group itself")
    await memberships.receive_invite(
        work.tx, work.site, group=group, uri=ready.activity.uri, now=work.now
    )
    return APPLIED


async def on_membership_answer(work: Work, ready: Ready, *, is_yes: bool) -> Result | None:
    """Take in an answer to a Join or an Invite; None if it answers something else."""
    raw = ready.activity.raw_object or {}
    type_ = raw.get("type")
    if type_ not in ("Join", "Invite", None):
        return None
    sender = await _signer(work, ready)
    if sender is None:
        return None
    if sender.type == GROUP_TYPE and type_ != "Invite":
        return await _on_join_answer(work, ready, sender, is_join=type_ == "Join", is_yes=is_yes)
    if sender.type == INSTANCE_TYPE and type_ != "Join":
        return await _on_invite_answer(work, ready, sender, raw, is_yes=is_yes)
    return None if type_ is None else refused(RefusalReason.WRONG_ACTOR, sender.uri)


async def _on_join_answer(
    work: Work, ready: Ready, group: Actor, *, is_join: bool, is_yes: bool
) -> Result | None:
    known = await memberships.state_in(work.tx, work.site, group)
    asked_uri = known.activity_uri if known is not None else None
    if not is_join and (asked_uri is None or ready.activity.object_uri != asked_uri):
        return None  # an id alone, and not that of our Join
    # An answer to a former Join is no answer to this one.
    if ready.activity.object_uri not in (None, asked_uri):
        return ignored(RefusalReason.NOT_PENDING, ready.activity.object_uri or "")
    is_news = await memberships.receive_answer(
        work.tx, work.site, group=group, is_yes=is_yes, now=work.now
    )
    return APPLIED if is_news else ignored(RefusalReason.NOT_PENDING, ready.activity.object_uri or "")


async def _on_invite_answer(
    work: Work, ready: Ready, instance: Actor, raw: Mapping[str, Any], *, is_yes: bool
) -> Result | None:
    group = await group_here(work, uri_of(raw.get("target")) or uri_of(raw.get("actor")))
    if group is None:
        named = await consortia.by_activity(work.tx, instance.id, ready.activity.object_uri)
        group = await actors.by_id(work.tx, named.group_id) if named is not None else None
    if group is None or not group.is_local:
        return None if not raw else ignored(RefusalReason.UNKNOWN_OBJECT, ready.activity.object_uri or "")
    is_news = await consortium_members.receive_answer(
        work.tx, work.site, group=group, instance=instance, is_yes=is_yes, now=work.now
    )
    return APPLIED if is_news else ignored(RefusalReason.NOT_PENDING, ready.activity.object_uri or "")


async def on_member_change(work: Work, ready: Ready, *, is_added: bool) -> Result:
    """Take in that a Group has a member more or less."""
    group = await _signer(work, ready)
    uri = ready.activity.object_uri
    if group is None or not is_about_members(ready.activity, group):
        return refused(RefusalReason.WRONG_ACTOR, ready.activity.actor_uri)
    is_us = uri == work.site.uris.instance_actor
    member = await work.actor(uri) if uri is not None else None
    host = host_of(uri)
    if (
        member is None
        and is_added
        and host is not None
        and await trust.receive_added(work.tx, group, host, now=work.now)
    ):
        return APPLIED  # not on our list so far: from now on it can be asked who it is
    if member is None or (member.is_local and not is_us):
        return ignored(RefusalReason.UNKNOWN_OBJECT, uri or "")
    if is_added and not is_us and (ready.target is None or ready.target.uri != member.uri):
        return refused(RefusalReason.WRONG_ACTOR, f"{member.uri} does not stand for its server")
    receive = memberships.receive_added if is_added else memberships.receive_removed
    is_news = await receive(work.tx, work.site, group=group, member=member, now=work.now)
    return APPLIED if is_news else ignored(RefusalReason.OUTDATED, "known already, or no concern of ours")


async def has_member_at(work: Work, group: Actor, host: str) -> bool:
    """Tell whether a server is in a consortium hosted here."""
    return MemberState.MEMBER in await consortia.states_at(work.tx, group.id, host)


async def group_here(work: Work, uri: str | None) -> Actor | None:
    """Return the Group of a consortium hosted here, or None."""
    found = await work.local(uri)
    return found if found is not None and found.type == GROUP_TYPE else None


async def _signer(work: Work, ready: Ready) -> Actor | None:
    """Return the actor of an activity that it signed itself: a proof can be shown around by anybody."""
    activity, row = ready.activity, ready.row
    if row.signer_uri != activity.actor_uri or host_of(activity.uri) != host_of(activity.actor_uri):
        return None
    actor = await work.actor(activity.actor_uri)
    return actor if actor is not None and actor.is_usable and not actor.is_local else None
