"""Remote documents to typed values. Reads plain JSON, tolerates every shape AS2 allows, never raises.

No aliased or prefixed terms are read, and `@context` is not looked at: one spelling per field, so that no two
programs read one document differently. Whether a document may be believed is not decided here.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import orjson

from libline_fed.activitypub.groups import parse_group
from libline_fed.activitypub.objects import (
    Activity,
    ActorDocument,
    CollectionDocument,
    KeyDocument,
    NoteDocument,
    ProposalDocument,
    Tombstone,
    Visibility,
)
from libline_fed.activitypub.parse_notes import NOTE_TYPES, parse_note, parse_proposal
from libline_fed.activitypub.urls import host_of, is_link, is_username, parse_acct
from libline_fed.activitypub.values import (
    PUBLIC,
    count_of,
    is_true,
    line_of,
    many,
    moment_of,
    objects,
    recipients_of,
    text_of,
    type_of,
    uri_of,
    uris_of,
    url_of,
)
from libline_fed.errors import Refusal, RefusalReason
from libline_fed.sanitize import sanitize_html

__all__ = [
    "parse_activity",
    "parse_actor",
    "parse_collection",
    "parse_keys",
    "parse_note",
    "parse_object",
    "parse_proposal",
    "visibility_of",
]

ACTOR_TYPES = frozenset({"Person", "Service", "Application", "Group", "Organization"})
COLLECTION_TYPES = frozenset({"Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage"})
# Verbs that mean nothing without an object; others may lack one (AS2 §4.1 knows intransitive activities).
TRANSITIVE_TYPES = frozenset(
    {
        "Accept",
        "Add",
        "Announce",
        "Block",
        "Create",
        "Delete",
        "Dislike",
        "EmojiReact",
        "Flag",
        "Follow",
        "Invite",
        "Join",
    }
    | {"Leave", "Like", "Move", "Offer", "Reject", "Remove", "TentativeAccept", "Undo", "Update"}
)
MAX_NAME_CHARACTERS = 2_048
MAX_FIELDS = 50
MAX_ALIASES = 256
MAX_KEYS = 10
MAX_PEM_CHARACTERS = 8_192
MAX_MULTIBASE_CHARACTERS = 4_096
MAX_FLAGGED = 100
MAX_COLLECTION_ITEMS = 1_000


def _bad_shape(detail: str) -> Refusal:
    return Refusal(RefusalReason.BAD_SHAPE, detail)


def parse_activity(doc: Any) -> Activity | Refusal:
    """Read the envelope of an activity.

    Repeats are recognised by the id, so one without gets an id made of its content.
    """
    if not isinstance(doc, dict):
        return _bad_shape("not an object")
    type_ = type_of(doc.get("type"), TRANSITIVE_TYPES)
    if not type_:
        return _bad_shape("no type")
    actor_uri = uri_of(doc.get("actor"))
    if actor_uri is None:
        return _bad_shape("no single actor")
    uri = uri_of(doc["id"]) if doc.get("id") is not None else _derived_uri(doc, actor_uri)
    if uri is None:
        return _bad_shape("no usable id")
    raw_objects = list(objects(doc.get("object")))
    object_uris = uris_of(doc.get("object"), MAX_FLAGGED)
    if type_ in TRANSITIVE_TYPES and not raw_objects and not object_uris:
        return _bad_shape("no object")
    raw_object = raw_objects[0] if len(raw_objects) == 1 and len(many(doc.get("object"))) == 1 else None
    content = doc.get("content") or (doc.get("summary") if type_ == "Flag" else None)  # Lemmy's reports
    return Activity(
        uri=uri,
        type=type_,
        actor_uri=actor_uri,
        object_uri=object_uris[0] if object_uris else None,
        raw_object=raw_object,
        object_uris=object_uris,
        target_uri=uri_of(doc.get("target")),
        to=recipients_of(doc.get("to")),
        cc=recipients_of(doc.get("cc")),
        content_html=sanitize_html(content) if isinstance(content, str) and content else "",
        published_at=moment_of(doc.get("published")),
        has_proof=any(True for _ in objects(doc.get("proof"))),
        raw=doc,
    )


def parse_actor(doc: Any) -> ActorDocument | Refusal:
    """Read an actor. An inbox on another host than the id is refused, other addresses there are dropped."""
    if not isinstance(doc, dict):
        return _bad_shape("not an object")
    uri = uri_of(doc.get("id"))
    type_ = type_of(doc.get("type"), ACTOR_TYPES)
    if uri is None or type_ not in ACTOR_TYPES:
        return _bad_shape("not an actor")
    host = host_of(uri)
    inbox_url = uri_of(doc.get("inbox"))
    if inbox_url is None:
        return _bad_shape("no inbox")
    if host_of(inbox_url) != host:
        return Refusal(RefusalReason.FOREIGN_ID, "the inbox is on another host than the actor")
    webfinger = _webfinger_of(doc)
    handle = doc.get("preferredUsername")
    if handle is None and webfinger is not None:
        handle = webfinger.partition("@")[0]
    if not is_username(handle):
        return _bad_shape("no usable preferredUsername")
    endpoints = doc.get("endpoints")
    summary = text_of(doc.get("summary"))

    def here(value: Any) -> str | None:
        found = uri_of(value)
        return found if found is not None and host_of(found) == host else None

    return ActorDocument(
        uri=uri,
        type=type_,
        handle=handle,
        inbox_url=inbox_url,
        shared_inbox_url=here(endpoints.get("sharedInbox")) if isinstance(endpoints, dict) else None,
        outbox_url=here(doc.get("outbox")),
        followers_uri=here(doc.get("followers")),
        featured_url=here(doc.get("featured")),
        proposals_url=here(doc.get("proposals")),
        url=_link_of(doc.get("url")),
        name=line_of(doc.get("name"), MAX_NAME_CHARACTERS),
        summary_html=sanitize_html(summary) if summary else "",
        icon_url=_icon_of(doc.get("icon")),
        fields=_fields_of(doc.get("attachment")),
        public_keys=parse_keys(doc),
        manually_approves_followers=is_true(doc.get("manuallyApprovesFollowers")),
        discoverable=is_true(doc.get("discoverable")),
        also_known_as=uris_of(doc.get("alsoKnownAs"), MAX_ALIASES),
        moved_to_uri=uri_of(doc.get("movedTo")),
        webfinger=webfinger,
        published_at=moment_of(doc.get("published")),
        group=parse_group(doc, host or "") if type_ == "Group" else {},
    )


def parse_keys(doc: Any) -> tuple[KeyDocument, ...]:
    """Read a document's public keys: an actor's `publicKey` and `assertionMethod`, or a key standing alone.

    The stub actors that GoToSocial serves at its key ids count too. Who owns a key is what it says, to be
    checked.
    """
    if not isinstance(doc, dict):
        return ()
    listed = [*objects(doc.get("publicKey")), *objects(doc.get("assertionMethod"))]
    if "publicKeyPem" in doc or "publicKeyMultibase" in doc:
        listed.append(doc)
    keys = (_key_of(item) for item in listed[: MAX_KEYS * 2])
    return tuple(key for key in keys if key is not None)[:MAX_KEYS]


def parse_object(doc: Any) -> ActorDocument | NoteDocument | ProposalDocument | Tombstone | Refusal:
    """Read an object by its type: an actor, a post, a proposal, or what is left of one."""
    if not isinstance(doc, dict):
        return _bad_shape("not an object")
    type_ = type_of(doc.get("type"), ACTOR_TYPES | NOTE_TYPES | {"Tombstone"})
    if type_ in ACTOR_TYPES:
        return parse_actor(doc)
    if type_ in NOTE_TYPES:
        proposal = parse_proposal(doc)
        return proposal if proposal is not None else parse_note(doc)
    uri = uri_of(doc.get("id"))
    if type_ == "Tombstone" and uri is not None:
        return Tombstone(uri=uri, former_type=type_of(doc.get("formerType"), NOTE_TYPES) or None)
    return _bad_shape(f"nothing known as {type_[:40]!r}")


def parse_collection(doc: Any) -> CollectionDocument | Refusal:
    """Read a collection or one page; the items of an embedded first page are taken in."""
    if not isinstance(doc, dict):
        return _bad_shape("not an object")
    type_ = type_of(doc.get("type"), COLLECTION_TYPES)
    if type_ not in COLLECTION_TYPES:
        return _bad_shape("not a collection")
    items = _items_of(doc)
    first = doc.get("first")
    next_value = doc.get("next")
    if isinstance(first, dict) and ("items" in first or "orderedItems" in first):
        items = items or _items_of(first)
        next_value = first.get("next") if next_value is None else next_value
    total = doc.get("totalItems")
    return CollectionDocument(
        uri=uri_of(doc.get("id")),
        type=type_,
        total_count=count_of(total, 0) if isinstance(total, int | float | str) else None,
        item_uris=uris_of(items, MAX_COLLECTION_ITEMS),
        raw_items=tuple(objects(items))[:MAX_COLLECTION_ITEMS],
        first_url=uri_of(first),
        next_url=uri_of(next_value),
        part_of_uri=uri_of(doc.get("partOf")),
        documents_url=uri_of(doc.get("documents")),
        raw_authors=tuple(objects(doc.get("authors")))[:MAX_COLLECTION_ITEMS],
    )


def visibility_of(to: tuple[str, ...], cc: tuple[str, ...], followers_uri: str | None) -> Visibility:
    """Tell whom a post is for, from its parsed audience and its author's followers collection.

    Followers count in `cc` as well as in `to`: reading a followers-only post as direct would hide it from
    them.
    """
    if PUBLIC in to:
        return Visibility.PUBLIC
    if PUBLIC in cc:
        return Visibility.UNLISTED
    if followers_uri is not None and (followers_uri in to or followers_uri in cc):
        return Visibility.FOLLOWERS
    return Visibility.DIRECT


def _derived_uri(doc: Mapping[str, Any], actor_uri: str) -> str | None:
    """Make an id for an activity without one: the actor's, with a digest of the whole document.

    AP §3 lets transient activities lack an id; Mastodon's Add and older Pixelfed's Follow do. The same bytes
    sent again get the same id, anything else another one.
    """
    try:
        canonical = orjson.dumps(doc, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:
        return None  # lone surrogates or huge numbers, which `parse_json` never lets through
    return f"{actor_uri.partition('#')[0]}#{sha256(canonical).hexdigest()[:40]}"


def _items_of(doc: Mapping[str, Any]) -> list[Any]:
    ordered = many(doc.get("orderedItems"))
    return ordered or many(doc.get("items"))


def _key_of(item: Mapping[str, Any]) -> KeyDocument | None:
    key_id = uri_of(item.get("id"))
    owner_uri = uri_of(item.get("owner", item.get("controller")))
    if key_id is None or owner_uri is None:
        return None
    pem = item.get("publicKeyPem")
    if isinstance(pem, str) and 0 < len(pem) <= MAX_PEM_CHARACTERS:
        return KeyDocument(key_id=key_id, owner_uri=owner_uri, pem=pem)
    multibase = item.get("publicKeyMultibase")
    if isinstance(multibase, str) and 1 < len(multibase) <= MAX_MULTIBASE_CHARACTERS:
        return KeyDocument(key_id=key_id, owner_uri=owner_uri, multibase=multibase)
    return None


def _webfinger_of(doc: Mapping[str, Any]) -> str | None:
    """Read the FEP-2c59 address; the acct: scheme is tolerated."""
    parsed = parse_acct(doc.get("webfinger"))
    return f"{parsed[0]}@{parsed[1]}" if parsed is not None else None


def _link_of(value: Any) -> str | None:
    found = url_of(value)
    return found if found is not None and is_link(found) else None


def _icon_of(value: Any) -> str | None:
    for item in many(value):
        found = _link_of(item.get("url", item.get("href")) if isinstance(item, dict) else item)
        if found is not None:
            return found
    return None


def _fields_of(value: Any) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for item in objects(value):
        if item.get("type") != "PropertyValue":  # links, payment buttons and the like are not for us
            continue
        name = line_of(item.get("name"), MAX_NAME_CHARACTERS)
        field_html = text_of(item.get("value"))
        if name:
            found.append((name, sanitize_html(field_html) if field_html else ""))
        if len(found) == MAX_FIELDS:
            break
    return tuple(found)
