"""What people do with their own account: sign up, confirm, log in, leave. Passwords are in `credentials`.

Functions that take `store` are whole flows for the pages: they count the try, hash outside of the
transaction, and do the rest in one. They look the same from outside, in answer and time, whether or not an
address has an account.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from libline_fed.config import Registration
from libline_fed.domain.accounts import (
    Account,
    AccountState,
    Member,
    SignUpForm,
    check_password,
    check_reason,
    normalise_email,
    require_login_allowed,
)
from libline_fed.domain.handles import check_handle
from libline_fed.domain.sessions import Opened
from libline_fed.domain.tokens import LIFE, Token, TokenKind
from libline_fed.errors import Conflict, Forbidden, InvalidInput, NotFound
from libline_fed.services import (
    credentials,
    invitations,
    limits,
    mail_texts,
    mails,
    members,
    passwords,
    sessions,
)
from libline_fed.services.limits import Limits
from libline_fed.services.site import Site
from libline_fed.services.translations import Translate
from libline_fed.storage import accounts, actors, tokens
from libline_fed.storage import mails as stored_mails
from libline_fed.storage.store import Store, Tx

WRONG_LOGIN = "Mail address and password do not fit together. Check both, or ask for a new password."


class NextStep(StrEnum):
    """What a person who signed up has to do now."""

    CONFIRM = "confirm"  # open the link in the mail
    LOG_IN = "log-in"  # invited by mail: the address is proven already


# --- signing up ---------------------------------------------------------------------------------------


async def sign_up(
    store: Store,
    limiter: Limits,
    site: Site,
    form: SignUpForm,
    *,
    client: str,
    translate: Translate = mail_texts.untranslated,
    now: datetime,
) -> NextStep:
    """Make an account, as far as the registration setting allows, and mail a link to confirm the address.

    An address that has an account gets a mail with a link into that account instead; the answer is the
    same. An invitation that was mailed to this very address stands for confirmation and approval.

    Raises: InvalidInput, per field (handle, email, password, reason, invitation); Forbidden if registration
    is closed or needs an invitation; TooManyTries.
    """
    await limiter.demand(limits.SIGN_UP_PER_CLIENT, limits.network_of(client), now=now)
    checked = check_form(
        form, needs_reason=site.registration == Registration.APPROVAL and not form.invitation
    )
    await store.read(lambda tx: _require_open(tx, site, checked, now))
    await limiter.demand(limits.SIGN_UP_PER_EMAIL, checked.email, now=now)
    async with passwords.even_time():
        password_hash = await passwords.hash_password(checked.password)
        await site.keyring.prepare(now=now)

        async def unit(tx: Tx) -> NextStep:
            return await register(
                tx, site, checked, password_hash=password_hash, translate=translate, now=now
            )

        try:
            return await store.write(unit)
        except Conflict:  # somebody signed up with the same address meanwhile: it is known now
            return await store.write(unit)


def check_form(form: SignUpForm, *, needs_reason: bool) -> SignUpForm:
    """Return a sign-up form in its stored form.

    Raises: InvalidInput with every wrong field.
    """
    problems: dict[str, str] = {}
    with _collected(problems):
        form = replace(form, handle=check_handle(form.handle))
    with _collected(problems):
        form = replace(form, email=normalise_email(form.email))
    with _collected(problems):
        check_password(form.password, handle=form.handle, email=form.email)
    with _collected(problems):
        form = replace(form, reason=check_reason(form.reason, is_needed=needs_reason))
    if problems:
        raise InvalidInput(problems)
    return form


async def register(
    tx: Tx, site: Site, form: SignUpForm, *, password_hash: str, translate: Translate, now: datetime
) -> NextStep:
    """Do the part of `sign_up` that is one transaction; `form` is checked.

    Raises: as `sign_up`.
    """
    invitation = await _require_open(tx, site, form, now)
    await members.require_free_handle(tx, form.handle, now=now)
    is_proven = invitation is not None and invitation.email == form.email
    known = await accounts.by_email(tx, form.email)
    if known is not None:
        # Nobody can tell from the handle either: it is as taken as a new account's would be.
        hold_s = int(LIFE[TokenKind.CONFIRM].total_seconds())
        await members.hold_handle(tx, form.handle, hold_s=hold_s, now=now)
        await members.mail_way_in(tx, site, known, mail_texts.address_in_use, translate, now)
        return NextStep.CONFIRM
    if form.invitation and invitation is not None:
        await invitations.use(tx, form.invitation, now=now)
    new = members.NewMember(
        handle=form.handle,
        email=form.email,
        password_hash=password_hash,
        state=AccountState.ACTIVE if is_proven else AccountState.UNCONFIRMED,
        language=form.language,
        reason=form.reason,
    )
    member = await members.create(tx, site, new, now=now)
    if is_proven:
        return NextStep.LOG_IN
    secret = await tokens.add(tx, TokenKind.CONFIRM, account_id=member.account.id, email=form.email, now=now)
    text = mail_texts.confirm(site, handle=form.handle, secret=secret, translate=translate)
    await mails.send(tx, form.email, text, now=now)
    return NextStep.CONFIRM


async def _require_open(tx: Tx, site: Site, form: SignUpForm, now: datetime) -> Token | None:
    """Return the invitation of a form, if it has a good one, and refuse where one is needed."""
    if site.registration == Registration.CLOSED:
        raise Forbidden("registration is closed", safe="This site takes no new members at present.")
    invitation = await invitations.find(tx, form.invitation, now=now) if form.invitation else None
    if invitation is not None and invitation.email not in {None, form.email}:
        raise InvalidInput({"email": "Use the address that the invitation was sent to."})
    if invitation is None and form.invitation:
        raise InvalidInput(
            {"invitation": "This invitation was used already or is too old. Ask for a new one."}
        )
    if invitation is None and site.registration == Registration.INVITE:
        raise Forbidden("no invitation", safe="You need an invitation to become a member here.")
    return invitation


async def confirm_email(
    tx: Tx, site: Site, *, token: str, translate: Translate = mail_texts.untranslated, now: datetime
) -> Member:
    """Use a confirm link: a new account becomes active or waits for approval, a changed address is adopted.

    Moderators are told of a new member who waits (`translate` in the site's language).
    Raises: NotFound if the link does not work (any more); Conflict if another account has the address by now.
    """
    found = await tokens.consume(tx, TokenKind.CONFIRM, token, now=now)
    account = await accounts.locked(tx, found.account_id) if found and found.account_id else None
    if found is None or found.email is None or account is None or account.state == AccountState.DISABLED:
        raise NotFound("no such confirm link", safe=credentials.DEAD_LINK)
    if found.email != account.email:
        account = await credentials.move_to_address(tx, site, account, found.email, translate, now)
    elif account.state == AccountState.UNCONFIRMED:
        account = await members.address_proven(tx, site, account, translate, now)
    member = await accounts.member(tx, account.id)
    assert member is not None
    return member


async def peek_confirm(tx: Tx, token: str, *, now: datetime) -> Member | None:
    """Return whose confirm link this is, without using it; None if it does not work (any more)."""
    return await members.owner_of(tx, TokenKind.CONFIRM, token, now=now)


# --- logging in ---------------------------------------------------------------------------------------


async def log_in(
    store: Store,
    limiter: Limits,
    *,
    email: str,
    password: str,
    client: str,
    old_token: str | None,
    now: datetime,
) -> Opened:
    """Check address and password and open a session; the browser's former cookie, `old_token`, dies.

    Raises: InvalidInput for field `password` if they do not fit together, be the address known or not;
    Conflict or Forbidden (with a `safe` reason) if they do but the account may not log in; TooManyTries.
    """
    await limiter.demand(limits.LOGIN_PER_CLIENT, limits.network_of(client), now=now)
    account = await _find_typed(store, email)
    subject = account.email if account else email.strip().lower()
    await limiter.demand(limits.LOGIN_PER_ACCOUNT, subject, now=now)
    verdict = await passwords.verify(account.password_hash if account else None, password)
    if account is None or not verdict.is_right:
        raise InvalidInput({"password": WRONG_LOGIN})
    require_login_allowed(account)
    fresh_hash = await passwords.hash_password(password) if verdict.is_outdated else None

    async def unit(tx: Tx) -> Opened:
        present = await accounts.locked(tx, account.id)
        if present is None or present.password_hash != account.password_hash:
            raise InvalidInput({"password": WRONG_LOGIN})  # changed while we looked
        if fresh_hash is not None:
            await accounts.change(tx, account.id, password_hash=fresh_hash)
        return await sessions.log_in(tx, account=present, old_token=old_token, now=now)

    return await store.write(unit)


# --- leaving -----------------------------------------------------------------------------------------


async def set_language(tx: Tx, *, account_id: str, language: str | None) -> Account:
    """Set the language (BCP 47) of pages and mail for a member; None leaves it to the browser."""
    return await accounts.change(tx, account_id, language=language)


async def note_primer(tx: Tx, *, account_id: str, now: datetime) -> None:
    """Note that a member has read the introduction; the first time counts."""
    account = await accounts.by_id(tx, account_id)
    if account is not None and account.primer_done_at is None:
        await accounts.change(tx, account_id, primer_done_at=now)


async def delete_account(tx: Tx, site: Site, *, account_id: str, now: datetime) -> Member:
    """Delete an account with sessions, links, notifications and mails; of the actor only the address stays.

    The URI answers 410 from now on and its handle is never given again. The actor's keys stay, because a
    Delete must still be signed. Only `actors.delete_account` calls this: it takes back what the member
    published, and tells other servers, in the same transaction. Returns who it was.

    Raises: NotFound; Conflict for the only admin.
    """
    account = await accounts.locked(tx, account_id)
    member = await accounts.member(tx, account_id)
    if account is None or member is None:
        raise NotFound(f"there is no account {account_id}")
    await members.require_other_admin(tx, account)
    await stored_mails.remove_to(tx, account.email)
    await accounts.remove(tx, account.id)
    await actors.mark_gone(tx, account.actor_id, now)
    await accounts.bury(tx, member.actor, now)
    return member


async def drop_unconfirmed(tx: Tx, *, now: datetime, limit: int = 100) -> int:
    """Delete accounts whose address was not confirmed in time, and free their handles; returns how many."""
    late = await accounts.unconfirmed_since(tx, now - LIFE[TokenKind.CONFIRM], limit=limit)
    for account in late:
        await accounts.remove(tx, account.id)
        await accounts.remove_actor(tx, account.actor_id)
    return len(late)


@contextlib.contextmanager
def _collected(problems: dict[str, str]) -> Iterator[None]:
    """Keep what is wrong with one field and go on to the next."""
    try:
        yield
    except InvalidInput as error:
        problems.update(error.fields)


async def _find_typed(store: Store, email: str) -> Account | None:
    """Return the account with a typed address; nonsense has none."""
    try:
        address = normalise_email(email)
    except InvalidInput:
        return None
    return await store.read(lambda tx: accounts.by_email(tx, address))
