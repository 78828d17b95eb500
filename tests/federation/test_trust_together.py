"""Consortia between whole servers as people and admins meet them: looked up, followed, listened to."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.config import Federation
from libline_fed.domain.accounts import Role
from libline_fed.errors import NotFound
from libline_fed.services import advice, follows, peers, published_advice, trust
from libline_fed.storage import accounts
from libline_fed.storage.store import Store, Tx
from tests.support.consortium import GROUP_URI, Consortium, consortium, listed
from tests.support.pair import DRAFT, Side


@pytest.fixture
def engine() -> str:
    """What does not depend on the database runs on SQLite."""
    return "sqlite"


@pytest.fixture
async def three(
    store: Store, other_store: Store, third_url: str, clock: FrozenClock, tmp_path: Path
) -> AsyncIterator[Consortium]:
    async with consortium(store, other_store, third_url, clock, tmp_path) as made:
        yield made


async def policy(side: Side, host: str) -> str:
    return (await side.read(lambda tx: peers.show(tx, host))).policy


async def test_a_person_finds_a_consortium_by_its_handle_and_follows_it(three: Consortium) -> None:
    a, _, c = three
    ana = await a.member("ana")
    for typed in ("@redbib@c.example", "redbib@c.example", "acct:redbib@c.example", GROUP_URI):
        found = await a.resolver.find(typed)
        assert (found.uri, found.type) == (GROUP_URI, "Group")  # type: ignore[union-attr]
    group = await a.resolver.find_actor("@redbib@c.example")
    now = a.clock.now()
    await a.write(lambda tx: follows.follow(tx, a.site, follower=ana, followed=group, now=now))
    await three.settle()
    assert await a.read(lambda tx: follows.state(tx, ana.id, group.id)) == "accepted"
    views = await c.read(lambda tx: follows.followers(tx, three.group.id))
    assert [view.actor.uri for view in views] == [ana.uri]
    await a.write(lambda tx: follows.unfollow(tx, a.site, follower=ana, followed=group, now=now))
    await three.settle()
    assert await c.read(lambda tx: follows.followers(tx, three.group.id)) == []


async def test_what_coordinators_advise_reaches_members_and_waits_for_their_admins(three: Consortium) -> None:
    a, b, c = three
    ines = await c.member("ines")

    async def make_admin(tx: Tx) -> None:
        account = await accounts.by_actor(tx, ines.id)
        assert account is not None
        await accounts.change(tx, account.id, role=Role.ADMIN)

    await c.write(make_admin)
    await three.join(a, b)

    async def publish(tx: Tx) -> None:
        hosted = await published_advice.run_by(tx, "redbib", await accounts.by_actor(tx, ines.id))
        for host in ("bad.example", "worse.example"):
            await published_advice.publish(
                tx, c.site, hosted=hosted, host=host, severity="blocked", reason="Spam", now=c.clock.now()
            )

    async def withdraw(tx: Tx) -> None:
        hosted = await published_advice.run_by(tx, "redbib", await accounts.by_actor(tx, ines.id))
        await published_advice.withdraw(tx, hosted=hosted, host="bad.example")

    await c.write(publish)
    group = await three.group_at(a)
    now = a.clock.now()
    await b.write(lambda tx: advice.keep_up(tx, b.site, now=now))
    theirs = await three.group_at(b)
    await b.write(lambda tx: advice.set_automatic(tx, group_id=theirs.id, is_automatic=True, now=now))
    for side in (a, b):
        assert await side.instance.advice_reader().read_due() == 1
    assert await policy(b, "bad.example") == await policy(b, "worse.example") == "blocked"
    found = await a.read(lambda tx: advice.counsel(tx, a.site, group.id))
    assert [(one.advice.host, one.advice.state, one.policy) for one in found] == [
        ("bad.example", "open", "default"),
        ("worse.example", "open", "default"),
    ]
    await a.write(lambda tx: advice.confirm(tx, a.site, group_id=group.id, host="bad.example", now=now))
    await c.write(withdraw)
    three.clock.advance(days=1)
    assert await a.instance.advice_reader().read_due() == 1
    found = await a.read(lambda tx: advice.counsel(tx, a.site, group.id))
    assert {one.advice.host: (one.advice.state, one.policy) for one in found} == {
        "bad.example": ("withdrawn", "blocked"),
        "worse.example": ("open", "default"),
    }
    three.clock.advance(days=1)
    assert await a.instance.advice_reader().read_due() == 1, "304: nothing has changed"
    assert len(await a.read(lambda tx: advice.counsel(tx, a.site, group.id))) == 2


async def test_a_server_with_a_list_works_with_the_members_of_a_trusted_consortium_and_nobody_else(
    three: Consortium,
) -> None:
    a, b, c = three
    await a.stop()
    a._settings = a._settings.model_copy(update={"federation": Federation.ALLOWLIST})
    await a.start()
    ben, eve = await b.member("ben"), await c.member("eve")
    await three.join(b)
    offer = await b.offer(ben, replace(DRAFT, title="For members"))
    await three.settle_all()
    for uri in (GROUP_URI, ben.uri):
        with pytest.raises(NotFound):
            await a.resolver.find(uri)

    now = a.clock.now()
    await a.write(lambda tx: peers.set_policy(tx, "c.example", "allowed", "", now=now))
    await a.instance._board.refresh()
    await three.join(a)
    assert await three.states(a) == ("member", "member")
    assert await listed(a, offer) == [], "its server is not on the list"
    group = await three.group_at(a)
    await a.write(lambda tx: trust.set_trusted(tx, a.site, group_id=group.id, is_trusted=True, now=now))
    assert await a.instance.advice_reader().read_due() == 1
    await a.instance._board.refresh()
    three.clock.advance(seconds=60)
    await three.settle_all()
    assert await three.state(a, b) == "member"
    assert await listed(a, offer) == ["For members"]
    assert (await a.resolver.find_actor("@ben@b.example")).uri == ben.uri

    await three.leave(b)
    await three.settle_all()
    await a.instance._board.refresh()
    assert await listed(a, offer) == []
    with pytest.raises(NotFound):
        await a.resolver.find_again("ben", "b.example")
    assert (await a.resolver.find_actor("@eve@c.example")).uri == eve.uri, "allowed by name"
