"""A coordinator finds a mentor for somebody; the member decides."""

from dataclasses import replace

from sqlalchemy import func, select

from libline_fed.domain.accounts import Member, Role
from libline_fed.domain.proposals import Proposal
from libline_fed.services import blocks
from libline_fed.storage import actors, mails, mentorships
from libline_fed.storage.consortium_tables import suggestion_wishes, suggestions
from libline_fed.storage.store import Tx
from tests.support.pages import DRAFT, PASSWORD, Browser, Page, PagesWorld

WISH = replace(DRAFT, purpose="request", title="Who teaches me RDA?", body_text="A secret of mine.")


class Desk:
    """Ben looks for a mentor, five people offer, Coco coordinates."""

    world: PagesWorld
    ben: Member
    request: Proposal
    offers: list[Proposal]
    coco: Browser

    async def open(self, world: PagesWorld) -> "Desk":
        self.world = world
        self.ben = await world.add_member("ben")
        self.request = await world.publish(self.ben.actor, WISH)
        self.offers = []
        for number in range(5):
            mentor = await world.add_member(f"mentor_{number}")
            self.offers.append(await world.publish(mentor.actor, replace(DRAFT, title=f"Offer {number}")))
        await world.add_member("coco", Role.COORDINATOR)
        self.coco = await world.member_browser("coco")
        return self

    @property
    def path(self) -> str:
        return f"/coordination/find/{self.request.id}"

    async def send(self, *numbers: int) -> Page:
        page = await self.coco.get(self.path)
        chosen = [self.offers[number].id for number in numbers]
        return await self.coco.submit(page, self.path, offer=chosen)

    async def mails_count(self) -> int:
        listed = await self.world.store.read(lambda tx: mails.list_all(tx, state=None, limit=50, offset=0))
        return sum("suggested to you" in mail.subject for mail in listed)


async def test_a_suggestion_reaches_the_member_and_nobody_is_asked(world: PagesWorld) -> None:
    desk = await Desk().open(world)
    listed = await desk.coco.get("/coordination/find")
    assert "Who teaches me RDA?" in listed.text
    sent = await desk.send(1, 3)
    assert "Nobody was asked." in sent.text
    ben = await world.member_browser("ben")
    notices = await ben.get("/notifications")
    assert "coco suggests a mentor to you." in notices.text
    own = await ben.get("/suggestions")
    assert "Offer 1" in own.text
    assert "Offer 3" in own.text
    assert "Offer 2" not in own.text
    assert f"/ask/{desk.offers[1].id}" in {link["href"] for link in own.links}
    assert await world.store.read(mentorships.count) == 0
    mentor = await world.member_browser("mentor_1")
    assert "coco" not in (await mentor.get("/notifications")).text
    (mail,) = [
        one
        for one in await world.store.read(lambda tx: mails.list_all(tx, state=None, limit=50, offset=0))
        if "suggested to you" in one.subject
    ]
    assert mail.recipient == "ben@mail.example"
    assert "RDA" not in mail.text_body
    assert "Offer" not in mail.text_body
    dropped = await ben.submit(own, next(form.action for form in own.forms if "dismiss" in form.action))
    assert "Offer 1" not in dropped.text
    assert "Offer 3" in dropped.text


async def test_a_double_click_sends_once_and_three_are_the_most(world: PagesWorld) -> None:
    desk = await Desk().open(world)
    page = await desk.coco.get(desk.path)
    for _ in range(2):
        await desk.coco.submit(page, desk.path, offer=[desk.offers[0].id])
    assert await desk.mails_count() == 1
    assert "Choose one offer at least." in (await desk.send()).text
    four = await desk.send(1, 2, 3)
    assert four.response.status_code == 422
    assert "Three suggestions for one request are enough." in four.text
    await desk.send(1, 2)
    assert await desk.mails_count() == 2
    assert "Now it is the member’s turn." in (await desk.coco.get(desk.path)).text


async def test_only_what_fits_can_be_suggested(world: PagesWorld) -> None:
    desk = await Desk().open(world)
    stranger = await world.store.read(lambda tx: actors.by_id(tx, desk.offers[4].author_id))
    assert stranger is not None
    ben, now = desk.ben.actor, world.clock.now()
    await world.store.write(
        lambda tx: blocks.block(tx, world.site, person=stranger, partner=ben, now=now)
    )
    assert "Offer 4" not in (await desk.coco.get(desk.path)).text
    assert (await desk.send(4)).response.status_code == 404


async def test_members_decide_for_which_requests_coordinators_look(world: PagesWorld) -> None:
    desk = await Desk().open(world)
    await desk.send(0)
    inside = await world.publish(desk.ben.actor, replace(WISH, title="Only inside", audience="instance"))
    assert "Only inside" not in (await desk.coco.get("/coordination/find")).text
    ben = await world.member_browser("ben")
    await ben.fill("/suggestions", "/suggestions/wish", wish="all")
    assert "Only inside" in (await desk.coco.get("/coordination/find")).text
    await ben.fill("/suggestions", "/suggestions/wish", wish="none")
    assert "Who teaches me RDA?" not in (await desk.coco.get("/coordination/find")).text
    for request in (inside, desk.request):
        assert (await desk.coco.raw_get(f"/coordination/find/{request.id}")).status_code == 404
    assert "Nothing is suggested to you now" in (await ben.get("/suggestions")).text
    odd = await ben.get("/suggestions")
    assert (await ben.submit(odd, "/suggestions/wish", wish="everything")).response.status_code in {400, 422}


async def test_nothing_of_suggestions_is_left_of_a_member_who_leaves(world: PagesWorld) -> None:
    desk = await Desk().open(world)
    await desk.send(0)
    ben = await world.member_browser("ben")
    await ben.fill("/suggestions", "/suggestions/wish", wish="all")
    gone = await ben.fill("/settings/delete", password=PASSWORD)
    assert gone.response.status_code == 200

    async def unit(tx: Tx) -> list[int]:
        tables = (suggestions, suggestion_wishes)
        return [int(await tx.scalar(select(func.count()).select_from(table))) for table in tables]

    assert await world.store.read(unit) == [0, 0]
