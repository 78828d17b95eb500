"""Mentorships in every state on one instance, brought there by the use cases themselves."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from libline_fed.domain.accounts import Member
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Mentorship
from libline_fed.domain.proposals import Draft, Proposal
from libline_fed.services import answers, blocks, mentorship_clock, mentorships, questions, requests
from libline_fed.services.requests import Words
from libline_fed.storage import mentorships as rows
from libline_fed.storage.store import Tx
from tests.support.pages import DRAFT, Browser, Page, PagesWorld

WORDS = Words(
    "I run a village library alone.\n\nCould you help me? https://canary.example/request",
    {"why": "You know RDA.", "by_when": "Catalogue our collection by May.", "tried": "A course, long ago."},
    {"goal": "Catalogue our collection", "months": 4, "mode": "M1", "frequency": "Q3", "goal_type": "G07"},
    "en",
)
TERMS = {**WORDS.terms, "is_confidential": True, "may_name": False, "end_rule": "We say so in a last talk."}
TYPED = {
    "message_text": "I run a village library alone.\n\nCould you help me?",
    "why": "You know RDA.",
    "by_when": "Catalogue our local collection by May.",
    "tried": "A course, long ago.",
    "goal": "Catalogue the local collection",
    "months": "4",
    "mode": "M1",
    "language": "en",
}


@dataclass
class Desk:
    """Ana offers, Ben asks; each in a browser."""

    world: PagesWorld
    ana: Browser
    ben: Browser
    offer: Proposal
    members: dict[str, Member]
    path: str = ""  # of the mentorship, once there is one

    async def begin(self) -> Page:
        """Let Ben press the button on the offer's page; returns the form of a request."""
        shown = await self.ben.get(f"/proposals/{self.offer.id}")
        written = await self.ben.submit(shown, f"/ask/{self.offer.id}", do="request")
        self.path = written.forms[-1].action.removesuffix("/request")
        return written

    async def ask(self, **changed: str) -> Page:
        """Let Ben ask Ana."""
        return await self.ben.submit(
            await self.begin(), f"{self.path}/request", **{**TYPED, "do": "send", **changed}
        )

    async def accept(self) -> Page:
        """Let Ana say yes."""
        return await self.ana.fill(f"{self.path}/accept")

    async def agree(self) -> Page:
        """Let Ana write the terms and Ben say yes."""
        await self.ana.fill(f"{self.path}/terms")
        return await self.ben.fill(
            f"{self.path}/agreement", f"{self.path}/confirm", contact="ben@mail.example"
        )

    async def run(self) -> None:
        """Bring the two to a running mentorship."""
        await self.ask()
        await self.accept()
        await self.agree()

    async def mentorship(self) -> Mentorship:
        """Read the row."""
        mentorship_id = self.path.rpartition("/")[2]
        found = await self.world.store.read(lambda tx: rows.by_id(tx, mentorship_id))
        assert found is not None
        return found

    async def tick(self, **passed: int) -> None:
        """Let time pass, and do what it brings."""
        now = self.world.clock.advance(**passed)
        await self.world.store.write(lambda tx: mentorship_clock.tick(tx, self.world.site, now=now))
        self.ana, self.ben = [await self.world.member_browser(handle) for handle in ("ana", "ben")]


async def desk(world: PagesWorld, draft: Draft = DRAFT) -> Desk:
    """Let Ana publish an offer, and log both in."""
    members = {handle: await world.add_member(handle) for handle in ("ana", "ben")}
    offer = await world.publish(members["ana"].actor, draft)
    ana, ben = [await world.member_browser(handle) for handle in ("ana", "ben")]
    return Desk(world, ana, ben, offer, members)


