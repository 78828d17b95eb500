"""Consortia hosted here: making and describing them, and who may do what."""

from datetime import datetime
from typing import Any

import pytest

from libline_fed.domain.accounts import Account, AccountState, Role
from libline_fed.domain.actors import Actor
from libline_fed.errors import Conflict, Forbidden, InvalidInput, NotFound
from libline_fed.services import consortia, members, memberships
from libline_fed.services.documents import actor_document
from libline_fed.services.instance import ensure_instance_actor
from libline_fed.services.site import Site
from libline_fed.storage import actors
from libline_fed.storage import consortia as rows
from libline_fed.storage.store import Store, Tx

TEXTS = {"name": "Red", "summary_text": "For *all*", "charter_text": "1. Be kind.", "language": "es"}


@pytest.fixture
async def instance(store: Store, site: Site, now: datetime) -> Actor:
    return await store.write(lambda tx: ensure_instance_actor(tx, site, now=now))


async def account(store: Store, site: Site, handle: str, role: Role, now: datetime) -> Account:
    new = members.NewMember(handle, f"{handle}@mail.example", None, state=AccountState.ACTIVE, role=role)
    await site.keyring.prepare(now=now)
    return (await store.write(lambda tx: members.create(tx, site, new, now=now))).account


async def create(store: Store, site: Site, by: Account | None, now: datetime, **changes: Any) -> Actor:
    given: dict[str, Any] = {"handle": "redbib", **TEXTS, **changes}
    return await store.write(lambda tx: consortia.create(tx, site, account=by, now=now, **given))


async def test_a_group_is_made_with_keys_a_charter_and_its_first_coordinator(
    store: Store, site: Site, instance: Actor, now: datetime
) -> None:
    cora = await account(store, site, "cora", Role.COORDINATOR, now)
    group = await create(store, site, cora, now)
    document = await store.read(lambda tx: actor_document(tx, site, group))
    assert document["id"] == document["url"] == "https://lib.example/groups/redbib"
    assert document["type"] == "Group"
    assert document["attributedTo"] == f"{group.uri}/moderators"
    assert document["charterText"] == "1. Be kind."
    assert document["publicKey"]["owner"] == group.uri
    assert "continues" not in document
    assert "featuredTags" not in document
    (hosted,) = await store.read(consortia.hosted)
    assert (hosted.group.uri, hosted.consortium.language) == (group.uri, "es")
    (coordinator,) = await store.read(lambda tx: consortia.coordinators(tx, group.id))
    assert coordinator.actor.handle == "cora"
    (joined,) = await store.read(lambda tx: memberships.list_memberships(tx, site))
    assert (joined.group.uri, joined.membership.state) == (group.uri, "member")
    assert await store.read(lambda tx: memberships.members_of(tx, group)) == [instance]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"handle": "admin"}, "handle"),
        ({"handle": "Red Bib"}, "handle"),
        ({"handle": "dora"}, "handle"),  # a member's: one name, one actor
        ({"name": "  "}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"summary_text": "s" * 2_001}, "summary_text"),
        ({"charter_text": "c" * 20_001}, "charter_text"),
    ],
)
@pytest.mark.usefixtures("instance")
async def test_what_cannot_be_used_is_refused_by_field(
    store: Store, site: Site, now: datetime, changes: dict[str, str], field: str
) -> None:
    await account(store, site, "dora", Role.MEMBER, now)
    with pytest.raises(InvalidInput) as caught:
        await create(store, site, None, now, **changes)
    assert list(caught.value.fields) == [field]
    assert await store.read(consortia.hosted) == []


@pytest.mark.usefixtures("instance")
async def test_a_member_cannot_take_the_name_of_a_consortium(
    store: Store, site: Site, now: datetime
) -> None:
    await create(store, site, None, now)
    with pytest.raises(InvalidInput):
        await store.write(lambda tx: members.require_free_handle(tx, "RedBib", now=now))


