"""The directory: what people offer and ask for, as far as the reader may see it, in the order asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Proposal, Status
from libline_fed.domain.searches import Search
from libline_fed.domain.viewers import Viewer
from libline_fed.services import matching
from libline_fed.services.matching import Explained
from libline_fed.services.site import Site
from libline_fed.storage import directory
from libline_fed.storage.store import Tx

PER_PAGE = 10
MAX_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Found:
    """A proposal in a list. `explained`: how it fits the reader; None where nothing can be compared.

    `is_busy`: a new request joins a waiting list. `sources`: linked servers and consortia that brought it.
    """

    proposal: Proposal
    author: Actor
    explained: Explained | None
    is_wildcard: bool
    is_busy: bool
    sources: list[Actor]


@dataclass(frozen=True, slots=True)
class Page:
    """Ten proposals at most, and how many there are in all. `request`: what they were ranked for."""

    items: list[Found]
    page: int
    has_more: bool
    total_count: int
    request: Proposal | None


async def page(tx: Tx, site: Site, search: Search, viewer: Viewer, *, page: int = 1, now: datetime) -> Page:
    """Return a page of what somebody looks for. Pages there are not are empty."""
    number = max(1, min(page, MAX_PAGE))
    found, total_count = await directory.page(
        tx, search, viewer, today=now.date(), limit=PER_PAGE, offset=(number - 1) * PER_PAGE
    )
    items = await _shown(tx, found, viewer, now)
    return Page(items, number, number * PER_PAGE < total_count, total_count, None)


async def _shown(
    tx: Tx, found: Sequence[directory.Listing], viewer: Viewer, now: datetime
) -> list[Found]:
    listed = [proposal for proposal, _ in found]
    explained: dict[str, Explained] = {}
    if viewer.person is not None:
        explained = await matching.explain_for(tx, viewer.person, listed, now=now)
    sources = await directory.brought_by(tx, [proposal.id for proposal in listed])
    return [
        Found(
            proposal,
            author,
            explained.get(proposal.id),
            is_wildcard=False,
            is_busy=proposal.is_busy or proposal.status == Status.FULL or proposal.places_free_count == 0,
            sources=sources.get(proposal.id, []),
        )
        for proposal, author in found
    ]
