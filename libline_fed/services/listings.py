"""The directory for programs, feeds and other web sites: the proposals of the pages, without a score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Proposal
from libline_fed.domain.searches import Search, Sort
from libline_fed.domain.viewers import Viewer
from libline_fed.errors import NotFound
from libline_fed.ids import is_id
from libline_fed.storage import directory
from libline_fed.storage.store import Tx

MAX_PER_PAGE = 50
MAX_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of proposals with their authors, and how many there are in all."""

    items: Sequence[tuple[Proposal, Actor]]
    page: int
    has_more: bool
    total_count: int


async def page(
    tx: Tx, search: Search, viewer: Viewer, *, page: int = 1, per_page: int, now: datetime
) -> Listing:
    """Return a page of what a search finds, newest first, or those first whose authors answer soonest."""
    number, count = max(1, min(page, MAX_PAGE)), max(1, min(per_page, MAX_PER_PAGE))
    sort = search.sort if search.sort is Sort.SOONEST else Sort.NEWEST
    items, total_count = await directory.page(
        tx,
        replace(search, sort=sort),
        viewer,
        today=now.date(),
        limit=count,
        offset=(number - 1) * count,
    )
    has_more = number < MAX_PAGE and number * count < total_count
    return Listing(items, number, has_more, total_count)


async def brought_by(tx: Tx, items: Sequence[tuple[Proposal, Actor]]) -> Mapping[str, Sequence[Actor]]:
    """Return by id of the proposal which linked servers and consortia brought it."""
    return await directory.brought_by(tx, [proposal.id for proposal, _ in items])


async def find(tx: Tx, proposal_id: str, viewer: Viewer, *, now: datetime) -> tuple[Proposal, Actor]:
    """Return one of what a viewer sees in lists.

    Raises: NotFound, alike for what is not listed and what is not there.
    """
    found = await directory.shown(tx, viewer, [proposal_id] if is_id(proposal_id) else [], now.date())
    if proposal_id not in found:
        raise NotFound(f"no proposal {proposal_id[:60]!r} in the lists")
    return found[proposal_id]
