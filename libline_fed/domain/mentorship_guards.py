"""What must be true before a step of a mentorship: each guard is a question about `Facts`, with its no."""

from collections.abc import Callable
from dataclasses import dataclass

from libline_fed.domain.mentorships import FEEDBACK_DAYS, MAX_OPEN_REQUESTS, MAX_PAUSE_DAYS, OBJECTION_DAYS


@dataclass(frozen=True, slots=True)
class Facts:
    """What guards look at; what does not matter for a step may keep its default."""

    is_primer_done: bool = True
    open_requests_count: int = 0
    is_blocked: bool = False
    is_open: bool = True
    is_same_pair_open: bool = False
    has_free_seat: bool = True
    counters_by_me_count: int = 0
    has_terms: bool = True
    pause_days: int | None = None
    days_to_end: int | None = None
    days_since_end: int = 0
    is_extension_later: bool = True


Guard = Callable[[Facts], str | None]


def _guard(name: str, problem: str, passes: Callable[[Facts], bool]) -> Guard:
    def check(facts: Facts) -> str | None:
        return None if passes(facts) else problem

    check.__name__ = name
    return check


# Sentences that a person reads are gettext message ids; the pages translate them.
PRIMER = _guard("primer done", "Please read the short introduction first.", lambda f: f.is_primer_done)
FEW_OPEN = _guard(
    f"at most {MAX_OPEN_REQUESTS} open requests",
    "You have three open requests. Wait for an answer or take one back, then ask here.",
    lambda f: f.open_requests_count < MAX_OPEN_REQUESTS,
)
NOT_BLOCKED = _guard("not blocked", "This person is not available.", lambda f: not f.is_blocked)
OPEN = _guard("the proposal is open", "This is not open for requests any more.", lambda f: f.is_open)
UNIQUE = _guard(
    "no other open one of this pair for it",
    "There is an open request between the two of you already.",
    lambda f: not f.is_same_pair_open,
)
FREE_SEAT = _guard("a free place", "There is no free place any more.", lambda f: f.has_free_seat)
ONE_COUNTER = _guard(
    "one counter-proposal each way",
    "You have made one other proposal already. Accept, decline or write a message.",
    lambda f: f.counters_by_me_count < 1,
)
HAS_TERMS = _guard("the terms are written", "Please write down what you agree on.", lambda f: f.has_terms)
PAUSE_LENGTH = _guard(
    f"a return date within {MAX_PAUSE_DAYS} days",
    "Choose a day to go on, from tomorrow up to 90 days ahead.",
    lambda f: f.pause_days is not None and 1 <= f.pause_days <= MAX_PAUSE_DAYS,
)
LATER_END = _guard("a later last day", "Choose a later last day.", lambda f: f.is_extension_later)
CAN_OBJECT = _guard(
    f"within {OBJECTION_DAYS} days",
    "The seven days to object are over.",
    lambda f: f.days_since_end <= OBJECTION_DAYS,
)
CAN_REVIVE = _guard(
    f"within {FEEDBACK_DAYS} days", "This ended too long ago.", lambda f: f.days_since_end <= FEEDBACK_DAYS
)
