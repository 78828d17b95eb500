"""Invitations: links by which a person may become a member."""

from datetime import datetime

from libline_fed.domain.accounts import Account, Role, normalise_email, require_authority
from libline_fed.domain.tokens import Token, TokenKind
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.services import addresses, mail_texts, mails
from libline_fed.services.site import Site
from libline_fed.services.translations import Translate
from libline_fed.storage import actors, tokens
from libline_fed.storage.store import Tx

MAX_USES = 100


async def invite(
    tx: Tx,
    site: Site,
    *,
    by: Account | None,
    email: str | None = None,
    uses_count: int = 1,
    translate: Translate = mail_texts.untranslated,
    now: datetime,
) -> str:
    """Make an invitation, good for 14 days, and return its link.

    With an e-mail address it is mailed there, good for that address only and once, and stands for
    confirmation and approval. Without one it may be used `uses_count` times (1 to 100) and opens the door
    only: who comes through it confirms an address, and waits for approval where the site asks for that.

    `by` is a coordinator or above; None is the operator at the command line.
    Raises: InvalidInput for fields `email`, `uses_count`; Forbidden.
    """
    require_authority(by, role=Role.COORDINATOR)
    address = normalise_email(email) if email is not None else None
    if not 1 <= uses_count <= (MAX_USES if address is None else 1):
        raise InvalidInput({"uses_count": "Write a number from 1 to 100; an invitation by mail works once."})
    account_id = by.id if by else None
    secret = await tokens.add(
        tx, TokenKind.INVITE, account_id=account_id, email=address, uses_count=uses_count, now=now
    )
    if address is not None:
        actor = await actors.by_id(tx, by.actor_id) if by else None
        inviter = f"@{actor.handle}" if actor else site.name
        text = mail_texts.invitation(site, inviter=inviter, secret=secret, translate=translate)
        await mails.send(tx, address, text, now=now)
    return addresses.invitation_url(site, secret)


async def find(tx: Tx, token: str, *, now: datetime) -> Token | None:
    """Return an invitation without using it; None if it does not work (any more)."""
    return await tokens.find(tx, TokenKind.INVITE, token, now=now)


async def use(tx: Tx, token: str, *, now: datetime) -> Token:
    """Use an invitation once.

    Raises: InvalidInput for field `invitation` if it does not work (any more).
    """
    found = await tokens.consume(tx, TokenKind.INVITE, token, now=now)
    if found is None:
        raise InvalidInput(
            {"invitation": "This invitation was used already or is too old. Ask for a new one."}
        )
    return found


async def list_open(tx: Tx, *, by: Account | None, now: datetime) -> list[Token]:
    """List the invitations that still work, newest first: a coordinator's own, or for moderators all.

    Raises: Forbidden.
    """
    require_authority(by, role=Role.COORDINATOR)
    return await tokens.list_kind(tx, TokenKind.INVITE, account_id=_only_of(by), now=now)


async def withdraw(tx: Tx, *, token_hash: str, by: Account | None) -> None:
    """End an invitation: a coordinator one of their own, moderators and above any.

    Raises: NotFound, Forbidden.
    """
    require_authority(by, role=Role.COORDINATOR)
    if not await tokens.remove_one(tx, token_hash, kind=TokenKind.INVITE, account_id=_only_of(by)):
        raise NotFound("there is no such invitation")


def _only_of(by: Account | None) -> str | None:
    return None if by is None or by.has_role(Role.MODERATOR) else by.id
