"""Moderators and admins deciding over members, on both databases."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from libline_fed.domain.accounts import AccountState, Member, Role
from libline_fed.domain.mails import Mail
from libline_fed.errors import Conflict, Forbidden, InvalidInput, LibLineError, NotFound
from libline_fed.services import credentials, members, sessions
from libline_fed.services.limits import Limits
from libline_fed.services.site import Site
from libline_fed.storage.store import Store
from tests.services.conftest import CLIENT, PASSWORD, Add, link_in

Outgoing = Callable[[], Awaitable[list[Mail]]]


async def state_of(store: Store, member: Member) -> str:
    found = await store.read(lambda tx: members.current(tx, member.account.id))
    assert found is not None
    return found.account.state


@pytest.mark.parametrize("role", [Role.MEMBER, Role.COORDINATOR])
async def test_who_is_no_moderator_decides_nothing(
    store: Store, site: Site, add: Add, now: datetime, role: Role
) -> None:
    eve, ana = await add("eve", role), await add("ana")
    tries: list[Callable[..., Awaitable[object]]] = [
        lambda tx: members.disable(tx, account_id=ana.account.id, by=eve.account, now=now),
        lambda tx: members.enable(tx, account_id=ana.account.id, by=eve.account, now=now),
        lambda tx: members.approve(tx, site, account_id=ana.account.id, by=eve.account, now=now),
        lambda tx: members.reject(tx, site, account_id=ana.account.id, by=eve.account, now=now),
        lambda tx: members.set_role(tx, account_id=eve.account.id, role=Role.ADMIN, by=eve.account),
        lambda tx: members.reset_link(tx, site, account_id=ana.account.id, by=eve.account, now=now),
        lambda tx: members.add(tx, site, handle="new", email="new@mail.example", by=eve.account, now=now),
    ]
    for attempt in tries:
        with pytest.raises(Forbidden):
            await store.write(attempt)
    assert await state_of(store, ana) == AccountState.ACTIVE


async def test_a_moderator_does_not_disable_an_admin(store: Store, add: Add, now: datetime) -> None:
    admin, moderator = await add("lilian", Role.ADMIN), await add("noor", Role.MODERATOR)
    with pytest.raises(Forbidden):
        await store.write(
            lambda tx: members.disable(tx, account_id=admin.account.id, by=moderator.account, now=now)
        )
    assert await state_of(store, admin) == AccountState.ACTIVE


async def test_the_only_admin_stays(store: Store, site: Site, add: Add, now: datetime) -> None:
    admin = await add("lilian", Role.ADMIN)
    with pytest.raises(Conflict):
        await store.write(lambda tx: members.disable(tx, account_id=admin.account.id, by=None, now=now))
    with pytest.raises(Conflict):
        await store.write(
            lambda tx: members.set_role(tx, account_id=admin.account.id, role=Role.MEMBER, by=admin.account)
        )


async def test_two_admins_who_demote_each_other_at_once_leave_one(store: Store, add: Add) -> None:
    first, second = await add("lilian", Role.ADMIN), await add("noor", Role.ADMIN)

    async def demote(by: Member, whom: Member) -> object:
        return await store.write(
            lambda tx: members.set_role(tx, account_id=whom.account.id, role=Role.MEMBER, by=by.account)
        )

    await asyncio.gather(demote(first, second), demote(second, first), return_exceptions=True)
    found = await store.read(members.list_accounts)
    assert sorted(member.account.role for member in found.items) == ["admin", "member"]


async def test_a_changed_role_ends_the_sessions(store: Store, add: Add, now: datetime) -> None:
    ana = await add("ana")
    opened = await store.write(lambda tx: sessions.log_in(tx, account=ana.account, old_token=None, now=now))
    changed = await store.write(
        lambda tx: members.set_role(tx, account_id=ana.account.id, role=Role.MODERATOR, by=None)
    )
    assert changed.role == "moderator"
    assert await store.read(lambda tx: sessions.load(tx, opened.token, now=now)) is None


async def test_an_added_member_without_a_password_gets_a_link_to_set_one(
    store: Store, site: Site, limiter: Limits, outgoing: Outgoing, now: datetime
) -> None:
    member, link = await store.write(
        lambda tx: members.add(tx, site, handle="Ana", email="Ana@mail.example", by=None, now=now)
    )
    assert (member.account.state, member.actor.handle) == (AccountState.ACTIVE, "ana")
    (mail,) = await outgoing()
    secret = link_in(mail, "reset")
    assert link == f"https://lib.example/reset/{secret}"
    await credentials.reset_password(
        store, limiter, site, token=secret, password=PASSWORD, client=CLIENT, now=now
    )
    assert len(await outgoing()) == 1  # a first password is no news


@pytest.mark.parametrize(
    ("handle", "email", "field"),
    [("ana", "new@mail.example", "handle"), ("new", "ana@mail.example", "email")],
)
async def test_what_another_member_has_is_not_given_twice(
    store: Store, site: Site, add: Add, now: datetime, handle: str, email: str, field: str
) -> None:
    await add("ana")
    with pytest.raises(InvalidInput) as refused:
        await store.write(lambda tx: members.add(tx, site, handle=handle, email=email, by=None, now=now))
    assert set(refused.value.fields) == {field}


async def test_of_many_who_want_one_handle_at_once_one_gets_it(
    store: Store, site: Site, now: datetime
) -> None:
    async def add_one(number: int) -> object:
        return await store.write(
            lambda tx: members.add(tx, site, handle="ana", email=f"a{number}@mail.example", by=None, now=now)
        )

    outcomes = await asyncio.gather(*(add_one(number) for number in range(6)), return_exceptions=True)
    assert sum(isinstance(outcome, tuple) for outcome in outcomes) == 1
    assert all(isinstance(outcome, tuple | LibLineError) for outcome in outcomes)
    assert (await store.read(members.list_accounts)).total_count == 1


async def test_members_are_listed_newest_first_and_found_by_part_of_name_or_address(
    store: Store, add: Add, now: datetime
) -> None:
    for handle in ("ana", "mariana", "eve_"):
        await add(handle)
    everybody = await store.read(members.list_accounts)
    assert (everybody.total_count, everybody.has_more, len(everybody.items)) == (3, False, 3)
    found = await store.read(lambda tx: members.list_accounts(tx, text="ANA"))
    assert {member.actor.handle for member in found.items} == {"ana", "mariana"}
    for wildcard, count in (("%", 0), ("_", 1), ("'", 0), ("\\", 0)):
        found = await store.read(lambda tx, text=wildcard: members.list_accounts(tx, text=text))
        assert found.total_count == count, wildcard
    assert (await store.read(lambda tx: members.list_accounts(tx, state="disabled"))).items == []


async def test_a_handle_finds_its_member_with_and_without_the_at_sign(store: Store, add: Add) -> None:
    ana = await add("ana")
    for text in ("ana", "@ana", " @ANA "):
        found = await store.read(lambda tx, text=text: members.by_handle(tx, text))
        assert found.account.id == ana.account.id
    with pytest.raises(NotFound):
        await store.read(lambda tx: members.by_handle(tx, "nobody"))
