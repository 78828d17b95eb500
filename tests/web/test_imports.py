"""Bringing mentorships along through the pages: uploaded, looked at, taken, and read again."""

import json
from typing import Any

import httpx
import pytest

from libline_fed.domain.accounts import Member
from libline_fed.services import imports
from libline_fed.storage import actors
from libline_fed.web import session
from libline_fed.web.session import UPLOADS
from tests.services.test_imports import DATA, OLD, zipped
from tests.support.pages import BASE_URL, Browser, Page, PagesWorld

PATH = "/settings/import"
HOSTILE = {
    **DATA["mentorships"][0],
    "title": "<script>alert(1)</script>",
    "agreement_uri": "https://old.example/agreements/2",
    "state": "active",
    "ended_at": None,
    "areas": ["<b>no area</b>"],
    "partner": {"uri": "https://b.example/actors/ben", "name": "<img src=x onerror=alert(1)>"},
}


@pytest.fixture
async def ana(world: PagesWorld) -> Member:
    """A member who has named an old account."""
    ana = await world.add_member("ana")
    now = world.clock.now()
    await world.store.write(lambda tx: actors.change(tx, ana.actor.id, now, also_known_as=[OLD]))
    return ana


async def token(browser: Browser) -> str:
    return dict((await browser.get(PATH)).form(PATH).values)["csrf"]


async def send(browser: Browser, content: bytes, **changed: Any) -> httpx.Response:
    """Send a file as the form of the page does."""
    sent: dict[str, Any] = {
        "data": {"csrf": await token(browser)},
        "files": {"file": ("libline-ana.zip", content, "application/zip")},
        "headers": {"sec-fetch-site": "same-origin", "origin": BASE_URL},
        **changed,
    }
    return await browser.client.post(PATH, **sent)


async def upload(browser: Browser, *mentorships: dict[str, Any]) -> Page:
    response = await send(browser, zipped({**DATA, "mentorships": list(mentorships)}))
    assert response.status_code == 303, response.text
    return await browser.get(PATH)


async def test_an_archive_is_looked_at_taken_and_read(world: PagesWorld, ana: Member) -> None:
    browser = await world.member_browser("ana")
    asked = await upload(browser, DATA["mentorships"][0], HOSTILE)
    for seen in ("Cataloguing", "mentee", "Ben", "completed", "1 hr 15 min", "one goal"):
        assert seen in asked.text, seen
    first, second = [value for name, value in asked.form(f"{PATH}/take").values if name == "take"]
    listed = await browser.submit(asked, f"{PATH}/take", take=[first, second])
    assert "It is kept here. Only you see it." in listed.text
    assert listed.response.url.path == "/brought"
    shown = await browser.get(next(link["href"] for link in listed.links if link["href"].endswith(first)))
    other = await browser.get(f"/brought/{second}")
    text = shown.text + other.text
    for seen in ("Ten maps", "Learn RDA", "Cataloguing (RDA, MARC)", "My own words", "It was still running."):
        assert seen in text, seen
    assert "canary" not in text
    for page in (asked, listed, shown, other):
        assert "<script>alert" not in page.response.text
        assert "<img" not in page.response.text
        assert "<b>no" not in page.response.text
    assert "2 mentorships that you brought along" in (await browser.get("/mentorships")).text
    gone = await browser.submit(other, f"/brought/{second}/remove")
    assert "It is deleted here." in gone.text
    assert (await browser.get(f"/brought/{second}")).response.status_code == 404


async def test_what_is_not_chosen_is_thrown_away(world: PagesWorld, ana: Member) -> None:
    browser = await world.member_browser("ana")
    asked = await upload(browser, DATA["mentorships"][0])
    page = await browser.submit(asked, f"{PATH}/take", take=[])
    assert page.response.url.path == PATH
    assert "Cataloguing" not in page.text
    assert "Nothing here yet" in (await browser.get("/brought")).text


