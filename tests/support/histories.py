"""Random histories: many pairs of people on two servers and a Mastodon-like one, and all that may go wrong.

A program is a list of rounds. In each, every person of every pair may do something, before any of it arrives;
then letters come, doubled, reordered, held back or not at all for now; time passes; a server dies. The acts
are in `history_acts`, what must be true after every round in `history_checks`.
"""

import contextlib
import dataclasses
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from sqlalchemy import func, select

from libline_fed.clock import FrozenClock
from libline_fed.domain.proposals import Proposal
from libline_fed.errors import PeerUnavailable
from libline_fed.storage.store import Store
from libline_fed.storage.tables import deliveries
from tests.mastodon_peer.peer import MastodonPeer
from tests.mastodon_peer.people import Person as Guest
from tests.support.duo import Person
from tests.support.pair import DRAFT, LEASE_S, Pair, Side, pair
from tests.support.wire import Network

BEGINNING = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
JUMPS_H = (*(0,) * 9, 1, 5, 13, 25, 49, 75, 190, 530, 960)  # up to 40 days
FAULTS = (
    "none",
    "none",
    "none",
    "hold a",
    "hold b",
    "hold both",
    "doubled",
    "reordered",
    "lose answers",
    "cut a",
    "cut b",
    "mastodon twice",
    "mastodon holds",
)
CRASHES = ("none",) * 18 + ("a idle", "b idle", "a sent", "b sent", "a leased", "b leased")
MENTORS_COUNT = 6
MENTEES_PER_MENTOR = 3
PLACES_COUNT = 2


@dataclass(frozen=True, slots=True)
class Round:
    """What happens before the next check: one byte for each person of each pair, 0 for nothing."""

    acts: bytes
    fault: str = "none"
    jump_h: int = 0
    crash: str = "none"


@dataclass
class History:
    """Somebody who asks (perhaps without LibLine), somebody who is asked, and what it is about."""

    number: int
    asker: Person | Guest
    asked: Person
    proposal: Proposal

    @property
    def people(self) -> tuple[Person, ...]:
        """Those of the two who are members of one of the two servers."""
        return (self.asker, self.asked) if isinstance(self.asker, Person) else (self.asked,)

    def partner_uri(self, person: Person) -> str:
        """Return who stands across."""
        if person is not self.asked:
            return self.asked.actor.uri
        return self.asker.actor.uri if isinstance(self.asker, Person) else self.asker.uri


@dataclass
class World:
    """The three servers and the people on them."""

    both: Pair
    peer: MastodonPeer
    histories: list[History]
    gone: set[str] = field(default_factory=set)  # URIs of deleted people
    tried: Counter[tuple[str, str]] = field(default_factory=Counter)  # act and what came of it

    @property
    def now(self) -> datetime:
        """The time on all servers."""
        return self.both.clock.now()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing waits on the way between the servers."""
        ways = self.both.network.ways.values()
        return not self.peer.outbound.waiting and not any(way.is_held or way.waiting for way in ways)

    async def settle(self) -> None:
        """Let everything arrive that may."""
        await self.both.settle()
        if self.peer.outbound.waiting and not self.peer.faults.is_holding:
            await self.peer.outbound.retry()
            await self.both.settle()

    async def later(self, hours: float) -> None:
        """Let time pass."""
        await self.both.later(hours=hours)
        await self.settle()

    async def queued_count(self) -> int:
        """Count the letters that have not arrived yet."""
        statement = select(func.count()).select_from(deliveries).where(deliveries.c.state == "queued")
        return sum([int(await side.read(lambda tx: tx.scalar(statement))) for side in self.both])

    # --- what goes wrong --------------------------------------------------------------------------

    def let_go(self) -> None:
        """End every disturbance; what was held back comes with the next `settle`."""
        for side in self.both:
            way = self.both.network.way(side.host)
            way.is_held = way.is_cut = way.is_doubled = way.is_reordered = False
            way.unanswered_count = 0
        self.peer.faults.is_holding = False

    def disturb(self, fault: str) -> None:
        """Begin a disturbance; letters that are held back stay so until another one begins."""
        if fault == "none":
            return
        self.let_go()
        for side in self.both:
            is_meant = fault.endswith((f" {side.host[0]}", "both"))
            way = self.both.network.way(side.host)
            way.is_held = fault.startswith("hold") and is_meant
            way.is_cut = fault.startswith("cut") and is_meant
            way.is_doubled = fault == "doubled"
            way.is_reordered = fault == "reordered"
            way.unanswered_count = 3 if fault == "lose answers" else 0
        self.peer.faults.is_holding = fault == "mastodon holds"
        self.peer.faults.send_twice = 3 if fault == "mastodon twice" else 0

    def mend(self) -> None:
        """Let letters through again that got nowhere; they are tried again in time."""
        for side in self.both:
            self.both.mend(side)

    async def crash(self, which: str) -> None:
        """Kill a server in the middle of its work, and start it again."""
        if which == "none":
            return
        host, when = which.split()
        side = self.both.a if host == "a" else self.both.b
        await self.both.crash(side, when)
        await self.both.restart(side)
        self.both.clock.advance(seconds=LEASE_S + 1)


@contextlib.asynccontextmanager
async def world(template: Path) -> AsyncIterator[World]:
    """Start two instances on copies of a migrated SQLite file, and a Mastodon-like server beside them."""
    clock = FrozenClock(BEGINNING)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        stores = [await stack.enter_async_context(_store(template, folder / name)) for name in ("a", "b")]
        both = await stack.enter_async_context(pair(*stores, clock))
        host = "m.example"
        http = await stack.enter_async_context(httpx.AsyncClient(transport=_Line(both.network, host)))
        peer = MastodonPeer(f"https://{host}", http, now=clock.now)
        both.network.refusals = frozenset({401, 410})  # of and to people who are gone
        both.serve(host, httpx.ASGITransport(app=peer.app).handle_async_request)
        made = World(both, peer, [])
        await _people_it(made)
        await made.settle()
        yield made


@contextlib.asynccontextmanager
async def _store(template: Path, path: Path) -> AsyncIterator[Store]:
    shutil.copyfile(template, path)
    store = await Store(f"sqlite+aiosqlite:///{path}").open()
    try:
        yield store
    finally:
        await store.close()


class _Line(httpx.AsyncBaseTransport):
    """The network as software sees it that knows nothing of our errors."""

    def __init__(self, network: Network, host: str) -> None:
        self._network = network
        self._host = host

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request."""
        try:
            return await self._network.carry(self._host, request)
        except PeerUnavailable as error:
            raise httpx.ConnectError(error.detail, request=request) from error


