"""Waiting times of real people: their holidays stop the clock."""

from collections.abc import Collection
from datetime import date, datetime

from libline_fed.domain import deadlines
from libline_fed.domain.actors import Actor
from libline_fed.storage import absences
from libline_fed.storage.store import Tx


async def after(tx: Tx, *people: Actor, since: datetime, days: int) -> datetime:
    """Return the moment some days after another, without the days on which any of the people is away.

    Of people elsewhere no holidays are known: their own server counts for them.
    """
    return deadlines.after(since, days, await _away(tx, people))


async def elapsed_days(tx: Tx, *people: Actor, since: datetime, now: datetime) -> int:
    """Return how many days have passed, without those on which any of the people was away."""
    return deadlines.elapsed_days(since, now, await _away(tx, people))


async def _away(tx: Tx, people: Collection[Actor]) -> list[tuple[date, date]]:
    found = [one for person in people if person.is_local for one in await absences.of_actor(tx, person.id)]
    return [(one.from_on, one.until_on) for one in found]
