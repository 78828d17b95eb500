"""Feedback after a mentorship: each side once, sealed until both have answered or the time is over.

Thanks are apart from it: public words that appear only if the one who is thanked says yes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from libline_fed.domain.mentorships import BEFORE, CREDITED, FEEDBACK_DAYS, REFUSED, Mentorship, State
from libline_fed.errors import Conflict, InvalidInput

MAX_BODY_CHARACTERS = 2_000
MAX_THANKS_CHARACTERS = 500
WINDOW = timedelta(days=FEEDBACK_DAYS)
LATE = timedelta(days=14)  # what was sent in time may arrive so much later

# The three questions with the answers one can choose.
CHOICES: dict[str, tuple[str, ...]] = {
    "reached": ("yes", "partly", "no"),
    "helped": ("much", "some", "little"),
    "again": ("yes", "maybe", "no"),
}


class ThanksState(StrEnum):
    """How far public thanks are."""

    ASKED = "asked"  # the one who is thanked has not answered
    AGREED = "agreed"  # the one who is thanked said yes; the author's server publishes
    REFUSED = "refused"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"  # taken back by the author, before or after it was public


@dataclass(frozen=True, slots=True)
class FeedbackContent:
    """What somebody answers; a sealed one tells nothing but that it is there."""

    answers: Mapping[str, str]
    body_text: str = ""
    is_sealed: bool = False


@dataclass(frozen=True, slots=True)
class ThanksWish:
    """The words that somebody would like to publish, or that the wish is taken back."""

    text: str
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class ThanksAnswer:
    """What the one who is thanked says to a wish; `thanks_version` is the version that was read."""

    thanks_uri: str
    thanks_version: int
    is_yes: bool


@dataclass(frozen=True, slots=True)
class Feedback:
    """One row of `feedback`, field by field as the columns are named."""

    id: str
    uri: str
    mentorship_id: str
    author_id: str
    answers: dict[str, str]
    body_text: str
    is_here: bool
    created_at: datetime
    opened_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether the other may read it."""
        return self.opened_at is not None

    @property
    def content(self) -> FeedbackContent:
        """What was answered."""
        return FeedbackContent(self.answers, self.body_text)


@dataclass(frozen=True, slots=True)
class Thanks:
    """One row of `thanks`, field by field as the columns are named."""

    id: str
    uri: str  # of the wish, which is private
    note_uri: str  # of the public post, once there is one
    mentorship_id: str
    author_id: str
    thanked_id: str
    text: str
    content_html: str
    language: str | None
    state: str
    version: int
    answer_uri: str | None
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None


def is_due(mentorship: Mentorship, now: datetime) -> bool:
    """Tell whether feedback can be given: the mentorship took place and ended at most 28 days ago."""
    return (
        mentorship.state in CREDITED
        and mentorship.ended_at is not None
        and now <= mentorship.ended_at + WINDOW
    )


def may_arrive(mentorship: Mentorship, now: datetime) -> bool:
    """Tell whether the partner's server may send feedback or thanks: it may know of the end before we do."""
    if mentorship.state in (*BEFORE, *REFUSED, State.ENDED_INTRO, State.ENDED_SAFETY):
        return False
    return mentorship.ended_at is None or now <= mentorship.ended_at + WINDOW + LATE


def require_due(mentorship: Mentorship, now: datetime) -> None:
    """Let somebody give feedback.

    Raises: Conflict, with a sentence for the person.
    """
    if mentorship.state not in CREDITED:
        raise Conflict("no feedback in this state", safe="Feedback is for after the mentorship.")
    if not is_due(mentorship, now):
        raise Conflict("too late", safe="The 28 days for feedback are over.")


def check_feedback(content: FeedbackContent) -> None:
    """Check what was answered.

    Raises: InvalidInput.
    """
    problems: dict[str, str] = {}
    for question, choices in CHOICES.items():
        if content.answers.get(question) not in choices:
            problems[question] = "Choose an answer."
    if len(content.body_text) > MAX_BODY_CHARACTERS:
        problems["body_text"] = "The text is too long: 2,000 characters at most."
    if problems:
        raise InvalidInput(problems)


def check_thanks(text: str) -> None:
    """Check the words of thanks.

    Raises: InvalidInput.
    """
    if not text.strip():
        raise InvalidInput({"text": "Write a few words of thanks."})
    if len(text) > MAX_THANKS_CHARACTERS:
        raise InvalidInput({"text": "The text is too long: 500 characters at most."})
