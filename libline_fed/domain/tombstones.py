"""What is left of things that were deleted."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Tombstone:
    """One row of `tombstones`, field by field as the columns are named."""

    uri: str
    former_type: str | None
    owner_uri: str | None
    deleted_at: datetime
