"""Signing in with an account of another server, as a person does it; and what a guest may see."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from sqlalchemy import func, select

from libline_fed.clock import FrozenClock
from libline_fed.config import Federation
from libline_fed.domain.actors import Actor
from libline_fed.domain.guests import Problem
from libline_fed.services import peers, remote_actors, requests
from libline_fed.storage import mentorships
from libline_fed.storage.member_tables import oauth_attempts
from libline_fed.storage.store import Store
from libline_fed.storage.tables import sessions
from libline_fed.web.guests import FAILURES
from tests.support.pages import DRAFT, Browser, Page, PagesWorld, come_back, pages_world

RETURN = "/guest/return/m.example"


async def meet(world: PagesWorld, handle: str = "carla", host: str = "m.example") -> Actor:
    """Put somebody on another server."""
    actor = await world.add_remote(handle, host)
    world.homes.people[f"{handle}@{host}"] = actor
    return actor


async def leave(browser: Browser, *, next_path: str = "") -> Page:
    """Write an address and get to the page that names the server."""
    query = f"?{urlencode({'next': next_path})}" if next_path else ""
    page = await browser.fill(f"/guest/sign-in{query}", "/guest/sign-in", handle="@carla@m.example")
    assert page.response.status_code == 200, page.text
    return page


def link_of(page: Page) -> str:
    """Return the link to the other server."""
    return next(link["href"] for link in page.links if "/oauth/authorize?" in link.get("href", ""))


def state_in(page: Page) -> str:
    """Return the state that a page sends along to the other server."""
    return dict(parse_qsl(urlsplit(link_of(page)).query))["state"]


async def sessions_count(world: PagesWorld) -> int:
    """Count the sessions of guests."""
    asked = select(func.count()).select_from(sessions).where(sessions.c.guest_actor_id.is_not(None))
    return int(await world.store.read(lambda tx: tx.scalar(asked)))


async def attempts_count(world: PagesWorld) -> int:
    """Count the sign-ins under way."""
    return len(await world.store.read(lambda tx: tx.all(select(oauth_attempts))))


async def test_somebody_signs_in_from_an_offer_and_is_back_there(world: PagesWorld) -> None:
    ana = await world.add_member("ana")
    offer = await world.publish(ana.actor, DRAFT)
    carla = await meet(world)
    browser = world.browser()
    page = await browser.get(f"/proposals/{offer.id}")
    assert "Ask from my Mastodon account" in page.text
    way = next(link["href"] for link in page.links if link["href"].startswith("/guest/sign-in"))
    asking = await browser.get(way)
    leaving = await browser.submit(asking, "/guest/sign-in", handle="carla@m.example")
    assert "m.example" in leaving.text
    assert "@carla@m.example" in leaving.text
    link = next(link for link in leaving.links if "/oauth/authorize?" in link["href"])
    assert link["href"].startswith("https://m.example/oauth/authorize?")
    assert "noreferrer" in link["rel"]
    home = await come_back(world, browser, leaving, carla)
    assert urlsplit(str(home.response.url)).path == f"/proposals/{offer.id}"
    assert "You are signed in as a guest." in home.text
    assert "Log out" in home.text
    assert "Ask from my Mastodon account" not in home.text


async def test_the_ways_of_an_offer_lead_to_both_doors(world: PagesWorld) -> None:
    ana = await world.add_member("ana")
    offer = await world.publish(ana.actor, DRAFT)
    page = await world.browser().get(f"/proposals/{offer.id}")
    hrefs = [link["href"] for link in page.links]
    assert f"/interact?{urlencode({'uri': offer.uri}, safe='/')}" in hrefs
    assert f"/guest/sign-in?next=/proposals/{offer.id}" in hrefs
    member = await (await world.member_browser("ana")).get(f"/proposals/{offer.id}")
    assert "Mastodon" not in member.text


async def test_the_login_page_shows_the_way_and_keeps_where_one_wanted_to_go(world: PagesWorld) -> None:
    page = await world.browser().get("/timeline")
    link = next(link["href"] for link in page.links if link["href"].startswith("/guest/sign-in"))
    assert link == "/guest/sign-in?next=/timeline"


async def test_without_federation_there_are_no_guests(store: Store, clock: FrozenClock) -> None:
    async with pages_world(store, clock, federation=Federation.OFF) as world:
        browser = world.browser()
        assert "Mastodon" not in (await browser.get("/login")).text
        ana = await world.add_member("ana")
        offer = await world.publish(ana.actor, DRAFT)
        assert "Mastodon" not in (await browser.get(f"/proposals/{offer.id}")).text


async def test_opening_the_address_of_an_answer_changes_nothing(world: PagesWorld) -> None:
    carla = await meet(world)
    browser = world.browser()
    state = state_in(await leave(browser))
    world.homes.codes["c"] = carla
    for _ in range(2):
        page = await browser.get(f"{RETURN}?code=c&state={state}")
        assert page.response.status_code == 200
        assert "@carla@m.example" in page.text
        assert page.response.headers["cache-control"] == "no-store"
    assert world.homes.exchanged == []
    assert await attempts_count(world) == 1
    assert await sessions_count(world) == 0
    await browser.submit(page, RETURN)
    assert await sessions_count(world) == 1


async def test_an_answer_that_another_site_sends_is_refused(world: PagesWorld) -> None:
    carla = await meet(world)
    browser = world.browser()
    state = state_in(await leave(browser))
    world.homes.codes["c"] = carla
    page = await browser.get(f"{RETURN}?code=c&state={state}")
    values = dict(page.form(RETURN).values)
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://m.example"}):
        refused = await browser.client.post(RETURN, data=values, headers=headers)
        assert refused.status_code == 403
    assert (await browser.post(RETURN, {**values, "csrf": ""})).status_code == 403
    assert await sessions_count(world) == 0
    assert world.homes.exchanged == []


async def test_the_answer_of_one_browser_opens_nothing_in_another(world: PagesWorld) -> None:
    """An attacker begins, and has somebody else open the address that leads back."""
    mallory = await meet(world, "carla")
    attacker, victim = world.browser(), world.browser()
    state = state_in(await leave(attacker))
    world.homes.codes["c"] = mallory
    address = f"{RETURN}?code=c&state={state}"
    assert (await victim.get(address)).response.status_code == 400
    token = dict((await victim.get("/login")).form("/login").values)["csrf"]
    tried = await victim.post(RETURN, {"csrf": token, "code": "c", "state": state})
    assert tried.status_code == 400
    assert "__Host-session" not in victim.client.cookies
    assert await sessions_count(world) == 0
    assert world.homes.exchanged == []


async def test_the_session_is_new_and_its_cookie_closed_to_scripts_and_other_sites(world: PagesWorld) -> None:
    carla = await meet(world)
    browser = world.browser()
    leaving = await leave(browser)
    visitor = browser.client.cookies["__Host-visitor"]
    browser.client.cookies.set("__Host-session", "planted")
    state = state_in(leaving)
    world.homes.codes["c"] = carla
    page = await browser.get(f"{RETURN}?code=c&state={state}")
    response = await browser.post(RETURN, dict(page.form(RETURN).values))
    assert response.status_code == 303
    lines = response.headers.get_list("set-cookie")
    session = next(line for line in lines if line.startswith("__Host-session=") and "Max-Age=0" not in line)
    assert "planted" not in session
    assert visitor not in session
    for part in ("; Path=/", "; SameSite=Lax", "; HttpOnly", "; Secure"):
        assert part in session
    assert "Domain" not in session
    assert any(line.startswith("__Host-visitor=;") for line in lines)


async def test_a_mixed_up_answer_is_a_bad_request(world: PagesWorld) -> None:
    await meet(world)
    await meet(world, "mallory", "evil.example")
    browser = world.browser()
    state = state_in(await leave(browser))
    page = await browser.get(f"/guest/return/evil.example?code=c&state={state}")
    assert page.response.status_code == 400
    assert "from another server" in page.text
    page = await browser.get(f"{RETURN}?code=c&state={state}&iss=https://evil.example")
    assert page.response.status_code == 400
    page = await browser.get(f"{RETURN}?code=c&state={state}&iss={'x' * 1_000}")
    assert page.response.status_code == 400
    token = dict((await browser.get("/login")).form("/login").values)["csrf"]
    values = {"csrf": token, "code": "c", "state": state}
    assert (await browser.post("/guest/return/evil.example", values)).status_code == 400
    assert (await browser.post(RETURN, values)).status_code == 400  # the attempt is spent
    assert await sessions_count(world) == 0


async def test_a_no_at_the_other_server_is_said_so(world: PagesWorld) -> None:
    await meet(world)
    browser = world.browser()
    state = state_in(await leave(browser))
    page = await browser.get(f"{RETURN}?error=access_denied&state={state}")
    assert page.response.status_code == 403
    assert "you did not allow it" in page.text
    assert any(link["href"] == "/guest/sign-in" for link in page.links)


async def test_an_answer_after_ten_minutes_is_said_to_be_over(world: PagesWorld) -> None:
    carla = await meet(world)
    browser = world.browser()
    leaving = await leave(browser)
    world.homes.codes["c"] = carla
    page = await browser.get(f"{RETURN}?code=c&state={state_in(leaving)}")
    world.clock.advance(seconds=600)
    late = await browser.submit(page, RETURN)
    assert late.response.status_code == 400
    assert "ten minutes" in late.text
    assert await sessions_count(world) == 0


@pytest.mark.parametrize("problem", list(Problem))
async def test_every_problem_has_a_sentence_and_leaves_nobody_signed_in(
    world: PagesWorld, problem: Problem
) -> None:
    status, sentence = FAILURES[problem]
    world.homes.people["carla@m.example"] = problem
    browser = world.browser()
    page = await browser.fill("/guest/sign-in", handle="carla@m.example")
    assert page.response.status_code == status
    assert sentence in page.text
    assert page.described("handle")["value"] == "carla@m.example"
    await meet(world)
    state = state_in(await leave(browser))
    world.homes.codes["c"] = problem
    asking = await browser.get(f"{RETURN}?code=c&state={state}")
    failed = await browser.submit(asking, RETURN)
    assert failed.response.status_code == status
    assert sentence in failed.text
    assert await sessions_count(world) == 0
    assert "__Host-session" not in browser.client.cookies


async def test_a_server_without_sign_in_leaves_the_way_by_message(world: PagesWorld) -> None:
    world.homes.people["carla@m.example"] = Problem.NOT_OFFERED
    page = await world.browser().fill("/guest/sign-in", handle="carla@m.example")
    assert "Write the person a private message" in page.text


@pytest.mark.parametrize("handle", ["", "carla", "https://m.example/@carla", "a b@m.example", "@" * 3_000])
async def test_what_is_no_address_is_marked_and_asks_nobody(world: PagesWorld, handle: str) -> None:
    page = await world.browser().fill("/guest/sign-in", handle=handle)
    assert page.response.status_code == 422
    assert page.problem_of("handle")
    assert world.homes.registered == []


async def test_the_way_on_stays_on_this_site(world: PagesWorld) -> None:
    for wanted in ("//evil.example", "/\\evil.example", "https://evil.example", "/%09/evil.example"):
        carla = await meet(world)
        browser = world.browser()
        leaving = await leave(browser, next_path=wanted)
        home = await come_back(world, browser, leaving, carla)
        assert home.response.url.host == "lib.example", wanted


async def test_tries_are_counted(world: PagesWorld) -> None:
    await meet(world)
    browser = world.browser()
    for _ in range(25):
        await leave(browser)
    page = await browser.fill("/guest/sign-in", handle="carla@m.example")
    assert page.response.status_code == 429


# --- being a guest --------------------------------------------------------------------------------


async def test_a_guest_sees_what_everybody_sees_and_nothing_of_members(world: PagesWorld) -> None:
    ana = await world.add_member("ana")
    public = await world.publish(ana.actor, DRAFT)
    browser = await world.guest_browser()
    for path in ("/", "/mentors", "/requests", f"/proposals/{public.id}", "/@ana", "/about", "/guest"):
        page = await browser.get(path)
        assert page.response.status_code == 200, path
        assert page.response.headers["cache-control"] == "no-store", path
    for path in ("/timeline", "/settings", "/my-proposals", "/proposals/new", "/followers"):
        page = await browser.get(path)
        assert page.response.status_code == 403, path
        assert "You are here as a guest." in page.text
    for path in ("/admin", "/admin/peers"):
        assert (await browser.get(path)).response.status_code == 404


async def test_the_desk_tells_a_guest_who_they_are_and_until_when(world: PagesWorld) -> None:
    browser = await world.guest_browser()
    page = await browser.get("/guest")
    assert "@carla@m.example" in page.text
    assert "1 December 2026" in page.text
    assert (await world.browser().raw_get("/guest")).headers["location"].startswith("/login?next=/guest")
    await world.add_member("ana")
    assert (await (await world.member_browser("ana")).raw_get("/guest")).headers["location"] == "/"


async def test_somebody_who_is_signed_in_is_not_asked_again(world: PagesWorld) -> None:
    browser = await world.guest_browser()
    assert (await browser.raw_get("/guest/sign-in?next=/mentors")).headers["location"] == "/mentors"
    assert (await browser.raw_get(f"{RETURN}?code=c&state=s")).headers["location"] == "/guest"


async def test_a_guest_logs_out(world: PagesWorld) -> None:
    browser = await world.guest_browser()
    page = await browser.get("/mentors")
    out = await browser.submit(page, "/logout")
    assert "You are logged out." in out.text
    assert await sessions_count(world) == 0
    assert (await browser.raw_get("/guest")).status_code == 303


async def test_a_guest_may_log_in_as_the_member_they_also_are(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = await world.guest_browser()
    await browser.log_in("ana")
    assert "My profile" in (await browser.get("/")).text
    assert await sessions_count(world) == 0


@pytest.mark.parametrize("policy", ["blocked", "silenced"])
async def test_a_rule_against_the_server_signs_a_guest_out_at_the_next_page(
    world: PagesWorld, policy: str
) -> None:
    browser = await world.guest_browser()
    now = world.clock.now()
    await world.store.write(lambda tx: peers.set_policy(tx, "m.example", policy, "", now=now))
    answer = await browser.raw_get("/guest")
    assert answer.status_code == 303
    assert any("__Host-session=;" in line for line in answer.headers.get_list("set-cookie"))


async def test_a_guest_whose_account_is_deleted_is_signed_out(world: PagesWorld) -> None:
    browser = await world.guest_browser()
    actor = world.homes.people["carla@m.example"]
    assert isinstance(actor, Actor)
    await world.store.write(lambda tx: remote_actors.end(tx, world.site, actor, now=world.clock.now()))
    assert (await browser.raw_get("/guest")).status_code == 303


async def test_a_guests_language_is_the_browsers_or_the_one_chosen(world: PagesWorld) -> None:
    browser = await world.guest_browser(language="es")
    answer = await browser.raw_get("/guest")
    assert answer.headers["content-language"] == "es"
    await browser.raw_get("/guest?lang=ar")
    assert (await browser.raw_get("/guest")).headers["content-language"] == "ar"


async def test_a_guests_form_token_is_no_good_for_another_guest(world: PagesWorld) -> None:
    carla, dana = await world.guest_browser("carla"), await world.guest_browser("dana")
    token = dict((await carla.get("/")).form("/logout").values)["csrf"]
    assert (await dana.post("/logout", {"csrf": token})).status_code == 403
    assert await sessions_count(world) == 2


async def test_what_waits_for_a_guest_is_counted_in_the_head_and_listed_on_the_desk(
    world: PagesWorld,
) -> None:
    ana = await world.add_member("ana")
    wish = await world.publish(ana.actor, replace(DRAFT, purpose="request", title="How do I weed?"))
    browser = await world.guest_browser()
    assert "Nothing, right now." in (await browser.get("/guest")).text
    carla = world.homes.people["carla@m.example"]
    assert isinstance(carla, Actor)
    row = requests.new_row(
        world.site, proposal=wish, mentor=carla, mentee=ana.actor, now=world.clock.now()
    ) | {"asker": "mentee", "changed_by": "mentee", "state": "proposed"}
    await world.store.write(lambda tx: mentorships.add(tx, row))
    page = await browser.get("/guest")
    assert "Notices 1" in page.text
    assert "ana asks you to be their mentor." in page.text
    assert f"/mentorships/{row['id']}" in [link["href"] for link in page.links]
