"""Which offers come first for a seeker: exactly what `match_ranking.rank` over all of them would say.

Best first: the slots are split by the questions of a `Plan`, the part that can score most is looked at first,
and the search ends when no part that is left can reach the places that are asked for.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from pyroaring import BitMap

from libline_fed.domain.match_ranking import FIRST_COUNT, MAX_OF_ONE_HOST, NEAR_PERMILLE
from libline_fed.domain.matching import Seeker, wanted_areas
from libline_fed.domain.offer_columns import WeeklyHours
from libline_fed.domain.offer_pool import NOTHING, OfferPool
from libline_fed.domain.offer_scores import Plan
from libline_fed.domain.offer_splits import Splits
from libline_fed.domain.proposals import Audience
from libline_fed.domain.searches import Search
from libline_fed.vocabulary import group_of

SMALL = 4_000  # so many slots are scored at once rather than split
BATCH = 512
DEEP = 3_000  # places for which everything is scored
HOUR_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the index.

    `hours` are the seeker's own, `hidden_hosts` the servers that nobody here sees, `numbers` the words that
    match, None for any. `week` is any day of the week in which hours are counted and `iso_week` its name.
    """

    seeker: Seeker
    search: Search
    today: date
    iso_week: str
    is_member: bool = True
    hours: WeeklyHours | None = None
    hidden_hosts: frozenset[str] = frozenset()
    numbers: Iterable[int] | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """An offer in its place: the proposal's id, and how it stands there."""

    proposal_id: str
    is_wildcard: bool = False
    is_busy: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """A part of the list, offers with room before those with a waiting list; how many there are in all."""

    items: tuple[Placed, ...]
    ready_count: int
    busy_count: int


class _Found(NamedTuple):
    lack: int  # 1,000 less the rank: the best come first
    tie: bytes
    slot: int


def ranked(pool: OfferPool, question: Question, *, limit: int, offset: int = 0) -> Places:
    """Return the places from `offset` on, in the order of `match_ranking.rank`: ready offers, then busy ones.

    `limit` and `offset` count over both. Offers behind a closed gate are in neither.
    """
    search = _Search(pool, question)
    ready, busy = search.candidates()
    items: list[Placed] = []
    end = offset + limit
    if offset < len(ready):
        items += search.arranged(ready, end)[offset:end]
    if end > len(ready) and busy:
        found = search.top(busy, end - len(ready))[max(0, offset - len(ready)) :]
        items += [Placed(pool.columns.proposal_id(one.slot), is_busy=True) for one in found]
    return Places(tuple(items), len(ready), len(busy))


def visible(pool: OfferPool, question: Question) -> BitMap:
    """Return the slots that the reader may see and that pass the filters, whatever the gates say."""
    found = pool.live & pool.maps("audience", _readable(is_member=question.is_member))
    found -= pool.ended(question.today)
    if question.hidden_hosts:
        found -= pool.maps("host", question.hidden_hosts) - pool.map("local")
    for allowed in _filters(pool, question):
        found &= allowed
    return found


def _readable(*, is_member: bool) -> list[str]:
    return list(Audience) if is_member else [Audience.PUBLIC]


def _filters(pool: OfferPool, question: Question) -> Iterable[BitMap]:
    search, suffix = question.search, "" if question.is_member else "-shown"
    if question.numbers is not None:
        yield pool.with_numbers(question.numbers)
    for name, values in (
        ("found-area", search.areas),
        ("listed-mode", search.modes),
        ("format", search.formats),
        ("goal", search.goals),
        ("stage" + suffix, search.stages),
        ("type" + suffix, search.types),
        ("country" + suffix, search.places),
        ("host", search.hosts),
        ("source", (search.via,) if search.via else ()),
    ):
        if values:
            yield pool.maps(name, values)
    if search.languages:
        yield pool.with_tags(search.languages)
    if search.has_places:
        yield pool.map("places")
    if search.overlap_hours:
        yield _with_hours(pool, question)


def _with_hours(pool: OfferPool, question: Question) -> BitMap:
    if question.hours is None:
        return NOTHING
    slots = np.asarray((pool.live & pool.map("hours")).to_array())
    minutes = pool.minutes(question.hours, question.today, pool.columns.facts(slots)["hours"])
    return BitMap(slots[minutes >= HOUR_MINUTES * question.search.overlap_hours])


class _Scored:
    """Slots with their ranks; `least` is what a further one needs to be among the first `depth`."""

    def __init__(self, depth: int) -> None:
        self.least = -1
        self._depth = depth
        self._slots: list[np.ndarray] = []
        self._ranks: list[np.ndarray] = []

    def add(self, slots: np.ndarray, ranks: np.ndarray) -> None:
        self._slots.append(slots)
        self._ranks.append(ranks)
        ranks = np.concatenate(self._ranks)
        if len(ranks) >= self._depth:
            place = len(ranks) - self._depth
            self.least = int(np.partition(ranks, place)[place])

    def all(self) -> tuple[np.ndarray, np.ndarray]:
        return np.concatenate(self._slots), np.concatenate(self._ranks)


