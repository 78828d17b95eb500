"""What may happen to a mentorship in each state: one table.

The table is what runs, what the documentation prints and what the tests walk through. A step is looked up by
event and state; its guards look at `Facts` that the caller gathered inside the transaction.
"""

from dataclasses import dataclass
from enum import StrEnum

from libline_fed.domain.mentorship_guards import (
    CAN_OBJECT,
    CAN_REVIVE,
    FEW_OPEN,
    FREE_SEAT,
    HAS_TERMS,
    LATER_END,
    NOT_BLOCKED,
    ONE_COUNTER,
    OPEN,
    PAUSE_LENGTH,
    PRIMER,
    UNIQUE,
    Facts,
    Guard,
)
from libline_fed.domain.mentorships import (
    CLOCK,
    RUNNING,
    Event,
    Side,
    State,
)
from libline_fed.errors import Conflict


class Who(StrEnum):
    """Who may cause a step, seen from the Offer or from the pair."""

    MENTEE = "mentee"
    ASKER = "asker"
    DECIDER = "decider"
    EITHER = "either"
    PARTNER = "the one who did not do the last step"
    TIME = "clock"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table."""

    event: Event
    before: frozenset[State] | None  # None: nothing is there yet
    after: State
    who: Who
    guards: tuple[Guard, ...] = ()
    wire: str = "none"  # the message to the other server
    tells_mentor: str = ""  # the notice, "" for none; nobody is told what they did themselves
    tells_mentee: str = ""
    note: str = ""


def _states(*states: State) -> frozenset[State]:
    return frozenset(states)


_UPDATE = "Update(Agreement)"

TABLE: tuple[Rule, ...] = (
    Rule(Event.WRITE, None, State.DRAFT, Who.ASKER, (PRIMER, UNIQUE)),
    Rule(
        Event.ASK_QUESTION,
        _states(State.DRAFT),
        State.QUESTION,
        Who.ASKER,
        (NOT_BLOCKED, OPEN),
        "Create(Note)",
        "question",
        "question",
        "not counted as a request; quiet after 30 days",
    ),
    Rule(
        Event.SEND,
        _states(State.DRAFT, State.QUESTION),
        State.PROPOSED,
        Who.ASKER,
        (PRIMER, FEW_OPEN, NOT_BLOCKED, OPEN),
        "Offer(Agreement)",
        "requested",
        "offered",
        "a mentor who answers a request holds a place for it",
    ),
    Rule(
        Event.ACCEPT,
        _states(State.PROPOSED),
        State.INTRO,
        Who.DECIDER,
        (NOT_BLOCKED, FREE_SEAT),
        "Accept(Offer)",
        "accepted",
        "accepted",
        "the place is taken in the same transaction",
    ),
    Rule(
        Event.DECLINE,
        _states(State.PROPOSED, State.QUESTION),
        State.DECLINED,
        Who.DECIDER,
        (),
        "Reject(Offer)",
        "declined",
        "declined",
    ),
    Rule(
        Event.COUNTER,
        _states(State.PROPOSED),
        State.PROPOSED,
        Who.DECIDER,
        (ONE_COUNTER, NOT_BLOCKED),
        "Offer(Agreement)",
        "countered",
        "countered",
        "the other now decides; a mentor's counter holds a place",
    ),
    Rule(
        Event.WITHDRAW,
        _states(State.DRAFT, State.QUESTION, State.PROPOSED),
        State.WITHDRAWN,
        Who.ASKER,
        (),
        "Undo(Offer)",
        "withdrawn",
        "withdrawn",
        "a draft is simply deleted",
    ),
    Rule(
        Event.EXPIRE,
        _states(State.PROPOSED, State.QUESTION),
        State.EXPIRED,
        Who.TIME,
        (),
        "Reject(Offer), reason expired",
        "expired",
        "expired",
        "after 10 days, reminders on days 3 and 7; holidays of the decider do not count",
    ),
    Rule(
        Event.SUPERSEDE,
        _states(State.PROPOSED),
        State.SUPERSEDED,
        Who.TIME,
        (),
        "Reject(Offer), reason full; or Undo(Offer)",
        "superseded",
        "superseded",
        "the last place is taken, or the mentee has found somebody; three suggestions",
    ),
    Rule(Event.CHANGE_TERMS, _states(State.INTRO), State.INTRO, Who.EITHER, (), _UPDATE, "terms", "terms"),
    Rule(
        Event.CONFIRM,
        _states(State.INTRO),
        State.ACTIVE,
        Who.EITHER,
        (HAS_TERMS,),
        _UPDATE,
        "confirmed",
        "confirmed",
        "active once both have confirmed the same terms",
    ),
    Rule(
        Event.LEAVE,
        _states(State.INTRO),
        State.ENDED_INTRO,
        Who.EITHER,
        (),
        _UPDATE,
        "left",
        "left",
        "no reason, no fault, no feedback; the place is free again",
    ),
    Rule(
        Event.END_INTRO,
        _states(State.INTRO),
        State.ENDED_INTRO,
        Who.TIME,
        (),
        _UPDATE,
        "intro-over",
        "intro-over",
        "after 21 days",
    ),
    Rule(
        Event.PAUSE,
        _states(State.ACTIVE),
        State.PAUSED,
        Who.EITHER,
        (PAUSE_LENGTH,),
        _UPDATE,
        "paused",
        "paused",
        "the place is kept",
    ),
    Rule(Event.RESUME, _states(State.PAUSED), State.ACTIVE, Who.EITHER, (), _UPDATE, "resumed", "resumed"),
    Rule(
        Event.LAPSE,
        _states(State.PAUSED),
        State.LAPSED,
        Who.TIME,
        (),
        _UPDATE,
        "lapsed",
        "lapsed",
        "14 days after the return date without an answer",
    ),
    Rule(
        Event.EXTEND,
        _states(State.ACTIVE, State.PAUSED),
        State.ACTIVE,
        Who.EITHER,
        (LATER_END,),
        _UPDATE,
        "extended",
        "extended",
    ),
    Rule(
        Event.COMPLETE,
        _states(State.ACTIVE, State.PAUSED),
        State.COMPLETED,
        Who.EITHER,
        (),
        f"{_UPDATE} and Create(Document)",
        "completed",
        "completed",
        "before the last day it counts as completed early; the other may object for 7 days",
    ),
    Rule(
        Event.OBJECT,
        _states(State.COMPLETED),
        State.ACTIVE,
        Who.PARTNER,
        (CAN_OBJECT, FREE_SEAT),
        _UPDATE,
        "objected",
        "objected",
    ),
    Rule(
        Event.END_EARLY,
        _states(State.ACTIVE, State.PAUSED),
        State.ENDED_EARLY,
        Who.EITHER,
        (),
        _UPDATE,
        "ended",
        "ended",
        "the reason stays private",
    ),
    Rule(
        Event.LAPSE,
        _states(State.ACTIVE),
        State.LAPSED,
        Who.TIME,
        (),
        _UPDATE,
        "lapsed",
        "lapsed",
        "90 days without a sign of life, nudges on days 60 and 75",
    ),
    Rule(
        Event.REVIVE,
        _states(State.LAPSED),
        State.ACTIVE,
        Who.EITHER,
        (CAN_REVIVE, FREE_SEAT),
        _UPDATE,
        "revived",
        "revived",
    ),
    Rule(
        Event.END_FOR_SAFETY,
        _states(State.QUESTION, State.PROPOSED, *RUNNING),
        State.ENDED_SAFETY,
        Who.EITHER,
        (),
        "what an ordinary end or no would send",
        "ended",
        "ended",
        "by a block or a suspension, at once; the other side sees an ordinary end or no",
    ),
)

_BY_EVENT: dict[tuple[Event, State | None], Rule] = {
    (rule.event, state): rule
    for rule in TABLE
    for state in (rule.before if rule.before is not None else (None,))
}


def rule_for(event: Event, state: str | None) -> Rule | None:
    """Return the row for an event in a state, or None when it cannot happen there."""
    return _BY_EVENT.get((event, State(state) if state is not None else None))


class StepRefused(Conflict):
    """The table, or one of its guards, does not allow the step."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step that may be taken."""

    rule: Rule
    state_before: State | None
    state_after: State


