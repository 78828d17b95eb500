"""The areas of library work as a way into the lists: how many offer and ask in each."""

from dataclasses import dataclass
from datetime import datetime

from libline_fed.domain.proposals import Purpose
from libline_fed.domain.viewers import Viewer
from libline_fed.storage import areas
from libline_fed.storage.store import Tx


@dataclass(frozen=True, slots=True)
class AreaCounts:
    """How many open offers and requests of one area somebody may see."""

    offers_count: int = 0
    requests_count: int = 0


async def counts(
    tx: Tx, viewer: Viewer, *, area: str | None = None, now: datetime
) -> dict[str, AreaCounts]:
    """Return the counts by area, without areas that have none; of one area if that is given."""
    found = await areas.counts(tx, viewer, now.date(), area=area)
    return {
        area_id: AreaCounts(found.get((area_id, Purpose.OFFER), 0), found.get((area_id, Purpose.REQUEST), 0))
        for area_id in {known for known, _ in found}
    }
