"""The published vocabulary: areas of library work, goals, formats and the other lists, in four languages.

Ids are never reused or renumbered. The texts live in the data files beside this one; adding a language means
adding its key to every entry. Also knows which texts are language tags, since proposals carry those.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from libline_fed.vocabulary.concepts import (
    BASE_URI,
    LABEL_LANGUAGES,
    Concept,
    ConceptList,
    Scheme,
    concepts,
    in_language,
)
from libline_fed.vocabulary.extensions import (
    EXTENSIBLE_SCHEMES,
    LocalTerm,
    NamedTerm,
    is_local_id,
    named_term_json,
    named_term_of_json,
    named_terms,
)
from libline_fed.vocabulary.fallback import (
    MAX_LABEL_CHARACTERS,
    Match,
    Resolved,
    SenderLabel,
    group_of,
    resolve,
)
from libline_fed.vocabulary.languages import canonical_language, is_language

__all__ = [
    "AREA_BASE_URI",
    "BASE_URI",
    "DEFAULT_LENGTH",
    "EXTENSIBLE_SCHEMES",
    "LABEL_LANGUAGES",
    "MAX_LABEL_CHARACTERS",
    "MENTORSHIP_URI",
    "UNDECIDED_AREA",
    "VERSION",
    "Concept",
    "ConceptList",
    "LocalTerm",
    "Match",
    "NamedTerm",
    "Resolved",
    "Scheme",
    "SenderLabel",
    "Term",
    "area_groups",
    "area_ids",
    "area_label",
    "area_of_uri",
    "area_uri",
    "canonical_language",
    "concepts",
    "group_of",
    "hashtag_of",
    "in_language",
    "is_area",
    "is_language",
    "is_local_id",
    "is_term",
    "label",
    "length_of_months",
    "mode_label",
    "modes",
    "months_of",
    "named_term_json",
    "named_term_of_json",
    "named_terms",
    "resolve",
    "scheme_title",
    "term_ids",
    "term_of_uri",
    "term_uri",
    "terms",
]

VERSION = concepts(Scheme.AREA).version
AREA_BASE_URI = BASE_URI + "area/"
MENTORSHIP_URI = "https://w3id.org/libline/ns#Mentorship"
UNDECIDED_AREA = "A0000"
DEFAULT_LENGTH = "L04"


@dataclass(frozen=True, slots=True)
class Term:
    """A term in one language."""

    id: str
    label: str
    help: str


def terms(scheme: str, language: str, local: Sequence[LocalTerm] = ()) -> list[Term]:
    """Return what people can choose in a scheme, in the published order; texts in a language, else English.

    The instance's own terms, `local`, have no help. They follow the term they belong to; those that belong
    to a group come last.

    Raises:
        ValueError: There is no such scheme.
    """
    listed: list[Term] = []
    of_groups: list[Term] = []
    for concept in concepts(scheme).concepts.values():
        own = _local_terms(scheme, concept.id, language, local)
        if concept.is_group:
            of_groups += own
        elif concept.replaced_by is None:
            texts = in_language(concept.labels, language), in_language(concept.helps, language)
            listed += [Term(concept.id, *texts), *own]
    return listed + of_groups


def term_ids(scheme: str) -> tuple[str, ...]:
    """Return the ids that people can choose in a scheme, in the published order."""
    return tuple(concept.id for concept in concepts(scheme).choices())


def is_term(scheme: str, term_id: str) -> bool:
    """Tell whether people can choose an id in a scheme: published, not given up, no group."""
    concept = concepts(scheme).concepts.get(term_id)
    return concept is not None and concept.replaced_by is None and not concept.is_group


def label(scheme: str, term_id: str, language: str, sender_label: SenderLabel = None) -> str:
    """Return a term's label in a language, else in English; when it is unknown, the sender's, else the id.

    Terms that were given up keep their label. A term that came with a broader one goes through `resolve`.
    """
    concept = concepts(scheme).concepts.get(term_id)
    if concept is not None:
        return in_language(concept.labels, language)
    return resolve(scheme, term_id, sender_label=sender_label).label(language)


def scheme_title(scheme: str, language: str) -> str:
    """Return what a scheme is called in a language, else in English."""
    return in_language(concepts(scheme).titles, language)


def term_uri(scheme: str, term_id: str) -> str:
    """Return the URI by which a published term is named on the wire."""
    return f"{BASE_URI}{Scheme(scheme)}/{term_id}"


def term_of_uri(uri: str) -> tuple[Scheme, str] | None:
    """Return the scheme and id in a URI of this vocabulary, known here or not; None for any other URI."""
    if not uri.startswith(BASE_URI):
        return None
    scheme, _, term_id = uri.removeprefix(BASE_URI).partition("/")
    if scheme not in list(Scheme) or not term_id or "/" in term_id:
        return None
    return Scheme(scheme), term_id


def area_ids() -> tuple[str, ...]:
    """Return all area ids in the published order, the undecided one last."""
    return term_ids(Scheme.AREA)


def is_area(area_id: str) -> bool:
    """Tell whether an id is an area of the vocabulary."""
    return is_term(Scheme.AREA, area_id)


def area_label(area_id: str, language: str) -> str:
    """Return an area's label in a language, else in English; the id itself when it is unknown."""
    return label(Scheme.AREA, area_id, language)


