"""A running instance with people in four languages, and Chromium."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from libline_fed.domain.accounts import Role
from libline_fed.domain.proposals import Purpose
from libline_fed.domain.saved_searches import search_from
from libline_fed.services import follows, saved_searches
from tests.browser.serving import serving
from tests.support.pages import DRAFT, PASSWORD, PagesWorld, add_post

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOSTILE_NAME = "Z̵̡̛a̸l̷g̶o̴ " + "W" * 300 + " \u202egnirts <b>{{7*7}}"


@dataclass(frozen=True)
class Running:
    """Where the instance answers, and the ids of what is on it."""

    url: str
    proposal_id: str
    remote_id: str
    post_id: str
    saved_id: str


def chromium_path() -> str:
    """Return the browser to drive; a machine without one fails loudly."""
    path = (
        os.environ.get("LIBLINE_TEST_CHROMIUM")
        or os.environ.get("CHROMIUM")
        or shutil.which("chromium")
        or shutil.which("chromium-browser")
    )
    assert path, "no Chromium here: install it, or name it in CHROMIUM"
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One Chromium for a module: while it runs, its thread has a loop that async tests cannot share."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An instance on loopback, served by a thread of its own."""
    with serving(tmp_path_factory.mktemp("pages") / "libline.sqlite3", _populate) as told:
        yield told


async def _populate(world: PagesWorld, url: str) -> Running:
    ines = await world.add_member("ines", Role.ADMIN)
    layla = await world.add_member("layla")
    await world.add_member("unread_member_with_long_handle")
    remote = await world.add_remote("kofi", "library.example", name=HOSTILE_NAME)
    first = await world.publish(ines.actor, replace(DRAFT, open_until_on=date(2027, 3, 31)))
    for draft in (
        replace(DRAFT, title="مكتبات الأطفال: كيف تبدأ ساعة القصة", language="ar",
                body_text="أعمل مع الأطفال منذ عشر سنوات.", languages=("ar",), areas=("A0602", "A0601")),
        replace(DRAFT, title="W" * 120, body_text="u" * 3_000),
        replace(DRAFT, purpose="request", title="¿Por dónde empiezo en una biblioteca pequeña?",
                language="es", body_text="Trabajo sola en una biblioteca escolar.", areas=("A0000",)),
    ):  # fmt: skip
        await world.publish(layla.actor, draft)
    for number in range(9):
        await world.publish(ines.actor, replace(DRAFT, title=f"Offer number {number}"))
    wanted = replace(DRAFT, purpose="request", title="Story time in Arabic", languages=("en", "ar"))
    await world.publish(ines.actor, replace(wanted, areas=("A0601", "A1002", "A0301")))
    now = world.clock.now()
    await world.store.write(
        lambda tx: follows.follow(tx, world.site, follower=layla.actor, followed=ines.actor, now=now)
    )
    await world.store.write(
        lambda tx: follows.receive_follow(
            tx, world.site, uri="https://library.example/f/1", follower=remote, followed=ines.actor, now=now
        )
    )
    await world.store.write(
        lambda tx: follows.follow(tx, world.site, follower=ines.actor, followed=remote, now=now)
    )
    await world.store.write(
        lambda tx: follows.receive_answer(
            tx, is_yes=True, follow_uri=None, follower=ines.actor, followed=remote, now=now
        )
    )
    post_id = await add_post(world, remote.id, remote.uri, "public", "open")
    saved = await world.store.write(
        lambda tx: saved_searches.add(
            tx, account_id=ines.account.id, search=search_from(Purpose.OFFER, [("text", "W" * 60)]),
            name="W" * 80, tells_by="feed", now=now,
        )
    )  # fmt: skip
    return Running(url, first.id, remote.id, post_id, saved.id)


@pytest.fixture
def new_page(chromium: Browser, running: Running) -> Iterator["NewPage"]:
    """Open pages in contexts of their own."""
    opener = NewPage(chromium, running.url)
    yield opener
    opener.close()


class NewPage:
    """Opens pages of a size, colour scheme and language, as a visitor or logged in."""

    def __init__(self, chromium: Browser, url: str) -> None:
        self._chromium = chromium
        self._url = url
        self._contexts: list[BrowserContext] = []

    def __call__(
        self,
        *,
        width: int = 1280,
        scheme: str = "light",
        language: str = "en",
        member: str = "",
        has_script: bool = True,
    ) -> Page:
        """Open a page."""
        context = self._chromium.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, locale=language,  # type: ignore[arg-type]
            java_script_enabled=has_script, base_url=self._url,
        )  # fmt: skip
        self._contexts.append(context)
        page = context.new_page()
        if member:
            page.goto("/login")
            page.locator("#email").fill(f"{member}@mail.example")
            page.locator("#password").fill(PASSWORD)
            page.locator("main form button").click()
        return page

    def close(self) -> None:
        """Close every context."""
        for context in self._contexts:
            context.close()
