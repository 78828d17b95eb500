"""When a member has time: weekly hours in the member's own time zone, and how much two people share.

Hours are `[weekday, from_minute, until_minute]`: weekdays from Monday, 0, to Sunday, 6; minutes of the wall
clock, from midnight, 0, to midnight, 1,440. Zone and hours are private; only what two people share leaves.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from libline_fed.errors import InvalidInput

DAYS_COUNT = 7
DAY_MINUTES = 24 * 60
DAY_S = DAY_MINUTES * 60
MAX_RANGES = 42
_FIRST_WEEKDAY = 3  # 1970-01-01 was a Thursday

Hours = list[list[int]]


@dataclass(frozen=True, slots=True)
class PartOfDay:
    """A part of the day, and the hours that are meant by it where nobody says otherwise."""

    name: str
    from_minute: int
    until_minute: int
    usual_from_minute: int
    usual_until_minute: int


PARTS = (
    PartOfDay("morning", 0, 12 * 60, 8 * 60, 12 * 60),
    PartOfDay("afternoon", 12 * 60, 18 * 60, 13 * 60, 17 * 60),
    PartOfDay("evening", 18 * 60, DAY_MINUTES, 18 * 60, 21 * 60),
)


def normalise(hours: Iterable[Sequence[int]]) -> Hours:
    """Return weekly hours in order, overlapping and adjoining ones of a day joined, empty ones left out.

    A range that ends before it begins goes on past midnight: into the next day, on Sunday into Monday.

    Raises: InvalidInput for field `hours` if something is no range.
    """
    pieces = sorted(piece for given in hours for piece in _pieces(given))
    joined: Hours = []
    for weekday, start, end in pieces:
        if joined and joined[-1][0] == weekday and start <= joined[-1][2]:
            joined[-1][2] = max(joined[-1][2], end)
        else:
            joined.append([weekday, start, end])
    if len(joined) > MAX_RANGES:
        raise InvalidInput({"hours": "That is too many pieces of time. Join some of them."})
    return joined


def readable(stored: object) -> Hours:
    """Return stored hours; nothing if they make no sense."""
    try:
        return normalise(stored) if isinstance(stored, list) else []
    except InvalidInput:
        return []


def by_part(hours: Hours) -> dict[tuple[int, str], tuple[int, int]]:
    """Return (from, until) by weekday and part of the day, for editing: ranges are cut where parts meet.

    Several ranges in one part become one from the first to the last minute.
    """
    found: dict[tuple[int, str], tuple[int, int]] = {}
    for weekday, start, end in hours:
        for part in PARTS:
            low, high = max(start, part.from_minute), min(end, part.until_minute)
            if low < high:
                known = found.get((weekday, part.name), (low, high))
                found[weekday, part.name] = (min(known[0], low), max(known[1], high))
    return found


def overlap_minutes(hours_a: Hours, zone_a: str, hours_b: Hours, zone_b: str, week: date) -> int:
    """Count the minutes in which both people have time in one week: seven times 24 hours of UTC.

    Exact across changes of the clocks: an hour that a zone leaves out is nobody's, one that it has twice
    counts twice. `week` is any day of the week meant, which begins on its Monday at midnight UTC.

    Raises: InvalidInput for field `zone` if a zone is not known.
    """
    monday = week - timedelta(days=week.weekday())
    return _shared_s(_spans(hours_a, zone_a, monday), _spans(hours_b, zone_b, monday)) // 60


def minutes_of_week(hours: Hours, zone: str, week: date) -> int:
    """Return the minutes of a week in which somebody has time as the bits of a number, the first one lowest.

    What two such numbers share are the minutes that two people share, as `overlap_minutes` counts them, as
    long as clocks differ from UTC by whole minutes, which they have done everywhere since 1972.

    Raises: InvalidInput for field `zone` if the zone is not known.
    """
    monday = week - timedelta(days=week.weekday())
    midnight = int(datetime.combine(monday, datetime.min.time(), UTC).timestamp())
    found = 0
    for begin, end in _spans(hours, zone, monday):
        first, last = (begin - midnight) // 60, (end - midnight) // 60
        found |= ((1 << (last - first)) - 1) << first
    return found


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """Return the names of the time zones that people can choose, in order."""
    return (*sorted(name for name in _zones() if name.partition("/")[0] in _CONTINENTS), "UTC")


def is_zone(name: str) -> bool:
    """Tell whether a text names a time zone (IANA)."""
    return name in _zones()


_CONTINENTS = frozenset(
    {"Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe"}
    | {"Indian", "Pacific"}
)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _pieces(given: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    problem = InvalidInput({"hours": "Write times such as 09:00."})
    if not isinstance(given, list | tuple) or len(given) != 3 or any(type(part) is not int for part in given):
        raise problem
    weekday, start, end = given
    if not (0 <= weekday < DAYS_COUNT and 0 <= start <= DAY_MINUTES and 0 <= end <= DAY_MINUTES):
        raise problem
    if start < end:
        yield weekday, start, end
    elif end < start:
        if start < DAY_MINUTES:
            yield weekday, start, DAY_MINUTES
        if end > 0:
            yield (weekday + 1) % DAYS_COUNT, 0, end


Span = tuple[int, int]  # seconds since 1970 (UTC), the end not in it


def _spans(hours: Hours, zone: str, monday: date) -> list[Span]:
    """Return when in a week of UTC the wall clock of a zone shows some hours, in order."""
    if not is_zone(zone):
        raise InvalidInput({"zone": "Choose your time zone from the list."})
    found: list[Span] = []
    for begin, end, offset_s in _steady(zone, monday):
        first, last = begin + offset_s, end + offset_s  # while the offset stands, wall time = time + offset
        for day in range(first // DAY_S, (last - 1) // DAY_S + 1):
            for weekday, start, until in hours:
                if weekday == (day + _FIRST_WEEKDAY) % DAYS_COUNT:
                    low = max(first, day * DAY_S + start * 60)
                    high = min(last, day * DAY_S + until * 60)
                    if low < high:
                        found.append((low - offset_s, high - offset_s))
    return found


@lru_cache(maxsize=1024)
def _steady(zone: str, monday: date) -> tuple[tuple[int, int, int], ...]:
    """Return the parts of a week, from Monday at midnight UTC, that have one UTC offset each, with that."""
    info = ZoneInfo(zone)
    midnight = int(datetime.combine(monday, datetime.min.time(), UTC).timestamp())
    parts: list[tuple[int, int, int]] = []
    for begin in range(midnight, midnight + DAYS_COUNT * DAY_S, DAY_S):
        end = begin + DAY_S
        before_s, after_s = _offset_s(begin, info), _offset_s(end - 1, info)
        change = end if before_s == after_s else _change_between(begin, end - 1, info)
        parts.append((begin, change, before_s))
        if change < end:
            parts.append((change, end, after_s))
    return tuple(parts)


def _change_between(low: int, high: int, info: ZoneInfo) -> int:
    """Return the first second that has the offset of `high`."""
    before_s = _offset_s(low, info)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset_s(middle, info) == before_s else (low, middle)
    return high


def _offset_s(timestamp: int, info: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(timestamp, info).utcoffset()
    assert offset is not None  # of an aware moment
    return int(offset.total_seconds())


def _shared_s(spans_a: list[Span], spans_b: list[Span]) -> int:
    shared_s = at_a = at_b = 0
    while at_a < len(spans_a) and at_b < len(spans_b):
        (begin_a, end_a), (begin_b, end_b) = spans_a[at_a], spans_b[at_b]
        shared_s += max(0, min(end_a, end_b) - max(begin_a, begin_b))
        if end_a <= end_b:
            at_a += 1
        else:
            at_b += 1
    return shared_s
