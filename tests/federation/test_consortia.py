"""Consortia between whole servers: joining and leaving row by row, and what travels through the Group."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from libline_fed.clock import FrozenClock
from libline_fed.domain.consortia import MemberState
from libline_fed.services import actors as people
from libline_fed.services import consortia, follows, memberships, proposals
from libline_fed.storage import accounts
from libline_fed.storage.store import Store, Tx
from tests.support.consortium import GROUP_URI, Consortium, consortium, listed, make_group, sources_of
from tests.support.databases import ENGINES
from tests.support.door import door
from tests.support.pair import DRAFT, Side


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """What does not depend on the database runs on SQLite."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
async def three(
    store: Store, other_store: Store, third_url: str, clock: FrozenClock, tmp_path: Path
) -> AsyncIterator[Consortium]:
    async with consortium(store, other_store, third_url, clock, tmp_path) as made:
        yield made


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
async def test_both_members_list_what_the_other_offers_from_joining_to_leaving(three: Consortium) -> None:
    a, b, c = three
    ana, ben = await a.member("ana"), await b.member("ben")
    before = await a.offer(ana, replace(DRAFT, title="Before joining"))
    inside = await a.offer(ana, replace(DRAFT, title="Inside", audience="instance"))
    await three.join(a, b)
    assert await three.states(a) == await three.states(b) == ("member", "member")
    assert await three.state(b, a) == await three.state(a, b) == "member"
    after = await b.offer(ben, replace(DRAFT, title="After joining"))
    await three.settle_all()
    assert await listed(b, before, inside) == ["Before joining"]
    assert await listed(a, after) == ["After joining"]
    assert await sources_of(b, before) == {("announce", GROUP_URI)}

    now = three.clock.now()
    await b.write(
        lambda tx: proposals.edit(
            tx, b.site, proposal_id=after.id, author_id=ben.id, draft=replace(DRAFT, title="Edited"), now=now
        )
    )
    await three.settle()
    assert await listed(a, after) == ["Edited"]
    await a.write(
        lambda tx: proposals.delete(tx, a.site, proposal_id=before.id, author_id=ana.id, now=now)
    )
    await three.settle()
    assert await listed(b, before) == []
    assert (await three.items())[before.uri] == "gone"

    await three.leave(b)
    await three.settle_all()
    assert await three.states(b) == ("left", "left")
    assert await listed(a, after) == await listed(c, after) == []
    await b.offer(ben, replace(DRAFT, title="Outside"))
    await three.settle_all()
    assert "listed" not in (await three.items()).values()


async def test_a_member_that_is_put_out_and_goes_on_sending_is_not_passed_on(three: Consortium) -> None:
    a, b, _ = three
    ana = await a.member("ana")
    await three.join(a, b)
    offer = await a.offer(ana)
    await three.settle()
    assert await listed(b, offer) == [DRAFT.title]
    three.hold(three.c)  # a does not hear of it yet
    await three.remove(a)
    await three.c.deliver()
    late = await a.offer(ana, replace(DRAFT, title="Late"))
    await a.deliver()
    await three.c.apply()
    assert late.uri not in await three.items()
    three.release(three.c)
    await three.settle_all()
    assert await three.states(a) == ("removed", "removed")
    assert await listed(b, offer, late) == []


async def test_who_left_can_come_back_and_brings_everything_again(three: Consortium) -> None:
    a, b, _ = three
    ana = await a.member("ana")
    offer = await a.offer(ana)
    await three.join(a, b)
    await three.leave(a)
    await three.settle_all()
    assert await listed(b, offer) == []
    three.clock.advance(seconds=1)
    await three.join(a)
    assert await three.states(a) == ("member", "member")
    assert await listed(b, offer) == [DRAFT.title]


@pytest.mark.parametrize("trouble", ["duplicate", "reorder", "lose_answers", "crash"])
async def test_joining_comes_to_the_same_end_whatever_the_network_does(
    three: Consortium, trouble: str
) -> None:
    a, b, c = three
    ana = await a.member("ana")
    offer = await a.offer(ana)
    if trouble == "crash":
        await three.ask(a)
        await three.settle()
        await three.approve(a)
        await three.crash(c, "sent")
        await three.restart(c)
        await three.later(hours=1)
    else:
        for side in three:
            getattr(three, trouble)(side)
        await three.ask(a)
        await three.settle()
        await three.later(hours=1)
        await three.approve(a)
        await three.later(hours=1)
    await three.settle_all()
    await three.later(hours=2)
    await three.join(b)
    await three.later(hours=2)
    await three.settle_all()
    assert await three.states(a) == await three.states(b) == ("member", "member")
    assert await listed(b, offer) == [DRAFT.title]


