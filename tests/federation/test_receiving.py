"""What reaches the inbox: who is let in, what is stored, and what each verb does."""

import json
from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libline_fed.activitypub.keys import multibase_of
from libline_fed.activitypub.proofs import add_proof
from libline_fed.clock import FrozenClock
from libline_fed.domain.proposals import Draft
from libline_fed.errors import NotFound, PeerUnavailable
from libline_fed.federation import inbox_handlers
from libline_fed.services import follows, inbox, posts, proposals
from libline_fed.storage import accounts, actors, remote_keys
from libline_fed.storage import follows as follow_rows
from libline_fed.storage import posts as post_rows
from libline_fed.storage import proposals as proposal_rows
from libline_fed.storage.store import Store
from tests.support.fediverse import PUBLIC, US, Fediverse, Person, fediverse


@pytest.fixture
async def world(store: Store, clock: FrozenClock) -> AsyncIterator[Fediverse]:
    async with fediverse(store, clock) as made:
        yield made


async def listed(world: Fediverse) -> list[str]:
    page = await world.store.read(
        lambda tx: proposals.directory(tx, purpose="offer", viewer_is_member=False, now=world.clock.now())
    )
    return [item.proposal.title for item in page.items]


async def own_offer(world: Fediverse, author):  # type: ignore[no-untyped-def]
    draft = Draft("offer", "Ours", "A text.", "en", ("A0301",), ("en",), ("M1",))
    now = world.clock.now()
    return await world.store.write(
        lambda tx: proposals.add(tx, world.site, author=author, draft=draft, now=now)
    )


# --- the door ---------------------------------------------------------------------------------------


async def test_an_unsigned_activity_is_refused_and_stores_nothing(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    before = await world.counts()
    body = json.dumps(ben.says("Like", f"{US}/proposals/1")).encode()
    response = await world.http.post(
        f"{US}/inbox", content=body, headers={"Content-Type": "application/activity+json"}
    )
    assert response.status_code == 401
    assert await world.counts() == before
    assert world.asked == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 100_000, 400),
        (b'{"id": "https://b.example/1", "id": "https://b.example/2"}', 400),
        (b'{"a": NaN}', 400),
        (b'"text"', 400),
        (b'{"type": "Create"}', 400),
        (b"x" * 1_048_577, 413),
        (b"", 400),
    ],
)
async def test_a_body_that_cannot_be_read_gets_its_status(world: Fediverse, body: bytes, status: int) -> None:
    ben = world.meet("b.example", "ben")
    before = await world.counts()
    response = await world.send(ben, body)
    assert response.status_code == status
    assert await world.counts() == before


