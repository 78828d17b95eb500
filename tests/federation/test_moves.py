"""Moving to another server with a running mentorship, between whole servers."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.domain.goals import GoalContent
from libline_fed.domain.imports import read_export
from libline_fed.domain.logbook import TalkContent
from libline_fed.errors import Conflict, InvalidInput, NotFound
from libline_fed.services import (
    follows,
    goals,
    imports,
    logbook,
    mentorship_views,
    mentorships,
    messages,
    moves,
    proposals,
    records,
)
from libline_fed.storage import goals as goal_rows
from libline_fed.storage.store import Store, Tx
from tests.support.duo import Duo, Person, check_places
from tests.support.trio import (
    answer,
    arrive,
    depart,
    exported,
    goals_and_messages,
    move,
    people_of,
    third,
    trio,
)


@pytest.fixture
async def two(
    store: Store, other_store: Store, third_url: str, clock: FrozenClock, tmp_path: Path
) -> AsyncIterator[Duo]:
    """Ana on a mentors Ben on b; c is there, too."""
    async with trio(store, other_store, third_url, clock, tmp_path) as made:
        yield made


# --- it goes on ---------------------------------------------------------------------------------------


async def test_a_mentee_moves_and_the_mentorship_goes_on(two: Duo) -> None:
    await two.begin()
    before = await two.ana.only()
    ben2 = await move(two, two.ben, third(two))
    assert "moved" in await two.ana.notices()
    assert await ben2.mentorships() == [], "nothing moves before the partner says yes"
    assert await two.states() == ("active", "active")

    await answer(two.ana, is_yes=True)
    await two.settle()
    mine, theirs, left = await two.ana.only(), await ben2.only(), await two.ben.only()
    assert (mine.state, theirs.state) == ("active", "active")
    assert (left.state, left.reason) == ("ended-intro", "moved")
    for side, one in ((two.both.a, mine), (third(two), theirs)):
        assert await people_of(side, one) == (two.ana.actor.uri, ben2.actor.uri)
        assert one.agreement_uri == before.agreement_uri
        assert (one.terms, one.started_at, one.ends_on) == (before.terms, before.started_at, before.ends_on)
        assert one.channel == "libline"
    assert "rehomed" in await ben2.notices()
    await check_places(two.both.a)

    await ben2.do(goals.add, theirs.id, content=GoalContent("Ten more maps"))
    await ben2.do(messages.write, theirs.id, text="Here I am.", is_informed=True)
    await two.settle()
    seen = await two.both.a.read(lambda tx: goals_and_messages(tx, mine.id, two.ana.actor))
    assert seen == (["Ten more maps"], ["<p>Here I am.</p>"])
    await two.ana.do(mentorships.complete, mine.id)
    await two.settle()
    assert (await two.ana.state(), await ben2.state()) == ("completed", "completed")
    assert await two.ben.state() == "ended-intro", "the old server hears nothing more"


async def test_a_mentor_moves_and_the_place_is_free_again(two: Duo) -> None:
    await two.begin()
    ana2 = await move(two, two.ana, third(two))
    assert "moved" in await two.ben.notices()
    offer = await two.both.a.read(lambda tx: proposals.find(tx, two.offer.id))
    assert offer.status == "closed", "who has moved takes nobody any more"
    await answer(two.ben, is_yes=True)
    await two.settle()
    mine, theirs, left = await ana2.only(), await two.ben.only(), await two.ana.only()
    assert (mine.state, theirs.state) == ("active", "active")
    assert (left.state, left.reason, left.holds_seat) == ("ended-intro", "moved", False)
    assert await people_of(third(two), mine) == (ana2.actor.uri, two.ben.actor.uri)
    assert await people_of(two.both.b, theirs) == (ana2.actor.uri, two.ben.actor.uri)
    await check_places(two.both.a)
    await ana2.do(mentorships.end_early, mine.id)
    await two.settle()
    assert await two.ben.state() == "ended-early"


async def test_who_moves_to_the_partners_server_needs_no_other_server(two: Duo) -> None:
    await two.begin()
    ben2 = await move(two, two.ben, two.both.a)
    await answer(two.ana, is_yes=True)
    await two.settle()
    mine, theirs = await two.ana.only(), await ben2.only()
    assert mine.id == theirs.id
    assert (mine.state, mine.channel) == ("active", "local")
    assert "rehomed" in await ben2.notices()
    assert (await two.ben.only()).reason == "moved"


async def test_of_two_on_one_server_one_moves_away(two: Duo) -> None:
    await two.begin()
    ben_at_a = await move(two, two.ben, two.both.a)
    await answer(two.ana, is_yes=True)
    await two.settle()
    ben_at_c = await move(two, ben_at_a, third(two))
    await answer(two.ana, is_yes=True)
    await two.settle()
    mine, theirs = await two.ana.only(), await ben_at_c.only()
    assert (mine.state, theirs.state) == ("active", "active")
    assert (mine.channel, theirs.channel) == ("libline", "libline")
    assert await ben_at_a.mentorships() == [], "there is one row here, and it is Ana's and the new account's"


async def test_goals_and_talks_come_along(two: Duo) -> None:
    await two.begin()
    today = two.both.clock.now().date()
    mine, theirs = await two.ana.only(), await two.ben.only()
    await two.ben.do(goals.add, theirs.id, content=GoalContent("Of Ben"))
    await two.ben.do(
        logbook.add, theirs.id, content=TalkContent(today, 45, notes_text="Secret of Ben", is_shared=False)
    )
    await two.ana.do(goals.add, mine.id, content=GoalContent("Of Ana"))
    await two.ana.do(
        logbook.add, mine.id, content=TalkContent(today, 30, notes_text="Secret of Ana", is_shared=False)
    )
    await two.settle()
    brought = read_export(await exported(two.ben))
    ben2 = await arrive(two.ben, third(two))
    now = two.both.clock.now()

    async def bring(tx: Tx) -> None:
        await imports.offer(tx, person=ben2.actor, brought=brought, now=now)
        (one,) = await imports.waiting(tx, ben2.actor)
        assert one.was_running
        await imports.take(tx, third(two).site, person=ben2.actor, ids=[one.id], now=now)

    await third(two).write(bring)
    await depart(two.ben, ben2)
    await two.settle()
    await answer(two.ana, is_yes=True)
    await two.settle()

    async def seen(tx: Tx, person: Person, mentorship_id: str) -> tuple[set[str], set[tuple[int, str]]]:
        view = await mentorship_views.get(tx, mentorship_id, person=person.actor)
        talks = await logbook.listed(tx, view)
        return (
            {goal.title for goal in await goals.listed(tx, view)},
            {(talk.minutes, talk.notes_text) for talk in talks},
        )

    at_c, at_a = await ben2.only(), await two.ana.only()
    assert await third(two).read(lambda tx: seen(tx, ben2, at_c.id)) == (
        {"Of Ben", "Of Ana"},
        {(45, "Secret of Ben"), (30, "")},
    )
    assert await two.both.a.read(lambda tx: seen(tx, two.ana, at_a.id)) == (
        {"Of Ben", "Of Ana"},
        {(45, ""), (30, "Secret of Ana")},
    )
    (own,) = await third(two).read(lambda tx: imports.taken(tx, ben2.actor))
    assert own.mentorship_id == at_c.id

    async def his_goal(tx: Tx) -> Any:
        view = await mentorship_views.get(tx, at_c.id, person=ben2.actor)
        return next(goal for goal in await goals.listed(tx, view) if goal.title == "Of Ben")

    goal = await third(two).read(his_goal)
    await ben2.do(goals.set_state, at_c.id, goal_id=goal.id, state="done")
    await two.settle()

    async def reached(tx: Tx) -> list[str]:
        view = await mentorship_views.get(tx, at_a.id, person=two.ana.actor)
        return [goal.title for goal in await goals.listed(tx, view) if goal.state == "done"]

    assert await two.both.a.read(reached) == ["Of Ben"], "what came along can be worked on"


async def test_an_archive_that_comes_after_the_move_fills_in_what_is_missing(two: Duo) -> None:
    await two.begin()
    theirs, mine = await two.ben.only(), await two.ana.only()
    await two.ben.do(goals.add, theirs.id, content=GoalContent("Of Ben"))
    await two.settle()
    brought = read_export(await exported(two.ben))
    ben2 = await move(two, two.ben, third(two))
    await answer(two.ana, is_yes=True)
    await two.settle()
    side, now, at_c = third(two), two.both.clock.now(), await ben2.only()

    async def bring(tx: Tx) -> None:
        await imports.offer(tx, person=ben2.actor, brought=brought, now=now)
        ids = [one.id for one in await imports.waiting(tx, ben2.actor)]
        await imports.take(tx, side.site, person=ben2.actor, ids=ids, now=now)

    async def uris(tx: Tx, mentorship_id: str) -> list[str]:
        return [goal.uri for goal in await goal_rows.of_mentorship(tx, mentorship_id)]

    assert await side.read(lambda tx: uris(tx, at_c.id)) == []
    await side.write(bring)
    there = await side.read(lambda tx: uris(tx, at_c.id))
    assert there == await two.both.a.read(lambda tx: uris(tx, mine.id)), "the same thing on both sides"
    assert [uri.startswith("https://c.example/") for uri in there] == [True]
    with pytest.raises(InvalidInput):
        await side.write(bring)
    assert await side.read(lambda tx: uris(tx, at_c.id)) == there


async def test_only_the_new_server_and_the_partners_give_records(two: Duo) -> None:
    await two.begin()
    two.both.clock.advance(days=40)
    ben2 = await move(two, two.ben, third(two))
    await answer(two.ana, is_yes=True)
    await two.settle()
    await two.ana.do(mentorships.complete, (await two.ana.only()).id)
    await two.settle()
    two.both.clock.advance(days=8)

    async def issue(person: Person) -> records.OwnRecord:
        one, now = await person.only(), person.side.clock.now()

        async def unit(tx: Tx) -> records.OwnRecord:
            view = await mentorship_views.get(tx, one.id, person=person.actor)
            return await records.issue(tx, person.side.site, view=view, now=now)

        return await person.side.write(unit)

    mine, theirs = await issue(two.ana), await issue(ben2)
    assert mine.record.mentorship_uri == theirs.record.mentorship_uri
    assert mine.record.started_on == theirs.record.started_on
    assert mine.record.ended_on == theirs.record.ended_on
    assert theirs.record.issuer_uri == "https://c.example/actor"
    with pytest.raises(Conflict):
        await issue(two.ben)


# --- it does not go on --------------------------------------------------------------------------------


async def test_a_no_ends_it_without_fault_everywhere(two: Duo) -> None:
    await two.begin()
    ben2 = await move(two, two.ben, third(two))
    await answer(two.ana, is_yes=False)
    await two.settle()
    assert await two.states() == ("ended-early", "ended-early")
    assert await ben2.mentorships() == []
    await check_places(two.both.a)
    with pytest.raises(Conflict):
        await two.ana.do(moves.decide, (await two.ana.only()).id, is_yes=True)


async def test_only_the_partner_decides_and_only_once(two: Duo) -> None:
    await two.begin()
    await move(two, two.ben, third(two))
    theirs = await two.ben.only()
    with pytest.raises(Conflict):
        await two.ben.do(moves.decide, theirs.id, is_yes=True)
    stranger = Person(two.both.a, await two.both.a.member("cleo"))
    with pytest.raises(NotFound):
        await stranger.do(moves.decide, (await two.ana.only()).id, is_yes=True)
    await answer(two.ana, is_yes=True)
    with pytest.raises(Conflict):
        await two.ana.do(moves.decide, (await two.ana.only()).id, is_yes=False)
    await two.settle()
    assert await two.ana.state() == "active"


async def test_requests_end_when_the_asker_moves(two: Duo) -> None:
    await two.ask()
    await move(two, two.ben, third(two))
    assert await two.states() == ("withdrawn", "withdrawn")


async def test_requests_are_declined_when_the_one_who_is_asked_moves(two: Duo) -> None:
    await two.ask()
    await move(two, two.ana, third(two))
    assert await two.states() == ("declined", "declined")


async def test_an_account_moves_only_to_one_that_names_it(two: Duo) -> None:
    await two.begin()
    other = Person(third(two), await third(two).member("somebody"))
    for to in (other, two.ben):
        with pytest.raises(InvalidInput):
            await depart(two.ben, to)
    ben2 = await move(two, two.ben, third(two))
    elsewhere = await arrive(two.ben, two.both.a)
    with pytest.raises(Conflict, match="has moved"):
        await depart(two.ben, elsewhere)
    await depart(two.ben, ben2)  # again to the same one: everybody is told once more
    await two.settle()
    assert (await two.ana.notices()).count("moved") == 1


async def test_followers_follow_to_the_new_account(two: Duo) -> None:
    fan = await third(two).member("fan")
    known = await third(two).know(two.ana.actor)
    now = two.both.clock.now()
    await third(two).write(
        lambda tx: follows.follow(tx, third(two).site, follower=fan, followed=known, now=now)
    )
    await two.settle()
    ana2 = await move(two, two.ana, two.both.b)
    state = await two.both.b.read(lambda tx: follows.count_followers(tx, ana2.actor.id))
    assert state == 1


async def test_the_document_of_who_has_moved_says_where(two: Duo) -> None:
    ben2 = await move(two, two.ben, third(two))
    seen = await two.both.a.resolver.find_actor(two.ben.actor.uri)
    assert seen.moved_to_uri == ben2.actor.uri
    named = await two.both.a.resolver.find_actor(ben2.actor.uri)
    assert two.ben.actor.uri in named.also_known_as
