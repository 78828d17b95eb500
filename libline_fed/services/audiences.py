"""Whom a local proposal is for, as addresses on the wire.

A public one goes to the author's followers, and to the consortia this instance is a member of, but for those
that its author leaves out. One for the network goes to the servers that this instance is
linked with or shares a consortium with, to nobody's followers. One for this instance goes nowhere.
"""

from dataclasses import dataclass, field

from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import left_out_of
from libline_fed.domain.proposals import Audience, Proposal
from libline_fed.services.outbox import PUBLIC, Inbox
from libline_fed.services.site import Site
from libline_fed.storage import circles, consortia
from libline_fed.storage.store import Tx


@dataclass(frozen=True, slots=True)
class Circle:
    """Whom a proposal is addressed to. `inboxes` None are those of all remote followers."""

    to: list[str]
    cc: list[str]
    inboxes: list[Inbox] | None
    is_public: bool
    groups: list[Actor] = field(default_factory=list)  # consortia, here or elsewhere, that may pass it on


async def circle_of(tx: Tx, site: Site, proposal: Proposal, author: Actor) -> Circle | None:
    """Return whom a proposal goes to; None for one that never leaves, or has nobody to go to."""
    if proposal.audience == Audience.PUBLIC:
        left_out = left_out_of(proposal.details)
        joined = await consortia.groups_of(tx, site.uris.instance_actor)
        groups = [group for group in joined if group.uri not in left_out]
        cc = [*followers_of(author), *(group.uri for group in groups)]
        return Circle([PUBLIC], cc, None, is_public=True, groups=groups)
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
