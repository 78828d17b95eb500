"""The introduction: shown before the first request or offer, and the way back to where one was."""

import pytest

from tests.support.pages import DRAFT, PagesWorld


@pytest.mark.parametrize("purpose", ["offer", "request"])
async def test_it_comes_before_the_first_proposal_and_leads_back(world: PagesWorld, purpose: str) -> None:
    await world.add_member("ana", has_read_primer=False)
    browser = await world.member_browser("ana")
    shown = await browser.get(f"/proposals/new?purpose={purpose}")
    assert shown.headings == ["How mentoring works here"]
    form = await browser.submit(shown, "/primer")
    assert form.form("/proposals/new").values
    assert (await browser.get(f"/proposals/new?purpose={purpose}")).headings == form.headings


async def test_it_comes_before_the_first_request_to_somebody(world: PagesWorld) -> None:
    ana = await world.add_member("ana")
    await world.add_member("ben", has_read_primer=False)
    offer = await world.publish(ana.actor, DRAFT)
    browser = await world.member_browser("ben")
    page = await browser.get(f"/proposals/{offer.id}")
    primer = await browser.submit(page, f"/ask/{offer.id}", do="request")
    assert primer.headings == ["How mentoring works here"]
    assert "/requests-sent" not in [link["href"] for link in primer.links]
    asked = await browser.submit(primer, "/primer")
    assert asked.headings == ["Ask for mentoring"]
    written = await browser.submit(asked, f"/ask/{offer.id}", do="request")
    assert written.forms[-1].action.endswith("/request")


async def test_each_part_has_an_anchor_and_everybody_may_read_it(world: PagesWorld) -> None:
    page = await world.browser().get("/primer")
    anchors = [link["href"][1:] for link in page.links if link["href"].startswith("#")]
    ids = {attrs["id"] for _, attrs in page.elements if "id" in attrs}
    assert len(set(anchors) - {"main"}) == 4
    assert set(anchors) <= ids
    assert not any(form.action == "/primer" for form in page.forms), "a visitor has nothing to confirm"


async def test_only_the_first_time_is_noted(world: PagesWorld) -> None:
    await world.add_member("ana", has_read_primer=False)
    browser = await world.member_browser("ana")
    first = await browser.fill("/primer")
    assert "You can come back to the introduction at any time." in first.text
    again = await browser.get("/primer")
    assert "You have read it before." in again.text


async def test_it_leads_nowhere_outside(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = await world.member_browser("ana")
    page = await browser.get("/primer?next=//evil.example/")
    assert dict(page.form("/primer").values)["next"] == ""
    token = dict(page.form("/primer").values)["csrf"]
    answer = await browser.post("/primer", {"csrf": token, "next": "https://evil.example/"})
    assert answer.headers["location"] == "/mentors"
