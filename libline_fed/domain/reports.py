"""What other servers reported to the moderators here."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Report:
    """One row of `reports`, field by field as the columns are named."""

    id: str
    uri: str | None  # of the Flag activity
    from_actor_uri: str  # often the actor of the whole server, which keeps the person out of it
    host: str
    content_text: str
    object_uris: list[str]  # those of ours that it is about
    created_at: datetime
    closed_at: datetime | None
