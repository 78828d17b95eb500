"""Why a score is what it is: a list of reasons that pages, mails and messages put into words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from libline_fed.domain.matching import (
    ALL,
    MAX_STYLES,
    MESSAGES_MODE,
    Component,
    Offering,
    Score,
    Seeker,
    best_cover,
    rhythms_differ,
    shared_languages,
    stage_distance,
    stage_met,
    type_met,
    wanted_areas,
)


class ReasonKind(StrEnum):
    """What a reason says; each has its sentence in `vocabulary/match_sentences.json`."""

    ANY_AREA = "any-area"
    COVERS = "covers"  # ids: area; counts: level, 0 when unstated
    PARTLY = "partly"  # ids: wanted area, offered area of the same group
    MISSES = "misses"  # ids: area
    GOALS = "goals"  # ids: common goals; counts: common, wanted
    TYPE_MET = "type-met"
    TYPE_UNMET = "type-unmet"
    STAGE_MET = "stage-met"  # counts: stages ahead, negative when behind
    STAGE_UNMET = "stage-unmet"
    MESSAGES = "messages"
    HOURS = "hours"  # counts: shared minutes in a week
    RHYTHM = "rhythm"  # ids: frequency of the seeker, of the offer
    LANGUAGES = "languages"  # ids: level, then tags
    STYLES = "styles"  # ids: common styles; counts: common, wanted
    QUEUE = "queue"  # counts: waiting, free places
    FULL = "full"  # the same, where an offer is busy
    UNSTATED = "unstated"  # ids: components


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing to say: `ids` of the vocabulary and whole numbers, whose meaning depends on the kind."""

    kind: ReasonKind
    ids: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()


def reasons(seeker: Seeker, offering: Offering, score: Score) -> tuple[Reason, ...]:
    """Say for every component what is met, what is not and what nobody stated; then who waits."""
    return (
        *_area_reasons(seeker, offering),
        *_goal_reasons(seeker, offering, score.components),
        *_context_reasons(seeker, offering),
        *_time_reasons(seeker, offering, score.components),
        *_language_reasons(seeker, offering, score.components),
        *_style_reasons(seeker, offering, score.components),
        *_queue_reasons(offering, score),
        *_unstated_reasons(score.components),
    )


def _area_reasons(seeker: Seeker, offering: Offering) -> list[Reason]:
    wanted = wanted_areas(seeker)
    if not wanted:
        return [Reason(ReasonKind.ANY_AREA)]
    covers, partly, misses = [], [], []
    for area, _ in wanted:
        offered, _ = best_cover(area, offering)
        if offered == area:
            covers.append(Reason(ReasonKind.COVERS, (area,), (offering.areas[area] or 0,)))
        elif offered is not None:
            partly.append(Reason(ReasonKind.PARTLY, (area, offered)))
        else:
            misses.append(Reason(ReasonKind.MISSES, (area,)))
    return [*covers, *partly, *misses]


def _goal_reasons(
    seeker: Seeker, offering: Offering, components: Mapping[Component, int | None]
) -> list[Reason]:
    if components[Component.GOALS] is None:
        return []
    common = sorted(seeker.goals & offering.goals)
    return [Reason(ReasonKind.GOALS, tuple(common), (len(common), len(seeker.goals)))]


def _context_reasons(seeker: Seeker, offering: Offering) -> list[Reason]:
    found = []
    type_ = type_met(seeker, offering)
    if type_ is not None:
        found.append(Reason(ReasonKind.TYPE_MET if type_ else ReasonKind.TYPE_UNMET))
    stage = stage_met(seeker, offering)
    if stage is not None:
        kind = ReasonKind.STAGE_MET if stage == ALL else ReasonKind.STAGE_UNMET
        found.append(Reason(kind, counts=(stage_distance(seeker, offering) or 0,)))
    return found


def _time_reasons(
    seeker: Seeker, offering: Offering, components: Mapping[Component, int | None]
) -> list[Reason]:
    if components[Component.TIME] is None:
        return []
    if MESSAGES_MODE in seeker.modes & offering.modes:
        found = [Reason(ReasonKind.MESSAGES)]
    else:
        found = [Reason(ReasonKind.HOURS, counts=(max(0, offering.overlap_minutes or 0),))]
    if rhythms_differ(seeker, offering):
        found.append(Reason(ReasonKind.RHYTHM, (seeker.frequency or "", offering.frequency or "")))
    return found


def _language_reasons(
    seeker: Seeker, offering: Offering, components: Mapping[Component, int | None]
) -> list[Reason]:
    """Name the languages in which the two understand each other best."""
    met = components[Component.LANGUAGE]
    if met is None:
        return []
    level = "fluent" if met == ALL else "working"
    tags = [tag for tag, shared in shared_languages(seeker, offering).items() if shared == level]
    return [Reason(ReasonKind.LANGUAGES, (level, *tags))]


def _style_reasons(
    seeker: Seeker, offering: Offering, components: Mapping[Component, int | None]
) -> list[Reason]:
    if components[Component.STYLE] is None:
        return []
    common = sorted(seeker.styles & offering.styles)
    wanted_count = min(MAX_STYLES, len(seeker.styles))
    return [Reason(ReasonKind.STYLES, tuple(common), (min(len(common), wanted_count), wanted_count))]


def _queue_reasons(offering: Offering, score: Score) -> list[Reason]:
    if offering.places_free is None:
        return []
    kind = ReasonKind.FULL if score.is_busy else ReasonKind.QUEUE
    return [Reason(kind, counts=(max(0, offering.pending_count), max(0, offering.places_free)))]


def _unstated_reasons(components: Mapping[Component, int | None]) -> list[Reason]:
    unstated = tuple(
        name.value for name, met in components.items() if met is None and name is not Component.AREAS
    )
    return [Reason(ReasonKind.UNSTATED, unstated)] if unstated else []