async def test_only_those_who_run_a_consortium_run_it(
    store: Store, site: Site, instance: Actor, now: datetime
) -> None:
    cora = await account(store, site, "cora", Role.COORDINATOR, now)
    other = await account(store, site, "other", Role.COORDINATOR, now)
    plain = await account(store, site, "plain", Role.MEMBER, now)
    admin = await account(store, site, "boss", Role.ADMIN, now)
    with pytest.raises(Forbidden):
        await create(store, site, plain, now)
    group = await create(store, site, cora, now)

    async def edit(by: Account | None, name: str) -> Actor:
        given = {**TEXTS, "name": name}
        return await store.write(
            lambda tx: consortia.edit(tx, site, group_id=group.id, account=by, now=now, **given)
        )

    for stranger in (other, plain):
        with pytest.raises(Forbidden):
            await edit(stranger, "Mine now")
        with pytest.raises(Forbidden):
            await store.write(
                lambda tx, s=stranger: consortia.close(  # type: ignore[misc]
                    tx, site, group_id=group.id, account=s, now=now
                )
            )
    for by in (cora, admin, None):
        assert (await edit(by, "Red 2")).name == "Red 2"
    await store.write(
        lambda tx: consortia.add_coordinator(tx, group_id=group.id, handle="@other", account=cora, now=now)
    )
    assert (await edit(other, "Ours")).name == "Ours"
    with pytest.raises(NotFound):
        await store.write(
            lambda tx: consortia.edit(tx, site, group_id=instance.id, account=None, now=now, **TEXTS)
        )


@pytest.mark.usefixtures("instance")
async def test_a_consortium_always_has_somebody_who_runs_it(
    store: Store, site: Site, now: datetime
) -> None:
    cora = await account(store, site, "cora", Role.COORDINATOR, now)
    dora = await account(store, site, "dora", Role.MEMBER, now)
    group = await create(store, site, cora, now)

    async def drop(account_id: str) -> None:
        await store.write(
            lambda tx: consortia.remove_coordinator(
                tx, group_id=group.id, account_id=account_id, account=cora
            )
        )

    with pytest.raises(Conflict):
        await drop(cora.id)
    with pytest.raises(InvalidInput):
        await store.write(
            lambda tx: consortia.add_coordinator(
                tx, group_id=group.id, handle="nobody", account=cora, now=now
            )
        )
    await store.write(
        lambda tx: consortia.add_coordinator(tx, group_id=group.id, handle="dora", account=cora, now=now)
    )
    await drop(dora.id)
    assert not await store.read(lambda tx: consortia.may_run(tx, group.id, dora))


@pytest.mark.usefixtures("instance")
async def test_a_closed_consortium_is_gone_and_its_name_stays_taken(
    store: Store, site: Site, now: datetime
) -> None:
    group = await create(store, site, None, now)
    await store.write(lambda tx: consortia.close(tx, site, group_id=group.id, account=None, now=now))
    assert await store.read(consortia.hosted) == []
    with pytest.raises(Conflict):
        await store.write(lambda tx: consortia.close(tx, site, group_id=group.id, account=None, now=now))
    with pytest.raises(InvalidInput):
        await create(store, site, None, now)


async def test_only_other_servers_are_invited_and_only_a_group_is_joined(
    store: Store, site: Site, instance: Actor, now: datetime
) -> None:
    dora = await account(store, site, "dora", Role.MEMBER, now)
    group = await create(store, site, None, now)
    person = await store.read(lambda tx: actors.by_id(tx, dora.actor_id))
    assert person is not None
    for nobody in (person, instance):
        with pytest.raises(Conflict):
            await store.write(
                lambda tx, n=nobody: consortia.invite(  # type: ignore[misc]
                    tx, site, group_id=group.id, instance=n, account=None, now=now
                )
            )
    with pytest.raises(Conflict):
        await store.write(lambda tx: memberships.join(tx, site, group=person, account=None, now=now))
    with pytest.raises(Conflict):
        await store.write(lambda tx: memberships.join(tx, site, group=group, account=None, now=now))
    with pytest.raises(Forbidden):
        await store.write(lambda tx: memberships.leave(tx, site, group=group, account=dora, now=now))
    await store.write(lambda tx: memberships.leave(tx, site, group=group, account=None, now=now))
    known = await store.read(lambda tx: memberships.state_in(tx, site, group))
    assert known is not None
    assert known.state == "left"


async def test_whoever_asks_here_waits_for_a_coordinator(
    store: Store, site: Site, instance: Actor, now: datetime
) -> None:
    cora = await account(store, site, "cora", Role.COORDINATOR, now)
    group = await create(store, site, cora, now, is_member=False)
    state = await store.write(lambda tx: memberships.join(tx, site, group=group, account=None, now=now))
    assert state == "asked"

    async def decide(tx: Tx) -> None:
        await consortia.approve(tx, site, group_id=group.id, instance_id=instance.id, account=cora, now=now)
        await consortia.approve(tx, site, group_id=group.id, instance_id=instance.id, account=cora, now=now)

    await store.write(decide)
    known = await store.read(lambda tx: rows.membership(tx, group.id, instance.id))
    assert known is not None
    assert known.is_member
