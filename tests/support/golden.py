"""Reads `docs/matching-golden.json`, the published examples of the score.

`python -m tests.support.golden` writes the sentences anew after a label or a sentence has changed. It never
touches a number: those were worked out by hand.
"""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from libline_fed.domain.match_reasons import reasons
from libline_fed.domain.match_sentences import LANGUAGES, gate_sentence, match_sentence
from libline_fed.domain.matching import Gate, Offering, Score, Seeker, closed_gates, score

PATH = Path(__file__).parent.parent.parent / "docs" / "matching-golden.json"
SETS = {
    field.name for class_ in (Seeker, Offering) for field in fields(class_) if "frozenset" in str(field.type)
}


@dataclass(frozen=True)
class Pair:
    """One published example."""

    name: str
    seeker: Seeker
    offering: Offering
    expected: dict[str, Any]

    def __str__(self) -> str:
        return self.name


def document() -> dict[str, Any]:
    """Return the whole file."""
    return dict(json.loads(PATH.read_text(encoding="utf-8")))


def pairs() -> list[Pair]:
    """Return all pairs of the file."""
    return [
        Pair(
            entry["name"], seeker_of(entry["seeker"]), offering_of(entry["offering"]), dict(entry["expected"])
        )
        for entry in document()["pairs"]
    ]


def scored_pairs() -> list[Pair]:
    """Return the pairs whose gates are open."""
    return [pair for pair in pairs() if not pair.expected["gates"]]


def seeker_of(values: dict[str, Any]) -> Seeker:
    """Build the mentee's side from its JSON."""
    return Seeker(**{**_frozen(values), "areas": tuple(values.get("areas", ()))})


def offering_of(values: dict[str, Any]) -> Offering:
    """Build the mentor's side from its JSON."""
    return Offering(**_frozen(values))


def result_of(found: Score) -> dict[str, Any]:
    """Return a score as the file writes it."""
    return {
        "components": {name.value: met for name, met in found.components.items()},
        "fit": found.fit,
        "rank_permille": found.rank_permille,
        "is_busy": found.is_busy,
    }


def sentences_of(pair: Pair) -> dict[str, str]:
    """Return the reason line, or why there is none, in every language."""
    gates = closed_gates(pair.seeker, pair.offering)
    if gates:
        return {
            language: " ".join(gate_sentence(gate, language) for gate in gates) for language in LANGUAGES
        }
    found = score(pair.seeker, pair.offering)
    said = reasons(pair.seeker, pair.offering, found)
    return {language: match_sentence(found.fit, said, language) for language in LANGUAGES}


def gate_names(gates: tuple[Gate, ...]) -> list[str]:
    """Return gates as the file writes them."""
    return [gate.value for gate in gates]


def _frozen(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: frozenset(value) if name in SETS and value is not None else value
        for name, value in values.items()
    }


def write(content: dict[str, Any]) -> None:
    """Write the file: two spaces, letters as they are."""
    PATH.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def refresh_sentences() -> None:
    """Write the sentences anew; numbers stay."""
    content = document()
    for entry, pair in zip(content["pairs"], pairs(), strict=True):
        entry["expected"]["sentences"] = sentences_of(pair)
    write(content)


if __name__ == "__main__":
    refresh_sentences()
