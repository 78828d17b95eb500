"""What each verb does that reaches the inbox."""

import pytest

from libline_fed.errors import NotFound
from libline_fed.services import follows, posts
from libline_fed.storage import accounts
from libline_fed.storage import follows as follow_rows
from libline_fed.storage import posts as post_rows
from tests.support.fediverse import US, Fediverse


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
    assert await world.listed() == ["Offer 1"]
    assert await world.notices(ana) == ["follow-accepted"]
    [asked] = await world.said("Follow")
    await world.receive(ben, ben.says("Reject", asked["id"]))
    assert await world.store.read(lambda tx: follows.state(tx, ana.id, known.id)) == "rejected"
    assert await world.listed() == []


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


async def test_an_answer_to_an_offer_is_told_to_its_author(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    offer = await world.own_offer(ana)
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


@pytest.mark.parametrize("type_", ["Like", "EmojiReact", "Announce"])
async def test_a_reaction_is_told_once_and_can_be_taken_back(world: Fediverse, type_: str) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    offer = await world.own_offer(ana)
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
    ["Offer", "QuoteRequest", "FeatureRequest", "Remove", "View", "Travel"],
)
async def test_a_verb_without_effect_here_is_accepted_and_ignored(world: Fediverse, type_: str) -> None:
    ben = world.meet("b.example", "ben")
    row = await world.receive(ben, ben.says(type_, f"{ben.uri}/thing"))
    assert (row.state, row.reason) == ("ignored", "not-for-us")
