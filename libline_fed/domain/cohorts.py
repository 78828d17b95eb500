"""Cohorts: rounds of mentorships that the members of a consortium begin and end together."""

from dataclasses import dataclass
from datetime import date, datetime


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
