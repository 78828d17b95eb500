"""Mail that waits to be sent, and when a failed one is tried again."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

# Short first: a greylisting server wants a second try after minutes, and a confirm link lives two days.
STEPS_S = (60, 300, 900, 1_800, 3_600, 10_800, 21_600, 43_200)
HORIZON = timedelta(days=3)  # RFC 5321 §4.5.4.1 asks for four to five; a link in the mail is dead by then


@dataclass(frozen=True, slots=True)
class Mail:
    """One row of `mails`, field by field as the columns are named."""

    id: int
    recipient: str
    subject: str
    text_body: str = field(repr=False)  # may hold a secret link
    html_body: str | None = field(repr=False)
    state: str
    attempts_count: int
    next_attempt_at: datetime
    lease_until: datetime | None
    fence: int
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None


def next_attempt_at(*, attempts_count: int, created_at: datetime, now: datetime) -> datetime | None:
    """Return when to try again after `attempts_count` failed attempts; None: it was tried for long enough."""
    if now - created_at >= HORIZON:
        return None
    return now + timedelta(seconds=STEPS_S[min(max(attempts_count, 1), len(STEPS_S)) - 1])
