"""Becoming a member, getting in and out, and a new password, through the pages."""

import pytest
from sqlalchemy import select

from libline_fed.config import Registration
from libline_fed.domain.accounts import Role
from libline_fed.services import first_run, invitations
from libline_fed.storage.tables import accounts, activities, mails, sessions
from tests.support.pages import PASSWORD, PagesWorld, pages_world, path_in


async def last_mail(world: PagesWorld) -> str:
    return str(
        await world.store.read(lambda tx: tx.scalar(select(mails.c.text_body).order_by(mails.c.id.desc())))
    )


async def sign_up(world: PagesWorld, **changed: str):  # type: ignore[no-untyped-def]
    given = {"handle": "amina", "email": "amina@mail.example", "password": PASSWORD}
    return await world.browser().fill("/sign-up", **(given | changed))


async def test_a_person_signs_up_confirms_and_logs_in(world: PagesWorld) -> None:
    sent = await sign_up(world)
    assert sent.headings == ["Look into your mail"]
    browser = world.browser()
    path = path_in(await last_mail(world), "confirm")
    page = await browser.get(path)
    assert "@amina" in page.text
    done = await browser.submit(page, path)
    assert "Your address is confirmed. You can log in now." in done.text
    inside = await browser.submit(done, "/login", email="amina@mail.example", password=PASSWORD)
    assert inside.headings == ["Hello, amina"]


async def test_opening_the_mailed_link_changes_nothing(world: PagesWorld) -> None:
    await sign_up(world)
    path = path_in(await last_mail(world), "confirm")
    for _ in range(3):  # mail scanners
        assert (await world.browser().get(path)).response.status_code == 200
    state = await world.store.read(lambda tx: tx.scalar(select(accounts.c.state)))
    assert state == "unconfirmed"


async def test_every_wrong_field_is_named_and_what_was_written_is_kept(world: PagesWorld) -> None:
    page = await sign_up(world, handle="Ana Quispe!", email="not an address", password="short")
    assert page.response.status_code == 422
    assert page.described("handle")["value"] == "Ana Quispe!"
    assert page.described("email")["value"] == "not an address"
    assert "value" not in page.described("password")
    for name in ("handle", "email", "password"):
        assert page.problem_of(name) == f"{name}-error"
        assert page.described(name)["aria-invalid"] == "true"
        assert any(link["href"] == f"#{name}" for link in page.links)


async def test_a_known_address_gets_the_same_answer(world: PagesWorld) -> None:
    await world.add_member("ana")
    known = await sign_up(world, handle="other", email="ana@mail.example")
    unknown = await sign_up(world, handle="another", email="new@mail.example")
    assert known.response.status_code == unknown.response.status_code == 200
    assert known.text == unknown.text


@pytest.mark.parametrize("registration", [Registration.CLOSED, Registration.INVITE])
async def test_a_closed_door_says_so_and_stays_closed(world: PagesWorld, registration: Registration) -> None:
    async with pages_world(world.store, world.clock, registration=registration) as closed:
        page = await closed.browser().get("/sign-up")
        assert all(form.action != "/sign-up" for form in page.forms)
        browser = closed.browser()
        login = await browser.get("/login")
        token = dict(login.form("/login").values)["csrf"]
        given = {"handle": "x1", "email": "x1@mail.example", "password": PASSWORD, "csrf": token}
        assert (await browser.post("/sign-up", given)).status_code == 422
        assert await world.store.read(lambda tx: tx.all(select(accounts.c.id))) == []


async def test_an_invitation_opens_the_door(world: PagesWorld) -> None:
    async with pages_world(world.store, world.clock, registration=Registration.INVITE) as invited:
        link = await invited.store.write(
            lambda tx: invitations.invite(tx, invited.site, by=None, now=invited.clock.now())
        )
        browser = invited.browser()
        page = await browser.get(link.removeprefix("https://lib.example"))
        sent = await browser.submit(
            page, "/sign-up", handle="amina", email="amina@mail.example", password=PASSWORD
        )
        assert sent.headings == ["Look into your mail"]
        assert (await invited.browser().get("/invitations/nonsense")).response.status_code == 404


