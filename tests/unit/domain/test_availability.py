"""Weekly hours: one form for each, and how much two people share, minute by minute, also as clocks change."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libline_fed.domain.availability import (
    DAY_MINUTES,
    PARTS,
    Hours,
    by_part,
    is_zone,
    normalise,
    overlap_minutes,
    readable,
    zone_names,
)
from libline_fed.errors import InvalidInput

MONDAY = date(2026, 11, 23)
ZONES = ("UTC", "Europe/Madrid", "America/New_York", "Africa/Nairobi", "Asia/Kathmandu", "Pacific/Kiritimati",
         "Pacific/Pago_Pago", "Australia/Lord_Howe", "Africa/Casablanca", "America/St_Johns")  # fmt: skip
ALWAYS: Hours = [[day, 0, DAY_MINUTES] for day in range(7)]

minutes = st.integers(0, DAY_MINUTES)
ranges = st.tuples(st.integers(0, 6), minutes, minutes).map(list)
hours_lists = st.lists(ranges, max_size=10)
weeks = st.dates(date(2000, 1, 1), date(2036, 12, 31))


def week_minutes(hours: object) -> int:
    """Count the minutes of a week, by the wall clock."""
    return sum(end - start for _, start, end in hours)  # type: ignore[attr-defined]


def shown(hours: Hours, zone: str, week: date) -> set[int]:
    """Return, by asking the clock, at which minutes of a week of UTC it shows some hours."""
    monday = datetime.combine(week - timedelta(days=week.weekday()), datetime.min.time(), UTC)
    found = set()
    for minute in range(7 * DAY_MINUTES):
        wall = (monday + timedelta(minutes=minute)).astimezone(ZoneInfo(zone))
        of_day = wall.hour * 60 + wall.minute
        if any(day == wall.weekday() and start <= of_day < end for day, start, end in hours):
            found.add(minute)
    return found


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ([], []),
        ([[0, 540, 600]], [[0, 540, 600]]),
        ([[1, 0, 1440], [0, 540, 600]], [[0, 540, 600], [1, 0, 1440]]),
        ([[0, 540, 600], [0, 600, 660]], [[0, 540, 660]]),
        ([[0, 540, 700], [0, 600, 660]], [[0, 540, 700]]),
        ([[0, 540, 540]], []),
        ([[0, 1320, 120]], [[0, 1320, 1440], [1, 0, 120]]),
        ([[6, 1320, 120]], [[0, 0, 120], [6, 1320, 1440]]),
        ([[6, 1320, 0]], [[6, 1320, 1440]]),
        ([[6, 1440, 60]], [[0, 0, 60]]),
    ],
)
def test_hours_have_one_form(given: Hours, stored: Hours) -> None:
    assert normalise(given) == stored


@pytest.mark.parametrize(
    "wrong",
    [[7, 0, 1], [-1, 0, 1], [0, 0, 1441], [0, -1, 5], [0, 1], [0, 1, 2, 3], "abc", [0, 1.5, 3], [True, 0, 1],
     [0, "1", 2], None, 5],
)  # fmt: skip
def test_what_is_no_range_is_refused_and_not_read_from_a_row(wrong: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        normalise([wrong])
    assert set(refused.value.fields) == {"hours"}
    assert readable([wrong]) == []


def test_nobody_has_endless_pieces_of_time() -> None:
    with pytest.raises(InvalidInput):
        normalise([[day, hour * 60, hour * 60 + 30] for day in range(7) for hour in range(24)])


@pytest.mark.parametrize("stored", [None, "x", {}, 5])
def test_a_row_without_hours_reads_as_none(stored: Any) -> None:
    assert readable(stored) == []


@given(hours_lists)
def test_normalising_again_changes_nothing_and_loses_no_minute(given: Hours) -> None:
    once = normalise(given)
    assert normalise(once) == once == readable(once)
    assert normalise(list(reversed(given))) == once
    assert all(start < end for _, start, end in once)
    meant = {
        (day + (minute // DAY_MINUTES)) % 7 * DAY_MINUTES + minute % DAY_MINUTES
        for day, start, end in given
        if start != end
        for minute in range(start, end if end > start else end + DAY_MINUTES)
    }
    assert week_minutes(once) == len(meant)


@given(hours_lists)
def test_an_editor_shows_all_hours_and_none_outside_of_their_part_of_the_day(given: Hours) -> None:
    hours = normalise(given)
    cells = by_part(hours)
    back = normalise([[day, start, end] for (day, _), (start, end) in cells.items()])
    assert week_minutes(back) >= week_minutes(hours)
    for (_, name), (start, end) in cells.items():
        part = next(part for part in PARTS if part.name == name)
        assert part.from_minute <= start < end <= part.until_minute
    assert by_part(back) == cells


def test_parts_cover_the_day_and_hold_their_usual_hours() -> None:
    assert [part.from_minute for part in PARTS] == [0, *(part.until_minute for part in PARTS[:-1])]
    assert PARTS[-1].until_minute == DAY_MINUTES
    for part in PARTS:
        assert part.from_minute <= part.usual_from_minute < part.usual_until_minute <= part.until_minute


@pytest.mark.parametrize(
    ("a", "zone_a", "b", "zone_b", "week", "shared"),
    [
        ([[0, 540, 720]], "UTC", [[0, 600, 780]], "UTC", MONDAY, 120),
        ([[0, 540, 720]], "UTC", [[1, 540, 720]], "UTC", MONDAY, 0),
        ([[0, 540, 720]], "Africa/Nairobi", [[0, 540, 720]], "Europe/Madrid", MONDAY, 60),  # two hours ahead
        ([[0, 0, 60]], "Asia/Kathmandu", ALWAYS, "UTC", MONDAY, 60),  # the Sunday before, in UTC
        ([[0, 540, 600]], "Pacific/Kiritimati", [[6, 540, 600]], "Pacific/Honolulu", MONDAY, 60),
        # New York's clocks go back three weeks after Madrid's go forward, and the other way round.
        ([[2, 840, 900]], "Europe/Madrid", [[2, 480, 540]], "America/New_York", date(2026, 3, 16), 0),
        ([[2, 840, 900]], "Europe/Madrid", [[2, 480, 540]], "America/New_York", date(2026, 4, 1), 60),
        # The hour that is left out, and the one that comes twice.
        ([[6, 120, 180]], "Europe/Madrid", ALWAYS, "UTC", date(2026, 3, 29), 0),
        ([[6, 120, 180]], "Europe/Madrid", ALWAYS, "UTC", date(2026, 10, 25), 120),
        ([[6, 60, 240]], "Europe/Madrid", ALWAYS, "UTC", date(2026, 10, 25), 240),
    ],
)
def test_what_two_people_share(
    a: Hours, zone_a: str, b: Hours, zone_b: str, week: date, shared: int
) -> None:
    assert overlap_minutes(a, zone_a, b, zone_b, week) == shared
    assert overlap_minutes(b, zone_b, a, zone_a, week) == shared


def test_a_zone_that_there_is_not_is_refused() -> None:
    for zone in ("Mars/Olympus", "", "../etc/passwd"):
        with pytest.raises(InvalidInput) as refused:
            overlap_minutes(ALWAYS, "UTC", ALWAYS, zone, MONDAY)
        assert set(refused.value.fields) == {"zone"}
        assert not is_zone(zone)


@settings(max_examples=15, deadline=None)
@given(hours_lists, st.sampled_from(ZONES), hours_lists, st.sampled_from(ZONES), weeks)
def test_every_shared_minute_counts_once(a: Hours, zone_a: str, b: Hours, zone_b: str, week: date) -> None:
    a, b = normalise(a), normalise(b)
    expected = len(shown(a, zone_a, week) & shown(b, zone_b, week))
    assert overlap_minutes(a, zone_a, b, zone_b, week) == expected


@given(hours_lists, st.sampled_from(ZONES), hours_lists, st.sampled_from(ZONES), weeks)
def test_sharing_has_no_direction_and_no_more_than_either_has(
    a: Hours, zone_a: str, b: Hours, zone_b: str, week: date
) -> None:
    a, b = normalise(a), normalise(b)
    shared = overlap_minutes(a, zone_a, b, zone_b, week)
    assert shared == overlap_minutes(b, zone_b, a, zone_a, week + timedelta(days=6 - week.weekday()))
    assert 0 <= shared <= overlap_minutes(a, zone_a, ALWAYS, "UTC", week) <= overlap_minutes(
        ALWAYS, zone_a, ALWAYS, zone_b, week
    ) == 7 * DAY_MINUTES


def test_the_list_of_zones_is_for_people() -> None:
    assert {"Europe/Madrid", "Africa/Nairobi", "America/Argentina/Buenos_Aires", "UTC"} <= set(zone_names())
    assert not any(name.startswith(("Etc/", "SystemV/", "posix/")) for name in zone_names())
    assert all(map(is_zone, zone_names()))
