"""The reason line: the same facts in four languages, with the right plurals."""

import json
import re
from importlib.resources import files
from typing import Any

import pytest
from babel import Locale
from hypothesis import given

from libline_fed.domain.match_reasons import Reason, ReasonKind, reasons
from libline_fed.domain.match_sentences import LANGUAGES, gate_sentence, match_sentence
from libline_fed.domain.matching import Gate, Offering, Seeker, score
from tests.support import golden
from tests.unit.domain.test_matching import OFFERINGS, SEEKERS

WORDS: dict[str, Any] = json.loads(
    files("libline_fed.vocabulary").joinpath("match_sentences.json").read_text(encoding="utf-8")
)


def said(kind: ReasonKind, *counts: int, ids: tuple[str, ...] = (), language: str = "en") -> str:
    line = match_sentence(50, [Reason(ReasonKind.ANY_AREA), Reason(kind, ids, counts)], language)
    return line.partition(". ")[2]


@pytest.mark.parametrize("pair", golden.pairs(), ids=str)
def test_published_pairs_have_their_sentence_in_every_language(pair: golden.Pair) -> None:
    assert set(pair.expected["sentences"]) == set(LANGUAGES)
    assert golden.sentences_of(pair) == pair.expected["sentences"], "run python -m tests.support.golden"


def test_the_worked_example_reads_as_in_the_documentation() -> None:
    pair = next(pair for pair in golden.pairs() if pair.name == "worked example")
    assert pair.expected["sentences"]["en"] == (
        "71 — covers Early years and families (deep); partly Budgets, fundraising and grants (via Strategy "
        "and impact); not Public computing, low-cost and offline technology. Helps with 1 of 2 goals. "
        "Two stages ahead, as wished. Mail suits both. Fluent English. Shares 1 of 2 working styles. "
        "1 waiting for 2 places."
    )


@given(SEEKERS, OFFERINGS)
def test_every_score_can_be_said_in_every_language(seeker: Seeker, offering: Offering) -> None:
    found = score(seeker, offering)
    explained = reasons(seeker, offering, found)
    for language in LANGUAGES:
        line = match_sentence(found.fit, explained, language)
        assert line.startswith(f"{found.fit} — ")
        assert line.endswith(".")
        assert "{" not in line


@given(SEEKERS, OFFERINGS)
def test_every_component_is_explained_or_named_as_unstated(seeker: Seeker, offering: Offering) -> None:
    found = score(seeker, offering)
    explained = {reason.kind: reason for reason in reasons(seeker, offering, found)}
    spoken = {
        "G": {ReasonKind.GOALS},
        "C": {
            ReasonKind.TYPE_MET,
            ReasonKind.TYPE_UNMET,
            ReasonKind.STAGE_MET,
            ReasonKind.STAGE_UNMET,
        },
        "T": {ReasonKind.MESSAGES, ReasonKind.HOURS},
        "L": {ReasonKind.LANGUAGES},
        "S": {ReasonKind.STYLES},
    }
    unstated = explained[ReasonKind.UNSTATED].ids if ReasonKind.UNSTATED in explained else ()
    for letter, kinds in spoken.items():
        assert (letter in unstated) is not bool(kinds & explained.keys())


def test_every_text_is_there_in_all_languages_with_the_plurals_of_each() -> None:
    def check(texts: Any, path: str) -> None:
        if set(LANGUAGES) <= set(texts):
            assert set(texts) == set(LANGUAGES), path
            for language, text in texts.items():
                forms = text if isinstance(text, dict) else {"other": text}
                assert "other" in forms, f"{path} {language}"
                rules = {*Locale(language).plural_form.rules, "other"}
                assert {form for form in forms if not form.startswith("=")} <= rules, f"{path} {language}"
                assert all(form.strip() or path.startswith("marks") for form in forms.values())
            holes = {
                language: set(re.findall(r"\{(\w+)\}", text["other"] if isinstance(text, dict) else text))
                for language, text in texts.items()
            }
            assert all(found == holes["en"] for found in holes.values()), path
            return
        for name, inner in texts.items():
            if name != "version":
                check(inner, f"{path}/{name}".strip("/"))

    check(WORDS, "")
    assert set(WORDS["gates"]) == {gate.value for gate in Gate}


@pytest.mark.parametrize(
    ("places", "words"),
    [
        (1, "مقعد واحد متاح"),
        (2, "مقعدان متاحان"),
        (3, "3 مقاعد متاحة"),
        (11, "11 مقعدًا متاحًا"),
        (100, "100 مقعد متاح"),
    ],
)
def test_arabic_has_its_six_plurals(places: int, words: str) -> None:
    assert said(ReasonKind.QUEUE, 0, places, language="ar").startswith(words)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "No shared hours in the week."),
        (1, "1 shared minute a week."),
        (59, "59 shared minutes a week."),
        (60, "1 shared hour a week."),
        (89, "1 shared hour a week."),
        (90, "1.5 shared hours a week."),
        (1230, "20.5 shared hours a week."),
    ],
)
def test_shared_time_is_said_in_half_hours(minutes: int, words: str) -> None:
    assert said(ReasonKind.HOURS, minutes) == words


def test_french_uses_the_singular_below_two() -> None:
    assert said(ReasonKind.HOURS, 90, language="fr") == "1,5 heure commune par semaine."
    assert said(ReasonKind.HOURS, 120, language="fr") == "2 heures communes par semaine."


@pytest.mark.parametrize(
    ("kind", "ahead", "words"),
    [
        (ReasonKind.STAGE_MET, 0, "At the same stage, as wished."),
        (ReasonKind.STAGE_MET, 1, "One stage ahead, as wished."),
        (ReasonKind.STAGE_UNMET, 3, "3 stages ahead, not as wished."),
        (ReasonKind.STAGE_UNMET, -2, "Two stages behind, not as wished."),
    ],
)
def test_stages_are_counted(kind: ReasonKind, ahead: int, words: str) -> None:
    assert said(kind, ahead) == words


def test_an_unknown_language_gets_english_and_a_regional_one_its_own() -> None:
    assert gate_sentence(Gate.MODE, "de") == gate_sentence(Gate.MODE, "en")
    assert gate_sentence(Gate.MODE, "es-MX") == gate_sentence(Gate.MODE, "es")
    assert len({gate_sentence(gate, language) for gate in Gate for language in LANGUAGES}) == 36


def test_the_line_can_do_without_the_number() -> None:
    line = match_sentence(None, [Reason(ReasonKind.COVERS, ("A0602",), (3,))], "en")
    assert line == "Covers Children (deep)."


def test_a_block_is_not_told() -> None:
    for language in LANGUAGES:
        assert not re.search("block|bloqu|حظر", gate_sentence(Gate.BLOCKED, language), re.IGNORECASE)


def test_a_language_without_a_name_is_named_by_its_tag() -> None:
    assert said(ReasonKind.LANGUAGES, ids=("fluent", "qzz", "en")) == "Fluent qzz, English."
