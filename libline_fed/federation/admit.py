"""The one trust boundary: every remote document becomes `Admitted` here or not at all (a test proves it).

Two ways lead in. *Received*: the document came in an activity whose actor is proven, and speaks only for that
actor. *Fetched*: the document was read at its own address, with the media type of ActivityPub, from the host
it names.
Equality is of whole URIs and exact authorities; being on the same host is never enough to own something.
"""

import asyncio
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from libline_fed.activitypub.groups import CohortDocument, parse_cohorts
from libline_fed.activitypub.needs import NeedsDocument, needs_uri, parse_needs
from libline_fed.activitypub.objects import (
    ActorDocument,
    Admitted,
    CollectionDocument,
    NoteDocument,
    ProposalDocument,
    Tombstone,
)
from libline_fed.activitypub.parse import parse_collection, parse_keys, parse_object
from libline_fed.activitypub.uris import Uris
from libline_fed.activitypub.urls import host_of, is_fetchable
from libline_fed.activitypub.values import uri_of
from libline_fed.activitypub.wire import MAX_KEYS, MAX_LIST_KEYS, parse_json
from libline_fed.domain.inbox_activities import InboxActivity
from libline_fed.domain.peers import Policies, Verdict
from libline_fed.errors import NotFound, Refusal, RefusalReason
from libline_fed.federation.fetch import Fetcher
from libline_fed.federation.http_client import Response
from libline_fed.services.translations import N_

T = TypeVar("T")
Document = ActorDocument | NoteDocument | ProposalDocument | Tombstone
MAX_URI_CHARACTERS = 2_048
NOT_MODIFIED = 304
_SENTENCES = {
    RefusalReason.HOST_BLOCKED: N_("This server does not talk with that one: it is blocked here."),
    RefusalReason.HOST_NOT_ALLOWED: N_("This server only talks with servers on its list. That one is not."),
}


def narrowed(admitted: Admitted[Any], document: T) -> Admitted[T]:
    """Return the same admitted document with the type that `match` or `isinstance` has found it to have.

    Raises: ValueError for any other document.
    """
    if document is not admitted.document:
        raise ValueError("this is not the document that was admitted")
    return Admitted(document, admitted.host, admitted.how)


