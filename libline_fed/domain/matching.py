"""How well an offer fits what somebody looks for: gates, six components, one number, one reason line.

Everything is an integer. A component is counted in thousandths, so every implementation of the same rules, in
whatever language, gets the same number from the same input; `docs/matching-golden.json` lets it prove that.

What is no field of `Seeker` or `Offering` cannot be in the score: gender, origin, religion, age, picture,
employer, credentials, followers and ratings are no fields. What nobody stated closes no gate and counts
neither for nor against: its component is left out and the weights of the others are scaled up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from libline_fed.domain.proposals import WAITING_PER_PLACE
from libline_fed.vocabulary import UNDECIDED_AREA, group_of

ALL = 1_000  # a component that is wholly met, in thousandths
MESSAGES_MODE = "M1"  # no fixed time, so no hours need to be shared
NO_TYPE = "T18"  # works nowhere now

AREA_PRIORITIES = (3, 2, 2, 1, 1)  # of the first wanted area, the second, …
LEVEL_WEIGHTS = MappingProxyType({1: 600, 2: 850, 3: 1_000})
UNSTATED_LEVEL_WEIGHT = LEVEL_WEIGHTS[1]
SAME_GROUP_WEIGHT = 400  # what another area of the same group is worth
TYPE_WEIGHT, STAGE_WEIGHT = 55, 45  # inside the component for context
STAGE_RUNGS = MappingProxyType({"S1": 1, "S2": 2, "S3": 3, "S4": 4, "S5": 5})  # S6 has left the ladder
MAX_STAGE_GAP = 3
ENOUGH_MINUTES = 180  # a week; more overlap is not better
RHYTHMS = MappingProxyType({"Q2": 0, "Q3": 1, "Q4": 2, "Q5": 3, "Q1": 4})  # Q6, as needed, suits all
MAX_RHYTHM_STEPS = 1
WORKING_LANGUAGE_WEIGHT = 700
MAX_STYLES = 5
_LANGUAGE_RANKS = {"basic": 0, None: 1, "working": 2, "fluent": 3}  # None: a level that nobody stated


class Component(StrEnum):
    """What is looked at. The letters are those of the documentation."""

    AREAS = "A"
    GOALS = "G"
    CONTEXT = "C"
    TIME = "T"
    LANGUAGE = "L"
    STYLE = "S"


WEIGHTS: Mapping[Component, int] = MappingProxyType(
    {
        Component.AREAS: 35,
        Component.GOALS: 15,
        Component.CONTEXT: 15,
        Component.TIME: 15,
        Component.LANGUAGE: 10,
        Component.STYLE: 10,
    }
)


class Gate(StrEnum):
    """Why two people cannot be matched at all; a pair with one closed gate gets no number."""

    OWN = "own"  # it is the seeker's own
    CLOSED = "closed"  # paused, closed or past its last day
    AUDIENCE = "audience"  # not addressed to the seeker
    BLOCKED = "blocked"  # either person, or either server, has blocked the other
    CONFLICT = "conflict"  # same institution, and one of them did not agree to that
    EXCLUDED = "excluded"  # the seeker does not want this person
    LANGUAGE = "language"  # no common language at working level
    MODE = "mode"  # no common way to meet
    FORMAT = "format"  # no common kind of mentoring


@dataclass(frozen=True, slots=True)
class Seeker:
    """Who looks for a mentor, and what for. Ids are those of the vocabulary; empty and None are "any".

    `areas` are ranked, the most wanted first. `languages` gives a level by tag: basic, working, fluent or
    None. `stages_wished` holds peer, +1, +2; `types_wished` same, different or type ids. `circles` are the
    audiences the seeker belongs to; `avoided` are people (URIs) and servers (hosts) blocked by or blocking
    the seeker, `excluded` those the seeker does not want.
    """

    uri: str
    areas: tuple[str, ...] = ()
    goals: frozenset[str] = frozenset()
    languages: Mapping[str, str | None] = field(default_factory=dict)
    modes: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    frequency: str | None = None
    types: frozenset[str] = frozenset()
    types_wished: frozenset[str] = frozenset()
    stage: str | None = None
    stages_wished: frozenset[str] = frozenset()
    styles: frozenset[str] = frozenset()
    institution: str | None = None
    accepts_own_institution: bool = False
    circles: frozenset[str] = frozenset()
    avoided: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Offering:
    """What a mentor offers, as one seeker sees it.

    `areas` gives a level by id: 1 some, 2 solid, 3 deep or None. `readers` are the circles that may read it,
    None everybody. `overlap_minutes` are the minutes in a week when both have time. `places_free` is None
    when nobody said how many.
    """

    uri: str
    author_uri: str
    host: str
    areas: Mapping[str, int | None] = field(default_factory=dict)
    goals: frozenset[str] = frozenset()
    languages: Mapping[str, str | None] = field(default_factory=dict)
    modes: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    frequency: str | None = None
    overlap_minutes: int | None = None
    types: frozenset[str] = frozenset()
    stage: str | None = None
    styles: frozenset[str] = frozenset()
    institution: str | None = None
    accepts_own_institution: bool = False
    is_open: bool = True
    readers: frozenset[str] | None = None
    places_free: int | None = None
    pending_count: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """What came out: each component in thousandths, None where nobody stated it.

    `fit` is 0 to 100. `rank_permille` is what lists are ordered by: the fit, less where many already wait.
    """

    components: Mapping[Component, int | None]
    fit: int
    rank_permille: int
    is_busy: bool


def closed_gates(seeker: Seeker, offering: Offering) -> tuple[Gate, ...]:
    """Return why two people cannot be matched, in a fixed order; nothing when they can."""
    is_same_house = seeker.institution is not None and seeker.institution == offering.institution
    others = {offering.author_uri, offering.host}
    closed = {
        Gate.OWN: seeker.uri == offering.author_uri,
        Gate.CLOSED: not offering.is_open,
        Gate.AUDIENCE: offering.readers is not None and offering.readers.isdisjoint(seeker.circles),
        Gate.BLOCKED: not others.isdisjoint(seeker.avoided),
        Gate.CONFLICT: is_same_house
        and not (seeker.accepts_own_institution and offering.accepts_own_institution),
        Gate.EXCLUDED: not others.isdisjoint(seeker.excluded),
        Gate.LANGUAGE: bool(seeker.languages and offering.languages)
        and not shared_languages(seeker, offering),
        Gate.MODE: _is_apart(seeker.modes, offering.modes),
        Gate.FORMAT: _is_apart(seeker.formats, offering.formats),
    }
    return tuple(gate for gate, is_closed in closed.items() if is_closed)


def score(seeker: Seeker, offering: Offering) -> Score:
    """Compare a pair whose gates are all open."""
    components = {
        Component.AREAS: areas_met(seeker, offering),
        Component.GOALS: goals_met(seeker, offering),
        Component.CONTEXT: context_met(seeker, offering),
        Component.TIME: time_met(seeker, offering),
        Component.LANGUAGE: language_met(seeker, offering),
        Component.STYLE: styles_met(seeker, offering),
    }
    stated = {name: met for name, met in components.items() if met is not None}
    total = sum(WEIGHTS[name] for name in stated)
    fit = divided(sum(WEIGHTS[name] * met for name, met in stated.items()), 10 * total) if total else 0
    return Score(MappingProxyType(components), fit, _rank(fit, offering), _is_busy(offering))


# --- the six components, each in thousandths or None ------------------------------------------------


def areas_met(seeker: Seeker, offering: Offering) -> int | None:
    """Return how much of the wanted areas is covered; an offer that names none covers none."""
    wanted = wanted_areas(seeker)
    if not wanted:
        return None
    met = sum(priority * best_cover(area, offering)[1] for area, priority in wanted)
    return divided(met, sum(priority for _, priority in wanted))


def goals_met(seeker: Seeker, offering: Offering) -> int | None:
    """Return the share of the seeker's goals that the offer helps with."""
    if not seeker.goals or not offering.goals:
        return None
    return divided(ALL * len(seeker.goals & offering.goals), len(seeker.goals))


