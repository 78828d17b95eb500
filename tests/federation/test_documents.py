"""What other servers can fetch, and that the private is nowhere in it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select, update

from libline_fed.activitypub.objects import ActorDocument, ProposalDocument
from libline_fed.activitypub.parse import parse_collection, parse_object
from libline_fed.activitypub.proofs import verify_proof
from libline_fed.clock import FrozenClock
from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Audience, Proposal, Status
from libline_fed.errors import Refusal
from libline_fed.ids import new_id
from libline_fed.services import actors as actor_services
from libline_fed.services import proposals
from libline_fed.storage import actors
from libline_fed.storage import tables as t
from libline_fed.storage.store import Store
from tests.support.serving import ACTIVITY, BASE_URL, DRAFT, Serving, serving

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"
PRIVATE = replace(DRAFT, title="CANARY for members only", audience=Audience.INSTANCE)


@pytest.fixture
async def lib(store: Store, clock: FrozenClock) -> AsyncIterator[Serving]:
    """The public side of an instance, on either database."""
    async with serving(store, clock) as made:
        yield made


@pytest.fixture
async def ana(lib: Serving) -> Actor:
    """A member."""
    return await lib.add_member("ana")


async def set_status(lib: Serving, proposal: Proposal, status: Status) -> None:
    await lib.store.write(
        lambda tx: proposals.set_status(
            tx, lib.site, proposal_id=proposal.id, author_id=proposal.author_id, status=status,
            now=lib.clock.advance(seconds=1),
        )
    )  # fmt: skip


async def reply(
    lib: Serving, to_uri: str, name: str, *, visibility: str = "public", host: str = "m.example"
) -> str:
    """Store a reply of somebody elsewhere, as the inbox would."""
    now, uri = lib.clock.advance(seconds=1), f"https://{host}/notes/{name}"
    actor_id = new_id(now)

    async def unit(tx: Any) -> None:
        await tx.execute(
            insert(t.actors).values(
                id=actor_id, uri=f"https://{host}/users/{name}", is_local=False, type="Person", handle=name,
                host=host, inbox_url=f"https://{host}/inbox", fields=[], languages=[], also_known_as=[],
                created_at=now, updated_at=now,
            )
        )
        await tx.execute(
            insert(t.posts).values(
                id=new_id(now), uri=uri, author_id=actor_id, type="Note", content_html="<p>Hi</p>",
                visibility=visibility, in_reply_to_uri=to_uri, published_at=now, received_at=now,
            )
        )

    await lib.store.write(unit)
    return uri


def without_date(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    headers = {name: value for name, value in answer.headers.items() if name != "date"}
    return answer.status_code, answer.content, headers


# --- actors ---------------------------------------------------------------------------------------


async def test_a_member_is_shown_in_a_form_that_other_servers_read(lib: Serving, ana: Actor) -> None:
    answer = await lib.get(ana.uri)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/activity+json; charset=utf-8"
    assert answer.headers["vary"] == "Accept, Signature"
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.headers["x-content-type-options"] == "nosniff"
    parsed = parse_object(answer.json())
    assert isinstance(parsed, ActorDocument)
    assert (parsed.uri, parsed.handle, parsed.inbox_url) == (ana.uri, "ana", f"{ana.uri}/inbox")
    assert len(parsed.public_keys) == 2


async def test_the_instance_actor_is_shown_to_everybody_unsigned(lib: Serving) -> None:
    for accept in (ACTIVITY, BROWSER, ""):
        answer = await lib.get("/actor", accept=accept)
        assert answer.json()["type"] == "Application"
        assert answer.json()["preferredUsername"] == "lib.example"
    assert (await lib.read("/actor/outbox"))["totalItems"] == 0
    assert (await lib.read("/actor/followers"))["totalItems"] == 0
    assert (await lib.get("/actor/featured")).status_code == 404


async def test_a_browser_is_left_to_the_pages(lib: Serving, ana: Actor) -> None:
    proposal = await lib.publish(ana)
    for path in (ana.uri, "/@ana", proposal.uri, f"/contexts/{proposal.id}"):
        assert (await lib.get(path)).status_code == 200
        assert (await lib.get(path, accept=BROWSER)).status_code == 404  # no route matches here: pages follow


async def test_the_page_of_a_member_is_also_the_actor_for_servers(lib: Serving, ana: Actor) -> None:
    for path in ("/@ana", "/@ANA"):
        assert (await lib.read(path))["id"] == ana.uri
    for path in ("/@nobody", "/@ana%00", "/@a/b", "/@", "/@lib.example"):
        assert (await lib.get(path)).status_code == 404


async def test_a_deleted_member_leaves_a_tombstone_everywhere(lib: Serving, ana: Actor) -> None:
    proposal = await lib.publish(ana)
    assert (await lib.get(ana.uri)).status_code == 200
    now = lib.clock.advance(seconds=1)
    await lib.store.write(lambda tx: actors.mark_gone(tx, ana.id, now))
    for path in (ana.uri, "/@ana", f"{ana.uri}/outbox", f"{ana.uri}/followers", f"{ana.uri}/featured"):
        answer = await lib.get(path)
        assert answer.status_code == 410, path
        assert (answer.json()["type"], answer.json()["id"]) == ("Tombstone", ana.uri)
    assert (await lib.get(proposal.uri)).status_code == 404
    assert (await lib.read("/actor/proposals"))["totalItems"] == 0


async def test_a_suspended_member_is_not_shown(lib: Serving, ana: Actor) -> None:
    proposal = await lib.publish(ana)
    now = lib.clock.now()
    await lib.store.write(
        lambda tx: tx.execute(update(t.actors).where(t.actors.c.id == ana.id).values(suspended_at=now))
    )
    for path in (ana.uri, "/@ana", f"{ana.uri}/outbox", proposal.uri):
        assert (await lib.get(path)).status_code == 404


async def test_an_edited_profile_is_shown_at_once(lib: Serving, ana: Actor) -> None:
    before = await lib.get(ana.uri)
    now = lib.clock.advance(seconds=1)
    await lib.store.write(
        lambda tx: actor_services.edit_profile(
            tx, lib.site, actor_id=ana.id, name="Ana Pérez", summary_text="Hola", languages=["es"], fields=[],
            is_discoverable=True, manually_approves_followers=False, now=now,
        )
    )  # fmt: skip
    after = await lib.get(ana.uri)
    assert after.json()["name"] == "Ana Pérez"
    assert after.headers["etag"] != before.headers["etag"]


async def test_followers_are_counted_and_not_listed(lib: Serving, ana: Actor) -> None:
    ben = await lib.add_member("ben")
    now = lib.clock.now()
    await lib.store.write(
        lambda tx: tx.execute(
            insert(t.follows).values(
                id=new_id(now), uri=f"{BASE_URL}/activities/f", follower_id=ben.id, followed_id=ana.id,
                state="accepted", created_at=now, accepted_at=now,
            )
        )
    )  # fmt: skip
    for actor, name, count in ((ana, "followers", 1), (ana, "following", 0), (ben, "following", 1)):
        document = await lib.read(f"{actor.uri}/{name}")
        assert document["id"] == f"{actor.uri}/{name}"
        assert document["totalItems"] == count
        assert not {"first", "items", "orderedItems"} & set(document)


# --- proposals ------------------------------------------------------------------------------------


async def test_a_public_proposal_is_readable_and_proven(lib: Serving, ana: Actor) -> None:
    proposal = await lib.publish(ana)
    document = await lib.read(proposal.uri)
    parsed = parse_object(document)
    assert isinstance(parsed, ProposalDocument)
    assert (parsed.title, parsed.status, parsed.places_count) == (DRAFT.title, "open", 2)
    assert parsed.note.author_uri == ana.uri
    if "proof" in document:
        key = await lib.site.keyring.proof_key(ana.id)
        assert verify_proof(document, key.public_key(), now=lib.clock.now())


async def test_private_absent_and_nonsense_cannot_be_told_apart(lib: Serving, ana: Actor) -> None:
    private = await lib.publish(ana, PRIVATE)
    absent = new_id(lib.clock.now())
    for suffix in ("", "/replies"):
        wanted = without_date(await lib.get(f"/proposals/{absent}{suffix}"))
        assert wanted[0] == 404
        assert wanted[2]["cache-control"] == "no-store"
        for headers in ({}, {"signature": 'keyId="https://m.example/actor"'}, {"range": "bytes=0-9"}):
            found = await lib.get(f"/proposals/{private.id}{suffix}", **headers)
            assert without_date(found) == wanted
        etagged = await lib.get(f"/proposals/{private.id}{suffix}", if_none_match="*")
        assert without_date(etagged) == wanted
        assert without_date(await lib.get(f"/proposals/nonsense{suffix}")) == wanted
    assert without_date(await lib.get(f"/contexts/{private.id}")) == without_date(
        await lib.get(f"/contexts/{absent}")
    )


async def test_a_private_proposal_is_in_no_collection_and_no_count(lib: Serving, ana: Actor) -> None:
    await lib.publish(ana, PRIVATE)
    public = await lib.publish(ana)
    paths = [f"{ana.uri}/{name}" for name in ("outbox", "featured", "proposals", "tags")]
    paths += [f"{ana.uri}/outbox?page=1", f"{ana.uri}/proposals?page=1"]
    paths += ["/actor/proposals", "/actor/proposals?page=1", "/nodeinfo/2.1", public.uri, ana.uri]
    for path in paths:
        answer = await lib.get(path)
        assert answer.status_code == 200, path
        assert "CANARY" not in answer.text
        if "totalItems" in answer.json():
            assert answer.json()["totalItems"] == 1, path
    assert (await lib.read("/nodeinfo/2.1"))["usage"]["localPosts"] == 1


async def test_a_deleted_proposal_leaves_a_tombstone(lib: Serving, ana: Actor) -> None:
    proposal = await lib.publish(ana)
    await lib.read(proposal.uri)  # now it is kept in memory
    await lib.store.write(
        lambda tx: proposals.delete(
            tx, lib.site, proposal_id=proposal.id, author_id=ana.id, now=lib.clock.advance(seconds=1)
        )
    )
    answer = await lib.get(proposal.uri)
    assert answer.status_code == 410
    assert answer.json()["type"] == "Tombstone"
    assert answer.json()["id"] == proposal.uri
    assert DRAFT.title not in (await lib.get(f"{ana.uri}/outbox?page=1")).text


async def test_a_deleted_private_proposal_was_never_there(lib: Serving, ana: Actor) -> None:
    private = await lib.publish(ana, PRIVATE)
    await lib.store.write(
        lambda tx: proposals.delete(
            tx, lib.site, proposal_id=private.id, author_id=ana.id, now=lib.clock.advance(seconds=1)
        )
    )
    assert (await lib.get(private.uri)).status_code == 404


async def test_pinned_are_the_open_public_ones_newest_first(lib: Serving, ana: Actor) -> None:
    first, second, third = [await lib.publish(ana) for _ in range(3)]
    await lib.publish(await lib.add_member("ben"))
    await set_status(lib, second, Status.CLOSED)
    document = await lib.read(f"{ana.uri}/featured")
    assert document["type"] == "OrderedCollection"
    assert document["orderedItems"] == [third.uri, first.uri]
    assert document["totalItems"] == 2


async def test_featured_tags_are_the_topics_of_open_proposals(lib: Serving, ana: Actor) -> None:
    await lib.publish(ana)
    document = await lib.read(f"{ana.uri}/tags")
    assert document["totalItems"] == len(document["items"]) == 1
    (tag,) = document["items"]
    assert tag["type"] == "Hashtag"
    assert tag["href"] == lib.site.uris.tag(tag["name"].removeprefix("#"))


async def walk(lib: Serving, uri: str) -> list[list[Any]]:
    """Read a collection page by page, as another server would."""
    head = parse_collection(await lib.read(uri))
    assert not isinstance(head, Refusal)
    pages, url = [], head.first_url
    while url is not None:
        document = await lib.read(url)
        assert (document["id"], document["partOf"]) == (url, uri)
        pages.append(document["orderedItems"])
        url = document.get("next")
    assert sum(map(len, pages)) == head.total_count
    return pages


async def test_proposals_come_in_pages_of_ids_newest_first(lib: Serving, ana: Actor) -> None:
    published = [(await lib.publish(ana)).uri for _ in range(51)]
    other = await lib.publish(await lib.add_member("ben"))
    assert await walk(lib, f"{ana.uri}/proposals") == [published[:0:-1], published[:1]]
    of_all = await walk(lib, f"{BASE_URL}/actor/proposals")
    assert of_all == [[other.uri, *published[:1:-1]], published[1::-1]]


async def test_an_outbox_comes_in_pages_with_what_was_sent(lib: Serving, ana: Actor) -> None:
    published = [await lib.publish(ana) for _ in range(21)]
    pages = await walk(lib, f"{ana.uri}/outbox")
    assert [len(page) for page in pages] == [20, 1]
    said = [activity for page in pages for activity in page]
    assert [activity["object"]["id"] for activity in said] == [proposal.uri for proposal in published[::-1]]
    assert {activity["type"] for activity in said} == {"Create"}
    alone = await lib.read(said[0]["id"])
    assert {key: value for key, value in alone.items() if key != "@context"} == {
        key: value for key, value in said[0].items() if key != "@context"
    }


@pytest.mark.parametrize("query", ["?before=nonsense", "?before=", "?page=1&before=%00"])
async def test_nonsense_as_a_page_is_not_there(lib: Serving, ana: Actor, query: str) -> None:
    assert (await lib.get(f"{ana.uri}/outbox{query}")).status_code == 404


async def test_an_empty_collection_has_an_empty_page(lib: Serving, ana: Actor) -> None:
    assert await walk(lib, f"{ana.uri}/outbox") == [[]]


# --- activities -----------------------------------------------------------------------------------


async def test_an_activity_is_served_in_the_very_bytes_that_were_sent(lib: Serving, ana: Actor) -> None:
    await lib.publish(ana)
    activity = (await lib.read(f"{ana.uri}/outbox?page=1"))["orderedItems"][0]
    stored = select(t.activities.c.body).where(t.activities.c.uri == activity["id"])
    body = await lib.store.read(lambda tx: tx.scalar(stored))
    answer = await lib.get(activity["id"])
    assert answer.content == body
    key = await lib.site.keyring.proof_key(ana.id)
    assert verify_proof(answer.json(), key.public_key(), now=lib.clock.now())


async def test_a_text_that_was_replaced_is_not_shown_any_more(lib: Serving, ana: Actor) -> None:
    proposal = await lib.publish(ana, replace(DRAFT, body_text="Ring me at 555-CANARY."))
    created = (await lib.read(f"{ana.uri}/outbox?page=1"))["orderedItems"][0]["id"]
    await lib.store.write(
        lambda tx: proposals.edit(
            tx, lib.site, proposal_id=proposal.id, author_id=ana.id, draft=DRAFT,
            now=lib.clock.advance(seconds=5),
        )
    )  # fmt: skip
    for path in (created, f"{ana.uri}/outbox?page=1", proposal.uri):
        answer = await lib.get(path)
        assert answer.status_code == 200
        assert "CANARY" not in answer.text, path
    assert (await lib.read(created))["object"] == proposal.uri


async def test_private_activities_are_not_there(lib: Serving, ana: Actor) -> None:
    await lib.publish(ana)
    await lib.store.write(lambda tx: tx.execute(update(t.activities).values(is_public=False)))
    ids = await lib.store.read(lambda tx: tx.scalars(select(t.activities.c.id)))
    absent = await lib.get(f"/activities/{new_id(lib.clock.now())}")
    assert absent.status_code == 404
    for activity_id in ids:
        assert without_date(await lib.get(f"/activities/{activity_id}")) == without_date(absent)
    assert await walk(lib, f"{ana.uri}/outbox") == [[]]


# --- replies --------------------------------------------------------------------------------------


async def test_a_conversation_begins_with_the_proposal_and_goes_on_in_time(lib: Serving, ana: Actor) -> None:
    proposal = await lib.publish(ana)
    first = await reply(lib, proposal.uri, "carla")
    second = await reply(lib, first, "dora")
    third = await reply(lib, proposal.uri, "emil", visibility="unlisted")
    await reply(lib, proposal.uri, "frida", visibility="direct")
    await reply(lib, proposal.uri, "gus", visibility="followers")
    context = await lib.read(f"{BASE_URL}/contexts/{proposal.id}")
    assert context["type"] == "OrderedCollection"
    assert context["orderedItems"] == [proposal.uri, first, second, third]
    replies = await lib.read(f"{proposal.uri}/replies")
    assert replies["orderedItems"] == [first, third]


async def test_replies_of_blocked_and_silenced_servers_are_not_passed_on(lib: Serving, ana: Actor) -> None:
    proposal = await lib.publish(ana)
    await reply(lib, proposal.uri, "x", host="bad.example")
    await reply(lib, proposal.uri, "y", host="loud.example")
    shown = await reply(lib, proposal.uri, "z")
    lib.policy_entries.update({"bad.example": "blocked", "loud.example": "silenced"})
    assert (await lib.read(f"{proposal.uri}/replies"))["orderedItems"] == [shown]


# --- validators, methods, memory ------------------------------------------------------------------


async def test_who_has_it_already_gets_304(lib: Serving, ana: Actor) -> None:
    etag = (await lib.get(ana.uri)).headers["etag"]
    assert etag.startswith('"')
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = await lib.get(ana.uri, if_none_match=known)
        assert (answer.status_code, answer.content) == (304, b""), known
        assert answer.headers["etag"] == etag
        assert "content-length" not in answer.headers
        assert answer.headers["vary"] == "Accept, Signature"
    assert (await lib.get(ana.uri, if_none_match='"other"')).status_code == 200


async def test_head_gives_the_headers_alone(lib: Serving, ana: Actor) -> None:
    whole = await lib.get(ana.uri)
    head = await lib.client.head(ana.uri.removeprefix(BASE_URL), headers={"accept": ACTIVITY})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == whole.headers


async def test_only_get_and_head_are_answered(lib: Serving, ana: Actor) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = await lib.client.request(method, "/actor", headers={"accept": ACTIVITY})
        assert answer.status_code == 405
    assert (await lib.get(f"{ana.uri}.json")).status_code == 404


async def test_the_hosts_name_in_the_request_does_not_matter(lib: Serving, ana: Actor) -> None:
    answer = await lib.get(ana.uri, host="evil.example")
    assert answer.json()["id"] == ana.uri
    assert "evil" not in answer.text


async def test_a_change_without_a_wake_is_seen_within_two_seconds(
    lib: Serving, ana: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 100.0
    monkeypatch.setattr("libline_fed.federation.answers.monotonic_s", lambda: seconds)
    uri = f"{ana.uri}/followers"
    assert (await lib.read(uri))["totalItems"] == 0
    ben, now = await lib.add_member("ben"), lib.clock.now()
    await lib.store.write(
        lambda tx: tx.execute(
            insert(t.follows).values(
                id=new_id(now), uri=f"{BASE_URL}/activities/f", follower_id=ben.id, followed_id=ana.id,
                state="accepted", created_at=now, accepted_at=now,
            )
        )
    )  # fmt: skip
    seconds = 102.1
    assert (await lib.read(uri))["totalItems"] == 1