class _Search:
    def __init__(self, pool: OfferPool, question: Question) -> None:
        self._pool = pool
        self._question = question
        self._plan = Plan(
            pool,
            question.seeker,
            is_member=question.is_member,
            hours=question.hours,
            week=question.today,
        )
        self._splits = Splits(self._plan)
        self._begin = sha256(question.seeker.uri.encode())

    def candidates(self) -> tuple[BitMap, BitMap]:
        """Return what is ranked: offers with room, and busy ones."""
        found = visible(self._pool, self._question) & self._plan.may_meet()
        found -= self._plan.kept_apart()
        busy = found & self._pool.map("busy")
        found -= busy
        return found, busy

    # --- the best of some slots -----------------------------------------------------------------

    def top(self, slots: BitMap, depth: int, *, covers_nothing: bool = False) -> list[_Found]:
        """Return the best of some slots in their order, `depth` of them at most.

        `covers_nothing`: none of them has anything to do with the areas that are wanted.
        """
        depth = min(depth, len(slots))
        if depth <= 0:
            return []
        if depth >= DEEP or len(slots) <= SMALL:
            chosen, ranks = self._plan.ranks(slots)
        else:
            chosen, ranks = self._narrowed(slots, depth, covers_nothing=covers_nothing)
        if depth < len(ranks):
            least = np.partition(ranks, len(ranks) - depth)[len(ranks) - depth]
            kept = ranks >= least
            chosen, ranks = chosen[kept], ranks[kept]
        return self._ordered(chosen.tolist(), ranks.tolist())[:depth]

    def _narrowed(self, slots: BitMap, depth: int, *, covers_nothing: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return slots with their ranks, among them surely the first `depth`."""
        scored, waiting, waiting_count = _Scored(depth), list[BitMap](), 0
        splits, questions = self._splits, self._splits.questions
        known, asked = splits.begin(covers_nothing=covers_nothing)
        heap = [(-splits.most(known), 0, slots, known, asked)]
        numbered, enough_count = 1, max(BATCH, depth)
        while heap or waiting:
            is_over = not heap or -heap[0][0] < scored.least
            if waiting and (is_over or waiting_count >= enough_count):
                scored.add(*self._plan.ranks(BitMap.union(*waiting)))
                waiting, waiting_count = [], 0
                continue
            if is_over:
                break
            _, _, part, known, asked = heapq.heappop(heap)
            if len(part) <= SMALL or asked == len(questions):
                waiting.append(part)
                waiting_count += len(part)
                continue
            for piece, more in questions[asked](part):
                narrowed = known.plus(more)
                most = splits.most(narrowed)
                if piece and most >= scored.least:
                    heapq.heappush(heap, (-most, numbered, piece, narrowed, asked + 1))
                    numbered += 1
        return scored.all()

    def _ordered(self, slots: list[int], ranks: list[int]) -> list[_Found]:
        """Put slots in their order; see `match_ranking.tie_break`."""
        uri_of, copy, week = self._pool.columns.uri, self._begin.copy, self._question.iso_week.encode()
        found = []
        for slot, rank in zip(slots, ranks, strict=True):
            digest = copy()
            digest.update(uri_of(slot).encode() + week)
            found.append(_Found(1_000 - rank, digest.digest(), slot))
        return sorted(found)

    # --- the first page -------------------------------------------------------------------------

    def arranged(self, ready: BitMap, depth: int) -> list[Placed]:
        """Return the first `depth` or more: no server crowds out the others, one comes from another field."""
        waiting = self.top(ready, max(depth, FIRST_COUNT) + FIRST_COUNT + 1)
        first = self._spread(ready, waiting)
        rest = [one for one in waiting if one not in first]
        chosen = self._wildcard(ready, first, rest)
        ordered = [*first, *rest]
        if chosen is not None and chosen not in first:
            ordered = [one for one in ordered if one != chosen]
            ordered.insert(FIRST_COUNT - 1, chosen)
        proposal_id = self._pool.columns.proposal_id
        return [Placed(proposal_id(one.slot), is_wildcard=one == chosen) for one in ordered]

    def _spread(self, ready: BitMap, ordered: Sequence[_Found]) -> list[_Found]:
        waiting, first, counts = list(ordered), list[_Found](), Counter[str]()
        while waiting and len(first) < FIRST_COUNT:
            chosen = self._next(ready, waiting, first, counts)
            if chosen in waiting:
                waiting.remove(chosen)
            first.append(chosen)
            counts[self._host(chosen)] += 1
        return first

    def _next(
        self, slots: BitMap, waiting: Sequence[_Found], taken: Sequence[_Found], counts: Counter[str]
    ) -> _Found:
        """Return whose turn it is: `waiting` are the best of `slots` that are not taken, in their order."""
        best = waiting[0]
        for one in waiting:
            if one.lack - best.lack > NEAR_PERMILLE:
                return best
            if counts[self._host(one)] < MAX_OF_ONE_HOST:
                return one
        crowding = self._pool.maps("host", [host for host, n in counts.items() if n >= MAX_OF_ONE_HOST])
        others = self.top(slots - crowding - BitMap([one.slot for one in taken]), 1)
        return others[0] if others and others[0].lack - best.lack <= NEAR_PERMILLE else best

    def _wildcard(self, ready: BitMap, first: Sequence[_Found], rest: Sequence[_Found]) -> _Found | None:
        """Return the best offer from another group of areas than those that are wanted."""
        wanted = {group_of(area) or area for area, _ in wanted_areas(self._question.seeker)}
        if not wanted:
            return None
        elsewhere = (ready & self._pool.map("grouped")) - self._pool.maps("in-group", wanted)
        early = next((one for one in first if one.slot in elsewhere), None)
        if early is not None or len(first) < FIRST_COUNT:
            return early
        elsewhere -= BitMap([one.slot for one in first])
        has_groups = all(group_of(area) for area, _ in wanted_areas(self._question.seeker))
        waiting = [one for one in rest if one.slot in elsewhere][:1] or self.top(
            elsewhere, 1, covers_nothing=has_groups
        )
        if not waiting:
            return None
        counts = Counter(self._host(one) for one in first[: FIRST_COUNT - 1])
        return self._next(elsewhere, waiting, (), counts)

    def _host(self, found: _Found) -> str:
        return self._pool.columns.host(found.slot)
