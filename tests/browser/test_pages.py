"""The pages in Chromium: accessible, never wider than the screen, light, and of use without JavaScript."""

import gzip
from collections.abc import Callable
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import NewPage, Running

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
PathOf = Callable[[Running], str]
VISITOR: dict[str, PathOf] = {
    "home": lambda _: "/",
    "about": lambda _: "/about",
    "mentors": lambda _: "/mentors",
    "mentors, page 2": lambda _: "/mentors?page=2",
    "how the order is made": lambda _: "/about/matching",
    "mentors, none": lambda _: "/mentors?text=nothing+at+all&area=A0301&free=1",
    "an address": lambda _: "/mentors?text=%40kofi%40library.example",
    "topics": lambda _: "/topics",
    "a topic": lambda _: "/topics/A0301",
    "a topic, none": lambda _: "/topics/A0706",
    "requests": lambda _: "/requests",
    "an offer": lambda running: f"/proposals/{running.proposal_id}",
    "people": lambda _: "/people",
    "people, none": lambda _: "/people?text=nobody&place=PE&host=lib.example",
    "for other web sites": lambda _: "/embed?area=A0301",
    "a framed list": lambda _: "/embed/mentors",
    "a profile": lambda _: "/@ines",
    "a remote profile": lambda running: f"/people/{running.remote_id}",
    "a post": lambda running: f"/posts/{running.post_id}",
    "follow from elsewhere": lambda running: f"/interact?uri={running.url}/proposals/{running.proposal_id}",
    "sign-up": lambda _: "/sign-up",
    "sign-up sent": lambda _: "/sign-up/sent",
    "login": lambda _: "/login",
    "sign-in from elsewhere": lambda _: "/guest/sign-in?next=/mentors",
    "reset": lambda _: "/reset",
    "a dead link": lambda _: "/reset/nothing",
    "vocabulary": lambda _: "/vocabulary",
    "nothing": lambda _: "/nothing/here",
}
MEMBER: dict[str, PathOf] = {
    "home": lambda _: "/",
    "own proposals": lambda _: "/my-proposals",
    "mentors for me": lambda _: "/matches",
    "mentors, ranked": lambda _: "/mentors?area=A0301&area=A0601",
    "saved searches": lambda _: "/saved-searches",
    "saving a search": lambda _: "/saved-searches/new?list=mentors&area=A0301&text=" + "W" * 200,
    "a saved search": lambda running: f"/saved-searches/{running.saved_id}",
    "deleting a saved search": lambda running: f"/saved-searches/{running.saved_id}/delete",
    "a choice": lambda _: "/proposals/new",
    "a new offer": lambda _: "/proposals/new?purpose=offer",
    "an own offer": lambda running: f"/proposals/{running.proposal_id}",
    "editing": lambda running: f"/proposals/{running.proposal_id}/edit",
    "deleting": lambda running: f"/proposals/{running.proposal_id}/delete",
    "news": lambda _: "/timeline",
    "notices": lambda _: "/notifications",
    "find": lambda _: "/search",
    "following": lambda _: "/following",
    "followers": lambda _: "/followers",
    "follow": lambda running: f"/people/{running.remote_id}/follow",
    "open here": lambda _: "/authorize_interaction?uri=https://library.example/x",
    "profile settings": lambda _: "/settings",
    "a new request": lambda _: "/proposals/new?purpose=request",
    "time settings": lambda _: "/settings/time",
    "language settings": lambda _: "/settings/language",
    "password settings": lambda _: "/settings/password",
    "admin": lambda _: "/admin",
    "members": lambda _: "/admin/members",
    "invitations": lambda _: "/admin/invitations",
    "peers": lambda _: "/admin/peers",
    "links": lambda _: "/admin/links",
    "queue": lambda _: "/admin/queue",
    "refused": lambda _: "/admin/inbox",
    "own terms": lambda _: "/admin/vocabulary",
    "needs": lambda _: "/coordination",
    "report": lambda _: "/coordination/report",
    "find a mentor for": lambda _: "/coordination/find",
    "suggestions": lambda _: "/suggestions",
    "consortia": lambda _: "/admin/consortia",
    "a new consortium": lambda _: "/admin/consortia/new",
    "consortia for all": lambda _: "/consortia",
    "logout": lambda _: "/logout",
}
ALL = [("", name, path) for name, path in VISITOR.items()] + [
    ("ines", name, path) for name, path in MEMBER.items()
]
CORE = ("home", "mentors", "requests", "an offer", "a profile", "sign-up", "login")
FIRST_VIEW_BYTES = 25_000
REPEAT_VIEW_BYTES = 14_000


