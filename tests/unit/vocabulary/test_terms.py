"""Every scheme: complete in four languages, in step with what was published, and read back from its URIs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from libline_fed import vocabulary
from libline_fed.vocabulary import LABEL_LANGUAGES, Scheme
from libline_fed.vocabulary.concepts import read_concepts

PUBLISHED: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "published_terms.json").read_text(encoding="utf-8")
)
IDS = {
    Scheme.STAGE: [f"S{number}" for number in range(1, 7)],
    Scheme.ROLE: [f"R{number:02}" for number in range(1, 10)],
    Scheme.TYPE: [f"T{number:02}" for number in range(1, 19)],
    Scheme.CREDENTIAL: [f"C{number}" for number in range(7)],
    Scheme.FORMAT: [f"F{number}" for number in range(1, 8)],
    Scheme.MODE: [f"M{number}" for number in range(1, 6)],
    Scheme.FREQUENCY: [f"Q{number}" for number in range(1, 7)],
    Scheme.LENGTH: ["L00", "L01", "L03", "L04", "L06", "L09", "L12"],
    Scheme.GOAL: [f"G{number:02}" for number in range(1, 13)],
    Scheme.STYLE: [f"W{number:02}" for number in range(1, 13)],
}
MAX_HELP_CHARACTERS = 130
ARABIC = re.compile("[\u0600-\u06ff]")


def test_every_list_has_the_published_ids_in_their_order() -> None:
    assert {scheme: list(vocabulary.term_ids(scheme)) for scheme in IDS} == IDS
    assert len(vocabulary.term_ids(Scheme.AREA)) == 61
    groups = [concept.id for concept in vocabulary.concepts("area").concepts.values() if concept.is_group]
    assert groups == [f"A{number:02}" for number in range(1, 11)]


@pytest.mark.parametrize("scheme", Scheme)
def test_published_terms_neither_vanish_nor_change_their_meaning(scheme: Scheme) -> None:
    # A new wording of the same meaning changes the file beside this test, on purpose and in plain sight.
    known = vocabulary.concepts(scheme).concepts
    assert PUBLISHED[scheme], scheme
    for term_id, english in PUBLISHED[scheme].items():
        assert term_id in known, f"{term_id} vanished: give it replacedBy instead"
        assert known[term_id].labels["en"] == english, f"{term_id} means something else"
    assert list(known) == list(PUBLISHED[scheme]), "add new terms to published_terms.json"


@pytest.mark.parametrize("language", LABEL_LANGUAGES)
@pytest.mark.parametrize("scheme", Scheme)
def test_every_term_has_a_label_and_one_line_of_help_in_every_language(scheme: Scheme, language: str) -> None:
    listed = vocabulary.terms(scheme, language)
    assert len({term.label for term in listed}) == len(listed), "two terms look the same"
    titles = [vocabulary.scheme_title(scheme, language)]
    for text in [*titles, *(term.label for term in listed), *(term.help for term in listed)]:
        assert text == " ".join(text.split()), text
        assert bool(ARABIC.search(text)) is (language == "ar"), text
    assert all(len(term.label) <= vocabulary.MAX_LABEL_CHARACTERS for term in listed)
    for term in listed:
        assert 0 < len(term.help) <= MAX_HELP_CHARACTERS, term
        assert term.help.endswith("."), term


@pytest.mark.parametrize("scheme", Scheme)
def test_translations_are_not_the_english_text(scheme: Scheme) -> None:
    for concept in vocabulary.concepts(scheme).concepts.values():
        for language in ("es", "fr", "ar"):
            assert concept.helps[language] != concept.helps["en"], concept.id


def test_all_files_are_of_one_version() -> None:
    assert {vocabulary.concepts(scheme).version for scheme in Scheme} == {vocabulary.VERSION} == {"1.0"}


def test_areas_belong_to_the_group_of_their_letters_and_the_undecided_one_to_none() -> None:
    for concept in vocabulary.concepts("area").concepts.values():
        expected = concept.id[:3] if len(concept.id) == 5 and concept.id != "A0000" else None
        assert concept.broader == expected


def test_roles_point_to_the_international_classification_of_occupations() -> None:
    roles = vocabulary.concepts("role").concepts
    pointing = {concept.id: concept.close_matches for concept in roles.values() if concept.close_matches}
    base = "http://data.europa.eu/esco/isco/C"
    assert pointing == {
        "R01": (base + "4411",),
        "R02": (base + "3433",),
        "R03": (base + "2622",),
        "R04": (base + "2621",),
    }


def test_every_uri_leads_back_to_its_term() -> None:
    uris = {
        vocabulary.term_uri(scheme, term_id): (scheme, term_id)
        for scheme in Scheme
        for term_id in vocabulary.concepts(scheme).concepts
    }
    assert len(uris) == sum(map(len, PUBLISHED.values()))
    assert {uri: vocabulary.term_of_uri(uri) for uri in uris} == uris
    assert vocabulary.term_uri("stage", "S1") == "https://w3id.org/libline/vocab/v1/stage/S1"


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "A0301",
        "https://w3id.org/libline/vocab/v1/",
        "https://w3id.org/libline/vocab/v1/area/",
        "https://w3id.org/libline/vocab/v1/area/A0301/x",
        "https://w3id.org/libline/vocab/v1/colour/C1",
        "https://w3id.org/libline/vocab/v2/area/A0301",
        "https://other.example/area/A0301",
    ],
)
def test_other_uris_are_no_terms(uri: str) -> None:
    assert vocabulary.term_of_uri(uri) is None


def test_a_uri_of_a_later_version_keeps_its_id() -> None:
    assert vocabulary.term_of_uri(vocabulary.term_uri("goal", "G77")) == ("goal", "G77")


def test_groups_can_be_shown_but_not_chosen() -> None:
    assert not vocabulary.is_term("area", "A03")
    assert vocabulary.label("area", "A03", "fr") == "Métadonnées et organisation"
    assert vocabulary.is_term("area", "A0301")
    assert vocabulary.is_term("mode", "M1")
    assert not vocabulary.is_term("mode", "A0301")


def test_there_is_no_other_scheme() -> None:
    with pytest.raises(ValueError, match="colour"):
        vocabulary.terms("colour", "en")


@pytest.mark.parametrize(
    ("length_id", "months_count"), [("L00", 0), ("L01", 1), ("L04", 4), ("L09", 9), ("L12", 12)]
)
def test_lengths_are_months(length_id: str, months_count: int) -> None:
    assert vocabulary.months_of(length_id) == months_count
    assert vocabulary.length_of_months(months_count) == length_id


def test_other_lengths_do_not_exist() -> None:
    assert vocabulary.length_of_months(2) is None
    assert vocabulary.length_of_months(-1) is None
    assert vocabulary.DEFAULT_LENGTH == "L04"
    with pytest.raises(ValueError, match="length"):
        vocabulary.months_of("L02")


def file_of(*terms: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a data file with these terms, their texts filled in."""
    texts = dict.fromkeys(LABEL_LANGUAGES, "x")
    full = [{"label": texts, "help": texts} | term for term in terms]
    return {"version": "9.0", "scheme": "goal", "title": texts, "help": texts, "terms": full}


