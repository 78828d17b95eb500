"""Three servers around a consortium: a and b are members, c hosts its Group."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from sqlalchemy import select

from libline_fed.clock import FrozenClock
from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import Item, Membership
from libline_fed.domain.proposals import Proposal
from libline_fed.services import consortia, memberships
from libline_fed.storage import actors, proposals, rows
from libline_fed.storage import consortia as consortium_rows
from libline_fed.storage.consortium_tables import consortium_items
from libline_fed.storage.store import Store, Tx
from libline_fed.storage.tables import proposal_sources
from libline_fed.storage.tables import proposals as proposal_table
from tests.support.linking import instance_of, read_lists
from tests.support.pair import Pair, Side, pair
from tests.support.trio import Trio

GROUP_URI = "https://c.example/groups/redbib"


class Consortium(Trio):
    """The three servers; `group` is the Group as c has it."""

    group: Actor

    async def settle_all(self) -> None:
        """Deliver, apply and read lists until nothing moves."""
        for _ in range(4):
            await self.settle()
            for side in self:
                if side.app is not None:
                    await read_lists(self, side)
        await self.settle()

    async def ask(self, side: Side, note: str = "We are a library.") -> Actor:
        """Let an admin ask for membership; return the Group as known there."""
        group = await self.group_at(side)
        now = side.clock.now()
        await side.write(
            lambda tx: memberships.join(tx, side.site, group=group, note=note, account=None, now=now)
        )
        return group

    async def approve(self, side: Side) -> None:
        """Let a coordinator say yes to a server."""
        instance = await self.known_to_host(side)
        now = self.clock.now()
        await self.c.write(
            lambda tx: consortia.approve(
                tx, self.c.site, group_id=self.group.id, instance_id=instance.id, account=None, now=now
            )
        )

    async def join(self, *sides: Side) -> None:
        """Make servers members, with everything that follows."""
        for side in sides:
            await self.ask(side)
            await self.settle()
            await self.approve(side)
        await self.settle_all()

    async def leave(self, side: Side) -> None:
        """Let an admin leave."""
        group, now = await self.group_at(side), side.clock.now()
        await side.write(lambda tx: memberships.leave(tx, side.site, group=group, account=None, now=now))

    async def remove(self, side: Side) -> None:
        """Let a coordinator put a server out."""
        instance, now = await self.known_to_host(side), self.clock.now()
        await self.c.write(
            lambda tx: consortia.remove_member(
                tx, self.c.site, group_id=self.group.id, instance_id=instance.id, account=None, now=now
            )
        )

    async def invite(self, side: Side) -> None:
        """Let a coordinator invite a server."""
        instance = await self.c.resolver.find_instance(side.host)
        now = self.clock.now()
        await self.c.write(
            lambda tx: consortia.invite(
                tx, self.c.site, group_id=self.group.id, instance=instance, account=None, now=now
            )
        )

    async def accept(self, side: Side) -> None:
        """Let an admin say yes to an invitation."""
        group, now = await self.group_at(side), side.clock.now()
        await side.write(
            lambda tx: memberships.accept_invitation(tx, side.site, group=group, account=None, now=now)
        )

    async def group_at(self, side: Side) -> Actor:
        """Return the Group as a server knows it."""
        return self.group if side is self.c else await side.resolver.find_actor(GROUP_URI)

    async def known_to_host(self, side: Side) -> Actor:
        """Return a server's instance actor as the host knows it."""
        uri = side.site.uris.instance_actor
        found = await self.c.read(lambda tx: actors.by_uri(tx, uri))
        assert found is not None, f"{uri} is unknown to the host"
        return found

    async def state(self, at: Side, of: Side) -> str | None:
        """Return what one server thinks that another (or itself) is to the consortium."""

        async def unit(tx: Tx) -> Membership | None:
            group = await actors.by_uri(tx, GROUP_URI)
            instance = await actors.by_uri(tx, of.site.uris.instance_actor)
            if group is None or instance is None:
                return None
            return await consortium_rows.membership(tx, group.id, instance.id)

        found = await at.read(unit)
        return found.state if found is not None else None

    async def states(self, of: Side) -> tuple[str | None, str | None]:
        """Return what the host and the server itself think that it is."""
        return await self.state(self.c, of), await self.state(of, of)

    async def items(self) -> dict[str, str]:
        """Return what the Group does with which proposal."""

        async def unit(tx: Tx) -> list[Item]:
            found = await tx.all(select(consortium_items))
            return [rows.to(Item, row) for row in found]

        return {item.proposal_uri: item.state for item in await self.c.read(unit)}


@contextlib.asynccontextmanager
async def consortium(
    store: Store, other_store: Store, third_url: str, clock: FrozenClock, tmp_path: Path
) -> AsyncIterator[Consortium]:
    """Start all three; nobody is a member yet."""
    async with pair(store, other_store, clock) as both:
        made = Consortium(both.a, both.b, both.network, clock)
        made.c = Side("c.example", third_url, tmp_path, both.network, clock)
        await made.c.prepare()
        await made.c.start()
        made.group = await make_group(made.c)
        yield made
        await made.c.stop()


async def make_group(
    side: Side, handle: str = "redbib", *, is_member: bool = False, continues: Actor | None = None
) -> Actor:
    """Make a consortium on a server."""
    now = side.clock.now()
    await side.prepare()
    return await side.write(
        lambda tx: consortia.create(
            tx,
            side.site,
            handle=handle,
            name="Red de Bibliotecas",
            summary_text="Mentorías de las bibliotecas miembro.",
            charter_text="1. Nobody owns it.",
            language="es",
            account=None,
            is_member=is_member,
            continues=continues,
            now=now,
        )
    )


async def listed(side: Side, *of: Proposal) -> list[str]:
    """Return the titles of those proposals that a server has."""
    found = await side.read(lambda tx: proposals.by_uris(tx, [one.uri for one in of]))
    return [found[one.uri].title for one in of if one.uri in found]


async def sources_of(side: Side, proposal: Proposal) -> set[tuple[str, str]]:
    """Return who brought a proposal to a server."""

    async def unit(tx: Tx) -> set[tuple[str, str]]:
        query = (
            select(proposal_sources.c.source, proposal_sources.c.actor_uri)
            .join(proposal_table, proposal_table.c.id == proposal_sources.c.proposal_id)
            .where(proposal_table.c.uri == proposal.uri)
        )
        return {(row.source, row.actor_uri) for row in await tx.all(query)}

    return await side.read(unit)


__all__ = ["Consortium", "Pair", "consortium", "instance_of", "listed", "make_group", "sources_of"]
