"""What may be written into a proposal, and how it moves from state to state."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from libline_fed import vocabulary
from libline_fed.domain.proposals import (
    ALLOWED_STATUS,
    MODES,
    Draft,
    Status,
    check_draft,
    check_status_change,
)
from libline_fed.errors import Conflict, InvalidInput

TODAY = date(2026, 11, 24)
AREAS = tuple(area for area in vocabulary.area_ids() if area != vocabulary.UNDECIDED_AREA)
DRAFT = Draft(
    purpose="offer",
    title="Cataloguing with RDA",
    body_text="One hour a month.",
    areas=AREAS[:1],
    languages=("en",),
    modes=("M1",),
)
FIELDS = set(Draft.__dataclass_fields__)


def problems(draft: Draft) -> set[str]:
    """Return the fields that are wrong."""
    try:
        check_draft(draft, today=TODAY, is_term=vocabulary.is_term, is_language=vocabulary.is_language)
    except InvalidInput as refused:
        return {name for name, sentence in refused.fields.items() if sentence.endswith(".")}
    return set()


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"title": "x" * 120},
        {"title": "ع" * 120},
        {"body_text": "x" * 5_000},
        {"areas": AREAS[:8]},
        {"purpose": "request", "areas": AREAS[:5]},
        {"languages": ("en",) * 10},
        {"languages": ("es-MX", "quz", "zh-Hant")},
        {"modes": MODES},
        {"places_count": 1},
        {"places_count": 50},
        {"open_until_on": TODAY},
        {"open_until_on": TODAY + timedelta(days=730)},
        {"audience": "instance"},
    ],
)
def test_what_is_at_the_limit_passes(changed: dict[str, Any]) -> None:
    assert problems(replace(DRAFT, **changed)) == set()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "\n\t "}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"body_text": " "}, "body_text"),
        ({"body_text": "x" * 5_001}, "body_text"),
        ({"areas": ()}, "areas"),
        ({"areas": AREAS[:9]}, "areas"),
        ({"purpose": "request", "areas": AREAS[:6]}, "areas"),
        ({"areas": ("A0301 ",)}, "areas"),
        ({"areas": ("https://w3id.org/libline/vocab/v1/area/A0301",)}, "areas"),
        ({"languages": ()}, "languages"),
        ({"languages": ("en",) * 11}, "languages"),
        ({"languages": ("en", "")}, "languages"),
        ({"languages": ("en_US",)}, "languages"),
        ({"language": ""}, "language"),
        ({"modes": ()}, "modes"),
        ({"modes": ("M1", "M6")}, "modes"),
        ({"places_count": 0}, "places_count"),
        ({"places_count": 51}, "places_count"),
        ({"places_count": -(10**30)}, "places_count"),
        ({"open_until_on": TODAY - timedelta(days=1)}, "open_until_on"),
        ({"open_until_on": TODAY + timedelta(days=731)}, "open_until_on"),
        ({"open_until_on": date.max}, "open_until_on"),
        ({"audience": ""}, "audience"),
        ({"audience": "PUBLIC"}, "audience"),
        ({"purpose": ""}, "purpose"),
        ({"purpose": "Offer"}, "purpose"),
    ],
)
def test_what_is_beyond_it_is_refused_by_the_name_of_its_field(changed: dict[str, Any], field: str) -> None:
    assert problems(replace(DRAFT, **changed)) == {field}


def test_all_mistakes_are_named_at_once() -> None:
    wrong = Draft(purpose="offer", title="", language="", places_count=0, audience="", open_until_on=date.min)
    assert problems(wrong) == FIELDS - {"purpose", "details", "groups_left_out"}


_texts = st.text(st.characters(), max_size=200)
_lists = st.lists(_texts, max_size=12).map(tuple)


@given(
    st.builds(
        Draft,
        purpose=st.sampled_from(["offer", "request"]) | _texts,
        title=_texts,
        body_text=_texts,
        language=_texts,
        areas=_lists,
        languages=_lists,
        modes=_lists,
        places_count=st.integers(),
        open_until_on=st.none() | st.dates(),
        audience=_texts,
    )
)
@example(replace(DRAFT, title="\ud800", body_text="\x00"))
def test_whatever_is_written_is_taken_or_refused_by_field(draft: Draft) -> None:
    assert problems(draft) <= FIELDS


@pytest.mark.parametrize("old", list(Status))
@pytest.mark.parametrize("new", list(Status))
def test_a_state_is_followed_by_those_that_are_allowed(old: Status, new: Status) -> None:
    if new in ALLOWED_STATUS[old]:
        check_status_change(old, new)
    else:
        with pytest.raises(Conflict):
            check_status_change(old, new)


def test_every_state_can_be_left_and_every_one_can_be_closed() -> None:
    assert set(ALLOWED_STATUS) == set(Status)
    assert all(Status.CLOSED in after for state, after in ALLOWED_STATUS.items() if state != Status.CLOSED)
    assert all(state not in after for state, after in ALLOWED_STATUS.items())
    assert Status.OPEN in ALLOWED_STATUS[Status.CLOSED]


@given(_texts.filter(lambda text: text not in list(Status)))
def test_a_state_that_there_is_not_is_no_state(new: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_status_change("open", new)
    assert set(refused.value.fields) == {"status"}
