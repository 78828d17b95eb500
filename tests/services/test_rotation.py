"""A new signing key is announced with the old one, and takes over when the news is out."""

import json

import pytest
from sqlalchemy import select, update

from libline_fed.clock import FrozenClock
from libline_fed.errors import Conflict
from libline_fed.services import rotation
from libline_fed.services.documents import actor_document
from libline_fed.storage.store import Store
from libline_fed.storage.tables import activities, deliveries
from tests.support.fediverse import Fediverse, fediverse


async def shown_pem(world: Fediverse, actor) -> str:  # type: ignore[no-untyped-def]
    document = await world.store.read(lambda tx: actor_document(tx, world.site, actor))
    return str(document["publicKey"]["publicKeyPem"])


async def test_a_new_key_is_told_first_and_used_afterwards(store: Store, clock: FrozenClock) -> None:
    async with fediverse(store, clock) as world:
        ana, ben = await world.member("ana"), world.meet("b.example", "ben")
        await world.receive(ben, ben.says("Follow", ana.uri))
        old_pem, old_key = await shown_pem(world, ana), await world.site.keyring.signing_key(ana.id)
        await store.write(lambda tx: rotation.begin(tx, world.site, actor_id=ana.id, now=clock.now()))
        [update_body] = await store.read(
            lambda tx: tx.scalars(select(activities.c.body).where(activities.c.type == "Update"))
        )
        announced = json.loads(update_body)["object"]["publicKey"]
        assert announced["id"] == f"{ana.uri}#main-key"
        assert announced["publicKeyPem"] != old_pem
        assert await shown_pem(world, ana) == old_pem
        with pytest.raises(Conflict):
            await store.write(lambda tx: rotation.begin(tx, world.site, actor_id=ana.id, now=clock.now()))
        assert await store.write(lambda tx: rotation.finish_due(tx, world.site, now=clock.now())) == 0
        await store.write(lambda tx: tx.execute(update(deliveries).values(state="delivered")))
        assert await store.write(lambda tx: rotation.finish_due(tx, world.site, now=clock.now())) == 1
        assert await shown_pem(world, ana) == announced["publicKeyPem"]
        new_key = await world.site.keyring.signing_key(ana.id)
        assert new_key.public_key() != old_key.public_key()


async def test_hosts_that_are_down_do_not_hold_a_key_up_for_longer_than_an_hour(
    store: Store, clock: FrozenClock
) -> None:
    async with fediverse(store, clock) as world:
        ana, ben = await world.member("ana"), world.meet("b.example", "ben")
        await world.receive(ben, ben.says("Follow", ana.uri))
        await store.write(lambda tx: rotation.begin(tx, world.site, actor_id=ana.id, now=clock.now()))
        clock.advance(hours=0.9)
        assert await store.write(lambda tx: rotation.finish_due(tx, world.site, now=clock.now())) == 0
        clock.advance(hours=0.2)
        assert await store.write(lambda tx: rotation.finish_due(tx, world.site, now=clock.now())) == 1
