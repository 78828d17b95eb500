"""Whose lists of proposals are read: those of linked servers and of consortia that this one is in."""

from datetime import datetime

from libline_fed.domain.crawls import CrawlKind
from libline_fed.storage import crawls
from libline_fed.storage.store import Tx


async def start(tx: Tx, actor_id: str, kind: CrawlKind, now: datetime) -> None:
    """Let the list of a linked server or a consortium be read, now and then every week.

    Starting what is under way changes nothing.
    """
    await crawls.begin(tx, actor_id, kind, now)


async def stop(tx: Tx, actor_id: str) -> None:
    """Read a list no more. What it brought stays: see `sources.drop`."""
    await crawls.remove(tx, actor_id)
