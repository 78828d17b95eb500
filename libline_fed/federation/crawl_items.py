"""Taking in what a list of proposals names: whole ones from its pages, others from their own addresses.

A linked server lists its own proposals and nobody else's. A consortium names ids only, and each is read where
it is at home; neither can make this server believe anything else.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from libline_fed.activitypub.objects import Admitted, ProposalDocument
from libline_fed.activitypub.parse import visibility_of
from libline_fed.activitypub.urls import host_of
from libline_fed.clock import Clock
from libline_fed.domain.actors import Actor
from libline_fed.domain.crawls import Crawl, CrawlKind, ItemState
from libline_fed.domain.follows import FollowState
from libline_fed.domain.posts import Post
from libline_fed.domain.proposals import Proposal, Status
from libline_fed.errors import PeerGone, PeerUnavailable, PermanentError, Refusal, RefusalReason
from libline_fed.federation.admit import Admitter, Budget, Listing, narrowed
from libline_fed.federation.pace import Pace
from libline_fed.federation.resolve import FRESH, Resolver
from libline_fed.services import consortium_items
from libline_fed.services.site import Site
from libline_fed.storage import actors, consortia, crawls, follows, posts, proposals, sources, tombstones
from libline_fed.storage.store import Store, Tx

Then = Callable[[Tx, int], Awaitable[None]]
CHUNK = 5  # so many are written at once: the inbox waits for nobody long
LEASE_S = 120.0


class LeaseLost(PermanentError):
    """The list is read by somebody else now, or no more."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The list that is read in this turn, and whose it is."""

    crawl: Crawl
    actor: Actor

    @property
    def is_link(self) -> bool:
        """Whether it may hold proposals of its own host only."""
        return self.crawl.kind == CrawlKind.LINK


