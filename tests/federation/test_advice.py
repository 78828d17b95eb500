"""Reading the lists of consortia: guarded, conditional, and never more than facts about hosts."""

import httpx
import pytest

from libline_fed.config import Federation
from libline_fed.domain.block_lists import MAX_BYTES
from libline_fed.domain.consortia import MemberState
from libline_fed.errors import PeerUnavailable
from libline_fed.federation.advice import AdviceReader
from libline_fed.federation.fetch import Fetcher
from libline_fed.services import advice, trust
from libline_fed.services.instance import ensure_instance_actor
from libline_fed.storage import actors, consortia, crawls, peers
from libline_fed.storage import trust as rows
from libline_fed.storage.store import Tx
from tests.support.fediverse import Fediverse
from tests.support.neighbours import meet

URL = "https://c.example/groups/redbib/blocked-domains.json"
JSON = {"Content-Type": "application/json"}


async def reader_of(world: Fediverse) -> tuple[AdviceReader, str]:
    """Let us be a member of a consortium that names its list; return what reads it and the Group's id."""
    now = world.clock.now()
    group = await meet(world.store, "redbib", "c.example", now)

    async def unit(tx: Tx) -> None:
        await actors.change(tx, group.id, now, type="Group", details={"blocked_domains_url": URL})
        us = await ensure_instance_actor(tx, world.site, now=now)
        await consortia.put_membership(
            tx, group_id=group.id, instance_id=us.id, state=MemberState.MEMBER, now=now
        )

    await world.store.write(unit)
    fetcher: Fetcher = world.resolver._fetcher  # the one of this world
    return AdviceReader(world.store, world.site, world.admitter, fetcher, world.clock), group.id


async def known(world: Fediverse, group_id: str) -> list[str]:
    found = await world.store.read(lambda tx: advice.counsel(tx, world.site, group_id))
    return [one.advice.host for one in found]


async def error_of(world: Fediverse) -> str | None:
    (source,) = await world.store.read(lambda tx: trust.sources(tx, world.site))
    assert source.list is not None
    return source.list.last_error


async def test_a_list_is_read_once_a_day_and_not_again_while_it_is_the_same(world: Fediverse) -> None:
    reader, group_id = await reader_of(world)
    body = b'[{"domain": "bad.example", "severity": "suspend", "reason": "Spam"}]'
    world.served[URL] = lambda: httpx.Response(200, content=body, headers={**JSON, "ETag": '"1"'})
    assert await reader.read_due() == 1
    assert await known(world, group_id) == ["bad.example"]
    assert await reader.read_due() == 0
    world.clock.advance(days=1)
    world.served[URL] = 304
    assert await reader.read_due() == 1
    assert await known(world, group_id) == ["bad.example"]
    assert await error_of(world) is None
    world.clock.advance(days=1)
    world.served[URL] = lambda: httpx.Response(200, content=b"[]", headers=JSON)
    assert await reader.read_due() == 1
    assert await known(world, group_id) == []


async def test_a_list_that_cannot_be_read_leaves_things_as_they_are(world: Fediverse) -> None:
    reader, group_id = await reader_of(world)
    body = b'[{"domain": "bad.example", "severity": "suspend"}]'
    world.served[URL] = lambda: httpx.Response(200, content=body, headers=JSON)
    await reader.read_due()
    answers = {
        404: "404",
        500: "500",
        301: "redirect",
        PeerUnavailable("down"): "down",
        "html": "text/html",
        b"{}": "not a list",
        b"[" + b" " * MAX_BYTES + b"]": "",
    }
    for answer, sentence in answers.items():
        world.clock.advance(days=1)
        if isinstance(answer, bytes):
            world.served[URL] = lambda body=answer: httpx.Response(200, content=body, headers=JSON)
        elif answer == "html":
            world.served[URL] = lambda: httpx.Response(200, html="<p>Hello")
        elif answer == 301:
            world.served[URL] = lambda: httpx.Response(301, headers={"Location": "https://x.example/list"})
        else:
            world.served[URL] = answer
        assert await reader.read_due() == 1
        assert sentence in (await error_of(world) or "missing"), answer
        assert await known(world, group_id) == ["bad.example"]
    assert "https://x.example/list" not in world.asked


