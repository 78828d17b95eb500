"""Holidays: days on which no clock runs for a member."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Absence:
    """One row of `absences`, field by field as the columns are named. Both days belong to it."""

    id: str
    actor_id: str
    from_on: date
    until_on: date
    created_at: datetime
