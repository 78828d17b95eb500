"""Reads the lists of proposals of linked servers and consortia, in turns, page by page, and then every week.

What a list can do to this server is bounded: pages and items of a turn and of a reading, requests a second,
one host for all pages. A page without anything new ends a reading, so that no list leads in circles. Each
page is written before the next one is asked for: a process that dies goes on where it was.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from libline_fed.activitypub.urls import host_of
from libline_fed.clock import Clock
from libline_fed.domain import crawls as rules
from libline_fed.domain.crawls import Crawl, CrawlState, ItemState
from libline_fed.errors import LibLineError, PeerGone, PeerRefused, PeerUnavailable, Refusal
from libline_fed.federation.admit import Admitter, Budget, Listing
from libline_fed.federation.crawl_items import LEASE_S, ItemReader, LeaseLost, Reading
from libline_fed.federation.group_reading import GroupReader
from libline_fed.federation.pace import Pace
from libline_fed.federation.resolve import Resolver
from libline_fed.services import links
from libline_fed.services.site import Site
from libline_fed.storage import actors, crawls
from libline_fed.storage.store import Store, Tx

log = structlog.get_logger(__name__)

POLL_S = 30.0
READS_PER_TURN = 100  # of single proposals
NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a list begins; one on a single page is there already."""

    url: str
    listing: Listing | None


