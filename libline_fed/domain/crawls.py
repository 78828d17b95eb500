"""Reading the list of proposals of a linked server or a consortium: the rows, and the rules of patience.

A *reading* goes through a list once, from its first page to its last, in *turns*: a turn takes so many pages
at most, then others have theirs. What the first reading lists is fetched; each later one, every week, also
asks for what was listed before and is not any more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

TURN_PAGES = 20
TURN_ITEMS = 1_000
READING_PAGES = 2_500  # a list that never ends is left after so many
READING_ITEMS = 100_000
ITEM_ATTEMPTS = 3  # what does not answer so often is left to the next reading
PER_HOST_S = 0.5  # two requests a second
TURN_PAUSE = timedelta(seconds=0.5)
CHECK_EVERY = timedelta(days=7)
_BACKOFF = (60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400)


class CrawlKind(StrEnum):
    """Whose list it is: a link's holds proposals of its own host only, a consortium's those of many."""

    LINK = "link"
    CONSORTIUM = "consortium"


class CrawlState(StrEnum):
    """Where a reading stands."""

    WAITING = "waiting"  # has not begun
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # the list did not answer; it goes on where it was


class ItemState(StrEnum):
    """What became of one id of a list."""

    LISTED = "listed"  # is still to be read
    KEPT = "kept"
    GONE = "gone"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Crawl:
    """One row of `crawls`, field by field as the columns are named."""

    actor_id: str
    kind: str
    state: str
    is_check: bool
    next_url: str | None
    etag: str | None
    pages_count: int
    listed_count: int
    total_count: int | None
    kept_count: int
    failures_count: int
    last_error: str | None
    started_at: datetime | None
    finished_at: datetime | None
    next_due_at: datetime
    lease_until: datetime | None
    fence: int

    @property
    def is_under_way(self) -> bool:
        """Whether a reading has begun and not ended."""
        return self.state == CrawlState.RUNNING or (self.state == CrawlState.FAILED and self.pages_count > 0)

    @property
    def is_full(self) -> bool:
        """Whether a reading has taken all that one may take."""
        return self.pages_count >= READING_PAGES or self.listed_count >= READING_ITEMS


def after_failure(failures_count: int, retry_after_s: float | None, now: datetime) -> datetime:
    """Return when to ask again after so many failures in a row; a server that names a time is obeyed.

    Never more than a day away, whatever it says.
    """
    wait_s = _BACKOFF[min(max(failures_count, 1), len(_BACKOFF)) - 1]
    if retry_after_s is not None:
        wait_s = max(1, min(int(retry_after_s), _BACKOFF[-1]))
    return now + timedelta(seconds=wait_s)
