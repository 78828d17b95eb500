"""What two people share, on the wire: direct Notes to the other only, with data beside the text.

The data stands under one of eight names, which the inline context of the Note defines; it is a JSON literal
(JSON-LD 1.1 §4.2.2), so nobody else needs to read inside. Built here, and read here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from typing import Any

from libline_fed.activitypub.build import timestamp
from libline_fed.activitypub.contexts import ACTIVITY_STREAMS, LIBLINE
from libline_fed.activitypub.values import (
    count_of,
    is_true,
    line_of,
    many,
    moment_of,
    objects,
    text_of,
    uri_of,
)
from libline_fed.domain import feedback as feedback_rules
from libline_fed.domain import goals as goal_rules
from libline_fed.domain import logbook as talk_rules
from libline_fed.domain import meetings as meeting_rules
from libline_fed.domain.feedback import FeedbackContent, ThanksAnswer, ThanksWish
from libline_fed.domain.goals import GoalContent, GoalState, Milestone
from libline_fed.domain.logbook import TalkContent
from libline_fed.domain.meetings import MeetingChoice, MeetingContent
from libline_fed.domain.messages import QuestionContent
from libline_fed.sanitize import clean_text

GOAL, TALK, MEETING, CHOICE = "goal", "talk", "meeting", "meetingAnswer"
FEEDBACK, THANKS, THANKS_ANSWER, QUESTION = "feedback", "thanks", "thanksAnswer", "question"
NAMES = (GOAL, TALK, MEETING, CHOICE, FEEDBACK, THANKS, THANKS_ANSWER, QUESTION)
MAX_VERSION = 1_000_000
MAX_TERM_CHARACTERS = 40
MAX_ID_CHARACTERS = 40

Content = (
    GoalContent
    | TalkContent
    | MeetingContent
    | MeetingChoice
    | FeedbackContent
    | ThanksWish
    | ThanksAnswer
    | QuestionContent
)

PRIVATE_CONTEXT: tuple[Any, ...] = (
    ACTIVITY_STREAMS,
    {
        "ostatus": "http://ostatus.org#",
        "conversation": "ostatus:conversation",
        "ll": LIBLINE,
        **{name: {"@id": f"ll:{name}", "@type": "@json"} for name in NAMES},
    },
)


@dataclass(frozen=True, slots=True)
class Item:
    """The data beside the text. Of two with one URI the one with the higher version counts."""

    content: Content
    version: int


@dataclass(frozen=True, slots=True)
class Reader:
    """The one whom a Note is for."""

    uri: str
    url: str  # their page
    address: str  # user@host


@dataclass(frozen=True, slots=True)
class OwnNote:
    """A private Note of a member here; `content_html` is sanitised and names nobody yet."""

    uri: str
    author_uri: str
    thread_uri: str
    content_html: str
    published_at: datetime
    updated_at: datetime | None = None
    in_reply_to_uri: str | None = None
    language: str | None = None
    item: Item | None = None


# --- building ---------------------------------------------------------------------------------------


def build_private_note(note: OwnNote, reader: Reader) -> dict[str, Any]:
    """Return a Note that Mastodon shows as a private mention: `to` the reader alone, who is mentioned.

    A recipient who is not mentioned would turn it into a post that nobody is told of.
    """
    content = with_mention(note.content_html, reader)
    document: dict[str, Any] = {
        "@context": list(PRIVATE_CONTEXT),
        "id": note.uri,
        "type": "Note",
        "attributedTo": note.author_uri,
        "to": [reader.uri],
        "cc": [],
        "published": timestamp(note.published_at),
        "inReplyTo": note.in_reply_to_uri,
        "context": note.thread_uri,
        "conversation": note.thread_uri,
        "content": content,
        "tag": [{"type": "Mention", "href": reader.uri, "name": f"@{reader.address}"}],
    }
    if note.language is not None:
        document["contentMap"] = {note.language: content}
    if note.updated_at is not None:
        document["updated"] = timestamp(note.updated_at)
    if note.item is not None:
        name, data = _data_of(note.item)
        document[name] = data
    return document


def with_mention(content_html: str, reader: Reader) -> str:
    """Return a text with its reader's name in front, as other software does it."""
    mention = (
        f'<span class="h-card"><a href="{escape(reader.url)}" class="u-url mention">'
        f"@{escape(reader.address.partition('@')[0])}</a></span>"
    )
    if content_html.startswith("<p>"):
        return f"<p>{mention} {content_html[3:]}"
    return f"<p>{mention}</p>{content_html}"