def context_met(seeker: Seeker, offering: Offering) -> int | None:
    """Return how far library type and career stage are as wished; a met wish for difference counts fully."""
    parts = [(TYPE_WEIGHT, type_met(seeker, offering)), (STAGE_WEIGHT, stage_met(seeker, offering))]
    stated = [(weight, met) for weight, met in parts if met is not None]
    if not stated:
        return None
    return divided(sum(weight * met for weight, met in stated), sum(weight for weight, _ in stated))


def time_met(seeker: Seeker, offering: Offering) -> int | None:
    """Return 1 where messages without a fixed time suit both, else what part of three hours is shared.

    Half of it when one wants to meet much more often than the other.
    """
    if MESSAGES_MODE in seeker.modes & offering.modes:
        met = ALL
    elif offering.overlap_minutes is None:
        return None
    else:
        met = divided(ALL * min(max(offering.overlap_minutes, 0), ENOUGH_MINUTES), ENOUGH_MINUTES)
    return divided(met, 2) if rhythms_differ(seeker, offering) else met


def language_met(seeker: Seeker, offering: Offering) -> int | None:
    """Return 1 where both are fluent in one language, less where the weaker of them is at working level."""
    levels = {level for level in shared_languages(seeker, offering).values() if level is not None}
    if not levels:
        return None
    return ALL if "fluent" in levels else WORKING_LANGUAGE_WEIGHT


def styles_met(seeker: Seeker, offering: Offering) -> int | None:
    """Return the share of the seeker's working styles that the mentor has too."""
    if not seeker.styles or not offering.styles:
        return None
    wanted_count = min(MAX_STYLES, len(seeker.styles))
    return divided(ALL * min(len(seeker.styles & offering.styles), wanted_count), wanted_count)


# --- parts of them, which the reasons name too ------------------------------------------------------


def divided(numerator: int, denominator: int) -> int:
    """Divide and round half up; both are whole numbers, neither is negative."""
    return (2 * numerator + denominator) // (2 * denominator)


