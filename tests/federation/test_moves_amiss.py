"""Moves that go wrong on the way, and moves that nobody made."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.domain.actors import Actor
from libline_fed.domain.goals import GoalContent
from libline_fed.errors import Conflict
from libline_fed.services import goals, moves, outbox, rehoming
from libline_fed.services.pairs import locked
from libline_fed.storage import mentorships as rows
from libline_fed.storage.store import Store, Tx
from tests.support.duo import Duo, Person, check_places
from tests.support.pair import LEASE_S, Side
from tests.support.trio import answer, arrive, goals_and_messages, move, third, trio


@pytest.fixture
async def two(
    store: Store, other_store: Store, third_url: str, clock: FrozenClock, tmp_path: Path
) -> AsyncIterator[Duo]:
    """Ana on a mentors Ben on b; c is there, too."""
    async with trio(store, other_store, third_url, clock, tmp_path) as made:
        yield made


@pytest.mark.parametrize("trouble", ["twice", "the other way round", "crash"])
async def test_whatever_happens_on_the_way_both_go_on_once(two: Duo, trouble: str) -> None:
    await two.begin()
    mine = await two.ana.only()
    await two.ana.do(goals.add, mine.id, content=GoalContent("Of Ana"))
    await two.settle()
    if trouble == "twice":
        for side in two.both:
            two.both.duplicate(side)
    if trouble == "the other way round":
        two.both.reorder(two.both.b)
    ben2 = await move(two, two.ben, third(two))
    await answer(two.ana, is_yes=True)
    if trouble == "crash":
        await third(two).know(two.ana.actor)  # or its answer would be "later" while a is down
        await two.both.crash(two.both.a, "sent")
        await two.both.restart(two.both.a)
        await two.both.later(seconds=LEASE_S + 1)
    await two.settle()
    theirs = await ben2.only()
    assert (await two.ana.state(), theirs.state) == ("active", "active")
    assert (await two.ben.only()).reason == "moved"
    seen = await third(two).read(lambda tx: goals_and_messages(tx, theirs.id, ben2.actor))
    assert seen[0] == ["Of Ana"]
    await check_places(two.both.a)


async def say(side: Side, actor: Actor, to: Actor, **said: Any) -> None:
    """Let a member send a forged activity to somebody elsewhere."""
    now = side.clock.now()
    await side.write(
        lambda tx: outbox.publish(
            tx,
            side.site,
            actor=actor,
            to=[to.uri],
            inboxes=[(to.host, to.inbox_url)],
            is_public=False,
            now=now,
            **said,
        )
    )


async def moved_agreement_of(two: Duo, person: Person, partner: Actor, old: Actor) -> dict[str, Any]:
    """Return the Move(Agreement) that Ana could send."""
    one = await person.only()

    async def unit(tx: Tx) -> tuple[dict[str, Any], dict[str, Any]]:
        found = await locked(tx, one.id)
        return rehoming.moved_agreement(found, me=person.actor, partner=partner, old=old)

    object_, extras = await person.side.write(unit)
    return {"type_": "Move", "object_": object_, "object_uri": one.thread_uri, **extras}


async def test_strangers_cannot_move_a_mentorship(two: Duo) -> None:
    await two.begin()
    ben2 = await arrive(two.ben, third(two))
    evil = await two.both.a.member("eve")
    known = await two.both.a.resolver.find_actor(ben2.actor.uri)
    forged = await moved_agreement_of(two, two.ana, ben2.actor, two.ben.actor)
    # Not by somebody who is neither of the two, nor away from somebody who has not moved.
    await say(two.both.a, evil, known, **forged)
    at_b = await two.both.a.resolver.find_actor(two.ben.actor.uri)
    await say(two.both.a, two.ana.actor, at_b, **forged)
    await say(two.both.a, evil, at_b, **forged)
    await two.settle()
    assert await two.states() == ("active", "active")
    assert await ben2.mentorships() == []
    refused = [row.reason for row in await third(two).received() if row.type == "Move"]
    assert refused == ["bad-shape"]


async def test_nothing_begins_with_an_account_that_does_not_name_the_old_one(two: Duo) -> None:
    await two.begin()
    somebody = await third(two).member("somebody")
    known = await two.both.a.resolver.find_actor(somebody.uri)
    forged = await moved_agreement_of(two, two.ana, somebody, two.ben.actor)
    await say(two.both.a, two.ana.actor, known, **forged)
    await two.settle()
    assert await Person(third(two), somebody).mentorships() == []
    assert [row.reason for row in await third(two).received() if row.type == "Move"] == ["wrong-owner"]


async def test_only_the_old_account_says_that_it_has_moved(two: Duo) -> None:
    await two.begin()
    ben2 = await arrive(two.ben, third(two))
    at_c = await third(two).resolver.find_actor(two.ana.actor.uri)
    await say(
        third(two), ben2.actor, at_c, type_="Move", object_=two.ben.actor.uri,
        object_uri=two.ben.actor.uri, target=ben2.actor.uri,
    )  # fmt: skip
    await two.settle()
    assert "moved" not in await two.ana.notices()
    with pytest.raises(Conflict):
        await answer(two.ana, is_yes=True)


async def test_a_move_that_nobody_answers_changes_nothing(two: Duo) -> None:
    await two.begin()
    await move(two, two.ben, third(two))
    mine = await two.both.a.read(lambda tx: rows.of_actor(tx, two.ana.actor.id))
    assert [one.state for one in mine] == ["active"]
    found = await two.both.a.read(
        lambda tx: moves.open_move(tx, person=two.ana.actor, mentorship_id=mine[0].id)
    )
    assert found is not None
    assert found[2].uri.startswith("https://c.example/")
