"""Finding the actor of a whole server, in the three ways in which servers name it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from libline_fed.clock import FrozenClock
from libline_fed.errors import NotFound, PeerUnavailable
from libline_fed.storage.store import Store
from tests.support.linking import instance_of
from tests.support.lists import HOST, ListServer
from tests.support.pair import Pair, pair

ACTOR = f"https://{HOST}/actor"
NODEINFO = "/.well-known/nodeinfo"
ORIGIN = "/.well-known/webfinger?resource=https%3A%2F%2Fc.example"
ACCT = "/.well-known/webfinger?resource=acct%3Ac.example%40c.example"
JSON = "application/activity+json"


@pytest.fixture
def engine() -> str:
    """Nothing here depends on the database: one is enough."""
    return "sqlite"


@pytest.fixture
async def both(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Pair]:
    async with pair(store, other_store, clock) as made:
        yield made


def nodeinfo(href: str) -> dict[str, Any]:
    return {"links": [{"rel": "https://www.w3.org/ns/activitystreams#Application", "href": href}]}


def origin(href: str) -> dict[str, Any]:
    service = "https://www.w3.org/ns/activitystreams#Service"
    return {"subject": f"https://{HOST}/", "links": [{"rel": service, "type": JSON, "href": href}]}


def acct(href: str) -> dict[str, Any]:
    return {"subject": f"acct:{HOST}@{HOST}", "links": [{"rel": "self", "type": JSON, "href": href}]}


async def test_ours_is_found_in_each_way_and_by_every_spelling(both: Pair) -> None:
    a, b = both
    serve, closed = both.network.servers["b.example"], set[str]()

    async def partly(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        is_shut = any(path.startswith(prefix) for prefix in closed)
        return httpx.Response(404) if is_shut else await serve(request)

    both.network.servers["b.example"] = partly
    for shut in (
        set(),
        {"/.well-known/nodeinfo"},
        {"/.well-known/nodeinfo", "/.well-known/webfinger?resource=http"},
    ):
        closed.clear()
        closed.update(shut)
        found = await a.resolver.find_instance("b.example")
        assert found.uri == b.site.uris.instance_actor
        assert found.proposals_url == f"{found.uri}/proposals"
    for text in ("B.Example", " https://b.example/@ben/p/1 ", "@ben@b.example", "b.example/", "b.example."):
        assert (await a.resolver.find_instance(text)).uri == b.site.uris.instance_actor
    for text in ("", "not a name", "a.example", "https://", "127.0.0.1", "[::1]", "b.example:99999"):
        with pytest.raises((NotFound, PeerUnavailable)):
            await a.resolver.find_instance(text)


async def test_only_an_application_of_that_very_host_is_taken(both: Pair) -> None:
    a, b = both
    server = ListServer(both)
    [true] = await server.introduce(b, await instance_of(b))
    ben = await b.member("ben")
    [person] = await server.introduce(b, ben)
    elsewhere = b.site.uris.instance_actor
    ways = {NODEINFO: nodeinfo, ORIGIN: origin, ACCT: acct}
    named = {ACTOR: True, person["id"]: False, elsewhere: False, f"{ACTOR}/x": False}
    for path, way in ways.items():
        for href, is_found in named.items():
            for other in ways:
                server.answers.pop(other, None)
            webfinger = way(href)
            server.answers[path] = (
                webfinger
                if path == NODEINFO
                else httpx.Response(200, json=webfinger, headers={"content-type": "application/jrd+json"})
            )
            if is_found:
                assert (await a.resolver.find_instance(HOST)).uri == true["id"]
            else:
                with pytest.raises(NotFound) as error:
                    await a.resolver.find_instance(HOST)
                assert "Does it run LibLine?" in error.value.safe
    server.answers = dict.fromkeys([NODEINFO, ORIGIN, ACCT], 503)
    with pytest.raises(PeerUnavailable):
        await a.resolver.find_instance(HOST)
