"""Posts that come from other servers: replies, mentions, messages, and what followed people write."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libline_fed.activitypub.objects import Admitted, NoteDocument, Visibility
from libline_fed.activitypub.parse import visibility_of
from libline_fed.domain.actors import Actor
from libline_fed.domain.posts import Post
from libline_fed.ids import new_id
from libline_fed.services.notifications import notify
from libline_fed.storage import posts
from libline_fed.storage.store import Tx


@dataclass(frozen=True, slots=True)
class Arrival:
    """A post that was admitted, with whom it concerns here."""

    admitted: Admitted[NoteDocument]
    author: Actor
    to: tuple[str, ...]  # as the activity says; the post's own addressing comes first
    cc: tuple[str, ...]
    recipients: tuple[Actor, ...]  # members addressed
    replied_to: Actor | None  # the member whose proposal this answers


async def keep(tx: Tx, admitted: Admitted[NoteDocument], author: Actor, *, now: datetime) -> Post:
    """Store a post that a person looked up, or return the one that is known."""
    arrival = Arrival(admitted, author, (), (), (), None)
    await posts.add_many(tx, [_row(arrival, now)])
    return (await posts.by_uris(tx, (admitted.document.uri,)))[admitted.document.uri]


async def receive_many(tx: Tx, arrivals: Sequence[Arrival], *, now: datetime) -> None:
    """Store posts that are not known yet and tell the members they concern."""
    rows = [_row(arrival, now) for arrival in arrivals]
    await posts.add_many(tx, rows)
    pairs = [
        {"post_id": row["id"], "actor_id": recipient.id}
        for row, arrival in zip(rows, arrivals, strict=True)
        for recipient in arrival.recipients
    ]
    if pairs:
        await posts.add_recipients(tx, pairs)
    for row, arrival in zip(rows, arrivals, strict=True):
        if arrival.recipients or arrival.replied_to is not None:
            await _tell(tx, row, arrival, now)


def visibility(arrival: Arrival) -> Visibility:
    """Compute whom a post is for, from its own addressing or else the activity's (federation.md §4.1)."""
    note = arrival.admitted.document
    to, cc = (note.to, note.cc) if note.to or note.cc else (arrival.to, arrival.cc)
    return visibility_of(to, cc, arrival.author.followers_uri)


async def _tell(tx: Tx, row: dict[str, Any], arrival: Arrival, now: datetime) -> None:
    told: set[str] = set()
    kind = "message" if row["visibility"] == Visibility.DIRECT else "mention"
    if arrival.replied_to is not None:
        told.add(arrival.replied_to.id)
        await notify(
            tx,
            account_actor_id=arrival.replied_to.id,
            kind="message" if kind == "message" else "reply",
            from_actor_id=arrival.author.id,
            subject_uri=row["uri"],
            now=now,
        )
    for recipient in arrival.recipients:
        if recipient.id not in told:
            await notify(
                tx,
                account_actor_id=recipient.id,
                kind=kind,
                from_actor_id=arrival.author.id,
                subject_uri=row["uri"],
                now=now,
            )


def _row(arrival: Arrival, now: datetime) -> dict[str, Any]:
    note = arrival.admitted.document
    return {
        "id": new_id(now),
        "uri": note.uri,
        "author_id": arrival.author.id,
        "type": note.type,
        "title": note.title,
        "content_html": note.content_html,
        "language": note.language,
        "visibility": visibility(arrival).value,
        "in_reply_to_uri": note.in_reply_to_uri,
        "context_uri": note.context_uri,
        "url": note.url,
        "is_sensitive": note.is_sensitive,
        "published_at": min(note.published_at or now, now),
        "edited_at": note.updated_at,
        "received_at": now,
    }
