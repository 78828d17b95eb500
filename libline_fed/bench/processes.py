"""Starts the processes of a measurement, waits until they answer, ends them."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import orjson

from libline_fed.config import PREFIX
from libline_fed.errors import PermanentError

READY_S = 60.0
STOP_S = 15.0
LOG_TAIL_CHARACTERS = 3_000


class ProcessFailed(PermanentError):
    """A process of the measurement ended or did not answer; `detail` is the end of its log."""


class Running:
    """One child process with its log."""

    def __init__(self, module: str, arguments: list[str], *, log: Path, environ: Mapping[str, str]) -> None:
        self.log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(  # noqa: S603  our own module
                [sys.executable, "-m", module, *arguments],
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )

    def wait_ready(self, port: int, path: str, *, address: str = "127.0.0.1") -> None:
        """Wait until `GET path` is answered with 200.

        Raises: ProcessFailed.
        """
        until_s = time.monotonic() + READY_S
        while time.monotonic() < until_s:
            if self.process.poll() is not None:
                break
            try:
                if get(port, path, address=address)[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise ProcessFailed(self.log_tail())

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal and wait for the end, with force if need be."""
        self.process.send_signal(number)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def log_tail(self) -> str:
        """Return the end of the log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL_CHARACTERS:]


def get(
    port: int,
    path: str,
    *,
    timeout_s: float = 10,
    address: str = "127.0.0.1",
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Send a GET to a port of this machine and return status and body."""
    connection = http.client.HTTPConnection(address, port, timeout=timeout_s)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def ask(port: int, path: str) -> dict[str, Any]:
    """Ask the sink's control port."""
    answer: dict[str, Any] = orjson.loads(get(port, path)[1])
    return answer


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on now, on any address."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("", 0))
        return [probe.getsockname()[1] for probe in probes]


def run(module: str, arguments: list[str], *, environ: Mapping[str, str]) -> bytes:
    """Run a module to its end and return what it printed.

    Raises: ProcessFailed.
    """
    done = subprocess.run(  # noqa: S603  our own module
        [sys.executable, "-m", module, *arguments], env=dict(environ), capture_output=True, check=False
    )
    if done.returncode != 0:
        raise ProcessFailed((done.stdout + done.stderr).decode(errors="replace")[-LOG_TAIL_CHARACTERS:])
    return done.stdout


def environ_of(settings: Mapping[str, object]) -> dict[str, str]:
    """Return this process's environment with these LibLine settings and no others."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    ours = {f"{PREFIX}{name.upper()}": str(value) for name, value in settings.items()}
    return others | ours | {f"{PREFIX}CONFIG": os.devnull}


@contextmanager
def running(
    module: str,
    arguments: list[str],
    *,
    log: Path,
    ready: tuple[int, str],
    environ: Mapping[str, str] = os.environ,
) -> Iterator[Running]:
    """Start a process, wait until it answers, and end it at the end."""
    process = Running(module, arguments, log=log, environ=environ)
    try:
        process.wait_ready(*ready)
        yield process
    finally:
        if process.process.poll() is None:
            process.stop()
