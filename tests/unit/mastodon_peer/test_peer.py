"""The peer itself: two of its kind find, follow, write, ask, like, edit and delete; and what it drops."""

import ast
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.mastodon_peer import documents, signatures
from tests.mastodon_peer.actions import NotAllowed
from tests.mastodon_peer.markup import plain, render, sanitize
from tests.mastodon_peer.model import PUBLIC, Account
from tests.mastodon_peer.outbound import Unreachable
from tests.mastodon_peer.peer import MastodonPeer
from tests.mastodon_peer.people import Person
from tests.unit.mastodon_peer.conftest import World

PACKAGE = Path(documents.__file__).parent


def test_the_peer_shares_no_code_with_libline() -> None:
    files = sorted(PACKAGE.glob("*.py"))
    assert len(files) > 10
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert not name.startswith("libline_fed"), f"{path.name} imports {name}"
                if name.startswith("tests"):
                    assert name.startswith("tests.mastodon_peer"), f"{path.name} imports {name}"


@pytest.fixture
async def carla(world: World) -> Person:
    return world.m.person("carla", language="es")


@pytest.fixture
async def dan(world: World) -> Person:
    return world.n.person("dan")


async def send(world: World, sender: Account, activity: dict[str, Any], inbox: str) -> str:
    """Let somebody of n.example post anything; return what m.example made of it."""
    await world.n.outbound.deliver(sender, activity, {inbox})
    return world.m.received[-1].outcome


def dan_of(world: World) -> Account:
    account = world.n.local("dan")
    assert account is not None
    return account


async def note(world: World, carla: Person, **changes: Any) -> str:
    """Let Dan send Carla something by hand, as she knows him; return what came of it."""
    await carla.account("@dan@n.example")
    dan = dan_of(world)
    document = {
        "id": f"{dan.uri}/statuses/{len(world.n.outbound.sent)}",
        "type": "Note",
        "attributedTo": dan.uri,
        "content": "<p>Hello</p>",
        "to": [carla.uri],
        "cc": [],
        "tag": [{"type": "Mention", "href": carla.uri, "name": "@carla"}],
        **changes,
    }
    create = {
        "@context": documents.CONTEXT,
        "id": f"{document['id']}/activity",
        "type": "Create",
        "actor": dan.uri,
        "to": document["to"],
        "object": document,
    }
    return await send(world, dan, create, f"{carla.uri}/inbox")


async def test_people_are_found_by_handle_and_address(world: World, carla: Person, dan: Person) -> None:
    found = await carla.account("@dan@n.example")
    assert (found.uri, found.acct) == (dan.uri, "dan@n.example")
    assert (await carla.account(dan.uri)).uri == dan.uri
    with pytest.raises(Unreachable):
        await carla.search("@nobody@n.example")
    with pytest.raises(Unreachable):
        await carla.search("@dan@nowhere.example")


async def test_a_follow_is_answered_and_brings_posts(world: World, carla: Person, dan: Person) -> None:
    assert await carla.follow("@dan@n.example") == "accepted"
    posted = await dan.post("News for all")
    assert [toot.uri for toot in await carla.statuses(dan.uri)] == [posted.uri]
    await carla.unfollow(dan.uri)
    await dan.post("Not for those who left")
    assert len(await carla.statuses(dan.uri)) == 1


async def test_private_mentions_form_one_conversation(world: World, carla: Person, dan: Person) -> None:
    first = await carla.private_mention("@dan@n.example hola")
    (seen,) = (await dan.conversations())[0].toots
    assert (seen.text, seen.visibility, seen.language) == ("@dan hola", "direct", "es")
    second = await dan.reply(seen, "hello")
    (conversation,) = await carla.conversations()
    assert [toot.uri for toot in conversation.toots] == [first.uri, second.uri]
    assert conversation.people == sorted([carla.uri, dan.uri])
    assert [kind for kind, _ in await carla.notifications()] == ["mention"]
    assert [toot.text for toot in await carla.messages(dan.uri)] == ["@carla hello"]


