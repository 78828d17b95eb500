"""The two people of a mentorship, held until the transaction ends, with the row as it is now."""

from dataclasses import dataclass

from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Mentorship, Side, State
from libline_fed.errors import NotFound
from libline_fed.services import seats
from libline_fed.storage import mentorships
from libline_fed.storage.store import Tx


@dataclass(slots=True)
class Pair:
    """A locked mentorship with its two people."""

    mentorship: Mentorship
    people: dict[Side, Actor]

    def actor(self, side: Side) -> Actor:
        """Return who stands on a side."""
        return self.people[side]

    def side(self, actor: Actor) -> Side:
        """Return where one of them stands.

        Raises: NotFound for anybody else.
        """
        side = self.mentorship.side_of(actor.id)
        if side is None:
            raise NotFound(f"{actor.id} is not of mentorship {self.mentorship.id}")
        return side

    @property
    def local_side(self) -> Side:
        """The side whose server this is; of two members here, the mentor's."""
        return Side.MENTOR if self.people[Side.MENTOR].is_local else Side.MENTEE


async def locked(tx: Tx, mentorship_id: str, person: Actor | None = None) -> Pair:
    """Return a mentorship with both people held until the transaction ends.

    Raises: NotFound if there is none, or none of that person's.
    """
    found = await mentorships.by_id(tx, mentorship_id)
    if found is None or (person is not None and found.side_of(person.id) is None):
        raise NotFound(f"no mentorship {mentorship_id}")
    await seats.lock(tx, found)
    again = await mentorships.by_id(tx, mentorship_id)
    if again is None:
        raise NotFound(f"no mentorship {mentorship_id}")
    if person is not None and again.state == State.DRAFT and again.asker != again.side_of(person.id):
        raise NotFound(f"a draft of somebody else: {mentorship_id}")
    return Pair(again, await seats.people(tx, again))
