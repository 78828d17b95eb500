"""What the instance actor tells linked servers of the public proposals here: ids of new ones, and changes.

It never speaks of content itself. It announces an id, which others fetch from its own address; a change or a
deletion it passes on as its author sent it, with the proof in it (FEP-1b12), to servers only.
"""

from datetime import datetime
from typing import Any

from libline_fed.activitypub.wire import parse_json
from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Audience, Proposal, Status
from libline_fed.errors import Refusal
from libline_fed.services import outbox
from libline_fed.services.audiences import followers_of
from libline_fed.services.outbox import PUBLIC
from libline_fed.services.site import Site
from libline_fed.storage import activities, actors, circles
from libline_fed.storage.store import Tx

SHOWN = (Status.OPEN, Status.FULL)


async def take(
    tx: Tx, site: Site, proposal: Proposal, author: Actor, *, type_: str, activity_uri: str, now: datetime
) -> None:
    """Tell linked servers of a public proposal that is new for everybody (a Create) or was changed."""
    if proposal.audience != Audience.PUBLIC:
        return
    if type_ != "Create":
        await pass_on(tx, site, proposal.uri, activity_uri=activity_uri, now=now)
    elif proposal.status in SHOWN:
        await _announce(tx, site, proposal.uri, object_uri=proposal.uri, author_uri=author.uri, now=now)


async def pass_on(tx: Tx, site: Site, proposal_uri: str, *, activity_uri: str, now: datetime) -> None:
    """Pass an Update or Delete of a public proposal on to linked servers, as it was sent."""
    body = await activities.body(tx, activity_uri)
    said = parse_json(body) if body is not None else None
    if said is not None and not isinstance(said, Refusal):
        await _announce(tx, site, said, object_uri=proposal_uri, author_uri=None, now=now)


async def _announce(
    tx: Tx,
    site: Site,
    object_: str | dict[str, Any],
    *,
    object_uri: str,
    author_uri: str | None,
    now: datetime,
) -> None:
    ours = await actors.by_uri(tx, site.uris.instance_actor)
    servers = await circles.following(tx, site.uris.instance_actor)
    if ours is None or not servers:
        return
    await outbox.publish(
        tx,
        site,
        actor=ours,
        type_="Announce",
        object_=object_,
        object_uri=object_uri,
        to=[PUBLIC],
        cc=[*followers_of(ours), *([author_uri] if author_uri else [])],
        inboxes=list(dict.fromkeys((one.host, one.shared_inbox_url or one.inbox_url) for one in servers)),
        is_public=author_uri is not None,  # what is passed on has its author's proof, and needs no other
        now=now,
    )
