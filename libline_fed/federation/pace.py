"""How often other servers are asked while lists are read: so many requests a second for each, no more."""

import asyncio
from collections import OrderedDict

from prometheus_client import Counter

from libline_fed.clock import monotonic_s

MAX_HOSTS = 1_000

requests_total = Counter("libline_crawl_requests_total", "Requests made to read lists of proposals.")


class Pace:
    """Lets one request pass per host and interval; who comes too early waits."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._free_at_s: OrderedDict[str, float] = OrderedDict()

    async def wait(self, host: str) -> None:
        """Wait until a host may be asked again."""
        now_s = monotonic_s()
        free_at_s = max(now_s, self._free_at_s.get(host, now_s))
        self._free_at_s[host] = free_at_s + self._interval_s
        self._free_at_s.move_to_end(host)
        if len(self._free_at_s) > MAX_HOSTS:
            self._free_at_s.popitem(last=False)
        requests_total.inc()
        if free_at_s > now_s:
            await asyncio.sleep(free_at_s - now_s)
