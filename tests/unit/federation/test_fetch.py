"""Fetching: redirects, second knocks, media types. A scripted transport stands in for the network."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from libline_fed.activitypub.keys import PrivateKey
from libline_fed.clock import FrozenClock
from libline_fed.errors import PeerGone, PeerRefused, PeerUnavailable
from libline_fed.federation import fetch
from libline_fed.federation.fetch import Fetcher, SchemeMemory
from libline_fed.federation.http_client import HttpClient, Response
from libline_fed.federation.signatures import (
    CAVAGE,
    RFC9421,
    SignedRequest,
    VerificationKey,
    VerifiedSender,
    Verifier,
)
from tests.support.hostile_addresses import REFUSED
from tests.support.keys import ANA_RSA_PRIVATE, ANA_RSA_PUBLIC, KnownKeys
from tests.support.loopback import Spy

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
KEY_ID = "https://b.example/actor#main-key"
ACTIVITY = "application/activity+json"
PROFILE = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'

Script = Callable[[httpx.Request], httpx.Response]


class Net(httpx.AsyncBaseTransport):
    """Answers by a script, keeps the requests, and holds each up to the verifier of its host."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.script(request)

    @property
    def urls(self) -> list[str]:
        return [str(request.url) for request in self.requests]


async def signer() -> tuple[str, PrivateKey]:
    return KEY_ID, ANA_RSA_PRIVATE


def fetcher_of(
    script: Script | Net, *, clock: FrozenClock | None = None, **changes: Any
) -> tuple[Fetcher, Net]:
    net = script if isinstance(script, Net) else Net(script)
    settings: dict[str, Any] = {"allow_private": False, "own_host": "b.example", "user_agent": "LibLine/test"}
    client = HttpClient(**(settings | changes), transport=net)
    return Fetcher(client, signer, clock or FrozenClock(NOW)), net


def document(*_: Any, media_type: str = ACTIVITY, status: int = 200, **headers: str) -> httpx.Response:
    fields = {"Content-Type": media_type} | {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=fields, content=b"{}")


def scheme_of(request: httpx.Request) -> str:
    return RFC9421 if "signature-input" in request.headers else CAVAGE


async def sender_of(request: httpx.Request, *, target: str | None = None, now: datetime = NOW) -> Any:
    keys = KnownKeys(VerificationKey(KEY_ID, "https://b.example/actor", ANA_RSA_PUBLIC))
    raw = [(name.lower(), value) for name, value in request.headers.raw]
    received = SignedRequest(request.method, target or request.url.raw_path.decode(), raw, b"")
    return await Verifier(keys, f"https://{request.url.host}").verify(received, now=now)


async def test_a_document_is_fetched_with_a_signature_that_verifies() -> None:
    fetcher, net = fetcher_of(document)
    response = await fetcher.get("https://a.example/actors/ana?x=1")
    assert (response.status, response.body, response.url) == (200, b"{}", "https://a.example/actors/ana?x=1")
    (request,) = net.requests
    assert isinstance(await sender_of(request), VerifiedSender)
    assert scheme_of(request) == CAVAGE
    assert "application/activity+json" in request.headers["accept"]
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["user-agent"] == "LibLine/test"


