"""What the index keeps of each offer: numbers in arrays, one place ("slot") per version of an offer.

A changed offer gets a new slot. Slots that are no longer live are swept away when there are too many of them.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from libline_fed.domain.matching import LEVEL_WEIGHTS, NO_TYPE, RHYTHMS, STAGE_RUNGS, Offering
from libline_fed.domain.proposals import MAX_AREAS, Purpose
from libline_fed.vocabulary import UNDECIDED_AREA, group_of

AREAS_COUNT = MAX_AREAS[Purpose.OFFER]
NO_AREA = 0
MAX_NUMBER = 2**31 - 1
MAX_TERMS = 32  # in one list of the vocabulary
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
    return level if level in LEVEL_WEIGHTS else 1


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
    """Sets of terms of one short list as bits."""

    def __init__(self) -> None:
        self._terms = Terms()

    def of(self, terms: Iterable[str]) -> int:
        """Return a set as bits.

        Raises: ValueError when there are more terms than bits.
        """
        mask = 0
        for term in terms:
            number = self._terms.number(term)
            if number >= MAX_TERMS:
                raise ValueError("more terms than a published list has")
            mask |= 1 << number
        return mask


_COLUMNS: dict[str, tuple[DTypeLike, int]] = {  # name: type, how many of them per slot
    "proposal": (np.uint8, 16),
    "uri_prefix": (np.int32, 1),
    "uri_tail": (np.uint8, 16),
    "host": (np.int32, 1),
    "area": (np.int32, AREAS_COUNT),
    "level": (np.uint8, AREAS_COUNT),
    "goals": (np.uint32, 1),
    "modes": (np.uint32, 1),
    "types": (np.uint32, 1),
    "types_shown": (np.uint32, 1),
    "styles": (np.uint32, 1),
    "styles_shown": (np.uint32, 1),
    "stage": (np.uint8, 1),
    "stage_shown": (np.uint8, 1),
    "rhythm": (np.uint8, 1),
    "hours": (np.int32, 1),
    "free": (np.int32, 1),
    "waiting": (np.int32, 1),
}
RHYTHM_NUMBERS = {term: number + 1 for number, term in enumerate(RHYTHMS)}  # 0: none, or as needed


class Columns:
    """The arrays. `used_count` slots of them are in use; terms become numbers here."""

    def __init__(self) -> None:
        self.used_count = 0
        self.areas = Terms([""])  # 0 is no area
        self.groups = Terms([""])
        self.group_of_area: list[int] = [0]
        self.hosts = Terms()
        self.hours: list[WeeklyHours | None] = [None]
        self.goals, self.modes, self.types, self.styles = Masks(), Masks(), Masks(), Masks()
        self._prefixes = Terms()
        self._odd_uris: dict[int, str] = {}
        self._hours_numbers: dict[WeeklyHours, int] = {}
        self._arrays = {name: _empty(dtype, width, 0) for name, (dtype, width) in _COLUMNS.items()}

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._arrays[name]

    @property
    def size_bytes(self) -> int:
        """How much memory the arrays take."""
        return sum(array.nbytes for array in self._arrays.values())

    def append(self, listings: Sequence[Listing]) -> int:
        """Add offers; returns the slot of the first. The others follow it."""
        first = self.used_count
        self._reserve(first + len(listings))
        given = [self._row(first + index, listing) for index, listing in enumerate(listings)]
        for name, values in zip(_COLUMNS, zip(*given, strict=True), strict=True):
            self._arrays[name][first : first + len(listings)] = values
        self.used_count += len(listings)
        return first

    def keep(self, slots: NDArray[Any]) -> None:
        """Keep only some slots, in their order: they become 0, 1, 2, …."""
        self._odd_uris = {
            new: self._odd_uris[old] for new, old in enumerate(slots.tolist()) if old in self._odd_uris
        }
        for name, array in self._arrays.items():
            self._arrays[name] = array[slots]
        self.used_count = len(slots)

    def proposal_id(self, slot: int) -> str:
        """Return the id of the proposal in a slot."""
        return str(uuid.UUID(bytes=self._arrays["proposal"][slot].tobytes()))

    def uri(self, slot: int) -> str:
        """Return the URI of the proposal in a slot."""
        odd = self._odd_uris.get(slot)
        if odd is not None:
            return odd
        digits = self._arrays["uri_tail"][slot].tobytes().hex()
        prefix = self._prefixes.texts[int(self._arrays["uri_prefix"][slot])]
        return f"{prefix}{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def area_number(self, area: str) -> int:
        """Return the number of an area; its group gets one, too."""
        known = self.areas.known(area)
        if known is not None:
            return known
        group = group_of(area)
        self.group_of_area.append(self.groups.number(group) if group is not None else 0)
        return self.areas.number(area)

    def _row(self, slot: int, listing: Listing) -> tuple[object, ...]:
        offering, shown = listing.offering, listing.shown
        prefix, tail = self._split_uri(slot, offering.uri)
        areas = [(area, level) for area, level in offering.areas.items() if area != UNDECIDED_AREA]
        if len(areas) > AREAS_COUNT:
            raise ValueError(f"more than {AREAS_COUNT} areas")
        padding = [NO_AREA] * (AREAS_COUNT - len(areas))
        free = offering.places_free
        types, styles = self.types.of(offering.types - {NO_TYPE}), self.styles.of(offering.styles)
        is_same = shown is offering
        return (
            np.frombuffer(uuid.UUID(listing.id).bytes, np.uint8),
            prefix,
            tail,
            self.hosts.number(offering.host),
            [self.area_number(area) for area, _ in areas] + padding,
            [known_level(level) for _, level in areas] + padding,
            self.goals.of(offering.goals),
            self.modes.of(offering.modes),
            types,
            types if is_same else self.types.of(shown.types - {NO_TYPE}),
            styles,
            styles if is_same else self.styles.of(shown.styles),
            STAGE_RUNGS.get(offering.stage or "", 0),
            STAGE_RUNGS.get(shown.stage or "", 0),
            RHYTHM_NUMBERS.get(offering.frequency or "", 0),
            self._hours_number(listing.hours),
            -1 if free is None else min(max(free, 0), MAX_NUMBER),
            min(max(offering.pending_count, 0), MAX_NUMBER),
        )

    def _split_uri(self, slot: int, uri: str) -> tuple[int, NDArray[np.uint8]]:
        """Most addresses end in a UUID: sixteen bytes instead of 36 characters, and few beginnings."""
        prefix, tail = uri[:-_UUID_CHARACTERS], uri[-_UUID_CHARACTERS:]
        try:
            number = uuid.UUID(tail)
        except ValueError:
            number = None
        if number is None or str(number) != tail:
            self._odd_uris[slot] = uri
            return 0, np.zeros(16, np.uint8)
        return self._prefixes.number(prefix), np.frombuffer(number.bytes, np.uint8)

    def _hours_number(self, hours: WeeklyHours | None) -> int:
        if hours is None:
            return 0
        known = self._hours_numbers.get(hours)
        if known is None:
            known = self._hours_numbers[hours] = len(self.hours)
            self.hours.append(hours)
        return known

    def _reserve(self, count: int) -> None:
        room = len(self._arrays["host"])
        if count <= room:
            return
        wider = max(count, room + room // 2, 1_024)
        for name, (dtype, width) in _COLUMNS.items():
            fresh = _empty(dtype, width, wider)
            fresh[: self.used_count] = self._arrays[name][: self.used_count]
            self._arrays[name] = fresh


def _empty(dtype: DTypeLike, width: int, count: int) -> NDArray[Any]:
    return np.zeros(count if width == 1 else (count, width), dtype)
