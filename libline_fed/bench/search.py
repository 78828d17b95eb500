"""How fast the index answers, for pools of growing size, beside scoring every offer in the same run.

What is measured is processor time: it is what a quiet machine takes, and other programs disturb it less.
"""

import gc
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice, pairwise
from statistics import median

import numpy as np

from libline_fed.bench import offers
from libline_fed.bench.machine import percentile
from libline_fed.bench.measure import Figure, Report, Say, quiet_around
from libline_fed.domain.offer_pool import OfferPool
from libline_fed.domain.offer_scores import Plan
from libline_fed.domain.offer_search import Question, ranked, visible
from libline_fed.domain.searches import Search

SEEKERS_COUNT = 300
PAGE_ITEMS = 10
CHUNK = 20_000
TODAY = date(2026, 11, 24)
WEEK = "2026-W48"
SCAN = "every offer scored"
GOAL_MS = {100_000: 2.0, 1_000_000: 5.0}


@dataclass(frozen=True, slots=True)
class _Times:
    """What one size took: milliseconds of each seeker."""

    count: int
    build_s: float
    memory_mb: float
    first_ms: list[float]
    filtered_ms: list[float]
    worded_ms: list[float]
    scan_ms: list[float]


def measure_index(counts: tuple[int, ...], *, say: Say) -> Report:
    """Ask indexes of several sizes for the first page of the same seekers, and compare with a full scan."""
    with quiet_around() as quiet:
        measured = [_measured(count, say) for count in counts]
    figures = [figure for times in measured for figure in _figures(times)]
    for smaller, larger in pairwise(measured):
        growth = larger.count / smaller.count
        name = f"{growth:g} times as many offers take, p50"
        index, scan = (
            median(getattr(larger, part)) / median(getattr(smaller, part)) for part in ("first_ms", "scan_ms")
        )
        figures.append(Figure(name, index, "times", scan, SCAN))
    return Report("search, the index alone", "no database", tuple(figures), quiet[0].warning())


def _measured(count: int, say: Say) -> _Times:
    say(f"making {count:,} offers")
    pool, build_s = _pool(count)
    gc.collect()
    gc.freeze()  # a long-lived server does not walk through its index either
    say(f"searching among {count:,} offers")
    questions = _questions(count)
    filtered = [replace(question, search=_filters(question)) for question in questions]
    numbers = random.Random(9).sample(range(1, count + 1), count // 50)  # noqa: S311
    worded = [replace(question, numbers=numbers) for question in filtered]
    try:
        _timed(lambda question: _page(pool, question), questions[:20])  # what is built once is not measured
        return _Times(
            count,
            build_s,
            pool.size_bytes / 1e6,
            _timed(lambda question: _page(pool, question), questions),
            _timed(lambda question: _page(pool, question), filtered),
            _timed(lambda question: _page(pool, question), worded),
            _timed(lambda question: _scan(pool, question), questions[:60]),
        )
    finally:
        gc.unfreeze()


def _pool(count: int) -> tuple[OfferPool, float]:
    """Return an index, and how long it took to build it from listings."""
    pool, made, build_s = OfferPool(), offers.listings(count, seed=count), 0.0
    while chunk := list(islice(made, CHUNK)):
        begun_s = time.thread_time()
        pool.put(chunk)
        build_s += time.thread_time() - begun_s
    return pool, build_s


def _questions(count: int) -> list[Question]:
    rng = random.Random(count)  # noqa: S311
    return [
        Question(
            offers.seeker(rng, number=number),
            Search(),
            TODAY,
            WEEK,
            hours=offers.weekly_hours(rng) if rng.random() < 0.5 else None,
        )
        for number in range(SEEKERS_COUNT)
    ]


def _filters(question: Question) -> Search:
    return Search(areas=question.seeker.areas[:2], languages=("en", "fr"), has_places=True)


def _page(pool: OfferPool, question: Question) -> None:
    ranked(pool, question, limit=PAGE_ITEMS)


def _scan(pool: OfferPool, question: Question) -> None:
    """Score every offer that the seeker may see, and take the best: what the index saves."""
    plan = Plan(
        pool,
        question.seeker,
        is_member=question.is_member,
        hours=question.hours,
        week=question.today,
    )
    slots = (visible(pool, question) & plan.may_meet()) - plan.kept_apart()
    _, ranks = plan.ranks(slots)
    if len(ranks) > PAGE_ITEMS:
        np.partition(ranks, len(ranks) - PAGE_ITEMS)


def _timed(work: Callable[[Question], None], questions: list[Question]) -> list[float]:
    times_ms = []
    for question in questions:
        begun_s = time.thread_time()
        work(question)
        times_ms.append((time.thread_time() - begun_s) * 1_000)
    return times_ms


def _figures(times: _Times) -> list[Figure]:
    of = f"{times.count:,} offers"
    goal_ms = GOAL_MS.get(times.count)
    goal = "" if goal_ms is None else f" (goal {goal_ms:g} ms)"
    return [
        Figure(f"{of}: index built from values in", times.build_s, "s"),
        Figure(f"{of}: index in memory, about", times.memory_mb, "MB"),
        Figure(f"{of}: first page, p50", median(times.first_ms), "ms", median(times.scan_ms), SCAN),
        Figure(
            f"{of}: first page, p95{goal}",
            percentile(times.first_ms, 0.95),
            "ms",
            percentile(times.scan_ms, 0.95),
            SCAN,
        ),
        Figure(f"{of}: with filters, p95", percentile(times.filtered_ms, 0.95), "ms"),
        Figure(f"{of}: with words and filters, p95", percentile(times.worded_ms, 0.95), "ms"),
    ]
