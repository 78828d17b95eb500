"""What other servers may fetch: actors, their collections, public proposals and public activities.

No signature is asked for or looked at (two servers that ask each other for one can lock each other out), so
nothing is served that is not for everybody; what is for some stands in `network_documents` and
`agreement_documents`. A proposal for this instance only, a private activity and an id
that never was get the same 404, byte for byte.
"""

from collections.abc import Callable
from typing import Any

from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from libline_fed import vocabulary
from libline_fed.activitypub.build import build_tombstone
from libline_fed.activitypub.collections import PAGE_ITEMS, build_collection, build_list, build_page
from libline_fed.activitypub.contexts import PROPOSAL_CONTEXT
from libline_fed.activitypub.urls import is_username
from libline_fed.activitypub.wire import dump_json, parse_json
from libline_fed.domain.actors import Actor
from libline_fed.domain.peers import Policies, Verdict
from libline_fed.domain.proposals import Proposal
from libline_fed.errors import NotFound, Refusal
from libline_fed.federation.answers import (
    KEPT_S,
    Answer,
    AnswerCache,
    Asked,
    Gone,
    Load,
    Printer,
    Resource,
    accept_of,
    gone_actor,
)
from libline_fed.federation.negotiation import wants_activity
from libline_fed.ids import is_id
from libline_fed.services import documents, thanks
from libline_fed.services.site import Site
from libline_fed.storage import actors, follows, tombstones
from libline_fed.storage import public_collections as public
from libline_fed.storage.public_collections import SaidActivity
from libline_fed.storage.store import Store, Tx

PROPOSALS_PAGE_ITEMS = 50
PAGING = ("page", "before")
COLLECTIONS = ("outbox", "followers", "following", "featured", "proposals", "tags")
INSTANCE_COLLECTIONS = ("outbox", "followers", "following", "proposals")


