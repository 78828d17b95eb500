"""Rounds of `kill -9` in the midst of inbox load and fan-out, and the count of what is lost or done twice.

`python -m tests.acceptance.crashing --rounds 100` runs them outside of pytest (see `scripts/crash`).
"""

import argparse
import contextlib
import random
import shutil
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any

from libline_fed.app import Instance
from libline_fed.bench.databases import fresh_database
from libline_fed.bench.scene import follow_at_once
from libline_fed.clock import SystemClock
from libline_fed.config import Settings
from libline_fed.domain.proposals import Draft, Proposal, Purpose
from libline_fed.services import members, proposals
from libline_fed.storage.store import Tx
from tests.support.databases import run_apart
from tests.support.processes import LiveInstance, wait_for
from tests.support.sink import Sink, post_raw

RECIPIENTS = 200
TYPES = ("Create", "Add")  # what an offer sends to each recipient
NOTES = 200
SENDERS = 4
FOLLOWED = 4
LEASE_S = 2
SETTLE_S = 60.0


@dataclass
class Tally:
    """What the rounds found."""

    rounds: int = 0
    lost: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    resent: int = (
        0  # deliveries that a peer got twice and, by their id, ignores: at least once is the promise
    )
    killed_in_fanout: int = 0
    killed_in_inbox: int = 0
    slowest_settling_s: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.rounds} rounds: {len(self.lost)} lost, {len(self.repeated)} repeated effects; killed "
            f"{self.killed_in_fanout} times in mid-fan-out, {self.killed_in_inbox} times in mid-inbox; "
            f"{self.resent} deliveries sent again; slowest recovery {self.slowest_settling_s:.1f} s"
        )


class Notes:
    """The inbox load of one round: each note is sent until it is answered, whatever happens to the server."""

    def __init__(self, sink: Sink, instance: LiveInstance, member_uri: str, round_number: int) -> None:
        self._sink = sink
        self._inbox_url = f"{instance.base_url}/inbox"
        self._waiting = [self._note(member_uri, round_number * NOTES + number) for number in range(NOTES)]
        self.uris = [document["object"]["id"] for _, document in self._waiting]
        self.accepted: list[tuple[int, dict[str, Any]]] = []
        self.unanswered: list[tuple[int, dict[str, Any]]] = []
        self._threads = [threading.Thread(target=self._send_all) for _ in range(SENDERS)]

    def _note(self, member_uri: str, number: int) -> tuple[int, dict[str, Any]]:
        index = number % FOLLOWED
        document = self._sink.crowd.note(index, number)
        document["object"]["cc"].append(member_uri)
        document["object"]["tag"] = [{"type": "Mention", "href": member_uri, "name": "@ana"}]
        return index, document

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        """Wait until each was tried once."""
        for thread in self._threads:
            thread.join()

    def _send_all(self) -> None:
        while self._waiting:
            with contextlib.suppress(IndexError):
                item = self._waiting.pop(0)
                (self.accepted if self._is_taken(item) else self.unanswered).append(item)

    def _is_taken(self, item: tuple[int, dict[str, Any]]) -> bool:
        index, document = item
        try:
            return (
                post_raw(
                    self._sink.crowd.request(index, self._inbox_url, document), self._inbox_url
                ).status_code
                == 202
            )
        except (OSError, HTTPException):
            return False

    def send_again(self) -> list[str]:
        """Send what got no answer, as its sender would, and a part of what did: return what was refused."""
        again = self.unanswered + self.accepted[::10]
        with ThreadPoolExecutor(SENDERS) as threads:
            taken = list(threads.map(self._is_taken, again))
        return [document["id"] for (_, document), is_taken in zip(again, taken, strict=True) if not is_taken]


