"""Telling people who found an offer full, and wanted to know, that it has a place again."""

from datetime import datetime

from libline_fed.domain.mentorships import CLOCK, Side
from libline_fed.services.mentorship_steps import tell_people
from libline_fed.services.pairs import Pair
from libline_fed.services.seats import people
from libline_fed.services.site import Site
from libline_fed.storage import mentorships
from libline_fed.storage.store import Tx


async def tell(tx: Tx, site: Site, *, now: datetime) -> int:
    """Tell each of them once; returns how many. Who wants to hear of the next place asks anew."""
    found = await mentorships.wanting_places(tx)
    for one in found:
        changed = await mentorships.change(tx, one.id, now, is_announced=False)
        pair = Pair(changed, await people(tx, changed))
        await tell_people(tx, site, pair, "place-free", by=Side.MENTOR, now=now)
        await mentorships.add_event(
            tx, changed, event="place-free", by=CLOCK, state_before=changed.state, now=now
        )
    return len(found)
