"""What the worker and the handlers share: an activity made ready, and what is known around a batch."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from libline_fed.activitypub.objects import (
    Activity,
    Admitted,
    NoteDocument,
    ProposalDocument,
)
from libline_fed.activitypub.uris import Uris
from libline_fed.domain.actors import Actor
from libline_fed.domain.inbox_activities import InboxActivity, InboxState
from libline_fed.domain.posts import Post
from libline_fed.domain.proposals import Proposal
from libline_fed.errors import RefusalReason
from libline_fed.federation.admit import Document
from libline_fed.services.site import Site
from libline_fed.storage import actors, follows, posts, proposals, tombstones
from libline_fed.storage.store import Tx


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one activity."""

    state: InboxState
    reason: RefusalReason | None = None
    detail: str = ""


APPLIED = Result(InboxState.APPLIED)


def ignored(reason: RefusalReason, detail: str = "") -> Result:
    """Say that there was nothing to do."""
    return Result(InboxState.IGNORED, reason, detail)


def refused(reason: RefusalReason, detail: str = "") -> Result:
    """Say that a rule forbids it."""
    return Result(InboxState.REFUSED, reason, detail)


class Verdict(StrEnum):
    """What an Announce by a directory comes down to, once its object was looked into."""

    LIST = "list"
    GONE = "gone"  # its own server does not have it now
    DELETED = "deleted"  # its author or its own server says that it was deleted


@dataclass(slots=True)
class Ready:
    """An activity with everything fetched that its handler needs; handlers do no network."""

    row: InboxActivity
    activity: Activity
    document: Admitted[Document] | None = None
    target: Actor | None = None  # a Move's new actor, or the one that stands for a server
    verdict: Verdict | None = None  # on what a directory passes on
    owner_uri: str | None = None  # whose proof a deletion carries that was passed on
    backfill: list[Admitted[ProposalDocument]] = field(default_factory=list)
    is_refreshed: bool = False  # an Update of an actor was read anew from its own address
    result: Result | None = None  # settled before applying


@dataclass(slots=True)
class Known:
    """Rows around some activities, read in bulk."""

    actors: dict[str, Actor] = field(default_factory=dict)  # by URI
    followers: dict[str, list[str]] = field(default_factory=dict)  # local ones, by the id of whom they follow
    tombstones: dict[str, str | None] = field(default_factory=dict)  # URI -> who owned it
    posts: dict[str, Post] = field(default_factory=dict)
    proposals: dict[str, Proposal] = field(default_factory=dict)
    authors: dict[str, Actor] = field(default_factory=dict)  # of the proposals, by id

    def is_followed(self, actor: Actor) -> bool:
        """Tell whether somebody here follows an actor."""
        return bool(self.followers.get(actor.id))


@dataclass(slots=True)
class Work:
    """The transaction that a batch is applied in."""

    tx: Tx
    site: Site
    now: datetime
    known: Known

    async def actor(self, uri: str) -> Actor | None:
        """Return an actor by URI, from what is known or from the database."""
        return self.known.actors.get(uri) or await actors.by_uri(self.tx, uri)

    async def local(self, uri: str | None) -> Actor | None:
        """Return an actor of this instance that may act, or None."""
        if uri is None or not self.site.uris.is_local(uri):
            return None
        found = await self.actor(uri)
        return found if found is not None and found.is_local and found.is_usable else None


async def learn(tx: Tx, uris: Uris, batch: Sequence[Ready]) -> Known:
    """Read what is known around a batch: a handful of questions, however many activities."""
    objects, answered, people = _named(uris, batch)
    known = Known(actors=await actors.by_uris(tx, people))
    authors = [actor.id for actor in known.actors.values() if not actor.is_local]
    known.followers = await follows.local_followers_of(tx, authors)
    known.tombstones = await tombstones.among(tx, objects)
    known.posts = await posts.by_uris(tx, objects)
    known.proposals = await proposals.by_uris(tx, objects | answered)
    known.authors = await actors.by_ids(tx, {proposal.author_id for proposal in known.proposals.values()})
    return known


def _named(uris: Uris, batch: Sequence[Ready]) -> tuple[set[str], set[str], set[str]]:
    objects: set[str] = set()
    answered: set[str] = set()
    people: set[str] = set()
    for ready in batch:
        activity = ready.activity
        people.add(activity.actor_uri)
        people.update(uri for uri in (*activity.to, *activity.cc) if uris.is_local(uri))
        if activity.object_uri is not None:
            objects.add(activity.object_uri)
        note = note_of(ready)
        if note is not None:
            objects.add(note.uri)
            people.add(note.uri)  # who takes an actor's id for a post must be found out
            people.update(recipients_of(note, uris))
            if note.in_reply_to_uri is not None and uris.is_local(note.in_reply_to_uri):
                answered.add(note.in_reply_to_uri)
    return objects, answered, people


def note_of(ready: Ready) -> NoteDocument | None:
    """Return the post or proposal an activity is about, if it brought one."""
    document = ready.document.document if ready.document is not None else None
    if isinstance(document, ProposalDocument):
        return document.note
    return document if isinstance(document, NoteDocument) else None


def recipients_of(note: NoteDocument, uris: Uris) -> Collection[str]:
    """Return the local actors a post is addressed to or names."""
    named = (*note.to, *note.cc, *(mention.href for mention in note.mentions))
    return {uri for uri in named if uris.is_local(uri)}
