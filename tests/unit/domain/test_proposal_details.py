"""What a proposal says beyond its first facts: kept whole, read back tolerantly, checked field by field."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libline_fed import vocabulary
from libline_fed.domain.proposal_details import Details, checked_details, detail_problems, details_of
from libline_fed.domain.proposals import Marker, marked, marker_of
from tests.support.details import details

AREAS = ("A0301", "A0101", "x-braille")
LANGUAGES = ("en", "es-MX")


def problems(said: Details, *, is_organisation: bool = False) -> set[str]:
    found = detail_problems(said, is_term=vocabulary.is_term, is_organisation=is_organisation)
    assert all(sentence.endswith(".") for sentence in found.values())
    return set(found)


@given(details(areas=AREAS, languages=LANGUAGES))
def test_what_is_said_is_read_back_whole(said: Details) -> None:
    stored = said.stored()
    assert details_of(stored) == said
    assert all(value not in (None, "", [], {}) for value in stored.values())


@given(details(areas=AREAS, languages=LANGUAGES), st.sampled_from([None, *Marker]))
def test_why_a_proposal_has_its_status_stands_beside_the_facts(said: Details, marker: Marker | None) -> None:
    stored = marked(said.stored(), marker)
    assert (details_of(stored), marker_of(stored)) == (said, marker)
    assert marked(stored, None) == said.stored()


_nonsense = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*Details.__dataclass_fields__, "marker", "other"]), _nonsense))
def test_a_row_that_makes_no_sense_says_nothing_wrong(stored: dict[str, Any]) -> None:
    read = details_of(stored)
    assert details_of(read.stored()) == read
    assert not problems(replace(read, goals=(), formats=(), types_own=(), types_wished=(), styles=(),
                                stage=None, frequency=None))  # fmt: skip
    for scheme, term in (("area", "A0301"), ("goal", "x-own")):
        assert isinstance(read.label(scheme, term, "en"), str)
        assert isinstance(read.broader(term), str)


@given(details(areas=AREAS, languages=LANGUAGES))
def test_every_choice_of_the_lists_may_be_made(said: Details) -> None:
    assert problems(replace(said, formats=()), is_organisation=False) == set()
    assert problems(said, is_organisation=True) == set()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"levels": {"A0301": 4}}, "levels"),
        ({"language_levels": {"en": "best"}}, "language_levels"),
        ({"goals": ("G01", "G99")}, "goals"),
        ({"goals": ("A0301",)}, "goals"),
        ({"formats": ("F8",)}, "formats"),
        ({"formats": ("F7",)}, "formats"),
        ({"frequency": "Q7"}, "frequency"),
        ({"frequency": ""}, "frequency"),
        ({"months": 2}, "months"),
        ({"months": -1}, "months"),
        ({"stage": "S0"}, "stage"),
        ({"stages_wished": ("+3",)}, "stages_wished"),
        ({"types_own": ("same",)}, "types_own"),
        ({"types_wished": ("T99",)}, "types_wished"),
        ({"styles": ("W13",)}, "styles"),
        ({"styles": tuple(f"W{number:02}" for number in range(1, 7))}, "styles"),
        ({"answer_days": 0}, "answer_days"),
        ({"answer_days": 31}, "answer_days"),
        ({"not_help_text": "x" * 1_001}, "not_help_text"),
    ],
)
def test_what_is_not_of_the_lists_is_named_by_its_field(changed: dict[str, Any], field: str) -> None:
    assert problems(replace(Details(), **changed)) == {field}


def test_levels_belong_to_what_is_chosen() -> None:
    said = Details(levels={"A0301": 3, "A0101": 1}, language_levels={"EN": "fluent", "fr": "basic"})
    offer = checked_details(said, areas=("A0301",), languages=("en",), is_offer=True)
    assert (offer.levels, offer.language_levels) == ({"A0301": 3}, {"en": "fluent"})
    request = checked_details(said, areas=("A0301",), languages=("en",), is_offer=False)
    assert request.levels == {}


def test_a_term_is_called_what_its_sender_calls_it() -> None:
    said = Details(named={"x-braille": {"label": {"es": "Braille táctil"}, "broader": "A0405"}})
    assert said.label("area", "x-braille", "es") == "Braille táctil"
    assert said.label("area", "x-braille", "ar") == "Braille táctil"
    assert (said.broader("x-braille"), said.broader("A0301")) == ("A0405", "A0301")
    assert said.label("area", "A0301", "es") == vocabulary.area_label("A0301", "es")
