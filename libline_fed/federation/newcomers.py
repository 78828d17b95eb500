"""How many servers never heard of before may make this one ask them for something.

Names below one domain cost nothing: without a limit, ten thousand of them would cause ten thousand look-ups.
"""

from datetime import datetime, timedelta
from ipaddress import ip_address

PERIOD = timedelta(hours=1)
MAX_NEW_HOSTS = 10  # per domain that somebody has registered, and hour
MAX_DOMAINS = 10_000
MAX_SHARED_LABEL_CHARACTERS = 3  # `ac`, `co`, `edu` below a country


class Newcomers:
    """Counts new hosts per registered domain; holds a bounded number of domains."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[datetime, set[str]]] = {}  # domain -> when its hour ends, its hosts

    def hit(self, host: str, now: datetime) -> int | None:
        """Count a host that nobody is known of; return the seconds to wait if it is one too many."""
        domain = registered_domain(host)
        ends_at, hosts = self._seen.get(domain, (now, set[str]()))
        if now >= ends_at:
            self._make_room(now)
            ends_at, hosts = self._seen[domain] = (now + PERIOD, set())
        if host in hosts:
            return None
        if len(hosts) >= MAX_NEW_HOSTS:
            return max(1, int((ends_at - now).total_seconds()))
        hosts.add(host)
        return None

    def _make_room(self, now: datetime) -> None:
        if len(self._seen) >= MAX_DOMAINS:
            self._seen = {domain: kept for domain, kept in self._seen.items() if now < kept[0]}
            if len(self._seen) >= MAX_DOMAINS:
                self._seen.clear()


def registered_domain(host: str) -> str:
    """Return the part of a host that somebody has registered, without its port; an address is itself.

    A guess without the public suffix list: the last two labels, or three below a country's `ac`, `co`, `edu`.
    Guessing wrong makes some new servers wait for an hour, nothing else.
    """
    name = host.rpartition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    if name.startswith("[") or _is_address(name):
        return name
    labels = name.split(".")
    is_shared = (
        len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= MAX_SHARED_LABEL_CHARACTERS
    )
    return ".".join(labels[-3:] if is_shared else labels[-2:])


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