@pytest.mark.parametrize(
    ("accept", "media_type", "is_good"),
    [
        ("activity", ACTIVITY, True),
        ("activity", "Application/Activity+JSON; charset=utf-8", True),
        ("activity", PROFILE, True),
        ("activity", PROFILE.replace('"', ""), True),
        ("activity", PROFILE + "; charset=utf-8", True),
        ("activity", "application/ld+json; charset=utf-8; " + PROFILE.split("; ")[1], True),
        ("activity", "application/ld+json", False),
        ("activity", "application/ld+json; profile=x", False),
        ("activity", 'application/ld+json; x="profile=https://www.w3.org/ns/activitystreams"', False),
        ("activity", PROFILE.replace("activitystreams", "activitystreams2"), False),
        ("activity", "application/json", False),
        ("activity", "text/plain", False),
        ("activity", "text/html", False),
        ("activity", "image/png", False),
        ("activity", "", False),
        ("activity", "text/html, application/activity+json", False),
        ("jrd", "application/jrd+json", True),
        ("jrd", "application/json; charset=utf-8", True),
        ("jrd", "text/html", False),
        ("jrd", "application/xrd+xml", False),
        ("nodeinfo", 'application/json; profile="http://nodeinfo.diaspora.software/ns/schema/2.1#"', True),
        ("nodeinfo", "text/plain", False),
        ("json", "application/json", True),
        ("json", ACTIVITY, False),
    ],
)
async def test_only_the_right_media_type_is_a_document(accept: Any, media_type: str, is_good: bool) -> None:
    fetcher, _ = fetcher_of(lambda _: document(media_type=media_type))
    if is_good:
        assert (await fetcher.get("https://a.example/x", accept=accept)).status == 200
    else:
        with pytest.raises(PeerRefused):
            await fetcher.get("https://a.example/x", accept=accept)


async def test_an_answer_without_a_media_type_is_no_document() -> None:
    fetcher, _ = fetcher_of(lambda _: httpx.Response(200, content=b"{}"))
    with pytest.raises(PeerRefused):
        await fetcher.get("https://a.example/x")


@pytest.mark.parametrize("status", [404, 410])
async def test_what_is_gone_is_reported_as_gone(status: int) -> None:
    fetcher, _ = fetcher_of(lambda _: document(status=status))
    with pytest.raises(PeerGone) as caught:
        await fetcher.get("https://a.example/x")
    assert caught.value.status == status


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 599])
async def test_what_may_pass_is_reported_as_unavailable(status: int) -> None:
    fetcher, net = fetcher_of(lambda _: document(status=status, retry_after="120"))
    with pytest.raises(PeerUnavailable) as caught:
        await fetcher.get("https://a.example/x")
    assert (caught.value.status, caught.value.retry_after_s) == (status, 120.0)
    assert len(net.requests) == 1


@pytest.mark.parametrize("status", [201, 206, 300, 304, 403, 405, 406, 418, 451])
async def test_any_other_answer_is_reported_as_refused(status: int) -> None:
    fetcher, net = fetcher_of(lambda _: document(status=status))
    with pytest.raises(PeerRefused) as caught:
        await fetcher.get("https://a.example/x")
    assert caught.value.status == status
    assert len(net.requests) == 1


async def test_a_document_that_has_not_changed_is_said_so() -> None:
    fetcher, net = fetcher_of(lambda _: httpx.Response(304))
    response = await fetcher.get("https://a.example/x", etag='W/"abc"')
    assert response.status == 304
    assert net.requests[0].headers["if-none-match"] == 'W/"abc"'


# Redirects


def redirecting(*hops: str, status: int = 302) -> Script:
    """Lead from `/0` through the hops to a document."""

    def script(request: httpx.Request) -> httpx.Response:
        step = int(request.url.path.strip("/") or 0)
        if step < len(hops):
            return httpx.Response(status, headers={"Location": hops[step]})
        return document()

    return script


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_within_a_host_are_followed_and_signed_anew(status: int) -> None:
    fetcher, net = fetcher_of(redirecting("/1", "2", "https://A.example:443/3", status=status))
    response = await fetcher.get("https://a.example/0")
    assert response.url == "https://A.example:443/3"
    assert net.urls == [f"https://a.example/{step}" for step in range(4)]
    for request in net.requests:
        assert isinstance(await sender_of(request), VerifiedSender)


async def test_a_fourth_redirect_is_not_followed() -> None:
    fetcher, net = fetcher_of(redirecting("/1", "/2", "/3", "/4"))
    with pytest.raises(PeerRefused):
        await fetcher.get("https://a.example/0")
    assert len(net.requests) == 4


async def test_a_redirect_to_itself_ends() -> None:
    fetcher, net = fetcher_of(lambda _: httpx.Response(302, headers={"Location": "/0"}))
    with pytest.raises(PeerRefused):
        await fetcher.get("https://a.example/0")
    assert len(net.requests) == 4


