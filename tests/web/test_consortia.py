"""Making, running, reading and joining consortia on the pages."""

from dataclasses import replace

from libline_fed.activitypub.objects import Admitted
from libline_fed.domain.accounts import Role
from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import MemberState
from libline_fed.services import consortium_members
from libline_fed.storage import actors, consortia
from libline_fed.storage.store import Tx
from tests.support.pages import DRAFT, Browser, Page, PagesWorld, remote_person

TYPED = {
    "name": "Red de Bibliotecas",
    "handle": "redbib",
    "summary_text": "Mentoring between our libraries.",
    "charter_text": "Who may join.\n\nWho decides: <script>alert(1)</script> nobody alone.",
    "language": "es",
}


async def coordinator(world: PagesWorld, handle: str = "coco") -> Browser:
    await world.add_member(handle, Role.COORDINATOR)
    return await world.member_browser(handle)


async def made(world: PagesWorld, browser: Browser, **changed: str) -> Page:
    page = await browser.fill("/admin/consortia/new", **{**TYPED, **changed})
    assert "The consortium is there." in page.text, page.text
    return page


async def group_of(world: PagesWorld, handle: str = "redbib") -> Actor:
    found = await world.store.read(lambda tx: actors.local_by_handle(tx, handle))
    assert found is not None
    return found


async def server(world: PagesWorld, host: str) -> Actor:
    """Store the instance actor of another server."""
    uri = f"https://{host}/actor"
    document = replace(
        remote_person("server", host),
        uri=uri,
        type="Application",
        handle=host,
        name=f"Library of {host}",
        url=f"https://{host}/about",
        inbox_url=f"{uri}/inbox",
        followers_uri=None,
        proposals_url=f"{uri}/proposals",
    )
    now = world.clock.now()
    return await world.store.write(
        lambda tx: actors.put_remote(tx, Admitted(document, host, "signed"), acct_host=None, now=now)
    )


async def remote_group(world: PagesWorld, host: str = "c.example", **details: str) -> Actor:
    """Store a consortium of another server."""
    uri = f"https://{host}/groups/far"
    document = replace(
        remote_person("far", host),
        uri=uri,
        type="Group",
        handle="far",
        name="Far away",
        inbox_url=f"{uri}/inbox",
    )
    now = world.clock.now()

    async def unit(tx: Tx) -> Actor:
        found = await actors.put_remote(tx, Admitted(document, host, "signed"), acct_host=None, now=now)
        return await actors.change(tx, found.id, now, details={**found.details, **details})

    return await world.store.write(unit)


async def test_a_consortium_is_made_once_and_has_a_page_for_everybody(world: PagesWorld) -> None:
    browser = await coordinator(world)
    form = await browser.get("/admin/consortia/new")
    for _ in range(2):  # a double click
        await browser.submit(form, "/admin/consortia/new", **TYPED)
    hosted = await world.store.read(consortia.hosted)
    assert [group.handle for _, group in hosted] == ["redbib"]
    page = await world.browser().get("/groups/redbib")
    assert page.headings == ["Red de Bibliotecas"]
    assert "@redbib@lib.example" in page.text
    assert "Who may join." in page.text
    assert "<script>alert" not in page.response.text
    assert "nobody alone" in page.text
    assert "this server" in page.text
    paths = {link["href"] for link in page.links}
    assert "/mentors?via=https%3A%2F%2Flib.example%2Fgroups%2Fredbib" in paths
    assert 'rel="alternate"' in page.response.text or "alternate" in page.response.headers.get("link", "")
    assert "Red de Bibliotecas" in (await world.browser().get("/consortia")).text
    assert (await world.browser().raw_get("/groups/REDBIB")).headers["location"] == "/groups/redbib"
    assert (await world.browser().raw_get("/groups/nothing")).status_code == 404


