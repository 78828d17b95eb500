"""What remote documents become once parsed: plain typed values, HTML already sanitised, URLs already checked.

Parsed is not trusted: only `federation.admit` says whether a document may be believed, by wrapping it in
`Admitted`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from libline_fed.activitypub.private_notes import Item


class Visibility(StrEnum):
    """Whom a post is for (ActivityPub §6, as Mastodon and others compute it)."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    FOLLOWERS = "followers"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class ActorDocument:
    """An actor of another server. `name` is plain text, `summary_html` sanitised."""

    uri: str
    type: str  # Person, Service, Application, Group, Organization
    handle: str  # preferredUsername
    inbox_url: str
    shared_inbox_url: str | None
    outbox_url: str | None
    followers_uri: str | None
    featured_url: str | None
    proposals_url: str | None
    url: str | None
    name: str
    summary_html: str
    icon_url: str | None
    fields: tuple[tuple[str, str], ...]  # (plain name, sanitised HTML value)
    public_keys: tuple["KeyDocument", ...]
    manually_approves_followers: bool
    discoverable: bool
    also_known_as: tuple[str, ...]
    moved_to_uri: str | None
    webfinger: str | None  # user@domain, FEP-2c59
    published_at: datetime | None
    group: Mapping[str, Any] = field(default_factory=dict)  # what only a Group says: see `groups.parse_group`


@dataclass(frozen=True, slots=True)
class KeyDocument:
    """A public key as an actor or key document lists it; exactly one of `pem` and `multibase` is set."""

    key_id: str
    owner_uri: str
    pem: str | None = None
    multibase: str | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody named in a post."""

    href: str
    name: str


@dataclass(frozen=True, slots=True)
class NoteDocument:
    """A post of another server: Note, Question, Article and their kin."""

    uri: str
    type: str
    author_uri: str
    url: str | None
    title: str  # plain; "" when it has none
    content_html: str
    language: str | None  # BCP 47
    published_at: datetime | None
    updated_at: datetime | None
    to: tuple[str, ...]
    cc: tuple[str, ...]
    in_reply_to_uri: str | None
    context_uri: str | None
    mentions: tuple[Mention, ...]
    hashtags: tuple[str, ...]  # without '#', as written
    is_sensitive: bool
    poll_vote: str | None  # `name` of a Note without content that answers a Question
    item: Item | None = None  # what a pair shares: a goal, a talk, a meeting and their like
    audience: tuple[str, ...] = ()  # the Groups it is for (FEP-1b12)


@dataclass(frozen=True, slots=True)
class ProposalDocument:
    """A mentoring offer or request: a Note that carries the FEP-0837 properties (see FEDERATION.md)."""

    note: NoteDocument
    purpose: str  # offer | request
    title: str
    status: str  # open | full | paused | closed
    revision: int
    areas: tuple[str, ...]  # vocabulary ids such as A0301, ranked; unknown ones kept as given
    languages: tuple[str, ...]  # BCP 47
    modes: tuple[str, ...]
    places_count: int  # in all
    places_free_count: int  # availableQuantity
    waiting_count: int
    open_until_at: datetime | None
    intent_uri: str | None
    details: dict[str, Any]  # as stored, see domain/proposal_details.py


@dataclass(frozen=True, slots=True)
class Activity:
    """The envelope of anything that arrives. `object_uri` is set whenever the object has an id."""

    uri: str
    type: str
    actor_uri: str
    object_uri: str | None
    raw_object: Mapping[str, Any] | None  # when embedded
    object_uris: tuple[str, ...]  # all of them, for Flag
    target_uri: str | None
    to: tuple[str, ...]
    cc: tuple[str, ...]
    content_html: str
    published_at: datetime | None
    has_proof: bool
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of a deleted object."""

    uri: str
    former_type: str | None


@dataclass(frozen=True, slots=True)
class CollectionDocument:
    """A collection or one page of it. An embedded first page is merged: its items, and its `next`."""

    uri: str | None  # an embedded page may have none
    type: str  # Collection, OrderedCollection, CollectionPage, OrderedCollectionPage
    total_count: int | None
    item_uris: tuple[str, ...]  # ids of all items, embedded or not, in their order
    raw_items: tuple[Mapping[str, Any], ...]  # the embedded ones
    first_url: str | None
    next_url: str | None
    part_of_uri: str | None
    documents_url: str | None = None  # where the same list begins with whole proposals in it
    raw_authors: tuple[Mapping[str, Any], ...] = ()  # beside whole proposals: who wrote them


T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Admitted(Generic[T_co]):
    """A remote document that may be believed. Made only in `federation/admit.py` (a test proves it).

    Storage and services that write remote rows take this type and nothing else.
    """

    document: T_co
    host: str  # the authority it belongs to
    how: str  # "signed", "fetched" or "proven"
