"""What stands in the directory, for tests that are about how it comes there."""

from datetime import datetime

from libline_fed.domain.proposals import Purpose
from libline_fed.domain.searches import Search
from libline_fed.domain.viewers import Viewer
from libline_fed.services import listings
from libline_fed.storage.store import Store


async def listed_titles(
    store: Store, now: datetime, *, purpose: str = "offer", is_member: bool = True
) -> list[str]:
    """Return the titles of what everybody, or every member, finds, the newest first; fifty at most."""
    search, viewer = Search(purpose=Purpose(purpose)), Viewer(is_member=is_member)
    found = await store.read(
        lambda tx: listings.page(tx, search, viewer, per_page=listings.MAX_PER_PAGE, now=now)
    )
    return [proposal.title for proposal, _ in found.items]
