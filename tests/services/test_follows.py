"""Following and being followed: every step on both sides, and what is told to whom, on both databases."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from libline_fed.domain.accounts import Member
from libline_fed.domain.actors import Actor
from libline_fed.domain.follows import Follow, FollowState
from libline_fed.errors import Conflict, Forbidden, NotFound
from libline_fed.services import follows, members, notifications, peers
from libline_fed.services.site import Site
from libline_fed.storage import actors as stored_actors
from libline_fed.storage import follows as stored_follows
from libline_fed.storage.store import Store
from tests.services.conftest import Add
from tests.support.listed import listed_titles
from tests.support.neighbours import follow as let_follow
from tests.support.neighbours import list_offer, meet, queued, said, verbs

THEIR_FOLLOW = "https://b.example/follows/1"


async def ask(store: Store, site: Site, follower: Actor, followed: Actor, now: datetime) -> Follow:
    return await store.write(
        lambda tx: follows.follow(tx, site, follower=follower, followed=followed, now=now)
    )


async def leave(store: Store, site: Site, follower: Actor, followed: Actor, now: datetime) -> None:
    await store.write(lambda tx: follows.unfollow(tx, site, follower=follower, followed=followed, now=now))


async def accept(store: Store, site: Site, owner: Actor, follower: Actor, now: datetime) -> None:
    await store.write(
        lambda tx: follows.accept_follower(tx, site, owner=owner, follower_id=follower.id, now=now)
    )


async def reject(store: Store, site: Site, owner: Actor, follower: Actor, now: datetime) -> None:
    await store.write(
        lambda tx: follows.reject_follower(tx, site, owner=owner, follower_id=follower.id, now=now)
    )


async def arrive(
    store: Store, site: Site, follower: Actor, followed: Actor, now: datetime, uri: str = THEIR_FOLLOW
) -> FollowState:
    """Let a Follow come in from another server."""
    return await store.write(
        lambda tx: follows.receive_follow(tx, site, uri=uri, follower=follower, followed=followed, now=now)
    )


async def answer(
    store: Store,
    followed: Actor,
    now: datetime,
    *,
    is_yes: bool,
    uri: str | None = None,
    follower: Actor | None = None,
) -> bool:
    """Let an Accept or Reject come in from another server."""
    return await store.write(
        lambda tx: follows.receive_answer(
            tx, is_yes=is_yes, follow_uri=uri, follower=follower, followed=followed, now=now
        )
    )


async def block(store: Store, blocker: Actor, blocked: Actor, now: datetime) -> None:
    await store.write(
        lambda tx: follows.receive_block(
            tx, blocker=blocker, blocked=blocked, uri="https://b.example/blocks/1", now=now
        )
    )


async def state(store: Store, follower: Actor, followed: Actor) -> str | None:
    return await store.read(lambda tx: follows.state(tx, follower.id, followed.id))


async def notices(store: Store, member: Member) -> list[str]:
    page = await store.read(lambda tx: notifications.list_for(tx, member.account.id))
    return [notice.notification.kind for notice in page.items]


async def careful(store: Store, member: Member, now: datetime) -> Actor:
    """Return a member who decides about followers."""
    return await store.write(
        lambda tx: stored_actors.change(tx, member.actor.id, now, manually_approves_followers=True)
    )


async def titles(store: Store, now: datetime) -> list[str]:
    return sorted(await listed_titles(store, now))


# --- between two members ----------------------------------------------------------------------------


async def test_a_member_follows_another_at_once_and_no_server_is_told(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, bo = await add("ana"), await add("bo")
    made = await ask(store, site, bo.actor, ana.actor, now)
    assert (made.state, made.accepted_at) == ("accepted", now)
    assert await notices(store, ana) == ["follow"]
    assert await notices(store, bo) == []
    assert await verbs(store, bo.actor.id) == []
    assert await queued(store) == []


async def test_a_member_who_decides_is_asked_and_both_hear_of_the_yes(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    member, bo = await add("ana"), await add("bo")
    ana = await careful(store, member, now)
    assert (await ask(store, site, bo.actor, ana, now)).state == "pending"
    assert await notices(store, member) == ["follow-request"]
    (view,) = await store.read(lambda tx: follows.pending(tx, ana.id))
    assert (view.actor, await store.read(lambda tx: follows.followers(tx, ana.id))) == (bo.actor, [])
    await accept(store, site, ana, bo.actor, now)
    assert await state(store, bo.actor, ana) == "accepted"
    assert await notices(store, bo) == ["follow-accepted"]
    assert await store.read(lambda tx: follows.pending(tx, ana.id)) == []
    assert await said(store, ana.id) == []


@pytest.mark.parametrize("is_accepted", [True, False])
async def test_a_no_to_a_member_ends_it_and_asking_again_is_possible(
    store: Store, site: Site, add: Add, now: datetime, is_accepted: bool
) -> None:
    ana, bo = await careful(store, await add("ana"), now), (await add("bo")).actor
    await ask(store, site, bo, ana, now)
    if is_accepted:
        await accept(store, site, ana, bo, now)
    await reject(store, site, ana, bo, now)
    assert await state(store, bo, ana) is None
    assert await said(store, ana.id) == []
    assert (await ask(store, site, bo, ana, now)).state == "pending"


async def test_a_member_stops_following_a_member_and_may_do_so_twice(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, bo = (await add("ana")).actor, (await add("bo")).actor
    await ask(store, site, bo, ana, now)
    for _ in range(2):
        await leave(store, site, bo, ana, now)
        assert await state(store, bo, ana) is None
    assert await said(store, bo.id) == []


# --- a member follows somebody elsewhere ------------------------------------------------------------


async def test_a_follow_goes_to_the_personal_inbox_and_waits(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, bo = (await add("ana")).actor, await meet(store, "bo", "b.example", now)
    made = await ask(store, site, ana, bo, now)
    (activity,) = await said(store, ana.id)
    assert (activity["type"], activity["actor"], activity["object"]) == ("Follow", ana.uri, bo.uri)
    assert (activity["id"], activity["to"]) == (made.uri, [bo.uri])
    assert "proof" not in activity
    (sent,) = await queued(store)
    assert (sent.host, sent.inbox_url, sent.is_delete) == ("b.example", bo.inbox_url, False)
    assert (made.state, made.accepted_at) == ("pending", None)


@pytest.mark.parametrize("how", ["by its id", "by the pair", "by the pair, with an id of their own"])
async def test_a_yes_is_matched_to_the_question_and_told(
    store: Store, site: Site, add: Add, now: datetime, how: str
) -> None:
    member, bo = await add("ana"), await meet(store, "bo", "b.example", now)
    made = await ask(store, site, member.actor, bo, now)
    uri = {"by its id": made.uri, "by the pair": None}.get(how, "https://b.example/follows/9")
    pair = None if how == "by its id" else member.actor
    later = now + timedelta(minutes=1)
    assert await answer(store, bo, later, is_yes=True, uri=uri, follower=pair)
    known = await store.read(lambda tx: stored_follows.between(tx, member.actor.id, bo.id))
    assert known is not None
    assert (known.state, known.accepted_at, known.uri) == ("accepted", later, made.uri)
    assert await notices(store, member) == ["follow-accepted"]
    assert not await answer(store, bo, later, is_yes=True, uri=made.uri)  # the same once more


@pytest.mark.parametrize("is_yes", [True, False])
async def test_nobody_else_answers_a_question(
    store: Store, site: Site, add: Add, now: datetime, is_yes: bool
) -> None:
    member, bo = await add("ana"), await meet(store, "bo", "b.example", now)
    eve = await meet(store, "eve", "b.example", now)
    made = await ask(store, site, member.actor, bo, now)
    assert not await answer(store, eve, now, is_yes=is_yes, uri=made.uri, follower=member.actor)
    assert await state(store, member.actor, bo) == "pending"
    assert await notices(store, member) == []


async def test_nobody_makes_a_member_follow_by_saying_yes(store: Store, add: Add, now: datetime) -> None:
    ana, bo = (await add("ana")).actor, await meet(store, "bo", "b.example", now)
    assert not await answer(store, bo, now, is_yes=True, uri="https://lib.example/x", follower=ana)
    assert await state(store, ana, bo) is None
    cy = await meet(store, "cy", "c.example", now)
    await let_follow(store, cy, bo, now, state=FollowState.PENDING)  # not ours to settle
    assert not await answer(store, bo, now, is_yes=True, follower=cy)
    assert await state(store, cy, bo) == "pending"


@pytest.mark.parametrize("was_accepted", [True, False])
async def test_a_no_is_kept_is_final_for_that_question_and_may_be_followed_by_another(
    store: Store, site: Site, add: Add, now: datetime, was_accepted: bool
) -> None:
    ana, bo = (await add("ana")).actor, await meet(store, "bo", "b.example", now)
    first = await ask(store, site, ana, bo, now)
    if was_accepted:
        await answer(store, bo, now, is_yes=True, uri=first.uri)
    assert await answer(store, bo, now, is_yes=False, uri=first.uri)
    assert await state(store, ana, bo) == "rejected"
    assert not await answer(store, bo, now, is_yes=False, uri=first.uri)
    assert not await answer(store, bo, now, is_yes=True, uri=first.uri)  # overtaken by the no
    assert await state(store, ana, bo) == "rejected"
    later = now + timedelta(days=1)
    again = await ask(store, site, ana, bo, later)
    assert (again.state, again.created_at, again.accepted_at) == ("pending", later, None)
    assert again.uri != first.uri
    assert await verbs(store, ana.id) == ["Follow", "Follow"]
    assert not await answer(store, bo, later, is_yes=True, uri=first.uri)  # of the old question
    assert await answer(store, bo, later, is_yes=True, uri=again.uri)


@pytest.mark.parametrize("is_accepted", [True, False])
async def test_following_again_asks_nothing_again(
    store: Store, site: Site, add: Add, now: datetime, is_accepted: bool
) -> None:
    ana, bo = (await add("ana")).actor, await meet(store, "bo", "b.example", now)
    made = await ask(store, site, ana, bo, now)
    if is_accepted:
        await answer(store, bo, now, is_yes=True, uri=made.uri)
    again = await ask(store, site, ana, bo, now + timedelta(minutes=1))
    assert (again.uri, again.state) == (made.uri, "accepted" if is_accepted else "pending")
    assert await verbs(store, ana.id) == ["Follow"]


@pytest.mark.parametrize("is_accepted", [True, False])
async def test_stopping_is_told_with_the_follow_inside_and_only_once(
    store: Store, site: Site, add: Add, now: datetime, is_accepted: bool
) -> None:
    ana, bo = (await add("ana")).actor, await meet(store, "bo", "b.example", now)
    made = await ask(store, site, ana, bo, now)
    if is_accepted:
        await answer(store, bo, now, is_yes=True, uri=made.uri)
    for minute in (1, 2):
        await leave(store, site, ana, bo, now + timedelta(minutes=minute))
    asked, undo = await said(store, ana.id)
    assert (undo["type"], undo["to"]) == ("Undo", [bo.uri])
    inside = {name: asked[name] for name in ("id", "type", "actor", "object")}
    assert undo["object"] == inside
    assert [one.object_uri for one in await queued(store)] == [bo.uri, bo.uri]  # sent in this order
    assert not await answer(store, bo, now, is_yes=True, uri=made.uri, follower=ana)  # they crossed
    assert await state(store, ana, bo) is None


async def test_after_a_no_there_is_nothing_to_take_back(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, bo = (await add("ana")).actor, await meet(store, "bo", "b.example", now)
    made = await ask(store, site, ana, bo, now)
    await answer(store, bo, now, is_yes=False, uri=made.uri)
    await leave(store, site, ana, bo, now)
    assert await state(store, ana, bo) is None
    assert await verbs(store, ana.id) == ["Follow"]


async def test_nobody_follows_themselves(store: Store, site: Site, add: Add, now: datetime) -> None:
    ana = (await add("ana")).actor
    with pytest.raises(Conflict):
        await ask(store, site, ana, ana, now)


@pytest.mark.parametrize("how", ["suspended", "gone"])
async def test_nobody_follows_who_is_suspended_or_gone(
    store: Store, site: Site, add: Add, now: datetime, how: str
) -> None:
    ana, bo = await add("ana"), await add("bo")
    if how == "suspended":
        await store.write(lambda tx: members.disable(tx, account_id=bo.account.id, by=None, now=now))
    else:
        await store.write(lambda tx: stored_actors.mark_gone(tx, bo.actor.id, now))
    gone = await store.read(lambda tx: stored_actors.by_id(tx, bo.actor.id))
    assert gone is not None
    with pytest.raises(Conflict):
        await ask(store, site, ana.actor, gone, now)


@pytest.mark.parametrize("name", ["b.example", "example"])
async def test_nobody_follows_somebody_of_a_blocked_server(
    store: Store, site: Site, add: Add, now: datetime, name: str
) -> None:
    ana, bo = (await add("ana")).actor, await meet(store, "bo", "b.example", now)
    await store.write(lambda tx: peers.set_policy(tx, name, "blocked", "", now=now))
    with pytest.raises(Forbidden):
        await ask(store, site, ana, bo, now)
    assert await said(store, ana.id) == []


# --- somebody elsewhere follows a member ------------------------------------------------------------


async def test_a_follower_from_elsewhere_is_accepted_in_the_personal_inbox(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, bo = await add("ana"), await meet(store, "bo", "b.example", now)
    assert await arrive(store, site, bo, ana.actor, now) is FollowState.ACCEPTED
    (yes,) = await said(store, ana.actor.id)
    assert (yes["type"], yes["to"]) == ("Accept", [bo.uri])
    assert yes["object"] == {
        "id": THEIR_FOLLOW,
        "type": "Follow",
        "actor": bo.uri,
        "object": ana.actor.uri,
    }
    (sent,) = await queued(store)
    assert sent.inbox_url == bo.inbox_url
    assert await notices(store, ana) == ["follow"]


async def test_a_follower_who_asks_again_gets_a_yes_again_to_the_new_question(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, bo = await add("ana"), await meet(store, "bo", "b.example", now)
    await arrive(store, site, bo, ana.actor, now)
    second = "https://b.example/follows/2"
    later = now + timedelta(minutes=1)
    assert await arrive(store, site, bo, ana.actor, later, second) is FollowState.ACCEPTED
    assert [yes["object"]["id"] for yes in await said(store, ana.actor.id)] == [THEIR_FOLLOW, second]
    assert await notices(store, ana) == ["follow"]
    assert await state(store, bo, ana.actor) == "accepted"


async def test_a_member_who_decides_answers_later_to_the_question_that_came_last(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    member, bo = await add("ana"), await meet(store, "bo", "b.example", now)
    ana = await careful(store, member, now)
    second = "https://b.example/follows/2"
    for uri in (THEIR_FOLLOW, second):
        assert await arrive(store, site, bo, ana, now, uri) is FollowState.PENDING
    assert (await said(store, ana.id), await notices(store, member)) == ([], ["follow-request"])
    assert await store.read(lambda tx: follows.count_followers(tx, ana.id)) == 0
    await accept(store, site, ana, bo, now)
    (yes,) = await said(store, ana.id)
    assert (yes["type"], yes["object"]["id"]) == ("Accept", second)
    assert await store.read(lambda tx: follows.count_followers(tx, ana.id)) == 1


async def test_a_second_yes_says_nothing_more(store: Store, site: Site, add: Add, now: datetime) -> None:
    ana, bo = await careful(store, await add("ana"), now), await meet(store, "bo", "b.example", now)
    await arrive(store, site, bo, ana, now)
    for _ in range(2):
        await accept(store, site, ana, bo, now)
    assert await verbs(store, ana.id) == ["Accept"]


@pytest.mark.parametrize("was_accepted", [True, False])
async def test_a_no_is_sent_and_leaves_no_follower(
    store: Store, site: Site, add: Add, now: datetime, was_accepted: bool
) -> None:
    ana, bo = await careful(store, await add("ana"), now), await meet(store, "bo", "b.example", now)
    await arrive(store, site, bo, ana, now)
    if was_accepted:
        await accept(store, site, ana, bo, now)
    await reject(store, site, ana, bo, now + timedelta(minutes=1))
    no = (await said(store, ana.id))[-1]
    assert (no["type"], no["to"], no["object"]["id"]) == ("Reject", [bo.uri], THEIR_FOLLOW)
    assert await state(store, bo, ana) is None
    with pytest.raises(NotFound):
        await reject(store, site, ana, bo, now)
    with pytest.raises(NotFound):
        await accept(store, site, ana, bo, now)


async def test_a_follower_from_elsewhere_leaves(store: Store, site: Site, add: Add, now: datetime) -> None:
    ana, bo = (await add("ana")).actor, await meet(store, "bo", "b.example", now)
    await arrive(store, site, bo, ana, now)

    async def go() -> bool:
        return await store.write(lambda tx: follows.receive_unfollow(tx, follower=bo, followed=ana))

    assert (await go(), await go()) == (True, False)
    assert await state(store, bo, ana) is None
    assert await verbs(store, ana.id) == ["Accept"]


# --- blocks -----------------------------------------------------------------------------------------


async def test_a_block_ends_both_directions_and_is_respected_from_then_on(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, bo = (await add("ana")).actor, await meet(store, "bo", "b.example", now)
    await let_follow(store, ana, bo, now)
    await let_follow(store, bo, ana, now)
    await list_offer(store, bo, "1", now)
    await block(store, bo, ana, now)
    assert (await state(store, ana, bo), await state(store, bo, ana)) == (None, None)
    assert await titles(store, now) == []
    assert await said(store, ana.id) == []
    with pytest.raises(Forbidden):
        await ask(store, site, ana, bo, now)
    await store.write(lambda tx: stored_follows.remove_block(tx, blocker_id=bo.id, blocked_id=ana.id))
    assert (await ask(store, site, ana, bo, now)).state == "pending"


async def test_a_blocked_follower_gets_a_no(store: Store, site: Site, add: Add, now: datetime) -> None:
    ana, bo = (await add("ana")).actor, await meet(store, "bo", "b.example", now)
    await store.write(
        lambda tx: stored_follows.add_block(tx, blocker_id=ana.id, blocked_id=bo.id, uri=None, now=now)
    )
    assert await arrive(store, site, bo, ana, now) is FollowState.REJECTED
    (no,) = await said(store, ana.id)
    assert (no["type"], no["object"]["id"]) == ("Reject", THEIR_FOLLOW)
    assert await state(store, bo, ana) is None


# --- moves ------------------------------------------------------------------------------------------


async def test_followers_go_along_with_a_move(store: Store, site: Site, add: Add, now: datetime) -> None:
    old, new = await meet(store, "bo", "b.example", now), await meet(store, "bo", "c.example", now)
    ana, noor = (await add("ana")).actor, (await add("noor")).actor
    await let_follow(store, ana, old, now)
    await let_follow(store, noor, old, now, state=FollowState.PENDING)
    await list_offer(store, old, "1", now)
    assert await store.write(lambda tx: follows.receive_move(tx, site, old=old, new=new, now=now)) == 1
    assert (await state(store, ana, old), await state(store, ana, new)) == (None, "pending")
    assert await verbs(store, ana.id) == ["Follow", "Undo"]
    assert (await state(store, noor, new), await said(store, noor.id)) == (None, [])
    assert await titles(store, now) == []


@pytest.mark.parametrize("why", ["to the follower's own account", "gone", "blocking", "on a blocked server"])
async def test_who_cannot_follow_a_move_only_leaves(
    store: Store, site: Site, add: Add, now: datetime, why: str
) -> None:
    ana, noor = (await add("ana")).actor, (await add("noor")).actor
    old, new = await meet(store, "bo", "b.example", now), await meet(store, "bo", "c.example", now)
    await let_follow(store, ana, old, now)
    if why == "gone":
        await store.write(lambda tx: stored_actors.mark_gone(tx, new.id, now))
    elif why == "blocking":
        await block(store, new, ana, now)
    elif why == "on a blocked server":
        await store.write(lambda tx: peers.set_policy(tx, "c.example", "blocked", "", now=now))
    else:
        await let_follow(store, noor, old, now)
        new = ana
    target = (await store.read(lambda tx: stored_actors.by_ids(tx, [new.id])))[new.id]
    moved_count = await store.write(lambda tx: follows.receive_move(tx, site, old=old, new=target, now=now))
    assert (await state(store, ana, old), await state(store, ana, new)) == (None, None)
    assert await verbs(store, ana.id) == ["Undo"]
    if new is ana:
        assert (moved_count, await state(store, noor, ana)) == (1, "accepted")
    else:
        assert moved_count == 0


# --- what follows bring -----------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["unfollow", "reject"])
async def test_offers_stay_until_the_last_member_stops_following(
    store: Store, site: Site, add: Add, now: datetime, end: str
) -> None:
    ana, noor = (await add("ana")).actor, (await add("noor")).actor
    bo, cy = await meet(store, "bo", "b.example", now), await meet(store, "cy", "c.example", now)
    for member in (ana, noor):
        await let_follow(store, member, bo, now)
    await let_follow(store, cy, bo, now)  # what is followed elsewhere does not count here
    await list_offer(store, bo, "followed", now)
    await list_offer(store, bo, "announced", now, source="announce")

    async def finish(member: Actor) -> None:
        if end == "unfollow":
            await leave(store, site, member, bo, now)
        else:
            assert await answer(store, bo, now, is_yes=False, follower=member)

    await finish(ana)
    assert await titles(store, now) == ["Offer announced", "Offer followed"]
    await finish(noor)
    assert await titles(store, now) == ["Offer announced"]


# --- lists ------------------------------------------------------------------------------------------


async def test_lists_and_counts_are_newest_first_and_of_one_kind(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = (await add("ana")).actor
    people = [await meet(store, f"p{number}", "b.example", now) for number in range(5)]
    for number, person in enumerate(people):
        at = now + timedelta(minutes=number)
        await let_follow(store, person, ana, at)
        await let_follow(store, ana, person, at, state=list(FollowState)[number % 3])

    async def names(listed: Any) -> list[str]:
        return [view.actor.handle for view in await store.read(lambda tx: listed(tx, ana.id))]

    assert await names(follows.followers) == ["p4", "p3", "p2", "p1", "p0"]
    assert await names(follows.following) == ["p4", "p3", "p2", "p1", "p0"]
    assert await names(follows.pending) == []
    assert await store.read(lambda tx: follows.count_followers(tx, ana.id)) == 5
    assert await store.read(lambda tx: follows.count_following(tx, ana.id)) == 2


async def test_follows_of_one_moment_have_one_order(store: Store, add: Add, now: datetime) -> None:
    ana = (await add("ana")).actor
    people = [await meet(store, f"p{number}", "b.example", now) for number in range(9)]
    for person in people:
        await let_follow(store, person, ana, now)
    listed = await store.read(lambda tx: follows.followers(tx, ana.id))
    assert [view.actor.handle for view in listed] == [person.handle for person in reversed(people)]


# --- at the same moment -----------------------------------------------------------------------------


async def test_the_same_follow_four_times_at_once_is_one(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, noor = (await add("ana")).actor, await add("noor")
    bo = await meet(store, "bo", "b.example", now)
    asked = await asyncio.gather(*(ask(store, site, ana, bo, now) for _ in range(4)))
    assert len({(made.id, made.uri, made.state) for made in asked}) == 1
    assert await verbs(store, ana.id) == ["Follow"]
    here = await asyncio.gather(*(ask(store, site, ana, noor.actor, now) for _ in range(4)))
    assert {made.state for made in here} == {"accepted"}
    assert await notices(store, noor) == ["follow"]


async def test_a_yes_and_a_no_at_once_end_in_one_answer_that_both_servers_share(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, bo = await careful(store, await add("ana"), now), await meet(store, "bo", "b.example", now)
    await arrive(store, site, bo, ana, now)
    results = await asyncio.gather(
        *(accept(store, site, ana, bo, now) for _ in range(2)),
        *(reject(store, site, ana, bo, now) for _ in range(2)),
        return_exceptions=True,
    )
    assert {type(result) for result in results} <= {type(None), NotFound}
    heard = [one.activity_id for one in await queued(store)]
    by_id = {activity["id"].rpartition("/")[2]: activity["type"] for activity in await said(store, ana.id)}
    assert [by_id[activity_id] for activity_id in heard] in (["Reject"], ["Accept", "Reject"])
    assert await state(store, bo, ana) is None


async def test_stopping_four_times_at_once_is_told_once(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, bo = (await add("ana")).actor, await meet(store, "bo", "b.example", now)
    await let_follow(store, ana, bo, now)
    await asyncio.gather(*(leave(store, site, ana, bo, now) for _ in range(4)))
    assert await verbs(store, ana.id) == ["Undo"]


async def test_a_yes_that_crosses_a_stop_leaves_nothing_half_done(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    member, bo = await add("ana"), await meet(store, "bo", "b.example", now)
    made = await ask(store, site, member.actor, bo, now)
    is_news, _ = await asyncio.gather(
        answer(store, bo, now, is_yes=True, uri=made.uri), leave(store, site, member.actor, bo, now)
    )
    assert await state(store, member.actor, bo) is None
    assert await notices(store, member) == (["follow-accepted"] if is_news else [])
    assert sorted(await verbs(store, member.actor.id)) == ["Follow", "Undo"]
