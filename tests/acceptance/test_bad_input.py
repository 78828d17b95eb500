"""Bad input over real HTTP to a running instance: a stated 4xx and a reason, nothing stored, never a 5xx."""

import socket

import orjson
import pytest

from libline_fed.bench.crowd import PUBLIC
from tests.acceptance.hostility import (
    ALICE,
    MALLORY,
    MAX_BYTES,
    WRONG,
    World,
    changed,
    contents_of,
    forgeries,
    honest_documents,
    mention,
    paths_of,
)
from tests.support.sink import Wire, post_raw

pytestmark = [pytest.mark.crash, pytest.mark.xdist_group("crash"), pytest.mark.usefixtures("never_a_5xx")]

# --- the body -------------------------------------------------------------------------------------

NOTE = b'{"id":"https://x.example/1","type":"Create","actor":"https://x.example/a","object":%s}'
BODIES: dict[str, tuple[bytes, set[int]]] = {
    "one byte more than 1 MB": (b'{"a":"' + b"x" * (MAX_BYTES - 7) + b'"}', {413}),
    "100,000 brackets": (b"[" * 100_000, {400}),
    "100,000 nested objects": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, {400}),
    "a key twice": (b'{"type":"Create","type":"Delete"}', {400}),
    "a key twice, deep inside": (NOTE % b'{"tag":[{"id":1,"id":2}]}', {400}),
    "a key twice, once escaped": (b'{"id":"a","\\u0069d":"b"}', {400}),
    "NaN": (NOTE % b"NaN", {400}),
    "Infinity": (NOTE % b"-Infinity", {400}),
    "1e999": (NOTE % b"1e999", {400}),
    "2^63": (NOTE % b"9223372036854775808", {400}),
    "5,000 digits": (NOTE % (b"9" * 5_000), {400}),
    "a NUL": (NOTE % b'"a\\u0000b"', {400}),
    "a lone surrogate": (NOTE % b'"\\ud800"', {400}),
    "a byte order mark": (b"\xef\xbb\xbf{}", {400}),
    "UTF-16": ('{"id":"x"}'.encode("utf-16"), {400}),
    "invalid UTF-8": (NOTE % b'"\xff\xfe"', {400}),
    "no JSON": (b"type=Create", {400}),
    "nothing": (b"", {400}),
    "a list": (b"[]", {400}),
    "a string": (b'"Create"', {400}),
    "a number": (b"1", {400}),
    "null": (b"null", {400}),
    "an empty object": (b"{}", {400}),
    "@graph": (NOTE % b'{"@graph":[]}', {400}),
    "6,000 keys": (b"{" + b",".join(b'"k%d":1' % n for n in range(6_000)) + b"}", {400}),
    "a list of 1,001": (NOTE % (b"[" + b"1," * 1_000 + b"1]"), {400}),
}


@pytest.mark.parametrize("what", BODIES)
def test_a_bad_body_is_refused_and_nothing_is_stored(world: World, what: str) -> None:
    body, statuses = BODIES[what]
    before = world.counts()
    world.sink.clear()
    assert world.post_bytes(body).status_code in statuses
    assert world.counts() == before
    assert world.sink.totals()["connections_count"] == 0


def test_the_reason_of_a_refusal_is_in_the_log(world: World) -> None:
    world.post_bytes(b"[" * 100_000)
    assert "too-complex" in world.instance.log() or "bad-json" in world.instance.log()


def test_a_body_without_a_length_is_read_no_further_than_1_mb(world: World) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    head = f"POST /inbox HTTP/1.1\r\nHost: 127.0.0.1:{world.instance.port}\r\n"
    head += "Content-Type: application/activity+json\r\nTransfer-Encoding: chunked\r\n\r\n"
    sent_count = 0
    with socket.create_connection(("127.0.0.1", world.instance.port), timeout=20) as connection:
        connection.sendall(head.encode())
        answer = b""
        connection.settimeout(0.01)
        while not answer and sent_count < 200:
            try:
                connection.sendall(chunk)
                sent_count += 1
                answer = connection.recv(100)
            except TimeoutError:
                continue
            except OSError:
                break
        connection.settimeout(20)
        answer = answer or connection.recv(100)
    assert b" 413 " in answer.split(b"\r\n")[0]
    assert sent_count < 100  # the system's own buffers take a few MB


@pytest.mark.parametrize(
    "media_type", ["text/html", "image/png", "application/json", "", "application/ld+json"]
)
def test_media_that_is_no_activity_is_refused(world: World, media_type: str) -> None:
    before = world.counts()
    request = world.sink.crowd.request(ALICE, world.inbox_url, mention(world, 900))
    changed = request.replace(
        b"Content-Type: application/activity+json", f"Content-Type: {media_type}".encode()
    )
    status = post_raw(changed, world.inbox_url).status_code
    assert status in {400, 401, 406, 415}
    assert world.counts() == before


# --- the signature --------------------------------------------------------------------------------


