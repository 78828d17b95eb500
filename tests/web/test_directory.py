"""The lists as people see them: filters, chips, orders, cards, empty lists, and the pages of topics."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

import pytest

from libline_fed import vocabulary
from libline_fed.domain.profiles import ProfileDetails
from libline_fed.domain.proposal_details import Details
from libline_fed.domain.proposals import Proposal
from libline_fed.services import actors, profiles, proposals
from libline_fed.storage import proposals as proposal_rows
from libline_fed.storage import vocabulary as term_rows
from libline_fed.vocabulary import LocalTerm
from tests.support.neighbours import offer_by
from tests.support.pages import DRAFT, Page, PagesWorld

WEEK = [[day, 540, 720] for day in range(5)]  # three hours each morning
REQUEST = replace(DRAFT, purpose="request", title="Where do I begin?", areas=("A0301", "A0801"))


def titles(page: Page) -> set[str]:
    """Return the titles of the cards on a page."""
    return {title for title in ("Plain", "Rich", "Far away") if f" {title} " in page.text}


async def fill(world: PagesWorld) -> Proposal:
    """Publish a plain offer, one that says everything, and one of another server that a group brought.

    Returns the plain one.
    """
    plain, rich = await world.add_member("plain"), await world.add_member("rich")
    now = world.clock.now()
    published = await world.publish(plain.actor, replace(DRAFT, title="Plain", places_count=1))
    await world.store.write(
        lambda tx: actors.edit_profile(
            tx, world.site, actor_id=rich.actor.id, name="Rich", summary_text="", languages=["en"],
            fields=[], is_discoverable=True, manually_approves_followers=False, now=now,
            details=ProfileDetails(country="KE", place_shown="public"),
        )
    )  # fmt: skip
    await world.store.write(
        lambda tx: profiles.save_time(
            tx, account_id=rich.account.id, zone="Africa/Nairobi", hours=WEEK, target_count=1
        )
    )
    details = Details(
        goals=("G02",), formats=("F2",), stage="S4", types_own=("T04",), answer_days=2, levels={"A0601": 3}
    )
    await world.publish(
        rich.actor,
        replace(DRAFT, title="Rich", body_text="Story time for toddlers", areas=("A0601",), modes=("M4",),
                languages=("fr",), details=details),
    )  # fmt: skip
    await bring(world)
    return published


async def bring(world: PagesWorld) -> None:
    """Store an offer of another server that a consortium passed on."""
    now = world.clock.advance(seconds=1)
    carla = await world.add_remote("carla", "m.example")
    group = await world.add_remote("region", "c.example", type="Group", name="Coast Libraries")
    await world.store.write(
        lambda tx: proposal_rows.put_remote(
            tx, offer_by(carla, "far", title="Far away", name="Far away"), carla,
            source="announce", source_actor_uri=group.uri, now=now,
        )
    )  # fmt: skip


FILTERS = {
    "": {"Plain", "Rich", "Far away"},
    "text=toddlers": {"Rich"},
    "area=A0601": {"Rich"},
    "area=A0301&area=A0601": {"Plain", "Rich", "Far away"},
    "language=fr": {"Rich"},
    "mode=M4": {"Rich"},
    "format=F2": {"Rich"},
    "goal=G02": {"Rich"},
    "stage=S4": {"Rich"},
    "type=T04": {"Rich"},
    "place=KE": {"Rich"},
    "host=m.example": {"Far away"},
    "via=https://c.example/users/region": {"Far away"},
    "overlap=10": {"Rich"},
    "free=1&host=lib.example": {"Rich"},
    "goal=G02&language=es": set(),
}


async def test_each_filter_has_its_effect_and_stays_in_the_form(world: PagesWorld) -> None:
    plain = await fill(world)
    reader = await world.add_member("reader")
    await world.store.write(
        lambda tx: profiles.save_time(
            tx, account_id=reader.account.id, zone="Africa/Nairobi", hours=WEEK, target_count=1
        )
    )
    await set_places(world, plain, free_count=0, waiting_count=0)
    browser = await world.member_browser("reader")
    for query, found in FILTERS.items():
        page = await browser.get(f"/mentors?{query}")
        assert titles(page) == found, query
        sent = [(name, value) for name, value in page.form("/mentors").values if value]
        assert set(parse_qsl(query)) <= set(sent), query
        again = await browser.get(f"/mentors?{urlencode(sent)}")
        assert titles(again) == found, f"{query}: sending the form as it is shows the same"
    odd = "area=nonsense&language=xx-nonsense&mode=M9&stage=S99&sort=odd&page=x"
    nonsense = await browser.get(f"/mentors?{odd}")
    assert titles(nonsense) == FILTERS[""]
    assert "Take away:" not in nonsense.text


async def set_places(world: PagesWorld, proposal: Proposal, *, free_count: int, waiting_count: int) -> None:
    """Say how many places of a proposal are free, and how many wait."""
    now = world.clock.now()
    await world.store.write(
        lambda tx: proposals.set_places(
            tx, world.site, proposal.id, free_count=free_count, waiting_count=waiting_count, now=now
        )
    )


async def test_a_chip_takes_its_own_filter_away_and_no_other(world: PagesWorld) -> None:
    await fill(world)
    page = await world.browser().get("/mentors?text=story&area=A0601&area=A0801&goal=G02&free=1&sort=newest")
    chips = {link["href"] for link in page.links if link.get("href", "").startswith("/mentors?")}
    for gone in ("text=story", "area=A0601", "area=A0801", "goal=G02", "free=1"):
        rest = [
            part for part in ("text=story", "area=A0601", "area=A0801", "goal=G02", "free=1") if part != gone
        ]
        assert f"/mentors?{'&'.join([*rest, 'sort=newest'])}" in chips, gone
    assert "2 are on" in page.text, "goal and places are folded away"
    kept = page.form("/mentors").values
    assert ("area", "A0801") in kept, "the form shows one area and keeps the other"
    assert ("sort", "newest") in kept


async def test_orders_keep_the_filters_and_pages_keep_the_order(world: PagesWorld) -> None:
    ana = await world.add_member("ana")
    for number in range(12):
        days = Details(answer_days=12 - number)
        await world.publish(ana.actor, replace(DRAFT, title=f"Núm. {number}.", details=days))
    browser = world.browser()
    newest = await browser.get("/mentors?area=A0301")
    assert newest.text.index("Núm. 11.") < newest.text.index("Núm. 10.")
    assert "best match" not in newest.text, "a visitor looks for nothing"
    link = next(one["href"] for one in newest.links if "sort=soonest" in one.get("href", ""))
    assert link == "/mentors?area=A0301&sort=soonest"
    soonest = await browser.get(link)
    assert "answers within 1 day" in soonest.text
    following = next(one["href"] for one in soonest.links if one.get("rel") == "next")
    assert following == "/mentors?area=A0301&sort=soonest&page=2"
    last = await browser.get(following)
    assert ("Núm. 0." in last.text, "Núm. 11." in last.text) == (True, False)
    beyond = await browser.get("/mentors?area=A0301&page=9")
    assert "There is no such page" in beyond.text
    assert any(one["href"] == "/mentors?area=A0301" for one in beyond.links)


async def test_a_card_says_what_matters(world: PagesWorld) -> None:
    plain = await fill(world)
    await set_places(world, plain, free_count=1, waiting_count=3)
    page = await world.browser().get("/mentors")
    for said in (
        "answers within 2 days",
        "French · Video",
        "3 wait",
        "busy, with a waiting list",
        "Many people wait for few places.",
        "on another library’s server",
        "Through the consortium Coast Libraries",
    ):
        assert said in page.text, said
    assert "Not covered" not in page.text, "a visitor looks for nothing"


async def test_a_reader_with_a_request_sees_what_is_covered_and_what_is_not(world: PagesWorld) -> None:
    ana, ben = await world.add_member("ana"), await world.add_member("ben")
    await world.publish(ben.actor, DRAFT)
    await world.publish(ana.actor, REQUEST)
    page = await (await world.member_browser("ana")).get("/mentors")
    assert "(you look for this)" in page.text
    missing = vocabulary.area_label("A0801", "en")
    assert f"Not covered: {missing}" in page.text
    assert "Compared with your request: Where do I begin?" in page.text
    by_age = await (await world.member_browser("ana")).get("/mentors?sort=newest")
    assert f"Not covered: {missing}" in by_age.text
    assert "left out" not in by_age.text
    assert "/mentors" in {link["href"] for link in by_age.links}
    await world.publish(ben.actor, replace(DRAFT, title="Solar power", areas=("A0902",)))
    surprised = await (await world.member_browser("ana")).get("/mentors")
    assert surprised.text.count("A surprise from another field") == 1
    assert surprised.text.index("A surprise from another field") < surprised.text.index("Solar power")
    assert "What cannot fit it at all is left out." in page.text
    assert "/mentors?sort=newest" in {link["href"] for link in page.links}
    for browser, path in ((world.browser(), "/mentors"), (await world.member_browser("ben"), "/requests")):
        assert "(you look for this)" not in (await browser.get(path)).text


async def test_an_empty_list_helps_on(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = await world.member_browser("ana")
    page = await browser.get("/mentors?area=A0301&language=fr")
    links = {link["href"] for link in page.links}
    assert {
        "/mentors?language=fr",
        "/mentors?area=A0301",
        "/mentors",
        "/proposals/new?purpose=request",
        "/saved-searches/new?list=mentors&area=A0301&language=fr",
    } <= links
    bare = await browser.get("/requests")
    assert "No requests yet" in bare.text
    assert "/saved-searches/new?list=requests" in {link["href"] for link in bare.links}


@pytest.mark.parametrize("text", ["@carla@m.example", "https://m.example/@carla", "carla@m.example"])
async def test_an_address_in_the_search_box_leads_to_the_look_up(world: PagesWorld, text: str) -> None:
    await world.add_member("ana")
    browser = await world.member_browser("ana")
    page = await browser.get("/mentors?text=" + text.replace("@", "%40").replace(":", "%3A"))
    link = next(one["href"] for one in page.links if one.get("href", "").startswith("/search?q="))
    assert world.lookups.asked == [], "a link asks nobody"
    assert ("q", text) in (await browser.get(link)).form("/search").values
    assert "/search?q=" not in (await browser.get("/mentors?text=carla")).response.text


async def test_topics_count_what_the_reader_may_see(world: PagesWorld) -> None:
    ana, ben = await world.add_member("ana"), await world.add_member("ben")
    await world.publish(ana.actor, DRAFT)
    await world.publish(ana.actor, replace(DRAFT, audience="instance"))
    await world.publish(ben.actor, REQUEST)
    paused = await world.publish(ben.actor, DRAFT)
    await world.store.write(
        lambda tx: proposals.set_status(
            tx, world.site, proposal_id=paused.id, author_id=ben.actor.id, status="paused",
            now=world.clock.now(),
        )
    )  # fmt: skip
    for browser, offers in ((world.browser(), "1 offer"), (await world.member_browser("ben"), "2 offers")):
        page = await browser.get("/topics")
        label = vocabulary.area_label("A0301", "en")
        assert f"{label} {offers} : {label} · 1 request" in page.text
        assert len({link["href"] for link in page.links if link["href"].startswith("/topics/A")}) == 61
        one = await browser.get("/topics/A0301")
        assert one.headings == [label]
        assert f"Mentors ({offers[0]})" in one.text
        assert "Requests (1)" in one.text


async def test_a_topic_explains_itself_and_leads_on(world: PagesWorld) -> None:
    await world.store.write(
        lambda tx: term_rows.add(
            tx, LocalTerm("x-braille", "area", "A0301", {"en": "Braille"}, world.clock.now())
        )
    )
    browser = world.browser()
    page = await browser.get("/topics/A0301")
    concept = vocabulary.concepts("area").concepts["A0301"]
    assert concept.helps["en"] in page.text
    assert "Nobody offers this right now." in page.text
    assert "Braille" in page.text
    links = {link["href"] for link in page.links}
    assert {"/topics/A0302", "/topics#A03", "/saved-searches/new?list=mentors&area=A0301"} <= links
    assert (await browser.raw_get("/topics/A03")).headers["location"] == "/topics#A03"
    assert (await browser.raw_get("/topics/A9999")).status_code == 404
    ana = await world.add_member("ana")
    await world.publish(ana.actor, DRAFT)
    offered = {link["href"] for link in (await browser.get("/topics/A0301")).links}
    assert {"/mentors?area=A0301", "/mentors?area=A0301&free=1", "/mentors?area=A0301&mode=M4"} <= offered
    french = await browser.get("/topics/A0301?lang=fr")
    assert concept.helps["fr"] in french.text
