"""The bench's sink as a peer for tests: many hosts, one actor each, a ledger of everything that arrived."""

import http.client
import os
import socket
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from libline_fed.bench.crowd import Crowd
from libline_fed.bench.processes import Running, ask, free_ports
from libline_fed.bench.scene import new_key


class Sink:
    """A sink process and the actors that live in it."""

    def __init__(self, folder: Path, *, hosts_count: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port, self.control_port = free_ports(2)
        self.private_key, key_file = new_key(folder)
        self.crowd = Crowd(self.port, self.private_key)
        self.public_pem = key_file.read_text()
        arguments = [str(self.port), str(self.control_port), str(hosts_count), str(key_file)]
        self._process = Running(
            "libline_fed.bench.sink", arguments, log=folder / "sink.log", environ=os.environ
        )
        self._process.wait_ready(self.control_port, "/totals")

    def stop(self) -> None:
        """End the process."""
        self._process.stop()

    def totals(self) -> dict[str, Any]:
        """Return how much came."""
        return ask(self.control_port, "/totals")

    def receipts(self) -> list[dict[str, Any]]:
        """Return what came: host, id, type, object, count."""
        found: list[dict[str, Any]] = ask(self.control_port, "/state")["receipts"]
        return found

    def effects(self, type_: str) -> dict[tuple[str, str], set[str]]:
        """Return the activity ids by (host, object): two ids for one object would be a repeated effect."""
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        for receipt in self.receipts():
            if receipt["type"] == type_:
                found[receipt["host"], receipt["object"]].add(receipt["id"])
        return found

    def clear(self) -> None:
        """Forget what came so far."""
        ask(self.control_port, "/clear")

    def post(self, index: int, inbox_url: str, document: dict[str, Any]) -> int:
        """Post a signed document as one of the actors; return the status."""
        return post_raw(self.crowd.request(index, inbox_url, document), inbox_url).status_code


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status_code: int
    body: bytes


class Wire:
    """One connection over which whole ready-made requests go."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout=30)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, request: bytes) -> Answer:
        """Send a request and read its answer."""
        self._socket.sendall(request)
        response = http.client.HTTPResponse(self._socket, method="POST")
        response.begin()
        with response:
            return Answer(response.status, response.read())


def post_raw(request: bytes, url: str) -> Answer:
    """Send a whole ready-made request over a connection of its own."""
    with Wire(url) as wire:
        return wire.send(request)
