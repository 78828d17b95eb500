"""An instance as programs see it, on both database engines."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from starlette.routing import Router

from libline_fed.api.context import ApiContext
from libline_fed.api.routes import api_routes
from libline_fed.clock import FrozenClock
from libline_fed.storage.store import Store
from libline_fed.web.clients import client_address
from tests.support.pages import BASE_URL, PagesWorld, pages_world


@dataclass
class ApiWorld:
    """An instance with its pages and its interfaces for programs."""

    pages: PagesWorld
    app: Any
    client: httpx.AsyncClient

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.get(path, headers=named)

    async def read(self, path: str) -> Any:
        """Ask for JSON that is there."""
        response = await self.get(path)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == "application/json"
        return response.json()


@pytest.fixture
async def api(store: Store, clock: FrozenClock) -> AsyncIterator[ApiWorld]:
    """An instance as programs see it."""
    async with pages_world(store, clock, description="A library & <friends>") as pages:
        context = ApiContext(
            pages.store, pages.site, clock, lambda scope: client_address(scope, pages.context.proxies)
        )
        app = Router(api_routes(context), redirect_slashes=False, default=pages.app)
        transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 40_000))
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            yield ApiWorld(pages, app, client)
