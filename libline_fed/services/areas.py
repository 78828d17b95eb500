"""The areas of library work as a way into the lists: how many offer and ask in each."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from libline_fed.domain.proposals import Purpose
from libline_fed.domain.viewers import Viewer
from libline_fed.storage import areas, visibility
from libline_fed.storage.store import Tx

KEPT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class AreaCounts:
    """How many open offers and requests of one area somebody may see."""

    offers_count: int = 0
    requests_count: int = 0


class KeptCounts:
    """The counts of those who see the same, asked for once a minute: counting reads all open proposals."""

    def __init__(self) -> None:
        self._kept: dict[tuple[bool, tuple[str, ...]], tuple[datetime, dict[str, AreaCounts]]] = {}

    async def get(self, tx: Tx, viewer: Viewer, *, now: datetime) -> dict[str, AreaCounts]:
        """Return the counts for a viewer, at most a minute old; a block tells at once."""
        avoided = await visibility.avoided_ids(tx, viewer.person.id) if viewer.person is not None else []
        key = (viewer.is_member, tuple(avoided))
        kept = self._kept.get(key)
        if kept is None or not kept[0] <= now < kept[0] + KEPT:
            kept = (now, await counts(tx, viewer, now=now))
            fresh = {one: other for one, other in self._kept.items() if now < other[0] + KEPT}
            self._kept = {**fresh, key: kept}
        return kept[1]


async def counts(tx: Tx, viewer: Viewer, *, now: datetime) -> dict[str, AreaCounts]:
    """Return the counts by area, without areas that have none."""
    found = await areas.counts(tx, viewer, now.date())
    return {
        area_id: AreaCounts(found.get((area_id, Purpose.OFFER), 0), found.get((area_id, Purpose.REQUEST), 0))
        for area_id in {known for known, _ in found}
    }
