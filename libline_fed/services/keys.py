"""The keyring: private keys of local actors, loaded once and kept in memory; their making, rotation and end.

Private keys are sealed in the database and never leave this module but as key objects.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from libline_fed.activitypub.keys import KeyPair, PrivateKey, generate_ed25519, generate_rsa, load_private
from libline_fed.clock import Clock, monotonic_s
from libline_fed.domain.keys import ActorKey, KeyKind, KeyState, PublicKeys
from libline_fed.errors import Conflict, NotFound, StoreBusy
from libline_fed.sealing import Sealer
from libline_fed.storage import keys
from libline_fed.storage.store import Store, Tx

CACHED_COUNT = 5_000  # keys in memory, about 4 kB each
RECHECK_S = 30  # so long another process may go on with a key that was rotated here
POOL_SIZE = 5
POOL_CHECK_S = 60

log = structlog.get_logger()


@dataclass(slots=True)
class _Cached:
    key_id: str
    private: PrivateKey
    checked_s: float


class Keyring:
    """Holds the keys of local actors. One per process."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer
        self._cache: OrderedDict[tuple[str, KeyKind], _Cached] = OrderedDict()
        self._pool_wanted = asyncio.Event()

    def __repr__(self) -> str:
        """Say nothing of the keys."""
        return f"<Keyring with {len(self._cache)} keys in memory>"

    # --- signing --------------------------------------------------------------------------------

    async def signing_key(self, actor_id: str) -> RSAPrivateKey:
        """Return the RSA key that an actor signs requests with; its id on the wire is `Uris.main_key`.

        Call it outside of transactions.
        Raises: NotFound if the actor has no key here.
        """
        key = await self._current(actor_id, KeyKind.RSA)
        assert isinstance(key, RSAPrivateKey)
        return key

    async def proof_key(self, actor_id: str, *, tx: Tx | None = None) -> Ed25519PrivateKey:
        """Return the Ed25519 key that an actor proves documents with; its id is `Uris.ed25519_key`.

        Inside a transaction give its `tx`, which also sees an actor made a moment ago.
        Raises: NotFound if the actor has no key here.
        """
        key = await self._current(actor_id, KeyKind.ED25519, tx)
        assert isinstance(key, Ed25519PrivateKey)
        return key

    async def retired_signing_key(self, actor_id: str) -> RSAPrivateKey | None:
        """Return the former RSA key while it is kept: only to tell late servers of the new one."""
        found = await self._store.read(lambda tx: keys.find(tx, actor_id, KeyKind.RSA, KeyState.RETIRED))
        key = self._open(found) if found else None
        assert key is None or isinstance(key, RSAPrivateKey)
        return key

    async def _current(self, actor_id: str, kind: KeyKind, tx: Tx | None = None) -> PrivateKey:
        slot = (actor_id, kind)
        cached = self._cache.get(slot)
        if cached is not None and monotonic_s() - cached.checked_s < RECHECK_S:
            self._cache.move_to_end(slot)
            return cached.private
        if tx is not None:
            found = await keys.find(tx, actor_id, kind, KeyState.CURRENT)
        else:
            found = await self._store.read(lambda tx: keys.find(tx, actor_id, kind, KeyState.CURRENT))
        if found is None:
            self._cache.pop(slot, None)
            raise NotFound(f"actor {actor_id} has no current {kind} key")
        is_same = cached is not None and cached.key_id == found.id
        private = cached.private if cached is not None and is_same else self._open(found)
        self._cache[slot] = _Cached(found.id, private, monotonic_s())
        self._cache.move_to_end(slot)
        if len(self._cache) > CACHED_COUNT:
            self._cache.popitem(last=False)
        return private

    def _open(self, key: ActorKey) -> PrivateKey:
        return load_private(self._sealer.unseal(key.private_encrypted))

    def forget(self, actor_id: str) -> None:
        """Drop an actor's keys from memory."""
        for kind in KeyKind:
            self._cache.pop((actor_id, kind), None)

    # --- making ---------------------------------------------------------------------------------

    async def prepare(self, *, now: datetime) -> None:
        """Make sure that the pool holds an RSA key. Call it before a transaction that makes an actor."""
        if await self._store.read(keys.count_spare) == 0:
            await self._add_spare(now)
        self._pool_wanted.set()

    async def new_actor_keys(self, tx: Tx, actor_id: str, *, now: datetime) -> PublicKeys:
        """Give a new local actor its keys and return the public halves.

        Takes the RSA key from the pool; only if `prepare` was not called, or others were faster, it is made
        here, which holds the transaction for 75 ms.
        """
        rsa_pem, rsa_sealed = await keys.take_spare(tx) or self._sealed(generate_rsa())
        ed25519_pem, ed25519_sealed = self._sealed(generate_ed25519())
        for kind, public_pem, sealed in (
            (KeyKind.RSA, rsa_pem, rsa_sealed),
            (KeyKind.ED25519, ed25519_pem, ed25519_sealed),
        ):
            await keys.add(
                tx,
                actor_id=actor_id,
                kind=kind,
                state=KeyState.CURRENT,
                public_pem=public_pem,
                private_encrypted=sealed,
                now=now,
            )
        return PublicKeys(rsa_pem, ed25519_pem)

    async def public_keys(self, tx: Tx, actor_id: str) -> PublicKeys:
        """Return the public keys that an actor's document shows now.

        Raises: NotFound if the actor has no key here.
        """
        found = {key.kind: key for key in await keys.of_actor(tx, actor_id) if key.state == KeyState.CURRENT}
        if KeyKind.RSA not in found:
            raise NotFound(f"actor {actor_id} has no current RSA key")
        ed25519 = found.get(KeyKind.ED25519)
        return PublicKeys(found[KeyKind.RSA].public_pem, ed25519.public_pem if ed25519 else None)

    async def fill_pool(self, size: int = POOL_SIZE, *, now: datetime) -> int:
        """Make RSA keys, one by one in a thread, until the pool holds `size`; returns how many it made."""
        missing_count = size - await self._store.read(keys.count_spare)
        for _ in range(missing_count):
            await self._add_spare(now)
        return max(missing_count, 0)

    async def run(self, stop: asyncio.Event, clock: Clock, *, size: int = POOL_SIZE) -> None:
        """Keep the pool full until `stop` is set: at the start, after each new actor, and once a minute."""
        while not stop.is_set():
            self._pool_wanted.clear()
            try:
                await self.fill_pool(size, now=clock.now())
            except StoreBusy as error:
                log.warning("the pool of spare keys was not filled", error=error.detail)
            waits = [asyncio.ensure_future(event.wait()) for event in (stop, self._pool_wanted)]
            await asyncio.wait(waits, timeout=POOL_CHECK_S, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

    async def _add_spare(self, now: datetime) -> None:
        public_pem, sealed = self._sealed(await asyncio.to_thread(generate_rsa))
        await self._store.write(
            lambda tx: keys.add_spare(tx, public_pem=public_pem, private_encrypted=sealed, now=now)
        )

    def _sealed(self, pair: KeyPair) -> tuple[str, bytes]:
        return pair.public_pem, self._sealer.seal(pair.private_pem)

    # --- rotation -------------------------------------------------------------------------------

    async def begin_rotation(self, tx: Tx, actor_id: str, *, now: datetime) -> PublicKeys:
        """Give an actor a next RSA key and return the public keys to announce.

        The caller announces them in an Update that the old key signs, waits until that has gone out, and
        calls `finish_rotation`. Until then everything is signed, and the actor shown, with the old key. The
        Ed25519 key stays: no server checks a document by a key it does not fetch.

        Raises: NotFound without a current key, Conflict if a rotation is under way.
        """
        held = await keys.of_actor(tx, actor_id, is_locked=True)
        if not any(key.kind == KeyKind.RSA and key.state == KeyState.CURRENT for key in held):
            raise NotFound(f"actor {actor_id} has no current RSA key")
        if any(key.state == KeyState.NEXT for key in held):
            raise Conflict(
                f"actor {actor_id} has a next key already", safe="A key change is under way already."
            )
        public_pem, sealed = await keys.take_spare(tx) or self._sealed(generate_rsa())
        await keys.add(
            tx,
            actor_id=actor_id,
            kind=KeyKind.RSA,
            state=KeyState.NEXT,
            public_pem=public_pem,
            private_encrypted=sealed,
            now=now,
        )
        shown = await self.public_keys(tx, actor_id)
        return PublicKeys(public_pem, shown.ed25519_pem)

    async def finish_rotation(
        self, tx: Tx, actor_id: str, *, is_compromised: bool = False, now: datetime
    ) -> PublicKeys:
        """Sign and be shown with the next key from the commit on; returns the public keys of now.

        The old key is kept, retired, for seven days; a compromised one is destroyed at once.

        Raises: Conflict if no rotation is under way.
        """
        held = await keys.of_actor(tx, actor_id, is_locked=True)
        following = next((key for key in held if key.state == KeyState.NEXT), None)
        if following is None:
            raise Conflict(f"actor {actor_id} has no next key", safe="No key change is under way.")
        for key in held:
            if key.kind != following.kind or key.id == following.id:
                continue
            # One former key is enough, and what was retired before it has had its time.
            if is_compromised or key.state == KeyState.RETIRED:
                await keys.remove(tx, key.id)
            else:
                await keys.set_state(tx, key.id, KeyState.RETIRED, now=now)
        await keys.set_state(tx, following.id, KeyState.CURRENT, now=now)
        tx.after_commit.append(lambda: self.forget(actor_id))
        return await self.public_keys(tx, actor_id)

    async def replace_compromised(self, tx: Tx, actor_id: str, *, now: datetime) -> PublicKeys:
        """Replace an RSA key that others may hold, at once and unannounced; returns the new public keys.

        Servers that do not fetch a key again after a failed check refuse this actor until they do.
        Raises: NotFound without a current key.
        """
        for key in await keys.of_actor(tx, actor_id, is_locked=True):
            if key.state == KeyState.NEXT:
                await keys.remove(tx, key.id)
        await self.begin_rotation(tx, actor_id, now=now)
        return await self.finish_rotation(tx, actor_id, is_compromised=True, now=now)

    async def drop_retired(self, tx: Tx, *, now: datetime) -> int:
        """Destroy keys that are retired since seven days; returns how many."""
        return len(await keys.drop_retired(tx, now))
