"""Terms of other versions and of other instances: what they count as, and what people read."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libline_fed import vocabulary
from libline_fed.vocabulary import Match, Scheme, resolve
from libline_fed.vocabulary.concepts import ConceptList, concepts
from libline_fed.vocabulary.fallback import resolve_in

SCHEMES = st.sampled_from(list(Scheme))
ANY_TERM = SCHEMES.flatmap(
    lambda scheme: st.tuples(st.just(scheme), st.sampled_from(list(concepts(scheme).concepts)))
)
UNKNOWN_AREAS = st.from_regex(r"\AA(0[1-9]|10)[0-9]{2}\Z").filter(
    lambda term_id: term_id not in concepts("area").concepts
)
LANGUAGES = st.sampled_from(["en", "es", "fr", "ar", "sw", "pt-BR"])
ANY_TEXT = st.text(max_size=200)


def later(*given_up: tuple[str, str]) -> ConceptList:
    """Return the areas as a later version might have them: some given up for others."""
    known = concepts("area")
    changed = {old: replace(known.concepts[old], replaced_by=new) for old, new in given_up}
    return replace(known, concepts={**known.concepts, **changed})


@given(ANY_TERM, ANY_TEXT, ANY_TEXT, LANGUAGES)
def test_a_known_term_stands_for_itself_whatever_its_sender_says(
    term: tuple[Scheme, str], broader: str, sender_label: str, language: str
) -> None:
    scheme, term_id = term
    found = resolve(scheme, term_id, broader=broader, sender_label=sender_label)
    assert (found.id, found.match) == (term_id, Match.EXACT)
    assert found.label(language) == vocabulary.label(scheme, term_id, language)


@given(ANY_TERM, ANY_TEXT, LANGUAGES)
def test_an_unknown_term_stands_for_its_broader_term(
    broader: tuple[Scheme, str], sender_label: str, language: str
) -> None:
    scheme, broader_id = broader
    found = resolve(scheme, "x-unheard-of", broader=broader_id, sender_label=sender_label)
    assert (found.id, found.match) == (broader_id, Match.BROADER)
    assert found.label(language) == vocabulary.label(scheme, broader_id, language)


@given(UNKNOWN_AREAS, LANGUAGES)
def test_an_unknown_area_stands_for_its_group_and_shows_what_its_sender_calls_it(
    area: str, language: str
) -> None:
    found = resolve("area", area, broader="A9999", sender_label={"sw": "Vitabu", "en": "Books"})
    assert (found.id, found.match) == (area[:3], Match.GROUP)
    assert found.label(language) == ("Vitabu" if language == "sw" else "Books")
    assert resolve("area", area).label(language) == vocabulary.label("area", area[:3], language)
    assert vocabulary.label("area", area, "en", "Books") == "Books"


@given(UNKNOWN_AREAS)
def test_an_own_area_whose_broader_one_is_of_another_version_stands_for_the_group(area: str) -> None:
    assert resolve("area", "x-dots", broader=area).id == area[:3]


@given(SCHEMES, st.from_regex(r"\Ax-[a-z0-9]{1,20}\Z"), ANY_TEXT.filter(lambda text: text[:1] != "A"))
def test_what_nobody_knows_shows_its_senders_label_and_counts_as_nothing(
    scheme: Scheme, term_id: str, broader: str
) -> None:
    found = resolve(scheme, term_id, broader=f"?{broader}", sender_label="Braille")
    assert (found.id, found.match) == (None, Match.UNKNOWN)
    assert found.label("en") == "Braille"
    assert resolve(scheme, term_id).label("en") == term_id


@given(SCHEMES, st.text(), st.none() | st.text(), st.none() | st.text())
def test_anything_at_all_is_understood_without_an_error_and_shown_on_one_line(
    scheme: Scheme, term_id: str, broader: str | None, sender_label: str | None
) -> None:
    found = resolve(scheme, term_id, broader=broader, sender_label=sender_label)
    assert found.id is None or found.id in concepts(scheme).concepts
    shown = found.label("en")
    assert len(shown) <= vocabulary.MAX_LABEL_CHARACTERS
    assert shown == " ".join(shown.split())
    assert found == resolve(scheme, term_id, broader=broader, sender_label=sender_label)


def test_a_term_that_was_given_up_stands_for_its_successor_however_far() -> None:
    known = later(("A0301", "A0302"), ("A0302", "A0303"))
    found = resolve_in(known, "A0301", broader="A0101")
    assert (found.id, found.match) == ("A0303", Match.REPLACED)
    assert resolve_in(known, "x-dots", broader="A0302").id == "A0303"


def test_groups_are_those_of_one_version_or_of_another() -> None:
    assert vocabulary.group_of("A0301") == vocabulary.group_of("A03") == vocabulary.group_of("A0377") == "A03"
    assert vocabulary.group_of("A0000") is None
    assert vocabulary.group_of("A1101") is None
    assert vocabulary.group_of("x-dots") is None


@pytest.mark.parametrize("area", ["A0000", "A00", "A0", "A1101", "a0377", "A037", "A03x7", "B0301", "A0377 "])
def test_an_id_that_only_looks_like_an_area_has_no_group(area: str) -> None:
    assert resolve("area", area).match is not Match.GROUP


def test_a_senders_label_cannot_turn_the_line_around() -> None:
    assert "\u202e" not in vocabulary.label("goal", "G99", "en", "abc\u202edef")
