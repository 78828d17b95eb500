"""What people without LibLine are told of each step, as private messages in plain words."""

from datetime import datetime

from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Mentorship
from libline_fed.services.site import Site
from libline_fed.storage.store import Tx


async def mirror(
    tx: Tx,
    site: Site,
    *,
    mentorship: Mentorship,
    me: Actor,
    partner: Actor,
    event: str,
    now: datetime,
    text: str = "",
) -> None:
    """Tell the partner of a step in a private message."""
    raise NotImplementedError(event)
