"""Proposals for the network as documents: served to signed GETs of the servers they are for.

Everybody else gets what an id that never was gets, byte for byte: unsigned, wrongly signed, or signed by a
server that this one is not linked with. What is not for the network is answered as ever, signed or not.
"""

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from libline_fed.activitypub.urls import host_of
from libline_fed.clock import Clock
from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Audience, Proposal
from libline_fed.errors import Refusal
from libline_fed.federation.answers import Printer, header_of, send_answer
from libline_fed.federation.documents import NegotiatedRoute
from libline_fed.federation.signatures import SignedRequest, Verifier, key_id_of
from libline_fed.ids import is_id
from libline_fed.services import documents
from libline_fed.services.site import Site
from libline_fed.storage import actors, circles, proposals
from libline_fed.storage.store import Store, Tx

Found = tuple[Proposal, Actor, set[str]]  # with its author, and the hosts it is for


class NetworkSigners:
    """Knows which servers are in the circle of this one, and whether a request is signed by one of them."""

    def __init__(self, site: Site, verifier: Verifier, clock: Clock) -> None:
        self._site = site
        self._verifier = verifier
        self._clock = clock

    async def hosts(self, tx: Tx) -> set[str]:
        """Return the hosts of the servers in the circle."""
        return {actor.host for actor in await circles.linked(tx, self._site.uris.instance_actor)}

    async def is_signed_by(self, scope: Scope, hosts: set[str]) -> bool:
        """Tell whether a request is signed by somebody of one of these servers."""
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        request = SignedRequest(scope["method"], target.decode("latin-1"), scope["headers"], b"")
        if host_of(key_id_of(request)) not in hosts:
            return False  # nobody can make us ask a server that has no part in this
        sender = await self._verifier.verify(request, now=self._clock.now())
        return not isinstance(sender, Refusal) and sender.host in hosts


class SignedRoute(NegotiatedRoute):
    """A route for those who ask for ActivityPub and say who they are; for others it is not there."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match as a negotiated route, but only what is signed."""
        if scope["type"] != "http" or not header_of(scope, b"signature"):
            return Match.NONE, {}
        return super().matches(scope)


class NetworkDocuments:
    """The proposals of one instance that are for its network. `otherwise` answers for all others."""

    def __init__(
        self,
        store: Store,
        site: Site,
        printer: Printer,
        signers: NetworkSigners,
        *,
        otherwise: ASGIApp,
    ) -> None:
        self._store = store
        self._site = site
        self._printer = printer
        self._signers = signers
        self._otherwise = otherwise

    def routes(self) -> list[BaseRoute]:
        """List the routes; they come before those of the public documents."""
        return [SignedRoute("/proposals/{id}", self, methods=["GET"])]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer whoever signed."""
        found = await self._find(scope["path_params"]["id"])
        if found is None:
            await self._otherwise(scope, receive, send)
            return
        proposal, author, hosts = found
        if not await self._signers.is_signed_by(scope, hosts):
            await send_answer(self._printer.not_found, scope, send)
            return
        document = await self._store.read(
            lambda tx: documents.proposal_document(tx, self._site, proposal, author)
        )
        await send_answer(self._printer.make(document, max_age_s=0, kept_s=0), scope, send)

    async def _find(self, proposal_id: str) -> Found | None:
        async def unit(tx: Tx) -> Found | None:
            proposal = await proposals.by_id(tx, proposal_id)
            if proposal is None or not proposal.is_local or proposal.audience != Audience.NETWORK:
                return None
            author = await actors.by_id(tx, proposal.author_id)
            if author is None or not author.is_usable:
                return None
            return proposal, author, await self._signers.hosts(tx)

        return await self._store.read(unit) if is_id(proposal_id) else None
