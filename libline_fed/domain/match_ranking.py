"""In which order a seeker sees the offers: best first, no server crowding out the others, one surprise."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from libline_fed.domain.matching import (
    Gate,
    Offering,
    Score,
    Seeker,
    closed_gates,
    score,
    wanted_areas,
)
from libline_fed.vocabulary import group_of

FIRST_COUNT = 10  # the first page, for which the cap and the surprise hold
MAX_OF_ONE_HOST = 3
NEAR_PERMILLE = 50  # offers so near in rank are worth the same to somebody who is choosing


@dataclass(frozen=True, slots=True)
class Ranked:
    """An offer in its place. `is_wildcard`: it comes from another field than those asked for, and says so."""

    offering: Offering
    score: Score
    is_wildcard: bool = False


@dataclass(frozen=True, slots=True)
class Ranking:
    """What a seeker sees: offers with room, those with a waiting list, and why others are in neither."""

    ready: tuple[Ranked, ...]
    busy: tuple[Ranked, ...]
    closed: tuple[tuple[Offering, tuple[Gate, ...]], ...]


def iso_week(now: datetime) -> str:
    """Return the week of a moment in UTC, such as 2026-W48 (ISO 8601: it begins on Monday)."""
    year, week, _ = now.astimezone(UTC).isocalendar()
    return f"{year}-W{week:02d}"


def tie_break(seeker_uri: str, offer_uri: str, week: str) -> str:
    """Return what decides between equals: the same all week, then another order, so nobody is always last.

    SHA-256, in hexadecimal, of the three texts one after another in UTF-8.
    """
    return sha256(f"{seeker_uri}{offer_uri}{week}".encode()).hexdigest()


def rank(seeker: Seeker, offerings: Iterable[Offering], *, week: str) -> Ranking:
    """Order offers for a seeker. The order of `offerings` does not matter."""
    ranked: list[Ranked] = []
    closed: list[tuple[Offering, tuple[Gate, ...]]] = []
    for offering in offerings:
        gates = closed_gates(seeker, offering)
        if gates:
            closed.append((offering, gates))
        else:
            ranked.append(Ranked(offering, score(seeker, offering)))
    ranked.sort(
        key=lambda item: (
            -item.score.rank_permille,
            tie_break(seeker.uri, item.offering.uri, week),
            item.offering.uri,
        )
    )
    ready = _spread([item for item in ranked if not item.score.is_busy])
    return Ranking(
        tuple(_with_wildcard(seeker, ready)),
        tuple(item for item in ranked if item.score.is_busy),
        tuple(sorted(closed, key=lambda pair: pair[0].uri)),
    )


def _spread(ordered: list[Ranked]) -> list[Ranked]:
    """Let one server have at most three of the first ten while others are within five points."""
    waiting, counts = list(ordered), Counter[str]()
    first: list[Ranked] = []
    while waiting and len(first) < FIRST_COUNT:
        chosen = waiting.pop(_next_index(waiting, counts))
        first.append(chosen)
        counts[chosen.offering.host] += 1
    return first + waiting


def _next_index(waiting: Sequence[Ranked], counts: Counter[str]) -> int:
    """Return whose turn it is: the best one, or the best from a server that has not had its share."""
    best = waiting[0].score.rank_permille
    for index, item in enumerate(waiting):
        if best - item.score.rank_permille > NEAR_PERMILLE:
            break
        if counts[item.offering.host] < MAX_OF_ONE_HOST:
            return index
    return 0


def _with_wildcard(seeker: Seeker, ordered: list[Ranked]) -> list[Ranked]:
    """Label the best offer from another group of areas; if need be, move it up to the tenth place."""
    wanted = {group_of(area) or area for area, _ in wanted_areas(seeker)}
    others = [index for index, item in enumerate(ordered) if wanted and _is_elsewhere(item.offering, wanted)]
    if not others:
        return ordered
    index = others[0]
    if index >= FIRST_COUNT:
        counts = Counter(item.offering.host for item in ordered[: FIRST_COUNT - 1])
        index = others[_next_index([ordered[place] for place in others], counts)]
    chosen = replace(ordered[index], is_wildcard=True)
    rest = ordered[:index] + ordered[index + 1 :]
    place = min(index, FIRST_COUNT - 1)
    return [*rest[:place], chosen, *rest[place:]]


def _is_elsewhere(offering: Offering, wanted: set[str]) -> bool:
    groups = {group_of(area) for area in offering.areas} - {None}
    return bool(groups) and groups.isdisjoint(wanted)
