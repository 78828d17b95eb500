"""What a proposal says beyond its first facts, in the terms of the vocabulary. Everything may be left unsaid.

Stored as JSON in `proposals.details`, a missing key meaning "not stated", and read back tolerantly: rows also
come from other servers and from older versions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from libline_fed.vocabulary import Scheme, canonical_language, label, length_of_months
from libline_fed.vocabulary.concepts import in_language

AREA_LEVELS = (1, 2, 3)  # some, solid, deep
LANGUAGE_LEVELS = ("basic", "working", "fluent")
STAGE_WISHES = ("peer", "+1", "+2")  # on one's own stage, one ahead, two ahead
TYPE_WISHES = ("same", "different")  # as one's own kind of library; or ids of types
ORGANISATION_FORMAT = "F7"  # one organisation and another
MAX_STYLES = 5
MAX_LISTED = 20  # terms in one list, as far as they are kept
MAX_ANSWER_DAYS = 30
MAX_NOT_HELP_CHARACTERS = 1_000

NOT_OF_THE_LIST = "Choose from the list."

IsTerm = Callable[[str, str], bool]  # scheme, id


@dataclass(frozen=True, slots=True)
class Details:
    """The further facts of a proposal, named like the keys under which they are stored.

    `named` holds, by id, the label (by language) and broader term of terms that this version of the
    vocabulary does not have: an instance's own, and what others call what we know under a broader id.
    """

    levels: Mapping[str, int] = field(default_factory=dict)  # offers: 1 some, 2 solid, 3 deep, by area
    goals: tuple[str, ...] = ()
    language_levels: Mapping[str, str] = field(default_factory=dict)
    formats: tuple[str, ...] = ()
    frequency: str | None = None
    months: int | None = None  # 0 is a single talk
    stage: str | None = None  # the author's own
    stages_wished: tuple[str, ...] = ()
    types_own: tuple[str, ...] = ()
    types_wished: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    answer_days: int | None = None  # how soon the author answers
    not_help_text: str = ""  # what the author cannot help with, plain
    named: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def stored(self) -> dict[str, Any]:
        """Return the stated facts as JSON."""
        values = ((part.name, getattr(self, part.name)) for part in fields(self))
        return {name: _plain(value) for name, value in values if value is not None and value not in _EMPTY}

    def label(self, scheme: str, term_id: str, language: str) -> str:
        """Return what people read for a term of this proposal."""
        return term_label(self.named, scheme, term_id, language)

    def broader(self, term_id: str) -> str:
        """Return the published term that a term counts as: itself, unless it is an instance's own."""
        return str(self.named.get(term_id, {}).get("broader") or term_id)


_EMPTY: tuple[Any, ...] = ((), "", {})

# Which list of the vocabulary each fact is taken from.
LISTS = {"goals": Scheme.GOAL, "formats": Scheme.FORMAT, "types_own": Scheme.TYPE, "styles": Scheme.STYLE}
SINGLES = {"frequency": Scheme.FREQUENCY, "stage": Scheme.STAGE}


def details_of(stored: Mapping[str, Any]) -> Details:
    """Read details from a row; what does not make sense is not stated."""
    return Details(
        levels={
            str(area): level
            for area, level in _mapping(stored.get("levels"))
            if isinstance(level, int) and not isinstance(level, bool) and level in AREA_LEVELS
        },
        language_levels={
            tag: level
            for tag, level in _mapping(stored.get("language_levels"))
            if level in LANGUAGE_LEVELS and canonical_language(tag) == tag
        },
        months=_months(stored.get("months")),
        stages_wished=_texts(stored.get("stages_wished"), STAGE_WISHES),
        types_wished=_texts(stored.get("types_wished")),
        answer_days=_days(stored.get("answer_days")),
        not_help_text=_text(stored.get("not_help_text"))[:MAX_NOT_HELP_CHARACTERS],
        named={term: dict(said) for term, said in _mapping(stored.get("named")) if isinstance(said, dict)},
        **{name: _texts(stored.get(name)) for name in LISTS},  # type: ignore[arg-type]
        **{name: _text(stored.get(name)) or None for name in SINGLES},  # type: ignore[arg-type]
    )


