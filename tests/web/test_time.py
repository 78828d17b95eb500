"""The page about a member's time: the week, holidays, the pause; and that none of it is seen by others."""

import pytest

from libline_fed.errors import InvalidInput
from libline_fed.services import absences, members
from libline_fed.web.bodies import Fields
from libline_fed.web.profile_forms import hours_of, week_of, week_sent
from tests.support.pages import PagesWorld

WEEK = {
    "zone": "Africa/Nairobi",
    "free": ["0-morning", "2-evening", "6-afternoon"],
    "from-0-morning": "09:30",
    "until-0-morning": "12:00",
    "until-2-evening": "00:00",
    "target_count": "2",
}
HOURS = [[0, 570, 720], [2, 1080, 1440], [6, 780, 1020]]


@pytest.fixture
async def ana(world: PagesWorld):
    """A member with a browser."""
    member = await world.add_member("ana")
    return member, await world.member_browser("ana")


async def account(world: PagesWorld):
    return (await world.store.read(lambda tx: members.by_handle(tx, "ana"))).account


async def test_a_week_is_saved_and_shown_again_to_the_minute(world: PagesWorld, ana) -> None:
    _, browser = ana
    saved = await browser.fill("/settings/time", **WEEK)
    assert "Your week is saved." in saved.text
    now = await account(world)
    assert (now.zone, now.weekly_hours, now.target_count) == ("Africa/Nairobi", HOURS, 2)
    again = await browser.submit(saved, "/settings/time")
    assert "Your week is saved." in again.text
    assert (await account(world)).weekly_hours == HOURS


async def test_a_week_can_be_emptied(world: PagesWorld, ana) -> None:
    _, browser = ana
    await browser.fill("/settings/time", **WEEK)
    await browser.fill("/settings/time", free=[], zone="")
    now = await account(world)
    assert (now.zone, now.weekly_hours) == (None, [])


@pytest.mark.parametrize(
    ("changed", "target"),
    [
        ({"from-0-morning": "late"}, "#hours"),
        ({"from-0-morning": "12:30", "until-0-morning": "13:00"}, "#hours"),
        ({"from-0-morning": "11:00", "until-0-morning": "10:00"}, "#hours"),
        ({"until-2-evening": "25:00"}, "#hours"),
        ({"until-6-afternoon": "18:01"}, "#hours"),
        ({"zone": ""}, "#zone"),
        ({"zone": "Mars/Olympus"}, "#zone"),
        ({"target_count": "0"}, "#target_count"),
        ({"target_count": "9999999999999999999999"}, "#target_count"),
        ({"target_count": "two"}, "#target_count"),
    ],
)
async def test_what_cannot_be_is_said_and_what_was_typed_stays(
    world: PagesWorld, ana, changed: dict[str, str], target: str
) -> None:
    _, browser = ana
    page = await browser.fill("/settings/time", **WEEK | changed)
    assert page.response.status_code == 422
    assert target in [link["href"] for link in page.links]
    values = page.form("/settings/time").values
    assert [value for name, value in values if name == "free"] == WEEK["free"]
    for name, value in changed.items():
        if name.startswith(("from", "until")):
            assert (name, value) in values
    assert (await account(world)).weekly_hours == []


def test_what_is_not_ticked_does_not_count() -> None:
    sent = Fields([("from-0-morning", "late"), ("free", "1-morning"), ("free", "9-morning"), ("free", "x")])
    assert hours_of(week_sent(sent)) == [[1, 480, 720]]


def test_a_stored_week_makes_a_form_that_makes_the_same_week() -> None:
    assert hours_of(week_of(HOURS)) == HOURS
    assert hours_of(week_of([])) == []
    whole = [[day, 0, 1440] for day in range(7)]
    parts = hours_of(week_of(whole))
    assert [sum(end - start for d, start, end in parts if d == day) for day in range(7)] == [1440] * 7


