"""Posts of other servers: who may read which, in the timeline, below a proposal and alone."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from libline_fed.domain.accounts import Account
from libline_fed.domain.follows import FollowState
from libline_fed.errors import NotFound
from libline_fed.services import peers, posts
from libline_fed.services.site import Site
from libline_fed.storage import posts as stored_posts
from libline_fed.storage.store import Store
from libline_fed.storage.tables import actors
from tests.services.conftest import Add
from tests.services.test_proposals import publish
from tests.support.neighbours import follow, keep_post, meet, note_by


async def timeline(store: Store, actor_id: str, page: int = 1) -> list[str]:
    """Return the addresses' last parts, newest first."""
    found = await store.read(lambda tx: posts.timeline(tx, actor_id, page))
    return [view.post.uri.rpartition("/")[2] for view in found.items]


async def replies(store: Store, uri: str, viewer: Account | None) -> list[str]:
    found = await store.read(lambda tx: posts.replies_to(tx, uri, viewer))
    return [view.post.uri.rpartition("/")[2] for view in found]


# --- one post ---------------------------------------------------------------------------------------

READERS = {
    "public": {"visitor", "disabled", "stranger", "asking", "follower", "recipient"},
    "unlisted": {"visitor", "disabled", "stranger", "asking", "follower", "recipient"},
    "followers": {"follower", "recipient"},
    "direct": {"recipient"},
}


@pytest.mark.parametrize("viewer", sorted(READERS["public"]))
@pytest.mark.parametrize("visibility", sorted(READERS))
async def test_who_may_read_a_post(
    store: Store, add: Add, now: datetime, visibility: str, viewer: str
) -> None:
    bo = await meet(store, "bo", "b.example", now)
    member = await add("ana")
    if viewer == "follower":
        await follow(store, member.actor, bo, now)
    if viewer == "asking":
        await follow(store, member.actor, bo, now, state=FollowState.PENDING)
    recipients = (member.actor,) if viewer in {"recipient", "disabled"} else ()
    post = await keep_post(store, bo, "1", now, visibility=visibility, recipients=recipients)
    account: Account | None = member.account
    if viewer == "visitor":
        account = None
    elif viewer == "disabled":
        account = replace(member.account, state="disabled")
    ask = store.read(lambda tx: posts.get(tx, post.id, account))
    if viewer in READERS[visibility]:
        view = await ask
        assert (view.post, view.author) == (post, bo)
    else:
        with pytest.raises(NotFound):
            await ask


async def test_a_private_post_and_one_that_is_not_there_look_alike(
    store: Store, add: Add, now: datetime
) -> None:
    eve = await add("eve")
    post = await keep_post(store, await meet(store, "bo", "b.example", now), "1", now, visibility="direct")
    refused = []
    for post_id in (post.id, "0" * 36):
        with pytest.raises(NotFound) as error:
            await store.read(lambda tx, id_=post_id: posts.get(tx, id_, eve.account))  # type: ignore[misc]
        refused.append(error.value.safe)
    assert refused[0] == refused[1]


@pytest.mark.parametrize("column", ["suspended_at", "gone_at"])
async def test_an_author_who_is_suspended_or_gone_takes_the_posts_along(
    store: Store, add: Add, now: datetime, column: str
) -> None:
    ana, bo = await add("ana"), await meet(store, "bo", "b.example", now)
    await follow(store, ana.actor, bo, now)
    post = await keep_post(store, bo, "1", now, recipients=(ana.actor,), inReplyTo="https://lib.example/p")
    assert await timeline(store, ana.actor.id) == ["1"]
    await store.write(lambda tx: tx.execute(update(actors).where(actors.c.id == bo.id).values({column: now})))
    assert await timeline(store, ana.actor.id) == []
    assert await replies(store, "https://lib.example/p", ana.account) == []
    with pytest.raises(NotFound):
        await store.read(lambda tx: posts.get(tx, post.id, ana.account))


# --- the timeline -----------------------------------------------------------------------------------


async def test_the_timeline_holds_what_the_followed_write_and_what_is_written_to_me(
    store: Store, add: Add, now: datetime
) -> None:
    ana, noor = await add("ana"), await add("noor")
    bo, cy = await meet(store, "bo", "b.example", now), await meet(store, "cy", "c.example", now)
    await follow(store, ana.actor, bo, now)
    await follow(store, ana.actor, cy, now, state=FollowState.PENDING)
    for minute, (author, slug, visibility, recipients) in enumerate(
        [
            (bo, "public", "public", ()),
            (bo, "unlisted", "unlisted", ()),
            (bo, "followers", "followers", ()),
            (bo, "to-noor", "direct", (noor.actor,)),
            (bo, "to-ana", "direct", (ana.actor,)),
            (bo, "to-both", "public", (ana.actor, noor.actor)),
            (cy, "not-yet", "public", ()),
            (cy, "named", "public", (ana.actor,)),
        ]
    ):
        at = now + timedelta(minutes=minute)
        await keep_post(store, author, slug, at, visibility=visibility, recipients=recipients)
    expected = ["named", "to-both", "to-ana", "followers", "unlisted", "public"]
    assert await timeline(store, ana.actor.id) == expected
    assert await timeline(store, noor.actor.id) == ["to-both", "to-noor"]


