"""What every instance does again and again by itself, beside its queues."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from libline_fed.clock import Clock
from libline_fed.sealing import Sealer
from libline_fed.services import (
    deliveries,
    links,
    mentorship_clock,
    need_counts,
    proposals,
    rotation,
    saved_search_mails,
    upkeep,
)
from libline_fed.services.site import Site
from libline_fed.storage import fetch_failures, inbox_activities, offer_index, search_words
from libline_fed.storage.store import Store, Tx

Step = Callable[[], Awaitable[object]]


def steps(store: Store, site: Site, sealer: Sealer, clock: Clock) -> dict[str, Step]:
    """Return the steps by name; each can fail without the others."""
    units: dict[str, Callable[[Tx, datetime], Awaitable[object]]] = {
        "tidying": lambda tx, now: upkeep.tidy(tx, site, now=now),
        "changing keys": lambda tx, now: rotation.finish_due(tx, site, now=now),
        "old-deliveries": lambda tx, now: deliveries.prune(tx, now=now),
        "old-bodies": lambda tx, now: inbox_activities.drop_old_bodies(tx, now=now),
        "old-failures": fetch_failures.drop_old,
        "mentorships": lambda tx, now: mentorship_clock.tick(tx, site, now=now),
        "need-counts": lambda tx, now: need_counts.count(tx, site, now=now),
        "links": lambda tx, now: links.keep_up(tx, site, now=now),
        "seen-changes": lambda tx, _: offer_index.prune(tx),
        "ended-proposals": lambda tx, now: proposals.close_expired(tx, site, now=now),
    }
    stop_key = sealer.derive(saved_search_mails.STOP_PURPOSE)

    def written(unit: Callable[[Tx, datetime], Awaitable[object]]) -> Step:
        return lambda: store.write(lambda tx: unit(tx, clock.now()))

    async def fill_words() -> None:
        """Write the words of proposals that an older version has left without, as long as there are some."""
        while await store.write(search_words.fill_missing):
            continue

    return {
        **{name: written(unit) for name, unit in units.items()},
        "search-words": fill_words,
        "saved-searches": lambda: saved_search_mails.tell_all(store, site, key=stop_key, now=clock.now()),
    }
