"""What two servers must agree on: whatever crosses, doubles or comes late, both end with the same."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from itertools import permutations
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from libline_fed.domain import agreements
from libline_fed.domain.agreements import (
    MAX_VERSION,
    SHARED_STATES,
    Confirmation,
    Shared,
    Standing,
    Terms,
    first,
    merge,
    receive,
    step,
    with_terms,
    with_yes,
)
from libline_fed.domain.mentorship_guards import Facts
from libline_fed.domain.mentorship_steps import StepRefused, take_step
from libline_fed.domain.mentorships import CLOCK, ENDED, RUNNING, Event, Side, State
from libline_fed.errors import Refusal, RefusalReason

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
FAR = datetime(9998, 12, 31, tzinfo=UTC)
ASKED = {"goal": "A goal", "months": 4, "mode": "M1"}
FINAL = frozenset({State.ENDED_EARLY, State.ENDED_INTRO, State.ENDED_SAFETY, State.EXPIRED})


# --- any values -------------------------------------------------------------------------------------

moments = st.integers(-10_000, 10_000).map(lambda seconds: NOW + timedelta(seconds=seconds))
days = st.none() | st.dates(date(2026, 1, 1), date(2028, 1, 1))
sides = st.sampled_from([CLOCK, *(side.value for side in Side)])
small = st.integers(0, 4)
standings = st.builds(
    Standing, small, small, st.sampled_from(sorted(SHARED_STATES)), sides, moments, days, days
)
values = st.fixed_dictionaries({}, optional={"goal": st.sampled_from("abc"), "months": st.integers(0, 24)})
terms = st.builds(Terms, small, sides, values)
yeses = st.none() | st.builds(Confirmation, small, moments)
anything = st.builds(Shared, standings, terms, yeses, yeses)


@given(anything, anything, anything)
def test_merging_in_any_order_gives_the_same(a: Shared, b: Shared, c: Shared) -> None:
    assert merge(a, b) == merge(b, a)
    assert merge(a, merge(b, c)) == merge(merge(a, b), c)
    assert merge(a, a) == a
    assert merge(merge(a, b), b) == merge(a, b)


@given(st.lists(anything, min_size=1, max_size=4))
def test_every_order_of_many_gives_the_same(many: list[Shared]) -> None:
    assert len({repr(reduce(merge, order)) for order in permutations(many)}) == 1


@given(anything)
def test_nobody_is_bound_before_both_said_yes(shared: Shared) -> None:
    if not shared.is_confirmed:
        assert shared.state in {State.INTRO, State.ENDED_INTRO, State.EXPIRED, State.ENDED_SAFETY}
        assert shared.started_at is None
    else:
        assert shared.state not in {State.INTRO, State.EXPIRED}
        assert shared.started_at is not None
        assert shared.ends_on is not None
    assert (shared.state in RUNNING) == (shared.standing.state in RUNNING)


# --- what is received from strangers ----------------------------------------------------------------


def running(*, asker: Side = Side.MENTEE, is_confirmed: bool = True) -> Shared:
    """Return a mentorship that began an hour ago."""
    shared = first(at=NOW, by=asker.other, version=1, terms=Terms(1, asker, dict(ASKED)))
    for side in Side if is_confirmed else ():
        shared = with_yes(shared, by=side, at=NOW)
    return shared


wild = st.builds(
    Shared,
    st.builds(
        Standing,
        st.sampled_from([0, 1, 2, 7, MAX_VERSION, MAX_VERSION + 1]),
        st.sampled_from([0, 1, 2, 3, 7, MAX_VERSION, MAX_VERSION + 1]),
        st.sampled_from(sorted(SHARED_STATES - {State.ENDED_SAFETY})),
        sides,
        st.sampled_from([NOW, NOW - timedelta(days=9), NOW + timedelta(days=9), FAR]),
        days,
        st.none() | st.just(date.max),
    ),
    st.builds(Terms, st.sampled_from([0, 1, 2, 3, 4, MAX_VERSION + 1]), sides, values),
    st.none() | st.builds(Confirmation, st.integers(1, 5), st.sampled_from([NOW, FAR])),
    st.none() | st.builds(Confirmation, st.integers(1, 5), st.just(NOW)),
)


@given(st.lists(wild, max_size=5), st.sampled_from(Side), st.booleans())
def test_a_server_speaks_for_its_own_side_only(
    said: list[Shared], sender: Side, is_confirmed: bool
) -> None:
    mine, me = running(asker=sender.other, is_confirmed=is_confirmed), sender.other
    read: dict[int, dict[str, Any]] = {1: mine.terms.values}
    for one in said:
        got = receive(mine, one, sender=sender, now=NOW)
        if isinstance(got, Refusal):
            continue
        assert got.confirmation(me) == mine.confirmation(me), "our yes is ours"
        if got.standing.by == me:
            assert got.standing == mine.standing, "our steps are ours"
        if got.terms.by == me:
            assert got.terms == mine.terms, "what we wrote is ours"
        if got.is_confirmed:
            ours = got.confirmation(me)
            assert ours is not None
            assert got.terms.values == read[ours.version], "a yes is to what was read"
        assert merge(mine, got) == got, "nothing known is lost"
        assert got.standing.version <= MAX_VERSION
        assert isinstance(got.ends_on, date | None)
        mine = got
        if got.state is State.INTRO:
            mine = with_yes(got, by=me, at=NOW)
            read[mine.terms.version] = mine.terms.values


REFUSED: dict[str, tuple[Shared, RefusalReason]] = {
    "a step of ours": (
        step(running(), State.ENDED_EARLY, by=Side.MENTOR, at=NOW),
        RefusalReason.WRONG_OWNER,
    ),
    "terms of ours": (
        with_terms(running(), {"goal": "Free labour"}, by=Side.MENTOR, at=NOW),
        RefusalReason.WRONG_OWNER,
    ),
    "other terms under the same version": (
        dataclasses.replace(running(), terms=Terms(1, Side.MENTEE, {"goal": "Much more"})),
        RefusalReason.WRONG_OWNER,
    ),
    "an immense version": (
        dataclasses.replace(running(), standing=Standing(0, MAX_VERSION + 1, "active", "mentee", NOW)),
        RefusalReason.BAD_SHAPE,
    ),
    "an immense epoch": (
        dataclasses.replace(running(), standing=Standing(MAX_VERSION + 1, 1, "active", "mentee", NOW)),
        RefusalReason.BAD_SHAPE,
    ),
    "a yes from the future": (
        dataclasses.replace(running(), mentee=Confirmation(1, NOW + timedelta(days=2))),
        RefusalReason.BAD_SHAPE,
    ),
    "a step from the future": (
        step(running(), State.ENDED_EARLY, by=Side.MENTEE, at=NOW + timedelta(days=2)),
        RefusalReason.BAD_SHAPE,
    ),
    "a yes to what is not written": (
        dataclasses.replace(running(), mentee=Confirmation(9, NOW)),
        RefusalReason.BAD_SHAPE,
    ),
    "a pause without a return": (
        step(running(), State.PAUSED, by=Side.MENTEE, at=NOW),
        RefusalReason.BAD_SHAPE,
    ),
    "a pause for years": (
        step(running(), State.PAUSED, by=Side.MENTEE, at=NOW, paused_until_on=date(2030, 1, 1)),
        RefusalReason.BAD_SHAPE,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_server_may_not_say_changes_nothing(name: str) -> None:
    said, reason = REFUSED[name]
    got = receive(running(), said, sender=Side.MENTEE, now=NOW)
    assert isinstance(got, Refusal)
    assert got.reason is reason


def test_a_pause_of_ninety_days_is_heard() -> None:
    until_on = (NOW + timedelta(days=90)).date()
    paused = step(running(), State.PAUSED, by=Side.MENTEE, at=NOW, paused_until_on=until_on)
    assert receive(running(), paused, sender=Side.MENTEE, now=NOW) == paused


# --- two servers ------------------------------------------------------------------------------------


@dataclass
class Replica:
    """One server: what it knows, what it said, and which words stood behind each yes of its person."""

    side: Side
    shared: Shared
    said: list[Shared] = field(default_factory=list)
    read: dict[int, dict[str, Any]] = field(default_factory=dict)

    def do(self, event: Event, now: datetime) -> None:
        """Take a step if the table allows it, and say so."""
        by = CLOCK if event in {Event.END_INTRO, Event.LAPSE, Event.EXPIRE} else self.side.value
        if event is Event.EXPIRE:  # a yes that came too late: the asker's server says "expired" instead
            if self.shared.state is not State.INTRO or self.side is Side.MENTOR:
                return
        else:
            try:
                take_step(
                    event,
                    state=self.shared.state,
                    by=by,
                    asker=Side.MENTEE,
                    changed_by=self.shared.standing.by,
                    facts=Facts(pause_days=5),
                )
            except StepRefused:
                return
        self.shared = self._after(event, by, now)
        self.said.append(as_sent(self.shared))

    def _after(self, event: Event, by: str, now: datetime) -> Shared:
        if event is Event.CHANGE_TERMS:
            values = {**ASKED, "goal": f"{self.side} {len(self.said)}"}
            changed = with_terms(self.shared, values, by=self.side, at=now)
            self.read[changed.terms.version] = changed.terms.values
            return changed
        if event is Event.CONFIRM:
            self.read[self.shared.terms.version] = self.shared.terms.values
            return with_yes(self.shared, by=self.side, at=now)
        return step(
            self.shared,
            STATES[event],
            by=by,
            at=now,
            paused_until_on=(now + timedelta(days=5)).date() if event is Event.PAUSE else None,
            ends_on=(now + timedelta(days=200)).date() if event is Event.EXTEND else None,
            is_undoing=event in {Event.OBJECT, Event.REVIVE},
        )

    def hear(self, said: Shared, now: datetime) -> None:
        """Take in what the other server said; of good will as it is, nothing may be refused."""
        before = self.shared
        got = receive(before, said, sender=self.side.other, now=now)
        assert not isinstance(got, Refusal), got
        self.shared = got
        if before.state in FINAL:
            assert got.state not in RUNNING, "what ended for good is not running again"
        if before.state in ENDED and got.standing.epoch == before.standing.epoch:
            assert got.state not in RUNNING, "within an epoch an end is final"
        ours = got.confirmation(self.side)
        if got.is_confirmed and ours is not None:
            assert self.read[ours.version] == got.terms.values, "nobody is held to what they have not read"


STATES = {
    Event.LEAVE: State.ENDED_INTRO,
    Event.END_INTRO: State.ENDED_INTRO,
    Event.PAUSE: State.PAUSED,
    Event.RESUME: State.ACTIVE,
    Event.EXTEND: State.ACTIVE,
    Event.LAPSE: State.LAPSED,
    Event.REVIVE: State.ACTIVE,
    Event.COMPLETE: State.COMPLETED,
    Event.OBJECT: State.ACTIVE,
    Event.END_EARLY: State.ENDED_EARLY,
    Event.END_FOR_SAFETY: State.ENDED_SAFETY,
    Event.EXPIRE: State.EXPIRED,
}


def as_sent(shared: Shared) -> Shared:
    """Return what the other side is told: not that somebody feels unsafe."""
    if shared.standing.state != State.ENDED_SAFETY:
        return shared
    state = State.ENDED_EARLY if shared.is_confirmed else State.ENDED_INTRO
    return dataclasses.replace(shared, standing=dataclasses.replace(shared.standing, state=state))


def alike(mentor: Shared, mentee: Shared) -> bool:
    """Tell whether both know the same; an end for safety may be any other end to the other side."""
    if State.ENDED_SAFETY in {mentor.state, mentee.state}:
        mentor, mentee = (dataclasses.replace(one, standing=SAFE) for one in (mentor, mentee))
    return mentor == mentee


SAFE = Standing(0, 0, State.ENDED_SAFETY, CLOCK, NOW)
COMMON = [Event.CHANGE_TERMS, Event.CONFIRM, Event.CONFIRM]
acts = st.tuples(st.sampled_from(Side), st.sampled_from([*COMMON, *STATES]))
hears = st.tuples(st.sampled_from(Side), st.integers(0, 50))
programs = st.lists(acts | hears, max_size=30)
LAPSE_AND_BLOCK = [
    (Side.MENTEE, Event.CONFIRM),
    (Side.MENTOR, Event.CONFIRM),
    (Side.MENTEE, 0),
    (Side.MENTOR, 0),
    (Side.MENTOR, Event.END_FOR_SAFETY),
    (Side.MENTEE, Event.LAPSE),
    (Side.MENTEE, Event.REVIVE),
]
PAUSE_AND_OTHER_TERMS = [
    (Side.MENTOR, Event.CHANGE_TERMS),
    (Side.MENTEE, 0),
    (Side.MENTOR, Event.CHANGE_TERMS),
    (Side.MENTEE, Event.CONFIRM),
    (Side.MENTEE, Event.PAUSE),
]
TERMS_CROSS = [(Side.MENTOR, Event.CHANGE_TERMS), (Side.MENTEE, Event.CHANGE_TERMS)]


@settings(max_examples=400)
@given(programs, st.randoms(use_true_random=False))
@example(LAPSE_AND_BLOCK, None)
@example(PAUSE_AND_OTHER_TERMS, None)
@example(TERMS_CROSS, None)
def test_two_servers_end_with_the_same(program: list[tuple[Side, Any]], order: Any) -> None:
    both = {side: Replica(side, running(is_confirmed=False)) for side in Side}
    for one in both.values():
        one.read[1] = one.shared.terms.values
    now = NOW
    for side, act in program:
        me, partner = both[side], both[side.other]
        now += timedelta(hours=7)
        if isinstance(act, Event):
            me.do(act, now)
        elif partner.said:
            me.hear(partner.said[act % len(partner.said)], now)  # any letter, any number of times
    for side in Side:
        letters = list(both[side.other].said)
        if order is not None:
            order.shuffle(letters)
        for letter in [*letters, *letters]:
            both[side].hear(letter, now)
    mentor, mentee = both[Side.MENTOR].shared, both[Side.MENTEE].shared
    assert alike(mentor, mentee), (mentor, mentee)
    assert mentor.state == mentee.state or State.ENDED_SAFETY in {mentor.state, mentee.state}
    assert (mentor.state in RUNNING) == (mentee.state in RUNNING)


# --- single rules -----------------------------------------------------------------------------------


def test_terms_that_cross_bind_nobody_to_the_others_words() -> None:
    mentor = with_terms(running(is_confirmed=False), {"goal": "Mine"}, by=Side.MENTOR, at=NOW)
    mentee = with_terms(running(is_confirmed=False), {"goal": "Yours"}, by=Side.MENTEE, at=NOW)
    merged = merge(mentor, mentee)
    assert not merged.is_confirmed
    assert merged.state is State.INTRO


def test_mentors_write_even_versions_and_mentees_odd_ones() -> None:
    shared, versions = running(is_confirmed=False), []
    for side in (Side.MENTOR, Side.MENTOR, Side.MENTEE, Side.MENTEE, Side.MENTOR):
        shared = with_terms(shared, dict(ASKED), by=side, at=NOW)
        versions.append(shared.terms.version)
    assert versions == [2, 4, 5, 7, 8]


def test_a_second_yes_to_the_same_terms_keeps_the_first_moment() -> None:
    given_once = with_yes(running(), by=Side.MENTOR, at=NOW + timedelta(days=1))
    assert given_once == running()


def test_the_last_day_follows_from_the_length_until_it_is_moved() -> None:
    shared = running()
    assert shared.ends_on == (NOW + timedelta(days=122)).date()
    later = step(shared, State.ACTIVE, by=Side.MENTOR, at=NOW, ends_on=date(2027, 9, 1))
    assert later.ends_on == date(2027, 9, 1)
    paused = step(later, State.PAUSED, by=Side.MENTEE, at=NOW, paused_until_on=date(2026, 12, 1))
    assert paused.ends_on == date(2027, 9, 1), "kept through a pause"
    assert step(paused, State.ACTIVE, by=Side.MENTEE, at=NOW).standing.paused_until_on is None


@pytest.mark.parametrize(
    ("months", "length_days"), [(0, 30), (1, 30), (3, 91), (4, 122), (12, 365), (24, 730)]
)
def test_months_are_days(months: int, length_days: int) -> None:
    assert agreements.end_of(NOW, months) == (NOW + timedelta(days=length_days)).date()


@pytest.mark.parametrize("final", sorted(FINAL))
@pytest.mark.parametrize("undone", [State.COMPLETED, State.LAPSED])
def test_an_end_for_good_stands_although_the_other_side_goes_on(final: State, undone: State) -> None:
    ended = step(running(), final, by=Side.MENTOR, at=NOW)
    lapsed = step(running(), undone, by=CLOCK, at=NOW)
    back = step(lapsed, State.ACTIVE, by=Side.MENTEE, at=NOW, is_undoing=True)
    assert merge(ended, back).standing == ended.standing
    assert merge(lapsed, back).state is State.ACTIVE
    assert not any(one.state in RUNNING for one in _merged_in_all_orders([ended, lapsed, back]))


def _merged_in_all_orders(many: Iterable[Shared]) -> list[Shared]:
    return [reduce(merge, order) for order in permutations(many)]
