"""The index of offers and the rows, on both databases: never another list than reading all would give."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from libline_fed.bench import offers
from libline_fed.domain.actors import Actor
from libline_fed.domain.match_ranking import iso_week, rank
from libline_fed.domain.offer_search import Placed
from libline_fed.domain.proposals import Proposal, Purpose
from libline_fed.domain.search_words import asked_words
from libline_fed.domain.searches import Search, Sort
from libline_fed.domain.viewers import Viewer
from libline_fed.services import directory as services_directory
from libline_fed.services import match_wishes, matching
from libline_fed.services.offer_index import OfferIndex
from libline_fed.services.site import Site
from libline_fed.storage import actors, directory, offer_index, peers, proposals, search_words, tables
from libline_fed.storage import matching as rows
from libline_fed.storage.directory_tables import directory_changes
from libline_fed.storage.store import Store, Tx
from tests.services.conftest import Add
from tests.services.test_matching import put, uris
from tests.support.neighbours import meet

HOSTS = ("a.example", "b.example", "c.example")
GROUP = "https://b.example/groups/north"
SEARCHES = (
    Search(),
    Search(areas=("A0601", "A0301")),
    Search(languages=("en",), modes=("M1",)),
    Search(formats=("F1", "F2"), has_places=True),
    Search(goals=("G01", "G02", "G03")),
    Search(stages=("S3", "S4", "S5")),
    Search(types=("T01", "T02", "T03")),
    Search(places=("ES", "KE")),
    Search(hosts=("a.example", "lib.example")),
    Search(via=GROUP),
    Search(overlap_hours=2),
    Search(text="maps"),
)


class World:
    """People here and elsewhere, what they offer, and random changes of it."""

    def __init__(self, store: Store, now: datetime, rng: random.Random) -> None:
        self.store, self.now, self.rng = store, now, rng
        self.authors: list[Actor] = []
        self.offers: list[Proposal] = []

    async def add(self) -> None:
        author = self.rng.choice(self.authors)
        self.now += timedelta(seconds=1)
        values = self.values() | {"is_local": author.is_local}
        offer = await put(self.store, author, self.now, **values)
        self.offers.append(offer)
        if self.rng.random() < 0.4:
            await self.bring(offer)

    def values(self) -> dict[str, Any]:
        """Return what a proposal says; its words, too."""
        rng = self.rng
        drawn = offers.listing(rng, 1, hosts_count=1, is_local=False).offering
        levels = {tag: level for tag, level in drawn.languages.items() if level is not None}
        details = {
            "levels": {area: level for area, level in drawn.areas.items() if level is not None},
            "goals": sorted(drawn.goals),
            "formats": sorted(drawn.formats),
            "frequency": drawn.frequency,
            "language_levels": levels,
        } | ({"stage": drawn.stage, "types_own": sorted(drawn.types)} if rng.random() < 0.5 else {})
        return {
            "title": rng.choice(("Old maps", "Grants", "Reading aloud")),
            "areas": rng.choice((list(drawn.areas), ["A0601"], ["A0301", "A0602"])),
            "languages": list(drawn.languages),
            "modes": sorted(drawn.modes),
            "places_free_count": rng.choice((0, 1, 2, 4)),
            "waiting_count": rng.choice((0, 0, 1, 3)),
            "status": rng.choice(("open", "open", "open", "full", "paused", "closed")),
            "audience": rng.choice(("public", "public", "network", "instance")),
            "open_until_on": rng.choice(
                (None, None, (self.now - timedelta(days=1)).date(), self.now.date())
            ),
            "details": {name: value for name, value in details.items() if value},
        }

    def profile(self) -> dict[str, Any]:
        rng = self.rng
        return {
            "stage": rng.choice(("S2", "S4", "")),
            "types_own": rng.sample(offers.TYPES[:5], 2),
            "styles": rng.sample(offers.STYLES, 3),
            "facts_shown": rng.choice(("members", "public")),
            "place_shown": rng.choice(("nobody", "members", "public")),
            "country": rng.choice(("ES", "KE", "FR")),
            "institution": rng.choice(("One house", "Another")),
            "accepts_own_institution": rng.random() < 0.5,
        }

    async def bring(self, offer: Proposal) -> None:
        await self.store.write(
            lambda tx: tx.execute(
                tx.insert(tables.proposal_sources)
                .values(proposal_id=offer.id, source="announce", actor_uri=GROUP, seen_at=self.now)
                .on_conflict_do_nothing()
            )
        )

    async def change(self) -> None:
        """Do one thing of many that can move an offer in a list."""
        offer, author = self.rng.choice(self.offers), self.rng.choice(self.authors)
        step = self.rng.choice(
            ("add", "edit", "edit", "remove", "bring", "drop", "profile", "hours", "gone", "back", "peer")
        )
        if step == "add":
            await self.add()
        elif step == "edit":
            values = self.values()
            await self.store.write(lambda tx: proposals.change(tx, offer.id, self.now, **values))
        elif step == "remove" and len(self.offers) > 30:
            self.offers.remove(offer)
            await self.store.write(lambda tx: proposals.remove(tx, offer.id))
        elif step == "bring":
            await self.bring(offer)
        elif step == "drop":
            sources = tables.proposal_sources
            await self.store.write(
                lambda tx: tx.execute(delete(sources).where(sources.c.proposal_id == offer.id))
            )
        elif step == "hours" and author.is_local:
            await self.store.write(lambda tx: set_hours(tx, author, self.rng))
        elif step == "peer":
            host, policy = self.rng.choice(HOSTS), self.rng.choice(("default", "silenced", "blocked"))
            await self.store.write(lambda tx: peers.set_policy(tx, host, policy, "", self.now))
        elif step in {"profile", "gone", "back"}:
            values = {
                "profile": {"details": self.profile()},
                "gone": {"suspended_at": self.now},
                "back": {"suspended_at": None},
            }[step]
            await self.store.write(lambda tx: actors.change(tx, author.id, self.now, **values))


async def set_hours(tx: Tx, author: Actor, rng: random.Random) -> None:
    zone, ranges = offers.weekly_hours(rng)
    hours = [list(piece) for piece in ranges]
    account = update(tables.accounts).where(tables.accounts.c.actor_id == author.id)
    await tx.execute(account.values(zone=zone, weekly_hours=hours))


@pytest.fixture
async def world(store: Store, add: Add, now: datetime) -> World:
    """A few people here and on three other servers, with many offers."""
    made = World(store, now, random.Random(11))
    for handle in ("ben", "chi", "dora"):
        made.authors.append((await add(handle)).actor)
    for host in HOSTS:
        made.authors += [await meet(store, handle, host, now) for handle in ("eli", "fay")]
    for author in made.authors:
        profile = made.profile()
        await store.write(lambda tx, author=author, profile=profile: actors.change(
            tx, author.id, now, details=profile
        ))
        if author.is_local:
            await store.write(lambda tx, author=author: set_hours(tx, author, made.rng))
    for _ in range(70):
        await made.add()
    return made


@pytest.fixture
async def second(database_url: str) -> AsyncIterator[Store]:
    """The same database as another process has it."""
    opened = await Store(database_url).open()
    yield opened
    await opened.close()


async def expected(tx: Tx, search: Search, viewer: Viewer, now: datetime) -> list[Placed]:
    """Read every row, and rank: what somebody must see."""
    assert viewer.person is not None
    found, count = await directory.page(
        tx, replace(search, sort=Sort.NEWEST), viewer, today=now.date(), limit=10_000, offset=0
    )
    assert len(found) == count
    ids = {proposal.id for proposal, _ in found}
    source = (await rows.open_ones_of(tx, viewer.person.id, Purpose.REQUEST, now.date()))[0]
    wish = await match_wishes.wish_of(tx, source, viewer.person, now.date())
    listed = await rows.open_offers(tx, viewer, now.date(), ids=ids)
    ranking = rank(wish.seeker, [wish.offering(offer) for offer in listed], week=iso_week(now))
    id_of = {offer.uri: offer.id for offer in listed}
    ready = [Placed(id_of[one.offering.uri], one.is_wildcard) for one in ranking.ready]
    return [*ready, *(Placed(id_of[one.offering.uri], is_busy=True) for one in ranking.busy)]


async def check(store: Store, site: Site, search: Search, viewer: Viewer, now: datetime) -> None:
    """Compare all pages of the index with the rows, and the first one of the directory."""
    assert viewer.person is not None
    person = viewer.person

    async def unit(tx: Tx) -> tuple[list[Placed], list[Placed]]:
        source = (await rows.open_ones_of(tx, person.id, Purpose.REQUEST, now.date()))[0]
        wish = await match_wishes.wish_of(tx, source, person, now.date())
        asked = asked_words(search.text)
        numbers = await search_words.matching(tx, asked) if asked else None
        await site.offers.refresh(tx)
        question = await wish.question(tx, now=now, search=search, numbers=numbers)
        places = site.offers.ranked(question, limit=1_000)
        assert places.ready_count + places.busy_count == len(places.items)
        return list(places.items), await expected(tx, search, viewer, now)

    listed, wanted = await store.read(unit)
    assert listed == wanted
    page = await store.read(lambda tx: services_directory.page(tx, site, search, viewer, now=now))
    assert [item.proposal.id for item in page.items] == [place.proposal_id for place in wanted[:10]]
    assert page.total_count == len(wanted)


async def test_two_processes_list_what_the_rows_say_through_any_changes(
    store: Store, second: Store, site: Site, world: World, add: Add, now: datetime
) -> None:
    ana = (await add("ana")).actor
    await store.write(lambda tx: set_hours(tx, ana, world.rng))
    guest = await meet(store, "gus", "a.example", now)
    wish = {"areas": ["A0601", "A0301"], "languages": ["en", "fr"], "modes": ["M1", "M2"]}
    details = {"goals": ["G01"], "stages_wished": ["+1"], "stage": "S2", "types_wished": ["T01"]}
    viewers = [Viewer(ana, is_member=True), Viewer(guest)]
    for viewer in viewers:
        assert viewer.person is not None
        await put(store, viewer.person, now, purpose="request", details=details, **wish)
    blocked = world.authors[3]
    elsewhere = replace(site, offers=OfferIndex())
    found_counts = set()
    for number in range(12):
        for _ in range(5):
            await world.change()
        if number == 6:
            await store.write(
                lambda tx: tx.execute(
                    tx.insert(tables.blocks).values(blocker_id=blocked.id, blocked_id=ana.id, created_at=now)
                )
            )
        for each, its_site in ((store, site), (second, elsewhere)):
            for viewer in viewers:
                for search in (Search(), world.rng.choice(SEARCHES), SEARCHES[number % len(SEARCHES)]):
                    await check(each, its_site, search, viewer, now)
        found_counts.add(len(site.offers))
    assert len(found_counts) > 3  # the changes did change something


async def test_what_is_undone_is_never_listed_and_what_a_unit_changed_is_suggested(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, ben = (await add("ana")).actor, (await add("ben")).actor
    await put(store, ana, now, purpose="request")
    offer = await put(store, ben, now)
    closed = await put(store, ben, now, status="closed")

    async def listed() -> list[str]:
        found = await store.read(lambda tx: matching.rank(tx, site, person=ana, now=now))
        assert found is not None
        return uris(found.ready)

    async def suggested(tx: Tx) -> list[str]:
        return uris(await matching.suggestions(tx, site, mentee=ana, like_proposal_id=None, now=now))

    async def swap(tx: Tx, *, is_undone: bool) -> list[str]:
        await proposals.change(tx, offer.id, now, status="closed")
        await proposals.change(tx, closed.id, now, status="open")
        found = await suggested(tx)
        if is_undone:
            raise ValueError(found)
        return found

    assert await listed() == [offer.uri]
    with pytest.raises(ValueError, match=closed.uri):
        await store.write(lambda tx: swap(tx, is_undone=True))
    assert await listed() == [offer.uri]
    assert await store.write(suggested) == [offer.uri]
    assert await store.write(lambda tx: swap(tx, is_undone=False)) == [closed.uri]
    assert await store.write(suggested) == [closed.uri]
    assert await listed() == [closed.uri]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_transaction_that_commits_late_is_not_missed(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ben = (await add("ben")).actor
    late, early = await put(store, ben, now, status="closed"), await put(store, ben, now, status="closed")
    await store.read(site.offers.refresh)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(tx: Tx) -> None:
        await proposals.change(tx, late.id, now, status="open")
        begun.set()
        await go_on.wait()

    task = asyncio.create_task(store.write(slow))
    await begun.wait()
    await store.write(lambda tx: proposals.change(tx, early.id, now, status="open"))
    for _ in range(3):
        await store.read(site.offers.refresh)
        assert len(site.offers) == 1
    pool = site.offers._pool
    version = pool.version
    await store.read(site.offers.refresh)
    assert pool.version == version, "what was seen once is not read again while the late one is waited for"
    go_on.set()
    await task
    await store.read(site.offers.refresh)
    assert len(site.offers) == 2


async def test_who_fell_behind_what_is_kept_of_changes_builds_anew(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ben = (await add("ben")).actor
    offer = await put(store, ben, now)
    current, behind = OfferIndex(), OfferIndex()
    await store.read(behind.refresh)
    for number in range(8):
        status = ("closed", "open")[number % 2]
        await store.write(lambda tx, status=status: proposals.change(tx, offer.id, now, status=status))
    await put(store, ben, now)
    await store.read(current.refresh)
    pools = current._pool, behind._pool
    count = select(func.count()).select_from(directory_changes)
    before_count = await store.read(lambda tx: tx.scalar(count))
    assert await store.write(lambda tx: offer_index.prune(tx, kept_count=before_count)) == 0
    pruned_count = await store.write(lambda tx: offer_index.prune(tx, kept_count=3))
    assert pruned_count > 0
    assert await store.read(lambda tx: tx.scalar(count)) == before_count - pruned_count
    await put(store, ben, now)
    for index in (current, behind):
        await store.read(index.refresh)
        assert len(index) == 3
    assert current._pool is pools[0]
    assert behind._pool is not pools[1]


async def test_it_is_built_in_the_background_and_kept_near_the_truth(
    store: Store, site: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offer_index, "CHUNK", 7)
    monkeypatch.setattr("libline_fed.services.offer_index.REFRESH_S", 0.01)
    stop, index = asyncio.Event(), OfferIndex()
    assert not index.is_ready
    keeping = asyncio.create_task(index.keep(store, stop))
    await store.read(site.offers.refresh)
    async with asyncio.timeout(20):
        while not index.is_ready:
            await asyncio.sleep(0.01)
        assert len(index) == len(site.offers) > 20
        before_count = len(index)
        await put(store, world.authors[0], world.now)
        while len(index) == before_count:
            await asyncio.sleep(0.01)
    stop.set()
    await keeping
    assert not index.is_warming
