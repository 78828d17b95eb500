"""What the index keeps of each offer: numbers in arrays, one place ("slot") per version of an offer.

A changed offer gets a new slot. Slots that are no longer live are swept away when there are too many of them.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from libline_fed.domain.matching import (
    LEVEL_WEIGHTS,
    NO_TYPE,
    RHYTHMS,
    STAGE_RUNGS,
    Offering,
    by_primary_tag,
)
from libline_fed.domain.proposals import MAX_AREAS, Purpose
from libline_fed.vocabulary import UNDECIDED_AREA, group_of

AREAS_COUNT = MAX_AREAS[Purpose.OFFER]
NO_AREA = 0
LEVELS_COUNT = max(LEVEL_WEIGHTS) + 1  # 0 is none
MAX_NUMBER = 2**31 - 1
SPOKEN_COUNT = 4  # languages of one offer that are in the arrays; whoever says more is in a bitmap only
SPOKEN_LEVELS = {"basic": 1, None: 2, "working": 3, "fluent": 4}  # 0 is none
SPOKEN_STEP = len(SPOKEN_LEVELS) + 1
RHYTHM_NUMBERS = {term: number + 1 for number, term in enumerate(RHYTHMS)}  # 0: none, or as needed
PACE_BITS = 3  # of the rhythm; those of the modes are above
_UUID_CHARACTERS = 36

WeeklyHours = tuple[str, tuple[tuple[int, int, int], ...]]  # time zone, ranges of domain/availability.py


@dataclass(frozen=True, slots=True)
class Listing:
    """An offer that is open or full, as the index takes it.

    `offering` is what members here may know of it, `shown` what others may; the two differ in types, stage
    and styles only. `number` is that of its words, 0 for none yet. `listed_modes`, `found_areas` and `tags`
    are by what filters find it, `country` and `country_shown` where its author is, for members and for
    others.
    """

    id: str
    number: int
    offering: Offering
    shown: Offering
    author_id: str
    audience: str
    is_local: bool
    last_day: int | None = None  # its ordinal
    hours: WeeklyHours | None = None
    listed_modes: tuple[str, ...] = ()
    found_areas: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    country: str = ""
    country_shown: str = ""
    sources: tuple[str, ...] = ()  # URIs of the servers and consortia that brought it


def known_level(level: int | None) -> int:
    """Return how deep somebody knows an area; what is not stated counts as some."""
    return level if level is not None and level in LEVEL_WEIGHTS else 1


class Terms:
    """Numbers for texts, from 0, in the order in which they first come."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}
        for text in texts:
            self.number(text)

    def number(self, text: str) -> int:
        """Return the number of a text, a new one if it has none."""
        known = self._numbers.get(text)
        if known is None:
            known = self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return known

    def known(self, text: str) -> int | None:
        """Return the number of a text, if it has one."""
        return self._numbers.get(text)


class Masks:
    """Sets of terms of one short list as bits, `most_count` of them at most."""

    def __init__(self, most_count: int) -> None:
        self._terms = Terms()
        self._most_count = most_count

    @property
    def range(self) -> int:
        """How many sets there can be of the terms that have come so far."""
        return int(1 << len(self._terms.texts))

    def of(self, terms: Iterable[str]) -> int:
        """Return a set as bits.

        Raises: ValueError when there are more terms than bits.
        """
        mask = 0
        for term in terms:
            number = self._terms.number(term)
            if number >= self._most_count:
                raise ValueError("more terms than a published list has")
            mask |= 1 << number
        return mask


_FACTS = {  # how many numbers of 32 bits each fact takes
    "cover": AREAS_COUNT,  # number of an area and level in one: see `covers`
    "spoken": SPOKEN_COUNT,  # number of a language and level in one: see `speaks`
    "goals": 1,
    "pace": 1,  # modes and rhythm in one
    "types": 1,
    "types_shown": 1,
    "styles": 1,
    "styles_shown": 1,
    "stage": 1,
    "stage_shown": 1,
    "hours": 1,
    "free": 1,  # -1 where nobody said
    "waiting": 1,
    "host": 1,
    "uri_prefix": 1,
}
_STARTS = dict(zip(_FACTS, accumulate(_FACTS.values(), initial=0), strict=False))
_FACTS_COUNT = sum(_FACTS.values())
_UUID_BYTES = 16


