"""Queries on `actors`."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, update

from libline_fed.activitypub.objects import ActorDocument, Admitted
from libline_fed.domain.actors import Actor
from libline_fed.domain.profiles import MEMBER_TYPES
from libline_fed.ids import is_id, new_id
from libline_fed.storage import rows
from libline_fed.storage.peers import is_at_or_below
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, proposals


async def by_uris(tx: Tx, uris: Collection[str]) -> dict[str, Actor]:
    """Return the known ones among `uris`, keyed by URI."""
    if not uris:
        return {}
    found = await tx.all(select(actors).where(actors.c.uri.in_(list(uris))))
    return {row.uri: rows.to(Actor, row) for row in found}


async def by_ids(tx: Tx, ids: Collection[str]) -> dict[str, Actor]:
    """Return the known ones among `ids`, keyed by id."""
    if not ids:
        return {}
    found = await tx.all(select(actors).where(actors.c.id.in_(list(ids))))
    return {row.id: rows.to(Actor, row) for row in found}


async def by_uri(tx: Tx, uri: str) -> Actor | None:
    """Return one actor, or None."""
    return (await by_uris(tx, (uri,))).get(uri)


async def by_id(tx: Tx, actor_id: str) -> Actor | None:
    """Return one actor, or None."""
    return (await by_ids(tx, (actor_id,))).get(actor_id) if is_id(actor_id) else None


async def local_by_handle(tx: Tx, handle: str) -> Actor | None:
    """Return the member (or group) with a handle, in whatever case; None for the instance actor."""
    if not handle.isprintable():  # no database takes NUL and surrogates
        return None
    row = await tx.first(
        select(actors).where(
            func.lower(actors.c.handle) == handle.lower(),
            actors.c.is_local.is_(True),
            actors.c.type != "Application",
        )
    )
    return rows.to(Actor, row) if row else None


async def remote_by_acct(tx: Tx, handle: str, host: str) -> Actor | None:
    """Return a known actor of another server by its address."""
    row = await tx.first(
        select(actors)
        .where(
            func.lower(actors.c.handle) == handle.lower(),
            func.coalesce(actors.c.acct_host, actors.c.host) == host,
            actors.c.is_local.is_(False),
            actors.c.gone_at.is_(None),
        )
        .order_by(actors.c.fetched_at.desc())
    )
    return rows.to(Actor, row) if row else None


async def by_inbox(tx: Tx, inbox_url: str, host: str) -> Actor | None:
    """Return an actor of a host who reads an inbox: its own one first, else somebody of a shared one."""
    row = await tx.first(
        select(actors)
        .where(
            actors.c.host == host,
            actors.c.is_local.is_(False),
            actors.c.gone_at.is_(None),
            or_(actors.c.inbox_url == inbox_url, actors.c.shared_inbox_url == inbox_url),
        )
        .order_by((actors.c.inbox_url == inbox_url).desc(), actors.c.fetched_at.desc())
        .limit(1)
    )
    return rows.to(Actor, row) if row else None


async def add_local(tx: Tx, values: dict[str, Any]) -> Actor:
    """Insert an actor of this instance; `values` are columns.

    Raises: Conflict if the handle is taken.
    """
    complete = {"fields": [], "languages": [], "also_known_as": [], **values, "is_local": True}
    row = (await tx.execute(tx.insert(actors).returning(*actors.c), complete)).one()
    return rows.to(Actor, row)


async def put_remote(
    tx: Tx, admitted: Admitted[ActorDocument], *, acct_host: str | None, now: datetime
) -> Actor:
    """Insert or refresh an actor of another server from its own document. One that is gone stays gone.

    `acct_host` is the domain WebFinger gave; None keeps what is known.
    """
    document = admitted.document
    values: dict[str, Any] = {
        "type": document.type,
        "handle": document.handle,
        "host": admitted.host,
        "name": document.name,
        "summary_html": document.summary_html,
        "url": document.url,
        "inbox_url": document.inbox_url,
        "shared_inbox_url": document.shared_inbox_url,
        "outbox_url": document.outbox_url,
        "followers_uri": document.followers_uri,
        "featured_url": document.featured_url,
        "proposals_url": document.proposals_url,
        "icon_url": document.icon_url,
        "fields": [list(pair) for pair in document.fields],
        "also_known_as": list(document.also_known_as),
        "moved_to_uri": document.moved_to_uri,
        "manually_approves_followers": document.manually_approves_followers,
        "is_discoverable": document.discoverable,
        "published_at": document.published_at,
        "updated_at": now,
        "fetched_at": now,
    }
    if document.type == "Group":
        values["details"] = dict(document.group)  # see activitypub/groups.py
    if acct_host is not None:
        values["acct_host"] = acct_host
    insert = tx.insert(actors).values(
        id=new_id(now), uri=document.uri, is_local=False, created_at=now, languages=[], **values
    )
    refreshed = insert.on_conflict_do_update(
        index_elements=[actors.c.uri],
        set_=values,
        where=actors.c.gone_at.is_(None) & actors.c.is_local.is_(False),
    )
    await tx.execute(refreshed)
    return (await by_uris(tx, (document.uri,)))[document.uri]


async def change(tx: Tx, actor_id: str, now: datetime, **values: Any) -> Actor:
    """Set columns of a local actor and wake "documents": what is served of it has changed."""
    await tx.wake("documents")
    statement = (
        update(actors)
        .where(actors.c.id == actor_id)
        .values(**values, updated_at=now, revision=actors.c.revision + 1)
        .returning(*actors.c)
    )
    return rows.to(Actor, (await tx.execute(statement)).one())


async def mark_gone(tx: Tx, actor_id: str, now: datetime) -> None:
    """Remember that an actor was deleted: nothing of it is kept but its address."""
    await tx.wake("documents")
    await tx.execute(
        update(actors)
        .where(actors.c.id == actor_id)
        .values(
            gone_at=now,
            updated_at=now,
            revision=actors.c.revision + 1,
            name="",
            summary_html="",
            summary_text="",
            icon_url=None,
            fields=[],
            also_known_as=[],
            details={},
        )
    )


async def count_local(tx: Tx) -> int:
    """Count the members of this instance, for NodeInfo."""
    return int(
        await tx.scalar(
            select(func.count())
            .select_from(actors)
            .where(actors.c.is_local.is_(True), actors.c.type.in_(MEMBER_TYPES), actors.c.gone_at.is_(None))
        )
    )


async def count_local_proposals(tx: Tx) -> int:
    """Count the public proposals of this instance, for NodeInfo."""
    return int(
        await tx.scalar(
            select(func.count())
            .select_from(proposals)
            .where(proposals.c.is_local.is_(True), proposals.c.audience == "public")
        )
    )


async def at_host(tx: Tx, host: str) -> list[Actor]:
    """Return the known actors of a server, on whatever port, and of its sub-domains."""
    found = await tx.all(
        select(actors).where(actors.c.is_local.is_(False), is_at_or_below(actors.c.host, host))
    )
    return [rows.to(Actor, row) for row in found]
