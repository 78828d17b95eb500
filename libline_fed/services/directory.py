"""The directory: what people offer and ask for, as far as the reader may see it, in the order asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Proposal, Purpose, Status
from libline_fed.domain.search_words import asked_words
from libline_fed.domain.searches import Search, Sort
from libline_fed.domain.viewers import Viewer
from libline_fed.services import matching
from libline_fed.services.match_wishes import Wish, wish_of
from libline_fed.services.matching import Explained
from libline_fed.services.site import Site
from libline_fed.storage import directory, proposals, search_words
from libline_fed.storage import matching as match_rows
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
    """Return a page of what somebody looks for. Pages there are not are empty. For read units only.

    By match, offers are ranked for the latest open request of the reader, and those behind a closed gate are
    left out. Everything else, also while the index is being built, comes newest or soonest first.
    """
    number = max(1, min(page, MAX_PAGE))
    wish = await _wish(tx, site, search, viewer, now)
    if wish is not None:
        return await _ranked(tx, site, search, viewer, wish=wish, number=number, now=now)
    found, total_count = await directory.page(
        tx, search, viewer, today=now.date(), limit=PER_PAGE, offset=(number - 1) * PER_PAGE
    )
    items = await _shown(tx, found, viewer, now)
    return Page(items, number, number * PER_PAGE < total_count, total_count, None)


async def request_of(tx: Tx, viewer: Viewer, *, now: datetime) -> Proposal | None:
    """Return the latest open request of a viewer, with which offers are compared in every order; or None."""
    if viewer.person is None:
        return None
    requests = await match_rows.open_ones_of(tx, viewer.person.id, Purpose.REQUEST, now.date())
    return await proposals.by_id(tx, requests[0].id) if requests else None


async def _wish(tx: Tx, site: Site, search: Search, viewer: Viewer, now: datetime) -> Wish | None:
    """Return what offers are to be ranked for, or None if they are not."""
    if search.sort is not Sort.MATCH or search.purpose is not Purpose.OFFER or viewer.person is None:
        return None
    requests = await match_rows.open_ones_of(tx, viewer.person.id, Purpose.REQUEST, now.date())
    if not requests or site.offers.is_warming:
        return None
    wish = await wish_of(tx, requests[0], viewer.person, now.date())
    return replace(wish, is_for_member=viewer.is_member)


async def _ranked(
    tx: Tx, site: Site, search: Search, viewer: Viewer, *, wish: Wish, number: int, now: datetime
) -> Page:
    asked = asked_words(search.text)
    numbers = await search_words.matching(tx, asked) if search.text.strip() else None
    await site.offers.refresh(tx)
    question = await wish.question(tx, now=now, search=search, numbers=numbers)
    places = site.offers.ranked(question, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
    # The index may be newer than what this unit sees, so each is looked at once more.
    seen = await directory.shown(tx, viewer, [place.proposal_id for place in places.items], now.date())
    placed = [place for place in places.items if place.proposal_id in seen]
    shown = await _shown(tx, [seen[place.proposal_id] for place in placed], viewer, now, wish)
    items = [
        replace(found, is_wildcard=place.is_wildcard, is_busy=found.is_busy or place.is_busy)
        for found, place in zip(shown, placed, strict=True)
    ]
    total_count = places.ready_count + places.busy_count
    request = await proposals.by_id(tx, wish.source.id)
    return Page(items, number, number * PER_PAGE < total_count, total_count, request)


async def _shown(
    tx: Tx, found: Sequence[directory.Listing], viewer: Viewer, now: datetime, wish: Wish | None = None
) -> list[Found]:
    listed = [proposal for proposal, _ in found]
    explained: dict[str, Explained] = {}
    if viewer.person is not None:
        explained = await matching.explain_for(tx, viewer.person, listed, now=now, wish=wish)
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
