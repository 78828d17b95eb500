"""The table of steps: what it does not list cannot happen, and every refusal is a sentence for a person."""

import itertools

import pytest

from libline_fed.domain.mentorship_guards import Facts
from libline_fed.domain.mentorship_steps import TABLE, Rule, StepRefused, Who, obstacle, rule_for, take_step
from libline_fed.domain.mentorships import (
    BEFORE,
    CLOCK,
    ENDED,
    MAX_OPEN_REQUESTS,
    MAX_PAUSE_DAYS,
    REFUSED,
    RUNNING,
    Event,
    Side,
    State,
)

STATES: tuple[State | None, ...] = (None, *State)
BYS = (CLOCK, *(side.value for side in Side))
READY = Facts(pause_days=10)  # every guard passes
NOT_READY = Facts(
    is_primer_done=False,
    open_requests_count=9,
    is_blocked=True,
    is_open=False,
    is_same_pair_open=True,
    has_free_seat=False,
    counters_by_me_count=9,
    has_terms=False,
    pause_days=None,
    days_since_end=999,
    is_extension_later=False,
)


def rows() -> dict[tuple[Event, State | None], Rule]:
    return {(rule.event, state): rule for rule in TABLE for state in (rule.before or (None,))}


def is_allowed(who: Who, by: str, asker: str, changed_by: str) -> bool:
    """Say once more, in other words than the code, who may do what."""
    if by == CLOCK:
        return who is Who.TIME
    allowed = {
        Who.TIME: set(),
        Who.EITHER: {"mentor", "mentee"},
        Who.MENTEE: {"mentee"},
        Who.ASKER: {asker},
        Who.DECIDER: {"mentor", "mentee"} - {asker},
        Who.PARTNER: {"mentor", "mentee"} - {changed_by},
    }
    return by in allowed[who]


def test_no_row_is_listed_twice() -> None:
    listed = [(rule.event, state) for rule in TABLE for state in (rule.before or (None,))]
    assert len(listed) == len(set(listed))
    assert {rule.event for rule in TABLE} == set(Event)


@pytest.mark.parametrize("event", list(Event))
def test_only_the_rows_of_the_table_can_happen(event: Event) -> None:
    listed = rows()
    for state, by, asker, changed_by in itertools.product(STATES, BYS, Side, BYS):
        rule = listed.get((event, state))
        assert rule_for(event, state) is rule
        given = {"state": state, "by": by, "asker": asker.value, "changed_by": changed_by}
        if rule is not None and is_allowed(rule.who, by, asker, changed_by):
            step = take_step(event, **given, facts=READY)  # type: ignore[arg-type]
            assert (step.rule, step.state_before, step.state_after) == (rule, state, rule.after)
            continue
        with pytest.raises(StepRefused) as caught:
            take_step(event, **given, facts=READY)  # type: ignore[arg-type]
        assert caught.value.safe.endswith(".")
        assert caught.value.safe[0].isupper()


GUARDED: list[tuple[Event, Facts, str]] = [
    (Event.WRITE, Facts(is_primer_done=False), "introduction"),
    (Event.WRITE, Facts(is_same_pair_open=True), "open request"),
    (Event.ASK_QUESTION, Facts(is_blocked=True), "not available"),
    (Event.ASK_QUESTION, Facts(is_open=False), "not open"),
    (Event.SEND, Facts(is_primer_done=False), "introduction"),
    (Event.SEND, Facts(open_requests_count=MAX_OPEN_REQUESTS), "three open requests"),
    (Event.SEND, Facts(is_blocked=True), "not available"),
    (Event.SEND, Facts(is_open=False), "not open"),
    (Event.ACCEPT, Facts(is_blocked=True), "not available"),
    (Event.ACCEPT, Facts(has_free_seat=False), "no free place"),
    (Event.COUNTER, Facts(counters_by_me_count=1), "one other proposal"),
    (Event.COUNTER, Facts(is_blocked=True), "not available"),
    (Event.CONFIRM, Facts(has_terms=False), "agree on"),
    (Event.PAUSE, Facts(pause_days=None), "up to 90 days"),
    (Event.PAUSE, Facts(pause_days=0), "up to 90 days"),
    (Event.PAUSE, Facts(pause_days=MAX_PAUSE_DAYS + 1), "up to 90 days"),
    (Event.EXTEND, Facts(is_extension_later=False), "later last day"),
    (Event.OBJECT, Facts(days_since_end=8), "seven days"),
    (Event.OBJECT, Facts(has_free_seat=False), "no free place"),
    (Event.REVIVE, Facts(days_since_end=29), "too long ago"),
    (Event.REVIVE, Facts(has_free_seat=False), "no free place"),
]
JUST_IN_TIME: list[tuple[Event, Facts]] = [
    (Event.SEND, Facts(open_requests_count=MAX_OPEN_REQUESTS - 1)),
    (Event.PAUSE, Facts(pause_days=1)),
    (Event.PAUSE, Facts(pause_days=MAX_PAUSE_DAYS)),
    (Event.OBJECT, Facts(days_since_end=7)),
    (Event.REVIVE, Facts(days_since_end=28)),
]


