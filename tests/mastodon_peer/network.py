"""An internet in one process: hosts that are ASGI apps, reached through one httpx transport."""

from collections.abc import MutableMapping
from typing import Any

import httpx

Asgi = Any  # scope, receive, send


class ConnectionDropped(Exception):
    """The connection ends before an answer is complete."""


class Network(httpx.AsyncBaseTransport):
    """Passes a request to the app of its host; hosts that are not there refuse the connection."""

    def __init__(self, apps: MutableMapping[str, Asgi] | None = None) -> None:
        self.apps: MutableMapping[str, Asgi] = {} if apps is None else apps
        self.asked: list[tuple[str, str]] = []  # method and URL of everything that was sent
        self.is_down: set[str] = set()

    def add(self, host: str, app: Asgi) -> None:
        """Put an app on a host (with its port, if it has one)."""
        self.apps[host] = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Let the app of the host answer."""
        host = request.url.netloc.decode()
        self.asked.append((request.method, str(request.url)))
        if host in self.is_down or host not in self.apps:
            raise httpx.ConnectError(f"{host} does not answer", request=request)
        try:
            return await httpx.ASGITransport(app=self.apps[host]).handle_async_request(request)
        except ConnectionDropped as error:
            raise httpx.ReadError(f"{host} closed the connection", request=request) from error

    def client(self) -> httpx.AsyncClient:
        """Return a client that lives in this internet."""
        return httpx.AsyncClient(transport=self)
