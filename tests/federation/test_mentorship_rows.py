"""Every row of the table of steps, each also with doubled and reordered messages and a killed server.

A scenario names the row it drives; at its end both servers must stand alike, with the row's event noted once
on each server that knows it, and no offer may have more mentorships than places.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.domain.mentorship_steps import TABLE
from libline_fed.domain.mentorships import Event, State
from libline_fed.services import (
    answers,
    mentorship_ends,
    mentorship_views,
    mentorships,
    messages,
    questions,
    requests,
)
from libline_fed.storage import mentorships as rows
from libline_fed.storage.deliveries import count_by_state
from libline_fed.storage.store import Store
from tests.support.duo import WORDS, Duo, Person, duo
from tests.support.pair import LEASE_S, Pair, pair

FAULTS = ("none", "doubled", "reordered", "mentor's server killed", "mentee's server killed")
Scenario = Callable[[Duo], Awaitable[tuple[str, str]]]
SCENARIOS: dict[tuple[Event, State | None], Scenario] = {}


def drives(event: Event, *before: State | None) -> Callable[[Scenario], Scenario]:
    """Name the row that a scenario drives; it returns the states expected on both servers."""

    def note(scenario: Scenario) -> Scenario:
        SCENARIOS.update({(event, state): scenario for state in before})
        return scenario

    return note


class ShakyDuo(Duo):
    """The two people, with a fault in everything that is sent."""

    fault = "none"

    async def settle(self) -> None:
        """Let everything arrive; a server to be killed dies with what it has just sent or received."""
        if self.fault.endswith("killed"):
            side = self.both.a if self.fault.startswith("mentor") else self.both.b
            queued = (await side.read(count_by_state)).get("queued", 0)
            await self.both.crash(side, "sent" if queued else "leased")
            await self.both.restart(side)
            self.both.clock.advance(seconds=LEASE_S + 1)
        await self.both.settle()


@pytest.fixture
async def both(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Pair]:
    async with pair(store, other_store, clock) as made:
        yield made


async def until_later(two: Duo, days: float) -> None:
    """Let days pass, one at a time, as a clock does."""
    await two.both.later(days=days)


# --- before an answer -------------------------------------------------------------------------------


@drives(Event.WRITE, None)
async def a_draft_is_its_writers_only(two: Duo) -> tuple[str, str]:
    await two.ben.start(two.offer.uri)
    await two.settle()
    assert await two.ana.mentorships() == []
    return "", "draft"


@drives(Event.SEND, State.DRAFT)
async def a_request_arrives(two: Duo) -> tuple[str, str]:
    await two.ask()
    arrived = await two.ana.only()
    assert arrived.answers == WORDS.answers
    assert "small public library" in arrived.message_html
    assert "by May" not in arrived.message_html, "the answers stand beside the message, not in it again"
    return "proposed", "proposed"


async def ask_a_question(two: Duo) -> None:
    draft = await two.ben.start(two.offer.uri)
    await two.ben.do(questions.ask, draft.id, text="Do you also help with music scores?")
    await two.settle()


@drives(Event.ASK_QUESTION, State.DRAFT)
async def a_question_arrives_before_any_request(two: Duo) -> tuple[str, str]:
    await ask_a_question(two)
    assert "question" in await two.ana.notices()
    ana = two.ana.actor
    found = await two.both.a.read(lambda tx: mentorship_views.list_for(tx, ana))
    thread = await two.both.a.read(lambda tx: messages.thread(tx, found[0]))
    assert [("music scores" in one.content_html) for one in thread.items] == [True]
    return "question", "question"


@drives(Event.SEND, State.QUESTION)
async def a_request_follows_the_question(two: Duo) -> tuple[str, str]:
    await ask_a_question(two)
    await two.ben.do(requests.send, (await two.ben.only()).id, words=WORDS)
    await two.settle()
    assert len(await two.ana.mentorships()) == 1
    return "proposed", "proposed"


@drives(Event.DECLINE, State.QUESTION)
async def a_question_gets_a_no(two: Duo) -> tuple[str, str]:
    await ask_a_question(two)
    await two.ana.do(answers.decline, (await two.ana.only()).id, reason="not-my-area")
    await two.settle()
    return "declined", "declined"


@drives(Event.WITHDRAW, State.QUESTION)
async def a_question_is_taken_back(two: Duo) -> tuple[str, str]:
    await ask_a_question(two)
    await two.ben.do(answers.withdraw, (await two.ben.only()).id)
    await two.settle()
    return "withdrawn", "withdrawn"


@drives(Event.EXPIRE, State.QUESTION)
async def a_question_that_nobody_follows_up_goes_quiet(two: Duo) -> tuple[str, str]:
    await ask_a_question(two)
    await until_later(two, 30.1)
    await until_later(two, 7.1)
    return "expired", "expired"


@drives(Event.END_FOR_SAFETY, State.QUESTION)
async def a_block_after_a_question(two: Duo) -> tuple[str, str]:
    await ask_a_question(two)
    await block(two.ana)
    await two.settle()
    return "ended-safety", "declined"


@drives(Event.ACCEPT, State.PROPOSED)
async def a_yes_takes_a_place(two: Duo) -> tuple[str, str]:
    await two.ask()
    await two.accept()
    assert (await two.ana.only()).holds_seat
    return "intro", "intro"


@drives(Event.DECLINE, State.PROPOSED)
async def a_no_is_told(two: Duo) -> tuple[str, str]:
    await two.ask()
    await two.ana.do(answers.decline, (await two.ana.only()).id, reason="not-now")
    await two.settle()
    assert (await two.ben.only()).reason == "not-now"
    return "declined", "declined"


@drives(Event.COUNTER, State.PROPOSED)
async def another_proposal_comes_back_and_is_accepted(two: Duo) -> tuple[str, str]:
    await two.ask()
    other = requests.Words("Gladly, but for one month.", {}, {"months": 1}, "en")
    await two.ana.do(requests.counter, (await two.ana.only()).id, words=other)
    await two.settle()
    asked = await two.ben.only()
    assert (asked.asker, asked.terms["months"], asked.version) == ("mentor", 1, 2)
    assert (await two.ana.only()).holds_seat
    await two.ben.do(answers.accept, asked.id)
    await two.settle()
    return "intro", "intro"


@drives(Event.WITHDRAW, State.DRAFT)
async def a_draft_that_is_taken_back_is_gone(two: Duo) -> tuple[str, str]:
    draft = await two.ben.start(two.offer.uri)
    assert await two.ben.do(answers.withdraw, draft.id) is None
    assert await two.ben.mentorships() == []
    return "", ""


@drives(Event.WITHDRAW, State.PROPOSED)
async def a_request_is_taken_back(two: Duo) -> tuple[str, str]:
    await two.ask()
    await two.ben.do(answers.withdraw, (await two.ben.only()).id)
    await two.settle()
    return "withdrawn", "withdrawn"


@drives(Event.EXPIRE, State.PROPOSED)
async def a_request_without_an_answer_expires(two: Duo) -> tuple[str, str]:
    await two.ask()
    for days in (3.1, 4, 3):
        await until_later(two, days)
    assert [one for one in await two.ana.notices() if one.startswith("reminder")] == [
        "reminder-3",
        "reminder-7",
    ]
    return "expired", "expired"


@drives(Event.SUPERSEDE, State.PROPOSED)
async def the_last_place_goes_to_somebody_else(two: Duo) -> tuple[str, str]:
    cleo = Person(two.both.b, await two.both.b.member("cleo"))
    await cleo.change_account(primer_done_at=two.both.clock.now())
    dora = Person(two.both.b, await two.both.b.member("dora"))
    await dora.change_account(primer_done_at=two.both.clock.now())
    for person in (cleo, dora, two.ben):
        await person.ask(two.offer.uri)
    await two.settle()
    for one in (await two.ana.mentorships())[:2]:
        await two.ana.do(answers.accept, one.id)
    await two.settle()
    assert sorted([await cleo.state(), await dora.state(), await two.ben.state()]) == [
        "intro",
        "intro",
        "superseded",
    ]
    states = sorted(one.state for one in await two.ana.mentorships())
    assert states == ["intro", "intro", "superseded"]
    return "", ""


# --- getting to know each other ---------------------------------------------------------------------


@drives(Event.CHANGE_TERMS, State.INTRO)
async def terms_arrive(two: Duo) -> tuple[str, str]:
    await two.ask()
    await two.accept()
    values = {"goal": "Another goal", "months": 6, "mode": "M4"}
    await two.ben.do(mentorships.change_terms, (await two.ben.only()).id, values=values)
    await two.settle()
    assert (await two.ana.only()).terms["goal"] == "Another goal"
    return "intro", "intro"


@drives(Event.CONFIRM, State.INTRO)
async def two_yeses_begin_it(two: Duo) -> tuple[str, str]:
    await two.begin()
    return "active", "active"


@drives(Event.LEAVE, State.INTRO)
async def one_leaves_without_fault(two: Duo) -> tuple[str, str]:
    await two.ask()
    await two.accept()
    await two.ben.do(mentorships.leave, (await two.ben.only()).id)
    await two.settle()
    assert not (await two.ana.only()).holds_seat
    return "ended-intro", "ended-intro"


@drives(Event.END_INTRO, State.INTRO)
async def an_intro_ends_after_three_weeks(two: Duo) -> tuple[str, str]:
    await two.ask()
    await two.accept()
    await until_later(two, 21.1)
    await two.settle()
    return "ended-intro", "ended-intro"


# --- while it runs ----------------------------------------------------------------------------------


async def pause(two: Duo) -> None:
    until_on = (two.both.clock.now() + timedelta(days=20)).date()
    await two.ana.do(mentorships.pause, (await two.ana.only()).id, until_on=until_on)
    await two.settle()
    assert await two.states() == ("paused", "paused")


@drives(Event.PAUSE, State.ACTIVE)
async def a_pause_keeps_the_place(two: Duo) -> tuple[str, str]:
    await two.begin()
    await pause(two)
    assert (await two.ana.only()).holds_seat
    return "paused", "paused"


@drives(Event.RESUME, State.PAUSED)
async def the_other_goes_on(two: Duo) -> tuple[str, str]:
    await two.begin()
    await pause(two)
    await two.ben.do(mentorships.resume, (await two.ben.only()).id)
    await two.settle()
    return "active", "active"


@drives(Event.LAPSE, State.PAUSED)
async def a_pause_that_nobody_ends_lapses(two: Duo) -> tuple[str, str]:
    await two.begin()
    await pause(two)
    await until_later(two, 21)
    assert "pause-over" in await two.ben.notices()
    await until_later(two, 14)
    await two.settle()
    return "lapsed", "lapsed"


@drives(Event.EXTEND, State.ACTIVE)
async def a_later_last_day_arrives(two: Duo) -> tuple[str, str]:
    await two.begin()
    ends_on = (await two.ana.only()).ends_on
    assert ends_on is not None
    await two.ben.do(mentorships.extend, (await two.ben.only()).id, ends_on=ends_on + timedelta(days=60))
    await two.settle()
    assert (await two.ana.only()).ends_on == ends_on + timedelta(days=60)
    return "active", "active"


@drives(Event.EXTEND, State.PAUSED)
async def extending_ends_a_pause(two: Duo) -> tuple[str, str]:
    await two.begin()
    await pause(two)
    mine = await two.ana.only()
    assert mine.ends_on is not None
    await two.ana.do(mentorships.extend, mine.id, ends_on=mine.ends_on + timedelta(days=30))
    await two.settle()
    return "active", "active"


@drives(Event.COMPLETE, State.ACTIVE)
async def the_goal_is_reached(two: Duo) -> tuple[str, str]:
    await two.begin()
    await two.ben.do(mentorships.complete, (await two.ben.only()).id)
    await two.settle()
    assert not (await two.ana.only()).holds_seat
    return "completed", "completed"


@drives(Event.COMPLETE, State.PAUSED)
async def the_goal_is_reached_in_a_pause(two: Duo) -> tuple[str, str]:
    await two.begin()
    await pause(two)
    await two.ana.do(mentorships.complete, (await two.ana.only()).id)
    await two.settle()
    return "completed", "completed"


@drives(Event.OBJECT, State.COMPLETED)
async def the_other_objects_in_time(two: Duo) -> tuple[str, str]:
    await two.begin()
    await two.ben.do(mentorships.complete, (await two.ben.only()).id)
    await two.settle()
    await two.ana.do(mentorships.object_to_end, (await two.ana.only()).id)
    await two.settle()
    assert (await two.ana.only()).holds_seat
    return "active", "active"


@drives(Event.END_EARLY, State.ACTIVE)
async def an_early_end_keeps_its_reason(two: Duo) -> tuple[str, str]:
    await two.begin()
    await two.ben.do(mentorships.end_early, (await two.ben.only()).id, reason="A new job")
    await two.settle()
    assert (await two.ben.only()).reason_text == "A new job"
    assert (await two.ana.only()).reason_text == ""
    return "ended-early", "ended-early"


@drives(Event.END_EARLY, State.PAUSED)
async def an_early_end_in_a_pause(two: Duo) -> tuple[str, str]:
    await two.begin()
    await pause(two)
    await two.ana.do(mentorships.end_early, (await two.ana.only()).id)
    await two.settle()
    return "ended-early", "ended-early"


async def be_silent(two: Duo) -> None:
    for days in (61, 15, 15):
        await until_later(two, days)
    await two.settle()


@drives(Event.LAPSE, State.ACTIVE)
async def silence_lapses_after_two_nudges(two: Duo) -> tuple[str, str]:
    await two.begin()
    await be_silent(two)
    assert [one for one in await two.ben.notices() if one.startswith("nudge")] == ["nudge-60", "nudge-75"]
    return "lapsed", "lapsed"


@drives(Event.REVIVE, State.LAPSED)
async def what_lapsed_is_taken_up_again(two: Duo) -> tuple[str, str]:
    await two.begin()
    await be_silent(two)
    await two.ben.do(mentorships.revive, (await two.ben.only()).id)
    await two.settle()
    assert (await two.ana.only()).holds_seat
    return "active", "active"


# --- safety -----------------------------------------------------------------------------------------


async def block(person: Person) -> None:
    mentorship = await person.only()
    partner_id = mentorship.mentee_id if person.actor.id == mentorship.mentor_id else mentorship.mentor_id
    site, now = person.side.site, person.side.clock.now()
    await person.side.write(
        lambda tx: mentorship_ends.for_safety(
            tx, site, person=person.actor, partner_id=partner_id, now=now
        )
    )


@drives(Event.END_FOR_SAFETY, State.PROPOSED)
async def a_block_declines_without_saying_why(two: Duo) -> tuple[str, str]:
    await two.ask()
    await block(two.ana)
    await two.settle()
    return "ended-safety", "declined"


@drives(Event.END_FOR_SAFETY, State.INTRO)
async def a_block_in_the_intro(two: Duo) -> tuple[str, str]:
    await two.ask()
    await two.accept()
    await block(two.ben)
    await two.settle()
    return "ended-intro", "ended-safety"


@drives(Event.END_FOR_SAFETY, State.ACTIVE)
async def a_block_looks_like_an_early_end(two: Duo) -> tuple[str, str]:
    await two.begin()
    await block(two.ben)
    await two.settle()
    assert not (await two.ana.only()).holds_seat
    return "ended-early", "ended-safety"


@drives(Event.END_FOR_SAFETY, State.PAUSED)
async def a_block_in_a_pause(two: Duo) -> tuple[str, str]:
    await two.begin()
    await pause(two)
    await block(two.ana)
    await two.settle()
    return "ended-safety", "ended-early"


# --- all of them ------------------------------------------------------------------------------------


async def run(both: Pair, event: Event, before: State | None, fault: str) -> None:
    two = await duo(both)
    shaky = ShakyDuo(two.both, two.ana, two.ben, two.offer)
    shaky.fault = fault
    for side in both:
        if fault == "doubled":
            both.duplicate(side)
        if fault == "reordered":
            both.reorder(side)
    expected = await SCENARIOS[event, before](shaky)
    await both.settle()
    if expected != ("", ""):
        listed = [await person.mentorships() for person in people(shaky)]
        assert tuple(one[0].state if one else "" for one in listed) == expected
    await shaky.check()
    for person in people(shaky):
        assert await events_of(person) == sorted(set(await events_of(person))), "no effect twice"


def people(two: Duo) -> tuple[Person, Person]:
    return two.ana, two.ben


async def events_of(person: Person) -> list[tuple[Any, ...]]:
    """List what happened by version and kind: the same twice would be the same effect twice."""
    noted = []
    for one in await person.mentorships():
        happened = await person.side.read(lambda tx, one=one: rows.events(tx, one.id))
        noted += [(one.id, each.version, each.event, each.by, each.state_after) for each in happened]
    return sorted(noted)


@pytest.mark.parametrize(
    ("event", "before"), list(SCENARIOS), ids=lambda value: str(value) if value is not None else "nothing"
)
async def test_a_row_of_the_table(both: Pair, event: Event, before: State | None) -> None:
    await run(both, event, before, "none")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("fault", FAULTS[1:])
@pytest.mark.parametrize(
    ("event", "before"), list(SCENARIOS), ids=lambda value: str(value) if value is not None else "nothing"
)
async def test_a_row_of_the_table_when_things_go_wrong(
    both: Pair, event: Event, before: State | None, fault: str
) -> None:
    await run(both, event, before, fault)


def test_every_row_has_its_scenario() -> None:
    listed = {
        (rule.event, state)
        for rule in TABLE
        for state in (rule.before if rule.before is not None else (None,))
    }
    assert listed - set(SCENARIOS) == set()
