"""Members as moderators, admins and the operator see them: making, listing, letting in, shutting out.

`by` is who does it; None is the operator at the command line, who may do everything.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from libline_fed.config import Registration
from libline_fed.domain.accounts import (
    Account,
    AccountState,
    Member,
    Role,
    normalise_email,
    require_authority,
)
from libline_fed.domain.handles import check_handle, is_confusable
from libline_fed.domain.notifications import NotificationKind
from libline_fed.domain.tokens import TokenKind
from libline_fed.errors import Conflict, InvalidInput, NotFound
from libline_fed.ids import new_id
from libline_fed.services import addresses, mail_texts, mails
from libline_fed.services.instance import local_actor_columns
from libline_fed.services.mail_texts import Text
from libline_fed.services.site import Site
from libline_fed.services.translations import Translate
from libline_fed.storage import accounts, actors, notifications, rate_windows, sessions, tokens
from libline_fed.storage.store import Tx

PER_PAGE = 50
HANDLE_TAKEN = "This handle is taken. Choose another one."


@dataclass(frozen=True, slots=True)
class Page:
    """Some members, newest first."""

    items: list[Member]
    page: int
    has_more: bool
    total_count: int


@dataclass(frozen=True, slots=True)
class NewMember:
    """What an account and its actor are made of; everything is checked and in its stored form."""

    handle: str
    email: str
    password_hash: str | None
    state: AccountState = AccountState.UNCONFIRMED
    role: Role = Role.MEMBER
    language: str | None = None
    reason: str = ""


class WayIn(Protocol):
    """A text of `mail_texts` that carries a reset link."""

    def __call__(self, site: Site, *, handle: str, secret: str, translate: Translate) -> Text:
        """Write the text."""
        ...


# --- asking -------------------------------------------------------------------------------------------


async def current(tx: Tx, account_id: str) -> Member | None:
    """Return an account with its actor, or None."""
    return await accounts.member(tx, account_id)


async def by_handle(tx: Tx, handle: str) -> Member:
    """Return a member by handle, with or without @.

    Raises: NotFound.
    """
    actor = await actors.local_by_handle(tx, handle.strip().removeprefix("@"))
    account = await accounts.by_actor(tx, actor.id) if actor is not None else None
    if actor is None or account is None:
        raise NotFound(f"there is no member {handle!r}")
    return Member(account, actor)


async def list_accounts(tx: Tx, *, state: str | None = None, text: str = "", page: int = 1) -> Page:
    """List members, newest first, 50 a page; `text` looks in handle, name and address."""
    found = await accounts.list_members(
        tx, state=state, text=text, limit=PER_PAGE + 1, offset=(page - 1) * PER_PAGE
    )
    total_count = await accounts.count(tx, state=state, text=text)
    return Page(found[:PER_PAGE], page, len(found) > PER_PAGE, total_count)


# --- making -------------------------------------------------------------------------------------------


async def require_free_handle(tx: Tx, handle: str, *, now: datetime) -> None:
    """Let a handle pass that nobody has, had or waits for, and that does not look like a moderator's.

    Raises: InvalidInput for field `handle`.
    """
    is_taken = await actors.local_by_handle(tx, handle) is not None
    is_taken = is_taken or await rate_windows.find(tx, _hold_key(handle), now=now) is not None
    if not is_taken:
        is_taken = is_confusable(handle, {member.actor.handle for member in await accounts.staff(tx)})
    if is_taken:
        raise InvalidInput({"handle": HANDLE_TAKEN})


async def hold_handle(tx: Tx, handle: str, *, hold_s: int, now: datetime) -> None:
    """Keep a handle from being taken for a while, as an account that waits for its confirmation would."""
    await rate_windows.hit(tx, _hold_key(handle), window_s=hold_s, amount=1, now=now)


def _hold_key(handle: str) -> str:
    return f"held-handle:{handle}"


async def create(tx: Tx, site: Site, new: NewMember, *, now: datetime) -> Member:
    """Insert actor, keys and account of a new member. Call `await site.keyring.prepare(now=now)` before.

    Until the account is active its actor is suspended: nobody sees it, it does nothing.
    Raises: InvalidInput if the handle is taken, Conflict if the address is.
    """
    actor_id = new_id(now)
    actor_uri = site.uris.actor(actor_id)
    is_active = new.state == AccountState.ACTIVE
    try:
        actor = await actors.add_local(
            tx,
            {
                **local_actor_columns(site.uris, actor_uri),
                "id": actor_id,
                "type": "Person",
                "handle": new.handle,
                "url": site.uris.profile(new.handle),
                "is_discoverable": True,
                "languages": [new.language] if new.language else [],
                "published_at": now,
                "created_at": now,
                "updated_at": now,
                "suspended_at": None if is_active else now,
            },
        )
    except Conflict as error:
        raise InvalidInput({"handle": HANDLE_TAKEN}) from error
    await site.keyring.new_actor_keys(tx, actor_id, now=now)
    account = await accounts.add(
        tx,
        {
            "id": new_id(now),
            "actor_id": actor_id,
            "email": new.email,
            "password_hash": new.password_hash,
            "email_confirmed_at": now if new.state != AccountState.UNCONFIRMED else None,
            "state": new.state,
            "role": new.role,
            "language": new.language,
            "sign_up_reason": new.reason,
            "created_at": now,
        },
    )
    return Member(account, actor)


async def add(
    tx: Tx,
    site: Site,
    *,
    handle: str,
    email: str,
    password_hash: str | None = None,
    role: Role = Role.MEMBER,
    by: Account | None,
    now: datetime,
) -> tuple[Member, str | None]:
    """Make an active account for somebody, whatever the registration setting says.

    Without a password hash (`services.passwords.hash_password`) the member gets a mail with a link to set
    one, and the same link is returned to be handed over in another way.

    Raises: InvalidInput, per field; Conflict if the address has an account; Forbidden unless by an admin.
    """
    require_authority(by, role=Role.ADMIN)
    new = NewMember(check_handle(handle), normalise_email(email), password_hash, AccountState.ACTIVE, role)
    await require_free_handle(tx, new.handle, now=now)
    if await accounts.by_email(tx, new.email) is not None:
        raise InvalidInput({"email": "This address has an account already."})
    member = await create(tx, site, new, now=now)
    if password_hash is not None:
        return member, None
    secret = await tokens.add(tx, TokenKind.RESET, account_id=member.account.id, now=now)
    text = mail_texts.account_made(site, handle=new.handle, secret=secret, translate=mail_texts.untranslated)
    await mails.send(tx, new.email, text, now=now)
    return member, addresses.reset_url(site, secret)


async def reset_link(tx: Tx, site: Site, *, account_id: str, by: Account | None, now: datetime) -> str:
    """Return a link, good for one hour and one use, by which a member sets a new password; earlier ones die.

    Raises: NotFound, Forbidden unless by an admin.
    """
    account = await _locked(tx, account_id)
    require_authority(by, account, role=Role.ADMIN)
    await tokens.remove_of(tx, account.id, (TokenKind.RESET,))
    return addresses.reset_url(site, await tokens.add(tx, TokenKind.RESET, account_id=account.id, now=now))


async def mail_way_in(
    tx: Tx, site: Site, account: Account, make_text: WayIn, translate: Translate, now: datetime
) -> None:
    """Mail a reset link to the owner of an account; earlier ones die. It also confirms the address."""
    await tokens.remove_of(tx, account.id, (TokenKind.RESET,))
    secret = await tokens.add(tx, TokenKind.RESET, account_id=account.id, now=now)
    handle = await handle_of(tx, account)
    await mails.send(
        tx, account.email, make_text(site, handle=handle, secret=secret, translate=translate), now=now
    )


async def owner_of(tx: Tx, kind: TokenKind, secret: str, *, now: datetime) -> Member | None:
    """Return whose link this is, without using it; None if it does not work (any more)."""
    found = await tokens.find(tx, kind, secret, now=now)
    if found is None or found.account_id is None:
        return None
    member = await accounts.member(tx, found.account_id)
    return None if member is None or member.account.state == AccountState.DISABLED else member


# --- deciding -----------------------------------------------------------------------------------------


async def activate(tx: Tx, account: Account, *, now: datetime) -> Account:
    """Let a member in: the account is active, the actor is seen."""
    await actors.change(tx, account.actor_id, now, suspended_at=None)
    return await accounts.change(tx, account.id, state=AccountState.ACTIVE)


async def address_proven(
    tx: Tx, site: Site, account: Account, translate: Translate, now: datetime
) -> Account:
    """Move an unconfirmed account on whose address is proven: in, or to the moderators, who are told."""
    account = await accounts.change(tx, account.id, email_confirmed_at=now)
    await tokens.remove_of(tx, account.id, (TokenKind.CONFIRM,))
    if site.registration != Registration.APPROVAL:
        return await activate(tx, account, now=now)
    account = await accounts.change(tx, account.id, state=AccountState.UNAPPROVED)
    text = mail_texts.sign_up_waits(site, handle=await handle_of(tx, account), translate=translate)
    for member in await accounts.staff(tx):
        await notifications.add(
            tx,
            account_id=member.account.id,
            kind=NotificationKind.SIGN_UP,
            from_actor_id=account.actor_id,
            subject_uri=account.id,
            now=now,
        )
        await mails.send(tx, member.account.email, text, now=now)
    return account


async def approve(
    tx: Tx,
    site: Site,
    *,
    account_id: str,
    by: Account | None,
    translate: Translate = mail_texts.untranslated,
    now: datetime,
) -> Account:
    """Let somebody in who waits; a mail tells so (`translate` in the language of that account).

    Raises: NotFound; Conflict if the account does not wait; Forbidden unless by a moderator.
    """
    account = await _waiting(tx, account_id, by)
    approved = await activate(tx, account, now=now)
    await _forget_request(tx, account)
    handle = await handle_of(tx, account)
    await mails.send(
        tx, account.email, mail_texts.approved(site, handle=handle, translate=translate), now=now
    )
    return approved


async def reject(
    tx: Tx,
    site: Site,
    *,
    account_id: str,
    by: Account | None,
    translate: Translate = mail_texts.untranslated,
    now: datetime,
) -> None:
    """Delete the account of somebody who waits; a mail tells so. The handle is free again: nobody saw it.

    Raises: NotFound; Conflict if the account does not wait; Forbidden unless by a moderator.
    """
    account = await _waiting(tx, account_id, by)
    await _forget_request(tx, account)
    await mails.send(tx, account.email, mail_texts.rejected(site, translate=translate), now=now)
    await accounts.remove(tx, account.id)
    await accounts.remove_actor(tx, account.actor_id)


async def disable(tx: Tx, *, account_id: str, by: Account | None, now: datetime) -> Account:
    """Shut a member out: every session and link ends at once, the actor is suspended. Nothing is deleted.

    Raises: NotFound; Forbidden unless by a moderator of no lower rank; Conflict for oneself or the only
    admin.
    """
    account = await _locked(tx, account_id)
    require_authority(by, account)
    if by is not None and by.id == account.id:
        raise Conflict("nobody disables themselves", safe="You cannot close your own account here.")
    if account.state == AccountState.DISABLED:
        return account
    if account.state != AccountState.ACTIVE:
        raise Conflict("not active", safe="This account is not active.")
    await require_other_admin(tx, account)
    await sessions.remove_of(tx, account.id)
    await tokens.remove_of(tx, account.id, tuple(TokenKind))
    await actors.change(tx, account.actor_id, now, suspended_at=now)
    return await accounts.change(tx, account.id, state=AccountState.DISABLED)


async def enable(tx: Tx, *, account_id: str, by: Account | None, now: datetime) -> Account:
    """Let a disabled member in again.

    Raises: NotFound; Conflict if the account is not disabled; Forbidden unless by a moderator of no lower
    rank.
    """
    account = await _locked(tx, account_id)
    require_authority(by, account)
    if account.state != AccountState.DISABLED:
        raise Conflict(f"account {account.id} is {account.state}", safe="This account is not closed.")
    return await activate(tx, account, now=now)


async def set_role(tx: Tx, *, account_id: str, role: Role, by: Account | None) -> Account:
    """Give a member another role; every session of theirs ends, so that no old page acts with the old role.

    Raises: NotFound; Forbidden unless by an admin; Conflict if no admin would be left.
    """
    account = await _locked(tx, account_id)
    require_authority(by, role=Role.ADMIN)
    if account.role == role:
        return account
    if role != Role.ADMIN:
        await require_other_admin(tx, account)
    await sessions.remove_of(tx, account.id)
    return await accounts.change(tx, account.id, role=role)


async def require_other_admin(tx: Tx, account: Account) -> None:
    """Keep the only active admin from going.

    Raises: Conflict.
    """
    if await accounts.lock_admins(tx) == [account.id]:
        raise Conflict("the only admin", safe="This is the only admin. Make somebody else an admin first.")


async def _locked(tx: Tx, account_id: str) -> Account:
    account = await accounts.locked(tx, account_id)
    if account is None:
        raise NotFound(f"there is no account {account_id}")
    return account


async def _waiting(tx: Tx, account_id: str, by: Account | None) -> Account:
    require_authority(by)
    account = await _locked(tx, account_id)
    if account.state != AccountState.UNAPPROVED:
        raise Conflict(
            f"account {account.id} is {account.state}", safe="This account does not wait for a decision."
        )
    return account


async def handle_of(tx: Tx, account: Account) -> str:
    """Return the handle of an account that exists."""
    actor = await actors.by_id(tx, account.actor_id)
    assert actor is not None, "every account has an actor"
    return actor.handle


async def _forget_request(tx: Tx, account: Account) -> None:
    """Take back what the other moderators were told: it is decided."""
    await notifications.remove_about(tx, kind=NotificationKind.SIGN_UP, subject_uri=account.id)
