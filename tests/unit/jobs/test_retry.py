"""The retry schedule, and what peers may ask for with Retry-After."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libline_fed.jobs.retry import delay_s, next_attempt_at, parse_retry_after

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = 60, 3_600, 86_400


def test_the_schedule_is_the_published_one() -> None:
    waits_s = [delay_s(count, chance=0.5) for count in range(12)]
    assert waits_s == [
        0, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, DAY, DAY, DAY,
    ]


def test_jitter_is_a_fifth_either_way() -> None:
    assert delay_s(1, chance=0.0) == pytest.approx(48)
    assert delay_s(1, chance=1.0) == pytest.approx(72)


def test_a_name_that_does_not_exist_is_tried_more_slowly() -> None:
    assert delay_s(1, chance=0.5, is_slow=True) == HOUR
    assert delay_s(8, chance=0.5, is_slow=True) == DAY


def _attempts(*, is_delete: bool) -> list[float]:
    """Return the age of the row in seconds at each attempt until it is given up."""
    at: datetime | None = NOW
    ages_s: list[float] = []
    while at is not None:
        ages_s.append((at - NOW).total_seconds())
        at = next_attempt_at(
            attempts_count=len(ages_s), created_at=NOW, now=at, is_delete=is_delete, chance=0.5
        )
    return ages_s


def test_a_row_is_tried_for_seven_days_and_a_last_time_at_their_end() -> None:
    ages_s = _attempts(is_delete=False)
    assert ages_s[:4] == [0, 60, 360, 1_260]
    assert ages_s[-1] == 7 * DAY
    assert len(ages_s) == 15


def test_a_delete_is_tried_for_thirty_days() -> None:
    assert _attempts(is_delete=True)[-1] == 30 * DAY


def test_a_row_past_its_time_is_given_up() -> None:
    at = next_attempt_at(
        attempts_count=9, created_at=NOW - timedelta(days=7), now=NOW, is_delete=False, chance=0.5
    )
    assert at is None


@pytest.mark.parametrize(
    ("text", "expected_s"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("+7", 7),
        ("0", 1),
        ("-5", 1),
        ("315360000", DAY),  # ten years
        ("9" * 5_000, DAY),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 1),
        (format_datetime(NOW + timedelta(days=3_650), usegmt=True), DAY),
        ("Tue, 24 Nov 2026 09:02:00 -0000", 120),
        ("soon", None),
        ("", None),
        ("1.5", None),
        ("Tue, 99 Nov 2026 09:02:00 GMT", None),
        ("٣", None),
        (None, None),
    ],
)
def test_retry_after_is_read_and_clamped(text: str | None, expected_s: float | None) -> None:
    assert parse_retry_after(text, now=NOW) == expected_s


@given(st.text(max_size=60))
def test_no_retry_after_breaks_the_reader(text: str) -> None:
    wait_s = parse_retry_after(text, now=NOW)
    assert wait_s is None or 1 <= wait_s <= DAY


def test_retry_after_is_honoured_but_does_not_allow_hammering() -> None:
    def wait(attempts_count: int, retry_after_s: float) -> float:
        at = next_attempt_at(
            attempts_count=attempts_count, created_at=NOW, now=NOW, is_delete=False, chance=0.5,
            retry_after_s=retry_after_s,
        )
        assert at is not None
        return (at - NOW).total_seconds()

    assert wait(1, 2) == 2
    assert wait(1, 7_200) == 7_200
    assert wait(6, 2) == 6 * HOUR


@given(
    attempts_count=st.integers(1, 60),
    age_s=st.integers(-3 * DAY, 40 * DAY),
    is_delete=st.booleans(),
    chance=st.floats(0, 1),
    retry_after_s=st.none() | st.floats(-1e12, 1e12),
)
def test_the_next_attempt_is_bounded_whatever_the_clock_does(
    attempts_count: int, age_s: int, is_delete: bool, chance: float, retry_after_s: float | None
) -> None:
    at = next_attempt_at(
        attempts_count=attempts_count,
        created_at=NOW - timedelta(seconds=age_s),
        now=NOW,
        is_delete=is_delete,
        chance=chance,
        retry_after_s=retry_after_s,
    )
    assert at is None or NOW < at <= NOW + timedelta(hours=29)
