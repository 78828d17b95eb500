"""The report as coordinators see it: the table, the chart and the file say the same."""

import csv
import io
from datetime import timedelta
from typing import Any

from libline_fed.domain.accounts import Role
from libline_fed.services import requests
from libline_fed.storage import actors, mentorships
from libline_fed.storage.store import Tx
from tests.support.pages import DRAFT, Browser, PagesWorld

PLACE = {"country": "RW", "place_shown": "members", "types_own": ["T01"]}


async def add(world: PagesWorld, count: int, country: str, **columns: Any) -> None:
    """Let some people ask Ana, each of them once."""
    now = world.clock.now()
    mentor = await world.add_member(f"mentor_{country.lower()}")
    offer = await world.publish(mentor.actor, DRAFT)
    for number in range(count):
        mentee = await world.add_member(f"mentee_{country.lower()}_{number}")
        made = requests.new_row(world.site, proposal=offer, mentor=mentor.actor, mentee=mentee.actor, now=now)
        row = made | {"asker": "mentee", "changed_by": "mentee", "sent_at": now, "language": "fr"} | columns
        details = PLACE | {"country": country}

        async def unit(
            tx: Tx,
            row: dict[str, Any] = row,
            details: dict[str, Any] = details,
            actor_id: str = mentee.actor.id,
        ) -> None:
            await actors.change(tx, actor_id, now, details=details)
            assert await mentorships.add(tx, row) is not None

        await world.store.write(unit)


async def filled(world: PagesWorld) -> Browser:
    """Six from Rwanda were accepted after two days, one of them is from Chad; a draft does not count."""
    now = world.clock.now()
    answered = {"state": "completed", "decided_at": now + timedelta(days=2), "started_at": now}
    await add(world, 6, "RW", **answered)
    await add(world, 1, "TD", state="declined", reason="not-now", decided_at=now + timedelta(days=3))
    await add(world, 5, "FR", state="draft")
    await add(world, 5, "ES", state="declined", reason="expired", decided_at=now + timedelta(days=10))
    await world.add_member("coco", Role.COORDINATOR)
    return await world.member_browser("coco")


async def test_the_report_shows_steps_and_names_nobody(world: PagesWorld) -> None:
    browser = await filled(world)
    page = await browser.get("/coordination/report")
    assert "10 or more 5 or more 5 or more 5 or more within 2 days" in page.text
    assert "Rwanda 5 or more 5 or more 5 or more 5 or more" in page.text
    assert "Spain 5 or more fewer than 5 fewer than 5 fewer than 5" in page.text
    assert "France" not in page.text
    assert "Chad" not in page.text
    assert "mentee_" not in page.response.text
    pictures = [attrs["src"] for tag, attrs in page.elements if tag == "img"]
    assert len(pictures) == 4
    for path in pictures:
        drawn = await browser.raw_get(path)
        assert drawn.headers["content-type"] == "image/svg+xml", path
    assert (await browser.raw_get("/coordination/report/names.svg")).status_code == 404


async def test_the_file_says_what_the_page_says(world: PagesWorld) -> None:
    browser = await filled(world)
    response = await browser.raw_get("/coordination/report.csv")
    assert response.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(response.text.removeprefix("\ufeff"))))
    assert rows[0][2:] == ["Requests", "Answered", "Started within 21 days", "Completed"]
    assert rows[1][1:] == ["All", "10", "5", "5", "5"]
    assert ["By country", "Spain", "5", "<5", "<5", "<5"] in rows
    numbers = {cell for row in rows[1:] for cell in row[2:]}
    assert numbers <= {"<5", "5", "10"}


async def test_other_periods_can_be_chosen_but_no_free_dates(world: PagesWorld) -> None:
    browser = await filled(world)
    year = world.clock.now().year
    before = await browser.get(f"/coordination/report?period={year - 1}")
    assert "Too few requests to show more" in before.text
    quarter = await browser.get(f"/coordination/report?period={year}-Q4")
    assert "10 or more" in quarter.text
    assert "The parts are shown for whole years only." in quarter.text
    assert "Rwanda" not in quarter.text
    free = await browser.get(f"/coordination/report?period={year}-01-01..{year}-01-02")
    assert "10 or more" in free.text  # what is no period is the present year
