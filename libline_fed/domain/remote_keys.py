"""Public keys of other servers' actors, as they are kept."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RemoteKey:
    """One row of `remote_keys`, field by field as the columns are named; `public_pem` or `failure` is set."""

    key_id: str
    owner_uri: str
    host: str
    public_pem: str | None
    failure: str | None  # a RefusalReason
    fetched_at: datetime
    refreshed_at: datetime | None
