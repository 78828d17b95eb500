"""Every row of the outcome table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libline_fed.jobs.outcomes import Outcome, Trouble, judge


@pytest.mark.parametrize(
    ("status", "content_type", "knocks_count", "expected"),
    [
        (202, "", 1, Outcome.DELIVERED),
        (202, "text/html", 1, Outcome.DELIVERED),
        (204, "", 1, Outcome.DELIVERED),
        (200, "", 1, Outcome.DELIVERED),
        (200, "application/json", 1, Outcome.DELIVERED),
        (201, "text/plain", 1, Outcome.DELIVERED),
        (200, "text/html", 1, Outcome.REFETCH_ACTOR),
        (201, "Text/HTML; charset=utf-8", 1, Outcome.REFETCH_ACTOR),
        (301, "", 1, Outcome.REFETCH_ACTOR),
        (308, "", 1, Outcome.REFETCH_ACTOR),
        (302, "", 1, Outcome.RETRY),
        (307, "", 1, Outcome.RETRY),
        (400, "", 1, Outcome.KNOCK_AGAIN),
        (401, "", 1, Outcome.KNOCK_AGAIN),
        (403, "", 1, Outcome.KNOCK_AGAIN),
        (400, "", 2, Outcome.DEAD),
        (401, "", 2, Outcome.RETRY_SLOWLY),
        (403, "", 2, Outcome.RETRY_SLOWLY),
        (404, "", 1, Outcome.REFETCH_ACTOR),
        (410, "", 1, Outcome.REFETCH_ACTOR),
        (408, "", 1, Outcome.RETRY),
        (425, "", 1, Outcome.RETRY),
        (429, "", 1, Outcome.RETRY),
        (405, "", 1, Outcome.DEAD),
        (406, "", 1, Outcome.DEAD),
        (413, "", 1, Outcome.DEAD),
        (422, "", 1, Outcome.DEAD),
        (501, "", 1, Outcome.DEAD),
        (500, "", 1, Outcome.RETRY),
        (502, "", 1, Outcome.RETRY),
        (503, "", 1, Outcome.RETRY),
        (599, "", 1, Outcome.RETRY),
        (100, "", 1, Outcome.RETRY),
    ],
)
def test_the_outcome_of_an_answer(
    status: int, content_type: str, knocks_count: int, expected: Outcome
) -> None:
    assert judge(status=status, content_type=content_type, knocks_count=knocks_count).outcome is expected


@pytest.mark.parametrize(
    ("trouble", "expected", "is_host_failing"),
    [
        (Trouble.NO_SUCH_NAME, Outcome.RETRY_SLOWLY, True),
        (Trouble.UNREACHABLE, Outcome.RETRY, True),
        (Trouble.REFUSED, Outcome.DEAD, False),
    ],
)
def test_the_outcome_of_no_answer(trouble: Trouble, expected: Outcome, is_host_failing: bool) -> None:
    judgement = judge(status=None, trouble=trouble)
    assert (judgement.outcome, judgement.is_host_failing) == (expected, is_host_failing)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 429, 301])
def test_an_answer_about_one_row_does_not_speak_against_the_host(status: int) -> None:
    assert not judge(status=status, knocks_count=2).is_host_failing


@given(st.integers(0, 999), st.text(max_size=30), st.integers(1, 3))
def test_whatever_is_not_delivered_has_a_reason(status: int, content_type: str, knocks_count: int) -> None:
    judgement = judge(status=status, content_type=content_type, knocks_count=knocks_count)
    assert judgement.outcome is Outcome.DELIVERED or judgement.reason


def test_nobody_is_knocked_at_three_times() -> None:
    for status in range(1_000):
        assert judge(status=status, knocks_count=2).outcome is not Outcome.KNOCK_AGAIN
