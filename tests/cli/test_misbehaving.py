"""The peers of the demo misbehave as they say; their actors and signatures are real."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import orjson
import pytest

from libline_fed.activitypub.keys import load_public
from libline_fed.activitypub.objects import ActorDocument
from libline_fed.activitypub.parse import parse_actor
from libline_fed.cli.demo.misbehaving import MANNERS, Manner, MisbehavingPeer
from libline_fed.errors import PeerUnavailable, Refusal
from libline_fed.federation.http_client import HttpClient
from libline_fed.federation.signatures import SignedRequest, VerificationKey, VerifiedSender, Verifier

BY_NAME = {manner.name: manner for manner in MANNERS}


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient(allow_private=True, own_host="library.example", user_agent="test")
    yield client
    await client.aclose()


@pytest.fixture
async def peer(request: pytest.FixtureRequest) -> AsyncIterator[MisbehavingPeer]:
    manner: Manner = request.param
    peer = MisbehavingPeer(manner)
    await peer.start()
    yield peer
    await peer.stop()


@pytest.mark.parametrize("peer", MANNERS, indirect=True, ids=lambda manner: manner.name)
async def test_the_actor_can_be_fetched_whatever_the_inbox_does(
    peer: MisbehavingPeer, client: HttpClient
) -> None:
    response = await client.request("GET", peer.actor_uri, headers={})
    assert response.media_type == "application/activity+json"
    actor = parse_actor(orjson.loads(response.body))
    assert isinstance(actor, ActorDocument)
    assert actor.uri == peer.actor_uri
    assert actor.inbox_url == f"http://{peer.host}/inbox"


@pytest.mark.parametrize(
    ("peer", "status"),
    [(BY_NAME["broken"], 500), (BY_NAME["gone"], 410), (BY_NAME["busy"], 429), (BY_NAME["parked"], 200)],
    indirect=["peer"],
    ids=["broken", "gone", "busy", "parked"],
)
async def test_the_inbox_answers_as_announced(peer: MisbehavingPeer, status: int, client: HttpClient) -> None:
    response = await client.request("POST", f"http://{peer.host}/inbox", headers={}, body=b"{}")
    assert response.status == status
    assert peer.inbox_hits_count == 1
    if status == 429:
        assert response.headers["retry-after"] == "3600"
    if status == 200:
        assert response.media_type == "text/html"


@pytest.mark.parametrize("peer", [BY_NAME["tarpit"]], indirect=True, ids=["tarpit"])
async def test_the_tarpit_never_answers_and_can_be_stopped_all_the_same(
    peer: MisbehavingPeer, client: HttpClient
) -> None:
    with pytest.raises(PeerUnavailable):
        await client.request("POST", f"http://{peer.host}/inbox", headers={}, body=b"{}", total_s=0.3)
    assert peer.inbox_hits_count == 1
    async with asyncio.timeout(2):
        await peer.stop()


@pytest.mark.parametrize("peer", [BY_NAME["broken"]], indirect=True, ids=["broken"])
async def test_the_follow_is_signed_by_its_actor(
    peer: MisbehavingPeer, client: HttpClient, now: datetime
) -> None:
    received: list[SignedRequest] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.rstrip(b"\r\n").split(b"\r\n")
        pairs = [line.partition(b": ") for line in lines]
        headers = [(name.lower(), value) for name, _, value in pairs]
        body = await reader.readexactly(int(dict(headers)[b"content-length"]))
        received.append(SignedRequest("POST", first.split()[1].decode(), headers, body))
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    assert await peer.follow(f"{base_url}/actors/1", f"{base_url}/actors/1/inbox", now=now) == 202
    server.close()

    actor = parse_actor(orjson.loads((await client.request("GET", peer.actor_uri, headers={})).body))
    assert isinstance(actor, ActorDocument)
    (key,) = actor.public_keys
    assert key.pem is not None
    public_key = load_public(key.pem)

    class Keys:
        async def find(self, key_id: str, *, refresh: bool) -> VerificationKey | Refusal:
            return VerificationKey(key_id, actor.uri, public_key)

    sender = await Verifier(Keys(), base_url).verify(received[0], now=now)
    assert isinstance(sender, VerifiedSender)
    assert sender.actor_uri == peer.actor_uri
    assert orjson.loads(received[0].body)["object"] == f"{base_url}/actors/1"
