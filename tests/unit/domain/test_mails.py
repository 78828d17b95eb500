"""When a failed mail is tried again."""

from datetime import UTC, datetime, timedelta

from libline_fed.domain.mails import HORIZON, STEPS_S, next_attempt_at

BEGIN = datetime(2026, 11, 24, 9, tzinfo=UTC)


def test_waits_grow_to_half_a_day_and_end_after_three_days() -> None:
    waits = [
        (at - BEGIN).total_seconds()
        for count in range(1, 12)
        if (at := next_attempt_at(attempts_count=count, created_at=BEGIN, now=BEGIN))
    ]
    assert waits == [*STEPS_S, *[STEPS_S[-1]] * 3]
    assert waits == sorted(waits)
    last = BEGIN + HORIZON
    assert next_attempt_at(attempts_count=9, created_at=BEGIN, now=last) is None
    assert next_attempt_at(attempts_count=9, created_at=BEGIN, now=last - timedelta(seconds=1)) is not None


def test_a_clock_that_jumped_back_still_gives_a_later_moment() -> None:
    now = BEGIN - timedelta(days=1)
    at = next_attempt_at(attempts_count=0, created_at=BEGIN, now=now)
    assert at == now + timedelta(seconds=STEPS_S[0])
