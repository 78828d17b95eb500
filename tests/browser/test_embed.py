"""The list on a library's own web site, in Chromium: another origin, a script, a frame, and failures."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route
from starlette.routing import Router

from libline_fed.api.context import ApiContext
from libline_fed.api.routes import api_routes
from libline_fed.web.clients import client_address
from tests.browser.serving import serving
from tests.support.pages import DRAFT, PagesWorld

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
HOSTILE = '<img src=x onerror="document.title=1">'


@dataclass
class Sites:
    """The server of the mentors, and the web site of a library; what that shows is set by the tests."""

    url: str
    site_url: str
    html: list[str]


async def _populate(world: PagesWorld, url: str) -> str:
    ana = await world.add_member("ana")
    for title in ("Older", HOSTILE, "فهرسة"):
        language = "ar" if title == "فهرسة" else "en"
        await world.publish(ana.actor, replace(DRAFT, title=title, language=language))
    await world.publish(ana.actor, replace(DRAFT, title="Elsewhere", areas=("A0302",)))
    await world.publish(ana.actor, replace(DRAFT, title="Hidden", audience="instance"))
    context = ApiContext(
        world.store, world.site, world.clock, lambda scope: client_address(scope, world.context.proxies)
    )
    world.app = Router(api_routes(context), redirect_slashes=False, default=world.app)
    return url


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """Both sites, on two ports: to a browser two origins."""
    html: list[str] = [""]

    class Library(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(html[0].encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    path: Path = tmp_path_factory.mktemp("embed") / "libline.sqlite3"
    with serving(path, _populate) as url, ThreadingHTTPServer(("127.0.0.1", 0), Library) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Sites(url, f"http://localhost:{server.server_port}", html)
        server.shutdown()
        thread.join(10)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a browser that has been nowhere."""
    context = chromium.new_context(viewport={"width": 800, "height": 600})
    yield context.new_page()
    context.close()


def snippet(page: Page, sites: Sites, query: str, which: int = 0) -> str:
    """Return what `/embed` says to copy."""
    page.goto(f"{sites.url}/embed?{query}")
    return page.locator("textarea").nth(which).input_value()


def show(page: Page, sites: Sites, html: str) -> list[str]:
    """Open a page of the library and return the requests that went out to the other server."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sites.html[0] = f"<!doctype html><title>Library</title><body>{html}"
    page.goto(sites.site_url, wait_until="networkidle")
    return [url.removeprefix(sites.url) for url in asked if url.startswith(sites.url)]


def test_a_copied_link_becomes_a_list_in_the_style_of_the_page(page: Page, sites: Sites) -> None:
    asked = show(page, sites, snippet(page, sites, "area=A0301&limit=3"))
    assert asked == ["/embed/mentors.js", "/api/v1/mentors?area=A0301&limit=3"]
    assert page.locator("li a").all_inner_texts() == ["فهرسة", HOSTILE, "Older"]
    assert page.locator("li").first.get_attribute("lang") == "ar"
    assert page.locator("li").first.inner_text().startswith("فهرسة · ana · ")
    assert page.locator("li a").first.get_attribute("href").startswith(f"{sites.url}/proposals/")  # type: ignore[union-attr]
    assert page.locator("div > a").get_attribute("href") == f"{sites.url}/mentors?area=A0301"
    assert page.title() == "Library"
    assert page.locator("img").count() == 0
    assert page.context.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


@pytest.mark.parametrize("how", ["500", "no answer", "nonsense", "hostile addresses"])
def test_when_anything_fails_the_plain_link_stays(page: Page, sites: Sites, how: str) -> None:
    html = snippet(page, sites, "area=A0301")

    def answer(route: Route) -> None:
        item = '{"url": "javascript:alert(1)", "title": "x", "author": {"name": ""}, "areas": []}'
        match how:
            case "500":
                route.fulfill(status=500)
            case "no answer":
                route.abort()
            case "nonsense":
                route.fulfill(body='{"items": 3}', headers={"access-control-allow-origin": "*"})
            case _:
                route.fulfill(body=f'{{"items": [{item}]}}', headers={"access-control-allow-origin": "*"})

    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route("**/api/v1/**", answer)
    show(page, sites, html)
    assert page.locator("li").count() == 0
    assert page.locator("div > a").count() == 1
    assert errors == []


def test_a_frame_shows_the_list_and_a_page_of_the_server_does_not_appear(page: Page, sites: Sites) -> None:
    show(page, sites, snippet(page, sites, "area=A0301&limit=2", which=1))
    frame = page.frame_locator("iframe")
    assert frame.locator("li a").all_inner_texts() == ["فهرسة", HOSTILE]
    assert frame.locator("body").evaluate("getComputedStyle(document.body).fontFamily")
    frame.locator("li a").first.click()
    page.wait_for_url(f"{sites.url}/proposals/*")  # in the whole window
    show(page, sites, f'<iframe src="{sites.url}/mentors"></iframe>')
    assert "Mentors" not in page.frame_locator("iframe").locator("body").inner_text()
