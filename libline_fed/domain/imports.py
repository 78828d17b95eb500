"""Reading an archive that a member brings along from another server: what of it can be taken, within bounds.

Pure. The file may say anything: every part is read for itself, cut to size, or left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from libline_fed.domain.mentorships import ENDED, RUNNING, Side, State
from libline_fed.sanitize import clean_line, clean_text

FORMAT = "libline-export"
VERSIONS = (1,)
MAX_MENTORSHIPS = 200
MAX_ITEMS = 200  # goals, and talks, of one mentorship
MAX_URI_CHARACTERS = 2_000
MAX_LINE_CHARACTERS = 200
MAX_TEXT_CHARACTERS = 2_000
MAX_MINUTES = 1_440
MAX_AREAS = 20
MAX_TYPE_CHARACTERS = 40
MAX_MILESTONES = 12
MAX_VERSION = 1_000_000
GOAL_STATES = ("open", "done", "dropped")
_TERMS = ("goal", "end_rule", "goal_type", "frequency", "mode")


class NotAnExport(ValueError):
    """A file that is no archive of a LibLine server."""


@dataclass(frozen=True, slots=True)
class ImportedGoal:
    """A goal as it was written down elsewhere."""

    uri: str
    by_me: bool
    version: int
    title: str
    body_text: str
    goal_type: str | None
    state: str
    due_on: str | None
    done_on: str | None
    milestones: tuple[dict[str, str | None], ...]  # as goals store them


@dataclass(frozen=True, slots=True)
class ImportedTalk:
    """A talk as it was written down elsewhere; notes only of one's own."""

    uri: str
    by_me: bool
    version: int
    held_on: str
    minutes: int
    notes_text: str
    is_shared: bool


@dataclass(frozen=True, slots=True)
class Imported:
    """A mentorship that an archive tells of."""

    agreement_uri: str
    partner_uri: str
    partner_name: str
    side: Side
    state: State
    title: str
    started_on: date | None
    ended_on: date | None
    areas: tuple[str, ...]
    terms: dict[str, Any]
    goals: tuple[ImportedGoal, ...]
    talks: tuple[ImportedTalk, ...]

    def document(self) -> dict[str, Any]:
        """Return what is stored as JSON."""
        return {
            "areas": list(self.areas),
            "terms": self.terms,
            "goals": [asdict(goal) for goal in self.goals],
            "talks": [asdict(talk) for talk in self.talks],
        }


@dataclass(frozen=True, slots=True)
class Brought:
    """What an archive holds that can be taken, and whose it is."""

    actor_uri: str
    mentorships: tuple[Imported, ...]


@dataclass(frozen=True, slots=True)
class ImportedMentorship:
    """One row of `imported_mentorships`, field by field as the columns are named."""

    id: str
    actor_id: str
    agreement_uri: str
    source_uri: str
    partner_uri: str
    partner_name: str
    side: str
    state: str
    title: str
    started_on: date | None
    ended_on: date | None
    document: dict[str, Any]
    is_taken: bool
    mentorship_id: str | None
    created_at: datetime

    @property
    def was_running(self) -> bool:
        """Whether it ran when the archive was made."""
        return self.state in RUNNING

    @property
    def minutes(self) -> int:
        """The time that the two had written down, in minutes."""
        return sum(int(talk["minutes"]) for talk in self.document["talks"])


def read_export(document: Mapping[str, Any]) -> Brought:
    """Read the JSON of an archive.

    Raises: NotAnExport.
    """
    if document.get("format") != FORMAT or document.get("version") not in VERSIONS:
        raise NotAnExport("it does not say that it is an archive of LibLine, of a version known here")
    actor_uri = _uri(document.get("actor"))
    if not actor_uri:
        raise NotAnExport("it does not say whose it is")
    found: dict[str, Imported] = {}
    for one in _objects(document.get("mentorships")):
        imported = _mentorship(one)
        if imported is not None and len(found) < MAX_MENTORSHIPS:
            found.setdefault(imported.agreement_uri, imported)
    return Brought(actor_uri, tuple(found.values()))


