"""What the HTTP client sends, what it reads, and how it keeps connections."""

import ast
import asyncio
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

import libline_fed
from libline_fed.errors import LibLineError, PeerRefused, PeerUnavailable
from libline_fed.federation import http_transport
from libline_fed.federation.http_client import Response
from tests.support.loopback import (
    OK,
    Spy,
    client,
    get,
    no_resolver,
    peer,
    post,
)


async def test_a_request_carries_what_was_signed_and_nothing_unasked() -> None:
    async with peer() as server, client() as http:
        await http.request(
            "POST",
            f"http://127.0.0.1:{server.port}/a%2Fb/../c?x=%20&y",
            headers={"Host": "wrong.example", "Digest": "SHA-256=x", "Accept-Encoding": "gzip"},
            body=b"{}",
        )
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        assert first == "POST /a%2Fb/../c?x=%20&y HTTP/1.1"
        assert sorted(line.lower() for line in lines) == [
            "accept-encoding: identity",
            "content-length: 2",
            "digest: sha-256=x",
            f"host: 127.0.0.1:{server.port}",
            "user-agent: libline/test",
        ]
        assert body == b"{}"


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"X": "a\r\nY: b"}),
        ("GET", {"X": "a\nb"}),
        ("GET", {"X": "a\rb"}),
        ("GET", {"X": "a\0b"}),
        ("GET", {"X\r\nY": "a"}),
        ("GET", {"X": "\u20ac"}),
        ("GET / HTTP/1.1\r\nX: y\r\n\r\nGET", {}),
        ("GET /x", {}),
    ],
)
async def test_nothing_can_smuggle_a_line_into_a_request(
    method: str, headers: dict[str, str], spy: Spy
) -> None:
    async with client(resolver=no_resolver) as http:
        with pytest.raises(PeerRefused):
            await http.request(method, "http://a.example/", headers=headers)
    assert spy.connected == []


async def test_no_cookie_is_ever_sent_back() -> None:
    async with peer(OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\n\r\n")) as server, client() as http:
        await get(server.url, http)
        await get(server.url, http)
        assert all(b"ookie" not in request for request in server.requests)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_returned_never_followed(status: int) -> None:
    async with peer() as target:
        answer = f"HTTP/1.1 {status} X\r\nLocation: {target.url}\r\nContent-Length: 0\r\n\r\n".encode()
        async with peer(answer) as server, client() as http:
            for response in (await get(server.url, http), await post(server.url, http)):
                assert (response.status, response.headers["location"]) == (status, target.url)
        assert target.connections_count == 0


async def test_an_answer_has_its_status_headers_and_body() -> None:
    answer = b"HTTP/1.1 418 Teapot\r\nX-A: 1\r\nx-a: 2\r\nETag: \xfc\r\nContent-Length: 3\r\n\r\nabc"
    async with peer(answer) as server, client() as http:
        response = await get(server.url, http)
        assert response == Response(
            418, {"x-a": "1, 2", "etag": "\xfc", "content-length": "3"}, b"abc", server.url
        )
        await http.request("GET", server.url, headers={"If-None-Match": response.headers["etag"]})
        assert b"If-None-Match: \xfc\r\n" in server.requests[1]


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", b"abc"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n0\r\nTrailer: x\r\n\r\n", b"a"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", b"a"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 1\r\n\r\na", b"a"),
    ],
)
async def test_the_forms_of_a_body_are_read(answer: bytes, body: bytes) -> None:
    async with peer(answer) as server, client() as http:
        for _ in range(2):
            response = await get(server.url, http)
            assert response.body == body
            assert response.status != 103
            assert "link" not in response.headers
            assert "trailer" not in response.headers
        assert server.connections_count == 1


async def test_a_body_without_length_ends_with_the_connection() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nab")
        await writer.drain()
        writer.write(b"c")
        writer.close()

    async with peer(answer) as server, client() as http:
        assert (await get(server.url, http)).body == b"abc"


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX\x00: y\r\n\r\n",
    ],
)
async def test_what_is_not_proper_http_is_refused_and_its_connection_dropped(answer: bytes) -> None:
    async with peer(answer) as server, client() as http:
        for attempt in (1, 2):
            with pytest.raises((PeerRefused, PeerUnavailable)):
                await get(server.url, http, total_s=2)
            assert server.connections_count == attempt


async def test_a_connection_is_kept_and_used_again() -> None:
    async with peer() as server, client() as http:
        for _ in range(5):
            assert (await post(server.url, http)).status == 200
        assert (server.connections_count, len(server.requests)) == (1, 5)


