"""The report of what became of requests: counts in steps of five, and how long an answer took. No people.

A period is a calendar year or a quarter of one. Free dates would let somebody ask for two periods that are a
day apart, and see in the difference who came on that day.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from statistics import median

from libline_fed.domain.small_counts import SMALLEST, Count, stepped

SOON = timedelta(days=21)  # a mentorship that starts so soon after the request counts as started
YEARS_BACK = 3
DAY_S = 86_400
NOT_STATED = ""
MEASURES = ("answered_count", "started_count", "completed_count")
SEVERAL = "several"  # more than one way to meet, none agreed on


class Part(StrEnum):
    """By what the report is split."""

    LANGUAGE = "language"
    MODE = "mode"
    TYPE = "type"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request. The four keys are of whom it would mentor, "" if not stated."""

    language: str
    mode: str
    type: str
    region: str
    answer: timedelta | None  # None without an answer
    is_started: bool  # within 21 days
    is_completed: bool


@dataclass(frozen=True, slots=True)
class Line:
    """How many requests, and what became of them, in steps of five."""

    key: str
    requests_count: Count
    answered_count: Count
    started_count: Count
    completed_count: Count


@dataclass(frozen=True, slots=True)
class Report:
    """The whole period, and its parts: only those with five requests or more are named."""

    whole: Line
    answer_days: int | None  # half of the answers came within so many days
    parts: dict[Part, list[Line]]


@dataclass(frozen=True, slots=True)
class Period:
    """A year, or a quarter of one (1 to 4)."""

    year: int
    quarter: int | None = None

    @property
    def name(self) -> str:
        """How it is written in an address."""
        return f"{self.year}" if self.quarter is None else f"{self.year}-Q{self.quarter}"

    @property
    def first_day(self) -> date:
        """The day it begins with."""
        return date(self.year, 1 if self.quarter is None else 3 * self.quarter - 2, 1)

    @property
    def end_day(self) -> date:
        """The first day after it."""
        if self.quarter is None or self.quarter == 4:
            return date(self.year + 1, 1, 1)
        return date(self.year, 3 * self.quarter + 1, 1)

    @property
    def moments(self) -> tuple[datetime, datetime]:
        """Its first moment, and the first one after it."""
        first, end = (
            datetime.combine(day, datetime.min.time(), UTC) for day in (self.first_day, self.end_day)
        )
        return first, end


def periods(today: date) -> list[Period]:
    """List the periods that can be chosen: the present year and three before it, each with its quarters."""
    found = []
    for year in range(today.year, today.year - YEARS_BACK - 1, -1):
        found.append(Period(year))
        quarters = [Period(year, quarter) for quarter in (4, 3, 2, 1)]
        found += [one for one in quarters if one.first_day <= today]
    return found


def report_of(outcomes: Sequence[Outcome], *, has_parts: bool = True) -> Report:
    """Count in steps, for the whole and for each part; without parts where their sums stand elsewhere."""
    answers_s = [one.answer.total_seconds() for one in outcomes if one.answer is not None]
    half_s = median(answers_s) if len(answers_s) >= SMALLEST else None
    parts = {part: _lines(part, outcomes) for part in Part} if has_parts else {}
    return Report(
        _loosened(_line("", outcomes), list(parts.values())),
        max(1, math.ceil(half_s / DAY_S)) if half_s is not None else None,
        parts,
    )


def _loosened(whole: Line, parts: Sequence[list[Line]]) -> Line:
    """Say less of the whole where it would be so close to all requests that hidden numbers must be four."""
    told = {name: getattr(whole, name) for name in MEASURES}
    for name in MEASURES:
        while told[name] is not None and not all(
            _is_open(name, told[name], whole.requests_count or 0, lines) for lines in parts
        ):
            told[name] = stepped(told[name] - SMALLEST)
    return replace(whole, **told)


def _is_open(name: str, told: int, requests_count: int, lines: Sequence[Line]) -> bool:
    """Tell whether each hidden number of a column may be one less than the most that it can be."""
    hidden = [line.requests_count or 0 for line in lines if getattr(line, name) is None]
    most = requests_count + SMALLEST - 1 - sum(count - (SMALLEST - 1) for count in hidden)
    return not hidden or told < most


def _lines(part: Part, outcomes: Iterable[Outcome]) -> list[Line]:
    by_key: dict[str, list[Outcome]] = {}
    for one in outcomes:
        by_key.setdefault(getattr(one, part.value), []).append(one)
    lines = [_line(key, found) for key, found in sorted(by_key.items()) if len(found) >= SMALLEST]
    return sorted(lines, key=lambda line: -(line.requests_count or 0))  # by what is shown, then by key


def _line(key: str, outcomes: Sequence[Outcome]) -> Line:
    return Line(
        key,
        stepped(len(outcomes)),
        stepped(sum(one.answer is not None for one in outcomes)),
        stepped(sum(one.is_started for one in outcomes)),
        stepped(sum(one.is_completed for one in outcomes)),
    )
