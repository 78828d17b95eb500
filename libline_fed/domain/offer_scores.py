"""The score of `domain/matching.py` for many slots at once, and what slots can score at most.

Whole numbers as there, to the same thousandth; tests compare the two. `Plan` reads a seeker once: what each
component needs, which slots pass the gates, and the questions by which a search splits the slots.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
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
from libline_fed.domain.offer_columns import RHYTHM_NUMBERS, Facts, WeeklyHours
from libline_fed.domain.offer_pool import NOTHING, OfferPool
from libline_fed.domain.proposals import WAITING_PER_PLACE
from libline_fed.vocabulary import group_of

Numbers = NDArray[np.int64]
UNSTATED = -1
LEVELS = tuple(sorted(LEVEL_WEIGHTS, key=lambda level: -LEVEL_WEIGHTS[level]))
NEAR_WEIGHTS = {level: divided(LEVEL_WEIGHTS[level] * SAME_GROUP_WEIGHT, ALL) for level in LEVELS}
_EXACT = (0, *(LEVEL_WEIGHTS[level] for level in sorted(LEVELS)))
_NEAR = (0, *(NEAR_WEIGHTS[level] for level in sorted(LEVELS)))


@dataclass(frozen=True, slots=True)
class Limit:
    """What some slots can score at most: what is known of them, the rest taken as wholly met.

    `areas_met` and `areas_left` count priorities; None for `areas_left` if no area is wanted.
    """

    areas_met: int
    areas_left: int | None
    met: int  # weight × thousandths of the other components that are known
    stated: int  # weights of these
    left: int  # weights of those that are not known

    def fit(self, priorities: int) -> int:
        """Return the highest fit."""
        met, total = self.met + ALL * self.left, self.stated + self.left
        if self.areas_left is not None:
            covered = divided(self.areas_met + ALL * self.areas_left, priorities)
            met, total = met + WEIGHTS[Component.AREAS] * covered, total + WEIGHTS[Component.AREAS]
        return divided(met, 10 * total) if total else 0


Narrowed = Callable[[Limit], Limit]
Answer = tuple[BitMap, Narrowed]
Question = tuple[list[Answer], Narrowed]  # what each answer tells, and what it tells to give none of them


class Plan:
    """How to find what fits one seeker best. It is good for one version of the pool."""

    def __init__(
        self, pool: OfferPool, seeker: Seeker, *, is_member: bool, hours: WeeklyHours | None, week: date
    ) -> None:
        self.pool = pool
        self.seeker = seeker
        self._suffix = "" if is_member else "-shown"
        self._column = "" if is_member else "_shown"
        self._hours = hours
        self._week = week
        self.wanted = wanted_areas(seeker)
        self._covers = [pool.columns.covers(area, _EXACT, _NEAR) for area, _ in self.wanted]
        self.priorities = sum(priority for _, priority in self.wanted)
        self._writes = MESSAGES_MODE in seeker.modes
        self._fluent, self._working = self._languages()
        self._stage_table = np.array([self._stage_met(rung) for rung in range(6)], np.int64)
        self._has_stages = bool((self._stage_table >= 0).any())
        self._apart = self._rhythms_apart()
        self._apart_table = np.zeros(len(RHYTHM_NUMBERS) + 1, np.bool_)
        self._apart_table[[RHYTHM_NUMBERS[term] for term in self._apart]] = True
        listed = seeker.types_wished - {"same", "different"}
        self._own_types = seeker.types - {NO_TYPE}
        self._has_types = bool(listed or (seeker.types_wished and self._own_types))

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

    # --- exact ----------------------------------------------------------------------------------

    def ranks(self, slots: BitMap) -> tuple[NDArray[np.uint32], Numbers]:
        """Return slots in their order with the thousandths by which they are ranked."""
        chosen = np.asarray(slots.to_array())
        facts = self.pool.columns.facts(chosen)
        parts = {
            Component.AREAS: self._areas(facts),
            Component.GOALS: self._goals(facts),
            Component.STYLE: self._styles(facts),
            Component.CONTEXT: self._context(facts),
            Component.TIME: self._time(facts),
            Component.LANGUAGE: self._language(slots, chosen),
        }
        met = np.zeros(len(chosen), np.int64)
        total = np.zeros(len(chosen), np.int64)
        for component, values in parts.items():
            if values is not None:
                stated = values >= 0
                met += WEIGHTS[component] * np.where(stated, values, 0)
                total += WEIGHTS[component] * stated
        fits = _divided(met, np.maximum(10 * total, 1))
        return chosen, _less_load(fits, facts)

    def _areas(self, facts: Facts) -> Numbers | None:
        if not self.wanted:
            return None
        met = sum(
            priority * table[facts["cover"]].max(axis=0)
            for table, (_, priority) in zip(self._covers, self.wanted, strict=True)
        )
        return _divided(met, self.priorities)

    def _goals(self, facts: Facts) -> Numbers | None:
        own = self.seeker.goals
        return _shares(facts["goals"], self.pool.columns.goals.of(own), len(own)) if own else None

    def _styles(self, facts: Facts) -> Numbers | None:
        own = self.seeker.styles
        if not own:
            return None
        return _shares(
            facts["styles" + self._column], self.pool.columns.styles.of(own), min(MAX_STYLES, len(own))
        )

    def _context(self, facts: Facts) -> Numbers | None:
        types, stages = self._types(facts), self._stages(facts)
        if types is None or stages is None:
            return stages if types is None else types
        both = _divided(TYPE_WEIGHT * types + STAGE_WEIGHT * stages, TYPE_WEIGHT + STAGE_WEIGHT)
        return np.where(types < 0, stages, np.where(stages < 0, types, both))

    def _types(self, facts: Facts) -> Numbers | None:
        if not self._has_types:
            return None
        wished, masks = self.seeker.types_wished, self.pool.columns.types
        theirs = facts["types" + self._column]
        mine = masks.of(self._own_types)
        alike = masks.of(wished - {"same", "different"}) | (mine if "same" in wished else 0)
        is_met = (theirs & alike) != 0
        if "different" in wished and mine:
            is_met |= (theirs & ~mine) != 0
        return np.where(theirs == 0, UNSTATED, np.where(is_met, ALL, 0))

    def _stages(self, facts: Facts) -> Numbers | None:
        if not self._has_stages:
            return None
        found: Numbers = self._stage_table[facts["stage" + self._column]]
        return found

    def _stage_met(self, rung: int) -> int:
        stages = [stage for stage, known in STAGE_RUNGS.items() if known == rung]
        met = stage_met(self.seeker, Offering("", "", "", stage=stages[0])) if stages else None
        return UNSTATED if met is None else met

    def _time(self, facts: Facts) -> Numbers | None:
        if not self._writes and self._hours is None:
            return None
        met = np.full(len(facts["hours"]), UNSTATED, np.int64)
        if self._hours is not None:
            known = np.flatnonzero(facts["hours"])
            if len(known):
                minutes = self.pool.minutes(self._hours, self._week, facts["hours"][known])
                met[known] = _divided(ALL * np.minimum(minutes, ENOUGH_MINUTES), ENOUGH_MINUTES)
        if self._writes:
            met[(facts["modes"] & self.pool.columns.modes.of([MESSAGES_MODE])) != 0] = ALL
        if self._apart:
            is_apart = self._apart_table[facts["rhythm"]] & (met >= 0)
            met = np.where(is_apart, _divided(met, 2), met)
        return met

    def _language(self, slots: BitMap, chosen: NDArray[np.uint32]) -> Numbers | None:
        if not self._fluent and not self._working:
            return None
        met = np.full(len(chosen), UNSTATED, np.int64)
        for found, value in ((self._working, WORKING_LANGUAGE_WEIGHT), (self._fluent, ALL)):
            both = slots & found
            if both:
                met[np.searchsorted(chosen, both.to_array())] = value
        return met

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

    def _rhythms_apart(self) -> list[str]:
        own = RHYTHMS.get(self.seeker.frequency or "")
        if own is None:
            return []
        return [term for term, step in RHYTHMS.items() if abs(step - own) > MAX_RHYTHM_STEPS]

    # --- at most --------------------------------------------------------------------------------

    def limit(self) -> Limit:
        """Return what any slot can score at most."""
        seeker = self.seeker
        possible = {
            Component.GOALS: bool(seeker.goals),
            Component.STYLE: bool(seeker.styles),
            Component.CONTEXT: self._has_types or self._has_stages,
            Component.TIME: self._writes or self._hours is not None,
            Component.LANGUAGE: bool(self._fluent or self._working),
        }
        left = sum(WEIGHTS[name] for name, is_possible in possible.items() if is_possible)
        return Limit(0, self.priorities if self.wanted else None, 0, 0, left)

    def questions(self) -> Iterator[Question]:
        """Split slots by what moves the score most; the answers of one question exclude each other."""
        for area, priority in self.wanted:
            yield self._area_question(area, priority)
        if self._fluent or self._working:
            yield (
                [
                    (self._fluent, _knows(Component.LANGUAGE, ALL)),
                    (self._working, _knows(Component.LANGUAGE, WORKING_LANGUAGE_WEIGHT)),
                ],
                _knows(Component.LANGUAGE, None),
            )
        if self._writes or self._hours is not None:
            yield self._time_question()
        if self._has_stages:
            yield self._stage_question()
        if self.seeker.goals:
            yield self._share_question(Component.GOALS, "goal", self.seeker.goals, len(self.seeker.goals))
        if 0 < len(self.seeker.styles) <= MAX_STYLES:
            yield self._share_question(
                Component.STYLE, f"style{self._suffix}", self.seeker.styles, len(self.seeker.styles)
            )

    def _area_question(self, area: str, priority: int) -> Question:
        answers = [
            (self.pool.map("area", area, level), _covers(priority, LEVEL_WEIGHTS[level])) for level in LEVELS
        ]
        group = group_of(area)
        if group is not None:
            answers += [
                (self.pool.map("group", group, level), _covers(priority, NEAR_WEIGHTS[level]))
                for level in LEVELS
            ]
        return answers, _covers(priority, 0)

    def _time_question(self) -> Question:
        apart = self.pool.maps("rhythm", self._apart)
        answers: list[Answer] = []
        if self._writes:
            writing = self.pool.map("mode", MESSAGES_MODE)
            answers = [
                (writing - apart, _knows(Component.TIME, ALL)),
                (writing, _knows(Component.TIME, divided(ALL, 2))),
            ]
        if self._hours is not None:
            timed = self.pool.map("hours")
            answers += [
                (timed & apart, _knows(Component.TIME, divided(ALL, 2))),
                (timed, _knows(Component.TIME, ALL)),
            ]
        return answers, _knows(Component.TIME, None)

    def _stage_question(self) -> Question:
        answers: list[Answer] = []
        for rung in range(1, len(self._stage_table)):
            met = int(self._stage_table[rung])
            if self._has_types:  # the other part may be wholly met
                met = divided(TYPE_WEIGHT * ALL + STAGE_WEIGHT * met, TYPE_WEIGHT + STAGE_WEIGHT)
            answers.append((self.pool.map(f"rung{self._suffix}", rung), _knows(Component.CONTEXT, met)))
        return answers, (_unchanged if self._has_types else _knows(Component.CONTEXT, None))

    def _share_question(
        self, component: Component, name: str, own: frozenset[str], wanted_count: int
    ) -> Question:
        every = BitMap.intersection(*(self.pool.map(name, term) for term in own))
        most = divided(ALL * (wanted_count - 1), wanted_count)
        answers = [(every, _knows(component, ALL)), (self.pool.map(name, None), _knows(component, None))]
        return answers, _knows(component, most)


def _divided(numerator: Any, denominator: Any) -> Numbers:
    """Divide and round half up, as `matching.divided` does."""
    found: Numbers = (2 * numerator + denominator) // (2 * denominator)
    return found


def _shares(theirs: NDArray[np.int32], own: int, wanted_count: int) -> Numbers:
    """Return what part of the terms that somebody wants is among theirs."""
    counts = np.minimum(np.bitwise_count(theirs & own), wanted_count).astype(np.int64)
    return np.where(theirs == 0, UNSTATED, _divided(ALL * counts, wanted_count))


def _less_load(fits: Numbers, facts: Facts) -> Numbers:
    free = facts["free"].astype(np.int64)
    full = WAITING_PER_PLACE * np.maximum(free, 1)
    waiting = np.minimum(facts["waiting"], full)
    loaded = _divided(10 * fits * (2 * full - waiting), 2 * full)
    return np.where(free < 0, 10 * fits, np.where(free == 0, 5 * fits, loaded))


def _covers(priority: int, weight: int) -> Narrowed:
    def narrowed(limit: Limit) -> Limit:
        assert limit.areas_left is not None, "asked for wanted areas only"
        return replace(
            limit, areas_met=limit.areas_met + priority * weight, areas_left=limit.areas_left - priority
        )

    return narrowed


def _knows(component: Component, value: int | None) -> Narrowed:
    weight = WEIGHTS[component]
    met, stated = (0, 0) if value is None else (weight * value, weight)
    return lambda limit: replace(
        limit, met=limit.met + met, stated=limit.stated + stated, left=limit.left - weight
    )


def _unchanged(limit: Limit) -> Limit:
    return limit
