"""Every row of the table of steps, between two servers with their own databases and real signatures."""

from collections.abc import AsyncIterator

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.services import answers, mentorships
from libline_fed.storage.store import Store
from tests.support.duo import Duo, duo
from tests.support.pair import pair


@pytest.fixture
async def two(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Duo]:
    async with pair(store, other_store, clock) as both:
        yield await duo(both)


async def test_asked_accepted_agreed_and_completed(two: Duo) -> None:
    await two.ask()
    assert await two.states() == ("proposed", "proposed")
    assert await two.ana.notices() == ["requested"]
    await two.accept()
    assert await two.states() == ("intro", "intro")
    assert await two.ben.notices() == ["accepted"]
    await two.check()
    await two.agree()
    assert await two.states() == ("active", "active")
    await two.ben.do(mentorships.complete, (await two.ben.only()).id)
    await two.settle()
    assert await two.states() == ("completed", "completed")
    await two.check()


async def test_a_no_is_told_with_its_reason(two: Duo) -> None:
    await two.ask()
    await two.ana.do(answers.decline, (await two.ana.only()).id, reason="not-my-area", note="Ask Cleo.")
    await two.settle()
    assert await two.states() == ("declined", "declined")
    told = await two.ben.only()
    assert (told.reason, told.reason_text) == ("not-my-area", "Ask Cleo.")
