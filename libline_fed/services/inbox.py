"""What came in from other servers, for admins: lists, counts and replays."""

from datetime import datetime

from libline_fed.domain.inbox_activities import InboxActivity, InboxState
from libline_fed.storage import inbox_activities
from libline_fed.storage.store import Tx

PAGE_COUNT = 50


async def list_activities(
    tx: Tx, *, state: str | None = None, before_id: int | None = None, limit: int = PAGE_COUNT
) -> list[InboxActivity]:
    """List what was accepted, newest first, in one state or in all."""
    states = (InboxState(state),) if state is not None else ()
    return await inbox_activities.list_newest(tx, states=states, before_id=before_id, limit=limit)


async def list_refused(
    tx: Tx, *, before_id: int | None = None, limit: int = PAGE_COUNT
) -> list[InboxActivity]:
    """List what was accepted and then refused or set aside, newest first."""
    return await inbox_activities.list_refused(tx, before_id=before_id, limit=limit)


async def count_by_state(tx: Tx) -> dict[str, int]:
    """Count what was accepted by what became of it."""
    return {state.value: count for state, count in (await inbox_activities.count_by_state(tx)).items()}


async def replay(tx: Tx, activity_id: int, *, now: datetime) -> InboxActivity:
    """Apply an activity once more.

    Raises: NotFound, Conflict.
    """
    return await inbox_activities.replay(tx, activity_id, now=now)
