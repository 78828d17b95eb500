"""Advice: what consortia say of servers, and what an admin here made of it.

Advice changes nothing by itself, unless the admin said so for that consortium; even then never for a server
that we are linked with, or that is a member beside us.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from libline_fed.domain.block_lists import STRENGTH
from libline_fed.domain.peers import Policy

READ_EVERY = timedelta(days=1)
TRY_AGAIN_AFTER = timedelta(hours=1)


class AdviceState(StrEnum):
    """What became of one piece of advice."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"  # its consortium says it no more; what was decided on it stays


@dataclass(frozen=True, slots=True)
class AdviceList:
    """One row of `advice_lists`, field by field as the columns are named."""

    group_id: str
    url: str
    is_automatic: bool
    etag: str | None
    fetched_at: datetime | None
    next_due_at: datetime
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Advice:
    """One row of `advice`, field by field as the columns are named."""

    group_id: str
    host: str
    severity: str
    reason_text: str
    since_on: date | None
    state: str
    seen_at: datetime
    decided_at: datetime | None


def strengthens(severity: str, policy: str) -> bool:
    """Tell whether advice asks for more than what is decided already."""
    return STRENGTH[Policy(severity)] > STRENGTH.get(Policy(policy), 0)


def state_after(known: Advice | None, severity: str) -> AdviceState:
    """Return where advice stands that a list repeats: what was decided stays, unless it asks for more now."""
    if known is None or known.state == AdviceState.WITHDRAWN or strengthens(severity, known.severity):
        return AdviceState.OPEN
    return AdviceState(known.state)