def wanted_areas(seeker: Seeker) -> list[tuple[str, int]]:
    """Return the wanted areas with their priorities; "I don't know yet" alone, or nothing, means any."""
    named = [area for area in dict.fromkeys(seeker.areas) if area != UNDECIDED_AREA]
    return list(zip(named, AREA_PRIORITIES, strict=False))


def best_cover(area: str, offering: Offering) -> tuple[str | None, int]:
    """Return the offered area that covers a wanted one best, and how far; (None, 0) when none does."""
    covers = [(_cover(area, offered, level), offered) for offered, level in offering.areas.items()]
    best = min(covers, key=lambda cover: (-cover[0], cover[1]), default=(0, ""))
    return (best[1], best[0]) if best[0] else (None, 0)


def type_met(seeker: Seeker, offering: Offering) -> int | None:
    """Return whether the mentor knows a type of library as the seeker wished it, all or nothing."""
    wished, mine, theirs = seeker.types_wished, seeker.types - {NO_TYPE}, offering.types - {NO_TYPE}
    listed = wished - {"same", "different"}
    if not theirs or not (listed or (wished and mine)):
        return None
    is_met = bool(
        listed & theirs
        or (mine and "same" in wished and mine & theirs)
        or (mine and "different" in wished and theirs - mine)
    )
    return ALL if is_met else 0


def stage_distance(seeker: Seeker, offering: Offering) -> int | None:
    """Return how many stages the mentor is ahead; None when one of them has none on the ladder."""
    mine, theirs = STAGE_RUNGS.get(seeker.stage or ""), STAGE_RUNGS.get(offering.stage or "")
    return theirs - mine if mine is not None and theirs is not None else None


def stage_met(seeker: Seeker, offering: Offering) -> int | None:
    """Return how near the mentor's stage is to the nearest wished one; +2 means two or more."""
    distance = stage_distance(seeker, offering)
    if distance is None:
        return None
    gaps = {"peer": abs(distance), "+1": abs(distance - 1), "+2": max(0, 2 - distance)}
    wished = [gaps[wish] for wish in seeker.stages_wished if wish in gaps]
    if not wished:
        return None
    return divided(ALL * (MAX_STAGE_GAP - min(*wished, MAX_STAGE_GAP)), MAX_STAGE_GAP)


def rhythms_differ(seeker: Seeker, offering: Offering) -> bool:
    """Tell whether one wants to meet much more often than the other."""
    mine, theirs = RHYTHMS.get(seeker.frequency or ""), RHYTHMS.get(offering.frequency or "")
    return mine is not None and theirs is not None and abs(mine - theirs) > MAX_RHYTHM_STEPS


def shared_languages(seeker: Seeker, offering: Offering) -> dict[str, str | None]:
    """Return the languages both use at work, by primary tag, with the weaker level.

    A language of unstated level counts as usable, and its shared level as unstated.
    """
    mine, theirs = by_primary_tag(seeker.languages), by_primary_tag(offering.languages)
    shared: dict[str, str | None] = {}
    for tag in sorted(mine.keys() & theirs.keys()):
        levels = [mine[tag], theirs[tag]]
        stated = [level for level in levels if level is not None]
        if "basic" not in stated:
            shared[tag] = min(stated, key=lambda level: _LANGUAGE_RANKS[level]) if len(stated) == 2 else None
    return shared


def by_primary_tag(languages: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return levels by primary tag: en-GB and en are one language; the better stated level counts."""
    found: dict[str, str | None] = {}
    for tag, level in languages.items():
        primary = tag.partition("-")[0].lower()
        known = level if level in _LANGUAGE_RANKS else None
        if primary not in found or _LANGUAGE_RANKS[known] > _LANGUAGE_RANKS[found[primary]]:
            found[primary] = known
    return found


def _cover(wanted: str, offered: str, level: int | None) -> int:
    if offered == UNDECIDED_AREA:
        return 0  # says nothing about what the mentor knows
    weight = LEVEL_WEIGHTS.get(level or 0, UNSTATED_LEVEL_WEIGHT)
    if offered == wanted:
        return weight
    group = group_of(wanted)
    return divided(weight * SAME_GROUP_WEIGHT, ALL) if group is not None and group == group_of(offered) else 0


def _is_apart(mine: Iterable[str], theirs: Iterable[str]) -> bool:
    mine, theirs = frozenset(mine), frozenset(theirs)
    return bool(mine and theirs) and mine.isdisjoint(theirs)


def _is_busy(offering: Offering) -> bool:
    free = offering.places_free
    return free is not None and offering.pending_count >= WAITING_PER_PLACE * free


def _rank(fit: int, offering: Offering) -> int:
    """Return R = F·(1 − ½·min(1, pending / (2·places_free))), in thousandths of the best."""
    free = offering.places_free
    if free is None:
        return 10 * fit
    if free <= 0:
        return 5 * fit
    full = WAITING_PER_PLACE * free
    return divided(10 * fit * (2 * full - min(max(offering.pending_count, 0), full)), 2 * full)
