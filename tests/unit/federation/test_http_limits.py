"""What the HTTP client puts up with: sizes, times, and no compression."""

import asyncio
import gzip
import time
from typing import Any

import pytest

from libline_fed.errors import PeerRefused, PeerUnavailable
from libline_fed.federation import http_transport
from tests.support.loopback import (
    MEGABYTE,
    OK,
    client,
    endless,
    get,
    peer,
    resident_bytes,
)


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd", "GZIP", "gzip, identity", "x"])
async def test_a_compressed_answer_is_refused_by_its_headers(coding: str) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: 900\r\n\r\n".encode())
        await writer.drain()
        await asyncio.sleep(5)

    async with peer(answer) as server, client() as http:
        began = time.monotonic()
        with pytest.raises(PeerRefused, match="compressed"):
            await get(server.url, http)
        assert time.monotonic() - began < 2


async def test_a_compressed_bomb_costs_no_memory() -> None:
    bomb = gzip.compress(gzip.compress(bytes(400_000_000), 9), 9)
    assert len(bomb) < 5_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb
    async with peer(answer) as server, client() as http:
        before = resident_bytes()
        for _ in range(20):
            with pytest.raises(PeerRefused):
                await get(server.url, http)
        assert resident_bytes() - before < 8_000_000


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;" + b"e" * 4096 + b"\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"e" * 4096),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 4096),
        (b"HTTP/1.1 200 OK\r\n", b"X-Header: " + b"y" * 4000 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Header: ", b"y" * 4096),
        (b"HTTP/1.1 200 ", b"y" * 4096),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: " + b"y" * 1000 + b"\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"Trailer: " + b"y" * 4000 + b"\r\n"),
    ],
    ids=[
        "chunks",
        "chunk extensions",
        "one chunk extension",
        "body",
        "headers",
        "one header",
        "reason",
        "early hints",
        "trailers",
    ],
)
async def test_an_endless_answer_is_cut_off(head: bytes, piece: bytes) -> None:
    answer, sent = endless(head, piece)
    async with peer(answer) as server, client() as http:
        before = resident_bytes()
        with pytest.raises((PeerRefused, PeerUnavailable)):
            await get(server.url, http, total_s=10)
        assert resident_bytes() - before < 16_000_000
        await asyncio.sleep(0.05)
        # What the kernel's buffers swallow on a loopback connection comes on top of the limit.
        assert sum(sent) < 2 * MEGABYTE + 12_000_000


async def test_headers_beyond_64_kilobytes_are_refused() -> None:
    def answer(bytes_count: int) -> bytes:
        return b"HTTP/1.1 200 OK\r\nX: " + b"y" * bytes_count + b"\r\nContent-Length: 0\r\n\r\n"

    async with peer(answer(60_000)) as server, client() as http:
        assert (await get(server.url, http)).status == 200
    async with peer(answer(66_000)) as server, client() as http:
        with pytest.raises(PeerRefused, match="headers"):
            await get(server.url, http)


@pytest.mark.parametrize("is_announced", [True, False])
async def test_a_body_one_byte_too_long_is_refused(is_announced: bool) -> None:
    def answer(bytes_count: int) -> bytes:
        if is_announced:
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % bytes_count + b"x" * bytes_count
        return (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % bytes_count
            + b"x" * bytes_count
            + b"\r\n0\r\n\r\n"
        )

    async with peer(answer(MEGABYTE)) as server, client() as http:
        assert len((await get(server.url, http)).body) == MEGABYTE
    async with peer(answer(MEGABYTE + 1)) as server, client() as http:
        with pytest.raises(PeerRefused, match="more than 1048576 bytes"):
            await get(server.url, http)
    async with peer(answer(11)) as server, client() as http:
        with pytest.raises(PeerRefused, match="more than 10 bytes"):
            await get(server.url, http, max_bytes=10)


async def test_a_length_that_lies_is_noticed() -> None:
    async def too_short(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        writer.close()

    async with peer(too_short) as server, client() as http:
        with pytest.raises(PeerUnavailable, match="mid-answer"):
            await get(server.url, http)
    async with peer(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc") as server, client() as http:
        for attempt in (1, 2):
            assert (await get(server.url, http)).body == b"a"
            assert server.connections_count == attempt  # the rest must not become the next answer
    async with peer(OK + OK.replace(b"ok", b"no")) as server, client() as http:
        for attempt in (1, 2):
            assert (await get(server.url, http)).body == b"ok"
            assert server.connections_count == attempt


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    ],
)
async def test_an_answer_that_drips_ends_at_the_total_deadline(head: bytes, piece: bytes) -> None:
    answer, _ = endless(head, piece, pause_s=0.02)
    async with peer(answer) as server, client() as http:
        began = time.monotonic()
        with pytest.raises(PeerUnavailable, match="longer than"):
            await get(server.url, http, total_s=0.3)
        assert 0.25 < time.monotonic() - began < 1.5


async def test_a_server_that_says_nothing_is_given_up_after_the_first_byte_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def silence(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    assert http_transport.FIRST_BYTE_S == 10
    monkeypatch.setattr(http_transport, "FIRST_BYTE_S", 0.1)
    async with peer(silence) as server, client() as http:
        with pytest.raises(PeerUnavailable, match="sent nothing"):
            await get(server.url, http)
        assert server.connections_count == 1


async def test_a_server_that_does_not_accept_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: Any) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(http_transport, "CONNECT_S", 0.05)
    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", never)
    async with client() as http:
        with pytest.raises(PeerUnavailable):
            await get("http://127.0.0.1:9/", http)