@pytest.mark.parametrize(
    "terms",
    [
        ({"id": "G1"}, {"id": "G1"}),
        ({"id": "G1", "label": {"en": "x", "es": "x", "fr": "x"}},),
        ({"id": "G1", "help": {"en": "x", "es": "x", "fr": "x", "ar": ""}},),
        ({"id": "G1", "broader": "G2"},),
        ({"id": "G1", "replacedBy": "G2"},),
        ({"id": "G1", "replacedBy": "G1"},),
        ({"id": "G1", "replacedBy": "G2"}, {"id": "G2", "replacedBy": "G1"}),
    ],
    ids=["twice", "no Arabic label", "empty help", "broader", "replaced by none", "by itself", "in a circle"],
)
def test_a_file_with_a_mistake_is_refused(terms: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(ValueError, match=r"G1|goal"):
        read_concepts(file_of(*terms))


def test_a_term_that_was_given_up_cannot_be_chosen_and_is_still_known() -> None:
    known = read_concepts(
        file_of({"id": "G1", "replacedBy": "G2"}, {"id": "G2", "replacedBy": "G3"}, {"id": "G3"})
    )
    assert [concept.id for concept in known.choices()] == ["G3"]
    successor = known.current("G1")
    assert successor is not None
    assert successor.id == "G3"
