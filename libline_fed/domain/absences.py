"""Holidays: days on which no clock runs for a member."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from libline_fed.errors import InvalidInput

MAX_ABSENCES = 20
MAX_ABSENCE_DAYS = 190
MAX_DAYS_AHEAD = 730


@dataclass(frozen=True, slots=True)
class Absence:
    """One row of `absences`, field by field as the columns are named. Both days belong to it."""

    id: str
    actor_id: str
    from_on: date
    until_on: date
    created_at: datetime


def check_absence(from_on: date | None, until_on: date | None, today: date) -> tuple[date, date]:
    """Let the days of a holiday pass or refuse them. It may have begun already, but not be over.

    Raises: InvalidInput, keyed by field.
    """
    problems: dict[str, str] = {}
    if from_on is None:
        problems["from_on"] = "Choose the first day."
    if until_on is None:
        problems["until_on"] = "Choose the last day."
    if from_on is not None and until_on is not None:
        if until_on < max(from_on, today):
            problems["until_on"] = "Choose a last day that is still to come, not before the first one."
        elif (until_on - from_on).days >= MAX_ABSENCE_DAYS:
            problems["until_on"] = "A holiday has 190 days at most. For longer, close your offers."
        elif (until_on - today).days > MAX_DAYS_AHEAD:
            problems["until_on"] = "Choose days of the next two years."
    if problems:
        raise InvalidInput(problems)
    assert from_on is not None
    assert until_on is not None
    return from_on, until_on


def away_until(absences: Iterable[Absence], today: date) -> date | None:
    """Return the last day of the present absence, through any that follow at once; None if there is none."""
    last: date | None = None
    for absence in sorted(absences, key=lambda one: one.from_on):
        reached = last if last is not None else today
        is_next = last is not None and (absence.from_on - last).days == 1
        if absence.until_on >= today and (absence.from_on <= reached or is_next):
            last = max(absence.until_on, reached)
    return last
