"""Posts of other servers as they are kept here."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Post:
    """One row of `posts`, field by field as the columns are named."""

    id: str
    uri: str
    author_id: str
    type: str
    title: str
    content_html: str  # sanitised
    language: str | None
    visibility: str
    in_reply_to_uri: str | None
    context_uri: str | None
    url: str | None
    is_sensitive: bool
    published_at: datetime
    edited_at: datetime | None
    received_at: datetime
