"""The parameters of the lists: the same as on the pages, so that a search there is a question here."""

from typing import Any

from libline_fed import vocabulary
from libline_fed.api.operations import Parameter
from libline_fed.domain.peers import normal_host
from libline_fed.domain.proposals import MODES
from libline_fed.domain.searches import MAX_TEXT_CHARACTERS, MAX_URI_CHARACTERS, MAX_VALUES, Sort
from libline_fed.vocabulary import LABEL_LANGUAGES, Scheme

DEFAULT_LIMIT = 20
MAX_LIMIT = 50
MAX_PAGE = 1_000
# Nobody in particular asks here: nothing can be sorted by match, nor hours be compared.
SORTS = (Sort.NEWEST.value, Sort.SOONEST.value)


def _one_of(name: str, description: str, values: tuple[str, ...], *, max_count: int = 1) -> Parameter:
    return Parameter(
        name,
        description,
        {"type": "string", "enum": list(values)},
        lambda value: value in values,
        problem="Use one of the values that the documentation lists.",
        max_count=max_count,
    )


def _terms(name: str, scheme: Scheme, description: str) -> Parameter:
    return _one_of(name, description, vocabulary.term_ids(scheme), max_count=MAX_VALUES)


def _number(name: str, description: str, maximum: int, default: int) -> Parameter:
    schema: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": maximum, "default": default}

    def accepts(value: str) -> bool:
        return value.isascii() and value.isdecimal() and len(value) < 6 and 1 <= int(value) <= maximum

    return Parameter(name, description, schema, accepts, problem=f"Use a number from 1 to {maximum}.")


def _is_country(value: str) -> bool:
    return len(value) == 2 and value.isascii() and value.isalpha()


LANG = _one_of(
    "lang", "The language of labels; without it the language of this server.", tuple(LABEL_LANGUAGES)
)
LIMIT = _number("limit", "How many on one page.", MAX_LIMIT, DEFAULT_LIMIT)
PAGE = _number("page", "Which page.", MAX_PAGE, 1)
TEXT = Parameter(
    "text",
    "Words that must all be found, in any script.",
    {"type": "string", "maxLength": MAX_TEXT_CHARACTERS},
    lambda value: len(value) <= MAX_TEXT_CHARACTERS,
    problem=f"Write {MAX_TEXT_CHARACTERS} characters at most.",
)
AREA = _terms("area", Scheme.AREA, "Areas of library work.")
LANGUAGE = Parameter(
    "language",
    "Languages, BCP 47; en also finds en-GB.",
    {"type": "string", "maxLength": 35},
    lambda value: vocabulary.canonical_language(value) is not None,
    problem="Write a language code such as en, es or pt-BR.",
    max_count=MAX_VALUES,
)
PLACE = Parameter(
    "place",
    "Countries, ISO 3166-1, as far as authors show them.",
    {"type": "string", "pattern": "^[A-Za-z]{2}$"},
    _is_country,
    problem="Write a country code of two letters.",
    max_count=MAX_VALUES,
)
HOST = Parameter(
    "host",
    "Servers where authors are at home.",
    {"type": "string", "maxLength": 255},
    lambda value: normal_host(value) is not None,
    problem="Write the name of a server, such as library.example.",
    max_count=MAX_VALUES,
)
SEARCH: tuple[Parameter, ...] = (
    TEXT,
    AREA,
    LANGUAGE,
    _one_of("mode", "Ways to meet.", MODES, max_count=MAX_VALUES),
    _terms("format", Scheme.FORMAT, "Kinds of mentoring."),
    _terms("goal", Scheme.GOAL, "Goals."),
    _terms("stage", Scheme.STAGE, "Career stages of authors."),
    _terms("type", Scheme.TYPE, "Kinds of library that authors know from inside."),
    PLACE,
    HOST,
    Parameter(
        "via",
        "The URI of the linked server or consortium that brought it.",
        {"type": "string", "format": "uri", "maxLength": MAX_URI_CHARACTERS},
        lambda value: value.startswith(("https://", "http://")) and len(value) <= MAX_URI_CHARACTERS,
        problem="Write an address that begins with https://.",
    ),
    _one_of("free", "1: only those with a free place.", ("1",)),
    _one_of("sort", "The order: newest first, or who answers soonest first.", SORTS),
)
LISTS: tuple[Parameter, ...] = (*SEARCH, LANG, LIMIT, PAGE)
PEOPLE: tuple[Parameter, ...] = (
    Parameter(
        "text",
        "Words of the name or address, in any script.",
        {"type": "string", "maxLength": MAX_TEXT_CHARACTERS},
        lambda value: len(value) <= MAX_TEXT_CHARACTERS,
        problem=f"Write {MAX_TEXT_CHARACTERS} characters at most.",
    ),
    AREA,
    LANGUAGE,
    PLACE,
    HOST,
    LANG,
    PAGE,
)