@pytest.mark.parametrize(
    "location",
    [
        "https://c.example/1",
        "https://sub.a.example/1",
        "https://a.example.evil.example/1",
        "//c.example/1",
        "https://a.example:8443/1",
        "https://a.example@c.example/1",
    ],
)
async def test_a_redirect_to_another_host_is_followed_only_on_demand(location: str) -> None:
    fetcher, net = fetcher_of(redirecting(location))
    with pytest.raises(PeerRefused):
        await fetcher.get("https://a.example/0")
    assert len(net.requests) == 1


async def test_a_redirect_to_another_host_is_followed_on_demand_and_signed_for_it() -> None:
    fetcher, net = fetcher_of(redirecting("https://c.example/1", "https://d.example/2"))
    response = await fetcher.get("https://a.example/0", same_host_redirects=False)
    assert response.url == "https://d.example/2"
    assert [request.headers["host"] for request in net.requests] == ["a.example", "c.example", "d.example"]
    for request in net.requests:
        assert isinstance(await sender_of(request), VerifiedSender)


@pytest.mark.parametrize(
    "location",
    [
        "http://a.example/1",
        "http://c.example/1",
        "ftp://a.example/1",
        "file:///etc/passwd",
        "javascript:x",
        "https://127.0.0.1/1",
        "https://localhost/1",
        "https://[::1]/1",
        "https://[::1/1",
        "https://2130706433/",
        "https://b.example/actor",
        "https://c.example:6379/",
        "",
        "https://c.example/a b\r",
    ],
)
async def test_a_redirect_to_where_nothing_may_go_is_not_followed(location: str) -> None:
    fetcher, net = fetcher_of(lambda _: httpx.Response(302, headers={"Location": location}))
    with pytest.raises(PeerRefused):
        await fetcher.get("https://a.example/0", same_host_redirects=False)
    assert len(net.requests) == 1


async def test_https_is_never_given_up_even_among_private_peers() -> None:
    fetcher, net = fetcher_of(redirecting("http://a.example/1"), allow_private=True)
    with pytest.raises(PeerRefused):
        await fetcher.get("https://a.example/0", same_host_redirects=False)
    assert len(net.requests) == 1


async def test_no_redirect_leads_to_a_special_address(spy: Spy) -> None:
    answers: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        return answers

    guarded = HttpClient(
        allow_private=False, own_host="b.example", user_agent="LibLine/test", resolver=resolve
    )._transport
    location = ""

    class Net302(Net):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.host == "start.example":
                return httpx.Response(302, headers={"Location": location})
            return await guarded.handle_async_request(request)

    fetcher, _ = fetcher_of(Net302(document))
    for address in REFUSED:
        literal = f"https://[{address}]/x" if ":" in address else f"https://{address}/x"
        for location, answers in ((literal, []), ("https://evil.example/x", [address])):  # noqa: B007
            with pytest.raises(PeerRefused):
                await fetcher.get("https://start.example/", same_host_redirects=False)
    assert spy.connected == []


# Second knocks


def only(*schemes: str, status: int = 401) -> Script:
    return lambda request: document() if scheme_of(request) in schemes else document(status=status)


@pytest.mark.parametrize("status", [400, 401])
async def test_the_other_scheme_is_tried_and_remembered_for_a_week(status: int) -> None:
    clock = FrozenClock(NOW)
    fetcher, net = fetcher_of(only(RFC9421, status=status), clock=clock)
    assert (await fetcher.get("https://a.example/1")).status == 200
    assert (await fetcher.get("https://a.example/2")).status == 200
    assert [scheme_of(request) for request in net.requests] == [CAVAGE, RFC9421, RFC9421]
    for request in net.requests:
        assert isinstance(await sender_of(request), VerifiedSender)
    clock.advance(days=7)
    await fetcher.get("https://a.example/3")
    assert [scheme_of(request) for request in net.requests[3:]] == [CAVAGE, RFC9421]


