"""Two whole instances in one process, each with its own database, and a network between that can go wrong.

    async with pair(store_a, store_b, clock) as both:
        a, b = both
        ana, ben = await a.member("ana"), await b.member("ben")
        ...
        await both.settle()              # deliver and apply until nothing moves
        both.hold(a)                     # what a sends waits; both.release(a)
        both.duplicate(a)                # comes twice at once, and again later
        both.reorder(a)                  # the last first
        both.drop(a)                     # the next letter is lost; a believes that it came
        both.lose_answers(a)             # the next letter comes; a believes that it did not
        both.cut(a)                      # nothing from a or to a gets through; both.mend(a)
        await both.crash(a, "sent")      # a dies as by kill -9; await both.restart(a)
        await both.later(days=3)         # time passes, housekeeping runs, everything settles

Signatures, databases, workers and pages are the real ones; network and clock are not.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from unittest import mock

import httpx
from pydantic import SecretStr
from starlette.types import ASGIApp

from libline_fed.app import Instance, make_inbox, make_routes
from libline_fed.clock import FrozenClock
from libline_fed.config import Settings
from libline_fed.domain.accounts import AccountState
from libline_fed.domain.actors import Actor
from libline_fed.domain.inbox_activities import InboxActivity
from libline_fed.domain.proposals import Draft, Proposal
from libline_fed.errors import PeerUnavailable, RefusalReason
from libline_fed.federation import delivery_records
from libline_fed.federation.answers import AnswerCache
from libline_fed.federation.http_client import HttpClient
from libline_fed.federation.inbox_worker import InboxWorker
from libline_fed.federation.resolve import Resolver
from libline_fed.federation.signatures import sign
from libline_fed.sealing import Sealer
from libline_fed.services import inbox as inbox_service
from libline_fed.services import members, notifications, proposals
from libline_fed.services.site import Site
from libline_fed.storage import accounts, actors, inbox_activities, keys
from libline_fed.storage.store import Store, Tx, Unit
from tests.support.keys import ANA_RSA, BEN_RSA
from tests.support.wire import ACCEPTED, Letter, Network, Serve

T = TypeVar("T")

SECRET = "the secret key of an instance in a test"
LEASE_S = 60
MAX_ROUNDS = 40  # what does not come to rest in so many runs in circles
ANSWER_S = 30
DRAFT = Draft("offer", "Cataloguing with RDA", "A text.", "en", ("A0301",), ("en",), ("M1",), places_count=3)


class WiredInstance(Instance):
    """An instance whose other servers are those of the test."""

    network: Network

    def make_client(self) -> HttpClient:
        """Return a client of the test's network."""
        host = self.site.uris.host
        return HttpClient(
            allow_private=False, own_host=host, user_agent="test", transport=self.network.transport(host)
        )


