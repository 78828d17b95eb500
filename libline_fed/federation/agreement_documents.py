"""Agreements as documents: served to signed GETs of the two people whom they bind, and to nobody else.

Everybody else gets what an id that never was gets, byte for byte: unsigned or wrongly signed, signed by
another person, or by the server of one of the two (Mastodon signs most of its GETs with its instance actor).
"""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from libline_fed.activitypub.agreements import build_completion, with_context
from libline_fed.activitypub.urls import host_of
from libline_fed.clock import Clock
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Channel, Mentorship, Side, State
from libline_fed.errors import Refusal
from libline_fed.federation.answers import Answer, Printer, send_answer
from libline_fed.federation.documents import NegotiatedRoute
from libline_fed.federation.signatures import SignedRequest, Verifier, key_id_of
from libline_fed.ids import is_id
from libline_fed.services.mentorship_messages import agreement_document
from libline_fed.services.seats import people
from libline_fed.services.site import Site
from libline_fed.storage import mentorships
from libline_fed.storage.store import Store, Tx

NEVER_SERVED = ("/threads/{id}", "/messages/{id}")  # private conversations are pushed, never fetched


class AgreementDocuments:
    """The agreements of one instance."""

    def __init__(self, store: Store, site: Site, printer: Printer, verifier: Verifier, clock: Clock) -> None:
        self._store = store
        self._site = site
        self._printer = printer
        self._verifier = verifier
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """List the routes."""
        return [
            Route("/agreements/{id}", self._resource(self._agreement_of), methods=["GET"]),
            Route("/agreements/{id}/completion", self._resource(self._completion_of), methods=["GET"]),
            *(NegotiatedRoute(path, self._resource(_nothing), methods=["GET"]) for path in NEVER_SERVED),
        ]

    def _resource(self, make: "Make") -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        async def resource(scope: Scope, receive: Receive, send: Send) -> None:
            del receive
            await send_answer(await self._answer(scope, make), scope, send)

        return _Asgi(resource)

    async def _answer(self, scope: Scope, make: "Make") -> Answer:
        """Return the document for whoever signed, or the one answer for everybody else."""
        found = await self._find(scope["path_params"]["id"])
        if found is None:
            return self._printer.not_found
        mentorship, pair = found
        reader = await self._reader(scope, pair)
        document = make(mentorship, pair, reader) if reader is not None else None
        if document is None:
            return self._printer.not_found
        return self._printer.make(document, max_age_s=0, kept_s=0)

    async def _find(self, mentorship_id: str) -> tuple[Mentorship, dict[Side, Actor]] | None:
        if not is_id(mentorship_id):
            return None
        uri = self._site.uris.agreement(mentorship_id)

        async def unit(tx: Tx) -> tuple[Mentorship, dict[Side, Actor]] | None:
            found = await mentorships.by_id(tx, mentorship_id)
            if found is None or found.agreement_uri != uri or found.channel == Channel.LOCAL:
                return None
            return found, await people(tx, found)

        return await self._store.read(unit)

    async def _reader(self, scope: Scope, pair: dict[Side, Actor]) -> Actor | None:
        """Return who of the pair has signed the request, if one has."""
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        request = SignedRequest(scope["method"], target.decode("latin-1"), scope["headers"], b"")
        key_host = host_of(key_id_of(request))
        remote = [actor for actor in pair.values() if not actor.is_local and actor.is_usable]
        if key_host is None or all(actor.host != key_host for actor in remote):
            return None  # nobody can make us ask a server that has no part in this
        sender = await self._verifier.verify(request, now=self._clock.now())
        if isinstance(sender, Refusal):
            return None
        return next((actor for actor in remote if actor.uri == sender.actor_uri), None)

    def _agreement_of(self, mentorship: Mentorship, pair: dict[Side, Actor], reader: Actor) -> dict[str, Any]:
        """Return the agreement as our member's server says it to the partner."""
        me = next(actor for actor in pair.values() if actor.id != reader.id)
        return agreement_document(mentorship, me=me, partner=reader)

    def _completion_of(
        self, mentorship: Mentorship, pair: dict[Side, Actor], reader: Actor
    ) -> dict[str, Any] | None:
        if mentorship.state != State.COMPLETED or mentorship.ended_at is None:
            return None
        me = next(actor for actor in pair.values() if actor.id != reader.id)
        return with_context(
            build_completion(
                agreement_uri=self._site.uris.agreement(mentorship.id),
                actor_uri=me.uri,
                partner_uri=reader.uri,
                title="Mentorship completed",
                at=mentorship.ended_at,
            )
        )


def _nothing(mentorship: Mentorship, pair: dict[Side, Actor], reader: Actor) -> None:
    """Serve nothing: what is private is pushed."""
    del mentorship, pair, reader


Make = Callable[[Mentorship, dict[Side, Actor], Actor], dict[str, Any] | None]


class _Asgi:
    """Shows Starlette that a function is an application, not one of its endpoints."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        await self._app(scope, receive, send)
