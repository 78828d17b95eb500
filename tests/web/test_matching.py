"""The pages of matching: mentors for me, reason lines on cards, hidden numbers, and how the order is made."""

import json
from dataclasses import replace

import pytest

from libline_fed.domain.matching import WEIGHTS
from libline_fed.services import proposals
from tests.support.golden import PATH
from tests.support.pages import DRAFT, PagesWorld

REQUEST = replace(DRAFT, purpose="request", title="Where do I begin with RDA?", places_count=1)
LINE = "72 — covers Cataloguing (RDA, MARC)."


async def test_a_member_without_a_request_is_told_what_to_do(world: PagesWorld) -> None:
    await world.add_member("ana")
    page = await (await world.member_browser("ana")).get("/matches")
    assert "First say what you look for" in page.text
    assert any(link["href"] == "/proposals/new?purpose=request" for link in page.links)


async def test_a_guest_is_sent_to_all_mentors(world: PagesWorld) -> None:
    page = await (await world.guest_browser()).get("/matches")
    assert "Choose from all mentors" in page.text
    assert any(link["href"] == "/mentors" for link in page.links)


async def test_a_member_sees_who_fits_and_why(world: PagesWorld) -> None:
    ana, ben = await world.add_member("ana"), await world.add_member("ben")
    await world.publish(ana.actor, REQUEST)
    await world.publish(ben.actor, DRAFT)
    await world.publish(ben.actor, replace(DRAFT, title="Archives", areas=("A0801",)))
    browser = await world.member_browser("ana")
    page = await browser.get("/matches")
    assert "2 offers with a free place fit" in page.text
    assert LINE in page.text
    assert page.text.index("Cataloguing with RDA") < page.text.index("Archives")
    assert page.text.count("A surprise from another field") == 1
    assert "2 places free, nobody waiting." in page.text
    spanish = await browser.get("/matches?lang=es")
    assert "72 — cubre Catalogación (RDA, MARC)." in spanish.text
    assert spanish.headings


async def test_the_reason_line_is_on_cards_and_on_the_page_of_an_offer(world: PagesWorld) -> None:
    ana, ben = await world.add_member("ana"), await world.add_member("ben")
    offer = await world.publish(ben.actor, DRAFT)
    browser = await world.member_browser("ana")
    for path in ("/mentors", f"/proposals/{offer.id}"):
        assert "72 —" not in (await browser.get(path)).text, "nothing is looked for yet"
    request = await world.publish(ana.actor, REQUEST)
    for path in ("/mentors", f"/proposals/{offer.id}"):
        assert LINE in (await browser.get(path)).text, path
        assert "72 —" not in (await world.browser().get(path)).text, "a visitor looks for nothing"
    assert LINE in (await (await world.member_browser("ben")).get("/requests")).text
    own = await browser.get(f"/proposals/{request.id}")
    assert "This is your own" not in own.text


async def test_the_page_of_an_offer_says_why_there_is_no_number(world: PagesWorld) -> None:
    ana, ben = await world.add_member("ana"), await world.add_member("ben")
    await world.publish(ana.actor, REQUEST)
    offer = await world.publish(ben.actor, replace(DRAFT, modes=("M5",)))
    browser = await world.member_browser("ana")
    assert "There is no way to meet that suits both." in (await browser.get(f"/proposals/{offer.id}")).text
    assert "no way to meet" not in (await browser.get("/mentors")).text
    empty = await browser.get("/matches")
    assert "Nobody with a free place fits now" in empty.text


async def test_who_wants_no_numbers_sees_none(world: PagesWorld) -> None:
    ana, ben = await world.add_member("ana"), await world.add_member("ben")
    await world.publish(ana.actor, REQUEST)
    offer = await world.publish(ben.actor, DRAFT)
    browser = await world.member_browser("ana")
    hidden = await browser.submit(await browser.get("/matches"), "/matches/numbers")
    for page in (hidden, await browser.get("/mentors"), await browser.get(f"/proposals/{offer.id}")):
        assert "72 —" not in page.text
        assert "Covers Cataloguing (RDA, MARC)." in page.text
    shown = await browser.submit(await browser.get("/matches"), "/matches/numbers")
    assert LINE in shown.text


async def test_somebody_undecided_is_shown_a_first_step(world: PagesWorld) -> None:
    ana, ben = await world.add_member("ana"), await world.add_member("ben")
    await world.publish(ana.actor, replace(REQUEST, areas=("A0000",)))
    await world.publish(ben.actor, DRAFT)
    page = await (await world.member_browser("ana")).get("/matches")
    assert "Ask somebody for one short talk" in page.text
    assert "any area is welcome" in page.text
    assert "surprise" not in page.text


async def test_a_waiting_list_is_shown_apart(world: PagesWorld) -> None:
    ana, ben = await world.add_member("ana"), await world.add_member("ben")
    await world.publish(ana.actor, REQUEST)
    await world.publish(ben.actor, DRAFT)
    busy = await world.publish(ben.actor, replace(DRAFT, title="Wanted by all"))
    await world.store.write(
        lambda tx: proposals.set_places(
            tx, world.site, busy.id, free_count=2, waiting_count=4, now=world.clock.now()
        )
    )
    page = await (await world.member_browser("ana")).get("/matches")
    assert page.text.index("With a waiting list") < page.text.index("Wanted by all")
    assert "Waiting list: 4 waiting for 2 places." in page.text


async def test_everybody_can_read_how_the_order_is_made(world: PagesWorld) -> None:
    browser = world.browser()
    page = await browser.get("/about/matching")
    assert page.headings == ["How the order of mentors is made"]
    for weight in WEIGHTS.values():
        assert f" {weight} " in page.text
    for sentence in (
        "3, 2, 2, 1, 1",
        "60%, 85% or 100%",
        "counts 40% of that",
        "working level counts 70%",
        "one server has 3 at most while others are within 5 points",
    ):
        assert sentence in page.text, sentence
    assert any(link["href"] == "/about/matching" for link in (await browser.get("/about")).links)


async def test_the_published_examples_are_served_as_they_are(world: PagesWorld) -> None:
    response = await world.browser().raw_get("/about/matching.json")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.content == PATH.read_bytes()
    assert json.loads(response.content)["version"] == 1


@pytest.mark.parametrize("path", ["/matches", "/about/matching"])
async def test_the_pages_are_light(world: PagesWorld, path: str) -> None:
    ana, ben = await world.add_member("ana"), await world.add_member("ben")
    await world.publish(ana.actor, REQUEST)
    for number in range(25):
        await world.publish(ben.actor, replace(DRAFT, title=f"Offer {number}", body_text="One hour. " * 40))
    browser = await world.member_browser("ana")
    response = await browser.raw_get(path)
    assert response.headers["content-encoding"] == "gzip"
    assert int(response.headers["content-length"]) < 14_000  # as sent, compressed
