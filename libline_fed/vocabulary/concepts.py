"""The published terms as they stand in the data files: eleven schemes, each with its concepts.

A concept is a term with all its languages. Its id is never reused or renumbered; one that is given up stays
in the file with `replacedBy`, so that old documents can still be read.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any

BASE_URI = "https://w3id.org/libline/vocab/v1/"
LABEL_LANGUAGES = ("en", "es", "fr", "ar")


class Scheme(StrEnum):
    """A list of terms; the value is its name in URIs."""

    AREA = "area"
    STAGE = "stage"
    ROLE = "role"
    TYPE = "type"
    CREDENTIAL = "credential"
    FORMAT = "format"
    MODE = "mode"
    FREQUENCY = "frequency"
    LENGTH = "length"
    GOAL = "goal"
    STYLE = "style"


_FILES = {
    Scheme.AREA: "areas.json",
    Scheme.STAGE: "stages.json",
    Scheme.ROLE: "roles.json",
    Scheme.TYPE: "types.json",
    Scheme.CREDENTIAL: "credentials.json",
    Scheme.FORMAT: "formats.json",
    Scheme.MODE: "modes.json",
    Scheme.FREQUENCY: "frequencies.json",
    Scheme.LENGTH: "lengths.json",
    Scheme.GOAL: "goals.json",
    Scheme.STYLE: "styles.json",
}


@dataclass(frozen=True, slots=True)
class Concept:
    """A term with its texts in all languages."""

    id: str
    scheme: Scheme
    labels: Mapping[str, str]
    helps: Mapping[str, str]
    broader: str | None = None
    replaced_by: str | None = None  # set on terms that are given up
    close_matches: tuple[str, ...] = ()  # URIs of nearly the same in other vocabularies
    hashtag: str = ""  # without the #
    is_group: bool = False  # a heading over areas, which nobody can choose


@dataclass(frozen=True, slots=True)
class ConceptList:
    """One scheme: what it is called, and its concepts in the published order, groups first."""

    scheme: Scheme
    version: str
    titles: Mapping[str, str]
    helps: Mapping[str, str]
    concepts: Mapping[str, Concept]

    def choices(self) -> Iterator[Concept]:
        """Yield what people can choose: neither groups nor terms that were given up."""
        return (
            concept
            for concept in self.concepts.values()
            if not concept.is_group and concept.replaced_by is None
        )

    def current(self, term_id: str) -> Concept | None:
        """Return the concept of an id, or of the one that replaced it; None for an unknown id."""
        concept = self.concepts.get(term_id)
        while concept is not None and concept.replaced_by is not None:
            concept = self.concepts[concept.replaced_by]
        return concept


@lru_cache(maxsize=len(_FILES))
def concepts(scheme: str) -> ConceptList:
    """Return a scheme's published concepts.

    Raises:
        ValueError: There is no such scheme.
    """
    name = _FILES[Scheme(scheme)]
    return read_concepts(
        json.loads(files("libline_fed.vocabulary").joinpath(name).read_text(encoding="utf-8"))
    )


def read_concepts(data: Mapping[str, Any]) -> ConceptList:
    """Read the content of a data file.

    Raises:
        ValueError: An id stands twice, a term lacks a language, or leads to an id that is not there.
    """
    scheme = Scheme(data["scheme"])
    listed = [_concept(scheme, entry, is_group=True) for entry in data.get("groups", ())]
    listed += [_concept(scheme, entry, is_group=False) for entry in data["terms"]]
    by_id = {concept.id: concept for concept in listed}
    if len(by_id) != len(listed):
        raise ValueError(f"an id stands twice in {scheme}")
    for concept in listed:
        _check_links(concept, by_id)
    return ConceptList(scheme, data["version"], data["title"], data["help"], by_id)


def in_language(texts: Mapping[str, str], language: str) -> str:
    """Return the text in a language, else in English, else whichever comes first; "" when there is none."""
    return (
        texts.get(language)
        or texts.get(language.partition("-")[0].lower())
        or texts.get("en")
        or next(iter(texts.values()), "")
    )


def _concept(scheme: Scheme, entry: Mapping[str, Any], *, is_group: bool) -> Concept:
    concept = Concept(
        id=entry["id"],
        scheme=scheme,
        labels=entry["label"],
        helps=entry["help"],
        broader=entry.get("broader"),
        replaced_by=entry.get("replacedBy"),
        close_matches=tuple(entry.get("closeMatch", ())),
        hashtag=entry.get("tag", ""),
        is_group=is_group,
    )
    for texts in (concept.labels, concept.helps):
        if not all(texts.get(language) for language in LABEL_LANGUAGES):
            raise ValueError(f"{concept.id} lacks a language")
    return concept


def _check_links(concept: Concept, by_id: Mapping[str, Concept]) -> None:
    if concept.broader is not None and concept.broader not in by_id:
        raise ValueError(f"{concept.id} has an unknown broader term")
    seen = {concept.id}
    following = concept.replaced_by
    while following is not None:
        if following in seen or following not in by_id:
            raise ValueError(f"{concept.id} is not replaced by a term that stands")
        seen.add(following)
        following = by_id[following].replaced_by
