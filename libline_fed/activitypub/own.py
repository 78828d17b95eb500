"""What the builders of wire documents are given: plain values of our own actors and proposals."""

from dataclasses import dataclass
from datetime import date, datetime

from libline_fed.activitypub.groups import GroupFacts
from libline_fed.domain.proposal_details import Details


@dataclass(frozen=True, slots=True)
class OwnActor:
    """An actor of this instance, or the instance itself."""

    id: str
    uri: str
    type: str  # Person, Service, Application, Group, Organization
    handle: str
    name: str
    summary_html: str
    published_at: datetime
    public_pem: str
    ed25519_multibase: str | None
    manually_approves_followers: bool
    is_discoverable: bool
    also_known_as: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]  # (plain name, sanitised HTML value)
    icon_url: str | None
    is_instance: bool
    moved_to_uri: str | None = None
    group: GroupFacts | None = None  # of a consortium


@dataclass(frozen=True, slots=True)
class OwnProposal:
    """A proposal of this instance for others; `content_html` is the sanitised body, no title, no hashtags."""

    id: str
    uri: str
    author_uri: str
    purpose: str  # offer | request
    title: str
    content_html: str
    language: str | None  # BCP 47
    areas: tuple[str, ...]
    languages: tuple[str, ...]
    modes: tuple[str, ...]
    places_count: int  # in all
    places_free_count: int
    waiting_count: int
    open_until_on: date | None
    status: str  # open | full | paused | closed
    revision: int
    published_at: datetime
    edited_at: datetime | None  # when the text changed last; not when only places or state did
    hashtags: tuple[str, ...]  # without '#'
    to: tuple[str, ...]
    cc: tuple[str, ...]
    details: Details
    audience: tuple[str, ...] = ()  # Groups
