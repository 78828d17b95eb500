"""The directory by match: the order of the score over pages, filters and words in it, and when it is not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Proposal, Purpose
from libline_fed.domain.searches import Search, Sort
from libline_fed.domain.viewers import Viewer
from libline_fed.services import directory, matching
from libline_fed.services.directory import Page
from libline_fed.services.offer_index import OfferIndex
from libline_fed.services.site import Site
from libline_fed.storage import proposals
from libline_fed.storage.store import Store
from tests.services.conftest import Add
from tests.services.test_matching import put
from tests.support.neighbours import meet

AREAS = ("A0301", "A0302", "A0303", "A0701", "A0901")
WISH: dict[str, Any] = {"purpose": "request", "areas": ["A0301", "A0303"]}


async def page_of(
    store: Store, site: Site, search: Search, viewer: Viewer, now: datetime, number: int = 1
) -> Page:
    """Return a page of the directory."""
    return await store.read(lambda tx: directory.page(tx, site, search, viewer, page=number, now=now))


async def offers(store: Store, author: Actor, now: datetime, count: int) -> list[Proposal]:
    """Publish offers of several areas, some with a waiting list."""
    return [
        await put(
            store,
            author,
            now + timedelta(seconds=number),
            title=f"Offer {number} {'maps' if number % 3 else 'globes'}",
            areas=list(dict.fromkeys([AREAS[number % 5], AREAS[number % 4]])),
            languages=["en"] if number % 4 else ["en", "fr"],
            places_free_count=int(number % 7 > 0),
        )
        for number in range(count)
    ]


async def test_offers_come_in_the_order_of_the_score_page_by_page(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, mia = (await add("ana")).actor, (await add("mia")).actor
    await offers(store, ana, now, 24)
    request = await put(store, mia, now, **WISH)
    viewer = Viewer(mia, is_member=True)
    pages = [await page_of(store, site, Search(), viewer, now, number) for number in (1, 2, 3, 4)]
    found = [item for page in pages for item in page.items]
    ranked = await store.read(lambda tx: matching.rank(tx, site, person=mia, limit=100, now=now))
    assert ranked is not None
    expected = [one.listed.proposal.id for one in (*ranked.ready, *ranked.busy)]
    assert [item.proposal.id for item in found] == expected
    assert [len(page.items) for page in pages] == [10, 10, 4, 0]
    assert [page.has_more for page in pages] == [True, True, False, False]
    assert {page.total_count for page in pages} == {24}
    assert pages[0].request is not None
    assert pages[0].request.id == request.id
    wildcards = [one.listed.proposal.id for one in ranked.ready if one.is_wildcard]
    assert [item.proposal.id for item in found if item.is_wildcard] == wildcards
    assert len(wildcards) == 1
    assert [item.is_busy for item in found] == [False] * len(ranked.ready) + [True] * len(ranked.busy)
    assert all(item.explained is not None and item.explained.score is not None for item in found)


async def test_filters_and_words_narrow_what_is_ranked(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, mia = (await add("ana")).actor, (await add("mia")).actor
    made = await offers(store, ana, now, 24)
    await put(store, mia, now, **WISH)
    viewer = Viewer(mia, is_member=True)
    whole = [
        item.proposal.id
        for number in (1, 2, 3)
        for item in (await page_of(store, site, Search(), viewer, now, number)).items
    ]
    fits: dict[Search, Callable[[Proposal], bool]] = {
        Search(text="globes"): lambda one: "globes" in one.title,
        Search(text="glob offer", languages=("fr",)): lambda one: (
            "globes" in one.title and "fr" in one.languages
        ),
        Search(languages=("fr",)): lambda one: "fr" in one.languages,
        Search(areas=("A0901",)): lambda one: "A0901" in one.areas,
        Search(has_places=True): lambda one: one.places_free_count > 0,
        Search(text="🙂"): lambda _: False,
        Search(text="nothing"): lambda _: False,
    }
    for search, is_wanted in fits.items():
        wanted = {one.id for one in made if is_wanted(one)}
        pages = [await page_of(store, site, search, viewer, now, number) for number in (1, 2, 3)]
        found = [item.proposal.id for page in pages for item in page.items]
        assert (set(found), pages[0].total_count) == (wanted, len(wanted)), search
        if len(wanted) <= 10:  # else a wildcard of its own stands among them, further down in the whole list
            assert sorted(found, key=whole.index)[:1] == found[:1], search


async def test_other_orders_and_other_readers_are_not_ranked_but_told_why_it_fits(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana, mia = (await add("ana")).actor, (await add("mia")).actor
    made = await offers(store, ana, now, 3)
    newest = [one.id for one in made[::-1]]
    guest = Viewer(await meet(store, "carla", "m.example", now))
    for viewer in (Viewer(), Viewer(mia, is_member=True), guest):
        page = await page_of(store, site, Search(), viewer, now)
        assert [item.proposal.id for item in page.items] == newest
        assert (page.request, page.items[0].explained) == (None, None)
    request = await put(store, mia, now, **WISH)
    viewer = Viewer(mia, is_member=True)
    page = await page_of(store, site, Search(sort=Sort.NEWEST), viewer, now)
    assert [item.proposal.id for item in page.items] == newest
    assert page.request is None
    assert all(item.explained is not None for item in page.items)
    page = await page_of(store, site, Search(Purpose.REQUEST), Viewer(ana, is_member=True), now)
    assert [item.proposal.id for item in page.items] == [request.id]
    assert page.items[0].explained is not None
    assert page.items[0].explained.score is not None


async def test_nobody_waits_for_an_index_that_is_being_built(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    class Warming(OfferIndex):
        is_warming = True

    ana, mia = (await add("ana")).actor, (await add("mia")).actor
    made = await offers(store, ana, now, 3)
    await put(store, mia, now, **WISH)
    page = await page_of(store, replace(site, offers=Warming()), Search(), Viewer(mia, is_member=True), now)
    assert [item.proposal.id for item in page.items] == [one.id for one in made[::-1]]
    assert page.request is None


async def test_an_offer_that_goes_leaves_the_order(store: Store, site: Site, add: Add, now: datetime) -> None:
    ana, mia = (await add("ana")).actor, (await add("mia")).actor
    made = await offers(store, ana, now, 12)
    await put(store, mia, now, **WISH)
    viewer = Viewer(mia, is_member=True)
    first = await page_of(store, site, Search(), viewer, now)
    await store.write(lambda tx: proposals.remove(tx, first.items[0].proposal.id))
    again = await page_of(store, site, Search(), viewer, now)
    assert again.total_count == len(made) - 1
    assert first.items[0].proposal.id not in {item.proposal.id for item in again.items}
