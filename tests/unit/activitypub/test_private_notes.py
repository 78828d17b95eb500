"""What a pair shares on the wire: built, read back, and read when it is hostile."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libline_fed.activitypub import private_texts
from libline_fed.activitypub.parse import parse_note
from libline_fed.activitypub.private_notes import (
    NAMES,
    PRIVATE_CONTEXT,
    Content,
    Item,
    OwnNote,
    Reader,
    build_private_note,
    parse_item,
)
from libline_fed.activitypub.private_texts import Words
from libline_fed.activitypub.wire import dump_json, parse_json
from libline_fed.domain.feedback import FeedbackContent, ThanksAnswer, ThanksWish
from libline_fed.domain.goals import GoalContent, Milestone
from libline_fed.domain.logbook import TalkContent
from libline_fed.domain.meetings import MeetingChoice, MeetingContent
from libline_fed.errors import Refusal

ROOT = Path(__file__).parent.parent.parent.parent
AT = datetime(2027, 3, 3, 15, 0, tzinfo=UTC)
URI = "https://a.example/messages/1"
READER = Reader("https://b.example/users/ben", "https://b.example/@ben", "ben@b.example")
CONTENTS: tuple[Content, ...] = (
    GoalContent(
        "A goal",
        "More.",
        "G07",
        date(2027, 5, 1),
        "done",
        (Milestone("1", "Read", None, date(2027, 3, 1)),),
    ),
    TalkContent(date(2027, 3, 3), 45),
    TalkContent(date(2027, 3, 3), 45, "Notes.", is_shared=True),
    MeetingContent((AT, AT.replace(day=4)), 30, "M1", "Room 4"),
    MeetingContent((AT,), 30, is_cancelled=True),
    MeetingChoice(URI, 3, AT),
    MeetingChoice(URI, 3, None),
    FeedbackContent({}, is_sealed=True),
    FeedbackContent({"reached": "yes", "helped": "much", "again": "no"}, "Words."),
    ThanksWish("Thank you."),
    ThanksWish("Thank you.", is_withdrawn=True),
    ThanksAnswer(URI, 2, is_yes=True),
)


def note(content: Content | None = None, **changed: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "uri": URI,
        "author_uri": "https://a.example/actors/ana",
        "thread_uri": "https://a.example/threads/7",
        "content_html": "<p>Words</p>",
        "published_at": AT,
        "item": Item(content, 4) if content is not None else None,
        **changed,
    }
    return build_private_note(OwnNote(**values), READER)


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: type(content).__name__)
def test_what_is_sent_is_what_is_read(content: Content) -> None:
    document = parse_json(dump_json(note(content)))
    assert not isinstance(document, Refusal), document
    read = parse_note(document)
    assert not isinstance(read, Refusal)
    assert read.item == Item(content, 4)
    assert read.to == (READER.uri,)
    assert read.cc == ()


def test_notes_that_are_not_shared_are_not_sent() -> None:
    assert "secret" not in str(note(TalkContent(date(2027, 3, 3), 45, "secret")))


def test_the_context_defines_every_name_and_is_never_fetched() -> None:
    inline = PRIVATE_CONTEXT[1]
    for name in NAMES:
        assert inline[name] == {"@id": f"ll:{name}", "@type": "@json"}
    assert PRIVATE_CONTEXT[0] == "https://www.w3.org/ns/activitystreams"


def test_the_reader_is_mentioned_in_front_of_the_words() -> None:
    document = note(language="es", updated_at=AT, in_reply_to_uri="https://b.example/statuses/1")
    assert document["content"] == (
        '<p><span class="h-card"><a href="https://b.example/@ben" class="u-url mention">@ben</a></span> '
        "Words</p>"
    )
    assert document["contentMap"] == {"es": document["content"]}
    assert document["updated"] == "2027-03-03T15:00:00Z"
    assert document["inReplyTo"] == "https://b.example/statuses/1"


@pytest.mark.parametrize(
    "data",
    [
        {"goal": {"version": 1}},
        {"goal": {"version": 1, "title": "x", "state": "perhaps"}},
        {"goal": {"version": 0, "title": "x"}},
        {"goal": {"version": 10**9, "title": "x"}},
        {"goal": {"version": "many", "title": "x"}},
        {"goal": ["title"]},
        {"talk": {"version": 1, "date": "2027-02-30", "minutes": 5}},
        {"talk": {"version": 1, "date": "2027-02-03", "minutes": 5_000}},
        {"talk": {"version": 1, "date": 7, "minutes": 5}},
        {"meeting": {"version": 1, "times": [], "minutes": 30}},
        {"meeting": {"version": 1, "times": "soon", "minutes": 30}},
        {"meetingAnswer": {"version": 1, "meeting": "javascript:alert(1)"}},
        {"meetingAnswer": {"version": 1, "meeting": URI, "time": "soon"}},
        {"feedback": {"version": 1}},
        {"thanks": {"version": 1, "text": 7}},
        {"thanksAnswer": {"version": 1, "thanks": None, "yes": True}},
    ],
)
def test_data_that_makes_no_sense_is_no_data(data: dict[str, Any]) -> None:
    assert parse_item(data) is None


def test_data_is_bounded_as_if_a_person_here_had_typed_it() -> None:
    huge = "x" * 100_000
    goal = parse_item(
        {"goal": {"version": 1, "title": huge, "text": huge, "milestones": [{"id": "1", "title": huge}] * 50}}
    )
    assert goal is not None
    assert isinstance(goal.content, GoalContent)
    assert (len(goal.content.title), len(goal.content.body_text)) == (200, 2_000)
    assert len(goal.content.milestones) == 12
    meeting = parse_item({"meeting": {"version": 1, "times": ["2027-03-03T15:00:00Z"] * 900, "minutes": 30}})
    assert meeting is not None
    assert isinstance(meeting.content, MeetingContent)
    assert meeting.content.times == (AT,)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
# fmt: off
KEYS = (
    "version", "title", "text", "state", "due", "milestones", "date", "minutes", "notes", "times", "mode",
    "place", "cancelled", "meeting", "meetingVersion", "time", "sealed", "answers", "thanks", "yes",
)
# fmt: on


@given(
    name=st.sampled_from(NAMES),
    data=st.dictionaries(st.sampled_from(KEYS), json_values, max_size=8) | json_values,
)
def test_reading_never_raises(name: str, data: Any) -> None:
    found = parse_item({name: data})
    assert found is None or 1 <= found.version <= 1_000_000


# --- the words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "es", "fr", "ar", "de", None])
def test_everything_is_said_in_plain_words(language: str | None) -> None:
    words = Words(language)
    said = [
        words.goal(CONTENTS[0]),  # type: ignore[arg-type]
        words.talk(CONTENTS[2]),  # type: ignore[arg-type]
        words.meeting(CONTENTS[3], zone="Asia/Kolkata"),  # type: ignore[arg-type]
        words.meeting(CONTENTS[4]),  # type: ignore[arg-type]
        words.choice(CONTENTS[5]),  # type: ignore[arg-type]
        words.choice(CONTENTS[6]),  # type: ignore[arg-type]
        words.feedback(CONTENTS[7]),  # type: ignore[arg-type]
        words.feedback(CONTENTS[8]),  # type: ignore[arg-type]
        words.thanks(CONTENTS[9]),  # type: ignore[arg-type]
        words.thanks(CONTENTS[10]),  # type: ignore[arg-type]
        words.thanks_answer(CONTENTS[11]),  # type: ignore[arg-type]
    ]
    assert all(said)
    assert len(set(said)) == len(said)
    assert not re.search(r"\{\w+\}", "".join(said))


def test_every_language_has_every_text() -> None:
    texts = private_texts._TEXTS
    assert {frozenset(each) for each in texts.values()} == {frozenset(texts["en"])}
    for key, english in texts["en"].items():
        for language, others in texts.items():
            holes = set(re.findall(r"\{\w+\}", others[key]))
            assert holes == set(re.findall(r"\{\w+\}", english)), (language, key)


def test_what_people_type_is_put_in_as_it_is() -> None:
    assert Words("en").goal(GoalContent("Read {day} and %(name)s")) == "Goal: Read {day} and %(name)s"


def test_a_meeting_says_the_time_in_utc_and_the_writers_own_but_not_where_that_is() -> None:
    said = Words("en").meeting(MeetingContent((AT,), 45), zone="Africa/Nairobi")
    assert "1) 3 March 2027, 15:00 UTC (18:00 for me)" in said
    other_day = Words("en").meeting(MeetingContent((AT,), 45), zone="Pacific/Auckland")
    assert "15:00 UTC (4 March 2027, 04:00 for me)" in other_day
    assert "Nairobi" not in said


def test_the_samples_in_federation_are_what_is_sent() -> None:
    section = (ROOT / "FEDERATION.md").read_text(encoding="utf-8").partition("## What a pair shares")[2]
    shown = re.findall(r"^\| `(\w+)` \| .* \| `(\{.*\})` \|$", section.partition("\n## ")[0], re.MULTILINE)
    sent = [note(content) for content in CONTENTS]
    assert {name for name, _ in shown} == set(NAMES) - {"question"}
    for name, sample in shown:
        assert json.loads(sample) in [document.get(name) for document in sent], name
