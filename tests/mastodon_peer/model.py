"""What the peer remembers: accounts, statuses, polls. Everything is in memory."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
PUBLIC_NAMES = frozenset({PUBLIC, "as:Public", "Public"})


@lru_cache(maxsize=8)
def key_pair(number: int) -> RSAPrivateKey:
    """Return one of a few keys of this process: making one for each account would be slow."""
    return generate_private_key(public_exponent=65537, key_size=2048)


def pem_of(key: RSAPublicKey) -> str:
    """Return a public key as actors show it."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@dataclass
class Account:
    """Somebody here or elsewhere, as this server knows them."""

    uri: str
    username: str
    host: str
    inbox: str
    shared_inbox: str
    url: str
    name: str = ""
    note: str = ""
    type: str = "Person"
    followers_uri: str = ""
    featured_url: str = ""
    key: RSAPrivateKey | None = None  # of local accounts
    public_pem: str = ""
    language: str = "en"
    followers: dict[str, str] = field(default_factory=dict)  # account URI -> id of the Follow
    following: dict[str, str] = field(default_factory=dict)  # account URI -> pending | accepted
    follow_ids: dict[str, str] = field(default_factory=dict)
    pinned: list[str] = field(default_factory=list)

    @property
    def is_local(self) -> bool:
        return self.key is not None

    @property
    def acct(self) -> str:
        return f"{self.username}@{self.host}"

    @property
    def key_id(self) -> str:
        return f"{self.uri}#main-key"


@dataclass
class Poll:
    """The question of a status."""

    options: list[str]
    expires_at: datetime | None
    is_multiple: bool = False
    votes: dict[str, list[str]] = field(default_factory=dict)  # account URI -> option names


@dataclass
class Status:
    """A post."""

    uri: str
    url: str
    author_uri: str
    content: str
    visibility: str  # public | unlisted | private | direct | limited
    conversation: str
    created_at: datetime
    language: str | None = None
    in_reply_to: str | None = None
    mentions: dict[str, bool] = field(default_factory=dict)  # account URI -> is it a silent one
    edited_at: datetime | None = None
    edits_count: int = 0
    poll: Poll | None = None
    spoiler: str = ""
    favourites: dict[str, str] = field(default_factory=dict)  # account URI -> id of the Like
    document: dict[str, Any] = field(default_factory=dict)  # as it came

    def is_visible_to(self, account: Account, followers: dict[str, str]) -> bool:
        """Tell whether somebody may see it (Mastodon's `StatusPolicy#show?`)."""
        if self.author_uri == account.uri or account.uri in self.mentions:
            return True
        if self.visibility in ("direct", "limited"):
            return False
        return self.visibility != "private" or account.uri in followers


@dataclass
class Receipt:
    """One request to an inbox, and what came of it."""

    path: str
    status: int
    scheme: str
    signer: str | None
    activity: dict[str, Any]
    outcome: str = ""  # what the worker made of it


@dataclass
class Sent:
    """One activity on its way to an inbox."""

    inbox: str
    actor_uri: str
    activity: dict[str, Any]
    status: int | None = None  # None: no answer
    attempts_count: int = 0