async def test_its_page_leads_to_what_it_passes_on(world: PagesWorld) -> None:
    browser = await coordinator(world)
    ana = await world.add_member("ana")
    await world.publish(ana.actor, replace(DRAFT, title="Before it was there"))
    await made(world, browser)
    await world.publish(ana.actor, replace(DRAFT, title="After it was there"))
    await world.publish(ana.actor, replace(DRAFT, title="Only inside", audience="instance"))
    visitor = world.browser()
    page = await visitor.get("/groups/redbib")
    path = next(link["href"] for link in page.links if link["href"].startswith("/mentors?via="))
    found = await visitor.get(path)
    assert "Before it was there" in found.text
    assert "After it was there" in found.text
    assert "Only inside" not in found.text
    group = await group_of(world)
    desk = await browser.get(f"/admin/consortia/{group.id}")
    held = next(form for form in desk.forms if form.action.endswith("/proposals/withhold"))
    values = dict(held.values) | {"reason": "Not ours."}
    answer = await browser.post(held.action, values)
    assert answer.status_code == 303
    assert "Not ours." in (await browser.get(f"/admin/consortia/{group.id}")).text
    assert "1 open offer" in (await visitor.get(path)).text
    desk = await browser.get(f"/admin/consortia/{group.id}")
    await browser.submit(desk, f"/admin/consortia/{group.id}/proposals/release")
    assert "2 open offers" in (await visitor.get(path)).text


async def test_what_is_wrong_is_said_at_its_field(world: PagesWorld) -> None:
    browser = await coordinator(world)
    page = await browser.fill("/admin/consortia/new", **{**TYPED, "name": "", "handle": "a b"})
    assert page.response.status_code == 422
    assert "Write the name of the consortium." in page.text or page.problem_of("handle")
    await made(world, browser)
    again = await browser.fill("/admin/consortia/new", **TYPED)
    assert again.problem_of("handle")
    group = await group_of(world)
    edited = await browser.fill(f"/admin/consortia/{group.id}/edit", name="")
    assert "Write the name of the consortium." in edited.text
    edited = await browser.fill(f"/admin/consortia/{group.id}/edit", name="Red nueva")
    assert "Red nueva" in edited.text


async def test_servers_ask_and_are_taken_in_refused_invited_and_removed(world: PagesWorld) -> None:
    browser = await coordinator(world)
    await made(world, browser)
    group, now = await group_of(world), world.clock.now()
    path = f"/admin/consortia/{group.id}"
    for host in ("a.example", "b.example"):
        asking = await server(world, host)
        await world.store.write(
            lambda tx, asking=asking, host=host: consortium_members.receive_join(  # type: ignore[misc]
                tx,
                world.site,
                group=group,
                instance=asking,
                uri=f"https://{host}/activities/1",
                note_text="Three <b>mentors</b>.",
                now=now,
            )
        )
    assert "asks to join your consortium." in (await browser.get("/notifications")).text
    page = await browser.get(path)
    assert "Three <b>mentors</b>." in page.text
    yes = [form.action for form in page.forms if form.action.endswith("/approve")]
    assert len(yes) == 2
    await browser.submit(page, yes[0])
    no = [form.action for form in (await browser.get(path)).forms if form.action.endswith("/reject")]
    assert "Your no is sent." in (await browser.submit(await browser.get(path), no[0])).text
    states = {
        actor.host: known.state
        for known, actor in await world.store.read(
            lambda tx: consortia.members(tx, group.id, tuple(MemberState))
        )
    }
    assert sorted(states.values()) == ["member", "member", "rejected"]  # this server is one
    world.lookups.found["d.example"] = await server(world, "d.example")
    invited = await browser.submit(await browser.get(path), f"{path}/invite", host="d.example")
    assert "The server is invited." in invited.text
    assert "d.example" in invited.text
    unknown = await browser.submit(invited, f"{path}/invite", host="nothing.example")
    assert unknown.problem_of("host")
    shown = await world.browser().get("/groups/redbib")
    assert "Library of a.example" in shown.text
    assert "Library of d.example" not in shown.text