class Crawler:
    """Reads what is due. Any number of them may share one database."""

    def __init__(
        self, store: Store, site: Site, clock: Clock, *, admitter: Admitter, resolver: Resolver, pace: Pace
    ) -> None:
        self._store = store
        self._site = site
        self._clock = clock
        self._admitter = admitter
        self._pace = pace
        self._stop = asyncio.Event()
        self._items = ItemReader(store, site, clock, admitter, resolver, pace)
        self._groups = GroupReader(
            store, site, clock, admitter=admitter, resolver=resolver, pace=pace
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop` is set; what is under way is left where it is."""
        self._stop = stop
        with self._store.subscription(crawls.CHANNEL) as woken:
            while not stop.is_set():
                woken.clear()
                if not await self.run_once():
                    await self._pause(stop, woken)

    async def _pause(self, stop: asyncio.Event, woken: asyncio.Event) -> None:
        due_at = await self._store.read(crawls.next_due_at)
        wait_s = POLL_S if due_at is None else (due_at - self._clock.now()).total_seconds()
        waits = [asyncio.ensure_future(event.wait()) for event in (stop, woken)]
        await asyncio.wait(
            waits, timeout=min(max(wait_s, 0.1), POLL_S), return_when=asyncio.FIRST_COMPLETED
        )
        for wait in waits:
            wait.cancel()

    async def run_once(self) -> bool:
        """Give the list that has waited longest its turn; tell whether there was one."""
        now = self._clock.now()
        crawl = await self._store.write(lambda tx: crawls.lease(tx, lease_s=LEASE_S, now=now))
        if crawl is None:
            return False
        actor = await self._store.read(lambda tx: actors.by_id(tx, crawl.actor_id))
        assert actor is not None  # its row would have gone with it
        reading = Reading(crawl, actor)
        try:
            await self._take_turn(reading)
        except LeaseLost:
            log.info("a list is not read any more", actor=actor.uri)
        except LibLineError as error:
            await self._note_failure(reading, error)
        return True

    async def _take_turn(self, reading: Reading) -> None:
        if not reading.crawl.is_under_way:
            reading = await self._begin(reading)
        elif reading.crawl.state == CrawlState.FAILED:
            reading = await self._save(reading, state=CrawlState.RUNNING.value)
        if reading.crawl.pages_count == 0 or reading.crawl.next_url is not None:
            reading = await self._read_pages(reading)
        is_listed = reading.crawl.pages_count > 0 and reading.crawl.next_url is None
        if is_listed and reading.crawl.state == CrawlState.RUNNING and await self._read_items(reading):
            await self._finish(reading)

    async def _begin(self, reading: Reading) -> Reading:
        """Begin anew. The first reading takes what is there, each later one also asks what is gone."""
        is_check = reading.crawl.is_check or reading.crawl.state == CrawlState.DONE
        if not reading.is_link:
            reading = replace(reading, actor=await self._groups.read(reading.actor))

        async def unit(tx: Tx) -> None:
            await crawls.forget_items(tx, reading.crawl.actor_id)

        return await self._save(
            reading,
            unit,
            state=CrawlState.RUNNING.value,
            is_check=is_check,
            next_url=None,
            pages_count=0,
            listed_count=0,
            kept_count=0,
            started_at=self._clock.now(),
        )

    # --- pages ------------------------------------------------------------------------------------

    async def _read_pages(self, reading: Reading) -> Reading:
        """Read pages until the list or the turn ends."""
        listing: Listing | None = None
        url, is_first = reading.crawl.next_url, reading.crawl.next_url is None
        if url is None:
            start = await self._start(reading)
            url, listing = start.url, start.listing
        before_count, pages_count = reading.crawl.listed_count, 0
        while url is not None and pages_count < rules.TURN_PAGES and not reading.crawl.is_full:
            if self._stop.is_set():
                break
            if listing is None:
                etag = reading.crawl.etag if is_first and reading.crawl.is_check else None
                listing = await self._page(reading, url, etag=etag)
            if listing is None:  # nothing was added and nothing was removed since the last reading
                return await self._end(reading)
            reading = await self._take_page(reading, url, listing, is_first=is_first)
            pages_count += 1
            url, listing, is_first = reading.crawl.next_url, None, False
            if reading.crawl.listed_count - before_count >= rules.TURN_ITEMS:
                break
        if url is not None and reading.crawl.is_full:
            log.warning("a list is too long, the rest is left out", actor=reading.actor.uri)
            return await self._save(reading, next_url=None)
        if url is not None:
            return await self._put_off(reading)
        return reading

    async def _start(self, reading: Reading) -> _Start:
        """Find the first page: that of whole proposals where a linked server has one.

        Raises: PeerUnavailable, PeerGone, PeerRefused.
        """
        url = reading.actor.proposals_url
        if url is None or host_of(url) != reading.actor.host:
            raise PeerRefused(f"{reading.actor.uri} has no list on its own host")
        head = await self._page(reading, url)
        assert head is not None  # without a tag everything is an answer
        first_url = head.page.documents_url if reading.is_link else None
        if first_url is None and reading.is_link and not await self._is_asked_for(reading):
            raise PeerUnavailable(f"{reading.actor.uri} shows us nothing for the network yet")
        first_url = first_url or head.page.first_url
        if head.page.item_uris or first_url is None:
            return _Start(url, head)
        return _Start(first_url, None)

    async def _is_asked_for(self, reading: Reading) -> bool:
        return await self._store.read(lambda tx: links.is_asked_for(tx, self._site, reading.actor))

    async def _page(self, reading: Reading, url: str, *, etag: str | None = None) -> Listing | None:
        await self._pace.wait(reading.actor.host)
        try:
            found = await self._admitter.listing(url, Budget(1), etag=etag)
        except PeerGone as error:
            if reading.crawl.next_url is None:
                raise
            # The place in the list is gone: next time it is read from its start.
            await self._save(reading, next_url=None, pages_count=0)
            raise PeerUnavailable(error.detail, status=NOT_FOUND) from error
        if isinstance(found, Refusal):
            raise PeerRefused(f"{found.reason}: {found.detail}")
        return found

    async def _take_page(self, reading: Reading, url: str, listing: Listing, *, is_first: bool) -> Reading:
        page = listing.page
        values: dict[str, Any] = {
            "pages_count": reading.crawl.pages_count + 1, "failures_count": 0, "last_error": None,
        }  # fmt: skip
        if page.total_count is not None:
            values["total_count"] = page.total_count
        if is_first:  # a first page that does not tell how long the list is says nothing about its end
            values["etag"] = listing.etag if page.total_count is not None else None

        async def go_on(tx: Tx, fresh_count: int) -> None:
            goes_on = fresh_count > 0 and page.next_url != url  # else it leads in a circle
            await crawls.save(
                tx,
                reading.crawl,
                next_url=page.next_url if goes_on else None,
                listed_count=reading.crawl.listed_count + fresh_count,
                **values,
            )

        await self._items.take_page(reading, listing, go_on)
        return await self._save(reading)

    # --- single proposals -------------------------------------------------------------------------

    async def _read_items(self, reading: Reading) -> bool:
        """Read what was only named, and in a check what is named no more; True once nothing is left."""
        uris = await self._store.write(lambda tx: self._to_read(tx, reading))
        if not uris:
            return True
        by_host: dict[str, list[str]] = {}
        for uri in uris:
            by_host.setdefault(host_of(uri) or "", []).append(uri)
        troubles = await asyncio.gather(
            *(self._read_items_of(reading, of_host) for of_host in by_host.values())
        )
        for trouble in troubles:
            if trouble is not None and reading.is_link:
                raise trouble  # the one server that it is all about: leave it alone for a while
        await self._put_off(reading, failures_count=0, last_error=None)
        return False

    async def _read_items_of(self, reading: Reading, uris: Sequence[str]) -> PeerUnavailable | None:
        """Read proposals of one host, until it does not answer."""
        for uri in uris:
            if self._stop.is_set():
                return None
            try:
                await self._items.read_item(reading, uri)
            except PeerUnavailable as error:
                return error
        return None

    async def _to_read(self, tx: Tx, reading: Reading) -> list[str]:
        actor_id = reading.crawl.actor_id
        await crawls.give_up(tx, actor_id, attempts_count=rules.ITEM_ATTEMPTS)
        found = await crawls.to_read(tx, actor_id, limit=READS_PER_TURN)
        if found or not reading.crawl.is_check or reading.crawl.is_full:
            return found
        missing = await crawls.missing(tx, actor_id, reading.actor.uri, limit=READS_PER_TURN)
        return await crawls.note(tx, actor_id, missing, ItemState.LISTED)

    # --- ends -------------------------------------------------------------------------------------

    async def _put_off(self, reading: Reading, **values: Any) -> Reading:
        """End the turn: others come first."""
        due_at = self._clock.now() + rules.TURN_PAUSE
        return await self._save(reading, next_due_at=due_at, lease_until=None, **values)

    async def _end(self, reading: Reading) -> Reading:
        now = self._clock.now()
        return await self._save(
            reading,
            state=CrawlState.DONE.value,
            next_url=None,
            failures_count=0,
            last_error=None,
            finished_at=now,
            next_due_at=now + rules.CHECK_EVERY,
            lease_until=None,
        )

    async def _finish(self, reading: Reading) -> None:
        actor_id = reading.crawl.actor_id
        kept_count = await self._store.read(lambda tx: crawls.count_items(tx, actor_id, ItemState.KEPT))
        await self._save(reading, kept_count=kept_count)
        await self._end(reading)

    async def _note_failure(self, reading: Reading, error: LibLineError) -> None:
        """Note why a list could not be read; it goes on there later."""
        now = self._clock.now()
        retry_after_s = error.retry_after_s if isinstance(error, PeerUnavailable) else None

        async def unit(tx: Tx) -> None:
            crawl = await crawls.held(tx, reading.crawl)
            if crawl is None:
                return
            failures_count = crawl.failures_count + 1
            await crawls.save(
                tx,
                crawl,
                state=CrawlState.FAILED.value,
                failures_count=failures_count,
                last_error=error.detail[:500],
                next_due_at=rules.after_failure(failures_count, retry_after_s, now),
                lease_until=None,
            )

        await self._store.write(unit)

    async def _save(self, reading: Reading, also: Any = None, **values: Any) -> Reading:
        """Write columns under the lease; return the reading as it is now.

        Raises: LeaseLost.
        """

        async def unit(tx: Tx) -> Crawl:
            await self._items.require_lease(tx, reading, **values)
            if also is not None:
                await also(tx)
            found = await crawls.held(tx, reading.crawl)
            assert found is not None  # locked a moment ago
            return found

        return Reading(await self._store.write(unit), reading.actor)
