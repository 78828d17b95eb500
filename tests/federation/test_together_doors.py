"""Working together with somebody who has no LibLine: the same things, as private messages in plain words."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.domain.feedback import FeedbackContent
from libline_fed.domain.goals import GoalContent, milestones_from
from libline_fed.domain.logbook import TalkContent
from libline_fed.domain.meetings import MeetingContent
from libline_fed.services import feedback, goals, logbook, meetings, mentorship_views, mentorships
from libline_fed.storage.store import Store, Tx
from tests.support.door import Door, door
from tests.support.pair import pair


@pytest.fixture
async def one(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Door]:
    async with pair(store, other_store, clock) as both, door(both, clock) as made:
        await made.begin()
        yield made
        assert not [toot for toot in await made.carla.statuses(made.ana.uri) if toot.visibility == "limited"]


async def states(one: Door) -> list[tuple[str, str]]:
    mine = await one.latest()

    async def unit(tx: Tx) -> list[tuple[str, str]]:
        view = await mentorship_views.get(tx, mine.id, person=one.ana)
        return [(meeting.state, meeting.changed_by) for meeting in await meetings.listed(tx, view)]

    return await one.side.read(unit)


async def test_goals_and_talks_are_told_in_plain_words(one: Door) -> None:
    goal = GoalContent("Catalogue 200 maps", due_on=date(2027, 3, 1), milestones=milestones_from(["Read"]))
    await one.do(goals.add, content=goal)
    assert "Goal: Catalogue 200 maps (by 1 March 2027)" in (await one.last()).text
    await one.do(logbook.add, content=TalkContent(one.side.clock.now().date(), 45, "Not for her."))
    said = (await one.last()).text
    assert "We talked on 24 November 2026, 45 minutes." in said
    assert "Not for her" not in said


async def test_a_time_is_chosen_by_its_number(one: Door) -> None:
    now = one.side.clock.now()
    times = tuple(now + timedelta(days=days, hours=6) for days in (2, 3, 4))
    await one.do(meetings.propose, content=MeetingContent(times, 45), zone="Africa/Nairobi")
    asked = (await one.last()).text
    assert "2) 27 November 2026, 15:00 UTC (18:00 for me)" in asked
    assert "Answer with the number" in asked
    await one.say("2)")
    assert await states(one) == [("agreed", "mentee")]
    assert "2)" in (await one.thread())[-1]
    await one.do(meetings.propose, content=MeetingContent(times, 45))
    await one.say("I cannot on any of these 3 days")
    assert [state for state, _ in await states(one)] == ["proposed", "agreed"]


async def test_an_edit_and_a_deletion_elsewhere_reach_the_thread(one: Door) -> None:
    await one.write("How are you?")
    sent = await one.say("Fine!")
    one.side.clock.advance(seconds=30)
    await one.carla.edit(sent, "Very fine!")
    await one.settle()
    assert "Very fine!" in (await one.thread())[-1]
    await one.carla.delete(sent)
    await one.settle()
    assert "fine" not in "".join(await one.thread())


async def test_feedback_is_announced_sealed_and_sent_when_the_time_is_over(one: Door) -> None:
    await one.do(mentorships.complete)
    answers = {"reached": "yes", "helped": "much", "again": "yes"}
    await one.do(feedback.give, content=FeedbackContent(answers, "A joy."))
    assert "I have written my feedback" in (await one.last()).text
    assert "A joy." not in "".join([toot.text for toot in await one.told()])
    await one.later(days=29)
    assert "A joy." in (await one.last()).text
