"""Rules of working together: meetings, goals, talks, messages, topics."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libline_fed.domain import feedback, topics
from libline_fed.domain.goals import GoalContent, Milestone, milestones_from, stored_milestones, ticked
from libline_fed.domain.logbook import Talk, total_minutes
from libline_fed.domain.meetings import (
    MeetingChoice,
    MeetingContent,
    MeetingState,
    is_zone,
    moment_in,
    standing,
    starts_at,
)
from libline_fed.domain.messages import Message, next_edit_at
from libline_fed.vocabulary import LABEL_LANGUAGES

NOW = datetime(2026, 11, 24, 9, 0, 0, 250_000, tzinfo=UTC)
TIMES = tuple(NOW.replace(microsecond=0) + timedelta(days=day) for day in (1, 2, 3))
URI = "https://a.example/messages/1"


# --- meetings -------------------------------------------------------------------------------------------


def test_a_meeting_stands_where_both_have_put_it() -> None:
    offered = MeetingContent(TIMES, 45)
    yes, none = MeetingChoice(URI, 1, TIMES[1]), MeetingChoice(URI, 1, None)
    assert standing(offered, 1, None) is MeetingState.PROPOSED
    assert standing(offered, 1, yes) is MeetingState.AGREED
    assert starts_at(offered, 1, yes) == TIMES[1]
    assert standing(offered, 1, none) is MeetingState.DECLINED
    assert standing(offered, 2, none) is MeetingState.PROPOSED  # changed since: ask again
    assert standing(replace(offered, place_text="Room 4"), 2, yes) is MeetingState.AGREED
    assert standing(replace(offered, times=TIMES[2:]), 2, yes) is MeetingState.PROPOSED
    assert standing(replace(offered, is_cancelled=True), 2, yes) is MeetingState.CANCELLED
    assert starts_at(replace(offered, is_cancelled=True), 2, yes) is None


contents = st.builds(
    MeetingContent,
    times=st.lists(st.sampled_from(TIMES), min_size=1, max_size=3, unique=True).map(
        lambda times: tuple(sorted(times))
    ),
    minutes=st.sampled_from([30, 45]),
    is_cancelled=st.booleans(),
)


@given(
    said=st.lists(contents, min_size=1, max_size=3),
    chosen=st.lists(st.tuples(st.integers(1, 3), st.sampled_from([None, *TIMES])), max_size=3),
)
def test_both_servers_end_alike_in_whatever_order_they_hear(
    said: list[MeetingContent], chosen: list[tuple[int, datetime | None]]
) -> None:
    """Each keeps the latest of what each of the two says; the state follows from these alone."""
    proposals: list[tuple[str, int, Any]] = [("meeting", n, each) for n, each in enumerate(said, start=1)]
    answers: list[tuple[str, int, Any]] = [
        ("answer", n, MeetingChoice(URI, *each)) for n, each in enumerate(chosen, start=1)
    ]
    ends = set()
    for order in list(permutations(proposals + answers))[:60]:
        kept: dict[str, tuple[int, Any]] = {"answer": (0, None), "meeting": (0, None)}
        for kind, version, value in order:
            if version > kept[kind][0]:
                kept[kind] = (version, value)
        (version, content), (_, choice) = kept["meeting"], kept["answer"]
        ends.add((standing(content, version, choice), starts_at(content, version, choice)))
    assert len(ends) == 1


@pytest.mark.parametrize(
    ("zone", "day", "at", "moment"),
    [
        ("Europe/Madrid", date(2027, 1, 5), time(15, 30), "2027-01-05T14:30:00+00:00"),
        ("Europe/Madrid", date(2027, 7, 5), time(15, 30), "2027-07-05T13:30:00+00:00"),
        ("Asia/Kolkata", date(2027, 1, 5), time(0, 15), "2027-01-04T18:45:00+00:00"),
        ("Europe/Madrid", date(2027, 3, 28), time(2, 30), None),  # the clocks go from 2 to 3
        ("Europe/Madrid", date(2027, 10, 31), time(2, 30), "2027-10-31T00:30:00+00:00"),  # the first of two
        ("UTC", date(2027, 3, 28), time(2, 30), "2027-03-28T02:30:00+00:00"),
    ],
)
def test_local_times_become_moments(zone: str, day: date, at: time, moment: str | None) -> None:
    found = moment_in(zone, day, at)
    assert (found.isoformat() if found else None) == moment


def test_zones_are_names_of_the_list_and_nothing_else() -> None:
    assert is_zone("Africa/Nairobi")
    for name in ("", "Mars/Phobos", "../../etc/passwd", "/etc/localtime", "africa/nairobi", "GMT+25"):
        assert not is_zone(name), name


# --- goals ----------------------------------------------------------------------------------------------


def test_steps_keep_their_ticks_as_long_as_their_line_stays() -> None:
    first = milestones_from(["Read", "Try", "Try"])
    assert [step.id for step in first] == ["1", "2", "3"]
    goal = ticked(GoalContent("A goal", milestones=first), "3", done_on=date(2027, 1, 1))
    assert goal is not None
    again = milestones_from(["Try", "Write", "Try"], goal.milestones)
    assert [(step.id, step.title, step.done_on) for step in again] == [
        ("2", "Try", None),
        ("4", "Write", None),
        ("3", "Try", date(2027, 1, 1)),
    ]
    assert ticked(goal, "9", done_on=None) is None
    back = ticked(goal, "3", done_on=None)
    assert back is not None
    assert all(step.done_on is None for step in back.milestones)
    twice = ticked(goal, "3", done_on=date(2027, 2, 2))
    assert twice == goal  # done is done: the first day stays


def test_steps_are_stored_as_plain_data() -> None:
    steps = (Milestone("1", "Read", date(2027, 1, 1), None),)
    assert stored_milestones(steps) == [
        {"id": "1", "title": "Read", "due_on": "2027-01-01", "done_on": None}
    ]


# --- talks ----------------------------------------------------------------------------------------------


def talk(day: int, minutes: int, author: str, **more: Any) -> Talk:
    values: dict[str, Any] = {
        "id": "", "uri": "", "mentorship_id": "", "author_id": author, "held_on": date(2027, 1, day),
        "minutes": minutes, "notes_text": "", "is_shared": False, "version": 1, "created_at": NOW,
        "updated_at": NOW, "deleted_at": None, **more,
    }  # fmt: skip
    return Talk(**values)


def test_time_adds_up_without_counting_a_talk_twice() -> None:
    assert total_minutes([]) == 0
    assert total_minutes([talk(1, 45, "a"), talk(1, 60, "b"), talk(2, 30, "a")]) == 90
    assert total_minutes([talk(1, 30, "a"), talk(1, 30, "a"), talk(1, 45, "b")]) == 60
    assert total_minutes([talk(1, 45, "a", deleted_at=NOW)]) == 0
    assert total_minutes([talk(1, 1_000, "a"), talk(1, 1_000, "a")]) == 1_440


# --- messages, topics, feedback -------------------------------------------------------------------------


def test_every_edit_is_later_than_what_others_know() -> None:
    message = Message("", URI, "", "", True, None, "", "", None, NOW, None, None, NOW, None)
    first = next_edit_at(message, NOW)
    assert first == NOW.replace(microsecond=0) + timedelta(seconds=1)
    second = next_edit_at(replace(message, edited_at=first), NOW)
    assert second == first + timedelta(seconds=1)
    assert next_edit_at(message, NOW + timedelta(days=1)) == (NOW + timedelta(days=1)).replace(microsecond=0)


def test_a_topic_is_due_for_a_fortnight_and_the_first_comes_once() -> None:
    start, listed = date(2026, 1, 1), topics.topics()
    assert len(listed) >= 12
    shown = [topics.due(start, start + timedelta(days=day)).id for day in range(800)]
    assert shown[:28] == ["T01"] * 14 + ["T02"] * 14
    assert shown[14 * len(listed)] == "T02"
    assert shown[14:].count("T01") == 0
    assert topics.due(start, start - timedelta(days=5)).id == "T01"


def test_topics_speak_four_languages() -> None:
    for topic in topics.topics():
        for language in LABEL_LANGUAGES:
            assert topic.labels[language]
            assert all(question[language] for question in topic.questions)


def test_feedback_has_three_questions_with_three_answers_each() -> None:
    assert [len(choices) for choices in feedback.CHOICES.values()] == [3, 3, 3]
