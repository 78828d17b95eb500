"""Real `libline` processes: started, killed, asked."""

import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import orjson
from sqlalchemy import text

from libline_fed.bench.processes import ProcessFailed, Running, environ_of, free_ports, get, run
from libline_fed.config import Settings
from libline_fed.storage.store import Store, Tx
from tests.support.databases import run_apart

T = TypeVar("T")

WAIT_S = 60.0
DATABASE_SETTINGS = {"data_dir", "database_url"}
PASSWORD = "correct horse battery staple"


class LiveInstance:
    """One instance: its settings, its folder, its `serve` and `worker` processes."""

    def __init__(
        self, folder: Path, *, base_url: str | None = None, port: int | None = None, **settings: object
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = port or free_ports(1)[0]
        self.base_url = base_url or f"http://127.0.0.1:{self.port}"
        self.settings: dict[str, object] = {
            "base_url": self.base_url,
            "data_dir": folder / "data",
            "allow_private_peers": "true",
            **settings,
        }
        self.environ: Mapping[str, str] = environ_of(self.settings)
        self.processes: list[Running] = []

    def start(self) -> "LiveInstance":
        """Migrate and serve, and wait until it answers."""
        self.libline("migrate", "--quiet")
        return self.serve()

    def serve(self, port: int | None = None) -> "LiveInstance":
        """Start one more `serve` process."""
        port = port or self.port
        process = Running(
            "libline_fed", ["serve", "--port", str(port)], log=self.folder / "serve.log", environ=self.environ
        )
        self.processes.append(process)
        process.wait_ready(port, "/readyz")
        return self

    def work(self) -> "LiveInstance":
        """Start one more `worker` process."""
        self.processes.append(
            Running("libline_fed", ["worker"], log=self.folder / "worker.log", environ=self.environ)
        )
        return self

    def kill(self) -> None:
        """End every process at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask every process to end."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        for process in self.processes:
            if process.process.poll() is None:
                process.process.send_signal(number)
        for process in self.processes:
            process.stop(number)
        self.processes.clear()

    def libline(self, *arguments: str) -> str:
        """Run a command and return what it printed."""
        return run("libline_fed", list(arguments), environ=self.environ).decode()

    def listed(self, *arguments: str) -> Any:
        """Run a command with `--json` and return its answer."""
        return orjson.loads(self.libline(*arguments, "--json"))

    def add_member(self, handle: str) -> str:
        """Add a member with the password of all test members; return the actor's URI."""
        self.libline("member", "add", handle, "--email", f"{handle}@libline.test", "--password", PASSWORD)
        return next(member["uri"] for member in self.listed("member", "list") if member["handle"] == handle)

    def add_offer(self, handle: str, title: str) -> str:
        """Publish an offer of a member; return its URI."""
        printed = self.libline(
            "proposal", "add", handle, "--title", title, "--text", "One hour a month.",
            "--area", "A0301", "--language", "en", "--mode", "M1",
        )  # fmt: skip
        return printed.split()[-1]

    def rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        """Ask the database from outside."""

        async def unit(tx: Tx) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in await tx.all(text(query), values)]

        return self.ask(lambda store: store.read(unit))

    def change(self, statement: str, **values: object) -> None:
        """Change the database from outside."""

        async def unit(tx: Tx) -> None:
            await tx.execute(text(statement), values)

        self.ask(lambda store: store.write(unit))

    def number(self, query: str, **values: object) -> int:
        """Ask the database for one number."""
        return int(self.rows(query, **values)[0][0])

    def ask(self, question: Callable[[Store], Any]) -> Any:
        """Put any question to the database from outside."""

        async def work() -> Any:
            given: dict[str, Any] = {
                name: self.settings[name] for name in DATABASE_SETTINGS & set(self.settings)
            }
            store = await Store(Settings(**given).resolved_database_url()).open()
            try:
                return await question(store)
            finally:
                await store.close()

        return run_apart(work)

    def get(self, path: str) -> tuple[int, bytes]:
        """Send a plain GET."""
        return get(self.port, path)

    def log(self) -> str:
        """Return what the processes logged so far."""
        return "".join(
            (self.folder / name).read_text(errors="replace")
            for name in ("serve.log", "worker.log")
            if (self.folder / name).exists()
        )


def wait_for(question: Callable[[], T], what: str, *, seconds: float = WAIT_S, every_s: float = 0.1) -> T:
    """Ask until the answer is true; return it.

    Raises: ProcessFailed with `what` when that takes too long.
    """
    until_s = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > until_s:
            raise ProcessFailed(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(every_s)
    return answer
