"""Writes Atom feeds (RFC 4287), in pages (RFC 5005 §3). Only writes: nothing here ever reads XML."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, tostring

ATOM = "http://www.w3.org/2005/Atom"
ATOM_TYPE = "application/atom+xml"
NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # when a feed without entries was changed
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
# What XML 1.0 §2.2 does not allow, however it is escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Category:
    """What an entry is about: a term of a vocabulary."""

    term: str
    scheme: str
    label: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `uri` is its identity for ever, `url` the page to read it at."""

    uri: str
    url: str
    title: str
    summary: str  # plain
    published_at: datetime
    updated_at: datetime
    author_name: str
    author_url: str
    language: str | None = None
    categories: Sequence[Category] = ()


@dataclass(frozen=True, slots=True)
class Feed:
    """One page of a feed; `links` has the addresses by relation: self, next, previous, first, alternate."""

    uri: str
    title: str
    subtitle: str
    language: str
    links: dict[str, str]
    entries: Sequence[Entry] = field(default_factory=tuple)


def write(feed: Feed, *, generator: str) -> bytes:
    """Return a feed as UTF-8."""
    root = Element("feed", {"xmlns": ATOM, _LANG: feed.language})
    _text(root, "id", feed.uri)
    _text(root, "title", feed.title)
    if feed.subtitle:
        _text(root, "subtitle", feed.subtitle)
    _text(root, "updated", _moment(max((entry.updated_at for entry in feed.entries), default=NEVER)))
    _text(root, "generator", generator)
    for relation, url in feed.links.items():
        media_type = "text/html" if relation == "alternate" else ATOM_TYPE
        SubElement(root, "link", {"rel": relation, "type": media_type, "href": _xml(url)})
    for entry in feed.entries:
        _entry(root, entry)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _entry(root: Element, entry: Entry) -> None:
    node = SubElement(root, "entry", {_LANG: _xml(entry.language)} if entry.language else {})
    _text(node, "id", entry.uri)
    _text(node, "title", entry.title)
    _text(node, "published", _moment(entry.published_at))
    _text(node, "updated", _moment(entry.updated_at))
    author = SubElement(node, "author")
    _text(author, "name", entry.author_name)
    _text(author, "uri", entry.author_url)
    SubElement(node, "link", {"rel": "alternate", "type": "text/html", "href": _xml(entry.url)})
    for category in entry.categories:
        SubElement(
            node,
            "category",
            {"term": _xml(category.term), "scheme": _xml(category.scheme), "label": _xml(category.label)},
        )
    _text(node, "summary", entry.summary)


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = _xml(text)


def _xml(text: str) -> str:
    return _NOT_XML.sub("", text)


def _moment(moment: datetime) -> str:
    """Write a moment as RFC 3339 has it (RFC 4287 §3.3)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