async def test_approval_waits_for_a_moderator(world: PagesWorld) -> None:
    async with pages_world(world.store, world.clock, registration=Registration.APPROVAL) as careful:
        await careful.add_member("mod", Role.MODERATOR)
        browser = careful.browser()
        refused = await browser.fill(
            "/sign-up", handle="amina", email="amina@mail.example", password=PASSWORD, reason=""
        )
        assert refused.problem_of("reason") == "reason-error"
        await browser.submit(refused, "/sign-up", password=PASSWORD, reason="I am a school librarian.")
        path = path_in(await last_mail(careful), "confirm")
        waiting = await browser.fill(path)
        assert "An admin will now look at your sign-up." in waiting.text
        not_yet = await browser.submit(waiting, "/login", email="amina@mail.example", password=PASSWORD)
        assert "A moderator still has to let you in." in not_yet.text
        moderator = await careful.member_browser("mod")
        members = await moderator.get("/admin/members")
        assert "I am a school librarian." in members.text
        approve = next(form.action for form in members.forms if form.action.endswith("/approve"))
        assert "approved" in (await moderator.submit(members, approve)).text
        inside = await browser.submit(not_yet, "/login", email="amina@mail.example", password=PASSWORD)
        assert inside.headings == ["Hello, amina"]


async def test_a_wrong_login_tells_nothing_about_the_address(world: PagesWorld) -> None:
    await world.add_member("ana")
    known = await world.browser().fill("/login", email="ana@mail.example", password="not the password")
    unknown = await world.browser().fill("/login", email="nobody@mail.example", password="not the password")
    assert known.response.status_code == unknown.response.status_code == 422
    assert known.text == unknown.text
    assert known.described("email")["value"] == "ana@mail.example"


