"""Moving through the pages: naming an old account, moving away, and a partner's answer."""

from dataclasses import dataclass

import pytest

from libline_fed.domain.accounts import Member
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Mentorship
from libline_fed.errors import Conflict, PeerUnavailable
from libline_fed.services import mentorship_views, moves, proposals, requests
from libline_fed.storage import actors
from libline_fed.storage import mentorships as rows
from libline_fed.storage.store import Tx
from tests.support.ended import add_mentorship
from tests.support.pages import DRAFT, PASSWORD, Page, PagesWorld

OLD = "@ana@old.example"
NEW = "@ana@new.example"


@pytest.fixture
async def ana(world: PagesWorld) -> Member:
    return await world.add_member("ana")


async def elsewhere(world: PagesWorld, handle: str, host: str, *aliases: str) -> Actor:
    """Put somebody on another server, where pages find them."""
    found = await world.add_remote(handle, host, also_known_as=aliases)
    world.lookups.found[f"@{handle}@{host}"] = found
    world.lookups.found[found.uri] = found
    return found


async def present(world: PagesWorld, actor: Actor) -> Actor:
    found = await world.store.read(lambda tx: actors.by_id(tx, actor.id))
    assert found is not None
    return found


# --- naming an old account ----------------------------------------------------------------------------


async def test_an_old_account_is_named_seen_and_removed(world: PagesWorld, ana: Member) -> None:
    old = await elsewhere(world, "ana", "old.example")
    browser = await world.member_browser("ana")
    page = await browser.fill("/settings/move", "/settings/move/aliases", alias=OLD)
    assert "It is named as yours." in page.text
    assert OLD in page.text
    assert (await present(world, ana.actor)).also_known_as == [old.uri]
    again = await browser.submit(page, "/settings/move/aliases", alias=f" {old.uri} ")
    assert again.text.count(OLD) == page.text.count(OLD), "naming it twice changes nothing"
    gone = await browser.submit(again, "/settings/move/aliases/remove")
    assert "It is no longer named as yours." in gone.text
    assert (await present(world, ana.actor)).also_known_as == []


@pytest.mark.parametrize(
    "typed", ["", "nonsense", "@ana@nowhere.example", "@ana@lib.example", "@ben@lib.example"]
)
async def test_only_an_account_elsewhere_can_be_named(world: PagesWorld, ana: Member, typed: str) -> None:
    ben = await world.add_member("ben")
    world.lookups.found |= {"@ana@lib.example": ana.actor, "@ben@lib.example": ben.actor}
    browser = await world.member_browser("ana")
    page = await browser.fill("/settings/move", "/settings/move/aliases", alias=typed)
    assert page.response.status_code in {404, 422}
    assert "Please check this." in page.text
    assert page.described("alias")["value"] == typed
    assert (await present(world, ana.actor)).also_known_as == []


async def test_a_server_that_does_not_answer_is_named_as_the_reason(world: PagesWorld, ana: Member) -> None:
    world.lookups.found[OLD] = PeerUnavailable("old.example is silent")
    browser = await world.member_browser("ana")
    page = await browser.fill("/settings/move", "/settings/move/aliases", alias=OLD)
    assert page.response.status_code == 424
    assert "The other server does not answer." in page.text


# --- moving away --------------------------------------------------------------------------------------


async def test_a_member_moves_away(world: PagesWorld, ana: Member) -> None:
    await world.publish(ana.actor, DRAFT)
    new = await elsewhere(world, "ana", "new.example", ana.actor.uri)
    browser = await world.member_browser("ana")
    page = await browser.fill("/settings/move", address=NEW, password=PASSWORD)
    assert "You have moved." in page.text
    assert f"You have moved to {NEW} ." in page.text
    assert world.lookups.asked[-1] == NEW, "the new account is asked for at its server"
    assert (await present(world, ana.actor)).moved_to_uri == new.uri
    assert "Cataloguing with RDA" not in (await world.browser().get("/mentors")).text
    profile = await world.browser().get("/@ana")
    assert "This person has moved to another address." in profile.text


