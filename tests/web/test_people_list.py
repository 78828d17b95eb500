"""The list of people: who can be found, by what, and by whom not."""

from dataclasses import replace
from typing import Any

from libline_fed.domain.accounts import Member
from libline_fed.domain.profiles import ProfileDetails
from libline_fed.domain.proposals import Proposal
from libline_fed.services import actors, people
from libline_fed.storage import follows
from tests.support.neighbours import list_offer
from tests.support.pages import DRAFT, Page, PagesWorld


async def describe(world: PagesWorld, member: Member, **changed: Any) -> None:
    """Change the profile of a member."""
    values = {
        "name": member.actor.name, "summary_text": "", "languages": [], "fields": [], "is_discoverable": True,
        "manually_approves_followers": False, **changed,
    }  # fmt: skip
    now = world.clock.now()
    await world.store.write(
        lambda tx: actors.edit_profile(tx, world.site, actor_id=member.actor.id, now=now, **values)
    )


def names(page: Page) -> list[str]:
    """Return who is on the page, first to last."""
    paths = [link["href"] for link in page.links]
    return [path.removeprefix("/@") for path in paths if path.startswith(("/@", "/people/"))]


async def test_people_are_found_by_what_they_show(world: PagesWorld) -> None:
    ana, ben, noor = [await world.add_member(handle) for handle in ("ana", "ben", "noor")]
    await describe(world, ana, name="Ána Ñusta", languages=["es", "qu"],
                   details=ProfileDetails(country="PE", place_shown="public"))  # fmt: skip
    await describe(world, ben, name="Ben", details=ProfileDetails(country="KE", place_shown="members"))
    await describe(world, noor, name="نور الهدى", summary_text="Branch librarian")
    await world.publish(ben.actor, replace(DRAFT, languages=("pt-BR",)))
    kofi = await world.add_remote("kofi", "library.example", name="Kofi Mensah")
    offer = await list_offer(world.store, kofi, "1", world.clock.now(), areas=("A0302",))
    assert isinstance(offer, Proposal)
    await world.add_remote("quiet", "library.example")  # nothing listed
    browser = world.browser()
    path_of_kofi = f"/people/{kofi.id}"
    asked = {
        "": [path_of_kofi, "noor", "ben", "ana"],
        "?text=ana+nusta": ["ana"],
        "?text=ÑUS": ["ana"],
        "?text=library.example": [path_of_kofi],
        "?text=هدي": ["noor"],
        "?text=nobody": [],
        "?text=%F0%9F%98%80": [],
        "?area=A0302": [path_of_kofi],
        "?area=A0301": ["ben"],
        "?language=es": ["ana"],
        "?language=pt": ["ben"],
        "?language=en": [path_of_kofi],
        "?place=PE": ["ana"],
        "?place=KE": [],
        "?host=lib.example": ["noor", "ben", "ana"],
        "?host=lib.example&text=ben&area=A0301": ["ben"],
        "?area=nonsense&place=x&host=%20&page=x": [path_of_kofi, "noor", "ben", "ana"],
        "?page=2": [],
    }
    for query, expected in asked.items():
        page = await browser.get(f"/people{query}")
        assert page.response.status_code == 200
        assert names(page) == expected, query
    page = await browser.get("/people")
    assert "Branch librarian" in page.text
    assert [
        attrs["value"] for tag, attrs in page.elements if tag == "option" and attrs["value"] in {"PE", "KE"}
    ] == ["PE"]
    assert "Spanish, Quechua · Peru" in page.text
    assert "1 offer" in page.text
    assert names(await (await world.member_browser("noor")).get("/people?place=KE")) == [
        "noor",
        "ben",
    ]  # in the head, too


async def test_who_does_not_want_to_be_found_is_not(world: PagesWorld) -> None:
    members = [await world.add_member(handle) for handle in ("ana", "ben", "cleo")]
    await describe(world, members[0], is_discoverable=False)
    await world.publish(members[0].actor, DRAFT)
    shy = await world.add_remote("shy", "library.example", discoverable=False)
    moved = await world.add_remote("moved", "library.example", moved_to_uri="https://a.example/actor")
    robot = await world.add_remote("robot", "library.example", type="Service")
    for author in (shy, moved, robot):
        assert isinstance(await list_offer(world.store, author, author.handle, world.clock.now()), Proposal)
    assert names(await world.browser().get("/people")) == ["cleo", "ben"]
    now = world.clock.now()
    await world.store.write(
        lambda tx: follows.add_block(
            tx, blocker_id=members[1].actor.id, blocked_id=members[2].actor.id, uri=None, now=now
        )
    )
    for one, other in (("ben", "cleo"), ("cleo", "ben")):
        browser = await world.member_browser(one)
        assert names(await browser.get("/people"))[1:] == [one], other  # their own page is in the head
        assert names(await browser.get(f"/people?text={other}"))[1:] == []


async def test_people_come_in_pages(world: PagesWorld, monkeypatch: Any) -> None:
    monkeypatch.setattr(people, "CHUNK", 4)
    for number in range(12):
        await world.add_member(f"reader{number}")
    browser = world.browser()
    for query in ("", "?text=reader"):
        first = await browser.get(f"/people{query}")
        following = next(link["href"] for link in first.links if link.get("rel") == "next")
        second = await browser.get(following)
        assert names(first) + names(second) == [f"reader{number}" for number in range(11, -1, -1)], query
        assert not [link for link in second.links if link.get("rel") == "next"]
        assert next(link["href"] for link in second.links if link.get("rel") == "prev") == f"/people{query}"


async def test_hostile_names_stay_text(world: PagesWorld) -> None:
    member = await world.add_member("ana")
    name = '<img src=x onerror=alert(1)>{{7*7}}"'
    await describe(world, member, name=name, summary_text=f"{name} https://evil.example")
    page = await world.browser().get('/people?text="><script>alert(1)</script>')
    assert "<script>alert" not in page.response.text
    page = await world.browser().get("/people")
    assert name in page.text
    assert not [attrs for tag, attrs in page.elements if tag == "img"]