def attempt(event: Event, facts: Facts) -> None:
    """Take a step as whoever may, from the first state that allows it."""
    state, rule = next((state, rule) for (one, state), rule in rows().items() if one is event)
    by = next(by for by in BYS if is_allowed(rule.who, by, Side.MENTEE, CLOCK))
    take_step(event, state=state, by=by, asker=Side.MENTEE, changed_by=CLOCK, facts=facts)


@pytest.mark.parametrize(("event", "facts", "said"), GUARDED)
def test_a_guard_refuses_with_its_sentence(event: Event, facts: Facts, said: str) -> None:
    with pytest.raises(StepRefused) as caught:
        attempt(event, facts)
    assert said in caught.value.safe


@pytest.mark.parametrize(("event", "facts"), JUST_IN_TIME)
def test_a_guard_lets_pass_what_is_just_in_time(event: Event, facts: Facts) -> None:
    attempt(event, facts)


def test_every_guard_of_the_table_is_tried_here() -> None:
    tried = set()
    for event, facts, _ in GUARDED:
        rule = next(rule for rule in TABLE if rule.event is event)
        tried |= {(event, guard.__name__) for guard in rule.guards if guard(facts) is not None}
    assert tried == {(rule.event, guard.__name__) for rule in TABLE for guard in rule.guards}


def test_steps_without_a_guard_ask_for_nothing() -> None:
    for rule in TABLE:
        if rule.guards or rule.before is None:
            continue
        by = next(by for by in BYS if is_allowed(rule.who, by, Side.MENTEE, CLOCK))
        for state in rule.before:
            take_step(rule.event, state=state, by=by, asker=Side.MENTEE, facts=NOT_READY)


def test_an_end_is_left_only_by_an_objection_or_a_late_sign_of_life() -> None:
    back = {(rule.event, state) for (event, state), rule in rows().items() if state in ENDED | REFUSED}
    assert back == {(Event.OBJECT, State.COMPLETED), (Event.REVIVE, State.LAPSED)}


def test_every_state_can_be_left_for_an_end_and_reached() -> None:
    listed = rows()
    for state in BEFORE | RUNNING:
        assert any(rule.after in ENDED | REFUSED for (_, at), rule in listed.items() if at is state)
    assert {rule.after for rule in TABLE} == set(State)


def test_the_clock_can_end_whatever_waits_for_somebody() -> None:
    ends = {state for (_, state), rule in rows().items() if rule.who is Who.TIME and rule.after != state}
    assert ends == {State.QUESTION, State.PROPOSED, State.INTRO, State.ACTIVE, State.PAUSED}


@pytest.mark.parametrize("state", STATES)
def test_every_state_can_say_why_something_cannot_be_done(state: State | None) -> None:
    assert obstacle(state).endswith(".")


def test_nobody_is_told_what_cannot_be_told() -> None:
    for rule in TABLE:
        assert bool(rule.tells_mentor) == bool(rule.tells_mentee)
        if rule.wire == "none":
            assert rule.tells_mentor == "", "what stays here is nobody else's business"
