"""The index of offers of this process: built once, then kept true by what triggers note.

Read units bring it up to what they see; it never goes back. Write units must not, since what they see may be
undone: they take what the last reader knew, and `unseen` tells what has changed since then.
"""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from functools import partial
from threading import RLock

from libline_fed.domain.offer_columns import Listing
from libline_fed.domain.offer_pool import OfferPool
from libline_fed.domain.offer_search import Places, Question, ranked
from libline_fed.services.match_inputs import listing_of
from libline_fed.storage import offer_index
from libline_fed.storage.offer_index import Changes, Position
from libline_fed.storage.store import Store, Tx

REFRESH_S = 5.0  # without readers; so that a reader never finds much to do
MAX_UNSEEN = 500
MAX_CHANGES = 20_000  # from so many on, reading everything is less work
TRIES_COUNT = 3


class OfferIndex:
    """All open and full offers that this instance knows, whoever may see them. One for each process."""

    def __init__(self) -> None:
        self._pool = OfferPool()
        self._position: Position | None = None
        self._is_warming = False
        self._lock = RLock()  # SQLite's units run in threads

    @property
    def is_ready(self) -> bool:
        """Whether it has been built."""
        return self._position is not None

    @property
    def is_warming(self) -> bool:
        """Whether it is being built in the background: who has no time to wait shows another order."""
        return self._is_warming and not self.is_ready

    def __len__(self) -> int:
        return len(self._pool)

    async def refresh(self, tx: Tx) -> None:
        """Take in what this read unit sees and the index has not; the first time that is everything.

        Where units overlap it may end up newer than what this one sees: leave out what you cannot read.
        """
        assert not tx.has_written, "what a write unit sees may be undone"
        for _ in range(TRIES_COUNT):
            known = self._position
            if known is None:
                await self._build(tx)
                return
            changes = await offer_index.changes(tx, known)
            if changes.is_behind or changes.count > MAX_CHANGES:
                await self._build(tx)
                return
            if not changes.count and changes.position.since <= known.since:
                return
            listings = await _listings(tx, changes.proposal_ids, changes.author_ids)
            if self._take(known, changes, listings):
                return

    async def unseen(self, tx: Tx) -> set[str]:
        """Return the proposals that have changed since the last refresh, also in this unit; some, if many."""
        known = self._position
        if known is None:
            return set()
        changes = await offer_index.changes(tx, known)
        listed = await offer_index.listed_ones(
            tx, sorted(changes.proposal_ids)[-MAX_UNSEEN:], sorted(changes.author_ids)[-MAX_UNSEEN:]
        )
        return {one.id for one in listed}

    def ranked(self, question: Question, *, limit: int, offset: int = 0) -> Places:
        """Return places of the list for somebody who looks for a mentor; see `domain/offer_search.py`.

        Ask after a refresh, or be content with what the last one knew.
        """
        with self._lock:
            return ranked(self._pool, question, limit=limit, offset=offset)

    async def warm(self, store: Store) -> None:
        """Build the index in short units, so that nobody has to wait for it; other threads do the work."""
        if self.is_ready:
            return
        self._is_warming = True
        try:
            begun = await store.read(lambda tx: offer_index.changes(tx, None))
            pool, after_id = OfferPool(), ""
            while listings := await store.read(partial(_chunk, after_id=after_id)):
                await asyncio.to_thread(pool.put, listings)
                after_id = listings[-1].id
                if self._position is not None:
                    return  # a reader who was here before us has built it meanwhile
            self._install(pool, begun.position)
            await store.read(self.refresh)
        finally:
            self._is_warming = False

    async def keep(self, store: Store, stop: asyncio.Event) -> None:
        """Build it, then keep it near the truth until `stop` is set."""
        await self.warm(store)
        while not stop.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_S):
                    await stop.wait()
                    return
            await store.read(self.refresh)

    # --- inside ---------------------------------------------------------------------------------

    async def _build(self, tx: Tx) -> None:
        pool, after_id = OfferPool(), ""
        position = (await offer_index.changes(tx, None)).position
        while listings := await _chunk(tx, after_id):
            pool.put(listings)
            after_id = listings[-1].id
        self._install(pool, position)

    def _install(self, pool: OfferPool, position: Position) -> None:
        with self._lock:
            if self._position is None or self._position.since <= position.since:
                self._pool, self._position = pool, position

    def _take(self, known: Position, changes: Changes, listings: Collection[Listing]) -> bool:
        """Put changes in, unless another unit was faster: then what is new has to be asked again."""
        with self._lock:
            if self._position is not known:
                return False
            listed = {listing.id for listing in listings}
            gone = changes.proposal_ids | set(self._pool.ids_of_authors(changes.author_ids))
            self._pool.drop(gone - listed)
            if listings:
                self._pool.put(list(listings))
            self._position = changes.position
            return True


async def _chunk(tx: Tx, after_id: str) -> list[Listing]:
    found = await offer_index.listed(tx, after_id=after_id)
    sources = await offer_index.brought_by(tx, found)
    return [listing_of(row, sources.get(row.id, ())) for row in found]


async def _listings(tx: Tx, proposal_ids: Collection[str], author_ids: Collection[str]) -> list[Listing]:
    found = await offer_index.listed_ones(tx, proposal_ids, author_ids)
    sources = await offer_index.brought_by(tx, found)
    return [listing_of(row, sources.get(row.id, ())) for row in found]
