"""The instance actor, the upkeep, and the facts about the instance, on both databases."""

from datetime import datetime, timedelta

from libline_fed.domain.accounts import SignUpForm
from libline_fed.services import accounts, instance, upkeep
from libline_fed.services.limits import Limits
from libline_fed.services.site import Site
from libline_fed.storage import actors, keys
from libline_fed.storage import instance as stored
from libline_fed.storage.store import Store
from tests.services.conftest import CLIENT, PASSWORD, Add


async def test_the_instance_actor_is_made_once_with_keys_of_its_own(
    store: Store, site: Site, now: datetime
) -> None:
    first = await store.write(lambda tx: instance.ensure_instance_actor(tx, site, now=now))
    again = await store.write(
        lambda tx: instance.ensure_instance_actor(tx, site, now=now + timedelta(days=1))
    )
    assert first == again
    assert (first.uri, first.type, first.handle) == (
        "https://lib.example/actor",
        "Application",
        "lib.example",
    )
    assert first.inbox_url == "https://lib.example/actor/inbox"
    assert await site.keyring.signing_key(first.id)
    assert len(await store.read(lambda tx: keys.of_actor(tx, first.id))) == 2


async def test_the_instance_actor_takes_no_members_handle(store: Store, site: Site, now: datetime) -> None:
    await store.write(lambda tx: instance.ensure_instance_actor(tx, site, now=now))
    assert await store.read(lambda tx: actors.local_by_handle(tx, "lib.example")) is None
    assert await store.read(actors.count_local) == 0


async def test_facts_are_written_down_and_replaced(store: Store) -> None:
    assert await store.read(lambda tx: stored.get(tx, "started")) is None
    assert await store.write(lambda tx: stored.put_new(tx, "started", {"at": 1}))
    assert not await store.write(lambda tx: stored.put_new(tx, "started", {"at": 2}))
    await store.write(lambda tx: stored.put(tx, "version", "0.1"))
    await store.write(lambda tx: stored.put(tx, "version", "0.2"))
    assert await store.read(lambda tx: stored.get(tx, "started")) == {"at": 1}
    assert await store.read(lambda tx: stored.get(tx, "version")) == "0.2"


async def test_the_upkeep_throws_away_what_is_over_and_nothing_else(
    store: Store, limiter: Limits, site: Site, add: Add, now: datetime
) -> None:
    await add("ana")
    await accounts.sign_up(
        store, limiter, site, SignUpForm("marta", "marta@mail.example", PASSWORD), client=CLIENT, now=now
    )
    await accounts.log_in(
        store, limiter, email="ana@mail.example", password=PASSWORD, client=CLIENT, old_token=None, now=now
    )
    nothing = dict.fromkeys(await store.write(lambda tx: upkeep.tidy(tx, site, now=now)), 0)
    assert await store.write(lambda tx: upkeep.tidy(tx, site, now=now)) == nothing
    late = now + timedelta(days=31)
    done = await store.write(lambda tx: upkeep.tidy(tx, site, now=late))
    assert (done["accounts"], done["sessions"]) == (1, 1)
    assert done["rate_windows"] >= 2
    assert await store.write(lambda tx: upkeep.tidy(tx, site, now=late)) == nothing
