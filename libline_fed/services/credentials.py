"""Passwords and addresses of accounts: forgotten, changed, proven again.

Functions that take `store` are whole flows for the pages: they count the try, hash outside of the
transaction, and do the rest in one. They look the same from outside, in answer and time, whether or not an
address has an account.
"""

from datetime import datetime

from libline_fed.domain.accounts import Account, AccountState, Member, check_password, normalise_email
from libline_fed.domain.sessions import Opened
from libline_fed.domain.tokens import TokenKind
from libline_fed.errors import Conflict, InvalidInput, NotFound
from libline_fed.services import limits, mail_texts, mails, members, passwords, sessions
from libline_fed.services.limits import Limits
from libline_fed.services.site import Site
from libline_fed.services.translations import Translate
from libline_fed.storage import accounts, tokens
from libline_fed.storage.store import Store, Tx

WRONG_PASSWORD = "This is not your password."  # noqa: S105  a sentence
DEAD_LINK = "This link was used already or is too old. Ask for a new one."
_BOUND_TO_PASSWORD = (TokenKind.RESET,)
_BOUND_TO_EMAIL = (TokenKind.RESET, TokenKind.CONFIRM)


async def request_reset(
    store: Store,
    limiter: Limits,
    site: Site,
    *,
    email: str,
    client: str,
    translate: Translate = mail_texts.untranslated,
    now: datetime,
) -> None:
    """Mail a link to set a new password, if the address has an account; the caller cannot tell.

    Raises: InvalidInput if it is no address at all; TooManyTries.
    """
    await limiter.demand(limits.RESET_PER_CLIENT, limits.network_of(client), now=now)
    address = normalise_email(email)
    await limiter.demand(limits.RESET_PER_EMAIL, address, now=now)

    async def unit(tx: Tx) -> None:
        account = await accounts.by_email(tx, address)
        if account is not None and account.state != AccountState.DISABLED:
            await members.mail_way_in(tx, site, account, mail_texts.reset, translate, now)

    async with passwords.even_time():
        await store.write(unit)


async def peek_reset(tx: Tx, token: str, *, now: datetime) -> Member | None:
    """Return whose reset link this is, without using it; None if it does not work (any more)."""
    return await members.owner_of(tx, TokenKind.RESET, token, now=now)


async def reset_password(
    store: Store,
    limiter: Limits,
    site: Site,
    *,
    token: str,
    password: str,
    client: str,
    translate: Translate = mail_texts.untranslated,
    now: datetime,
) -> Member:
    """Use a reset link: set the password, end every session, and confirm the address, since mail came there.

    Raises: NotFound if the link does not work (any more); InvalidInput for field `password`, which leaves
    the link usable; TooManyTries.
    """
    await limiter.demand(limits.LINK_PER_CLIENT, limits.network_of(client), now=now)
    owner = await store.read(lambda tx: members.owner_of(tx, TokenKind.RESET, token, now=now))
    if owner is None:
        raise NotFound("no such reset link", safe=DEAD_LINK)
    check_password(password, handle=owner.actor.handle, email=owner.account.email)
    password_hash = await passwords.hash_password(password)

    async def unit(tx: Tx) -> Member:
        found = await tokens.consume(tx, TokenKind.RESET, token, now=now)
        account = await accounts.locked(tx, found.account_id) if found and found.account_id else None
        if account is None or account.state == AccountState.DISABLED:
            raise NotFound("no such reset link", safe=DEAD_LINK)
        await _set_password(tx, site, account, password_hash, translate, now)
        if account.state == AccountState.UNCONFIRMED:
            await members.address_proven(tx, site, account, translate, now)
        member = await accounts.member(tx, account.id)
        assert member is not None
        return member

    return await store.write(unit)


async def change_password(
    store: Store,
    limiter: Limits,
    site: Site,
    *,
    account_id: str,
    old_password: str,
    new_password: str,
    translate: Translate = mail_texts.untranslated,
    now: datetime,
) -> Opened:
    """Set a new password, end every session, and open a new one for the browser that asked.

    Raises: InvalidInput for fields `old_password`, `new_password`; NotFound; TooManyTries.
    """
    member = await prove(store, limiter, account_id, old_password, field_name="old_password", now=now)
    check_password(
        new_password, handle=member.actor.handle, email=member.account.email, field_name="new_password"
    )
    password_hash = await passwords.hash_password(new_password)

    async def unit(tx: Tx) -> Opened:
        account = await require_unchanged(tx, member.account, "old_password")
        changed = await _set_password(tx, site, account, password_hash, translate, now)
        return await sessions.open_session(tx, account=changed, now=now)

    return await store.write(unit)


