"""What delivery tests need: Ana's outbox, a worker, and real inboxes on loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.config import Federation
from libline_fed.domain.deliveries import Delivery
from libline_fed.domain.peers import Peer, Policies
from libline_fed.federation.delivery import DeliverySettings, DeliveryWorker, Hooks
from libline_fed.federation.delivery_attempts import InboxCheck, InboxState
from libline_fed.federation.http_client import HttpClient
from libline_fed.services.keys import Keyring
from libline_fed.storage import deliveries, peers
from libline_fed.storage.store import Store
from tests.support import keys
from tests.support.fediverse import Fediverse, fediverse
from tests.support.inboxes import Inbox, serve
from tests.support.outbox import SEALER, URIS, Outbox


@dataclass
class Sending:
    """An instance that sends, and the means to look at its queue."""

    store: Store
    clock: FrozenClock
    client: HttpClient
    keyring: Keyring
    outbox: Outbox
    known: keys.KnownKeys
    entries: dict[str, str] = field(default_factory=dict)  # policies
    checks: dict[str, InboxCheck] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    _close: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    def worker(self, *, chance: float = 0.5, **settings: Any) -> DeliveryWorker:
        """Make a worker."""
        made = DeliveryWorker(
            self.store, self.client, self.keyring, self.clock, URIS,
            hooks=Hooks(
                policies=lambda: Policies(Federation.OPEN, self.entries), check_inbox=self._check,
                on_gone=self._on_gone,
            ),
            settings=DeliverySettings(**settings), chance=lambda: chance,
        )
        self._close.callback(made.close)
        return made

    async def inbox(self) -> Inbox:
        """Serve a new inbox until the test ends."""
        return await self._close.enter_async_context(serve(Inbox(self.known, self.clock)))

    async def _check(self, inbox_url: str) -> InboxCheck:
        self.asked.append(inbox_url)
        return self.checks.get(inbox_url, InboxCheck(InboxState.UNKNOWN))

    async def _on_gone(self, inbox_url: str) -> None:
        self.gone.append(inbox_url)

    async def rows(self) -> list[Delivery]:
        """Return the whole queue, oldest first."""
        found = await self.store.read(lambda tx: deliveries.list_deliveries(tx, limit=10_000))
        return found[::-1]

    async def row(self) -> Delivery:
        """Return the only row there is."""
        (row,) = await self.rows()
        return row

    async def peer(self, host: str) -> Peer:
        """Return what is known of a host."""
        found = await self.store.read(lambda tx: peers.get(tx, host))
        assert found is not None
        return found

    async def until(self, is_so: Callable[[], bool], *, timeout_s: float = 10) -> None:
        """Wait for something that happens elsewhere in this process."""
        async with asyncio.timeout(timeout_s):
            while not is_so():
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        """End what was begun."""
        await self._close.aclose()


@pytest.fixture
async def sending(store: Store, clock: FrozenClock, now: datetime) -> AsyncIterator[Sending]:
    """An instance with one member, on either database."""
    outbox = await Outbox.open(store, now)
    known = keys.KnownKeys()
    known.add(outbox.key_id, outbox.actor_uri, keys.ANA_RSA_PUBLIC)
    client = HttpClient(allow_private=True, own_host=URIS.host, user_agent="LibLine/test")
    made = Sending(store, clock, client, Keyring(store, SEALER), outbox, known)
    yield made
    await client.aclose()
    await made.close()


@pytest.fixture
async def world(store: Store, clock: FrozenClock) -> AsyncIterator[Fediverse]:
    """Our inbox, and people elsewhere."""
    async with fediverse(store, clock) as made:
        yield made
