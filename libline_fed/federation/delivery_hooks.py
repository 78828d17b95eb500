"""What the delivery worker asks when an inbox is not what it was: has its owner moved, or is it gone?"""

from libline_fed.activitypub.urls import host_of
from libline_fed.errors import PeerGone, Refusal
from libline_fed.federation.admit import Budget
from libline_fed.federation.delivery_attempts import InboxCheck, InboxState
from libline_fed.federation.resolve import Resolver
from libline_fed.storage import actors, follows
from libline_fed.storage.store import Store

ASKED_FETCHES = 3


class InboxOwners:
    """Knows who reads an inbox, and asks their own server for the present one."""

    def __init__(self, store: Store, resolver: Resolver) -> None:
        self._store = store
        self._resolver = resolver

    async def check(self, inbox_url: str) -> InboxCheck:
        """Read the actor of an inbox again and say whether the inbox is still theirs.

        Raises: PeerUnavailable, PeerRefused, StoreBusy: it could not be found out.
        """
        owner = await self._store.read(lambda tx: actors.by_inbox(tx, inbox_url, host_of(inbox_url) or ""))
        if owner is None:
            return InboxCheck(InboxState.UNKNOWN)
        try:
            found = await self._resolver.actor(owner.uri, Budget(ASKED_FETCHES), is_refresh=True)
        except PeerGone:
            # Of a shared inbox one gone owner says nothing about the others.
            return InboxCheck(InboxState.UNKNOWN if owner.inbox_url != inbox_url else InboxState.GONE)
        if isinstance(found, Refusal):
            return InboxCheck(InboxState.UNKNOWN)
        if inbox_url in {found.inbox_url, found.shared_inbox_url}:
            return InboxCheck(InboxState.SAME)
        is_shared = owner.inbox_url != inbox_url
        moved_to = (found.shared_inbox_url if is_shared else None) or found.inbox_url
        return InboxCheck(InboxState.MOVED, moved_to)

    async def drop(self, inbox_url: str) -> None:
        """Forget the followers behind an inbox that is gone.

        Raises: StoreBusy.
        """
        await self._store.write(lambda tx: follows.remove_followers_at(tx, inbox_url))
