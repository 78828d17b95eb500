"""Cohorts and counts among three servers: what the host's coordinators write is seen by the members."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.domain.cohorts import CohortDraft
from libline_fed.domain.need_counts import Gap
from libline_fed.services import cohorts, need_counts
from libline_fed.storage.store import Store
from tests.federation.test_network_audience import get
from tests.support.consortium import Consortium, consortium
from tests.support.pair import DRAFT, Side

WISH = replace(DRAFT, purpose="request", areas=("A0301",), languages=("fr",))


@pytest.fixture
def engine() -> str:
    """Tests between servers that do not depend on the database run on SQLite."""
    return "sqlite"


@pytest.fixture
async def three(
    store: Store, other_store: Store, third_url: str, clock: FrozenClock, tmp_path: Path
) -> AsyncIterator[Consortium]:
    async with consortium(store, other_store, third_url, clock, tmp_path) as made:
        yield made


async def open_at(side: Side) -> list[str]:
    now = side.clock.now()
    found = await side.read(lambda tx: cohorts.open_here(tx, side.site, now=now))
    return [one.cohort.name for one in found]


async def test_members_see_a_cohort_begin_change_and_go(three: Consortium) -> None:
    await three.join(three.a)
    today = three.clock.now().date()
    draft = CohortDraft("Spring", "Come all.", "en", ("A0301",), today, today + timedelta(days=9))
    now = three.clock.now()
    made = await three.c.write(
        lambda tx: cohorts.add(
            tx, three.c.site, group_id=three.group.id, draft=draft, account=None, now=now
        )
    )
    await three.settle_all()
    assert await open_at(three.a) == ["Spring"]
    assert await open_at(three.b) == []  # no member
    page = await get(three.c, three.group.uri, {"Accept": "text/html"})
    assert "Spring" in page.text
    assert page.headers["content-type"].startswith("text/html")
    document = await get(three.c, three.group.uri, {})
    assert document.json()["cohorts"] == f"{three.group.uri}/cohorts"
    three.clock.advance(seconds=60)
    later = three.clock.now()
    summer = replace(draft, name="Summer")
    await three.c.write(
        lambda tx: cohorts.edit(
            tx, three.c.site, cohort_id=made.id, draft=summer, account=None, now=later
        )
    )
    await three.settle_all()
    assert await open_at(three.a) == ["Summer"]
    three.clock.advance(seconds=60)
    last = three.clock.now()
    await three.c.write(
        lambda tx: cohorts.remove(tx, three.c.site, cohort_id=made.id, account=None, now=last)
    )
    await three.settle_all()
    assert await open_at(three.a) == []


async def test_the_board_of_a_consortium_does_not_need_its_host(three: Consortium) -> None:
    await three.join(three.a, three.b)
    for number in range(6):
        await three.b.offer(await three.b.member(f"m{number}"), WISH)
    await three.c.stop()
    for side in (three.a, three.b):
        now = side.clock.now()
        await side.write(lambda tx, side=side, now=now: need_counts.count(tx, side.site, now=now))  # type: ignore[misc]
    assert await three.a.instance.need_reader().step() == 1
    group = await three.group_at(three.a)
    board = await three.a.read(lambda tx: need_counts.board_of(tx, group, now=three.clock.now()))
    assert board.gaps == [Gap("A0301", "fr", 6, None)]
    await three.c.start()
