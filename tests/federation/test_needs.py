"""Counts of needs between servers that share a consortium, and for nobody else."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from libline_fed.activitypub.needs import NeedsDocument, build_needs, needs_uri, parse_needs
from libline_fed.clock import FrozenClock
from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import MemberState
from libline_fed.domain.need_counts import Gap, NeedCount
from libline_fed.errors import Refusal
from libline_fed.federation.admit import Budget
from libline_fed.services import need_counts
from libline_fed.storage import consortia
from libline_fed.storage.store import Store, Tx
from tests.federation.test_network_audience import get, instance_of, signed
from tests.support.pair import DRAFT, Pair, Side, pair

WISH = replace(DRAFT, purpose="request", areas=("A0301",), languages=("fr",))
AT = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def engine() -> str:
    """Tests between servers that do not depend on the database run on SQLite."""
    return "sqlite"


@pytest.fixture
async def both(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Pair]:
    async with pair(store, other_store, clock) as made:
        yield made


async def share(side: Side, other: Side, *, state: MemberState = MemberState.MEMBER) -> Actor:
    """Let a server know a consortium in which it is a member, and the other one is what `state` says."""
    theirs = await side.know(await instance_of(other))
    ours = await instance_of(side)
    now = side.clock.now()

    async def unit(tx: Tx) -> None:
        for actor, what in ((ours, MemberState.MEMBER), (theirs, state)):
            await consortia.put_membership(
                tx, group_id=theirs.id, instance_id=actor.id, state=what, now=now
            )

    await side.write(unit)  # the row of the other server stands in for that of a Group: its URI is all
    return theirs


async def publish_five(side: Side) -> None:
    for number in range(5):
        await side.offer(await side.member(f"m{number}"), WISH)
    now = side.clock.now()
    await side.write(lambda tx: need_counts.count(tx, side.site, now=now))


async def test_co_members_read_each_others_counts(both: Pair) -> None:
    group = await share(both.a, both.b)
    await share(both.b, both.a)
    await publish_five(both.b)
    assert await both.a.instance.need_reader().step() == 1
    assert await both.a.instance.need_reader().step() == 0  # not again today
    board = await both.a.read(lambda tx: need_counts.board_of(tx, group, now=both.a.clock.now()))
    assert board.gaps == [Gap("A0301", "fr", 5, None)]
    assert board.missing == [both.a.host]  # which has not counted yet
    both.a.clock.advance(seconds=31 * 86_400)
    board = await both.a.read(lambda tx: need_counts.board_of(tx, group, now=both.a.clock.now()))
    assert board.gaps == []
    assert board.missing == [both.a.host, both.b.host]


async def test_nobody_else_is_served(both: Pair) -> None:
    await share(both.b, both.a, state=MemberState.ASKED)
    await publish_five(both.b)
    url = needs_uri(both.b.site.uris.instance_actor)
    nothing = await get(both.b, f"{both.b.base_url}/actor/no-such-thing", {})
    stranger = await get(both.b, url, await signed(both.a, await instance_of(both.a), url))
    unsigned = await get(both.b, url, {})
    assert nothing.status_code == stranger.status_code == unsigned.status_code == 404
    assert stranger.content == unsigned.content
    await share(both.b, both.a)
    person = await both.a.member("ana")
    by_person = await get(both.b, url, await signed(both.a, person, url))
    assert by_person.content == unsigned.content  # a member's key is not the server's
    served = await get(both.b, url, await signed(both.a, await instance_of(both.a), url))
    assert served.json()["needs"] == [
        {"area": "https://w3id.org/libline/vocab/v1/area/A0301", "language": "fr", "waiting": 5}
    ]


async def test_a_server_that_does_not_answer_is_asked_again_later(both: Pair) -> None:
    await share(both.a, both.b)  # b does not know of it, so it serves nothing
    reader = both.a.instance.need_reader()
    assert await reader.step() == 0
    due = await both.a.read(lambda tx: need_counts.due(tx, both.a.site, now=both.a.clock.now()))
    assert due == []
    both.a.clock.advance(seconds=7 * 3_600)
    due = await both.a.read(lambda tx: need_counts.due(tx, both.a.site, now=both.a.clock.now()))
    assert [actor.host for actor in due] == [both.b.host]


@pytest.mark.parametrize("wrong", ["attributedTo", "id"])
async def test_nobody_can_say_what_another_server_needs(both: Pair, wrong: str) -> None:
    actor_uri = "https://c.example/actor"
    document = build_needs(actor_uri, [NeedCount("A0301", "fr", 5, 12)], AT)
    assert isinstance(document[wrong], str)

    async def answer(request: httpx.Request) -> httpx.Response:
        del request
        return httpx.Response(200, json=document, headers={"content-type": "application/activity+json"})

    both.serve("c.example", answer)
    right = await both.a.instance.admitter.needs(actor_uri, Budget())
    assert not isinstance(right, Refusal)
    document[wrong] = document[wrong].replace("c.example", both.b.host)
    assert isinstance(await both.a.instance.admitter.needs(actor_uri, Budget()), Refusal)


def test_what_another_server_forgot_to_hide_is_not_taken() -> None:
    document = build_needs("https://b.example/actor", [NeedCount("A0301", "fr", 5, 12)], AT)
    cell = document["needs"][0]
    odd = [
        {**cell, "waiting": 4, "places": 3},
        {**cell, "area": "https://evil.example/A0301"},
        {**cell, "language": "!!"},
        {**cell, "area": None},
        "nonsense",
        None,
    ]
    parsed = parse_needs(document | {"needs": [*odd, {**cell, "language": "fr-CA", "waiting": 4}]})
    assert isinstance(parsed, NeedsDocument)
    assert parsed.counts == (NeedCount("A0301", "fr", None, 12),)
    assert parsed.counted_at == AT
    for broken in ({"type": "Note"}, {"updated": "yesterday"}, {"id": 7}):
        assert isinstance(parse_needs(document | broken), Refusal), broken
