"""A mentor on one server, a mentee on another, and everything they can do: for tests of mentorships."""

import dataclasses
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select, update

from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Mentorship
from libline_fed.domain.proposals import Draft, Proposal
from libline_fed.services import answers, mentorship_views, mentorships, requests
from libline_fed.services.requests import Words
from libline_fed.storage import accounts, mentorship_tables
from libline_fed.storage import mentorships as rows
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import accounts as account_table
from tests.support.pair import DRAFT, Pair, Side

WORDS = Words(
    "Good day, I work in a small public library.",
    {"why": "You know RDA.", "by_when": "To catalogue our local collection by May.", "tried": "A course."},
    {"goal": "Catalogue the local collection"},
    "en",
)
TERMS = {"goal": "Catalogue the local collection", "months": 4, "mode": "M1", "frequency": "Q3"}


@dataclass
class Person:
    """Somebody on one of the two servers."""

    side: Side
    actor: Actor

    async def do(self, use_case: Any, mentorship_id: str, **more: Any) -> Any:
        """Run a use case of a mentorship as this person."""
        now = self.side.clock.now()
        site, person = self.side.site, self.actor
        has_site = use_case not in (requests.save_draft, mentorships.keep, answers.announce_places)
        args = (site,) if has_site else ()
        return await self.side.write(
            lambda tx: use_case(tx, *args, person=person, mentorship_id=mentorship_id, now=now, **more)
        )

    async def mentorships(self) -> list[Mentorship]:
        """List this person's mentorships, oldest first."""
        found = await self.side.read(lambda tx: mentorship_views.list_for(tx, self.actor))
        return [view.mentorship for view in reversed(found)]

    async def only(self) -> Mentorship:
        """Return the only mentorship of this person."""
        (found,) = await self.mentorships()
        return found

    async def state(self) -> str:
        """Return where the only mentorship stands."""
        return (await self.only()).state

    async def notices(self) -> list[str]:
        """List what this person was told of mentorships, oldest first."""

        async def unit(tx: Tx) -> list[str]:
            from libline_fed.services import notifications

            account = await accounts.by_actor(tx, self.actor.id)
            assert account is not None
            page = await notifications.list_for(tx, account.id)
            told = [item.notification for item in reversed(page.items)]
            return [one.event for one in told if one.kind == "mentorship"]

        return await self.side.read(unit)

    async def start(self, proposal_uri: str) -> Mentorship:
        """Begin a request to a proposal, as known on this person's server."""
        proposal = await self.side.resolver.find_object(proposal_uri)
        assert isinstance(proposal, Proposal)
        now, site = self.side.clock.now(), self.side.site

        async def unit(tx: Tx) -> Mentorship:
            account = await accounts.by_actor(tx, self.actor.id)
            return await requests.start(
                tx, site, person=self.actor, proposal_id=proposal.id, viewer=account, now=now
            )

        return await self.side.write(unit)

    async def ask(self, proposal_uri: str, words: Words = WORDS) -> Mentorship:
        """Send a request (or an answer to one)."""
        draft = await self.start(proposal_uri)
        return (await self.do(requests.send, draft.id, words=words)).mentorship

    async def change_account(self, **values: Any) -> None:
        """Set columns of the account."""
        statement = update(account_table).where(account_table.c.actor_id == self.actor.id).values(**values)
        await self.side.write(lambda tx: tx.execute(statement))


@dataclass
class Duo:
    """Ana offers on server a; Ben looks for a mentor on server b."""

    both: Pair
    ana: Person
    ben: Person
    offer: Proposal

    async def settle(self) -> None:
        """Let everything arrive."""
        await self.both.settle()

    async def ask(self) -> None:
        """Let Ben's request arrive."""
        await self.ben.ask(self.offer.uri)
        await self.settle()

    async def accept(self) -> None:
        """Let Ana accept, and Ben hear of it."""
        await self.ana.do(answers.accept, (await self.ana.only()).id)
        await self.settle()

    async def agree(self) -> None:
        """Let both confirm the same terms."""
        mine = await self.ana.only()
        await self.ana.do(mentorships.change_terms, mine.id, values=TERMS)
        await self.settle()
        theirs = await self.ben.only()
        await self.ben.do(mentorships.confirm, theirs.id, terms_version=theirs.terms_version)
        await self.settle()

    async def begin(self) -> None:
        """Bring the two to an active mentorship."""
        await self.ask()
        await self.accept()
        await self.agree()
        assert await self.states() == ("active", "active")

    async def states(self) -> tuple[str, str]:
        """Return where it stands on both servers."""
        return await self.ana.state(), await self.ben.state()

    async def check(self) -> None:
        """Check what must always be true."""
        await check_places(self.both.a)
        mine, theirs = await self.ana.mentorships(), await self.ben.mentorships()
        known = {one.agreement_uri: one for one in theirs if one.agreement_uri}
        for one in mine:
            other = known.get(one.agreement_uri or "")
            if other is not None and "ended-safety" not in (one.state, other.state):
                assert shared(one) == shared(other)


def shared(one: Mentorship) -> dict[str, Any]:
    """Return what both servers must have alike."""
    agreed = ("terms", "terms_version", "started_at", "ends_on", "paused_until_on")
    names = ("state", "version", "epoch", *agreed)
    return {name: getattr(one, name) for name in names}


async def check_places(side: Side) -> None:
    """No offer has more mentorships than places, and the free ones are counted right."""
    table = mentorship_tables.mentorships

    async def unit(tx: Tx) -> None:
        from libline_fed.storage.tables import proposals as proposal_table

        for row in await tx.all(select(proposal_table).where(proposal_table.c.is_local.is_(True))):
            running = await tx.scalar(
                select(func.count()).where(
                    table.c.seat_proposal_id == row.id, table.c.state.in_(("intro", "active", "paused"))
                )
            )
            taken = await rows.seats_taken_count(tx, row.id)
            assert running <= taken <= row.places_count, (running, taken, row.places_count)
            assert row.places_free_count == row.places_count - taken
            assert row.waiting_count == await rows.waiting_count(tx, row.id)

    await side.read(unit)


async def duo(both: Pair, *, draft: Draft = DRAFT, places_count: int = 2) -> Duo:
    """Put the two people on their servers."""
    ana, ben = await both.a.member("ana"), await both.b.member("ben")
    offer = await both.a.offer(ana, dataclasses.replace(draft, places_count=places_count))
    people = Person(both.a, ana), Person(both.b, ben)
    for person in people:
        await person.change_account(primer_done_at=both.clock.now())
    await both.settle()
    return Duo(both, *people, offer)


def day(text: str) -> date:
    """Read a day."""
    return date.fromisoformat(text)
