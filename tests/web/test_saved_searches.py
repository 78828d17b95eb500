"""Saved searches on the pages: keeping one, being told of what is new, and ending that."""

from dataclasses import replace

import pytest
from sqlalchemy import delete

from libline_fed.domain.mails import Mail
from libline_fed.domain.saved_searches import MAX_SAVED, MAX_TOLD
from libline_fed.domain.searches import Search
from libline_fed.services import blocks, proposals, saved_search_mails, saved_searches
from libline_fed.storage import accounts, mails, search_words
from libline_fed.storage import saved_searches as rows
from libline_fed.storage.directory_tables import proposal_search
from tests.support.pages import DRAFT, PASSWORD, Page, PagesWorld, path_in

SEARCH = "/saved-searches/new?list=mentors&area=A0301&language=en"
NEW = "/saved-searches/new"


async def save(world: PagesWorld, handle: str, path: str = SEARCH, **changed: str) -> Page:
    """Save a search as a member does."""
    browser = await world.member_browser(handle)
    return await browser.fill(path, NEW, **changed)


async def tell(world: PagesWorld, *, hours: float = 1) -> list[Mail]:
    """Let time pass, run the upkeep step; return the mails that are new since the last call."""
    before = {mail.id for mail in await sent(world)}
    world.clock.advance(seconds=hours * 3600)
    key = world.sealer.derive(saved_search_mails.STOP_PURPOSE)
    await saved_search_mails.tell_all(world.store, world.site, key=key, now=world.clock.now())
    return [mail for mail in await sent(world) if mail.id not in before]


async def sent(world: PagesWorld) -> list[Mail]:
    """Return all queued mails."""
    return await world.store.read(lambda tx: mails.list_all(tx, state=None, limit=500, offset=0))


