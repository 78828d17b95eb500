"""What a pair could talk about now."""

from dataclasses import dataclass
from datetime import datetime

from libline_fed.domain.mentorships import Mentorship
from libline_fed.domain.topics import due


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The topic of the fortnight in one language."""

    id: str
    title: str
    questions: list[str]


def suggest(mentorship: Mentorship, language: str, *, now: datetime) -> Suggestion | None:
    """Return the topic of the present fortnight of a running mentorship, else None."""
    if not mentorship.is_running:
        return None
    since = mentorship.decided_at or mentorship.started_at or mentorship.created_at
    topic = due(since.date(), now.date())
    return Suggestion(topic.id, topic.label(language), topic.asks(language))
