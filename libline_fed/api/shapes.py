"""What answers look like: each a dataclass, written as JSON field by field, from which its schema is made.

What an annotation says beside the type goes into the documentation. Names of fields never change within `v1`;
further fields may be added.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class TermShape:
    """A term of the vocabulary, or of an instance's own."""

    id: Annotated[str, "The id, which never changes."]
    label: Annotated[str, "What people read, in the language asked for, else in English."]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorShape:
    """Who wrote something: a person, or a library or association."""

    uri: Annotated[str, "The identity on every server."]
    name: Annotated[str, "What to call them; plain text."]
    address: Annotated[str, "The address that people type, such as @ana@lib.example."]
    host: Annotated[str, "The server where they are at home."]
    url: Annotated[str, "Their page on this server."]
    is_organisation: Annotated[bool, "Whether this is a library or association."]
    is_local: Annotated[bool, "Whether they are members of this server."]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceShape:
    """A linked server or a consortium that brought something here."""

    uri: Annotated[str, "The identity on every server."]
    name: Annotated[str, "What to call it; plain text."]
    kind: Literal["server", "consortium"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesShape:
    """How many people can come."""

    total_count: Annotated[int, "Places in all."]
    free_count: Annotated[int, "Places that are free now."]
    waiting_count: Annotated[int, "Requests that have no answer yet."]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalShape:
    """An offer or a request."""

    id: Annotated[str, "The id on this server."]
    uri: Annotated[str, "The identity on every server."]
    url: Annotated[str, "The page on this server."]
    original_url: Annotated[str, "The page on the server where it was written."]
    purpose: Literal["offer", "request"]
    status: Annotated[
        Literal["open", "full"], "A full one has no free place now, but may have a waiting list."
    ]
    title: Annotated[str, "Plain text."]
    text: Annotated[str, "Plain text."]
    html: Annotated[str, "The same as sanitised HTML: few tags, links with rel=nofollow. Sanitise it again."]
    language: Annotated[str | None, "The language of the text, BCP 47."]
    areas: Sequence[TermShape]
    languages: Annotated[Sequence[str], "Languages in which they can work, BCP 47."]
    modes: Annotated[Sequence[TermShape], "Ways to meet."]
    formats: Sequence[TermShape]
    goals: Sequence[TermShape]
    stage: Annotated[TermShape | None, "The career stage of the author."]
    types: Annotated[Sequence[TermShape], "Kinds of library that the author knows from inside."]
    frequency: TermShape | None
    months: Annotated[int | None, "How long, in months; 0 is a single talk."]
    answer_days: Annotated[int | None, "Within how many days the author answers."]
    places: PlacesShape
    open_until: Annotated[date | None, "The last day on which it is open."]
    published_at: datetime
    edited_at: Annotated[datetime | None, "When the text was changed last."]
    author: AuthorShape
    brought_by: Annotated[Sequence[SourceShape], "Who passed it on to this server; empty for its own."]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalList:
    """One page of offers or requests."""

    items: Sequence[ProposalShape]
    page: int
    has_more: Annotated[bool, "Whether there is a next page; its address is in the header Link."]
    total_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonShape:
    """Somebody who can be found: a member who allows it, or an author of another server."""

    author: AuthorShape
    summary: Annotated[str, "What they say of themselves; plain text."]
    languages: Annotated[Sequence[str], "Languages, BCP 47, as far as they are said."]
    areas: Annotated[Sequence[TermShape], "Areas of what they listed."]
    country: Annotated[str | None, "ISO 3166-1, if it is shown to everybody."]
    offers_count: Annotated[int, "Listed offers."]
    requests_count: Annotated[int, "Listed requests."]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonList:
    """One page of people."""

    items: Sequence[PersonShape]
    page: int
    has_more: Annotated[bool, "Whether there is a next page; its address is in the header Link."]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicShape:
    """An area of library work, with what is open in it."""

    id: str
    uri: Annotated[str, "The identity of the term in the vocabulary."]
    label: str
    group: Annotated[str, "The heading under which it stands; empty for the undecided one."]
    offers_count: int
    requests_count: int
    url: Annotated[str, "The page of the topic on this server."]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicList:
    """All areas."""

    items: Sequence[TopicShape]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceShape:
    """This server."""

    name: str
    description: str
    url: str
    software: Literal["libline"]
    version: str
    language: Annotated[str, "The language of the server, BCP 47."]
    registration: Literal["open", "approval", "invite", "closed"]
    contact_email: str | None
    members_count: int
    offers_count: Annotated[int, "Open offers that everybody may see, also from other servers."]
    requests_count: Annotated[int, "Open requests that everybody may see, also from other servers."]
    documentation_url: Annotated[str, "The description of this interface (OpenAPI)."]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConceptShape:
    """A term of the vocabulary with its explanation."""

    id: str
    uri: str
    label: str
    help: Annotated[str, "One sentence, or nothing."]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConceptList:
    """The terms of one list of the vocabulary that people can choose."""

    scheme: str
    title: str
    version: str
    items: Sequence[ConceptShape]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidShape:
    """A parameter that cannot be used."""

    parameter: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemShape:
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: Annotated[Sequence[InvalidShape], "The parameters that are wrong."] = ()