async def test_the_session_cookie_is_locked_down_and_new_at_login(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = world.browser()
    browser.client.cookies.set("__Host-session", "planted-by-an-attacker", domain="lib.example", path="/")
    page = await browser.get("/login")
    values = dict(page.form("/login").values) | {"email": "ana@mail.example", "password": PASSWORD}
    response = await browser.post("/login", values)
    cookie = next(
        line for line in response.headers.get_list("set-cookie") if line.startswith("__Host-session=")
    )
    assert "planted" not in cookie
    for part in ("Path=/", "SameSite=Lax", "HttpOnly", "Secure"):
        assert part in cookie
    assert "Domain" not in cookie


async def test_without_tls_the_cookie_has_no_name_or_flag_that_needs_it(world: PagesWorld) -> None:
    async with pages_world(world.store, world.clock, is_https=False) as plain:
        await plain.add_member("ana")
        browser = plain.browser()
        page = await browser.get("/login")
        values = dict(page.form("/login").values) | {"email": "ana@mail.example", "password": PASSWORD}
        response = await browser.post("/login", values)
        lines = response.headers.get_list("set-cookie")
        cookie = next(line for line in lines if line.startswith("session="))
        assert "SameSite=Lax" in cookie
        assert "HttpOnly" in cookie
        assert not any("Secure" in line or "__Host-" in line for line in lines)
        assert "strict-transport-security" not in response.headers


async def test_logging_out_ends_the_session_on_the_server(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = await world.member_browser("ana")
    stolen = world.browser()
    stolen.client.cookies = browser.client.cookies
    token = browser.client.cookies["__Host-session"]
    page = await browser.get("/")
    out = await browser.submit(page, "/logout")
    assert "You are logged out." in out.text
    stolen.client.cookies.set("__Host-session", token, domain="lib.example", path="/")
    assert (await stolen.raw_get("/settings")).status_code == 303
    assert await world.store.read(lambda tx: tx.all(select(sessions.c.token_hash))) == []


async def test_a_forgotten_password_is_set_anew_by_mail(world: PagesWorld) -> None:
    await world.add_member("ana")
    other = await world.member_browser("ana")
    browser = world.browser()
    known = await browser.fill("/reset", email="ana@mail.example")
    unknown = await world.browser().fill("/reset", email="nobody@mail.example")
    assert known.text == unknown.text
    path = path_in(await last_mail(world), "reset")
    page = await browser.get(path)
    short = await browser.submit(page, path, password="short")
    assert short.problem_of("password") == "password-error"
    done = await browser.submit(short, path, password="a wholly new password")
    assert "Your new password is saved." in done.text
    assert (await other.raw_get("/settings")).status_code == 303
    used = await browser.get(path)
    assert used.response.status_code == 404
    assert "This link is not valid any more." in used.text


async def test_a_member_leaves_and_the_address_is_gone(world: PagesWorld) -> None:
    await world.add_member("ines", Role.ADMIN)
    await world.add_member("ana")
    browser = await world.member_browser("ana")
    refused = await browser.fill("/settings/delete", password="not the password")
    assert refused.response.status_code == 422
    assert refused.problem_of("password") == "password-error"
    assert (await world.browser().get("/@ana")).response.status_code == 200
    gone = await browser.submit(refused, "/settings/delete", password=PASSWORD)
    assert "Your account is deleted." in gone.text
    assert (await browser.raw_get("/settings")).status_code == 303
    assert (await world.browser().get("/@ana")).response.status_code in {404, 410}
    sent = await world.store.read(lambda tx: tx.all(select(activities.c.type)))
    assert "Delete" in {row.type for row in sent}


async def test_the_only_admin_cannot_leave(world: PagesWorld) -> None:
    await world.add_member("ines", Role.ADMIN)
    browser = await world.member_browser("ines")
    kept = await browser.fill("/settings/delete", password=PASSWORD)
    assert kept.response.status_code == 422
    assert (await browser.raw_get("/settings")).status_code == 200


async def test_the_first_admin_comes_by_the_link_from_the_console(world: PagesWorld) -> None:
    link = await world.store.write(lambda tx: first_run.admin_link(tx, world.site, now=world.clock.now()))
    assert link is not None
    path = link.removeprefix("https://lib.example")
    browser = world.browser()
    bad = await browser.fill(path, handle="admin", email="x", password="short")
    assert bad.response.status_code == 422
    inside = await browser.submit(bad, path, handle="ines", email="ines@mail.example", password=PASSWORD)
    assert inside.headings == ["Run this server"]
    assert (await world.browser().get(path)).response.status_code == 404


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "/\\evil.example", "/%09/evil", "https:evil", "@evil", "/\t/evil", "\\\\evil"],
)
async def test_login_leads_only_to_pages_of_this_site(world: PagesWorld, wanted: str) -> None:
    await world.add_member("ana")
    browser = world.browser()
    page = await browser.get("/login")
    values = dict(page.form("/login").values)
    response = await browser.post(
        "/login", values | {"next": wanted, "email": "ana@mail.example", "password": PASSWORD}
    )
    assert response.status_code == 303
    assert response.headers["location"] in {"/", "/%09/evil"}


async def test_after_login_the_wanted_page_opens(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = world.browser()
    page = await browser.get("/proposals/new?purpose=offer")
    assert page.headings == ["Log in"]
    wanted = await browser.submit(page, "/login", email="ana@mail.example", password=PASSWORD)
    assert wanted.headings == ["Offer mentoring"]


async def test_too_many_logins_get_a_page_that_says_wait(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = world.browser()
    page = await browser.get("/login")
    values = dict(page.form("/login").values) | {"email": "ana@mail.example", "password": "wrong password"}
    statuses = [(await browser.post("/login", values)).status_code for _ in range(26)]
    assert statuses[:25] == [422] * 25
    last = await browser.post("/login", values)
    assert last.status_code == 429
    assert int(last.headers["retry-after"]) > 0
