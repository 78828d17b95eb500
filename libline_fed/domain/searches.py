"""What somebody looks for in the directory: one value for pages, feeds, JSON, saved searches and the index.

It is read from the parameters of an address and written back into them, so that a search is a link. Unknown
parameters and values that do not make sense are left out: an old link still finds something.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from libline_fed.domain.peers import normal_host
from libline_fed.domain.proposals import MODES, Purpose

MAX_TEXT_CHARACTERS = 200
MAX_VALUES = 10  # of one filter
MAX_OVERLAP_HOURS = 40
MAX_URI_CHARACTERS = 2_048


class Sort(StrEnum):
    """In which order what was found is shown."""

    MATCH = "match"  # by the score for the reader's request; newest for a reader who looks for nothing
    NEWEST = "newest"
    SOONEST = "soonest"  # who answers soonest, as they say; who says nothing comes last


@dataclass(frozen=True, slots=True)
class Search:
    """Filters are joined by "and", the values within one by "or". Empty is "any".

    Area, goal, mode, format, stage and type are ids of the vocabulary; an area also finds an instance's own
    area below it. `languages` are BCP 47 tags, and `en` also finds `en-GB`. `places` are countries (ISO
    3166-1, upper case) as profiles show them. `overlap_hours`: at least so many hours a week in common with
    the reader. `hosts` are servers as `normal_host` spells them; `via` is the URI of a linked server or
    consortium that brought the proposal. Full ones are listed unless `has_places`.
    """

    purpose: Purpose = Purpose.OFFER
    text: str = ""
    areas: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    goals: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()  # the author's own
    types: tuple[str, ...] = ()  # kinds of library the author knows
    places: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    via: str = ""
    overlap_hours: int = 0
    has_places: bool = False
    sort: Sort = Sort.MATCH

    @property
    def is_filtered(self) -> bool:
        """Whether it asks for less than everything."""
        return replace(self, sort=Sort.MATCH) != Search(purpose=self.purpose)

    @property
    def asks_for_authors(self) -> bool:
        """Whether it asks for what authors say of themselves elsewhere than in a proposal."""
        return bool(self.stages or self.types or self.places or self.hosts)

    def params(self) -> list[tuple[str, str]]:
        """Return the parameters of an address that say the same, without the purpose and what is as usual."""
        found: list[tuple[str, str]] = []
        for part in fields(self):
            value = getattr(self, part.name)
            if part.name == "purpose" or value == part.default:
                continue
            name = PARAMETERS[part.name]
            values = value if isinstance(value, tuple) else ("1",) if value is True else (str(value),)
            found += [(name, one) for one in values]
        return found


# Which parameter of an address each field is. The first two names are older than the others.
PARAMETERS: Mapping[str, str] = {
    "text": "text",
    "areas": "area",
    "languages": "language",
    "modes": "mode",
    "formats": "format",
    "goals": "goal",
    "stages": "stage",
    "types": "type",
    "places": "place",
    "hosts": "host",
    "via": "via",
    "overlap_hours": "overlap",
    "has_places": "free",
    "sort": "sort",
}
_TERMS = {"areas": "area", "formats": "format", "goals": "goal", "stages": "stage", "types": "type"}


def search_of(
    purpose: Purpose,
    params: Sequence[tuple[str, str]],
    *,
    is_term: Callable[[str, str], bool],
    canonical_language: Callable[[str], str | None],
) -> Search:
    """Read a search from the parameters of an address; `is_term` is asked with a scheme and an id."""
    given: dict[str, list[str]] = {}
    for name, value in params:
        given.setdefault(name, []).append(value.strip())
    lists = {
        field_name: tuple(one for one in _listed(given, field_name, str) if is_term(scheme, one))
        for field_name, scheme in _TERMS.items()
    }
    return Search(
        purpose=purpose,
        text=" ".join(_first(given, "text").split())[:MAX_TEXT_CHARACTERS],
        languages=_listed(given, "languages", canonical_language),
        modes=_listed(given, "modes", lambda one: one if one in MODES else None),
        places=_listed(given, "places", _country),
        hosts=_listed(given, "hosts", normal_host),
        via=_uri(_first(given, "via")),
        overlap_hours=_number(_first(given, "overlap_hours")),
        has_places=_first(given, "has_places") not in {"", "0"},
        sort=_sort(_first(given, "sort")),
        areas=lists["areas"],
        formats=lists["formats"],
        goals=lists["goals"],
        stages=lists["stages"],
        types=lists["types"],
    )


def _first(given: Mapping[str, list[str]], field_name: str) -> str:
    return (given.get(PARAMETERS[field_name]) or [""])[0]


def _listed(
    given: Mapping[str, list[str]], field_name: str, read: Callable[[str], str | None]
) -> tuple[str, ...]:
    values = [found for one in given.get(PARAMETERS[field_name], ()) if one and (found := read(one))]
    return tuple(sorted(set(values)))[:MAX_VALUES]


def _country(text: str) -> str | None:
    return text.upper() if len(text) == 2 and text.isascii() and text.isalpha() else None


def _uri(text: str) -> str:
    is_one = text.startswith(("https://", "http://")) and len(text) <= MAX_URI_CHARACTERS
    return text if is_one else ""


def _number(text: str) -> int:
    return min(int(text), MAX_OVERLAP_HOURS) if text.isascii() and text.isdecimal() and len(text) < 4 else 0


def _sort(text: str) -> Sort:
    return Sort(text) if text in list(Sort) else Sort.MATCH
