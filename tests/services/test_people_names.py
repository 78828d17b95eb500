"""Names are found like words in a text, whatever cheap look comes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libline_fed.domain.search_words import asked_words, words_of
from libline_fed.services.people import has_words

NAMES = (
    "Ána Ñusta",
    "O’Neill-García",
    "نور الهدى",
    "李小龍",
    "Straße",
    "अनिता",
    "open_access",
    "Ægir Þór",
    "Đặng Thị",
)
WORDS = ("ana", "nust", "oneill", "garcia", "neill", "هدي", "الهدى", "小龍", "李",
         "strasse", "अनि", "openaccess",
         "aegir", "thor", "dang thi", "nobody", "😀")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_found_exactly_by_its_words(name: str) -> None:
    found = set()
    for word in WORDS:
        asked = asked_words(word)
        exact = bool(asked) and all(one.is_found_in(words_of(name)) for one in asked)
        assert (bool(asked) and has_words(name, asked)) is exact, word
        found |= {word} if exact else set()
    assert found


WRITTEN = st.text(max_size=40) | st.text("aAbBéÉ1 -_.'’ßÀ@,", max_size=12)


@given(WRITTEN, WRITTEN)
def test_the_cheap_look_never_loses_a_name(name: str, typed: str) -> None:
    asked = asked_words(typed)
    assert has_words(name, asked) is all(one.is_found_in(words_of(name)) for one in asked)
    own = asked_words(name[:10])
    assert has_words(name[:10], own) is all(one.is_found_in(words_of(name[:10])) for one in own)
