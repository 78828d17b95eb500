"""The scene of a measurement: an instance with one member, and a sink whose actors follow her."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from sqlalchemy import Select, func, select

from libline_fed.activitypub.keys import generate_rsa, load_private
from libline_fed.bench import generator
from libline_fed.bench.crowd import Crowd
from libline_fed.bench.databases import fresh_database
from libline_fed.bench.processes import ProcessFailed, Running, ask, environ_of, free_ports, run, running
from libline_fed.domain.follows import Follow
from libline_fed.ids import new_id
from libline_fed.storage import actors, follows
from libline_fed.storage.store import Store, Tx
from libline_fed.storage.tables import activities, deliveries, posts

T = TypeVar("T")

HANDLE = "ana"
WAIT_S = 120.0
CONNECTIONS = 8
_NO_LIMIT = 10_000_000


@dataclass(frozen=True)
class Scene:
    """A running instance and its crowd."""

    folder: Path
    database_url: str
    environ: dict[str, str]
    serve: Running
    port: int
    control_port: int
    crowd: Crowd
    member_uri: str

    @property
    def inbox_url(self) -> str:
        """The shared inbox of the instance."""
        return f"http://127.0.0.1:{self.port}/inbox"

    def libline(self, *arguments: str) -> bytes:
        """Run a `libline` command on the instance."""
        return run("libline_fed", list(arguments), environ=self.environ)

    def send(self, requests: list[bytes], *, connections_count: int = CONNECTIONS) -> dict[str, Any]:
        """Send ready-made requests from a process of their own; return the generator's report."""
        return send(self.folder, self.port, requests, connections_count=connections_count)

    def ask_database(self, unit: Callable[[Tx], Awaitable[T]], *, is_change: bool = False) -> T:
        """Run one unit on the instance's database from outside."""

        async def work() -> T:
            scheme, _, rest = self.database_url.partition("://")
            driver = "sqlite+aiosqlite" if scheme == "sqlite" else "postgresql+asyncpg"
            store = await Store(f"{driver}://{rest}").open()
            try:
                return await (store.write(unit) if is_change else store.read(unit))
            finally:
                await store.close()

        return asyncio.run(work())

    def count(self, statement: Select[Any]) -> int:
        """Count what a query finds."""

        async def unit(tx: Tx) -> int:
            return int(await tx.scalar(select(func.count()).select_from(statement.subquery())))

        return self.ask_database(unit)

    def posts_count(self) -> int:
        """Count the posts that were applied."""
        return self.count(select(posts.c.id))

    def deliveries_count(self) -> int:
        """Count the deliveries that were ever queued."""
        return self.count(select(deliveries.c.id))

    def activity_at(self, type_: str) -> datetime:
        """Return when the newest activity of a type was made."""

        async def unit(tx: Tx) -> datetime:
            at = await tx.scalar(select(func.max(activities.c.created_at)).where(activities.c.type == type_))
            assert isinstance(at, datetime)
            return at

        return self.ask_database(unit)

    def be_followed(self, count: int) -> None:
        """Let actors of the sink follow the member, and wait until each has its Accept."""
        said = [(index, self.crowd.follow(index, self.member_uri)) for index in range(count)]
        report = self.send(self.crowd.requests(f"{self.member_uri}/inbox", said))
        expect_accepted(report, count)
        wait_until(
            lambda: ask(self.control_port, "/totals")["distinct_count"] >= count, "the Accepts did not arrive"
        )
        ask(self.control_port, "/clear")

    def follow_back(self, count: int) -> None:
        """Let the member follow actors of the sink, as if they had accepted already."""
        uris = [self.crowd.uri(index) for index in range(count)]
        self.ask_database(lambda tx: follow_at_once(tx, HANDLE, uris, datetime.now(UTC)), is_change=True)


async def follow_at_once(tx: Tx, handle: str, uris: list[str], now: datetime) -> None:
    """Let a member follow known actors, as if they had accepted already."""
    member = await actors.local_by_handle(tx, handle)
    assert member is not None
    for actor in (await actors.by_uris(tx, uris)).values():
        id_ = new_id(now)
        follow = Follow(id_, f"{member.uri}/bench-follows/{id_}", member.id, actor.id, "accepted", now, now)
        await follows.put(tx, follow)


def expect_accepted(report: dict[str, Any], count: int) -> None:
    """Make sure that every request was answered with 202.

    Raises: ProcessFailed.
    """
    if report["statuses"] != {"202": count} or report["lost_count"]:
        raise ProcessFailed(
            f"of {count} requests not all got 202: {report['statuses']}, {report['lost_count']} none"
        )


def send(
    folder: Path, port: int, requests: list[bytes], *, connections_count: int = CONNECTIONS
) -> dict[str, Any]:
    """Send ready-made requests to a port from a process of their own."""
    path = folder / "requests"
    generator.write_requests(path, iter(requests))
    printed = run(
        "libline_fed.bench.generator", [str(port), str(connections_count), str(path)], environ=environ_of({})
    )
    report: dict[str, Any] = orjson.loads(printed)
    return report


def wait_until(
    is_done: Callable[[], bool], otherwise: str, *, every_s: float = 0.05, within_s: float = WAIT_S
) -> None:
    """Ask until the answer is yes.

    Raises: ProcessFailed with `otherwise` when that takes too long.
    """
    until_s = time.monotonic() + within_s
    while not is_done():
        if time.monotonic() > until_s:
            raise ProcessFailed(otherwise)
        time.sleep(every_s)


def new_key(folder: Path) -> tuple[RSAPrivateKey, Path]:
    """Make the key of the crowd; return it, and the file with its public half."""
    pair = generate_rsa()
    path = folder / "crowd.pem"
    path.write_text(pair.public_pem)
    private_key = load_private(pair.private_pem)
    assert isinstance(private_key, RSAPrivateKey)
    return private_key, path


@contextmanager
def opened_scene(
    folder: Path, *, hosts_count: int, key: tuple[RSAPrivateKey, Path], server_url: str | None
) -> Iterator[Scene]:
    """Set everything up, and tear it down at the end."""
    port, sink_port, control_port = free_ports(3)
    with fresh_database(server_url, folder) as database_url:
        environ = environ_of(
            {
                "base_url": f"http://127.0.0.1:{port}",
                "data_dir": folder,
                "database_url": database_url,
                "allow_private_peers": "true",
                "inbox_per_host_per_minute": _NO_LIMIT,
                "log_level": "warning",
            }
        )
        run("libline_fed", ["migrate", "--quiet"], environ=environ)
        run("libline_fed", ["member", "add", HANDLE, "--email", f"{HANDLE}@libline.test"], environ=environ)
        sink_arguments = [str(sink_port), str(control_port), str(hosts_count), str(key[1])]
        sink = running(
            "libline_fed.bench.sink", sink_arguments, log=folder / "sink.log", ready=(control_port, "/totals")
        )
        serve = running(
            "libline_fed",
            ["serve", "--port", str(port)],
            log=folder / "serve.log",
            ready=(port, "/readyz"),
            environ=environ,
        )
        with sink, serve as process:
            member_uri = orjson.loads(run("libline_fed", ["member", "list", "--json"], environ=environ))[0][
                "uri"
            ]
            yield Scene(
                folder,
                database_url,
                environ,
                process,
                port,
                control_port,
                Crowd(sink_port, key[0]),
                member_uri,
            )
