"""Mentorships in Chromium: the whole way without JavaScript, and every page without a barrier."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import NewPage
from tests.browser.serving import serving
from tests.support.mentoring import every_state
from tests.support.pages import DRAFT, PagesWorld

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
FIRST_VIEW_BYTES = 25_000
REPEAT_VIEW_BYTES = 14_000


@dataclass(frozen=True)
class Stage:
    """Where the instance answers, its mentorships by state, and an offer that nobody has asked for."""

    url: str
    ids: dict[str, str]
    offer_id: str

    def pages(self) -> list[tuple[str, str]]:
        """Return (member, path) of every page of requests and mentorships."""
        listed = [
            ("ines", "/primer"),
            ("layla", f"/ask/{self.offer_id}"),
            ("layla", f"/proposals/{self.offer_id}"),
        ]
        for member in ("ines", "layla"):
            listed += [(member, path) for path in ("/mentorships", "/requests-sent", "/requests-received")]
            listed.append((member, "/notifications"))
            for state in self.ids:
                if (member, state) not in {("ines", "draft"), ("layla", "ended-safety")}:
                    listed.append((member, self.path(state)))
        for member, state, steps in STEPS:
            listed += [(member, f"{self.path(state)}/{step}") for step in steps]
        return listed

    def path(self, state: str) -> str:
        """Return the page of the mentorship in a state."""
        return f"/mentorships/{self.ids[state]}"


STEPS = (
    ("layla", "draft", ("request", "question", "withdraw")),
    ("layla", "question", ("request",)),
    ("ines", "proposed", ("accept", "decline", "counter", "block")),
    ("layla", "proposed", ("withdraw", "accept")),  # the second is not hers: a refusal
    ("layla", "intro", ("agreement", "terms", "leave")),
    ("ines", "intro", ("agreement",)),
    ("layla", "active", ("agreement", "pause", "extend", "complete", "end", "block")),
    ("layla", "paused", ("resume",)),
    ("layla", "completed", ("object", "block")),
    ("layla", "lapsed", ("revive",)),
)


async def _populate(world: PagesWorld, url: str) -> Stage:
    members = [await world.add_member(handle) for handle in ("ines", "layla", "noor")]
    staged = await every_state(world, *members)
    for handle in ("ana", "ben"):
        await world.add_member(handle)
    offer = await world.publish(members[0].actor, DRAFT)
    return Stage(url, staged.ids, offer.id)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """An instance with mentorships in every state."""
    with serving(tmp_path_factory.mktemp("mentorships") / "libline.sqlite3", _populate) as told:
        yield told


@pytest.fixture
def open_page(chromium: Browser, stage: Stage) -> Iterator[NewPage]:
    """Open pages of that instance."""
    opener = NewPage(chromium, stage.url)
    yield opener
    opener.close()


def check(page: Page) -> None:
    """Check that a page has no barrier and is not wider than the screen."""
    found = Axe().run(page).response["violations"]
    assert [f"{rule['id']}: {rule['nodes'][0]['html'][:160]}" for rule in found] == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def press(page: Page, name: str) -> None:
    """Press a button or follow a link of the content, and look at where it leads."""
    target = page.locator("main").get_by_role("button", name=name, exact=True)
    if not target.count():
        target = page.locator("main").get_by_role("link", name=name, exact=True)
    with page.expect_navigation():
        target.first.click()


def test_the_whole_way_without_script_on_a_small_screen(open_page: NewPage, stage: Stage) -> None:
    mentee = open_page(width=360, member="ben", has_script=False)
    mentor = open_page(width=360, member="ines", has_script=False)
    mentee.goto(f"/proposals/{stage.offer_id}")
    press(mentee, "Ask for mentoring")
    mentee.locator("#message_text").fill("Good day, I work in a small public library.")
    mentee.locator("#by_when").fill("Catalogue our collection by May.")
    mentee.locator("#goal").fill("Catalogue our collection")
    press(mentee, "Save draft")
    assert "Your draft is kept here." in mentee.locator("[role=status]").inner_text()
    press(mentee, "Send")
    path = mentee.url.removeprefix(stage.url)
    assert "has not answered yet" in mentee.locator("main").inner_text()
    mentor.goto("/requests-received")
    press(mentor, "Read and answer ben")
    assert mentor.url.endswith(path)
    press(mentor, "Say yes")
    press(mentor, "Yes, accept")
    press(mentor, "Agree on how you work")
    press(mentor, "Change it first")
    mentor.locator("#months").select_option(label="Three months")
    press(mentor, "Save and say yes")
    mentee.goto(path)
    press(mentee, "Read it and say yes")
    assert "Three months" in mentee.locator("main").inner_text()
    press(mentee, "Yes, begin")
    assert "It is running" in mentee.locator("main").inner_text()
    press(mentee, "Messages")
    mentee.locator("#text").fill("Thank you! When shall we begin?")
    press(mentee, "Send")
    mentor.goto(f"{path}/messages")
    assert "When shall we begin?" in mentor.locator("main").inner_text()
    mentor.goto(path)
    press(mentor, "Complete it early")
    press(mentor, "Complete")
    assert "It was completed early" in mentor.locator("main").inner_text()
    mentee.goto("/mentorships")
    assert "completed" in mentee.locator("main").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_no_page_has_a_barrier_or_is_too_wide(
    open_page: NewPage, stage: Stage, scheme: str, language: str
) -> None:
    wide = (language, scheme) == ("ar", "dark")
    tabs = {
        member: open_page(
            width=1280 if wide else 360, scheme=scheme, language=language, member=member
        )
        for member in ("ines", "layla")
    }
    for member, path in stage.pages():
        page = tabs[member]
        answer = page.goto(path)
        assert answer is not None
        assert answer.status in {200, 409}, path
        check(page)
        levels = page.eval_on_selector_all("h1,h2,h3,h4", "all => all.map(h => Number(h.tagName[1]))")
        assert levels[0] == 1, (path, levels)
        assert levels.count(1) == 1, (path, levels)
        assert all(after - before <= 1 for before, after in pairwise(levels)), (path, levels)


def test_pages_reflow_at_four_times_the_size(open_page: NewPage, stage: Stage) -> None:
    tabs = {member: open_page(width=320, member=member) for member in ("ines", "layla")}
    for member, path in stage.pages():
        page = tabs[member]
        page.goto(path)
        assert page.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ), path


def test_forms_with_problems_lead_to_them_by_keyboard(open_page: NewPage, stage: Stage) -> None:
    page = open_page(width=360, member="layla")
    page.goto(f"{stage.path('draft')}/request")
    page.locator("#message_text").fill("")
    page.locator("#by_when").fill("")
    press(page, "Send")
    assert page.evaluate("document.activeElement.id") == "problems"
    check(page)
    page.locator(".problems a").first.click()
    assert page.locator(f"#{page.evaluate('location.hash.slice(1)')}").is_visible()
    page.goto(f"{stage.path('active')}/pause")
    page.locator("#until_on").fill("2030-01-01")
    press(page, "Pause")
    assert page.evaluate("document.activeElement.id") == "changed"
    check(page)


@pytest.mark.parametrize("path", ["/mentorships", "request", "home", "/primer"])
def test_pages_are_light(open_page: NewPage, stage: Stage, path: str) -> None:
    page = open_page(member="layla")
    wanted = {"request": f"{stage.path('draft')}/request", "home": stage.path("active")}.get(path, path)
    asked: list[int] = []
    page.on("response", lambda response: asked.append(len(gzip.compress(response.body(), 6))))
    page.goto(wanted)
    page.wait_for_load_state("networkidle")
    assert asked[0] <= REPEAT_VIEW_BYTES, asked
    assert sum(asked) <= FIRST_VIEW_BYTES, asked


def test_a_printed_agreement_has_no_buttons(open_page: NewPage, stage: Stage) -> None:
    page = open_page(member="layla")
    page.goto(f"{stage.path('active')}/agreement")
    page.emulate_media(media="print")
    assert page.locator("main dl").first.is_visible()
    for hidden in ("nav", "main form", "main .actions", "footer"):
        shown = [place for place in page.locator(hidden).all() if place.is_visible()]
        assert shown == [], hidden
