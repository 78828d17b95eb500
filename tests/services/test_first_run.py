"""Becoming the first admin, on both databases."""

import asyncio
from datetime import datetime, timedelta

import pytest

from libline_fed.domain.accounts import AccountState, Role, SignUpForm
from libline_fed.domain.sessions import Opened
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.services import first_run, members, sessions
from libline_fed.services.limits import Limits
from libline_fed.services.site import Site
from libline_fed.storage.store import Store
from tests.services.conftest import CLIENT, PASSWORD, Add

FORM = SignUpForm("lilian", "lilian@mail.example", PASSWORD, "fr")


async def new_secret(store: Store, site: Site, now: datetime) -> str:
    link = await store.write(lambda tx: first_run.admin_link(tx, site, now=now))
    assert link is not None
    assert link.startswith("https://lib.example/first-run/")
    return link.rpartition("/")[2]


async def become(
    store: Store, limiter: Limits, site: Site, secret: str, now: datetime, form: SignUpForm = FORM
) -> Opened:
    return await first_run.make_first_admin(
        store, limiter, site, token=secret, form=form, client=CLIENT, now=now
    )


async def test_the_link_makes_an_admin_who_is_logged_in_and_works_once(
    store: Store, limiter: Limits, site: Site, now: datetime
) -> None:
    secret = await new_secret(store, site, now)
    assert await store.read(lambda tx: first_run.peek(tx, secret, now=now))
    opened = await become(store, limiter, site, secret, now)
    found = await store.read(lambda tx: sessions.load(tx, opened.token, now=now))
    assert found is not None
    assert found.account is not None
    assert (found.account.role, found.account.state) == (Role.ADMIN, AccountState.ACTIVE)
    assert found.account.email_confirmed_at == now
    assert found.actor is not None
    assert found.actor.is_usable
    with pytest.raises(NotFound):
        await become(store, limiter, site, secret, now)
    assert await store.write(lambda tx: first_run.admin_link(tx, site, now=now)) is None


async def test_only_the_last_printed_link_works_and_for_a_week(
    store: Store, limiter: Limits, site: Site, now: datetime
) -> None:
    first, second = await new_secret(store, site, now), await new_secret(store, site, now)
    with pytest.raises(NotFound):
        await become(store, limiter, site, first, now)
    with pytest.raises(NotFound):
        await become(store, limiter, site, second, now + timedelta(days=7))
    assert await become(store, limiter, site, second, now)


async def test_a_wrong_form_leaves_the_link_usable(
    store: Store, limiter: Limits, site: Site, add: Add, now: datetime
) -> None:
    await add("ana")
    secret = await new_secret(store, site, now)
    for form in (SignUpForm("admin", "no", "short"), SignUpForm("ana", "x@mail.example", PASSWORD)):
        with pytest.raises(InvalidInput):
            await become(store, limiter, site, secret, now, form)
    assert await become(store, limiter, site, secret, now)


async def test_of_two_who_open_the_link_at_once_one_becomes_admin(
    store: Store, limiter: Limits, site: Site, now: datetime
) -> None:
    secret = await new_secret(store, site, now)
    forms = [FORM, SignUpForm("eve", "eve@mail.example", PASSWORD)]
    outcomes = await asyncio.gather(
        *(become(store, limiter, site, secret, now, form) for form in forms), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotFound", "Opened"]
    assert (await store.read(members.list_accounts)).total_count == 1


async def test_a_link_is_dead_once_there_is_an_admin_from_elsewhere(
    store: Store, limiter: Limits, site: Site, add: Add, now: datetime
) -> None:
    secret = await new_secret(store, site, now)
    await add("noor", Role.ADMIN)
    with pytest.raises(NotFound):
        await become(store, limiter, site, secret, now)
