"""Keys of local actors, and the states one goes through: next, current, retired.

A new key is first made known (`next`) in an Update signed by the old one; then it signs (`current`), and
the old one (`retired`) is kept seven days only to retry that Update at servers that were down.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

RETIRED_LIFE = timedelta(days=7)


class KeyKind(StrEnum):
    """What a key is for: RSA signs requests, Ed25519 signs documents."""

    RSA = "rsa"
    ED25519 = "ed25519"


class KeyState(StrEnum):
    """Where a key stands."""

    NEXT = "next"
    CURRENT = "current"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class ActorKey:
    """One row of `actor_keys`, field by field as the columns are named."""

    id: str
    actor_id: str
    kind: str
    state: str
    public_pem: str
    private_encrypted: bytes = field(repr=False)
    created_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """What an actor document shows: the key for requests and the key for proofs, each as PEM."""

    rsa_pem: str
    ed25519_pem: str | None