def take_step(
    event: Event,
    *,
    state: str | None,
    by: str,
    asker: str,
    changed_by: str = CLOCK,
    facts: Facts | None = None,
) -> Step:
    """Return the step that an event makes, or say why it cannot be made.

    `by` is "mentor", "mentee" or "clock".
    Raises: StepRefused, with a sentence for the person.
    """
    rule = rule_for(event, state)
    if rule is None:
        raise StepRefused(f"{event} cannot happen in state {state}", safe=obstacle(state))
    if not _may(rule.who, by, asker, changed_by):
        raise StepRefused(f"{event} is not for {by}", safe="This is for the other of you to do.")
    for guard in rule.guards:
        problem = guard(facts or Facts())
        if problem is not None:
            raise StepRefused(f"{event}: {guard.__name__}", safe=problem)
    return Step(rule, State(state) if state is not None else None, rule.after)


def _may(who: Who, by: str, asker: str, changed_by: str) -> bool:
    if who is Who.TIME or by == CLOCK:
        return who is Who.TIME and by == CLOCK
    return {
        Who.MENTEE: by == Side.MENTEE,
        Who.ASKER: by == asker,
        Who.DECIDER: by != asker,
        Who.EITHER: True,
        Who.PARTNER: by != changed_by,
    }[who]


# What to say when a step comes too late: what has happened, and what to do now.
_OBSTACLES: dict[State, str] = {
    State.DRAFT: "This is still a draft. Send it first.",
    State.QUESTION: "This is still a question. Send a request first.",
    State.PROPOSED: "This request has no answer yet.",
    State.DECLINED: "This request was declined. You can ask somebody else.",
    State.WITHDRAWN: "This request was taken back.",
    State.EXPIRED: "This request has expired without an answer. You can ask again.",
    State.SUPERSEDED: "There is no free place any more, or a mentor was found elsewhere.",
    State.INTRO: "You are getting to know each other: agree on the terms first.",
    State.ACTIVE: "This mentorship is running.",
    State.PAUSED: "This mentorship is paused. Go on with it first.",
    State.COMPLETED: "This mentorship is completed.",
    State.ENDED_EARLY: "This mentorship has ended.",
    State.ENDED_INTRO: "This ended while you were getting to know each other.",
    State.ENDED_SAFETY: "This mentorship has ended.",
    State.LAPSED: "This mentorship has ended because nobody wrote for a long time.",
}


def obstacle(state: str | None) -> str:
    """Return the sentence that says why nothing can be done in a state."""
    return _OBSTACLES[State(state)] if state is not None else "This is not there any more."
