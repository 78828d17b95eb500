"""Whatever is sent to the pages: a page comes back, what was written is kept, nothing breaks."""

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libline_fed.web.addresses import local_path
from libline_fed.web.bodies import parse_fields
from libline_fed.web.clients import Networks, client_address
from libline_fed.web.csrf import mask, matches
from libline_fed.web.filters import shown_host
from libline_fed.web.interactions import fill_template
from tests.support.pages import BASE_URL, PASSWORD, Browser, Page, PagesWorld

ODD = [
    "",
    "\0",
    "'; DROP TABLE actors;--",
    "{{7*7}}",
    "%",
    "\ud800",
    "x" * 60_000,
    "<script>alert(1)</script>",
    "\u202e",
    "💥" * 500,
]


async def token_of(world: PagesWorld, browser: Browser, path: str) -> str:
    return dict((await browser.get(path)).forms[-1].values)["csrf"]


@pytest.mark.parametrize("odd", ODD)
async def test_odd_text_in_any_field_gets_the_page_again(world: PagesWorld, odd: str) -> None:
    await world.add_member("ana")
    browser = await world.member_browser("ana")
    encoded = odd.encode("utf-8", "surrogatepass").decode("latin-1")
    for path, names in {
        "/proposals/new": [
            "title",
            "body_text",
            "areas",
            "languages",
            "more_languages",
            "modes",
            "places_count",
            "open_until_on",
            "language",
            "audience",
            "area_levels",
            "language_levels",
            "goals",
            "formats",
            "frequency",
            "months",
            "answer_days",
            "stage",
            "types_wished",
            "styles",
            "not_help_text",
            "form_token",
        ],
        "/settings": ["name", "summary_text", "languages", "more_languages", "field_name_1", "field_value_1",
                      "type", "stage", "tracks", "institution", "country", "facts_shown"],
        "/settings/time": ["zone", "free", "from-0-morning", "until-0-morning", "target_count"],
        "/settings/language": ["language"],
        "/settings/password": ["old_password", "new_password"],
        "/search": ["q"],
        "/authorize_interaction": ["uri"],
    }.items():
        token = await token_of(world, browser, "/search")
        body = "&".join(
            [
                f"csrf={token}",
                "purpose=offer",
                *(f"{name}={quote(encoded, encoding='latin-1')}" for name in names[:1]),
            ]
        )
        response = await browser.client.post(
            path,
            content=body,
            headers={
                "content-type": "application/x-www-form-urlencoded",
                "sec-fetch-site": "same-origin",
            },
        )
        assert response.status_code in {200, 303, 413, 422}, (path, response.status_code)
        for name in names:
            response = await browser.post(
                path, {"csrf": token, "purpose": "offer", name: odd.replace("\ud800", "?")[:9_000]}
            )
            assert response.status_code in {200, 303, 422, 429}, (path, name, response.status_code)


@pytest.mark.parametrize(
    "odd", [*ODD[:6], "../../etc/passwd", "a" * 3_000, "%00", "%ff%fe", "١٢٣", "-1", "1e9"]
)
async def test_odd_text_in_addresses_never_breaks_a_page(world: PagesWorld, odd: str) -> None:
    browser = world.browser()
    part = quote(odd.replace("\ud800", "?"), safe="%")
    for path in (
        f"/mentors?text={part}&area={part}&language={part}&page={part}",
        f"/@{part}",
        f"/people/{part}",
        f"/tags/{part}",
        f"/proposals/{part}",
        f"/actors/{part}",
        f"/confirm/{part}",
        f"/reset/{part}",
        f"/invitations/{part}",
        f"/first-run/{part}",
        f"/interact?uri={part}",
        f"/login?next={part}",
        f"/mentors?lang={part}",
        f"/{part}",
        f"/posts/{part}",
    ):
        response = await browser.raw_get(path)
        assert response.status_code in {200, 302, 303, 308, 404}, (path, response.status_code)
        assert "49" not in response.headers.get("location", "")


async def test_a_body_that_is_too_large_or_not_a_form_is_refused(world: PagesWorld) -> None:
    browser = world.browser()
    form = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    large = await browser.client.post("/login", content=b"a=" + b"x" * 70_000, headers=form)
    assert large.status_code == 413
    many = await browser.client.post("/login", content=b"&".join(b"a=1" for _ in range(201)), headers=form)
    assert many.status_code == 413
    other = await browser.client.post("/login", json={"a": 1}, headers={"sec-fetch-site": "same-origin"})
    assert other.status_code == 415
    assert "Nothing was saved." in other.text


