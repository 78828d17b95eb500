"""Every text is translated, completely and with its placeholders, and catalogs hold nothing else."""

import re

import pytest

from libline_fed.web.languages import NAMES, choose_language, languages
from tests.support import catalogs

PLACEHOLDER = re.compile(r"%\(\w+\)s")


@pytest.fixture(scope="module")
def messages() -> set[object]:
    return {message.id for message in catalogs.extract() if message.id}


def test_the_search_finds_texts_of_pages_forms_rules_and_mail(messages: set[object]) -> None:
    assert len(messages) > 400
    for known in (
        "Join",
        "Write a title.",
        "Choose one from the list.",
        "This handle is taken. Choose another one.",
        "To join, open this page. The link works for two weeks.",
        ("%(num)s place", "%(num)s places"),
    ):
        assert known in messages


@pytest.mark.parametrize("tag", catalogs.TAGS)
def test_no_text_is_missing_doubtful_or_left_over(tag: str, messages: set[object]) -> None:
    catalog = catalogs.read(tag)
    translated = {
        message.id
        for message in catalog
        if message.id and not message.fuzzy and catalogs.is_translated(message.string)
    }
    assert translated == messages
    assert not catalog.obsolete


@pytest.mark.parametrize("tag", catalogs.TAGS)
def test_translations_keep_their_placeholders(tag: str) -> None:
    for message in catalogs.read(tag):
        if not message.id:
            continue
        sources = message.id if isinstance(message.id, tuple) else (message.id,)
        targets = message.string if isinstance(message.string, tuple) else (message.string,)
        wanted = set(PLACEHOLDER.findall(sources[-1]))
        for number, target in enumerate(targets):
            found = set(PLACEHOLDER.findall(target))
            # "one" and "two" may be said in words
            assert found == wanted or (isinstance(message.id, tuple) and number < 3 and found <= wanted), (
                message.id
            )
            assert target == target.strip(), message.id


@pytest.mark.parametrize("tag", NAMES)
def test_numbers_choose_the_right_form(tag: str) -> None:
    language = languages()[tag]
    forms = {
        count: language.ngettext("%(num)s place", "%(num)s places", count) for count in (0, 1, 2, 5, 11, 100)
    }
    if tag == "ar":
        assert forms == {
            0: "لا أماكن",
            1: "مكان واحد",
            2: "مكانان",
            5: "%(num)s أماكن",
            11: "%(num)s مكانا",
            100: "%(num)s مكان",
        }
    else:
        assert forms[1] != forms[2] == forms[5]


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ("de, es;q=0.1", "es"),
        ("ar-EG", "ar"),
        ("de", "en"),
        ("", "en"),
        ("en;q=0, fr;q=0.5", "fr"),
        ("x" * 10_000, "en"),
        (";;;,q=,en;q=x", "en"),
    ],
)
def test_the_browsers_wish_is_understood(accept: str, chosen: str) -> None:
    language = choose_language(asked=None, member=None, cookie=None, accept=accept, default="en")
    assert language.tag == chosen
