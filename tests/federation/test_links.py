"""Links between two servers: asked for and decided on by admins, and what goes over one and what does not."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from libline_fed.clock import FrozenClock
from libline_fed.domain.accounts import Role
from libline_fed.domain.actors import Actor
from libline_fed.domain.crawls import CrawlState
from libline_fed.domain.mails import Mail
from libline_fed.domain.peers import Policy
from libline_fed.domain.proposals import Proposal
from libline_fed.errors import Conflict, Forbidden, NotFound
from libline_fed.services import follows, links, mails, peers, proposals
from libline_fed.storage import accounts
from libline_fed.storage.store import Store
from tests.federation.test_network_audience import get, signed
from tests.support import databases, linking
from tests.support.linking import copies, link, read_lists, states
from tests.support.pair import DRAFT, Pair, Side, pair

FOR_NETWORK = replace(DRAFT, audience="network", title="For the network")


@pytest.fixture
def engine() -> str:
    """One database is enough, but for the tests that name both."""
    return "sqlite"


@pytest.fixture
async def both(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Pair]:
    async with pair(store, other_store, clock) as made:
        yield made


async def admin(side: Side, handle: str = "root") -> Actor:
    actor = await side.member(handle)
    account = await side.read(lambda tx: accounts.by_actor(tx, actor.id))
    assert account is not None
    await side.write(lambda tx: accounts.change(tx, account.id, role=Role.ADMIN))
    return actor


async def sent_mails(side: Side) -> list[Mail]:
    return await side.read(mails.list_mails)


async def set_status(side: Side, proposal: Proposal, status: str) -> None:
    now = side.clock.now()
    await side.write(
        lambda tx: proposals.set_status(
            tx, side.site, proposal_id=proposal.id, author_id=proposal.author_id, status=status, now=now
        )
    )


async def test_an_admin_asks_the_other_decides_and_the_open_offers_are_there(both: Pair) -> None:
    a, b = both
    chief = await admin(a)
    ana = await a.member("ana")
    public, network = await a.offer(ana), await a.offer(ana, FOR_NETWORK)
    inside = await a.offer(ana, replace(DRAFT, audience="instance"))
    closed = await a.offer(ana)
    await set_status(a, closed, "closed")

    await linking.ask(b, a, "We are <b>five</b> libraries.")
    await linking.ask(b, a, "We are <b>five</b> libraries.")  # pressed twice
    await both.settle()
    assert [letter.activity["type"] for letter in both.network.letters] == ["Follow"]
    assert await states(b, a) == ("pending", None)
    assert await states(a, b) == (None, "pending")
    shown = await linking.link_of(a, b)
    assert shown.note_text == "We are <b>five</b> libraries."
    assert await a.notices(chief) == [("link", b.site.uris.instance_actor)]
    [mail] = await sent_mails(a)
    assert "b.example asks to be linked with Library A" in mail.text_body
    assert f"{a.base_url}/admin/links" in mail.text_body
    assert await copies(b, public, network) == [None, None]

    await linking.approve(a, b)
    await linking.approve(a, b)
    await both.settle()
    assert await a.notices(chief) == []  # it was decided
    await read_lists(both, b)
    here = await copies(b, public, network, inside, closed)
    assert [copy.audience if copy else None for copy in here] == ["public", "network", None, None]
    crawl = await linking.crawl_of(b, a)
    assert crawl is not None
    assert (crawl.state, crawl.listed_count) == (CrawlState.DONE, 2)
    assert (crawl.total_count, crawl.kept_count) == (2, 2)
    shown = await linking.link_of(b, a)
    assert (shown.outgoing, shown.incoming) == ("accepted", None)
    assert (shown.proposals_count, shown.open_count) == (2, 2)


async def test_an_offer_is_announced_and_its_changes_and_its_end_reach_a_linked_server(both: Pair) -> None:
    a, b = both
    await link(both, b, a)
    ana = await a.member("ana")
    offer = await a.offer(ana)
    await both.settle()
    [copy] = await copies(b, offer)
    assert copy is not None
    announced = [letter.activity for letter in both.network.letters if letter.activity["type"] == "Announce"]
    assert [said["object"] for said in announced] == [offer.uri]
    now = a.clock.now()
    draft = replace(DRAFT, title="Another title")
    await a.write(
        lambda tx: proposals.edit(
            tx, a.site, proposal_id=offer.id, author_id=ana.id, draft=draft, now=now
        )
    )
    await both.settle()
    assert [copy.title if copy else None for copy in await copies(b, offer)] == ["Another title"]
    for status in ("paused", "open", "closed"):
        await set_status(a, offer, status)
        await both.settle()
        assert [copy.status if copy else None for copy in await copies(b, offer)] == [status]
    await a.write(lambda tx: proposals.delete(tx, a.site, proposal_id=offer.id, author_id=ana.id, now=now))
    await both.settle()
    assert await copies(b, offer) == [None]
    wrapped = [said["object"] for said in (letter.activity for letter in both.network.letters[-1:])]
    assert [(said["type"], "proof" in said) for said in wrapped] == [("Delete", True)]


async def test_what_is_paused_when_the_link_is_made_comes_when_it_opens_again(both: Pair) -> None:
    a, b = both
    ana = await a.member("ana")
    offer = await a.offer(ana)
    await set_status(a, offer, "paused")
    await link(both, b, a)
    assert await copies(b, offer) == [None]
    await set_status(a, offer, "open")
    await both.settle()
    assert [copy.status if copy else None for copy in await copies(b, offer)] == ["open"]


@pytest.mark.parametrize("engine", databases.ENGINES)
async def test_unlinking_takes_away_on_both_sides_what_the_link_brought_and_nothing_else(both: Pair) -> None:
    a, b = both
    ana, ben, eva = await a.member("ana"), await b.member("ben"), await a.member("eva")
    followed, public, network = await a.offer(ana), await a.offer(eva), await a.offer(ana, FOR_NETWORK)
    theirs = await b.offer(ben, FOR_NETWORK)
    await link(both, b, a)
    await linking.ask(a, b)  # follow back: said yes to at once, by the question that was asked before
    await both.settle()
    assert await states(a, b) == ("accepted", "accepted")
    await read_lists(both, a)
    known, now = await b.know(ana), b.clock.now()
    await b.write(lambda tx: follows.follow(tx, b.site, follower=ben, followed=known, now=now))
    await both.settle()
    assert None not in [*await copies(b, followed, public, network), *await copies(a, theirs)]

    await linking.unlink(b, a)
    assert [copy is not None for copy in await copies(b, followed, public, network)] == [True, False, False]
    await both.settle()
    assert await copies(a, theirs) == [None]
    assert (await states(a, b), await states(b, a)) == (("rejected", None), (None, None))
    assert await linking.crawl_of(b, a) is None
    assert await linking.crawl_of(a, b) is None
    later = await a.offer(eva)
    await both.settle()
    assert await copies(b, later) == [None]

    await link(both, b, a)  # once more
    assert None not in await copies(b, followed, public, network, later)


async def test_older_proposals_for_the_network_go_both_ways_and_public_ones_only_where_asked_for(
    both: Pair,
) -> None:
    a, b = both
    ben = await b.member("ben")
    public, network = await b.offer(ben), await b.offer(ben, FOR_NETWORK)
    await link(both, b, a)  # a has not asked for anything
    await a.keep_house()
    await read_lists(both, a)
    assert [copy is not None for copy in await copies(a, public, network)] == [False, True]
    await linking.unlink(a, b)
    assert await copies(a, network) == [None]
    assert await linking.crawl_of(a, b) is None
    await both.settle()
    await link(both, b, a)
    await a.keep_house()
    await read_lists(both, a)
    await linking.unlink(b, a)  # now the other side ends it
    await both.settle()
    assert await copies(a, network) == [None]
    assert await linking.crawl_of(a, b) is None


async def test_questions_that_cross_link_both_ways(both: Pair) -> None:
    a, b = both
    both.hold(a)
    both.hold(b)
    await linking.ask(a, b)
    await linking.ask(b, a)
    await both.settle()
    both.release(a)
    both.release(b)
    await both.settle()
    assert await states(a, b) == ("accepted", "accepted")
    assert await states(b, a) == ("accepted", "accepted")


async def test_a_question_is_taken_back_or_answered_with_no(both: Pair) -> None:
    a, b = both
    chief = await admin(b)
    await linking.ask(b, a)
    await both.settle()
    await linking.unlink(b, a)
    await both.settle()
    assert (await states(a, b), await states(b, a)) == ((None, None), (None, None))
    peer = await linking.peer_of(a, b)
    now = a.clock.now()
    with pytest.raises(NotFound):
        await a.write(lambda tx: links.approve(tx, a.site, peer_id=peer.id, now=now))
    await linking.ask(b, a)
    await both.settle()
    await a.write(lambda tx: links.reject(tx, a.site, peer_id=peer.id, now=now))
    await both.settle()
    assert (await states(a, b), await states(b, a)) == ((None, None), ("rejected", None))
    assert await b.notices(chief) == [("link", a.site.uris.instance_actor)]
    await linking.ask(b, a)  # a new question
    await both.settle()
    assert await states(a, b) == (None, "pending")


async def test_nobody_but_a_server_can_ask_for_a_link(both: Pair) -> None:
    """A person, and somebody who merely says to be an Application, get an answer at once."""
    a, b = both
    ben = await b.member("ben")
    liar = await b.member("liar", type="Application")
    instance, now = await b.know(await linking.instance_of(a)), b.clock.now()
    for follower in (ben, liar):
        await b.write(
            lambda tx, f=follower: follows.follow(  # type: ignore[misc]
                tx, b.site, follower=f, followed=instance, now=now
            )
        )
        await both.settle()
        assert both.network.letters[-1].activity["type"] == "Reject"
        assert "follow its members" in both.network.letters[-1].activity["content"]
        state = await b.read(lambda tx, f=follower: follows.state(tx, f.id, instance.id))  # type: ignore[misc]
        assert state == "rejected"
    assert await a.read(lambda tx: links.list_links(tx, a.site)) == []


async def test_blocked_servers_are_not_asked_and_a_block_ends_the_link(both: Pair) -> None:
    a, b = both
    ana = await a.member("ana")
    offer = await a.offer(ana)
    await link(both, b, a)
    now = b.clock.now()
    await b.write(lambda tx: peers.set_policy(tx, "a.example", Policy.BLOCKED, "", now=now))
    await b.keep_house()
    assert await copies(b, offer) == [None]
    assert await linking.crawl_of(b, a) is None
    peer = await linking.peer_of(b, a)
    with pytest.raises(Forbidden):
        await b.write(lambda tx: links.ask(tx, b.site, peer=peer, now=now))
    mine = await linking.instance_of(b)
    with pytest.raises(Conflict):
        await b.write(lambda tx: links.ask(tx, b.site, peer=mine, now=now))


async def test_only_linked_servers_see_more_in_the_list_and_others_cannot_tell(both: Pair) -> None:
    a, b = both
    ana, ben = await a.member("ana"), await b.member("ben")
    public = await a.offer(ana)
    network = await a.offer(ana, FOR_NETWORK)
    theirs = await linking.instance_of(b)
    addresses = [f"{a.base_url}/actor/proposals{query}" for query in ("", "?page=1", "?documents=1")]

    async def answers(by: Actor | None) -> list[httpx.Response]:
        found = []
        for url in addresses:
            headers = await signed(b, by, url) if by is not None else {}
            found.append(await get(a, url, headers))
        return found

    before = await answers(None)
    assert [answer.status_code for answer in before] == [200, 200, 200]
    assert (before[0].json()["totalItems"], before[1].json()["orderedItems"]) == (1, [public.uri])
    for answer, known in zip(await answers(theirs), before, strict=True):  # known, but not linked
        assert (answer.content, answer.headers) == (known.content, known.headers)
    await link(both, b, a)
    for by in (theirs, ben):
        head, ids, whole = (answer.json() for answer in await answers(by))
        assert (head["totalItems"], head["documents"]) == (2, addresses[2])
        assert ids["orderedItems"] == [network.uri, public.uri]
        assert [item["id"] for item in whole["orderedItems"]] == [network.uri, public.uri]
        assert [author["id"] for author in whole["authors"]] == [ana.uri]
    for answer, known in zip(await answers(None), before, strict=True):
        assert (answer.content, answer.headers) == (known.content, known.headers)
    await linking.unlink(a, b)
    for answer, known in zip(await answers(theirs), before, strict=True):
        assert (answer.content, answer.headers) == (known.content, known.headers)
