"""Proposals for the network: they go to linked servers and nowhere else, and only those may fetch them."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import delete

from libline_fed.activitypub.values import PUBLIC
from libline_fed.clock import FrozenClock
from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Proposal
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.federation.signatures import sign
from libline_fed.ids import new_id
from libline_fed.services import follows, proposals
from libline_fed.storage import actors
from libline_fed.storage import proposals as rows
from libline_fed.storage.store import Store
from libline_fed.storage.tables import follows as follow_rows
from tests.support.listed import listed_titles
from tests.support.pair import DRAFT, Pair, Side, pair

FOR_NETWORK = replace(DRAFT, audience="network")
INSIDE = replace(DRAFT, audience="instance")


@pytest.fixture
async def both(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Pair]:
    async with pair(store, other_store, clock) as made:
        yield made


async def instance_of(side: Side) -> Actor:
    """Return the actor of a server."""
    found = await side.read(lambda tx: actors.by_uri(tx, side.site.uris.instance_actor))
    assert found is not None
    return found


async def follow(side: Side, follower: Actor, followed: Actor) -> None:
    known = await side.know(followed)
    now = side.clock.now()
    await side.write(
        lambda tx: follows.follow(tx, side.site, follower=follower, followed=known, now=now)
    )


async def link(both: Pair, follower: Side, followed: Side) -> None:
    """Let the actor of one server follow that of another, which says yes."""
    asking, asked = await instance_of(follower), await instance_of(followed)
    await follow(follower, asking, asked)
    await both.settle()
    known = await followed.know(asking)
    now = followed.clock.now()
    await followed.write(
        lambda tx: follows.accept_follower(tx, followed.site, owner=asked, follower_id=known.id, now=now)
    )
    await both.settle()


async def copy_of(side: Side, proposal: Proposal) -> Proposal | None:
    return (await side.read(lambda tx: rows.by_uris(tx, [proposal.uri]))).get(proposal.uri)


async def change(side: Side, proposal: Proposal, **values: object) -> Proposal:
    draft = replace(FOR_NETWORK, **values)  # type: ignore[arg-type]
    now = side.clock.now()
    return await side.write(
        lambda tx: proposals.edit(
            tx, side.site, proposal_id=proposal.id, author_id=proposal.author_id, draft=draft, now=now
        )
    )


async def get(side: Side, url: str, headers: dict[str, str]) -> httpx.Response:
    assert side.app is not None
    async with httpx.AsyncClient(transport=httpx.ASGITransport(side.app)) as client:
        return await client.get(url, headers={"Accept": "application/activity+json"} | headers)


async def signed(side: Side, actor: Actor, url: str) -> dict[str, str]:
    return sign(
        "GET",
        url,
        key_id=side.site.uris.main_key(actor.uri),
        private_key=await side.instance.keyring.signing_key(actor.id),
        now=side.clock.now(),
    )


@pytest.mark.parametrize("is_ours", [True, False], ids=["we follow them", "they follow us"])
async def test_a_linked_server_gets_it_for_its_members(both: Pair, is_ours: bool) -> None:
    a, b = both
    await link(both, *((a, b) if is_ours else (b, a)))
    ana = await a.member("ana")
    offer = await a.offer(ana, FOR_NETWORK)
    await both.settle()
    copy = await copy_of(b, offer)
    assert copy is not None
    assert (copy.audience, copy.title) == ("network", DRAFT.title)
    for is_member, count in ((True, 1), (False, 0)):
        assert len(await listed_titles(b.store, b.clock.now(), is_member=is_member)) == count
    with pytest.raises(NotFound):
        await b.read(lambda tx: proposals.get(tx, copy.id, viewer=None))


async def test_it_goes_to_nobodys_followers_and_is_public_nowhere(both: Pair) -> None:
    a, b = both
    await link(both, b, a)
    ana, ben = await a.member("ana"), await b.member("ben")
    await follow(b, ben, ana)
    await both.settle()
    offer = await a.offer(ana, FOR_NETWORK)
    await both.settle()
    instance_uri = b.site.uris.instance_actor
    [letter] = [letter for letter in both.network.letters if letter.activity["type"] == "Create"]
    assert letter.url == f"{instance_uri}/inbox"
    for said in (letter.activity, letter.activity["object"]):
        assert (said["to"], said["cc"]) == ([instance_uri], [])
        assert "proof" not in said
        assert PUBLIC not in str(said)
    assert (await copy_of(b, offer)) is not None
    for path in ("outbox?page=1", "featured", "proposals?page=1"):
        for owner in (ana.uri, a.site.uris.instance_actor):
            if owner == ana.uri or path != "featured":
                assert offer.uri not in (await get(a, f"{owner}/{path}", {})).text


async def test_a_server_that_only_has_a_follower_gets_nothing(both: Pair) -> None:
    a, b = both
    ana, ben = await a.member("ana"), await b.member("ben")
    await follow(b, ben, ana)
    await both.settle()
    offer = await a.offer(ana, FOR_NETWORK)
    await both.settle()
    assert await copy_of(b, offer) is None
    assert "Create" not in [letter.activity["type"] for letter in both.network.letters]


async def test_what_a_stranger_sends_to_the_server_is_not_listed(both: Pair) -> None:
    """b believes to be linked with a, but a is not with b: it has been asked and has not answered."""
    a, b = both
    await link(both, a, b)
    ben = await b.member("ben")
    offer = await b.offer(ben, FOR_NETWORK)
    await a.write(lambda tx: tx.execute(delete(follow_rows)))
    await both.settle()
    assert await copy_of(a, offer) is None
    assert [row.state for row in await a.received() if row.type == "Create"] == ["ignored"]


async def test_changes_and_the_end_reach_those_who_have_it(both: Pair) -> None:
    a, b = both
    await link(both, b, a)
    ana = await a.member("ana")
    offer = await a.offer(ana, FOR_NETWORK)
    await both.settle()
    await change(a, offer, title="Another title")
    now = a.clock.now()
    await a.write(
        lambda tx: proposals.set_places(tx, a.site, offer.id, free_count=0, waiting_count=2, now=now)
    )
    await both.settle()
    copy = await copy_of(b, offer)
    assert copy is not None
    assert (copy.title, copy.status, copy.places_free_count, copy.waiting_count) == (
        "Another title",
        "full",
        0,
        2,
    )
    await a.write(
        lambda tx: proposals.delete(tx, a.site, proposal_id=offer.id, author_id=ana.id, now=now)
    )
    await both.settle()
    assert await copy_of(b, offer) is None


async def test_more_people_may_read_it_later_but_never_fewer(both: Pair) -> None:
    a, b = both
    await link(both, b, a)
    ana = await a.member("ana")
    offer = await a.offer(ana, INSIDE)
    await both.settle()
    assert await copy_of(b, offer) is None
    for audience in ("network", "public"):
        await change(a, offer, audience=audience)
        await both.settle()
        copy = await copy_of(b, offer)
        assert copy is not None
        assert copy.audience == audience
    pinned = (await get(a, f"{ana.uri}/featured", {})).json()
    assert pinned["orderedItems"] == [offer.uri]
    for audience in ("network", "instance"):
        with pytest.raises(InvalidInput) as refused:
            await change(a, offer, audience=audience)
        assert set(refused.value.fields) == {"audience"}


async def test_only_linked_servers_may_fetch_it_and_others_see_what_a_random_id_gives(both: Pair) -> None:
    a, b = both
    ana, ben = await a.member("ana"), await b.member("ben")
    offer = await a.offer(ana, FOR_NETWORK)
    random = await get(a, a.site.uris.proposal(new_id(a.clock.now())), {})
    instance = await instance_of(b)
    before = await get(a, offer.uri, await signed(b, instance, offer.uri))
    await link(both, b, a)
    by_instance = await signed(b, instance, offer.uri)
    broken = by_instance | {"Signature": by_instance["Signature"][:-8] + 'AAAAAAA"'}
    by_ana = await signed(a, ana, offer.uri)
    answers = [before, *[await get(a, offer.uri, headers) for headers in ({}, broken, by_ana)]]
    for answer in answers:
        assert (answer.status_code, answer.content, answer.headers) == (404, random.content, random.headers)
    for actor in (instance, ben):
        answer = await get(a, offer.uri, await signed(b, actor, offer.uri))
        assert (answer.status_code, answer.json()["title"]) == (200, DRAFT.title)
        assert answer.headers["cache-control"] == "no-store"
    assert (await get(a, offer.uri, {})).content == random.content  # nothing was kept in memory


async def test_signed_or_not_what_is_public_or_gone_is_answered_as_ever(both: Pair) -> None:
    a, b = both
    await link(both, b, a)
    ana = await a.member("ana")
    public, inside = await a.offer(ana), await a.offer(ana, INSIDE)
    instance = await instance_of(b)
    for offer, status in ((public, 200), (inside, 404)):
        for headers in ({}, await signed(b, instance, offer.uri)):
            assert (await get(a, offer.uri, headers)).status_code == status
    now = a.clock.now()
    await a.write(lambda tx: proposals.delete(tx, a.site, proposal_id=public.id, author_id=ana.id, now=now))
    for headers in ({}, await signed(b, instance, public.uri)):
        assert (await get(a, public.uri, headers)).status_code == 410


async def test_a_member_of_a_linked_server_finds_it_by_its_address(both: Pair) -> None:
    a, b = both
    await link(both, b, a)
    ana = await a.member("ana")
    both.drop(a)
    offer = await a.offer(ana, FOR_NETWORK)
    await both.settle()
    assert await copy_of(b, offer) is None
    found = await b.resolver.find_object(offer.uri)
    assert isinstance(found, Proposal)
    assert found.audience == "network"
