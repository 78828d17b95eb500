"""What other servers are told of a local proposal: that it is there, has changed, is pinned, is gone."""

from datetime import datetime

from libline_fed.activitypub.build import build_tombstone
from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Audience, Proposal, Status
from libline_fed.services import outbox
from libline_fed.services.audiences import circle_of, followers_of
from libline_fed.services.documents import proposal_document
from libline_fed.services.outbox import PUBLIC
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
) -> None:
    """Send a Create or Update of a proposal to those it is for, and with `is_wider` to all who have it."""
    circle = await circle_of(tx, site, proposal, author)
    if circle is None:
        return
    inboxes = circle.inboxes
    if is_wider:
        known = await deliveries.inboxes_ever(tx, author.id, object_uri=proposal.uri)
        if inboxes is None:
            inboxes = await follows.inboxes_of_followers(tx, author.id)
        inboxes = list(dict.fromkeys([*inboxes, *known]))
    await outbox.publish(
        tx,
        site,
        actor=author,
        type_=type_,
        object_=await proposal_document(tx, site, proposal, author),
        object_uri=proposal.uri,
        to=circle.to,
        cc=circle.cc,
        inboxes=inboxes,
        is_public=circle.is_public,
        now=now,
    )


async def send_change(
    tx: Tx, site: Site, before: Proposal, proposal: Proposal, author: Actor, now: datetime
) -> None:
    """Send what a proposal has become, to more people if it is for more, and say if it is pinned now."""
    is_wider = before.audience != proposal.audience
    await send(tx, site, "Create" if is_wider else "Update", proposal, author, now, is_wider=is_wider)
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
    listed = circle.inboxes if circle is not None else []
    if listed is None:
        listed = await follows.inboxes_of_followers(tx, author.id)
    inboxes = dict.fromkeys(listed)
    inboxes |= dict.fromkeys(await deliveries.inboxes_ever(tx, author.id, object_uri=proposal.uri))
    if not is_public and not inboxes:
        return
    await outbox.publish(
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
