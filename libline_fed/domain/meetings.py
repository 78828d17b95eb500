"""The next meeting: up to three times by one, the choice by the other.

The one who proposes owns the meeting, the other owns the answer. Each server keeps both with a version of
their own, and the state follows from the two: whatever crosses on the way, both servers end with the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, available_timezones

from libline_fed.errors import InvalidInput

MAX_TIMES = 3
MAX_PLACE_CHARACTERS = 500
MIN_MINUTES = 5
MAX_MINUTES = 480
AHEAD = timedelta(days=366)
MAX_OPEN_MEETINGS = 10  # of one author in one mentorship
GONE_AFTER = timedelta(days=1)  # a proposal whose last time has passed is not shown as open


class MeetingState(StrEnum):
    """What became of a meeting."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    DECLINED = "declined"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class MeetingContent:
    """What the proposer says: all that they can change, and all that travels."""

    times: tuple[datetime, ...]  # aware, UTC, in order
    minutes: int
    mode: str | None = None
    place_text: str = ""
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class MeetingChoice:
    """What the other says: one of the times, or none; `meeting_version` is the version that was seen."""

    meeting_uri: str
    meeting_version: int
    starts_at: datetime | None


@dataclass(frozen=True, slots=True)
class Meeting:
    """One row of `meetings`, field by field as the columns are named."""

    id: str
    uri: str
    mentorship_id: str
    author_id: str
    times: list[str]
    minutes: int
    mode: str | None
    place_text: str
    is_cancelled: bool
    state: str
    starts_at: datetime | None
    version: int
    answer_uri: str | None
    answer_version: int
    answer_to_version: int | None
    answer_starts_at: datetime | None
    changed_by: str
    created_at: datetime
    updated_at: datetime

    @property
    def content(self) -> MeetingContent:
        """What the proposer says."""
        return MeetingContent(
            moments(self.times), self.minutes, self.mode, self.place_text, self.is_cancelled
        )

    @property
    def choice(self) -> MeetingChoice | None:
        """What the other says, if anything."""
        if self.answer_uri is None:
            return None
        return MeetingChoice(self.uri, self.answer_to_version or 0, self.answer_starts_at)

    @property
    def ends_at(self) -> datetime | None:
        """When it is over."""
        return self.starts_at + timedelta(minutes=self.minutes) if self.starts_at else None

    @property
    def sequence(self) -> int:
        """How often it was changed, by either (RFC 5545 §3.8.7.4)."""
        return self.version + self.answer_version

    def is_waiting(self, now: datetime) -> bool:
        """Tell whether the other may still choose."""
        return self.state == MeetingState.PROPOSED and max(moments(self.times)) > now


def standing(content: MeetingContent, version: int, choice: MeetingChoice | None) -> MeetingState:
    """Return the state that follows from what both say."""
    if content.is_cancelled:
        return MeetingState.CANCELLED
    if choice is None:
        return MeetingState.PROPOSED
    if choice.starts_at is not None:
        # A time that is not offered any more was chosen while it was being changed: choose again.
        return MeetingState.AGREED if choice.starts_at in content.times else MeetingState.PROPOSED
    return MeetingState.DECLINED if choice.meeting_version >= version else MeetingState.PROPOSED


def starts_at(content: MeetingContent, version: int, choice: MeetingChoice | None) -> datetime | None:
    """Return when the meeting is, if it is agreed."""
    is_agreed = standing(content, version, choice) is MeetingState.AGREED
    return choice.starts_at if choice is not None and is_agreed else None


def moments(times: Sequence[str]) -> tuple[datetime, ...]:
    """Return stored times as moments."""
    return tuple(datetime.fromisoformat(text) for text in times)


def check_meeting(content: MeetingContent, *, now: datetime, is_new: bool) -> None:
    """Check what was typed.

    Raises: InvalidInput.
    """
    problems: dict[str, str] = {}
    if not content.times:
        problems["times"] = "Propose at least one time."
    if len(content.times) > MAX_TIMES:
        problems["times"] = "Propose three times at most."
    if is_new and any(at <= now for at in content.times):
        problems["times"] = "One of these times has passed already."
    if any(at > now + AHEAD for at in content.times):
        problems["times"] = "One of these times is more than a year ahead."
    if not MIN_MINUTES <= content.minutes <= MAX_MINUTES:
        problems["minutes"] = "Write how many minutes you need, from 5 to 480."
    if len(content.place_text) > MAX_PLACE_CHARACTERS:
        problems["place_text"] = "This is too long: 500 characters at most."
    if problems:
        raise InvalidInput(problems)


# --- time zones ---------------------------------------------------------------------------------------


def is_zone(name: str) -> bool:
    """Tell whether a name is that of a time zone."""
    return name in available_timezones()


def moment_in(zone: str, day: date, at: time) -> datetime | None:
    """Return a local time as a UTC moment to the minute; None for a time that the clocks leave out.

    Of a time that comes twice, when clocks are set back, the first is meant.
    """
    there = ZoneInfo(zone)
    typed = datetime.combine(day, at.replace(second=0, microsecond=0))
    moment = typed.replace(tzinfo=there).astimezone(UTC)
    return moment if moment.astimezone(there).replace(tzinfo=None) == typed else None
