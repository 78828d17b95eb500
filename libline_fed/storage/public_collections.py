"""Queries behind what anybody may fetch: public proposals, activities and replies, page by page.

Every condition on what is public stands here, once: a local proposal with the audience "public" whose author
is usable, and what was said about it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Audience, Proposal, Status
from libline_fed.storage import rows
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import accounts, activities, actors, posts, proposal_areas, proposals

MAX_FEATURED = 1_000  # how many items of a list other servers read
MAX_REPLIES = 200
REPLY_LEVELS = 3

_IS_PUBLIC = and_(proposals.c.is_local.is_(True), proposals.c.audience == Audience.PUBLIC)
_IS_OPEN = and_(_IS_PUBLIC, proposals.c.status == Status.OPEN)
_IS_OPEN_IN_CIRCLE = and_(  # not public: for servers that say who they are, see federation/network_lists
    proposals.c.is_local.is_(True),
    proposals.c.audience.in_((Audience.PUBLIC, Audience.NETWORK)),
    proposals.c.status == Status.OPEN,
)
_IS_USABLE = and_(actors.c.gone_at.is_(None), actors.c.suspended_at.is_(None))


@dataclass(frozen=True, slots=True)
class SaidActivity:
    """A public activity as it was sent; `edited_at` is when the text it carries was changed after that."""

    id: str
    uri: str
    object_uri: str
    body: bytes
    created_at: datetime
    edited_at: datetime | None

    @property
    def is_outdated(self) -> bool:
        """Whether it carries a text that its author has replaced since."""
        return self.edited_at is not None and self.edited_at > self.created_at


async def proposal(tx: Tx, proposal_id: str) -> tuple[Proposal, Actor] | None:
    """Return a public proposal of this instance and its author, or None: private and absent look alike."""
    row = await tx.first(select(proposals).where(proposals.c.id == proposal_id, _IS_PUBLIC))
    if row is None:
        return None
    author = await tx.first(select(actors).where(actors.c.id == row.author_id, _IS_USABLE))
    return (rows.to(Proposal, row), rows.to(Actor, author)) if author else None


async def featured(tx: Tx, author_id: str) -> list[str]:
    """Return the URIs of an author's open public proposals, newest first."""
    query = select(proposals.c.uri).where(_open_of(author_id))
    return list(await tx.scalars(query.order_by(proposals.c.id.desc()).limit(MAX_FEATURED)))


async def open_proposals(
    tx: Tx, author_id: str | None, *, before_id: str | None, limit: int
) -> list[tuple[str, str]]:
    """Return (id, URI) of open public proposals, newest first: an author's, or with None everybody's here."""
    query = select(proposals.c.id, proposals.c.uri).where(_open_of(author_id))
    if before_id is not None:
        query = query.where(proposals.c.id < before_id)
    found = await tx.all(query.order_by(proposals.c.id.desc()).limit(limit))
    return [(row.id, row.uri) for row in found]


async def open_in_circle(
    tx: Tx, *, before_id: str | None, limit: int
) -> list[tuple[Proposal, Actor]]:
    """Return the open proposals that linked servers may have, newest first, with their authors."""
    query = (
        select(proposals, *(column.label(f"its_author_{column.name}") for column in actors.c))
        .join(actors, actors.c.id == proposals.c.author_id)
        .where(_IS_OPEN_IN_CIRCLE, _IS_USABLE)
    )
    if before_id is not None:
        query = query.where(proposals.c.id < before_id)
    found = await tx.all(query.order_by(proposals.c.id.desc()).limit(limit))
    return [(rows.to(Proposal, row), rows.to(Actor, row, prefix="its_author_")) for row in found]


async def count_in_circle(tx: Tx) -> int:
    """Count what `open_in_circle` lists."""
    query = select(func.count()).select_from(proposals).join(actors, actors.c.id == proposals.c.author_id)
    return int(await tx.scalar(query.where(_IS_OPEN_IN_CIRCLE, _IS_USABLE)))


async def count_open_proposals(tx: Tx, author_id: str | None) -> int:
    """Count what `open_proposals` lists."""
    return int(await tx.scalar(select(func.count()).select_from(proposals).where(_open_of(author_id))))


def _open_of(author_id: str | None) -> ColumnElement[bool]:
    usable = select(actors.c.id).where(_IS_USABLE)
    if author_id is not None:
        usable = usable.where(actors.c.id == author_id)
    return and_(_IS_OPEN, proposals.c.author_id.in_(usable))


