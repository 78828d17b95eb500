"""Tolerant reading of single AS2 values: a string, an object or an array wherever the vocabulary allows each.

Every function takes any JSON value and never raises; what cannot be used becomes None, "" or an empty tuple.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from libline_fed.activitypub.urls import host_of
from libline_fed.sanitize import clean_line

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
_PUBLIC_SPELLINGS = frozenset({PUBLIC, "as:Public", "Public"})  # AP §5.6
MAX_RECIPIENTS = 1_000
MAX_COUNT = 2**31 - 1
_HTML_TYPES = ("text/html", "application/xhtml+xml")


def many(value: Any) -> list[Any]:
    """Return a value as a list: in AS2 a single value stands for a list of one, a missing one for none."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the objects among one or many values."""
    return (item for item in many(value) if isinstance(item, dict))


def text_of(value: Any) -> str:
    """Return a string, or "" for anything else."""
    return value if isinstance(value, str) else ""


def line_of(value: Any, max_characters: int) -> str:
    """Return one clean line of plain text, or ""."""
    return clean_line(value, max_characters) if isinstance(value, str) else ""


def uri_of(value: Any) -> str | None:
    """Return the identity in a value: a clean http(s) URL, the `id` of an object, the `href` of a link.

    A list counts only when it holds one such value: several owners or actors are nobody in particular.
    """
    if isinstance(value, list):
        if len(value) != 1:
            return None
        value = value[0]
    if isinstance(value, dict):
        value = value["id"] if value.get("id") is not None else value.get("href")
    return value if isinstance(value, str) and host_of(value) is not None else None


def uris_of(value: Any, max_count: int = MAX_RECIPIENTS) -> tuple[str, ...]:
    """Return the identities in one or many values, without repeats, in their order."""
    found: dict[str, None] = {}
    for item in many(value):
        uri = uri_of(item) if not isinstance(item, list) else None
        if uri is not None:
            found[uri] = None
            if len(found) == max_count:
                break
    return tuple(found)


def recipients_of(value: Any) -> tuple[str, ...]:
    """Return an audience with the public spelled one way."""
    if isinstance(value, list):
        value = [PUBLIC if isinstance(item, str) and item in _PUBLIC_SPELLINGS else item for item in value]
    elif isinstance(value, str) and value in _PUBLIC_SPELLINGS:
        return (PUBLIC,)
    return uris_of(value)


def url_of(value: Any) -> str | None:
    """Return the address in a `url`: a string, a Link, or the Link to a page among several."""
    first: str | None = None
    for item in many(value):
        media_type = item.get("mediaType") if isinstance(item, dict) else None
        address = item.get("href", item.get("url")) if isinstance(item, dict) else item
        if not isinstance(address, str) or host_of(address) is None:
            continue
        if media_type in _HTML_TYPES:
            return address
        first = first or address
    return first


def types_of(value: Any) -> tuple[str, ...]:
    """Return the type names of an object."""
    return tuple(item for item in many(value) if isinstance(item, str) and 0 < len(item) <= 100)


def type_of(value: Any, known: frozenset[str]) -> str:
    """Return the first type name that is known, else the first at all, else ""."""
    if isinstance(value, str):
        return value if len(value) <= 100 else ""
    names = types_of(value)
    return next((name for name in names if name in known), names[0] if names else "")


def moment_of(value: Any) -> datetime | None:
    """Return an xsd:dateTime as an aware UTC moment; one without an offset is taken as UTC (AS2 §2.3)."""
    if not isinstance(value, str) or not 8 <= len(value) <= 64:
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if 1900 <= moment.year < 9999 else None


def count_of(value: Any, default: int) -> int:
    """Return a quantity as a whole number from 0 up: a number, a string, a typed value object (FEP-0837)."""
    if isinstance(value, dict):
        value = value.get("@value", value.get("hasNumericalValue"))
        if isinstance(value, dict):
            value = value.get("@value")
    if isinstance(value, str):
        try:
            value = Decimal(value) if len(value) <= 40 else None
        except InvalidOperation:
            return default
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        return default
    return int(min(max(value, 0), MAX_COUNT))


def is_true(value: Any) -> bool:
    """Tell whether a flag is set; only the JSON value true sets it."""
    return value is True
