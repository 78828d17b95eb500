"""Two whole servers, and everything that may go wrong between them: proven with follows."""

from collections.abc import AsyncIterator

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.domain.actors import Actor
from libline_fed.services import follows
from libline_fed.storage.store import Store
from tests.support.pair import DRAFT, LEASE_S, Pair, Side, pair


@pytest.fixture
async def both(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Pair]:
    async with pair(store, other_store, clock) as made:
        yield made


async def follow(side: Side, follower: Actor, followed: Actor) -> None:
    known = await side.know(followed)
    now = side.clock.now()
    await side.write(
        lambda tx: follows.follow(tx, side.site, follower=follower, followed=known, now=now)
    )


async def followers_count(side: Side, actor: Actor) -> int:
    return await side.read(lambda tx: follows.count_followers(tx, actor.id))


async def test_what_one_says_the_other_hears(both: Pair) -> None:
    a, b = both
    ana, ben = await a.member("ana"), await b.member("ben")
    await follow(b, ben, ana)
    await both.settle()
    assert await followers_count(a, ana) == 1
    offer = await a.offer(ana)
    await both.settle()
    found = await b.resolver.find_object(offer.uri)
    assert getattr(found, "title", None) == DRAFT.title
    said = [letter.activity["type"] for letter in both.network.letters]
    assert said == ["Follow", "Accept", "Create", "Add"]


async def test_repeats_and_another_order_change_nothing(both: Pair) -> None:
    a, b = both
    ana, ben, cleo = await a.member("ana"), await b.member("ben"), await b.member("cleo")
    both.duplicate(b)
    both.reorder(a)
    await follow(b, ben, ana)
    await follow(b, cleo, ana)
    await both.settle()
    assert await followers_count(a, ana) == 2
    assert len(await a.notices(ana)) == 2
    states = [row.state for row in await a.received()]
    assert states.count("applied") == 2


async def test_what_is_held_back_waits_and_what_is_lost_is_lost(both: Pair) -> None:
    a, b = both
    ana, ben, cleo = await a.member("ana"), await b.member("ben"), await b.member("cleo")
    both.drop(b)
    await follow(b, ben, ana)
    await both.settle()
    both.hold(b)
    await follow(b, cleo, ana)
    await both.later(hours=20)
    assert await followers_count(a, ana) == 0
    both.release(b)
    await both.settle()
    assert await followers_count(a, ana) == 1


async def test_what_could_not_be_sent_is_sent_when_its_time_comes(both: Pair) -> None:
    a, b = both
    ana, ben = await a.member("ana"), await b.member("ben")
    known = await b.know(ana)
    both.cut(a)
    now = b.clock.now()
    await b.write(lambda tx: follows.follow(tx, b.site, follower=ben, followed=known, now=now))
    await both.settle()
    both.mend(a)
    await both.settle()
    assert await followers_count(a, ana) == 0
    await both.later(hours=1)
    assert await followers_count(a, ana) == 1


async def test_an_answer_that_is_lost_makes_a_repeat(both: Pair) -> None:
    a, b = both
    ana, ben = await a.member("ana"), await b.member("ben")
    both.lose_answers(b)
    await follow(b, ben, ana)
    await both.settle()
    await both.later(hours=1)
    assert [letter.activity["type"] for letter in both.network.letters].count("Follow") == 2
    assert await followers_count(a, ana) == 1


@pytest.mark.parametrize("when", ["idle", "sent"])
async def test_a_sender_that_is_killed_goes_on_where_it_was(both: Pair, when: str) -> None:
    a, b = both
    ana, ben = await a.member("ana"), await b.member("ben")
    await follow(b, ben, ana)
    await both.crash(b, when)
    await both.settle()
    await both.restart(b)
    await both.later(seconds=LEASE_S + 1)
    assert await followers_count(a, ana) == 1
    sent = [letter.activity["type"] for letter in both.network.letters]
    assert sent.count("Follow") == (2 if when == "sent" else 1)


async def test_a_receiver_that_is_killed_after_it_accepted_applies_later(both: Pair) -> None:
    a, b = both
    ana, ben = await a.member("ana"), await b.member("ben")
    await follow(b, ben, ana)
    await b.deliver()
    await both.crash(a, "leased")
    await both.restart(a)
    await both.settle()
    assert await followers_count(a, ana) == 0
    await both.later(seconds=LEASE_S + 1)
    assert await followers_count(a, ana) == 1
