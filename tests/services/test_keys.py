"""The keyring on both databases: making keys, signing, rotating."""

import asyncio
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from sqlalchemy import select

from libline_fed.activitypub.keys import multibase_of, pem_of
from libline_fed.clock import FrozenClock
from libline_fed.domain.keys import PublicKeys
from libline_fed.errors import Conflict, NotFound
from libline_fed.sealing import SealBroken, Sealer
from libline_fed.services.keys import Keyring
from libline_fed.storage import keys
from libline_fed.storage.store import Store
from libline_fed.storage.tables import actor_keys, spare_keys
from tests.services.conftest import Add
from tests.support.keys import ANA_RSA


async def test_a_member_signs_with_the_keys_that_are_shown(store: Store, keyring: Keyring, add: Add) -> None:
    ana = await add("ana")
    shown = await store.read(lambda tx: keyring.public_keys(tx, ana.actor.id))
    rsa, ed25519 = await keyring.signing_key(ana.actor.id), await keyring.proof_key(ana.actor.id)
    assert isinstance(rsa, RSAPrivateKey)
    assert isinstance(ed25519, Ed25519PrivateKey)
    assert shown == PublicKeys(pem_of(rsa.public_key()), pem_of(ed25519.public_key()))
    assert multibase_of(ed25519.public_key()).startswith("z6Mk")


async def test_a_key_is_loaded_once(store: Store, keyring: Keyring, add: Add) -> None:
    ana = await add("ana")
    assert await keyring.signing_key(ana.actor.id) is await keyring.signing_key(ana.actor.id)


async def test_private_keys_are_sealed_in_the_database_and_in_no_repr(
    store: Store, keyring: Keyring, sealer: Sealer, add: Add
) -> None:
    ana = await add("ana")
    await keyring.signing_key(ana.actor.id)
    for table in (actor_keys, spare_keys):
        for sealed in await store.read(lambda tx, table=table: tx.scalars(select(table.c.private_encrypted))):
            assert b"PRIVATE" not in sealed
            assert b"PRIVATE KEY" in sealer.unseal(sealed)
    held = await store.read(lambda tx: keys.of_actor(tx, ana.actor.id))
    assert "private" not in repr(held)
    assert repr(keyring) == "<Keyring with 1 keys in memory>"


async def test_another_secret_key_opens_nothing(store: Store, add: Add) -> None:
    ana = await add("ana")
    stranger = Keyring(store, Sealer("another secret key than the one that sealed"))
    with pytest.raises(SealBroken):
        await stranger.signing_key(ana.actor.id)


async def test_two_actors_never_get_the_same_spare_key(store: Store, sealer: Sealer, now: datetime) -> None:
    for number in range(4):
        await store.write(
            lambda tx, number=number: keys.add_spare(
                tx, public_pem=f"spare {number}", private_encrypted=b"sealed", now=now
            )
        )
    taken = await asyncio.gather(*(store.write(keys.take_spare) for _ in range(6)))
    assert sorted(pair[0] for pair in taken if pair) == [f"spare {number}" for number in range(4)]
    assert taken.count(None) == 2


async def test_preparing_puts_a_key_into_an_empty_pool(store: Store, sealer: Sealer, now: datetime) -> None:
    keyring = Keyring(store, sealer)
    for _ in range(2):
        await keyring.prepare(now=now)
    assert await store.read(keys.count_spare) == 1
    assert await keyring.fill_pool(2, now=now) == 1
    assert await keyring.fill_pool(2, now=now) == 0


async def test_the_pool_is_filled_again_in_the_background(
    store: Store, sealer: Sealer, clock: FrozenClock
) -> None:
    keyring, stop = Keyring(store, sealer), asyncio.Event()
    running = asyncio.create_task(keyring.run(stop, clock, size=1))
    try:
        async with asyncio.timeout(20):
            for _ in range(2):
                while await store.read(keys.count_spare) == 0:
                    await asyncio.sleep(0.02)
                await store.write(keys.take_spare)
                await keyring.prepare(now=clock.now())
    finally:
        stop.set()
        await running


