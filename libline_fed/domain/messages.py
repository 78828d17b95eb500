"""Messages of a mentorship's private thread: who may write when, and what a message is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from libline_fed.domain.mentorships import FEEDBACK_DAYS, RUNNING, Mentorship, State
from libline_fed.errors import Conflict, InvalidInput

MAX_MESSAGE_CHARACTERS = 5_000
AFTER_END = timedelta(days=FEEDBACK_DAYS)
LATE = timedelta(days=14)  # what was sent in time may arrive so much later
MAX_UNANSWERED_COUNT = 3  # before the two have agreed to talk, so that nobody is overrun
CONSENT_EVENT = "privacy-notice"

_ASKING = frozenset({State.QUESTION, State.PROPOSED})
_OVER = frozenset({State.COMPLETED, State.ENDED_EARLY, State.ENDED_INTRO, State.LAPSED})


@dataclass(frozen=True, slots=True)
class Message:
    """One row of `messages`, field by field as the columns are named."""

    id: str
    uri: str
    mentorship_id: str
    author_id: str
    is_local: bool
    in_reply_to_uri: str | None
    body_text: str
    content_html: str
    language: str | None
    published_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    received_at: datetime
    read_at: datetime | None

    @property
    def is_deleted(self) -> bool:
        """Whether only its place is left."""
        return self.deleted_at is not None


@dataclass(frozen=True, slots=True)
class QuestionContent:
    """Says that a message is a question before a request, and about which proposal."""

    proposal_uri: str


def check_text(text: str) -> None:
    """Check what was typed.

    Raises: InvalidInput.
    """
    if not text.strip():
        raise InvalidInput({"text": "Write something."})
    if len(text) > MAX_MESSAGE_CHARACTERS:
        raise InvalidInput({"text": "The text is too long: 5,000 characters at most."})


def is_asking(mentorship: Mentorship) -> bool:
    """Tell whether there is a question or a request and no yes yet."""
    return mentorship.state in _ASKING


def may_talk(mentorship: Mentorship, now: datetime) -> bool:
    """Tell whether the two may write to each other: from the first question to 28 days after the end."""
    if mentorship.state in RUNNING or mentorship.state in _ASKING:
        return True
    return (
        mentorship.state in _OVER
        and mentorship.ended_at is not None
        and now <= mentorship.ended_at + AFTER_END
    )


def may_still_arrive(mentorship: Mentorship, now: datetime) -> bool:
    """Tell whether what the other's server sends is taken in; it may have been under way for a while."""
    return may_talk(mentorship, now) or may_talk(mentorship, now - LATE)


def require_talk(mentorship: Mentorship, now: datetime) -> None:
    """Let the two write.

    Raises: Conflict, with a sentence for the person.
    """
    if not may_talk(mentorship, now):
        raise Conflict(
            f"no messages in state {mentorship.state}",
            safe="You cannot write here: this mentorship has not begun, or it ended more than 28 days ago.",
        )


def next_edit_at(message: Message, now: datetime) -> datetime:
    """Return the moment of an edit: later by a whole second than anything others know of the message."""
    known_at = message.edited_at or message.published_at
    return max(now.replace(microsecond=0), known_at.replace(microsecond=0) + timedelta(seconds=1))
