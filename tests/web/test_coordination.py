"""The need-gap board as coordinators see it."""

import re
from dataclasses import replace

from libline_fed.activitypub.needs import NeedsDocument
from libline_fed.activitypub.objects import Admitted
from libline_fed.domain.accounts import Role
from libline_fed.domain.need_counts import STALE, NeedCount
from libline_fed.domain.proposals import Draft
from libline_fed.services import need_counts
from libline_fed.storage import need_counts as rows
from libline_fed.web.charts import POLICY
from tests.support.pages import PagesWorld

WISH = Draft(
    purpose="request",
    title="Who teaches me RDA?",
    body_text="I am new.",
    areas=("A0301",),
    languages=("fr-CA",),
    modes=("M1",),
)


async def fill(world: PagesWorld) -> None:
    """Six wait for cataloguing in French, with two places; four for another area; seven stay here."""
    members = [await world.add_member(f"reader_{number}") for number in range(7)]
    for member in members[:6]:
        await world.publish(member.actor, WISH)
    for member in members[:4]:
        await world.publish(member.actor, replace(WISH, areas=("A0101",)))
    for member in members:
        await world.publish(member.actor, replace(WISH, areas=("A0201",), audience="instance"))
    offer = replace(WISH, purpose="offer", places_count=2)
    await world.publish(members[6].actor, offer)
    await world.publish(members[6].actor, replace(offer, areas=("A0302",), places_count=9))
    await world.store.write(lambda tx: need_counts.count(tx, world.site, now=world.clock.now()))


async def test_the_board_shows_gaps_and_hides_small_numbers(world: PagesWorld) -> None:
    await fill(world)
    await world.add_member("coco", Role.COORDINATOR)
    browser = await world.member_browser("coco")
    page = await browser.get("/coordination")
    lines = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", page.response.text, re.DOTALL)
    texts = [" ".join(re.sub(r"<[^>]+>", " ", line).split()) for line in lines]
    assert texts[0].endswith("French 6 fewer than 5 at least 2")
    assert texts[1].endswith("French fewer than 5 9 –")
    assert len(texts) == 2, texts  # four that wait are not there, nor what is for this server alone
    await world.add_member("eva")
    assert (await (await world.member_browser("eva")).raw_get("/coordination")).status_code == 404


async def test_the_board_is_sorted_by_links(world: PagesWorld) -> None:
    await fill(world)
    await world.add_member("coco", Role.COORDINATOR)
    browser = await world.member_browser("coco")
    page = await browser.get("/coordination?order=places")
    headings = [attrs for tag, attrs in page.elements if tag == "th" and attrs.get("scope") == "col"]
    assert [attrs.get("aria-sort") for attrs in headings] == [None, None, None, "descending", None]
    assert page.text.index("fewer than 5 9") < page.text.index("6 fewer than 5")
    assert (await browser.get("/coordination?order=nonsense")).response.status_code == 200
    assert (await browser.raw_get("/coordination?of=nothing")).status_code == 404


async def test_the_chart_is_a_plain_picture(world: PagesWorld) -> None:
    await fill(world)
    await world.add_member("coco", Role.COORDINATOR)
    browser = await world.member_browser("coco")
    page = await browser.get("/coordination")
    path = next(attrs["src"] for tag, attrs in page.elements if tag == "img")
    response = await browser.raw_get(path)
    assert response.headers["content-type"] == "image/svg+xml"
    assert response.headers["content-security-policy"] == POLICY
    drawn = response.text
    assert not re.search(r"<script|<a\b|href|@import|url\(|onload|<!--", drawn)
    assert set(re.findall(r"https?://[^\"']+", drawn)) == {"http://www.w3.org/2000/svg"}
    assert "French" in drawn
    assert "Free places" in drawn


async def test_counts_are_made_about_once_a_day(world: PagesWorld) -> None:
    await fill(world)
    host = world.site.uris.host
    late = await world.add_member("late")
    await world.publish(late.actor, WISH)

    async def waiting() -> list[int | None]:
        now = world.clock.now()
        await world.store.write(lambda tx: need_counts.count(tx, world.site, now=now))
        found = await world.store.read(lambda tx: rows.of_hosts(tx, [host], since=now.replace(year=2000)))
        return [one.waiting_count for one in found if one.area == "A0301"]

    assert await waiting() == [6]
    world.clock.advance(seconds=86_400)
    assert await waiting() == [7]


async def test_old_counts_of_others_are_left_out(world: PagesWorld) -> None:
    now = world.clock.now()

    def said(host: str) -> Admitted[NeedsDocument]:
        cells = (NeedCount("A0301", "fr", 12, None),)
        uri = f"https://{host}/actor"
        return Admitted(NeedsDocument(f"{uri}/needs", uri, now, cells), host, "fetched")

    async def known() -> list[int | None]:
        since = world.clock.now() - STALE
        found = await world.store.read(
            lambda tx: rows.of_hosts(tx, ["b.example", "c.example"], since=since)
        )
        return [one.waiting_count for one in found]

    await world.store.write(lambda tx: need_counts.receive(tx, said("b.example"), now=now))
    assert await known() == [12]
    later = world.clock.advance(seconds=31 * 86_400)
    await world.store.write(lambda tx: need_counts.receive(tx, said("c.example"), now=later))
    assert await known() == []
