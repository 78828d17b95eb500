"""What other servers are told of a local proposal: that it is there, has changed, is pinned, is gone."""

from collections.abc import Sequence
from datetime import datetime

from libline_fed.activitypub.build import build_tombstone
from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Audience, Proposal, Status
from libline_fed.services import announces, consortium_items, outbox
from libline_fed.services.audiences import Circle, circle_of, followers_of
from libline_fed.services.documents import proposal_document
from libline_fed.services.outbox import PUBLIC, Inbox
from libline_fed.services.site import Site
from libline_fed.storage import deliveries, follows
from libline_fed.storage.store import Tx


async def send(
    tx: Tx,
    site: Site,
    type_: str,
    proposal: Proposal,
    author: Actor,
    now: datetime,
    *,
    is_wider: bool = False,
    left: Sequence[Actor] = (),
) -> None:
    """Send a Create or Update of a proposal to those it is for, and with `is_wider` to all who have it.

    `left` are consortia that it was for, which must know that it is so no more.
    """
    circle = await circle_of(tx, site, proposal, author)
    if circle is None:
        return
    inboxes = [*await _inboxes_of(tx, circle, author), *_inboxes_at(left)]
    if is_wider:
        inboxes += await deliveries.inboxes_ever(tx, author.id, object_uri=proposal.uri)
    activity_uri = await outbox.publish(
        tx,
        site,
        actor=author,
        type_=type_,
        object_=await proposal_document(tx, site, proposal, author),
        object_uri=proposal.uri,
        to=circle.to,
        cc=circle.cc,
        inboxes=list(dict.fromkeys(inboxes)),
        is_public=circle.is_public,
        now=now,
    )
    named = [group.uri for group in circle.groups]
    await consortium_items.take(
        tx, site, proposal, author, named=named, activity=activity_uri, now=now
    )
    await announces.take(tx, site, proposal, author, type_=type_, activity_uri=activity_uri, now=now)


async def send_change(
    tx: Tx, site: Site, before: Proposal, proposal: Proposal, author: Actor, now: datetime
) -> None:
    """Send what a proposal has become, to more people if it is for more, and say if it is pinned now."""
    is_wider = before.audience != proposal.audience
    type_ = "Create" if is_wider else "Update"
    left = await _left(tx, site, before, proposal, author)
    await send(tx, site, type_, proposal, author, now, is_wider=is_wider, left=left)
    was_pinned = before.audience == Audience.PUBLIC and before.status == Status.OPEN
    is_pinned = proposal.audience == Audience.PUBLIC and proposal.status == Status.OPEN
    if was_pinned != is_pinned:
        await pin(tx, site, proposal, author, now, is_pinned=is_pinned)


async def pin(
    tx: Tx, site: Site, proposal: Proposal, author: Actor, now: datetime, *, is_pinned: bool
) -> None:
    """Say that a public proposal is pinned or not: all that Mastodon shows to a new follower."""
    if proposal.audience != Audience.PUBLIC:
        return
    await outbox.publish(
        tx,
        site,
        actor=author,
        type_="Add" if is_pinned else "Remove",
        object_=proposal.uri,
        object_uri=proposal.uri,
        to=[PUBLIC],
        cc=followers_of(author),
        is_public=True,
        now=now,
        target=site.uris.collection(author.uri, "featured"),
    )


async def withdraw(tx: Tx, site: Site, proposal: Proposal, author: Actor, *, now: datetime) -> None:
    """Ask every server that has a proposal to delete it, also those that get no news of it any more."""
    if proposal.audience == Audience.INSTANCE:
        return
    if proposal.status == Status.OPEN:
        await pin(tx, site, proposal, author, now, is_pinned=False)
    circle = await circle_of(tx, site, proposal, author)
    is_public = proposal.audience == Audience.PUBLIC
    inboxes = dict.fromkeys(await _inboxes_of(tx, circle, author) if circle is not None else [])
    inboxes |= dict.fromkeys(await deliveries.inboxes_ever(tx, author.id, object_uri=proposal.uri))
    if not is_public and not inboxes:
        return
    activity_uri = await outbox.publish(
        tx,
        site,
        actor=author,
        type_="Delete",
        object_=build_tombstone(proposal.uri, former_type="Note" if is_public else None, deleted_at=now),
        object_uri=proposal.uri,
        to=circle.to if circle is not None else [],
        cc=circle.cc if circle is not None else [],
        inboxes=inboxes,
        is_public=is_public,
        now=now,
    )
    await consortium_items.forget(tx, site, proposal.uri, activity=activity_uri, now=now)
    if is_public:
        await announces.pass_on(tx, site, proposal.uri, activity_uri=activity_uri, now=now)


async def _inboxes_of(tx: Tx, circle: Circle, author: Actor) -> list[Inbox]:
    listed = circle.inboxes
    if listed is None:
        listed = await follows.inboxes_of_followers(tx, author.id)
    return [*listed, *_inboxes_at(circle.groups)]


def _inboxes_at(groups: Sequence[Actor]) -> list[Inbox]:
    """Return the Groups' own inboxes: those of this server are told by a call."""
    return [(group.host, group.inbox_url) for group in groups if not group.is_local]


async def _left(tx: Tx, site: Site, before: Proposal, proposal: Proposal, author: Actor) -> list[Actor]:
    """Return the Groups that a proposal was for and is for no more."""
    if before.audience != Audience.PUBLIC or before.details == proposal.details:
        return []
    old = await circle_of(tx, site, before, author)
    new = await circle_of(tx, site, proposal, author)
    kept = {group.uri for group in new.groups} if new is not None else set()
    return [group for group in old.groups if group.uri not in kept] if old is not None else []
