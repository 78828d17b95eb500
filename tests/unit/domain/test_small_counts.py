"""Nobody can work a hidden number out: not from other cells, from totals or from the order."""

import itertools
from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from libline_fed.domain.need_counts import Gap, Need, NeedCount, Order, board, counted, ordered
from libline_fed.domain.small_counts import SMALLEST, shown, stepped, summed

AREAS = ("A0101", "A0301", "A0302")
LANGUAGES = ("ar", "en")
Cells = dict[tuple[str, str], tuple[int, int]]


def test_counts_below_five_are_hidden_none_at_all_too() -> None:
    assert [shown(count) for count in (0, 1, 4, 5, 6, 40)] == [None, None, None, 5, 6, 40]
    assert [stepped(count) for count in (0, 4, 5, 9, 10, 14, 123)] == [None, None, 5, 5, 10, 10, 120]
    assert summed([None, 5, None, 7]) == 12
    assert summed([None, None]) is None


def published(cells: Cells) -> list[NeedCount]:
    """What a server with such cells says."""
    needs = []
    for (area, language), (waiting_count, places_count) in cells.items():
        needs += [Need("request", (area,), (language,), 0)] * waiting_count
        needs += [Need("offer", (area,), (language,), places_count)]
    return counted(needs)


def seen(counts: list[NeedCount]) -> list[list[Gap]]:
    """Everything the board shows: each order of it."""
    return [ordered(board(counts), order, area_name=str, language_name=str) for order in Order]


SOME_CELLS = st.fixed_dictionaries(
    {
        (area, language): st.tuples(st.integers(0, 12), st.integers(0, 12))
        for area in AREAS
        for language in LANGUAGES
    }
)


@given(SOME_CELLS, SOME_CELLS, st.data())
def test_a_hidden_number_has_no_influence_on_anything_that_is_seen(
    here: Cells, there: Cells, data: st.DataObject
) -> None:
    def redrawn(count: int) -> int:
        return count if count >= SMALLEST else data.draw(st.integers(0, SMALLEST - 1))

    changed = {cell: (redrawn(waiting), redrawn(places)) for cell, (waiting, places) in here.items()}
    assert published(changed) == published(here)
    assert seen(published(changed) + published(there)) == seen(published(here) + published(there))
    assert all(
        count is None or count >= SMALLEST
        for one in published(here)
        for count in (one.waiting_count, one.places_count)
    )


def test_totals_beside_steps_leave_every_small_number_open() -> None:
    """Try every table of up to three named groups and a rest: who sees the steps knows no small number.

    The rest stands for groups that are too small to be named; nobody knows how many there are.
    """
    for groups_count in (1, 2, 3):
        worlds: dict[tuple[int | None, ...], set[tuple[int, ...]]] = defaultdict(set)
        for groups in itertools.product(range(10), repeat=groups_count):
            for rest in range(45):
                told = (stepped(sum(groups) + rest), *(stepped(group) for group in groups))
                worlds[told].add(groups)
        for told, possible in worlds.items():
            if (told[0] or 0) >= 40:
                continue  # there a larger rest would be possible, too
            for number, values in enumerate(zip(*possible, strict=True)):
                assert told[1 + number] is not None or len(set(values)) >= 3, (told, set(values))


def test_a_part_beside_the_whole_leaves_the_small_difference_open() -> None:
    differences: dict[tuple[int | None, int | None], set[int]] = defaultdict(set)
    for whole in range(60):
        for part in range(whole + 1):
            differences[stepped(whole), stepped(part)].add(whole - part)
    assert all(len(found) >= 5 for found in differences.values())


def test_the_board_orders_by_what_is_certain() -> None:
    lines = [
        Gap("A1", "en", 12, 5),
        Gap("A2", "en", 9, None),
        Gap("A3", "en", None, 30),
        Gap("A4", "ar", 6, 20),
    ]

    def areas(order: Order) -> list[str]:
        return [gap.area for gap in ordered(lines, order, area_name=str, language_name=str)]

    assert [gap.least_gap for gap in lines] == [7, 5, None, -14]
    assert [gap.is_exact for gap in lines] == [True, False, False, True]
    assert areas(Order.GAP) == ["A1", "A2", "A4", "A3"]
    assert areas(Order.WAITING) == ["A1", "A2", "A4", "A3"]
    assert areas(Order.PLACES) == ["A3", "A4", "A1", "A2"]
    assert areas(Order.LANGUAGE) == ["A4", "A1", "A2", "A3"]
    assert areas(Order.AREA) == ["A1", "A2", "A3", "A4"]


def test_a_request_in_two_areas_and_languages_waits_in_all_four_cells_once() -> None:
    needs = [Need("request", ("A0301", "A0302", "A0301"), ("en", "ar"), 0)] * 5
    assert counted(needs) == [
        NeedCount(area, language, 5, None) for area in ("A0301", "A0302") for language in ("ar", "en")
    ]