async def test_nobody_else_can_read_a_private_mention(world: World, carla: Person, dan: Person) -> None:
    private = await carla.private_mention("@dan@n.example a secret")
    eve = world.n.person("eve")
    with pytest.raises(NotAllowed):
        await eve.read(private)
    async with world.network.client() as stranger:
        assert (await stranger.get(private.uri)).status_code == 404
        public = await carla.post("For all")
        assert (await stranger.get(public.uri)).json()["content"] == "<p>For all</p>"


async def test_a_recipient_without_a_mention_makes_it_limited(
    world: World, carla: Person, dan: Person
) -> None:
    assert await note(world, carla) == "kept as direct"
    assert await note(world, carla, tag=[]) == "kept as limited"
    world.m.person("eva")
    both = [carla.uri, f"{world.m.base_url}/users/eva"]
    assert await note(world, carla, to=both) == "kept as limited"
    unknown = [carla.uri, "https://far.example/users/unknown"]
    assert await note(world, carla, to=unknown) == "kept as direct"  # whom it does not know does not count
    assert len(await carla.conversations()) == 2
    assert len(await carla.notifications()) == 3  # she is mentioned in three of them


@pytest.mark.parametrize(
    ("type_", "outcome"),
    [
        ("Note", "kept as direct"),
        ("Question", "kept as direct"),
        ("Article", "kept as direct"),
        (["Note", "Proposal"], "kept as direct"),
        ("Proposal", "dropped: unsupported object type"),
        ("Agreement", "dropped: unsupported object type"),
    ],
)
async def test_only_known_types_become_statuses(
    world: World, carla: Person, dan: Person, type_: Any, outcome: str
) -> None:
    assert await note(world, carla, type=type_) == outcome


async def test_unknown_activities_are_taken_and_dropped(world: World, carla: Person, dan: Person) -> None:
    offer = documents.simple("Offer", f"{dan.uri}#offer", dan_of(world), {"type": "Agreement"})
    outcome = await send(world, dan_of(world), offer, f"{carla.uri}/inbox")
    assert (world.m.received[-1].status, outcome) == (202, "dropped: Offer is unknown")


async def test_an_article_shows_title_and_link_only(world: World, carla: Person, dan: Person) -> None:
    await note(world, carla, type="Article", name="A title", url="https://n.example/a", content="<p>Long</p>")
    (toot,) = await carla.messages()
    assert toot.text == "A title\nhttps://n.example/a"


async def test_the_same_status_is_kept_once(world: World, carla: Person, dan: Person) -> None:
    world.n.faults.send_twice = 1
    await dan.private_mention("@carla@m.example once")
    assert world.m.outcomes()[-2:] == ["kept as direct", "known already"]
    assert len(await carla.messages()) == 1


async def test_forgeries_are_dropped(world: World, carla: Person, dan: Person) -> None:
    assert await note(world, carla, attributedTo=carla.uri) == "dropped: non-matching hosts"
    assert await note(world, carla, id="https://x.example/1") == "dropped: non-matching hosts"
    like = documents.simple("Like", f"{carla.uri}#likes/1", dan_of(world), dan.uri)
    assert await send(world, dan_of(world), like | {"actor": carla.uri}, f"{carla.uri}/inbox") == (
        "dropped: signed by another actor"
    )


async def test_posts_of_strangers_are_dropped(world: World, carla: Person, dan: Person) -> None:
    assert await note(world, carla, to=[PUBLIC], tag=[]) == "dropped: not related to local activity"
    assert await note(world, carla, to=[PUBLIC], cc=[carla.uri]) == "kept as public"
    await carla.follow(dan.uri)
    assert await note(world, carla, to=[PUBLIC], tag=[]) == "kept as public"