async def test_who_has_moved_writes_and_asks_with_the_new_account(world: PagesWorld, ana: Member) -> None:
    mine = await world.publish(ana.actor, DRAFT)
    ben = await world.add_member("ben")
    other = await world.publish(ben.actor, DRAFT)
    await elsewhere(world, "ana", "new.example", ana.actor.uri)
    browser = await world.member_browser("ana")
    await browser.fill("/settings/move", address=NEW, password=PASSWORD)
    person, now = await present(world, ana.actor), world.clock.now()
    told = {}
    with pytest.raises(Conflict) as refused:
        await world.publish(person, DRAFT)
    told["publish"] = refused.value.safe
    with pytest.raises(Conflict) as refused:
        await world.store.write(
            lambda tx: proposals.set_status(
                tx, world.site, proposal_id=mine.id, author_id=person.id, status="open", now=now
            )
        )
    told["open"] = refused.value.safe
    with pytest.raises(Conflict) as refused:
        await world.store.write(
            lambda tx: requests.start(
                tx, world.site, person=person, proposal_id=other.id, viewer=ana.account, now=now
            )
        )
    told["ask"] = refused.value.safe
    assert all(sentence.startswith("You have moved to another server.") for sentence in told.values())


@pytest.mark.parametrize(
    ("password", "names", "sentence"),
    [
        ("wrong", True, "This is not your password."),
        ("", True, "Write your password."),
        (PASSWORD, False, "That account does not name this one as yours yet."),
    ],
)
async def test_nobody_moves_without_both_proofs(
    world: PagesWorld, ana: Member, password: str, names: bool, sentence: str
) -> None:
    await elsewhere(world, "ana", "new.example", *([ana.actor.uri] if names else []))
    browser = await world.member_browser("ana")
    page = await browser.fill("/settings/move", address=NEW, password=password)
    assert page.response.status_code == 422
    assert sentence in page.text
    assert page.described("address")["value"] == NEW
    assert PASSWORD not in page.response.text
    assert (await present(world, ana.actor)).moved_to_uri is None


async def test_guesses_of_the_password_are_counted(world: PagesWorld, ana: Member) -> None:
    await elsewhere(world, "ana", "new.example", ana.actor.uri)
    browser = await world.member_browser("ana")
    statuses = [
        (await browser.fill("/settings/move", address=NEW, password="wrong")).response.status_code
        for _ in range(12)
    ]
    assert statuses[0] == 422
    assert statuses[-1] == 429


# --- the partner decides ------------------------------------------------------------------------------


@dataclass
class Moved:
    """Ana mentors Ben, who has moved from b.example to c.example."""

    world: PagesWorld
    ana: Member
    mentorship: Mentorship
    old: Actor
    new: Actor

    @property
    def path(self) -> str:
        return f"/mentorships/{self.mentorship.id}"

    async def state(self) -> Mentorship:
        found = await self.world.store.read(lambda tx: rows.by_id(tx, self.mentorship.id))
        assert found is not None
        return found

    async def decide(self, answer: str) -> Page:
        browser = await self.world.member_browser("ana")
        page = await browser.get(f"{self.path}/move")
        return await browser.submit(page, f"{self.path}/move", answer=answer)


@pytest.fixture
async def moved(world: PagesWorld, ana: Member) -> Moved:
    offer = await world.publish(ana.actor, DRAFT)
    b = {"proposals_url": "https://b.example/users/ben/proposals"}
    c = {"proposals_url": "https://c.example/users/ben/proposals"}
    old = await world.add_remote("ben", "b.example", **b)
    new = await world.add_remote("ben", "c.example", also_known_as=(old.uri,), **c)
    now = world.clock.now()

    async def unit(tx: Tx) -> Mentorship:
        made = await add_mentorship(
            tx, mentor=ana.actor, mentee=old, proposal=offer, now=now, state="active", days=10
        )
        assert await moves.receive(tx, world.site, old=old, new=new, now=now) == 1
        return made

    return Moved(world, ana, await world.store.write(unit), old, new)


