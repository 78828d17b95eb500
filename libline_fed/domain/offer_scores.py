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
from libline_fed.domain.offer_columns import RHYTHM_NUMBERS, WeeklyHours
from libline_fed.domain.offer_pool import NOTHING, OfferPool
from libline_fed.domain.proposals import WAITING_PER_PLACE
from libline_fed.vocabulary import group_of

Numbers = NDArray[np.int64]
UNSTATED = -1
LEVELS = tuple(sorted(LEVEL_WEIGHTS, key=lambda level: -LEVEL_WEIGHTS[level]))
NEAR_WEIGHTS = {level: divided(LEVEL_WEIGHTS[level] * SAME_GROUP_WEIGHT, ALL) for level in LEVELS}
_EXACT = np.array([0, *(LEVEL_WEIGHTS[level] for level in sorted(LEVELS))], np.int64)
_NEAR = np.array([0, *(NEAR_WEIGHTS[level] for level in sorted(LEVELS))], np.int64)


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
        self._hours = hours
        self._week = week
        self.wanted = wanted_areas(seeker)
        self.priorities = sum(priority for _, priority in self.wanted)
        self._writes = MESSAGES_MODE in seeker.modes
        self._fluent, self._working = self._languages()
        self._stage_table = np.array([self._stage_met(rung) for rung in range(6)], np.int64)
        listed = seeker.types_wished - {"same", "different"}
        self._own_types = seeker.types - {NO_TYPE}
        self._has_types = bool(listed or (seeker.types_wished and self._own_types))

    def _column(self, name: str) -> str:
        return name + self._suffix.replace("-", "_")

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
        parts = {
            Component.AREAS: self._areas(chosen),
            Component.GOALS: self._shares("goals", self.seeker.goals, len(self.seeker.goals)),
            Component.STYLE: self._shares(
                self._column("styles"), self.seeker.styles, min(MAX_STYLES, len(self.seeker.styles))
            ),
            Component.CONTEXT: self._context,
            Component.TIME: self._time,
            Component.LANGUAGE: self._language(slots),
        }
        met = np.zeros(len(chosen), np.int64)
        total = np.zeros(len(chosen), np.int64)
        for component, found in parts.items():
            values = found(chosen) if callable(found) else found
            if values is not None:
                stated = values >= 0
                met += WEIGHTS[component] * np.where(stated, values, 0)
                total += WEIGHTS[component] * stated
        fits = np.where(total > 0, _divided(met, np.maximum(10 * total, 1)), 0)
        return chosen, self._less_load(fits, chosen)

    def _areas(self, slots: NDArray[np.uint32]) -> Numbers | None:
        if not self.wanted:
            return None
        columns = self.pool.columns
        areas, levels = columns["area"][slots], columns["level"][slots]
        groups = np.array(columns.group_of_area, np.int32)[areas]
        exact, near = _EXACT[levels], _NEAR[levels]
        met = np.zeros(len(slots), np.int64)
        for area, priority in self.wanted:
            cover = np.where(areas == columns.area_number(area), exact, 0)
            group = group_of(area)
            if group is not None:
                is_near = groups == columns.groups.number(group)
                cover = np.maximum(cover, np.where(is_near, near, 0))
            met += priority * cover.max(axis=1)
        return _divided(met, self.priorities)

    def _shares(
        self, name: str, own: frozenset[str], wanted_count: int
    ) -> Callable[[NDArray[np.uint32]], Numbers | None]:
        columns = self.pool.columns
        masks = columns.styles if name.startswith("styles") else columns.goals

        def found(slots: NDArray[np.uint32]) -> Numbers | None:
            if not own:
                return None
            theirs = columns[name][slots]
            shared = np.minimum(np.bitwise_count(theirs & np.uint32(masks.of(own))), wanted_count)
            return np.where(theirs == 0, UNSTATED, _divided(ALL * shared.astype(np.int64), wanted_count))

        return found

    def _context(self, slots: NDArray[np.uint32]) -> Numbers:
        types, stages = self._types(slots), self._stages(slots)
        has_type, has_stage = types >= 0, stages >= 0
        weight = TYPE_WEIGHT * has_type + STAGE_WEIGHT * has_stage
        met = TYPE_WEIGHT * np.where(has_type, types, 0) + STAGE_WEIGHT * np.where(has_stage, stages, 0)
        return np.where(weight > 0, _divided(met, np.maximum(weight, 1)), UNSTATED)

    def _types(self, slots: NDArray[np.uint32]) -> Numbers:
        if not self._has_types:
            return np.full(len(slots), UNSTATED, np.int64)
        wished, masks = self.seeker.types_wished, self.pool.columns.types
        theirs = self.pool.columns[self._column("types")][slots]
        mine = masks.of(self._own_types)
        alike = masks.of(wished - {"same", "different"}) | (mine if "same" in wished else 0)
        is_met = (theirs & np.uint32(alike)) != 0
        if "different" in wished and mine:
            is_met |= (theirs & ~np.uint32(mine)) != 0
        return np.where(theirs == 0, UNSTATED, np.where(is_met, ALL, 0))

    def _stages(self, slots: NDArray[np.uint32]) -> Numbers:
        found: Numbers = self._stage_table[self.pool.columns[self._column("stage")][slots]]
        return found

    def _stage_met(self, rung: int) -> int:
        stages = [stage for stage, known in STAGE_RUNGS.items() if known == rung]
        met = stage_met(self.seeker, Offering("", "", "", stage=stages[0])) if stages else None
        return UNSTATED if met is None else met

    def _time(self, slots: NDArray[np.uint32]) -> Numbers:
        columns = self.pool.columns
        met = np.full(len(slots), UNSTATED, np.int64)
        if self._hours is not None:
            hours = columns["hours"][slots]
            known = hours > 0
            minutes = self.pool.minutes(self._hours, self._week, hours[known]).astype(np.int64)
            met[known] = _divided(ALL * np.minimum(minutes, ENOUGH_MINUTES), ENOUGH_MINUTES)
        if self._writes:
            met[(columns["modes"][slots] & np.uint32(columns.modes.of([MESSAGES_MODE]))) != 0] = ALL
        differs = self._rhythms_apart()
        if differs:
            is_apart = np.isin(columns["rhythm"][slots], [RHYTHM_NUMBERS[term] for term in differs])
            met = np.where(is_apart & (met >= 0), _divided(met, 2), met)
        return met

    def _language(self, slots: BitMap) -> Numbers:
        met = np.full(len(slots), UNSTATED, np.int64)
        for found, value in ((self._working, WORKING_LANGUAGE_WEIGHT), (self._fluent, ALL)):
            both = slots & found
            if both:
                met[np.searchsorted(slots.to_array(), both.to_array())] = value
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

    def _less_load(self, fits: Numbers, slots: NDArray[np.uint32]) -> Numbers:
        free = self.pool.columns["free"][slots].astype(np.int64)
        full = WAITING_PER_PLACE * np.maximum(free, 1)
        waiting = np.minimum(self.pool.columns["waiting"][slots], full)
        loaded = _divided(10 * fits * (2 * full - waiting), 2 * full)
        return np.where(free < 0, 10 * fits, np.where(free == 0, 5 * fits, loaded))

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
            Component.CONTEXT: self._has_types or bool((self._stage_table >= 0).any()),
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
        if (self._stage_table >= 0).any():
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
        apart = self.pool.maps("rhythm", self._rhythms_apart())
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
