"""Finding people and posts of other servers by what a person types, and keeping what was found.

Implements `services.lookups.Lookups` for the pages and commands; the inbox uses the same fetches.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from libline_fed.activitypub.objects import (
    ActorDocument,
    Admitted,
    NoteDocument,
    ProposalDocument,
    Tombstone,
)
from libline_fed.activitypub.urls import host_of, parse_acct
from libline_fed.activitypub.webfinger import Jrd, parse_jrd, way_in
from libline_fed.activitypub.wire import parse_json
from libline_fed.clock import Clock
from libline_fed.domain.actors import Actor
from libline_fed.domain.posts import Post
from libline_fed.domain.proposals import Proposal
from libline_fed.errors import (
    LibLineError,
    NotFound,
    PeerGone,
    PeerRefused,
    PeerUnavailable,
    Refusal,
)
from libline_fed.federation.admit import Admitter, Budget, Document, narrowed
from libline_fed.federation.fetch import Fetcher
from libline_fed.federation.instances import InstanceFinder
from libline_fed.federation.keys import keys_of
from libline_fed.services import remote_posts
from libline_fed.services.site import Site
from libline_fed.storage import actors, fetch_failures, posts, proposals
from libline_fed.storage.store import Store, Tx

T = TypeVar("T")

FRESH = timedelta(hours=24)  # an actor looked up so recently is not fetched again
FAILURE_TTL = timedelta(minutes=10)
USUAL_WAY_IN = "/authorize_interaction?uri={uri}"  # Mastodon's, and ours
BACKFILL_ITEMS = 20


class Resolver:
    """Turns a handle or an address into something known here."""

    def __init__(
        self,
        store: Store,
        site: Site,
        admitter: Admitter,
        fetcher: Fetcher,
        clock: Clock,
        *,
        allow_private: bool = False,
    ) -> None:
        self._store = store
        self._site = site
        self._admitter = admitter
        self._fetcher = fetcher
        self._clock = clock
        self._schemes = ("https", "http") if allow_private else ("https",)
        self._instances = InstanceFinder(admitter, fetcher, self._webfinger, self._schemes)
        self._under_way: dict[str, asyncio.Future[Any]] = {}

    # --- what a person types ----------------------------------------------------------------------

    async def find(self, text: str) -> Actor | Proposal | Post:
        """Find whatever a handle or address names.

        Raises: NotFound (nothing there, or nothing usable), PeerUnavailable.
        """
        text = text.strip()
        return await (self.find_object(text) if "://" in text else self.find_actor(text))

    async def find_actor(self, text: str) -> Actor:
        """Find a person by handle (`@ana@a.example`, `ana@a.example`, `ana`) or address.

        Raises: NotFound, PeerUnavailable.
        """
        text = text.strip()
        if "://" in text:
            found = await self.find_object(text)
            if not isinstance(found, Actor):
                raise NotFound(f"{text[:200]} is not an actor", safe="There is no person at this address.")
            return found
        address = parse_acct(text)
        if address is None:
            if (local := await self._local(text.removeprefix("@"))) is not None:
                return local
            raise NotFound(
                f"not an address: {text[:200]!r}", safe="Write an address such as @name@library.example."
            )
        user, host = address
        if host == self._site.uris.host:
            if (local := await self._local(user)) is not None:
                return local
            raise NotFound(f"no member {user}", safe="Nobody here has this name.")
        self._admitter.require_host(f"{self._schemes[-1]}://{host}/")
        known = await self._store.read(lambda tx: actors.remote_by_acct(tx, user, host))
        now = self._clock.now()
        if known is not None and known.fetched_at is not None and now - known.fetched_at < FRESH:
            return known
        try:
            return await self._once(f"{user}@{host}", lambda: self._find_by_acct(user, host))
        except PeerUnavailable:
            if known is not None:
                return known  # better yesterday's profile than none
            raise

    async def find_again(self, user: str, host: str) -> Actor:
        """Find a person by address, at its server, whatever is known from before.

        Raises: NotFound, PeerUnavailable.
        """
        return await self._once(f"{user}@{host}", lambda: self._find_by_acct(user, host))

    async def find_object(self, url: str) -> Actor | Proposal | Post:
        """Find an actor, proposal or post by its address or page.

        Raises: NotFound, PeerUnavailable.
        """
        url = url.strip().partition("#")[0]
        if not self._site.uris.is_local(url):
            self._admitter.require_host(url)
        known = await self._store.read(lambda tx: _known(tx, url))
        if known is not None:
            if isinstance(known, Actor) and not known.is_usable:
                raise NotFound(f"{url} is gone or suspended", safe="There is no person at this address.")
            if not (isinstance(known, Actor) and not known.is_local and self._is_stale(known)):
                return known
        elif self._site.uris.is_local(url):
            return await self._find_local_page(url)
        return await self._once(url, lambda: self._find_by_url(url))

    async def find_instance(self, text: str) -> Actor:
        """Find the instance actor of another server by its host name or any address there, always anew.

        Raises: NotFound, PeerUnavailable.
        """

        async def search() -> Actor:
            return await self._keep_actor(await self._instances.find(text), None)

        return await self._once(f"instance {text.strip().lower()}", search)

    async def subscribe_template(self, handle: str, *, is_person: bool) -> str:
        """Return the address, with `{uri}`, at which somebody's own server lets them follow or open a page.

        A server that names none is taken to have Mastodon's; the page that leads there says where it leads.

        Raises: NotFound, PeerUnavailable.
        """
        address = parse_acct(handle)
        if address is None:
            raise NotFound(
                f"not an address: {handle[:200]!r}", safe="Write your address, such as @name@server.example."
            )
        user, host = address
        jrd = await self._webfinger(f"acct:{user}@{host}", host)
        return way_in(jrd, host, is_person=is_person) or f"{self._schemes[-1]}://{host}{USUAL_WAY_IN}"

    # --- what the inbox needs ---------------------------------------------------------------------

    async def actor(self, uri: str, budget: Budget, *, is_refresh: bool = False) -> Actor | Refusal:
        """Return an actor by id, fetched and stored if it is not known yet (or `is_refresh`).

        Raises: PeerGone, PeerUnavailable, PeerRefused.
        """
        known = await self._store.read(lambda tx: actors.by_uri(tx, uri))
        if known is not None and (known.is_local or not is_refresh):
            return known
        admitted = await self._admitter.actor(uri, budget)
        return admitted if isinstance(admitted, Refusal) else await self._keep_actor(admitted, None)

    async def object(self, url: str, budget: Budget) -> Admitted[Document] | Refusal:
        """Read an object at its own address; a recent failure is not repeated.

        Raises: PeerGone, PeerUnavailable, PeerRefused.
        """
        now = self._clock.now()
        failed = await self._store.read(lambda tx: fetch_failures.recent(tx, url, now))
        if failed is not None:
            status, error = failed
            raise (
                PeerGone(error, status=status)
                if status in {404, 410}
                else PeerUnavailable(error, status=status)
            )
        try:
            return await self._admitter.fetched(url, budget)
        except (PeerGone, PeerUnavailable, PeerRefused) as error:
            status, detail, until = error.status, error.detail, now + FAILURE_TTL
            await self._store.write(
                lambda tx: fetch_failures.add(tx, uri=url, status=status, error=detail, until=until)
            )
            raise

    async def open_proposals(self, actor: Actor, budget: Budget) -> list[Admitted[ProposalDocument]]:
        """Read the open proposals that an actor pins or lists; what cannot be read is left out."""
        url = actor.proposals_url or actor.featured_url
        if url is None:
            return []
        found: list[Admitted[ProposalDocument]] = []
        try:
            listed = await self._admitter.collection(url, budget)
            if isinstance(listed, Refusal):
                return []
            if not listed.item_uris and listed.first_url:
                listed = await self._admitter.collection(listed.first_url, budget)
                if isinstance(listed, Refusal):
                    return []
        except LibLineError:
            return []
        own = [uri for uri in listed.item_uris if host_of(uri) == actor.host]
        for uri in own[:BACKFILL_ITEMS]:
            try:
                admitted = await self._admitter.fetched(uri, budget)
            except LibLineError:
                continue
            if isinstance(admitted, Refusal) or not isinstance(admitted.document, ProposalDocument):
                continue
            if admitted.document.note.author_uri == actor.uri:
                found.append(narrowed(admitted, admitted.document))
        return found

    # --- inside -----------------------------------------------------------------------------------

    async def _local(self, handle: str) -> Actor | None:
        return await self._store.read(lambda tx: actors.local_by_handle(tx, handle))

    def _is_stale(self, known: Actor) -> bool:
        return known.fetched_at is None or self._clock.now() - known.fetched_at >= FRESH

    async def _find_local_page(self, url: str) -> Actor:
        path = self._site.uris.path_of(url) or ""
        found = await self._local(path.removeprefix("/@")) if path.startswith("/@") else None
        if found is None:
            raise NotFound(f"nothing at {url[:200]}", safe="There is nothing at this address.")
        return found

    async def _once(self, key: str, search: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run one search at a time for the same thing: a hundred viewers cause one fetch."""
        under_way = self._under_way.get(key)
        if under_way is None:
            under_way = asyncio.ensure_future(search())
            self._under_way[key] = under_way
            under_way.add_done_callback(lambda _: self._under_way.pop(key, None))
        found: T = await asyncio.shield(under_way)
        return found

    async def _find_by_acct(self, user: str, host: str) -> Actor:
        asked = f"acct:{user}@{host}"
        jrd = await self._webfinger(asked, host)
        if len(jrd.self_uris) != 1:
            raise _unusable(f"{host} names {len(jrd.self_uris)} actors for {asked}")
        uri = jrd.self_uris[0]
        admitted = await self._fetch_actor(uri)
        acct_host = host
        if admitted.host != host or jrd.subject.lower() != asked:
            acct_host = await self._confirmed_host(asked, jrd, admitted)
        # A handle given to somebody new has a new id: the old history stays the old actor's.
        return await self._keep_actor(admitted, acct_host)

    async def _confirmed_host(self, asked: str, jrd: Jrd, admitted: Admitted[ActorDocument]) -> str:
        """Let an address at another domain be confirmed from both ends (split domains).

        The actor's own server must name it, and so must the domain in it: else anybody could take an address
        of a domain that was never asked.
        """
        document = admitted.document
        subject = parse_acct(jrd.subject)
        if subject is None or subject[0].lower() != document.handle.lower():
            raise _unusable(f"no usable subject {jrd.subject[:200]!r} for {asked}")
        canonical = f"acct:{subject[0]}@{subject[1]}"
        for resource, host in (
            (f"acct:{document.handle}@{admitted.host}", admitted.host),
            (canonical, subject[1]),
        ):
            if resource.lower() == asked.lower():
                continue  # that is what `jrd` answered
            confirmed = await self._webfinger(resource, host)
            if confirmed.self_uris != (document.uri,) or parse_acct(confirmed.subject) != subject:
                raise _unusable(f"{host} does not confirm {jrd.subject[:200]} for {document.uri}")
        return subject[1]

    async def _webfinger(self, resource: str, host: str) -> Jrd:
        self._admitter.require_host(f"{self._schemes[-1]}://{host}/")
        error: LibLineError = NotFound(resource)
        for scheme in self._schemes:
            url = f"{scheme}://{host}/.well-known/webfinger?resource={quote(resource, safe='')}"
            try:
                response = await self._fetcher.get(url, accept="jrd", same_host_redirects=False)
            except PeerGone as gone:
                raise NotFound(gone.detail, safe="Nobody has this address.") from gone
            except PeerUnavailable as unavailable:
                error = unavailable
                continue
            except PeerRefused as refused:
                error = NotFound(refused.detail, safe="The other server does not know this address.")
                continue
            raw = parse_json(response.body)
            jrd = raw if isinstance(raw, Refusal) else parse_jrd(raw)
            if isinstance(jrd, Refusal):
                raise _unusable(f"{url}: {jrd.reason} {jrd.detail}")
            return jrd
        raise error

    async def _fetch_actor(self, uri: str) -> Admitted[ActorDocument]:
        try:
            admitted = await self._admitter.actor(uri, Budget())
        except (PeerGone, PeerRefused) as error:
            raise NotFound(error.detail, safe=error.safe) from error
        if isinstance(admitted, Refusal):
            raise _unusable(f"{admitted.reason}: {admitted.detail}")
        return admitted

    async def _find_by_url(self, url: str) -> Actor | Proposal | Post:
        budget = Budget()
        try:
            admitted = await self.object(url, budget)
            if isinstance(admitted, Refusal):
                raise _unusable(f"{admitted.reason}: {admitted.detail}")
            return await self._keep(admitted, budget)
        except (PeerGone, PeerRefused) as error:
            raise NotFound(error.detail, safe=error.safe) from error

    async def _keep(self, admitted: Admitted[Document], budget: Budget) -> Actor | Proposal | Post:
        now = self._clock.now()
        match admitted.document:
            case ActorDocument() as document:
                return await self._keep_actor(narrowed(admitted, document), None)
            case ProposalDocument() as proposal:
                author = await self._author(proposal.note.author_uri, budget)
                found = narrowed(admitted, proposal)
                kept = await self._store.write(
                    lambda tx: proposals.put_remote(
                        tx,
                        found,
                        author,
                        source="lookup",
                        source_actor_uri=self._site.uris.instance_actor,
                        now=now,
                        instance_uri=self._site.uris.instance_actor,
                    )
                )
                if isinstance(kept, Refusal):
                    raise _unusable(f"{kept.reason}: {kept.detail}")
                return kept
            case NoteDocument() as note:
                author = await self._author(note.author_uri, budget)
                post = narrowed(admitted, note)
                return await self._store.write(lambda tx: remote_posts.keep(tx, post, author, now=now))
            case Tombstone():
                raise NotFound(admitted.document.uri, safe="This was deleted.")

    async def _author(self, uri: str, budget: Budget) -> Actor:
        author = await self.actor(uri, budget)
        if isinstance(author, Refusal) or not author.is_usable:
            raise _unusable(f"no usable author {uri}")
        return author

    async def _keep_actor(self, admitted: Admitted[ActorDocument], acct_host: str | None) -> Actor:
        now = self._clock.now()

        async def unit(tx: Tx) -> Actor:
            actor = await actors.put_remote(tx, admitted, acct_host=acct_host, now=now)
            if actor.is_usable:
                await keys_of(tx, admitted, now)
            return actor

        actor = await self._store.write(unit)
        if not actor.is_usable:
            raise _unusable(f"{actor.uri} is gone or suspended")
        return actor


async def _known(tx: Tx, uri: str) -> Actor | Proposal | Post | None:
    actor = await actors.by_uri(tx, uri)
    if actor is not None:
        return actor
    proposal = (await proposals.by_uris(tx, (uri,))).get(uri)
    if proposal is not None:
        return proposal
    return (await posts.by_uris(tx, (uri,))).get(uri)


def _unusable(detail: str) -> NotFound:
    return NotFound(detail, safe="The other server's answer cannot be used.")
