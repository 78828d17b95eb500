"""Trust through the pages: consortia whose members are allowed, their advice, and lists from files."""

from datetime import timedelta

from libline_fed.domain.accounts import Role
from libline_fed.domain.actors import Actor
from libline_fed.domain.block_lists import HEADER, read_json
from libline_fed.domain.consortia import MemberState
from libline_fed.services import advice, consortia, peers
from libline_fed.services.instance import ensure_instance_actor
from libline_fed.storage import actors, trust
from libline_fed.storage import consortia as consortium_rows
from libline_fed.storage.store import Tx
from tests.support.pages import BASE_URL, DRAFT, Browser, Page, PagesWorld

CSV = ",".join(HEADER)


async def join(world: PagesWorld) -> Actor:
    """Let this server be a member of a consortium elsewhere that publishes a list."""
    made = await world.add_remote("redbib", "c.example")
    now = world.clock.now()

    async def unit(tx: Tx) -> Actor:
        url = "https://c.example/groups/redbib/blocked-domains.json"
        group = await actors.change(
            tx, made.id, now, type="Group", name="Red de Bibliotecas", details={"blocked_domains_url": url}
        )
        us = await ensure_instance_actor(tx, world.site, now=now)
        await consortium_rows.put_membership(
            tx, group_id=group.id, instance_id=us.id, state=MemberState.MEMBER, now=now
        )
        await advice.keep_up(tx, world.site, now=now)
        listed = b"""[
            {"domain": "bad.example", "severity": "suspend", "reason": "<b>Spam</b>", "since": "2026-11-01"},
            {"domain": "loud.example", "severity": "silence"},
            {"domain": "c.example", "severity": "suspend"}
        ]"""
        await advice.receive(tx, group.id, read_json(listed, "lib.example"), etag=None, now=now)
        return group

    return await world.store.write(unit)


async def policy(world: PagesWorld, host: str) -> str:
    return (await world.store.read(lambda tx: peers.show(tx, host))).policy


async def press(browser: Browser, page: Page, path: str, host: str) -> Page:
    """Send the form for one host of a list of forms to the same address."""
    form = next(form for form in page.forms if form.action == path and ("host", host) in form.values)
    response = await browser.post(path, dict(form.values))
    return await browser.get(response.headers["location"])


async def test_an_admin_trusts_a_consortium_and_decides_on_its_advice(world: PagesWorld) -> None:
    await world.add_member("ines", Role.ADMIN)
    group = await join(world)
    admin = await world.member_browser("ines")
    page = await admin.get("/admin/trust")
    for seen in ("Red de Bibliotecas", "Its members are not on your list", "3 wait for you", "1 member"):
        assert seen in page.text
    page = await admin.submit(page, f"/admin/trust/{group.id}/trusted")
    assert "Its members are on your list of allowed servers." in page.text
    assert [one.id for one in await world.store.read(trust.trusted)] == [group.id]
    page = await admin.submit(page, f"/admin/trust/{group.id}/trusted")
    assert await world.store.read(trust.trusted) == []

    path = f"/admin/trust/{group.id}"
    page = await admin.get(path)
    assert "<b>Spam</b>" in page.text
    assert page.text.count("Careful: this server is linked with yours") == 1
    page = await press(admin, page, f"{path}/advice/confirm", "bad.example")
    assert await policy(world, "bad.example") == "blocked"
    page = await press(admin, page, f"{path}/advice/dismiss", "loud.example")
    assert "The advice is dismissed" in page.text
    page = await press(admin, page, f"{path}/advice/confirm", "loud.example")
    assert await policy(world, "loud.example") == "silenced"
    page = await press(admin, page, f"{path}/advice/lift", "bad.example")
    assert await policy(world, "bad.example") == "default"
    assert "advised by @redbib@c.example" in (await admin.get("/admin/peers")).text.lower()

    page = await admin.submit(await admin.get("/admin/trust"), f"{path}/automatic")
    assert "Its advice applies by itself" in page.text
    page = await admin.submit(await admin.get(path), f"{path}/read")
    assert "The list is being read" in page.text
    world.clock.advance(seconds=1)
    now = world.clock.now()
    assert len(await world.store.read(lambda tx: advice.due(tx, now=now + timedelta(seconds=1)))) == 1


async def upload(browser: Browser, content: bytes) -> Page:
    page = await browser.get("/admin/peers/import")
    csrf = dict(page.form("/admin/peers/import").values)["csrf"]
    response = await browser.client.post(
        "/admin/peers/import",
        data={"csrf": csrf},
        files={"file": ("blocks.csv", content, "text/csv")},
        headers={"sec-fetch-site": "same-origin", "origin": BASE_URL},
    )
    return await browser.get(response.headers["location"]) if response.status_code == 303 else Page(response)