@dataclasses.dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list of proposals: the ids, and what of it is there as a whole."""

    page: CollectionDocument
    proposals: tuple[Admitted[ProposalDocument], ...]
    authors: Mapping[str, Admitted[ActorDocument]]  # by URI
    etag: str | None


class Budget:
    """How many fetches one cause (an inbound activity, a look-up) may still make."""

    def __init__(self, fetches_count: int = 20) -> None:
        self.left_count = fetches_count

    def take(self) -> bool:
        """Use one fetch up; False when none is left."""
        self.left_count -= 1
        return self.left_count >= 0


class Admitter:
    """Decides which remote documents may be believed, and as whose."""

    def __init__(
        self, fetcher: Fetcher, uris: Uris, policies: Callable[[], Policies], *, allow_private: bool = False
    ) -> None:
        self._fetcher = fetcher
        self._uris = uris
        self._policies = policies
        self._allow_private = allow_private

    # --- where one may look -----------------------------------------------------------------------

    def refuse_host(self, url: str) -> Refusal | None:
        """Say why nothing may be fetched from or accepted of this address; None if it may. No I/O."""
        host = host_of(url)
        if host is None or len(url) > MAX_URI_CHARACTERS:
            return Refusal(RefusalReason.FOREIGN_ID, f"not a usable address: {url[:200]!r}")
        if host == self._uris.host or self._uris.is_local(url):
            return Refusal(RefusalReason.OWN_HOST, url)
        verdict = self._policies().verdict(host)
        if verdict is Verdict.BLOCKED:
            return Refusal(RefusalReason.HOST_BLOCKED, host)
        if not verdict.is_open:
            return Refusal(RefusalReason.HOST_NOT_ALLOWED, host)
        if not is_fetchable(url, allow_private=self._allow_private):
            return Refusal(RefusalReason.FOREIGN_ID, f"not an address to fetch: {url[:200]!r}")
        return None

    def require_host(self, url: str) -> None:
        """Let a person's look-up go on only where one may look. No I/O.

        Raises: NotFound, with a sentence that says why.
        """
        refusal = self.refuse_host(url)
        if refusal is not None:
            safe = _SENTENCES.get(refusal.reason, "The other server's answer cannot be used.")
            raise NotFound(f"{refusal.reason}: {refusal.detail}", safe=safe)

    # --- received ---------------------------------------------------------------------------------

    def received(self, activity: InboxActivity, raw_object: Any) -> Admitted[Document] | Refusal:
        """Admit an object embedded in an accepted activity: its actor is proven, by signature or by FEP-8b32.

        Refused with FOREIGN_ID means: not the actor's to say; it may still be fetched from its own address.
        """
        host = host_of(activity.actor_uri)
        assert host is not None  # the inbox compared it with the signer
        how = "signed" if activity.signer_uri == activity.actor_uri else "proven"
        return self._owned(raw_object, owner_uri=activity.actor_uri, host=host, how=how)

    def proven(self, actor_uri: str, raw_object: Any) -> Admitted[Document] | Refusal:
        """Admit an object in an activity that was passed on, whose actor's own proof was verified."""
        refusal = self.refuse_host(actor_uri)
        if refusal is not None:
            return refusal
        return self._owned(raw_object, owner_uri=actor_uri, host=host_of(actor_uri) or "", how="proven")

    def _owned(self, raw_object: Any, *, owner_uri: str, host: str, how: str) -> Admitted[Document] | Refusal:
        document = parse_object(raw_object)
        if isinstance(document, Refusal):
            return document
        uri = _uri(document)
        if host_of(uri) != host:
            return Refusal(RefusalReason.FOREIGN_ID, f"{uri} is not on {host}")
        if isinstance(document, ActorDocument) and uri != owner_uri:
            return Refusal(RefusalReason.WRONG_OWNER, f"{owner_uri} may not speak for {uri}")
        author = _author(document)
        if author is not None and author != owner_uri:
            return Refusal(RefusalReason.WRONG_OWNER, f"{uri} is attributed to {author}, sent by {owner_uri}")
        if isinstance(document, ProposalDocument) and not _has_own_intent(document):
            return Refusal(RefusalReason.WRONG_ID, f"the intent {document.intent_uri} is not a part of {uri}")
        return Admitted(document, host, how)

    # --- fetched ----------------------------------------------------------------------------------

    async def fetched(self, url: str, budget: Budget) -> Admitted[Document] | Refusal:
        """Read an object at its own address.

        Raises: PeerGone, PeerUnavailable, PeerRefused from the fetch.
        """
        raw = await self.raw(url, budget)
        if isinstance(raw, Refusal):
            return raw
        document = parse_object(raw)
        if isinstance(document, Refusal):
            return document
        host = host_of(_uri(document))
        assert host is not None  # `raw` compared the id with an address
        author = _author(document)
        if author is not None and host_of(author) != host:
            return Refusal(RefusalReason.WRONG_OWNER, f"{_uri(document)} is attributed to {author}")
        if isinstance(document, ProposalDocument) and not _has_own_intent(document):
            return Refusal(
                RefusalReason.WRONG_ID, f"the intent {document.intent_uri} is not a part of the proposal"
            )
        return Admitted(document, host, "fetched")

    async def actor(self, url: str, budget: Budget) -> Admitted[ActorDocument] | Refusal:
        """Read an actor at its own address.

        Raises: PeerGone, PeerUnavailable, PeerRefused.
        """
        admitted = await self.fetched(url, budget)
        if isinstance(admitted, Refusal):
            return admitted
        if not isinstance(admitted.document, ActorDocument):
            return Refusal(RefusalReason.BAD_SHAPE, f"{url} is not an actor")
        return narrowed(admitted, admitted.document)

    async def collection(self, url: str, budget: Budget) -> CollectionDocument | Refusal:
        """Read a collection or page; only the ids in it count, each to be read at its own address.

        Raises: PeerGone, PeerUnavailable, PeerRefused.
        """
        refusal = self.refuse_host(url)
        if refusal is not None:
            return refusal
        if not budget.take():
            return Refusal(RefusalReason.FETCH_BUDGET, url)
        return _collection(url, await self._fetcher.get(url))

    async def listing(
        self, url: str, budget: Budget, *, etag: str | None = None
    ) -> Listing | Refusal | None:
        """Read one page of a list of proposals, with the whole ones in it; None if it is as at `etag`.

        A whole one counts as read at its own address if it, its author and the list are of the very same
        host: that server could answer anything there, too. Of any other only the id counts.

        Raises: PeerGone, PeerUnavailable, PeerRefused.
        """
        refusal = self.refuse_host(url)
        if refusal is not None:
            return refusal
        if not budget.take():
            return Refusal(RefusalReason.FETCH_BUDGET, url)
        response = await self._fetcher.get(url, etag=etag)
        if response.status == NOT_MODIFIED:
            return None
        # A long page takes tens of milliseconds, in which others want answers.
        return await asyncio.to_thread(self._listing, url, response)

    def _listing(self, url: str, response: Response) -> Listing | Refusal:
        found = _collection(url, response, max_keys=MAX_LIST_KEYS)
        host = host_of(url)
        if isinstance(found, Refusal) or host is None:
            return found if isinstance(found, Refusal) else Refusal(RefusalReason.FOREIGN_ID, url)
        proposals: list[Admitted[ProposalDocument]] = []
        for item in found.raw_items:
            admitted = self._at_home(item, host)
            if not isinstance(admitted, Refusal) and isinstance(admitted.document, ProposalDocument):
                proposals.append(narrowed(admitted, admitted.document))
        authors: dict[str, Admitted[ActorDocument]] = {}
        for item in found.raw_authors:
            admitted = self._at_home(item, host)
            if not isinstance(admitted, Refusal) and isinstance(admitted.document, ActorDocument):
                authors[admitted.document.uri] = narrowed(admitted, admitted.document)
        return Listing(found, tuple(proposals), authors, response.headers.get("etag"))

    def _at_home(self, raw: Any, host: str) -> Admitted[Document] | Refusal:
        """Admit what a server serves of its own."""
        document = parse_object(raw)
        if isinstance(document, Refusal):
            return document
        author = _author(document)
        if host_of(_uri(document)) != host or (author is not None and host_of(author) != host):
            return Refusal(RefusalReason.FOREIGN_ID, f"{_uri(document)} is not of {host}")
        if isinstance(document, ProposalDocument) and not _has_own_intent(document):
            return Refusal(RefusalReason.WRONG_ID, f"the intent {document.intent_uri} is not a part of it")
        return Admitted(document, host, "fetched")

    async def needs(self, instance_uri: str, budget: Budget) -> Admitted[NeedsDocument] | Refusal:
        """Read the counts of a server, which only its own instance actor can say.

        Raises: PeerGone, PeerUnavailable, PeerRefused.
        """
        url = needs_uri(instance_uri)
        raw = await self.raw(url, budget)
        document = raw if isinstance(raw, Refusal) else parse_needs(raw)
        if isinstance(document, Refusal):
            return document
        if document.uri != url or document.attributed_to_uri != instance_uri:
            return Refusal(RefusalReason.WRONG_OWNER, f"{url} is not by {instance_uri}")
        return Admitted(document, host_of(url) or "", "fetched")

    async def cohorts(
        self, url: str, group_uri: str, budget: Budget
    ) -> Admitted[tuple[CohortDocument, ...]] | Refusal:
        """Read the cohorts of a consortium, which only its own server can list.

        Raises: PeerGone, PeerUnavailable, PeerRefused.
        """
        host = host_of(group_uri)
        if host is None or host_of(url) != host:
            return Refusal(RefusalReason.FOREIGN_ID, f"{url} is not at the server of {group_uri}")
        page = await self.collection(url, budget)
        if isinstance(page, Refusal):
            return page
        return Admitted(tuple(parse_cohorts(page.raw_items, group_uri)), host, "fetched")

    async def key_owner(self, key_id: str, budget: Budget) -> Admitted[ActorDocument] | Refusal:
        """Read the actor that a key id belongs to; the actor itself must list that key id (FEP-fe34).

        Raises: PeerGone, PeerUnavailable, PeerRefused.
        """
        refusal = self.refuse_host(key_id)
        if refusal is not None:
            return refusal
        url = key_id.partition("#")[0]
        raw = await self._read(url, budget)
        if isinstance(raw, Refusal):
            return raw
        owner_uri = next((key.owner_uri for key in parse_keys(raw) if key.key_id == key_id), None) or uri_of(
            raw.get("id")
        )
        if owner_uri is None or host_of(owner_uri) != host_of(key_id):
            return Refusal(RefusalReason.UNUSABLE_KEY, f"{key_id} names no owner on its host")
        document = parse_object(raw)
        if isinstance(document, ActorDocument) and document.uri == url == owner_uri:
            admitted: Admitted[ActorDocument] | Refusal = Admitted(document, host_of(url) or "", "fetched")
        else:  # a bare key, a stub (GoToSocial), or another spelling of the actor's address (BookWyrm)
            admitted = await self.actor(owner_uri, budget)
        if isinstance(admitted, Refusal):
            return admitted
        owner = admitted.document
        if not any(key.key_id == key_id and key.owner_uri == owner.uri for key in owner.public_keys):
            return Refusal(RefusalReason.UNUSABLE_KEY, f"{admitted.document.uri} does not list {key_id}")
        return admitted

    async def raw(self, url: str, budget: Budget) -> dict[str, Any] | Refusal:
        """Read a document whose id must be the address asked for; one other on the same host is tried.

        Raises: PeerGone, PeerUnavailable, PeerRefused.
        """
        url = url.partition("#")[0]
        for _ in range(2):  # One refetch of the id it gives itself, on the same host only
            refusal = self.refuse_host(url)
            if refusal is not None:
                return refusal
            raw = await self._read(url, budget)
            if isinstance(raw, Refusal):
                return raw
            uri = uri_of(raw.get("id"))
            if uri == url:
                return raw
            if uri is None or host_of(uri) != host_of(url):
                return Refusal(RefusalReason.WRONG_ID, f"{url} calls itself {str(uri)[:200]}")
            url = uri.partition("#")[0]
        return Refusal(RefusalReason.WRONG_ID, f"{url} has yet another id")

    async def _read(self, url: str, budget: Budget) -> dict[str, Any] | Refusal:
        if not budget.take():
            return Refusal(RefusalReason.FETCH_BUDGET, url)
        response = await self._fetcher.get(url)
        if host_of(response.url) != host_of(url):
            return Refusal(RefusalReason.WRONG_ID, f"{url} led to {response.url}")
        return parse_json(response.body)


