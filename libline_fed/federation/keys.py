"""Public keys of remote actors: memory, then database, then the actor's own server. Implements `KeySource`.

Failures are remembered too, so that a thousand posts with a dead key cause one fetch.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libline_fed.activitypub.keys import UnusableKey, load_public, pem_of, public_of_multibase
from libline_fed.activitypub.objects import ActorDocument, Admitted, KeyDocument
from libline_fed.activitypub.urls import host_of
from libline_fed.clock import Clock
from libline_fed.domain.remote_keys import RemoteKey
from libline_fed.errors import PeerGone, PeerRefused, PeerUnavailable, Refusal, RefusalReason
from libline_fed.federation.admit import Admitter, Budget
from libline_fed.federation.newcomers import Newcomers
from libline_fed.federation.signatures import VerificationKey
from libline_fed.storage import actors, remote_keys
from libline_fed.storage.store import Store, Tx

REFRESH_STEP = timedelta(minutes=10)  # a second failure within it causes no fetch
FAILURE_TTL = timedelta(minutes=10)
GONE_TTL = timedelta(days=1)
MEMORY_TTL = timedelta(hours=1)
MEMORY_COUNT = 5_000


@dataclass(frozen=True, slots=True)
class _Known:
    found: VerificationKey | Refusal
    until: datetime
    refreshed_at: datetime | None = None


class RemoteKeys:
    """Finds public keys by key id."""

    def __init__(self, store: Store, admitter: Admitter, clock: Clock) -> None:
        self._store = store
        self._newcomers = Newcomers()
        self._admitter = admitter
        self._clock = clock
        self._memory: OrderedDict[str, _Known] = OrderedDict()
        self._under_way: dict[str, asyncio.Future[_Known]] = {}

    def is_in_memory(self, key_id: str) -> bool:
        """Tell whether a key can be had without any I/O."""
        known = self._memory.get(key_id)
        return known is not None and self._clock.now() < known.until

    async def is_stored(self, key_id: str) -> bool:
        """Tell whether a usable key can be had from the database."""
        row = await self._store.read(lambda tx: remote_keys.get(tx, key_id))
        return row is not None and row.public_pem is not None

    def forget(self, owner_uri: str) -> None:
        """Drop an actor's keys from memory: its document changed."""
        for key_id in [key for key, known in self._memory.items() if _owner(known) == owner_uri]:
            del self._memory[key_id]

    async def find(self, key_id: str, *, refresh: bool) -> VerificationKey | Refusal:
        """Return the key that `key_id` names, or why there is none; `refresh` asks its owner's server again.

        Raises: TemporaryError only if the database is away.
        """
        refusal = self._admitter.refuse_host(key_id)
        if refusal is not None:
            is_odd = refusal.reason is RefusalReason.FOREIGN_ID  # the address, not our policy
            return Refusal(RefusalReason.UNUSABLE_KEY, refusal.detail) if is_odd else refusal
        now = self._clock.now()
        known = self._memory.get(key_id)
        if known is not None and now < known.until and not (refresh and _may_refresh(known, now)):
            self._memory.move_to_end(key_id)
            return known.found
        under_way = self._under_way.get(key_id)
        if under_way is None:  # many requests that need the same key share one search
            under_way = asyncio.ensure_future(self._search(key_id, refresh=refresh, now=now))
            self._under_way[key_id] = under_way
            under_way.add_done_callback(lambda _: self._under_way.pop(key_id, None))
        found = await asyncio.shield(under_way)
        self._keep(key_id, found)
        return found.found

    def _keep(self, key_id: str, known: _Known) -> None:
        self._memory[key_id] = known
        self._memory.move_to_end(key_id)
        if len(self._memory) > MEMORY_COUNT:
            self._memory.popitem(last=False)

    async def _search(self, key_id: str, *, refresh: bool, now: datetime) -> _Known:
        row = await self._store.read(lambda tx: remote_keys.get(tx, key_id))
        if row is not None:
            known = _from_row(row)
            is_due = refresh and _may_refresh(known, now)
            if now < known.until and not is_due:
                return replace(known, until=min(known.until, now + MEMORY_TTL))
        wait_s = await self._newcomer_waits_s(host_of(key_id) or "", now) if row is None else None
        if wait_s is not None:
            return _Known(Refusal(RefusalReason.RATE_LIMITED, str(wait_s)), now)
        return await self._fetch(key_id, row, is_refresh=refresh and row is not None, now=now)

    async def _newcomer_waits_s(self, host: str, now: datetime) -> int | None:
        if await self._store.read(lambda tx: remote_keys.knows_host(tx, host)):
            return None
        return self._newcomers.hit(host, now)

    async def _fetch(self, key_id: str, row: RemoteKey | None, *, is_refresh: bool, now: datetime) -> _Known:
        failure: Refusal
        try:
            admitted = await self._admitter.key_owner(key_id, Budget(3))
            if not isinstance(admitted, Refusal):
                return await self._store_owner(key_id, admitted, is_refresh=is_refresh, now=now)
            failure = Refusal(RefusalReason.UNUSABLE_KEY, f"{admitted.reason}: {admitted.detail}")
        except PeerGone as error:
            failure = Refusal(RefusalReason.KEY_GONE, error.detail)
        except (PeerUnavailable, PeerRefused) as error:
            failure = Refusal(RefusalReason.KEY_UNAVAILABLE, error.detail)
        if is_refresh and row is not None and row.public_pem and failure.reason is not RefusalReason.KEY_GONE:
            await self._store.write(lambda tx: remote_keys.note_refresh(tx, key_id, now))
            return replace(_from_row(row), until=now + MEMORY_TTL, refreshed_at=now)
        return await self._remember_failure(key_id, failure, now)

    async def _store_owner(
        self, key_id: str, admitted: Admitted[ActorDocument], *, is_refresh: bool, now: datetime
    ) -> _Known:
        listed = next(key for key in admitted.document.public_keys if key.key_id == key_id)
        try:
            public = (
                public_of_multibase(listed.multibase) if listed.multibase else load_public(listed.pem or "")
            )
        except UnusableKey as error:
            return await self._remember_failure(
                key_id, Refusal(RefusalReason.UNUSABLE_KEY, error.detail), now
            )
        owner_uri = admitted.document.uri
        key = RemoteKey(
            key_id, owner_uri, admitted.host, pem_of(public), None, now, now if is_refresh else None
        )

        async def unit(tx: Tx) -> bool:
            owner = await actors.put_remote(tx, admitted, acct_host=None, now=now)
            if not owner.is_usable:
                return False
            await remote_keys.put(tx, key)
            return True

        if not await self._store.write(unit):
            return _Known(Refusal(RefusalReason.ACTOR_SUSPENDED, owner_uri), now + FAILURE_TTL)
        return _Known(VerificationKey(key_id, owner_uri, public), now + MEMORY_TTL, key.refreshed_at)

    async def _remember_failure(self, key_id: str, failure: Refusal, now: datetime) -> _Known:
        row = RemoteKey(
            key_id, key_id.partition("#")[0], host_of(key_id) or "", None, failure.reason, now, now
        )
        await self._store.write(lambda tx: remote_keys.put(tx, row))
        return replace(_from_row(row), found=failure)


