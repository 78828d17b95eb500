"""The filters of a search as conditions of SQL, over `proposals` joined with their authors in `actors`.

Much of what is asked for stands in JSON: what a proposal says of itself, else what its author's profile says
to this reader. Terms are understood as the score understands them: one that was given up as its successor,
an instance's own as the published one that it belongs to.
"""

from collections.abc import Callable, Collection
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)

from libline_fed import vocabulary
from libline_fed.domain.availability import is_zone, overlap_minutes, readable
from libline_fed.domain.profiles import Shown
from libline_fed.domain.proposal_details import MAX_ANSWER_DAYS
from libline_fed.domain.proposals import Status
from libline_fed.domain.searches import Search
from libline_fed.domain.viewers import Viewer
from libline_fed.storage.lists import is_one_of
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import (
    accounts,
    actors,
    proposal_areas,
    proposal_languages,
    proposal_sources,
    proposals,
)
from libline_fed.vocabulary import Scheme

_c = proposals.c
_profile = actors.c.details
Condition = ColumnElement[bool]


async def conditions(tx: Tx, search: Search, viewer: Viewer, today: date) -> list[Condition]:
    """Return what a search asks for beyond its words, its purpose and what the viewer may see.

    `today` tells in which week shared hours are counted.
    """
    json = _Json(tx)
    found: list[tuple[object, Callable[[], Condition]]] = [
        (search.areas, lambda: _is_in_areas(json, search.areas)),
        (search.languages, lambda: _speaks(search.languages)),
        (search.modes, lambda: json.has_any(_c.modes, None, search.modes)),
        (search.formats, lambda: json.has_term(_c.details, Scheme.FORMAT, "formats", search.formats)),
        (search.goals, lambda: json.has_term(_c.details, Scheme.GOAL, "goals", search.goals)),
        (search.stages, lambda: _is_at_stage(viewer, search.stages)),
        (search.types, lambda: _knows_type(json, viewer, search.types)),
        (search.places, lambda: _is_in_place(viewer, search.places)),
        (search.hosts, lambda: actors.c.host.in_(search.hosts)),
        (search.via, lambda: _came_by(search.via)),
        (search.has_places, lambda: and_(_c.status == Status.OPEN.value, _c.places_free_count > 0)),
    ]
    asked = [make() for value, make in found if value]
    if search.overlap_hours:
        ids = await _ids_with_time(tx, search, viewer, today)
        asked.append(is_one_of(tx, _c.author_id, ids))
    return asked


def answer_days(tx: Tx) -> ColumnElement[Any]:
    """Return in how many days an author answers, NULL where they do not say so in a way that makes sense."""
    days: ColumnElement[Any]
    if tx.dialect == "sqlite":
        is_number = func.json_type(_c.details, "$.answer_days") == "integer"
        days = case((is_number, func.json_extract(_c.details, "$.answer_days")))
    else:
        written = cast(_c.details.op("->")("answer_days"), Text)
        days = case((written.regexp_match("^[0-9]{1,2}$"), cast(written, Integer)))
    return case((days.between(1, MAX_ANSWER_DAYS), days))


# --- facts --------------------------------------------------------------------------------------------


def _is_in_areas(json: "_Json", areas: Collection[str]) -> Condition:
    """An own area is listed by the published one it belongs to; asked for itself, only ours is meant."""
    published = exists().where(proposal_areas.c.proposal_id == _c.id, proposal_areas.c.area.in_(areas))
    own = [area for area in areas if vocabulary.is_local_id(area)]
    if not own:
        return published
    return or_(published, and_(_c.is_local.is_(True), json.has_any(_c.areas, None, own)))


def _speaks(languages: Collection[str]) -> Condition:
    spoken = proposal_languages.c.language
    # Tags are letters, digits and hyphens: nothing in them means more to LIKE.
    is_one = or_(spoken.in_(languages), *(spoken.like(f"{tag}-%") for tag in languages))
    return exists().where(proposal_languages.c.proposal_id == _c.id, is_one)


def _is_at_stage(viewer: Viewer, stages: Collection[str]) -> Condition:
    asked = _meaning(Scheme.STAGE, stages)
    said = _c.details["stage"].as_string()
    of_profile = and_(func.coalesce(said, "") == "", _shows_facts(viewer))
    return or_(said.in_(asked), and_(of_profile, _profile["stage"].as_string().in_(asked)))


def _knows_type(json: "_Json", viewer: Viewer, types: Collection[str]) -> Condition:
    of_profile = and_(not_(json.has_some(_c.details, "types_own")), _shows_facts(viewer))
    return or_(
        json.has_term(_c.details, Scheme.TYPE, "types_own", types),
        and_(of_profile, json.has_term(_profile, Scheme.TYPE, "types_own", types)),
    )


