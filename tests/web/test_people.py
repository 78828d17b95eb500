"""People: profiles, following, finding somebody elsewhere, going on elsewhere, notices and news."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from libline_fed.domain.accounts import Role
from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import MemberState
from libline_fed.errors import PeerGone, PeerRefused, PeerUnavailable
from libline_fed.services import actors, follows, notifications, peers
from libline_fed.services.instance import ensure_instance_actor
from libline_fed.storage import actors as actor_rows
from libline_fed.storage import consortia
from libline_fed.storage.store import Tx
from tests.support.pages import BASE_URL, DRAFT, PASSWORD, Page, PagesWorld, add_post

HOSTILE = "<img src=x onerror=alert(1)>{{7*7}}\u202emoc"


async def test_a_profile_is_edited_and_shown(world: PagesWorld) -> None:
    await world.add_member("ana")
    browser = await world.member_browser("ana")
    saved = await browser.fill(
        "/settings",
        name="Ana Quispe",
        summary_text="Cataloguer in Cusco. https://cusco.example",
        languages=["es"],
        more_languages="qu",
        field_name_1="Library",
        field_value_1="Biblioteca de Cusco",
    )
    assert "Your profile is saved." in saved.text
    assert saved.described("field_value_1")["value"] == "Biblioteca de Cusco"
    page = await world.browser().get("/@ana")
    assert page.headings == ["Ana Quispe"]
    for seen in ("@ana@lib.example", "Spanish · Quechua", "Library", "Biblioteca de Cusco", "on this server"):
        assert seen in page.text
    refused = await browser.submit(saved, "/settings", more_languages="not-a-language-at-all", name="x" * 101)
    assert refused.response.status_code == 422
    assert refused.problem_of("name") == "name-error"
    assert "Write language codes" in refused.text


async def test_a_handle_has_one_address(world: PagesWorld) -> None:
    member = await world.add_member("ana")
    browser = world.browser()
    assert (await browser.raw_get("/@ANA")).headers["location"] == "/@ana"
    by_id = await browser.raw_get(f"/actors/{member.actor.id}")
    assert (by_id.status_code, by_id.headers["location"], by_id.headers["vary"]) == (302, "/@ana", "Accept")
    instance = await world.store.read(lambda tx: actors.by_uri(tx, f"{BASE_URL}/actor"))
    assert (await browser.raw_get(f"/people/{instance.id}")).status_code in {302, 404}


async def test_somebody_of_another_server_is_shown_with_that_server(world: PagesWorld) -> None:
    remote = await world.add_remote(
        "kofi",
        "library.example",
        name=HOSTILE,
        summary_html="<p onclick=x>Hello <script>alert(1)</script></p>",
        fields=((HOSTILE, "<a href='javascript:x'>y</a>"),),
    )
    page = await world.browser().get(f"/people/{remote.id}")
    assert "@kofi@library.example" in page.text
    assert "on another library’s server" in page.text
    assert "{{7*7}}" in page.headings[0]
    assert "\u202e" not in page.text
    assert not [
        tag
        for tag, attrs in page.elements
        if tag in {"img", "script"} or any(a.startswith("on") for a in attrs)
    ]
    assert not [link for link in page.links if link["href"].startswith("javascript")]
    assert page.response.headers.get("link") is None
    local = await world.browser().raw_get(f"/actors/{remote.id}")
    assert local.status_code == 404


async def test_a_member_follows_and_stops(world: PagesWorld) -> None:
    ana, ben = await world.add_member("ana"), await world.add_member("ben")
    browser = await world.member_browser("ana")
    profile = await browser.get("/@ben")
    followed = await browser.submit(profile, f"/people/{ben.actor.id}/follow")
    assert "You follow this person now." in followed.text
    assert "ben" in (await browser.get("/following")).text
    other = await world.member_browser("ben")
    notices = await other.get("/notifications")
    assert "ana follows you." in notices.text
    assert "1 new" in notices.text
    read = await other.submit(notices, "/notifications/read")
    assert "1 new" not in read.text
    assert "ana" in (await other.get("/followers")).text
    removed = await other.submit(await other.get("/followers"), f"/followers/{ana.actor.id}/reject")
    assert "Nobody follows you yet" in removed.text
    assert "Follow" in (await browser.get("/@ben")).text


async def test_who_decides_about_followers_is_asked(world: PagesWorld) -> None:
    ana, ben = await world.add_member("ana"), await world.add_member("ben")
    owner = await world.member_browser("ben")
    await owner.fill("/settings", manually_approves_followers="y")
    browser = await world.member_browser("ana")
    asked = await browser.fill(f"/people/{ben.actor.id}/follow")
    assert "Your wish to follow is sent." in asked.text
    assert "Waits for an answer" in asked.text
    accepted = await owner.submit(await owner.get("/followers"), f"/followers/{ana.actor.id}/accept")
    assert "This person follows you now." in accepted.text
    assert await world.store.read(lambda tx: follows.state(tx, ana.actor.id, ben.actor.id)) == "accepted"


async def test_finding_asks_the_other_server_only_by_the_button(world: PagesWorld) -> None:
    await world.add_member("ana")
    remote = await world.add_remote("kofi", "library.example")
    world.lookups.found = {"@kofi@library.example": remote, "https://library.example/@kofi": remote}
    browser = await world.member_browser("ana")
    page = await browser.get("/search?q=@kofi@library.example")
    assert page.described("q")["value"] == "@kofi@library.example"
    assert world.lookups.asked == []
    for address in world.lookups.found:
        found = await browser.submit(page, "/search", q=address)
        assert found.headings == ["Kofi"]
    visitor = await world.browser().raw_get("/search?q=@kofi@library.example")
    assert visitor.status_code == 303


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PeerUnavailable("timeout"), "The other server does not answer."),
        (PeerGone("410"), "The other server says that this is not there."),
        (PeerRefused("blocked"), "does not allow it"),
        (None, "Nothing was found at this address."),
    ],
)
async def test_a_lookup_that_fails_says_why_and_keeps_the_address(
    world: PagesWorld, error: PeerRefused | None, sentence: str
) -> None:
    await world.add_member("ana")
    address = "@kofi@library.example"
    world.lookups.found = {address: error} if error else {}
    browser = await world.member_browser("ana")
    for path, field in (("/search", "q"), ("/authorize_interaction", "uri")):
        page = await browser.get(f"{path}?{field}={address}")
        failed = await browser.submit(page, path)
        assert failed.response.status_code in {404, 424}
        assert sentence in failed.text
        assert failed.described(field)["value"] == address


async def test_coming_from_another_server_leads_to_the_follow_button(world: PagesWorld) -> None:
    await world.add_member("ana")
    remote = await world.add_remote("kofi", "library.example")
    browser = world.browser()
    wanted = f"/authorize_interaction?uri={remote.uri}"
    login = await browser.get(wanted)
    assert login.headings == ["Log in"]
    known = await browser.submit(login, "/login", email="ana@mail.example", password=PASSWORD)
    assert known.headings == ["Follow this person?"]
    assert world.lookups.asked == []
    world.lookups.found = {"https://new.example/users/x": remote}
    unknown = await browser.fill(
        "/authorize_interaction?uri=https://new.example/users/x", "/authorize_interaction"
    )
    assert unknown.headings == ["Follow this person?"]


async def test_a_visitor_is_told_where_the_next_page_is(world: PagesWorld) -> None:
    member = await world.add_member("ana")
    proposal = await world.publish(member.actor, DRAFT)
    world.lookups.templates = {
        "@me@m.example": "https://m.example/authorize_interaction?uri={uri}",
        "@me@bad.example": "https://evil.example/?uri={uri}",
    }
    browser = world.browser()
    profile = await browser.get("/@ana")
    ask = next(link["href"] for link in profile.links if link["href"].startswith("/interact"))
    page = await browser.get(ask)
    leaving = await browser.submit(page, "/interact", handle="@me@m.example")
    assert leaving.headings == ["You are leaving this server"]
    assert "m.example" in leaving.text
    encoded = member.actor.uri.replace(":", "%3A").replace("/", "%2F")
    assert any(
        link["href"] == f"https://m.example/authorize_interaction?uri={encoded}" for link in leaving.links
    )
    assert world.lookups.asked_for_people == [True]
    refused = await browser.submit(page, "/interact", handle="@me@bad.example")
    assert not [link for link in refused.links if "evil" in link["href"]]
    assert "That server has no page for this." in refused.text
    assert (await browser.get(f"/interact?uri={proposal.uri}")).response.status_code == 200
    opening = await browser.fill(f"/interact?uri={proposal.uri}", "/interact", handle="@me@m.example")
    assert world.lookups.asked_for_people[-1] is False, "a page is nothing to follow"
    assert any("proposals" in link["href"] for link in opening.links if link["href"].startswith("https://m."))
    assert (await browser.get("/interact?uri=https://evil.example/x")).response.status_code == 404


async def test_news_shows_what_the_followed_write_and_nothing_private(world: PagesWorld) -> None:
    ana = await world.add_member("ana")
    kofi = await world.add_remote("kofi", "library.example")
    now = world.clock.now()
    await world.store.write(
        lambda tx: follows.follow(tx, world.site, follower=ana.actor, followed=kofi, now=now)
    )
    await world.store.write(
        lambda tx: follows.receive_answer(
            tx,
            is_yes=True,
            follow_uri=None,
            follower=ana.actor,
            followed=kofi,
            now=now + timedelta(seconds=1),
        )
    )
    public = await add_post(world, kofi.id, kofi.uri, "public", "open")
    private = await add_post(world, kofi.id, kofi.uri, "direct", "secret")
    browser = await world.member_browser("ana")
    news = await browser.get("/timeline")
    assert "Canary open" in news.text
    assert "Canary secret" not in news.text
    assert "Canary open" in (await world.browser().get(f"/posts/{public}")).text
    for reader in (browser, world.browser()):
        assert (await reader.get(f"/posts/{private}")).response.status_code == 404
    await world.store.write(
        lambda tx: notifications.notify(
            tx,
            account_actor_id=ana.actor.id,
            kind="mention",
            from_actor_id=kofi.id,
            subject_uri=f"{kofi.uri}/posts/open",
            now=now,
        )
    )
    notices = await browser.get("/notifications")
    assert "Kofi mentioned you." in notices.text
    assert any(link["href"] == f"/posts/{public}" for link in notices.links)


def language_of(page: Page) -> tuple[str, str]:
    html = next(attrs for tag, attrs in page.elements if tag == "html")
    return html["lang"], html["dir"]


async def test_the_language_is_the_members_then_the_cookies_then_the_browsers(world: PagesWorld) -> None:
    await world.add_member("ana", Role.MEMBER)
    browser = world.browser(language="fr-CA,fr;q=0.9,en;q=0.5")
    assert language_of(await browser.get("/")) == ("fr", "ltr")
    arabic = await browser.get("/mentors?lang=ar")
    assert language_of(arabic) == ("ar", "rtl")
    assert "المرشدون" in (await browser.get("/mentors")).text
    await browser.get("/?lang=en")
    await browser.log_in("ana")
    spanish = await browser.fill("/settings/language", language="es")
    assert "Tu idioma está guardado." in spanish.text
    assert (await browser.fill("/settings/language", language="tlh")).response.status_code == 422


async def test_changing_the_password_ends_other_sessions(world: PagesWorld) -> None:
    await world.add_member("ana")
    here, there = await world.member_browser("ana"), await world.member_browser("ana")
    wrong = await here.fill("/settings/password", old_password="wrong", new_password="short")
    assert wrong.response.status_code == 422
    assert wrong.problem_of("old_password") == "old_password-error"
    changed = await here.submit(
        wrong, "/settings/password", old_password=PASSWORD, new_password="another quiet reading room"
    )
    assert "Your password is changed." in changed.text
    assert (await there.raw_get("/settings")).status_code == 303
    assert (await here.raw_get("/settings")).status_code == 200


async def test_a_consortium_of_another_server_is_found_shown_and_followed(world: PagesWorld) -> None:
    await world.add_member("ana")
    group = await world.add_remote("redbib", "c.example")
    instance = await world.add_remote("actor", "m.example")
    now = world.clock.now()

    async def unit(tx: Tx) -> Actor:
        await ensure_instance_actor(tx, world.site, now=now)
        await consortia.put_membership(
            tx, group_id=group.id, instance_id=instance.id, state=MemberState.MEMBER, now=now
        )
        charter = "We help <each> other."
        return await actor_rows.change(
            tx, group.id, now, type="Group", name="Red de Bibliotecas", details={"charter_text": charter}
        )

    world.lookups.found["@redbib@c.example"] = await world.store.write(unit)
    browser = await world.member_browser("ana")
    page = await browser.fill("/search", q="@redbib@c.example")
    assert page.headings == ["Red de Bibliotecas"]
    for seen in ("consortium of libraries", "We help <each> other.", "m.example", "Mentors"):
        assert seen in page.text
    assert "This server is a member." not in page.text
    assert any(link["href"] == f"/mentors?via={quote(group.uri, safe='/')}" for link in page.links)
    asking = await browser.get(f"/people/{group.id}/follow")
    assert asking.headings == ["Follow this consortium?"]
    followed = await browser.submit(page, f"/people/{group.id}/follow")
    assert "Waits for an answer" in followed.text
    await world.store.write(lambda tx: peers.set_policy(tx, "c.example", "blocked", "", now=now))
    assert (await browser.get(f"/people/{group.id}")).response.status_code == 404
