"""Moves that go wrong on the way, and moves that nobody made."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from libline_fed.activitypub.moves import agreements_extra
from libline_fed.clock import FrozenClock
from libline_fed.domain.actors import Actor
from libline_fed.domain.goals import GoalContent
from libline_fed.domain.imports import read_export
from libline_fed.domain.moves import MAX_MESSAGE_BYTES, MAX_WAITING
from libline_fed.errors import Conflict
from libline_fed.services import goals, imports, moves, outbox, rehoming
from libline_fed.services.pairs import locked
from libline_fed.storage import arrivals
from libline_fed.storage import mentorships as rows
from libline_fed.storage.store import Store, Tx
from tests.support.duo import Duo, Person, check_places
from tests.support.ended import add_mentorship
from tests.support.pair import LEASE_S, Side
from tests.support.trio import (
    answer,
    arrive,
    depart,
    exported,
    goals_and_messages,
    move,
    third,
    trio,
)
from tests.support.wire import Letter


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


async def states_of(person: Person) -> list[str]:
    return [one.state for one in await person.mentorships()]


async def test_knowing_somebodys_old_address_is_not_enough_to_come_with_a_mentorship(two: Duo) -> None:
    """Eve has a mentorship of her own, says that it is Ben's, and names his old account and his new one."""
    await two.begin()
    ben2 = await move(two, two.ben, third(two))
    eve = Person(two.both.a, await two.both.a.member("eve"))
    cleo = await two.both.a.member("cleo")
    now = two.both.clock.now()
    await two.both.a.write(
        lambda tx: add_mentorship(tx, mentor=eve.actor, mentee=cleo, now=now, state="active")
    )
    known = await two.both.a.resolver.find_actor(ben2.actor.uri)
    forged = await moved_agreement_of(two, eve, known, two.ben.actor)
    await say(two.both.a, eve.actor, known, **forged)
    await two.settle()
    assert await states_of(ben2) == []
    assert "rehomed" not in await ben2.notices()
    reasons = [row.reason for row in await third(two).received() if row.type == "Move" and row.reason]
    assert reasons == ["not-for-us"]
    await answer(two.ana, is_yes=True)
    await two.settle()
    assert await states_of(ben2) == ["active"], "only what the old server has named"


async def test_what_comes_unannounced_is_bounded(two: Duo) -> None:
    ben2 = await move(two, two.ben, third(two))
    eve = Person(two.both.a, await two.both.a.member("eve"))
    known = await two.both.a.resolver.find_actor(ben2.actor.uri)
    await two.both.a.write(
        lambda tx: add_mentorship(
            tx, mentor=eve.actor, mentee=known, now=two.both.clock.now(), state="active"
        )
    )
    forged = await moved_agreement_of(two, eve, known, two.ben.actor)
    for number in range(MAX_WAITING + 3):
        object_ = {**forged["object_"], "id": f"https://a.example/agreements/{number}"}
        await say(two.both.a, eve.actor, known, **{**forged, "object_": object_})
    large = {**forged["object_"], "id": "https://a.example/large", "nonsense": "x" * MAX_MESSAGE_BYTES}
    await say(two.both.a, eve.actor, known, **{**forged, "object_": large})
    await two.settle()
    count = await third(two).read(lambda tx: arrivals.count_unvouched(tx, ben2.actor.id))
    assert count == MAX_WAITING
    waiting = await third(two).read(lambda tx: arrivals.heard(tx, ben2.actor.id))
    assert "https://a.example/large" not in [one.agreement_uri for one in waiting]


async def depart_unannounced(two: Duo, new: Person) -> list[Letter]:
    """Let Ben move away, and keep back what his old server tells the new one."""
    way = two.both.network.way("b.example")
    two.both.hold(two.both.b)
    await depart(two.ben, new)
    await two.settle()
    kept = [letter for letter in way.waiting if "//c.example/" in letter.url]
    assert [letter.activity["type"] for letter in kept] == ["Move"]
    way.waiting = [letter for letter in way.waiting if letter not in kept]
    two.both.release(two.both.b)
    await two.settle()
    return kept


async def test_the_partner_may_be_heard_before_the_old_server(two: Duo) -> None:
    await two.begin()
    ben2 = await arrive(two.ben, third(two))
    kept = await depart_unannounced(two, ben2)
    await answer(two.ana, is_yes=True)
    await two.settle()
    assert await states_of(ben2) == [], "nobody but Ana says so"
    two.both.network.way("b.example").waiting += kept
    await two.settle()
    assert await states_of(ben2) == ["active"]
    assert await third(two).read(lambda tx: arrivals.heard(tx, ben2.actor.id)) == []


async def test_an_archive_that_was_taken_says_as_much_as_the_old_server(two: Duo) -> None:
    """The old server has said nothing; what its member brought along names agreement and partner."""
    await two.begin()
    brought = read_export(await exported(two.ben))
    ben2 = await arrive(two.ben, third(two))
    await depart_unannounced(two, ben2)
    await answer(two.ana, is_yes=True)
    await two.settle()
    side, now = third(two), two.both.clock.now()

    async def bring(tx: Tx) -> None:
        await imports.offer(tx, person=ben2.actor, brought=brought, now=now)
        ids = [one.id for one in await imports.waiting(tx, ben2.actor)]
        await imports.take(tx, side.site, person=ben2.actor, ids=ids, now=now)

    assert await states_of(ben2) == []
    await side.write(bring)
    assert await states_of(ben2) == ["active"]


async def test_the_word_of_another_account_than_the_old_one_counts_for_nothing(two: Duo) -> None:
    await two.begin()
    mine = await two.ana.only()
    ben2 = await arrive(two.ben, third(two))
    eve = await two.both.b.member("eve")
    at_c = await two.both.b.resolver.find_actor(ben2.actor.uri)
    for object_uri in (eve.uri, two.ben.actor.uri):
        await say(
            two.both.b, eve, at_c, type_="Move", object_=object_uri, object_uri=object_uri,
            target=ben2.actor.uri, **agreements_extra([(mine.agreement_uri or "", two.ana.actor.uri)]),
        )  # fmt: skip
    await two.settle()
    known = await two.both.a.resolver.find_actor(ben2.actor.uri)
    await say(
        two.both.a, two.ana.actor, known, **await moved_agreement_of(two, two.ana, known, two.ben.actor)
    )
    await two.settle()
    assert await states_of(ben2) == []


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
