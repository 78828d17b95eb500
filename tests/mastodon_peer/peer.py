"""The server: its accounts, its memory, and what its people can do."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.mastodon_peer.actions import Actions
from tests.mastodon_peer.faults import Behaviour, Faults
from tests.mastodon_peer.inbox import Inbox
from tests.mastodon_peer.model import Account, Receipt, Status, key_pair
from tests.mastodon_peer.oauth import OAuth
from tests.mastodon_peer.outbound import Outbound, Unreachable
from tests.mastodon_peer.people import Person
from tests.mastodon_peer.resolving import Resolver
from tests.mastodon_peer.web import make_app


def system_now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


class MastodonPeer:
    """One Mastodon server.

    `http` is its way to others: a client of `network.Network` in a test's process, a plain one on loopback.
    """

    def __init__(
        self, base_url: str, http: httpx.AsyncClient, *, now: Callable[[], datetime] = system_now
    ) -> None:
        self.base_url = base_url
        self.host = urlsplit(base_url).netloc
        self.now = now
        self.faults = Faults()
        self.behaviour = Behaviour()
        self.received: list[Receipt] = []
        self.notifications: list[tuple[str, str, str]] = []  # account URI, kind, status URI
        self.outbound = Outbound(base_url, http, now, self.faults)
        self.instance_actor = self._instance_actor()
        self.resolver = Resolver(self.outbound, self.instance_actor, now)
        self.inbox = Inbox(self.resolver, self.outbound, now, self._tell)
        self.actions = Actions(self)
        self.oauth = OAuth(self)
        self.app = make_app(self)
        self._last_snowflake = 0

    @property
    def accounts(self) -> dict[str, Account]:
        """Everybody who is known here, by URI."""
        return self.resolver.accounts

    @property
    def statuses(self) -> dict[str, Status]:
        """Every status that is known here, by URI."""
        return self.resolver.statuses

    def person(self, username: str, *, language: str = "en", name: str = "") -> Person:
        """Return somebody here, who gets an account when there is none."""
        if self.local(username) is None:
            self._add_account(username, language, name or username.title())
        return Person(self.actions.call, username, self.local(username).uri)  # type: ignore[union-attr]

    def local(self, username: str) -> Account | None:
        """Return a local account by its name, whatever the case."""
        return self.accounts.get(f"{self.base_url}/users/{username.lower()}")

    def snowflake(self) -> int:
        """Return an id for a status: later ones are greater."""
        wanted = int(self.now().timestamp() * 1000) << 16
        self._last_snowflake = max(wanted, self._last_snowflake + 1)
        return self._last_snowflake

    async def public_key(self, key_id: str, is_refresh: bool) -> RSAPublicKey | None:
        """Return the key that a signature names, fetched from its owner."""
        try:
            owner = await self.resolver.account(key_id, is_refresh=is_refresh)
        except Unreachable:
            return None
        if owner.is_local:
            assert owner.key is not None
            return owner.key.public_key()
        key = load_pem_public_key(owner.public_pem.encode())
        return key if isinstance(key, RSAPublicKey) else None

    def outcomes(self) -> list[str]:
        """List what became of each request to an inbox."""
        return [receipt.outcome for receipt in self.received]

    def names(self) -> dict[str, str]:
        """Return `@user@host` of everybody, by URI."""
        return {uri: f"@{account.acct}" for uri, account in self.accounts.items()}

    def summary(self) -> dict[str, Any]:
        """Return what came and what waits, for a test that drives another process."""
        return {
            "received": [receipt.__dict__ for receipt in self.received],
            "notifications": [list(one) for one in self.notifications],
            "waiting": len(self.outbound.waiting),
            "sent": [
                {"inbox": one.inbox, "activity": one.activity, "status": one.status}
                for one in self.outbound.sent
            ],
        }

    def _tell(self, account: Account, kind: str, status: Status) -> None:
        self.notifications.append((account.uri, kind, status.uri))

    def _add_account(self, username: str, language: str, name: str) -> None:
        uri = f"{self.base_url}/users/{username.lower()}"
        self.accounts[uri] = Account(
            uri=uri,
            username=username,
            host=self.host,
            inbox=f"{uri}/inbox",
            shared_inbox=f"{self.base_url}/inbox",
            url=f"{self.base_url}/@{username}",
            name=name,
            followers_uri=f"{uri}/followers",
            featured_url=f"{uri}/collections/featured",
            key=key_pair(len(self.accounts) % 4),
            language=language,
        )

    def _instance_actor(self) -> Account:
        uri = f"{self.base_url}/actor"
        return Account(
            uri=uri,
            username=self.host,
            host=self.host,
            inbox=f"{uri}/inbox",
            shared_inbox=f"{self.base_url}/inbox",
            url=f"{self.base_url}/about",
            type="Application",
            followers_uri=f"{uri}/followers",
            featured_url=f"{uri}/collections/featured",
            key=key_pair(0),
        )
