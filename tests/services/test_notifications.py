"""Telling members, on both databases."""

from datetime import datetime, timedelta

import pytest

from libline_fed.services import notifications
from libline_fed.storage import notifications as stored
from libline_fed.storage.store import Store
from tests.services.conftest import Add


async def notify(store: Store, to: str, kind: str, by: str | None, about: str | None, now: datetime) -> bool:
    return await store.write(
        lambda tx: notifications.notify(
            tx, account_actor_id=to, kind=kind, from_actor_id=by, subject_uri=about, now=now
        )
    )


async def test_the_same_thing_is_told_once(store: Store, add: Add, now: datetime) -> None:
    ana, eve = await add("ana"), await add("eve")
    subjects: list[tuple[str | None, str | None]] = [
        (eve.actor.id, "https://x/1"),
        (eve.actor.id, None),
        (None, None),
    ]
    for by, about in subjects:
        assert await notify(store, ana.actor.id, "like", by, about, now)
        assert not await notify(store, ana.actor.id, "like", by, about, now)
    assert await notify(store, ana.actor.id, "announce", eve.actor.id, "https://x/1", now)
    assert await store.read(lambda tx: notifications.count_unread(tx, ana.account.id)) == 4
    assert await store.read(lambda tx: notifications.count_unread(tx, eve.account.id)) == 0


async def test_nobody_is_told_of_their_own_deeds_and_actors_without_account_are_not_told(
    store: Store, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    assert not await notify(store, ana.actor.id, "like", ana.actor.id, "https://x/1", now)
    assert not await notify(store, "no-account", "like", ana.actor.id, "https://x/1", now)


async def test_the_list_is_newest_first_in_pages_with_who_did_it(
    store: Store, add: Add, now: datetime
) -> None:
    ana, eve = await add("ana"), await add("eve")
    for number in range(25):
        at = now + timedelta(seconds=number)
        await notify(store, ana.actor.id, "mention", eve.actor.id, f"https://x/{number}", at)
    first = await store.read(lambda tx: notifications.list_for(tx, ana.account.id))
    second = await store.read(lambda tx: notifications.list_for(tx, ana.account.id, page=2))
    uris = [notice.notification.subject_uri for notice in first.items + second.items]
    assert uris == [f"https://x/{number}" for number in reversed(range(25))]
    assert (len(first.items), first.has_more, second.has_more) == (20, True, False)
    assert all(notice.from_actor == eve.actor for notice in first.items)


async def test_reading_marks_what_was_there_and_leaves_what_came_later(
    store: Store, add: Add, now: datetime
) -> None:
    ana, eve = await add("ana"), await add("eve")
    later = now + timedelta(minutes=1)
    await notify(store, ana.actor.id, "like", eve.actor.id, "https://x/1", now)
    await notify(store, ana.actor.id, "like", eve.actor.id, "https://x/2", later)
    await store.write(lambda tx: notifications.mark_read(tx, ana.account.id, now=later, before=now))
    assert await store.read(lambda tx: notifications.count_unread(tx, ana.account.id)) == 1
    assert await store.write(lambda tx: notifications.mark_read(tx, ana.account.id, now=later)) == 1
    assert await store.read(lambda tx: notifications.count_unread(tx, ana.account.id)) == 0


async def test_an_unknown_kind_is_a_mistake_of_ours(store: Store, add: Add, now: datetime) -> None:
    ana = await add("ana")
    with pytest.raises(ValueError, match="party"):
        await notify(store, ana.actor.id, "party", None, None, now)


async def test_old_ones_are_thrown_away(store: Store, add: Add, now: datetime) -> None:
    ana = await add("ana")
    await notify(store, ana.actor.id, "like", None, "https://x/1", now)
    assert await store.write(lambda tx: stored.drop_old(tx, now + timedelta(days=179))) == 0
    assert await store.write(lambda tx: stored.drop_old(tx, now + timedelta(days=180))) == 1
