"""The directory's query: which proposals this instance may show, and to whom."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, exists, func, or_, select

from libline_fed.domain.actors import Actor
from libline_fed.domain.peers import Verdict
from libline_fed.domain.proposals import Proposal
from libline_fed.storage import peers, rows
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, proposal_areas, proposal_languages, proposals

_c = proposals.c
LIKE_ESCAPE = "\\"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a visitor looks for. `words` are folded; every one must be found."""

    purpose: str
    words: tuple[str, ...]
    area: str | None
    language: str | None
    viewer_is_member: bool
    today: date


async def page(
    tx: Tx, filters: Filters, *, limit: int, offset: int
) -> tuple[list[tuple[Proposal, Actor]], int]:
    """Return some listed proposals with their authors, newest first, and how many there are in all."""
    listed = await _without_hidden(tx, _listed(filters), filters.today)
    total_count = int(await tx.scalar(select(func.count()).select_from(listed.subquery())))
    found = await tx.scalars(
        listed.order_by(_c.published_at.desc(), _c.id.desc()).limit(limit).offset(offset)
    )
    ids = list(found)
    if not ids:
        return [], total_count
    by_id = {row.id: rows.to(Proposal, row) for row in await tx.all(select(proposals).where(_c.id.in_(ids)))}
    author_ids = {proposal.author_id for proposal in by_id.values()}
    authors = {
        row.id: rows.to(Actor, row) for row in await tx.all(select(actors).where(actors.c.id.in_(author_ids)))
    }
    return [(by_id[id_], authors[by_id[id_].author_id]) for id_ in ids], total_count


def _listed(filters: Filters) -> Select[Any]:
    statement = (
        select(_c.id)
        .join(actors, actors.c.id == _c.author_id)
        .where(
            _c.purpose == filters.purpose,
            _c.status == "open",
            or_(_c.open_until_on.is_(None), _c.open_until_on >= filters.today),
            actors.c.gone_at.is_(None),
            actors.c.suspended_at.is_(None),
        )
    )
    if not filters.viewer_is_member:
        statement = statement.where(_c.audience == "public")
    for word in filters.words:
        statement = statement.where(_c.search_text.like(f"%{_escaped(word)}%", escape=LIKE_ESCAPE))
    if filters.area is not None:
        statement = statement.where(
            exists().where(proposal_areas.c.proposal_id == _c.id, proposal_areas.c.area == filters.area)
        )
    if filters.language is not None:
        statement = statement.where(
            exists().where(
                proposal_languages.c.proposal_id == _c.id,
                or_(
                    proposal_languages.c.language == filters.language,
                    proposal_languages.c.language.like(f"{_escaped(filters.language)}-%", escape=LIKE_ESCAPE),
                ),
            )
        )
    return statement


async def _without_hidden(tx: Tx, listed: Select[Any], today: date) -> Select[Any]:
    """Leave out what comes from silenced, blocked and lost servers: one verdict per server, none per row."""
    hosts = await tx.scalars(listed.with_only_columns(actors.c.host).where(_c.is_local.is_(False)).distinct())
    hidden = await peers.judged(tx, hosts, Verdict.SILENCED, Verdict.BLOCKED)
    hidden |= await peers.lost(tx, hosts, today)
    if not hidden:
        return listed
    return listed.where(or_(_c.is_local.is_(True), actors.c.host.not_in(sorted(hidden))))


def _escaped(word: str) -> str:
    """Make a word harmless in LIKE."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
