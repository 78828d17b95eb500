"""Makes accepted activities ready for applying: parse, admit, fetch what is missing, in no transaction."""

import asyncio
from collections.abc import Mapping, Sequence

from libline_fed.activitypub.objects import ActorDocument, Admitted, NoteDocument, ProposalDocument
from libline_fed.activitypub.parse import parse_activity
from libline_fed.activitypub.urls import host_of
from libline_fed.activitypub.wire import parse_json
from libline_fed.domain.actors import Actor
from libline_fed.domain.follows import FollowState
from libline_fed.domain.inbox_activities import InboxActivity, InboxState
from libline_fed.errors import NotFound, PeerGone, PeerRefused, PeerUnavailable, Refusal, RefusalReason
from libline_fed.federation.admit import Admitter, Budget, Document
from libline_fed.federation.inbox_agreements import is_about_agreement
from libline_fed.federation.inbox_announces import AnnounceReader
from libline_fed.federation.inbox_consortia import is_about_members
from libline_fed.federation.inbox_work import Ready, Result, ignored, refused
from libline_fed.federation.keys import RemoteKeys
from libline_fed.federation.resolve import Resolver
from libline_fed.services.site import Site
from libline_fed.storage import actors, follows
from libline_fed.storage.circles import INSTANCE_TYPE
from libline_fed.storage.store import Store, Tx

FETCHES_AT_ONCE = 8


