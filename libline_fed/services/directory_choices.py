"""What the lists can be narrowed to: the countries, servers and consortia that open proposals come from.

Only what everybody may see is counted, so that a choice tells nobody of a proposal that is not for them.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from libline_fed.domain.actors import Actor
from libline_fed.storage import directory_choices
from libline_fed.storage.store import Tx

KEPT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Choices:
    """Countries (ISO 3166-1) and servers of authors; linked servers and consortia that brought something."""

    places: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    sources: tuple[Actor, ...] = ()


class KeptChoices:
    """The choices, asked for once in five minutes: reading all open proposals takes a while."""

    def __init__(self) -> None:
        self._kept: tuple[datetime, Choices] | None = None

    async def get(self, tx: Tx, *, now: datetime) -> Choices:
        """Return the choices, at most five minutes old."""
        if self._kept is not None and self._kept[0] <= now < self._kept[0] + KEPT:
            return self._kept[1]
        found = await choices(tx, today=now.date())
        self._kept = (now, found)
        return found


async def choices(tx: Tx, *, today: date) -> Choices:
    """Return what open proposals that everybody may see come from."""
    return Choices(
        places=frozenset(await directory_choices.places(tx, today)),
        hosts=frozenset(await directory_choices.hosts(tx, today)),
        sources=tuple(await directory_choices.sources(tx, today)),
    )
