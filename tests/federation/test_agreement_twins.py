"""The same two people and the same proposal twice: an old yes or an objection meets a new request."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.errors import Conflict
from libline_fed.services import answers, mentorships, requests
from libline_fed.storage.store import Store
from tests.support.duo import WORDS, Duo, Person, check_places, duo
from tests.support.pair import pair


@pytest.fixture
async def two(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Duo]:
    async with pair(store, other_store, clock) as both:
        yield await duo(both)
        await check_places(both.a)


async def states(two: Duo) -> list[list[str]]:
    """Return where everything stands on both servers, oldest first."""
    return [[one.state for one in await person.mentorships()] for person in (two.ana, two.ben)]


async def do_first(person: Person, use_case: Any, **more: Any) -> Any:
    """Do something with the oldest mentorship."""
    return await person.do(use_case, (await person.mentorships())[0].id, **more)


async def do_latest(person: Person, use_case: Any, **more: Any) -> Any:
    """Do something with the newest mentorship."""
    return await person.do(use_case, (await person.mentorships())[-1].id, **more)


@pytest.mark.parametrize("is_draft", [False, True])
async def test_an_old_yes_meets_a_new_request(two: Duo, *, is_draft: bool) -> None:
    """Ben takes his request back and asks anew while Ana's yes to the first is on its way."""
    await two.ask()
    two.both.hold(two.both.a)
    await two.ana.do(answers.accept, (await two.ana.only()).id)
    await two.settle()
    await two.ben.do(answers.withdraw, (await two.ben.only()).id)
    draft = await two.ben.start(two.offer.uri)
    if not is_draft:
        await two.ben.do(requests.send, draft.id, words=WORDS)
    await two.settle()
    two.both.release(two.both.a)
    await two.settle()
    assert await states(two) == [["intro"], ["intro", "superseded"]]
    await do_first(two.ben, mentorships.keep)
    await do_first(two.ana, mentorships.change_terms, values={"goal": "A goal", "months": 3, "mode": "M1"})
    await two.settle()
    theirs = (await two.ben.mentorships())[0]
    await two.ben.do(mentorships.confirm, theirs.id, terms_version=theirs.terms_version)
    await two.settle()
    assert await states(two) == [["active"], ["active", "superseded"]]


async def test_an_objection_meets_a_new_request(two: Duo) -> None:
    """Ana completes; Ben asks for more, and then says that the first is not over."""
    await two.begin()
    await two.ana.do(mentorships.complete, (await two.ana.only()).id)
    await two.settle()
    await two.ben.ask(two.offer.uri)
    await two.settle()
    assert await states(two) == [["completed", "proposed"], ["completed", "proposed"]]
    await do_first(two.ben, mentorships.object_to_end)
    await two.settle()
    assert await states(two) == [["active", "superseded"], ["active", "superseded"]]


async def test_an_objection_crosses_with_the_yes_to_a_new_request(two: Duo) -> None:
    """Both are right on their own server; what was begun anew stands, and both say so."""
    await two.begin()
    await two.ana.do(mentorships.complete, (await two.ana.only()).id)
    await two.settle()
    await two.ben.ask(two.offer.uri)
    await two.settle()
    for side in two.both:
        two.both.hold(side)
    await do_latest(two.ana, answers.accept)
    await do_first(two.ben, mentorships.object_to_end)
    await two.settle()
    for side in two.both:
        two.both.release(side)
    await two.settle()
    mine, theirs = await states(two)
    assert mine == theirs
    assert sorted(mine).count("active") + sorted(mine).count("intro") == 1


async def test_nobody_objects_once_a_new_one_runs(two: Duo) -> None:
    await two.begin()
    await two.ana.do(mentorships.complete, (await two.ana.only()).id)
    await two.settle()
    await two.ben.ask(two.offer.uri)
    await two.settle()
    await do_latest(two.ana, answers.accept)
    await two.settle()
    with pytest.raises(Conflict) as refused:
        await do_first(two.ben, mentorships.object_to_end)
    assert refused.value.safe == "There is an open request between the two of you already."
    assert await states(two) == [["completed", "intro"], ["completed", "intro"]]
