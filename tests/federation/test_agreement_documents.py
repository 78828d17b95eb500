"""Who may fetch an agreement: the two whom it binds, signed in their own names; others see nothing."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from libline_fed.clock import FrozenClock
from libline_fed.domain.actors import Actor
from libline_fed.federation.signatures import sign
from libline_fed.ids import new_id
from libline_fed.services import mentorships
from libline_fed.storage import actors
from libline_fed.storage.store import Store
from tests.support.duo import Duo, duo
from tests.support.pair import Side, pair


@pytest.fixture
async def two(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Duo]:
    async with pair(store, other_store, clock) as both:
        made = await duo(both)
        await made.begin()
        yield made


async def get(two: Duo, url: str, headers: dict[str, str], method: str = "GET") -> httpx.Response:
    app = two.both.a.app
    assert app is not None
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        return await client.request(method, url, headers={"Accept": "application/activity+json"} | headers)


async def signed(side: Side, actor: Actor, url: str, *, method: str = "GET", **more: Any) -> dict[str, str]:
    return sign(
        method,
        url,
        key_id=side.site.uris.main_key(actor.uri),
        private_key=await side.instance.keyring.signing_key(actor.id),
        now=side.clock.now(),
        **more,
    )


@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
async def test_the_partner_reads_it_in_either_scheme(two: Duo, scheme: str) -> None:
    mine = await two.ana.only()
    url = str(mine.agreement_uri)
    answer = await get(two, url, await signed(two.both.b, two.ben.actor, url, scheme=scheme))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    document = answer.json()
    assert (document["id"], document["type"], document["standing"]["state"]) == (url, "Agreement", "intro")
    assert set(document["confirmations"]) == {"mentor", "mentee"}


async def test_everybody_else_gets_what_a_random_id_gets(two: Duo) -> None:
    url = str((await two.ana.only()).agreement_uri)
    other = await two.both.b.member("cleo")
    instance = await two.both.b.read(lambda tx: actors.by_uri(tx, two.both.b.site.uris.instance_actor))
    assert instance is not None
    by_ben = await signed(two.both.b, two.ben.actor, url)
    stale = by_ben | {"Date": "Mon, 23 Nov 2026 09:00:00 GMT"}
    askers: dict[str, dict[str, str]] = {
        "nobody": {},
        "somebody else of that server": await signed(two.both.b, other, url),
        "that server": await signed(two.both.b, instance, url),
        "our own member": await signed(two.both.a, two.ana.actor, url),
        "another address signed": await signed(two.both.b, two.ben.actor, url + "x"),
        "an old signature": stale,
        "a broken signature": by_ben | {"Signature": by_ben["Signature"][:-8] + 'AAAAAAA"'},
        "a range": {"Range": "bytes=0-10"},
        "a condition": {"If-None-Match": "*"},
        "a browser": {"Accept": "text/html"},
    }
    random = await get(two, two.both.a.site.uris.agreement(new_id(two.both.clock.now())), {})
    for name, headers in askers.items():
        answer = await get(two, url, headers)
        same = (answer.status_code, answer.content, dict(answer.headers))
        assert same == (random.status_code, random.content, dict(random.headers)), name
    assert random.status_code == 404


async def test_a_head_of_a_stranger_is_that_of_a_random_id(two: Duo) -> None:
    url = str((await two.ana.only()).agreement_uri)
    random = await get(two, two.both.a.site.uris.agreement(new_id(two.both.clock.now())), {}, "HEAD")
    answer = await get(two, url, {}, "HEAD")
    assert (answer.status_code, dict(answer.headers)) == (random.status_code, dict(random.headers))


async def test_the_completion_is_there_once_it_is_completed(two: Duo) -> None:
    url = f"{(await two.ana.only()).agreement_uri}/completion"
    assert (await get(two, url, await signed(two.both.b, two.ben.actor, url))).status_code == 404
    await two.ana.do(mentorships.complete, (await two.ana.only()).id)
    answer = await get(two, url, await signed(two.both.b, two.ben.actor, url))
    assert answer.status_code == 200
    assert answer.json()["context"] == (await two.ana.only()).agreement_uri
    assert (await get(two, url, {})).status_code == 404


async def test_threads_and_messages_are_never_there(two: Duo) -> None:
    mine = await two.ana.only()
    theirs = await two.ben.only()
    for path in ("/threads/", "/messages/"):
        url = f"{two.both.a.base_url}{path}{theirs.id}"
        answer = await get(two, url, await signed(two.both.b, two.ben.actor, url))
        random = await get(two, f"{two.both.a.base_url}{path}{new_id(two.both.clock.now())}", {})
        assert (answer.status_code, answer.content) == (random.status_code, random.content)
        assert answer.status_code == 404
    assert mine.thread_uri == theirs.thread_uri