@pytest.mark.parametrize(
    "answer", [OK.replace(b"200 OK", b"200 OK\r\nConnection: close"), OK.replace(b"1.1", b"1.0")]
)
async def test_a_connection_is_not_used_again_when_the_server_says_so(answer: bytes) -> None:
    async with peer(answer) as server, client() as http:
        await get(server.url, http)
        await get(server.url, http)
        assert server.connections_count == 2


async def test_a_kept_connection_that_was_closed_meanwhile_is_replaced() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()
        writer.close()

    async with peer(answer) as server, client() as http:
        for _ in range(3):
            assert (await post(server.url, http)).status == 200
        assert len(server.requests) == 3


async def test_a_server_that_closes_without_a_word_is_asked_once_on_a_fresh_connection() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with peer(answer) as server, client() as http:
        with pytest.raises(PeerUnavailable):
            await post(server.url, http)
        assert len(server.requests) == 1


async def test_two_connections_per_server_are_kept_and_no_more() -> None:
    async def slow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        writer.write(OK)

    async with peer(slow) as server, client() as http:
        await asyncio.gather(*(get(server.url, http) for _ in range(5)))
        assert server.connections_count == 5
        await asyncio.gather(*(get(server.url, http) for _ in range(3)))
        assert server.connections_count == 6


async def test_idle_connections_are_closed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_transport, "IDLE_S", 0.05)
    async with peer() as server, client() as http:
        await get(server.url, http)
        await asyncio.sleep(0.15)
        await get(server.url, http)
        assert server.connections_count == 2


async def test_no_more_connections_are_open_than_allowed() -> None:
    open_now = most = 0

    async def slow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0.02)
        open_now -= 1
        writer.write(OK)

    async with peer(slow) as server, client(max_connections=3) as http:
        await asyncio.gather(*(get(server.url, http) for _ in range(12)))
        assert most == 3


async def test_an_answer_without_a_question_closes_the_connection() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.write(OK.replace(b"ok", b"no"))

    async with peer(answer) as server, client() as http:
        assert (await get(server.url, http)).body == b"ok"
        await asyncio.sleep(0.1)
        assert (await get(server.url, http)).body == b"ok"
        assert server.connections_count == 2


async def test_a_cancelled_request_closes_its_connection() -> None:
    async def silence(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    async with peer(silence) as server, client() as http:
        task = asyncio.create_task(get(server.url, http))
        while not server.requests:
            await asyncio.sleep(0.01)
        transport = http._transport
        assert isinstance(transport, http_transport.GuardedTransport)
        assert len(transport._open) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not transport._open


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Tue, 24 Nov 2026 09:10:00 GMT", 600.0),
        ("Tue, 24 Nov 2026 08:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("9" * 12, None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str, expected: float | None) -> None:
    response = Response(503, {"retry-after": value}, b"", "https://a.example/")
    assert response.retry_after_s(datetime(2026, 11, 24, 9, 0, tzinfo=UTC)) == expected


async def test_another_transport_can_stand_in_for_the_network() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"a": 1})

    async with client(
        allow_private=False, transport=httpx.MockTransport(answer), resolver=no_resolver
    ) as http:
        response = await get("https://a.example/actors/ana?x=1", http)
        assert response.body == b'{"a":1}'
        with pytest.raises(LibLineError):
            await get("http://a.example/", http)
    assert [str(request.url) for request in seen] == ["https://a.example/actors/ana?x=1"]


def test_there_is_no_other_way_out() -> None:
    banned = {"httpx", "httpcore", "requests", "aiohttp", "urllib3", "http", "telnetlib", "ftplib", "xml"}
    found: set[tuple[str, str]] = set()
    package = Path(libline_fed.__file__).parent
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                # A command may ask a process that it has started itself whether it is up.
                is_command = path.relative_to(package).parts[0] in {"cli", "bench"} and name == "http.client"
                if (name.split(".")[0] in banned or name == "urllib.request") and not is_command:
                    found.add((str(path.relative_to(package)), name))
    harmless = {"http.cookies", "http"}  # http.HTTPStatus and cookie parsing open no socket
    writes_xml = {(name, "xml.etree.ElementTree") for name in ("api/atom.py", "web/charts.py")}  # reads none
    assert {item for item in found - writes_xml if item[1] not in harmless} == {
        ("federation/http_client.py", "httpx"),
        ("federation/http_transport.py", "httpx"),
    }
