"""Who may use which route, and what no route ever does: generated from the list of all routes."""

import re
from pathlib import Path

import pytest
from sqlalchemy import func, select
from starlette.routing import Route

from libline_fed.domain.accounts import Role
from libline_fed.ids import new_id
from libline_fed.storage.tables import metadata
from libline_fed.web.pages import Access, GuardedRoute
from libline_fed.web.security_headers import CONTENT_SECURITY_POLICY
from libline_fed.web.site import routes
from tests.support.pages import BASE_URL, DRAFT, PagesWorld

OPEN_TO_VISITORS = {
    "/",
    "/primer",
    "/about",
    "/about/matching",
    "/about/matching.json",
    "/mentors",
    "/requests",
    "/tags/{name}",
    "/topics",
    "/topics/{area}",
    "/saved-searches/stop/{token}",
    "/proposals/{id}",
    "/contexts/{id}",
    "/@{handle}",
    "/people",
    "/people/{id}",
    "/consortia",
    "/consortia/{id}",
    "/groups/{handle}",
    "/cohorts/{id}",
    "/embed",
    "/embed/mentors",
    "/embed/requests",
    "/embed/mentors.js",
    "/actors/{id}",
    "/posts/{id}",
    "/interact",
    "/login",
    "/logout",
    "/guest/sign-in",
    "/guest/return/{host}",
    "/sign-up",
    "/sign-up/sent",
    "/invitations/{token}",
    "/confirm/{token}",
    "/reset",
    "/reset/sent",
    "/reset/{token}",
    "/first-run/{token}",
    "/vocabulary",
    "/vocabulary.json",
    "/vocabulary.jsonld",
    "/vocabulary.ttl",
    "/records/{id}/{token}",
    "/calendar/{token}.ics",
    "/thanks/{id}",
    "/groups/{handle}/blocked-domains.json",
    "/groups/{handle}/blocked-domains.csv",
    "/records/{id}/{token}/file",
}
FOR_MODERATORS = {"/admin", "/admin/members", "/admin/members/{id}/{action}", "/admin/invitations"}
FOR_COORDINATORS = {
    "/coordination",
    "/coordination/needs.svg",
    "/coordination/report",
    "/coordination/report.csv",
    "/coordination/report/{part}.svg",
    "/coordination/find",
    "/coordination/find/{id}",
    "/admin/consortia",
    "/admin/consortia/join",
    "/admin/consortia/new",
    "/admin/consortia/{id}",
    "/admin/consortia/{id}/edit",
    "/admin/consortia/{id}/invite",
    "/admin/consortia/{id}/close",
    "/admin/consortia/{id}/answer/{action}",
    "/admin/consortia/{id}/servers/{server}/{action}",
    "/admin/consortia/{id}/coordinators",
    "/admin/consortia/{id}/coordinators/{account}/remove",
    "/admin/consortia/{id}/proposals/{action}",
    "/admin/consortia/{id}/cohorts",
    "/admin/cohorts/{id}",
    "/admin/cohorts/{id}/delete",
}
FOR_ADMINS = {
    "/admin/links",
    "/admin/links/ask",
    "/admin/links/{id}/{action}",
    "/admin/peers",
    "/admin/queue",
    "/admin/queue/{number}/{action}",
    "/admin/inbox",
    "/admin/inbox/{number}/replay",
    "/admin/peers/import",
    "/admin/peers/import/take",
    "/admin/peers/export.csv",
    "/admin/trust",
    "/admin/trust/{id}",
    *(f"/admin/trust/{{id}}/{path}" for path in ("trusted", "automatic", "read", "advice/{action}")),
    "/admin/vocabulary",
    "/admin/vocabulary/{term}/remove",
}
STEPS = (
    "request",
    "question",
    "accept",
    "decline",
    "counter",
    "withdraw",
    "again",
    "tell-me",
    "agreement",
    "terms",
    "confirm",
    "leave",
    "keep",
    "pause",
    "resume",
    "extend",
    "complete",
    "object",
    "revive",
    "end",
    "block",
    "unblock",
)
TOGETHER = (
    "messages",
    "messages/read",
    "messages/{item}/edit",
    "messages/{item}/delete",
    "goals",
    "goals/new",
    "goals/{item}/edit",
    "goals/{item}/delete",
    "goals/{item}/steps/{step}",
    "goals/{item}/{action}",
    "meetings",
    "meetings/new",
    "meetings/{item}.ics",
    "meetings/{item}/change",
    "meetings/{item}/cancel",
    "meetings/{item}/choose",
    "log",
    "log/{item}/edit",
    "log/{item}/delete",
    "feedback",
    "feedback/thanks",
    "feedback/thanks/answer",
    "feedback/thanks/withdraw",
)
FOR_PEOPLE = {
    "/hours",
    *(f"/mentorships/{{id}}/{path}" for path in TOGETHER),
    "/matches",
    "/matches/numbers",
    "/guest",  # members and guests
    "/records",
    "/records/{id}",
    "/records/{id}/file",
    "/records/{id}/share",
    "/records/{id}/unshare",
    "/mentorships/{id}/record",
    "/mentorships/{id}/move",
    "/ask/{id}",
    "/requests-sent",
    "/requests-received",
    "/mentorships",
    "/mentorships/{id}",
    *(f"/mentorships/{{id}}/{step}" for step in STEPS),
}
FOR_MEMBERS = {
    "/proposals/new",
    "/my-proposals",
    "/proposals/{id}/edit",
    "/proposals/{id}/delete",
    "/proposals/{id}/{action}",
    "/timeline",
    "/notifications",
    "/notifications/read",
    "/people/{id}/follow",
    "/people/{id}/unfollow",
    "/followers",
    "/following",
    "/followers/{id}/accept",
    "/followers/{id}/reject",
    "/search",
    "/authorize_interaction",
    "/admin/consortia/{handle}/advice",
    "/admin/consortia/{handle}/advice/remove",
    "/saved-searches",
    "/saved-searches/new",
    "/saved-searches/{id}",
    "/saved-searches/{id}/feed",
    "/saved-searches/{id}/delete",
    "/settings",
    "/settings/language",
    "/settings/password",
    "/settings/delete",
    "/settings/data",
    "/settings/calendar",
    "/settings/calendar/end",
    "/settings/time",
    "/settings/holidays",
    "/settings/holidays/{id}/remove",
    "/my-proposals/pause",
    "/my-proposals/resume",
    "/exports/{id}",
    "/settings/move",
    "/settings/move/aliases",
    "/settings/move/aliases/remove",
    "/settings/import",
    "/settings/import/take",
    "/brought",
    "/brought/{id}",
    "/brought/{id}/remove",
    "/suggestions",
    "/suggestions/wish",
    "/suggestions/{id}/dismiss",
}


