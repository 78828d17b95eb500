"""A peer that takes everything: many hosts on the loopback network, one process, as cheap as Python allows.

Run as `python -m libline_fed.bench.sink PORT CONTROL_PORT HOSTS_COUNT KEY_FILE`. Every address 127.x.y.z is a
host of its own with one actor, `/users/s`; all actors share one key. The control port tells what came.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, cast

import httptools
import orjson
import uvloop

ACTOR_PATH = "/users/s"
_STATUS_LINES = {
    200: b"HTTP/1.1 200 OK\r\n",
    202: b"HTTP/1.1 202 Accepted\r\n",
    404: b"HTTP/1.1 404 Not Found\r\n",
}


def host_address(index: int) -> str:
    """Return the loopback address of the host number `index`, counted from 0."""
    return f"127.{16 + index // 62_500}.{index // 250 % 250}.{index % 250 + 1}"


def actor_document(base_url: str, public_pem: str) -> dict[str, Any]:
    """Build the actor that a host of the sink serves."""
    uri = base_url + ACTOR_PATH
    return {
        "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
        "id": uri,
        "type": "Person",
        "preferredUsername": "s",
        "name": "Sink",
        "inbox": f"{uri}/inbox",
        "outbox": f"{uri}/outbox",
        "followers": f"{uri}/followers",
        "endpoints": {"sharedInbox": f"{base_url}/inbox"},
        "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": public_pem},
    }


class Ledger:
    """What arrived: for each host and activity id, how many times."""

    def __init__(self) -> None:
        self.receipts: Counter[tuple[str, str]] = Counter()
        self.objects: dict[tuple[str, str], tuple[str, str | None]] = {}
        self.types: Counter[str] = Counter()  # distinct activities
        self.last_of_type_at: dict[str, float] = {}
        self.first_at: float | None = None
        self.last_at: float | None = None
        self.connections_count = 0
        self.requests_count = 0

    def note(self, host: str, body: bytes) -> None:
        """Write down one receipt."""
        now = time.time()
        document = orjson.loads(body)
        key = (host, document["id"])
        self.receipts[key] += 1
        if self.receipts[key] == 1:
            self.types[document["type"]] += 1
            self.last_of_type_at[document["type"]] = now
        target = document.get("object")
        uri = target.get("id") if isinstance(target, dict) else target
        self.objects[key] = (document["type"], uri)
        self.first_at = self.first_at or now
        self.last_at = now

    def state(self) -> dict[str, Any]:
        """Return everything, for the control port."""
        listed = []
        for (host, uri), count in self.receipts.items():
            type_, object_uri = self.objects[host, uri]
            listed.append({"host": host, "id": uri, "count": count, "type": type_, "object": object_uri})
        return {"first_at": self.first_at, "last_at": self.last_at, "receipts": listed} | self.totals()

    def totals(self) -> dict[str, Any]:
        """Return the numbers alone, which cost little to ask for often."""
        return {
            "received_count": self.receipts.total(),
            "distinct_count": len(self.receipts),
            "types": self.types,
            "last_of_type_at": self.last_of_type_at,
            "connections_count": self.connections_count,
            "requests_count": self.requests_count,
            "first_at": self.first_at,
            "last_at": self.last_at,
        }

    def clear(self) -> None:
        """Forget everything."""
        self.receipts.clear()
        self.objects.clear()
        self.types.clear()
        self.last_of_type_at.clear()
        self.first_at = self.last_at = None
        self.connections_count = self.requests_count = 0


class Connection(asyncio.Protocol):
    """One connection from a server that delivers or fetches."""

    def __init__(self, ledger: Ledger, public_pem: str) -> None:
        self._ledger = ledger
        self._public_pem = public_pem
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._url = self._host = ""
        self._body = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not derived from it
        self._count_connection()

    def data_received(self, data: bytes) -> None:
        """Parse what came; hang up on what is no HTTP."""
        assert self._transport is not None
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        """Start over for the next request."""
        self._url, self._host = "", ""
        self._body.clear()

    def on_url(self, url: bytes) -> None:
        """Note the target."""
        self._url += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note the host."""
        if name.lower() == b"host":
            self._host = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """Collect the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Answer."""
        assert self._transport is not None
        status, body = self._answer()
        self._transport.write(
            _STATUS_LINES[status]
            + b"Content-Type: application/activity+json\r\nContent-Length: "
            + str(len(body)).encode()
            + b"\r\n\r\n"
            + body
        )

    def _count_connection(self) -> None:
        self._ledger.connections_count += 1

    def _answer(self) -> tuple[int, bytes]:
        self._ledger.requests_count += 1
        if self._parser.get_method() == b"POST":
            self._ledger.note(self._host, bytes(self._body))
            return 202, b""
        if self._url.partition("?")[0] == ACTOR_PATH:
            return 200, orjson.dumps(actor_document(f"http://{self._host}", self._public_pem))
        return 404, b"{}"


class Control(Connection):
    """The port on which the test or bench asks; `/totals`, `/state`, `/clear`."""

    def _count_connection(self) -> None:
        """Leave the asker out of the count."""

    def _answer(self) -> tuple[int, bytes]:
        match self._url:
            case "/totals":
                return 200, orjson.dumps(self._ledger.totals())
            case "/state":
                return 200, orjson.dumps(self._ledger.state())
            case "/clear":
                self._ledger.clear()
                return 200, b"{}"
            case _:
                return 404, b"{}"


async def serve(port: int, control_port: int, hosts_count: int, public_pem: str) -> None:
    """Listen until killed."""
    loop = asyncio.get_running_loop()
    ledger = Ledger()
    hosts = [host_address(index) for index in range(hosts_count)]
    server = await loop.create_server(lambda: Connection(ledger, public_pem), hosts, port, backlog=64)
    control = await loop.create_server(lambda: Control(ledger, public_pem), "127.0.0.1", control_port)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    async with server, control:
        await asyncio.gather(server.serve_forever(), control.serve_forever())


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("control_port", type=int)
    parser.add_argument("hosts_count", type=int)
    parser.add_argument("key_file", type=Path)
    flags = parser.parse_args()
    uvloop.run(serve(flags.port, flags.control_port, flags.hosts_count, flags.key_file.read_text()))


if __name__ == "__main__":
    main()
