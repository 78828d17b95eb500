"""Waiting times: days on which somebody is away do not count, and every wait has an end."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libline_fed.domain.deadlines import MAX_AWAY_DAYS, after, elapsed_days

SINCE = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
TODAY = SINCE.date()


def on(day: int) -> date:
    """Return the day so many days from today."""
    return TODAY + timedelta(days=day)


offsets = st.integers(-40, 80)
absences = st.lists(
    st.tuples(offsets, st.integers(0, 30)).map(lambda one: (on(one[0]), on(one[0] + one[1]))), max_size=5
)
lengths = st.integers(0, 90)


def is_away(day: date, away: list[tuple[date, date]]) -> bool:
    return any(first <= day <= last for first, last in away)


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        ([], 10),
        ([(on(3), on(5))], 13),  # in the middle
        ([(on(-5), on(1))], 12),  # begun before
        ([(on(9), on(9))], 11),  # the last day
        ([(on(10), on(11))], 12),  # on the day it would end: not while somebody is away
        ([(on(11), on(20))], 10),  # after it
        ([(on(-9), on(-1))], 10),  # over
        ([(on(2), on(4)), (on(4), on(6))], 15),  # days that two absences share count once
        ([(on(2), on(2)), (on(2), on(2))], 11),
        ([(on(5), on(3))], 10),  # the wrong way round is no day
    ],
)
def test_ten_days_with_absences(away: list[tuple[date, date]], expected: int) -> None:
    assert after(SINCE, 10, away) == SINCE + timedelta(days=expected)


def test_the_time_of_the_day_is_kept() -> None:
    assert after(SINCE, 1, []).timetz() == SINCE.timetz()


@given(lengths, absences)
def test_a_wait_has_as_many_days_of_presence_as_were_asked_for(
    days: int, away: list[tuple[date, date]]
) -> None:
    end = after(SINCE, days, away)
    waited = [SINCE.date() + timedelta(days=number) for number in range((end - SINCE).days)]
    assert sum(not is_away(day, away) for day in waited) == days
    assert not is_away(end.date(), away), "nothing ends on somebody while they are away"
    assert elapsed_days(SINCE, end, away) == days


@given(lengths, absences, absences)
def test_more_absence_never_shortens_a_wait(
    days: int, away: list[tuple[date, date]], more: list[tuple[date, date]]
) -> None:
    assert after(SINCE, days, [*away, *more]) >= after(SINCE, days, away) >= SINCE + timedelta(days=days)


@given(absences, st.integers(-5, 200), st.integers(0, 30))
def test_days_pass_one_at_a_time(away: list[tuple[date, date]], hours: int, later: int) -> None:
    now = SINCE + timedelta(hours=hours)
    passed = elapsed_days(SINCE, now, away)
    assert 0 <= passed <= max(0, (now - SINCE).days)
    assert passed <= elapsed_days(SINCE, now + timedelta(hours=later), away) <= passed + later // 24 + 1


@pytest.mark.parametrize("days", [0, 1, 10])
def test_an_absence_for_ever_freezes_a_year_at_most(days: int) -> None:
    away = [(date(2000, 1, 1), date(9999, 12, 31))]
    assert after(SINCE, days, away) == SINCE + timedelta(days=MAX_AWAY_DAYS + days)
    assert elapsed_days(SINCE, SINCE + timedelta(days=MAX_AWAY_DAYS + 30), away) == 30
