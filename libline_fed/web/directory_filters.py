"""The filters of the lists as people see them: what can be chosen, what is, and how to take it away."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from libline_fed import vocabulary
from libline_fed.domain.searches import Search, Sort
from libline_fed.services.addresses import LIST_PATHS, list_path
from libline_fed.services.directory_choices import Choices
from libline_fed.services.profiles import country_name
from libline_fed.vocabulary import Scheme, Term
from libline_fed.web.filters import shown_host, source_name
from libline_fed.web.forms import COMMON_LANGUAGES
from libline_fed.web.languages import N_, Language

SORT_NAMES = {
    Sort.MATCH: N_("best match first"),
    Sort.NEWEST: N_("newest first"),
    Sort.SOONEST: N_("soonest answer first"),
}
# What a chip says before its value, by the parameter of the address.
FILTER_NAMES = {
    "text": N_("Words"),
    "area": N_("Area"),
    "language": N_("Language"),
    "mode": N_("Way to meet"),
    "format": N_("Kind of mentoring"),
    "goal": N_("Goal"),
    "stage": N_("Career stage"),
    "type": N_("Kind of library"),
    "place": N_("Country"),
    "host": N_("Server"),
    "via": N_("Brought by"),
    "overlap": N_("Hours in common"),
    "free": N_("Only with free places"),
}
# These stand above the fold; the others are one press away.
FIRST_FILTERS = ("text", "area", "language", "mode")
_SCHEMES = {
    "area": Scheme.AREA,
    "mode": Scheme.MODE,
    "format": Scheme.FORMAT,
    "goal": Scheme.GOAL,
    "stage": Scheme.STAGE,
    "type": Scheme.TYPE,
}


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that is on, and the list without it."""

    parameter: str
    label: str
    value: str  # "" where the label says it all
    removes_path: str


@dataclass(frozen=True, slots=True)
class FilterForm:
    """What the form offers, in the language of the page."""

    area_groups: list[tuple[str, list[tuple[str, str]]]]
    languages: list[str]
    modes: list[tuple[str, str]]
    checks: list[tuple[str, str, list[Term], tuple[str, ...]]]  # parameter, legend, terms, chosen
    places: list[tuple[str, str]]
    hosts: list[tuple[str, str]]
    sources: list[tuple[str, str]]
    kept: list[tuple[str, str]]  # further values of what the form shows one of
    more_count: int  # filters that are on and not above the fold


def without(search: Search, parameter: str, value: str) -> str:
    """Return the address of a list with one filter less."""
    rest = [pair for pair in search.params() if pair != (parameter, value)]
    path = LIST_PATHS[search.purpose]
    return f"{path}?{urlencode(rest)}" if rest else path


def chips(search: Search, language: Language, choices: Choices) -> list[Chip]:
    """Return the filters that are on, each with the link that takes it away."""
    return [
        Chip(
            parameter,
            language.gettext(FILTER_NAMES[parameter]),
            _said(parameter, value, language, choices),
            without(search, parameter, value),
        )
        for parameter, value in search.params()
        if parameter in FILTER_NAMES
    ]


def sort_links(search: Search, *, has_request: bool) -> list[tuple[str, str, bool]]:
    """Return (name, address, whether it is this one) of the orders; by match only where there is one."""
    offered = [sort for sort in Sort if has_request or sort is not Sort.MATCH]
    present = search.sort if search.sort in offered else Sort.NEWEST
    return [(SORT_NAMES[sort], list_path(replace(search, sort=sort)), sort is present) for sort in offered]


def filter_form(search: Search, language: Language, choices: Choices) -> FilterForm:
    """Return the form for a search; what is chosen is always among the choices."""
    tag = language.tag
    checks = (
        ("format", search.formats),
        ("goal", search.goals),
        ("stage", search.stages),
        ("type", search.types),
    )
    first_seen: set[str] = set()
    kept = []
    for parameter, value in search.params():
        if parameter in {"area", "language", "mode", "place", "host"}:
            if parameter in first_seen:
                kept.append((parameter, value))
            first_seen.add(parameter)
    if search.sort is not Sort.MATCH:
        kept.append(("sort", search.sort.value))
    return FilterForm(
        area_groups=vocabulary.area_groups(tag),
        languages=sorted({*COMMON_LANGUAGES, *search.languages[:1]}),
        modes=vocabulary.modes(tag),
        checks=[
            (name, language.gettext(FILTER_NAMES[name]), vocabulary.terms(_SCHEMES[name], tag), chosen)
            for name, chosen in checks
        ],
        places=_by_name((code, country_name(code, tag)) for code in {*choices.places, *search.places[:1]}),
        hosts=_by_name((host, shown_host(host)) for host in {*choices.hosts, *search.hosts[:1]}),
        sources=_sources(search, choices),
        kept=kept,
        more_count=sum(name in FILTER_NAMES and name not in FIRST_FILTERS for name, _ in search.params()),
    )


def _sources(search: Search, choices: Choices) -> list[tuple[str, str]]:
    named = {source.uri: source_name(source) for source in choices.sources}
    if search.via:
        named.setdefault(search.via, search.via)
    return _by_name(named.items())


def _said(parameter: str, value: str, language: Language, choices: Choices) -> str:
    if parameter in _SCHEMES:
        return vocabulary.label(_SCHEMES[parameter], value, language.tag)
    match parameter:
        case "language":
            return language.language_name(value)
        case "place":
            return country_name(value, language.tag)
        case "host":
            return shown_host(value)
        case "via":
            known = {source.uri: source_name(source) for source in choices.sources}
            return known.get(value, value)
        case "overlap":
            return language.number(int(value))
        case "free":
            return ""
        case _:
            return value


def _by_name(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(pairs, key=lambda pair: pair[1].casefold())
