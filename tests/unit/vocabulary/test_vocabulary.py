"""The vocabulary: complete in four languages, stable ids, tags that can be hashtags."""

import re

import pytest

from libline_fed import vocabulary
from libline_fed.domain.proposals import MODES


def test_there_are_sixty_areas_and_one_for_the_undecided() -> None:
    ids = vocabulary.area_ids()
    assert len(ids) == len(set(ids)) == 61
    expected = {f"A{group:02}{item:02}" for group in range(1, 11) for item in range(1, 7)} | {"A0000"}
    assert set(ids) == expected


@pytest.mark.parametrize("language", vocabulary.LABEL_LANGUAGES)
def test_every_label_exists_and_is_its_own(language: str) -> None:
    labels = [vocabulary.area_label(area_id, language) for area_id in vocabulary.area_ids()]
    assert len(set(labels)) == 61
    assert all(label == label.strip() and 0 < len(label) <= 80 for label in labels)
    assert len({label for _, label in vocabulary.modes(language)}) == 5


def test_arabic_labels_are_in_arabic_and_not_in_english() -> None:
    for area_id in vocabulary.area_ids():
        assert re.search("[\u0600-\u06ff]", vocabulary.area_label(area_id, "ar")), area_id


def test_groups_hold_six_areas_each_after_the_undecided() -> None:
    groups = vocabulary.area_groups("es")
    assert [len(areas) for _, areas in groups] == [1] + [6] * 10
    assert groups[0][1][0][0] == "A0000"
    assert groups[3][0] == "Metadatos y organización"
    assert [area_id for _, areas in groups for area_id, _ in areas if area_id != "A0000"] == list(
        vocabulary.area_ids()
    )[:-1]


def test_an_unknown_language_falls_back_to_english_and_regions_to_their_language() -> None:
    assert vocabulary.area_label("A0702", "xx") == "Research data"
    assert vocabulary.area_label("A0702", "fr-CA") == "Données de la recherche"
    assert vocabulary.mode_label("M4", "zz") == "Video"


def test_an_unknown_id_is_shown_as_it_is() -> None:
    assert not vocabulary.is_area("A9999")
    assert vocabulary.area_label("A9999", "en") == "A9999"
    assert vocabulary.mode_label("M9", "en") == "M9"
    assert vocabulary.hashtag_of("A9999") == ""


def test_uris_lead_there_and_back() -> None:
    uri = vocabulary.area_uri("A0301")
    assert uri == "https://w3id.org/libline/vocab/v1/area/A0301"
    assert vocabulary.area_of_uri(uri) == "A0301"
    assert vocabulary.area_of_uri("https://other.example/x") == "https://other.example/x"


def test_hashtags_are_single_words_and_unique() -> None:
    tags = [vocabulary.hashtag_of(area_id) for area_id in vocabulary.area_ids()]
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9]+", tag) for tag in tags)
    assert len({tag.lower() for tag in tags}) == 61


def test_modes_are_those_of_the_domain() -> None:
    assert tuple(mode_id for mode_id, _ in vocabulary.modes("en")) == MODES


@pytest.mark.parametrize(
    ("tag", "canonical"),
    [
        ("en", "en"),
        ("PT-br", "pt-BR"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("quc", "quc"),
        ("sr-latn", "sr-Latn"),
        ("ca-valencia", "ca-valencia"),
        ("AR", "ar"),
    ],
)
def test_language_tags_have_one_spelling(tag: str, canonical: str) -> None:
    assert vocabulary.canonical_language(tag) == canonical
    assert vocabulary.is_language(tag)


@pytest.mark.parametrize(
    "tag", ["", "e", "xx", "und", "mul", "english", "en_US", "en-", "-en", "en-x-private", "a" * 40, "é"]
)
def test_what_is_no_language_is_refused(tag: str) -> None:
    assert not vocabulary.is_language(tag)