async def test_the_timeline_shows_twenty_to_a_page(store: Store, add: Add, now: datetime) -> None:
    ana, bo = await add("ana"), await meet(store, "bo", "b.example", now)
    await follow(store, ana.actor, bo, now)
    for number in range(21):
        await keep_post(store, bo, str(number), now + timedelta(seconds=number))
    first = await store.read(lambda tx: posts.timeline(tx, ana.actor.id))
    assert (len(first.items), first.has_more) == (20, True)
    assert await timeline(store, ana.actor.id, 2) == ["0"]
    assert await timeline(store, ana.actor.id, 3) == []
    assert await timeline(store, ana.actor.id, -1) == await timeline(store, ana.actor.id, 1)


# --- below a proposal -------------------------------------------------------------------------------


async def test_answers_that_everybody_may_read_stand_below_a_proposal_oldest_first(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    proposal, other = await publish(store, site, ana, now), await publish(store, site, ana, now)
    bo = await meet(store, "bo", "b.example", now)
    for minute, visibility in enumerate(["public", "followers", "direct", "unlisted"]):
        await keep_post(
            store,
            bo,
            visibility,
            now + timedelta(minutes=minute),
            visibility=visibility,
            recipients=(ana.actor,),
            inReplyTo=proposal.uri,
        )
    await keep_post(store, bo, "elsewhere", now, inReplyTo=other.uri)
    for viewer in (None, ana.account):  # not even to the one they are for: messages have their own place
        assert await replies(store, proposal.uri, viewer) == ["public", "unlisted"]


@pytest.mark.parametrize(
    ("host", "policy", "is_shown"),
    [
        ("b.example", "blocked", False),
        ("b.example", "silenced", False),
        ("example", "blocked", False),
        ("b.example", "allowed", True),
        ("c.example", "blocked", True),
    ],
)
async def test_answers_from_servers_that_are_silenced_or_blocked_are_left_out(
    store: Store, now: datetime, host: str, policy: str, is_shown: bool
) -> None:
    uri = "https://lib.example/proposals/1"
    await keep_post(store, await meet(store, "bo", "b.example", now), "1", now, inReplyTo=uri)
    await store.write(lambda tx: peers.set_policy(tx, host, policy, "", now=now))
    assert await replies(store, uri, None) == (["1"] if is_shown else [])


# --- keeping ----------------------------------------------------------------------------------------


async def test_a_post_that_comes_twice_is_kept_once_as_it_came_first(store: Store, now: datetime) -> None:
    bo = await meet(store, "bo", "b.example", now)
    first = await keep_post(store, bo, "1", now)
    again = note_by(bo, "1", content="<p>Another text</p>")
    columns = {
        "id": "0" * 36,
        "author_id": bo.id,
        "visibility": "public",
        "published_at": now,
        "received_at": now,
    }
    assert await store.write(lambda tx: stored_posts.add_many(tx, [(again, columns)])) == set()
    found = await store.read(lambda tx: stored_posts.by_uris(tx, [first.uri, "https://b.example/none"]))
    assert found == {first.uri: first}


@pytest.mark.parametrize(
    ("updated", "is_taken"),
    [
        ("2026-11-24T09:30:00Z", True),
        ("2026-11-24T09:10:00Z", False),  # the edit before the last one, late
        ("2026-11-24T09:20:00Z", False),  # the last one again
        ("2026-11-23T00:00:00Z", False),  # older than the post
    ],
)
async def test_only_a_newer_edit_changes_a_post(
    store: Store, now: datetime, updated: str, is_taken: bool
) -> None:
    bo = await meet(store, "bo", "b.example", now)
    post = await keep_post(store, bo, "1", now)
    later = now + timedelta(hours=1)

    async def put(text: str, at: str) -> bool:
        edit = note_by(bo, "1", content=f"<p>{text}</p><script>x</script>", updated=at)
        return await store.write(lambda tx: stored_posts.put_edit(tx, edit, post_id=post.id, now=later))

    assert await put("first edit", "2026-11-24T09:20:00Z")
    assert await put("second edit", updated) is is_taken
    view = await store.read(lambda tx: posts.get(tx, post.id, None))
    assert view.post.content_html == f"<p>{'second' if is_taken else 'first'} edit</p>"
