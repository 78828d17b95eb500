"""The score: the published examples, what it must never do, and what is in it at all."""

from dataclasses import fields, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from libline_fed import vocabulary
from libline_fed.domain.matching import (
    WEIGHTS,
    Component,
    Gate,
    Offering,
    Score,
    Seeker,
    areas_met,
    closed_gates,
    divided,
    score,
)
from tests.support import golden

AREAS = tuple(area for area in vocabulary.area_ids() if area != vocabulary.UNDECIDED_AREA)
LANGUAGES = st.dictionaries(
    st.sampled_from(["en", "es", "fr", "ar", "sw", "pt-BR"]),
    st.sampled_from(["basic", "working", "fluent", None]),
    max_size=4,
)
STAGES = st.none() | st.sampled_from(["S1", "S2", "S3", "S4", "S5", "S6"])
FREQUENCIES = st.none() | st.sampled_from(["Q1", "Q2", "Q3", "Q4", "Q5", "Q6"])


def some(letter: str, count: int, digits: int = 2) -> st.SearchStrategy[frozenset[str]]:
    """Draw a set of vocabulary ids of one kind."""
    ids = [f"{letter}{number:0{digits}}" for number in range(1, count + 1)]
    return st.frozensets(st.sampled_from(ids), max_size=6)


SEEKERS = st.builds(
    Seeker,
    uri=st.sampled_from(["https://lib.example/actors/1", "https://lib.example/actors/2"]),
    areas=st.lists(st.sampled_from([*AREAS, "A0000"]), max_size=5, unique=True).map(tuple),
    goals=some("G", 12),
    languages=LANGUAGES,
    modes=some("M", 5, 1),
    formats=some("F", 7, 1),
    frequency=FREQUENCIES,
    types=some("T", 18),
    types_wished=some("T", 18) | st.sampled_from([frozenset({"same"}), frozenset({"different"})]),
    stage=STAGES,
    stages_wished=st.frozensets(st.sampled_from(["peer", "+1", "+2"])),
    styles=some("W", 12),
)
OFFERINGS = st.builds(
    Offering,
    uri=st.integers(1, 99).map(lambda number: f"https://m.example/proposals/{number}"),
    author_uri=st.sampled_from(["https://m.example/actors/1", "https://m.example/actors/2"]),
    host=st.sampled_from(["m.example", "a.example", "b.example"]),
    areas=st.dictionaries(
        st.sampled_from([*AREAS, "A0000"]), st.none() | st.sampled_from([1, 2, 3]), max_size=8
    ),
    goals=some("G", 12),
    languages=LANGUAGES,
    modes=some("M", 5, 1),
    formats=some("F", 7, 1),
    frequency=FREQUENCIES,
    overlap_minutes=st.none() | st.integers(0, 2_000),
    types=some("T", 18),
    stage=STAGES,
    styles=some("W", 12),
    places_free=st.none() | st.integers(0, 5),
    pending_count=st.integers(0, 20),
)


@pytest.mark.parametrize("pair", golden.pairs(), ids=str)
def test_published_pairs_have_their_gates(pair: golden.Pair) -> None:
    assert golden.gate_names(closed_gates(pair.seeker, pair.offering)) == pair.expected["gates"]


@pytest.mark.parametrize("pair", golden.scored_pairs(), ids=str)
def test_published_pairs_have_their_numbers(pair: golden.Pair) -> None:
    expected = {
        name: value for name, value in pair.expected.items() if name not in {"gates", "sentences"}
    }
    assert golden.result_of(score(pair.seeker, pair.offering)) == expected


def test_the_published_examples_are_many_and_cover_every_gate_and_component() -> None:
    assert len(golden.scored_pairs()) >= 30
    gates = {gate for pair in golden.pairs() for gate in pair.expected["gates"]}
    assert gates == {gate.value for gate in Gate}
    for name in Component:
        values = {pair.expected["components"][name.value] for pair in golden.scored_pairs()}
        assert {None, 1000} < values, name
    assert golden.document()["weights"] == {name.value: weight for name, weight in WEIGHTS.items()}


def test_the_worked_example_of_the_documentation_is_71_and_62_1() -> None:
    pair = next(pair for pair in golden.pairs() if pair.name == "worked example")
    found = score(pair.seeker, pair.offering)
    assert tuple(found.components.values()) == (526, 500, 1000, 1000, 1000, 500)
    assert (found.fit, found.rank_permille) == (71, 621)


def test_nothing_personal_can_be_in_the_score() -> None:
    assert {field.name for field in fields(Seeker)} == {
        "uri",
        "areas",
        "goals",
        "languages",
        "modes",
        "formats",
        "frequency",
        "types",
        "types_wished",
        "stage",
        "stages_wished",
        "styles",
        "institution",
        "accepts_own_institution",
        "circles",
        "avoided",
        "excluded",
    }
    assert {field.name for field in fields(Offering)} == {
        "uri",
        "author_uri",
        "host",
        "areas",
        "goals",
        "languages",
        "modes",
        "formats",
        "frequency",
        "overlap_minutes",
        "types",
        "stage",
        "styles",
        "institution",
        "accepts_own_institution",
        "is_open",
        "readers",
        "places_free",
        "pending_count",
    }


@given(SEEKERS, OFFERINGS)
def test_gates_and_who_somebody_is_do_not_move_the_number(seeker: Seeker, offering: Offering) -> None:
    elsewhere = replace(
        offering,
        uri="https://b.example/proposals/7",
        author_uri="https://b.example/actors/7",
        host="b.example",
        institution="b.example",
        is_open=False,
        readers=frozenset({"nobody"}),
    )
    other = replace(
        seeker, uri="https://c.example/actors/3", institution="b.example", avoided=frozenset({"b.example"})
    )
    assert score(other, elsewhere) == score(seeker, offering)


