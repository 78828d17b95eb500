"""The query behind the list of people: who can be found, and by whom.

Members of this server are found if they let themselves be; people of other servers if they let themselves be
and wrote something that the viewer sees in the lists. The latest to be known here come first.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, exists, not_, or_, select

from libline_fed.domain.actors import Actor
from libline_fed.domain.profiles import MEMBER_TYPES, Shown
from libline_fed.domain.proposal_details import details_of
from libline_fed.domain.searches import Search
from libline_fed.domain.viewers import Viewer
from libline_fed.storage import actors as actor_rows
from libline_fed.storage import search_filters, visibility
from libline_fed.storage.lists import is_one_of
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors, proposals

MAX_ROWS = 500  # proposals of the people on one page
_a = actors.c
Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody's id, and what they can be called."""

    id: str
    name: str
    handle: str
    host: str
    acct_host: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """What one listed proposal says of its author."""

    author_id: str
    purpose: str
    areas: list[str]  # as published: an instance's own count as what they belong to
    languages: list[str]


async def conditions(tx: Tx, search: Search, viewer: Viewer, today: date) -> list[Condition]:
    """Return, over `actors`, who can be found by a viewer and fits a search, but for its words."""
    shown = await visibility.shown_to(tx, viewer, today)
    return [
        *await _findable(tx, viewer, today, shown),
        *await _asked(tx, search, viewer, today, shown),
    ]


async def named(
    tx: Tx, conditions: Sequence[Condition], *, before_id: str = "", limit: int, offset: int = 0
) -> list[Named]:
    """Return people whom the conditions let through, the latest first, from after `before_id` on."""
    conditions = list(conditions)
    if before_id:
        conditions.append(_a.id < before_id)
    columns = (_a.id, _a.name, _a.handle, _a.host, _a.acct_host)
    query = select(*columns).where(*conditions).order_by(_a.id.desc()).limit(limit).offset(offset)
    return [Named(row.id, row.name, row.handle, row.host, row.acct_host) for row in await tx.all(query)]


async def loaded(tx: Tx, ids: Collection[str]) -> list[Actor]:
    """Return people by their ids, in that order."""
    found = await actor_rows.by_ids(tx, ids)
    return [found[one] for one in ids if one in found]


async def written_by(tx: Tx, ids: Collection[str], viewer: Viewer, today: date) -> list[Written]:
    """Return what the listed proposals of some people say, as far as the viewer sees them."""
    if not ids:
        return []
    query = (
        select(
            proposals.c.author_id,
            proposals.c.purpose,
            proposals.c.areas,
            proposals.c.languages,
            proposals.c.details,
        )
        .join(actors, _a.id == proposals.c.author_id)
        .where(proposals.c.author_id.in_(list(ids)), *await visibility.shown_to(tx, viewer, today))
        .order_by(proposals.c.published_at.desc(), proposals.c.id.desc())
        .limit(MAX_ROWS)
    )
    return [
        Written(row.author_id, row.purpose, _published(row.areas, row.details), row.languages)
        for row in await tx.all(query)
    ]


def by_author(written: Collection[Written]) -> Mapping[str, list[Written]]:
    """Sort what was written by who wrote it."""
    found: dict[str, list[Written]] = {}
    for one in written:
        found.setdefault(one.author_id, []).append(one)
    return found


async def countries(tx: Tx, viewer: Viewer) -> list[str]:
    """Return the countries that members of this server show to the viewer, if they can be found."""
    country, shown = _a.details["country"].as_string(), _a.details["place_shown"].as_string()
    to = [Shown.PUBLIC.value, *([Shown.MEMBERS.value] if viewer.is_member else [])]
    query = (
        select(country)
        .distinct()
        .where(
            _a.is_local.is_(True),
            _a.is_discoverable.is_(True),
            _a.gone_at.is_(None),
            _a.suspended_at.is_(None),
            country.is_not(None),
            shown.in_(to),
        )
    )
    return sorted(one for one in await tx.scalars(query) if one)


async def _findable(tx: Tx, viewer: Viewer, today: date, shown: Sequence[Condition]) -> list[Condition]:
    found = [
        _a.gone_at.is_(None),
        _a.suspended_at.is_(None),
        _a.moved_to_uri.is_(None),
        _a.is_discoverable.is_(True),
        _a.type.in_(MEMBER_TYPES),
        or_(_a.is_local.is_(True), _wrote(*shown)),
    ]
    hidden = await visibility.hidden_hosts(tx, today)
    if hidden:
        found.append(or_(_a.is_local.is_(True), not_(is_one_of(tx, _a.host, sorted(hidden)))))
    if viewer.person is not None:
        avoided = await visibility.avoided_ids(tx, viewer.person.id)
        if avoided:
            found.append(not_(is_one_of(tx, _a.id, avoided)))
    return found


async def _asked(
    tx: Tx, search: Search, viewer: Viewer, today: date, shown: Sequence[Condition]
) -> list[Condition]:
    of_author = replace(Search(), places=search.places, hosts=search.hosts)
    found = await search_filters.conditions(tx, of_author, viewer, today)
    if search.areas:
        areas = await search_filters.conditions(tx, replace(Search(), areas=search.areas), viewer, today)
        found.append(_wrote(*shown, *areas))
    if search.languages:
        spoken = replace(Search(), languages=search.languages)
        languages = await search_filters.conditions(tx, spoken, viewer, today)
        found.append(or_(_wrote(*shown, *languages), *_says_to_speak(search.languages)))
    return found


def _published(areas: Collection[str], details: dict[str, Any]) -> list[str]:
    facts = details_of(details)
    return [facts.broader(area) for area in areas]


def _wrote(*conditions: Condition) -> Condition:
    return exists(select(proposals.c.id).where(proposals.c.author_id == _a.id, *conditions).correlate(actors))


def _says_to_speak(languages: Collection[str]) -> Iterator[Condition]:
    """Yield what finds a tag in the list of a profile, which is JSON; tags mean nothing more to LIKE."""
    written = cast(_a.languages, Text)
    for tag in languages:
        yield written.like(f'%"{tag}"%')
        yield written.like(f'%"{tag}-%')