def path_of(route: Route, now: object) -> str:
    path = re.sub(r"\{id\}", new_id(now), route.path)  # type: ignore[arg-type]
    path = re.sub(r"\{handle\}", "nobody", path).replace("{number}", "1").replace("{token}", "none")
    return re.sub(r"\{\w+(:\w+)?\}", "close", path)


def guarded(world: PagesWorld) -> list[GuardedRoute]:
    return [route for route in routes(world.context) if isinstance(route, GuardedRoute)]


async def snapshot(world: PagesWorld) -> dict[str, int]:
    """Count every table but those that only count tries."""
    tables = [table for table in metadata.sorted_tables if table.name != "rate_windows"]
    return {
        table.name: await world.store.read(lambda tx, t=table: tx.scalar(select(func.count()).select_from(t)))
        for table in tables
    }


def test_every_route_names_who_may_use_it(world: PagesWorld) -> None:
    declared: dict[Access, set[str]] = {access: set() for access in Access}
    for route in guarded(world):
        declared[route.access].add(re.sub(r":\w+", "", route.path))
    assert declared == {
        Access.EVERYONE: OPEN_TO_VISITORS,
        Access.PERSON: FOR_PEOPLE,
        Access.MEMBER: FOR_MEMBERS,
        Access.COORDINATOR: FOR_COORDINATORS,
        Access.MODERATOR: FOR_MODERATORS,
        Access.ADMIN: FOR_ADMINS,
    }
    unguarded = {route.path for route in routes(world.context) if not isinstance(route, GuardedRoute)}  # type: ignore[attr-defined]
    assert unguarded == {"/static/{digest}/{name}", "/robots.txt", "/{rest:path}"}


async def test_routes_keep_out_who_may_not_use_them(world: PagesWorld) -> None:
    await world.add_member("ana")
    await world.add_member("coco", Role.COORDINATOR)
    await world.add_member("mod", Role.MODERATOR)
    browsers = {
        "visitor": world.browser(),
        "guest": await world.guest_browser(),
        "member": await world.member_browser("ana"),
        "coordinator": await world.member_browser("coco"),
        "moderator": await world.member_browser("mod"),
    }
    tokens = {}
    for role, browser in browsers.items():
        page = await browser.get("/login" if role == "visitor" else "/")
        tokens[role] = dict(page.forms[0].values)["csrf"]
    before = await snapshot(world)
    for route in guarded(world):
        path = path_of(route, world.clock.now())
        for role, browser in browsers.items():
            if "GET" in (route.methods or ()):
                response = await browser.raw_get(path)
            else:
                response = await browser.post(path, {"csrf": tokens[role]})
            if route.access is not Access.EVERYONE and role == "visitor":
                assert response.status_code == 303, (path, role)
                assert response.headers["location"].startswith("/login?next=%2F") or response.headers[
                    "location"
                ].startswith("/login?next=/"), path
            if role == "guest" and route.access is Access.MEMBER:
                assert response.status_code == 403, path
            outside = {
                Access.ADMIN: {"member", "guest", "coordinator", "moderator"},
                Access.MODERATOR: {"member", "guest", "coordinator"},
                Access.COORDINATOR: {"member", "guest"},
            }.get(route.access, set())
            if role in outside:
                assert response.status_code == 404, (path, role)
            assert response.status_code < 500, (path, role)
    after = await snapshot(world)
    assert after == {**before, "notifications": after["notifications"]}


