"""The score of `domain/matching.py` for many slots at once.

Whole numbers as there, to the same thousandth; tests compare the two. What a fact is worth to one seeker is
worked out once for everything that the fact can be, so that scoring a slot is looking up a few numbers.
"""

from collections.abc import Sequence
from datetime import date
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from libline_fed.domain.matching import (
    ALL,
    ENOUGH_MINUTES,
    LEVEL_WEIGHTS,
    MAX_RHYTHM_STEPS,
    MAX_STYLES,
    MESSAGES_MODE,
    NO_TYPE,
    RHYTHMS,
    SAME_GROUP_WEIGHT,
    STAGE_RUNGS,
    STAGE_WEIGHT,
    TYPE_WEIGHT,
    WEIGHTS,
    WORKING_LANGUAGE_WEIGHT,
    Component,
    Offering,
    Seeker,
    by_primary_tag,
    divided,
    stage_met,
    wanted_areas,
)
from libline_fed.domain.offer_columns import PACE_BITS, RHYTHM_NUMBERS, Facts, Masks, WeeklyHours
from libline_fed.domain.offer_pool import NOTHING, OfferPool
from libline_fed.domain.proposals import WAITING_PER_PLACE

Numbers = NDArray[np.int32]
LEVELS = tuple(sorted(LEVEL_WEIGHTS, key=lambda level: -LEVEL_WEIGHTS[level]))
NEAR_WEIGHTS = {level: divided(LEVEL_WEIGHTS[level] * SAME_GROUP_WEIGHT, ALL) for level in LEVELS}
HALF = divided(ALL, 2)
# What is stated is one number: its weight above these bits, weight × thousandths below. Such numbers add up.
MET_BITS = 20
MET = (1 << MET_BITS) - 1
# How an area is covered is one bit of six, so that what covers it best is found with OR.
_WAYS = [LEVEL_WEIGHTS[level] for level in (1, 2, 3)] + [NEAR_WEIGHTS[level] for level in (1, 2, 3)]
_WAY_BITS = len(_WAYS)


def stated(component: Component, met: int | None) -> int:
    """Return a component's weight and what is met of it as one number; 0 where nobody stated it."""
    return (WEIGHTS[component] << MET_BITS) + WEIGHTS[component] * met if met is not None else 0


_BEST_WAY = np.array(
    [max(compress(_WAYS, map(int, f"{bits:06b}"[::-1])), default=0) for bits in range(1 << _WAY_BITS)],
    np.int32,
)
_MINUTES_MET = [divided(ALL * minutes, ENOUGH_MINUTES) for minutes in range(ENOUGH_MINUTES + 1)]
_MINUTES_TABLE = np.array(  # without and with rhythms that differ
    [
        [stated(Component.TIME, met) for met in _MINUTES_MET],
        [stated(Component.TIME, divided(met, 2)) for met in _MINUTES_MET],
    ],
    np.int32,
)


