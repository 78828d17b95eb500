"""Scripted servers on loopback, clients to talk to them, and a spy below every library."""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from libline_fed.federation.addresses import Resolver
from libline_fed.federation.http_client import HttpClient, Response

PUBLIC = "93.184.216.34"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """A server that answers each request with what the test says, and notes what it got."""

    def __init__(self) -> None:
        self.port = 0
        self.requests: list[bytes] = []
        self.connections_count = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/inbox"


@asynccontextmanager
async def peer(answer: bytes | Answer = OK, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    state = Peer()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state.connections_count += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (
                        int(line.split(b":")[1])
                        for line in head.split(b"\r\n")
                        if line.lower().startswith(b"content-length:")
                    ),
                    0,
                )
                state.requests.append(head + await reader.readexactly(length))
                if callable(answer):
                    await answer(reader, writer)
                else:
                    writer.write(answer)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return  # the client went away, or the test is over
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()


def client_of(**changes: Any) -> HttpClient:
    settings: dict[str, Any] = {"allow_private": True, "own_host": "b.example", "user_agent": "LibLine/test"}
    return HttpClient(**(settings | changes))


@asynccontextmanager
async def client(**changes: Any) -> AsyncIterator[HttpClient]:
    made = client_of(**changes)
    try:
        yield made
    finally:
        await made.aclose()


def resolver_of(*answers: str) -> Resolver:
    async def resolve(host: str, port: int) -> list[str]:
        return list(answers)

    return resolve


async def no_resolver(host: str, port: int) -> list[str]:
    raise AssertionError(f"{host} was looked up")


class Spy:
    """Sees every connection that this process tries to make, below every library."""

    def __init__(self) -> None:
        self.is_watching = False
        self.connected: list[Any] = []
        sys.addaudithook(self._see)  # cannot be removed, so there is one for all tests

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.is_watching and event == "socket.connect":
            self.connected.append(arguments[1])


SPY = Spy()


async def get(url: str, http: HttpClient, **options: Any) -> Response:
    return await http.request("GET", url, headers={}, **options)


async def post(url: str, http: HttpClient, body: bytes = b"{}", **options: Any) -> Response:
    return await http.request("POST", url, headers={"X-Test": "1"}, body=body, **options)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def endless(head: bytes, piece: bytes, *, pause_s: float = 0) -> tuple[Answer, list[int]]:
    """Make an answer that never ends, and a list whose sum is what was sent."""
    sent: list[int] = []

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(piece)
            sent.append(len(piece))
            await writer.drain()
            await asyncio.sleep(pause_s)

    return answer, sent


MEGABYTE = 1_048_576