def area_groups(
    language: str, local: Sequence[LocalTerm] = ()
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the areas as (group label, [(id, label), …]); the undecided one comes first, on its own.

    The instance's own areas, `local`, follow the area they belong to, or end the group they belong to.
    """
    grouped: dict[str | None, list[tuple[str, str]]] = {}
    for concept in concepts(Scheme.AREA).choices():
        own = [(term.id, term.label) for term in _local_terms(Scheme.AREA, concept.id, language, local)]
        group = grouped.setdefault(concept.broader, [])
        group += [(concept.id, in_language(concept.labels, language)), *own]
    undecided = grouped.pop(None)
    listed = [(undecided[0][1], undecided)]
    for group_id, areas in grouped.items():
        own = [(term.id, term.label) for term in _local_terms(Scheme.AREA, group_id or "", language, local)]
        listed.append((label(Scheme.AREA, group_id or "", language), areas + own))
    return listed


def area_uri(area_id: str) -> str:
    """Return the URI by which an area is named on the wire."""
    return AREA_BASE_URI + area_id


def area_of_uri(uri: str) -> str:
    """Return the id of an area's URI; any other URI is returned as it is."""
    return uri.removeprefix(AREA_BASE_URI)


def hashtag_of(area_id: str) -> str:
    """Return the hashtag of an area, without the #; "" when the area is unknown."""
    concept = concepts(Scheme.AREA).concepts.get(area_id)
    return concept.hashtag if concept is not None else ""


def modes(language: str) -> list[tuple[str, str]]:
    """Return the ways to meet as (id, label)."""
    return [(term.id, term.label) for term in terms(Scheme.MODE, language)]


def mode_label(mode_id: str, language: str) -> str:
    """Return the label of a way to meet in a language, else in English; the id itself when it is unknown."""
    return label(Scheme.MODE, mode_id, language)


def months_of(length_id: str) -> int:
    """Return the months that a length stands for; 0 for a single talk.

    Raises:
        ValueError: The id is no length.
    """
    if not is_term(Scheme.LENGTH, length_id):
        raise ValueError("not a length")
    return int(length_id[1:])


def length_of_months(months_count: int) -> str | None:
    """Return the length that stands for a count of months, or None when there is no such length."""
    length_id = f"L{months_count:02}"
    return length_id if is_term(Scheme.LENGTH, length_id) else None


def _local_terms(scheme: str, broader_id: str, language: str, local: Sequence[LocalTerm]) -> list[Term]:
    return [
        Term(term.id, term.label(language), "")
        for term in local
        # The term that it belongs to may have been given up since.
        if term.scheme == scheme and resolve(scheme, term.broader_id).id == broader_id
    ]
