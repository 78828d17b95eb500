"""Queries on `mails`: a queue with leases. A fence tells the present holder of a lease from a former one."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, update

from libline_fed.domain.mails import Mail
from libline_fed.storage import rows
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import mails

CHANNEL = "mails"
MAX_ERROR_CHARACTERS = 500
KEPT = timedelta(days=30)


async def add(tx: Tx, *, recipient: str, subject: str, text_body: str, now: datetime) -> int:
    """Queue a mail, wake the sender after the commit, and return the mail's id."""
    statement = (
        tx.insert(mails)
        .values(
            recipient=recipient, subject=subject, text_body=text_body, next_attempt_at=now, created_at=now
        )
        .returning(mails.c.id)
    )
    mail_id = int((await tx.execute(statement)).scalar_one())
    await tx.wake(CHANNEL)
    return mail_id


async def lease_batch(tx: Tx, *, limit: int, lease_s: float, now: datetime) -> list[Mail]:
    """Take the mails that are due, longest waiting first, and hide them from others for `lease_s` seconds."""
    due = (
        select(mails.c.id)
        .where(
            mails.c.state == "queued",
            mails.c.next_attempt_at <= now,
            or_(mails.c.lease_until.is_(None), mails.c.lease_until <= now),
        )
        .order_by(mails.c.next_attempt_at, mails.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = await tx.scalars(due)
    if not ids:
        return []
    statement = (
        update(mails)
        .where(mails.c.id.in_(ids))
        .values(
            lease_until=now + timedelta(seconds=lease_s),
            fence=mails.c.fence + 1,
            attempts_count=mails.c.attempts_count + 1,
        )
        .returning(*mails.c)
    )
    leased = [rows.to(Mail, row) for row in (await tx.execute(statement)).all()]
    return sorted(leased, key=lambda mail: (mail.next_attempt_at, mail.id))


async def mark_sent(tx: Tx, mail: Mail, *, now: datetime) -> bool:
    """Record that a leased mail went out and erase its text; False if the lease has passed to another."""
    statement = update(mails).where(
        mails.c.id == mail.id, mails.c.fence == mail.fence, mails.c.state == "queued"
    )
    # The text held a secret link: once it is out, no copy of the database shall give it away.
    values = {
        "state": "sent",
        "sent_at": now,
        "lease_until": None,
        "last_error": None,
        "text_body": "",
        "html_body": None,
    }
    return bool((await tx.execute(statement.values(**values))).rowcount)


async def mark_failed(tx: Tx, mail: Mail, *, error: str, retry_at: datetime | None) -> bool:
    """Record a failed attempt: try again at `retry_at`, or never; False if the lease has passed on."""
    statement = update(mails).where(
        mails.c.id == mail.id, mails.c.fence == mail.fence, mails.c.state == "queued"
    )
    statement = statement.values(
        state="queued" if retry_at else "dead",
        next_attempt_at=retry_at or mail.next_attempt_at,
        lease_until=None,
        last_error=error[:MAX_ERROR_CHARACTERS],
    )
    return bool((await tx.execute(statement)).rowcount)


async def release(tx: Tx, mail: Mail) -> None:
    """Give a leased mail back untried, as when the sender stops."""
    statement = update(mails).where(
        mails.c.id == mail.id, mails.c.fence == mail.fence, mails.c.state == "queued"
    )
    await tx.execute(statement.values(lease_until=None, attempts_count=mail.attempts_count - 1))


async def next_due_at(tx: Tx) -> datetime | None:
    """Return when the next mail may be tried, leases included; None if none waits."""
    free_at = func.coalesce(mails.c.lease_until, mails.c.next_attempt_at)
    query = select(free_at.label("free_at"), mails.c.next_attempt_at).where(mails.c.state == "queued")
    row = await tx.first(query.order_by(free_at).limit(1))
    return max(row.free_at, row.next_attempt_at) if row else None


async def list_all(tx: Tx, *, state: str | None, limit: int, offset: int) -> list[Mail]:
    """List mails, newest first."""
    query = select(mails).order_by(mails.c.id.desc()).limit(limit).offset(offset)
    if state is not None:
        query = query.where(mails.c.state == state)
    return [rows.to(Mail, row) for row in await tx.all(query)]


async def by_id(tx: Tx, mail_id: int) -> Mail | None:
    """Return one mail, or None."""
    row = await tx.first(select(mails).where(mails.c.id == mail_id))
    return rows.to(Mail, row) if row else None


async def retry(tx: Tx, mail_id: int, *, now: datetime) -> bool:
    """Queue a dead mail again, from the start; tells whether there was one."""
    statement = update(mails).where(mails.c.id == mail_id, mails.c.state == "dead")
    statement = statement.values(
        state="queued", attempts_count=0, next_attempt_at=now, created_at=now, lease_until=None
    )
    is_found = bool((await tx.execute(statement)).rowcount)
    if is_found:
        await tx.wake(CHANNEL)
    return is_found


async def counts(tx: Tx) -> dict[str, int]:
    """Count mails by state."""
    found = await tx.all(select(mails.c.state, func.count().label("mails_count")).group_by(mails.c.state))
    return {row.state: row.mails_count for row in found}


async def remove_to(tx: Tx, recipient: str) -> None:
    """Delete every mail to an address."""
    await tx.execute(delete(mails).where(mails.c.recipient == recipient))


async def drop_old(tx: Tx, now: datetime) -> int:
    """Delete mails that are done since 30 days; returns how many."""
    statement = delete(mails).where(mails.c.state != "queued", mails.c.created_at <= now - KEPT)
    return (await tx.execute(statement)).rowcount
