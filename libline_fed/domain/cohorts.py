"""Cohorts: rounds of mentorships that the members of a consortium begin and end together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from libline_fed.errors import InvalidInput

MAX_NAME_CHARACTERS = 100
MAX_ORIENTATION_CHARACTERS = 10_000
MAX_AREAS = 20
MAX_DAYS = 730
MAX_COHORTS = 50  # of one consortium, those that are over among them


@dataclass(frozen=True, slots=True)
class Cohort:
    """One row of `cohorts`, field by field as the columns are named."""

    id: str
    group_id: str
    uri: str
    name: str
    orientation_text: str
    language: str
    areas: list[str]  # its topics
    opens_on: date
    closes_on: date
    created_at: datetime
    updated_at: datetime

    def stands(self, today: date) -> "Stand":
        """Return whether it is still to come, open or over."""
        if today < self.opens_on:
            return Stand.COMING
        return Stand.OPEN if today <= self.closes_on else Stand.OVER


class Stand(StrEnum):
    """Where a cohort stands on a day."""

    COMING = "coming"
    OPEN = "open"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class CohortDraft:
    """What a coordinator writes of a cohort."""

    name: str
    orientation_text: str
    language: str
    areas: tuple[str, ...]
    opens_on: date | None
    closes_on: date | None


def check_cohort(
    draft: CohortDraft, *, today: date, is_area: Callable[[str], bool], is_new: bool
) -> tuple[date, date]:
    """Return the first and the last day of a cohort that is well described.

    Raises: InvalidInput, keyed by field.
    """
    found = {
        "name": _name_problem(draft.name),
        "orientation_text": None
        if len(draft.orientation_text) <= MAX_ORIENTATION_CHARACTERS
        else "The text is too long: 10,000 characters at most.",
        "areas": _areas_problem(draft.areas, is_area),
        "opens_on": None if draft.opens_on is not None else "Choose the first day.",
        "closes_on": _last_day_problem(draft, today if is_new else None),
    }
    problems = {name: problem for name, problem in found.items() if problem is not None}
    if problems or draft.opens_on is None or draft.closes_on is None:
        raise InvalidInput(problems)
    return draft.opens_on, draft.closes_on


def _name_problem(name: str) -> str | None:
    if not name:
        return "Write a name for the cohort."
    return None if len(name) <= MAX_NAME_CHARACTERS else "The name is too long: 100 characters at most."


def _areas_problem(areas: tuple[str, ...], is_area: Callable[[str], bool]) -> str | None:
    if len(areas) > MAX_AREAS:
        return "Choose 20 areas at most."
    return None if all(is_area(area) for area in areas) else "Choose areas from the list."


def _last_day_problem(draft: CohortDraft, not_before: date | None) -> str | None:
    if draft.closes_on is None:
        return "Choose the last day."
    if draft.opens_on is not None and not 0 <= (draft.closes_on - draft.opens_on).days <= MAX_DAYS:
        return "Choose a last day after the first one, two years later at most."
    is_over = not_before is not None and draft.closes_on < not_before
    return "Choose a last day that is not over." if is_over else None