async def test_nobody_else_sees_or_deletes_what_was_brought(world: PagesWorld, ana: Member) -> None:
    browser = await world.member_browser("ana")
    await browser.submit(await upload(browser, DATA["mentorships"][0]), f"{PATH}/take")
    (one,) = await world.store.read(lambda tx: imports.taken(tx, ana.actor))
    await world.add_member("ben")
    ben = await world.member_browser("ben")
    assert (await ben.get(f"/brought/{one.id}")).response.status_code == 404
    removed = await ben.post(f"/brought/{one.id}/remove", {"csrf": await token(ben)})
    assert removed.status_code == 404
    assert "Nothing here yet" in (await ben.get("/brought")).text
    assert (await browser.get(f"/brought/{one.id}")).response.status_code == 200


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "Choose the archive that you downloaded from your old server."),
        (b"hello", "This is not an archive that a LibLine server made."),
        (
            zipped({**DATA, "actor": "https://old.example/actors/ben"}),
            "This archive is of another account.",
        ),
        (zipped({**DATA, "mentorships": []}), "There is no mentorship in this archive"),
    ],
)
async def test_what_cannot_be_taken_is_said_in_words(
    world: PagesWorld, ana: Member, content: bytes, sentence: str
) -> None:
    response = await send(await world.member_browser("ana"), content)
    assert response.status_code == 422
    assert sentence in Page(response).text


async def test_the_plain_json_will_do(world: PagesWorld, ana: Member) -> None:
    response = await send(await world.member_browser("ana"), json.dumps(DATA).encode())
    assert response.status_code == 303


# --- the gate -----------------------------------------------------------------------------------------


async def test_a_file_that_is_too_large_is_refused(
    world: PagesWorld, ana: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(UPLOADS, PATH, 10_000)
    browser = await world.member_browser("ana")
    response = await send(browser, b"x" * 10_000)
    assert response.status_code == 413
    assert (await send(browser, b"x" * 9_000)).status_code == 422


async def test_a_large_file_is_taken_from_members_only_and_here_only(world: PagesWorld, ana: Member) -> None:
    large = {"file": ("a.zip", b"x" * 100_000, "application/zip")}
    headers = {"sec-fetch-site": "same-origin", "origin": BASE_URL}
    visitor = world.browser()
    values = {"csrf": dict((await visitor.get("/login")).form("/login").values)["csrf"]}
    refused = await visitor.client.post(PATH, data=values, files=large, headers=headers)
    assert refused.status_code == 413
    browser = await world.member_browser("ana")
    elsewhere = await browser.client.post(
        "/settings", data={"csrf": await token(browser)}, files=large, headers=headers
    )
    assert elsewhere.status_code == 413
    assert (await send(browser, b"x" * 100_000)).status_code == 422


@pytest.mark.parametrize("how", ["no token", "cross-site", "foreign origin"])
async def test_no_upload_gets_in_that_did_not_come_from_our_own_form(
    world: PagesWorld, ana: Member, how: str
) -> None:
    browser = await world.member_browser("ana")
    changed: dict[str, Any] = {}
    if how == "no token":
        changed["data"] = {"csrf": ""}
    if how == "cross-site":
        changed["headers"] = {"sec-fetch-site": "cross-site"}
    if how == "foreign origin":
        changed["headers"] = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    response = await send(browser, zipped(DATA), **changed)
    assert response.status_code == 403
    assert await world.store.read(lambda tx: imports.waiting(tx, ana.actor)) == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=" + "b" * 300, b"x"),
        ("multipart/form-data; boundary=b", b"no part"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\n\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b; charset=nonsense", b"--b\r\n" * 50),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nx\r\n' * 2 + b"--b--\r\n",
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\nx\r\n' * 50 + b"--b--\r\n",
        ),
    ],
)
async def test_a_body_that_cannot_be_taken_apart_is_refused(
    world: PagesWorld, ana: Member, content_type: str, body: bytes
) -> None:
    browser = await world.member_browser("ana")
    headers = {"content-type": content_type, "sec-fetch-site": "same-origin", "origin": BASE_URL}
    response = await browser.client.post(PATH, content=body, headers=headers)
    assert response.status_code in {403, 415}
    assert await world.store.read(lambda tx: imports.waiting(tx, ana.actor)) == []


async def test_uploads_are_counted(
    world: PagesWorld, ana: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libline_fed.web.imports.UPLOADS_PER_HOUR", 2)
    browser = await world.member_browser("ana")
    assert [(await send(browser, b"x")).status_code for _ in range(3)] == [422, 422, 429]


def test_only_two_pages_take_files() -> None:
    assert session.UPLOADS == {PATH: 8_000_000, "/admin/peers/import": 1_100_000}