async def test_the_list_of_a_blocked_server_is_not_asked_for(world: Fediverse) -> None:
    reader, _ = await reader_of(world)
    world.policies["c.example"] = "blocked"
    await reader.read_due()
    assert URL not in world.asked
    assert "host-blocked" in (await error_of(world) or "")


@pytest.mark.parametrize("is_automatic", [True, False])
async def test_only_an_admin_lets_a_list_apply_by_itself(world: Fediverse, is_automatic: bool) -> None:
    reader, group_id = await reader_of(world)
    listed = ",".join(f'{{"domain": "bad{number}.example", "severity": "suspend"}}' for number in range(150))
    world.served[URL] = lambda: httpx.Response(200, content=f"[{listed}]".encode(), headers=JSON)
    now = world.clock.now()
    await world.store.write(lambda tx: advice.keep_up(tx, world.site, now=now))
    await world.store.write(
        lambda tx: advice.set_automatic(tx, group_id=group_id, is_automatic=is_automatic, now=now)
    )
    await reader.read_due()
    found = await world.store.read(lambda tx: advice.counsel(tx, world.site, group_id))
    assert {one.policy for one in found} == {"blocked" if is_automatic else "default"}
    assert len(found) == 150


# --- members of a trusted consortium, whom nobody may ask yet ---------------------------------------------


async def test_the_members_of_a_trusted_consortium_are_let_in_by_its_own_list(world: Fediverse) -> None:
    reader, group_id = await reader_of(world)
    members_url = "https://c.example/groups/redbib/members"
    now = world.clock.now()

    async def trusting(tx: Tx) -> None:
        await actors.change(tx, group_id, now, details={"members_url": members_url})
        await rows.note_mode(tx, Federation.ALLOWLIST)
        await trust.set_trusted(tx, world.site, group_id=group_id, is_trusted=True, now=now)

    async def allowed(*hosts: str) -> list[bool]:
        async def unit(tx: Tx) -> list[bool]:
            return [(await peers.verdict(tx, host, Federation.ALLOWLIST)).is_open for host in hosts]

        return await world.store.read(unit)

    hosts = ("c.example", "m.example", "n.example:8443", "sub.m.example")
    await world.store.write(trusting)
    assert await allowed(*hosts) == [True, False, False, False]
    page = f"{members_url}?page=1"
    world.served[members_url] = {
        "id": members_url, "type": "OrderedCollection", "first": page, "totalItems": 3,
    }  # fmt: skip
    uris = ["https://m.example/actor", "https://n.example:8443/actor", "https://lib.example/actor"]
    world.served[page] = {
        "id": page, "type": "OrderedCollectionPage", "partOf": members_url, "orderedItems": uris
    }  # fmt: skip
    await reader.read_due()
    assert await allowed(*hosts) == [True, True, True, False]
    assert await world.store.read(lambda tx: trust.unread(tx, now=now)) == []
    crawl = await world.store.read(lambda tx: crawls.get(tx, group_id))
    assert crawl is not None
    assert crawl.next_due_at > now, "members are asked who they are once every process knows the rules"

    beside = await meet(world.store, "m", "m.example", now)
    await world.store.write(
        lambda tx: consortia.put_membership(
            tx, group_id=group_id, instance_id=beside.id, state=MemberState.REMOVED, now=now
        )
    )
    assert await allowed(*hosts) == [True, False, True, False], "who was put out is out at once"
    group = await world.store.read(lambda tx: actors.by_id(tx, group_id))
    assert group is not None
    assert await world.store.write(lambda tx: trust.receive_added(tx, group, "new.example", now=now))
    assert await allowed("new.example") == [True]
    world.clock.advance(days=1)
    world.served[page] = 500
    await reader.read_due()
    assert await allowed("n.example:8443") == [True], "a list that cannot be read takes nothing away"
    await world.store.write(
        lambda tx: trust.set_trusted(tx, world.site, group_id=group_id, is_trusted=False, now=now)
    )
    assert await allowed(*hosts) == [False] * 4
    assert not await world.store.write(lambda tx: trust.receive_added(tx, group, "x.example", now=now))
