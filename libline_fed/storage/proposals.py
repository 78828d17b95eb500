"""Queries on `proposals`, their areas, languages and sources; the directory's own query is in `directory`."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import Insert, Update, delete, exists, func, select, update

from libline_fed import vocabulary
from libline_fed.activitypub.objects import Admitted, ProposalDocument, Visibility
from libline_fed.activitypub.parse import visibility_of
from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Audience, Proposal
from libline_fed.errors import Refusal, RefusalReason
from libline_fed.ids import is_id, new_id
from libline_fed.storage import circles, rows, search_words
from libline_fed.storage.mentorship_tables import mentorships
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import (
    proposal_areas,
    proposal_languages,
    proposal_sources,
    proposals,
)

FOUND_BY = {"title", "content_html", "areas"}  # columns whose words a search finds
OPEN_TO_ALL = (Visibility.PUBLIC, Visibility.UNLISTED)
_c = proposals.c


async def by_uris(tx: Tx, uris: Collection[str]) -> dict[str, Proposal]:
    """Return the known ones among `uris`, keyed by URI."""
    if not uris:
        return {}
    found = await tx.all(select(proposals).where(_c.uri.in_(list(uris))))
    return {row.uri: rows.to(Proposal, row) for row in found}


async def by_id(tx: Tx, proposal_id: str, *, is_locked: bool = False) -> Proposal | None:
    """Return one proposal, or None; locked until the transaction ends where it is about to change."""
    if not is_id(proposal_id):
        return None
    statement = select(proposals).where(_c.id == proposal_id)
    row = await tx.first(statement.with_for_update() if is_locked else statement)
    return rows.to(Proposal, row) if row else None


async def of_author(tx: Tx, author_id: str, *, limit: int = 500) -> list[Proposal]:
    """Return an author's proposals, newest first."""
    found = await tx.all(
        select(proposals)
        .where(_c.author_id == author_id)
        .order_by(_c.published_at.desc(), _c.id.desc())
        .limit(limit)
    )
    return [rows.to(Proposal, row) for row in found]


async def open_here(tx: Tx) -> list[Proposal]:
    """Return the public proposals of this server that are open or full, the oldest first."""
    found = await tx.all(
        select(proposals)
        .where(_c.is_local.is_(True), _c.audience == Audience.PUBLIC, _c.status.in_(("open", "full")))
        .order_by(_c.id)
    )
    return [rows.to(Proposal, row) for row in found]


async def add_local(tx: Tx, values: dict[str, Any]) -> Proposal:
    """Insert a proposal of this instance; `values` are columns."""
    return await _written(tx, tx.insert(proposals).values(**values))


async def change(tx: Tx, proposal_id: str, now: datetime, **values: Any) -> Proposal:
    """Set columns of a local proposal; its revision rises."""
    statement = (
        update(proposals)
        .where(_c.id == proposal_id)
        .values(**values, updated_at=now, revision=_c.revision + 1)
        .returning(*_c)
    )
    proposal = rows.to(Proposal, (await tx.execute(statement)).one())
    if "areas" in values or "languages" in values:
        await _list_facets(tx, proposal)
    if FOUND_BY & values.keys():
        await search_words.put(tx, proposal)
    return proposal


async def put_remote(
    tx: Tx,
    admitted: Admitted[ProposalDocument],
    author: Actor,
    *,
    source: str | None,
    source_actor_uri: str,
    now: datetime,
    instance_uri: str | None = None,
) -> Proposal | Refusal:
    """Insert or update a proposal of another server, and note who brought it.

    One that is addressed to this instance (its actor is `instance_uri`), by a server that it is linked with,
    is for members here. Refused: another author than the stored one, an older revision, the same one again,
    and what is neither for everybody nor for us: that is listed no longer.
    """
    document = admitted.document
    uri = document.note.uri
    if document.note.author_uri != author.uri:
        return Refusal(RefusalReason.WRONG_OWNER, f"{uri} is attributed to {document.note.author_uri}")
    audience = await _audience_of(tx, document, author, instance_uri)
    known_row = await tx.first(select(proposals).where(_c.uri == uri).with_for_update())
    known = rows.to(Proposal, known_row) if known_row else None
    if known is not None:
        if known.is_local or known.author_id != author.id:
            return Refusal(RefusalReason.WRONG_OWNER, uri)
        if audience is None:
            await remove(tx, known.id)
    if audience is None:
        return Refusal(RefusalReason.NOT_FOR_US, f"{uri} is neither public nor for this instance")
    if known is not None:
        await _add_source(tx, known.id, source, source_actor_uri, now)
        if not _is_newer(document, known):
            return Refusal(RefusalReason.OUTDATED, uri)
    values = _columns(document, audience, now)
    if known is None:
        values |= {"id": new_id(now), "uri": uri, "author_id": author.id, "is_local": False}
        values["published_at"] = min(document.note.published_at or now, now)
    change = tx.insert(proposals) if known is None else update(proposals).where(_c.id == known.id)
    proposal = await _written(tx, change.values(**values))
    await _add_source(tx, proposal.id, source, source_actor_uri, now)
    return proposal