@pytest.mark.parametrize(
    "how", ["no token", "another's token", "cross-site", "same-site", "foreign origin", "no cookie"]
)
async def test_no_change_gets_in_that_did_not_come_from_our_own_form(world: PagesWorld, how: str) -> None:
    await world.add_member("ana", Role.ADMIN)
    await world.add_member("ben", Role.ADMIN)
    ana, ben = await world.member_browser("ana"), await world.member_browser("ben")
    token = dict((await ana.get("/")).form("/logout").values)["csrf"]
    headers = {}
    if how == "no token":
        token = ""
    elif how == "another's token":
        token = dict((await ben.get("/")).form("/logout").values)["csrf"]
    elif how in {"cross-site", "same-site"}:
        headers = {"sec-fetch-site": how}
    elif how == "foreign origin":
        headers = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    elif how == "no cookie":
        ana = world.browser()
    before = await snapshot(world)
    for route in guarded(world):
        if "POST" in (route.methods or ()):
            response = await ana.post(path_of(route, world.clock.now()), {"csrf": token}, headers=headers)
            assert response.status_code == 403, route.path
    assert await snapshot(world) == before


async def test_an_origin_alone_is_enough_to_refuse(world: PagesWorld) -> None:
    browser = world.browser()
    values = dict((await browser.get("/login")).form("/login").values)
    for origin, status in (("https://evil.example", 403), ("null", 403), (BASE_URL, 422)):
        response = await browser.client.post("/login", data=values, headers={"origin": origin})
        assert response.status_code == status, origin


async def test_reading_never_writes(world: PagesWorld) -> None:
    member = await world.add_member("ana", Role.ADMIN)
    proposal = await world.publish(member.actor, DRAFT)
    browser = await world.member_browser("ana")
    before = await snapshot(world)
    for route in guarded(world):
        if "GET" in (route.methods or ()):
            path = path_of(route, world.clock.now())
            await browser.raw_get(
                path.replace("/proposals/" + path.split("/")[2], f"/proposals/{proposal.id}")
                if path.startswith("/proposals/0")
                else path
            )
    assert await snapshot(world) == before


async def test_every_answer_carries_the_security_headers(world: PagesWorld) -> None:
    browser = world.browser()
    stylesheet = world.context.static.url("libline.css")
    for path in (
        "/",
        "/mentors",
        "/nothing",
        "/settings",
        "/proposals/x",
        "/robots.txt",
        stylesheet,
        "/static/0/x",
    ):
        headers = (await browser.raw_get(path)).headers
        assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY, path
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["strict-transport-security"].startswith("max-age=")
    refused = await browser.post("/login", {}, headers={"sec-fetch-site": "cross-site"})
    assert refused.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


async def test_pages_of_a_member_stay_out_of_every_cache(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = await world.member_browser("ana")
    for path in ("/", "/mentors", "/settings", "/@ana", "/nothing"):
        assert (await browser.raw_get(path)).headers["cache-control"] == "no-store", path
    visitor = await world.browser().raw_get("/mentors")
    assert visitor.headers["cache-control"] == "private, no-cache"
    assert "Cookie" in visitor.headers["vary"]
    assert "set-cookie" not in visitor.headers


async def test_files_are_kept_for_good_by_their_content(world: PagesWorld) -> None:
    response = await world.browser().raw_get(world.context.static.url("libline.css"))
    assert "immutable" in response.headers["cache-control"]
    assert world.context.static.size_bytes("libline.css") <= 8_000


def test_stored_html_becomes_markup_in_one_place_only() -> None:
    root = Path(__file__).parent.parent.parent
    for template in (root / "templates").rglob("*.html"):
        source = template.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe\b|autoescape|<script|<style|\sstyle=|\son\w+=", source), template
    makers = {
        path.name
        for path in (root / "libline_fed").rglob("*.py")
        if re.search(r"\bMarkup\(", path.read_text(encoding="utf-8"))
    }
    assert makers == {"filters.py"}
    source = (root / "libline_fed" / "web" / "filters.py").read_text(encoding="utf-8")
    fixed = [made for made in re.findall(r"\bMarkup\((.*?)\)", source) if not made.startswith(("'", '"'))]
    assert fixed == ["sanitize_html(html"]