def widest(page: Page) -> int:
    """Return by how many pixels the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_no_page_has_a_barrier_or_is_too_wide(
    new_page: NewPage, running: Running, scheme: str, language: str
) -> None:
    axe = Axe()
    problems: list[str] = []
    for width in (360, 1280):
        pages = {
            member: new_page(width=width, scheme=scheme, language=language, member=member)
            for member in ("", "ines")
        }
        for member, name, path_of in ALL:
            page = pages[member]
            page.goto(path_of(running))
            where = f"{name} ({member or 'visitor'}, {width} px)"
            if widest(page) > 0:
                problems.append(f"{where}: {widest(page)} px too wide")
            if width == 1280 or (language, scheme) == ("en", "light"):
                found = axe.run(page).response["violations"]
                problems += [f"{where}: {rule['id']}: {rule['nodes'][0]['html'][:160]}" for rule in found]
            headings = page.locator("h1").count()
            if headings != 1:
                problems.append(f"{where}: {headings} main headings")
            direction = page.locator("html").get_attribute("dir")
            if direction != ("rtl" if language == "ar" else "ltr"):
                problems.append(f"{where}: direction {direction}")
    assert problems == []


def test_forms_with_problems_have_no_barrier_either(new_page: NewPage, running: Running) -> None:
    page = new_page(member="ines")
    for path in ("/proposals/new?purpose=offer", "/settings/password", "/search"):
        page.goto(path)
        page.locator("main form button:not([name])").last.click()  # the others keep a draft
        assert page.locator(".problems").count() == 1, path
        assert page.evaluate("document.activeElement.id") == "problems"
        assert Axe().run(page).violations_count == 0, path
        page.locator(".problems a").first.click()
        target = page.evaluate("location.hash.slice(1)")
        assert page.locator(f"#{target}").is_visible()


def test_all_filters_are_usable_when_unfolded(new_page: NewPage, running: Running) -> None:
    for width, language, scheme in ((360, "en", "light"), (1280, "ar", "dark")):
        page = new_page(width=width, language=language, scheme=scheme, member="ines")
        page.goto("/mentors?area=A0301&goal=G02")
        page.locator("main details summary").press("Enter")
        assert widest(page) == 0, width
        assert Axe().run(page).violations_count == 0, width
        page.locator("input[name=goal][value=G02]").uncheck()
        page.locator("input[name=free]").check()
        with page.expect_navigation():
            page.locator("main details button").press("Enter")
        assert "goal" not in page.url
        assert page.locator("input[name=free]").is_checked()
        with page.expect_navigation():
            page.locator(".chips a[href*=area]:not([href*=free])").press("Enter")
        assert not page.locator("input[name=free]").is_checked()


@pytest.mark.parametrize("name", CORE)
def test_core_pages_are_light_and_need_two_requests(new_page: NewPage, running: Running, name: str) -> None:
    page = new_page()
    asked: list[tuple[str, int]] = []

    def note(response: object) -> None:
        body = response.body()  # type: ignore[attr-defined]
        asked.append((response.url, len(gzip.compress(body, 6))))  # type: ignore[attr-defined]

    page.on("response", note)
    page.goto(VISITOR[name](running))
    page.wait_for_load_state("networkidle")
    before_text = [size for url, size in asked if not url.endswith(".svg")]
    assert len(before_text) <= 2, asked
    assert sum(size for _, size in asked) <= FIRST_VIEW_BYTES, asked
    assert asked[0][1] <= REPEAT_VIEW_BYTES, asked
    assert all(url.startswith(running.url) for url, _ in asked)


def test_everything_works_by_keyboard_and_without_script(new_page: NewPage, running: Running) -> None:
    page = new_page(has_script=False)
    page.goto("/login")
    page.keyboard.press("Tab")
    assert page.locator(".skip").is_visible()
    page.locator("#email").fill("layla@mail.example")
    page.keyboard.press("Tab")
    page.keyboard.type("four quiet reading rooms")
    with page.expect_navigation(url=f"{running.url}/"):
        page.keyboard.press("Enter")
    page.goto("/proposals/new?purpose=request")
    page.locator("#title").fill("How do I weed a collection?")
    page.locator("#body_text").fill("We have no more room.")
    page.get_by_label("Area 1").select_option(label="Weeding, storage and space")
    with page.expect_navigation(url="**/proposals/0*"):
        page.get_by_role("button", name="Publish").press("Enter")
    assert page.locator("h1").inner_text() == "How do I weed a collection?"
    assert "It is published." in page.locator("[role=status]").inner_text()


def test_no_page_breaks_its_own_rules_about_content(new_page: NewPage, running: Running) -> None:
    page = new_page(member="ines")
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: refused.append(dialog.message))
    for _, _, path_of in ALL:
        page.goto(path_of(running))
    assert [text for text in refused if "404" not in text] == []


def test_headings_go_down_one_step_at_a_time(new_page: NewPage, running: Running) -> None:
    page = new_page(member="ines")
    for _, name, path_of in ALL:
        page.goto(path_of(running))
        levels = page.eval_on_selector_all("h1,h2,h3,h4", "all => all.map(h => Number(h.tagName[1]))")
        assert levels[0] == 1 or name == "an own offer", (name, levels)
        assert all(after - before <= 1 for before, after in pairwise(levels)), (name, levels)


def test_pages_reflow_at_four_times_the_size(new_page: NewPage, running: Running) -> None:
    page = new_page(width=320, member="ines")
    too_wide: list[str] = []
    for _, name, path_of in ALL:
        page.goto(path_of(running))
        if widest(page) > 0:
            too_wide.append(f"{name}: {widest(page)} px")
    assert too_wide == []


def test_the_queue_has_one_line_per_row_or_a_card_without_sideways_scrolling(
    new_page: NewPage, running: Running
) -> None:
    for width, tallest in ((1280, 70), (360, 400)):
        page = new_page(width=width, member="ines")
        page.goto("/admin/queue")
        heights = page.eval_on_selector_all(".rows tbody tr", "all => all.map(row => row.offsetHeight)")
        assert heights, "nothing is waiting, so nothing is tested"
        assert max(heights) <= tallest, (width, heights)
        assert page.eval_on_selector(".scroll", "box => box.scrollWidth - box.clientWidth") == 0, width
