"""WebFinger, host-meta and NodeInfo as other servers ask for them."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import pytest

from libline_fed.activitypub.webfinger import SERVICE_REL, parse_jrd
from libline_fed.clock import FrozenClock
from libline_fed.domain.accounts import Role
from libline_fed.domain.actors import Actor
from libline_fed.errors import Refusal
from libline_fed.ids import new_id
from libline_fed.storage import actors
from libline_fed.storage.store import Store
from tests.support.serving import BASE_URL, Serving, serving


@pytest.fixture
async def lib(store: Store, clock: FrozenClock) -> AsyncIterator[Serving]:
    """The public side of an instance, on either database."""
    async with serving(store, clock) as made:
        yield made


@pytest.fixture
async def ana(lib: Serving) -> Actor:
    """A member."""
    return await lib.add_member("ana")


async def finger(lib: Serving, resource: str) -> httpx.Response:
    return await lib.get(f"/.well-known/webfinger?resource={quote(resource, safe='')}", accept="*/*")


@pytest.mark.parametrize(
    "resource",
    [
        "acct:ana@lib.example",
        "acct:ANA@LIB.example",
        "ana@lib.example",
        "acct:@ana@lib.example",
        "https://lib.example/@ana",
        "https://lib.example/@Ana/",
        "https://LIB.example/@ana",
        "{id}",
    ],
)
async def test_a_member_is_found_by_every_name(lib: Serving, ana: Actor, resource: str) -> None:
    answer = await finger(lib, resource.replace("{id}", ana.uri))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/jrd+json")
    assert answer.headers["access-control-allow-origin"] == "*"
    jrd = parse_jrd(answer.json())
    assert not isinstance(jrd, Refusal)
    assert jrd.subject == "acct:ana@lib.example"
    assert jrd.self_uris == (ana.uri,)
    assert "{uri}" in jrd.templates["http://ostatus.org/schema/1.0/subscribe"]


@pytest.mark.parametrize(
    "resource",
    [
        "https://lib.example",
        "https://lib.example/",
        "https://lib.example/actor",
        "acct:lib.example@lib.example",
        "acct:LIB.example@lib.EXAMPLE",
    ],
)
async def test_the_instance_is_found_by_every_name(lib: Serving, resource: str) -> None:
    jrd = parse_jrd((await finger(lib, resource)).json())
    assert not isinstance(jrd, Refusal)
    assert jrd.subject == "acct:lib.example@lib.example"
    assert jrd.self_uris == (f"{BASE_URL}/actor",)
    assert jrd.service_uris == (f"{BASE_URL}/actor",)
    assert SERVICE_REL.endswith("#Service")


@pytest.mark.parametrize(
    "resource",
    [
        "acct:nobody@lib.example",
        "acct:ana@other.example",
        "acct:ana@lib.example:8443",
        "https://other.example/@ana",
        "https://lib.example/@",
        "https://lib.example/@ana\x00",
        "https://lib.example/proposals/1",
        "https://lib.example/actors/nonsense",
        "https://lib.example.evil.example/@ana",
        "https://evil@lib.example/@ana",
        "mailto:ana@lib.example",
        "ana",
        "@",
        "acct:",
        "x" * 5_000,
        "acct:an\u0430@lib.example",  # a Cyrillic letter
    ],
)
async def test_a_stranger_is_not_found(lib: Serving, ana: Actor, resource: str) -> None:
    answer = await finger(lib, resource)
    assert answer.status_code == 404
    assert ana.id not in answer.text


async def test_an_unknown_id_is_not_found(lib: Serving) -> None:
    assert (await finger(lib, lib.site.uris.actor(new_id(lib.clock.now())))).status_code == 404


@pytest.mark.parametrize("query", ["", "?", "?resource=", "?rel=self", "?resource=%ff"])
async def test_a_question_without_a_resource_is_bad(lib: Serving, query: str) -> None:
    answer = await lib.get(f"/.well-known/webfinger{query}")
    assert answer.status_code == 400


async def test_a_deleted_member_is_gone(lib: Serving, ana: Actor) -> None:
    await lib.store.write(lambda tx: actors.mark_gone(tx, ana.id, lib.clock.now()))
    for resource in ("acct:ana@lib.example", ana.uri):
        assert (await finger(lib, resource)).status_code == 410


async def test_host_meta_leads_to_webfinger(lib: Serving) -> None:
    answer = await lib.get("/.well-known/host-meta", accept="*/*")
    assert answer.headers["content-type"].startswith("application/xrd+xml")
    assert f"{BASE_URL}/.well-known/webfinger?resource={{uri}}" in answer.text


async def test_nodeinfo_is_found_and_counts(lib: Serving, ana: Actor) -> None:
    ben, cleo = await lib.add_member("ben", Role.ADMIN), await lib.add_member("cleo", Role.MODERATOR)
    await lib.store.write(lambda tx: actors.change(tx, cleo.id, lib.clock.now(), is_discoverable=False))
    await lib.publish(ana)
    links = (await lib.get("/.well-known/nodeinfo", accept="application/json")).json()["links"]
    by_rel = {link["rel"]: link["href"] for link in links}
    assert by_rel["https://www.w3.org/ns/activitystreams#Application"] == f"{BASE_URL}/actor"
    for version in ("2.0", "2.1"):
        url = by_rel[f"http://nodeinfo.diaspora.software/ns/schema/{version}"]
        answer = await lib.get(url, accept="application/json")
        assert f"schema/{version}#" in answer.headers["content-type"]
        document = answer.json()
        assert document["version"] == version
        assert document["software"]["name"] == "libline"
        assert document["protocols"] == ["activitypub"]
        assert document["openRegistrations"] is True
        assert document["usage"]["users"]["total"] == 3
        assert document["usage"]["localPosts"] == 1
        assert document["metadata"]["nodeName"] == "Test Library"
        assert document["metadata"]["staffAccounts"] == [ben.uri]  # Cleo does not want to be found
    assert (await lib.get("/nodeinfo/1.0")).status_code == 404