def _data_of(item: Item) -> tuple[str, dict[str, Any]]:
    name, data = _data(item.content)
    return name, {"version": item.version, **{key: value for key, value in data.items() if value is not None}}


def _data(content: Content) -> tuple[str, dict[str, Any]]:
    match content:
        case QuestionContent():
            return QUESTION, {"proposal": content.proposal_uri}
        case GoalContent():
            return GOAL, {
                "title": content.title,
                "text": content.body_text,
                "goalType": content.goal_type,
                "due": _iso(content.due_on),
                "state": content.state,
                "milestones": [
                    {"id": each.id, "title": each.title, "due": _iso(each.due_on), "done": _iso(each.done_on)}
                    for each in content.milestones
                ],
            }
        case TalkContent():
            notes = content.notes_text if content.is_shared else None
            return TALK, {"date": _iso(content.held_on), "minutes": content.minutes, "notes": notes}
        case MeetingContent():
            return MEETING, {
                "times": [timestamp(moment) for moment in content.times],
                "minutes": content.minutes,
                "mode": content.mode,
                "place": content.place_text,
                "cancelled": content.is_cancelled,
            }
        case MeetingChoice():
            chosen = timestamp(content.starts_at) if content.starts_at else None
            return CHOICE, {
                "meeting": content.meeting_uri,
                "meetingVersion": content.meeting_version,
                "time": chosen,
            }
        case FeedbackContent(is_sealed=True):
            return FEEDBACK, {"sealed": True}
        case FeedbackContent():
            return FEEDBACK, {"sealed": False, "answers": dict(content.answers), "text": content.body_text}
        case ThanksWish():
            return THANKS, {"text": content.text, "withdrawn": content.is_withdrawn}
        case ThanksAnswer():
            return THANKS_ANSWER, {
                "thanks": content.thanks_uri,
                "thanksVersion": content.thanks_version,
                "yes": content.is_yes,
            }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


# --- reading ----------------------------------------------------------------------------------------


def parse_item(document: Mapping[str, Any]) -> Item | None:
    """Read the data beside the text; None when there is none, or none that makes sense.

    Everything is bounded as if a person here had typed it. Never raises.
    """
    for name, read in _READERS.items():
        data = document.get(name)
        if isinstance(data, dict):
            content = read(data)
            version = count_of(data.get("version"), 0)
            return Item(content, version) if content is not None and 1 <= version <= MAX_VERSION else None
    return None


def _read_goal(data: Mapping[str, Any]) -> GoalContent | None:
    title = line_of(data.get("title"), goal_rules.MAX_TITLE_CHARACTERS)
    state = data.get("state", GoalState.OPEN)
    if not title or state not in list(GoalState):
        return None
    steps = [_read_milestone(each) for each in objects(data.get("milestones"))]
    return GoalContent(
        title=title,
        body_text=_text(data.get("text"), goal_rules.MAX_BODY_CHARACTERS),
        goal_type=line_of(data.get("goalType"), MAX_TERM_CHARACTERS) or None,
        due_on=_day_of(data.get("due")),
        state=str(state),
        milestones=tuple(each for each in steps if each is not None)[: goal_rules.MAX_MILESTONES],
    )


