"""Who looks at a list. The same person sees the same things on every page, feed and interface."""

from dataclasses import dataclass

from libline_fed.domain.actors import Actor


@dataclass(frozen=True, slots=True)
class Viewer:
    """A reader of lists: a member here, a guest who is known by their own server, or anybody.

    Only members here see what is for this instance or for its network. What two people who block each other
    offer is hidden from both.
    """

    person: Actor | None = None  # a member's actor, or a guest's
    is_member: bool = False


EVERYBODY = Viewer()
