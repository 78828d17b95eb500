"""Cohorts: written by who runs a consortium, found by everybody on the servers in it."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from libline_fed.activitypub.groups import CohortDocument
from libline_fed.activitypub.objects import Admitted
from libline_fed.domain.consortia import MemberState
from libline_fed.storage import actors, cohorts, consortia
from libline_fed.storage.store import Tx
from tests.support.pages import DRAFT, Browser, Page, PagesWorld
from tests.web.test_consortia import coordinator, group_of, made, remote_group


async def began(world: PagesWorld, browser: Browser, **changed: Any) -> Page:
    """Begin a cohort that is open today."""
    today = world.clock.now().date()
    typed: dict[str, Any] = {
        "name": "Spring round",
        "opens_on": today.isoformat(),
        "closes_on": (today + timedelta(days=30)).isoformat(),
        "orientation_text": "We meet on Mondays.\n\nAsk Coco.",
        "areas": ["A0301", "A0101"],
    }
    group = await group_of(world)
    return await browser.fill(f"/admin/consortia/{group.id}/cohorts", **{**typed, **changed})


async def test_an_open_cohort_is_on_first_pages_and_lists_and_has_a_page(world: PagesWorld) -> None:
    browser = await coordinator(world)
    await made(world, browser)
    ana = await world.add_member("ana")
    await world.publish(ana.actor, DRAFT)
    await world.publish(ana.actor, replace(DRAFT, title="Something else", areas=("A0501",)))
    assert "The cohort is saved." in (await began(world, browser)).text
    visitor = world.browser()
    for path in ("/", "/mentors", "/requests"):
        page = await visitor.get(path)
        assert "Open now: Spring round , Red de Bibliotecas , until" in page.text, path
    link = next(link["href"] for link in page.links if link["href"].startswith("/cohorts/"))
    shown = await visitor.get(link)
    assert shown.headings == ["Spring round"]
    assert "We meet on Mondays." in shown.text
    assert "Cataloguing with RDA" in shown.text
    assert "Something else" not in shown.text
    assert "Spring round" in (await visitor.get("/groups/redbib")).text
    world.clock.advance(seconds=31 * 86_400)
    assert "Open now" not in (await visitor.get("/mentors")).text
    assert "over since" in (await visitor.get(link)).text


async def test_a_cohort_is_changed_and_deleted_by_who_runs_it(world: PagesWorld) -> None:
    browser = await coordinator(world)
    await made(world, browser)
    await began(world, browser)
    group = await group_of(world)
    (cohort,) = await world.store.read(lambda tx: cohorts.of_group(tx, group.id))
    path = f"/admin/cohorts/{cohort.id}"
    other = await coordinator(world, "otto")
    assert (await other.raw_get(path)).status_code == 403
    page = await browser.get(path)
    assert page.described("opens_on")["value"] == world.clock.now().date().isoformat()
    assert "The cohort is saved." in (await browser.submit(page, path, name="Summer round")).text
    (cohort,) = await world.store.read(lambda tx: cohorts.of_group(tx, group.id))
    assert cohort.name == "Summer round"
    assert cohort.areas == ["A0101", "A0301"]  # as the form lists them
    assert "The cohort is deleted." in (await browser.submit(page, f"{path}/delete")).text
    assert await world.store.read(lambda tx: cohorts.of_group(tx, group.id)) == []


async def test_what_is_wrong_with_a_cohort_is_said_at_its_field(world: PagesWorld) -> None:
    browser = await coordinator(world)
    await made(world, browser)
    today = world.clock.now().date()
    wrong = {
        "name": ("", "Write a name for the cohort."),
        "opens_on": ("", "Choose the first day."),
        "closes_on": ((today - timedelta(days=1)).isoformat(), "Choose a last day after the first one"),
        "areas": (["A9999"], "Choose areas from the list."),
    }
    for name, (value, sentence) in wrong.items():
        page = await began(world, browser, **{name: value})
        assert page.response.status_code == 422, name
        assert sentence in page.text, name
    group = await group_of(world)
    assert await world.store.read(lambda tx: cohorts.of_group(tx, group.id)) == []


async def test_cohorts_of_a_consortium_elsewhere_are_shown_while_this_server_is_in_it(
    world: PagesWorld,
) -> None:
    group, now = await remote_group(world), world.clock.now()
    published = CohortDocument(
        "https://c.example/cohorts/1",
        "Far round",
        "Hello <b>there</b>.",
        "en",
        ("A0301", "../../admin", "A9999"),
        date(2000, 1, 1),
        date(2100, 1, 1),
    )
    ours = await world.store.read(lambda tx: actors.by_uri(tx, world.site.uris.instance_actor))
    assert ours is not None

    async def be(state: MemberState) -> None:
        async def unit(tx: Tx) -> None:
            await consortia.put_membership(
                tx, group_id=group.id, instance_id=ours.id, state=state, now=now
            )
            await cohorts.put_remote(tx, group.id, Admitted((published,), "c.example", "fetched"), now)

        await world.store.write(unit)

    await be(MemberState.ASKED)
    visitor = world.browser()
    assert "Far round" not in (await visitor.get("/")).text
    (cohort,) = await world.store.read(lambda tx: cohorts.of_group(tx, group.id))
    assert (await visitor.raw_get(f"/cohorts/{cohort.id}")).status_code == 404
    await be(MemberState.MEMBER)
    assert "Open now: Far round" in (await visitor.get("/")).text
    page = await visitor.get(f"/cohorts/{cohort.id}")
    assert "Hello <b>there</b>." in page.text
    topics = [link["href"] for link in page.links if link["href"].startswith("/topics/")]
    assert topics == ["/topics/A0301"]