def _is_in_place(viewer: Viewer, places: Collection[str]) -> Condition:
    shown = [Shown.PUBLIC.value, *([Shown.MEMBERS.value] if viewer.is_member else [])]
    is_shown = _profile["place_shown"].as_string().in_(shown)
    return and_(is_shown, func.upper(_profile["country"].as_string()).in_(places))


def _shows_facts(viewer: Viewer) -> Condition:
    """Return whether a profile's stage, types and so on are for this reader; see `ProfileDetails`."""
    return true() if viewer.is_member else _profile["facts_shown"].as_string() == Shown.PUBLIC.value


def _came_by(actor_uri: str) -> Condition:
    source = proposal_sources.c
    return exists().where(source.proposal_id == _c.id, source.actor_uri == actor_uri)


async def _ids_with_time(tx: Tx, search: Search, viewer: Viewer, today: date) -> list[str]:
    """Return the authors who have so many hours in common with the viewer: both must have said theirs.

    Hours are known of members here only, so there are never more than those to compare.
    """
    if viewer.person is None or not viewer.is_member:
        return []
    asked = select(accounts.c.actor_id, accounts.c.zone, accounts.c.weekly_hours)
    own = await tx.first(asked.where(accounts.c.actor_id == viewer.person.id))
    own_hours = readable(own.weekly_hours) if own is not None else []
    if own is None or not own_hours or not is_zone(own.zone or ""):
        return []
    authors = select(_c.author_id).where(_c.purpose == search.purpose.value, _c.is_local.is_(True))
    return [
        row.actor_id
        for row in await tx.all(asked.where(accounts.c.actor_id.in_(authors), accounts.c.zone.is_not(None)))
        if (hours := readable(row.weekly_hours))
        and is_zone(row.zone)
        and overlap_minutes(own_hours, own.zone, hours, row.zone, today) >= 60 * search.overlap_hours
    ]


def _meaning(scheme: Scheme, asked: Collection[str]) -> list[str]:
    """Return the published ids that mean one of some terms: themselves, and those that they replaced."""
    known = vocabulary.concepts(scheme)
    return [id_ for id_ in known.concepts if (now := known.current(id_)) is not None and now.id in asked]


class _Json:
    """Questions about lists in JSON, as either engine puts them. What is no list is an empty one."""

    def __init__(self, tx: Tx) -> None:
        self._is_sqlite = tx.dialect == "sqlite"

    def has_some(self, column: ColumnElement[Any], key: str) -> Condition:
        """Whether the list under a key has anything in it."""
        item, is_listed = self._items(column, key)
        return exists(select(item).where(is_listed))

    def has_any(self, column: ColumnElement[Any], key: str | None, values: Collection[str]) -> Condition:
        """Whether the list under a key, or that the column is, has one of some texts."""
        item, is_listed = self._items(column, key)
        return exists(select(item).where(is_listed, item.in_(values)))

    def has_term(
        self, column: ColumnElement[Any], scheme: Scheme, key: str, asked: Collection[str]
    ) -> Condition:
        """Whether the list under a key has a term that means one of some published ones, or is one itself.

        `named` in the same column says to which published term an instance's own belongs.
        """
        meant = _meaning(scheme, asked)
        itself = self.has_any(column, key, {*meant, *asked})
        if scheme not in vocabulary.EXTENSIBLE_SCHEMES:
            return itself
        item, is_listed = self._items(column, key)
        term, broader = self._named(column)
        own = exists(select(item).where(is_listed, item == term, item.like("x-%"), broader.in_(meant)))
        # Most rows have none: that is seen without reading them as JSON.
        return or_(itself, and_(cast(column, Text).like('%"x-%'), own))

    def _items(self, column: ColumnElement[Any], key: str | None) -> tuple[ColumnElement[str], Condition]:
        """Return what unfolds to each item, and the condition that it is one of a list."""
        if self._is_sqlite:
            entry = func.json_each(column, "$" if key is None else f"$.{key}").table_valued("key", "value").c
            return entry.value, func.typeof(entry.key) == "integer"
        document = column if key is None else column.op("->")(key)
        is_list = func.json_typeof(document) == "array"
        given = case((is_list, document), else_=literal_column("'[]'::json"))
        return func.json_array_elements_text(given).table_valued("value").c.value, true()

    def _named(self, column: ColumnElement[Any]) -> tuple[ColumnElement[str], ColumnElement[str]]:
        if self._is_sqlite:
            is_known = func.json_type(column, "$.named") == "object"
            given = case((is_known, func.json_extract(column, "$.named")), else_="{}")
            entry = func.json_each(given).table_valued("key", "value", "type").c
            return entry.key, case((entry.type == "object", func.json_extract(entry.value, "$.broader")))
        document = column.op("->")("named")
        is_known = func.json_typeof(document) == "object"
        given = case((is_known, document), else_=literal_column("'{}'::json"))
        entry = func.json_each(given).table_valued("key", "value").c
        return entry.key, entry.value.op("->>")("broader")
