"""When a failed delivery is tried again. Pure: time and chance are passed in.

0, 1, 5, 15 minutes, 1, 3, 6, 12 hours, then every 24 hours until the row is 7 days old; a Delete goes on for
30 days, because what was deleted here must not stay there.
"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

STEPS_S = (0, 60, 300, 900, 3_600, 10_800, 21_600, 43_200)  # before attempt 1, 2, …
DAILY_S = 86_400
JITTER = 0.2  # so that rows which failed together do not come back together
HORIZON_S = 7 * DAILY_S
DELETE_HORIZON_S = 30 * DAILY_S
SLOW_S = 3_600  # the least wait where a quick second try is of no use: no such name, signature refused
RETRY_AFTER_S = (1.0, float(DAILY_S))
TRUSTED_RETRY_AFTER_COUNT = 5  # so often an early return is believed; then never before the schedule

_DIGITS = re.compile(r"[+-]?[0-9]+")


def delay_s(attempts_count: int, *, chance: float, is_slow: bool = False) -> float:
    """Return how long to wait after `attempts_count` failed attempts, ±20 % by `chance` (0 ≤ chance ≤ 1)."""
    step_s = STEPS_S[attempts_count] if attempts_count < len(STEPS_S) else DAILY_S
    if is_slow:
        step_s = max(step_s, SLOW_S)
    return step_s * (1 - JITTER + 2 * JITTER * min(1.0, max(0.0, chance)))


def next_attempt_at(
    *,
    attempts_count: int,
    created_at: datetime,
    now: datetime,
    is_delete: bool,
    chance: float,
    is_slow: bool = False,
    retry_after_s: float | None = None,
) -> datetime | None:
    """Return when to try again after `attempts_count` failed attempts; None: it was tried for long enough.

    The result is never more than 24 hours and a fifth away, whatever the clock or the peer says.
    """
    horizon_at = created_at + timedelta(seconds=DELETE_HORIZON_S if is_delete else HORIZON_S)
    if now >= horizon_at:
        return None
    wait_s = delay_s(attempts_count, chance=chance, is_slow=is_slow)
    if retry_after_s is None:
        # The last attempt is made when the time is up, not up to a day before.
        return min(now + timedelta(seconds=wait_s), max(horizon_at, now + timedelta(seconds=1)))
    asked_s = min(max(retry_after_s, RETRY_AFTER_S[0]), RETRY_AFTER_S[1])
    if attempts_count > TRUSTED_RETRY_AFTER_COUNT:
        asked_s = max(asked_s, wait_s)
    return now + timedelta(seconds=asked_s)


def parse_retry_after(text: str | None, *, now: datetime) -> float | None:
    """Read a Retry-After header (RFC 9110 §10.2.3) as seconds, 1 s to 24 h; None if absent or garbage."""
    if text is None:
        return None
    text = text.strip()
    least_s, most_s = RETRY_AFTER_S
    if _DIGITS.fullmatch(text):
        if text.startswith("-"):
            return least_s
        digits = text.removeprefix("+").lstrip("0")
        return most_s if len(digits) > len(str(DAILY_S)) else min(max(float(digits or 0), least_s), most_s)
    try:
        at = parsedate_to_datetime(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        return min(max((at - now).total_seconds(), least_s), most_s)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
