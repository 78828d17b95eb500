"""Counts of needs between servers that share a consortium: served to signed GETs, and read once a day.

Whoever is no co-member gets what an address that never was gets, signed or not.
"""

import structlog
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from libline_fed.activitypub.urls import host_of
from libline_fed.clock import Clock
from libline_fed.domain.actors import Actor
from libline_fed.errors import PermanentError, Refusal, TemporaryError
from libline_fed.federation.admit import Admitter, Budget
from libline_fed.federation.answers import Printer, send_answer
from libline_fed.federation.signatures import SignedRequest, Verifier, key_id_of
from libline_fed.services import need_counts
from libline_fed.services.site import Site
from libline_fed.storage.store import Store

log = structlog.get_logger(__name__)


class NeedDocuments:
    """The counts of this server, for its co-members."""

    def __init__(self, store: Store, site: Site, printer: Printer, verifier: Verifier, clock: Clock) -> None:
        self._store = store
        self._site = site
        self._printer = printer
        self._verifier = verifier
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """List the route."""
        return [Route("/actor/needs", self, methods=["GET"])]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer whoever signed."""
        del receive
        now = self._clock.now()
        readers = await self._store.read(lambda tx: need_counts.readers(tx, self._site))
        if not await self._is_signed_by(scope, readers):
            await send_answer(self._printer.not_found, scope, send)
            return
        document = await self._store.read(lambda tx: need_counts.document(tx, self._site, now=now))
        await send_answer(self._printer.make(document, max_age_s=0, kept_s=0), scope, send)

    async def _is_signed_by(self, scope: Scope, readers: set[str]) -> bool:
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        request = SignedRequest(scope["method"], target.decode("latin-1"), scope["headers"], b"")
        if host_of(key_id_of(request)) not in {host_of(uri) for uri in readers}:
            return False  # nobody can make us ask a server that has no part in this
        sender = await self._verifier.verify(request, now=self._clock.now())
        return not isinstance(sender, Refusal) and sender.actor_uri in readers


class NeedReader:
    """Reads the counts of co-members, a few servers at a time; each about once a day."""

    def __init__(self, store: Store, site: Site, admitter: Admitter, clock: Clock) -> None:
        self._store = store
        self._site = site
        self._admitter = admitter
        self._clock = clock

    async def step(self) -> int:
        """Read what is due; return how many servers answered."""
        now = self._clock.now()
        due = await self._store.read(lambda tx: need_counts.due(tx, self._site, now=now))
        return sum([await self._read(actor) for actor in due])

    async def _read(self, actor: Actor) -> bool:
        """Read one server's counts; what goes wrong is noted and tried again in some hours."""
        now = self._clock.now()
        try:
            found = await self._admitter.needs(actor.uri, Budget(2))
        except (TemporaryError, PermanentError) as error:
            problem = error.detail
        else:
            if not isinstance(found, Refusal):
                await self._store.write(lambda tx: need_counts.receive(tx, found, now=now))
                return True
            problem = f"{found.reason}: {found.detail}"
        log.info("needs-not-read", host=actor.host, error=problem)
        await self._store.write(lambda tx: need_counts.postpone(tx, actor.host, problem, now=now))
        return False
