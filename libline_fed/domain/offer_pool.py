"""All open and full offers in memory: bitmaps by what they say, and arrays to count with.

Every statement of an offer is a bitmap of the slots that make it, under a key such as `("mode", "M1")`.
Nothing here reads rows or clocks; `services/offer_index.py` keeps it true, `domain/offer_search.py` asks.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from libline_fed.domain import availability
from libline_fed.domain.matching import NO_TYPE, STAGE_RUNGS, Offering, by_primary_tag
from libline_fed.domain.offer_columns import (
    SPOKEN_COUNT,
    Columns,
    Listing,
    WeeklyHours,
    known_level,
)
from libline_fed.domain.offer_keys import Postings, key_of
from libline_fed.domain.proposals import WAITING_PER_PLACE
from libline_fed.vocabulary import UNDECIDED_AREA, group_of

MIN_GONE = 1_000  # slots that are gone before it is worth to sweep
GONE_SHARE = 4  # one in so many
NOTHING = BitMap()

MapKey = tuple[Any, ...]


class OfferPool:
    """The offers. Use it from one thread at a time."""

    def __init__(self) -> None:
        self.columns = Columns()
        self.live = BitMap()
        self.version = 0  # rises with every change
        self._maps: dict[MapKey, BitMap] = {}
        self._values: dict[str, set[Any]] = {"tag": set(), "last-day": set(), "type": set()}
        self._ids, self._authors, self._author_uris = Postings(), Postings(), Postings()
        self._institutions, self._numbers = Postings(), Postings()
        self._keys: dict[str, list[NDArray[Any]]] = {name: [] for name in _KEYED}
        self._monday = date.min
        self._weeks: dict[WeeklyHours, int] = {}  # the minutes of that week as bits

    def __len__(self) -> int:
        return len(self.live)

    @property
    def size_bytes(self) -> int:
        """About how much memory the offers take."""
        maps = sum(len(found.serialize()) for found in self._maps.values())
        keyed = sum(part.nbytes for parts in self._keys.values() for part in parts)
        return self.columns.size_bytes + maps + 5 * keyed // 2

    # --- changing -------------------------------------------------------------------------------

    def put(self, listings: Sequence[Listing]) -> None:
        """Add offers, each instead of its earlier version."""
        self.drop([listing.id for listing in listings] if len(self.live) else [])
        if not listings:
            return
        first = self.columns.append(listings)
        filed: dict[MapKey, list[int]] = {}
        for slot, listing in enumerate(listings, first):
            for key in _statements(listing):
                filed.setdefault(key, []).append(slot)
        for key, slots in filed.items():
            self._add_to(key, BitMap(np.array(slots, np.uint32)))
        self._note_keys(first, listings)
        self.live.add_range(first, first + len(listings))
        self.version += 1

    def drop(self, proposal_ids: Iterable[str]) -> None:
        """Take offers out; those that are not in it are no error."""
        keys = [key_of(proposal_id) for proposal_id in proposal_ids]
        if keys:
            self.live -= self._ids.find_all(keys)
            self.version += 1
        gone_count = self.columns.used_count - len(self.live)
        if gone_count > MIN_GONE and gone_count > self.columns.used_count // GONE_SHARE:
            self._sweep()

    def ids_of_authors(self, author_ids: Iterable[str]) -> list[str]:
        """Return the proposals of some authors."""
        keys = [key_of(author_id) for author_id in author_ids]
        found = self._authors.find_all(keys) & self.live if keys else NOTHING
        return [self.columns.proposal_id(slot) for slot in found]

    # --- asking ---------------------------------------------------------------------------------

    def map(self, *key: Any) -> BitMap:
        """Return who makes a statement; slots that are gone may be among them. Do not change it."""
        return self._maps.get(key, NOTHING)

    def maps(self, name: str, values: Iterable[Any]) -> BitMap:
        """Return who says one of several things."""
        return BitMap.union(NOTHING, *(self.map(name, value) for value in values))

    def types(self) -> set[str]:
        """Return the kinds of library that are known to anybody, "nowhere now" left out."""
        return self._values["type"] - {None, NO_TYPE}

    def with_tags(self, asked: Collection[str]) -> BitMap:
        """Return offers in a language; `en` also finds `en-GB`."""
        beginnings = tuple(f"{tag}-" for tag in asked)
        tags = [tag for tag in self._values["tag"] if tag in asked or tag.startswith(beginnings)]
        return self.maps("tag", tags)

    def ended(self, today: date) -> BitMap:
        """Return offers whose last day has passed."""
        return self.maps("last-day", [day for day in self._values["last-day"] if day < today.toordinal()])

    def of_authors(self, uris: Iterable[str]) -> BitMap:
        """Return the offers of people, by their URIs."""
        return self._author_uris.find_all([key_of(uri) for uri in uris])

    def of_institution(self, institution: str) -> BitMap:
        """Return the offers of people of one house."""
        return self._institutions.find_all([key_of(institution)])

    def with_numbers(self, numbers: Iterable[int]) -> BitMap:
        """Return the offers whose words have one of some numbers."""
        return self._numbers.find_all(numbers)

    def minutes(self, own: WeeklyHours, week: date, hours_numbers: NDArray[Any]) -> NDArray[Any]:
        """Return the minutes in a week that are shared with some numbers of weekly hours, none of them 0."""
        monday = week - timedelta(days=week.weekday())
        if self._monday != monday:
            self._monday, self._weeks = monday, {}
        mine = self._week_of(own)
        numbers, places = np.unique(hours_numbers, return_inverse=True)
        theirs = (self._week_of(self.columns.hours[number]) for number in numbers.tolist())
        shared = [(mine & their_week).bit_count() for their_week in theirs]
        return np.array(shared, np.int64)[places]

    # --- inside ---------------------------------------------------------------------------------

    def _week_of(self, hours: WeeklyHours | None) -> int:
        assert hours is not None, "0 is no number of hours"
        known = self._weeks.get(hours)
        if known is None:
            zone, ranges = hours
            known = availability.minutes_of_week([list(piece) for piece in ranges], zone, self._monday)
            self._weeks[hours] = known
        return known

    def _add_to(self, key: MapKey, slots: BitMap) -> None:
        known = self._maps.get(key)
        if known is None:
            self._maps[key] = slots
            if key[0] in self._values:
                self._values[key[0]].add(key[1])
        else:
            known |= slots

    def _note_keys(self, first: int, listings: Sequence[Listing]) -> None:
        slots = np.arange(first, first + len(listings), dtype=np.uint32)
        for name, read in _KEYED.items():
            keys = np.fromiter((read(listing) for listing in listings), np.uint64, len(listings))
            self._keys[name].append(keys)
            self._postings(name).add(keys, slots)

    def _postings(self, name: str) -> Postings:
        found = getattr(self, f"_{name}")
        assert isinstance(found, Postings)
        return found

    def _sweep(self) -> None:
        """Give the live slots the numbers 0, 1, 2, …: what is gone takes no room any more."""
        kept = self.live.to_array()
        place = np.full(self.columns.used_count, -1, np.int64)
        place[kept] = np.arange(len(kept))
        for key, slots in list(self._maps.items()):
            moved = place[slots.to_array()]
            moved = moved[moved >= 0]
            if len(moved):
                self._maps[key] = BitMap(moved.astype(np.uint32))
            else:
                del self._maps[key]
                if key[0] in self._values:
                    self._values[key[0]].discard(key[1])
        for name, parts in self._keys.items():
            keys = np.concatenate(parts)[kept] if parts else np.empty(0, np.uint64)
            self._keys[name] = [keys]
            fresh = Postings()
            fresh.add(keys, np.arange(len(kept), dtype=np.uint32))
            setattr(self, f"_{name}", fresh)
        self.columns.keep(np.asarray(kept))
        self.live = BitMap()
        self.live.add_range(0, len(kept))
        self.version += 1


def _institution_key(listing: Listing) -> int:
    name = listing.offering.institution
    return key_of(name) if name is not None else 0


_KEYED: dict[str, Callable[[Listing], int]] = {
    "ids": lambda listing: key_of(listing.id),
    "authors": lambda listing: key_of(listing.author_id),
    "author_uris": lambda listing: key_of(listing.offering.author_uri),
    "institutions": _institution_key,
    "numbers": lambda listing: max(listing.number, 0),
}


def _statements(listing: Listing) -> list[MapKey]:
    """List under what an offer is filed."""
    offering, shown = listing.offering, listing.shown
    keys: list[MapKey] = [("audience", listing.audience), ("host", offering.host)]
    keys += [("found-area", area) for area in listing.found_areas]
    keys += [("listed-mode", mode) for mode in listing.listed_modes]
    keys += [("tag", tag) for tag in listing.tags]
    keys += [("source", uri) for uri in listing.sources]
    keys += [("mode", mode) for mode in offering.modes or (None,)]
    keys += [("format", format_) for format_ in offering.formats or (None,)]
    keys += [("goal", goal) for goal in offering.goals or (None,)]
    for suffix, side in (("", offering), ("-shown", shown)):
        keys += [("type" + suffix, type_) for type_ in side.types]
        keys += [("style" + suffix, style) for style in side.styles or (None,)]
        keys.append(("stage" + suffix, side.stage))
        keys.append(("rung" + suffix, STAGE_RUNGS.get(side.stage or "", 0)))
    if not offering.types - {NO_TYPE}:
        keys.append(("type", None))
    if not shown.types - {NO_TYPE}:
        keys.append(("type-shown", None))
    keys += [("country", listing.country)] * bool(listing.country)
    keys += [("country-shown", listing.country_shown)] * bool(listing.country_shown)
    keys += [("rhythm", offering.frequency)] * bool(offering.frequency)
    keys += [("language", *spoken) for spoken in by_primary_tag(offering.languages).items()]
    keys += [("last-day", listing.last_day)] if listing.last_day is not None else []
    keys += [(name,) for name, is_so in _facts(listing).items() if is_so]
    keys += _area_statements(offering)
    return keys


def _facts(listing: Listing) -> dict[str, bool]:
    offering, free = listing.offering, listing.offering.places_free
    return {
        "local": listing.is_local,
        "no-language": not offering.languages,
        "many-languages": len(by_primary_tag(offering.languages)) > SPOKEN_COUNT,
        "hours": listing.hours is not None,
        "accepts-house": offering.accepts_own_institution,
        "places": free is None or free > 0,
        "busy": free is not None and offering.pending_count >= WAITING_PER_PLACE * free,
    }


def _area_statements(offering: Offering) -> list[MapKey]:
    """File under each area with its level, and under each group with its levels."""
    keys: dict[MapKey, None] = {}
    for area, level in offering.areas.items():
        if area == UNDECIDED_AREA:
            continue
        keys["area", area, known_level(level)] = None
        group = group_of(area)
        if group is not None:
            keys["in-group", group] = None
            keys["grouped",] = None
    return list(keys)