async def test_a_list_from_a_file_is_shown_and_taken_only_after_a_yes(world: PagesWorld) -> None:
    await world.add_member("ines", Role.ADMIN)
    await join(world)
    admin = await world.member_browser("ines")
    for wrong in (b"", b"\xff\xff", b"PK\x03\x04", b"x" * 1_000_001):
        refused = await upload(admin, wrong)
        assert refused.response.status_code == 422
        assert "Please check this" in refused.text
    reason = "=Spam & <i>more</i>"
    rows = f"bad.example,suspend,,,{reason},\nc.example,suspend,,,,\nx**.example,suspend,,,,\n"
    page = await upload(admin, f"{CSV}\n{rows}".encode())
    for seen in ("2 servers get a stricter rule.", "1 line is left out", reason, "x**.example"):
        assert seen in page.text
    assert await world.store.read(lambda tx: peers.list_peers(tx, policy="blocked")) == []
    await admin.submit(page, "/admin/peers/import/take", answer="no")
    page = await upload(admin, f"{CSV}\n{rows}".encode())
    mark = dict(page.form("/admin/peers/import/take").values)["mark"]
    late = await admin.submit(page, "/admin/peers/import/take", answer="yes", mark="0" * 32)
    assert "Something has changed since you looked" in late.text
    taken = await admin.submit(page, "/admin/peers/import/take", answer="yes", mark=mark)
    assert "The rules of the list are saved." in taken.text
    blocked = await world.store.read(lambda tx: peers.list_peers(tx, policy="blocked"))
    assert [peer.host for peer in blocked] == ["bad.example"], "c.example is close and was not ticked"

    exported = await admin.raw_get("/admin/peers/export.csv")
    assert exported.text == f"{CSV}\nbad.example,suspend,true,true,,false\n"
    assert "domain_blocks.csv" in exported.headers["content-disposition"]
    noted = await admin.raw_get("/admin/peers/export.csv?notes=y")
    assert f"'{reason}" in noted.text


async def test_coordinators_keep_the_list_of_their_consortium_and_everybody_reads_it(
    world: PagesWorld,
) -> None:
    ines = await world.add_member("ines", Role.COORDINATOR)
    await world.add_member("ben", Role.COORDINATOR)
    await world._add_spare_key()
    now = world.clock.now()

    async def unit(tx: Tx) -> None:
        await ensure_instance_actor(tx, world.site, now=now)
        await consortia.create(tx, world.site, handle="redbib", name="Red", account=ines.account, now=now)

    await world._add_spare_key()
    await world.store.write(unit)
    path = "/admin/consortia/redbib/advice"
    assert (await (await world.member_browser("ben")).get(path)).response.status_code == 404
    browser = await world.member_browser("ines")
    wrong = await browser.fill(path, host="com", severity="blocked", reason="")
    assert wrong.response.status_code == 422
    assert wrong.problem_of("host") == "host-error"
    saved = await browser.submit(wrong, path, host="bad.example", severity="blocked", reason="Spam")
    assert "The list is saved." in saved.text
    visitor = world.browser()
    listed = await visitor.raw_get("/groups/redbib/blocked-domains.json")
    assert listed.json() == [
        {"domain": "bad.example", "severity": "suspend", "reason": "Spam", "since": now.date().isoformat()}
    ]
    etag = listed.headers["etag"]
    again = await visitor.raw_get("/groups/redbib/blocked-domains.json", if_none_match=etag)
    assert (again.status_code, again.content) == (304, b"")
    csv = await visitor.raw_get("/groups/redbib/blocked-domains.csv")
    assert csv.text == f"{CSV}\nbad.example,suspend,true,true,Spam,false\n"
    assert csv.headers["content-type"].startswith("text/csv")
    assert (await visitor.raw_get("/groups/nobody/blocked-domains.json")).status_code == 404
    gone = await browser.submit(await browser.get(path), f"{path}/remove")
    assert "Nobody is on it." in gone.text
    assert (await visitor.raw_get("/groups/redbib/blocked-domains.json", if_none_match=etag)).json() == []


async def test_a_mentorship_with_somebody_of_a_blocked_server_is_there_to_read_and_says_why(
    world: PagesWorld,
) -> None:
    ana = await world.add_member("ana")
    offer = await world.publish(ana.actor, DRAFT)
    guest, mentor = await world.guest_browser(), await world.member_browser("ana")
    primer = await guest.submit(await guest.get(f"/proposals/{offer.id}"), f"/ask/{offer.id}", do="request")
    written = await guest.submit(await guest.submit(primer, "/primer"), f"/ask/{offer.id}", do="request")
    path = written.forms[-1].action.removesuffix("/request")
    words = {"message_text": "Good day from Cusco.", "by_when": "By May.", "goal": "Catalogue"}
    await guest.submit(written, f"{path}/request", do="send", **words)
    await mentor.fill(f"{path}/accept")
    assert "does not talk with" not in (await mentor.get(path)).text
    now = world.clock.now()
    await world.store.write(lambda tx: peers.set_policy(tx, "m.example", "blocked", "Spam", now=now))
    page = await mentor.get(path)
    assert "does not talk with m.example" in page.text
    thread = await mentor.get(f"{path}/messages")
    assert thread.response.status_code == 200
    refused = await mentor.submit(thread, f"{path}/messages", text="Are you there?")
    assert refused.response.status_code == 422
    assert "This person is not available." in refused.text
    assert (await guest.raw_get(path)).status_code == 303, "and the guest is signed out"
