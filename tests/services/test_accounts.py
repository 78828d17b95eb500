"""Signing up, confirming, logging in and leaving, on both databases."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from libline_fed.config import Registration
from libline_fed.domain.accounts import AccountState, Role, SignUpForm
from libline_fed.domain.mails import Mail
from libline_fed.domain.sessions import Opened
from libline_fed.errors import Conflict, Forbidden, InvalidInput, NotFound
from libline_fed.services import accounts, members, notifications, passwords, sessions
from libline_fed.services.accounts import NextStep
from libline_fed.services.actors import prove_and_delete
from libline_fed.services.limits import Limits, TooManyTries
from libline_fed.services.site import Site
from libline_fed.storage import actors
from libline_fed.storage.store import Store
from libline_fed.storage.tables import accounts as accounts_table
from libline_fed.storage.tables import actor_keys, tokens, tombstones
from tests.services.conftest import CLIENT, PASSWORD, Add, link_in

Outgoing = Callable[[], Awaitable[list[Mail]]]
FORM = SignUpForm("Marta", "Marta@Mail.Example", PASSWORD, "es")


async def sign_up(
    store: Store, limiter: Limits, site: Site, now: datetime, form: SignUpForm = FORM
) -> NextStep:
    return await accounts.sign_up(store, limiter, site, form, client=CLIENT, now=now)


async def log_in(
    store: Store, limiter: Limits, now: datetime, email: str, password: str = PASSWORD, client: str = CLIENT
) -> Opened:
    return await accounts.log_in(
        store, limiter, email=email, password=password, client=client, old_token=None, now=now
    )


async def confirm(store: Store, site: Site, secret: str, now: datetime) -> members.Member:
    return await store.write(lambda tx: accounts.confirm_email(tx, site, token=secret, now=now))


async def test_signing_up_makes_an_actor_with_keys_that_is_hidden_until_the_address_is_confirmed(
    store: Store, limiter: Limits, site: Site, outgoing: Outgoing, now: datetime
) -> None:
    assert await sign_up(store, limiter, site, now) is NextStep.CONFIRM

    hidden = await store.read(lambda tx: members.by_handle(tx, "marta"))
    assert (hidden.account.state, hidden.account.email) == (AccountState.UNCONFIRMED, "marta@mail.example")
    assert not hidden.actor.is_usable
    kinds = await store.read(
        lambda tx: tx.scalars(select(actor_keys.c.kind).where(actor_keys.c.actor_id == hidden.actor.id))
    )
    assert sorted(kinds) == ["ed25519", "rsa"]

    (mail,) = await outgoing()
    assert mail.recipient == "marta@mail.example"
    member = await confirm(store, site, link_in(mail, "confirm"), now)
    assert (member.account.state, member.account.email_confirmed_at) == (AccountState.ACTIVE, now)
    assert member.actor.is_usable
    assert member.actor.uri == f"https://lib.example/actors/{member.actor.id}"
    assert member.actor.inbox_url == f"{member.actor.uri}/inbox"


async def test_a_confirm_link_works_once_and_for_two_days(
    store: Store, limiter: Limits, site: Site, outgoing: Outgoing, now: datetime
) -> None:
    await sign_up(store, limiter, site, now)
    secret = link_in((await outgoing())[0], "confirm")

    late = now + timedelta(days=2)
    assert await store.read(lambda tx: accounts.peek_confirm(tx, secret, now=late)) is None
    with pytest.raises(NotFound):
        await confirm(store, site, secret, late)
    for _ in range(3):  # a link scanner looks: nothing is used up
        assert await store.read(lambda tx: accounts.peek_confirm(tx, secret, now=now)) is not None
    await confirm(store, site, secret, now)
    with pytest.raises(NotFound):
        await confirm(store, site, secret, now)


async def test_signing_up_with_a_known_address_looks_the_same_and_mails_the_way_in(
    store: Store, limiter: Limits, site: Site, add: Add, outgoing: Outgoing, now: datetime
) -> None:
    await add("ana")
    unknown = await sign_up(store, limiter, site, now)
    known = await sign_up(store, limiter, site, now, replace(FORM, email="ana@mail.example", handle="ana2"))

    assert unknown is known
    to_new, to_ana = await outgoing()
    assert to_new.recipient == "marta@mail.example"
    assert to_ana.recipient == "ana@mail.example"
    assert link_in(to_ana, "reset")
    assert await store.read(lambda tx: tx.scalar(select(func.count()).select_from(accounts_table))) == 2
    # Neither handle can be had afterwards: it does not tell which of the two made an account.
    for handle in ("marta", "ana2"):
        with pytest.raises(InvalidInput) as refused:
            await sign_up(store, limiter, site, now, replace(FORM, email="else@mail.example", handle=handle))
        assert refused.value.fields == {"handle": members.HANDLE_TAKEN}


async def test_every_wrong_field_of_a_form_is_named_at_once(
    store: Store, limiter: Limits, approving: Site, now: datetime
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await sign_up(store, limiter, approving, now, SignUpForm("adm1n", "nobody", "short"))
    assert set(refused.value.fields) == {"handle", "email", "password", "reason"}


async def test_a_handle_in_other_letters_is_the_same_handle(
    store: Store, limiter: Limits, site: Site, add: Add, now: datetime
) -> None:
    await add("ana")
    with pytest.raises(InvalidInput) as refused:
        await sign_up(store, limiter, site, now, replace(FORM, handle="ANA"))
    assert set(refused.value.fields) == {"handle"}


async def test_a_handle_that_looks_like_a_moderators_is_refused(
    store: Store, limiter: Limits, site: Site, add: Add, now: datetime
) -> None:
    await add("lilian", Role.MODERATOR)
    with pytest.raises(InvalidInput) as refused:
        await sign_up(store, limiter, site, now, replace(FORM, handle="lil1an"))
    assert set(refused.value.fields) == {"handle"}


@pytest.mark.parametrize("registration", [Registration.CLOSED, Registration.INVITE])
async def test_nobody_signs_up_where_the_door_is_shut(
    store: Store, limiter: Limits, site: Site, outgoing: Outgoing, now: datetime, registration: Registration
) -> None:
    with pytest.raises(Forbidden):
        await sign_up(store, limiter, replace(site, registration=registration), now)
    assert await outgoing() == []


async def test_with_approval_a_moderator_lets_people_in(
    store: Store, limiter: Limits, approving: Site, add: Add, outgoing: Outgoing, now: datetime
) -> None:
    moderator = await add("lilian", Role.MODERATOR)
    await sign_up(store, limiter, approving, now, replace(FORM, reason="I run a school library."))
    member = await confirm(store, approving, link_in((await outgoing())[0], "confirm"), now)
    assert member.account.state == AccountState.UNAPPROVED
    with pytest.raises(Conflict):
        await log_in(store, limiter, now, "marta@mail.example")

    told = await store.read(lambda tx: notifications.list_for(tx, moderator.account.id))
    assert [notice.notification.kind for notice in told.items] == ["sign-up"]
    assert (await outgoing())[-1].recipient == "lilian@mail.example"

    await store.write(
        lambda tx: members.approve(tx, approving, account_id=member.account.id, by=moderator.account, now=now)
    )
    assert (await log_in(store, limiter, now, "marta@mail.example")).session.account_id == member.account.id
    assert (await store.read(lambda tx: notifications.list_for(tx, moderator.account.id))).items == []
    assert (await outgoing())[-1].recipient == "marta@mail.example"


async def test_a_rejected_person_is_forgotten_and_the_handle_free(
    store: Store, limiter: Limits, approving: Site, add: Add, outgoing: Outgoing, now: datetime
) -> None:
    moderator = await add("lilian", Role.MODERATOR)
    await sign_up(store, limiter, approving, now, replace(FORM, reason="Hello."))
    member = await confirm(store, approving, link_in((await outgoing())[0], "confirm"), now)
    await store.write(
        lambda tx: members.reject(tx, approving, account_id=member.account.id, by=moderator.account, now=now)
    )
    assert await store.read(lambda tx: members.current(tx, member.account.id)) is None
    assert await store.read(lambda tx: actors.by_id(tx, member.actor.id)) is None
    await sign_up(store, limiter, approving, now, replace(FORM, reason="Again.", email="other@mail.example"))


# --- logging in -------------------------------------------------------------------------------------------


async def test_the_right_password_opens_a_session_under_a_new_secret(
    store: Store, limiter: Limits, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    planted = await store.write(lambda tx: sessions.open_session(tx, now=now))
    opened = await accounts.log_in(
        store,
        limiter,
        email=" ANA@mail.example",
        password=PASSWORD,
        client=CLIENT,
        old_token=planted.token,
        now=now,
    )
    assert opened.token != planted.token
    assert await store.read(lambda tx: sessions.load(tx, planted.token, now=now)) is None
    found = await store.read(lambda tx: sessions.load(tx, opened.token, now=now))
    assert found is not None
    assert found.account is not None
    assert (found.account.id, found.account.last_login_at) == (ana.account.id, now)
    assert found.actor == ana.actor


@pytest.mark.parametrize(
    ("email", "password"),
    [("ana@mail.example", "wrong password 1"), ("nobody@mail.example", PASSWORD), ("no address", PASSWORD),
     ("ana@mail.example", ""), ("ana@mail.example", PASSWORD + "x" * 100_000)],
)  # fmt: skip
async def test_a_wrong_login_says_the_same_whatever_is_wrong(
    store: Store, limiter: Limits, add: Add, now: datetime, email: str, password: str
) -> None:
    await add("ana")
    with pytest.raises(InvalidInput) as refused:
        await log_in(store, limiter, now, email, password)
    assert refused.value.fields == {"password": accounts.WRONG_LOGIN}


async def test_an_unknown_address_costs_a_hash_too(
    store: Store, limiter: Limits, add: Add, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add("ana")
    checked: list[bool] = []
    verify = passwords.verify

    async def counting(password_hash: str | None, password: str) -> passwords.Verdict:
        checked.append(password_hash is not None)
        return await verify(password_hash, password)

    monkeypatch.setattr(passwords, "verify", counting)
    for email in ("ana@mail.example", "nobody@mail.example"):
        with pytest.raises(InvalidInput):
            await log_in(store, limiter, now, email, "wrong password 1")
    assert checked == [True, False]


async def test_an_old_hash_is_made_again_at_login(
    store: Store, limiter: Limits, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    cheap = passwords.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    await store.write(
        lambda tx: tx.execute(
            accounts_table.update().where(accounts_table.c.id == ana.account.id).values(password_hash=cheap)
        )
    )
    await log_in(store, limiter, now, "ana@mail.example")
    member = await store.read(lambda tx: members.current(tx, ana.account.id))
    assert member is not None
    assert member.account.password_hash is not None
    assert "m=19456,t=2,p=1" in member.account.password_hash
    await log_in(store, limiter, now, "ana@mail.example")


async def test_the_26th_guess_in_an_hour_never_reaches_the_hash(
    store: Store, limiter: Limits, add: Add, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add("ana")
    reached: list[str] = []

    async def wrong(password_hash: str | None, password: str) -> passwords.Verdict:
        reached.append(password)
        return passwords.Verdict(is_right=False)

    monkeypatch.setattr(passwords, "verify", wrong)
    for guess in range(30):
        with pytest.raises((InvalidInput, TooManyTries)):
            await log_in(
                store, limiter, now, "ana@mail.example", f"guess {guess}", client=f"198.51.100.{guess}"
            )
    assert len(reached) == 25
    with pytest.raises(TooManyTries) as refused:
        await log_in(store, Limits(store), now, "Ana@mail.example")  # after a restart, other letters
    assert refused.value.retry_after_s == 3600


async def test_a_network_that_guesses_is_stopped_whatever_account_it_tries(
    store: Store, limiter: Limits, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wrong(password_hash: str | None, password: str) -> passwords.Verdict:
        return passwords.Verdict(is_right=False)

    monkeypatch.setattr(passwords, "verify", wrong)
    for guess in range(25):
        with pytest.raises(InvalidInput):
            await log_in(store, limiter, now, f"a{guess}@mail.example", client=f"2001:db8:1:2::{guess:x}")
    with pytest.raises(TooManyTries):
        await log_in(store, limiter, now, "z@mail.example", client="2001:db8:1:2:ffff::1")
    with pytest.raises(InvalidInput):
        await log_in(store, limiter, now, "z@mail.example", client="2001:db8:1:3::1")


async def test_a_disabled_member_is_out_at_once_and_stays_out(
    store: Store, limiter: Limits, add: Add, now: datetime
) -> None:
    admin = await add("lilian", Role.ADMIN)
    ana = await add("ana")
    opened = await log_in(store, limiter, now, "ana@mail.example")
    await store.write(lambda tx: members.disable(tx, account_id=ana.account.id, by=admin.account, now=now))
    assert await store.read(lambda tx: sessions.load(tx, opened.token, now=now)) is None
    with pytest.raises(Forbidden):
        await log_in(store, limiter, now, "ana@mail.example")

    await store.write(lambda tx: members.enable(tx, account_id=ana.account.id, by=admin.account, now=now))
    assert await store.read(lambda tx: sessions.load(tx, opened.token, now=now)) is None
    assert await log_in(store, limiter, now, "ana@mail.example")


# --- leaving ----------------------------------------------------------------------------------------------


async def test_a_deleted_account_leaves_its_address_and_a_tombstone_only(
    store: Store, limiter: Limits, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    opened = await log_in(store, limiter, now, "ana@mail.example")
    with pytest.raises(InvalidInput):
        await prove_and_delete(
            store, limiter, site, account_id=ana.account.id, password="wrong password 1", now=now
        )
    await prove_and_delete(store, limiter, site, account_id=ana.account.id, password=PASSWORD, now=now)

    assert await store.read(lambda tx: sessions.load(tx, opened.token, now=now)) is None
    assert await store.read(lambda tx: members.current(tx, ana.account.id)) is None
    actor = await store.read(lambda tx: actors.by_id(tx, ana.actor.id))
    assert actor is not None
    assert actor.gone_at == now
    uris = await store.read(lambda tx: tx.scalars(select(tombstones.c.uri)))
    assert uris == [ana.actor.uri]
    with pytest.raises(InvalidInput):
        await sign_up(store, limiter, site, now, replace(FORM, handle="ana"))


async def test_an_unconfirmed_account_is_forgotten_after_two_days(
    store: Store, limiter: Limits, site: Site, add: Add, now: datetime
) -> None:
    await add("ana")
    await sign_up(store, limiter, site, now)
    almost = now + timedelta(days=2)
    assert await store.write(lambda tx: accounts.drop_unconfirmed(tx, now=almost)) == 0
    after = almost + timedelta(seconds=1)
    assert await store.write(lambda tx: accounts.drop_unconfirmed(tx, now=after)) == 1
    assert await store.read(lambda tx: tx.scalar(select(func.count()).select_from(tokens))) == 0
    assert await sign_up(store, limiter, site, after) is NextStep.CONFIRM


async def test_of_many_who_sign_up_with_one_address_at_once_one_gets_the_account(
    store: Store, limiter: Limits, site: Site, outgoing: Outgoing, now: datetime
) -> None:
    forms = [replace(FORM, handle=f"marta{number}x") for number in range(4)]
    steps = await asyncio.gather(*(sign_up(store, limiter, site, now, form) for form in forms))
    assert set(steps) == {NextStep.CONFIRM}
    assert await store.read(lambda tx: tx.scalar(select(func.count()).select_from(accounts_table))) == 1
    assert {mail.recipient for mail in await outgoing()} == {"marta@mail.example"}
    assert len(await outgoing()) == 4
