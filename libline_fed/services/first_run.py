"""The first start: whoever holds the one-time link from the console becomes the first admin."""

from dataclasses import replace
from datetime import datetime

from libline_fed.domain.accounts import AccountState, Role, SignUpForm
from libline_fed.domain.sessions import Opened
from libline_fed.domain.tokens import TokenKind
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.services import addresses, limits, members, passwords, sessions
from libline_fed.services.accounts import check_form
from libline_fed.services.limits import Limits
from libline_fed.services.site import Site
from libline_fed.storage import accounts, tokens
from libline_fed.storage.store import Store, Tx

DEAD_LINK = "This link was used already or is too old. Start the server again to get a new one."


async def admin_link(tx: Tx, site: Site, *, now: datetime) -> str | None:
    """Return a one-time link, good for seven days, to become the first admin; None if there is an admin.

    Links from former starts die: only the one printed last works.
    """
    if await accounts.lock_admins(tx):
        return None
    await tokens.remove_kind(tx, TokenKind.FIRST_ADMIN)
    return addresses.first_admin_url(site, await tokens.add(tx, TokenKind.FIRST_ADMIN, now=now))


async def peek(tx: Tx, token: str, *, now: datetime) -> bool:
    """Tell whether a first-admin link works, without using it."""
    return await tokens.find(tx, TokenKind.FIRST_ADMIN, token, now=now) is not None


async def make_first_admin(
    store: Store, limiter: Limits, site: Site, *, token: str, form: SignUpForm, client: str, now: datetime
) -> Opened:
    """Use a first-admin link: make an active, confirmed admin and log in.

    Raises: NotFound if the link does not work (any more) or there is an admin by now; InvalidInput, per
    field (handle, email, password), which leaves the link usable; TooManyTries.
    """
    await limiter.demand(limits.LINK_PER_CLIENT, limits.network_of(client), now=now)
    if not await store.read(lambda tx: peek(tx, token, now=now)):
        raise NotFound("no such first-admin link", safe=DEAD_LINK)
    checked = replace(check_form(form, needs_reason=False), invitation="")
    password_hash = await passwords.hash_password(checked.password)
    await site.keyring.prepare(now=now)

    async def unit(tx: Tx) -> Opened:
        used = await tokens.consume(tx, TokenKind.FIRST_ADMIN, token, now=now)
        if used is None or await accounts.lock_admins(tx):
            raise NotFound("no such first-admin link", safe=DEAD_LINK)
        await members.require_free_handle(tx, checked.handle, now=now)
        if await accounts.by_email(tx, checked.email) is not None:
            raise InvalidInput({"email": "This address has an account already."})
        new = members.NewMember(
            checked.handle, checked.email, password_hash, AccountState.ACTIVE, Role.ADMIN, checked.language
        )
        member = await members.create(tx, site, new, now=now)
        return await sessions.log_in(tx, account=member.account, old_token=None, now=now)

    return await store.write(unit)
