"""Where the HTTP client connects to: never to a special address, and to nobody with a wrong certificate."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from libline_fed.errors import PeerRefused, PeerUnavailable
from libline_fed.federation import http_transport
from tests.support.hostile_addresses import REFUSED
from tests.support.loopback import (
    PUBLIC,
    Spy,
    client,
    get,
    no_resolver,
    peer,
    post,
    resolver_of,
)


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
