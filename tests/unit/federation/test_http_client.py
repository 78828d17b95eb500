"""The guarded HTTP client against real sockets on loopback, and against addresses it must never touch."""

import ast
import asyncio
import gzip
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

import libline_fed
from libline_fed.errors import LibLineError, PeerRefused, PeerUnavailable
from libline_fed.federation import http_transport
from libline_fed.federation.addresses import Resolver
from libline_fed.federation.http_client import HttpClient, Response
from tests.support.hostile_addresses import REFUSED

PUBLIC = "93.184.216.34"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """A server that answers each request with what the test says, and notes what it got."""

    def __init__(self) -> None:
        self.port = 0
        self.requests: list[bytes] = []
        self.connections_count = 0
        self.sent_bytes = 0

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


_SPY = Spy()


@pytest.fixture
def spy() -> Iterator[Spy]:
    _SPY.connected.clear()
    _SPY.is_watching = True
    yield _SPY
    _SPY.is_watching = False


async def get(url: str, http: HttpClient, **options: Any) -> Response:
    return await http.request("GET", url, headers={}, **options)


async def post(url: str, http: HttpClient, body: bytes = b"{}", **options: Any) -> Response:
    return await http.request("POST", url, headers={"X-Test": "1"}, body=body, **options)


# Where it connects to


async def test_the_spy_sees_a_connection(spy: Spy) -> None:
    async with peer() as server, client() as http:
        assert (await get(server.url, http)).body == b"ok"
        assert spy.connected == [("127.0.0.1", server.port)]


@pytest.mark.parametrize("way", ["literal", "resolved", "mixed first", "mixed last", "many"])
async def test_no_special_address_is_ever_connected_to(way: str, spy: Spy) -> None:
    answers: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        return answers

    async with client(allow_private=False, resolver=resolve) as http:
        for address in REFUSED:
            url = "https://evil.example/x"
            answers = [address]
            match way:
                case "literal":
                    url = f"https://[{address}]/x" if ":" in address else f"https://{address}/x"
                    answers = [PUBLIC]
                case "mixed first":
                    answers = [address, PUBLIC]
                case "mixed last":
                    answers = [PUBLIC, address]
                case "many":
                    answers = [PUBLIC] * 9 + [address]
            with pytest.raises(PeerRefused):
                await get(url, http)
            with pytest.raises(PeerRefused):
                await post(url, http)
    assert spy.connected == []


