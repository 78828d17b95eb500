"""The two measurements: how fast an inbox takes, applies and keeps, and how fast a post goes out."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libline_fed.bench.databases import fresh_database
from libline_fed.bench.machine import Quiet, busy_share, cpu_s, percentile, rss_mb, signs_per_s, spin_s
from libline_fed.bench.processes import ask, free_ports, running
from libline_fed.bench.scene import Scene, expect_accepted, new_key, opened_scene, send, wait_until

FOLLOWED_COUNT = 4  # servers that the load comes from
WARM_UP_COUNT = 50
POLL_S = 0.05

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a report. `bound` is the best this machine can do, `share_goal` the wanted part of it."""

    name: str
    value: float
    unit: str
    bound: float | None = None
    bound_name: str = ""
    share_goal: float | None = None

    @property
    def share(self) -> float | None:
        """Return the part of the bound that was reached."""
        return self.value / self.bound if self.bound else None


@dataclass(frozen=True, slots=True)
class Report:
    """What one run measured, and what was wrong with its surroundings."""

    what: str
    database: str
    figures: tuple[Figure, ...]
    warning: str | None


@contextmanager
def quiet_around() -> Iterator[list[Quiet]]:
    """Watch whether the machine is quiet before and after; the list has the verdict in the end."""
    found: list[Quiet] = []
    busy, before_s = busy_share(1.0), spin_s()
    yield found
    found.append(Quiet(busy, before_s, spin_s()))


def measure_inbox(count: int, *, server_url: str | None, say: Say) -> Report:
    """Post `count` signed activities of followed actors and measure until the last one is applied.

    Raises: ProcessFailed.
    """
    with tempfile.TemporaryDirectory(prefix="libline-bench-") as name, quiet_around() as quiet:
        folder = Path(name)
        key = new_key(folder)
        say("starting an instance and its peers")
        with opened_scene(folder, hosts_count=FOLLOWED_COUNT, key=key, server_url=server_url) as scene:
            scene.be_followed(FOLLOWED_COUNT)
            scene.follow_back(FOLLOWED_COUNT)
            say(f"signing {count} activities")
            requests = _notes(scene, WARM_UP_COUNT + count)
            say("measuring the bound")
            before = _thin_rate(folder, key[1], requests[WARM_UP_COUNT:], server_url)
            say("measuring the inbox")
            expect_accepted(scene.send(requests[:WARM_UP_COUNT]), WARM_UP_COUNT)
            wait_until(lambda: scene.posts_count() >= WARM_UP_COUNT, "the first activities were not applied")
            cpu_before_s = cpu_s(scene.serve.process.pid)
            report = scene.send(requests[WARM_UP_COUNT:])
            expect_accepted(report, count)
            wait_until(
                lambda: scene.posts_count() >= WARM_UP_COUNT + count, "not all activities were applied"
            )
            applied_s = time.time() - report["begin_at"]
            used_s = cpu_s(scene.serve.process.pid) - cpu_before_s
            say("measuring the bound again")
            after = _thin_rate(folder, key[1], requests[WARM_UP_COUNT:], server_url)
            figures = _inbox_figures(count, report, applied_s, used_s, (before + after) / 2, scene)
    return Report("inbox", kind_of(server_url), figures, quiet[0].warning())


def _notes(scene: Scene, count: int) -> list[bytes]:
    said = [
        (number % FOLLOWED_COUNT, scene.crowd.note(number % FOLLOWED_COUNT, number))
        for number in range(count)
    ]
    return scene.crowd.requests(scene.inbox_url, said)


def _thin_rate(folder: Path, key_file: Path, requests: list[bytes], server_url: str | None) -> float:
    (port,) = free_ports(1)
    with fresh_database(server_url, folder) as url:
        database = url.removeprefix("sqlite:///")
        arguments = [str(port), str(key_file), database]
        thin = running("libline_fed.bench.thin", arguments, log=folder / "thin.log", ready=(port, "/healthz"))
        with thin:
            report = send(folder, port, requests)
    expect_accepted(report, len(requests))
    return float(len(requests) / report["duration_s"])


def _inbox_figures(
    count: int, report: dict[str, Any], applied_s: float, used_s: float, bound: float, scene: Scene
) -> tuple[Figure, ...]:
    latencies_ms = report["latencies_ms"]
    thin = "receive, verify, one grouped insert"
    return (
        Figure("accepted", count / report["duration_s"], "/s", bound, thin, 0.5),
        Figure("stored and applied", count / applied_s, "/s", bound, thin),
        Figure("answer, p50", percentile(latencies_ms, 0.50), "ms"),
        Figure("answer, p95", percentile(latencies_ms, 0.95), "ms"),
        Figure("answer, p99", percentile(latencies_ms, 0.99), "ms"),
        Figure("processor time", used_s / count * 1000, "ms each"),
        Figure("memory", rss_mb(scene.serve.process.pid), "MB"),
    )


def measure_fanout(count: int, *, server_url: str | None, say: Say) -> Report:
    """Publish one offer to `count` followers on as many hosts and measure until the last host has it.

    Raises: ProcessFailed.
    """
    with tempfile.TemporaryDirectory(prefix="libline-bench-") as name, quiet_around() as quiet:
        folder = Path(name)
        key = new_key(folder)
        say("starting an instance and its peers")
        with opened_scene(folder, hosts_count=count, key=key, server_url=server_url) as scene:
            say(f"{count} followers on {count} hosts")
            scene.be_followed(count)
            say("measuring the bound")
            before = signs_per_s(key[0])
            say("measuring the fan-out")
            cpu_before_s = cpu_s(scene.serve.process.pid)
            before_count = scene.deliveries_count()
            scene.libline(*PROPOSAL)
            sent_count = scene.deliveries_count() - before_count
            wait_until(
                lambda: ask(scene.control_port, "/totals")["distinct_count"] >= sent_count,
                "not every host got the offer",
                every_s=POLL_S,
            )
            used_s = cpu_s(scene.serve.process.pid) - cpu_before_s
            totals = ask(scene.control_port, "/totals")
            committed_at = scene.activity_at("Create").timestamp()
            bound = (before + signs_per_s(key[0])) / 2
            figures = _fanout_figures(sent_count, totals, committed_at, used_s, bound, scene)
    return Report("fan-out", kind_of(server_url), figures, quiet[0].warning())


PROPOSAL = (
    "proposal",
    "add",
    "ana",
    "--purpose",
    "offer",
    "--title",
    "Cataloguing maps",
    "--text",
    "An hour a month.",
    "--area",
    "A0301",
    "--language",
    "en",
    "--mode",
    "M1",
)


def _fanout_figures(
    count: int, totals: dict[str, Any], committed_at: float, used_s: float, bound: float, scene: Scene
) -> tuple[Figure, ...]:
    offer_s = totals["last_of_type_at"]["Create"] - committed_at
    flowing_s = max(totals["last_at"] - totals["first_at"], 0.001)
    signing = "RSA signatures in two threads"
    return (
        Figure("deliveries", count / flowing_s, "/s", bound, signing, 0.6),
        Figure("made in all", count, ""),
        Figure("last host has the offer after", offer_s, "s"),
        Figure("sent twice", totals["received_count"] - totals["distinct_count"], ""),
        Figure("processor time", used_s / count * 1000, "ms each"),
        Figure("memory", rss_mb(scene.serve.process.pid), "MB"),
    )


def kind_of(server_url: str | None) -> str:
    """Return the name of the database that is measured."""
    return "PostgreSQL" if server_url else "SQLite"