class Side:
    """One of the two servers. `store`, `site` and the rest are those of the running process."""

    instance: WiredInstance
    app: ASGIApp | None = None
    inbox_worker: InboxWorker

    def __init__(self, host: str, database_url: str, data_dir: Path, network: Network, clock: FrozenClock):
        self.host = host
        self.base_url = f"https://{host}"
        self.clock = clock
        self._network = network
        given: dict[str, Any] = {
            "base_url": self.base_url,
            "data_dir": data_dir,
            "database_url": SecretStr(database_url),
            "secret_key": SecretStr(SECRET),
            "instance_name": f"Library {host[0].upper()}",
            "delivery_concurrency": 2,
            "delivery_threads": 1,
            "delivery_lease_s": LEASE_S,
            "inbox_per_host_per_minute": 1_000_000,  # the clock stands still
        }
        self._settings = Settings(**given)
        self._closing = AsyncExitStack()

    def __repr__(self) -> str:
        return f"Side({self.host})"

    @property
    def store(self) -> Store:
        """The database, as the running process has it open."""
        return self.instance.store

    @property
    def site(self) -> Site:
        """What use cases need to know."""
        return self.instance.site

    @property
    def resolver(self) -> Resolver:
        """Finds people of other servers."""
        return self.instance.resolver

    # --- living and dying -------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the process."""
        self.instance = WiredInstance(self._settings, clock=self.clock)
        self.instance.network = self._network
        await self.instance.open()
        self._closing = AsyncExitStack()
        self._closing.push_async_callback(self.instance.close)
        inbox, stop = make_inbox(self.instance), asyncio.Event()
        cache = self._closing.enter_context(closing(AnswerCache(self.store)))
        self.inbox_worker = self.instance.inbox_worker()
        writing = asyncio.create_task(inbox.run(stop))

        async def end_writing() -> None:
            stop.set()
            await writing

        self._closing.push_async_callback(end_writing)
        self.app = make_routes(self.instance, inbox, cache)
        self._network.servers[self.host] = self._serve
        self._network.resigns[self.host] = self._resign

    async def stop(self) -> None:
        """End the process; rows stay as they are, leases included."""
        if self.app is not None:
            self.app = None
            self._network.servers.pop(self.host)
            await self._closing.aclose()

    async def _serve(self, request: httpx.Request) -> httpx.Response:
        assert self.app is not None
        transport = httpx.ASGITransport(self.app, client=("192.0.2.9", 40_000))
        return await transport.handle_async_request(request)

    async def _resign(self, letter: Letter) -> dict[str, str]:
        actor = await self.read(lambda tx: actors.by_uri(tx, letter.activity["actor"]))
        assert actor is not None
        return sign(
            "POST",
            letter.url,
            key_id=self.site.uris.main_key(actor.uri),
            private_key=await self.instance.keyring.signing_key(actor.id),
            now=self.clock.now(),
            body=letter.body,
        )

    # --- working ----------------------------------------------------------------------------------

    async def read(self, unit: Unit[T]) -> T:
        """Ask the database."""
        return await self.store.read(unit)

    async def write(self, unit: Unit[T]) -> T:
        """Change the database."""
        return await self.store.write(unit)

    async def deliver(self) -> int:
        """Deliver what is due; return how many letters were tried or let go."""
        if self.app is None:
            return await self._network.flush(self.host)
        with closing(self.instance.delivery_worker()) as worker:  # new: clocks that jump are nothing to it
            count = await worker.run_once()
        return count + await self._network.flush(self.host)

    async def apply(self) -> int:
        """Apply what has come; return how much."""
        return await self.inbox_worker.run_once() if self.app is not None else 0

    async def keep_house(self) -> None:
        """Run every step of the housekeeping once."""
        if self.app is not None:
            for step in self.instance.upkeep_steps().values():
                await step()

    async def lease_inbox(self) -> list[InboxActivity]:
        """Take what has come, and do nothing with it: a worker that dies."""
        now = self.clock.now()
        return await self.write(
            lambda tx: inbox_activities.lease_batch(tx, limit=1_000, lease_s=LEASE_S, now=now)
        )

    async def received(self) -> list[InboxActivity]:
        """List what came in, newest first, with what became of it."""
        return await self.read(inbox_service.list_activities)

    # --- people -----------------------------------------------------------------------------------

    async def member(self, handle: str, *, password_hash: str | None = None, **profile: Any) -> Actor:
        """Make an active member; `profile` are columns of the actor."""
        now = self.clock.now()
        await self.write(self._put_key_by)
        new = members.NewMember(
            handle, f"{handle}@mail.example", password_hash, state=AccountState.ACTIVE, language="en"
        )

        async def unit(tx: Tx) -> Actor:
            made = await members.create(tx, self.site, new, now=now)
            return await actors.change(tx, made.actor.id, now, **profile) if profile else made.actor

        return await self.write(unit)

    async def offer(self, author: Actor, draft: Draft = DRAFT) -> Proposal:
        """Publish a proposal of a member."""
        now = self.clock.now()
        return await self.write(lambda tx: proposals.add(tx, self.site, author=author, draft=draft, now=now))

    async def know(self, actor: Actor) -> Actor:
        """Return somebody of the other server as known here."""
        return await self.resolver.find_actor(actor.uri)

    async def notices(self, member: Actor) -> list[tuple[str, str]]:
        """List a member's notifications as kind and subject, oldest first."""

        async def unit(tx: Tx) -> list[tuple[str, str]]:
            account = await accounts.by_actor(tx, member.id)
            assert account is not None
            page = await notifications.list_for(tx, account.id)
            told = [item.notification for item in reversed(page.items)]
            return [(each.kind, each.subject_uri or "") for each in told]

        return await self.read(unit)

    async def prepare(self) -> None:
        """Put keys by, so that starting makes none."""
        store = await Store(self._settings.resolved_database_url()).open()
        for _ in range(3):
            await store.write(self._put_key_by)
        await store.close()

    async def _put_key_by(self, tx: Tx) -> None:
        key = ANA_RSA if self.host.startswith("a") else BEN_RSA
        sealed = Sealer(SECRET).seal(key.private_pem)
        await keys.add_spare(
            tx, public_pem=key.public_pem, private_encrypted=sealed, now=self.clock.now()
        )