@pytest.mark.parametrize("text", ["9", "24:00", "12:60", "a:b", "1:2:3:4", "٠٩:٠٠", "-1:00", "012:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    sent = Fields([("free", "0-morning"), ("from-0-morning", text)])
    with pytest.raises(InvalidInput):
        hours_of(week_sent(sent))


async def test_a_holiday_is_noted_however_often_it_is_sent_and_removed(world: PagesWorld, ana) -> None:
    member, browser = ana
    page = await browser.get("/settings/time")
    for _ in range(2):
        noted = await browser.submit(
            page, "/settings/holidays", from_on="2026-12-20", until_on="2027-01-05"
        )
        assert "Your holiday is noted" in noted.text
    assert "20 December 2026 – 5 January 2027" in noted.text
    now = world.clock.now()
    [holiday] = await world.store.read(lambda tx: absences.list_coming(tx, member.actor.id, now=now))
    removed = await browser.submit(noted, f"/settings/holidays/{holiday.id}/remove")
    assert "is taken back" in removed.text
    assert "20 December 2026" not in removed.text


async def test_days_that_make_no_holiday_are_named(world: PagesWorld, ana) -> None:
    _, browser = ana
    page = await browser.submit(
        await browser.get("/settings/time"), "/settings/holidays", from_on="2026-12-20", until_on="soon"
    )
    assert page.response.status_code == 422
    assert page.described("from_on")["value"] == "2026-12-20"
    assert page.described("until_on")["value"] == "soon"
    assert page.problem_of("until_on")


async def test_nobody_removes_the_holiday_of_another(world: PagesWorld, ana) -> None:
    member, browser = ana
    await browser.submit(
        await browser.get("/settings/time"), "/settings/holidays", from_on="2026-12-20", until_on="2027-01-05"
    )
    now = world.clock.now()
    [holiday] = await world.store.read(lambda tx: absences.list_coming(tx, member.actor.id, now=now))
    await world.add_member("ben")
    other = await world.member_browser("ben")
    page = await other.get("/settings/time")
    refused = await other.submit(page, "/settings/holidays", at=f"/settings/holidays/{holiday.id}/remove")
    assert refused.response.status_code == 404
    assert await world.store.read(lambda tx: absences.list_coming(tx, member.actor.id, now=now)) == [holiday]


async def test_zone_and_hours_are_on_no_page_of_others(world: PagesWorld, ana) -> None:
    _, browser = ana
    await browser.fill("/settings/time", **WEEK)
    await world.add_member("ben")
    other = await world.member_browser("ben")
    for path in ("/@ana", "/mentors", "/requests", "/timeline"):
        assert "Nairobi" not in (await other.get(path)).response.text


# --- the profile ------------------------------------------------------------------------------------

FACTS = {
    "name": "Ana",
    "type": "Person",
    "languages": ["en", "es"],
    "language_levels": ["fluent", "basic"],
    "stage": "S4",
    "tracks": ["R03"],
    "types_own": ["T01"],
    "credentials": ["C3"],
    "styles": ["W02"],
    "facts_shown": "members",
    "institution": "City Library",
    "country": "KE",
    "place_shown": "public",
    "accepts_own_institution": "y",
}


async def test_a_profile_is_saved_shown_again_and_shown_to_whom_it_is_for(world: PagesWorld, ana) -> None:
    _, browser = ana
    saved = await browser.fill("/settings", **FACTS)
    assert "Your profile is saved." in saved.text
    values = saved.form("/settings").values
    for name, value in FACTS.items():
        assert [kept for field, kept in values if field == name and kept] == (
            value if isinstance(value, list) else [value]
        )
    seen = ("Specialist or supervisor", "Librarian", "Public library", "Encouraging")
    member, visitor = await browser.get("/@ana"), await world.browser().get("/@ana")
    for text in seen:
        assert text in member.text
        assert text not in visitor.text
    assert "English (fluent) · Spanish (basic)" in member.text
    assert "City Library" in visitor.text
    assert "Kenya" in visitor.text
    await browser.fill("/settings", place_shown="nobody", facts_shown="public")
    visitor = await world.browser().get("/@ana")
    assert all(text in visitor.text for text in seen)
    assert "City Library" not in (await browser.get("/@ana")).text


async def test_a_new_offer_begins_with_what_everybody_may_see(world: PagesWorld, ana) -> None:
    _, browser = ana
    for shown, stage in (("members", []), ("public", ["S4"])):
        await browser.fill("/settings", **FACTS | {"facts_shown": shown})
        form = (await browser.get("/proposals/new?purpose=offer")).form("/proposals/new")
        assert [value for name, value in form.values if name == "stage" and value] == stage
        assert ("language_levels", "fluent") in form.values


async def test_wrong_facts_are_named_and_kept(world: PagesWorld, ana) -> None:
    _, browser = ana
    wrong = {"stage": "S9", "country": "ZZ", "type": "Group", "institution": "x" * 121}
    page = await browser.fill("/settings", **FACTS | wrong)
    assert page.response.status_code == 422
    targets = [link["href"] for link in page.links if link["href"].startswith("#")]
    assert targets == ["#main", "#type", "#stage", "#institution", "#country"]
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {target[1:] for target in targets} <= set(ids)
