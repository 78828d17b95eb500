"""Fixtures of the federation tests."""

from collections.abc import Iterator

import pytest

from tests.support.loopback import SPY, Spy


@pytest.fixture
def spy() -> Iterator[Spy]:
    """Watches which addresses this process connects to while a test runs."""
    SPY.connected.clear()
    SPY.is_watching = True
    yield SPY
    SPY.is_watching = False
