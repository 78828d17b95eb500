"""The words of private messages: complete in four languages, and understood when they are quoted back."""

import re
from datetime import date

import pytest

from libline_fed.domain.doors import LANGUAGES, Answer, QuestionKind, read_vote
from libline_fed.services import door_texts
from libline_fed.services.door_texts import _texts

VALUE = re.compile(r"%\((\w+)\)s")
KNOWN = {"member", "site", "title", "until", "terms", "url"}


def test_every_text_is_there_in_every_language_with_the_same_values() -> None:
    assert len(_texts()) > 50
    for key, texts in _texts().items():
        assert set(texts) == set(LANGUAGES), key
        values = {language: set(VALUE.findall(text)) for language, text in texts.items()}
        assert len({frozenset(one) for one in values.values()}) == 1, (key, values)
        assert values["en"] <= KNOWN, key


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", QuestionKind)
def test_the_options_of_every_poll_are_read_as_yes_and_no(language: str, kind: QuestionKind) -> None:
    yes, no = door_texts.options(kind, language)
    assert (read_vote(yes), read_vote(no)) == (Answer.YES, Answer.NO)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_ending_names_stop(language: str) -> None:
    for key in ("stop", "take-back"):
        assert "STOP" in door_texts.say(key, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_polls_say_who_sees_the_vote(language: str) -> None:
    assert "Library A" in door_texts.say("votes", language, site="Library A").replace("\u2068", "")


def test_values_are_plain_text_and_isolated_in_arabic() -> None:
    assert door_texts.say("automatic", "en", site="%(x)s <b>") == "Automatic message from %(x)s <b>."
    assert "\u2068RDA\u2069" in door_texts.say("resumed", "ar", title="RDA")
    assert door_texts.to_html("a < b", "", "c") == "<p>a &lt; b</p><p>c</p>"


def test_a_value_is_not_searched_for_other_values() -> None:
    text = door_texts.say("expired", "en", title="%(member)s", member="Ana")
    assert "“%(member)s”" in text


def test_days_and_terms_are_written_as_people_write_them() -> None:
    assert door_texts.day(date(2026, 12, 4), "en") == "4 December 2026"
    assert door_texts.day(date(2026, 12, 4), "es") == "4 de diciembre de 2026"
    terms = {"goal": "Learn RDA.", "months": 4, "frequency": "Q3", "mode": "M1", "is_confidential": True}
    line = door_texts.terms_line(terms, "en")
    assert line.startswith("Learn RDA · ")
    assert line.count(" · ") == 3
    assert door_texts.terms_line({}, "fr") == ""
