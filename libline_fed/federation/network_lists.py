"""The open proposals of the whole instance for linked servers: those for the network, too, and whole ones.

A linked server that signs gets, at the address where others get the public ids, the ids of all that it may
have, and beside these pages of whole documents with their authors: ten thousand proposals are then two
hundred requests instead of twenty thousand. Everybody else is answered as ever.
"""

from typing import Any
from urllib.parse import parse_qs

from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from libline_fed.activitypub.collections import build_collection, build_page
from libline_fed.activitypub.contexts import ACTIVITY_STREAMS, LIBLINE, PROPOSAL_CONTEXT
from libline_fed.activitypub.wire import dump_json
from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Proposal
from libline_fed.federation.answers import Printer, send_answer
from libline_fed.federation.network_documents import NetworkSigners, SignedRoute
from libline_fed.ids import is_id
from libline_fed.services import documents
from libline_fed.services.site import Site
from libline_fed.storage import public_collections as public
from libline_fed.storage.store import Store, Tx

PAGE_ITEMS = 50
PAGE_BYTES = 700_000  # of documents: nobody reads more than a megabyte
DOCUMENTS_TERM = {"ll": LIBLINE, "documents": {"@id": "ll:documents", "@type": "@id"}}
AUTHORS_TERM = {"authors": {"@id": "ll:authors", "@container": "@set"}}


class NetworkLists:
    """The lists of one instance for its circle. `otherwise` answers all others."""

    def __init__(
        self, store: Store, site: Site, printer: Printer, signers: NetworkSigners, *, otherwise: ASGIApp
    ) -> None:
        self._store = store
        self._site = site
        self._printer = printer
        self._signers = signers
        self._otherwise = otherwise
        self._uri = site.uris.collection(site.uris.instance_actor, "proposals")

    def routes(self) -> list[BaseRoute]:
        """List the routes; they come before those of the public documents."""
        return [SignedRoute("/actor/proposals", self, methods=["GET"])]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer whoever signed."""
        hosts = await self._store.read(self._signers.hosts)
        if not await self._signers.is_signed_by(scope, hosts):
            await self._otherwise(scope, receive, send)
            return
        asked = _asked(scope)
        before_id = asked.get("before")
        if before_id is not None and not is_id(before_id):
            await send_answer(self._printer.not_found, scope, send)
            return

        async def unit(tx: Tx) -> dict[str, Any] | bytes:
            if "documents" in asked:
                return dump_json(await self._documents(tx, before_id))
            return await (self._ids(tx, before_id) if asked else self._head(tx))

        document = await self._store.read(unit)
        await send_answer(self._printer.make(document, max_age_s=0, kept_s=0), scope, send)

    async def _head(self, tx: Tx) -> dict[str, Any]:
        uri = self._uri
        document = build_collection(
            uri,
            total_count=await public.count_in_circle(tx),
            first_url=f"{uri}?page=1",
            attributed_to=self._site.uris.instance_actor,
        )
        document["@context"] = [ACTIVITY_STREAMS, DOCUMENTS_TERM]
        return {**document, "documents": f"{uri}?documents=1"}

    async def _ids(self, tx: Tx, before_id: str | None) -> dict[str, Any]:
        found = await public.open_in_circle(tx, before_id=before_id, limit=PAGE_ITEMS + 1)
        listed = [proposal for proposal, _ in found[:PAGE_ITEMS]]
        return build_page(
            self._url("page=1", before_id),
            part_of_uri=self._uri,
            items=[proposal.uri for proposal in listed],
            total_count=await public.count_in_circle(tx),
            next_url=self._url("page=1", listed[-1].id) if len(found) > PAGE_ITEMS else None,
        )

    async def _documents(self, tx: Tx, before_id: str | None) -> dict[str, Any]:
        """Make a page of whole proposals: read from their own server, they need no proofs."""
        found = await public.open_in_circle(tx, before_id=before_id, limit=PAGE_ITEMS + 1)
        items: list[dict[str, Any]] = []
        authors: dict[str, dict[str, Any]] = {}
        bytes_count, last_id = 0, before_id
        for proposal, author in found[:PAGE_ITEMS]:
            item = await self._document(tx, proposal, author)
            written = authors.get(author.id) or await documents.actor_document(tx, self._site, author)
            bytes_count += len(dump_json(item)) + (0 if author.id in authors else len(dump_json(written)))
            if items and bytes_count > PAGE_BYTES:
                break
            items.append(item)
            authors[author.id] = written
            last_id = proposal.id
        page = build_page(
            self._url("documents=1", before_id),
            part_of_uri=self._uri,
            items=items,
            total_count=await public.count_in_circle(tx),
            next_url=self._url("documents=1", last_id) if len(items) < len(found) else None,
            context=[*PROPOSAL_CONTEXT, AUTHORS_TERM],
        )
        return {**page, "authors": list(authors.values())}

    async def _document(self, tx: Tx, proposal: Proposal, author: Actor) -> dict[str, Any]:
        document = await documents.proposal_document(tx, self._site, proposal, author)
        return {key: value for key, value in document.items() if key != "proof"}

    def _url(self, what: str, before_id: str | None) -> str:
        if before_id is not None:
            what = f"{what}&before={before_id}".removeprefix("page=1&")
        return f"{self._uri}?{what}"


def _asked(scope: Scope) -> dict[str, str]:
    parsed = parse_qs(scope["query_string"].decode("latin-1")[:500], keep_blank_values=True)
    return {name: parsed[name][0] for name in ("page", "before", "documents") if name in parsed}
