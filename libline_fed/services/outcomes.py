"""What became of the requests in which a member of this server is mentor or mentee, as counts."""

from datetime import timedelta

from libline_fed.domain.mentorships import PEOPLES_REASONS, State
from libline_fed.domain.outcomes import NOT_STATED, SEVERAL, SOON, Outcome, Period, Report, report_of
from libline_fed.domain.profiles import profile_details_of
from libline_fed.storage import outcomes
from libline_fed.storage.outcomes import SentRequest
from libline_fed.storage.store import Tx

UNANSWERED = frozenset({State.PROPOSED, State.WITHDRAWN, State.EXPIRED, State.SUPERSEDED})


async def report(tx: Tx, period: Period) -> Report:
    """Report on the requests that were sent in a period.

    Only a year has parts: quarters with parts would give away what the year's parts hide.
    """
    since, until = period.moments
    sent = await outcomes.sent_between(tx, since, until)
    return report_of([_outcome(one) for one in sent], has_parts=period.quarter is None)


def _outcome(one: SentRequest) -> Outcome:
    details = profile_details_of(one.mentee_details)
    return Outcome(
        language=(one.language or NOT_STATED).partition("-")[0],
        mode=_mode(one),
        type=details.types_own[0] if details.types_own else NOT_STATED,
        region=details.country if details.shows_place(is_member=True) else NOT_STATED,
        answer=_answer(one),
        is_started=one.started_at is not None and one.started_at - one.sent_at <= SOON,
        is_completed=one.state == State.COMPLETED,
    )


def _mode(one: SentRequest) -> str:
    """Return how they meet: as agreed, else as the proposal says if it names one way only."""
    agreed = one.terms.get("mode")
    if isinstance(agreed, str) and agreed:
        return agreed
    offered = one.modes or []
    return SEVERAL if len(offered) > 1 else next(iter(offered), NOT_STATED)


def _answer(one: SentRequest) -> timedelta | None:
    """Return how long a person took to say yes or no; what a server says by itself is no answer."""
    is_answered = one.state not in UNANSWERED and (
        one.state != State.DECLINED or one.reason in PEOPLES_REASONS
    )
    if not is_answered or one.decided_at is None:
        return None
    return max(one.decided_at - one.sent_at, timedelta(0))