def _mentorship(one: Mapping[str, Any]) -> Imported | None:
    """Read a mentorship that took place; None for a request that came to nothing, and for nonsense."""
    state, side = _line(one.get("state")), _line(one.get("me"))
    partner = one.get("partner")
    partner = partner if isinstance(partner, dict) else {}
    agreement_uri, partner_uri = _uri(one.get("agreement_uri")), _uri(partner.get("uri"))
    if state not in RUNNING | ENDED or side not in list(Side) or not agreement_uri or not partner_uri:
        return None
    terms = one.get("terms")
    terms = terms if isinstance(terms, dict) else {}
    return Imported(
        agreement_uri=agreement_uri,
        partner_uri=partner_uri,
        partner_name=_line(partner.get("name")) or partner_uri,
        side=Side(side),
        state=State(state),
        title=_line(one.get("title")) or agreement_uri,
        started_on=_day(one.get("started_at")),
        ended_on=_day(one.get("ended_at")),
        areas=tuple(area for area in map(_line, _list(one.get("areas"))) if area)[:MAX_AREAS],
        terms={name: _line(terms.get(name)) for name in _TERMS if _line(terms.get(name))}
        | ({"months": terms["months"]} if _is_count(terms.get("months"), 24) else {}),
        goals=tuple(_goals(one)),
        talks=tuple(_talks(one)),
    )


def _goals(one: Mapping[str, Any]) -> Iterator[ImportedGoal]:
    for goal in _objects(one.get("goals")):
        uri, title = _uri(goal.get("uri")), _line(goal.get("title"))
        if not uri or not title or goal.get("deleted_at") is not None:
            continue
        steps = [_milestone(step) for step in _objects(goal.get("milestones"))]
        yield ImportedGoal(
            uri=uri,
            by_me=goal.get("by_me") is True,
            version=_version(goal),
            title=title,
            body_text=_text(goal.get("body_text")),
            goal_type=_line(goal.get("goal_type"))[:MAX_TYPE_CHARACTERS] or None,
            state=state if (state := _line(goal.get("state"))) in GOAL_STATES else "open",
            due_on=_written(goal.get("due_on")),
            done_on=_written(goal.get("done_at")),
            milestones=tuple(step for step in steps if step["id"] and step["title"])[:MAX_MILESTONES],
        )


def _milestone(step: Mapping[str, Any]) -> dict[str, str | None]:
    number = _line(step.get("id"))[:MAX_TYPE_CHARACTERS]
    return {
        "id": number,
        "title": _line(step.get("title")),
        "due_on": _written(step.get("due_on")),
        "done_on": _written(step.get("done_on")),
    }


def _talks(one: Mapping[str, Any]) -> Iterator[ImportedTalk]:
    for talk in _objects(one.get("talks")):
        uri, held_on, minutes = _uri(talk.get("uri")), _day(talk.get("held_on")), talk.get("minutes")
        if not uri or held_on is None or not _is_count(minutes, MAX_MINUTES) or not minutes:
            continue
        if talk.get("deleted_at") is not None:
            continue
        is_mine = talk.get("by_me") is True
        yield ImportedTalk(
            uri=uri,
            by_me=is_mine,
            version=_version(talk),
            held_on=held_on.isoformat(),
            minutes=minutes,
            notes_text=_text(talk.get("notes_text")) if is_mine else "",
            is_shared=is_mine and talk.get("is_shared") is True,
        )


def _list(value: Any) -> list[Any]:
    return value[:MAX_ITEMS] if isinstance(value, list) else []


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    return (item for item in _list(value) if isinstance(item, dict))


def _is_count(value: Any, maximum: int) -> bool:
    return type(value) is int and 0 <= value <= maximum


def _version(item: Mapping[str, Any]) -> int:
    version = item.get("version")
    return version if _is_count(version, MAX_VERSION) and version else 1


def _uri(value: Any) -> str:
    is_uri = isinstance(value, str) and value.startswith(("https://", "http://"))
    return value if is_uri and len(value) <= MAX_URI_CHARACTERS and value.isprintable() else ""


def _line(value: Any) -> str:
    return clean_line(value, MAX_LINE_CHARACTERS) if isinstance(value, str) else ""


def _text(value: Any) -> str:
    text = value[: 2 * MAX_TEXT_CHARACTERS] if isinstance(value, str) else ""
    return clean_text(text)[:MAX_TEXT_CHARACTERS]


def _written(value: Any) -> str | None:
    day = _day(value)
    return day.isoformat() if day is not None else None


def _day(value: Any) -> date | None:
    """Return the day of a day or a moment, both as ISO 8601."""
    try:
        day = date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None
    return day if day is not None and day.year >= 1900 else None
