"""Links between the two servers of a pair: asking, deciding, and reading each other's lists."""

from libline_fed.domain.actors import Actor
from libline_fed.domain.crawls import Crawl
from libline_fed.domain.proposals import Proposal
from libline_fed.federation.crawl import Crawler
from libline_fed.services import links
from libline_fed.services.links import Link
from libline_fed.storage import actors, crawls, proposals
from tests.support.pair import Pair, Side

MAX_TURNS = 60  # a list that takes more turns leads in circles


async def instance_of(side: Side) -> Actor:
    """Return the actor of a server."""
    found = await side.read(lambda tx: actors.by_uri(tx, side.site.uris.instance_actor))
    assert found is not None
    return found


async def ask(asker: Side, asked: Side, note: str = "") -> Actor:
    """Let an admin ask another server for a link; return that server's actor as the asker knows it."""
    peer = await asker.resolver.find_instance(asked.host)
    now = asker.clock.now()
    await asker.write(lambda tx: links.ask(tx, asker.site, peer=peer, note_text=note, now=now))
    return peer


async def approve(asked: Side, asker: Side) -> None:
    """Let an admin say yes."""
    peer, now = await peer_of(asked, asker), asked.clock.now()
    await asked.write(lambda tx: links.approve(tx, asked.site, peer_id=peer.id, now=now))


async def unlink(side: Side, other: Side) -> None:
    """Let an admin end the link."""
    peer, now = await peer_of(side, other), side.clock.now()
    await side.write(lambda tx: links.unlink(tx, side.site, peer_id=peer.id, now=now))


async def link(both: Pair, asker: Side, asked: Side, *, is_read: bool = True) -> None:
    """Link two servers: `asker` gets what `asked` has."""
    await ask(asker, asked)
    await both.settle()
    await approve(asked, asker)
    await both.settle()
    if is_read:
        await read_lists(both, asker)


async def peer_of(side: Side, other: Side) -> Actor:
    """Return the actor of another server as it is known here."""
    found = await side.read(lambda tx: actors.by_uri(tx, other.site.uris.instance_actor))
    assert found is not None
    return found


async def link_of(side: Side, other: Side) -> Link:
    """Return what the admin's page shows of another server."""
    return await side.read(lambda tx: links.at_host(tx, side.site, other.host))


async def states(side: Side, other: Side) -> tuple[str | None, str | None]:
    """Return (outgoing, incoming) of what there is with another server."""
    for found in await side.read(lambda tx: links.list_links(tx, side.site)):
        if found.peer.host == other.host:
            return found.outgoing, found.incoming
    return None, None


async def read_lists(both: Pair, side: Side, *, turns_count: int = MAX_TURNS) -> Crawler:
    """Read every list that is due, turn by turn, so many turns at most."""
    crawler = side.instance.crawler(per_host_s=0)
    for _ in range(turns_count):
        if not await crawler.run_once():
            due_at = await side.read(crawls.next_due_at)
            now = side.clock.now()
            if due_at is None or (due_at - now).total_seconds() > 5:
                return crawler
            both.clock.advance(seconds=(due_at - now).total_seconds())
    assert turns_count < MAX_TURNS, "the list is read in circles"
    return crawler


async def crawl_of(side: Side, other: Side) -> Crawl | None:
    """Return how far the list of another server is read."""
    peer = await peer_of(side, other)
    return await side.read(lambda tx: crawls.get(tx, peer.id))


async def copies(side: Side, *of: Proposal) -> list[Proposal | None]:
    """Return what a server has of some proposals of others."""
    found = await side.read(lambda tx: proposals.by_uris(tx, [proposal.uri for proposal in of]))
    return [found.get(proposal.uri) for proposal in of]
