"""Public thanks on the wire: a Note to everybody that mentions the one who is thanked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libline_fed.activitypub.build import timestamp
from libline_fed.activitypub.contexts import ACTIVITY_STREAMS
from libline_fed.activitypub.private_notes import Reader, with_mention
from libline_fed.activitypub.values import PUBLIC


@dataclass(frozen=True, slots=True)
class OwnThanks:
    """Thanks that a member here publishes; `content_html` is sanitised and names nobody yet."""

    uri: str
    author_uri: str
    followers_uri: str
    content_html: str
    language: str | None
    published_at: datetime


def build_thanks(thanks: OwnThanks, thanked: Reader) -> dict[str, Any]:
    """Return the public Note."""
    content = with_mention(thanks.content_html, thanked)
    document: dict[str, Any] = {
        "@context": [ACTIVITY_STREAMS, {"sensitive": "as:sensitive"}],
        "id": thanks.uri,
        "type": "Note",
        "attributedTo": thanks.author_uri,
        "url": thanks.uri,
        "to": [PUBLIC],
        "cc": [thanks.followers_uri, thanked.uri],
        "published": timestamp(thanks.published_at),
        "inReplyTo": None,
        "sensitive": False,
        "content": content,
        "tag": [{"type": "Mention", "href": thanked.uri, "name": f"@{thanked.address}"}],
    }
    if thanks.language is not None:
        document["contentMap"] = {thanks.language: content}
    return document
