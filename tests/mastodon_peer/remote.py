"""A peer in a process of its own, driven from a test."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from tests.mastodon_peer.actions import NotAllowed
from tests.mastodon_peer.people import Person

READY_S = 30.0
ROOT = Path(__file__).parent.parent.parent


class ProcessPeer:
    """Starts the process; `person` gives the same people as the peer in this process does."""

    def __init__(self, log: Path) -> None:
        self.port, self.control_port = _free_port(), _free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.host = f"127.0.0.1:{self.port}"
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.mastodon_peer", str(self.port), str(self.control_port)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=dict(os.environ),
            )
        until_s = time.monotonic() + READY_S
        while not (_listens(self.port) and _listens(self.control_port)):
            assert self._process.poll() is None, log.read_text()
            assert time.monotonic() < until_s, f"not ready: {log.read_text()}"
            time.sleep(0.05)

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(15)

    async def ask(self, what: str, **values: Any) -> Any:
        """Ask the control port; raises NotAllowed with what it says instead."""
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            response = await http.post(f"http://127.0.0.1:{self.control_port}/", json={"do": what, **values})
        response.raise_for_status()
        answer = response.json()
        if "error" in answer:
            raise NotAllowed(answer["error"])
        return answer["value"]

    async def person(self, username: str, *, language: str = "en") -> Person:
        """Return somebody there."""
        uri = await self.ask("person", username=username, language=language)
        return Person(self._call, username, uri)

    async def _call(self, username: str, verb: str, **values: Any) -> Any:
        return await self.ask("act", username=username, verb=verb, values=values)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
