"""Goals of a mentorship with their milestones. Their author writes them; both see them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from libline_fed.errors import InvalidInput

MAX_GOALS = 20  # of one author in one mentorship
MAX_MILESTONES = 12
MAX_TITLE_CHARACTERS = 200
MAX_BODY_CHARACTERS = 2_000


class GoalState(StrEnum):
    """What became of a goal."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Milestone:
    """A step on the way; `id` is unique within its goal."""

    id: str
    title: str
    due_on: date | None = None
    done_on: date | None = None


@dataclass(frozen=True, slots=True)
class GoalContent:
    """What a goal says: all that its author can change, and all that travels."""

    title: str
    body_text: str = ""
    goal_type: str | None = None
    due_on: date | None = None
    state: str = GoalState.OPEN.value
    milestones: tuple[Milestone, ...] = ()


@dataclass(frozen=True, slots=True)
class Goal:
    """One row of `goals`, field by field as the columns are named."""

    id: str
    uri: str
    mentorship_id: str
    author_id: str
    title: str
    body_text: str
    goal_type: str | None
    milestones: list[dict[str, Any]]
    due_on: date | None
    state: str
    version: int
    created_at: datetime
    updated_at: datetime
    done_at: datetime | None
    deleted_at: datetime | None

    @property
    def content(self) -> GoalContent:
        """What it says."""
        steps = tuple(milestone_of(each) for each in self.milestones)
        return GoalContent(self.title, self.body_text, self.goal_type, self.due_on, self.state, steps)


def milestone_of(stored: dict[str, Any]) -> Milestone:
    """Return a milestone from the form in which it is stored and sent."""
    return Milestone(
        stored["id"], stored["title"], _day(stored.get("due_on")), _day(stored.get("done_on"))
    )


def stored_milestones(milestones: Iterable[Milestone]) -> list[dict[str, Any]]:
    """Return milestones in the form in which they are stored."""
    return [
        {
            "id": each.id,
            "title": each.title,
            "due_on": each.due_on.isoformat() if each.due_on else None,
            "done_on": each.done_on.isoformat() if each.done_on else None,
        }
        for each in milestones
    ]


def check_goal(content: GoalContent) -> None:
    """Check what was typed.

    Raises: InvalidInput.
    """
    problems: dict[str, str] = {}
    if not content.title:
        problems["title"] = "Write the goal in one line."
    if len(content.title) > MAX_TITLE_CHARACTERS:
        problems["title"] = "The goal is too long: 200 characters at most."
    if len(content.body_text) > MAX_BODY_CHARACTERS:
        problems["body_text"] = "The text is too long: 2,000 characters at most."
    if len(content.milestones) > MAX_MILESTONES:
        problems["milestones"] = "These are too many steps: 12 at most."
    if any(len(each.title) > MAX_TITLE_CHARACTERS for each in content.milestones):
        problems["milestones"] = "A step is too long: 200 characters at most."
    if problems:
        raise InvalidInput(problems)


def milestones_from(titles: Sequence[str], known: Sequence[Milestone] = ()) -> tuple[Milestone, ...]:
    """Return the milestones that a list of lines names; one whose line stays keeps what is known of it."""
    left = list(known)
    number = max((int(each.id) for each in known if each.id.isdecimal()), default=0)
    found: list[Milestone] = []
    for title in titles:
        same = next((each for each in left if each.title == title), None)
        if same is not None:
            left.remove(same)
            found.append(same)
        else:
            number += 1
            found.append(Milestone(str(number), title))
    return tuple(found)


def ticked(content: GoalContent, milestone_id: str, *, done_on: date | None) -> GoalContent | None:
    """Return a goal with one milestone done, or open again; None if there is no such milestone."""
    if all(each.id != milestone_id for each in content.milestones):
        return None
    milestones = tuple(
        replace(each, done_on=(each.done_on or done_on) if done_on else None)
        if each.id == milestone_id
        else each
        for each in content.milestones
    )
    return replace(content, milestones=milestones)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
