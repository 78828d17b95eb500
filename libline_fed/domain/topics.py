"""What to talk about: one topic every fortnight, found from the day a mentorship began and nothing else."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from libline_fed.vocabulary.concepts import in_language

FORTNIGHT_DAYS = 14


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic with its texts in all languages."""

    id: str
    labels: Mapping[str, str]
    questions: tuple[Mapping[str, str], ...]  # to begin with

    def label(self, language: str) -> str:
        """Return what it is called."""
        return in_language(self.labels, language)

    def asks(self, language: str) -> list[str]:
        """Return its questions."""
        return [in_language(question, language) for question in self.questions]


@cache
def topics() -> tuple[Topic, ...]:
    """Return all topics in their order."""
    read = json.loads(files("libline_fed.vocabulary").joinpath("topics.json").read_text(encoding="utf-8"))
    return tuple(
        Topic(entry["id"], entry["label"], tuple(entry["questions"])) for entry in read["topics"]
    )


def due(started_on: date, today: date) -> Topic:
    """Return the topic of the present fortnight; after the last one they begin again from the second.

    The first is for people who have just met.
    """
    listed = topics()
    number = max(0, (today - started_on).days // FORTNIGHT_DAYS)
    if number < len(listed):
        return listed[number]
    return listed[1 + (number - len(listed)) % (len(listed) - 1)]