def test_what_is_not_signed_is_refused(world: World) -> None:
    before = world.counts()
    request = world.sink.crowd.request(ALICE, world.inbox_url, mention(world, 901))
    unsigned = b"\r\n".join(
        line for line in request.partition(b"\r\n\r\n")[0].split(b"\r\n") if not line.startswith(b"Signature")
    )
    body = request.partition(b"\r\n\r\n")[2]
    assert post_raw(unsigned + b"\r\n\r\n" + body, world.inbox_url).status_code == 401
    assert post_raw(request.replace(b"Number", b"Numbed"), world.inbox_url).status_code == 401
    assert world.counts() == before


def test_a_key_in_this_server_s_own_name_makes_no_connection(world: World) -> None:
    request = world.sink.crowd.request(ALICE, world.inbox_url, mention(world, 902))
    mine = request.replace(
        world.sink.crowd.uri(ALICE).encode() + b"#main-key", world.member_uri.encode() + b"#main-key"
    )
    world.sink.clear()
    assert post_raw(mine, world.inbox_url).status_code == 401
    assert world.sink.totals()["connections_count"] == 0


# --- wrong types in every field -------------------------------------------------------------------


@pytest.mark.parametrize(
    "verb",
    [
        "Create a post",
        "Create an offer",
        "Update an actor",
        "Follow",
        "Accept",
        "Undo",
        "Delete",
        "Announce",
        "Like",
        "Flag",
        "Move",
        "Add",
        "Question",
        "Offer an agreement",
        "Update an agreement",
        "Move an agreement",
    ],
)
def test_wrong_types_in_every_field_never_break_anything(world: World, verb: str) -> None:
    document = honest_documents(world)[verb]
    requests = []
    for number, (path, value) in enumerate((p, v) for p in paths_of(document) for v in WRONG):
        bad = changed(document, path, value)
        if path != ("id",):
            bad["id"] = f"{document['id']}/{number}"
        if path == ("object",) or path[:2] != ("object", "id"):
            inner = bad.get("object")
            if isinstance(inner, dict) and verb.startswith(("Create", "Question")) and "id" in inner:
                inner["id"] = f"{document['object']['id']}/{number}"
        requests.append(world.sink.crowd.raw_request(ALICE, world.inbox_url, orjson.dumps(bad)))
    with Wire(world.inbox_url) as wire:
        statuses = [wire.send(request).status_code for request in requests]
    assert set(statuses) <= {202, 400, 401, 413}
    world.settled()


# --- ownership ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "what",
    [
        "another actor",
        "another actor of the same host",
        "this server's member as actor",
        "an activity id of another host",
        "an activity id of this server",
        "somebody else's post",
        "a post of the same host's other actor",
        "a post of two authors",
        "a post of nobody",
        "a post of the member",
        "a post id of another host",
        "a post id of this server",
        "the death of the member",
        "the death of somebody else",
        "a new face of the member",
        "a new face of somebody else",
        "an acceptance of nothing",
        "an undo of somebody else's follow",
        "a move of somebody else",
    ],
)
def test_what_a_sender_does_not_own_is_refused(world: World, what: str) -> None:
    document = forgeries(world)[what]
    before, contents = world.settled(), contents_of(world)
    status = world.post(document)
    assert status in {202, 400, 401, 403}
    after = world.settled()
    if status == 202:
        state, reason = world.outcome(document["id"])
        assert state in {"refused", "ignored"}, (state, reason)
        assert reason
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {}
    assert contents_of(world) == contents


def test_posts_of_others_cannot_be_changed_or_deleted(world: World) -> None:
    ((uri,),) = world.instance.rows(
        "SELECT uri FROM posts WHERE uri = :uri", uri=mention(world, 1)["object"]["id"]
    )
    mallory = world.sink.crowd.uri(MALLORY)
    note = mention(world, 1)["object"] | {"content": "<p>Forged.</p>", "updated": "2030-01-01T00:00:00Z"}
    before = contents_of(world)
    for number, (verb, object_) in enumerate(
        [("Update", note), ("Delete", uri), ("Update", note | {"attributedTo": mallory})]
    ):
        document = {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"{mallory}/forged/{number}",
            "type": verb,
            "actor": mallory,
            "to": [PUBLIC],
            "object": object_,
        }
        assert world.post(document, index=MALLORY) in {202, 400, 401}
        world.settled()
        assert contents_of(world) == before


def test_nobody_buries_a_post_that_another_server_has_yet_to_send(world: World) -> None:
    alice, honest = world.sink.crowd.uri(ALICE), mention(world, 77, index=MALLORY)
    uri = honest["object"]["id"]
    delete = {"id": f"{alice}/forged/bury", "type": "Delete", "actor": alice, "to": [PUBLIC], "object": uri}
    assert world.post(delete) == 202
    assert world.outcome(delete["id"]) == ("refused", "foreign-id")
    assert world.post(honest, index=MALLORY) == 202
    world.settled()
    assert world.instance.number("SELECT count(*) FROM posts WHERE uri = :uri", uri=uri) == 1
