"""Starts real `libline serve` processes for the demo and ends them."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from libline_fed.clock import monotonic_s
from libline_fed.config import PREFIX, Settings
from libline_fed.errors import TemporaryError
from libline_fed.federation.http_client import HttpClient

START_S = 30.0
STOP_S = 15.0
LOG_TAIL_CHARACTERS = 2_000


class ServerFailed(TemporaryError):
    """A server of the demo did not start."""


@dataclass(slots=True)
class Server:
    """One instance: its settings, its folder, its process."""

    settings: Settings
    folder: Path
    process: asyncio.subprocess.Process | None = None

    @property
    def base_url(self) -> str:
        """Where people and peers find it."""
        return self.settings.base_url

    async def start(self) -> None:
        """Migrate and serve, and wait until it is ready.

        Raises: ServerFailed with the end of its log.
        """
        log = self.folder / "log.txt"
        with log.open("ab") as file:
            migrated = await asyncio.create_subprocess_exec(
                *_libline("migrate", "--quiet"), env=self._environ(), stdout=file, stderr=file
            )
            if await migrated.wait() == 0:
                host, port = self.base_url.removeprefix("http://").split(":")
                self.process = await asyncio.create_subprocess_exec(
                    *_libline("serve", "--host", host, "--port", port),
                    env=self._environ(),
                    stdout=file,
                    stderr=file,
                    start_new_session=True,
                )
        if self.process is None or not await self._is_ready():
            tail = log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL_CHARACTERS:]
            raise ServerFailed(tail, safe=f"{self.base_url} did not start:")

    async def stop(self) -> None:
        """Ask the process to end, and kill it if it does not."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    async def _is_ready(self) -> bool:
        client = HttpClient(allow_private=True, own_host="", user_agent="LibLine demo")
        until_s = monotonic_s() + START_S
        try:
            while monotonic_s() < until_s and self.process is not None and self.process.returncode is None:
                if await _answers(client, f"{self.base_url}/readyz"):
                    return True
                await asyncio.sleep(0.1)
        finally:
            await client.aclose()
        return False

    def _environ(self) -> Mapping[str, str]:
        """Pass the settings on; what the caller's environment says of LibLine is not for the demo."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        for name in self.settings.model_fields_set:
            value = getattr(self.settings, name)
            if value is not None:
                plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
                environ[f"{PREFIX}{name.upper()}"] = (
                    str(plain).lower() if isinstance(plain, bool) else str(plain)
                )
        return environ | {f"{PREFIX}CONFIG": os.devnull}


async def _answers(client: HttpClient, url: str) -> bool:
    try:
        return (await client.request("GET", url, headers={}, total_s=2)).status == 200
    except TemporaryError:
        return False


def is_free(host: str, port: int) -> bool:
    """Tell whether nobody listens on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str, wanted: int) -> int:
    """Return the wanted port if it is free, otherwise one that the system chooses."""
    if is_free(host, wanted):
        return wanted
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def _libline(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "libline_fed", *arguments]