async def question(world: World, carla: Person) -> str:
    items = [
        {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": 0}}
        for name in ("Yes", "No")
    ]
    await note(world, carla, type="Question", oneOf=items, endTime="2026-12-01T00:00:00Z")
    return (await carla.messages())[-1].uri


async def test_a_vote_goes_to_the_author_once(world: World, carla: Person, dan: Person) -> None:
    uri = await question(world, carla)
    assert (await carla.read(uri)).options == ["Yes", "No"]
    await carla.vote(uri, 1)
    vote = world.m.outbound.sent[-1]
    assert vote.inbox == f"{dan.uri}/inbox"
    assert vote.activity["object"] == {
        "id": f"{carla.uri}#votes/1",
        "type": "Note",
        "name": "No",
        "attributedTo": carla.uri,
        "to": dan.uri,
        "inReplyTo": uri,
    }
    with pytest.raises(NotAllowed, match="already voted"):
        await carla.vote(uri, 0)
    world.clock.advance(days=10)
    later = world.m.person("eva")
    with pytest.raises(NotAllowed):
        await later.vote(uri, 0)  # cannot even see it


async def test_no_vote_after_the_end(world: World, carla: Person, dan: Person) -> None:
    uri = await question(world, carla)
    world.clock.advance(days=10)
    with pytest.raises(NotAllowed, match="ended"):
        await carla.vote(uri, 0)


async def test_a_private_mention_can_be_favourited_and_back(world: World, carla: Person, dan: Person) -> None:
    sent = await dan.private_mention("@carla@m.example well?")
    await carla.favourite(sent)
    assert world.n.statuses[sent.uri].favourites.keys() == {carla.uri}
    await carla.unfavourite(sent)
    assert world.n.statuses[sent.uri].favourites == {}
    assert [one.activity["type"] for one in world.m.outbound.sent[-2:]] == ["Like", "Undo"]


async def test_edits_and_deletions_arrive(world: World, carla: Person, dan: Person) -> None:
    sent = await dan.private_mention("@carla@m.example frist")
    world.clock.advance(seconds=60)
    await dan.edit(sent, "@carla@m.example first")
    assert (await carla.read(sent)).text == "@carla first"
    assert (await carla.read(sent)).edits_count == 1
    await dan.delete(sent)
    assert await carla.messages() == []
    async with world.network.client() as stranger:
        assert (await stranger.get(sent.uri)).status_code == 410


async def test_a_deletion_that_comes_first_wins(world: World, carla: Person, dan: Person) -> None:
    await carla.account(dan.uri)
    world.n.faults.is_holding = True
    sent = await dan.private_mention("@carla@m.example gone")
    await dan.delete(sent)
    assert await world.n.outbound.release() == 0  # the last first
    assert world.m.outcomes()[-2:] == ["tombstone kept", "dropped: tombstone exists"]
    assert await carla.messages() == []


async def test_an_update_without_a_later_date_is_silent(world: World, carla: Person, dan: Person) -> None:
    sent = await dan.private_mention("@carla@m.example first")
    status = world.n.statuses[sent.uri]
    status.edited_at, status.content = status.created_at, "<p>changed</p>"
    update = documents.update(status, dan_of(world), world.n.names())
    assert await send(world, dan_of(world), update, f"{carla.uri}/inbox") == "silently updated"
    assert (await carla.read(sent)).edits_count == 0


@pytest.mark.parametrize(
    ("fault", "is_kept", "status"),
    [
        ("drop_inbound", False, None),
        ("refuse_inbound", False, 503),
        ("fail_after_storing", True, 500),
        ("lose_inbound", False, 202),
    ],
)
async def test_faults_on_the_way_in(
    world: World, carla: Person, dan: Person, fault: str, is_kept: bool, status: int | None
) -> None:
    await carla.account(dan.uri)
    setattr(world.m.faults, fault, 1)
    await dan.private_mention("@carla@m.example well?")
    assert world.n.outbound.sent[-1].status == status
    assert len(await carla.messages()) == is_kept
    still_waiting = await world.n.outbound.retry()
    assert still_waiting == 0
    assert len(await carla.messages()) == (fault != "lose_inbound")


async def test_a_delay_holds_the_answer(world: World, carla: Person, dan: Person) -> None:
    world.m.faults.delay_s = 0.05
    await dan.private_mention("@carla@m.example slowly")
    assert len(await carla.messages()) == 1
    world.m.faults.clear()
    assert world.m.faults.delay_s == 0


async def test_it_knocks_a_second_time_with_the_new_scheme(world: World, carla: Person, dan: Person) -> None:
    world.m.behaviour.schemes = (signatures.RFC9421,)
    await dan.private_mention("@carla@m.example knock")
    assert [(r.scheme, r.status) for r in world.m.received] == [("draft-cavage", 401), ("rfc9421", 202)]
    assert len(await carla.messages()) == 1


async def test_a_server_may_serve_signed_requests_only(world: World, carla: Person, dan: Person) -> None:
    world.n.behaviour.requires_signed_fetch = True
    async with world.network.client() as stranger:
        assert (await stranger.get(dan.uri)).status_code == 401
        assert (await stranger.get("https://n.example/actor")).status_code == 200
    assert (await carla.account("@dan@n.example")).uri == dan.uri


async def test_webfinger_must_lead_back(world: World, carla: Person, dan: Person) -> None:
    account = dan_of(world)
    impostor = documents.actor(account, world.n.base_url) | {"preferredUsername": "eve"}
    with pytest.raises(Unreachable):
        await world.m.resolver.take_account(impostor)


async def test_pinned_statuses_are_read_on_first_contact(world: World, carla: Person, dan: Person) -> None:
    posted = await dan.post("Pinned")
    featured = {
        "@context": documents.CONTEXT,
        "id": f"{dan.uri}/collections/featured",
        "type": "OrderedCollection",
        "orderedItems": [posted.uri, {"type": "Hashtag", "id": "https://n.example/tags/x"}],
    }

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=json.dumps(featured), headers={"content-type": documents_type()})

    real = world.network.handle_async_request

    async def handle(request: httpx.Request) -> httpx.Response:
        return answer(request) if request.url.path.endswith("/featured") else await real(request)

    world.network.handle_async_request = handle  # type: ignore[method-assign]
    assert (await carla.account("@dan@n.example")).pinned == [posted.uri]
    assert [toot.text for toot in await carla.statuses(dan.uri)] == ["Pinned"]


