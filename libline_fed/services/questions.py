"""A short question before a request: to find out whether asking makes sense."""

from datetime import datetime, timedelta

from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import QUESTION_DAYS, Event, State
from libline_fed.errors import Conflict
from libline_fed.services import messages
from libline_fed.services.mentorship_steps import step, tell_people
from libline_fed.services.mentorship_views import MentorshipView, get
from libline_fed.services.pairs import locked
from libline_fed.services.requests import facts_for
from libline_fed.services.site import Site
from libline_fed.storage.store import Tx


async def ask(
    tx: Tx, site: Site, *, person: Actor, mentorship_id: str, text: str, now: datetime
) -> MentorshipView:
    """Ask a short question before a request; it does not count as one.

    Raises: NotFound, Conflict, InvalidInput.
    """
    pair = await locked(tx, mentorship_id, person)
    if pair.mentorship.state == State.DRAFT:
        facts = await facts_for(tx, pair, person, now)
        await step(
            tx,
            pair,
            Event.ASK_QUESTION,
            by=pair.side(person),
            now=now,
            facts=facts,
            values={"sent_at": now, "expires_at": now + timedelta(days=QUESTION_DAYS)},
        )
    elif pair.mentorship.state != State.QUESTION:
        raise Conflict("a request is there", safe="Write this as a message.")
    await messages.write(tx, site, person=person, mentorship_id=mentorship_id, text=text, now=now)
    await tell_people(tx, site, pair, "question", by=pair.side(person), now=now)
    return await get(tx, mentorship_id, person=person)
