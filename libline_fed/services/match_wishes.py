"""What somebody looks for, with all that is needed to compare offers with it, singly or in the index."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from libline_fed.domain.actors import Actor
from libline_fed.domain.match_ranking import iso_week
from libline_fed.domain.match_reasons import Reason, reasons
from libline_fed.domain.matching import Gate, Offering, Score, Seeker, closed_gates, score
from libline_fed.domain.offer_search import Question
from libline_fed.domain.searches import Search
from libline_fed.services.match_inputs import offering_of, seeker_of, shared_minutes, weekly_hours
from libline_fed.storage import matching, visibility
from libline_fed.storage.matching import ProposalInput
from libline_fed.storage.store import Tx


@dataclass(frozen=True, slots=True)
class Wish:
    """A request, or an offer that another one shall be like, as one reader sees offers.

    `is_for_member`: who reads is a member here. `week`: any day of the week in which hours are counted.
    """

    source: ProposalInput
    seeker: Seeker
    is_for_member: bool
    week: date

    def offering(self, offer: ProposalInput) -> Offering:
        """Return an offer as the reader sees it."""
        minutes = shared_minutes(self.source, offer, self.week)
        return offering_of(offer, overlap_minutes=minutes, is_for_member=self.is_for_member)

    def compared(self, offering: Offering) -> tuple[tuple[Gate, ...], Score | None, tuple[Reason, ...]]:
        """Return the closed gates; if there is none, the score and its reasons."""
        gates = closed_gates(self.seeker, offering)
        if gates:
            return gates, None, ()
        found = score(self.seeker, offering)
        return (), found, reasons(self.seeker, offering, found)

    async def question(
        self, tx: Tx, *, now: datetime, search: Search | None = None, numbers: Collection[int] | None = None
    ) -> Question:
        """Return what to ask the index; `numbers` are those of the words asked for, None for any."""
        return Question(
            seeker=self.seeker,
            search=search or Search(),
            today=now.date(),
            iso_week=iso_week(now),
            is_member=self.is_for_member,
            hours=weekly_hours(self.source),
            hidden_hosts=frozenset(await visibility.hidden_hosts(tx, now.date())),
            numbers=numbers,
        )


async def wish_of(
    tx: Tx, source: ProposalInput, person: Actor, today: date, *, excluded_states: Collection[str] = ()
) -> Wish:
    """Read what a person looks for; mentors with whom there is something in some states are left out."""
    seeker = seeker_of(
        source,
        avoided=await matching.avoided_uris(tx, person.id),
        excluded=await matching.mentor_uris(tx, person.id, excluded_states),
    )
    return Wish(source, seeker, is_for_member=person.is_local, week=today)
