"""The load generator: sends ready-made requests over a few connections as fast as they are answered.

Run as `python -m libline_fed.bench.generator PORT CONNECTIONS REQUESTS_FILE`; prints one JSON line.
It shares the cores with what it measures, so it does next to nothing: the requests were signed before.
"""

import argparse
import asyncio
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import httptools
import orjson
import uvloop

_LENGTH = struct.Struct("!I")
ANSWER_S = 30.0  # a server that is silent for longer has failed the run


def write_requests(path: Path, requests: Iterator[bytes]) -> None:
    """Store whole HTTP requests, each after its length."""
    with path.open("wb") as file:
        for request in requests:
            file.write(_LENGTH.pack(len(request)) + request)


def read_requests(path: Path) -> list[bytes]:
    """Load what `write_requests` stored."""
    data = path.read_bytes()
    requests, at = [], 0
    while at < len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        requests.append(data[at : at + length])
        at += length
    return requests


class Tally:
    """What is still to be sent and what was answered, shared by all connections."""

    def __init__(self, requests: list[bytes]) -> None:
        self.waiting = iter(requests)
        self.statuses: Counter[int] = Counter()
        self.latencies_s: list[float] = []
        self.lost_count = 0  # connections that were closed under a request


class Connection(asyncio.Protocol):
    """One keep-alive connection with one request in flight."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._parser = httptools.HttpResponseParser(self)
        self._sent_at: float | None = None
        self._transport: asyncio.Transport | None = None
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not derived from it
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        request = next(self._tally.waiting, None)
        if request is None:
            self._sent_at = None
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Parse a part of an answer."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Write down the answer and send the next request."""
        assert self._sent_at is not None
        self._tally.latencies_s.append(time.perf_counter() - self._sent_at)
        self._tally.statuses[self._parser.get_status_code()] += 1
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count a request that got no answer."""
        del exc
        if self._sent_at is not None:
            self._tally.lost_count += 1
        if not self.done.done():
            self.done.set_result(None)


async def run(port: int, connections_count: int, requests: list[bytes]) -> dict[str, object]:
    """Send all requests; return counts, the moment of the first, the duration, and every latency."""
    loop = asyncio.get_running_loop()
    tally = Tally(requests)
    begin_at, begin_s = time.time(), time.perf_counter()
    connections = [
        (await loop.create_connection(lambda: Connection(tally), "127.0.0.1", port))[1]
        for _ in range(connections_count)
    ]
    await asyncio.wait_for(asyncio.gather(*(c.done for c in connections)), ANSWER_S + len(requests) / 50)
    duration_s = time.perf_counter() - begin_s
    return {
        "begin_at": begin_at,
        "duration_s": duration_s,
        "statuses": {str(status): count for status, count in tally.statuses.items()},
        "lost_count": tally.lost_count,
        "latencies_ms": [round(latency * 1000, 3) for latency in tally.latencies_s],
    }


def main() -> None:
    """Read the arguments, send, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("connections_count", type=int)
    parser.add_argument("requests_file", type=Path)
    flags = parser.parse_args()
    requests = read_requests(flags.requests_file)
    sys.stdout.buffer.write(orjson.dumps(uvloop.run(run(flags.port, flags.connections_count, requests))))


if __name__ == "__main__":
    main()
