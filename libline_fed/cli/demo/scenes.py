"""The two instances as the play sees them, and what should become true on them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from libline_fed.cli.demo.cast import Person
from libline_fed.cli.demo.stage import Stage
from libline_fed.cli.demo.visitor import Visitor
from libline_fed.clock import SystemClock
from libline_fed.domain.deliveries import Delivery
from libline_fed.domain.peers import Policy
from libline_fed.domain.proposals import Purpose
from libline_fed.domain.searches import Search
from libline_fed.domain.viewers import Viewer
from libline_fed.services import actors, deliveries, follows, listings, peers
from libline_fed.storage.store import Store, Tx


@dataclass(slots=True)
class Arrival:
    """Something that should become true elsewhere, and how long it took."""

    what: str
    has_arrived: Callable[[], Awaitable[bool]]
    took_s: float | None = None


@dataclass(slots=True)
class Scene:
    """One instance as the play sees it: its stage, its database to look into, its people's browsers."""

    stage: Stage
    store: Store
    visitors: dict[str, Visitor] = field(default_factory=dict)

    async def lists(self, title: str, purpose: str) -> bool:
        """Tell whether members here see a proposal of this title in the directory."""
        now = SystemClock().now()

        async def unit(tx: Tx) -> bool:
            search = Search(purpose=Purpose(purpose))
            viewer = Viewer(is_member=True)
            found = await listings.page(tx, search, viewer, per_page=listings.MAX_PER_PAGE, now=now)
            return any(proposal.title == title for proposal, _ in found.items)

        return await self.store.read(unit)

    async def follow_state(self, follower: Person, followed_acct: str) -> str | None:
        """Return how a member's wish to follow somebody elsewhere stands."""

        async def unit(tx: Tx) -> str | None:
            member = await actors.by_handle(tx, follower.handle)
            views = await follows.following(tx, member.id)
            return next((view.follow.state for view in views if view.actor.acct == followed_acct), None)

        return await self.store.read(unit)

    async def allow(self, host: str) -> None:
        """Note that this instance and the other one belong together."""
        now = SystemClock().now()
        await self.store.write(
            lambda tx: peers.set_policy(tx, host, Policy.ALLOWED, "the other half of the demo", now=now)
        )

    async def deliveries_to(self, host: str) -> list[Delivery]:
        """Return what was or will be sent to a host."""
        return await self.store.read(lambda tx: deliveries.list_queue(tx, host=host))