async def keys_of(tx: Tx, admitted: Admitted[ActorDocument], now: datetime) -> None:
    """Store every usable key of an actor whose document was fetched from its own address."""
    for listed in admitted.document.public_keys:
        pem = _usable_pem(listed)
        if (
            pem is not None
            and listed.owner_uri == admitted.document.uri
            and host_of(listed.key_id) == admitted.host
        ):
            await remote_keys.put(
                tx, RemoteKey(listed.key_id, listed.owner_uri, admitted.host, pem, None, now, None)
            )


def _usable_pem(listed: KeyDocument) -> str | None:
    try:
        return pem_of(
            public_of_multibase(listed.multibase) if listed.multibase else load_public(listed.pem or "")
        )
    except UnusableKey:
        return None


def _from_row(row: RemoteKey) -> _Known:
    if row.public_pem is not None:
        key = VerificationKey(row.key_id, row.owner_uri, load_public(row.public_pem))
        return _Known(key, datetime.max.replace(tzinfo=row.fetched_at.tzinfo), row.refreshed_at)
    reason = RefusalReason(row.failure or RefusalReason.KEY_UNAVAILABLE)
    ttl = GONE_TTL if reason is RefusalReason.KEY_GONE else FAILURE_TTL
    return _Known(Refusal(reason, "remembered"), row.fetched_at + ttl, row.refreshed_at)


def _may_refresh(known: _Known, now: datetime) -> bool:
    return known.refreshed_at is None or now - known.refreshed_at >= REFRESH_STEP


def _owner(known: _Known) -> str | None:
    return known.found.owner_uri if isinstance(known.found, VerificationKey) else None
