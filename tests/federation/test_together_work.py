"""Goals, talks and meetings of a pair on two servers."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.domain.goals import Goal, GoalContent, milestones_from
from libline_fed.domain.logbook import Talk, TalkContent
from libline_fed.domain.meetings import Meeting, MeetingContent
from libline_fed.domain.mentorships import Mentorship
from libline_fed.errors import Conflict, InvalidInput, NotFound
from libline_fed.services import goals, logbook, meetings, mentorship_views, mentorships
from libline_fed.storage.store import Store, Tx
from tests.support.duo import Duo, Person, duo
from tests.support.pair import LEASE_S, pair

GOAL = GoalContent(
    "Catalogue 200 maps",
    "The ones in the cellar.",
    "G07",
    date(2027, 3, 1),
    milestones=milestones_from(["Read the rules", "Do ten"]),
)


@pytest.fixture
async def two(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Duo]:
    async with pair(store, other_store, clock) as both:
        made = await duo(both)
        await made.begin()
        yield made


async def listed(person: Person, service: Any) -> list[Any]:
    """List what a service has of the only mentorship, as one of the two sees it."""
    mentorship: Mentorship = await person.only()

    async def unit(tx: Tx) -> list[Any]:
        view = await mentorship_views.get(tx, mentorship.id, person=person.actor)
        found: list[Any] = await service.listed(tx, view)
        return found

    return await person.side.read(unit)


def said(two: Duo, name: str) -> list[dict[str, Any]]:
    """List what went over the wire under a name, beside the text."""
    objects = [letter.activity["object"] for letter in two.both.network.letters]
    return [one[name] for one in objects if isinstance(one, dict) and name in one]


def words(two: Duo) -> str:
    return str([letter.activity["object"].get("content") for letter in two.both.network.letters
                if isinstance(letter.activity["object"], dict)])  # fmt: skip


# --- goals --------------------------------------------------------------------------------------------


async def test_a_goal_is_seen_by_both_and_changed_by_its_author_only(two: Duo) -> None:
    mine = await two.ben.only()
    goal: Goal = await two.ben.do(goals.add, mine.id, content=GOAL)
    await two.settle()
    (theirs,) = await listed(two.ana, goals)
    assert theirs.content == goal.content == GOAL
    await two.ben.do(goals.tick, mine.id, goal_id=goal.id, milestone_id="1", done_on=date(2026, 12, 1))
    await two.ben.do(goals.set_state, mine.id, goal_id=goal.id, state="done")
    await two.settle()
    (theirs,) = await listed(two.ana, goals)
    assert theirs.state == "done"
    assert theirs.done_at is not None
    assert [step.done_on for step in theirs.content.milestones] == [date(2026, 12, 1), None]
    with pytest.raises(NotFound):
        await two.ana.do(goals.edit, (await two.ana.only()).id, goal_id=theirs.id, content=GOAL)
    await two.ben.do(goals.remove, mine.id, goal_id=goal.id)
    await two.settle()
    assert await listed(two.ana, goals) == await listed(two.ben, goals) == []
    assert "Goal: Catalogue 200 maps (by 1 March 2027)" in words(two)
    assert "Goal reached: Catalogue 200 maps" in words(two)


@pytest.mark.parametrize(
    "trouble", ["duplicate", "reorder", "lost answer", "killed sender", "killed receiver"]
)
async def test_both_see_the_latest_goal_whatever_happens_on_the_way(two: Duo, trouble: str) -> None:
    both, b, mine = two.both, two.both.b, await two.ben.only()
    if trouble == "duplicate":
        both.duplicate(b)
    if trouble == "reorder":
        both.reorder(b)
    if trouble == "lost answer":
        both.lose_answers(b)
    goal: Goal = await two.ben.do(goals.add, mine.id, content=GOAL)
    gone: Goal = await two.ben.do(goals.add, mine.id, content=replace(GOAL, title="A mistake"))
    if trouble == "killed sender":
        await both.crash(b, "sent")
        await both.restart(b)
    if trouble == "killed receiver":
        await b.deliver()
        await both.crash(both.a, "leased")
        await both.restart(both.a)
    for title in ("Catalogue 300 maps", "Catalogue 400 maps"):
        await two.ben.do(goals.edit, mine.id, goal_id=goal.id, content=replace(GOAL, title=title))
    await two.ben.do(goals.remove, mine.id, goal_id=gone.id)
    await two.settle()
    await both.later(seconds=LEASE_S + 1)
    await both.later(hours=12)
    (theirs,) = await listed(two.ana, goals)
    assert (theirs.title, theirs.version) == ("Catalogue 400 maps", 3)


async def test_goals_have_bounds(two: Duo) -> None:
    mine = await two.ben.only()
    for changed in (
        {"title": ""},
        {"title": "x" * 201},
        {"body_text": "x" * 2_001},
        {"milestones": milestones_from([f"Step {number}" for number in range(13)])},
    ):
        with pytest.raises(InvalidInput) as refused:
            await two.ben.do(goals.add, mine.id, content=replace(GOAL, **changed))
        assert set(refused.value.fields) == set(changed)
    made: Goal = await two.ben.do(goals.add, mine.id, content=replace(GOAL, goal_type="G99"))
    assert made.goal_type is None
    with pytest.raises(NotFound):
        await two.ben.do(goals.tick, mine.id, goal_id=made.id, milestone_id="9", done_on=None)
    await two.ben.do(mentorships.end_early, mine.id)
    with pytest.raises(Conflict):
        await two.ben.do(goals.add, mine.id, content=GOAL)


# --- talks --------------------------------------------------------------------------------------------


async def test_notes_of_a_talk_stay_here_unless_shared(two: Duo) -> None:
    mine, today = await two.ben.only(), two.both.clock.now().date()
    talk: Talk = await two.ben.do(
        logbook.add, mine.id, content=TalkContent(today, 45, "She was tired.")
    )
    await two.settle()
    (theirs,) = await listed(two.ana, logbook)
    assert (theirs.held_on, theirs.minutes, theirs.notes_text) == (today, 45, "")
    assert "tired" not in str([letter.body for letter in two.both.network.letters])
    assert "We talked on 24 November 2026, 45 minutes." in words(two)
    shared = TalkContent(today, 50, "We looked at RDA.", is_shared=True)
    await two.ben.do(logbook.edit, mine.id, talk_id=talk.id, content=shared)
    await two.settle()
    (theirs,) = await listed(two.ana, logbook)
    assert (theirs.minutes, theirs.notes_text) == (50, "We looked at RDA.")
    await two.ben.do(logbook.edit, mine.id, talk_id=talk.id, content=replace(shared, is_shared=False))
    await two.settle()
    (theirs,) = await listed(two.ana, logbook)
    assert theirs.notes_text == ""
    assert (await listed(two.ben, logbook))[0].notes_text == "We looked at RDA."


async def test_hours_add_up_and_a_day_that_both_note_counts_once(two: Duo) -> None:
    day = two.both.clock.now().date()
    two.both.clock.advance(days=10)
    mine, theirs = await two.ben.only(), await two.ana.only()
    await two.ben.do(logbook.add, mine.id, content=TalkContent(day, 45))
    await two.ana.do(logbook.add, theirs.id, content=TalkContent(day, 60))
    await two.ana.do(logbook.add, theirs.id, content=TalkContent(day + timedelta(days=7), 30))
    wrong: Talk = await two.ana.do(logbook.add, theirs.id, content=TalkContent(day, 30))
    await two.settle()
    await two.ana.do(logbook.remove, theirs.id, talk_id=wrong.id)
    await two.settle()
    of_ana = await two.both.a.read(lambda tx: logbook.hours_of(tx, two.ana.actor))
    of_ben = await two.both.b.read(lambda tx: logbook.hours_of(tx, two.ben.actor))
    assert of_ana == logbook.Hours(90, 0, {theirs.id: 90})
    assert of_ben == logbook.Hours(0, 90, {mine.id: 90})


async def test_a_talk_has_a_day_that_can_be_and_a_length(two: Duo) -> None:
    mine, today = await two.ben.only(), two.both.clock.now().date()
    for content, field in (
        (TalkContent(today + timedelta(days=2), 45), "held_on"),
        (TalkContent(today - timedelta(days=400), 45), "held_on"),
        (TalkContent(today, 0), "minutes"),
        (TalkContent(today, 1_441), "minutes"),
        (TalkContent(today, 45, "x" * 5_001), "notes_text"),
    ):
        with pytest.raises(InvalidInput) as refused:
            await two.ben.do(logbook.add, mine.id, content=content)
        assert set(refused.value.fields) == {field}


# --- meetings -----------------------------------------------------------------------------------------


def times(now: datetime) -> tuple[datetime, ...]:
    return tuple(now + timedelta(days=days, hours=6) for days in (2, 3, 4))


async def test_one_proposes_the_other_chooses_and_both_have_the_date(two: Duo) -> None:
    mine, offered = await two.ben.only(), times(two.both.clock.now())
    made: Meeting = await two.ben.do(
        meetings.propose,
        mine.id,
        content=MeetingContent(offered, 45, "M1", "https://meet.example/x"),
        zone="Africa/Nairobi",
    )
    await two.settle()
    (came,) = await listed(two.ana, meetings)
    assert (came.state, came.content) == ("proposed", made.content)
    assert "2) 27 November 2026, 15:00 UTC (18:00 for me)" in words(two)
    assert "Nairobi" not in str([letter.body for letter in two.both.network.letters])
    await two.ana.do(meetings.choose, (await two.ana.only()).id, meeting_id=came.id, starts=offered[1])
    await two.settle()
    for person in (two.ana, two.ben):
        (found,) = await listed(person, meetings)
        assert (found.state, found.starts_at) == ("agreed", offered[1])
    await two.ben.do(
        meetings.change,
        mine.id,
        meeting_id=made.id,
        content=MeetingContent(offered, 45, "M1", "Room 4"),
    )
    await two.settle()
    (found,) = await listed(two.ana, meetings)
    assert (found.state, found.place_text) == ("agreed", "Room 4")  # another room needs no new choice
    await two.ben.do(meetings.cancel, mine.id, meeting_id=made.id)
    await two.settle()
    assert {(await listed(person, meetings))[0].state for person in (two.ana, two.ben)} == {"cancelled"}


async def test_the_choice_and_other_times_that_cross_end_alike_on_both_sides(two: Duo) -> None:
    offered = times(two.both.clock.now())
    mine, theirs = await two.ben.only(), await two.ana.only()
    made: Meeting = await two.ben.do(meetings.propose, mine.id, content=MeetingContent(offered[:2], 30))
    await two.settle()
    (came,) = await listed(two.ana, meetings)
    two.both.hold(two.both.a)
    two.both.hold(two.both.b)
    await two.ana.do(meetings.choose, theirs.id, meeting_id=came.id, starts=offered[0])
    await two.ben.do(
        meetings.change, mine.id, meeting_id=made.id, content=MeetingContent(offered[1:], 30)
    )
    await two.settle()
    two.both.release(two.both.a)
    two.both.release(two.both.b)
    await two.settle()
    states = [(await listed(person, meetings))[0] for person in (two.ana, two.ben)]
    assert [(one.state, one.starts_at) for one in states] == [("proposed", None)] * 2
    await two.ana.do(meetings.choose, theirs.id, meeting_id=came.id, starts=offered[2])
    await two.settle()
    states = [(await listed(person, meetings))[0] for person in (two.ana, two.ben)]
    assert [(one.state, one.starts_at) for one in states] == [("agreed", offered[2])] * 2


@pytest.mark.parametrize("trouble", ["duplicate", "reorder", "killed sender", "killed receiver"])
async def test_a_mind_that_changes_ends_alike_on_both_sides(two: Duo, trouble: str) -> None:
    both, offered = two.both, times(two.both.clock.now())
    mine, theirs = await two.ben.only(), await two.ana.only()
    await two.ben.do(meetings.propose, mine.id, content=MeetingContent(offered, 30))
    await two.settle()
    (came,) = await listed(two.ana, meetings)
    if trouble == "duplicate":
        both.duplicate(both.a)
    if trouble == "reorder":
        both.reorder(both.a)
    await two.ana.do(meetings.choose, theirs.id, meeting_id=came.id, starts=offered[0])
    if trouble == "killed sender":
        await both.crash(both.a, "sent")
        await both.restart(both.a)
    if trouble == "killed receiver":
        await both.a.deliver()
        await both.crash(both.b, "leased")
        await both.restart(both.b)
    await two.ana.do(meetings.choose, theirs.id, meeting_id=came.id, starts=None)
    await two.ana.do(meetings.choose, theirs.id, meeting_id=came.id, starts=offered[2])
    await two.settle()
    await both.later(seconds=LEASE_S + 1)
    await both.later(hours=6)
    states = [(await listed(person, meetings))[0] for person in (two.ana, two.ben)]
    assert [(one.state, one.starts_at) for one in states] == [("agreed", offered[2])] * 2


async def test_who_proposes_does_not_choose_and_past_times_are_no_choice(two: Duo) -> None:
    offered = times(two.both.clock.now())
    mine, theirs = await two.ben.only(), await two.ana.only()
    made: Meeting = await two.ben.do(meetings.propose, mine.id, content=MeetingContent(offered, 30))
    await two.settle()
    (came,) = await listed(two.ana, meetings)
    with pytest.raises(Conflict):
        await two.ben.do(meetings.choose, mine.id, meeting_id=made.id, starts=offered[0])
    with pytest.raises(InvalidInput):
        await two.ana.do(
            meetings.choose, theirs.id, meeting_id=came.id, starts=offered[0] + timedelta(hours=1)
        )
    two.both.clock.advance(days=3)
    with pytest.raises(InvalidInput):
        await two.ana.do(meetings.choose, theirs.id, meeting_id=came.id, starts=offered[0])
    with pytest.raises(NotFound):
        await two.ana.do(
            meetings.change, theirs.id, meeting_id=came.id, content=MeetingContent(offered, 30)
        )


async def test_meetings_have_bounds(two: Duo) -> None:
    mine, now = await two.ben.only(), two.both.clock.now()
    later = now + timedelta(days=1)
    for content, field in (
        (MeetingContent((), 30), "times"),
        (MeetingContent((now,), 30), "times"),
        (MeetingContent((now + timedelta(days=400),), 30), "times"),
        (MeetingContent(tuple(later + timedelta(hours=each) for each in range(4)), 30), "times"),
        (MeetingContent((later,), 4), "minutes"),
        (MeetingContent((later,), 481), "minutes"),
        (MeetingContent((later,), 30, place_text="x" * 501), "place_text"),
    ):
        with pytest.raises(InvalidInput) as refused:
            await two.ben.do(meetings.propose, mine.id, content=content)
        assert set(refused.value.fields) == {field}
    assert later.tzinfo is UTC


async def test_work_on_a_mentorship_is_a_sign_of_life(two: Duo) -> None:
    two.both.clock.advance(days=50)
    mine = await two.ben.only()
    await two.ben.do(logbook.add, mine.id, content=TalkContent(two.both.clock.now().date(), 45))
    await two.settle()
    for person in (two.ana, two.ben):
        assert (await person.only()).alive_at == two.both.clock.now()
