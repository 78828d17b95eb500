"""What an admin decides about other servers, and what follows from it, on both databases."""

import asyncio
from datetime import datetime

import pytest

from libline_fed.errors import InvalidInput, NotFound
from libline_fed.services import deliveries, follows, peers
from libline_fed.services.site import Site
from libline_fed.storage.store import Store
from tests.services.conftest import Add
from tests.services.test_proposals import publish
from tests.support.listed import listed_titles
from tests.support.neighbours import follow, list_offer, meet, queued, said


async def decide(store: Store, host: str, policy: str, now: datetime, note: str = "") -> None:
    await store.write(lambda tx: peers.set_policy(tx, host, policy, note, now=now))


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("Bad.Example", "bad.example"),
        (" bad.example. ", "bad.example"),
        ("bad.example:443", "bad.example"),
        ("bad.example:8443", "bad.example:8443"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
async def test_a_decision_is_kept_under_the_one_spelling_of_a_name(
    store: Store, now: datetime, typed: str, host: str
) -> None:
    peer = await store.write(lambda tx: peers.set_policy(tx, typed, "silenced", "spam", now=now))
    assert (peer.host, peer.policy, peer.note) == (host, "silenced", "spam")
    assert await store.read(lambda tx: peers.show(tx, typed)) == peer
    assert await store.read(lambda tx: peers.list_peers(tx, policy="silenced")) == [peer]


@pytest.mark.parametrize(
    ("host", "policy", "note", "field"),
    [
        ("", "blocked", "", "host"),
        ("https://bad.example/", "blocked", "", "host"),
        ("bad example", "blocked", "", "host"),
        ("*.example", "blocked", "", "host"),
        ("x" * 300 + ".example", "blocked", "", "host"),
        ("bad.example", "hated", "", "policy"),
        ("bad.example", "blocked", "x" * 1_001, "note"),
    ],
)
async def test_a_decision_with_a_mistake_names_the_field_and_is_not_kept(
    store: Store, now: datetime, host: str, policy: str, note: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await decide(store, host, policy, now, note)
    assert set(refused.value.fields) == {field}
    assert await store.read(peers.list_peers) == []


async def test_a_decision_wakes_those_who_hold_the_policies_in_memory(store: Store, now: datetime) -> None:
    with store.subscription("peers") as woken:
        await decide(store, "bad.example", "blocked", now)
        await asyncio.wait_for(woken.wait(), timeout=5)


async def test_of_a_server_nobody_has_met_there_is_nothing_to_show(store: Store) -> None:
    for name in ("unknown.example", "not a name"):
        with pytest.raises(NotFound):
            await store.read(lambda tx, host=name: peers.show(tx, host))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("host", "is_covered"),
    [
        ("bad.example", True),
        ("bad.example:8443", True),
        ("sub.bad.example", True),
        ("a.sub.bad.example:8443", True),
        ("notbad.example", False),
        ("bad.example.org", False),
        ("example", False),
        ("good.bad.example", False),  # allowed by name
    ],
)
async def test_a_block_ends_follows_both_ways_with_all_that_it_covers(
    store: Store, add: Add, now: datetime, host: str, is_covered: bool
) -> None:
    ana = (await add("ana")).actor
    bo = await meet(store, "bo", host, now)
    await follow(store, ana, bo, now)
    await follow(store, bo, ana, now)
    await decide(store, "good.bad.example", "allowed", now)
    await decide(store, "bad.example", "blocked", now)
    for pair in ((ana, bo), (bo, ana)):
        state = await store.read(lambda tx, two=pair: follows.state(tx, two[0].id, two[1].id))  # type: ignore[misc]
        assert state == (None if is_covered else "accepted")


async def test_an_underscore_in_a_name_stands_for_itself(store: Store, add: Add, now: datetime) -> None:
    ana, bo = (await add("ana")).actor, await meet(store, "bo", "x.acb.example", now)
    await follow(store, ana, bo, now)
    await decide(store, "a_b.example", "blocked", now)
    assert await store.read(lambda tx: follows.state(tx, ana.id, bo.id)) == "accepted"


async def test_a_block_cancels_what_waits_for_the_server_and_tells_it_nothing(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    for handle, host in (("bo", "bad.example"), ("cy", "sub.bad.example:8443"), ("dee", "good.example")):
        await follow(store, await meet(store, handle, host, now), ana.actor, now)
    await publish(store, site, ana, now)
    said_before = await said(store, ana.actor.id)
    await decide(store, "bad.example", "blocked", now)
    states = {(one.host, one.state) for one in await queued(store)}
    assert states == {
        ("bad.example", "cancelled"),
        ("sub.bad.example:8443", "cancelled"),
        ("good.example", "queued"),
    }
    cancelled = await store.read(lambda tx: deliveries.list_queue(tx, state="cancelled"))
    assert {one.last_error for one in cancelled} == {"the server is blocked"}
    assert await said(store, ana.actor.id) == said_before


async def test_a_block_lets_go_of_what_follows_brought_and_hides_the_rest_while_it_lasts(
    store: Store, add: Add, now: datetime
) -> None:
    bo = await meet(store, "bo", "bad.example", now)
    await follow(store, (await add("ana")).actor, bo, now)
    await list_offer(store, bo, "followed", now)
    await list_offer(store, bo, "announced", now, source="announce")

    async def listed() -> list[str]:
        return await listed_titles(store, now)

    assert sorted(await listed()) == ["Offer announced", "Offer followed"]
    await decide(store, "bad.example", "blocked", now)
    assert await listed() == []
    await decide(store, "bad.example", "default", now)
    assert await listed() == ["Offer announced"]


@pytest.mark.parametrize("policy", ["default", "allowed", "silenced"])
async def test_only_a_block_ends_anything(
    store: Store, site: Site, add: Add, now: datetime, policy: str
) -> None:
    ana, bo = await add("ana"), await meet(store, "bo", "b.example", now)
    await follow(store, bo, ana.actor, now)
    await publish(store, site, ana, now)
    await decide(store, "b.example", policy, now)
    assert await store.read(lambda tx: follows.state(tx, bo.id, ana.actor.id)) == "accepted"
    assert {one.state for one in await queued(store)} == {"queued"}
