"""Reading the list of a linked server: what hostile lists cannot do, and how it goes on after trouble."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from libline_fed.clock import FrozenClock
from libline_fed.domain import crawls as rules
from libline_fed.domain.crawls import Crawl, CrawlState
from libline_fed.domain.proposals import Proposal
from libline_fed.federation import network_lists
from libline_fed.services import proposals
from libline_fed.storage import actors, tombstones
from libline_fed.storage import crawls as crawl_rows
from libline_fed.storage import proposals as rows
from libline_fed.storage.store import Store, Tx
from libline_fed.storage.tables import proposals as proposal_rows
from tests.support import databases, linking
from tests.support.linking import copies, link, read_lists
from tests.support.lists import HOST, LIST, ListServer
from tests.support.pair import DRAFT, Pair, Side, pair


@pytest.fixture
def engine() -> str:
    """One database is enough, but for the tests that name both."""
    return "sqlite"


@pytest.fixture
async def both(store: Store, other_store: Store, clock: FrozenClock) -> AsyncIterator[Pair]:
    async with pair(store, other_store, clock) as made:
        yield made


async def listed(side: Side) -> list[str]:
    """Return the titles of what other servers offer here."""

    async def unit(tx: Tx) -> list[str]:
        query = select(proposal_rows.c.title).where(proposal_rows.c.is_local.is_(False))
        return sorted(await tx.scalars(query))

    return await side.read(unit)


async def crawl_of_c(side: Side) -> Crawl:
    actor = await side.read(lambda tx: actors.by_uri(tx, f"https://{HOST}/actor"))
    assert actor is not None
    crawl = await side.read(lambda tx: crawl_rows.get(tx, actor.id))
    assert crawl is not None
    return crawl


async def test_a_hostile_list_of_whole_proposals_adds_nothing_false(both: Pair) -> None:
    a, b = both
    server = ListServer(both)
    ana, ben, eva = await a.member("ana"), await b.member("ben"), await b.member("eva")
    ours = await a.offer(ana)
    await server.be_linked(a, b)
    authors = await server.introduce(b, ben, eva)
    true = await server.make(b, ben, replace(DRAFT, title="True"))

    async def like(title: str, **changed: Any) -> dict[str, Any]:
        return {**await server.make(b, ben, replace(DRAFT, title=title)), **changed}

    foreign = "https://d.example/proposals/019a0f6e-7c1e-7d3a-9a53-0c2f4b7f1a10"
    buried = await like("Deleted by its author")
    now = a.clock.now()
    await a.write(
        lambda tx: tombstones.add(
            tx, buried["id"], former_type="Note", owner_uri=buried["attributedTo"], now=now
        )
    )
    intent = await like("With the intent of another one")
    intent["publishes"]["id"] = f"{true['id']}#primary"
    hidden = await like("For somebody else", to=[f"https://{HOST}/actors/x"], cc=[])
    forged = [
        await like("On another host", id=foreign),
        await like("By somebody on another host", attributedTo="https://d.example/actors/x"),
        await like("By a member here", attributedTo=ana.uri),
        await like("In the place of ours", id=ours.uri),
        await like("In the place of an actor", id=authors[0]["id"]),
        await like("By an unknown author", attributedTo=f"https://{HOST}/actors/nobody"),
        await like("Without an id", id=None),
        intent,
        hidden,
        buried,
        "not a document",
        {"type": "Note", "id": f"https://{HOST}/plain", "attributedTo": authors[0]["id"], "content": "x"},
        {"type": "Person"},
        [[["deep"]]],
        foreign,
        ours.uri,
    ]
    liars = [
        {**authors[1], "id": "https://d.example/actors/x"},
        {**authors[1], "id": ana.uri, "name": "Not Ana"},
        {**authors[1], "inbox": "https://d.example/inbox", "name": "Eva"},
    ]
    server.list([*forged, true], authors=[*authors, *liars], total_count=10**18)
    server.answers["/actor/proposals"]["documents"] = f"{LIST}?page=1"
    await read_lists(both, a)
    assert await listed(a) == ["True"]
    mine = await a.read(lambda tx: rows.by_id(tx, ours.id))
    assert mine is not None
    assert mine.title == DRAFT.title
    known = await a.read(lambda tx: actors.by_uri(tx, ana.uri))
    assert known is not None
    assert known.name != "Not Ana"
    assert "d.example" not in both.network.servers  # nobody would have answered, and nobody was asked
    crawl = await crawl_of_c(a)
    assert (crawl.state, crawl.failures_count) == (CrawlState.DONE, 0)
    assert crawl.total_count == crawl_rows.MAX_TOTAL_COUNT

    # The same proposal with another author later, and an older one: it stays as it is.
    stolen = {**true, "attributedTo": authors[1]["id"], "title": "Stolen", "revision": 99}
    older = {**true, "title": "Older", "revision": 0}
    server.list([stolen], [older], authors=authors)
    both.clock.advance(days=8)
    await read_lists(both, a)
    assert await listed(a) == ["True"]


async def test_ids_of_other_hosts_are_not_even_asked_for(both: Pair) -> None:
    a, b = both
    server = ListServer(both)
    ben = await b.member("ben")
    theirs = await b.offer(ben)
    await server.be_linked(a, b)
    await server.introduce(b, ben)
    true = await server.make(b, ben, replace(DRAFT, title="True"))
    path = true["id"].removeprefix(f"https://{HOST}")
    server.answers[path] = true
    server.answers["/twice"] = true  # another address of the same
    server.answers["/upload"] = httpx.Response(200, json=true)  # not of the type of an actor's words
    server.list([theirs.uri, true["id"], f"https://{HOST}/twice", f"https://{HOST}/upload"])
    await read_lists(both, a)
    assert await listed(a) == ["True"]
    assert await copies(a, theirs) == [None]
    assert server.asked[:2] == ["/actor/proposals", "/actor/proposals?page=1"]


@pytest.mark.parametrize("trick", ["itself", "circle", "elsewhere", "endless", "empty", "another type"])
async def test_no_list_leads_in_circles_or_on_for_ever(
    both: Pair, trick: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = both
    server = ListServer(both)
    await server.be_linked(a, b)
    monkeypatch.setattr(rules, "READING_PAGES", 45)

    def page(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page"])
        document = {
            "id": f"{LIST}?page={number}",
            "type": "OrderedCollectionPage",
            "orderedItems": [] if trick == "empty" else [f"https://d.example/{number}"],
            "next": f"{LIST}?page={number + 1}",
        }
        if trick == "itself":
            document["next"] = document["id"]
        elif trick == "circle" and number == 3:
            document["next"] = f"{LIST}?page=1"
        elif trick == "elsewhere":
            document["next"] = "https://d.example/actor/proposals?page=2"
        elif trick == "another type":
            document["type"] = "Note"
        return httpx.Response(200, json=document, headers={"content-type": "application/activity+json"})

    for number in range(1, 100):
        server.answers[f"/actor/proposals?page={number}"] = page
    server.answers["/actor/proposals"] = {
        "id": LIST,
        "type": "OrderedCollection",
        "first": f"{LIST}?page=1",
    }
    await read_lists(both, a)
    counts = {"itself": 1, "circle": 4, "elsewhere": 1, "endless": 45, "empty": 1, "another type": 1}
    pages = [path for path in server.asked if "page=" in path]
    assert len(pages) == counts[trick]
    crawl = await crawl_of_c(a)
    assert crawl.state == (CrawlState.FAILED if trick == "another type" else CrawlState.DONE)
    assert await listed(a) == []


async def test_a_server_that_asks_to_wait_is_left_alone_and_reading_goes_on_there(both: Pair) -> None:
    a, b = both
    server = ListServer(both)
    await server.be_linked(a, b)
    ben = await b.member("ben")
    authors = await server.introduce(b, ben)
    made = [await server.make(b, ben, replace(DRAFT, title=f"Number {number}")) for number in range(3)]
    server.list(*[[one] for one in made], authors=authors)
    good = server.answers["/actor/proposals?page=2"]
    server.answers["/actor/proposals?page=2"] = httpx.Response(429, headers={"retry-after": "1234"})
    await read_lists(both, a, turns_count=1)
    crawl = await crawl_of_c(a)
    assert (crawl.state, crawl.failures_count) == (CrawlState.FAILED, 1)
    assert crawl.next_due_at == both.clock.now() + timedelta(seconds=1234)
    assert await listed(a) == ["Number 0"]
    both.clock.advance(seconds=1234)
    server.answers["/actor/proposals?page=2"] = 503
    await read_lists(both, a, turns_count=1)
    assert (await crawl_of_c(a)).next_due_at == both.clock.now() + timedelta(seconds=300)
    server.asked.clear()
    server.answers["/actor/proposals?page=2"] = good
    both.clock.advance(seconds=300)
    await read_lists(both, a)
    assert await listed(a) == ["Number 0", "Number 1", "Number 2"]
    assert server.asked == ["/actor/proposals?page=2", "/actor/proposals?page=3"]
    crawl = await crawl_of_c(a)
    assert (crawl.state, crawl.failures_count, crawl.last_error) == (CrawlState.DONE, 0, None)


async def test_a_place_in_the_list_that_is_gone_is_looked_for_from_the_start(both: Pair) -> None:
    a, b = both
    server = ListServer(both)
    await server.be_linked(a, b)
    ben = await b.member("ben")
    authors = await server.introduce(b, ben)
    made = [await server.make(b, ben, replace(DRAFT, title=f"Number {number}")) for number in range(2)]
    server.list([made[0]], [made[1]], authors=authors)
    server.answers["/actor/proposals?page=2"] = 404
    await read_lists(both, a, turns_count=1)
    server.list([made[0], made[1]], authors=authors)
    both.clock.advance(seconds=60)
    await read_lists(both, a)
    assert await listed(a) == ["Number 0", "Number 1"]


@pytest.mark.parametrize("engine", databases.ENGINES)
async def test_what_is_not_listed_any_more_is_asked_for_every_week(both: Pair) -> None:
    """Everything that a sent since was lost; only the list can tell."""
    a, b = both
    ana, eva = await a.member("ana"), await a.member("eva")
    titles = ("Stays", "Is closed", "Is deleted", "Its author is suspended")
    made = [
        await a.offer(eva if "author" in title else ana, replace(DRAFT, title=title)) for title in titles
    ]
    await link(both, b, a)
    assert None not in await copies(b, *made)
    both.drop(a, 1_000)
    now = a.clock.now()

    async def unit(tx: Tx) -> None:
        await proposals.set_status(
            tx, a.site, proposal_id=made[1].id, author_id=ana.id, status="closed", now=now
        )
        await proposals.delete(tx, a.site, proposal_id=made[2].id, author_id=ana.id, now=now)
        await actors.change(tx, eva.id, now, suspended_at=now)

    await a.write(unit)
    new = await a.offer(ana, replace(DRAFT, title="Is new", audience="network"))
    await both.settle()
    assert [copy.status if copy else None for copy in await copies(b, *made)] == ["open"] * 4
    both.clock.advance(days=7)
    await read_lists(both, b)
    assert [copy.status if copy else None for copy in await copies(b, *made, new)] == [
        "open",
        "closed",
        None,
        None,
        "open",
    ]
    crawl = await linking.crawl_of(b, a)
    assert crawl is not None
    assert (crawl.state, crawl.is_check) == (CrawlState.DONE, True)

    requests: list[str] = []
    serve = both.network.servers["a.example"]

    async def watched(request: httpx.Request) -> httpx.Response:
        requests.append(request.url.raw_path.decode())
        return await serve(request)

    both.network.servers["a.example"] = watched
    both.clock.advance(days=7)
    await read_lists(both, b)  # nothing has changed since: the first page says so, and no other is read
    assert requests == ["/actor/proposals", "/actor/proposals?documents=1"]


async def test_both_servers_die_while_a_list_is_read_and_nothing_is_missing(
    both: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = both
    monkeypatch.setattr(rules, "TURN_PAGES", 1)
    monkeypatch.setattr(network_lists, "PAGE_ITEMS", 2)
    ana = await a.member("ana")
    made: list[Proposal] = [
        await a.offer(ana, replace(DRAFT, audience="network" if number % 2 else "public"))
        for number in range(7)
    ]
    await link(both, b, a, is_read=False)
    await read_lists(both, b, turns_count=1)
    assert len([copy for copy in await copies(b, *made) if copy]) == 2
    await both.crash(a)
    both.clock.advance(seconds=2)
    await read_lists(both, b, turns_count=1)
    crawl = await linking.crawl_of(b, a)
    assert crawl is not None
    assert (crawl.state, crawl.pages_count) == (CrawlState.FAILED, 1)
    await both.crash(b)
    await both.restart(a)
    await both.restart(b)
    made.append(await a.offer(ana))  # comes by itself: the place in the list is kept
    both.clock.advance(seconds=60)
    await read_lists(both, b)
    await both.settle()
    assert None not in await copies(b, *made)
    crawl = await linking.crawl_of(b, a)
    assert crawl is not None
    assert (crawl.state, crawl.listed_count) == (CrawlState.DONE, 7)
