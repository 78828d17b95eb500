"""Lists for other web sites: what may stand in a frame, what the script asks, and what is copied."""

import re
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from libline_fed.api.operations import check
from libline_fed.api.parameters import LISTS
from libline_fed.web.embed import SCRIPT_PATH
from libline_fed.web.security_headers import CONTENT_SECURITY_POLICY, FRAMED_POLICY
from libline_fed.web.session import FRAMED_PATHS
from tests.support.pages import BASE_URL, DRAFT, Page, PagesWorld

HOSTILE = '"></a><script>alert(1)</script>'


async def test_only_the_framed_lists_may_stand_in_a_frame(world: PagesWorld) -> None:
    browser = world.browser()
    for path in sorted(FRAMED_PATHS):
        headers = (await browser.raw_get(path)).headers
        assert headers["content-security-policy"] == FRAMED_POLICY
        assert "x-frame-options" not in headers
        assert headers["x-content-type-options"] == "nosniff"
    for path in (
        "/embed",
        SCRIPT_PATH,
        "/mentors",
        "/login",
        "/embed/mentors/",
        "/embed/other",
        "/embed/mentors?x",
    ):
        response = await browser.raw_get(path)
        if urlsplit(path).path not in FRAMED_PATHS:
            assert response.headers["content-security-policy"] == CONTENT_SECURITY_POLICY, path
            assert response.headers["x-frame-options"] == "DENY", path
    refused = await browser.post("/embed/mentors", {"x": "y"})
    assert refused.status_code == 403
    assert refused.headers["x-frame-options"] == "DENY"


async def test_a_framed_list_knows_nobody_and_has_nothing_to_press(world: PagesWorld) -> None:
    ana = await world.add_member("ana")
    offer = await world.publish(ana.actor, replace(DRAFT, title=HOSTILE))
    await world.publish(ana.actor, replace(DRAFT, title="Hidden", audience="instance"))
    browser = await world.member_browser("ana")
    page = await browser.get("/embed/mentors?area=A0301&lang=fr")
    assert (
        page.response.content == (await world.browser().raw_get("/embed/mentors?area=A0301&lang=fr")).content
    )
    assert page.forms == []
    assert not [tag for tag, _ in page.elements if tag in {"script", "img", "form", "button", "iframe"}]
    assert "Hidden" not in page.text
    assert HOSTILE in page.text
    assert [(link["href"], link["target"]) for link in page.links] == [
        (f"{BASE_URL}/proposals/{offer.id}", "_top"),
        (f"{BASE_URL}/mentors?area=A0301", "_top"),
    ]
    assert dict(page.elements)["html"]["lang"] == "fr"
    assert "set-cookie" not in page.response.headers
    assert page.response.headers["cache-control"] == "public, max-age=300"
    assert "ookie" not in page.response.headers["vary"]
    empty = await browser.get("/embed/requests")
    assert "Nothing is open now." in empty.text
    await world.publish(ana.actor, replace(DRAFT, title="Second"))
    assert len((await browser.get("/embed/mentors?limit=1")).links) == 2
    assert len((await browser.get("/embed/mentors?limit=99&page=x&sort=nonsense")).links) == 3


async def test_the_script_is_small_and_does_one_thing(world: PagesWorld) -> None:
    response = await world.browser().raw_get(SCRIPT_PATH)
    assert response.headers["content-type"].startswith("text/javascript")
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"
    assert response.headers["cache-control"] == "public, max-age=300"
    source = response.text
    assert len(source.encode()) <= 2_000
    for forbidden in ("innerHTML", "outerHTML", "document.write", "eval", "cookie", "Storage", "sendBeacon",
                      "insertAdjacentHTML", "navigator", "import("):  # fmt: skip
        assert forbidden not in source.replace("without cookies", ""), forbidden
    assert source.count("fetch(") == 1
    assert 'credentials: "omit"' in source


def copied(page: Page) -> list[str]:
    """Return what the text fields of the page have to copy."""
    return re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", page.response.text, re.DOTALL)


async def test_the_page_writes_what_is_copied_for_a_search(world: PagesWorld) -> None:
    query = "list=requests&area=A0301&language=fr&text=%22%3E%3Cscript%3E&overlap=3&sort=match&limit=3"
    for tag in ("en", "es", "fr", "ar"):
        page = await world.browser(language=tag).get(f"/embed?{query}")
        assert page.response.status_code == 200
        assert "<script>" not in page.response.text
        link_code, frame_code = (text.replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"')
                                 .replace("&amp;", "&") for text in copied(page))  # fmt: skip
        assert link_code.count("<script") == link_code.count("</script>") == 1
        assert f'src="{BASE_URL}{SCRIPT_PATH}"' in link_code
        assert f'lang="{tag}"' in link_code
        assert f'dir="{"rtl" if tag == "ar" else "ltr"}"' in link_code
        href = re.findall(r'href="([^"]*)"', link_code)[0].replace("&amp;", "&")
        assert urlsplit(href).path == "/requests"
        asked = [*parse_qsl(urlsplit(href).query), ("limit", "3")]
        assert ("text", '"><script>') in asked
        check(asked, LISTS)  # the script asks with the same parameters, and is not refused
        source = re.findall(r'src="([^"]*)"', frame_code)[0].replace("&amp;", "&").removeprefix(BASE_URL)
        framed = await world.browser().get(source)
        assert framed.response.headers["content-security-policy"] == FRAMED_POLICY
        assert dict(framed.elements)["html"]["lang"] == tag
    kept = "list=mentors&area=A0301&area=A0302&language=fr&text=a&goal=G01&free=1&sort=soonest&limit=5"
    browser = world.browser()
    page = await browser.get(f"/embed?{kept}")
    again = await browser.get(f"/embed?{urlencode(page.form('/embed').values)}")
    assert copied(again) == copied(page)  # the form loses nothing that it does not show
    plain = await world.browser().get("/embed?limit=zero&list=nothing")
    assert 'data-libline="5"'.replace('"', "&#34;") in copied(plain)[0]
    assert f"{BASE_URL}/mentors" in copied(plain)[0]
