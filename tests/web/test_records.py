"""Records through the pages: had, read, downloaded, shared by a link, and seen by nobody else."""

import json
from datetime import datetime

import pytest

from libline_fed.activitypub.credential_checks import check_credential
from libline_fed.domain.accounts import Member
from libline_fed.domain.mentorships import Mentorship
from libline_fed.ids import new_id
from libline_fed.storage.store import Tx
from tests.support.ended import add_mentorship, add_talk
from tests.support.pages import DRAFT, Page, PagesWorld


class Scene:
    """Ana has mentored Ben, and it is over."""

    def __init__(self, world: PagesWorld, ana: Member, ben: Member, mentorship: Mentorship) -> None:
        self.world, self.ana, self.ben, self.mentorship = world, ana, ben, mentorship

    @property
    def path(self) -> str:
        """Where a record is made."""
        return f"/mentorships/{self.mentorship.id}/record"

    async def issue(self, handle: str = "ana", **chosen: str) -> Page:
        """Log in and make a record; return its page."""
        browser = await self.world.member_browser(handle)
        return await browser.fill(self.path, **chosen)


@pytest.fixture
async def scene(world: PagesWorld) -> Scene:
    ana, ben = await world.add_member("ana"), await world.add_member("ben")
    offer = await world.publish(ana.actor, DRAFT)
    ended_at = world.clock.now()

    async def unit(tx: Tx) -> Mentorship:
        made = await add_mentorship(
            tx,
            mentor=ana.actor,
            mentee=ben.actor,
            proposal=offer,
            now=ended_at,
            reason_text="canary-reason",
            terms={"goal": "canary-goal", "may_name": True},
        )
        await add_talk(tx, made, ana.actor, 90, ended_at)
        return made

    mentorship = await world.store.write(unit)
    world.clock.advance(days=7)
    return Scene(world, ana, ben, mentorship)


async def test_a_record_is_made_read_and_downloaded(scene: Scene) -> None:
    browser = await scene.world.member_browser("ana")
    listed = await browser.get("/records")
    assert "Get the record" in listed.text
    shown = await browser.fill(scene.path)
    assert shown.headings == ["Record of a mentorship"]
    for seen in (
        "The record is signed.",
        "mentor",
        "1 h 30 min",
        "completed",
        "Cataloguing (RDA, MARC)",
        "it holds",
        "Only you.",
    ):
        assert seen in shown.text, seen
    assert "canary" not in shown.text
    path = shown.response.url.path
    file = await browser.raw_get(f"{path}/file")
    assert file.headers["content-type"] == "application/vc"
    assert file.headers["content-disposition"] == 'attachment; filename="mentorship-record.json"'
    assert file.headers["cache-control"] == "no-store"
    checked = check_credential(file.content, now=scene.world.clock.now())
    assert checked.holds
    assert checked.record is not None
    assert checked.record.uri == f"https://lib.example{path}"
    assert "Get the record" not in (await browser.get("/records")).text
    assert path in [link["href"] for link in (await browser.get("/records")).links]


async def test_the_partner_is_named_only_when_that_is_ticked(scene: Scene) -> None:
    plain = await scene.issue()
    assert "Partner" not in plain.text
    named = await scene.issue(names_partner="y", names_host="y")
    assert "Partner ben" in named.text
    assert "Partner’s server lib.example" in named.text
    browser = await scene.world.member_browser("ana")
    form = await browser.get(scene.path)
    assert "checked" in form.described("names_partner"), "the choice is kept for the next time"


async def test_a_record_that_is_not_due_says_when_it_is(scene: Scene) -> None:
    scene.world.clock.advance(days=-1)
    browser = await scene.world.member_browser("ana")
    page = await browser.get(scene.path)
    assert "You can have it from" in page.text
    assert not [form for form in page.forms if form.action == scene.path]
    token = dict(page.forms[0].values)["csrf"]
    refused = await browser.post(scene.path, {"csrf": token})
    assert refused.status_code == 409
    assert "seven days after the end" in refused.text


async def test_a_record_is_shared_by_a_link_until_it_is_taken_back(scene: Scene) -> None:
    shown = await scene.issue()
    path = shown.response.url.path
    browser = await scene.world.member_browser("ana")
    shared = await browser.submit(await browser.get(path), f"{path}/share")
    (link,) = {a["href"] for a in shared.links if a["href"].startswith(f"https://lib.example{path}/")}
    link = link.removeprefix("https://lib.example")
    assert link not in (await browser.get(path)).response.text, "it is shown only once"

    visitor = scene.world.browser()
    page = await visitor.get(link)
    assert page.headings == ["Record of a mentorship"]
    assert "Make a link" not in page.text
    assert page.response.headers["x-robots-tag"] == "noindex"
    assert page.response.headers["cache-control"] == "no-store"
    assert page.response.headers["referrer-policy"] == "no-referrer"
    file = await visitor.raw_get(f"{link}/file")
    assert json.loads(file.content)["id"] == f"https://lib.example{path}"
    assert f"{link}/file" in [a["href"] for a in page.links]

    stopped = await browser.submit(await browser.get(path), f"{path}/unshare")
    assert "The link no longer works." in stopped.text
    for dead in (link, f"{link}/file"):
        assert (await visitor.raw_get(dead)).status_code == 404


async def test_a_second_link_replaces_the_first(scene: Scene) -> None:
    path = (await scene.issue()).response.url.path
    browser = await scene.world.member_browser("ana")
    links = []
    for _ in range(2):
        shared = await browser.submit(await browser.get(path), f"{path}/share")
        whole = f"https://lib.example{path}/"
        links.append(next(a["href"] for a in shared.links if a["href"].startswith(whole)))
    visitor = scene.world.browser()
    assert [(await visitor.raw_get(link)).status_code for link in links] == [404, 200]


async def test_nobody_else_learns_that_there_is_a_record(scene: Scene, now: datetime) -> None:
    path = (await scene.issue()).response.url.path
    await scene.world.add_member("cleo")
    for handle in ("ben", "cleo"):
        browser = await scene.world.member_browser(handle)
        there, absent = await browser.raw_get(path), await browser.raw_get(f"/records/{new_id(now)}")
        assert there.status_code == absent.status_code == 404
        assert Page(there).text == Page(absent).text
        assert path not in there.text
        token = dict((await browser.get("/records")).forms[0].values)["csrf"]
        for action in ("share", "unshare"):
            assert (await browser.post(f"{path}/{action}", {"csrf": token})).status_code == 404
        assert (await browser.raw_get(f"{path}/file")).status_code == 404
    stranger = await scene.world.member_browser("cleo")
    assert (await stranger.raw_get(scene.path)).status_code == 404
    visitor = scene.world.browser()
    assert (await visitor.raw_get(path)).status_code == 303
    for guess in ("none", "x" * 43):
        assert (await visitor.raw_get(f"{path}/{guess}")).status_code == 404


async def test_pages_of_records_are_in_every_language_and_print(scene: Scene) -> None:
    path = (await scene.issue()).response.url.path
    browser = await scene.world.member_browser("ana")
    for tag in ("es", "fr", "ar"):
        page = await browser.get(f"{path}?lang={tag}")
        assert page.response.status_code == 200
        assert "A0301" not in page.text
    assert "<script" not in (await browser.get(path)).response.text
