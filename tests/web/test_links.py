"""Links with other servers, as an admin sees them."""

from typing import Any

import pytest

from libline_fed.domain.accounts import Role
from libline_fed.domain.actors import Actor
from libline_fed.errors import NotFound, PeerUnavailable
from libline_fed.services import links
from libline_fed.services.instance import ensure_instance_actor
from libline_fed.services.links import Link
from libline_fed.storage import crawls, follows
from libline_fed.storage.store import Tx
from tests.support.pages import PagesWorld


@pytest.fixture
def engine() -> str:
    """Nothing here depends on the database: one is enough."""
    return "sqlite"


async def instance(world: PagesWorld) -> None:
    now = world.clock.now()
    await world.store.write(lambda tx: ensure_instance_actor(tx, world.site, now=now))


async def server(world: PagesWorld, host: str, **changed: Any) -> Actor:
    """Add another server that can be found."""
    listed = {"proposals_url": f"https://{host}/actor/proposals"} | changed
    actor = await world.add_remote("x", host, type="Application", name=f"Library of {host}", **listed)
    world.lookups.found[host] = actor
    return actor


async def ask_us(world: PagesWorld, peer: Actor, note: str = "") -> None:
    now = world.clock.now()

    async def unit(tx: Tx) -> None:
        await links.receive_question(
            tx,
            world.site,
            uri=f"{peer.uri}/follows/1",
            peer=peer,
            note_text=note,
            is_instance=True,
            now=now,
        )

    await world.store.write(unit)


async def link_with(world: PagesWorld, host: str) -> Link:
    return await world.store.read(lambda tx: links.at_host(tx, world.site, host))


async def test_an_admin_looks_at_a_server_and_then_asks_it(world: PagesWorld) -> None:
    await instance(world)
    await world.add_member("ines", Role.ADMIN)
    admin = await world.member_browser("ines")
    await server(world, "a.example")
    looked = await admin.fill("/admin/links", host="a.example", note="We are Zanzibar.")
    assert "Library of a.example" in looked.text
    assert "Until then nothing is shared." in looked.text
    with pytest.raises(NotFound):
        await link_with(world, "a.example")  # looking asks nothing
    asked = await admin.submit(looked, "/admin/links/ask")
    assert "The question is on its way." in asked.text
    assert "Their admin has not answered yet." in asked.text
    again = await admin.submit(looked, "/admin/links/ask")
    assert again.text.count("Their admin has not answered yet.") == 1
    assert "You have asked this server already." in (await admin.fill("/admin/links", host="a.example")).text
    link = await link_with(world, "a.example")
    ended = await admin.submit(asked, f"/admin/links/{link.peer.id}/unlink")
    assert "None yet." in ended.text


async def test_what_cannot_be_asked_is_said_in_plain_words(world: PagesWorld) -> None:
    await instance(world)
    await world.add_member("ines", Role.ADMIN)
    admin = await world.member_browser("ines")
    await server(world, "m.example", proposals_url=None)
    world.lookups.found["down.example"] = PeerUnavailable("no answer")
    world.lookups.found["odd.example"] = NotFound("x", safe="This server is blocked here.")
    assert "it does not run LibLine" in (await admin.fill("/admin/links", host="m.example")).text
    for host, sentence in (
        ("down.example", "This server does not answer now."),
        ("odd.example", "This server is blocked here."),
        ("", "Write the name of a server"),
    ):
        page = await admin.fill("/admin/links", host=host, note="n" * 10)
        assert page.response.status_code == 422
        assert page.problem_of("host") == "host-error"
        assert sentence in page.text
    long = await admin.fill("/admin/links", host="m.example", note="n" * 501)
    assert long.problem_of("note") == "note-error"


async def test_an_admin_decides_about_a_server_that_asks_and_asks_it_back(world: PagesWorld) -> None:
    await instance(world)
    await world.add_member("ines", Role.ADMIN)
    admin = await world.member_browser("ines")
    one, two = await server(world, "a.example"), await server(world, "b.example")
    await ask_us(world, one, "<b>Five</b> libraries")
    await ask_us(world, two)
    notices = await admin.get("/notifications")
    assert "asks for a link with this server." in notices.text
    assert "/admin/links" in {link["href"] for link in notices.links}
    page = await admin.get("/admin/links")
    assert "<b>Five</b> libraries" in page.text
    yes = await admin.submit(page, f"/admin/links/{one.id}/approve")
    assert "You said yes." in yes.text
    assert "They get yours." in yes.text
    no = await admin.submit(yes, f"/admin/links/{two.id}/reject")
    assert "You said no." in no.text
    assert "b.example" not in no.text.partition("Ask another server")[0]
    back = await admin.submit(no, f"/admin/links/{one.id}/ask-back")
    assert "The question is on its way." in back.text
    link = await link_with(world, "a.example")
    assert (link.outgoing, link.incoming) == ("pending", "accepted")
    fields = {"csrf": dict(no.form("/logout").values)["csrf"]}
    gone = await admin.post(f"/admin/links/{two.id}/approve", fields)
    assert gone.status_code == 404


async def test_the_page_tells_how_far_their_list_is_read_and_what_went_wrong(world: PagesWorld) -> None:
    await instance(world)
    await world.add_member("ines", Role.ADMIN)
    admin = await world.member_browser("ines")
    peer, now = await server(world, "a.example"), world.clock.now()

    async def be_linked(tx: Tx) -> None:
        await links.ask(tx, world.site, peer=peer, now=now)
        mine = await follows.between(tx, (await links.instance(tx, world.site)).id, peer.id)
        assert mine is not None
        await follows.set_state(tx, mine.id, "accepted", now)
        await links.receive_answer(tx, world.site, peer=peer, is_yes=True, now=now)

    async def set_crawl(**values: Any) -> str:
        async def unit(tx: Tx) -> None:
            crawl = await crawls.get(tx, peer.id)
            assert crawl is not None
            await crawls.save(tx, crawl, **values)

        await world.store.write(unit)
        return (await admin.get("/admin/links")).text

    await world.store.write(be_linked)
    assert "Their list will be read in a moment." in (await admin.get("/admin/links")).text
    text = await set_crawl(state="running", pages_count=1, listed_count=50, total_count=120)
    assert "Their list is being read: 50 of 120." in text
    text = await set_crawl(state="failed", last_error="a.example answers 503")
    assert "Their list could not be read." in text
    assert "a.example answers 503" in text
    text = await set_crawl(state="done", finished_at=now, last_error=None)
    assert "Their whole list was read:" in text
    assert "0 open offers and requests of theirs are listed here." in text
