"""What somebody should know before asking: whether it is possible, how many wait, when an answer may come."""

from dataclasses import dataclass
from datetime import date, datetime

from libline_fed.domain.accounts import Account
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorship_guards import FEW_OPEN, NOT_BLOCKED, OPEN, Facts
from libline_fed.domain.mentorships import EXPIRY_DAYS, Mentorship
from libline_fed.domain.proposals import Proposal, Purpose, Status
from libline_fed.services import proposals, seats
from libline_fed.services.proposals import Listed
from libline_fed.services.translations import N_
from libline_fed.storage import absences, accounts, mentorships
from libline_fed.storage.store import Tx

OWN = N_("This is your own.")
FULL = N_("All places are taken at the moment.")
PAUSED = N_("This person takes no new requests at the moment.")
ELSEWHERE = N_("As a guest you can only ask people of this server.")


@dataclass(frozen=True, slots=True)
class Prospect:
    """A proposal, and what asking about it would mean for one person."""

    listed: Listed
    known: Mentorship | None  # the open one of the two for this proposal
    problem: str  # why it is not possible, a message id; "" if it is
    away_until_on: date | None
    expiry_days: int
    open_requests_count: int
    is_primer_done: bool

    @property
    def is_offer(self) -> bool:
        """Whether a mentor is asked; otherwise help is offered to a mentee."""
        return self.listed.proposal.purpose == Purpose.OFFER


async def prospect(
    tx: Tx, *, person: Actor, proposal_id: str, viewer: Account | None, now: datetime
) -> Prospect:
    """Look at a proposal with the eyes of somebody who would like to ask.

    Raises: NotFound, as for whoever may not read it.
    """
    listed = await proposals.get(tx, proposal_id, viewer=viewer)
    proposal, author = listed.proposal, listed.author
    is_offer = proposal.purpose == Purpose.OFFER
    mentor, mentee = (author, person) if is_offer else (person, author)
    open_count = await mentorships.open_requests_count(tx, person.id) if is_offer else 0
    away_until_on = await _away_until(tx, author, now.date())
    answer_days = proposal.facts.answer_days or 0
    return Prospect(
        listed=listed,
        known=await mentorships.open_one(
            tx, mentor_id=mentor.id, mentee_id=mentee.id, proposal_uri=proposal.uri
        ),
        problem=await _problem(tx, person, listed, open_count, now),
        away_until_on=away_until_on,
        expiry_days=max(EXPIRY_DAYS, answer_days),
        open_requests_count=open_count,
        is_primer_done=viewer is None or viewer.primer_done_at is not None,
    )


async def _problem(tx: Tx, person: Actor, listed: Listed, open_count: int, now: datetime) -> str:
    """Return the first reason why it is not possible, where there is one in the words of the table."""
    proposal, author = listed.proposal, listed.author
    if author.id == person.id:
        return OWN
    if not proposal.is_local and not person.is_local:
        return ELSEWHERE
    facts = Facts(
        open_requests_count=open_count,
        is_blocked=await seats.is_blocked(tx, person, author) or not author.is_usable,
        is_open=not _is_over(proposal, now),
    )
    account = await accounts.by_actor(tx, author.id) if author.is_local else None
    if proposal.status == Status.PAUSED or (account is not None and account.is_paused):
        paused = PAUSED
    else:
        paused = FULL if proposal.status == Status.FULL else ""
    return NOT_BLOCKED(facts) or OPEN(facts) or paused or FEW_OPEN(facts) or ""


def _is_over(proposal: Proposal, now: datetime) -> bool:
    is_past = proposal.open_until_on is not None and proposal.open_until_on < now.date()
    return proposal.status == Status.CLOSED or is_past


async def _away_until(tx: Tx, actor: Actor, today: date) -> date | None:
    """Return the last day of somebody's absence, if one is now; of people elsewhere none is known."""
    if not actor.is_local:
        return None
    found = await absences.of_actor(tx, actor.id)
    return max((one.until_on for one in found if one.from_on <= today <= one.until_on), default=None)