class ItemReader:
    """Takes in items."""

    def __init__(
        self, store: Store, site: Site, clock: Clock, admitter: Admitter, resolver: Resolver, pace: Pace
    ) -> None:
        self._store = store
        self._site = site
        self._clock = clock
        self._admitter = admitter
        self._resolver = resolver
        self._pace = pace

    # --- from a page ------------------------------------------------------------------------------

    async def take_page(self, reading: Reading, listing: Listing, then: Then) -> None:
        """Take in one page, a few items at a time, the last of them together with what `then` writes.

        `then` is told how many items this reading had not seen yet. Who dies before has left unseen items on
        the page, and who dies after has its place in the list: a page read twice is no circle.
        Raises: LeaseLost.
        """
        whole = list(listing.proposals) if reading.is_link else []
        taken = {admitted.document.note.uri for admitted in whole}
        ids = [uri for uri in listing.page.item_uris if uri not in taken]
        chunks = [whole[start : start + CHUNK] for start in range(0, len(whole), CHUNK)] or [[]]
        fresh_count = 0
        for chunk in chunks[:-1]:

            async def unit(tx: Tx, chunk: Sequence[Admitted[ProposalDocument]] = chunk) -> int:
                await self.require_lease(tx, reading)
                return await self._take_chunk(tx, reading, chunk, listing)

            fresh_count += await self._store.write(unit)

        async def last(tx: Tx) -> None:
            await self.require_lease(tx, reading)
            count = fresh_count + await self._take_chunk(tx, reading, chunks[-1], listing)
            count += await self._note_ids(tx, reading, ids)
            await then(tx, count)

        await self._store.write(last)

    async def _take_chunk(
        self, tx: Tx, reading: Reading, chunk: Sequence[Admitted[ProposalDocument]], listing: Listing
    ) -> int:
        actor_id = reading.crawl.actor_id
        pairs = [(one.document.note.uri, one.host) for one in chunk]
        fresh = set(await crawls.note(tx, actor_id, pairs, ItemState.LISTED))
        new = {one.document.note.uri: one for one in chunk if one.document.note.uri in fresh}
        around = await _look_around(tx, self._site, reading, new.values())
        settled: dict[ItemState, list[str]] = {}
        for uri, admitted in new.items():
            author_uri = admitted.document.note.author_uri
            author, written = around.actors.get(author_uri), listing.authors.get(author_uri)
            if written is not None and (author is None or self._is_stale(author)):
                author = await actors.put_remote(tx, written, acct_host=None, now=self._clock.now())
                around.actors[author_uri] = author
            if author is not None:  # else it is read at its own address, and who wrote it too
                state = await self._keep(tx, reading, admitted, author, around)
                settled.setdefault(state, []).append(uri)
        for state, uris in settled.items():
            await crawls.settle(tx, actor_id, uris, state)
        return len(fresh)

    def _is_stale(self, author: Actor) -> bool:
        """Tell whether a profile may have changed since: others than followers are told nothing of it."""
        is_old = author.fetched_at is None or self._clock.now() - author.fetched_at >= FRESH
        return is_old and author.is_usable and not author.is_local

    async def _note_ids(self, tx: Tx, reading: Reading, uris: Sequence[str]) -> int:
        """Note ids for reading, but for those of which all is known."""
        groups: dict[ItemState, list[tuple[str, str]]] = {state: [] for state in ItemState}
        known = await proposals.by_uris(tx, uris)
        for uri in uris:
            host, here = host_of(uri), known.get(uri)
            if host is None or (reading.is_link and host != reading.actor.host):
                groups[ItemState.REFUSED].append((uri[:2_000], host or ""))
            elif self._site.uris.is_local(uri):
                groups[ItemState.KEPT].append((uri, host))
            elif here is not None and await _needs_no_reading(tx, reading, here):
                await sources.add_announced(tx, here.id, reading.actor.uri, self._clock.now())
                groups[ItemState.KEPT].append((uri, host))
            else:
                groups[ItemState.LISTED].append((uri, host))
        return sum(
            [
                len(await crawls.note(tx, reading.crawl.actor_id, pairs, state))
                for state, pairs in groups.items()
            ]
        )

    # --- from their own addresses -----------------------------------------------------------------

    async def read_item(self, reading: Reading, uri: str) -> None:
        """Read one proposal where it is at home, and note what became of it.

        Raises: LeaseLost; PeerUnavailable if its server does not answer now.
        """
        try:
            found = await self._fetch(uri)
        except PeerGone:
            await self._settle(reading, uri, ItemState.GONE)
            return
        except PeerUnavailable:
            await self._settle(reading, uri, ItemState.LISTED)
            raise
        except PermanentError:
            await self._settle(reading, uri, ItemState.REFUSED)
            return
        if isinstance(found, Refusal):
            await self._settle(reading, uri, ItemState.REFUSED)
            return
        admitted, author = found

        async def unit(tx: Tx) -> None:
            await self.require_lease(tx, reading)
            around = await _look_around(tx, self._site, reading, [admitted])
            state = await self._keep(tx, reading, admitted, author, around)
            await crawls.settle(tx, reading.crawl.actor_id, [uri], state)

        await self._store.write(unit)

    async def _fetch(self, uri: str) -> tuple[Admitted[ProposalDocument], Actor] | Refusal:
        refusal = self._admitter.refuse_host(uri)
        if refusal is not None:
            return refusal
        await self._pace.wait(host_of(uri) or "")
        admitted = await self._admitter.fetched(uri, Budget(2))
        if isinstance(admitted, Refusal):
            return admitted
        document = admitted.document
        if not isinstance(document, ProposalDocument):
            return Refusal(RefusalReason.BAD_SHAPE, f"{uri} is no proposal")
        author_uri = document.note.author_uri
        author = await self._store.read(lambda tx: actors.by_uri(tx, author_uri))
        if author is None:
            await self._pace.wait(admitted.host)
            found = await self._resolver.actor(author_uri, Budget(2))
            if isinstance(found, Refusal):
                return found
            author = found
        return narrowed(admitted, document), author

    async def _settle(self, reading: Reading, uri: str, state: ItemState) -> None:
        async def unit(tx: Tx) -> None:
            await self.require_lease(tx, reading)
            await crawls.settle(tx, reading.crawl.actor_id, [uri], state)
            if state is ItemState.GONE:
                await sources.forget_announced(tx, reading.actor.uri, uri=uri, now=self._clock.now())

        await self._store.write(unit)

    # --- both -------------------------------------------------------------------------------------

    async def require_lease(self, tx: Tx, reading: Reading, **values: Any) -> None:
        """Write columns of the crawl, and hold its lease for a while longer.

        Raises: LeaseLost.
        """
        if await crawls.held(tx, reading.crawl) is None:
            raise LeaseLost(reading.actor.uri)
        lease_until = self._clock.now() + timedelta(seconds=LEASE_S)
        await crawls.save(tx, reading.crawl, **{"lease_until": lease_until, **values})

    async def _keep(
        self,
        tx: Tx,
        reading: Reading,
        admitted: Admitted[ProposalDocument],
        author: Actor,
        around: "_Around",
    ) -> ItemState:
        """List a proposal, or what it has become; say what that means for the list that named it."""
        uri, now = admitted.document.note.uri, self._clock.now()
        if reading.is_link and admitted.host != reading.actor.host:
            return ItemState.REFUSED
        if author.is_local or not author.is_usable or not await _is_free(tx, uri, author, around):
            return ItemState.REFUSED
        named = admitted.document.note.audience
        if not reading.is_link and not await consortia.may_bring(tx, reading.actor, named, author.host):
            await sources.forget_announced(tx, reading.actor.uri, uri=uri, now=now)
            return ItemState.REFUSED
        is_asked_for = not reading.is_link or around.is_linked or not _is_public(admitted, author)
        if not is_asked_for and not await consortium_items.is_wanted(tx, self._site, reading.actor, named):
            return ItemState.REFUSED
        kept = await proposals.put_remote(
            tx,
            admitted,
            author,
            source="announce",
            source_actor_uri=reading.actor.uri,
            now=now,
            instance_uri=self._site.uris.instance_actor if reading.is_link else None,
        )
        if isinstance(kept, Refusal) and kept.reason is not RefusalReason.OUTDATED:
            return ItemState.REFUSED
        if reading.is_link and named:
            await consortium_items.take_listed(tx, self._site, uri, author, named=named, now=now)
        return ItemState.KEPT


