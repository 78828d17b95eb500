"""The delivery queue as an admin sees it: nothing is dropped silently, what is dead can be sent again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from libline_fed.domain.deliveries import Delivery, DeliveryState, HostQueue
from libline_fed.domain.peers import Peer
from libline_fed.errors import InvalidInput, NotFound
from libline_fed.storage import deliveries, peers
from libline_fed.storage.store import Tx

DROPPED = "dropped by an admin"
PAGE_COUNT = 50


@dataclass(frozen=True, slots=True)
class QueueSummary:
    """How many deliveries are in each state, and the hosts with the longest queues."""

    counts: dict[str, int]
    hosts: list[HostQueue]


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One delivery with what is known of its server."""

    delivery: Delivery
    peer: Peer | None


async def summarise(tx: Tx, *, limit: int = 100) -> QueueSummary:
    """Count the queue by state and by host, longest first."""
    return QueueSummary(await deliveries.count_by_state(tx), await deliveries.count_by_host(tx, limit=limit))


async def list_queue(
    tx: Tx,
    *,
    state: str | None = None,
    host: str | None = None,
    before_id: int | None = None,
    limit: int = PAGE_COUNT,
) -> list[Delivery]:
    """Return deliveries, newest first; `before_id` is the last id of the page before.

    Raises: InvalidInput for a state that there is not.
    """
    if state is not None and state not in list(DeliveryState):
        raise InvalidInput({"state": f"Choose one of {', '.join(DeliveryState)}."})
    return await deliveries.list_deliveries(tx, state=state, host=host, before_id=before_id, limit=limit)


async def list_dead(tx: Tx, *, before_id: int | None = None, limit: int = PAGE_COUNT) -> list[Delivery]:
    """Return the dead letters, newest first, each with its last status and reason."""
    return await deliveries.list_deliveries(tx, state=DeliveryState.DEAD, before_id=before_id, limit=limit)


async def show(tx: Tx, delivery_id: int) -> DeliveryView:
    """Return one delivery with its server.

    Raises: NotFound.
    """
    delivery = await deliveries.get(tx, delivery_id)
    if delivery is None:
        raise NotFound(f"there is no delivery {delivery_id}")
    return DeliveryView(delivery, await peers.get(tx, delivery.host))


async def retry(
    tx: Tx, *, ids: Collection[int] | None = None, host: str | None = None, now: datetime
) -> int:
    """Send now what waits and what is dead; return how many. Without a choice: everything that is dead.

    A cancelled one is sent if it is named by its id; what was deleted here since is never sent.
    """
    if ids is None and host is None:
        return await deliveries.replay(tx, states=("dead",), now=now)
    states = ("dead", "cancelled") if ids is not None else ("dead",)
    waiting_count = await deliveries.hasten(tx, ids=ids, host=host, now=now)
    return waiting_count + await deliveries.replay(tx, ids=ids, host=host, states=states, now=now)


async def drop(
    tx: Tx, *, ids: Collection[int] | None = None, host: str | None = None, now: datetime
) -> int:
    """Give up what waits or is dead, by id or by host; return how many.

    Raises: InvalidInput if neither is given: the whole queue is not dropped by a forgotten option.
    """
    if ids is None and host is None:
        raise InvalidInput({"ids": "Name deliveries or a host."})
    return await deliveries.cancel(tx, ids=ids, host=host, reason=DROPPED, now=now, has_dead=True)


async def prune(tx: Tx, *, now: datetime) -> int:
    """Delete what was delivered or cancelled three days ago, a few thousand at a time; return how many."""
    return await deliveries.prune(tx, now=now)