async def test_an_actor_gets_keys_even_when_the_pool_is_empty(
    store: Store, sealer: Sealer, add: Add, now: datetime
) -> None:
    members = [await add(f"ana{number}x") for number in range(4)]  # the pool of the test holds three
    pems = {await pem_shown(store, Keyring(store, sealer), member.actor.id) for member in members}
    assert ANA_RSA.public_pem in pems
    assert len(pems) == 2


async def pem_shown(store: Store, keyring: Keyring, actor_id: str) -> str:
    return (await store.read(lambda tx: keyring.public_keys(tx, actor_id))).rsa_pem


async def pem_signing(keyring: Keyring, actor_id: str) -> str:
    return pem_of((await keyring.signing_key(actor_id)).public_key())


async def test_a_rotation_announces_then_signs_then_forgets(
    store: Store, keyring: Keyring, add: Add, now: datetime
) -> None:
    ana = (await add("ana")).actor.id
    await store.write(keys.take_spare)
    await store.write(keys.take_spare)  # so that the next key is really another one
    old = await pem_shown(store, keyring, ana)

    announced = await store.write(lambda tx: keyring.begin_rotation(tx, ana, now=now))
    assert announced.rsa_pem != old
    assert announced.ed25519_pem is not None
    assert await pem_shown(store, keyring, ana) == await pem_signing(keyring, ana) == old
    with pytest.raises(Conflict):
        await store.write(lambda tx: keyring.begin_rotation(tx, ana, now=now))

    assert await store.write(lambda tx: keyring.finish_rotation(tx, ana, now=now)) == announced
    assert await pem_shown(store, keyring, ana) == await pem_signing(keyring, ana) == announced.rsa_pem
    retired = await keyring.retired_signing_key(ana)
    assert retired is not None
    assert pem_of(retired.public_key()) == old
    with pytest.raises(Conflict):
        await store.write(lambda tx: keyring.finish_rotation(tx, ana, now=now))

    almost = now + timedelta(days=7, seconds=-1)
    assert await store.write(lambda tx: keyring.drop_retired(tx, now=almost)) == 0
    assert await store.write(lambda tx: keyring.drop_retired(tx, now=now + timedelta(days=7))) == 1
    assert await keyring.retired_signing_key(ana) is None
    assert await pem_signing(keyring, ana) == announced.rsa_pem


async def test_a_second_rotation_keeps_one_former_key(
    store: Store, keyring: Keyring, add: Add, now: datetime
) -> None:
    ana = (await add("ana")).actor.id
    for day in range(2):
        at = now + timedelta(days=day)
        await store.write(lambda tx, at=at: keyring.begin_rotation(tx, ana, now=at))
        await store.write(lambda tx, at=at: keyring.finish_rotation(tx, ana, now=at))
    held = await store.read(lambda tx: keys.of_actor(tx, ana))
    assert sorted((key.kind, key.state) for key in held) == [
        ("ed25519", "current"), ("rsa", "current"), ("rsa", "retired"),
    ]  # fmt: skip


async def test_a_compromised_key_is_destroyed_at_once(
    store: Store, keyring: Keyring, add: Add, now: datetime
) -> None:
    ana = (await add("ana")).actor.id
    await store.write(keys.take_spare)
    await store.write(keys.take_spare)
    old = await pem_shown(store, keyring, ana)
    await store.write(lambda tx: keyring.begin_rotation(tx, ana, now=now))
    fresh = await store.write(lambda tx: keyring.replace_compromised(tx, ana, now=now))
    assert fresh.rsa_pem != old
    assert await keyring.retired_signing_key(ana) is None
    assert await pem_signing(keyring, ana) == fresh.rsa_pem


async def test_an_actor_of_another_server_has_no_key_here(
    store: Store, keyring: Keyring, now: datetime
) -> None:
    with pytest.raises(NotFound):
        await keyring.signing_key("nobody")
    with pytest.raises(NotFound):
        await store.write(lambda tx: keyring.begin_rotation(tx, "nobody", now=now))