async def test_the_partner_hears_sees_where_and_goes_on(moved: Moved) -> None:
    browser = await moved.world.member_browser("ana")
    assert "has moved to another server. Would you like to go on there?" in (
        await browser.get("/notifications")
    ).text
    home = await browser.get(moved.path)
    assert f"{moved.path}/move" in [link.get("href") for link in home.links]
    asked = await browser.get(f"{moved.path}/move")
    assert "@ben@c.example" in asked.text
    done = await browser.submit(asked, f"{moved.path}/move", answer="yes")
    assert "You go on with the new account." in done.text
    assert f"{moved.path}/move" not in [link.get("href") for link in done.links]
    after = await moved.state()
    assert (after.state, after.mentee_id) == ("active", moved.new.id)


async def test_a_second_press_changes_nothing_and_leads_on(moved: Moved) -> None:
    browser = await moved.world.member_browser("ana")
    asked = await browser.get(f"{moved.path}/move")
    for answer in ("yes", "yes", "no"):
        page = await browser.submit(asked, f"{moved.path}/move", answer=answer)
        assert page.response.status_code == 200
        assert page.response.url.path == moved.path
    assert (await moved.state()).state == "active"


async def test_a_no_ends_it_without_fault(moved: Moved) -> None:
    page = await moved.decide("no")
    assert "It has ended." in page.text
    assert (await moved.state()).state == "ended-early"


async def test_no_answer_is_no_decision(moved: Moved) -> None:
    for answer in ("", "maybe"):
        page = await moved.decide(answer)
        assert page.response.url.path == f"{moved.path}/move"
    assert (await moved.state()).mentee_id == moved.old.id


async def test_a_new_account_that_is_gone_is_said(moved: Moved) -> None:
    now = moved.world.clock.now()
    await moved.world.store.write(lambda tx: actors.change(tx, moved.new.id, now, gone_at=now))
    page = await moved.decide("yes")
    assert page.response.status_code == 409
    assert "The new account is not there any more." in page.text
    assert (await moved.state()).mentee_id == moved.old.id


async def test_only_the_partner_sees_the_question(moved: Moved) -> None:
    await moved.world.add_member("cleo")
    cleo = await moved.world.member_browser("cleo")
    assert (await cleo.get(f"{moved.path}/move")).response.status_code == 404
    visitor = await moved.world.browser().raw_get(f"{moved.path}/move")
    assert visitor.status_code == 303


async def test_a_guest_who_mentors_decides_as_well(world: PagesWorld) -> None:
    """A member moves away and the partner is somebody without LibLine: it ends, and they are told."""
    ben = await world.add_member("ben")
    guest = await world.guest_browser("carla", "m.example")
    carla = await world.store.read(lambda tx: actors.by_uri(tx, "https://m.example/users/carla"))
    assert carla is not None
    new = await elsewhere(world, "ben", "new.example", ben.actor.uri)
    now = world.clock.now()
    made = await world.store.write(
        lambda tx: add_mentorship(
            tx, mentor=carla, mentee=ben.actor, now=now, state="active", days=10, channel="note"
        )
    )
    browser = await world.member_browser("ben")
    await browser.fill("/settings/move", address="@ben@new.example", password=PASSWORD)
    view = await world.store.read(lambda tx: mentorship_views.get(tx, made.id, person=carla))
    assert view.mentorship.state == "ended-early"
    assert (await guest.get(f"/mentorships/{made.id}/move")).response.url.path == f"/mentorships/{made.id}"
    assert (await present(world, ben.actor)).moved_to_uri == new.uri