def _collection(
    url: str, response: Response, *, max_keys: int = MAX_KEYS
) -> CollectionDocument | Refusal:
    """Read a collection that speaks for its own host only, and leads nowhere else."""
    raw = parse_json(response.body, max_keys=max_keys)
    found = raw if isinstance(raw, Refusal) else parse_collection(raw)
    if isinstance(found, Refusal):
        return found
    here = host_of(url)
    if host_of(response.url) != here or (found.uri is not None and host_of(found.uri) != here):
        return Refusal(RefusalReason.WRONG_ID, f"{url} calls itself {found.uri}, at {response.url}")

    def at_home(address: str | None) -> str | None:
        return address if address is not None and host_of(address) == here else None

    return dataclasses.replace(
        found,
        first_url=at_home(found.first_url),
        next_url=at_home(found.next_url),
        documents_url=at_home(found.documents_url),
    )


def _uri(document: Document) -> str:
    return document.note.uri if isinstance(document, ProposalDocument) else document.uri


def _author(document: Document) -> str | None:
    match document:
        case ProposalDocument():
            return document.note.author_uri
        case NoteDocument():
            return document.author_uri
        case _:
            return None


def _has_own_intent(document: ProposalDocument) -> bool:
    """Tell whether the intent is a fragment of the proposal or has no id (FEP-fe34, embedding)."""
    return document.intent_uri is None or document.intent_uri.partition("#")[0] == document.note.uri
