"""Invisible stays invisible: one table of all surfaces, each asked by every reader about every case."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.routing import Router

from libline_fed.api.context import ApiContext
from libline_fed.api.routes import api_routes
from libline_fed.clock import FrozenClock
from libline_fed.config import Federation
from libline_fed.domain.peers import Policies
from libline_fed.domain.proposals import Purpose
from libline_fed.domain.searches import Search, Sort
from libline_fed.domain.viewers import EVERYBODY, Viewer
from libline_fed.federation.answers import AnswerCache, Printer
from libline_fed.federation.documents import Documents
from libline_fed.services import directory, matching, proposals, saved_searches
from libline_fed.storage import accounts, areas, public_collections
from libline_fed.storage import directory as directory_rows
from libline_fed.storage import matching as match_rows
from libline_fed.storage.store import Store, Tx
from libline_fed.web.site import routes
from tests.support.pages import DRAFT, Browser, PagesWorld, pages_world
from tests.web.unseen import READERS, Scene, build

TOKEN = re.compile(r"canary\d{4}x")
MODES = (Federation.OPEN, Federation.ALLOWLIST, Federation.OFF)


def viewer_of(scene: Scene, reader: str) -> Viewer:
    """Return a reader as the services know them."""
    if reader == "everybody":
        return EVERYBODY
    return Viewer(scene.people[reader], is_member=reader != "guest")


# --- what the services say, on both databases -------------------------------------------------------


async def test_no_service_lists_counts_or_ranks_what_a_reader_must_not_see(
    store: Store, clock: FrozenClock
) -> None:
    async with pages_world(store, clock) as world:
        scene = await build(world)
        assert len(scene.cases) > 150
        for mode in MODES:
            await scene.change_mode(mode)
            for reader in READERS:
                await store.read(partial(services_agree, scene=scene, reader=reader))


async def services_agree(tx: Tx, scene: Scene, reader: str) -> None:
    """Ask every service, as one reader."""
    viewer, now = viewer_of(scene, reader), scene.world.clock.now()
    for purpose in Purpose:
        expected = scene.expected(reader, purpose)
        for sort in Sort:
            for text in ("", "canary", "maps hours"):
                search = Search(purpose, text=text, sort=sort)
                pages = [await directory.page(tx, scene.world.site, search, viewer, page=1, now=now)]
                while pages[-1].has_more:
                    number = len(pages) + 1
                    pages.append(
                        await directory.page(tx, scene.world.site, search, viewer, page=number, now=now)
                    )
                shown = [_token(item.proposal.title) for page in pages for item in page.items]
                wanted = expected if "hours" not in text else set()
                if sort is Sort.MATCH and purpose is Purpose.OFFER and reader == "author":
                    wanted = wanted - scene.written_by(reader)  # whose requests are not for herself
                found = sorted(shown), pages[0].total_count
                assert found == (sorted(wanted), len(wanted)), (reader, search)
        numbers = await directory_rows.numbers(tx, Search(purpose), viewer, now.date())
        assert len(numbers) == len(expected)
        counted = await areas.counts(tx, viewer, now.date())
        assert counted.get(("A0301", purpose), 0) == len(expected)
    offers = await match_rows.open_offers(tx, viewer, now.date())
    tokens = {case.id: case.token for case in scene.cases}
    assert {tokens[offer.id] for offer in offers} == scene.expected(reader, Purpose.OFFER)
    for author_id in scene.handles:
        listed = await proposals.of_author(tx, author_id, viewer, now=now)
        on_page = {_token(item.proposal.title) for item in listed}
        assert on_page == scene.expected(reader, author_id=author_id, is_page=True), (reader, author_id)
        public = await public_collections.open_proposals(tx, author_id, before_id=None, limit=500)
        named = [*(uri for _, uri in public), *await public_collections.featured(tx, author_id)]
        assert {tokens[uri.rpartition("/")[2]] for uri in named} <= scene.readable()


async def test_offers_ranked_for_a_request_are_those_that_may_be_seen(
    store: Store, clock: FrozenClock
) -> None:
    async with pages_world(store, clock) as world:
        scene = await build(world)
        wish = replace(DRAFT, purpose="request", title="Help please", languages=("en",))
        for reader in ("member", "blocked"):
            await world.publish(scene.people[reader], wish)
        for mode in MODES:
            await scene.change_mode(mode)
            for reader in ("member", "blocked"):
                await store.read(partial(_ranking_agrees, scene=scene, reader=reader))


async def _ranking_agrees(tx: Tx, scene: Scene, reader: str) -> None:
    viewer, now, expected = viewer_of(scene, reader), scene.world.clock.now(), scene.expected(reader, "offer")
    pages = [await directory.page(tx, scene.world.site, Search(), viewer, page=1, now=now)]
    while pages[-1].has_more:
        number = len(pages) + 1
        pages.append(await directory.page(tx, scene.world.site, Search(), viewer, page=number, now=now))
    assert pages[0].request is not None, "it was not ranked at all"
    assert {_token(item.proposal.title) for page in pages for item in page.items} == expected
    assert pages[0].total_count == len(expected)
    ranked = await matching.rank(tx, scene.world.site, person=scene.people[reader], limit=500, now=now)
    assert ranked is not None
    assert {_token(one.listed.proposal.title) for one in (*ranked.ready, *ranked.busy)} == expected


def _token(text: str) -> str:
    found = TOKEN.search(text)
    assert found is not None, text
    return found[0]


# --- what the addresses say --------------------------------------------------------------------------


@dataclass
class Doors:
    """All addresses of an instance, and the browsers of its readers."""

    scene: Scene
    app: Any
    browsers: dict[str, Browser]
    feed_path: str

    async def text(self, reader: str, path: str, accept: str = "text/html") -> str:
        """Return what stands at a path for a reader; "" if nothing does."""
        response = await self.browsers[reader].raw_get(path, accept=accept)
        assert response.status_code in {200, 302, 303, 401, 403, 404, 410}, (path, response.status_code)
        return response.text if response.status_code == 200 else ""

    async def shown(
        self, reader: str, path: str, *, pages_count: int = 40, accept: str = "text/html"
    ) -> set[str]:
        """Return the tokens on all pages of a list, and of what is named there by its id only."""
        found: set[str] = set()
        tokens = {case.id: case.token for case in self.scene.cases}
        for number in range(1, pages_count + 1):
            mark = "&" if "?" in path else "?"
            text = await self.text(reader, f"{path}{mark}page={number}" if pages_count > 1 else path, accept)
            fresh = set(TOKEN.findall(text)) | {token for id_, token in tokens.items() if id_ in text}
            if not fresh - found:
                return found
            found |= fresh
        return found


Check = Callable[[Doors, str], Awaitable[None]]


def _whole(path: str, purpose: str | None) -> Check:
    """A list that shows everything a reader may see, page by page."""

    async def check(doors: Doors, reader: str) -> None:
        shown = await doors.shown(reader, path.replace("{area}", "A0301"))
        seen_by = "everybody" if path.startswith(("/api", "/feeds", "/embed")) else reader
        expected = doors.scene.expected(seen_by, purpose)
        # A list of offers also names the reader's own request, which they are compared with.
        compared = doors.scene.written_by(reader) - expected if seen_by == reader else set()
        assert shown - compared == expected, (path, reader)

    return check


def _part(path: str, *, seen_by: str | None = None, needs: tuple[str, ...] = READERS) -> Check:
    """A page that shows some of what a reader may see."""

    async def check(doors: Doors, reader: str) -> None:
        shown = await doors.shown(reader, path.replace("{area}", "A0301"), pages_count=1)
        own = doors.scene.written_by(reader) if path == "/" else set()  # in every state, for oneself
        assert shown <= doors.scene.expected(seen_by or reader) | own, (path, reader)
        assert bool(shown) is (reader in needs), (path, reader)

    return check


async def _of_people(doors: Doors, reader: str) -> None:
    scene, seen = doors.scene, set()
    for number in range(1, 10):
        seen |= set(re.findall(r"@(writer\d{3}x)", await doors.text(reader, f"/people?page={number}")))
    expected = scene.expected(reader)
    shown = {scene.handles[scene.author_id(case)] for case in scene.cases if case.token in expected}
    assert seen <= shown, reader
    assert seen, "it shows nobody"


async def _of_authors(doors: Doors, reader: str) -> None:
    for author_id, handle in doors.scene.handles.items():
        local = next(case.is_local for case in doors.scene.cases if doors.scene.author_id(case) == author_id)
        path = f"/@{handle}" if local else f"/people/{author_id}"
        shown = await doors.shown(reader, path, pages_count=1)
        assert shown == doors.scene.expected(reader, author_id=author_id, is_page=True), (path, reader)


async def _one_by_one(doors: Doors, reader: str) -> None:
    if reader in {"everybody", "guest"}:
        for case in doors.scene.cases[:: 3 if reader == "guest" else 1]:
            text = await doors.text(reader, f"/proposals/{case.id}")
            assert (case.token in text) is (case.token in doors.scene.readable()), (case, reader)


async def _one_by_one_as_json(doors: Doors, reader: str) -> None:
    if reader == "everybody":
        for case in doors.scene.cases:
            text = await doors.text(reader, f"/api/v1/proposals/{case.id}")
            assert (case.token in text) is (case.token in doors.scene.expected(reader)), case


async def _own(doors: Doors, reader: str) -> None:
    shown = await doors.shown(reader, "/my-proposals", pages_count=1)
    assert shown - {"canary9999x"} == doors.scene.written_by(reader), reader


async def _saved(doors: Doors, reader: str) -> None:
    shown = await doors.shown(reader, doors.feed_path)
    assert shown == doors.scene.expected("blocked", "offer"), reader  # whose search it is


async def _numbers(doors: Doors, _: str) -> None:
    response = await doors.browsers["everybody"].client.get("/api/v1/instance")
    assert response.json()["offers_count"] == len(doors.scene.expected("everybody", "offer"))
    response = await doors.browsers["everybody"].client.get("/api/v1/topics")
    found = {one["id"]: (one["offers_count"], one["requests_count"]) for one in response.json()["items"]}
    expected = tuple(len(doors.scene.expected("everybody", purpose)) for purpose in Purpose)
    assert found["A0301"] == expected


def _on_the_wire(path: str) -> Check:
    """A collection that other servers read: what is public by its own words, nothing else."""

    async def check(doors: Doors, reader: str) -> None:
        if reader != "everybody":
            return
        accept = "application/activity+json"
        for author_id in doors.scene.handles:
            shown = await doors.shown(reader, path.replace("{id}", author_id), pages_count=1, accept=accept)
            shown |= await doors.shown(reader, path.replace("{id}", author_id) + "?page=1", accept=accept)
            assert shown <= doors.scene.readable(), path

    return check


SURFACES: dict[str, Check] = {
    "/mentors": _whole("/mentors?sort=newest", "offer"),
    "/requests": _whole("/requests?sort=newest", "request"),
    "/topics/{area}": _part("/topics/{area}"),
    "/": _part("/"),
    "/people": _of_people,
    "/@{handle}": _of_authors,
    "/people/{id}": _of_authors,
    "/proposals/{id}": _one_by_one,
    "/my-proposals": _own,
    "/embed": _part("/embed", needs=()),
    "/embed/mentors": _part("/embed/mentors?limit=10", seen_by="everybody"),
    "/embed/requests": _part("/embed/requests?limit=10", seen_by="everybody"),
    "/matches": _part("/matches", needs=("author",)),  # who alone looks for something
    "/saved-searches": _part("/saved-searches", needs=()),
    "/topics": _numbers,
    "/api/v1/mentors": _whole("/api/v1/mentors?limit=50", "offer"),
    "/api/v1/requests": _whole("/api/v1/requests?text=canary", "request"),
    "/api/v1/proposals/{id}": _one_by_one_as_json,
    "/api/v1/people": _part("/api/v1/people", seen_by="everybody", needs=()),
    "/api/v1/topics": _numbers,
    "/api/v1/instance": _numbers,
    "/feeds/mentors.atom": _whole("/feeds/mentors.atom", "offer"),
    "/feeds/requests.atom": _whole("/feeds/requests.atom", "request"),
    "/feeds/topics/{area}.atom": _whole("/feeds/topics/{area}.atom", None),
    "/feeds/saved/{token}.atom": _saved,
    "/actors/{id}/outbox": _on_the_wire("/actors/{id}/outbox"),
    "/actors/{id}/featured": _on_the_wire("/actors/{id}/featured"),
    "/actors/{id}/proposals": _on_the_wire("/actors/{id}/proposals"),
    "/actors/{id}/tags": _on_the_wire("/actors/{id}/tags"),
    "/actor/proposals": _on_the_wire("/actor/proposals"),
    "/actor/outbox": _on_the_wire("/actor/outbox"),
}
# What shows no proposal, only one's own affairs, or is of staff, who may see more; and what only leads on.
OTHERS = re.compile(
    r"/(static|robots|about|primer|vocabulary|embed/mentors\.js|api/v1/vocabulary|api/openapi)"
    r"|/(login|logout|sign-up|invitations|confirm|reset|first-run|guest|settings|exports|brought|hours)"
    r"|/(timeline|posts|notifications|followers|following|search|interact|authorize_interaction)"
    r"|/(mentorships|requests-sent|requests-received|ask/|records|thanks|calendar|suggestions)"
    r"|/(admin|coordination|consortia|groups|cohorts)"
    r"|/saved-searches/|/proposals/new|/proposals/\{id\}/|/contexts/|/tags/|/people/\{id\}/|/activities/"
    r"|/actors/\{id\}(\Z|/follow)|/actor(\Z|/follow)|(/api|/feeds)?/\{rest"
)


@pytest.fixture
async def doors(database_url: str, clock: FrozenClock) -> AsyncIterator[Doors]:
    """An instance with everything that can be hidden, its pages, interfaces and documents."""
    store = await Store(database_url).open()
    async with pages_world(store, clock) as world:
        scene = await build(world)
        with closing(AnswerCache(store)) as cache:
            world.app = Router(_all_routes(world, cache), redirect_slashes=False, default=world.app)
            names = {"author": "ana", "member": "noor", "blocked": "vera"}
            browsers = {reader: await world.member_browser(handle) for reader, handle in names.items()}
            browsers["everybody"] = world.browser()
            browsers["guest"] = await world.guest_browser("carla", "m.example")
            yield Doors(scene, world.app, browsers, await _save_search(world, scene))
    await store.close()


def _all_routes(world: PagesWorld, cache: AnswerCache) -> list[Any]:
    context = ApiContext(world.store, world.site, world.clock, lambda _: "192.0.2.7")
    documents = Documents(
        world.store, world.site, cache, Printer({}), lambda: Policies(Federation.OPEN, {})
    )
    return [*documents.routes(), *api_routes(context)]


async def _save_search(world: PagesWorld, scene: Scene) -> str:
    """Keep a search of one of the readers, and return the path of its feed."""

    async def unit(tx: Tx) -> str:
        account = await accounts.by_actor(tx, scene.people["blocked"].id)
        assert account is not None
        now = world.clock.now()
        saved = await saved_searches.add(
            tx, account_id=account.id, search=Search(), name="All", tells_by="nothing", now=now
        )
        return await saved_searches.renew_feed(tx, world.site, saved.id, account_id=account.id)

    return urlsplit(await world.store.write(unit)).path


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)  # the rows are asked for on both above
async def test_no_address_shows_counts_or_finds_what_a_reader_must_not_see(doors: Doors) -> None:
    for reader in READERS:
        for check in dict.fromkeys(SURFACES.values()):
            await check(doors, reader)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_every_address_that_shows_anything_is_in_the_table(doors: Doors) -> None:
    every = [*doors.app.routes, *routes(doors.scene.world.context)]
    shown = {
        str(getattr(route, "path", ""))  # those of the interfaces are no `Route`
        for route in every
        if "GET" in (getattr(route, "methods", None) or ("GET",))
    }
    known = {path for path in shown if path in SURFACES or OTHERS.match(path)}
    assert shown - known == set(), "say what these show"
    assert SURFACES.keys() - shown == set(), "these are no addresses any more"
