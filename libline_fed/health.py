"""For those who watch over an instance: is it alive, is it ready, how much waits and what came of it."""

import secrets
from collections.abc import Callable
from ipaddress import ip_address

from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from libline_fed.errors import NotFound, StoreBusy
from libline_fed.storage import deliveries, inbox_activities, mails, migrate
from libline_fed.storage.store import Store, Tx

NO_STORE = {"cache-control": "no-store"}
_FORWARDED = ("forwarded", "x-forwarded-for", "via")

_deliveries_gauge = Gauge("libline_deliveries", "Deliveries in the database by state.", ["state"])
_inbox_gauge = Gauge("libline_inbox_activities", "Accepted activities in the database by state.", ["state"])
_mails_gauge = Gauge("libline_mails", "Mails in the database by state.", ["state"])


class Health:
    """The addresses for watching."""

    def __init__(
        self, store: Store, *, revision: str, down: Callable[[], list[str]], metrics_token: str | None
    ) -> None:
        """Take the schema's revision that this version needs, and who tells which workers are down."""
        self._store = store
        self._revision = revision
        self._down = down
        self._token = metrics_token

    def routes(self) -> list[Route]:
        """List the routes."""
        return [
            Route("/healthz", self.alive),
            Route("/readyz", self.ready),
            Route("/metrics", self.metrics),
        ]

    async def alive(self, _: Request) -> Response:
        """Answer while the process lives."""
        return PlainTextResponse("ok\n", headers=NO_STORE)

    async def ready(self, _: Request) -> Response:
        """Say whether requests and queues are served: database, its schema, workers."""
        problems = {}
        try:
            revision = await self._store.read(migrate.revision_of)
        except StoreBusy:
            problems["database"] = "cannot be used now"
        else:
            if revision != self._revision:
                problems["schema"] = "not of this version: run `libline migrate`"
        if down := self._down():
            problems["workers"] = f"failed and will be started again: {', '.join(down)}"
        if problems:
            return JSONResponse(problems, status_code=503, headers={**NO_STORE, "retry-after": "5"})
        return JSONResponse({"ready": True}, headers=NO_STORE)

    async def metrics(self, request: Request) -> Response:
        """Give this process's counters and the queues' state: to this machine, or for the token."""
        if not self._may_see(request):
            raise NotFound("metrics asked for from elsewhere, without the token")
        queued, received, mailed = await self._store.read(_count)
        for gauge, counts in ((_deliveries_gauge, queued), (_inbox_gauge, received), (_mails_gauge, mailed)):
            gauge.clear()
            for state, count in counts.items():
                gauge.labels(state).set(count)
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST, **NO_STORE})

    def _may_see(self, request: Request) -> bool:
        if self._token is not None:
            given = request.headers.get("authorization", "")
            return secrets.compare_digest(given.encode(), f"Bearer {self._token}".encode())
        # A proxy on this machine must not make everybody a neighbour.
        if any(name in request.headers for name in _FORWARDED):
            return False
        return request.client is not None and _is_loopback(request.client.host)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


async def _count(tx: Tx) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    received = await inbox_activities.count_by_state(tx)
    return (
        await deliveries.count_by_state(tx),
        {state.value: count for state, count in received.items()},
        await mails.counts(tx),
    )
