"""What happened that concerns a member."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from libline_fed.domain.actors import Actor


class NotificationKind(StrEnum):
    """What a notification tells; the pages have one sentence for each."""

    FOLLOW = "follow"
    FOLLOW_REQUEST = "follow-request"
    FOLLOW_ACCEPTED = "follow-accepted"
    REPLY = "reply"
    MENTION = "mention"
    MESSAGE = "message"
    LIKE = "like"
    ANNOUNCE = "announce"
    POLL_VOTE = "poll-vote"
    SIGN_UP = "sign-up"
    MENTORSHIP = "mentorship"
    MENTORSHIP_MESSAGE = "mentorship-message"
    LINK = "link"
    CONSORTIUM = "consortium"
    SUGGESTION = "suggestion"


@dataclass(frozen=True, slots=True)
class Notification:
    """One row of `notifications`, field by field as the columns are named."""

    id: str
    account_id: str
    kind: str
    from_actor_id: str | None
    subject_uri: str | None
    created_at: datetime
    read_at: datetime | None
    event: str  # of a mentorship, link or consortium


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification with who caused it."""

    notification: Notification
    from_actor: Actor | None