async def _written(tx: Tx, change: Insert | Update) -> Proposal:
    """Insert or change a proposal, with all by which it can be found."""
    proposal = rows.to(Proposal, (await tx.execute(change.returning(*_c))).one())
    await _list_facets(tx, proposal)
    await search_words.put(tx, proposal)
    return proposal


async def held_count(tx: Tx, proposal_id: str) -> int:
    """Count the places of a local proposal that are taken or kept for somebody."""
    query = select(func.count()).select_from(mentorships)
    return int(
        await tx.scalar(
            query.where(mentorships.c.seat_proposal_id == proposal_id, mentorships.c.holds_seat.is_(True))
        )
    )


async def remove(tx: Tx, proposal_id: str) -> None:
    """Delete a proposal."""
    await tx.execute(delete(proposals).where(_c.id == proposal_id))


async def remove_of(tx: Tx, author_id: str) -> None:
    """Delete every proposal of an actor."""
    await tx.execute(delete(proposals).where(_c.author_id == author_id))


async def drop_unsourced(tx: Tx, *, author_id: str, actor_uri: str) -> None:
    """Forget that a follow of `actor_uri` brought an author's proposals; delete what nobody else brought."""
    mine = select(_c.id).where(_c.author_id == author_id, _c.is_local.is_(False))
    await tx.execute(
        delete(proposal_sources).where(
            proposal_sources.c.proposal_id.in_(mine),
            proposal_sources.c.source == "follow",
            proposal_sources.c.actor_uri == actor_uri,
        )
    )
    has_source = exists().where(proposal_sources.c.proposal_id == _c.id)
    await tx.execute(delete(proposals).where(_c.author_id == author_id, _c.is_local.is_(False), ~has_source))


async def expired(tx: Tx, today: date, *, limit: int = 100) -> list[Proposal]:
    """Return local proposals that are still open although their last day has passed, locked.

    What another transaction is changing this moment is left out.
    """
    found = await tx.all(
        select(proposals)
        .where(_c.is_local.is_(True), _c.status.in_(("open", "full")), _c.open_until_on < today)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [rows.to(Proposal, row) for row in found]


async def _audience_of(
    tx: Tx, document: ProposalDocument, author: Actor, instance_uri: str | None
) -> Audience | None:
    """Tell who may read it here. One without an audience has that of its activity: see the inbox."""
    to, cc = document.note.to, document.note.cc
    if not (to or cc) or visibility_of(to, cc, author.followers_uri) in OPEN_TO_ALL:
        return Audience.PUBLIC
    if instance_uri is None or instance_uri not in (*to, *cc):
        return None
    is_linked = await circles.is_linked(tx, instance_uri, author.host)
    return Audience.NETWORK if is_linked else None


def _is_newer(document: ProposalDocument, known: Proposal) -> bool:
    """Tell whether a document is newer: by revision, then by the time its text changed."""
    if document.revision != known.revision:
        return document.revision > known.revision
    return document.note.updated_at is not None and (
        known.edited_at is None or document.note.updated_at > known.edited_at
    )


def _columns(document: ProposalDocument, audience: Audience, now: datetime) -> dict[str, Any]:
    note = document.note
    return {
        "purpose": document.purpose,
        "title": document.title,
        "content_html": note.content_html,
        "search_text": "",
        "language": note.language,
        "areas": list(document.areas),
        "languages": list(document.languages),
        "modes": list(document.modes),
        "places_count": document.places_count,
        "places_free_count": document.places_free_count,
        "waiting_count": document.waiting_count,
        "details": document.details,
        "open_until_on": document.open_until_at.date() if document.open_until_at else None,
        "audience": audience.value,
        "status": document.status,
        "revision": document.revision,
        "url": note.url,
        "edited_at": note.updated_at,
        "updated_at": now,
        "fetched_at": now,
    }


async def _list_facets(tx: Tx, proposal: Proposal) -> None:
    """List by what a proposal can be found: languages, and areas of the published vocabulary.

    An instance's own area is found by the one it belongs to. Areas of vocabularies that we do not know, named
    by whole URIs, are shown, but no filter asks for them.
    """
    facts = proposal.facts
    known = [area for area in map(facts.broader, proposal.areas) if vocabulary.is_area(area)]
    for table, name, values in (
        (proposal_areas, "area", known),
        (proposal_languages, "language", proposal.languages),
    ):
        await tx.execute(delete(table).where(table.c.proposal_id == proposal.id))
        listed = [{"proposal_id": proposal.id, name: value} for value in dict.fromkeys(values)]
        if listed:
            await tx.execute(tx.insert(table), listed)


async def _add_source(
    tx: Tx, proposal_id: str, source: str | None, actor_uri: str, now: datetime
) -> None:
    if source is None:  # it is here already, for reasons that are noted
        return
    values = {"proposal_id": proposal_id, "source": source, "actor_uri": actor_uri, "seen_at": now}
    await tx.execute(tx.insert(proposal_sources).values(**values).on_conflict_do_nothing())