class NegotiatedRoute(Route):
    """A route for those who ask for ActivityPub; for others it is not there, and a page may follow."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match as any route, but only GET and HEAD of those who want the document."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            return Match.NONE, {}
        match, child_scope = super().matches(scope)
        if match is not Match.FULL or not wants_activity(accept_of(scope)):
            return Match.NONE, {}
        return match, child_scope


class Documents:
    """The documents of one instance."""

    def __init__(
        self,
        store: Store,
        site: Site,
        cache: AnswerCache,
        printer: Printer,
        policies: Callable[[], Policies],
    ) -> None:
        self._store = store
        self._site = site
        self._uris = site.uris
        self._cache = cache
        self._printer = printer
        self._policies = policies
        self._of_actor: dict[str, Load] = {
            "outbox": self._outbox,
            "followers": self._followers,
            "following": self._following,
            "featured": self._featured,
            "proposals": self._proposals,
            "tags": self._tags,
        }

    def routes(self) -> list[BaseRoute]:
        """List the routes, the most wanted first."""
        return [
            self._negotiated("/actors/{id}", self._actor),
            self._always("/actor", self._actor),
            self._negotiated("/@{handle}", self._actor),
            self._negotiated("/proposals/{id}", self._proposal),
            self._always("/activities/{id}", self._activity),
            *(self._collection("/actors/{id}", name) for name in COLLECTIONS),
            *(self._collection("/actor", name) for name in INSTANCE_COLLECTIONS),
            self._always("/proposals/{id}/replies", self._replies),
            self._negotiated("/contexts/{id}", self._context),
            self._negotiated("/thanks/{id}", self._thanks),
        ]

    def proposal_app(self) -> ASGIApp:
        """Return what answers for one proposal, for a route that takes some of these requests first."""
        return self._resource(self._proposal, is_negotiated=True)

    def instance_list_app(self) -> ASGIApp:
        """Return what answers for the instance's list of proposals, for a route that goes before."""
        return self._resource(self._proposals, parameters=PAGING)

    def _always(self, path: str, load: Load) -> Route:
        return Route(path, self._resource(load), methods=["GET"])

    def _negotiated(self, path: str, load: Load) -> Route:
        return NegotiatedRoute(path, self._resource(load, is_negotiated=True), methods=["GET"])

    def _collection(self, path: str, name: str) -> Route:
        parameters = PAGING if name in {"outbox", "proposals"} else ()
        resource = self._resource(self._of_actor[name], parameters=parameters)
        return Route(f"{path}/{name}", resource, methods=["GET"])

    def _resource(self, load: Load, **how: Any) -> "Callable[[Scope, Receive, Send], Any]":
        return Resource(self._store, self._cache, self._printer, load, **how)

    # --- actors ---------------------------------------------------------------------------------

    async def _actor(self, tx: Tx, asked: Asked) -> Answer:
        actor = await self._find_actor(tx, asked)
        return self._printer.make(await documents.actor_document(tx, self._site, actor))

    async def _find_actor(self, tx: Tx, asked: Asked) -> Actor:
        """Return the local actor whom the path names.

        Raises: NotFound if there is none, or none that may be shown; Gone if it was deleted.
        """
        if "id" in asked:
            actor = await actors.by_id(tx, asked["id"]) if is_id(asked["id"]) else None
        elif "handle" in asked:
            handle = asked["handle"]
            actor = await actors.local_by_handle(tx, handle) if is_username(handle) else None
        else:
            actor = await actors.by_uri(tx, self._uris.instance_actor)
        if actor is None or not actor.is_local:
            raise NotFound("no such actor here")
        if actor.gone_at is not None:
            raise gone_actor(actor)
        if actor.suspended_at is not None:
            raise NotFound(f"{actor.uri} is suspended")
        return actor

    def _is_instance(self, actor: Actor) -> bool:
        return actor.uri == self._uris.instance_actor

    async def _followers(self, tx: Tx, asked: Asked) -> Answer:
        """Tell how many follow; who does is for the two people only."""
        return await self._count_of_follows(tx, asked, "followers")

    async def _following(self, tx: Tx, asked: Asked) -> Answer:
        return await self._count_of_follows(tx, asked, "following")

    async def _count_of_follows(self, tx: Tx, asked: Asked, name: str) -> Answer:
        actor = await self._find_actor(tx, asked)
        followers_count, following_count = await follows.count(tx, actor.id)
        total_count = followers_count if name == "followers" else following_count
        uri = self._uris.collection(actor.uri, name)
        return self._printer.make(build_collection(uri, total_count=total_count, attributed_to=actor.uri))

    async def _featured(self, tx: Tx, asked: Asked) -> Answer:
        """List every open public proposal on one page: all that Mastodon reads of a new acquaintance."""
        actor = await self._find_actor(tx, asked)
        uri = self._uris.collection(actor.uri, "featured")
        return self._printer.make(
            build_list(uri, await public.featured(tx, actor.id), attributed_to=actor.uri)
        )

    async def _tags(self, tx: Tx, asked: Asked) -> Answer:
        actor = await self._find_actor(tx, asked)
        names = [vocabulary.hashtag_of(area) for area in await public.areas(tx, actor.id)]
        tags = [
            {"type": "Hashtag", "name": f"#{name}", "href": self._uris.tag(name)}
            for name in dict.fromkeys(names)
            if name
        ]
        uri = self._uris.collection(actor.uri, "tags")
        document = build_collection(uri, total_count=len(tags), is_ordered=False, attributed_to=actor.uri)
        document["@context"] = [document["@context"], {"Hashtag": "as:Hashtag"}]
        return self._printer.make({**document, "items": tags})

    # --- pages ----------------------------------------------------------------------------------

    async def _proposals(self, tx: Tx, asked: Asked) -> Answer:
        """List the ids of open public proposals: an actor's, or the whole instance's at its own actor."""
        actor = await self._find_actor(tx, asked)
        author_id = None if self._is_instance(actor) else actor.id
        uri = self._uris.collection(actor.uri, "proposals")
        total_count = await public.count_open_proposals(tx, author_id)
        # Linked servers are shown more of the instance's at the same address: see `network_lists`.
        kept_s = 0.0 if author_id is None else KEPT_S
        if not _wants_page(asked):
            return self._head(uri, total_count, actor, kept_s=kept_s)
        found = await public.open_proposals(
            tx, author_id, before_id=_before(asked), limit=PROPOSALS_PAGE_ITEMS + 1
        )
        listed, has_more = found[:PROPOSALS_PAGE_ITEMS], len(found) > PROPOSALS_PAGE_ITEMS
        next_id = listed[-1][0] if has_more else None
        items = [item_uri for _, item_uri in listed]
        return self._page(uri, asked, items, next_id=next_id, total_count=total_count, kept_s=kept_s)

    async def _outbox(self, tx: Tx, asked: Asked) -> Answer:
        actor = await self._find_actor(tx, asked)
        uri = self._uris.collection(actor.uri, "outbox")
        if not _wants_page(asked):
            return self._head(uri, await public.count_outbox(tx, actor.id), actor)
        found = await public.outbox(tx, actor.id, before_id=_before(asked), limit=PAGE_ITEMS + 1)
        listed, has_more = found[:PAGE_ITEMS], len(found) > PAGE_ITEMS
        next_id = listed[-1].id if has_more else None
        return self._page(uri, asked, [_as_of_now(said) for said in listed], next_id=next_id)

    def _head(self, uri: str, total_count: int, actor: Actor, *, kept_s: float = KEPT_S) -> Answer:
        document = build_collection(
            uri, total_count=total_count, first_url=f"{uri}?page=1", attributed_to=actor.uri
        )
        return self._printer.make(document, kept_s=kept_s)

    def _page(
        self,
        uri: str,
        asked: Asked,
        items: list[Any],
        *,
        next_id: str | None,
        total_count: int | None = None,
        kept_s: float = KEPT_S,
    ) -> Answer:
        """Make a page; the next one begins after its last id, so that additions make nothing come twice."""
        before_id = _before(asked)
        document = build_page(
            f"{uri}?page=1" if before_id is None else f"{uri}?before={before_id}",
            part_of_uri=uri,
            items=items,
            next_url=None if next_id is None else f"{uri}?before={next_id}",
            total_count=total_count,
            context=list(PROPOSAL_CONTEXT),
        )
        return self._printer.make(document, kept_s=kept_s)

    # --- proposals and activities ---------------------------------------------------------------

    async def _proposal(self, tx: Tx, asked: Asked) -> Answer:
        proposal, author = await self._find_proposal(tx, asked)
        return self._printer.make(await documents.proposal_document(tx, self._site, proposal, author))

    async def _find_proposal(self, tx: Tx, asked: Asked) -> tuple[Proposal, Actor]:
        """Return the public proposal that the path names.

        Raises: NotFound if there is none that is public; Gone if it was deleted.
        """
        proposal_id = asked["id"]
        if not is_id(proposal_id):
            raise NotFound("not an id")
        found = await public.proposal(tx, proposal_id)
        if found is not None:
            return found
        uri = self._uris.proposal(proposal_id)
        deleted = await tombstones.get(tx, uri)
        if deleted is None or deleted.former_type is None:  # without a type: it was never public
            raise NotFound("no such public proposal")
        tombstone = build_tombstone(uri, former_type=deleted.former_type, deleted_at=deleted.deleted_at)
        raise Gone(f"{uri} was deleted", tombstone)

    async def _replies(self, tx: Tx, asked: Asked) -> Answer:
        proposal, _ = await self._find_proposal(tx, asked)
        listed = self._shown(await public.replies(tx, [proposal.uri]))
        return self._printer.make(build_list(self._uris.replies(proposal.id), listed))

    async def _context(self, tx: Tx, asked: Asked) -> Answer:
        """List the conversation: the proposal, then the public replies in the order of time (FEP-f228)."""
        proposal, author = await self._find_proposal(tx, asked)
        listed = self._shown(await public.replies(tx, [proposal.uri], levels_count=public.REPLY_LEVELS))
        uri = self._uris.context(proposal.id)
        return self._printer.make(build_list(uri, [proposal.uri, *listed], attributed_to=author.uri))

    async def _thanks(self, tx: Tx, asked: Asked) -> Answer:
        """Return public thanks, or what is left of them."""
        try:
            found = await thanks.public(tx, self._site, asked["id"])
        except NotFound:
            uri = self._uris.thanks(asked["id"])
            deleted = await tombstones.get(tx, uri) if is_id(asked["id"]) else None
            if deleted is None:
                raise
            tombstone = build_tombstone(uri, former_type="Note", deleted_at=deleted.deleted_at)
            raise Gone(f"{uri} was deleted", tombstone) from None
        return self._printer.make(thanks.document(self._site, found))

    def _shown(self, replies: list[tuple[str, str]]) -> list[str]:
        """Leave out what comes from servers that are blocked or silenced here."""
        policies = self._policies()
        return [uri for uri, host in replies if policies.verdict(host) is Verdict.ALLOWED]

    async def _activity(self, tx: Tx, asked: Asked) -> Answer:
        said = await public.activity(tx, asked["id"]) if is_id(asked["id"]) else None
        if said is None:
            raise NotFound("no such public activity")
        return self._printer.make(dump_json(_as_of_now(said)) if said.is_outdated else said.body)


def _as_of_now(said: SaidActivity) -> dict[str, Any]:
    """Return an activity; in place of a text that was replaced since stands the id of the present one."""
    document = parse_json(said.body)
    assert not isinstance(document, Refusal)  # our own
    if said.is_outdated and isinstance(document.get("object"), dict):
        document["object"] = said.object_uri
        document.pop("proof", None)  # it was made over the old text
    return document


def _wants_page(asked: Asked) -> bool:
    return "page" in asked or "before" in asked


def _before(asked: Asked) -> str | None:
    """Return the id that the page ends before.

    Raises: NotFound if it is none.
    """
    before_id = asked.get("before")
    if before_id is not None and not is_id(before_id):
        raise NotFound("not an id")
    return before_id