async def test_a_search_is_saved_listed_changed_and_deleted(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = await world.member_browser("ana")
    empty = await browser.get("/saved-searches")
    assert "None yet" in empty.text
    found = await browser.get("/mentors?area=A0301&language=en&sort=soonest&free=1")
    link = next(one["href"] for one in found.links if one["href"].startswith(NEW))
    form = await browser.get(link)
    name = "Mentors: Cataloguing (RDA, MARC), English, Only with free places"
    assert ("name", name) in form.form(NEW).values
    listed = await browser.submit(form, NEW, name="RDA  in English", tells_by="nothing")
    assert "Your search is saved." in listed.text
    kept = next(one["href"] for one in listed.links if one["href"].startswith("/mentors?"))
    assert kept == "/mentors?area=A0301&language=en&free=1&sort=soonest"
    edit = next(one["href"] for one in listed.links if one["href"].startswith("/saved-searches/0"))
    changed = await browser.fill(edit, name="Cataloguing", tells_by="mail")
    assert "Cataloguing" in changed.text
    assert "By mail, at most once a day" in changed.text
    assert "RDA in English" not in changed.text
    asked = await browser.get(f"{edit}/delete")
    assert "Cataloguing" in asked.text
    gone = await browser.submit(asked, f"{edit}/delete")
    assert "Your saved search is deleted." in gone.text
    assert (await browser.get(edit)).response.status_code == 404


async def test_a_visitor_logs_in_first_and_a_guest_saves_nothing(world: PagesWorld) -> None:
    await world.add_member("ana")
    visitor = world.browser()
    for path in ("/mentors?area=A0301&language=en", "/topics/A0301"):
        page = await visitor.get(path)
        link = next(one["href"] for one in page.links if one["href"].startswith(NEW))
        login = await visitor.get(link)
        assert login.headings == ["Log in"]
        guest = await (await world.guest_browser()).get(path)
        assert not [one for one in guest.links if one["href"].startswith("/saved-searches")]
    page = await visitor.get(SEARCH)
    form = await visitor.submit(page, "/login", email="ana@mail.example", password=PASSWORD)
    assert ("search", "list=mentors&area=A0301&language=en") in form.form(NEW).values


async def test_wrong_input_is_told_and_kept(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = await world.member_browser("ana")
    for name, way, sentence in (
        ("", "mail", "Give it a name, so that you know it again."),
        ("  \u202e ", "mail", "Give it a name, so that you know it again."),
        ("x" * 81, "mail", "The name is too long: 80 characters at most."),
        ("fine", "pigeon", "Choose one from the list."),
    ):
        page = await browser.fill(SEARCH, NEW, name=name, tells_by=way)
        assert page.response.status_code == 422, name
        assert sentence in page.text
        assert ("search", "list=mentors&area=A0301&language=en") in page.form(NEW).values
    fine = await browser.submit(page, NEW, name="fine", tells_by="mail")
    assert "Your search is saved." in fine.text


async def test_pressing_twice_saves_once_and_twenty_are_enough(world: PagesWorld) -> None:
    ana = await world.add_member("ana")
    browser = await world.member_browser("ana")
    form = await browser.get(SEARCH)
    for _ in range(2):
        listed = await browser.submit(form, NEW)
        assert listed.response.status_code == 200
    assert len(await world.store.read(lambda tx: saved_searches.listed(tx, ana.account.id))) == 1
    for number in range(MAX_SAVED - 1):
        await world.store.write(
            lambda tx, number=number: saved_searches.add(
                tx,
                account_id=ana.account.id,
                search=Search(),
                name=f"No. {number}",
                tells_by="nothing",
                now=world.clock.now(),
            )
        )
    full = await browser.fill(SEARCH, NEW)
    assert full.response.status_code == 422
    assert "You have 20 saved searches" in full.text
    assert len(await world.store.read(lambda tx: saved_searches.listed(tx, ana.account.id))) == MAX_SAVED


async def test_what_somebody_else_saved_is_not_there(world: PagesWorld) -> None:
    await world.add_member("ana")
    await world.add_member("ben")
    listed = await save(world, "ana")
    edit = next(one["href"] for one in listed.links if one["href"].startswith("/saved-searches/0"))
    ben = await world.member_browser("ben")
    assert "None yet" in (await ben.get("/saved-searches")).text
    token = dict((await ben.get("/")).form("/logout").values)["csrf"]
    for path in (edit, f"{edit}/delete"):
        assert (await ben.raw_get(path)).status_code == 404
    for path in (edit, f"{edit}/delete", f"{edit}/feed"):
        response = await ben.post(path, {"csrf": token, "name": "mine", "tells_by": "mail"})
        assert response.status_code == 404, path
    mine = await (await world.member_browser("ana")).get(edit)
    assert mine.response.status_code == 200
    assert ("name", "mine") not in mine.form(edit).values


async def test_a_feed_has_a_secret_address_that_is_shown_once(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = await world.member_browser("ana")
    page = await browser.fill(SEARCH, NEW, tells_by="feed")
    path = page.response.url.path
    first = await browser.submit(page, f"{path}/feed")
    addresses = [one["value"] for _, one in first.elements if "/feeds/saved/" in one.get("value", "")]
    assert len(addresses) == 1
    assert addresses[0].startswith("https://lib.example/feeds/saved/")
    assert "/feeds/saved/" not in (await browser.get(path)).response.text

    async def owner_of(address: str) -> str | None:
        token = address.rpartition("/")[2].removesuffix(".atom")
        found = await world.store.read(lambda tx: saved_searches.by_feed_token(tx, token))
        return found.id if found is not None else None

    assert await owner_of(addresses[0]) == path.rpartition("/")[2]
    second = await browser.submit(await browser.get(path), f"{path}/feed")
    renewed = next(one["value"] for _, one in second.elements if "/feeds/saved/" in one.get("value", ""))
    assert await owner_of(addresses[0]) is None
    assert await owner_of(renewed) == path.rpartition("/")[2]
    await browser.fill(path, tells_by="nothing")
    assert await owner_of(renewed) is None
    for odd in ("", "é" * 20, "x" * 101):
        assert await owner_of(f"/{odd}.atom") is None


async def test_a_mail_tells_what_is_new_and_nothing_twice(world: PagesWorld) -> None:
    ana, ben = await world.add_member("ana"), await world.add_member("ben")
    await world.publish(ben.actor, replace(DRAFT, title="Long since there"))
    await save(world, "ana")
    assert await tell(world) == []
    await world.publish(ben.actor, replace(DRAFT, title="New: see https://evil.example/x now"))
    await world.publish(ben.actor, replace(DRAFT, title="In another area", areas=("A0801",)))
    await world.publish(ana.actor, replace(DRAFT, title="One's own"))
    await world.publish(ben.actor, replace(DRAFT, title="Paused", languages=("en",)))
    assert await world.store.read(rows.last_number) == 5
    assert await tell(world, hours=0.1) == [], "it has not settled yet"
    told = await tell(world)
    assert len(told) == 1
    assert told[0].recipient == "ana@mail.example"
    assert told[0].subject == "Test Library: New in your saved searches"
    assert "  - New: see https: / / evil. example/ x now" in told[0].text_body
    assert "  - Paused" in told[0].text_body
    assert "https://lib.example/mentors?area=A0301&language=en" in told[0].text_body
    for absent in ("Long since there", "In another area", "One's own", "evil.example"):
        assert absent not in told[0].text_body
    await world.publish(ben.actor, replace(DRAFT, title="The same day"))
    assert await tell(world, hours=20) == [], "one mail a day"
    after = await tell(world, hours=5)
    assert len(after) == 1
    assert "The same day" in after[0].text_body
    assert "Paused" not in after[0].text_body
    assert await tell(world, hours=48) == []


async def test_what_gets_its_number_late_is_neither_told_as_new_nor_hides_what_is(world: PagesWorld) -> None:
    await world.add_member("ana")
    ben = await world.add_member("ben")
    old = await world.publish(ben.actor, replace(DRAFT, title="Of an older version"))
    world.clock.advance(seconds=1)
    await save(world, "ana")
    new = await world.publish(ben.actor, replace(DRAFT, title="Really new"))
    again = delete(proposal_search).where(proposal_search.c.proposal_id == old.id)
    await world.store.write(lambda tx: tx.execute(again))
    await world.store.write(lambda tx: search_words.fill_missing(tx, 10))
    settled = await world.store.read(lambda tx: rows.number_before(tx, new.id))
    assert settled == await world.store.read(rows.last_number) - 2, "below the new one, not the old one's"
    told = await tell(world)
    assert "Really new" in told[0].text_body
    assert "Of an older version" not in told[0].text_body


async def test_a_mail_has_ten_titles_at_most_and_each_once(world: PagesWorld) -> None:
    await world.add_member("ana")
    ben = await world.add_member("ben")
    await save(world, "ana", name="First", tells_by="mail")
    await save(world, "ana", name="Second", tells_by="mail")
    for number in range(MAX_TOLD + 2):
        await world.publish(ben.actor, replace(DRAFT, title=f"Offer no. {number}"))
    told = await tell(world)
    assert len(told) == 1
    assert told[0].text_body.count("  - Offer no.") == MAX_TOLD
    assert await tell(world, hours=30) == [], "the others are on the list that the mail leads to"


async def test_a_mail_holds_only_what_its_reader_may_see(world: PagesWorld) -> None:
    ana, ben, carla = [await world.add_member(handle) for handle in ("ana", "ben", "carla")]
    await save(world, "ana")
    await world.publish(ben.actor, replace(DRAFT, title="From somebody blocked"))
    paused = await world.publish(carla.actor, replace(DRAFT, title="Not open any more"))
    await world.publish(carla.actor, replace(DRAFT, title="For members", audience="instance"))
    now = world.clock.now()
    await world.store.write(
        lambda tx: blocks.block(tx, world.site, person=ana.actor, partner=ben.actor, now=now)
    )
    await world.store.write(
        lambda tx: proposals.set_status(
            tx, world.site, proposal_id=paused.id, author_id=carla.actor.id, status="paused", now=now
        )
    )
    told = await tell(world)
    assert [line.strip() for line in told[0].text_body.splitlines() if line.startswith("  - ")] == [
        "- For members"
    ]


async def test_one_press_ends_the_mails_without_a_login(world: PagesWorld) -> None:
    ana = await world.add_member("ana")
    ben = await world.add_member("ben")
    await save(world, "ana")
    await world.publish(ben.actor, DRAFT)
    told = await tell(world)
    path = path_in(told[0].text_body, "stop")
    visitor = world.browser()
    page = await visitor.get(path)
    kept = await world.store.read(lambda tx: saved_searches.listed(tx, ana.account.id))
    assert [one.tells_by for one in kept] == ["mail"], "looking changes nothing"
    for _ in range(2):
        done = await visitor.submit(page, path)
        assert "Done. No more mail about your saved searches will come." in done.text
    kept = await world.store.read(lambda tx: saved_searches.listed(tx, ana.account.id))
    assert [one.tells_by for one in kept] == ["nothing"]
    await world.publish(ben.actor, replace(DRAFT, title="Later"))
    assert await tell(world, hours=30) == []
    for wrong in (path[:-1] + ("0" if path[-1] != "0" else "1"), "/saved-searches/stop/x", f"{path}0"):
        assert (await visitor.raw_get(wrong)).status_code == 404


@pytest.mark.parametrize("state", ["disabled", "unapproved"])
async def test_who_may_not_log_in_is_told_nothing(world: PagesWorld, state: str) -> None:
    ana, ben = await world.add_member("ana"), await world.add_member("ben")
    await save(world, "ana")
    await world.store.write(lambda tx: accounts.change(tx, ana.account.id, state=state))
    await world.publish(ben.actor, DRAFT)
    assert await tell(world) == []
