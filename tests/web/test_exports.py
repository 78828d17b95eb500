"""The archive of one's own data through the pages: made by a press, fetched by its owner, readable."""

import io
import json
import zipfile

import pytest
from sqlalchemy import insert

from libline_fed.domain.accounts import Member
from libline_fed.ids import new_id
from libline_fed.storage.mentorship_tables import goals, logbook, messages
from libline_fed.storage.store import Tx
from tests.support.ended import add_mentorship
from tests.support.pages import DRAFT, PagesWorld


@pytest.fixture
async def ana(world: PagesWorld) -> Member:
    """A member with a mentorship behind her."""
    ana, ben = await world.add_member("ana"), await world.add_member("ben")
    await world.publish(ana.actor, DRAFT)
    now = world.clock.now()

    async def unit(tx: Tx) -> None:
        made = await add_mentorship(tx, mentor=ana.actor, mentee=ben.actor, now=now, message_text="Dear Ana")
        moments = {"created_at": now, "updated_at": now}
        html = "<p>Thank you <b>so</b> much</p><script>alert(1)</script>"
        message = {"is_local": True, "content_html": html, "published_at": now, "received_at": now}
        goal = {"title": "Learn <RDA>", "milestones": [{"title": "Step one"}], "state": "open"}
        talk = {"held_on": now.date(), "minutes": 45, "is_shared": True, "notes_text": "A & B"}
        for table, values in ((messages, message), (goals, goal | moments), (logbook, talk | moments)):
            row_id = new_id(now)
            named = {"id": row_id, "uri": f"https://lib.example/{row_id}", "mentorship_id": made.id}
            await tx.execute(insert(table).values(**named, author_id=ben.actor.id, **values))

    await world.store.write(unit)
    return ana


async def archive_of(world: PagesWorld, handle: str = "ana") -> tuple[str, dict[str, bytes]]:
    """Make the archive in the browser; return its path and its files."""
    browser = await world.member_browser(handle)
    page = await browser.fill("/settings/data")
    assert "Your archive is ready." in page.text
    (path,) = {link["href"] for link in page.links if link["href"].startswith("/exports/")}
    response = await browser.raw_get(path)
    assert response.headers["content-type"] == "application/zip"
    assert response.headers["content-disposition"] == f'attachment; filename="libline-{handle}.zip"'
    assert response.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(response.content)) as opened:
        return path, {name.partition("/")[2]: opened.read(name) for name in opened.namelist()}


async def test_a_member_makes_and_fetches_the_archive(world: PagesWorld, ana: Member) -> None:
    _, files = await archive_of(world)
    assert json.loads(files["export.json"])["actor"] == ana.actor.uri
    page = files["index.html"].decode()
    for seen in ("Cataloguing with RDA", "Dear Ana", "Learn &lt;RDA&gt;", "Step one", "45 min", "A &amp; B"):
        assert seen in page, seen
    assert "Thank you <b>so</b> much" in page
    assert "<script" not in page
    assert "http-equiv" not in page
    assert "src=" not in page, "nothing is fetched when it is read"


@pytest.mark.parametrize(("tag", "direction"), [("es", "ltr"), ("ar", "rtl")])
async def test_the_page_is_in_the_language_of_the_member(
    world: PagesWorld, ana: Member, tag: str, direction: str
) -> None:
    browser = await world.member_browser("ana")
    await browser.fill("/settings/language", language=tag)
    page = await browser.fill("/settings/data")
    (path,) = {link["href"] for link in page.links if link["href"].startswith("/exports/")}
    with zipfile.ZipFile(io.BytesIO((await browser.raw_get(path)).content)) as opened:
        name = next(name for name in opened.namelist() if name.endswith("index.html"))
        assert f'<html lang="{tag}" dir="{direction}">' in opened.read(name).decode()
    assert ana.actor.handle in name


async def test_nobody_else_fetches_it_and_it_goes_after_a_day(world: PagesWorld, ana: Member) -> None:
    path, _ = await archive_of(world)
    ben = await world.member_browser("ben")
    assert (await ben.raw_get(path)).status_code == 404
    visitor = await world.browser().raw_get(path)
    assert visitor.status_code == 303
    assert visitor.headers["location"].startswith("/login?next=")
    world.clock.advance(hours=24)
    owner = await world.member_browser("ana")
    assert (await owner.raw_get(path)).status_code == 404
    assert "Download" not in (await owner.get("/settings/data")).text
    assert ana.actor.is_local


async def test_reading_the_page_makes_nothing(world: PagesWorld, ana: Member) -> None:
    browser = await world.member_browser("ana")
    page = await browser.get("/settings/data")
    assert "Make the archive" in page.text
    assert "Download" not in page.text
    assert ana.actor.handle == "ana"