@given(SEEKERS, OFFERINGS)
def test_numbers_stay_in_their_range(seeker: Seeker, offering: Offering) -> None:
    found = score(seeker, offering)
    assert 0 <= found.fit <= 100
    assert 5 * found.fit <= found.rank_permille <= 10 * found.fit
    assert all(met is None or 0 <= met <= 1000 for met in found.components.values())
    assert score(seeker, offering) == found
    values = [found.fit, found.rank_permille, *found.components.values()]
    assert all(value is None or type(value) is int for value in values)


@given(SEEKERS, OFFERINGS, st.data())
def test_adding_a_wanted_area_to_an_offer_never_lowers_the_fit(
    seeker: Seeker, offering: Offering, data: st.DataObject
) -> None:
    assume(seeker.areas)
    area = data.draw(st.sampled_from(seeker.areas))
    assume(area not in offering.areas)
    level = data.draw(st.none() | st.sampled_from([1, 2, 3]))
    wider = replace(offering, areas={**offering.areas, area: level})
    assert score(seeker, wider).fit >= score(seeker, offering).fit


@given(SEEKERS, OFFERINGS, st.data())
def test_a_deeper_level_never_lowers_the_fit(
    seeker: Seeker, offering: Offering, data: st.DataObject
) -> None:
    assume(offering.areas)
    area = data.draw(st.sampled_from(sorted(offering.areas)))
    deeper = replace(offering, areas={**offering.areas, area: 3})
    assert score(seeker, deeper).fit >= score(seeker, offering).fit


@given(SEEKERS, OFFERINGS, st.randoms(use_true_random=False))
def test_the_order_of_an_offers_fields_does_not_matter(
    seeker: Seeker, offering: Offering, random: object
) -> None:
    areas, languages = list(offering.areas.items()), list(offering.languages.items())
    random.shuffle(areas)  # type: ignore[attr-defined]
    random.shuffle(languages)  # type: ignore[attr-defined]
    shuffled = replace(offering, areas=dict(areas), languages=dict(languages))
    assert score(seeker, shuffled) == score(seeker, offering)


@given(SEEKERS, OFFERINGS)
def test_more_waiting_people_never_lift_an_offer(seeker: Seeker, offering: Offering) -> None:
    longer = replace(offering, pending_count=offering.pending_count + 1)
    before, after = score(seeker, offering), score(seeker, longer)
    assert after.rank_permille <= before.rank_permille
    assert after.fit == before.fit
    assert after.is_busy >= before.is_busy


@given(SEEKERS, OFFERINGS, st.sampled_from(["goals", "styles"]))
def test_what_one_side_leaves_unsaid_counts_neither_way(
    seeker: Seeker, offering: Offering, name: str
) -> None:
    component = {"goals": Component.GOALS, "styles": Component.STYLE}[name]
    silent_seeker = score(replace(seeker, **{name: frozenset()}), offering)
    silent_offer = score(seeker, replace(offering, **{name: frozenset()}))
    assert silent_seeker.components[component] is None
    assert silent_seeker == silent_offer


def test_nothing_stated_at_all_gives_nothing() -> None:
    found = score(Seeker("https://lib.example/actors/1"), Offering("o", "a", "m.example"))
    assert found == Score(dict.fromkeys(Component), 0, 0, is_busy=False)


@given(SEEKERS, OFFERINGS)
def test_a_gate_is_closed_only_by_what_both_have_stated(seeker: Seeker, offering: Offering) -> None:
    assume(seeker.uri != offering.author_uri)
    silent = replace(offering, languages={}, modes=frozenset(), formats=frozenset())
    assert closed_gates(seeker, silent) == ()
    shared = replace(offering, languages=seeker.languages, modes=seeker.modes, formats=seeker.formats)
    is_beginner = bool(seeker.languages) and set(seeker.languages.values()) == {"basic"}
    assert closed_gates(seeker, shared) == ((Gate.LANGUAGE,) if is_beginner else ())


@pytest.mark.parametrize(
    ("mine", "theirs", "is_closed"),
    [(False, False, True), (True, False, True), (False, True, True), (True, True, False)],
)
def test_colleagues_meet_only_if_both_agreed(mine: bool, theirs: bool, is_closed: bool) -> None:
    seeker = Seeker("a", institution="x", accepts_own_institution=mine)
    offering = Offering("o", "b", "m.example", institution="x", accepts_own_institution=theirs)
    assert (closed_gates(seeker, offering) == (Gate.CONFLICT,)) is is_closed
    assert closed_gates(seeker, replace(offering, institution="y")) == ()
    assert closed_gates(replace(seeker, institution=None), replace(offering, institution=None)) == ()


@given(st.integers(0, 10**9), st.integers(1, 10**6))
def test_division_rounds_half_up(numerator: int, denominator: int) -> None:
    quotient = divided(numerator, denominator)
    assert -denominator <= 2 * (numerator - quotient * denominator) < denominator


def test_an_area_of_ones_own_matches_only_itself() -> None:
    seeker = Seeker("a", areas=("x-bookbus", "A0406"))
    assert areas_met(seeker, Offering("o", "b", "m.example", areas={"x-bookbus": 3})) == 600
    assert areas_met(seeker, Offering("o", "b", "m.example", areas={"x-other": 3})) == 0


def test_only_five_wanted_areas_count() -> None:
    seeker = Seeker("a", areas=AREAS[:5])
    offering = Offering("o", "b", "m.example", areas={AREAS[4]: 3})
    assert areas_met(seeker, offering) == areas_met(replace(seeker, areas=AREAS[:7]), offering)