async def test_only_who_runs_a_consortium_sees_its_desk(world: PagesWorld) -> None:
    coco = await coordinator(world)
    await made(world, coco)
    group = await group_of(world)
    path = f"/admin/consortia/{group.id}"
    other = await coordinator(world, "otto")
    assert (await other.raw_get(path)).status_code == 403
    assert "Red de Bibliotecas" not in (await other.get("/admin/consortia")).text
    added = await coco.submit(await coco.get(path), f"{path}/coordinators", handle="@otto")
    assert "This person coordinates now, too." in added.text
    assert (await other.raw_get(path)).status_code == 200
    wrong = await coco.submit(added, f"{path}/coordinators", handle="nobody")
    assert "There is no active member with this handle." in wrong.text
    slip = await coco.submit(await coco.get(path), f"{path}/close", handle="red")
    assert "To close it, write its handle." in slip.text
    closed = await coco.submit(await coco.get(path), f"{path}/close", handle="redbib")
    assert "The consortium is closed." in closed.text
    assert (await world.browser().raw_get("/groups/redbib")).status_code in {404, 410}


async def test_this_server_asks_to_join_and_answers_invitations(world: PagesWorld) -> None:
    browser = await coordinator(world)
    group = await remote_group(world)
    world.lookups.found["@far@c.example"] = group
    ana = await world.add_member("ana")
    world.lookups.found["@ana@lib.example"] = ana.actor
    page = await browser.get("/admin/consortia")
    person = await browser.submit(page, "/admin/consortia/join", address="@ana@lib.example")
    assert "There is no consortium at this address." in person.text
    asked = await browser.submit(page, "/admin/consortia/join", address="@far@c.example", note="We are.")
    assert "You have asked to join." in asked.text
    assert (await world.browser().raw_get(f"/consortia/{group.id}")).status_code == 404  # not yet in it
    dropped = await browser.submit(asked, f"/admin/consortia/{group.id}/answer/leave")
    assert "You have asked to join." not in dropped.text
    now = world.clock.now()
    ours = await world.store.read(lambda tx: actors.by_uri(tx, world.site.uris.instance_actor))
    assert ours is not None
    await world.store.write(
        lambda tx: consortia.put_membership(
            tx,
            group_id=group.id,
            instance_id=ours.id,
            state=MemberState.INVITED,
            activity_uri="https://c.example/activities/1",
            now=now,
        )
    )
    invited = await browser.get("/admin/consortia")
    joined = await browser.submit(invited, f"/admin/consortia/{group.id}/answer/accept")
    assert "This server is a member now." in joined.text
    assert (await world.browser().get(f"/consortia/{group.id}")).headings == ["Far away"]
    assert "Far away" in (await world.browser().get("/consortia")).text


async def test_a_lost_host_is_replaced_by_links_or_by_a_consortium_here(world: PagesWorld) -> None:
    browser = await coordinator(world)
    group = await remote_group(world, charter_text="We help each other.")
    member = await server(world, "a.example")
    ours = await world.store.read(lambda tx: actors.by_uri(tx, world.site.uris.instance_actor))
    assert ours is not None
    now = world.clock.now()

    async def unit(tx: Tx) -> None:
        for instance in (ours, member):
            await consortia.put_membership(
                tx, group_id=group.id, instance_id=instance.id, state=MemberState.MEMBER, now=now
            )

    await world.store.write(unit)
    page = await browser.get("/admin/consortia")
    begun = await browser.get(f"/admin/consortia/new?continues={group.id}")
    assert begun.described("name")["value"] == "Far away"
    assert "We help each other." in dict(begun.form("/admin/consortia/new").values)["charter_text"]
    done = await browser.submit(begun, "/admin/consortia/new", handle="nearby")
    assert "The consortium is there." in done.text
    assert "a.example" in done.text
    assert "invited" in done.text
    linked = await browser.submit(page, f"/admin/consortia/{group.id}/answer/link")
    assert "Its members are asked for a link each." in linked.text
