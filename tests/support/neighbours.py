"""People of other servers as this one knows them, what they write, and what was said to them from here.

Documents are parsed from the JSON that would have arrived, so that rows hold what the parser really gives.
"""

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select

from libline_fed.activitypub.objects import Admitted, NoteDocument, ProposalDocument
from libline_fed.activitypub.parse import parse_actor, parse_note, parse_proposal
from libline_fed.activitypub.values import PUBLIC
from libline_fed.domain.actors import Actor
from libline_fed.domain.deliveries import Delivery
from libline_fed.domain.follows import Follow, FollowState
from libline_fed.domain.posts import Post
from libline_fed.domain.proposals import Proposal
from libline_fed.errors import Refusal
from libline_fed.ids import new_id
from libline_fed.storage import actors, follows, posts, proposals, rows
from libline_fed.storage.store import Store, Tx
from libline_fed.storage.tables import activities, deliveries
from libline_fed.vocabulary import MENTORSHIP_URI, area_uri


async def meet(store: Store, handle: str, host: str, now: datetime) -> Actor:
    """Store somebody of another server, with an inbox of their own and one that the server shares."""
    uri = f"https://{host}/users/{handle}"
    document = parse_actor(
        {
            "id": uri,
            "type": "Person",
            "preferredUsername": handle,
            "inbox": f"{uri}/inbox",
            "outbox": f"{uri}/outbox",
            "followers": f"{uri}/followers",
            "featured": f"{uri}/featured",
            "endpoints": {"sharedInbox": f"https://{host}/inbox"},
        }
    )
    assert not isinstance(document, Refusal), document
    return await store.write(
        lambda tx: actors.put_remote(tx, Admitted(document, host, "signed"), acct_host=None, now=now)
    )


async def follow(
    store: Store,
    follower: Actor,
    followed: Actor,
    now: datetime,
    *,
    state: FollowState = FollowState.ACCEPTED,
) -> None:
    """Let one actor follow another, wherever they are."""
    made = Follow(
        id=new_id(now),
        uri=f"{follower.uri}#follows/{followed.id}",
        follower_id=follower.id,
        followed_id=followed.id,
        state=state,
        created_at=now,
        accepted_at=now if state is FollowState.ACCEPTED else None,
    )
    await store.write(lambda tx: follows.put(tx, made))


def note_by(
    author: Actor, slug: str, *, to: tuple[str, ...] = (PUBLIC,), cc: tuple[str, ...] = (), **more: Any
) -> Admitted[NoteDocument]:
    """Return a post that was admitted."""
    document = parse_note(_note(author, slug, to, cc) | more)
    assert not isinstance(document, Refusal), document
    return Admitted(document, author.host, "signed")


def offer_by(
    author: Actor,
    slug: str,
    *,
    to: tuple[str, ...] = (PUBLIC,),
    cc: tuple[str, ...] = (),
    areas: tuple[str, ...] = ("A0301",),
    **more: Any,
) -> Admitted[ProposalDocument]:
    """Return an offer that was admitted; an area that is no URI is one of our vocabulary."""
    document = parse_proposal(
        _note(author, slug, to, cc)
        | {
            "title": f"Offer {slug}",
            "purpose": "offer",
            "proposalStatus": "open",
            "revision": 1,
            "availableLanguage": ["en"],
            "modality": ["M1"],
            "publishes": {
                "type": "Intent",
                "action": "deliverService",
                "resourceConformsTo": MENTORSHIP_URI,
                "resourceClassifiedAs": [area if "://" in area else area_uri(area) for area in areas],
            },
        }
        | more
    )
    assert document is not None
    return Admitted(document, author.host, "signed")


async def list_offer(
    store: Store, author: Actor, slug: str, now: datetime, *, source: str = "follow", **more: Any
) -> Proposal | Refusal:
    """Take in an offer of another server, brought by its author."""
    admitted = offer_by(author, slug, **more)
    return await store.write(
        lambda tx: proposals.put_remote(
            tx, admitted, author, source=source, source_actor_uri=author.uri, now=now
        )
    )


async def keep_post(
    store: Store,
    author: Actor,
    slug: str,
    now: datetime,
    *,
    visibility: str = "public",
    recipients: tuple[Actor, ...] = (),
    **more: Any,
) -> Post:
    """Take in a post of another server, with the visibility that was computed for it."""
    admitted = note_by(author, slug, **more)
    columns = {
        "id": new_id(now),
        "author_id": author.id,
        "visibility": visibility,
        "published_at": now,
        "received_at": now,
    }

    async def unit(tx: Tx) -> Post:
        assert await posts.add_many(tx, [(admitted, columns)]) == {admitted.document.uri}
        if recipients:
            pairs = [{"post_id": columns["id"], "actor_id": member.id} for member in recipients]
            await posts.add_recipients(tx, pairs)
        return (await posts.by_uris(tx, [admitted.document.uri]))[admitted.document.uri]

    return await store.write(unit)


async def said(store: Store, actor_id: str) -> list[dict[str, Any]]:
    """Return the activities of a local actor as they were sent, those of one moment by type."""
    found = await store.read(
        lambda tx: tx.all(
            select(activities.c.body)
            .where(activities.c.actor_id == actor_id)
            .order_by(activities.c.created_at, activities.c.type)
        )
    )
    return [orjson.loads(row.body) for row in found]


async def verbs(store: Store, actor_id: str) -> list[str]:
    """Return the types of a local actor's activities in the order of `said`."""
    return [activity["type"] for activity in await said(store, actor_id)]


async def queued(store: Store) -> list[Delivery]:
    """Return the deliveries in the order in which they were queued."""
    found = await store.read(lambda tx: tx.all(select(deliveries).order_by(deliveries.c.id)))
    return [rows.to(Delivery, row) for row in found]


def _note(author: Actor, slug: str, to: tuple[str, ...], cc: tuple[str, ...]) -> dict[str, Any]:
    return {
        "id": f"https://{author.host}/notes/{slug}",
        "type": "Note",
        "attributedTo": author.uri,
        "content": f"<p>Text of {slug}</p>",
        "to": list(to),
        "cc": list(cc),
    }