def checked_details(
    details: Details, *, areas: tuple[str, ...], languages: tuple[str, ...], is_offer: bool
) -> Details:
    """Return details without what belongs to nothing: levels of areas and languages that are not chosen.

    A request ranks its areas and gives them no level.
    """
    levels = {area: details.levels[area] for area in areas if area in details.levels} if is_offer else {}
    return replace(
        details,
        levels=levels,
        language_levels=spoken_levels(details.language_levels, languages),
        not_help_text=details.not_help_text.strip(),
    )


def detail_problems(details: Details, *, is_term: IsTerm, is_organisation: bool) -> dict[str, str]:
    """Return what is wrong with details, one sentence by field."""
    found: dict[str, str | None] = {
        name: _list_problem(getattr(details, name), scheme, is_term) for name, scheme in LISTS.items()
    }
    for name, scheme in SINGLES.items():
        value = getattr(details, name)
        found[name] = None if value is None or is_term(scheme, value) else NOT_OF_THE_LIST
    wished_types = [wish for wish in details.types_wished if wish not in TYPE_WISHES]
    found |= {
        "levels": None if set(details.levels.values()) <= set(AREA_LEVELS) else NOT_OF_THE_LIST,
        "language_levels": None
        if set(details.language_levels.values()) <= set(LANGUAGE_LEVELS)
        else NOT_OF_THE_LIST,
        "months": None
        if details.months is None or length_of_months(details.months) is not None
        else NOT_OF_THE_LIST,
        "stages_wished": None if set(details.stages_wished) <= set(STAGE_WISHES) else NOT_OF_THE_LIST,
        "types_wished": _list_problem(wished_types, Scheme.TYPE, is_term),
        "answer_days": None
        if details.answer_days is None or 1 <= details.answer_days <= MAX_ANSWER_DAYS
        else "Write a number of days from 1 to 30.",
        "not_help_text": None
        if len(details.not_help_text) <= MAX_NOT_HELP_CHARACTERS
        else "The text is too long: 1,000 characters at most.",
    }
    if not found["styles"] and len(details.styles) > MAX_STYLES:
        found["styles"] = "Choose 5 at most."
    if not found["formats"] and ORGANISATION_FORMAT in details.formats and not is_organisation:
        found["formats"] = "Only a library or association can meet as an organisation."
    return {name: problem for name, problem in found.items() if problem is not None}


def term_label(
    named: Mapping[str, Mapping[str, Any]], scheme: str, term_id: str, language: str
) -> str:
    """Return what people read for a term: the label that came with it, else that of the vocabulary."""
    own = named.get(term_id, {}).get("label")
    return in_language(own, language) if isinstance(own, dict) and own else label(scheme, term_id, language)


def spoken_levels(levels: Mapping[str, str], languages: tuple[str, ...]) -> dict[str, str]:
    """Return the levels of those languages that are spoken, by their usual spelling."""
    spoken = {canonical_language(tag) for tag in languages}
    return {
        spelled: level
        for tag, level in levels.items()
        if (spelled := canonical_language(tag)) is not None and spelled in spoken
    }


def _list_problem(values: tuple[str, ...] | list[str], scheme: Scheme, is_term: IsTerm) -> str | None:
    return None if all(is_term(scheme, value) for value in values) else NOT_OF_THE_LIST


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _mapping(value: Any) -> list[tuple[str, Any]]:
    listed = value.items() if isinstance(value, dict) else ()
    return [(key, item) for key, item in listed if isinstance(key, str)][:MAX_LISTED]


def _texts(value: Any, allowed: tuple[str, ...] | None = None) -> tuple[str, ...]:
    listed = [item for item in value if isinstance(item, str) and item] if isinstance(value, list) else []
    kept = [item for item in listed if allowed is None or item in allowed]
    return tuple(dict.fromkeys(kept))[:MAX_LISTED]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _months(value: Any) -> int | None:
    is_length = isinstance(value, int) and not isinstance(value, bool) and length_of_months(value) is not None
    return value if is_length else None


def _days(value: Any) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_ANSWER_DAYS
    return value if is_count else None
