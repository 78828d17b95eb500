"""The rules of patience with the lists of other servers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from libline_fed.domain.crawls import (
    READING_ITEMS,
    READING_PAGES,
    Crawl,
    CrawlState,
    after_failure,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
CRAWL = Crawl(
    actor_id="x",
    kind="link",
    state="waiting",
    is_check=False,
    next_url=None,
    etag=None,
    pages_count=0,
    listed_count=0,
    total_count=None,
    kept_count=0,
    failures_count=0,
    last_error=None,
    started_at=None,
    finished_at=None,
    next_due_at=NOW,
    lease_until=None,
    fence=0,
)


@pytest.mark.parametrize(
    ("failures_count", "retry_after_s", "wait_s"),
    [
        (0, None, 60),
        (1, None, 60),
        (2, None, 300),
        (4, None, 3_600),
        (8, None, 86_400),
        (1_000, None, 86_400),
        (1, 120.0, 120),
        (9, 120.0, 120),
        (1, 0.0, 1),
        (1, -5.0, 1),
        (1, 10.0**9, 86_400),
    ],
)
def test_a_server_that_fails_is_left_alone_longer_each_time_but_never_for_good(
    failures_count: int, retry_after_s: float | None, wait_s: int
) -> None:
    assert after_failure(failures_count, retry_after_s, NOW) == NOW + timedelta(seconds=wait_s)


@pytest.mark.parametrize(
    ("state", "pages_count", "is_under_way"),
    [
        (CrawlState.WAITING, 0, False),
        (CrawlState.RUNNING, 0, True),
        (CrawlState.RUNNING, 3, True),
        (CrawlState.FAILED, 0, False),
        (CrawlState.FAILED, 3, True),
        (CrawlState.DONE, 3, False),
    ],
)
def test_what_failed_goes_on_where_it_was_and_what_had_not_begun_begins(
    state: CrawlState, pages_count: int, is_under_way: bool
) -> None:
    assert replace(CRAWL, state=state, pages_count=pages_count).is_under_way is is_under_way


def test_a_reading_takes_so_many_pages_and_items_and_no_more() -> None:
    assert not CRAWL.is_full
    assert replace(CRAWL, pages_count=READING_PAGES).is_full
    assert replace(CRAWL, listed_count=READING_ITEMS).is_full