# --- who they are -----------------------------------------------------------------------------------


async def _people_it(made: World) -> None:
    """Put everybody in place: twenty-five pairs, some of which share a mentor or a mentee."""
    a, b = made.both
    for side in made.both:
        await side.member("admin")
    mentors = [await _member((a, b)[number % 2], f"mentor{number}") for number in range(MENTORS_COUNT)]
    offers = [await _publish(mentor, "offer") for mentor in mentors]
    mentees = [
        await _member((b, a)[number % 2], f"mentee{number}{letter}")
        for number in range(MENTORS_COUNT)
        for letter in "xyz"[:MENTEES_PER_MENTOR]
    ]
    numbers = iter(range(1_000))
    asked = [
        (mentee, index // MENTEES_PER_MENTOR) for index, mentee in enumerate(mentees)
    ]  # those whom each mentor may get
    asked += [(mentee, 2) for mentee in mentees[:MENTEES_PER_MENTOR]]  # who also ask somebody else
    for mentee, number in asked:
        made.histories.append(History(next(numbers), mentee, mentors[number], offers[number]))
    for mentor, mentee in ((mentors[1], mentees[3]), (mentors[0], mentees[0])):  # who post a request
        wish = await _publish(mentee, "request")
        made.histories.append(History(next(numbers), mentor, mentee, wish))
    for number, name in enumerate(("carla", "dario")):
        guest = made.peer.person(name, language=("en", "es")[number])
        made.histories.append(History(next(numbers), guest, mentors[number], offers[number]))


async def _member(side: Side, handle: str) -> Person:
    person = Person(side, await side.member(handle))
    await person.change_account(primer_done_at=side.clock.now())
    return person


async def _publish(person: Person, purpose: str) -> Proposal:
    title = f"{purpose.title()} of {person.actor.handle}"
    draft = dataclasses.replace(DRAFT, purpose=purpose, title=title, places_count=PLACES_COUNT)
    return await person.side.offer(person.actor, draft)


def everybody(made: World) -> Iterator[tuple[int, History, Person | Guest]]:
    """Yield each person of each pair with the number of the byte that says what they do."""
    for history in made.histories:
        yield 2 * history.number, history, history.asker
        yield 2 * history.number + 1, history, history.asked


BYTES_COUNT = 2 * (MENTORS_COUNT * MENTEES_PER_MENTOR + MENTEES_PER_MENTOR + 2 + 2)
HISTORIES_COUNT = BYTES_COUNT // 2


