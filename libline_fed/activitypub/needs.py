"""What a server needs and has, as counts on the wire: built here, and read here.

The document stands at `{instance actor}/needs`. Small counts are not in it, and it is served to the servers
that share a consortium with its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libline_fed import vocabulary
from libline_fed.activitypub.build import timestamp
from libline_fed.activitypub.contexts import ACTIVITY_STREAMS, LIBLINE
from libline_fed.activitypub.values import count_of, many, moment_of, text_of, types_of, uri_of
from libline_fed.domain.need_counts import MAX_CELLS, MAX_COUNT, NeedCount
from libline_fed.domain.small_counts import shown
from libline_fed.errors import Refusal, RefusalReason

NEEDS_TYPE = "NeedCounts"
NEEDS_CONTEXT: tuple[Any, ...] = (
    ACTIVITY_STREAMS,
    {
        "ll": LIBLINE,
        NEEDS_TYPE: f"ll:{NEEDS_TYPE}",
        "needs": {"@id": "ll:needs", "@container": "@set"},
        "area": {"@id": "ll:area", "@type": "@id"},
        "language": "ll:language",
        "waiting": "ll:waiting",
        "places": "ll:places",
    },
)


@dataclass(frozen=True, slots=True)
class NeedsDocument:
    """The counts of one server."""

    uri: str
    attributed_to_uri: str | None
    counted_at: datetime
    counts: tuple[NeedCount, ...]


def needs_uri(instance_uri: str) -> str:
    """Return where an instance actor keeps its counts."""
    return f"{instance_uri}/needs"


def build_needs(instance_uri: str, counts: Sequence[NeedCount], counted_at: datetime) -> dict[str, Any]:
    """Return the counts of this server; a number that is hidden has no key."""
    return {
        "@context": list(NEEDS_CONTEXT),
        "id": needs_uri(instance_uri),
        "type": NEEDS_TYPE,
        "attributedTo": instance_uri,
        "updated": timestamp(counted_at),
        "needs": [_cell(one) for one in counts],
    }


def parse_needs(raw: dict[str, Any]) -> NeedsDocument | Refusal:
    """Read a server's counts.

    What is in no published area, in no language, or too small to be told is left out: what somebody else
    forgot to hide is not shown here either.
    """
    uri, counted_at = uri_of(raw.get("id")), moment_of(raw.get("updated"))
    if uri is None or counted_at is None or NEEDS_TYPE not in types_of(raw.get("type")):
        return Refusal(RefusalReason.BAD_SHAPE, "no counts of needs")
    read = [_count(item) for item in many(raw.get("needs"))[:MAX_CELLS] if isinstance(item, dict)]
    by_cell = {(one.area, one.language): one for one in read if one is not None}
    return NeedsDocument(uri, uri_of(raw.get("attributedTo")), counted_at, tuple(by_cell.values()))


def _cell(one: NeedCount) -> dict[str, Any]:
    cell: dict[str, Any] = {"area": vocabulary.area_uri(one.area), "language": one.language}
    if one.waiting_count is not None:
        cell["waiting"] = one.waiting_count
    if one.places_count is not None:
        cell["places"] = one.places_count
    return cell


def _count(item: dict[str, Any]) -> NeedCount | None:
    term = vocabulary.term_of_uri(uri_of(item.get("area")) or "")
    language = vocabulary.canonical_language(text_of(item.get("language"))[:35])
    if term is None or not vocabulary.is_area(term[1]) or language is None:
        return None
    waiting, places = (
        shown(min(count_of(item.get(name), 0), MAX_COUNT)) for name in ("waiting", "places")
    )
    if waiting is None and places is None:
        return None
    return NeedCount(term[1], language.partition("-")[0], waiting, places)
