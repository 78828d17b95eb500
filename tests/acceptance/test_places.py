"""Two hundred people ask at once for three places, and the mentor says yes to all at once, twice each.

Half of them are members of the mentor's server; the Offers of the others come from another server.
"""

import asyncio
import contextlib
import dataclasses
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import orjson
import pytest

from libline_fed.clock import FrozenClock
from libline_fed.domain.mentorships import Mentorship
from libline_fed.domain.proposals import Proposal, Status
from libline_fed.errors import StoreBusy
from libline_fed.services import requests
from libline_fed.storage import mentorships as rows
from libline_fed.storage import proposals as proposal_rows
from libline_fed.storage.store import Store, Tx
from tests.support.duo import WORDS, Person, check_places
from tests.support.pair import DRAFT, Pair, Side, pair
from tests.support.presses import PATIENCE_COUNT, accept_all, press

PLACES_COUNT = 3
ASKERS_COUNT = 100  # on each server
STORES_COUNT = 4
NO_PLACE = "There is no free place any more, or a mentor was found elsewhere."


async def settle_while_busy(both: Pair) -> None:
    """Let letters arrive while many press buttons; a worker that finds the database busy tries again."""
    for _ in range(PATIENCE_COUNT):
        with contextlib.suppress(StoreBusy):
            await both.settle()
            return
    raise AssertionError("always busy")


@pytest.fixture
async def both(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Pair]:
    async with pair(store, other_store, clock) as made:
        yield made


@pytest.fixture
async def stores(both: Pair) -> AsyncIterator[list[Store]]:
    """Several connections to the mentor's database, as several processes have them."""
    async with AsyncExitStack() as stack:
        url = both.a.store.url.render_as_string(hide_password=False)
        opened = [await Store(url).open() for _ in range(STORES_COUNT)]
        for one in opened:
            stack.push_async_callback(one.close)
        yield opened


async def newcomers(side: Side, count: int, name: str = "early") -> list[Person]:
    people = [Person(side, await side.member(f"{name}{number}")) for number in range(count)]
    for person in people:
        await person.change_account(primer_done_at=side.clock.now())
    return people


async def offer_of(side: Side) -> tuple[Person, Proposal]:
    mentor = Person(side, await side.member("mentor"))
    await mentor.change_account(primer_done_at=side.clock.now())
    offer = await side.offer(mentor.actor, dataclasses.replace(DRAFT, places_count=PLACES_COUNT))
    return mentor, offer


async def ask_twice(person: Person, offer: Proposal, store: Store) -> None:
    """Send a request with a double click, through one of several connections."""
    known = await person.side.resolver.find_object(offer.uri)
    assert isinstance(known, Proposal)
    site, now, said = person.side.site, person.side.clock.now(), Counter[str]()

    async def start(tx: Tx) -> Mentorship:
        return await requests.start(
            tx, site, person=person.actor, proposal_id=known.id, viewer=None, now=now
        )

    drafts = await asyncio.gather(press(store, start, said), press(store, start, said))
    assert drafts[0].id == drafts[1].id

    async def send(tx: Tx) -> object:
        return await requests.send(
            tx, site, person=person.actor, mentorship_id=drafts[0].id, words=WORDS, now=now
        )

    await asyncio.gather(press(store, send, said), press(store, send, said))


async def of_mentor(side: Side, mentor: Person) -> list[Mentorship]:
    return await side.read(lambda tx: rows.of_actor(tx, mentor.actor.id, limit=1_000))


async def check_outcome(both: Pair, mentor: Person, offer: Proposal, people: list[Person]) -> None:
    """Three have a mentor, everybody else was told, and nobody twice."""
    found = await of_mentor(both.a, mentor)
    assert Counter(one.state for one in found)["intro"] == PLACES_COUNT
    assert {one.state for one in found} <= {"intro", "superseded"}
    assert all(one.reason == "full" for one in found if one.state == "superseded")
    shown = await both.a.read(lambda tx: proposal_rows.by_id(tx, offer.id))
    assert shown is not None
    assert (shown.status, shown.places_free_count, shown.waiting_count) == (Status.FULL, 0, 0)
    await check_places(both.a)
    states, told = Counter[str](), Counter[str]()
    for person in people:
        mine = await person.only()
        states[mine.state] += 1
        told.update(await person.notices())
        assert mine.reason == ("full" if mine.state == "superseded" else None)
    losers_count = len(people) - PLACES_COUNT
    assert states == {"intro": PLACES_COUNT, "superseded": losers_count}
    assert told == {"accepted": PLACES_COUNT, "superseded": losers_count}


async def test_two_hundred_from_here_and_elsewhere_for_three_places(
    both: Pair, stores: list[Store]
) -> None:
    here = await newcomers(both.a, ASKERS_COUNT // 2)  # members before the mentor, and after: of two people
    mentor, offer = await offer_of(both.a)
    here += await newcomers(both.a, ASKERS_COUNT // 2, "late")  # the older one is locked first
    there = await newcomers(both.b, ASKERS_COUNT)
    await asyncio.gather(
        *(ask_twice(one, offer, stores[at % STORES_COUNT]) for at, one in enumerate(here)),
        *(ask_twice(one, offer, both.b.store) for one in there),
    )
    assert await both.b.deliver() >= ASKERS_COUNT / 2  # the others are still on their way
    await both.a.apply()
    waiting = [one.id for one in await of_mentor(both.a, mentor) if one.state == "proposed"]
    assert len(waiting) > ASKERS_COUNT
    random.Random(7).shuffle(waiting)
    said, _ = await asyncio.gather(
        accept_all(stores, both.a.site, mentor.actor.id, waiting, now=both.clock.now()),
        settle_while_busy(both),
    )
    await both.settle()
    assert said["intro"] == 2 * PLACES_COUNT, "a second press changes nothing"
    assert set(said) <= {"intro", "superseded", NO_PLACE, "busy"}
    await check_outcome(both, mentor, offer, [*here, *there])
    letters = Counter(one.activity["type"] for one in both.network.letters if one.sender == both.a.host)
    winners_count = sum([(await one.state()) == "intro" for one in there])
    assert (letters["Accept"], letters["Reject"]) == (winners_count, ASKERS_COUNT - winners_count)


async def test_two_processes_accept_at_once(both: Pair) -> None:
    people = await newcomers(both.a, ASKERS_COUNT // 4)
    mentor, offer = await offer_of(both.a)
    people += await newcomers(both.a, ASKERS_COUNT // 4, "late")
    await asyncio.gather(*(ask_twice(one, offer, both.a.store) for one in people))
    waiting = [one.id for one in await of_mentor(both.a, mentor)]
    assert len(waiting) == len(people)
    url, now = both.a.store.url.render_as_string(hide_password=False), both.clock.now()
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.support.presses", url, both.a.base_url, mentor.actor.id, now.isoformat()),
            *(waiting if number else reversed(waiting)),
            stdout=asyncio.subprocess.PIPE,
        )
        for number in range(2)
    ]
    outputs = await asyncio.gather(*(process.communicate() for process in processes))
    assert [process.returncode for process in processes] == [0, 0]
    said = sum((Counter(orjson.loads(output)) for output, _ in outputs), Counter[str]())
    assert said["intro"] == 2 * 2 * PLACES_COUNT
    assert set(said) <= {"intro", "superseded", NO_PLACE, "busy"}
    await check_outcome(both, mentor, offer, people)
