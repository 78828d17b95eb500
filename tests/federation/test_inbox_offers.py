"""Offers of others: listed, changed, removed; and what happens when applying fails."""

import pytest

from libline_fed.errors import PeerUnavailable
from libline_fed.federation import inbox_handlers
from libline_fed.services import follows, inbox
from libline_fed.storage import proposals as proposal_rows
from tests.support.fediverse import US, Fediverse


async def test_an_offer_of_somebody_followed_is_listed_changed_and_removed(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    await world.follow(ana, ben)
    await world.receive(ben, ben.says("Create", ben.offer(1)))
    assert await world.listed() == ["Offer 1"]
    await world.receive(ben, ben.says("Update", ben.offer(1, title="Better", revision=2)))
    assert await world.listed() == ["Better"]
    old = await world.receive(ben, ben.says("Update", ben.offer(1, title="Older", revision=1)))
    assert (old.state, old.reason) == ("ignored", "outdated")
    paused = ben.offer(1, proposalStatus="paused", revision=3)
    await world.receive(ben, ben.says("Update", paused))
    assert await world.listed() == []
    uri = ben.offer(1)["id"]
    await world.receive(ben, ben.says("Delete", {"id": uri, "type": "Tombstone"}))
    assert await world.store.read(lambda tx: proposal_rows.by_uris(tx, (uri,))) == {}
    late = await world.receive(ben, ben.says("Create", ben.offer(1), published="2026-11-24T10:00:00Z"))
    assert (late.state, late.reason) == ("ignored", "tombstoned")


async def test_an_offer_that_nobody_asked_for_is_not_listed(world: Fediverse) -> None:
    await world.member("ana")
    ben = world.meet("b.example", "ben")
    row = await world.receive(ben, ben.says("Create", ben.offer(1)))
    assert (row.state, row.reason) == ("ignored", "not-for-us")
    assert await world.listed() == []


async def test_a_private_offer_is_not_listed(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    await world.follow(ana, ben)
    row = await world.receive(ben, ben.says("Create", ben.offer(1, to=[ana.uri], cc=[])))
    assert row.state == "ignored"
    assert await world.listed() == []


async def test_offers_leave_with_the_last_follower(world: Fediverse) -> None:
    ana, zoe = await world.member("ana"), await world.member("zoe")
    ben = world.meet("b.example", "ben")
    known = await world.follow(ana, ben)
    now = world.clock.now()
    await world.store.write(lambda tx: follows.follow(tx, world.site, follower=zoe, followed=known, now=now))
    [asked] = [follow for follow in await world.said("Follow") if follow["actor"] == zoe.uri]
    await world.receive(ben, ben.says("Accept", asked["id"]))
    await world.receive(ben, ben.says("Create", ben.offer(1)))
    for follower, left in ((ana, ["Offer 1"]), (zoe, [])):
        await world.store.write(
            lambda tx, one=follower: follows.unfollow(tx, world.site, follower=one, followed=known, now=now)
        )
        assert await world.listed() == left


async def test_an_object_of_another_host_is_read_there_and_never_believed_here(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    cleo = world.meet("c.example", "cleo", "ben")
    await world.follow(ana, ben)
    forged = cleo.offer(1, title="Forged")
    row = await world.receive(ben, ben.says("Create", forged))
    assert row.state in {"refused", "ignored"}
    world.served[forged["id"]] = cleo.offer(1)
    again = await world.receive(ben, ben.says("Create", forged, published="2026-11-24T10:00:00Z"))
    assert again.state in {"refused", "ignored"}
    assert await world.listed() == []


async def test_poison_is_set_aside_and_the_others_go_on(
    world: Fediverse, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")

    async def explode(*_: object) -> object:
        raise ZeroDivisionError("poison")

    monkeypatch.setitem(inbox_handlers.HANDLERS, "Like", explode)
    await world.send(ben, ben.says("Like", f"{US}/proposals/1"))
    await world.send(ben, ben.says("Create", ben.note(1, cc=[ana.uri])))
    await world.apply()
    assert await world.notices(ana) == ["mention"]
    for _ in range(6):
        world.clock.advance(hours=2)
        await world.apply()
    [row] = await world.store.read(inbox.list_refused)
    assert (row.state, row.reason, row.attempts_count) == ("quarantined", "poison", 5)
    assert "ZeroDivisionError" in (row.detail or "")


async def test_a_server_that_does_not_answer_puts_the_activity_off(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    note = ben.note(1, cc=[ana.uri])
    world.served[note["id"]] = PeerUnavailable("down")
    document = ben.says("Create", note["id"], cc=[ana.uri])
    assert (await world.receive(ben, document)).state == "pending"
    world.served[note["id"]] = note
    world.clock.advance(hours=1)
    await world.apply()
    assert await world.notices(ana) == ["mention"]