class CrashRounds:
    """An instance, 200 followers on as many hosts, and what happens when it dies."""

    def __init__(self, folder: Path, *, database_url: str | None = None, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self.tally = Tally()
        database = {} if database_url is None else {"database_url": database_url}
        self.instance = LiveInstance(
            folder / "libline",
            delivery_lease_s=LEASE_S,
            inbox_per_host_per_minute=1_000_000,
            log_level="warning",
            **database,
        )
        self.sink = Sink(folder, hosts_count=RECIPIENTS)

    def set_up(self) -> None:
        """Start, and let everybody follow."""
        self.instance.start()
        self.member_uri = self.instance.add_member("ana")
        with ThreadPoolExecutor(SENDERS) as threads:
            statuses = set(threads.map(self._follow, range(RECIPIENTS)))
        assert statuses == {202}, statuses
        wait_for(lambda: self.sink.totals()["distinct_count"] >= RECIPIENTS, "the Accepts", seconds=SETTLE_S)
        uris = [self.sink.crowd.uri(index) for index in range(FOLLOWED)]
        now = datetime.now(UTC)
        self.instance.ask(lambda store: store.write(lambda tx: follow_at_once(tx, "ana", uris, now)))

    def _follow(self, index: int) -> int:
        return self.sink.post(
            index, f"{self.member_uri}/inbox", self.sink.crowd.follow(index, self.member_uri)
        )

    def close(self) -> None:
        """End all processes."""
        self.instance.stop()
        self.sink.stop()

    def run(self, rounds: int) -> Tally:
        """Do so many rounds."""
        for _ in range(rounds):
            self._round()
        return self.tally

    def _round(self) -> None:
        number = self.tally.rounds
        self.tally.rounds += 1
        self.sink.clear()
        notes = Notes(self.sink, self.instance, self.member_uri, number)
        dying = threading.Thread(target=self._kill_somewhere)
        if self._random.random() < 0.5:  # load and fan-out at the same time, or the fan-out alone
            notes.start()
            uri = self._add_offer(number)
            dying.start()
        else:
            uri = self._add_offer(number)
            dying.start()
            notes.start()
        dying.join()
        notes.wait()
        received = self.sink.totals()["distinct_count"]
        self.tally.killed_in_fanout += 0 < received < RECIPIENTS * len(TYPES)
        self.tally.killed_in_inbox += 0 < len(notes.accepted) < NOTES
        self.instance.serve()
        began_s = time.monotonic()
        refused = notes.send_again()
        self.tally.lost += [f"round {number}: not taken after the restart: {uri}" for uri in refused]
        self._settle(notes, uri)
        self.tally.slowest_settling_s = max(self.tally.slowest_settling_s, time.monotonic() - began_s)
        self._judge(number, notes, uri)

    def _add_offer(self, number: int) -> str:
        """Publish an offer from another process than the one that dies, as `libline proposal add` does."""
        title = f"Round {number} of {self._random.getrandbits(32):x}"
        draft = Draft(
            Purpose.OFFER, title, "An hour a month.", areas=("A0301",), languages=("en",), modes=("M1",)
        )

        async def work() -> str:
            instance = Instance(Settings(**self.instance.settings))
            await instance.open()
            try:
                now = SystemClock().now()

                async def unit(tx: Tx) -> Proposal:
                    member = await members.by_handle(tx, "ana")
                    return await proposals.add(tx, instance.site, author=member.actor, draft=draft, now=now)

                return (await instance.store.write(unit)).uri
            finally:
                await instance.close()

        return str(run_apart(work))

    def _kill_somewhere(self) -> None:
        """Kill at a random moment, or once a random number of hosts has been reached."""
        if self._random.random() < 0.5:
            time.sleep(self._random.uniform(0, 0.5))
        else:
            target, until_s = self._random.randrange(RECIPIENTS * len(TYPES)), time.monotonic() + 5
            while self.sink.totals()["distinct_count"] < target and time.monotonic() < until_s:
                time.sleep(0.002)
        self.instance.kill()

    def _settle(self, notes: Notes, uri: str) -> None:
        """Wait until nothing is under way any more, or for so long that what is missing is lost."""
        with contextlib.suppress(Exception):
            wait_for(
                lambda: not self._missing(notes, uri), "the end of the round", seconds=SETTLE_S, every_s=0.2
            )

    def _missing(self, notes: Notes, uri: str) -> list[str]:
        stored = {row[0] for row in self.instance.rows("SELECT uri FROM posts")}
        missing = []
        for type_ in TYPES:
            reached = {host for (host, object_uri) in self.sink.effects(type_) if object_uri == uri}
            hosts = [self._host(index) for index in range(RECIPIENTS)]
            missing += [f"no {type_} of {uri} to {host}" for host in hosts if host not in reached]
        return missing + [f"not stored: {note}" for note in notes.uris if note not in stored]

    def _host(self, index: int) -> str:
        return self.sink.crowd.uri(index).split("/")[2]

    def _judge(self, number: int, notes: Notes, uri: str) -> None:
        self.tally.lost += [f"round {number}: {what}" for what in self._missing(notes, uri)]
        for type_ in TYPES:
            for (host, object_uri), ids in self.sink.effects(type_).items():
                if len(ids) > 1:
                    self.tally.repeated.append(
                        f"round {number}: {host} got {len(ids)} {type_}s of {object_uri}"
                    )
        self.tally.resent += sum(receipt["count"] - 1 for receipt in self.sink.receipts())
        counted = dict(
            self.instance.rows("SELECT subject_uri, count(*) FROM notifications GROUP BY subject_uri")
        )
        for note in notes.uris:
            if counted.get(note, 0) != 1:
                kind = self.tally.lost if not counted.get(note) else self.tally.repeated
                kind.append(f"round {number}: {counted.get(note, 0)} notifications of {note}")
        left = self.instance.number(
            "SELECT count(*) FROM inbox_activities WHERE state IN ('refused', 'quarantined')"
        )
        if left:
            self.tally.lost.append(f"round {number}: {left} activities were refused")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run rounds from the command line; the exit status says whether anything was lost or repeated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument(
        "--database-url", help="postgresql://… of a server for a temporary database; default SQLite"
    )
    flags = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="libline-crash-"))
    say(f"seed {flags.seed}, folder {folder}")
    with fresh_database(flags.database_url, folder) as url:
        rounds = CrashRounds(folder, database_url=url, seed=flags.seed)
        try:
            rounds.set_up()
            for done in range(1, flags.rounds + 1):
                tally = rounds.run(1)
                if done % 10 == 0 or tally.lost or tally.repeated:
                    say(str(tally))
        finally:
            rounds.close()
    say(str(tally))
    for problem in (tally.lost + tally.repeated)[:50]:
        say(problem)
    if tally.lost or tally.repeated:
        say(f"kept for a look: {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