def _read_milestone(data: Mapping[str, Any]) -> Milestone | None:
    id_ = line_of(data.get("id"), MAX_ID_CHARACTERS)
    title = line_of(data.get("title"), goal_rules.MAX_TITLE_CHARACTERS)
    if not id_ or not title:
        return None
    return Milestone(id_, title, _day_of(data.get("due")), _day_of(data.get("done")))


def _read_talk(data: Mapping[str, Any]) -> TalkContent | None:
    held_on = _day_of(data.get("date"))
    minutes = count_of(data.get("minutes"), 0)
    if held_on is None or not 1 <= minutes <= talk_rules.MAX_MINUTES:
        return None
    notes = _text(data.get("notes"), talk_rules.MAX_NOTES_CHARACTERS)
    return TalkContent(held_on, minutes, notes, is_shared=bool(notes))


def _read_meeting(data: Mapping[str, Any]) -> MeetingContent | None:
    found = [moment_of(each) for each in many(data.get("times"))[: meeting_rules.MAX_TIMES]]
    times = tuple(sorted({each.replace(microsecond=0) for each in found if each is not None}))
    minutes = count_of(data.get("minutes"), 0)
    if not times or not meeting_rules.MIN_MINUTES <= minutes <= meeting_rules.MAX_MINUTES:
        return None
    return MeetingContent(
        times=times,
        minutes=minutes,
        mode=line_of(data.get("mode"), MAX_TERM_CHARACTERS) or None,
        place_text=_text(data.get("place"), meeting_rules.MAX_PLACE_CHARACTERS),
        is_cancelled=is_true(data.get("cancelled")),
    )


def _read_choice(data: Mapping[str, Any]) -> MeetingChoice | None:
    meeting_uri = uri_of(data.get("meeting"))
    chosen = moment_of(data.get("time"))
    if meeting_uri is None or (chosen is None and data.get("time") is not None):
        return None
    seen = min(count_of(data.get("meetingVersion"), 0), MAX_VERSION)
    return MeetingChoice(meeting_uri, seen, chosen.replace(microsecond=0) if chosen else None)


def _read_feedback(data: Mapping[str, Any]) -> FeedbackContent | None:
    if is_true(data.get("sealed")):
        return FeedbackContent({}, is_sealed=True)
    given = data.get("answers")
    answers = {
        question: given[question]
        for question, choices in feedback_rules.CHOICES.items()
        if isinstance(given, dict) and given.get(question) in choices
    }
    text = _text(data.get("text"), feedback_rules.MAX_BODY_CHARACTERS)
    return FeedbackContent(answers, text) if answers or text else None


def _read_thanks(data: Mapping[str, Any]) -> ThanksWish | None:
    text = _text(data.get("text"), feedback_rules.MAX_THANKS_CHARACTERS)
    return ThanksWish(text, is_withdrawn=is_true(data.get("withdrawn"))) if text else None


def _read_thanks_answer(data: Mapping[str, Any]) -> ThanksAnswer | None:
    thanks_uri = uri_of(data.get("thanks"))
    seen = min(count_of(data.get("thanksVersion"), 0), MAX_VERSION)
    return ThanksAnswer(thanks_uri, seen, is_true(data.get("yes"))) if thanks_uri is not None else None


def _read_question(data: Mapping[str, Any]) -> QuestionContent | None:
    proposal_uri = uri_of(data.get("proposal"))
    return QuestionContent(proposal_uri) if proposal_uri is not None else None


_READERS: dict[str, Callable[[Mapping[str, Any]], Content | None]] = {
    GOAL: _read_goal,
    TALK: _read_talk,
    MEETING: _read_meeting,
    CHOICE: _read_choice,
    FEEDBACK: _read_feedback,
    THANKS: _read_thanks,
    THANKS_ANSWER: _read_thanks_answer,
    QUESTION: _read_question,
}


def _text(value: Any, max_characters: int) -> str:
    return clean_text(text_of(value))[:max_characters].strip()


def _day_of(value: Any) -> date | None:
    if not isinstance(value, str) or len(value) != len("2027-03-31"):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
