"""Rows of `follows`: who asks first, whose inboxes hear of it, and what ends them."""

from datetime import datetime

from libline_fed.domain.actors import Actor
from libline_fed.domain.follows import Follow, FollowState
from libline_fed.ids import new_id
from libline_fed.storage import follows
from libline_fed.storage.store import Store
from tests.support.neighbours import follow, meet


def question(follower: Actor, followed: Actor, now: datetime) -> Follow:
    follow_id = new_id(now)
    return Follow(
        id=follow_id,
        uri=f"https://lib.example/activities/{follow_id}",
        follower_id=follower.id,
        followed_id=followed.id,
        state=FollowState.PENDING,
        created_at=now,
        accepted_at=None,
    )


async def test_asking_takes_the_place_of_a_no_and_of_nothing_else(store: Store, now: datetime) -> None:
    ana, bo = await meet(store, "ana", "a.example", now), await meet(store, "bo", "b.example", now)
    for state, is_asked in (("pending", False), ("accepted", False), ("rejected", True)):
        first = question(ana, bo, now)
        await store.write(lambda tx, one=first: follows.put(tx, one))  # type: ignore[misc]
        before = await store.read(lambda tx: follows.between(tx, ana.id, bo.id))
        assert before is not None
        await store.write(lambda tx, id_=before.id, to=state: follows.set_state(tx, id_, to, now))  # type: ignore[misc]
        second = question(ana, bo, now)
        assert await store.write(lambda tx, one=second: follows.ask(tx, one)) is is_asked  # type: ignore[misc]
        after = await store.read(lambda tx: follows.between(tx, ana.id, bo.id))
        assert after is not None
        assert (after == second) is is_asked
        assert after.state == ("pending" if is_asked else state)


async def test_an_inbox_that_is_gone_takes_its_followers_along(store: Store, now: datetime) -> None:
    ana = await meet(store, "ana", "a.example", now)
    bo, bea = await meet(store, "bo", "b.example", now), await meet(store, "bea", "b.example", now)
    cy = await meet(store, "cy", "c.example", now)
    for follower in (bo, bea, cy):
        await follow(store, follower, ana, now)
    assert await store.write(lambda tx: follows.remove_followers_at(tx, bo.inbox_url)) == 1
    assert await store.write(lambda tx: follows.remove_followers_at(tx, "https://b.example/inbox")) == 1
    left = await store.read(lambda tx: follows.followers(tx, ana.id))
    assert [actor.handle for _, actor in left] == ["cy"]


async def test_inboxes_around_somebody_are_of_both_directions_and_every_state_once(
    store: Store, now: datetime
) -> None:
    ana = await meet(store, "ana", "a.example", now)
    people = [await meet(store, f"p{number}", f"h{number % 3}.example", now) for number in range(6)]
    for person, state in zip(people[:3], FollowState, strict=True):
        await follow(store, person, ana, now, state=state)
    for person in people[3:]:
        await follow(store, ana, person, now)
    around = await store.read(lambda tx: follows.inboxes_around(tx, ana.id))
    assert sorted(around) == [
        (f"h{number}.example", f"https://h{number}.example/inbox") for number in range(3)
    ]
    assert await store.read(lambda tx: follows.inboxes_of_followers(tx, ana.id)) == [
        ("h1.example", "https://h1.example/inbox")
    ]
