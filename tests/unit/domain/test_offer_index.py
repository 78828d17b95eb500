"""The index of offers says what ranking all of them says: any seeker, filter and page, after any change."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from libline_fed.bench import offers
from libline_fed.domain import availability, offer_search
from libline_fed.domain.match_ranking import rank
from libline_fed.domain.matching import MESSAGES_MODE, Offering, Seeker
from libline_fed.domain.offer_columns import Listing, WeeklyHours
from libline_fed.domain.offer_keys import MAX_FRESH
from libline_fed.domain.offer_pool import MIN_GONE, OfferPool
from libline_fed.domain.offer_scores import Plan
from libline_fed.domain.offer_search import DEEP, Places, Question, ranked
from libline_fed.domain.offer_splits import Splits
from libline_fed.domain.searches import Search
from tests.unit.domain.test_matching import OFFERINGS, SEEKERS

TODAY = date(2026, 11, 24)
WEEK = "2026-W48"
SMALL = 150  # so that few offers are enough to be split
Row = tuple[str, bool, bool]  # proposal id, is_wildcard, is_busy


@pytest.fixture(autouse=True, scope="module")
def _small_parts() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(offer_search, "SMALL", SMALL)
        yield


def full_scan(listings: Iterable[Listing], question: Question) -> tuple[list[Row], int]:
    """Return the whole list as the rules say it, and how many of it have room."""
    ids = {listing.offering.uri: listing.id for listing in listings}
    found = rank(
        question.seeker,
        [_as_read(one, question) for one in listings if _is_visible(one, question)],
        week=question.iso_week,
    )
    ready = [(ids[item.offering.uri], item.is_wildcard, False) for item in found.ready]
    return [*ready, *((ids[item.offering.uri], False, True) for item in found.busy)], len(ready)


def rows(places: Places) -> list[Row]:
    return [(place.proposal_id, place.is_wildcard, place.is_busy) for place in places.items]


def pool_of(listings: Sequence[Listing]) -> OfferPool:
    pool = OfferPool()
    pool.put(listings)
    return pool


def asked(seeker: Seeker, **values: object) -> Question:
    return replace(Question(seeker, Search(), TODAY, WEEK), **values)  # type: ignore[arg-type]


def some_question(rng: random.Random, number: int) -> Question:
    """Ask as one of many would: with and without hours, areas, filters, as a member and as a guest."""
    seeker = offers.seeker(rng, number=number)
    if rng.random() < 0.2:
        seeker = replace(seeker, areas=())
    search = Search()
    if rng.random() < 0.5:
        search = rng.choice(
            (
                Search(areas=tuple(rng.sample(offers.AREAS, 3))),
                Search(languages=("en",), modes=("M1", "M2")),
                Search(formats=(rng.choice(offers.FORMATS),), goals=offers.GOALS[:4]),
                Search(stages=("S3", "S4"), types=offers.TYPES[:5]),
                Search(places=("ES", "KE"), has_places=True),
                Search(hosts=(offers.LOCAL_HOST, "h2.example"), overlap_hours=2),
                Search(via="https://h1.example/groups/g"),
            )
        )
    return asked(
        seeker,
        search=search,
        is_member=rng.random() < 0.7,
        hours=offers.weekly_hours(rng) if rng.random() < 0.6 else None,
        hidden_hosts=frozenset({"h1.example", offers.LOCAL_HOST} if rng.random() < 0.3 else ()),
        numbers=rng.sample(range(5_000), 1_500) if rng.random() < 0.3 else None,
    )


def _is_visible(listing: Listing, question: Question) -> bool:
    search, offering = question.search, listing.offering if question.is_member else listing.shown
    country = listing.country if question.is_member else listing.country_shown
    minutes = _minutes(listing, question)
    return (
        (listing.audience == "public" or question.is_member)
        and (listing.last_day is None or listing.last_day >= question.today.toordinal())
        and (listing.is_local or offering.host not in question.hidden_hosts)
        and (question.numbers is None or listing.number in set(question.numbers))
        and _has_one(search.areas, listing.found_areas)
        and _has_one(search.modes, listing.listed_modes)
        and _has_one(search.formats, offering.formats)
        and _has_one(search.goals, offering.goals)
        and _has_one(search.stages, [offering.stage])
        and _has_one(search.types, offering.types)
        and _has_one(search.places, [country])
        and _has_one(search.hosts, [offering.host])
        and _has_one((search.via,) if search.via else (), listing.sources)
        and _has_one(search.languages, [tag.partition("-")[0] for tag in listing.tags])
        and not (search.has_places and offering.places_free == 0)
        and (not search.overlap_hours or (minutes or 0) >= 60 * search.overlap_hours)
    )


def _has_one(wanted: Sequence[str], given_values: Iterable[str | None]) -> bool:
    return not wanted or not set(wanted).isdisjoint(given_values)


def _minutes(listing: Listing, question: Question) -> int | None:
    if question.hours is None or listing.hours is None:
        return None
    (own_zone, own), (zone, theirs) = question.hours, listing.hours
    return availability.overlap_minutes(
        [list(piece) for piece in own], own_zone, [list(piece) for piece in theirs], zone, question.today
    )


def _as_read(listing: Listing, question: Question) -> Offering:
    offering = listing.offering if question.is_member else listing.shown
    writes = MESSAGES_MODE in question.seeker.modes & offering.modes
    return replace(offering, overlap_minutes=None if writes else _minutes(listing, question))


@given(SEEKERS, st.lists(OFFERINGS, max_size=40, unique_by=lambda found: found.uri), st.data())
@settings(deadline=None)
def test_any_few_offers_have_the_order_of_the_rules(
    seeker: Seeker, offerings: list[Offering], data: st.DataObject
) -> None:
    rng = random.Random(data.draw(st.integers(0, 9)))
    host = st.sampled_from(["a.example", "b.example"])
    seeker = replace(
        seeker,
        institution=data.draw(st.sampled_from([None, "one house"])),
        accepts_own_institution=data.draw(st.booleans()),
        avoided=data.draw(st.frozensets(st.sampled_from(["a.example", "https://m.example/actors/1"]))),
        excluded=data.draw(st.frozensets(host, max_size=1)),
    )
    listings = [
        Listing(offers.uuid_of(rng), 0, offering, offering, offering.author_uri, "public", is_local=False)
        for offering in offerings
    ]
    question = asked(seeker)
    expected, ready_count = full_scan(listings, question)
    pool = pool_of(listings)
    found = ranked(pool, question, limit=len(listings) + 1)
    assert rows(found) == expected
    assert (found.ready_count, found.busy_count) == (ready_count, len(expected) - ready_count)
    for offset in range(0, len(expected), 3):
        assert rows(ranked(pool, question, limit=3, offset=offset)) == expected[offset : offset + 3]


def test_every_page_of_many_offers_has_the_order_of_the_rules() -> None:
    listings = list(offers.listings(5_000, seed=3, hosts_count=30, local_count=400))
    assert len(listings) > 4 * SMALL
    pool, rng = pool_of(listings), random.Random(4)
    for number in range(40):
        question = some_question(rng, number)
        expected, ready_count = full_scan(listings, question)
        for limit, offset in (
            (10, 0),
            (10, 10),
            (10, rng.randrange(300)),
            (7, max(0, ready_count - 4)),
            (DEEP + 1, 0),
        ):
            found = ranked(pool, question, limit=limit, offset=offset)
            assert rows(found) == expected[offset : offset + limit], (number, limit, offset)
            assert (found.ready_count, found.busy_count) == (ready_count, len(expected) - ready_count)


def test_no_offer_ranks_higher_than_is_said_of_its_part() -> None:
    """Each question parts the offers: none is lost, none is in two parts."""
    pool, rng = pool_of(list(offers.listings(2_000, seed=6, local_count=300))), random.Random(7)
    for number in range(60):
        hours = offers.weekly_hours(rng) if number % 2 else None
        seeker = offers.seeker(rng, number=number)
        plan = Plan(pool, seeker, is_member=number % 3 > 0, hours=hours, week=TODAY)
        splits = Splits(plan)
        known, asked_count = splits.begin(covers_nothing=False)
        parts = [(plan.may_meet(), known)]
        for question in splits.questions[asked_count:]:
            finer = []
            for part, known in parts:
                pieces = [(piece, known.plus(more)) for piece, more in question(part) if piece]
                assert BitMap.union(BitMap(), *(piece for piece, _ in pieces)) == part
                assert sum(len(piece) for piece, _ in pieces) == len(part)
                finer += pieces
            parts = rng.sample(finer, min(len(finer), 25))
            for part, known in parts:
                assert plan.ranks(part)[1].max() <= splits.most(known)


def test_the_order_stays_right_through_any_changes() -> None:
    rng = random.Random(8)
    known = {one.id: one for one in offers.listings(1_500, seed=5, hosts_count=9, local_count=200)}
    pool = pool_of(list(known.values()))
    number = 10_000
    for step in range(12):
        gone = rng.sample(sorted(known), 150)
        changed = rng.sample(sorted(set(known) - set(gone)), 120)
        fresh = []
        for proposal_id in changed:
            number += 1
            other = offers.listing(rng, known[proposal_id].number, hosts_count=9, is_local=rng.random() < 0.2)
            fresh.append(replace(other, id=proposal_id))
        for _ in range(150):
            number += 1
            fresh.append(offers.listing(rng, number, hosts_count=9, is_local=rng.random() < 0.2))
        pool.drop([*gone, offers.uuid_of(rng)])
        pool.put(fresh)
        known = {key: one for key, one in known.items() if key not in gone} | {one.id: one for one in fresh}
        assert len(pool) == len(known)
        question = some_question(rng, step)
        expected, _ = full_scan(known.values(), question)
        assert rows(ranked(pool, question, limit=20)) == expected[:20]
        assert rows(ranked(pool, question, limit=len(known))) == expected
        authors = {one.author_id for one in fresh[:5]}
        assert set(pool.ids_of_authors(authors)) == {
            one.id for one in known.values() if one.author_id in authors
        }
    assert pool.columns.used_count < len(known) + MIN_GONE + 600  # what is gone was swept away
    assert MAX_FRESH < 12 * 420  # and what came late was sorted in


def test_a_server_with_nearly_all_offers_leaves_room_for_others_of_the_same_worth() -> None:
    """Its offers fill more than a page, so that the others must be looked for."""
    seeker = Seeker("https://lib.example/actors/ana", areas=("A0601",))
    rng = random.Random(1)

    def listing(host: str, area: str = "A0601") -> Listing:
        proposal_id = offers.uuid_of(rng)
        uri, author = f"https://{host}/proposals/{proposal_id}", f"https://{host}/actors/{offers.uuid_of(rng)}"
        offering = Offering(uri, author, host, areas={area: 3}, places_free=1)
        return Listing(proposal_id, 0, offering, offering, author, "public", is_local=False)

    listings = [listing("big.example") for _ in range(4 * SMALL)]
    listings += [listing(f"small{number}.example") for number in range(3)]
    listings += [listing("big.example", "A0901") for _ in range(30)] + [listing("other.example", "A0901")]
    pool = pool_of(listings)
    expected, _ = full_scan(listings, asked(seeker))
    for offset in range(0, 60, 10):
        found = rows(ranked(pool, asked(seeker), limit=10, offset=offset))
        assert found == expected[offset : offset + 10]
    hosts = {one.id: one.offering.host for one in listings}
    first = [hosts[proposal_id] for proposal_id, _, _ in expected[:10]]
    assert len({host for host in first if host.startswith("small")}) == 3
    assert first[9] == "other.example"


def test_nobody_can_be_found_by_what_an_earlier_version_said() -> None:
    seeker = Seeker("https://lib.example/actors/ana", areas=("A0601",), modes=frozenset({"M1"}))
    rng = random.Random(2)
    listing = replace(
        offers.listing(rng, 7, hosts_count=1, is_local=False), audience="public", last_day=None, tags=("en",)
    )
    before = replace(listing.offering, areas={"A0601": 3}, modes=frozenset({"M1"}), formats=frozenset())
    before = replace(before, places_free=None)
    after = replace(before, areas={"A0901": 3}, modes=frozenset({"M2"}))
    pool = pool_of([replace(listing, offering=before, shown=before)])
    english = asked(seeker, search=Search(languages=("en",)), numbers=[7])
    assert len(ranked(pool, english, limit=9).items) == 1
    pool.put([replace(listing, offering=after, shown=after, tags=("fr",), number=8)])
    assert ranked(pool, english, limit=9).items == ()
    assert ranked(pool, asked(seeker), limit=9).items == ()
    assert len(ranked(pool, asked(replace(seeker, modes=frozenset()), numbers=[8]), limit=9).items) == 1
    assert ranked(pool, asked(replace(seeker, modes=frozenset()), numbers=[7]), limit=9).items == ()


@pytest.mark.parametrize("zone", ["Europe/Madrid", "Asia/Kolkata", "Australia/Lord_Howe"])
def test_minutes_as_bits_are_the_minutes_that_are_counted(zone: str) -> None:
    rng = random.Random(zone)
    for week in (date(2026, 3, 25), date(2026, 10, 20), TODAY):
        hours: list[WeeklyHours] = [offers.weekly_hours(rng) for _ in range(6)]
        own = [list(piece) for piece in offers.weekly_hours(rng)[1]]
        for day in range(3):
            in_week = week + timedelta(days=day)
            mine = availability.minutes_of_week(own, zone, in_week)
            for their_zone, ranges in hours:
                theirs = [list(piece) for piece in ranges]
                shared = mine & availability.minutes_of_week(theirs, their_zone, in_week)
                counted = availability.overlap_minutes(own, zone, theirs, their_zone, in_week)
                assert shared.bit_count() == counted