async def test_text_survives_when_the_session_has_ended(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = await world.member_browser("ana")
    page = await browser.get("/proposals/new?purpose=offer")
    written = "I can help with authority control, an hour a week."
    values = dict(page.form("/proposals/new").values) | {
        "title": "Authority control",
        "body_text": written,
        "areas": "A0303",
        "languages": "en",
    }
    world.clock.advance(days=31)
    expired = await browser.post("/proposals/new", values)
    assert expired.status_code == 403
    assert written in expired.text
    assert "You are not logged in any more" in expired.text
    await browser.log_in("ana")
    again = await browser.submit(Page(expired), "/proposals/new")  # the old page's button: one more refusal
    assert again.response.status_code == 403
    done = await browser.submit(again, "/proposals/new")
    assert done.headings == ["Authority control"]
    assert written in done.text


async def test_a_resend_is_never_offered_to_a_foreign_page_nor_for_passwords(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = await world.member_browser("ana")
    unknown = await browser.client.post(
        "/proposals/new", data={"title": "x" * 60}
    )  # says nothing of its origin
    assert unknown.status_code == 403
    assert "Send again" not in unknown.text
    secret = await browser.post(
        "/settings/password", {"old_password": PASSWORD, "new_password": "another long one"}
    )
    assert secret.status_code == 403
    assert "Send again" not in secret.text
    assert PASSWORD not in secret.text


@pytest.mark.parametrize(
    "path", ["/nothing", "/.env", "/proposals/01890000-0000-7000-8000-000000000000", "//evil.example/"]
)
async def test_what_is_not_here_gets_a_helpful_page(world: PagesWorld, path: str) -> None:
    response = await world.browser().raw_get(BASE_URL + path if path.startswith("//") else path)
    assert response.status_code == 404
    assert "There is nothing here" in response.text


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_a_local_path_is_never_another_host(text: str) -> None:
    path = local_path(text)
    assert path.startswith("/")
    assert path[1:2] not in {"/", "\\"}
    assert "\\" not in path
    assert path.isascii()


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_become_clean_fields(raw: bytes) -> None:
    for name, value in parse_fields(raw).multi_items():
        assert "\0" not in name + value
        (name + value).encode()


def test_a_form_token_never_looks_the_same_twice_and_fits_only_itself() -> None:
    first, second = mask("token"), mask("token")
    assert first != second
    assert matches(first, "token")
    assert matches(second, "token")
    assert not matches(first, "other")
    for bad in ("", "x", first[:-1], "é" * 80, first + "AAAA"):
        assert not matches(bad, "token")


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("library.example", "library.example"),
        ("xn--80ak6aa92e.example", "xn--80ak6aa92e.example"),  # Cyrillic letters that look like apple
        ("xn--mgbh0fb.xn--kgbechtv", "مثال.إختبار"),
        ("xn--caf-dma.example:8443", "café.example:8443"),
        ("xn--", "xn--"),
    ],
)
def test_hosts_are_shown_so_that_none_can_imitate_another(host: str, shown: str) -> None:
    assert shown_host(host) == shown


@pytest.mark.parametrize(
    ("template", "target"),
    [
        (
            "https://m.example/authorize_interaction?uri={uri}",
            "https://m.example/authorize_interaction?uri=https%3A%2F%2Flib.example%2Factors%2F1",
        ),
        (
            "https://social.m.example/i?o={object}",
            "https://social.m.example/i?o=https%3A%2F%2Flib.example%2Factors%2F1",
        ),
        ("http://m.example/?uri={uri}", None),
        ("https://evil.example/?uri={uri}", None),
        ("https://m.example.evil.example/?uri={uri}", None),
        ("https://evilm.example/?uri={uri}", None),
        ("https://user@m.example/?uri={uri}", None),
        ("https://m.example/?a={uri}&b={uri}", None),
        ("https://m.example/", None),
        ("javascript:alert('{uri}')", None),
        ("https://example/?uri={uri}", None),
    ],
)
def test_people_are_led_only_to_the_server_they_named(template: str, target: str | None) -> None:
    filled = fill_template(
        template, handle="@ana@m.example", uri="https://lib.example/actors/1", is_http_allowed=False
    )
    assert filled == target


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "client"),
    [
        ("192.0.2.1", "198.51.100.9", (), "192.0.2.1"),
        ("10.0.0.1", "198.51.100.9", ("10.0.0.0/8",), "198.51.100.9"),
        ("10.0.0.1", "203.0.113.5, 198.51.100.9, 10.0.0.7", ("10.0.0.0/8",), "198.51.100.9"),
        ("10.0.0.1", "nonsense", ("10.0.0.0/8",), "unknown"),
        ("2001:db8:1:2:3::4", "", (), "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.3", "", (), "192.0.2.3"),
    ],
)
def test_forwarded_addresses_count_only_from_trusted_proxies(
    peer: str, forwarded: str, trusted: tuple[str, ...], client: str
) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    assert client_address({"client": (peer, 1), "headers": headers}, Networks(trusted)) == client
