"""What people can choose from in forms: terms of the vocabulary and the instance's own, in one language."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from libline_fed import vocabulary
from libline_fed.vocabulary import LocalTerm, Scheme, Term
from libline_fed.web.languages import N_, Language

AREA_LEVELS = (
    ("", N_("Level")),
    ("1", N_("some experience")),
    ("2", N_("solid experience")),
    ("3", N_("deep experience")),
)
LANGUAGE_LEVELS = (
    ("", N_("Level")),
    ("fluent", N_("fluent")),
    ("working", N_("good enough to work in")),
    ("basic", N_("basic")),
)
STAGE_WISHES = (
    ("peer", N_("At the same stage as I am")),
    ("+1", N_("One stage ahead of me")),
    ("+2", N_("Two stages ahead of me")),
)
TYPE_WISHES = (
    ("same", N_("The same kind as mine")),
    ("different", N_("Another kind than mine")),
)
ANSWER_DAYS = (1, 2, 3, 5, 7, 10, 14)
SHOWN_AREA_ROWS = 3
LANGUAGE_ROWS = 4


@dataclass(frozen=True, slots=True)
class Choices:
    """The lists of one form. `area_groups` are (group, [(id, label), …]); the rest are terms with help."""

    area_groups: list[tuple[str, list[tuple[str, str]]]]
    modes: list[Term]
    goals: list[Term]
    formats: list[Term]
    frequencies: list[Term]
    lengths: list[tuple[int, str]]  # months, label
    stages: list[Term]
    types: list[Term]
    styles: list[Term]
    tracks: list[Term]
    credentials: list[Term]


def choices(language: Language, local: Sequence[LocalTerm], *, is_organisation: bool) -> Choices:
    """Return the lists in a language; only organisations see the format that is theirs."""

    def terms(scheme: Scheme) -> list[Term]:
        return vocabulary.terms(scheme, language.tag, local)

    formats = terms(Scheme.FORMAT)
    if not is_organisation:
        formats = [term for term in formats if term.id != "F7"]
    return Choices(
        area_groups=vocabulary.area_groups(language.tag, local),
        modes=terms(Scheme.MODE),
        goals=terms(Scheme.GOAL),
        formats=formats,
        frequencies=terms(Scheme.FREQUENCY),
        lengths=[(vocabulary.months_of(term.id), term.label) for term in terms(Scheme.LENGTH)],
        stages=terms(Scheme.STAGE),
        types=terms(Scheme.TYPE),
        styles=terms(Scheme.STYLE),
        tracks=terms(Scheme.ROLE),
        credentials=terms(Scheme.CREDENTIAL),
    )


def paired(ids: Iterable[str] | None, levels: Iterable[str] | None) -> list[tuple[str, str]]:
    """Return the rows of a form in which each id has a level beside it; rows without an id are left out."""
    rows = zip_longest(ids or (), levels or (), fillvalue="")
    return list({id_: (id_, level) for id_, level in rows if id_}.values())


def padded(rows: Sequence[tuple[str, str]], count: int) -> list[tuple[str, str]]:
    """Return the rows that a form shows: those that are filled in, then empty ones."""
    return [*rows, *[("", "")] * (count - len(rows))]
