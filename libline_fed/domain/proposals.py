"""Offers and requests, in one word proposals: their fields, limits and states."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from libline_fed.domain.proposal_details import Details, IsTerm, detail_problems, details_of
from libline_fed.errors import Conflict, InvalidInput
from libline_fed.vocabulary import Scheme

MAX_TITLE_CHARACTERS = 120
MAX_BODY_CHARACTERS = 5_000
MAX_AREAS = {"offer": 8, "request": 5}
MAX_LANGUAGES = 10
MAX_PLACES = 50
MAX_OPEN_DAYS = 730
WAITING_PER_PLACE = 2
MODES = ("M1", "M2", "M3", "M4", "M5")  # messages, chat, voice, video, in person


class Purpose(StrEnum):
    """What a proposal is."""

    OFFER = "offer"
    REQUEST = "request"


class Status(StrEnum):
    """Where a proposal stands; only an open one is listed."""

    OPEN = "open"
    FULL = "full"
    PAUSED = "paused"
    CLOSED = "closed"


class Audience(StrEnum):
    """Who may read a proposal."""

    PUBLIC = "public"  # everybody, here and on other servers
    NETWORK = "network"  # members here, and of the servers and groups this one is linked with
    INSTANCE = "instance"  # signed-in members here; it never leaves


@dataclass(frozen=True, slots=True)
class Proposal:
    """One row of `proposals`, field by field as the columns are named."""

    id: str
    uri: str
    author_id: str
    is_local: bool
    purpose: str
    title: str
    body_text: str
    content_html: str
    search_text: str  # no longer written
    language: str | None
    areas: list[str]
    languages: list[str]
    modes: list[str]
    places_count: int
    open_until_on: date | None
    audience: str
    status: str
    revision: int
    url: str | None
    published_at: datetime
    edited_at: datetime | None
    updated_at: datetime
    fetched_at: datetime | None
    places_free_count: int
    waiting_count: int  # requests without an answer
    details: dict[str, Any]  # see `proposal_details.Details`; and the marker of the status

    @property
    def facts(self) -> Details:
        """What it says beyond the first facts."""
        return details_of(self.details)

    @property
    def is_busy(self) -> bool:
        """Whether so many wait for the free places that a new request joins a waiting list."""
        return 0 < WAITING_PER_PLACE * self.places_free_count <= self.waiting_count


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person writes when adding or editing a proposal."""

    purpose: str
    title: str
    body_text: str = ""
    language: str = "en"
    areas: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    places_count: int = 1
    open_until_on: date | None = None
    audience: str = Audience.PUBLIC
    details: Details = field(default_factory=Details)
    groups_left_out: tuple[str, ...] | None = None  # consortia that it is kept from; None: as it was


ALLOWED_STATUS = {
    Status.OPEN: (Status.PAUSED, Status.CLOSED, Status.FULL),
    Status.FULL: (Status.OPEN, Status.PAUSED, Status.CLOSED),
    Status.PAUSED: (Status.OPEN, Status.CLOSED),
    Status.CLOSED: (Status.OPEN,),
}


def check_status_change(old: str, new: str) -> None:
    """Let a status change pass or refuse it.

    Raises: Conflict; InvalidInput for a status that there is not.
    """
    if new not in list(Status):
        raise InvalidInput({"status": "Choose one of the list."})
    if Status(new) not in ALLOWED_STATUS[Status(old)]:
        raise Conflict(f"a proposal that is {old} cannot become {new}")


_WIDTHS = {Audience.INSTANCE: 0, Audience.NETWORK: 1, Audience.PUBLIC: 2}


def is_widened(old: str, new: str) -> bool:
    """Tell whether everybody of one audience is in another: what was sent cannot be unsaid."""
    return _WIDTHS[Audience(old)] <= _WIDTHS[Audience(new)]


class Marker(StrEnum):
    """Why a proposal has its status, where not by its author's hand: then it ends by itself, too."""

    FILLED = "filled"  # full, because the last place was taken
    PAUSED_ALL = "paused-all"  # paused, because its author pauses everything