class Plan:
    """What everything is worth to one seeker. It is good for one version of the pool."""

    def __init__(
        self, pool: OfferPool, seeker: Seeker, *, is_member: bool, hours: WeeklyHours | None, week: date
    ) -> None:
        self.pool = pool
        self.seeker = seeker
        self.suffix = "" if is_member else "-shown"
        self._column = "" if is_member else "_shown"
        self.hours = hours
        self._week = week
        self.wanted = wanted_areas(seeker)
        self.priorities = sum(priority for _, priority in self.wanted)
        self.writes = MESSAGES_MODE in seeker.modes
        own_rhythm = RHYTHMS.get(seeker.frequency or "")
        self.rhythms_apart = [
            term
            for term, step in RHYTHMS.items()
            if own_rhythm is not None and abs(step - own_rhythm) > MAX_RHYTHM_STEPS
        ]
        self.stages_met = [self._stage_met(rung) for rung in range(len(STAGE_RUNGS) + 1)]
        self.has_stages = any(met is not None for met in self.stages_met)
        self.own_types = seeker.types - {NO_TYPE}
        listed = seeker.types_wished - {"same", "different"}
        self.has_types = bool(listed or (seeker.types_wished and self.own_types))
        self.types_alike = listed | (self.own_types if "same" in seeker.types_wished else frozenset())
        self.wants_other_types = bool("different" in seeker.types_wished and self.own_types)
        self.fluent, self.working = self._languages()
        self._make_tables()

    # --- gates ----------------------------------------------------------------------------------

    def may_meet(self) -> BitMap:
        """Return the slots whose language, mode and format gates are open."""
        found = self.pool.live
        if self.seeker.languages:
            usable = [
                self.pool.map("language", tag, level)
                for tag, own in by_primary_tag(self.seeker.languages).items()
                if own != "basic"
                for level in ("fluent", "working", None)
            ]
            found = found & BitMap.union(self.pool.map("no-language"), *usable)
        for name, own_terms in (("mode", self.seeker.modes), ("format", self.seeker.formats)):
            if own_terms:
                found = found & self.pool.maps(name, [None, *own_terms])
        return found

    def kept_apart(self) -> BitMap:
        """Return the slots whose other gates are closed: own, blocked, excluded, of the same house."""
        seeker, pool = self.seeker, self.pool
        named = seeker.avoided | seeker.excluded
        apart = pool.of_authors({seeker.uri, *named}) | pool.maps("host", named)
        if seeker.institution is not None:
            house = pool.of_institution(seeker.institution)
            apart |= house - pool.map("accepts-house") if seeker.accepts_own_institution else house
        return apart

    # --- scores ---------------------------------------------------------------------------------

    def ranks(self, slots: BitMap) -> tuple[NDArray[np.uint32], Numbers]:
        """Return slots in their order with the thousandths by which they are ranked."""
        chosen = np.asarray(slots.to_array())
        facts = self.pool.columns.facts(chosen)
        found = self._time(facts)
        if self.seeker.goals:
            found += self._goal_table[facts["goals"]]
        if self.seeker.styles:
            found += self._style_table[facts["styles" + self._column]]
        if self.has_types or self.has_stages:
            found += self._context(facts)
        if self.fluent or self.working:
            found += self._language(facts, slots, chosen)
        if self.wanted:
            found += self._areas(facts)
        total = found >> MET_BITS
        # As whole numbers would have it: a quotient of two that are so small never comes near a whole one.
        fits = ((2 * (found & MET) + 10 * total) / np.maximum(20 * total, 1)).astype(np.int32)
        return chosen, _less_load(fits, facts)

    def _areas(self, facts: Facts) -> Numbers:
        bits = np.bitwise_or.reduce(self._cover_table[facts["cover"]], axis=0)
        met: Any = 0
        for place, table in enumerate(self._worth_tables):
            met = met + table[(bits >> (_WAY_BITS * place)) & ((1 << _WAY_BITS) - 1)]
        weight = WEIGHTS[Component.AREAS]
        covered = (2 * met + self.priorities) // (2 * self.priorities)
        found: Numbers = (weight << MET_BITS) + weight * covered
        return found

    def _context(self, facts: Facts) -> Numbers:
        stages = facts["stage" + self._column]
        if not self.has_types:
            found: Numbers = self._context_table[0][stages]
            return found
        theirs = facts["types" + self._column]
        is_met = (theirs & self.pool.columns.types.of(self.types_alike)) != 0
        if self.wants_other_types:
            is_met |= (theirs & ~self.pool.columns.types.of(self.own_types)) != 0
        return self._context_table[np.where(theirs == 0, 0, np.where(is_met, 2, 1)), stages]

    def _time(self, facts: Facts) -> Numbers:
        found: Numbers = self._pace_table[facts["pace"]]
        if self.hours is None:
            return found
        timed = np.flatnonzero((facts["hours"] != 0) & (found == 0))
        if len(timed):
            minutes = self.pool.minutes(self.hours, self._week, facts["hours"][timed])
            is_apart = self._apart_table[facts["pace"][timed]]
            found[timed] = _MINUTES_TABLE[is_apart, np.minimum(minutes, ENOUGH_MINUTES)]
        return found

    def _language(self, facts: Facts, slots: BitMap, chosen: NDArray[np.uint32]) -> Numbers:
        found: Numbers = self._spoken_table[facts["spoken"]].max(axis=0)
        many = slots & self.pool.map("many-languages")
        if many:
            for speakers, met in ((self.working, WORKING_LANGUAGE_WEIGHT), (self.fluent, ALL)):
                places = np.searchsorted(chosen, (many & speakers).to_array())
                found[places] = stated(Component.LANGUAGE, met)
        return found

    # --- what facts are worth -------------------------------------------------------------------

    def _make_tables(self) -> None:
        seeker, columns = self.seeker, self.pool.columns
        self._goal_table = _share_table(Component.GOALS, columns.goals, seeker.goals, len(seeker.goals))
        wanted_count = min(MAX_STYLES, len(seeker.styles))
        self._style_table = _share_table(Component.STYLE, columns.styles, seeker.styles, wanted_count)
        paces = np.arange(columns.modes.range << PACE_BITS)
        apart = [RHYTHM_NUMBERS[term] for term in self.rhythms_apart]
        self._apart_table = np.isin(paces & ((1 << PACE_BITS) - 1), apart).astype(np.int32)
        writing = columns.modes.of([MESSAGES_MODE]) if self.writes else 0
        worth = np.where(self._apart_table, stated(Component.TIME, HALF), stated(Component.TIME, ALL))
        paces = np.arange(len(paces))
        self._pace_table = np.where((paces >> PACE_BITS) & writing, worth, 0).astype(np.int32)
        contexts = [[self.context(type_, stage) for stage in self.stages_met] for type_ in (None, 0, ALL)]
        self._context_table = np.array(
            [[stated(Component.CONTEXT, met) for met in by_stage] for by_stage in contexts], np.int32
        )
        self._spoken_table = columns.speaks(self._spoken_values())
        covers = [
            columns.covers(area, *(_bits_of(start, _WAY_BITS * place) for start in (0, 3)))
            for place, (area, _) in enumerate(self.wanted)
        ]
        self._cover_table = np.bitwise_or.reduce(covers, axis=0) if covers else np.zeros(1, np.int32)
        self._worth_tables = [priority * _BEST_WAY for _, priority in self.wanted]

    def context(self, type_: int | None, stage: int | None) -> int | None:
        """Return what is met of the component for context."""
        parts = [(TYPE_WEIGHT, type_), (STAGE_WEIGHT, stage)]
        known = [(weight, met) for weight, met in parts if met is not None]
        if not known:
            return None
        return divided(sum(weight * met for weight, met in known), sum(weight for weight, _ in known))

    def _spoken_values(self) -> dict[tuple[str, str | None], int]:
        fluent = stated(Component.LANGUAGE, ALL)
        working = stated(Component.LANGUAGE, WORKING_LANGUAGE_WEIGHT)
        values: dict[tuple[str, str | None], int] = {}
        for tag, own in by_primary_tag(self.seeker.languages).items():
            if own in {"fluent", "working"}:
                values[tag, "fluent"] = fluent if own == "fluent" else working
                values[tag, "working"] = working
        return values

    def _languages(self) -> tuple[BitMap, BitMap]:
        """Return who is as fluent as the seeker in a language, and who shares one at working level."""
        fluent, working = [NOTHING], [NOTHING]
        for tag, own in by_primary_tag(self.seeker.languages).items():
            if own == "fluent":
                fluent.append(self.pool.map("language", tag, "fluent"))
                working.append(self.pool.map("language", tag, "working"))
            elif own == "working":
                working += [self.pool.map("language", tag, level) for level in ("fluent", "working")]
        return BitMap.union(*fluent), BitMap.union(*working)

    def _stage_met(self, rung: int) -> int | None:
        stages = [stage for stage, known in STAGE_RUNGS.items() if known == rung]
        return stage_met(self.seeker, Offering("", "", "", stage=stages[0])) if stages else None


