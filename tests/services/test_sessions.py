"""Sessions on both databases: how long they live, what ends them."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from libline_fed.errors import Forbidden
from libline_fed.services import members, sessions
from libline_fed.services.site import Site
from libline_fed.storage import sessions as stored
from libline_fed.storage.store import Store
from libline_fed.storage.tables import sessions as table
from tests.services.conftest import Add


async def test_the_database_holds_no_cookie(store: Store, add: Add, now: datetime) -> None:
    ana = await add("ana")
    opened = await store.write(lambda tx: sessions.open_session(tx, account=ana.account, now=now))
    rows = await store.read(lambda tx: tx.all(select(table)))
    assert opened.token not in str(rows)
    assert opened.token not in repr(opened)
    assert len(opened.token) >= 43  # 256 bits


async def test_a_session_in_use_ends_after_thirty_days(store: Store, add: Add, now: datetime) -> None:
    ana = await add("ana")
    opened = await store.write(lambda tx: sessions.open_session(tx, account=ana.account, now=now))
    for day in range(0, 30, 10):
        at = now + timedelta(days=day)
        found = await store.read(lambda tx, at=at: sessions.load(tx, opened.token, now=at))
        assert found is not None
        await store.write(lambda tx, at=at, found=found: sessions.touch(tx, found.session, now=at))
    end = now + timedelta(days=30)
    almost = end - timedelta(seconds=1)
    assert await store.read(lambda tx: sessions.load(tx, opened.token, now=almost)) is not None
    assert await store.read(lambda tx: sessions.load(tx, opened.token, now=end)) is None


async def test_a_session_that_nobody_uses_ends_after_fourteen_days(
    store: Store, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    opened = await store.write(lambda tx: sessions.open_session(tx, account=ana.account, now=now))
    late = now + timedelta(days=14)
    assert await store.read(lambda tx: sessions.load(tx, opened.token, now=late)) is None
    assert await store.write(lambda tx: stored.drop_old(tx, late)) == 1


async def test_a_visit_is_written_down_once_an_hour(store: Store, now: datetime) -> None:
    opened = await store.write(lambda tx: sessions.open_session(tx, now=now))
    assert not opened.session.is_touch_due(now + timedelta(minutes=59))
    assert opened.session.is_touch_due(now + timedelta(minutes=60))


async def test_logging_out_ends_one_session_and_closing_all_ends_the_rest(
    store: Store, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    opened = [
        await store.write(lambda tx: sessions.open_session(tx, account=ana.account, now=now))
        for _ in range(3)
    ]
    await store.write(lambda tx: sessions.close(tx, opened[0].token))
    left = await store.read(lambda tx: sessions.list_of(tx, ana.account.id, now=now))
    assert {session.token_hash for session in left} == {one.session.token_hash for one in opened[1:]}
    assert await store.write(lambda tx: sessions.close_all(tx, ana.account.id)) == 2


async def test_a_session_before_login_belongs_to_nobody_and_lasts_a_day(store: Store, now: datetime) -> None:
    opened = await store.write(lambda tx: sessions.open_session(tx, now=now))
    found = await store.read(lambda tx: sessions.load(tx, opened.token, now=now))
    assert found is not None
    assert (found.account, found.actor) == (None, None)
    later = now + timedelta(days=1)
    assert await store.read(lambda tx: sessions.load(tx, opened.token, now=later)) is None


async def test_a_session_remembers_small_things(store: Store, now: datetime) -> None:
    opened = await store.write(lambda tx: sessions.open_session(tx, now=now))
    await store.write(lambda tx: sessions.remember(tx, opened.session, {"next": "/mentors"}))
    found = await store.read(lambda tx: sessions.load(tx, opened.token, now=now))
    assert found is not None
    assert found.session.data == {"next": "/mentors"}


async def test_an_account_that_was_disabled_meanwhile_gets_no_session(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    await store.write(lambda tx: members.disable(tx, account_id=ana.account.id, by=None, now=now))
    with pytest.raises(Forbidden):
        await store.write(lambda tx: sessions.log_in(tx, account=ana.account, old_token=None, now=now))
