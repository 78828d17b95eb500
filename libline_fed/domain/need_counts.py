"""The need-gap board: by area and language, how many requests wait and how many places are free.

Only counts, by server; the small ones are hidden before anything is stored or sent, and everything on the
board is made of what is left.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from libline_fed.domain.proposals import Purpose
from libline_fed.domain.small_counts import SMALLEST, Count, shown, summed

STALE = timedelta(days=30)  # older counts say nothing about today
RECOUNT = timedelta(hours=20)  # about once a day: who counts all the time shows when one person comes
MAX_CELLS = 5_000  # that are taken from one server
MAX_COUNT = 1_000_000


class Order(StrEnum):
    """In which order the board is shown."""

    GAP = "gap"
    WAITING = "waiting"
    PLACES = "places"
    AREA = "area"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class Need:
    """What an open offer or request adds to the counts."""

    purpose: str
    areas: tuple[str, ...]
    languages: tuple[str, ...]
    places_count: int  # free ones of an offer


@dataclass(frozen=True, slots=True)
class NeedCount:
    """One cell: an area in a language on one server, small counts hidden."""

    area: str
    language: str
    waiting_count: Count
    places_count: Count


@dataclass(frozen=True, slots=True)
class Gap:
    """One line of the board: what one or several servers say."""

    area: str
    language: str
    waiting_count: Count
    places_count: Count

    @property
    def least_gap(self) -> int | None:
        """The least number of requests without a place that is certain; None if nothing is known to wait.

        A hidden number of places is four at most. Negative: so many places more.
        """
        if self.waiting_count is None:
            return None
        return self.waiting_count - (self.places_count if self.places_count is not None else SMALLEST - 1)

    @property
    def is_exact(self) -> bool:
        """Whether both numbers are known."""
        return self.waiting_count is not None and self.places_count is not None


def counted(needs: Iterable[Need]) -> list[NeedCount]:
    """Count, and hide what is small; a cell with nothing to show is left out.

    A request in two areas waits in both: the cells do not add up to anything.
    """
    waiting: Counter[tuple[str, str]] = Counter()
    places: Counter[tuple[str, str]] = Counter()
    for need in needs:
        cells = {(area, language) for area in need.areas for language in need.languages}
        for cell in cells:
            if need.purpose == Purpose.REQUEST:
                waiting[cell] += 1
            else:
                places[cell] += need.places_count
    found = [
        NeedCount(area, language, shown(waiting[area, language]), shown(places[area, language]))
        for area, language in sorted({*waiting, *places})
    ]
    return [one for one in found if one.waiting_count is not None or one.places_count is not None]


def board(counts: Iterable[NeedCount]) -> list[Gap]:
    """Add up, cell by cell, what several servers publish."""
    by_cell: dict[tuple[str, str], list[NeedCount]] = {}
    for one in counts:
        by_cell.setdefault((one.area, one.language), []).append(one)
    return [
        Gap(
            area,
            language,
            summed(one.waiting_count for one in found),
            summed(one.places_count for one in found),
        )
        for (area, language), found in by_cell.items()
    ]


def ordered(
    gaps: Sequence[Gap], order: Order, *, area_name: Callable[[str], str], language_name: Callable[[str], str]
) -> list[Gap]:
    """Return the lines of the board in an order that hidden numbers have no part in."""

    def names(gap: Gap) -> tuple[str, str]:
        return area_name(gap.area).casefold(), language_name(gap.language).casefold()

    by_name = sorted(gaps, key=names)
    match order:
        case Order.GAP:
            least = -MAX_COUNT
            return sorted(by_name, key=lambda gap: -(gap.least_gap if gap.least_gap is not None else least))
        case Order.WAITING:
            return sorted(by_name, key=lambda gap: -(gap.waiting_count or 0))
        case Order.PLACES:
            return sorted(by_name, key=lambda gap: -(gap.places_count or 0))
        case Order.LANGUAGE:
            return sorted(by_name, key=lambda gap: names(gap)[::-1])
        case Order.AREA:
            return by_name


def is_fresh(counted_at: datetime, now: datetime) -> bool:
    """Tell whether counts are recent enough to be shown; what claims to be of the future is not."""
    return now - STALE <= counted_at <= now + timedelta(hours=1)