async def test_an_invitation_and_a_join_that_cross_are_two_yeses(three: Consortium) -> None:
    a, _, c = three
    for side in (a, c):
        three.hold(side)
    await three.ask(a)
    await three.invite(a)
    for side in (a, c):
        await side.deliver()
    for side in (a, c):
        three.release(side)
    await three.settle_all()
    assert await three.states(a) == ("member", "member")


async def test_an_invitation_is_accepted_declined_or_taken_back(three: Consortium) -> None:
    a, b, c = three
    await three.invite(a)
    await three.invite(b)
    await three.settle()
    assert await three.states(a) == ("invited", "invited")
    await three.accept(a)
    group, now = await three.group_at(b), three.clock.now()
    await b.write(lambda tx: memberships.decline(tx, b.site, group=group, account=None, now=now))
    await three.settle_all()
    assert await three.states(a) == ("member", "member")
    assert await three.states(b) == ("rejected", "rejected")

    three.clock.advance(seconds=1)
    await three.invite(b)
    await three.settle()
    three.hold(c)
    await three.remove(b)  # taken back, which b does not hear yet
    await three.accept(b)
    await b.deliver()
    await c.apply()
    assert await three.state(b, b) == "member"
    three.release(c)
    await three.settle_all()
    assert await three.states(b) == ("removed", "removed")


async def test_a_join_that_is_turned_down_may_be_made_again(three: Consortium) -> None:
    a, _, c = three
    await three.ask(a)
    await three.settle()
    instance, now = await three.known_to_host(a), three.clock.now()
    await c.write(
        lambda tx: consortia.reject(
            tx, c.site, group_id=three.group.id, instance_id=instance.id, account=None, now=now
        )
    )
    await three.settle()
    assert await three.states(a) == ("rejected", "rejected")
    three.clock.advance(seconds=1)
    await three.join(a)
    assert await three.states(a) == ("member", "member")


async def test_the_coordinator_holds_back_and_lets_go_again(three: Consortium) -> None:
    a, b, c = three
    ana = await a.member("ana")
    await three.join(a, b)
    offer = await a.offer(ana)
    await three.settle()
    now = three.clock.now()
    await c.write(
        lambda tx: consortia.withhold(
            tx, c.site, group_id=three.group.id, proposal_uri=offer.uri, reason="Spam", account=None, now=now
        )
    )
    await three.settle()
    assert await listed(b, offer) == []
    await a.write(
        lambda tx: proposals.edit(
            tx, a.site, proposal_id=offer.id, author_id=ana.id, draft=replace(DRAFT, title="Again"), now=now
        )
    )
    await three.settle()
    assert await three.items() == {offer.uri: "withheld"}
    assert await listed(b, offer) == []
    await c.write(
        lambda tx: consortia.release(
            tx, c.site, group_id=three.group.id, proposal_uri=offer.uri, account=None, now=now
        )
    )
    await three.settle()
    assert await listed(b, offer) == ["Again"]


async def test_an_author_leaves_a_consortium_out_and_takes_it_in_again(three: Consortium) -> None:
    a, b, _ = three
    ana = await a.member("ana")
    await three.join(a, b)
    out = replace(DRAFT, groups_left_out=(GROUP_URI,))
    never = await a.offer(ana, out)
    later = await a.offer(ana)
    await three.settle()
    assert await listed(b, never, later) == [DRAFT.title]

    async def edit(side: Side, draft: object) -> None:
        now = side.clock.now()
        await side.write(
            lambda tx: proposals.edit(
                tx,
                side.site,
                proposal_id=later.id,
                author_id=ana.id,
                draft=draft,  # type: ignore[arg-type]
                now=now,
            )
        )
        await three.settle()

    await edit(a, out)
    assert await listed(b, later) == []
    await edit(a, replace(DRAFT, title="Still out"))  # a form without the field changes nothing about it
    assert await listed(b, later) == []
    await edit(a, replace(DRAFT, title="In", groups_left_out=()))
    assert await listed(b, later) == ["In"]


async def test_when_the_host_dies_members_keep_everything_and_link_directly(three: Consortium) -> None:
    a, b, c = three
    ana, ben = await a.member("ana"), await b.member("ben")
    offer = await a.offer(ana)
    await three.join(a, b)
    await three.crash(c)
    await three.later(days=8)
    assert await listed(b, offer) == [DRAFT.title]
    now = three.clock.now()
    for side in (a, b):
        (joined,) = await side.read(
            lambda tx, s=side: memberships.list_memberships(tx, s.site)  # type: ignore[misc]
        )
        asked_count = await side.write(
            lambda tx, s=side, g=joined.group: memberships.link_with_members(  # type: ignore[misc]
                tx, s.site, group=g, account=None, now=now
            )
        )
        assert asked_count == 1
    await three.settle_all()
    news = await b.offer(ben, replace(DRAFT, title="After the end"))
    await three.settle_all()
    assert await listed(a, news) == ["After the end"]


