"""The report: what is counted, and what it leaves out."""

from datetime import UTC, date, datetime, timedelta

from libline_fed.domain.outcomes import Line, Outcome, Part, Period, periods, report_of


def outcomes(count: int, language: str, *, days: int | None = 2, is_started: bool = False) -> list[Outcome]:
    answer = timedelta(days=days) if days is not None else None
    return [Outcome(language, "M1", "T01", "FR", answer, is_started, is_completed=False)] * count


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
