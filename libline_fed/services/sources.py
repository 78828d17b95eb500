"""Who brought what is listed here, and what becomes of it when they bring nothing any more."""

from datetime import datetime

from libline_fed.services.site import Site
from libline_fed.storage import circles, sources
from libline_fed.storage.store import Tx


async def drop(tx: Tx, site: Site, *, actor_uri: str, host: str | None = None, now: datetime) -> None:
    """Forget what a linked server or a consortium brought: all of it, or what comes from one `host`.

    What nobody else brought goes, unless a member here follows its author. Call it once the link or the
    membership has ended: proposals for the network of a server that is in our circle no more go, too,
    whoever brought them.
    """
    await sources.forget_announced(tx, actor_uri, host=host, now=now)
    await drop_strangers(tx, site)


async def drop_strangers(tx: Tx, site: Site) -> None:
    """Delete the proposals for the network of servers that are in our circle no more."""
    await sources.remove(tx, await circles.strangers_network_proposals(tx, site.uris.instance_actor))
