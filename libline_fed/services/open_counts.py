"""How much is open for everybody, counted at most once a minute: a count looks at every proposal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from libline_fed.domain.proposals import Purpose
from libline_fed.domain.searches import Search
from libline_fed.domain.viewers import EVERYBODY
from libline_fed.services import areas, listings
from libline_fed.services.areas import AreaCounts
from libline_fed.storage import actors
from libline_fed.storage.store import Store, Tx

KEPT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class OpenCounts:
    """What was counted, and when."""

    at: datetime
    offers_count: int
    requests_count: int
    members_count: int
    by_area: Mapping[str, AreaCounts]


class Counter:
    """Counts, and remembers for a minute. One per process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OpenCounts | None = None

    async def get(self, now: datetime) -> OpenCounts:
        """Return the counts of now, or of less than a minute ago."""
        if self._kept is None or not timedelta(0) <= now - self._kept.at < KEPT:
            self._kept = await self._store.read(lambda tx: _count(tx, now))
        return self._kept


async def _count(tx: Tx, now: datetime) -> OpenCounts:
    found = [
        await listings.page(tx, Search(purpose=purpose), EVERYBODY, per_page=1, now=now)
        for purpose in (Purpose.OFFER, Purpose.REQUEST)
    ]
    return OpenCounts(
        at=now,
        offers_count=found[0].total_count,
        requests_count=found[1].total_count,
        members_count=await actors.count_local(tx),
        by_area=await areas.counts(tx, EVERYBODY, now=now),
    )
