"""Partners whose servers know FEP-0837 and nothing of ours: by what they are known again.

Such a server can ask, say yes or no, and say that an agreement is fulfilled. All else is said in private
messages, as to people without LibLine, and this server decides.
"""

from collections.abc import Mapping
from typing import Any

from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Channel, Event, Mentorship
from libline_fed.storage import mentorships
from libline_fed.storage.store import Tx

PLAIN: Mapping[str, Any] = {"speaks": "FEP-0837"}  # the detail of the event by which it was found out


async def is_plain(tx: Tx, mentorship: Mentorship) -> bool:
    """Tell whether the partner's server also wants to be told by Accept, Reject and Document."""
    if mentorship.channel != Channel.NOTE:
        return False
    happened = await mentorships.events(tx, mentorship.id)
    return any(one.detail.get("speaks") == PLAIN["speaks"] for one in happened)


async def accepted_by(tx: Tx, person: Actor, accept_uri: str) -> Mentorship | None:
    """Return the mentorship that began with a certain `Accept` of a person, if there is one."""
    for one in await mentorships.of_actor(tx, person.id):
        happened = await mentorships.events(tx, one.id) if one.agreement_uri is not None else []
        if any(
            event.event == Event.ACCEPT and event.detail.get("activity") == accept_uri for event in happened
        ):
            return one
    return None
