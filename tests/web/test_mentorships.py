"""Mentorships through the pages, from the first request to the end, by members and guests."""

import re
from dataclasses import dataclass, replace

import pytest

from libline_fed.domain.accounts import Member
from libline_fed.domain.proposals import Proposal
from tests.support.pages import DRAFT, Browser, Page, PagesWorld

WORDS = {
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
class Scene:
    """Ana offers, Ben asks; each in a browser."""

    world: PagesWorld
    ana: Browser
    ben: Browser
    offer: Proposal
    members: dict[str, Member]
    path: str = ""

    async def ask(self, **changed: str) -> Page:
        """Let Ben ask Ana."""
        shown = await self.ben.get(f"/proposals/{self.offer.id}")
        written = await self.ben.submit(shown, f"/ask/{self.offer.id}", do="request")
        self.path = written.forms[-1].action.removesuffix("/request")
        return await self.ben.submit(written, f"{self.path}/request", **{**WORDS, "do": "send", **changed})

    async def accept(self) -> Page:
        """Let Ana say yes."""
        return await self.ana.fill(f"{self.path}/accept")

    async def agree(self) -> Page:
        """Let Ana write the terms and Ben say yes."""
        await self.ana.fill(f"{self.path}/terms")
        return await self.ben.fill(f"{self.path}/agreement", f"{self.path}/confirm", contact="ben@mail.example")

    async def run(self) -> None:
        """Bring the two to a running mentorship."""
        await self.ask()
        await self.accept()
        await self.agree()


@pytest.fixture
async def scene(world: PagesWorld) -> Scene:
    members = {handle: await world.add_member(handle) for handle in ("ana", "ben")}
    offer = await world.publish(members["ana"].actor, replace(DRAFT, places_count=1))
    ana, ben = await world.member_browser("ana"), await world.member_browser("ben")
    return Scene(world, ana, ben, offer, members)


async def test_a_mentorship_from_request_to_completion(scene: Scene) -> None:
    sent = await scene.ask()
    assert "It is sent." in sent.text
    assert "has not answered yet. Without an answer it ends on 4 December 2026" in sent.text
    listed = await scene.ana.get("/requests-received")
    assert "Asks you for mentoring" in listed.text
    read = await scene.ana.get(scene.path)
    for part in ("I run a village library alone.", "You know RDA.", "A course, long ago.", "Four months"):
        assert part in read.text
    said_yes = await scene.accept()
    assert "You said yes." in said_yes.text
    assert "You two are getting to know each other, until 15 December 2026" in said_yes.text
    begun = await scene.agree()
    assert "You have said yes." in begun.text
    assert "It is running, until" in begun.text
    done = await scene.ben.fill(f"{scene.path}/complete")
    assert "It was completed early, on 24 November 2026" in done.text
    notices = await scene.ana.get("/notifications")
    assert "has marked your mentorship as completed." in notices.text
    assert any(link["href"].startswith(scene.path) for link in notices.links)
    over = await scene.ana.get("/mentorships")
    assert "completed" in over.text
