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
    await posts.add_many(tx, [(admitted, _more(arrival, now))])
    return (await posts.by_uris(tx, (admitted.document.uri,)))[admitted.document.uri]


async def receive_many(tx: Tx, arrivals: Sequence[Arrival], *, now: datetime) -> None:
    """Store posts that are not known yet and tell the members they concern."""
    listed = [(arrival, _more(arrival, now)) for arrival in arrivals]
    new = await posts.add_many(tx, [(arrival.admitted, more) for arrival, more in listed])
    fresh = [(arrival, more) for arrival, more in listed if arrival.admitted.document.uri in new]
    pairs = [
        {"post_id": more["id"], "actor_id": recipient.id}
        for arrival, more in fresh
        for recipient in arrival.recipients
    ]
    if pairs:
        await posts.add_recipients(tx, pairs)
    for arrival, more in fresh:
        if arrival.recipients or arrival.replied_to is not None:
            await _tell(tx, arrival, is_direct=more["visibility"] == Visibility.DIRECT, now=now)


def visibility(arrival: Arrival) -> Visibility:
    """Compute whom a post is for, from its own addressing or else the activity's."""
    note = arrival.admitted.document
    to, cc = (note.to, note.cc) if note.to or note.cc else (arrival.to, arrival.cc)
    return visibility_of(to, cc, arrival.author.followers_uri)


async def _tell(tx: Tx, arrival: Arrival, *, is_direct: bool, now: datetime) -> None:
    told: dict[str, str] = {recipient.id: "mention" for recipient in arrival.recipients}
    if arrival.replied_to is not None:
        told[arrival.replied_to.id] = "reply"
    for actor_id, kind in told.items():
        await notify(
            tx,
            account_actor_id=actor_id,
            kind="message" if is_direct else kind,
            from_actor_id=arrival.author.id,
            subject_uri=arrival.admitted.document.uri,
            now=now,
        )


def _more(arrival: Arrival, now: datetime) -> dict[str, Any]:
    """Return the columns that the document alone does not give."""
    return {
        "id": new_id(now),
        "author_id": arrival.author.id,
        "visibility": visibility(arrival).value,
        "published_at": min(arrival.admitted.document.published_at or now, now),
        "received_at": now,
    }
