"""Two Mastodon-like servers in one internet."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from libline_fed.clock import FrozenClock
from tests.mastodon_peer.network import Network
from tests.mastodon_peer.peer import MastodonPeer


@dataclass
class World:
    """m.example, n.example and what is between them."""

    network: Network
    m: MastodonPeer
    n: MastodonPeer
    clock: FrozenClock


@pytest.fixture
async def world(clock: FrozenClock) -> AsyncIterator[World]:
    network = Network()
    async with network.client() as http:
        m = MastodonPeer("https://m.example", http, now=clock.now)
        n = MastodonPeer("https://n.example", http, now=clock.now)
        for peer in (m, n):
            network.add(peer.host, peer.app)
        yield World(network, m, n, clock)
