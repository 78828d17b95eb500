"""The directory in the order of the score: what the index says for the reader's latest open request."""

from dataclasses import dataclass
from datetime import datetime

from libline_fed.domain.offer_search import Placed
from libline_fed.domain.proposals import Purpose
from libline_fed.domain.search_words import asked_words
from libline_fed.domain.searches import Search
from libline_fed.domain.viewers import Viewer
from libline_fed.services.match_wishes import wish_of
from libline_fed.services.site import Site
from libline_fed.storage import matching, search_words
from libline_fed.storage.store import Tx


@dataclass(frozen=True, slots=True)
class RankedPart:
    """A part of the list: `items` in their final order, and how many offers there are in all.

    `request_id` is that of what they were ranked for.
    """

    request_id: str
    items: tuple[Placed, ...]
    total_count: int


async def part(
    tx: Tx, site: Site, search: Search, viewer: Viewer, *, limit: int, offset: int, now: datetime
) -> RankedPart | None:
    """Return offers for a viewer, best first: those with room, then those with a waiting list.

    Offers that cannot be for the viewer are left out: behind a closed gate there is no order. For read units
    only. Returns None where there is nothing to rank for, or the index is not ready yet: then take another
    order. The index may be ahead of this unit by moments: leave out what you cannot read.
    """
    if viewer.person is None or search.purpose is not Purpose.OFFER or site.offers.is_warming:
        return None
    today = now.date()
    sources = await matching.open_ones_of(tx, viewer.person.id, Purpose.REQUEST, today)
    if not sources:
        return None
    asked = asked_words(search.text)
    if search.text.strip() and not asked:
        return RankedPart(sources[0].id, (), 0)  # a smiley is no word of anything
    numbers = await search_words.matching(tx, asked) if asked else None
    wish = await wish_of(tx, sources[0], viewer.person, today)
    await site.offers.refresh(tx)
    question = await wish.question(tx, now=now, search=search, numbers=numbers)
    found = site.offers.ranked(question, limit=limit, offset=offset)
    return RankedPart(wish.source.id, found.items, found.ready_count + found.busy_count)