_MARKER_KEY = "marker"


def marker_of(details: Mapping[str, Any]) -> Marker | None:
    """Return why a proposal has its status; None: because its author wants it so."""
    found = details.get(_MARKER_KEY)
    return Marker(found) if found in list(Marker) else None


def marked(details: Mapping[str, Any], marker: Marker | None) -> dict[str, Any]:
    """Return details with another reason for the status, or none."""
    rest = {key: value for key, value in details.items() if key != _MARKER_KEY}
    return rest if marker is None else rest | {_MARKER_KEY: marker.value}


def status_by_places(proposal: Proposal, free_count: int) -> tuple[str, Marker | None]:
    """Return the status that follows from so many free places, and why it has it."""
    marker = marker_of(proposal.details)
    if proposal.status == Status.OPEN and free_count == 0:
        return Status.FULL.value, Marker.FILLED
    if proposal.status == Status.FULL and free_count > 0 and marker is Marker.FILLED:
        return Status.OPEN.value, None
    return proposal.status, marker


def check_draft(
    draft: Draft,
    *,
    today: date,
    is_term: IsTerm,
    is_language: Callable[[str], bool],
    is_organisation: bool = False,
) -> None:
    """Check every field of a draft at once. Only an organisation may meet as one.

    Raises: InvalidInput, keyed by field, with a message id that the pages translate.
    """
    if draft.purpose not in list(Purpose):
        raise InvalidInput({"purpose": "Choose offer or request."})
    found = {
        "title": _title_problem(draft.title),
        "body_text": _body_problem(draft.body_text),
        "areas": _areas_problem(draft, is_term),
        "languages": _languages_problem(draft.languages, is_language),
        "language": None if is_language(draft.language) else "Choose the language of the text.",
        "modes": None
        if draft.modes and set(draft.modes) <= set(MODES)
        else "Choose at least one way to meet.",
        "places_count": None
        if 1 <= draft.places_count <= MAX_PLACES
        else "Write a number of places from 1 to 50.",
        "open_until_on": _day_problem(draft.open_until_on, today),
        "audience": None if draft.audience in list(Audience) else "Choose who may read this.",
    }
    problems = {name: problem for name, problem in found.items() if problem is not None}
    problems |= detail_problems(draft.details, is_term=is_term, is_organisation=is_organisation)
    if problems:
        raise InvalidInput(problems)


def _title_problem(title: str) -> str | None:
    problem = None
    if not title.strip():
        problem = "Write a title."
    elif len(title) > MAX_TITLE_CHARACTERS:
        problem = "The title is too long: 120 characters at most."
    return problem


def _body_problem(text: str) -> str | None:
    problem = None
    if not text.strip():
        problem = "Write a few sentences."
    elif len(text) > MAX_BODY_CHARACTERS:
        problem = "The text is too long: 5,000 characters at most."
    return problem


def _areas_problem(draft: Draft, is_term: IsTerm) -> str | None:
    if not draft.areas:
        return "Choose at least one area."
    if len(draft.areas) > MAX_AREAS[draft.purpose]:
        is_offer = draft.purpose == Purpose.OFFER
        return "Choose 8 areas at most." if is_offer else "Choose 5 areas at most."
    is_listed = all(is_term(Scheme.AREA, area) for area in draft.areas)
    return None if is_listed else "Choose areas from the list."


def _languages_problem(languages: Sequence[str], is_language: Callable[[str], bool]) -> str | None:
    if not languages:
        return "Choose at least one language."
    if len(languages) > MAX_LANGUAGES or not all(is_language(tag) for tag in languages):
        return "Write language codes such as en, es or fr, 10 at most."
    return None


def _day_problem(day: date | None, today: date) -> str | None:
    if day is None or 0 <= (day - today).days <= MAX_OPEN_DAYS:
        return None
    return "Choose a day from today on, two years ahead at most."
