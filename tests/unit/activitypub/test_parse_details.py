"""The facts of proposals elsewhere: of other versions, of single instances, and of whoever sends nonsense."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libline_fed.activitypub.parse import parse_proposal
from libline_fed.activitypub.parse_details import areas_and_details_of
from libline_fed.domain.proposal_details import Details, details_of
from libline_fed.vocabulary import area_uri
from libline_fed.vocabulary.concepts import BASE_URI


def read(intent: dict[str, Any] | None = None, **doc: Any) -> tuple[tuple[str, ...], Details]:
    areas, stored = areas_and_details_of(doc, intent or {}, "es")
    return areas, details_of(stored)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("A0301", "A0301"),
        (area_uri("A0301"), "A0301"),
        ({"id": "A0301"}, "A0301"),
        ({"id": area_uri("A0301"), "level": 2}, "A0301"),
        ({"id": "x-braille", "broader": "A0405"}, "A0405"),
        ({"id": "x-braille", "broader": area_uri("A0405")}, "A0405"),
        ({"id": "A0309", "label": "Ontologías"}, "A0309"),  # of a later version: its group is known
        ({"id": "x-braille", "label": {"en": "Braille"}}, "x-braille"),
    ],
)
def test_an_area_is_kept_under_what_it_is_known_as(sent: Any, kept: str) -> None:
    assert read(areas=[sent])[0] == (kept,)


def test_what_is_understood_by_its_broader_term_keeps_its_senders_label() -> None:
    areas, details = read(
        areas=[{"id": "x-braille", "broader": "A0405", "label": {"en": "Braille"}, "level": 3}]
    )
    assert areas == ("A0405",)
    assert details.levels == {"A0405": 3}
    assert details.label("area", "A0405", "fr") == "Braille"


def test_a_label_in_one_language_is_in_that_of_the_text() -> None:
    _, details = read(areas=[{"id": "A0309", "label": "Ontologías"}])
    assert details.named == {"A0309": {"broader": "A03", "label": {"es": "Ontologías"}}}
    assert details.label("area", "A0309", "en") == "Ontologías"


def test_the_term_itself_wins_over_one_that_is_only_near_it() -> None:
    near = {"id": "x-braille", "broader": "A0405", "label": {"en": "Braille"}, "level": 1}
    for sent in (["A0405", near], [near, "A0405"]):
        areas, details = read(areas=sent)
        assert (areas, details.levels) == (("A0405",), {"A0405": 1})
        assert details.label("area", "A0405", "en") != "Braille" or sent[0] == "A0405"


def test_areas_are_ranked_and_those_of_other_vocabularies_kept() -> None:
    foreign = "https://skos.example/area/7"
    intent = {"resourceClassifiedAs": [area_uri("A0101"), foreign]}
    assert read(intent, areas=["A0302", "A0301"])[0] == ("A0302", "A0301", foreign)
    assert read(intent)[0] == ("A0101", foreign)


@pytest.mark.parametrize(
    ("sent", "stated"),
    [
        ({"goals": ["G06", "G99", {"id": "x-own", "broader": "G08"}]}, {"goals": ("G06", "G99", "G08")}),
        ({"goals": "G06"}, {"goals": ("G06",)}),
        ({"goals": [BASE_URI + "goal/G06"]}, {"goals": ("G06",)}),
        ({"frequency": "Q4", "months": 6, "stage": "S2"}, {"frequency": "Q4", "months": 6, "stage": "S2"}),
        ({"months": 5}, {}),
        ({"months": True, "answerDays": True}, {}),
        ({"months": 10**400, "answerDays": -1}, {}),
        ({"answerDays": 31}, {}),
        ({"answerDays": 30}, {"answer_days": 30}),
        ({"stagesWished": ["peer", "+9", {}]}, {"stages_wished": ("peer",)}),
        ({"typesWished": ["same", "T01", "sam"]}, {"types_wished": ("same", "T01", "sam")}),
        ({"styles": [f"W{number:02}" for number in range(1, 13)]},
         {"styles": ("W01", "W02", "W03", "W04", "W05")}),
        ({"languageLevels": [{"language": "ES-mx", "level": "fluent"}, {"language": "fr", "level": "best"},
                             {"language": "!", "level": "basic"}, "es"]},
         {"language_levels": {"es-MX": "fluent"}}),
        ({"notHelp": "  Law\x00\r\nand money "}, {"not_help_text": "Law\nand money"}),
        ({"notHelp": "x" * 5_000}, {"not_help_text": "x" * 1_000}),
        ({"notHelp": {"en": "x"}}, {}),
    ],
)  # fmt: skip
def test_what_makes_sense_is_kept(sent: dict[str, Any], stated: dict[str, Any]) -> None:
    _, details = read(**sent)
    assert {name: getattr(details, name) for name in stated} == stated
    assert set(details.stored()) - {"named"} == set(stated)


@pytest.mark.parametrize("level", [0, 4, "3", 2.5, True, None, [3]])
def test_a_level_that_there_is_not_is_not_stated(level: Any) -> None:
    assert read(areas=[{"id": "A0301", "level": level}])[1].levels == {}


def test_lists_end_somewhere() -> None:
    areas, details = read(
        {"resourceClassifiedAs": [f"https://o.example/{number}" for number in range(1_000)]},
        areas=[{"id": f"x-{number}", "label": "x" * 500} for number in range(1_000)],
        goals=[f"x-{number}" for number in range(1_000)],
        languageLevels=[{"language": "es", "level": "basic"}] * 1_000,
    )
    assert (len(areas), len(details.goals), len(details.named)) == (20, 20, 20)
    assert all(len(said["label"]["es"]) <= 80 for said in details.named.values())


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["A0301", "x-a", "G06", "same", "peer", "fluent", "es", area_uri("A0405")]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "broader", "label", "level", "language", "en"]) | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
_KEYS = ("areas", "goals", "languageLevels", "formats", "frequency", "months", "stage", "stagesWished",
         "typesOwn", "typesWished", "styles", "answerDays", "notHelp", "places", "waiting")  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(st.sampled_from(_KEYS), _json))
def test_whatever_is_sent_a_proposal_is_read_and_what_is_kept_reads_back(sent: dict[str, Any]) -> None:
    proposal = parse_proposal(
        {
            "id": "https://b.example/notes/1",
            "type": "Note",
            "attributedTo": "https://b.example/users/ben",
            "content": "<p>x</p>",
            "title": "x",
            "purpose": "offer",
            "publishes": {
                "type": "Intent",
                "action": "deliverService",
                "resourceConformsTo": "https://w3id.org/libline/ns#Mentorship",
            },
            **sent,
        }
    )
    assert proposal is not None
    assert details_of(proposal.details).stored() == proposal.details
    assert 0 <= proposal.places_free_count <= proposal.places_count
    assert len(proposal.areas) <= 20