def _bits_of(start: int, shift: int) -> Sequence[int]:
    """Return the bits of the levels 0 (none), 1, 2 and 3."""
    return (0, *(1 << (start + level + shift) for level in range(3)))


def _share_table(component: Component, masks: Masks, own: frozenset[str], wanted_count: int) -> Numbers:
    """Return by a set of terms, as bits, what sharing some of one's own with it is worth."""
    if not own:
        return np.zeros(1, np.int32)
    mask = masks.of(own)
    sets = np.arange(masks.range, dtype=np.int32)
    shares = (min(count, wanted_count) for count in range(len(own) + 1))
    worth = [stated(component, divided(ALL * share, wanted_count)) for share in shares]
    found: Numbers = np.array(worth, np.int32)[np.bitwise_count(sets & mask)]
    found[0] = 0  # nobody stated any
    return found


def _less_load(fits: Numbers, facts: Facts) -> Numbers:
    """Return R = F·(1 − ½·min(1, pending / (2·places_free))), in thousandths of the best."""
    found = 10 * fits
    free = facts["free"]
    loaded = np.flatnonzero((free == 0) | ((free > 0) & (facts["waiting"] > 0)))
    full = WAITING_PER_PLACE * np.maximum(free[loaded].astype(np.int64), 1)
    waiting = np.where(free[loaded] == 0, full, np.minimum(facts["waiting"][loaded], full))
    whole = 2 * full
    found[loaded] = (2 * found[loaded] * (whole - waiting) + whole) // (2 * whole)
    return found
