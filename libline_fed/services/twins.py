"""Two mentorships of the same people about the same proposal: only one of them can be open.

An old one can come back while a new one is asked for: by a yes that was late, an objection, a revival.
"""

from datetime import datetime

from libline_fed.domain.agreements import step
from libline_fed.domain.mentorships import Mentorship, Side, State
from libline_fed.services import mentorship_messages
from libline_fed.services.mentorship_steps import free_seat, put, say_update
from libline_fed.services.mentorship_views import columns_of, shared_of
from libline_fed.services.pairs import Pair, locked
from libline_fed.services.site import Site
from libline_fed.storage import mentorships
from libline_fed.storage.store import Tx


async def make_room(tx: Tx, site: Site, pair: Pair, *, now: datetime) -> bool:
    """Let whatever else is open of these two end, for a yes that has come; False if that cannot be.

    What had ended and was taken up again as the yes was said ends again: what was begun anew stands.
    """
    if await give_way(tx, site, pair, now=now):
        return True
    twin = await _twin(tx, pair)
    if twin is None or twin.epoch == 0:
        return False
    other = await locked(tx, twin.id)
    by = other.local_side
    ended = step(shared_of(other.mentorship), State.COMPLETED, by=by, at=now.replace(microsecond=0))
    await put(tx, other, columns_of(ended), event="give-way", by=by, now=now)
    await free_seat(tx, site, other, now=now)
    await say_update(tx, site, other, "full", by=by, now=now)
    return True


async def give_way(tx: Tx, site: Site, pair: Pair, *, now: datetime) -> bool:
    """Let what is asked anew give way to one that comes back; False if the new one runs already.

    Its words are kept, and an Offer of ours is taken back.
    """
    twin = await _twin(tx, pair)
    if twin is None:
        return True
    if twin.is_running:
        return False
    other = await locked(tx, twin.id)
    columns = {"state": State.SUPERSEDED.value, "reason": "found", "decided_at": now, "holds_seat": False}
    await put(tx, other, columns, event="give-way", by=pair.local_side, now=now)
    await free_seat(tx, site, other, now=now)
    asker = other.actor(Side(twin.asker))
    if asker.is_local and twin.state != State.DRAFT:
        partner = other.actor(twin.decider)
        await mentorship_messages.send_undo(
            tx, site, other.mentorship, me=asker, partner=partner, reason="superseded", now=now
        )
    return True


async def _twin(tx: Tx, pair: Pair) -> Mentorship | None:
    one = pair.mentorship
    twin = await mentorships.open_one(
        tx, mentor_id=one.mentor_id, mentee_id=one.mentee_id, proposal_uri=one.proposal_uri
    )
    return twin if twin is not None and twin.id != one.id else None
