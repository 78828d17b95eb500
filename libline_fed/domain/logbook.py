"""Talks that were held: the logbook of a mentorship, and the hours that come of it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from libline_fed.errors import InvalidInput

MAX_MINUTES = 1_440
MAX_NOTES_CHARACTERS = 5_000
MAX_TALKS = 500  # of one author in one mentorship
AHEAD_OF_UTC = timedelta(days=1)  # it is tomorrow already where somebody lives


@dataclass(frozen=True, slots=True)
class TalkContent:
    """What an author notes of a talk. Date and length are for both; the notes only if shared."""

    held_on: date
    minutes: int
    notes_text: str = ""
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class Talk:
    """One row of `logbook`, field by field as the columns are named."""

    id: str
    uri: str
    mentorship_id: str
    author_id: str
    held_on: date
    minutes: int
    notes_text: str
    is_shared: bool
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None

    @property
    def content(self) -> TalkContent:
        """What its author noted."""
        return TalkContent(self.held_on, self.minutes, self.notes_text, self.is_shared)

    def notes_for(self, reader_id: str) -> str:
        """Return the notes that one of the two may read."""
        return self.notes_text if self.is_shared or reader_id == self.author_id else ""


def check_talk(content: TalkContent, *, today: date, since: date) -> None:
    """Check what was typed; `since` is the day on which the two first had to do with each other.

    Raises: InvalidInput.
    """
    problems: dict[str, str] = {}
    if content.held_on > today + AHEAD_OF_UTC:
        problems["held_on"] = "This day is still to come. Propose a meeting for it."
    if content.held_on < since - AHEAD_OF_UTC:
        problems["held_on"] = "This day is before you began to talk here."
    if not 1 <= content.minutes <= MAX_MINUTES:
        problems["minutes"] = "Write how many minutes you talked, from 1 to 1,440."
    if len(content.notes_text) > MAX_NOTES_CHARACTERS:
        problems["notes_text"] = "The notes are too long: 5,000 characters at most."
    if problems:
        raise InvalidInput(problems)


def total_minutes(talks: Iterable[Talk]) -> int:
    """Add up the time talked. When both note the same day, the longer of the two counts, not their sum."""
    by_day: dict[date, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for talk in talks:
        if talk.deleted_at is None:
            by_day[talk.held_on][talk.author_id] += talk.minutes
    return sum(min(max(of_author.values()), MAX_MINUTES) for of_author in by_day.values())