async def test_special_addresses_from_the_machines_own_resolver_are_refused(
    spy: Spy, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with client(allow_private=False) as http:
        for address in REFUSED:
            answer = (2, 1, 6, "canonical.evil.example", (address, 443))
            monkeypatch.setattr("socket.getaddrinfo", lambda *_, answer=answer, **__: [answer])
            with pytest.raises(PeerRefused):
                await get("https://alias.evil.example/x", http)
    assert spy.connected == []


async def test_a_name_that_is_bound_anew_is_looked_up_once_and_connected_as_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up: list[str] = []
    connected: list[Any] = []

    async def rebinding(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return [PUBLIC] if len(looked_up) % 2 else ["127.0.0.1"]

    async def connect(_: Any, address: Any) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", connect)
    async with client(allow_private=False, resolver=rebinding) as http:
        with pytest.raises(PeerUnavailable):
            await get("https://rebind.example/", http)
        assert (looked_up, connected) == (["rebind.example"], [(PUBLIC, 443)])
        with pytest.raises(PeerRefused):
            await get("https://rebind.example/", http)
        assert (len(looked_up), len(connected)) == (2, 1)


async def test_the_next_address_is_tried_when_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with peer() as server, client(resolver=resolver_of("127.0.0.2", "127.0.0.1")) as http:
        response = await get(f"http://two.example:{server.port}/", http)
        assert response.status == 200


ODD = [
    "http://a.example/",
    "ftp://a.example/",
    "file:///etc/passwd",
    "unix:/var/run/docker.sock",
    "http+unix://%2Fvar%2Frun/x",
    "gopher://a.example/",
    "javascript:alert(1)",
    "data:,x",
    "//a.example/",
    "a.example",
    "",
    "https://",
    "https:///x",
    "https:a.example",
    "https://user@a.example/",
    "https://user:pass@a.example/",
    "https://a.example@evil.example/",
    "https://a.example:8443/",
    "https://a.example:80/",
    "https://a.example:80443/",
    "https://a.example:0/",
    "https://a.example:-1/",
    "https://a.example:6379/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.1/",
    "https://017700000001/",
    "https://127.1/",
    "https://127.0.1/",
    "https://1.1.1.1/",
    "https://①②⑦.0.0.1/",
    "https://１２７.0.0.1/",
    "https://127。0。0。1/",
    "https://localhost/",
    "https://localhost./",
    "https://LOCALHOST/",
    "https://x.localhost/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://intranet/",
    "https://[::1]/",
    "https://[::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[v1.x]/",
    "https://[::1/",
    "https://a.exam\tple/",
    "https://a.example/a b",
    "https://a.example/\r\nX: y",
    "https://a.example\n.evil.example/",
    "https://a.example/\x00",
    "https://a .example/",
    "https://a.example\\@evil.example/",
    "https://a.example\\.evil.example/",
    " https://a.example/",
    "https://a..example/",
    "https://.example/",
    "https://-a.example/",
    "https://a_b.example/",
    "https://a.example/\u202e",
    "https://a.example/ü",
    "https://" + "a" * 64 + ".example/",
    "https://" + "a." * 130 + "example/",
    "https://a.example/" + "x" * 3000,
]


@pytest.mark.parametrize("url", ODD)
async def test_an_odd_address_is_refused_before_its_name_is_looked_up(url: str, spy: Spy) -> None:
    async with client(allow_private=False, resolver=no_resolver) as http:
        with pytest.raises(PeerRefused):
            await get(url, http)
        with pytest.raises(PeerRefused):
            await post(url, http)
    assert spy.connected == []


@pytest.mark.parametrize(
    "url",
    ["https://b.example/actor", "https://B.EXAMPLE/", "https://b.example:443/", "https://b.example./x"],
)
async def test_this_server_never_fetches_from_itself(url: str, spy: Spy) -> None:
    for allow_private in (True, False):
        async with client(allow_private=allow_private, resolver=no_resolver) as http:
            with pytest.raises(PeerRefused):
                await get(url, http)
    assert spy.connected == []


async def test_the_environment_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, spy: Spy
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ana password secret\n")
    netrc.chmod(0o600)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    async with peer() as server, client() as http:
        assert (await get(server.url, http)).status == 200
        assert b"uthorization" not in server.requests[0]
        assert spy.connected == [("127.0.0.1", server.port)]
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "env.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "env.pem"))
    async with (
        peer(tls=tls_for("peer.example", authority)) as server,
        client(resolver=resolver_of("127.0.0.1")) as http,
    ):
        with pytest.raises(PeerUnavailable, match="certificate"):
            await get(f"https://peer.example:{server.port}/", http)
    assert not (tmp_path / "keys.log").exists()


# TLS


def tls_for(name: str, authority: trustme.CA, asked: list[str | None] | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    if asked is not None:
        context.sni_callback = lambda _object, server_name, _context: asked.append(server_name)
    return context


async def test_a_certificate_is_checked_against_the_name_not_the_address(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    asked: list[str | None] = []
    async with (
        peer(tls=tls_for("peer.example", authority, asked)) as server,
        client(resolver=resolver_of("127.0.0.1"), extra_ca=tmp_path / "ca.pem") as http,
    ):
        response = await get(f"https://peer.example:{server.port}/x", http)
        assert (response.status, response.body) == (200, b"ok")
        assert asked == ["peer.example"]
        with pytest.raises(PeerUnavailable, match="certificate"):
            await get(f"https://other.example:{server.port}/x", http)
        with pytest.raises(PeerUnavailable, match="certificate"):
            await get(f"https://127.0.0.1:{server.port}/x", http)
        assert len(server.requests) == 1


async def test_an_unknown_authority_is_not_trusted() -> None:
    async with (
        peer(tls=tls_for("peer.example", trustme.CA())) as server,
        client(resolver=resolver_of("127.0.0.1")) as http,
    ):
        with pytest.raises(PeerUnavailable, match="certificate"):
            await get(f"https://peer.example:{server.port}/x", http)
        assert server.requests == []


async def test_a_server_that_never_finishes_the_handshake_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_transport, "TLS_S", 0.1)
    async with peer() as server, client() as http:  # speaks no TLS and waits
        with pytest.raises(PeerUnavailable):
            await get(f"https://127.0.0.1:{server.port}/", http)


# What goes out


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


# What comes back


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


# Connections


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


# The rest


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
                is_command = path.is_relative_to(package / "cli") and name == "http.client"
                if (name.split(".")[0] in banned or name == "urllib.request") and not is_command:
                    found.add((str(path.relative_to(package)), name))
    harmless = {"http.cookies", "http"}  # http.HTTPStatus and cookie parsing open no socket
    assert {item for item in found if item[1] not in harmless} == {
        ("federation/http_client.py", "httpx"),
        ("federation/http_transport.py", "httpx"),
    }
