"""Running a server through the pages: members, invitations, other servers, the queues."""

from libline_fed.domain.accounts import Role
from libline_fed.services import deliveries, follows, inbox, peers
from libline_fed.storage import inbox_activities
from tests.support.pages import DRAFT, PagesWorld


async def test_the_first_page_counts_what_waits(world: PagesWorld) -> None:
    await world.add_member("ines", Role.ADMIN)
    page = await (await world.member_browser("ines")).get("/admin")
    for seen in (
        "0 wait for your decision.",
        "0 messages wait to be sent.",
        "0 incoming messages were refused",
    ):
        assert seen in page.text


async def test_a_moderator_sees_people_but_not_servers(world: PagesWorld) -> None:
    await world.add_member("mod", Role.MODERATOR)
    page = await (await world.member_browser("mod")).get("/admin")
    paths = {link["href"] for link in page.links}
    assert "/admin/members" in paths
    assert not paths & {"/admin/peers", "/admin/queue", "/admin/inbox"}


async def test_disabling_a_member_ends_the_visit_at_once(world: PagesWorld) -> None:
    await world.add_member("ines", Role.ADMIN)
    ana = await world.add_member("ana")
    admin, member = await world.member_browser("ines"), await world.member_browser("ana")
    page = await admin.get("/admin/members")
    disabled = await admin.submit(page, f"/admin/members/{ana.account.id}/disable")
    assert "The member is disabled" in disabled.text
    assert (await member.raw_get("/settings")).status_code == 303
    assert (await world.browser().get("/@ana")).response.status_code == 404
    enabled = await admin.submit(disabled, f"/admin/members/{ana.account.id}/enable")
    assert "The member can log in again." in enabled.text
    promoted = await admin.submit(enabled, f"/admin/members/{ana.account.id}/make-admin")
    assert "The role is saved." in promoted.text


async def test_an_admin_makes_a_member_a_coordinator_and_back(world: PagesWorld) -> None:
    await world.add_member("ines", Role.ADMIN)
    ana = await world.add_member("ana")
    admin, member = await world.member_browser("ines"), await world.member_browser("ana")
    assert (await member.raw_get("/coordination")).status_code == 404
    path = f"/admin/members/{ana.account.id}"
    made = await admin.submit(await admin.get("/admin/members"), f"{path}/make-coordinator")
    assert "The role is saved." in made.text
    member = await world.member_browser("ana")  # old pages act with no new role: the visit has ended
    assert "/coordination" in {link["href"] for link in (await member.get("/")).links}
    assert (await member.raw_get("/coordination")).status_code == 200
    await admin.submit(made, f"{path}/make-member")
    member = await world.member_browser("ana")
    assert (await member.raw_get("/coordination")).status_code == 404


async def test_an_invitation_is_shown_once(world: PagesWorld) -> None:
    await world.add_member("ines", Role.ADMIN)
    admin = await world.member_browser("ines")
    made = await admin.fill("/admin/invitations", uses_count="3")
    assert "https://lib.example/invitations/" in made.text
    assert "/invitations/" not in (await admin.get("/admin/invitations")).text.replace(
        "/admin/invitations", ""
    )
    wrong = await admin.fill("/admin/invitations", uses_count="9999999999")
    assert wrong.problem_of("uses_count") == "uses_count-error"
    mailed = await admin.fill("/admin/invitations", email="amina@mail.example", uses_count="1")
    assert "It is also on its way to amina@mail.example." in mailed.text


async def test_a_rule_for_a_server_is_saved_and_shown(world: PagesWorld) -> None:
    await world.add_member("ines", Role.ADMIN)
    admin = await world.member_browser("ines")
    wrong = await admin.fill("/admin/peers", host="not a host!", policy="blocked", note="Spam")
    assert wrong.response.status_code == 422
    assert wrong.problem_of("host") == "host-error"
    assert dict(wrong.form("/admin/peers").values)["note"] == "Spam"
    saved = await admin.submit(wrong, "/admin/peers", host="Bad.Example")
    assert "The rule for this server is saved." in saved.text
    assert (await world.store.read(lambda tx: peers.show(tx, "bad.example"))).policy == "blocked"


async def test_the_queue_is_listed_retried_and_dropped(world: PagesWorld) -> None:
    ines = await world.add_member("ines", Role.ADMIN)
    kofi = await world.add_remote("kofi", "library.example")
    now = world.clock.now()
    await world.store.write(
        lambda tx: follows.receive_follow(
            tx,
            world.site,
            uri="https://library.example/follows/1",
            follower=kofi,
            followed=ines.actor,
            now=now,
        )
    )
    await world.publish(ines.actor, DRAFT)
    admin = await world.member_browser("ines")
    page = await admin.get("/admin/queue")
    assert "library.example" in page.text
    retry = next(form.action for form in page.forms if form.action.endswith("/retry"))
    assert "It will be sent again now." in (await admin.submit(page, retry)).text
    page = await admin.get("/admin/queue")
    drop = next(form.action for form in page.forms if form.action.endswith("/drop"))
    dropped = await admin.submit(page, drop)
    assert "It is dropped" in dropped.text
    counts = (await world.store.read(deliveries.summarise)).counts
    assert counts["cancelled"] == 1


async def test_what_was_refused_is_listed_with_its_reason_and_read_again(world: PagesWorld) -> None:
    await world.add_member("ines", Role.ADMIN)
    now = world.clock.now()
    row = {
        "activity_hash": b"\x01" * 32,
        "activity_uri": "https://library.example/a/1",
        "type": "Create",
        "actor_uri": "https://library.example/users/kofi",
        "signer_uri": "https://library.example/users/kofi",
        "key_id": "https://library.example/users/kofi#main-key",
        "host": "library.example",
        "body": b"{}",
        "state": "refused",
        "reason": "wrong-owner",
        "detail": "not theirs",
        "received_at": now,
        "next_attempt_at": now,
    }
    await world.store.write(lambda tx: tx.execute(tx.insert(inbox_activities.inbox_activities).values(**row)))
    admin = await world.member_browser("ines")
    page = await admin.get("/admin/inbox")
    assert "wrong-owner" in page.text
    replay = next(form.action for form in page.forms if form.action.endswith("/replay"))
    assert "It will be read again now." in (await admin.submit(page, replay)).text
    assert (await world.store.read(inbox.count_by_state)).get("pending") == 1
    assert (await admin.get("/admin/inbox?before=99999999999999999999")).response.status_code == 200
