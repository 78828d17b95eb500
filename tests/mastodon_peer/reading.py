"""Reading statuses of others: which types, whom they are for, what is kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.mastodon_peer.markup import plain, sanitize
from tests.mastodon_peer.model import PUBLIC_NAMES, Account, Poll, Status

SUPPORTED = frozenset({"Note", "Question"})
CONVERTED = frozenset({"Image", "Audio", "Video", "Article", "Page", "Event"})  # become title and link


def type_of(document: Mapping[str, Any]) -> str | None:
    """Return the type that Mastodon goes by; one of several may be the known one."""
    types = document.get("type")
    for one in types if isinstance(types, list) else [types]:
        if one in SUPPORTED | CONVERTED:
            return str(one)
    return None


def is_supported(document: Mapping[str, Any]) -> bool:
    """Tell whether a status can be made of a document."""
    return type_of(document) is not None


def many(value: Any) -> list[Any]:
    """Return a list of what may be one, several or none."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def uris_of(value: Any) -> list[str]:
    """Return the ids in an audience."""
    found = [item.get("id") if isinstance(item, dict) else item for item in many(value)]
    return [uri for uri in found if isinstance(uri, str)]


def moment_of(value: Any) -> datetime | None:
    """Return a moment, or None for what is none."""
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None


def read_status(
    document: Mapping[str, Any],
    author: Account,
    known: Mapping[str, Account],
    activity: Mapping[str, Any],
    delivered_to: Account | None,
    now: datetime,
) -> Status:
    """Make a status of a document, as `ActivityPub::Activity::Create` does.

    `known` are the accounts of this server's database: whom it does not know, it does not see in an audience.
    """
    to = uris_of(document.get("to") or activity.get("to"))
    cc = uris_of(document.get("cc") or activity.get("cc"))
    mentions = {uri: False for uri in _mentioned(document) if uri in known}
    visibility = _visibility(to, cc, author)
    audience = [uri for uri in dict.fromkeys([*to, *cc]) if uri in known and uri not in PUBLIC_NAMES]
    if delivered_to is not None and delivered_to.uri not in audience:
        audience.append(delivered_to.uri)
    silent = [uri for uri in audience if uri not in mentions and uri != author.uri]
    if visibility == "direct" and silent:
        visibility = "limited"
    mentions |= dict.fromkeys(silent, True)
    content, language = _content(document)
    published = moment_of(document.get("published")) or now
    return Status(
        uri=str(document["id"]),
        url=str(document.get("url") or document["id"]),
        author_uri=author.uri,
        content=content,
        visibility=visibility,
        conversation=str(document.get("conversation") or ""),
        created_at=published,
        language=language,
        in_reply_to=next(iter(uris_of(document.get("inReplyTo"))), None),
        mentions=mentions,
        edited_at=moment_of(document.get("updated")),
        poll=_poll(document),
        spoiler=plain(str(document.get("summary") or "")),
        document=dict(document),
    )


def _visibility(to: list[str], cc: list[str], author: Account) -> str:
    if PUBLIC_NAMES & set(to):
        return "public"
    if PUBLIC_NAMES & set(cc):
        return "unlisted"
    if author.followers_uri and author.followers_uri in to:
        return "private"
    return "direct"


def _mentioned(document: Mapping[str, Any]) -> list[str]:
    tags = [tag for tag in many(document.get("tag")) if isinstance(tag, dict)]
    return [str(tag.get("href")) for tag in tags if tag.get("type") == "Mention"]


def _content(document: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return what is shown, and its language; of converted types only title, summary and link are."""
    content_map = document.get("contentMap")
    texts = content_map if isinstance(content_map, dict) else {}
    language = next(iter(texts), None)
    if type_of(document) in CONVERTED:
        title, link = plain(str(document.get("name") or "")), str(document.get("url") or document["id"])
        return f'<p>{title}</p><p><a href="{link}">{link}</a></p>', language
    content = document.get("content") or next(iter(texts.values()), "")
    return sanitize(str(content)), language


def _poll(document: Mapping[str, Any]) -> Poll | None:
    if type_of(document) != "Question":
        return None
    is_multiple = "anyOf" in document
    items = many(document.get("anyOf" if is_multiple else "oneOf"))
    options = [str(item.get("name") or item.get("content")) for item in items if isinstance(item, dict)]
    ends_at = moment_of(document.get("closed") or document.get("endTime"))
    return Poll(options, ends_at, is_multiple)
