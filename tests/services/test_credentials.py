"""Passwords and addresses: forgotten, changed, proven again, on both databases."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from libline_fed.clock import monotonic_s
from libline_fed.domain.accounts import AccountState, Member, SignUpForm
from libline_fed.domain.mails import Mail
from libline_fed.domain.sessions import Opened
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.services import accounts, credentials, members, passwords, sessions
from libline_fed.services.limits import Limits, TooManyTries
from libline_fed.services.site import Site
from libline_fed.storage.store import Store
from tests.services.conftest import CLIENT, PASSWORD, Add, link_in

Outgoing = Callable[[], Awaitable[list[Mail]]]
NEW_PASSWORD = "another horse 43"


async def ask(
    store: Store, limiter: Limits, site: Site, now: datetime, email: str = "ana@mail.example"
) -> None:
    await credentials.request_reset(store, limiter, site, email=email, client=CLIENT, now=now)


async def reset(store: Store, limiter: Limits, site: Site, secret: str, now: datetime) -> Member:
    return await credentials.reset_password(
        store, limiter, site, token=secret, password=NEW_PASSWORD, client=CLIENT, now=now
    )


async def log_in(
    store: Store, limiter: Limits, now: datetime, password: str = PASSWORD, email: str = "ana@mail.example"
) -> Opened:
    return await accounts.log_in(
        store, limiter, email=email, password=password, client=CLIENT, old_token=None, now=now
    )


async def test_a_reset_ends_every_session_and_works_once(
    store: Store, limiter: Limits, site: Site, add: Add, outgoing: Outgoing, now: datetime
) -> None:
    await add("ana")
    opened = await log_in(store, limiter, now)
    await ask(store, limiter, site, now)
    secret = link_in((await outgoing())[0], "reset")

    assert await store.read(lambda tx: credentials.peek_reset(tx, secret, now=now)) is not None
    await reset(store, limiter, site, secret, now)
    assert await store.read(lambda tx: sessions.load(tx, opened.token, now=now)) is None
    with pytest.raises(InvalidInput):
        await log_in(store, limiter, now)
    assert await log_in(store, limiter, now, NEW_PASSWORD)
    with pytest.raises(NotFound):
        await reset(store, limiter, site, secret, now)
    assert "changed" in (await outgoing())[-1].subject


async def test_a_reset_link_dies_after_an_hour_and_when_another_is_asked_for(
    store: Store, limiter: Limits, site: Site, add: Add, outgoing: Outgoing, now: datetime
) -> None:
    await add("ana")
    await ask(store, limiter, site, now)
    await ask(store, limiter, site, now)
    first, second = (link_in(mail, "reset") for mail in await outgoing())
    with pytest.raises(NotFound):
        await reset(store, limiter, site, first, now)
    with pytest.raises(NotFound):
        await reset(store, limiter, site, second, now + timedelta(hours=1))
    assert await reset(store, limiter, site, second, now + timedelta(minutes=59))


async def test_a_password_that_is_refused_does_not_use_the_link_up(
    store: Store, limiter: Limits, site: Site, add: Add, outgoing: Outgoing, now: datetime
) -> None:
    await add("ana")
    await ask(store, limiter, site, now)
    secret = link_in((await outgoing())[0], "reset")
    for password in ("short", "ana@mail.example", "aaaaaaaaaaaa", "x" * 201):
        with pytest.raises(InvalidInput) as refused:
            await credentials.reset_password(
                store, limiter, site, token=secret, password=password, client=CLIENT, now=now
            )
        assert set(refused.value.fields) == {"password"}
    assert await reset(store, limiter, site, secret, now)


async def test_an_unknown_address_looks_and_takes_the_same(
    store: Store, limiter: Limits, site: Site, add: Add, outgoing: Outgoing, now: datetime
) -> None:
    await add("ana")
    took_s = []
    for email in ("ana@mail.example", "nobody@mail.example"):
        begin_s = monotonic_s()
        await ask(store, limiter, site, now, email)
        took_s.append(monotonic_s() - begin_s)
    assert min(took_s) >= passwords.EVEN_S
    assert [mail.recipient for mail in await outgoing()] == ["ana@mail.example"]


async def test_the_sixth_reset_for_an_address_in_half_an_hour_is_refused_known_or_not(
    store: Store, limiter: Limits, site: Site, add: Add, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "EVEN_S", 0.0)
    await add("ana")
    for email in ("ana@mail.example", "nobody@mail.example"):
        for _ in range(5):
            await ask(store, limiter, site, now, email)
        with pytest.raises(TooManyTries):
            await ask(store, limiter, site, now, email.upper())
        await ask(store, limiter, site, now + timedelta(minutes=30), email)


async def test_a_reset_confirms_the_address_it_was_sent_to(
    store: Store, limiter: Limits, site: Site, outgoing: Outgoing, now: datetime
) -> None:
    form = SignUpForm("marta", "marta@mail.example", PASSWORD)
    await accounts.sign_up(store, limiter, site, form, client=CLIENT, now=now)
    confirm_secret = link_in((await outgoing())[0], "confirm")
    await ask(store, limiter, site, now, "marta@mail.example")
    member = await reset(store, limiter, site, link_in((await outgoing())[-1], "reset"), now)
    assert member.account.state == AccountState.ACTIVE
    assert member.actor.is_usable
    with pytest.raises(NotFound):
        await store.write(lambda tx: accounts.confirm_email(tx, site, token=confirm_secret, now=now))


async def test_two_at_once_use_a_reset_link_once(
    store: Store, limiter: Limits, site: Site, add: Add, outgoing: Outgoing, now: datetime
) -> None:
    await add("ana")
    await ask(store, limiter, site, now)
    secret = link_in((await outgoing())[0], "reset")
    outcomes = await asyncio.gather(
        *(reset(store, limiter, site, secret, now) for _ in range(4)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "Member",
        "NotFound",
        "NotFound",
        "NotFound",
    ]


async def test_changing_the_password_keeps_only_the_browser_that_did_it(
    store: Store, limiter: Limits, site: Site, add: Add, outgoing: Outgoing, now: datetime
) -> None:
    ana = await add("ana")
    here, elsewhere = [await log_in(store, limiter, now) for _ in range(2)]
    await ask(store, limiter, site, now)
    secret = link_in((await outgoing())[0], "reset")
    fresh = await credentials.change_password(
        store,
        limiter,
        site,
        account_id=ana.account.id,
        old_password=PASSWORD,
        new_password=NEW_PASSWORD,
        now=now,
    )
    for old in (here, elsewhere):
        assert await store.read(lambda tx, old=old: sessions.load(tx, old.token, now=now)) is None
    assert await store.read(lambda tx: sessions.load(tx, fresh.token, now=now)) is not None
    with pytest.raises(NotFound):
        await reset(store, limiter, site, secret, now)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [("wrong password 1", NEW_PASSWORD, "old_password"), (PASSWORD, "short", "new_password")],
)
async def test_changing_the_password_names_the_wrong_field(
    store: Store, limiter: Limits, site: Site, add: Add, now: datetime, old: str, new: str, field: str
) -> None:
    ana = await add("ana")
    with pytest.raises(InvalidInput) as refused:
        await credentials.change_password(
            store, limiter, site, account_id=ana.account.id, old_password=old, new_password=new, now=now
        )
    assert set(refused.value.fields) == {field}


async def test_guessing_the_password_inside_a_stolen_session_is_limited(
    store: Store, limiter: Limits, site: Site, add: Add, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await add("ana")

    async def wrong(password_hash: str | None, password: str) -> passwords.Verdict:
        return passwords.Verdict(is_right=False)

    monkeypatch.setattr(passwords, "verify", wrong)
    refused = []
    for _ in range(12):
        with pytest.raises((InvalidInput, TooManyTries)) as error:
            await credentials.change_password(
                store, limiter, site, account_id=ana.account.id, old_password="guess",
                new_password=NEW_PASSWORD, now=now,
            )  # fmt: skip
        refused.append(error.type)
    assert refused == [InvalidInput] * 10 + [TooManyTries] * 2


async def test_a_new_address_counts_when_it_is_confirmed_and_the_old_one_is_told(
    store: Store, limiter: Limits, site: Site, add: Add, outgoing: Outgoing, now: datetime
) -> None:
    ana = await add("ana")
    await ask(store, limiter, site, now)
    reset_secret = link_in((await outgoing())[0], "reset")
    await credentials.request_new_email(
        store, limiter, site, account_id=ana.account.id, password=PASSWORD, email="Ana@New.Example", now=now
    )
    mail = (await outgoing())[-1]
    assert mail.recipient == "ana@new.example"
    assert await log_in(store, limiter, now)

    secret = link_in(mail, "confirm")
    member = await store.write(lambda tx: accounts.confirm_email(tx, site, token=secret, now=now))
    assert member.account.email == "ana@new.example"
    assert (await outgoing())[-1].recipient == "ana@mail.example"
    assert await log_in(store, limiter, now, email="ana@new.example")
    with pytest.raises(NotFound):
        await reset(store, limiter, site, reset_secret, now)


async def test_an_address_that_somebody_has_is_not_given_away(
    store: Store, limiter: Limits, site: Site, add: Add, outgoing: Outgoing, now: datetime
) -> None:
    ana, eve = await add("ana"), await add("eve")
    await credentials.request_new_email(
        store, limiter, site, account_id=eve.account.id, password=PASSWORD, email="ana@mail.example", now=now
    )
    (mail,) = await outgoing()
    assert mail.recipient == "ana@mail.example"
    assert link_in(mail, "reset")
    unchanged = await store.read(lambda tx: members.current(tx, eve.account.id))
    assert unchanged is not None
    assert unchanged.account.email == "eve@mail.example"
    assert ana.account.email == "ana@mail.example"


async def test_the_password_hash_is_in_no_repr(add: Add) -> None:
    ana = await add("ana")
    assert "argon2" in (ana.account.password_hash or "")
    assert "argon2" not in repr(ana)