async def request_new_email(
    store: Store,
    limiter: Limits,
    site: Site,
    *,
    account_id: str,
    password: str,
    email: str,
    translate: Translate = mail_texts.untranslated,
    now: datetime,
) -> None:
    """Mail a link to a member's new address; only `confirm_email` makes it the address.

    An address that has an account gets no link, and the caller cannot tell.
    Raises: InvalidInput for fields `password`, `email`; NotFound; TooManyTries.
    """
    member = await prove(store, limiter, account_id, password, field_name="password", now=now)
    address = normalise_email(email)
    if address == member.account.email:
        raise InvalidInput({"email": "This is your address already."})
    await limiter.demand(limits.SIGN_UP_PER_EMAIL, address, now=now)

    async def unit(tx: Tx) -> None:
        await tokens.remove_of(tx, account_id, (TokenKind.CONFIRM,))
        known = await accounts.by_email(tx, address)
        if known is not None:
            await members.mail_way_in(tx, site, known, mail_texts.address_in_use, translate, now)
            return
        secret = await tokens.add(tx, TokenKind.CONFIRM, account_id=account_id, email=address, now=now)
        text = mail_texts.confirm_new_address(
            site, handle=member.actor.handle, secret=secret, translate=translate
        )
        await mails.send(tx, address, text, now=now)

    async with passwords.even_time():
        await store.write(unit)


async def move_to_address(
    tx: Tx, site: Site, account: Account, email: str, translate: Translate, now: datetime
) -> Account:
    """Make a proven address the one of an account: links sent to the old one die, and a mail there tells so.

    Raises: Conflict if another account has the address by now.
    """
    if await accounts.by_email(tx, email) is not None:
        raise Conflict("the address was taken meanwhile", safe="This address has an account already.")
    handle = await members.handle_of(tx, account)
    await tokens.remove_of(tx, account.id, _BOUND_TO_EMAIL)
    await mails.send(
        tx, account.email, mail_texts.address_changed(site, handle=handle, translate=translate), now=now
    )
    return await accounts.change(tx, account.id, email=email, email_confirmed_at=now)


async def prove(
    store: Store, limiter: Limits, account_id: str, password: str, *, field_name: str, now: datetime
) -> Member:
    """Let somebody who is logged in pass only with the password; returns who it is.

    Raises: InvalidInput for `field_name`; NotFound; TooManyTries.
    """
    await limiter.demand(limits.PASSWORD_PER_ACCOUNT, account_id, now=now)
    member = await store.read(lambda tx: accounts.member(tx, account_id))
    if member is None:
        raise NotFound(f"there is no account {account_id}")
    if not (await passwords.verify(member.account.password_hash, password)).is_right:
        raise InvalidInput({field_name: WRONG_PASSWORD})
    return member


async def require_unchanged(tx: Tx, seen: Account, field_name: str) -> Account:
    """Return the account, held until the transaction ends, if its password is still the one that was checked.

    Raises: InvalidInput for `field_name`.
    """
    present = await accounts.locked(tx, seen.id)
    if present is None or present.password_hash != seen.password_hash:
        raise InvalidInput({field_name: WRONG_PASSWORD})
    return present


async def _set_password(
    tx: Tx, site: Site, account: Account, password_hash: str, translate: Translate, now: datetime
) -> Account:
    """Everything that knew the former password ends: sessions, and links that could set another one."""
    await sessions.close_all(tx, account.id)
    await tokens.remove_of(tx, account.id, _BOUND_TO_PASSWORD)
    if account.password_hash is not None:  # a first password is no news
        handle = await members.handle_of(tx, account)
        await mails.send(
            tx, account.email, mail_texts.password_changed(site, handle=handle, translate=translate), now=now
        )
    return await accounts.change(tx, account.id, password_hash=password_hash)