def documents_type() -> str:
    return "application/activity+json; charset=utf-8"


async def test_html_of_strangers_is_cut_to_a_subset() -> None:
    assert sanitize('<p onclick="x">a<script>bad()</script><b>b</b></p>') == "<p>a<b>b</b></p>"
    assert sanitize('<a href="javascript:x">a</a>') == "<a>a</a>"
    assert sanitize("<h2>T</h2><div>a</div>&lt;b&gt;") == "<p><strong>T</strong></p>a&lt;b&gt;"
    assert 'class="u-url mention"' in sanitize(
        '<a class="u-url mention evil" href="https://a.example">@a</a>'
    )
    assert plain("<p>a<br>b</p><p>c &amp; d</p>") == "a\nb\nc & d"
    assert "@nobody@x.example" in render("@nobody@x.example <i>", lambda _: None)
    assert "&lt;i&gt;" in render("@nobody@x.example <i>", lambda _: None)


async def test_a_deleted_account_takes_its_posts_along(world: World, carla: Person, dan: Person) -> None:
    await dan.private_mention("@carla@m.example bye")
    gone = documents.simple("Delete", f"{dan.uri}#delete", dan_of(world), dan.uri)
    assert await send(world, dan_of(world), gone, f"{world.m.base_url}/inbox") == "account deleted"
    assert await carla.conversations() == []
    assert isinstance(world.m, MastodonPeer)
