"""The report: what is counted, and what it leaves out."""

import itertools
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

from libline_fed.domain.outcomes import Line, Outcome, Part, Period, periods, report_of


def outcomes(count: int, language: str, *, days: int | None = 2, is_started: bool = False) -> list[Outcome]:
    answer = timedelta(days=days) if days is not None else None
    return [Outcome(language, "M1", "T01", "FR", answer, is_started, is_completed=False)] * count


SMALL_GROUPS = ["de", "de", "it", "it", "pl", "pl", "sw", "sw", "tr"]  # too small to be named
ANSWERED = {key: outcomes(1, key)[0] for key in ("ar", "en", *SMALL_GROUPS)}
UNANSWERED = {key: outcomes(1, key, days=None)[0] for key in ("ar", "en", *SMALL_GROUPS)}


def test_a_report_counts_in_steps_and_names_no_small_part() -> None:
    fast, slow = outcomes(12, "fr", is_started=True), outcomes(7, "en", days=None)
    report = report_of([*fast, *outcomes(4, "ar"), *slow])
    assert report.whole == Line("", 20, 15, 10, None)
    assert report.parts[Part.LANGUAGE] == [Line("fr", 10, 10, 10, None), Line("en", 5, None, None, None)]
    assert report.parts[Part.MODE] == [Line("M1", 20, 15, 10, None)]


def test_lines_are_ordered_by_what_is_shown_and_then_by_name() -> None:
    report = report_of([*outcomes(6, "fr"), *outcomes(9, "es"), *outcomes(5, "en")])
    assert [line.key for line in report.parts[Part.LANGUAGE]] == ["en", "es", "fr"]


def test_half_of_the_answers_is_told_in_whole_days_and_for_five_at_least() -> None:
    assert report_of(outcomes(4, "fr")).answer_days is None
    assert report_of(outcomes(5, "fr", days=0)).answer_days == 1
    mixed = [*outcomes(3, "fr", days=1), *outcomes(4, "fr", days=6), *outcomes(9, "fr", days=None)]
    assert report_of(mixed).answer_days == 6


def test_periods_are_years_and_quarters_that_have_begun() -> None:
    names = [period.name for period in periods(date(2026, 5, 2))]
    assert names[:4] == ["2026", "2026-Q2", "2026-Q1", "2025"]
    assert names[-1] == "2023-Q1"
    assert Period(2026, 4).moments == (datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert Period(2026).moments == (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert Period(2026, 1).end_day == Period(2026, 2).first_day


def test_a_whole_that_would_give_hidden_numbers_away_says_less() -> None:
    # 24 requests, 20 answered: with four groups of five, each hidden number would have to be four
    keys = ("ar", "en", "es", "fr")
    tight = [one for key in keys for one in outcomes(4, key) + outcomes(1, key, days=None)]
    tight += [one for key in ("de", "it", "pl", "sw") for one in outcomes(1, key)]
    report = report_of(tight)
    assert [line.answered_count for line in report.parts[Part.LANGUAGE]] == [None] * 4
    assert report.whole.requests_count == 20
    assert report.whole.answered_count == 15  # "15 or more" is true, and leaves them open


def test_no_hidden_number_of_a_report_can_be_computed() -> None:
    """Try all small reports of two groups and a rest: who sees one has several worlds to choose from."""
    worlds: dict[tuple[int | None, ...], set[tuple[int, ...]]] = defaultdict(set)
    sizes = (5, 7, 9)
    for first, second, rest in itertools.product(sizes, sizes, range(10)):
        for answered in itertools.product(range(first + 1), range(second + 1), range(rest + 1)):
            yes = ["ar"] * answered[0] + ["en"] * answered[1] + SMALL_GROUPS[: answered[2]]
            no = ["ar"] * (first - answered[0]) + ["en"] * (second - answered[1])
            no += SMALL_GROUPS[answered[2] : rest]
            report = report_of([ANSWERED[key] for key in yes] + [UNANSWERED[key] for key in no])
            lines = {line.key: line.answered_count for line in report.parts[Part.LANGUAGE]}
            told = (report.whole.requests_count, report.whole.answered_count, lines.get("ar"), lines["en"])
            worlds[told].add((answered[0], answered[1]))
    for shown, possible in worlds.items():
        for number, values in enumerate(zip(*possible, strict=True)):
            assert shown[2 + number] is not None or len(set(values)) >= 2, (shown, possible)


def test_a_quarter_has_no_parts() -> None:
    assert report_of(outcomes(12, "fr"), has_parts=False).parts == {}
