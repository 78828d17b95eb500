"""The mail queue as use cases: put in, look at, try again."""

from datetime import datetime

from libline_fed.domain.accounts import normalise_email
from libline_fed.domain.mails import Mail
from libline_fed.errors import NotFound
from libline_fed.services.mail_texts import Text
from libline_fed.storage import mails
from libline_fed.storage.store import Tx

MAX_SUBJECT_CHARACTERS = 200
MAX_BODY_CHARACTERS = 20_000
PER_PAGE = 50


async def enqueue(tx: Tx, *, recipient: str, subject: str, text_body: str, now: datetime) -> int:
    """Queue a plain text mail to exactly one address; it goes out after the commit. Returns its id.

    Raises: InvalidInput if the recipient is not one clean address.
    """
    return await mails.add(
        tx,
        recipient=normalise_email(recipient),
        subject=one_line(subject)[:MAX_SUBJECT_CHARACTERS],
        text_body=text_body.replace("\0", "")[:MAX_BODY_CHARACTERS],
        now=now,
    )


async def send(tx: Tx, recipient: str, text: Text, *, now: datetime) -> int:
    """Queue one of the texts of `mail_texts`; returns the mail's id."""
    return await enqueue(tx, recipient=recipient, subject=text.subject, text_body=text.body, now=now)


def one_line(text: str) -> str:
    """Return text without anything that could begin a new header line (RFC 5322 §2.2)."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


async def list_mails(tx: Tx, *, state: str | None = None, page: int = 1) -> list[Mail]:
    """List mails of a state (queued, sent, dead) or of all, newest first, 50 a page."""
    return await mails.list_all(tx, state=state, limit=PER_PAGE, offset=(page - 1) * PER_PAGE)


async def counts(tx: Tx) -> dict[str, int]:
    """Count the mails by state."""
    return await mails.counts(tx)


async def retry(tx: Tx, mail_id: int, *, now: datetime) -> None:
    """Queue a dead mail again.

    Raises: NotFound if there is no dead mail of this id.
    """
    if not await mails.retry(tx, mail_id, now=now):
        raise NotFound(f"there is no dead mail {mail_id}")
