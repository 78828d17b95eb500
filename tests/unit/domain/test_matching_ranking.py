"""The order of offers: the published lists, equals, the cap for a server, the surprise, waiting lists."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libline_fed.domain.match_ranking import (
    FIRST_COUNT,
    MAX_OF_ONE_HOST,
    NEAR_PERMILLE,
    Ranking,
    iso_week,
    rank,
    tie_break,
)
from libline_fed.domain.matching import Gate, Offering, Seeker
from libline_fed.vocabulary import group_of
from tests.support import golden

WEEK = "2026-W48"
SEEKER = Seeker("https://lib.example/actors/ana", areas=("A0601",))


def offer(number: int, host: str, **values: Any) -> Offering:
    given_values = {"areas": {"A0601": 3}, "places_free": 1, **values}
    return Offering(
        f"https://{host}/proposals/{number}", f"https://{host}/actors/{number}", host, **given_values
    )


OFFERS = st.lists(
    st.builds(
        offer,
        st.integers(1, 40),
        st.sampled_from(["a.example", "b.example", "c.example"]),
        areas=st.dictionaries(
            st.sampled_from(["A0601", "A0602", "A0901", "A0902"]), st.sampled_from([1, 2, 3]), max_size=2
        ),
        places_free=st.integers(0, 4),
        pending_count=st.integers(0, 5),
    ),
    max_size=30,
    unique_by=lambda found: found.uri,
)


def uris(ranking: Ranking) -> list[str]:
    return [item.offering.uri for item in ranking.ready]


@pytest.mark.parametrize("listed", golden.document()["lists"], ids=lambda listed: listed["name"])
def test_published_lists_have_their_order(listed: dict[str, Any]) -> None:
    found = rank(
        golden.seeker_of(listed["seeker"]),
        [golden.offering_of(values) for values in listed["offerings"]],
        week=listed["week"],
    )
    expected = listed["expected"]
    assert uris(found) == expected["ready"]
    assert [item.offering.uri for item in found.busy] == expected["busy"]
    wildcards = [item.offering.uri for item in found.ready if item.is_wildcard]
    assert wildcards == ([expected["wildcard"]] if expected["wildcard"] else [])


def test_equals_stay_in_their_order_all_week_and_take_turns_over_the_weeks() -> None:
    offers = [offer(1, f"{letter}.example") for letter in "abcd"]
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    days = [uris(rank(SEEKER, offers, week=iso_week(monday + timedelta(days=day)))) for day in range(7)]
    assert days == [days[0]] * 7
    firsts = {
        uris(rank(SEEKER, offers, week=iso_week(monday + timedelta(weeks=week))))[0] for week in range(30)
    }
    assert len(firsts) == 4


def test_two_seekers_see_equals_in_their_own_order() -> None:
    offers = [offer(1, f"{letter}.example") for letter in "abcdefgh"]
    other = replace(SEEKER, uri="https://lib.example/actors/ben")
    assert uris(rank(SEEKER, offers, week=WEEK)) != uris(rank(other, offers, week=WEEK))


def test_the_tie_break_is_the_hash_of_three_texts() -> None:
    assert tie_break("a", "b", WEEK) == sha256(b"ab2026-W48").hexdigest()


@pytest.mark.parametrize(
    ("moment", "week"),
    [
        (datetime(2026, 11, 24, 9, tzinfo=UTC), "2026-W48"),
        (datetime(2027, 1, 3, 23, 59, tzinfo=UTC), "2026-W53"),
        (datetime(2027, 1, 4, 0, 0, tzinfo=UTC), "2027-W01"),
        (datetime(2027, 1, 4, 1, 0, tzinfo=timezone(timedelta(hours=2))), "2026-W53"),
    ],
)
def test_weeks_begin_on_monday_in_utc(moment: datetime, week: str) -> None:
    assert iso_week(moment) == week


@given(OFFERS, st.randoms(use_true_random=False))
def test_the_order_in_which_offers_are_read_does_not_matter(offers: list[Offering], random: Any) -> None:
    shuffled = list(offers)
    random.shuffle(shuffled)
    assert rank(SEEKER, shuffled, week=WEEK) == rank(SEEKER, offers, week=WEEK)


@given(OFFERS)
def test_every_offer_is_somewhere_once(offers: list[Offering]) -> None:
    found = rank(SEEKER, offers, week=WEEK)
    listed = [item.offering.uri for item in (*found.ready, *found.busy)]
    assert sorted(listed + [offering.uri for offering, _ in found.closed]) == sorted(
        offering.uri for offering in offers
    )
    assert all(item.score.is_busy for item in found.busy)
    assert not any(item.score.is_busy for item in found.ready)


@settings(max_examples=300)
@given(OFFERS)
def test_one_server_has_three_of_the_first_ten_while_others_are_near(offers: list[Offering]) -> None:
    ready = rank(SEEKER, offers, week=WEEK).ready
    counts: Counter[str] = Counter()
    for place, item in enumerate(ready[: FIRST_COUNT - 1]):
        if counts[item.offering.host] >= MAX_OF_ONE_HOST:
            left_out = [
                other
                for other in ready[place + 1 :]
                if counts[other.offering.host] < MAX_OF_ONE_HOST
                and item.score.rank_permille - other.score.rank_permille <= NEAR_PERMILLE
            ]
            assert left_out == []
        counts[item.offering.host] += 1


@given(OFFERS)
def test_an_offer_falls_behind_only_near_ones(offers: list[Offering]) -> None:
    ready = [item for item in rank(SEEKER, offers, week=WEEK).ready if not item.is_wildcard]
    for place, item in enumerate(ready):
        best_later = max((other.score.rank_permille for other in ready[place:]), default=0)
        assert best_later - item.score.rank_permille <= NEAR_PERMILLE


def test_a_server_alone_may_fill_the_page() -> None:
    offers = [offer(number, "a.example") for number in range(12)]
    assert len(rank(SEEKER, offers, week=WEEK).ready) == 12


def test_one_offer_from_another_field_is_on_the_first_page_and_labelled() -> None:
    offers = [offer(number, f"s{number}.example") for number in range(15)]
    surprise = offer(99, "w.example", areas={"A0901": 3})
    ready = rank(SEEKER, [*offers, surprise], week=WEEK).ready
    assert [place for place, item in enumerate(ready) if item.is_wildcard] == [FIRST_COUNT - 1]
    assert ready[FIRST_COUNT - 1].offering == surprise


@given(OFFERS)
def test_the_surprise_is_one_at_most_and_shares_no_field(offers: list[Offering]) -> None:
    ready = rank(SEEKER, offers, week=WEEK).ready
    marked = [(place, item) for place, item in enumerate(ready) if item.is_wildcard]
    strangers = [
        item
        for item in ready
        if item.offering.areas and "A06" not in {group_of(area) for area in item.offering.areas}
    ]
    assert len(marked) == min(1, len(strangers))
    for place, item in marked:
        assert place < FIRST_COUNT
        assert item in strangers


@pytest.mark.parametrize(("rank_of_other", "is_other"), [(1, True), (9, False)])
def test_the_surprise_comes_from_a_server_that_has_not_had_its_share_if_one_is_near(
    rank_of_other: int, is_other: bool
) -> None:
    near = [offer(number, "a.example", goals=frozenset({"G01"})) for number in range(3)]
    rest = [offer(number, f"s{number}.example", goals=frozenset({"G02"})) for number in range(9)]
    elsewhere: dict[str, Any] = {"areas": {"A0901": 3}, "goals": frozenset({"G01"}), "places_free": 9}
    own = [offer(number, "a.example", **elsewhere) for number in range(50, 53)]
    other = offer(60, "w.example", **elsewhere, pending_count=rank_of_other)
    seeker = replace(SEEKER, goals=frozenset({"G01"}))
    ready = rank(seeker, [*near, *rest, *own, other], week=WEEK).ready
    assert [item.offering.host for item in ready[:3]] == ["a.example"] * 3
    assert ready[FIRST_COUNT - 1].is_wildcard
    assert (ready[FIRST_COUNT - 1].offering == other) is is_other


def test_who_seeks_any_area_gets_no_surprise() -> None:
    offers = [offer(1, "a.example"), offer(2, "b.example", areas={"A0901": 1})]
    for areas in ((), ("A0000",)):
        assert not any(item.is_wildcard for item in rank(Seeker("a", areas=areas), offers, week=WEEK).ready)


def test_closed_pairs_are_not_scored_but_say_why() -> None:
    seeker = replace(SEEKER, modes=frozenset({"M1"}), excluded=frozenset({"b.example"}))
    away = offer(1, "b.example", modes=frozenset({"M4"}))
    found = rank(seeker, [away, offer(2, "a.example")], week=WEEK)
    assert found.closed == ((away, (Gate.EXCLUDED, Gate.MODE)),)
    assert len(found.ready) == 1
