"""Terms that one instance adds: their ids, how they travel, and where they stand in lists."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libline_fed import vocabulary
from libline_fed.vocabulary import LocalTerm, NamedTerm, Scheme
from libline_fed.vocabulary.extensions import MAX_LABELS, MAX_TERM_ID_CHARACTERS

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BRAILLE = LocalTerm("x-braille", Scheme.AREA, "A0405", {"en": "Braille", "sw": "Nukta nundu"}, NOW)
RDA = LocalTerm("x-rda", Scheme.AREA, "A03", {"es": "Taller de RDA"}, NOW)
BOAT = LocalTerm("x-boat", Scheme.TYPE, "T14", {"en": "Library on a boat"}, NOW)
OWN = [BRAILLE, RDA, BOAT]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "label", "broader", "en", "sw"]) | st.text(), inner, max_size=4
        )
    ),
)


@pytest.mark.parametrize("term_id", ["x-a", "x-braille", "x-rda-3", "x-" + "a" * 38])
def test_ids_that_an_instance_may_give(term_id: str) -> None:
    assert vocabulary.is_local_id(term_id)


@pytest.mark.parametrize(
    "term_id",
    ["", "x-", "A0301", "x-Braille", "x--a", "x-a-", "x-a b", "x-ä", "x-a\n", "x_a", "x-" + "a" * 39],
)
def test_ids_that_it_may_not_give(term_id: str) -> None:
    assert not vocabulary.is_local_id(term_id)


def test_own_areas_stand_with_the_area_or_group_that_they_belong_to() -> None:
    groups = dict(vocabulary.area_groups("en", OWN))
    services = [area_id for area_id, _ in groups["Services to users"]]
    assert services[services.index("A0405") + 1] == "x-braille"
    assert groups["Metadata and organisation"][-1] == ("x-rda", "Taller de RDA")
    listed = [area_id for _, areas in vocabulary.area_groups("en", OWN) for area_id, _ in areas]
    assert sorted(listed) == sorted([*vocabulary.area_ids(), "x-braille", "x-rda"])


def test_own_terms_of_other_schemes_follow_the_term_they_belong_to() -> None:
    listed = [(term.id, term.label) for term in vocabulary.terms("type", "fr", OWN)]
    after = listed.index(("T14", "Bibliothèque associative, d’ONG ou itinérante")) + 1
    assert listed[after] == ("x-boat", "Library on a boat")
    assert len(listed) == 19


@pytest.mark.parametrize("scheme", vocabulary.EXTENSIBLE_SCHEMES)
def test_every_own_term_is_listed_once_wherever_it_belongs(scheme: Scheme) -> None:
    for concept in vocabulary.concepts(scheme).concepts.values():
        own = LocalTerm("x-own", scheme, concept.id, {"en": "Own"}, NOW)
        assert [term.id for term in vocabulary.terms(scheme, "en", [own])].count("x-own") == 1, concept.id
        if scheme is Scheme.AREA:
            grouped = [area_id for _, areas in vocabulary.area_groups("en", [own]) for area_id, _ in areas]
            assert grouped.count("x-own") == 1, concept.id


def test_own_terms_travel_with_label_and_broader_term_and_published_ones_as_their_id() -> None:
    named = vocabulary.named_terms("area", ["A0301", "x-braille", "x-boat"], OWN)
    assert [vocabulary.named_term_json(term) for term in named] == [
        {"id": "A0301"},
        {"id": "x-braille", "broader": "A0405", "label": {"en": "Braille", "sw": "Nukta nundu"}},
        {"id": "x-boat"},
    ]
    for term in named:
        assert vocabulary.named_term_of_json("area", vocabulary.named_term_json(term)) == term


def test_an_own_term_counts_as_its_broader_one_at_home_too() -> None:
    assert BRAILLE.named().resolved().id == "A0405"
    assert BRAILLE.named().resolved().label("en") == "Accessibility and disabled users"
    assert BRAILLE.label("sw") == "Nukta nundu"
    assert RDA.label("fr") == "Taller de RDA"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("A0301", NamedTerm(Scheme.AREA, "A0301")),
        ("https://w3id.org/libline/vocab/v1/area/A0301", NamedTerm(Scheme.AREA, "A0301")),
        ({"id": "https://w3id.org/libline/vocab/v1/area/A0399"}, NamedTerm(Scheme.AREA, "A0399")),
        (
            {"id": "x-a", "broader": "https://w3id.org/libline/vocab/v1/area/A03", "label": "Äpfel"},
            NamedTerm(Scheme.AREA, "x-a", "A03", {"de": "Äpfel"}),
        ),
        (
            {"id": "x-a", "broader": 7, "label": {"PT-br": " Livros\n raros ", "!!": "x", "fr": 3, "ar": ""}},
            NamedTerm(Scheme.AREA, "x-a", None, {"pt-BR": "Livros raros"}),
        ),
        ({"id": "x-a", "label": [1]}, NamedTerm(Scheme.AREA, "x-a")),
        ({"id": "a" * (MAX_TERM_ID_CHARACTERS + 1)}, None),
        ({"id": "a/b"}, None),
        ({"id": ""}, None),
        ({}, None),
        (None, None),
        (["A0301"], None),
    ],
)
def test_what_is_read_from_the_wire(value: object, read: NamedTerm | None) -> None:
    assert vocabulary.named_term_of_json("area", value, language="de") == read


@given(JSON)
def test_nothing_on_the_wire_makes_an_error_and_all_that_is_kept_is_small(value: Any) -> None:
    term = vocabulary.named_term_of_json("goal", value)
    if term is not None:
        assert 0 < len(term.id) <= MAX_TERM_ID_CHARACTERS
        assert term.labels is None or 0 < len(term.labels) <= MAX_LABELS
        assert all(0 < len(text) <= 80 for text in (term.labels or {}).values())
        assert term.resolved().scheme is Scheme.GOAL


def test_of_very_many_labels_the_first_ones_are_kept() -> None:
    labels = {f"q{first}{second}": "x" for first in "abcdefghij" for second in "abcdefghij"}
    term = vocabulary.named_term_of_json("area", {"id": "x-a", "label": labels})
    assert term is not None
    assert term.labels is not None
    assert list(term.labels) == list(labels)[:MAX_LABELS]
