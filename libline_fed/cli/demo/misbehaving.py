"""Peers that follow somebody and then misbehave: each is an actor with an inbox that fails in its own way.

Small asyncio servers of their own, so that nothing of LibLine can make up for them.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from libline_fed.activitypub.build import build_activity
from libline_fed.activitypub.keys import generate_rsa, load_private
from libline_fed.federation.http_client import HttpClient
from libline_fed.federation.signatures import sign
from libline_fed.ids import new_id

ADDRESS = "127.0.0.1"
MAX_REQUEST_BYTES = 1_048_576
NEVER_S = 120.0  # longer than anybody waits
RETRY_AFTER_S = 3600
ACTIVITY_JSON = "application/activity+json"


@dataclass(frozen=True, slots=True)
class Manner:
    """How an inbox answers."""

    name: str
    says: str  # what people read
    answer: bytes | None  # None: nothing, ever


def _answer(status: str, *headers: str, body: str = "") -> bytes:
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body.encode())}",
        "Connection: close",
        *headers,
        "",
        body,
    ]
    return "\r\n".join(lines).encode()


MANNERS = (
    Manner("tarpit", "never answers", None),
    Manner("broken", "answers 500", _answer("500 Internal Server Error")),
    Manner("gone", "answers 410", _answer("410 Gone")),
    Manner(
        "busy",
        "answers 429, come back in an hour",
        _answer("429 Too Many Requests", f"Retry-After: {RETRY_AFTER_S}"),
    ),
    Manner(
        "parked",
        "answers 200 with a web page",
        _answer(
            "200 OK", "Content-Type: text/html; charset=utf-8", body="<!doctype html><title>For sale</title>"
        ),
    ),
)


@dataclass(slots=True)
class MisbehavingPeer:
    """One such server. `start` it, let it `follow` somebody, `stop` it."""

    manner: Manner
    inbox_hits_count: int = 0
    _server: asyncio.Server | None = None
    _public_pem: str = ""
    _private_pem: bytes = b""
    _tasks: set["asyncio.Task[Any]"] = field(default_factory=set)

    async def start(self) -> None:
        """Listen on a free port of the loopback interface."""
        pair = await asyncio.to_thread(generate_rsa)
        self._public_pem, self._private_pem = pair.public_pem, pair.private_pem
        self._server = await asyncio.start_server(self._serve, ADDRESS, 0, limit=MAX_REQUEST_BYTES)

    async def stop(self) -> None:
        """Close the server and everybody who still waits."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def host(self) -> str:
        """The authority under which the peer is known."""
        assert self._server is not None, "start it first"
        return f"{ADDRESS}:{self._server.sockets[0].getsockname()[1]}"

    @property
    def actor_uri(self) -> str:
        """The follower that lives here."""
        return f"http://{self.host}/actor"

    async def follow(self, actor_uri: str, inbox_url: str, *, now: datetime) -> int:
        """Send a signed Follow and return the status of the answer."""
        activity = build_activity(
            "Follow",
            uri=f"{self.actor_uri}#follow-{new_id(now)}",
            actor_uri=self.actor_uri,
            object=actor_uri,
            to=[actor_uri],
            cc=[],
            published_at=now,
        )
        body = orjson.dumps(activity)
        key_id = f"{self.actor_uri}#main-key"
        headers = sign(
            "POST",
            inbox_url,
            key_id=key_id,
            private_key=load_private(self._private_pem),
            now=now,
            body=body,
            content_type=ACTIVITY_JSON,
        )
        client = HttpClient(allow_private=True, own_host=self.host, user_agent="LibLine demo")
        try:
            return (await client.request("POST", inbox_url, headers=headers, body=body)).status
        finally:
            await client.aclose()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(
                OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError
            ):
                await self._answer(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, *_ = head.split(" ")
        if method == "GET" and target == "/actor":
            body = orjson.dumps(self._document()).decode()
            writer.write(_answer("200 OK", f"Content-Type: {ACTIVITY_JSON}", body=body))
        elif method == "POST" and target == "/inbox":
            self.inbox_hits_count += 1
            if self.manner.answer is None:
                await asyncio.sleep(NEVER_S)
                return
            writer.write(self.manner.answer)
        else:
            writer.write(_answer("404 Not Found"))
        await writer.drain()

    def _document(self) -> dict[str, Any]:
        uri = self.actor_uri
        return {
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": uri,
            "type": "Service",
            "preferredUsername": self.manner.name,
            "name": f"A peer that {self.manner.says}",
            "inbox": f"http://{self.host}/inbox",
            "outbox": f"http://{self.host}/outbox",
            "followers": f"{uri}/followers",
            "url": uri,
            "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": self._public_pem},
        }
