"""When a waiting time is over. Days on which somebody is away do not count."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

MAX_AWAY_DAYS = 366


def after(since: datetime, days: int, absences: Collection[tuple[date, date]]) -> datetime:
    """Return the moment that comes some days after another; each absence is its first and last day, UTC.

    An absence that has begun already freezes the clock until its end; at most a year is frozen.
    """
    left, day, frozen = days, since.date(), 0
    while left > 0 or _is_away(day, absences):
        if _is_away(day, absences) and frozen < MAX_AWAY_DAYS:
            frozen += 1
        elif left > 0:
            left -= 1
        else:
            break
        day += timedelta(days=1)
    return datetime.combine(day, since.timetz())


def elapsed_days(since: datetime, now: datetime, absences: Collection[tuple[date, date]]) -> int:
    """Return how many whole days have passed, without those on which somebody was away."""
    whole = max(0, (now - since).days)
    first = since.date()
    away = sum(1 for number in range(whole) if _is_away(first + timedelta(days=number), absences))
    return whole - min(away, MAX_AWAY_DAYS)


def _is_away(day: date, absences: Collection[tuple[date, date]]) -> bool:
    return any(first <= day <= last for first, last in absences)
