"""Places are taken and given back in the transaction of the step that causes it, where the mentor is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.domain.mentorships import Mentorship, Side
from libline_fed.domain.proposals import Proposal, Status
from libline_fed.errors import Conflict
from libline_fed.services import answers, mentorships, requests, seats
from libline_fed.storage import mentorships as rows
from libline_fed.storage import proposals as proposal_rows
from libline_fed.storage.store import Store, Tx
from tests.support.duo import WORDS, Duo, Person, check_places, duo
from tests.support.pair import DRAFT, pair


@pytest.fixture
async def two(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Duo]:
    async with pair(store, other_store, clock) as both:
        yield await duo(both, places_count=1)


async def counted(two: Duo, proposal: Proposal | None = None) -> tuple[str, int, int]:
    """Return status, free places and waiting requests as the mentor's server shows them."""
    wanted = proposal or two.offer
    shown = await two.both.a.read(lambda tx: proposal_rows.by_id(tx, wanted.id))
    assert shown is not None
    await check_places(two.both.a)
    return shown.status, shown.places_free_count, shown.waiting_count


async def found(person: Person, mentorship: Mentorship) -> str | None:
    """Return whose place would be taken on a person's server."""

    async def unit(tx: Tx) -> str | None:
        people = await seats.people(tx, mentorship)
        return await seats.find(tx, mentor=people[Side.MENTOR], mentorship=mentorship)

    return await person.side.read(unit)


async def wish_of_ben(two: Duo) -> Proposal:
    wish = await two.both.b.offer(two.ben.actor, replace(DRAFT, purpose="request", title="Who helps me?"))
    await two.settle()
    return wish


async def test_waiting_takes_no_place_and_a_yes_does(two: Duo) -> None:
    assert await counted(two) == (Status.OPEN, 1, 0)
    await two.ask()
    assert await counted(two) == (Status.OPEN, 1, 1)
    await two.accept()
    assert await counted(two) == (Status.FULL, 0, 0)


@pytest.mark.parametrize("use_case", [mentorships.leave, answers.withdraw, answers.decline])
async def test_every_end_gives_back_what_was_taken(two: Duo, use_case: object) -> None:
    await two.ask()
    if use_case is mentorships.leave:
        await two.accept()
    person = two.ana if use_case is answers.decline else two.ben
    more = {"reason": "not-now"} if use_case is answers.decline else {}
    await person.do(use_case, (await person.only()).id, **more)
    await two.settle()
    assert await counted(two) == (Status.OPEN, 1, 0)


async def test_only_the_mentors_server_counts(two: Duo) -> None:
    await two.ask()
    assert await found(two.ana, await two.ana.only()) == two.offer.id
    assert await found(two.ben, await two.ben.only()) == seats.NO_OFFER
    await two.accept()
    assert await found(two.ana, await two.ana.only()) is None
    assert not (await two.ben.only()).holds_seat


async def test_who_answers_a_request_uses_the_offer_with_most_places(two: Duo) -> None:
    roomy = await two.both.a.offer(two.ana.actor, replace(DRAFT, title="Roomy", places_count=4))
    wish = await wish_of_ben(two)
    await two.ana.ask(wish.uri)
    mine = await two.ana.only()
    assert (mine.holds_seat, mine.seat_proposal_id) == (True, roomy.id)
    assert await counted(two, roomy) == (Status.OPEN, 3, 0)
    assert await counted(two) == (Status.OPEN, 1, 0)


async def test_a_held_place_comes_back_when_the_offer_is_taken_back_or_expires(two: Duo) -> None:
    wish = await wish_of_ben(two)
    for days in (0, 12):
        sent = await two.ana.ask(wish.uri)
        assert await counted(two) == (Status.FULL, 0, 0)
        await two.settle()
        if days:
            await two.both.later(days=days)
        else:
            await two.ana.do(answers.withdraw, sent.id)
        await two.settle()
        assert await counted(two) == (Status.OPEN, 1, 0)


async def test_a_mentor_without_a_free_place_cannot_answer_a_request(two: Duo) -> None:
    wish = await wish_of_ben(two)
    await two.ask()
    await two.accept()
    draft = await two.ana.start(wish.uri)
    with pytest.raises(Conflict) as caught:
        await two.ana.do(requests.send, draft.id, words=WORDS)
    assert "no free place" in caught.value.safe
    assert await counted(two) == (Status.FULL, 0, 0)


async def test_a_mentors_counter_proposal_holds_the_place(two: Duo) -> None:
    await two.ask()
    await two.ana.do(requests.counter, (await two.ana.only()).id, words=WORDS)
    assert await counted(two) == (Status.FULL, 0, 0)
    await two.settle()
    await two.ben.do(answers.decline, (await two.ben.only()).id, reason="other")
    await two.settle()
    assert await counted(two) == (Status.OPEN, 1, 0)


async def test_two_yeses_at_once_take_the_last_place_once(two: Duo) -> None:
    cleo = Person(two.both.a, await two.both.a.member("cleo"))
    await cleo.change_account(primer_done_at=two.both.clock.now())
    for person in (two.ben, cleo):
        await person.ask(two.offer.uri)
    await two.settle()
    waiting = await two.ana.mentorships()
    await asyncio.gather(
        *(two.ana.do(answers.accept, one.id) for one in [*waiting, *waiting]), return_exceptions=True
    )
    states = sorted([one.state for one in await two.ana.mentorships()])
    assert states == ["intro", "superseded"]
    assert await counted(two) == (Status.FULL, 0, 0)


async def test_drafts_begun_at_once_are_one(two: Duo) -> None:
    drafts = await asyncio.gather(*(two.ben.start(two.offer.uri) for _ in range(8)))
    assert len({one.id for one in drafts}) == 1
    assert len(await two.ben.side.read(lambda tx: rows.of_actor(tx, two.ben.actor.id))) == 1