async def test_a_consortium_goes_on_elsewhere_with_those_who_say_yes(three: Consortium) -> None:
    a, b, c = three
    ana = await a.member("ana")
    offer = await a.offer(ana)
    await three.join(a, b)
    await three.crash(c)
    old = await b.read(lambda tx: memberships.list_memberships(tx, b.site))
    new = await make_group(b, "redbib2", is_member=True, continues=old[0].group)
    await three.settle()
    (invited,) = await a.read(
        lambda tx: memberships.list_memberships(tx, a.site, states=(MemberState.INVITED,))
    )
    assert invited.group.uri == new.uri
    assert invited.group.details["continues_uri"] == GROUP_URI
    now = three.clock.now()
    await a.write(
        lambda tx: memberships.accept_invitation(
            tx, a.site, group=invited.group, account=None, now=now
        )
    )
    await three.settle_all()
    assert ("announce", new.uri) in await sources_of(b, offer)


async def test_the_group_and_its_lists_are_served(three: Consortium) -> None:
    a, b, c = three
    ana = await a.member("ana")
    await a.offer(ana)
    await three.join(a, b)
    assert c.app is not None
    async with httpx.AsyncClient(transport=httpx.ASGITransport(c.app)) as client:

        async def get(path: str) -> dict[str, object]:
            answer = await client.get(
                f"https://c.example{path}", headers={"Accept": "application/activity+json"}
            )
            assert answer.status_code == 200, (path, answer.text)
            found: dict[str, object] = answer.json()
            return found

        group = await get("/groups/redbib")
        assert group["type"] == "Group"
        assert group["members"] == f"{GROUP_URI}/members"
        assert group["charterText"] == "1. Nobody owns it."
        members = await get("/groups/redbib/members")
        assert members["items"] == ["https://a.example/actor", "https://b.example/actor"]
        page = await get("/groups/redbib/proposals?page=1")
        assert page["totalItems"] == len(page["orderedItems"]) == 1  # type: ignore[arg-type]
        for name in ("outbox", "followers", "following", "featured", "moderators", "cohorts", "proposals"):
            assert (await get(f"/groups/redbib/{name}"))["attributedTo"] == GROUP_URI
        for acct in ("acct:redbib@c.example", GROUP_URI):
            jrd = await get(f"/.well-known/webfinger?resource={acct}")
            assert jrd["subject"] == "acct:redbib@c.example"
        missing = await client.get(
            "https://c.example/groups/REDBIB", headers={"Accept": "application/activity+json"}
        )
        assert missing.status_code == 404


async def test_a_host_may_be_a_member_of_its_own_group(three: Consortium) -> None:
    a, b, _ = three
    ana, ben = await a.member("ana"), await b.member("ben")
    before = await a.offer(ana, replace(DRAFT, title="Before it was made"))
    own = await make_group(a, "own", is_member=True)
    known = await b.resolver.find_actor(own.uri)
    now = three.clock.now()
    await b.write(lambda tx: memberships.join(tx, b.site, group=known, note="", account=None, now=now))
    await three.settle()
    instance = await instance_at(a, b)
    await a.write(
        lambda tx: consortia.approve(
            tx, a.site, group_id=own.id, instance_id=instance, account=None, now=now
        )
    )
    await three.settle_all()
    here, there = await a.offer(ana), await b.offer(ben, replace(DRAFT, title="Ben's"))
    await three.settle_all()
    assert await listed(b, before, here) == ["Before it was made", DRAFT.title]
    assert await listed(a, there) == ["Ben's"]
    await a.write(lambda tx: memberships.leave(tx, a.site, group=own, account=None, now=now))
    await three.settle_all()
    assert await listed(b, before, here) == []
    assert await listed(a, there) == ["Ben's"]  # its host goes on to pass it on


async def instance_at(at: Side, of: Side) -> str:
    """Return the id of a server's instance actor as another one knows it."""
    return (await at.resolver.find_instance(of.host)).id


