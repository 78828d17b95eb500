"""Invitations on both databases."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from libline_fed.config import Registration
from libline_fed.domain.accounts import AccountState, Role, SignUpForm
from libline_fed.domain.mails import Mail
from libline_fed.errors import Forbidden, InvalidInput, NotFound
from libline_fed.services import accounts, invitations, members
from libline_fed.services.accounts import NextStep
from libline_fed.services.limits import Limits
from libline_fed.services.site import Site
from libline_fed.storage.store import Store
from tests.services.conftest import CLIENT, PASSWORD, Add, link_in

Outgoing = Callable[[], Awaitable[list[Mail]]]


@pytest.fixture
def closed_door(site: Site) -> Site:
    """An instance one joins by invitation only."""
    return replace(site, registration=Registration.INVITE)


def form(name: str, invitation: str) -> SignUpForm:
    return SignUpForm(name, f"{name}@mail.example", PASSWORD, invitation=invitation)


async def sign_up(store: Store, limiter: Limits, site: Site, filled: SignUpForm, now: datetime) -> NextStep:
    return await accounts.sign_up(store, limiter, site, filled, client=CLIENT, now=now)


async def test_an_invitation_by_mail_stands_for_confirmation_and_approval(
    store: Store, limiter: Limits, approving: Site, add: Add, outgoing: Outgoing, now: datetime
) -> None:
    noor = await add("noor", Role.COORDINATOR)
    await store.write(
        lambda tx: invitations.invite(tx, approving, by=noor.account, email="Marta@mail.example", now=now)
    )
    (mail,) = await outgoing()
    secret = link_in(mail, "invitations")
    assert "@noor" in mail.text_body
    assert await sign_up(store, limiter, approving, form("marta", secret), now) is NextStep.LOG_IN
    marta = await store.read(lambda tx: members.by_handle(tx, "marta"))
    assert (marta.account.state, marta.account.email_confirmed_at) == (AccountState.ACTIVE, now)


async def test_an_invitation_by_mail_is_of_no_use_to_others(
    store: Store, limiter: Limits, closed_door: Site, outgoing: Outgoing, now: datetime
) -> None:
    await store.write(
        lambda tx: invitations.invite(tx, closed_door, by=None, email="marta@mail.example", now=now)
    )
    secret = link_in((await outgoing())[0], "invitations")
    with pytest.raises(InvalidInput) as refused:
        await sign_up(store, limiter, closed_door, form("eve", secret), now)
    assert set(refused.value.fields) == {"email"}


async def test_an_open_invitation_works_as_often_as_it_says_and_still_asks_to_confirm(
    store: Store, limiter: Limits, closed_door: Site, now: datetime
) -> None:
    link = await store.write(lambda tx: invitations.invite(tx, closed_door, by=None, uses_count=2, now=now))
    secret = link.rpartition("/")[2]
    for _ in range(3):  # looking uses nothing up
        assert await store.read(lambda tx: invitations.find(tx, secret, now=now)) is not None
    for name in ("marta", "noor"):
        assert await sign_up(store, limiter, closed_door, form(name, secret), now) is NextStep.CONFIRM
    with pytest.raises(InvalidInput) as refused:
        await sign_up(store, limiter, closed_door, form("eve", secret), now)
    assert set(refused.value.fields) == {"invitation"}


async def test_the_last_use_goes_to_one_of_many(
    store: Store, limiter: Limits, closed_door: Site, now: datetime
) -> None:
    link = await store.write(lambda tx: invitations.invite(tx, closed_door, by=None, now=now))
    outcomes = await asyncio.gather(
        *(
            sign_up(store, limiter, closed_door, form(f"m{number}x", link.rpartition("/")[2]), now)
            for number in range(4)
        ),
        return_exceptions=True,
    )
    assert outcomes.count(NextStep.CONFIRM) == 1
    assert (await store.read(members.list_accounts)).total_count == 1


async def test_a_refused_form_leaves_the_invitation_usable(
    store: Store, limiter: Limits, closed_door: Site, add: Add, now: datetime
) -> None:
    await add("marta")
    link = await store.write(lambda tx: invitations.invite(tx, closed_door, by=None, now=now))
    secret = link.rpartition("/")[2]
    with pytest.raises(InvalidInput):
        await sign_up(
            store, limiter, closed_door, replace(form("marta", secret), email="x@mail.example"), now
        )
    assert await store.read(lambda tx: invitations.find(tx, secret, now=now)) is not None


async def test_an_invitation_dies_after_two_weeks(
    store: Store, limiter: Limits, closed_door: Site, now: datetime
) -> None:
    link = await store.write(lambda tx: invitations.invite(tx, closed_door, by=None, now=now))
    with pytest.raises(InvalidInput):
        await sign_up(
            store, limiter, closed_door, form("marta", link.rpartition("/")[2]), now + timedelta(days=14)
        )


async def test_members_do_not_invite_and_coordinators_see_and_end_their_own_only(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, noor, lilian = (
        await add("ana"),
        await add("noor", Role.COORDINATOR),
        await add("lilian", Role.MODERATOR),
    )
    with pytest.raises(Forbidden):
        await store.write(lambda tx: invitations.invite(tx, site, by=ana.account, now=now))
    for by in (noor, lilian):
        await store.write(lambda tx, by=by: invitations.invite(tx, site, by=by.account, now=now))

    (own,) = await store.read(lambda tx: invitations.list_open(tx, by=noor.account, now=now))
    every = await store.read(lambda tx: invitations.list_open(tx, by=lilian.account, now=now))
    (other,) = [token for token in every if token != own]
    with pytest.raises(NotFound):
        await store.write(lambda tx: invitations.withdraw(tx, token_hash=other.token_hash, by=noor.account))
    await store.write(lambda tx: invitations.withdraw(tx, token_hash=own.token_hash, by=lilian.account))
    assert await store.read(lambda tx: invitations.list_open(tx, by=lilian.account, now=now)) == [other]


@pytest.mark.parametrize(("email", "uses_count"), [(None, 0), (None, 101), ("a@mail.example", 2)])
async def test_an_invitation_has_a_sane_number_of_uses(
    store: Store, site: Site, now: datetime, email: str | None, uses_count: int
) -> None:
    with pytest.raises(InvalidInput):
        await store.write(
            lambda tx: invitations.invite(tx, site, by=None, email=email, uses_count=uses_count, now=now)
        )
