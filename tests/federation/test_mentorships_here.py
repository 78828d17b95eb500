"""A mentorship between two members of one server: the same steps, and nothing on the wire."""

from collections.abc import AsyncIterator

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.errors import NotFound
from libline_fed.services import answers, mentorship_views, mentorships, requests
from libline_fed.storage.store import Store
from tests.support.duo import TERMS, WORDS, Duo, Person, check_places, duo
from tests.support.pair import pair


@pytest.fixture
async def here(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Duo]:
    async with pair(store, other_store, clock) as both:
        two = await duo(both)
        cleo = Person(both.a, await both.a.member("cleo"))
        await cleo.change_account(primer_done_at=clock.now())
        both.network.letters.clear()
        yield Duo(both, two.ana, cleo, two.offer)


async def test_the_whole_way_without_a_letter(here: Duo) -> None:
    ana, cleo = here.ana, here.ben
    asked = await cleo.ask(here.offer.uri)
    assert asked.channel == "local"
    await ana.do(answers.accept, asked.id)
    await ana.do(mentorships.change_terms, asked.id, values=TERMS)
    terms_version = (await cleo.only()).terms_version
    await cleo.do(mentorships.confirm, asked.id, terms_version=terms_version, contact="cleo@mail.example")
    assert await here.states() == ("active", "active")
    assert (await ana.only()).mentee_contact == "cleo@mail.example"
    await here.both.settle()
    assert [letter.activity["type"] for letter in here.both.network.letters] == []
    await ana.do(mentorships.complete, asked.id)
    assert (await cleo.state(), await cleo.notices()) == (
        "completed",
        ["accepted", "terms", "completed"],
    )
    assert await ana.notices() == ["requested", "started"]
    await check_places(here.both.a)


async def test_what_one_declines_the_other_reads(here: Duo) -> None:
    asked = await here.ben.ask(here.offer.uri)
    await here.ana.do(answers.decline, asked.id, reason="not-now", note="In spring, gladly.")
    told = await here.ben.only()
    assert (told.state, told.reason, told.reason_text) == ("declined", "not-now", "In spring, gladly.")
    assert await here.ben.notices() == ["declined"]


async def test_silence_expires_for_both(here: Duo) -> None:
    await here.ben.ask(here.offer.uri)
    await here.both.later(days=10, hours=1)
    assert await here.states() == ("expired", "expired")
    assert (await here.ben.notices(), (await here.ana.notices())[-1]) == (["expired"], "expired")


async def test_one_counter_proposal_each_way(here: Duo) -> None:
    asked = await here.ben.ask(here.offer.uri)
    shorter = requests.Words("Gladly, for one month.", {}, {"months": 1}, "en")
    await here.ana.do(requests.counter, asked.id, words=shorter)
    longer = requests.Words("Two months would be better.", {}, {"months": 3}, "en")
    await here.ben.do(requests.counter, asked.id, words=longer)
    with pytest.raises(Exception, match="one counter-proposal each way"):
        await here.ana.do(requests.counter, asked.id, words=shorter)
    await here.ana.do(answers.accept, asked.id)
    assert (await here.ben.only()).terms["months"] == 3
    await check_places(here.both.a)


async def test_nobody_else_learns_of_it(here: Duo) -> None:
    asked = await here.ben.ask(here.offer.uri)
    dora = Person(here.both.a, await here.both.a.member("dora"))
    for use_case, more in (
        (answers.accept, {}),
        (answers.withdraw, {}),
        (answers.decline, {"reason": "not-now"}),
        (requests.counter, {"words": WORDS}),
        (mentorships.complete, {}),
        (mentorships.leave, {}),
    ):
        with pytest.raises(NotFound):
            await dora.do(use_case, asked.id, **more)
    with pytest.raises(NotFound):
        await here.both.a.read(lambda tx: mentorship_views.get(tx, asked.id, person=dora.actor))
    assert await here.states() == ("proposed", "proposed")