async def test_a_server_that_changes_its_mind_is_followed_back() -> None:
    fetcher, net = fetcher_of(only(RFC9421))
    await fetcher.get("https://a.example/1")
    net.script = only(CAVAGE)
    await fetcher.get("https://a.example/2")
    await fetcher.get("https://a.example/3")
    assert [scheme_of(request) for request in net.requests] == [CAVAGE, RFC9421, RFC9421, CAVAGE, CAVAGE]


async def test_what_one_host_wants_says_nothing_of_another() -> None:
    fetcher, net = fetcher_of(only(RFC9421))
    await fetcher.get("https://a.example/1")
    await fetcher.get("https://c.example/1")
    assert [scheme_of(request) for request in net.requests] == [CAVAGE, RFC9421, CAVAGE, RFC9421]


async def test_a_refused_query_is_tried_once_more_unsigned() -> None:
    outcomes: list[httpx.Request] = []

    def script(request: httpx.Request) -> httpx.Response:
        outcomes.append(request)
        return document() if len(outcomes) == 3 else document(status=401)

    fetcher, net = fetcher_of(script)
    assert (await fetcher.get("https://a.example/outbox?page=1")).url == "https://a.example/outbox?page=1"
    assert net.urls == ["https://a.example/outbox?page=1"] * 3
    assert [scheme_of(request) for request in net.requests] == [CAVAGE, RFC9421, CAVAGE]
    assert not isinstance(await sender_of(net.requests[0], target="/outbox"), VerifiedSender)
    assert isinstance(await sender_of(net.requests[2], target="/outbox"), VerifiedSender)


@pytest.mark.parametrize(("url", "knocks"), [("https://a.example/x", 2), ("https://a.example/x?y", 3)])
async def test_a_server_that_believes_nothing_is_left_alone(url: str, knocks: int) -> None:
    fetcher, net = fetcher_of(lambda _: document(status=401))
    with pytest.raises(PeerRefused) as caught:
        await fetcher.get(url)
    assert caught.value.status == 401
    assert len(net.requests) == knocks


async def test_a_temporary_error_at_the_second_knock_is_no_reason_to_remember() -> None:
    answers = iter([401, 503, 401, 200])
    fetcher, net = fetcher_of(lambda _: document(status=next(answers)))
    with pytest.raises(PeerUnavailable):
        await fetcher.get("https://a.example/1")
    await fetcher.get("https://a.example/1")
    assert [scheme_of(request) for request in net.requests] == [CAVAGE, RFC9421, CAVAGE, RFC9421]


def test_the_memory_of_schemes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "MAX_REMEMBERED_COUNT", 3)
    memory = SchemeMemory()
    for number in range(5):
        memory.remember(f"h{number}.example", RFC9421, now=NOW)
    assert [memory.recall(f"h{number}.example", now=NOW) for number in range(5)] == [CAVAGE] * 2 + [
        RFC9421
    ] * 3
    assert memory.recall("h4.example", now=NOW + timedelta(days=6)) == RFC9421
    assert memory.recall("h4.example", now=NOW + timedelta(days=7)) == CAVAGE


async def test_the_time_of_each_attempt_is_its_own() -> None:
    clock = FrozenClock(NOW)

    def script(request: httpx.Request) -> httpx.Response:
        clock.advance(hours=20)
        return document() if scheme_of(request) == RFC9421 else document(status=401)

    fetcher, net = fetcher_of(script, clock=clock)
    await fetcher.get("https://a.example/1")
    first, second = net.requests
    assert isinstance(await sender_of(first, now=NOW), VerifiedSender)
    assert isinstance(await sender_of(second, now=NOW + timedelta(hours=20)), VerifiedSender)


async def test_fetches_side_by_side_do_not_disturb_each_other() -> None:
    fetcher, _ = fetcher_of(lambda request: document(x_path=request.url.path))
    responses: list[Response] = await asyncio.gather(
        *(fetcher.get(f"https://a{number}.example/{number}") for number in range(20))
    )
    assert [response.headers["x-path"] for response in responses] == [f"/{number}" for number in range(20)]
