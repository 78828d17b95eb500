"""How often something may be tried. The `limits` package counts in the database: no restart forgets."""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, IPv6Network, ip_address

from limits import RateLimitItemPerSecond
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter

from libline_fed.errors import TemporaryError
from libline_fed.storage import rate_windows
from libline_fed.storage.store import Store, Tx

IPV6_PREFIX_BITS = 64  # one household or library; finer would let one client own 2^64 counters


class TooManyTries(TemporaryError):
    """Somebody does something too often."""

    safe = "You tried this too often. Please wait a little."

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"rate limited for {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `max_count` tries in a window of `per_s` seconds, which begins with the first one."""

    name: str
    per_s: int
    max_count: int


# Where Mastodon has such a limit, it is the same (its rack-attack initializer).
LOGIN_PER_ACCOUNT = Rule("login-account", 3_600, 25)
LOGIN_PER_CLIENT = Rule("login-client", 300, 25)
SIGN_UP_PER_CLIENT = Rule("sign-up-client", 300, 25)
SIGN_UP_PER_EMAIL = Rule("sign-up-email", 1_800, 5)
RESET_PER_EMAIL = Rule("reset-email", 1_800, 5)
RESET_PER_CLIENT = Rule("reset-client", 300, 25)
LINK_PER_CLIENT = Rule("link-client", 1_800, 60)  # a school's computer room shares one address
PASSWORD_PER_ACCOUNT = Rule("password-account", 600, 10)
INVITE_PER_ACCOUNT = Rule("invite-account", 86_400, 50)
GUEST_PER_CLIENT = Rule("guest-client", 300, 25)
SEARCH_PER_CLIENT = Rule("search-client", 300, 300)
REPORT_PER_ACCOUNT = Rule("report-account", 86_400, 25)


class Limits:
    """Counts tries. One per process; all processes on one database count together."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def hit(self, key: str, *, per_s: int, max_count: int, now: datetime) -> float | None:
        """Count one try for `key`: None if it is allowed, else the seconds until a next one is.

        Opens a transaction of its own: what follows may fail, the try still counts. The key is stored as a
        hash, so it may hold an address.
        """
        limiter = FixedWindowRateLimiter(_Windows(self._store, now))
        item = RateLimitItemPerSecond(max_count, per_s, namespace="")
        identifier = hashlib.sha256(key.encode()).hexdigest()
        if await limiter.hit(item, identifier):
            return None
        stats = await limiter.get_window_stats(item, identifier)
        return max(1.0, math.ceil(stats.reset_time - now.timestamp()))

    async def demand(self, rule: Rule, subject: str, *, now: datetime) -> None:
        """Count one try of `subject` (an account's id, an e-mail address, a client's network).

        Raises: TooManyTries.
        """
        wait_s = await self.hit(f"{rule.name}:{subject}", per_s=rule.per_s, max_count=rule.max_count, now=now)
        if wait_s is not None:
            raise TooManyTries(wait_s)


class _Windows(Storage):
    """Our table as a storage of the `limits` package, at one moment."""

    STORAGE_SCHEME = None  # never looked up by URL

    def __init__(self, store: Store, now: datetime) -> None:
        super().__init__()
        self._store = store
        self._now = now

    @property
    def base_exceptions(self) -> type[Exception]:
        """Name what the package would wrap; we let our own errors through."""
        return TemporaryError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a counter; returns what it stands at."""
        count, _ = await self._store.write(
            lambda tx: rate_windows.hit(tx, key, window_s=expiry, amount=amount, now=self._now)
        )
        return count

    async def get(self, key: str) -> int:
        """Return what a counter stands at."""
        found = await self._store.read(lambda tx: rate_windows.find(tx, key, now=self._now))
        return found[0] if found else 0

    async def get_expiry(self, key: str) -> float:
        """Return when a counter begins again, in seconds since 1970."""
        found = await self._store.read(lambda tx: rate_windows.find(tx, key, now=self._now))
        return found[1].timestamp() if found else self._now.timestamp()

    async def check(self) -> bool:
        """Tell that the table answers."""
        await self._store.read(lambda tx: rate_windows.find(tx, "", now=self._now))
        return True

    async def reset(self) -> int | None:
        """Forget every counter."""
        return await self._store.write(rate_windows.clear_all)

    async def clear(self, key: str) -> None:
        """Forget one counter."""
        await self._store.write(lambda tx: rate_windows.clear(tx, key))


async def drop_old(tx: Tx, *, now: datetime) -> int:
    """Delete the counters whose time is over; returns how many."""
    return await rate_windows.drop_old(tx, now)


def network_of(address: str) -> str:
    """Return what limits count a client's address by: itself, or the /64 network of an IPv6 address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address  # a network already, or "unknown"
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((parsed, IPV6_PREFIX_BITS), strict=False))
