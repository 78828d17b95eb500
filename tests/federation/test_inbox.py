"""What the inbox answers, when it answers, and what it keeps."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.config import Federation
from libline_fed.domain.inbox_activities import ReceivedActivity
from libline_fed.errors import StoreBusy
from libline_fed.federation.signatures import RFC9421, sign
from libline_fed.storage import actors, inbox_activities
from libline_fed.storage.store import Store, Tx
from tests.support.fediverse import US, Fediverse, fediverse

LD_JSON = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


# --- 202 means kept ---------------------------------------------------------------------------------


async def test_nobody_is_answered_before_the_commit(
    world: Fediverse, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben = world.meet("b.example", "ben")
    await world.send(ben, ben.says("Like", US))
    written: list[int] = []
    write = world.store.write

    async def write_and_look(unit: Any) -> Any:
        before = (await world.counts())["inbox_activities"]
        result = await write(unit)
        written.append((await world.counts())["inbox_activities"] - before)
        assert not sending.done()  # durable, and still nobody was told
        return result

    monkeypatch.setattr(world.store, "write", write_and_look)
    sending = asyncio.create_task(world.send(ben, ben.says("Like", f"{US}/2")))
    assert (await sending).status_code == 202
    assert written == [1]


async def test_a_database_that_is_busy_is_a_503_and_nothing_is_kept(
    world: Fediverse, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben = world.meet("b.example", "ben")
    await world.send(ben, ben.says("Like", US))
    before = await world.rows()
    add_many = inbox_activities.add_many

    async def add_and_fail(tx: Tx, received: Sequence[ReceivedActivity], *, now: datetime) -> set[bytes]:
        await add_many(tx, received, now=now)
        raise StoreBusy("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(inbox_activities, "add_many", add_and_fail)
        group = [world.send(ben, ben.says("Like", f"{US}/{number}")) for number in range(5)]
        answers = await asyncio.gather(*group)
    assert [answer.status_code for answer in answers] == [503] * 5
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    assert await world.rows() == before
    assert (await world.send(ben, ben.says("Like", f"{US}/1"))).status_code == 202  # the inbox lives on


@pytest.mark.parametrize("scheme", ["cavage", RFC9421])
async def test_the_same_signed_request_a_hundred_times_has_one_effect(world: Fediverse, scheme: str) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    body = json.dumps(ben.says("Create", ben.note(1, cc=[ana.uri]))).encode()
    headers = sign(
        "POST", f"{US}/inbox", key_id=ben.key_id, private_key=ben.private_key, now=world.clock.now(),
        body=body, scheme=scheme,
    )  # fmt: skip
    for number in range(100):
        if number == 50:
            world.clock.advance(seconds=61)  # a new minute of its allowance
            await world.apply()
        assert (await world.http.post(f"{US}/inbox", content=body, headers=headers)).status_code == 202
    await world.apply()
    counts = await world.counts()
    assert (counts["inbox_activities"], counts["posts"]) == (1, 1)
    assert await world.notices(ana) == ["mention"]


async def test_an_id_that_somebody_else_used_first_is_still_free(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    mallory = world.meet("b.example", "mallory", "ben")
    await world.resolver.find_actor(mallory.uri)
    follow = ben.says("Follow", ana.uri)
    await world.receive(mallory, mallory.says("View", US) | {"id": follow["id"]})
    await world.send(ben, follow)
    await world.apply()
    assert [accept["to"] for accept in await world.said("Accept")] == [[ben.uri]]


# --- who gets which status ----------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", ["application/activity+json", LD_JSON, "application/ld+json"])
async def test_both_media_types_are_taken(world: Fediverse, media_type: str) -> None:
    ben = world.meet("b.example", "ben")
    body = json.dumps(ben.says("Like", US)).encode()
    headers = sign(
        "POST", f"{US}/inbox", key_id=ben.key_id, private_key=ben.private_key, now=world.clock.now(),
        body=body, content_type=media_type,
    )  # fmt: skip
    assert (await world.http.post(f"{US}/inbox", content=body, headers=headers)).status_code == 202


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "text/html", "application/x-www-form-urlencoded", "", "multipart/form-data"],
)
async def test_another_media_type_is_a_415(world: Fediverse, media_type: str) -> None:
    ben = world.meet("b.example", "ben")
    response = await world.send(ben, ben.says("Like", US), headers={"Content-Type": media_type})
    assert (response.status_code, world.asked) == (415, [])


async def test_a_body_of_unknown_length_is_read_to_the_limit_and_no_further(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    read = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 65_536
            yield b" " * 65_536

    headers = sign(
        "POST", f"{US}/inbox", key_id=ben.key_id, private_key=ben.private_key, now=world.clock.now(), body=b""
    )
    response = await world.http.post(f"{US}/inbox", content=pieces(), headers=headers)
    assert response.status_code == 413
    assert (await world.counts())["inbox_activities"] == 0


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf{}",
        '{"a": "b"}'.encode("utf-16"),
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5_000 + b"}",
        b'{"@graph": []}',
        b'{"a": {"@id": "https://b.example/1"}}',
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b"[]",
        b"null",
        b"1",
    ],
)
async def test_json_that_programs_read_differently_is_a_400(world: Fediverse, body: bytes) -> None:
    ben = world.meet("b.example", "ben")
    before = await world.rows()
    assert (await world.send(ben, body)).status_code == 400
    assert await world.rows() == before


@pytest.mark.parametrize(
    "changes",
    [
        {"type": None},
        {"actor": None},
        {"actor": 7},
        {"actor": ["https://b.example/users/ben", "https://b.example/users/cleo"]},
        {"object": None},
        {"id": 7},
        {"id": "not an address"},
        {"id": "https://c.example/activities/1"},
        {"id": "https://lib.example/activities/1"},
    ],
)
async def test_an_activity_without_its_parts_or_named_elsewhere_is_a_400(
    world: Fediverse, changes: dict[str, Any]
) -> None:
    ben = world.meet("b.example", "ben")
    await world.send(ben, ben.says("Like", US))
    before = await world.rows()
    assert (await world.send(ben, ben.says("Like", f"{US}/2") | changes)).status_code == 400
    assert await world.rows() == before


async def test_a_personal_inbox_is_there_while_its_owner_is(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    paths = [f"/actors/{ana.id}/inbox", "/actor/inbox", "/actors/01900000-0000-7000-8000-000000000000/inbox"]
    statuses = [
        (await world.send(ben, ben.says("Like", f"{US}/{path}"), path=path)).status_code for path in paths
    ]
    assert statuses == [202, 202, 404]
    now = world.clock.now()
    await world.store.write(lambda tx: actors.mark_gone(tx, ana.id, now))
    assert (await world.send(ben, ben.says("Like", f"{US}/late"), path=paths[0])).status_code == 410


async def test_a_signature_for_one_inbox_opens_no_other(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    body = json.dumps(ben.says("Like", US)).encode()
    headers = sign(
        "POST",
        f"{US}/inbox",
        key_id=ben.key_id,
        private_key=ben.private_key,
        now=world.clock.now(),
        body=body,
    )
    response = await world.http.post(f"{US}/actors/{ana.id}/inbox", content=body, headers=headers)
    assert response.status_code == 401


# --- policies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host", ["b.example", "deep.sub.b.example", "b.example:8443", "B.example", "b.example."]
)
async def test_a_block_covers_every_spelling_and_causes_no_request(world: Fediverse, host: str) -> None:
    world.policies["b.example"] = "blocked"
    ben = world.meet(host, "ben")
    before = await world.rows()
    assert (await world.send(ben, ben.says("Like", US))).status_code == 403
    assert (world.asked, await world.rows()) == ([], before)


async def test_a_block_counts_for_the_author_of_what_others_forward(world: Fediverse) -> None:
    ben, cleo = world.meet("b.example", "ben"), world.meet("c.example", "cleo", "ben")
    world.policies["c.example"] = "blocked"
    document = cleo.says("Create", cleo.note(1)) | {"proof": {"type": "DataIntegrityProof"}}
    assert (await world.send(ben, document)).status_code == 401
    assert (await world.counts())["inbox_activities"] == 0
    assert world.asked == [ben.uri]


async def test_who_is_not_on_the_list_is_turned_away_without_a_request(
    store: Store, clock: FrozenClock
) -> None:
    async with fediverse(store, clock, mode=Federation.ALLOWLIST) as world:
        ben, cleo = world.meet("b.example", "ben"), world.meet("c.example", "cleo", "ben")
        world.policies["c.example"] = "allowed"
        assert (await world.send(ben, ben.says("Like", US))).status_code == 403
        assert world.asked == []
        assert (await world.send(cleo, cleo.says("Like", US))).status_code == 202


async def test_an_instance_that_does_not_federate_has_no_inbox(store: Store, clock: FrozenClock) -> None:
    async with fediverse(store, clock, mode=Federation.OFF) as world:
        ben = world.meet("b.example", "ben")
        assert (await world.send(ben, ben.says("Like", US))).status_code == 404
        assert world.asked == []
