"""Queries on `posts`, plain posts of other servers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, or_, select, update

from libline_fed.activitypub.objects import Admitted, NoteDocument
from libline_fed.domain.actors import Actor
from libline_fed.domain.peers import Verdict
from libline_fed.domain.posts import Post
from libline_fed.ids import is_id
from libline_fed.storage import peers, rows
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, follows, post_recipients, posts

OPEN_TO_ALL = ("public", "unlisted")


async def by_uris(tx: Tx, uris: Collection[str]) -> dict[str, Post]:
    """Return the known ones among `uris`, keyed by URI."""
    if not uris:
        return {}
    found = await tx.all(select(posts).where(posts.c.uri.in_(list(uris))))
    return {row.uri: rows.to(Post, row) for row in found}


async def by_id(tx: Tx, post_id: str) -> Post | None:
    """Return one post, or None."""
    if not is_id(post_id):
        return None
    row = await tx.first(select(posts).where(posts.c.id == post_id))
    return rows.to(Post, row) if row else None


async def add_many(tx: Tx, admitted: Sequence[tuple[Admitted[NoteDocument], dict[str, Any]]]) -> set[str]:
    """Insert posts that are not known yet, each with its remaining columns; return the new ones' URIs."""
    values = [{**_columns(one.document), **more} for one, more in admitted]
    if not values:
        return set()
    statement = tx.insert(posts).on_conflict_do_nothing().returning(posts.c.uri)
    return set(await tx.scalars(statement, values))


async def put_edit(tx: Tx, admitted: Admitted[NoteDocument], *, post_id: str, now: datetime) -> bool:
    """Take in a newer text; tells whether it was newer than what is kept."""
    note = admitted.document
    edited_at = note.updated_at or now
    statement = (
        update(posts)
        .where(
            posts.c.id == post_id,
            or_(posts.c.edited_at.is_(None), posts.c.edited_at < edited_at),
            posts.c.published_at <= edited_at,
        )
        .values(
            title=note.title,
            content_html=note.content_html,
            language=note.language,
            is_sensitive=note.is_sensitive,
            url=note.url,
            edited_at=edited_at,
        )
    )
    return bool((await tx.execute(statement)).rowcount)


async def remove(tx: Tx, post_id: str) -> None:
    """Delete a post."""
    await tx.execute(delete(posts).where(posts.c.id == post_id))


async def remove_of(tx: Tx, author_id: str) -> None:
    """Delete every post of an actor."""
    await tx.execute(delete(posts).where(posts.c.author_id == author_id))


async def add_recipients(tx: Tx, pairs: Sequence[dict[str, str]]) -> None:
    """Note which members posts are addressed to; each pair names `post_id` and `actor_id`."""
    await tx.execute(tx.insert(post_recipients).on_conflict_do_nothing(), list(pairs))


async def is_recipient(tx: Tx, post_id: str, actor_id: str) -> bool:
    """Tell whether a post is addressed to a member."""
    statement = select(post_recipients.c.post_id).where(
        post_recipients.c.post_id == post_id, post_recipients.c.actor_id == actor_id
    )
    return await tx.first(statement) is not None


async def timeline(tx: Tx, actor_id: str, *, limit: int, offset: int) -> list[tuple[Post, Actor]]:
    """Return what a member may read of whom they follow, and what is addressed to them; newest first."""
    followed = exists().where(
        follows.c.follower_id == actor_id,
        follows.c.followed_id == posts.c.author_id,
        follows.c.state == "accepted",
    )
    addressed = exists().where(
        post_recipients.c.post_id == posts.c.id, post_recipients.c.actor_id == actor_id
    )
    statement = (
        select(posts)
        .join(actors, actors.c.id == posts.c.author_id)
        .where(
            or_(addressed, followed & (posts.c.visibility != "direct")),
            actors.c.suspended_at.is_(None),
            actors.c.gone_at.is_(None),
        )
    )
    hosts = set(await tx.scalars(statement.with_only_columns(actors.c.host).distinct()))
    closed = await peers.judged(tx, hosts, Verdict.BLOCKED)
    statement = (
        statement.where(actors.c.host.not_in(closed))
        .order_by(posts.c.published_at.desc(), posts.c.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return await _with_authors(tx, [rows.to(Post, row) for row in await tx.all(statement)])


async def replies_to(tx: Tx, uri: str, *, limit: int = 200) -> list[tuple[Post, Actor]]:
    """Return the answers to a post or proposal that everybody may read, oldest first.

    Those from silenced and blocked servers are left out: this page did not ask for them.
    """
    statement = (
        select(posts)
        .join(actors, actors.c.id == posts.c.author_id)
        .where(
            posts.c.in_reply_to_uri == uri,
            posts.c.visibility.in_(OPEN_TO_ALL),
            actors.c.suspended_at.is_(None),
            actors.c.gone_at.is_(None),
        )
        .order_by(posts.c.published_at, posts.c.id)
        .limit(limit)
    )
    found = await _with_authors(tx, [rows.to(Post, row) for row in await tx.all(statement)])
    hidden = await peers.judged(
        tx, {author.host for _, author in found}, Verdict.SILENCED, Verdict.BLOCKED
    )
    return [(post, author) for post, author in found if author.host not in hidden]


async def _with_authors(tx: Tx, found: list[Post]) -> list[tuple[Post, Actor]]:
    ids = {post.author_id for post in found}
    authors = await tx.all(select(actors).where(actors.c.id.in_(ids))) if ids else []
    known = {row.id: rows.to(Actor, row) for row in authors}
    return [(post, known[post.author_id]) for post in found]


def _columns(note: NoteDocument) -> dict[str, Any]:
    return {
        "uri": note.uri,
        "type": note.type,
        "title": note.title,
        "content_html": note.content_html,
        "language": note.language,
        "in_reply_to_uri": note.in_reply_to_uri,
        "context_uri": note.context_uri,
        "url": note.url,
        "is_sensitive": note.is_sensitive,
        "edited_at": note.updated_at,
    }