class Preparer:
    """Makes a batch ready."""

    def __init__(
        self, store: Store, site: Site, *, admitter: Admitter, resolver: Resolver, remote_keys: RemoteKeys
    ) -> None:
        self._store = store
        self._site = site
        self._admitter = admitter
        self._resolver = resolver
        self._keys = remote_keys
        self._announces = AnnounceReader(
            store, site.uris, admitter=admitter, resolver=resolver, remote_keys=remote_keys
        )
        self._places = asyncio.Semaphore(FETCHES_AT_ONCE)

    async def prepare(self, rows: Sequence[InboxActivity]) -> list[Ready]:
        """Return the activities of a batch in their order, each ready or with its result settled."""
        prepared = [self._read(row) for row in rows]
        uris = {ready.activity.actor_uri for ready in prepared if isinstance(ready, Ready)}

        async def unit(tx: Tx) -> tuple[dict[str, Actor], dict[str, list[str]]]:
            known = await actors.by_uris(tx, uris)
            return known, await follows.local_followers_of(tx, [actor.id for actor in known.values()])

        known, followers = await self._store.read(unit)
        waiting = [
            self._complete(ready, known.get(ready.activity.actor_uri), followers)
            for ready in prepared
            if ready.result is None and not self._is_complete(ready, known)
        ]
        await asyncio.gather(*waiting)
        return prepared

    def _read(self, row: InboxActivity) -> Ready:
        document = parse_json(row.body or b"")
        activity = document if isinstance(document, Refusal) else parse_activity(document)
        if isinstance(activity, Refusal):  # it was readable when it came: the code has changed since
            empty = parse_activity(
                {"id": row.activity_uri, "type": row.type, "actor": row.actor_uri, "object": row.actor_uri}
            )
            assert not isinstance(empty, Refusal)
            return Ready(row, empty, result=refused(activity.reason, activity.detail))
        ready = Ready(row, activity)
        if is_about_agreement(activity):
            return ready
        if activity.type in {"Create", "Update"} and activity.raw_object is not None:
            admitted = self._admitter.received(row, activity.raw_object)
            if not isinstance(admitted, Refusal):
                ready.document = admitted
            elif admitted.reason is not RefusalReason.FOREIGN_ID:
                ready.result = _no(admitted)
        return ready

    def _is_complete(self, ready: Ready, known: Mapping[str, Actor]) -> bool:
        """Tell whether nothing needs to be fetched: the common case, decided without any I/O."""
        if ready.activity.actor_uri not in known:
            return False
        if is_about_agreement(ready.activity):
            return True
        document = ready.document.document if ready.document is not None else None
        match ready.activity.type:
            case "Create":
                return document is not None
            case "Update":
                return isinstance(document, NoteDocument | ProposalDocument)
            case "Announce" | "Accept" | "Move" | "Add" | "Join":
                return False
            case "Follow":
                return ready.activity.object_uri != self._site.uris.instance_actor
            case _:
                return True

    async def _complete(self, ready: Ready, actor: Actor | None, followers: Mapping[str, list[str]]) -> None:
        """Fetch what an activity needs; a server that does not answer puts the activity off."""
        budget = Budget()
        try:
            async with self._places:
                if actor is None:
                    if ready.activity.type == "Delete":
                        return
                    found = await self._resolver.actor(ready.activity.actor_uri, budget)
                    if isinstance(found, Refusal):
                        ready.result = _no(found)
                        return
                    actor = found
                await self._fetch_more(ready, actor, budget, is_followed=bool(followers.get(actor.id)))
        except PeerUnavailable as error:
            ready.result = Result(InboxState.PENDING, RefusalReason.UNAVAILABLE, error.detail)
        except PeerGone as error:
            ready.result = ignored(RefusalReason.UNKNOWN_OBJECT, error.detail)
        except PeerRefused as error:
            ready.result = refused(RefusalReason.UNAVAILABLE, error.detail)
        except NotFound as error:  # it is served there, and is gone or suspended here
            ready.result = refused(RefusalReason.ACTOR_SUSPENDED, error.detail)

    async def _fetch_more(self, ready: Ready, actor: Actor, budget: Budget, *, is_followed: bool) -> None:
        if is_about_agreement(ready.activity):
            return
        match ready.activity.type:
            case "Create" | "Update":
                await self._fetch_object(ready, actor, budget, is_followed=is_followed)
            case "Announce":
                await self._announces.read(ready, actor, budget)
            case "Follow" | "Join" if self._is_asked_by_server(ready):
                ready.target = await self._instance_of(actor)
            case "Accept" if actor.type not in ("Application", "Group"):  # their lists are read by crawls
                if await self._is_yes_to_us(ready, actor):
                    ready.backfill = await self._resolver.open_proposals(actor, budget)
            case "Move" if ready.activity.target_uri is not None and (is_followed or self._is_to_us(ready)):
                target = await self._resolver.actor(ready.activity.target_uri, budget, is_refresh=True)
                ready.target = None if isinstance(target, Refusal) else target
            case "Add" if is_followed:
                await self._fetch_added(ready, actor, budget)

    def _is_asked_by_server(self, ready: Ready) -> bool:
        """Tell whether somebody asks for what only a server can have: a link, a place in a consortium."""
        uri = ready.activity.object_uri or ""
        uris = self._site.uris
        return uri == uris.instance_actor or (ready.activity.type == "Join" and uris.is_local(uri))

    async def _instance_of(self, actor: Actor) -> Actor | None:
        """Return the actor that stands for the server of this one; only a server can ask for a link."""
        if actor.type != INSTANCE_TYPE:
            return None
        try:
            return await self._resolver.find_instance(actor.host)
        except NotFound:
            return None

    async def _fetch_added(self, ready: Ready, actor: Actor, budget: Budget) -> None:
        """Fetch what somebody pins, or the server that a consortium takes in: it says what stands for it."""
        if not is_about_members(ready.activity, actor):
            if ready.activity.target_uri == actor.featured_url:
                await self._fetch_document(ready, budget)
            return
        uri = ready.activity.object_uri
        if uri is None or self._site.uris.is_local(uri):
            return
        refusal = self._admitter.refuse_host(uri)
        if refusal is not None and refusal.reason is RefusalReason.HOST_NOT_ALLOWED:
            return  # it may be one that a trusted consortium lets in
        try:
            ready.target = await self._resolver.find_instance(host_of(uri) or "")
        except NotFound as error:
            ready.result = refused(RefusalReason.WRONG_ACTOR, error.detail)

    def _is_to_us(self, ready: Ready) -> bool:
        return any(self._site.uris.is_local(uri) for uri in (*ready.activity.to, *ready.activity.cc))

    async def _fetch_object(self, ready: Ready, actor: Actor, budget: Budget, *, is_followed: bool) -> None:
        document = ready.document.document if ready.document is not None else None
        if isinstance(document, ActorDocument):
            await self._refresh(ready, actor, budget)
            return
        if document is not None:
            return
        if host_of(ready.activity.object_uri) != actor.host:  # cannot be the actor's: nothing to ask for
            ready.result = refused(RefusalReason.FOREIGN_ID, ready.activity.object_uri or "no object")
            return
        if not is_followed and not self._is_to_us(ready):
            ready.result = ignored(RefusalReason.NOT_FOR_US, "nobody here follows the author or is addressed")
            return
        await self._fetch_document(ready, budget)
        admitted = ready.document
        if admitted is not None and _author_of(admitted) != actor.uri:
            ready.document = None
            ready.result = refused(RefusalReason.WRONG_OWNER, ready.activity.object_uri or "")

    async def _refresh(self, ready: Ready, actor: Actor, budget: Budget) -> None:
        """Read a changed actor anew from its own address: only there does a new key count."""
        try:
            found = await self._resolver.actor(actor.uri, budget, is_refresh=True)
        except (PeerUnavailable, PeerRefused):
            return  # the handler takes what was signed, without its keys
        self._keys.forget(actor.uri)
        ready.is_refreshed = not isinstance(found, Refusal)

    async def _fetch_document(self, ready: Ready, budget: Budget) -> None:
        uri = ready.activity.object_uri
        if uri is None or self._site.uris.is_local(uri) or host_of(uri) is None:
            ready.result = refused(RefusalReason.FOREIGN_ID, uri or "no object")
            return
        admitted = await self._resolver.object(uri, budget)
        if isinstance(admitted, Refusal):
            ready.result = _no(admitted)
        else:
            ready.document = admitted

    async def _is_yes_to_us(self, ready: Ready, actor: Actor) -> bool:
        async def unit(tx: Tx) -> bool:
            uri = ready.activity.object_uri
            known = await follows.by_uri(tx, uri) if uri is not None else None
            return known is not None and known.followed_id == actor.id and known.state == FollowState.PENDING

        return await self._store.read(unit)


def _author_of(admitted: Admitted[Document]) -> str | None:
    match admitted.document:
        case ProposalDocument() as proposal:
            return proposal.note.author_uri
        case NoteDocument() as note:
            return note.author_uri
        case _:
            return None


def _no(refusal: Refusal) -> Result:
    return refused(refusal.reason, refusal.detail)
