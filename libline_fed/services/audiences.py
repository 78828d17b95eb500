"""Whom a local proposal is for, as addresses on the wire.

A public one goes to the author's followers. One for the network goes to the servers that this instance is
linked with or shares a consortium with, to nobody's followers. One for this instance goes nowhere.
"""

from dataclasses import dataclass

from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Audience, Proposal
from libline_fed.services.outbox import PUBLIC, Inbox
from libline_fed.services.site import Site
from libline_fed.storage import circles
from libline_fed.storage.store import Tx


@dataclass(frozen=True, slots=True)
class Circle:
    """Whom a proposal is addressed to. `inboxes` None are those of all remote followers."""

    to: list[str]
    cc: list[str]
    inboxes: list[Inbox] | None
    is_public: bool


async def circle_of(tx: Tx, site: Site, proposal: Proposal, author: Actor) -> Circle | None:
    """Return whom a proposal goes to; None for one that never leaves, or has nobody to go to."""
    if proposal.audience == Audience.PUBLIC:
        return Circle([PUBLIC], followers_of(author), None, is_public=True)
    if proposal.audience == Audience.INSTANCE:
        return None
    linked = await circles.linked(tx, site.uris.instance_actor)
    if not linked:
        return None
    return Circle(
        [actor.uri for actor in linked],
        [],
        [(actor.host, actor.inbox_url) for actor in linked],
        is_public=False,
    )


def followers_of(author: Actor) -> list[str]:
    """Return the audience of those who follow an actor: one collection, or none."""
    return [author.followers_uri] if author.followers_uri else []