class Pair:
    """The two servers and what is between them."""

    def __init__(self, a: Side, b: Side, network: Network, clock: FrozenClock) -> None:
        self.a, self.b = a, b
        self.network = network
        self.clock = clock

    def __iter__(self) -> Iterator[Side]:
        return iter((self.a, self.b))

    def serve(self, host: str, answer: Serve) -> None:
        """Add a server of another kind to the network."""
        self.network.servers[host] = answer

    # --- time -------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Deliver and apply on both sides until nothing moves; fail if something could not be applied."""
        for _ in range(MAX_ROUNDS):
            moved = [await step() for side in self for step in (side.deliver, side.apply)]
            if not any(moved):
                break
        else:
            raise AssertionError("the two servers never come to rest")
        for side in self:
            if side.app is not None:
                spoiled = [row for row in await side.received() if row.reason == RefusalReason.POISON]
                assert not spoiled, [(row.type, row.detail) for row in spoiled]

    async def later(self, *, seconds: float = 0, hours: float = 0, days: float = 0) -> None:
        """Let time pass on both sides; the housekeeping runs, and what came of it settles."""
        self.clock.advance(seconds=seconds, hours=hours, days=days)
        for side in self:
            await side.keep_house()
        await self.settle()

    # --- what goes wrong --------------------------------------------------------------------------

    def hold(self, side: Side) -> None:
        """Let what a side sends wait on the way."""
        self.network.way(side.host).is_held = True

    def release(self, side: Side) -> None:
        """Let go what waited, with the next `settle`."""
        self.network.way(side.host).is_held = False

    def duplicate(self, side: Side) -> None:
        """Let everything that a side sends come three times."""
        self.network.way(side.host).is_doubled = True

    def reorder(self, side: Side) -> None:
        """Let what a side sends come the last first."""
        self.network.way(side.host).is_reordered = True

    def drop(self, side: Side, count: int = 1) -> None:
        """Lose the next letters of a side, which believes that they came."""
        self.network.way(side.host).lost_count = count

    def lose_answers(self, side: Side, count: int = 1) -> None:
        """Lose the answers to the next letters of a side, which believes that they did not come."""
        self.network.way(side.host).unanswered_count = count

    def cut(self, side: Side) -> None:
        """Let nothing from or to a side through."""
        self.network.way(side.host).is_cut = True

    def mend(self, side: Side) -> None:
        """Let everything through again; what failed is tried when its time comes."""
        self.network.way(side.host).is_cut = False

    async def crash(self, side: Side, when: str = "idle") -> None:
        """Kill a side: "idle"; "sent", once a letter came but is not noted; "leased", with its inbox.

        What it had taken is free again after `LEASE_S`: let `later` pass after `restart`.
        """
        if when == "sent":
            await self._die_after_sending(side)
        elif when == "leased":
            await side.lease_inbox()
        else:
            assert when == "idle", when
        await side.stop()

    async def restart(self, side: Side) -> None:
        """Start a side again."""
        await side.start()

    async def _die_after_sending(self, side: Side) -> None:
        has_come, has_died, carry = asyncio.Event(), asyncio.Event(), self.network.carry

        async def carry_and_die(sender: str, request: httpx.Request) -> httpx.Response:
            answer = await carry(sender, request)
            if sender != side.host or request.method != "POST":
                return answer
            assert answer.status_code == ACCEPTED, answer.text
            has_come.set()
            await has_died.wait()
            raise PeerUnavailable("nobody is left to hear the answer")

        self.network.carry = carry_and_die  # type: ignore[method-assign]
        with closing(side.instance.delivery_worker()) as worker:
            running = asyncio.create_task(worker.run_once())
            coming = asyncio.create_task(has_come.wait())
            async with asyncio.timeout(ANSWER_S):  # it may be that no letter gets through
                await asyncio.wait({running, coming}, return_when=asyncio.FIRST_COMPLETED)
            await side.store.close()  # nothing can be noted any more
            has_died.set()
            running.cancel()
            coming.cancel()
            with mock.patch.object(delivery_records, "BUSY_S", 0):  # nobody waits for the dead
                await asyncio.gather(running, coming, return_exceptions=True)
        self.network.carry = carry  # type: ignore[method-assign]


@contextlib.asynccontextmanager
async def pair(store_a: Store, store_b: Store, clock: FrozenClock) -> AsyncIterator[Pair]:
    """Start two instances, `a.example` and `b.example`, on two migrated databases."""
    network = Network()
    with TemporaryDirectory() as folder:
        sides = [
            Side(host, store.url.render_as_string(hide_password=False), Path(folder), network, clock)
            for host, store in (("a.example", store_a), ("b.example", store_b))
        ]
        try:
            for side in sides:
                await side.prepare()
                await side.start()
            yield Pair(sides[0], sides[1], network, clock)
        finally:
            for side in sides:
                await side.stop()
