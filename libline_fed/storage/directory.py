"""The directory's query: which proposals somebody may see, as they asked for them, and in which order."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Proposal
from libline_fed.domain.search_words import asked_words
from libline_fed.domain.searches import Search, Sort
from libline_fed.domain.viewers import Viewer
from libline_fed.storage import rows, search_filters, search_words, visibility
from libline_fed.storage.directory_tables import proposal_search
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, proposal_sources, proposals

_c = proposals.c
NEWEST: tuple[ColumnElement[Any], ...] = (_c.published_at.desc(), _c.id.desc())
MAX_OF_AUTHOR = 500
Listing = tuple[Proposal, Actor]


async def page(
    tx: Tx, search: Search, viewer: Viewer, *, today: date, limit: int, offset: int
) -> tuple[list[Listing], int]:
    """Return some proposals with their authors, and how many there are in all.

    The newest first, or those whose authors answer soonest; by match is another matter, see the services.
    """
    found = await _found(tx, search, viewer, today)
    if found is None:
        return [], 0
    total_count = int(await tx.scalar(select(func.count()).select_from(found.subquery())))
    ids = await tx.scalars(found.order_by(*_order(tx, search.sort)).limit(limit).offset(offset))
    return await _loaded(tx, list(ids)), total_count


async def numbers(tx: Tx, search: Search, viewer: Viewer, today: date) -> list[int]:
    """Return the numbers (of `proposal_search`) of all that a search finds, in order: nothing is left out."""
    found = await _found(tx, search, viewer, today)
    if found is None:
        return []
    numbered = found.join(proposal_search, proposal_search.c.proposal_id == _c.id).with_only_columns(
        proposal_search.c.number
    )
    return list(await tx.scalars(numbered.order_by(*_order(tx, search.sort))))


async def fresh(
    tx: Tx,
    search: Search,
    viewer: Viewer,
    *,
    today: date,
    numbers: tuple[int, int],
    first_id: str,
    limit: int,
) -> list[Listing]:
    """Return what a search finds of others, the newest first, that came after one number and up to another.

    Ids from `first_id` on only: what got its words late, after an update of this program, is not new.
    """
    found = await _found(tx, search, viewer, today)
    if found is None:
        return []
    after, until = numbers
    found = found.join(proposal_search, proposal_search.c.proposal_id == _c.id).where(
        proposal_search.c.number > after, proposal_search.c.number <= until, _c.id >= first_id
    )
    if viewer.person is not None:
        found = found.where(_c.author_id != viewer.person.id)
    ids = await tx.scalars(found.order_by(*_order(tx, Sort.NEWEST)).limit(limit))
    return await _loaded(tx, list(ids))


async def shown(tx: Tx, viewer: Viewer, ids: Collection[str], today: date) -> dict[str, Listing]:
    """Return by id those of some proposals that a viewer sees in lists."""
    if not ids:
        return {}
    conditions = await visibility.shown_to(tx, viewer, today)
    query = select(_c.id).where(_c.id.in_(list(ids)), *conditions)
    return {item[0].id: item for item in await _loaded(tx, list(await tx.scalars(query)))}


async def of_author(tx: Tx, author_id: str, viewer: Viewer, today: date) -> list[Listing]:
    """Return what an author offers and asks for, newest first, to a viewer who has opened their page."""
    conditions = await visibility.shown_to(tx, viewer, today, is_asked_for=True)
    query = select(_c.id).where(_c.author_id == author_id, *conditions)
    return await _loaded(tx, list(await tx.scalars(query.order_by(*NEWEST).limit(MAX_OF_AUTHOR))))


async def brought_by(tx: Tx, ids: Collection[str]) -> dict[str, list[Actor]]:
    """Return by id the linked servers and consortia that brought some proposals, by their addresses."""
    if not ids:
        return {}
    source = proposal_sources.c
    brought = (
        select(source.proposal_id, actors)
        .join(actors, actors.c.uri == source.actor_uri)
        .where(source.proposal_id.in_(list(ids)), source.source == "announce", actors.c.gone_at.is_(None))
    )
    found: dict[str, list[Actor]] = {}
    for row in await tx.all(brought.order_by(actors.c.uri)):
        found.setdefault(row.proposal_id, []).append(rows.to(Actor, row))
    return found


async def _found(tx: Tx, search: Search, viewer: Viewer, today: date) -> Select[Any] | None:
    """Return the question for the ids of what is found; None: nothing can be."""
    asked = asked_words(search.text)
    if search.text.strip() and not asked:
        return None  # a smiley is no word of anything
    conditions = await visibility.shown_to(tx, viewer, today)
    conditions += await search_filters.conditions(tx, search, viewer, today)
    if asked:
        has_words = select(proposal_search.c.proposal_id).where(search_words.is_found(tx, asked))
        conditions.append(_c.id.in_(has_words))
    found = select(_c.id).where(_c.purpose == search.purpose.value, *conditions)
    if search.asks_for_authors:
        found = found.join(actors, actors.c.id == _c.author_id)
    return found


def _order(tx: Tx, sort: Sort) -> list[ColumnElement[Any]]:
    soonest = [search_filters.answer_days(tx).asc().nulls_last()] if sort is Sort.SOONEST else []
    return [*soonest, *NEWEST]


async def _loaded(tx: Tx, ids: list[str]) -> list[Listing]:
    if not ids:
        return []
    found = await tx.all(select(proposals).where(_c.id.in_(ids)))
    by_id = {row.id: rows.to(Proposal, row) for row in found}
    author_ids = {proposal.author_id for proposal in by_id.values()}
    authors = {
        row.id: rows.to(Actor, row) for row in await tx.all(select(actors).where(actors.c.id.in_(author_ids)))
    }
    return [(by_id[id_], authors[by_id[id_].author_id]) for id_ in ids]
