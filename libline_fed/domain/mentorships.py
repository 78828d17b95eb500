"""Mentorships: their states, what can happen to them, and the row that both are kept in."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

MAX_OPEN_REQUESTS = 3
EXPIRY_DAYS = 10
REMINDER_DAYS = (3, 7)
DELIVERY_GRACE = timedelta(hours=24)
INTRO_DAYS = 21
MAX_PAUSE_DAYS = 90
PAUSE_GRACE_DAYS = 14
OBJECTION_DAYS = 7
NUDGE_DAYS = (60, 75)
LAPSE_DAYS = 90
ORPHAN_DAYS = 30
FEEDBACK_DAYS = 28
QUESTION_DAYS = 30
SUGGESTIONS_COUNT = 3


class Side(StrEnum):
    """One of the pair."""

    MENTOR = "mentor"
    MENTEE = "mentee"

    @property
    def other(self) -> "Side":
        """The one across."""
        return Side.MENTEE if self is Side.MENTOR else Side.MENTOR


CLOCK = "clock"  # stands where a side would, for what time brings about


class State(StrEnum):
    """Where a mentorship stands."""

    DRAFT = "draft"
    QUESTION = "question"
    PROPOSED = "proposed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    INTRO = "intro"
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    ENDED_EARLY = "ended-early"
    ENDED_INTRO = "ended-intro"
    ENDED_SAFETY = "ended-safety"
    LAPSED = "lapsed"


BEFORE = frozenset({State.DRAFT, State.QUESTION, State.PROPOSED})
RUNNING = frozenset({State.INTRO, State.ACTIVE, State.PAUSED})
REFUSED = frozenset({State.DECLINED, State.WITHDRAWN, State.EXPIRED, State.SUPERSEDED})
ENDED = frozenset({State.COMPLETED, State.ENDED_EARLY, State.ENDED_INTRO, State.ENDED_SAFETY, State.LAPSED})
CREDITED = frozenset({State.COMPLETED, State.ENDED_EARLY, State.LAPSED})  # both keep credit for these


class Channel(StrEnum):
    """How the two servers, or the server and the person, talk."""

    LOCAL = "local"  # both are members here
    LIBLINE = "libline"  # the other is on a LibLine server
    NOTE = "note"  # the other has no LibLine: private messages, and this server decides


class Event(StrEnum):
    """What can happen to a mentorship."""

    WRITE = "write"
    ASK_QUESTION = "ask-question"
    SEND = "send"
    ACCEPT = "accept"
    DECLINE = "decline"
    COUNTER = "counter"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    SUPERSEDE = "supersede"
    CHANGE_TERMS = "change-terms"
    CONFIRM = "confirm"
    LEAVE = "leave"
    END_INTRO = "end-intro"
    PAUSE = "pause"
    RESUME = "resume"
    EXTEND = "extend"
    COMPLETE = "complete"
    OBJECT = "object"
    END_EARLY = "end-early"
    LAPSE = "lapse"
    REVIVE = "revive"
    END_FOR_SAFETY = "end-for-safety"


class DeclineReason(StrEnum):
    """Why a request got a no; the first four are for people, the others are the server's."""

    NOT_NOW = "not-now"
    NOT_MY_AREA = "not-my-area"
    TRY_SOMEBODY = "try-somebody"
    OTHER = "other"
    FULL = "full"
    EXPIRED = "expired"
    CLOSED = "closed"
    UNAVAILABLE = "unavailable"  # blocked or not allowed: the other side is not told which


PEOPLES_REASONS = tuple(list(DeclineReason)[:4])


@dataclass(frozen=True, slots=True)
class Mentorship:
    """One row of `mentorships`, field by field as the columns are named."""

    id: str
    agreement_uri: str | None
    offer_uri: str | None
    thread_uri: str
    proposal_id: str | None
    proposal_uri: str
    proposal_title: str
    purpose: str
    mentor_id: str
    mentee_id: str
    channel: str
    asker: str
    state: str
    standing: dict[str, Any]
    version: int
    epoch: int
    changed_by: str
    message_text: str
    message_html: str
    answers: dict[str, str]
    language: str | None
    counters_count: int
    terms: dict[str, Any]
    terms_version: int
    terms_by: str | None
    mentor_confirmed_version: int | None
    mentor_confirmed_at: datetime | None
    mentee_confirmed_version: int | None
    mentee_confirmed_at: datetime | None
    reason: str | None
    reason_text: str
    is_crossed: bool
    is_announced: bool
    seat_proposal_id: str | None
    holds_seat: bool
    mentor_contact: str
    mentee_contact: str
    sent_at: datetime | None
    expires_at: datetime | None
    reminders_count: int
    decided_at: datetime | None
    intro_ends_at: datetime | None
    started_at: datetime | None
    ends_on: date | None
    paused_at: datetime | None
    paused_until_on: date | None
    ended_at: datetime | None
    alive_at: datetime | None
    nudges_count: int
    orphaned_at: datetime | None
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @property
    def is_running(self) -> bool:
        """Whether a seat is taken by it."""
        return self.state in RUNNING

    @property
    def is_over(self) -> bool:
        """Whether nothing can follow but feedback."""
        return self.state in ENDED or self.state in REFUSED

    @property
    def decider(self) -> Side:
        """Who answers the Offer that waits."""
        return Side(self.asker).other

    def actor_id(self, side: Side) -> str:
        """Return who stands on a side."""
        return self.mentor_id if side is Side.MENTOR else self.mentee_id

    def side_of(self, actor_id: str) -> Side | None:
        """Return on which side an actor stands, or None."""
        if actor_id == self.mentor_id:
            return Side.MENTOR
        return Side.MENTEE if actor_id == self.mentee_id else None

    def confirmed_version(self, side: Side) -> int | None:
        """Return which version of the terms a side has said yes to."""
        return self.mentor_confirmed_version if side is Side.MENTOR else self.mentee_confirmed_version

    def has_confirmed(self, side: Side) -> bool:
        """Tell whether a side has said yes to the terms as they are."""
        return self.terms_version > 0 and self.confirmed_version(side) == self.terms_version


@dataclass(frozen=True, slots=True)
class MentorshipEvent:
    """One row of `mentorship_events`, field by field as the columns are named."""

    id: str
    mentorship_id: str
    event: str
    by: str
    state_before: str
    state_after: str
    version: int
    detail: dict[str, Any]
    created_at: datetime
