"""Signs deliveries in threads, several at a time.

An RSA signature takes 0.9 ms and frees the interpreter meanwhile.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from libline_fed.activitypub.uris import Uris
from libline_fed.clock import Clock
from libline_fed.domain.deliveries import DueDelivery
from libline_fed.errors import LibLineError
from libline_fed.federation.signatures import sign
from libline_fed.storage.delivery_leases import Body

CAVAGE = "cavage"
RFC9421 = "rfc9421"


class SigningKeys(Protocol):
    """Where private keys come from: the keyring, which keeps the key objects in memory."""

    async def signing_key(self, actor_id: str) -> RSAPrivateKey:
        """Return the key that an actor signs requests with."""
        ...


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery with what it carries."""

    delivery: DueDelivery
    body: Body


Headers = dict[str, str]


class Signer:
    """Makes the headers of signed POSTs, anew for every attempt, with the date of that attempt."""

    def __init__(self, keys: SigningKeys, uris: Uris, clock: Clock, *, threads: int) -> None:
        self._keys = keys
        self._uris = uris
        self._clock = clock
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="delivery-signing")

    async def sign(self, letters: Sequence[tuple[Letter, str]]) -> list[Headers | LibLineError]:
        """Sign each (letter, scheme); what cannot be signed has its error in its place."""
        actor_ids = {letter.delivery.actor_id for letter, _ in letters}
        keys = {actor_id: await self._key(actor_id) for actor_id in actor_ids}
        orders = [(letter, scheme, keys[letter.delivery.actor_id]) for letter, scheme in letters]
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._sign_all, orders, self._clock.now())

    async def _key(self, actor_id: str) -> RSAPrivateKey | LibLineError:
        try:
            return await self._keys.signing_key(actor_id)
        except LibLineError as error:
            return error

    def _sign_all(
        self, orders: list[tuple[Letter, str, RSAPrivateKey | LibLineError]], now: datetime
    ) -> list[Headers | LibLineError]:
        signed: list[Headers | LibLineError] = []
        for letter, scheme, key in orders:
            if isinstance(key, LibLineError):
                signed.append(key)
                continue
            try:
                signed.append(
                    sign(
                        "POST", letter.delivery.inbox_url, key_id=self._uris.main_key(letter.body.actor_uri),
                        private_key=key, now=now, body=letter.body.content, scheme=scheme,
                    )
                )
            except LibLineError as error:
                signed.append(error)
        return signed

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)
