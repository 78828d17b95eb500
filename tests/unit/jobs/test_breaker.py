"""The circuit breaker of one host."""

from datetime import UTC, datetime, timedelta

from libline_fed.jobs import breaker
from libline_fed.jobs.breaker import Breaker

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def _after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def _failed_at(*moments_s: float) -> Breaker:
    state = Breaker()
    for moment_s in moments_s:
        state = breaker.failed(state, _after(moment_s))
    return state


def test_one_failure_pauses_the_host_for_a_minute() -> None:
    state = _failed_at(0)
    assert breaker.is_open(state, _after(59))
    assert not breaker.is_open(state, _after(60))
    assert not breaker.is_half_open(state, _after(60))


def test_five_failures_in_ten_minutes_open_it_for_half_an_hour() -> None:
    state = _failed_at(0, 60, 120, 180, 240)
    assert breaker.is_open(state, _after(240 + 1_799))
    assert breaker.is_half_open(state, _after(240 + 1_800))


def test_five_failures_in_more_than_ten_minutes_do_not_open_it() -> None:
    state = _failed_at(0, 200, 400, 599, 601)
    assert state.failures_count == 1
    assert state.closed_until == _after(601 + 60)


def test_a_failed_probe_opens_it_again_and_an_answer_closes_it() -> None:
    state = _failed_at(0, 60, 120, 180, 240, 3_000)
    assert breaker.is_open(state, _after(3_000 + 1_799))
    assert breaker.answered(state, _after(5_000)) == Breaker()


def test_a_state_of_eight_days_is_forgotten() -> None:
    days_s = 8 * 86_400
    state = _failed_at(0, 60, 120, 180, 240, days_s + 1)
    assert state.failures_count == 1


def test_a_clock_set_back_begins_a_new_count() -> None:
    assert _failed_at(0, 60, 120, 180, -86_400).failures_count == 1


def test_retry_after_closes_the_host_without_counting_as_failure() -> None:
    state = breaker.asked_to_wait(_failed_at(0, 60), _after(70), 120)
    assert state == Breaker(closed_until=_after(190))
