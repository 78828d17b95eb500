"""Splits slots by what they say, and tells what the parts can score at most.

A search looks at the part first that can score most. What an answer adds to what is known of a part is a
`Known`; what is not known may be wholly met, so that no slot ever scores more than its part can.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

from pyroaring import BitMap

from libline_fed.domain.matching import (
    ALL,
    LEVEL_WEIGHTS,
    MAX_STYLES,
    MESSAGES_MODE,
    NO_TYPE,
    WEIGHTS,
    WORKING_LANGUAGE_WEIGHT,
    Component,
    divided,
)
from libline_fed.domain.offer_pool import NOTHING
from libline_fed.domain.offer_scores import HALF, LEVELS, NEAR_WEIGHTS, Plan
from libline_fed.vocabulary import group_of


class Known(NamedTuple):
    """What is known of some slots, or what one answer adds to that; the rest may be wholly met.

    `areas_met` and `areas_left` count priorities. `met` are weight × thousandths of the other components that
    are known, `stated` the weights of these, `left` the weights of those that are not known.
    """

    areas_met: int = 0
    areas_left: int = 0
    met: int = 0
    stated: int = 0
    left: int = 0

    def plus(self, more: "Known") -> "Known":
        """Return what is known after one more answer."""
        return Known(
            self.areas_met + more.areas_met,
            self.areas_left + more.areas_left,
            self.met + more.met,
            self.stated + more.stated,
            self.left + more.left,
        )


Parted = list[tuple[BitMap, int | None]]
Pieces = list[tuple[BitMap, Known]]
Split = Callable[[BitMap], Pieces]


class Splits:
    """The questions about what one seeker wants."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._pool = plan.pool
        self.questions = self._questions()

    def begin(self, *, covers_nothing: bool) -> tuple[Known, int]:
        """Return what is known of slots before anything is asked, and which question comes first.

        That is which components can count at all. `covers_nothing`: no area that is wanted is covered.
        """
        possible = {
            Component.GOALS: bool(self._plan.seeker.goals),
            Component.STYLE: bool(self._plan.seeker.styles),
            Component.CONTEXT: self._plan.has_types or self._plan.has_stages,
            Component.TIME: self._plan.writes or self._plan.hours is not None,
            Component.LANGUAGE: bool(self._plan.fluent or self._plan.working),
        }
        left = sum(WEIGHTS[name] for name, is_possible in possible.items() if is_possible)
        if covers_nothing:
            return Known(left=left), len(self._plan.wanted)
        return Known(areas_left=self._plan.priorities, left=left), 0

    def most(self, known: Known) -> int:
        """Return the highest rank that slots can have of which so much is known."""
        met, total = known.met + ALL * known.left, known.stated + known.left
        if self._plan.priorities:
            covered = divided(known.areas_met + ALL * known.areas_left, self._plan.priorities)
            met, total = met + WEIGHTS[Component.AREAS] * covered, total + WEIGHTS[Component.AREAS]
        return 10 * divided(met, 10 * total) if total else 0

    def _questions(self) -> list[Split]:
        """Return what splits slots, the weightiest first."""
        found: list[Split] = [partial(self._by_area, area, priority) for area, priority in self._plan.wanted]
        if self._plan.seeker.goals:
            found.append(partial(self._by_share, Component.GOALS, "goal", self._plan.seeker.goals))
        if self._plan.has_types or self._plan.has_stages:
            found.append(self._by_context)
        if self._plan.writes or self._plan.hours is not None:
            found.append(self._by_time)
        if self._plan.fluent or self._plan.working:
            found.append(self._by_language)
        if self._plan.seeker.styles:
            name = f"style{self._plan.suffix}"
            found.append(partial(self._by_share, Component.STYLE, name, self._plan.seeker.styles))
        return found

    def _by_area(self, area: str, priority: int, part: BitMap) -> Pieces:
        group = group_of(area)
        answers: list[tuple[BitMap, int | None]] = [
            (self._pool.map("area", area, level), LEVEL_WEIGHTS[level]) for level in LEVELS
        ]
        if group is not None:  # finer pieces would cost more than they save
            answers.append((self._pool.map("in-group", group), max(NEAR_WEIGHTS.values())))
        return [
            (piece, Known(areas_met=priority * (weight or 0), areas_left=-priority))
            for piece, weight in _parted(part, answers)
        ]

    def _by_share(self, component: Component, name: str, own: frozenset[str], part: BitMap) -> Pieces:
        """Split by how many of somebody's terms are shared."""
        wanted_count = len(own) if component is Component.GOALS else min(MAX_STYLES, len(own))
        unstated = part & self._pool.map(name, None)
        by_count = [part - unstated]
        for term in own:
            theirs = self._pool.map(name, term)
            having = [piece & theirs for piece in by_count]
            by_count = [
                (piece - more) | fewer
                for piece, more, fewer in zip(
                    [*by_count, NOTHING], [*having, NOTHING], [NOTHING, *having], strict=True
                )
            ]
        shared = [
            (piece, _knows(component, divided(ALL * min(count, wanted_count), wanted_count)))
            for count, piece in enumerate(by_count)
        ]
        return [*shared, (unstated, _knows(component, None))]

    def _by_context(self, part: BitMap) -> Pieces:
        return [
            (by_type, _knows(Component.CONTEXT, self._plan.context(type_, stage)))
            for by_stage, stage in self._stage_pieces(part)
            for by_type, type_ in self._type_pieces(by_stage)
        ]

    def _stage_pieces(self, part: BitMap) -> Parted:
        if not self._plan.has_stages:
            return [(part, None)]
        name = f"rung{self._plan.suffix}"
        stages = enumerate(self._plan.stages_met)
        return _parted(part, [(self._pool.map(name, rung), met) for rung, met in stages])

    def _type_pieces(self, part: BitMap) -> Parted:
        if not self._plan.has_types:
            return [(part, None)]
        name = f"type{self._plan.suffix}"
        unstated = part & self._pool.map(name, None)
        known = part - unstated
        met = known & self._pool.maps(name, self._plan.types_alike - {NO_TYPE})
        if self._plan.wants_other_types:
            met |= known & self._pool.maps(name, self._pool.types() - self._plan.own_types)
        return [(met, ALL), (known - met, 0), (unstated, None)]

    def _by_time(self, part: BitMap) -> Pieces:
        apart = self._pool.maps("rhythm", self._plan.rhythms_apart)
        answers: list[tuple[BitMap, int]] = []
        if self._plan.writes:
            writing = part & self._pool.map("mode", MESSAGES_MODE)
            answers = [(writing - apart, ALL), (writing, HALF)]
        if self._plan.hours is not None:  # how many minutes are shared is counted later
            timed = part & self._pool.map("hours")
            answers += [(timed & apart, HALF), (timed, ALL)]
        return [(piece, _knows(Component.TIME, met)) for piece, met in _parted(part, answers)]

    def _by_language(self, part: BitMap) -> Pieces:
        answers = [(self._plan.fluent, ALL), (self._plan.working, WORKING_LANGUAGE_WEIGHT)]
        return [(piece, _knows(Component.LANGUAGE, met)) for piece, met in _parted(part, answers)]


def _parted(part: BitMap, answers: Iterable[tuple[BitMap, int | None]]) -> Parted:
    """Give each slot to the first answer that it is among, and the others to None."""
    pieces, rest = Parted(), part
    for answer, value in answers:
        piece = rest & answer
        if piece:
            rest = rest - piece
            pieces.append((piece, value))
    return [*pieces, (rest, None)]


def _knows(component: Component, value: int | None) -> Known:
    weight = WEIGHTS[component]
    return Known(left=-weight) if value is None else Known(met=weight * value, stated=weight, left=-weight)
