"""Our collections as wire documents: counts, pages, and the single-page list of pinned proposals."""

from collections.abc import Mapping, Sequence
from typing import Any

from libline_fed.activitypub.contexts import ACTIVITY_STREAMS

PAGE_ITEMS = 20


def build_collection(
    uri: str,
    *,
    total_count: int | None = None,
    first_url: str | None = None,
    is_ordered: bool = True,
    attributed_to: str | None = None,
) -> dict[str, Any]:
    """Return the head of a collection, which holds no items itself (AS2 §5.5).

    Without `first_url` it tells its size only: followers are counted for others, never listed.
    """
    document: dict[str, Any] = {
        "@context": ACTIVITY_STREAMS,
        "id": uri,
        "type": "OrderedCollection" if is_ordered else "Collection",
    }
    if attributed_to is not None:
        document["attributedTo"] = attributed_to
    if total_count is not None:
        document["totalItems"] = total_count
    if first_url is not None:
        document["first"] = first_url
    return document


def build_page(
    url: str,
    *,
    part_of_uri: str,
    items: Sequence[str | Mapping[str, Any]],
    next_url: str | None = None,
    prev_url: str | None = None,
    is_ordered: bool = True,
    total_count: int | None = None,
    context: Any = ACTIVITY_STREAMS,
) -> dict[str, Any]:
    """Return one page of a collection. Embedded items lose their own context: pass the shared one here.

    A page that tells `total_count`, the size of the whole, is another one after every addition and removal.
    """
    document: dict[str, Any] = {
        "@context": context,
        "id": url,
        "type": "OrderedCollectionPage" if is_ordered else "CollectionPage",
        "partOf": part_of_uri,
        "orderedItems" if is_ordered else "items": [_embedded(item) for item in items],
    }
    if total_count is not None:
        document["totalItems"] = total_count
    if next_url is not None:
        document["next"] = next_url
    if prev_url is not None:
        document["prev"] = prev_url
    return document


def build_list(uri: str, item_uris: Sequence[str], *, attributed_to: str | None = None) -> dict[str, Any]:
    """Return a whole collection on one page, as id strings.

    The form for `featured`: Mastodon reads a single page of it and wants ids, Misskey fetches the first five.
    """
    document = build_collection(uri, total_count=len(item_uris), attributed_to=attributed_to)
    document["orderedItems"] = list(item_uris)
    return document


def _embedded(item: str | Mapping[str, Any]) -> Any:
    if isinstance(item, str) or "proof" in item:  # a proof is made over the context too
        return item
    return {key: value for key, value in item.items() if key != "@context"}
