"""Counting tries on both databases."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from libline_fed.services import limits
from libline_fed.services.limits import Limits, Rule, TooManyTries
from libline_fed.storage.store import Store
from libline_fed.storage.tables import rate_windows

RULE = Rule("test", 60, 3)


async def test_the_one_after_the_last_is_refused_until_the_window_is_over(
    store: Store, now: datetime
) -> None:
    limiter = Limits(store)
    for second in range(3):
        await limiter.demand(RULE, "ana", now=now + timedelta(seconds=second))
    with pytest.raises(TooManyTries) as refused:
        await limiter.demand(RULE, "ana", now=now + timedelta(seconds=10))
    assert refused.value.retry_after_s == 50
    await limiter.demand(RULE, "eve", now=now)
    await limiter.demand(RULE, "ana", now=now + timedelta(seconds=60))


async def test_a_restart_forgets_nothing(store: Store, database_url: str, now: datetime) -> None:
    for _ in range(3):
        await Limits(store).demand(RULE, "ana", now=now)
    other = await Store(database_url).open()
    try:
        with pytest.raises(TooManyTries):
            await Limits(other).demand(RULE, "ana", now=now)
    finally:
        await other.close()


async def test_hits_at_the_same_moment_all_count(store: Store, now: datetime) -> None:
    limiter = Limits(store)
    waits = await asyncio.gather(*(limiter.hit("k", per_s=60, max_count=10, now=now) for _ in range(40)))
    assert waits.count(None) == 10


async def test_refused_tries_do_not_make_the_wait_longer(store: Store, now: datetime) -> None:
    limiter = Limits(store)
    waits = [
        await limiter.hit("k", per_s=60, max_count=1, now=now + timedelta(seconds=second))
        for second in (0, 20, 40, 59, 60)
    ]
    assert waits == [None, 40, 20, 1, None]


async def test_no_address_is_stored(store: Store, now: datetime) -> None:
    await Limits(store).demand(RULE, "ana@mail.example", now=now)
    (key,) = await store.read(lambda tx: tx.scalars(select(rate_windows.c.key)))
    assert "ana" not in key
    assert len(key) <= 255


async def test_a_key_of_any_length_and_letters_works(store: Store, now: datetime) -> None:
    for key in ("", "x" * 10_000, "a/b%'\"\\\n", "é" * 300):
        assert await Limits(store).hit(key, per_s=60, max_count=1, now=now) is None
        assert await Limits(store).hit(key, per_s=60, max_count=1, now=now) == 60


async def test_windows_that_are_over_are_thrown_away(store: Store, now: datetime) -> None:
    for number in range(3):
        await Limits(store).hit(f"k{number}", per_s=60 * (number + 1), max_count=1, now=now)
    later = now + timedelta(seconds=120)
    assert await store.write(lambda tx: limits.drop_old(tx, now=later)) == 2


@pytest.mark.parametrize(
    ("address", "expected"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8::1", "2001:db8::/64"), ("2001:db8::ffff:1", "2001:db8::/64"),
     ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8::/64", "2001:db8::/64"), ("unknown", "unknown")],
)  # fmt: skip
def test_an_ipv6_client_counts_by_its_network(address: str, expected: str) -> None:
    assert limits.network_of(address) == expected
