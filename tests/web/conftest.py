"""The pages of one instance, on both database engines."""

from collections.abc import AsyncIterator

import pytest

from libline_fed.clock import FrozenClock
from libline_fed.storage.store import Store
from tests.support.pages import PagesWorld, pages_world


@pytest.fixture
async def world(store: Store, clock: FrozenClock) -> AsyncIterator[PagesWorld]:
    """An instance with its pages."""
    async with pages_world(store, clock) as opened:
        yield opened