async def test_another_media_type_is_refused(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    response = await world.send(ben, ben.says("Like", US), headers={"Content-Type": "application/json"})
    assert response.status_code == 415


async def test_a_blocked_server_is_turned_away_before_anything_is_fetched(world: Fediverse) -> None:
    ben = world.meet("sub.b.example", "ben")
    world.policies["b.example"] = "blocked"
    assert (await world.send(ben, ben.says("Like", US))).status_code == 403
    assert world.asked == []


async def test_a_host_that_sends_too_much_waits_and_others_do_not(world: Fediverse) -> None:
    ben, cleo = world.meet("b.example", "ben"), world.meet("c.example", "cleo")
    for number in range(50):
        assert (await world.send(ben, ben.says("Like", f"{US}/{number}"))).status_code == 202
    response = await world.send(ben, ben.says("Like", f"{US}/x"))
    assert response.status_code == 429
    assert 1 <= int(response.headers["retry-after"]) <= 60
    assert (await world.send(cleo, cleo.says("Like", US))).status_code == 202
    world.clock.advance(seconds=61)
    assert (await world.send(ben, ben.says("Like", f"{US}/y"))).status_code == 202


async def test_the_same_request_a_hundred_times_has_one_effect(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    note = ben.note(1, cc=[ana.uri])
    for _ in range(25):
        assert (await world.send(ben, ben.says("Create", note))).status_code == 202
    await world.apply()
    assert await world.notices(ana) == ["mention"]
    assert (await world.counts())["posts"] == 1
    assert (await world.counts())["inbox_activities"] == 1


async def test_nobody_speaks_for_another(world: Fediverse) -> None:
    ben, mallory = world.meet("b.example", "ben"), world.meet("b.example", "mallory", "ben")
    await world.resolver.find_actor(ben.uri)
    await world.send(mallory, mallory.says("Like", US))
    before = await world.counts()
    response = await world.send(mallory, ben.says("Delete", ben.uri))
    assert response.status_code == 401
    assert await world.counts() == before


async def test_an_activity_named_on_another_host_is_refused(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    document = ben.says("Like", US) | {"id": "https://c.example/activities/1"}
    assert (await world.send(ben, document)).status_code == 400
    assert (await world.counts())["inbox_activities"] == 0


async def test_a_forwarded_activity_needs_its_authors_proof(world: Fediverse) -> None:
    ana = await world.member("ana")
    cleo, ben = world.meet("c.example", "cleo", "ben"), world.meet("b.example", "ben")
    key = Ed25519PrivateKey.generate()
    cleo.changes["assertionMethod"] = [
        {
            "id": f"{cleo.uri}#ed25519-key",
            "type": "Multikey",
            "controller": cleo.uri,
            "publicKeyMultibase": multibase_of(key.public_key()),
        }
    ]
    document = cleo.says("Create", cleo.note(1, cc=[ana.uri]))
    assert (await world.send(ben, document)).status_code == 401
    signed = document | {"signature": {"type": "RsaSignature2017"}}
    assert (await world.send(ben, signed)).status_code == 202
    assert (await world.counts())["inbox_activities"] == 0
    proven = add_proof(document, private_key=key, key_id=f"{cleo.uri}#ed25519-key", created=world.clock.now())
    assert (await world.send(ben, proven | {"summary": "changed"})).status_code == 401
    assert (await world.receive(ben, proven)).state == "applied"
    assert await world.notices(ana) == ["mention"]


async def test_the_end_of_a_stranger_is_accepted_and_nothing_is_fetched(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    before = await world.counts()
    assert (await world.send(ben, ben.says("Delete", ben.uri))).status_code == 202
    assert (await world.counts(), world.asked) == (before, [])


async def test_an_actor_whose_server_says_gone_is_removed_without_its_key(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    known = await world.resolver.find_actor(ben.uri)
    await world.store.write(lambda tx: _forget_keys(tx, ben.uri))
    world.served[ben.uri] = 410
    assert (await world.send(ben, ben.says("Delete", ben.uri))).status_code == 202
    gone = await world.store.read(lambda tx: actors.by_id(tx, known.id))
    assert gone is not None
    assert gone.gone_at is not None


async def _forget_keys(tx, owner_uri: str) -> None:  # type: ignore[no-untyped-def]
    await remote_keys.remove_of(tx, owner_uri)


# --- following --------------------------------------------------------------------------------------


async def test_a_follow_is_accepted_with_the_follow_inside(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    follow = ben.says("Follow", ana.uri)
    assert (await world.receive(ben, follow)).state == "applied"
    [accept] = await world.said("Accept")
    assert accept["object"] == {"id": follow["id"], "type": "Follow", "actor": ben.uri, "object": ana.uri}
    assert accept["actor"] == ana.uri
    assert accept["to"] == [ben.uri]
    assert await world.notices(ana) == ["follow"]


async def test_a_second_follow_gets_a_second_accept(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    await world.receive(ben, ben.says("Follow", ana.uri))
    again = ben.says("Follow", ana.uri, published="2026-11-24T09:00:00Z")
    world.clock.advance(seconds=1)
    await world.receive(ben, again)
    assert [accept["object"]["id"] for accept in await world.said("Accept")][-1] == again["id"]
    assert await world.notices(ana) == ["follow"]


async def test_a_careful_member_is_asked_and_decides(world: Fediverse) -> None:
    ana = await world.member("ana", manually_approves_followers=True)
    ben = world.meet("b.example", "ben")
    await world.receive(ben, ben.says("Follow", ana.uri))
    assert await world.said("Accept") == []
    assert await world.notices(ana) == ["follow-request"]
    [asker] = await world.store.read(lambda tx: follows.pending(tx, ana.id))
    now = world.clock.now()
    await world.store.write(
        lambda tx: follows.accept_follower(tx, world.site, owner=ana, follower_id=asker.actor.id, now=now)
    )
    assert len(await world.said("Accept")) == 1


async def test_a_blocked_follower_is_rejected(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    known = await world.resolver.find_actor(ben.uri)
    now = world.clock.now()
    await world.store.write(
        lambda tx: follow_rows.add_block(tx, blocker_id=ana.id, blocked_id=known.id, uri=None, now=now)
    )
    assert (await world.receive(ben, ben.says("Follow", ana.uri))).state == "refused"
    assert len(await world.said("Reject")) == 1
    assert await world.said("Accept") == []


@pytest.mark.parametrize("is_embedded", [True, False])
async def test_an_undone_follow_ends(world: Fediverse, is_embedded: bool) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    follow = ben.says("Follow", ana.uri)
    await world.receive(ben, follow)
    undo = ben.says("Undo", follow if is_embedded else follow["id"])
    assert (await world.receive(ben, undo)).state == "applied"
    assert await world.store.read(lambda tx: follows.followers(tx, ana.id)) == []


async def test_a_yes_lists_the_open_offers_and_a_late_no_ends_it(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    offer = ben.offer(1)
    world.served[offer["id"]] = offer | {"@context": "https://www.w3.org/ns/activitystreams"}
    world.served[f"{ben.uri}/featured"] = {
        "id": f"{ben.uri}/featured",
        "type": "OrderedCollection",
        "orderedItems": [offer["id"]],
    }
    known = await world.follow(ana, ben)
    assert await listed(world) == ["Offer 1"]
    assert await world.notices(ana) == ["follow-accepted"]
    [asked] = await world.said("Follow")
    await world.receive(ben, ben.says("Reject", asked["id"]))
    assert await world.store.read(lambda tx: follows.state(tx, ana.id, known.id)) == "rejected"
    assert await listed(world) == []


async def test_a_yes_that_nobody_asked_for_changes_nothing(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    yes = ben.says(
        "Accept", {"id": f"{US}/activities/1", "type": "Follow", "actor": ana.uri, "object": ben.uri}
    )
    row = await world.receive(ben, yes)
    assert (row.state, row.reason) == ("ignored", "not-pending")


async def test_only_the_followed_says_yes(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    mallory = world.meet("b.example", "mallory", "ben")
    followed = await world.resolver.find_actor(ben.uri)
    now = world.clock.now()
    asked = await world.store.write(
        lambda tx: follows.follow(tx, world.site, follower=ana, followed=followed, now=now)
    )
    yes = mallory.says("Accept", {"id": asked.uri, "type": "Follow", "actor": ana.uri, "object": ben.uri})
    assert (await world.receive(mallory, yes)).state == "ignored"
    assert await world.store.read(lambda tx: follows.state(tx, ana.id, followed.id)) == "pending"


# --- offers -----------------------------------------------------------------------------------------


async def test_an_offer_of_somebody_followed_is_listed_changed_and_removed(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    await world.follow(ana, ben)
    await world.receive(ben, ben.says("Create", ben.offer(1)))
    assert await listed(world) == ["Offer 1"]
    await world.receive(ben, ben.says("Update", ben.offer(1, title="Better", revision=2)))
    assert await listed(world) == ["Better"]
    old = await world.receive(ben, ben.says("Update", ben.offer(1, title="Older", revision=1)))
    assert (old.state, old.reason) == ("ignored", "outdated")
    paused = ben.offer(1, proposalStatus="paused", revision=3)
    await world.receive(ben, ben.says("Update", paused))
    assert await listed(world) == []
    uri = ben.offer(1)["id"]
    await world.receive(ben, ben.says("Delete", {"id": uri, "type": "Tombstone"}))
    assert await world.store.read(lambda tx: proposal_rows.by_uris(tx, (uri,))) == {}
    late = await world.receive(ben, ben.says("Create", ben.offer(1), published="2026-11-24T10:00:00Z"))
    assert (late.state, late.reason) == ("ignored", "tombstoned")


async def test_an_offer_that_nobody_asked_for_is_not_listed(world: Fediverse) -> None:
    await world.member("ana")
    ben = world.meet("b.example", "ben")
    row = await world.receive(ben, ben.says("Create", ben.offer(1)))
    assert (row.state, row.reason) == ("ignored", "not-for-us")
    assert await listed(world) == []


async def test_a_private_offer_is_not_listed(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    await world.follow(ana, ben)
    row = await world.receive(ben, ben.says("Create", ben.offer(1, to=[ana.uri], cc=[])))
    assert row.state == "ignored"
    assert await listed(world) == []


async def test_offers_leave_with_the_last_follower(world: Fediverse) -> None:
    ana, zoe = await world.member("ana"), await world.member("zoe")
    ben = world.meet("b.example", "ben")
    known = await world.follow(ana, ben)
    now = world.clock.now()
    await world.store.write(lambda tx: follows.follow(tx, world.site, follower=zoe, followed=known, now=now))
    [asked] = [follow for follow in await world.said("Follow") if follow["actor"] == zoe.uri]
    await world.receive(ben, ben.says("Accept", asked["id"]))
    await world.receive(ben, ben.says("Create", ben.offer(1)))
    for follower, left in ((ana, ["Offer 1"]), (zoe, [])):
        await world.store.write(
            lambda tx, one=follower: follows.unfollow(tx, world.site, follower=one, followed=known, now=now)
        )
        assert await listed(world) == left


async def test_an_object_of_another_host_is_read_there_and_never_believed_here(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    cleo = world.meet("c.example", "cleo", "ben")
    await world.follow(ana, ben)
    forged = cleo.offer(1, title="Forged")
    row = await world.receive(ben, ben.says("Create", forged))
    assert row.state in {"refused", "ignored"}
    world.served[forged["id"]] = cleo.offer(1)
    again = await world.receive(ben, ben.says("Create", forged, published="2026-11-24T10:00:00Z"))
    assert again.state in {"refused", "ignored"}
    assert await listed(world) == []


# --- posts ------------------------------------------------------------------------------------------


async def test_an_answer_to_an_offer_is_told_to_its_author(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    offer = await own_offer(world, ana)
    note = ben.note(1, inReplyTo=offer.uri, content="<p>Hello<script>alert(1)</script></p>")
    assert (await world.receive(ben, ben.says("Create", note))).state == "applied"
    assert await world.notices(ana) == ["reply"]
    [view] = await world.store.read(lambda tx: posts.replies_to(tx, offer.uri, None))
    assert view.post.content_html == "<p>Hello</p>"


async def test_a_message_is_for_its_recipient_alone(world: Fediverse) -> None:
    ana, zoe = await world.member("ana"), await world.member("zoe")
    ben = world.meet("b.example", "ben")
    tag = [{"type": "Mention", "href": ana.uri, "name": "@ana"}]
    note = ben.note(1, to=[ana.uri], cc=[], tag=tag)
    assert (await world.receive(ben, ben.says("Create", note, to=[ana.uri]))).state == "applied"
    assert await world.notices(ana) == ["message"]
    assert await world.notices(zoe) == []
    post = (await world.store.read(lambda tx: post_rows.by_uris(tx, (note["id"],))))[note["id"]]

    async def reads(member) -> bool:  # type: ignore[no-untyped-def]
        async def unit(tx) -> bool:  # type: ignore[no-untyped-def]
            account = await accounts.by_actor(tx, member.id) if member else None
            try:
                await posts.get(tx, post.id, account)
            except NotFound:
                return False
            return True

        return await world.store.read(unit)

    assert [await reads(ana), await reads(zoe), await reads(None)] == [True, False, False]


async def test_a_post_for_nobody_here_is_dropped(world: Fediverse) -> None:
    await world.member("ana")
    ben = world.meet("b.example", "ben")
    row = await world.receive(ben, ben.says("Create", ben.note(1)))
    assert (row.state, row.reason) == ("ignored", "not-for-us")
    assert (await world.counts())["posts"] == 0


async def test_a_post_is_changed_and_deleted_by_its_author_only(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    mallory = world.meet("b.example", "mallory", "ben")
    await world.follow(ana, ben)
    note = ben.note(1)
    await world.receive(ben, ben.says("Create", note))
    uri = note["id"]
    before = await world.store.read(lambda tx: post_rows.by_uris(tx, (uri,)))
    evil = mallory.note(1) | {"id": uri, "content": "<p>Mine</p>", "updated": "2026-11-24T11:00:00Z"}
    for document in (mallory.says("Update", evil), mallory.says("Delete", uri)):
        assert (await world.receive(mallory, document)).state == "refused"
    assert await world.store.read(lambda tx: post_rows.by_uris(tx, (uri,))) == before
    newer = note | {"content": "<p>New</p>", "updated": "2026-11-24T11:00:00Z"}
    assert (await world.receive(ben, ben.says("Update", newer))).state == "applied"
    older = note | {"content": "<p>Old</p>", "updated": "2026-11-24T10:00:00Z"}
    assert (await world.receive(ben, ben.says("Update", older))).state == "ignored"
    kept = (await world.store.read(lambda tx: post_rows.by_uris(tx, (uri,))))[uri]
    assert kept.content_html == "<p>New</p>"
    assert (await world.receive(ben, ben.says("Delete", uri))).state == "applied"
    assert (await world.counts())["posts"] == 0


# --- other verbs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("type_", ["Like", "EmojiReact", "Announce"])
async def test_a_reaction_is_told_once_and_can_be_taken_back(world: Fediverse, type_: str) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    offer = await own_offer(world, ana)
    reaction = ben.says(type_, offer.uri)
    assert (await world.receive(ben, reaction)).state == "applied"
    again = ben.says(type_, offer.uri, published="2026-11-24T10:00:00Z")
    assert (await world.receive(ben, again)).state == "ignored"
    assert len(await world.notices(ana)) == 1
    assert (await world.receive(ben, ben.says("Undo", reaction))).state == "applied"
    assert (await world.counts())["reactions"] == 0


async def test_a_block_ends_following_both_ways(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    known = await world.follow(ana, ben)
    await world.receive(ben, ben.says("Follow", ana.uri))
    assert (await world.receive(ben, ben.says("Block", ana.uri))).state == "applied"
    assert await world.store.read(lambda tx: follows.state(tx, ana.id, known.id)) is None
    assert await world.store.read(lambda tx: follows.followers(tx, ana.id)) == []


async def test_a_report_is_kept_for_the_moderators(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    flag = ben.says("Flag", [ana.uri, f"{US}/proposals/1"], content="Spam")
    assert (await world.receive(ben, flag)).state == "applied"
    assert (await world.counts())["reports"] == 1


async def test_followers_go_along_when_somebody_moves(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    new = world.meet("c.example", "ben", "ben")
    known = await world.follow(ana, ben)
    move = ben.says("Move", ben.uri, target=new.uri)
    assert (await world.receive(ben, move)).state == "refused"  # the new one does not name the old one
    new.changes["alsoKnownAs"] = [ben.uri]
    again = ben.says("Move", ben.uri, target=new.uri, published="2026-11-24T10:00:00Z")
    world.clock.advance(seconds=1)
    assert (await world.receive(ben, again)).state == "applied"
    assert await world.store.read(lambda tx: follows.state(tx, ana.id, known.id)) is None
    assert [follow["object"] for follow in await world.said("Follow")] == [ben.uri, new.uri]


@pytest.mark.parametrize(
    "type_",
    ["Offer", "Join", "Leave", "Invite", "QuoteRequest", "FeatureRequest", "Remove", "View", "Travel"],
)
async def test_a_verb_without_effect_here_is_accepted_and_ignored(world: Fediverse, type_: str) -> None:
    ben = world.meet("b.example", "ben")
    row = await world.receive(ben, ben.says(type_, f"{ben.uri}/thing"))
    assert (row.state, row.reason) == ("ignored", "not-for-us")


# --- when something fails ---------------------------------------------------------------------------


async def test_poison_is_set_aside_and_the_others_go_on(
    world: Fediverse, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")

    async def explode(*_: object) -> object:
        raise ZeroDivisionError("poison")

    monkeypatch.setitem(inbox_handlers.HANDLERS, "Like", explode)
    await world.send(ben, ben.says("Like", f"{US}/proposals/1"))
    await world.send(ben, ben.says("Create", ben.note(1, cc=[ana.uri])))
    await world.apply()
    assert await world.notices(ana) == ["mention"]
    for _ in range(6):
        world.clock.advance(hours=2)
        await world.apply()
    [row] = await world.store.read(inbox.list_refused)
    assert (row.state, row.reason, row.attempts_count) == ("quarantined", "poison", 5)
    assert "ZeroDivisionError" in (row.detail or "")


async def test_a_server_that_does_not_answer_puts_the_activity_off(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    note = ben.note(1, cc=[ana.uri])
    world.served[note["id"]] = PeerUnavailable("down")
    document = ben.says("Create", note["id"], cc=[ana.uri])
    assert (await world.receive(ben, document)).state == "pending"
    world.served[note["id"]] = note
    world.clock.advance(hours=1)
    await world.apply()
    assert await world.notices(ana) == ["mention"]


# --- keys and look-ups ------------------------------------------------------------------------------


async def test_a_changed_key_is_fetched_once_and_not_for_every_bad_signature(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    assert (await world.send(ben, ben.says("Like", US))).status_code == 202
    assert world.asked == [ben.uri]
    other = world.meet("b.example", "ben", "ben")
    assert (await world.send(other, ben.says("Like", f"{US}/2"))).status_code == 202
    assert world.asked == [ben.uri] * 2
    for number in range(5):
        assert (await world.send(ben, ben.says("Like", f"{US}/{number}/3"))).status_code == 401
    assert world.asked == [ben.uri] * 2
    assert (await world.send(other, ben.says("Like", f"{US}/4"))).status_code == 202


async def test_a_key_that_cannot_be_had_is_asked_for_once_in_ten_minutes(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    world.served[ben.uri] = 500
    for number in range(5):
        assert (await world.send(ben, ben.says("Like", f"{US}/{number}"))).status_code == 401
    asked_count = len(world.asked)
    assert asked_count == 1
    world.served[ben.uri] = ben.document
    world.clock.advance(seconds=601)
    assert (await world.send(ben, ben.says("Like", US))).status_code == 202


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "https://c.example/users/ben"},
        {
            "publicKey": {
                "id": "https://b.example/users/ben#other-key",
                "owner": "https://b.example/users/ben",
            }
        },
        {"publicKey": []},
        {"inbox": "https://c.example/inbox"},
        {"type": "Note"},
    ],
)
async def test_a_key_document_that_names_something_else_gives_no_key(
    world: Fediverse, changes: dict[str, object]
) -> None:
    ben = world.meet("b.example", "ben")
    ben.changes.update(changes)
    assert (await world.send(ben, ben.says("Like", US))).status_code == 401
    assert (await world.counts())["inbox_activities"] == 0
    assert await world.store.read(lambda tx: actors.by_uris(tx, (ben.uri, f"{changes.get('id')}"))) == {}


@pytest.mark.parametrize("suffix", ["/main-key", "/#main-key"])
async def test_keys_named_as_gotosocial_and_bookwyrm_do_are_found(world: Fediverse, suffix: str) -> None:
    ben = world.meet("b.example", "ben")

    class Named(Person):
        key_id = ben.uri + suffix  # type: ignore[assignment]

    named = Named(ben.host, ben.name, ben.private_key, ben.public_pem)
    world.served[ben.uri] = named.document
    stub = {"id": ben.uri, "type": "Person", "publicKey": named.document()["publicKey"]}
    world.served[named.key_id.partition("#")[0]] = stub
    assert (await world.send(named, named.says("Like", US))).status_code == 202


async def test_our_own_name_is_never_asked_nor_believed(world: Fediverse) -> None:
    await world.member("ana")
    fake = world.meet("lib.example", "ana")
    assert (await world.send(fake, fake.says("Like", US))).status_code == 401
    assert world.asked == []


def jrd(subject: str, *uris: str) -> dict[str, object]:
    links = [{"rel": "self", "type": "application/activity+json", "href": uri} for uri in uris]
    return {"subject": f"acct:{subject}", "links": links}


def finger(host: str, resource: str) -> str:
    return f"https://{host}/.well-known/webfinger?resource=acct%3A{resource.replace('@', '%40')}"


async def test_a_person_is_found_by_address(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    world.served[finger("b.example", "ben@b.example")] = jrd("ben@b.example", ben.uri)
    found = await world.resolver.find_actor("@ben@b.example")
    assert (found.uri, found.acct) == (ben.uri, "ben@b.example")
    asked_count = len(world.asked)
    await world.resolver.find_actor("ben@b.example")
    assert len(world.asked) == asked_count


async def test_an_address_at_another_domain_needs_the_actors_own_server_to_agree(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    world.served[finger("short.example", "ben@short.example")] = jrd("ben@short.example", ben.uri)
    with pytest.raises(Exception, match=r"b\.example"):
        await world.resolver.find_actor("ben@short.example")
    world.served[finger("b.example", "ben@b.example")] = jrd("ben@short.example", ben.uri)
    found = await world.resolver.find_actor("ben@short.example")
    assert (found.uri, found.acct) == (ben.uri, "ben@short.example")


async def test_an_address_with_two_actors_or_none_is_refused(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    for uris in ((), (ben.uri, "https://b.example/users/other")):
        world.served[finger("b.example", "ben@b.example")] = jrd("ben@b.example", *uris)
        with pytest.raises(Exception, match="actors"):
            await world.resolver.find_actor("ben@b.example")
    assert (await world.counts())["actors"] == 1


FORGERIES = [
    (verb, field)
    for verb in ("Create", "Update")
    for field in (
        "attributedTo-other",
        "attributedTo-ours",
        "attributedTo-list",
        "attributedTo-number",
        "attributedTo-missing",
        "id-other-host",
        "id-ours",
        "id-number",
        "id-list",
        "id-missing",
        "intent-of-another",
        "type-list",
        "object-list",
        "object-nested",
    )
]


@pytest.mark.parametrize(("verb", "field"), FORGERIES)
@pytest.mark.parametrize("kind", ["note", "offer"])
async def test_a_forged_owner_or_id_changes_nothing(
    world: Fediverse, verb: str, field: str, kind: str
) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    cleo = world.meet("c.example", "cleo", "ben")
    await world.follow(ana, ben)
    own = await own_offer(world, ana)
    victim = cleo.offer(7) if kind == "offer" else cleo.note(7)
    await world.follow(ana, cleo)
    await world.receive(cleo, cleo.says("Create", victim))
    document = ben.offer(1) if kind == "offer" else ben.note(1)
    forged = {
        "attributedTo-other": {"attributedTo": cleo.uri},
        "attributedTo-ours": {"attributedTo": ana.uri},
        "attributedTo-list": {"attributedTo": [ben.uri, cleo.uri]},
        "attributedTo-number": {"attributedTo": 1},
        "attributedTo-missing": {"attributedTo": None},
        "id-other-host": {"id": victim["id"]},
        "id-ours": {"id": own.uri},
        "id-number": {"id": 1},
        "id-list": {"id": [victim["id"]]},
        "id-missing": {"id": None},
        "intent-of-another": {"publishes": ben.offer(1)["publishes"] | {"id": f"{victim['id']}#primary"}},
        "type-list": {"type": ["Person", "Note"]},
    }.get(field, {})
    sent: object = document | forged
    if field == "object-list":
        sent = [document, victim]
    if field == "object-nested":
        sent = ben.says("Create", {"type": "Create", "object": victim})
    if kind == "note" and field == "intent-of-another":
        sent = document | {"attributedTo": cleo.uri}
    world.served[victim["id"]] = 404
    tables = ("posts", "proposals", "proposal_areas", "notifications", "actors", "tombstones")
    before = {name: count for name, count in (await world.counts()).items() if name in tables}
    response = await world.send(ben, ben.says(verb, sent))
    await world.apply()
    assert response.status_code in {202, 400, 401}
    after = {name: count for name, count in (await world.counts()).items() if name in tables}
    if (kind, field, verb) == ("offer", "intent-of-another", "Create"):
        before["posts"] += 1  # without an intent of its own it is a post of its author, and no offer
    assert after == before
    kept = await world.store.read(lambda tx: proposal_rows.by_uris(tx, (victim["id"], own.uri)))
    titles = {"Ours", "Offer 7"} if kind == "offer" else {"Ours"}
    assert {proposal.title for proposal in kept.values()} == titles
    assert PUBLIC in victim["to"]
