"""Real inboxes on loopback ports: they verify signatures, keep what arrives, and answer as they are told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httptools
import orjson

from libline_fed.clock import Clock
from libline_fed.errors import Refusal
from libline_fed.federation.signatures import SignedRequest, VerifiedSender, Verifier
from tests.support.keys import KnownKeys


@dataclass(frozen=True)
class Answer:
    """What an inbox answers. `hangs` keeps the connection open and says nothing."""

    status: int = 202
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    hangs: bool = False


@dataclass(frozen=True)
class Received:
    """One request that arrived, with what its signature proves."""

    path: str
    headers: dict[str, str]
    body: bytes
    sender: VerifiedSender | Refusal

    @property
    def activity(self) -> dict[str, Any]:
        """The activity in the body."""
        document: dict[str, Any] = orjson.loads(self.body)
        return document

    @property
    def scheme(self) -> str:
        """The signature scheme that was used."""
        return "rfc9421" if "signature-input" in self.headers else "cavage"


class Inbox:
    """One server. `answer` is asked for each request; by default everything is accepted."""

    def __init__(self, keys: KnownKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self.received: list[Received] = []
        self.answer: Callable[[Received], Answer] = lambda _: Answer()
        self.in_flight_count = 0
        self.most_in_flight_count = 0
        self.arrived = asyncio.Event()
        self.host = ""

    @property
    def url(self) -> str:
        """The address of the shared inbox."""
        return f"http://{self.host}/inbox"

    @property
    def target(self) -> tuple[str, str]:
        """The pair that a delivery is queued for."""
        return self.host, self.url

    @property
    def activity_uris(self) -> list[str]:
        """The ids of the activities that arrived, in their order."""
        return [each.activity["id"] for each in self.received]

    def answers(self, *answers: Answer) -> None:
        """Give these answers in turn, the last one for ever."""
        waiting = list(answers)
        self.answer = lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]

    async def receive(self, path: str, headers: list[tuple[bytes, bytes]], body: bytes) -> Answer:
        """Take a request and say what to answer."""
        self.in_flight_count += 1
        self.most_in_flight_count = max(self.most_in_flight_count, self.in_flight_count)
        try:
            verifier = Verifier(self._keys, f"http://{self.host}")
            sender = await verifier.verify(
                SignedRequest("POST", path, headers, body), now=self._clock.now()
            )
            plain = {name.decode().lower(): value.decode() for name, value in headers}
            received = Received(path, plain, body, sender)
            self.received.append(received)
            self.arrived.set()
            answer = self.answer(received)
            if answer.hangs:
                await asyncio.Event().wait()
            await asyncio.sleep(answer.delay_s)
            return answer
        finally:
            self.in_flight_count -= 1


class _Connection(asyncio.Protocol):
    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._task: asyncio.Task[None] | None = None
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._task is not None:
            self._task.cancel()

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_message_complete(self) -> None:
        request = self._target.decode(), self._headers, bytes(self._body)
        self._task = asyncio.create_task(self._respond(*request))

    async def _respond(self, path: str, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        answer = await self._inbox.receive(path, headers, body)
        lines = [f"HTTP/1.1 {answer.status} x", "Content-Length: 0"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        self._begin()
        self._transport.write("\r\n".join([*lines, "", ""]).encode())


@contextlib.asynccontextmanager
async def serve(inbox: Inbox, *, port: int = 0, address: str = "127.0.0.1") -> AsyncIterator[Inbox]:
    """Serve an inbox on a loopback port."""
    loop = asyncio.get_running_loop()
    connections: list[_Connection] = []

    def connect() -> _Connection:
        connections.append(_Connection(inbox))
        return connections[-1]

    server = await loop.create_server(connect, address, port)
    inbox.host = f"{address}:{server.sockets[0].getsockname()[1]}"
    try:
        yield inbox
    finally:
        server.close()
        for connection in connections:
            connection._transport.abort()
        await server.wait_closed()
