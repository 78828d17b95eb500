"""What can go wrong on the way to and from the peer, switched on by a test."""

import asyncio
from dataclasses import dataclass


@dataclass
class Faults:
    """Counters count down with each request they spoil."""

    drop_inbound: int = 0  # the connection ends without an answer, and nothing is kept
    lose_inbound: int = 0  # answered with 202, and lost
    refuse_inbound: int = 0  # answered with `refuse_status`
    refuse_status: int = 503
    fail_after_storing: int = 0  # taken in, and answered with 500 all the same
    delay_s: float = 0.0  # before every answer
    send_twice: int = 0  # activities that leave this server two times
    is_holding: bool = False  # nothing leaves this server until it is released, in any order

    def take(self, name: str) -> bool:
        """Tell whether a counter spoils this request, and count it down."""
        left = int(getattr(self, name))
        if left > 0:
            setattr(self, name, left - 1)
        return left > 0

    async def wait(self) -> None:
        """Let `delay_s` pass."""
        if self.delay_s > 0:
            await asyncio.sleep(self.delay_s)

    def clear(self) -> None:
        """Let everything go well again."""
        self.__dict__.update(Faults().__dict__)


@dataclass
class Behaviour:
    """Which Mastodon this is, and whether it is honest."""

    schemes: tuple[str, ...] = ("draft-cavage", "rfc9421")  # taken from others
    requires_signed_fetch: bool = False  # AUTHORIZED_FETCH
    has_profile_scope: bool = True  # 4.3 and later
    has_oauth_metadata: bool = True  # 4.3 and later
    has_pkce: bool = True  # 4.3 and later
    gives_uri: bool = True  # 4.2 and later
    claimed_uri: str | None = None  # what verify_credentials says instead of the truth
    claimed_acct: str | None = None
    issuer: str | None = None
    endpoint_base: str | None = None  # where the metadata leads instead of here

    def become_old(self) -> None:
        """Behave as Mastodon 4.1 did: no `profile`, no metadata, no PKCE, no `uri`."""
        self.has_profile_scope = self.has_oauth_metadata = self.has_pkce = self.gives_uri = False