def _is_public(admitted: Admitted[ProposalDocument], author: Actor) -> bool:
    note = admitted.document.note
    seen_by = visibility_of(note.to, note.cc, author.followers_uri)
    return not (note.to or note.cc) or seen_by in proposals.OPEN_TO_ALL


async def _needs_no_reading(tx: Tx, reading: Reading, here: Proposal) -> bool:
    """Tell whether one that is here already can stay as it is: changes come by themselves."""
    if here.status != Status.OPEN:  # the list says otherwise
        return False
    return reading.is_link or await sources.is_announced(tx, here.id, reading.actor.uri)


@dataclass(frozen=True, slots=True)
class _Around:
    """Rows around some proposals, read in bulk."""

    is_linked: bool  # with the server whose list it is
    actors: dict[str, Actor]  # the authors, and whatever else has the id of a proposal
    posts: dict[str, Post]
    buried: Collection[str]


async def _look_around(
    tx: Tx, site: Site, reading: Reading, found: Collection[Admitted[ProposalDocument]]
) -> _Around:
    notes = [admitted.document.note for admitted in found]
    uris = [note.uri for note in notes]
    known = await actors.by_uris(
        tx, {site.uris.instance_actor, *uris, *(note.author_uri for note in notes)}
    )
    ours = known[site.uris.instance_actor]
    mine = await follows.between(tx, ours.id, reading.actor.id)
    return _Around(
        is_linked=mine is not None and mine.state == FollowState.ACCEPTED,
        actors=known,
        posts=await posts.by_uris(tx, uris),
        buried=await tombstones.among(tx, uris),
    )


async def _is_free(tx: Tx, uri: str, author: Actor, around: _Around) -> bool:
    """Tell whether nothing else here has this id, and its author did not delete it meanwhile."""
    if uri in around.buried or uri in around.actors:
        return False
    post = around.posts.get(uri)
    if post is not None and post.author_id == author.id:
        await posts.remove(tx, post.id)
        return True
    return post is None