class Facts:
    """The facts of some slots, side by side."""

    def __init__(self, facts: NDArray[np.int32]) -> None:
        self._facts = facts

    def __getitem__(self, name: str) -> NDArray[np.int32]:
        start = _STARTS[name]
        width = _FACTS[name]
        found: NDArray[np.int32] = self._facts[start] if width == 1 else self._facts[start : start + width]
        return found


class Columns:
    """The arrays, a row for each slot: what is read of one offer lies together, which memory is fast at.

    `used_count` slots of them are in use; terms become numbers here."""

    def __init__(self) -> None:
        self.used_count = 0
        self.areas = Terms([""])  # 0 is no area
        self._areas_of_group: dict[str, list[int]] = {}
        self.hosts = Terms()
        self.hours: list[WeeklyHours | None] = [None]
        self.goals, self.styles, self.modes, self.types = Masks(16), Masks(16), Masks(12), Masks(31)
        self.tags = Terms([""])  # primary ones; 0 is none
        self._prefixes = Terms()
        self._odd_uris: dict[int, str] = {}
        self._hours_numbers: dict[WeeklyHours, int] = {}
        self._facts = np.zeros((0, _FACTS_COUNT), np.int32)
        self._uuids = np.zeros((0, 2 * _UUID_BYTES), np.uint8)  # of the proposal, and at the end of its URI

    @property
    def size_bytes(self) -> int:
        """How much memory the arrays take."""
        return self._facts.nbytes + self._uuids.nbytes

    def append(self, listings: Sequence[Listing]) -> int:
        """Add offers; returns the slot of the first. The others follow it."""
        first = self.used_count
        self._reserve(first + len(listings))
        rows = [self._row(first + index, listing) for index, listing in enumerate(listings)]
        self._facts[first : first + len(rows)] = np.array([facts for facts, _ in rows], np.int32)
        uuids = np.frombuffer(b"".join(uuids for _, uuids in rows), np.uint8)
        self._uuids[first : first + len(rows)] = uuids.reshape(-1, 2 * _UUID_BYTES)
        self.used_count += len(listings)
        return first

    def keep(self, slots: NDArray[Any]) -> None:
        """Keep only some slots, in their order: they become 0, 1, 2, …."""
        self._odd_uris = {
            new: self._odd_uris[old] for new, old in enumerate(slots.tolist()) if old in self._odd_uris
        }
        self._facts, self._uuids = self._facts[slots], self._uuids[slots]
        self.used_count = len(slots)

    def facts(self, slots: NDArray[Any]) -> Facts:
        """Return the facts of some slots."""
        return Facts(np.ascontiguousarray(self._facts[slots].T))

    def host(self, slot: int) -> str:
        """Return the server that the offer in a slot is from."""
        return self.hosts.texts[int(self._facts[slot, _STARTS["host"]])]

    def proposal_id(self, slot: int) -> str:
        """Return the id of the proposal in a slot."""
        return str(uuid.UUID(bytes=self._uuids[slot, :_UUID_BYTES].tobytes()))

    def uri(self, slot: int) -> str:
        """Return the URI of the proposal in a slot."""
        odd = self._odd_uris.get(slot)
        if odd is not None:
            return odd
        digits = self._uuids[slot, _UUID_BYTES:].tobytes().hex()
        prefix = self._prefixes.texts[int(self._facts[slot, _STARTS["uri_prefix"]])]
        return f"{prefix}{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def area_number(self, area: str) -> int:
        """Return the number of an area; it is then among those of its group."""
        known = self.areas.known(area)
        if known is not None:
            return known
        number, group = self.areas.number(area), group_of(area)
        if group is not None:
            self._areas_of_group.setdefault(group, []).append(number)
        return number

    def covers(self, wanted: str, exact: Sequence[int], near: Sequence[int]) -> NDArray[np.int32]:
        """Return a value by what "cover" says: how far that covers a wanted area.

        `exact` and `near` are the values of the levels 0, 1, 2 and 3 of the same area and of its neighbours.
        """
        found = np.zeros((len(self.areas.texts), LEVELS_COUNT), np.int32)
        found[self._areas_of_group.get(group_of(wanted) or "", [])] = near
        known = self.areas.known(wanted)
        if known is not None:
            found[known] = exact
        return found.reshape(-1)

    def speaks(self, values: Mapping[tuple[str, str | None], int]) -> NDArray[np.int32]:
        """Return a value by what "spoken" says, from values by primary tag and level; 0 for the others."""
        found = np.zeros((len(self.tags.texts), SPOKEN_STEP), np.int32)
        for (tag, level), value in values.items():
            known = self.tags.known(tag)
            if known is not None:
                found[known, SPOKEN_LEVELS[level]] = value
        return found.reshape(-1)

    def _row(self, slot: int, listing: Listing) -> tuple[list[int], bytes]:
        """Return the numbers of an offer, in the order of `_FACTS`, and its two UUIDs."""
        offering, shown = listing.offering, listing.shown
        prefix, tail = self._split_uri(slot, offering.uri)
        areas = [(area, level) for area, level in offering.areas.items() if area != UNDECIDED_AREA]
        if len(areas) > AREAS_COUNT:
            raise ValueError(f"more than {AREAS_COUNT} areas")
        covers = [LEVELS_COUNT * self.area_number(area) + known_level(level) for area, level in areas]
        free = offering.places_free
        facts = [
            *covers,
            *[NO_AREA] * (AREAS_COUNT - len(areas)),
            *self._spoken(offering),
            self.goals.of(offering.goals),
            (self.modes.of(offering.modes) << PACE_BITS) + RHYTHM_NUMBERS.get(offering.frequency or "", 0),
            self.types.of(offering.types - {NO_TYPE}),
            self.types.of(shown.types - {NO_TYPE}),
            self.styles.of(offering.styles),
            self.styles.of(shown.styles),
            STAGE_RUNGS.get(offering.stage or "", 0),
            STAGE_RUNGS.get(shown.stage or "", 0),
            self._hours_number(listing.hours),
            -1 if free is None else min(max(free, 0), MAX_NUMBER),
            min(max(offering.pending_count, 0), MAX_NUMBER),
            self.hosts.number(offering.host),
            prefix,
        ]
        return facts, uuid.UUID(listing.id).bytes + tail

    def _spoken(self, offering: Offering) -> list[int]:
        levels = list(by_primary_tag(offering.languages).items())[:SPOKEN_COUNT]
        found = [SPOKEN_STEP * self.tags.number(tag) + SPOKEN_LEVELS[level] for tag, level in levels]
        return found + [0] * (SPOKEN_COUNT - len(found))

    def _split_uri(self, slot: int, uri: str) -> tuple[int, bytes]:
        """Most addresses end in a UUID: sixteen bytes instead of 36 characters, and few beginnings."""
        prefix, tail = uri[:-_UUID_CHARACTERS], uri[-_UUID_CHARACTERS:]
        try:
            number = uuid.UUID(tail)
        except ValueError:
            number = None
        if number is None or str(number) != tail:
            self._odd_uris[slot] = uri
            return 0, bytes(_UUID_BYTES)
        return self._prefixes.number(prefix), number.bytes

    def _hours_number(self, hours: WeeklyHours | None) -> int:
        if hours is None:
            return 0
        known = self._hours_numbers.get(hours)
        if known is None:
            known = self._hours_numbers[hours] = len(self.hours)
            self.hours.append(hours)
        return known

    def _reserve(self, count: int) -> None:
        room = len(self._facts)
        if count <= room:
            return
        wider = max(count, room + room // 2, 1_024)
        self._facts, self._uuids = _widened(self._facts, wider), _widened(self._uuids, wider)


def _widened(array: NDArray[Any], count: int) -> NDArray[Any]:
    fresh = np.zeros((count, array.shape[1]), array.dtype)
    fresh[: len(array)] = array
    return fresh