async def areas(tx: Tx, author_id: str) -> list[str]:
    """Return the areas of an author's open public proposals."""
    query = (
        select(proposal_areas.c.area)
        .join(proposals, proposals.c.id == proposal_areas.c.proposal_id)
        .where(_open_of(author_id))
    )
    return list(await tx.scalars(query.distinct().order_by(proposal_areas.c.area)))


async def activity(tx: Tx, activity_id: str) -> SaidActivity | None:
    """Return an activity if it is public, and what it is about still is; or None."""
    is_about_actor = exists().where(actors.c.uri == activities.c.object_uri, _IS_USABLE)
    query = _said().where(
        activities.c.id == activity_id,
        # A deletion shows nothing; everything else shows, or names, what it is about.
        or_(proposals.c.id.is_not(None), activities.c.type == "Delete", is_about_actor),
    )
    row = await tx.first(query)
    return rows.to(SaidActivity, row) if row else None


async def outbox(tx: Tx, actor_id: str, *, before_id: str | None, limit: int) -> list[SaidActivity]:
    """Return what an actor said of proposals that are still public, newest first."""
    query = _said().where(_is_in_outbox(actor_id))
    if before_id is not None:
        query = query.where(activities.c.id < before_id)
    found = await tx.all(query.order_by(activities.c.id.desc()).limit(limit))
    return [rows.to(SaidActivity, row) for row in found]


async def count_outbox(tx: Tx, actor_id: str) -> int:
    """Count what `outbox` lists."""
    query = (
        select(func.count())
        .select_from(activities)
        .join(proposals, _is_about_public_proposal())
        .where(_is_in_outbox(actor_id))
    )
    return int(await tx.scalar(query))


def _is_in_outbox(actor_id: str) -> ColumnElement[bool]:
    return and_(
        activities.c.actor_id == actor_id,
        activities.c.is_public.is_(True),
        activities.c.type.in_(("Create", "Announce")),
        proposals.c.id.is_not(None),
    )


def _is_about_public_proposal() -> ColumnElement[bool]:
    return and_(proposals.c.uri == activities.c.object_uri, _IS_PUBLIC)


def _said() -> Select[Any]:
    columns = [activities.c[name] for name in ("id", "uri", "object_uri", "body", "created_at")]
    profile_at = select(actors.c.updated_at).where(actors.c.uri == activities.c.object_uri).scalar_subquery()
    return (
        select(*columns, func.coalesce(proposals.c.edited_at, profile_at).label("edited_at"))
        .join(proposals, _is_about_public_proposal(), isouter=True)
        .where(activities.c.is_public.is_(True))
    )


async def replies(tx: Tx, uris: Collection[str], *, levels_count: int = 1) -> list[tuple[str, str]]:
    """Return (URI, host) of public replies to `uris`, and to these down to a depth, oldest first."""
    found: dict[str, tuple[datetime, str]] = {}
    asked = list(uris)
    for _ in range(min(levels_count, REPLY_LEVELS)):
        level = await _replies(tx, asked) if asked else []
        asked = [uri for uri, _, _ in level if uri not in found]
        found.update({uri: (published_at, host) for uri, host, published_at in level})
        if len(found) >= MAX_REPLIES:
            break
    listed = sorted(found.items(), key=lambda item: (item[1][0], item[0]))
    return [(uri, host) for uri, (_, host) in listed[:MAX_REPLIES]]


async def _replies(tx: Tx, uris: Sequence[str]) -> list[tuple[str, str, datetime]]:
    query = (
        select(posts.c.uri, actors.c.host, posts.c.published_at)
        .join(actors, actors.c.id == posts.c.author_id)
        .where(
            posts.c.in_reply_to_uri.in_(list(uris)),
            posts.c.visibility.in_(("public", "unlisted")),
            _IS_USABLE,
        )
        .order_by(posts.c.published_at, posts.c.uri)
        .limit(MAX_REPLIES)
    )
    return [(row.uri, row.host, row.published_at) for row in await tx.all(query)]


async def count_active(tx: Tx, since: datetime) -> int:
    """Count the members who were logged in since a moment, for NodeInfo."""
    query = select(func.count()).select_from(accounts)
    return int(await tx.scalar(query.where(accounts.c.state == "active", accounts.c.last_login_at >= since)))


async def staff(tx: Tx) -> list[str]:
    """Return the URIs of admins and moderators who let themselves be found, for NodeInfo."""
    query = (
        select(actors.c.uri)
        .join(accounts, accounts.c.actor_id == actors.c.id)
        .where(
            accounts.c.role.in_(("moderator", "admin")),
            accounts.c.state == "active",
            actors.c.is_discoverable.is_(True),
            _IS_USABLE,
        )
    )
    return list(await tx.scalars(query.order_by(actors.c.id).limit(50)))
