"""How often one server is asked while its list is read."""

import asyncio

import pytest

from libline_fed.federation import pace
from libline_fed.federation.pace import Pace


async def test_a_host_is_asked_once_per_interval_and_others_do_not_wait_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_s = 100.0
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(pace, "monotonic_s", lambda: at_s)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    paced = Pace(0.5)
    for host in ("a.example", "a.example", "b.example", "a.example"):
        await paced.wait(host)
    assert slept == [0.5, 1.0]
    at_s = 200.0
    await paced.wait("a.example")
    assert slept == [0.5, 1.0]


async def test_hosts_that_were_asked_long_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MAX_HOSTS", 2)
    monkeypatch.setattr(pace, "monotonic_s", lambda: 100.0)
    paced = Pace(0.0)
    for number in range(10):
        await paced.wait(f"h{number}.example")
    assert len(paced._free_at_s) == 2
