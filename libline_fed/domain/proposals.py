"""Offers and requests, in one word proposals: their fields, limits and states."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from libline_fed.errors import Conflict, InvalidInput

MAX_TITLE_CHARACTERS = 120
MAX_BODY_CHARACTERS = 5_000
MAX_AREAS = {"offer": 8, "request": 5}  # mentorship.md §4.2
MAX_LANGUAGES = 10
MAX_PLACES = 50
MAX_OPEN_DAYS = 730
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
    search_text: str
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


ALLOWED_STATUS = {
    Status.OPEN: (Status.PAUSED, Status.CLOSED, Status.FULL),
    Status.FULL: (Status.OPEN, Status.PAUSED, Status.CLOSED),
    Status.PAUSED: (Status.OPEN, Status.CLOSED),
    Status.CLOSED: (Status.OPEN,),
}


def check_status_change(old: str, new: str) -> None:
    """Let a status change pass or refuse it.

    Raises: Conflict.
    """
    if Status(new) not in ALLOWED_STATUS[Status(old)]:
        raise Conflict(f"a proposal that is {old} cannot become {new}")


def check_draft(
    draft: Draft, *, today: date, is_known_area: Callable[[str], bool], is_language: Callable[[str], bool]
) -> None:
    """Check every field of a draft at once.

    Raises: InvalidInput, keyed by field, with a message id that the pages translate.
    """
    problems: dict[str, str] = {}
    if draft.purpose not in list(Purpose):
        problems["purpose"] = "Choose offer or request."
        raise InvalidInput(problems)
    if not draft.title.strip():
        problems["title"] = "Write a title."
    elif len(draft.title) > MAX_TITLE_CHARACTERS:
        problems["title"] = "The title is too long: 120 characters at most."
    if not draft.body_text.strip():
        problems["body_text"] = "Write a few sentences."
    elif len(draft.body_text) > MAX_BODY_CHARACTERS:
        problems["body_text"] = "The text is too long: 5,000 characters at most."
    if not draft.areas:
        problems["areas"] = "Choose at least one area."
    elif len(draft.areas) > MAX_AREAS[draft.purpose]:
        problems["areas"] = (
            "Choose 8 areas at most." if draft.purpose == Purpose.OFFER else "Choose 5 areas at most."
        )
    elif not all(is_known_area(area) for area in draft.areas):
        problems["areas"] = "Choose areas from the list."
    if not draft.languages:
        problems["languages"] = "Choose at least one language."
    elif len(draft.languages) > MAX_LANGUAGES or not _all(draft.languages, is_language):
        problems["languages"] = "Write language codes such as en, es or fr, 10 at most."
    if not is_language(draft.language):
        problems["language"] = "Choose the language of the text."
    if not draft.modes or not set(draft.modes) <= set(MODES):
        problems["modes"] = "Choose at least one way to meet."
    if not 1 <= draft.places_count <= MAX_PLACES:
        problems["places_count"] = "Write a number of places from 1 to 50."
    if draft.open_until_on is not None and not 0 <= (draft.open_until_on - today).days <= MAX_OPEN_DAYS:
        problems["open_until_on"] = "Choose a day from today on, two years ahead at most."
    if draft.audience not in list(Audience):
        problems["audience"] = "Choose who may read this."
    if problems:
        raise InvalidInput(problems)


def _all(values: Collection[str], check: Callable[[str], bool]) -> bool:
    return all(check(value) for value in values)