async def test_a_consortium_that_is_closed_is_gone_with_what_it_brought(three: Consortium) -> None:
    a, b, c = three
    ana, ben = await a.member("ana"), await b.member("ben")
    followed = await b.know(ana)
    now = three.clock.now()
    await three.join(a, b)
    mine = await a.offer(ana)
    theirs = await b.offer(ben)
    await three.settle()
    await b.write(lambda tx: follows.follow(tx, b.site, follower=ben, followed=followed, now=now))
    await three.settle_all()
    await c.write(
        lambda tx: consortia.close(tx, c.site, group_id=three.group.id, account=None, now=now)
    )
    await three.settle_all()
    assert await three.state(a, a) == await three.state(b, b) == "removed"
    assert await listed(b, mine) == [DRAFT.title]  # somebody there follows her
    assert await listed(a, theirs) == await listed(c, mine, theirs) == []
    offer = await a.offer(ana, replace(DRAFT, title="Later"))
    await three.settle_all()
    assert await listed(c, offer) == []


async def test_members_go_along_when_a_consortium_moves(three: Consortium) -> None:
    a, b, c = three
    ana = await a.member("ana")
    await three.join(a, b)
    offer = await a.offer(ana)
    await three.settle_all()
    old = await three.group_at(b)
    new = await make_group(b, "redbib2", is_member=True, continues=old)
    await three.settle()
    target = await c.resolver.find_actor(new.uri)
    now = three.clock.now()
    await c.write(
        lambda tx: consortia.move(
            tx, c.site, group_id=three.group.id, target=target, account=None, now=now
        )
    )
    await three.settle_all()
    joined = await a.read(
        lambda tx: memberships.list_memberships(tx, a.site, states=(MemberState.MEMBER,))
    )
    assert [one.group.uri for one in joined] == [new.uri]  # invited before, so nobody has to decide
    assert await three.state(a, a) == "left"
    assert ("announce", new.uri) in await sources_of(b, offer)
    assert await listed(b, offer) == [DRAFT.title]


async def test_co_members_get_what_is_for_the_network_and_the_group_does_not(three: Consortium) -> None:
    a, b, c = three
    ana = await a.member("ana")
    await three.join(a, b)
    offer = await a.offer(ana, replace(DRAFT, title="For the network", audience="network"))
    await three.settle_all()
    assert await listed(b, offer) == ["For the network"]
    assert await listed(c, offer) == []
    await three.leave(a)
    await three.settle_all()
    assert await listed(b, offer) == []


async def test_what_a_member_missed_is_found_by_the_weekly_reading(three: Consortium) -> None:
    a, b, _ = three
    ana = await a.member("ana")
    await three.join(a, b)
    gone = await a.offer(ana, replace(DRAFT, title="Gone"))
    await three.settle_all()
    now = three.clock.now()
    three.drop(three.c, 10)  # b never hears
    await a.write(lambda tx: proposals.delete(tx, a.site, proposal_id=gone.id, author_id=ana.id, now=now))
    new = await a.offer(ana, replace(DRAFT, title="New"))
    await three.settle()
    assert await listed(b, gone, new) == ["Gone"]
    three.drop(three.c, 0)
    await three.later(days=8)
    await three.settle_all()
    assert await listed(b, gone, new) == ["New"]


async def test_what_an_author_leaves_behind_goes_with_the_account(three: Consortium) -> None:
    a, b, _ = three
    ana = await a.member("ana")
    await three.join(a, b)
    offer = await a.offer(ana)
    await three.settle_all()
    now = three.clock.now()

    async def end(tx: Tx) -> None:
        account = await accounts.by_actor(tx, ana.id)
        assert account is not None
        await people.delete_account(tx, a.site, account_id=account.id, actor_id=ana.id, now=now)

    await a.write(end)
    await three.settle_all()
    assert await listed(b, offer) == await listed(three.c, offer) == []
    assert await three.items() == {offer.uri: "gone"}


async def test_people_on_mastodon_follow_a_consortium_and_see_its_boosts(
    three: Consortium, clock: FrozenClock
) -> None:
    a, _, c = three
    async with door(three, clock) as met:
        await three.join(a)
        await met.carla.follow("@redbib@c.example")
        await three.settle()
        before = len(met.peer.outcomes())
        offer = await a.offer(met.ana, replace(DRAFT, title="For everybody"))
        await three.settle_all()
        assert "boosted" in met.peer.outcomes()[before:]
        toot = await met.carla.toot(offer.uri)
        assert "For everybody" in toot.text
        now = clock.now()
        await c.write(
            lambda tx: consortia.withhold(
                tx, c.site, group_id=three.group.id, proposal_uri=offer.uri, reason="", account=None, now=now
            )
        )
        await three.settle()
        assert met.peer.outcomes()[-1].endswith("Undo of Announce")  # it came; this peer keeps no boosts