@dataclass
class Staged:
    """Two members of an instance, and their mentorships by state."""

    world: PagesWorld
    mentor: Member
    mentee: Member
    ids: dict[str, str] = field(default_factory=dict)

    async def do(self, use_case: Any, person: Actor, mentorship_id: str, **more: Any) -> Any:
        """Run a use case of a mentorship as one of them."""
        now, site = self.world.clock.advance(seconds=1), self.world.site
        return await self.world.store.write(
            lambda tx: use_case(tx, site, person=person, mentorship_id=mentorship_id, now=now, **more)
        )

    async def draft(self, title: str, *, mentee: Member | None = None, places_count: int = 5) -> str:
        """Begin a request to a new offer."""
        offer = await self.world.publish(
            self.mentor.actor, replace(DRAFT, title=title, places_count=places_count)
        )
        return await self.ask_about(offer.id, mentee or self.mentee)

    async def ask_about(self, offer_id: str, mentee: Member) -> str:
        """Begin a request to an offer, with words."""
        now, site = self.world.clock.advance(seconds=1), self.world.site

        async def unit(tx: Tx) -> str:
            made = await requests.start(
                tx, site, person=mentee.actor, proposal_id=offer_id, viewer=mentee.account, now=now
            )
            await requests.save_draft(
                tx, person=mentee.actor, mentorship_id=made.id, words=WORDS, now=now
            )
            return made.id

        return await self.world.store.write(unit)

    async def proposed(self, title: str, *, mentee: Member | None = None, places_count: int = 5) -> str:
        """Send a request to a new offer."""
        who = mentee or self.mentee
        mentorship_id = await self.draft(title, mentee=who, places_count=places_count)
        await self.do(requests.send, who.actor, mentorship_id, words=WORDS)
        return mentorship_id

    async def intro(self, title: str, *, mentee: Member | None = None) -> str:
        """Let a request be accepted."""
        mentorship_id = await self.proposed(title, mentee=mentee)
        await self.do(answers.accept, self.mentor.actor, mentorship_id)
        return mentorship_id

    async def active(self, title: str) -> str:
        """Let both confirm."""
        mentorship_id = await self.intro(title)
        await self.do(mentorships.change_terms, self.mentor.actor, mentorship_id, values=TERMS)
        seen = await self.world.store.read(lambda tx: rows.by_id(tx, mentorship_id))
        assert seen is not None
        await self.do(
            mentorships.confirm,
            self.mentee.actor,
            mentorship_id,
            terms_version=seen.terms_version,
            contact="+44 20 7946 0000",
        )
        return mentorship_id

    async def later(self, **passed: int) -> None:
        """Let time pass, and do what it brings."""
        now = self.world.clock.advance(**passed)
        await self.world.store.write(lambda tx: mentorship_clock.tick(tx, self.world.site, now=now))

    async def set(self, mentorship_id: str, **values: Any) -> None:
        """Set columns."""
        now = self.world.clock.now()
        await self.world.store.write(lambda tx: rows.change(tx, mentorship_id, now, **values))


async def every_state(world: PagesWorld, mentor: Member, mentee: Member, other: Member) -> Staged:
    """Bring mentorships of `mentor` and `mentee` into every state; `other` is who is blocked."""
    staged = Staged(world, mentor, mentee)
    await world.store.write(lambda tx: _wish_many(tx, mentee))
    ids = staged.ids
    ids["lapsed"] = await staged.active("Lapsed")
    await staged.later(days=100)
    ids["expired"] = await staged.proposed("Expired")
    await staged.later(days=11)
    ids["declined"] = await staged.proposed("Declined")
    await staged.do(answers.decline, mentor.actor, ids["declined"], reason="not-my-area", note="Ask Cleo.")
    ids["withdrawn"] = await staged.proposed("Withdrawn")
    await staged.do(answers.withdraw, mentee.actor, ids["withdrawn"])
    await _supersede(staged, other)
    for state, use_case in (
        ("completed", mentorships.complete),
        ("ended-early", mentorships.end_early),
        ("ended-intro", mentorships.leave),
    ):
        ids[state] = await (staged.intro(state) if state == "ended-intro" else staged.active(state))
        await staged.do(use_case, mentor.actor, ids[state])
    ids["paused"] = await staged.active("Paused")
    until_on = (world.clock.now() + timedelta(days=20)).date()
    await staged.do(mentorships.pause, mentee.actor, ids["paused"], until_on=until_on)
    ids["active"] = await staged.active("Active")
    ids["crossed"] = await staged.intro("Crossed")
    await staged.set(ids["crossed"], is_crossed=True)
    ids["intro"] = await staged.intro("Intro")
    await staged.do(mentorships.change_terms, mentor.actor, ids["intro"], values=TERMS)
    ids["ended-safety"] = await staged.intro("Ended for safety", mentee=other)
    now = world.clock.now()
    await world.store.write(
        lambda tx: blocks.block(tx, world.site, person=mentor.actor, partner=other.actor, now=now)
    )
    ids["proposed"] = await staged.proposed("Proposed")
    ids["question"] = await staged.draft("Question")
    await staged.do(questions.ask, mentee.actor, ids["question"], text="Is a school library fine?")
    ids["draft"] = await staged.draft("Draft")
    return staged


async def _supersede(staged: Staged, other: Member) -> None:
    """Let two ask for one place."""
    first = await staged.proposed("Superseded", places_count=1)
    found = await staged.world.store.read(lambda tx: rows.by_id(tx, first))
    assert found is not None
    assert found.proposal_id is not None
    second = await staged.ask_about(found.proposal_id, other)
    await staged.do(requests.send, other.actor, second, words=WORDS)
    await staged.do(answers.accept, staged.mentor.actor, second)
    await staged.do(mentorships.leave, other.actor, second)
    staged.ids["superseded"] = first


async def _wish_many(tx: Tx, mentee: Member) -> None:
    from libline_fed.storage import accounts

    await accounts.change(tx, mentee.account.id, target_count=50)
