"""Handlers of Create, Update and Delete: what others write, change and take back."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from libline_fed.activitypub.objects import (
    ActorDocument,
    Admitted,
    NoteDocument,
    ProposalDocument,
    Visibility,
)
from libline_fed.activitypub.parse import visibility_of
from libline_fed.activitypub.urls import host_of
from libline_fed.domain.actors import Actor
from libline_fed.errors import Refusal, RefusalReason
from libline_fed.federation import inbox_consortia, inbox_doors, inbox_private
from libline_fed.federation.admit import narrowed
from libline_fed.federation.inbox_work import (
    APPLIED,
    Ready,
    Result,
    Work,
    ignored,
    note_of,
    recipients_of,
    refused,
)
from libline_fed.services import consortium_items, remote_actors, remote_posts
from libline_fed.services.remote_posts import Arrival
from libline_fed.storage import actors, follows, posts, proposals, tombstones

OPEN_TO_ALL = (Visibility.PUBLIC, Visibility.UNLISTED)


def is_plain(ready: Ready) -> bool:
    """Tell whether an activity is a Create of a plain post: those are applied many at a time."""
    return (
        ready.result is None
        and ready.activity.type == "Create"
        and ready.document is not None
        and isinstance(ready.document.document, NoteDocument)
    )


async def on_plain_creates(work: Work, batch: Sequence[Ready]) -> list[Result]:
    """Store many plain posts with a handful of statements."""
    results: list[Result] = []
    arrivals: dict[str, Arrival] = {}
    for ready in batch:
        found = await _arrival(work, ready)
        if isinstance(found, Result):
            results.append(found)
        elif found.admitted.document.uri in arrivals:
            results.append(ignored(RefusalReason.OUTDATED, "the same post came twice"))
        elif (taken := await _taken(work, found, list(arrivals.values()))) is not None:
            results.append(taken)
        else:
            arrivals[found.admitted.document.uri] = found
            results.append(APPLIED)
    if arrivals:
        await remote_posts.receive_many(work.tx, list(arrivals.values()), now=work.now)
    return results


async def _arrival(work: Work, ready: Ready) -> Arrival | Result:
    assert ready.document is not None
    note = ready.document.document
    assert isinstance(note, NoteDocument)
    author = work.known.actors.get(ready.activity.actor_uri)
    if author is None or not author.is_usable:
        return refused(RefusalReason.ACTOR_SUSPENDED, ready.activity.actor_uri)
    if work.known.tombstones.get(note.uri) == note.author_uri:
        return ignored(RefusalReason.TOMBSTONED, note.uri)
    if note.uri in work.known.actors:
        return refused(RefusalReason.WRONG_OWNER, note.uri)
    if note.uri in work.known.posts:
        return ignored(RefusalReason.OUTDATED, "known already")
    proposal = work.known.proposals.get(note.uri)
    if proposal is not None:
        is_own = proposal.author_id == author.id
        return (
            ignored(RefusalReason.OUTDATED, "known as a proposal")
            if is_own
            else refused(RefusalReason.WRONG_OWNER, note.uri)
        )
    if note.poll_vote is not None:
        return await inbox_doors.on_vote(work, note, author)
    recipients = await _willing(work, author, recipients_of(note, work.site.uris))
    arrival = Arrival(
        admitted=narrowed(ready.document, note),
        author=author,
        to=ready.activity.to,
        cc=ready.activity.cc,
        recipients=recipients,
        replied_to=await _owner_of_answered(work, author, note.in_reply_to_uri),
    )
    visibility = remote_posts.visibility(arrival)
    replied_to_id = arrival.replied_to.id if arrival.replied_to is not None else None
    if visibility not in OPEN_TO_ALL and replied_to_id not in {recipient.id for recipient in recipients}:
        arrival = replace(arrival, replied_to=None)  # not for the one it answers: not theirs to know of
    is_followed = visibility is not Visibility.DIRECT and work.known.is_followed(author)
    if not (recipients or arrival.replied_to or is_followed):
        return ignored(RefusalReason.NOT_FOR_US, "nobody here follows the author or is addressed")
    return arrival


async def _taken(work: Work, arrival: Arrival, before: Sequence[Arrival]) -> Result | None:
    """Pass a post on to where it is more than a post; those `before` it are not stored yet."""
    return await inbox_private.on_note(work, arrival) or await inbox_doors.on_note(work, arrival, before)


async def _willing(work: Work, author: Actor, uris: Collection[str]) -> tuple[Actor, ...]:
    named = [actor for uri in sorted(uris) if (actor := await work.local(uri)) is not None]
    return tuple(
        [
            actor
            for actor in named
            if not await follows.is_blocked(work.tx, blocker_id=actor.id, blocked_id=author.id)
        ]
    )


async def _owner_of_answered(work: Work, author: Actor, uri: str | None) -> Actor | None:
    """Return the member whose proposal a post answers; a private proposal is not there for others."""
    proposal = work.known.proposals.get(uri) if uri is not None else None
    if proposal is None or not proposal.is_local or proposal.audience != "public":
        return None
    owner = work.known.authors.get(proposal.author_id)
    if owner is None or not owner.is_usable:
        return None
    is_blocked = await follows.is_blocked(work.tx, blocker_id=owner.id, blocked_id=author.id)
    return None if is_blocked else owner


async def on_create(work: Work, ready: Ready) -> Result:
    """Take in a proposal; plain posts go the way of `on_plain_creates`."""
    if ready.document is None or not isinstance(ready.document.document, ProposalDocument):
        return ignored(RefusalReason.NOT_FOR_US, "neither a post nor a proposal")
    document = ready.document.document
    author = await work.actor(ready.activity.actor_uri)
    if author is None or not author.is_usable:
        return refused(RefusalReason.ACTOR_SUSPENDED, ready.activity.actor_uri)
    buried = await tombstones.among(work.tx, (document.note.uri,))
    if buried.get(document.note.uri) == author.uri:
        return ignored(RefusalReason.TOMBSTONED, document.note.uri)
    note = document.note
    taken = await refuse_uri(work, note, author)
    if taken is not None:
        return taken
    to, cc = (note.to, note.cc) if note.to or note.cc else (ready.activity.to, ready.activity.cc)
    is_for_us = work.site.uris.instance_actor in (*note.to, *note.cc)  # the rows decide if we are linked
    if visibility_of(to, cc, author.followers_uri) not in OPEN_TO_ALL and not is_for_us:
        return ignored(RefusalReason.NOT_FOR_US, "a proposal that is not public")
    source, by = await _source_of(work, note, author)
    # One that is known is sent once more when more people may read it.
    if source is None and note.uri not in await proposals.by_uris(work.tx, (note.uri,)):
        return ignored(RefusalReason.NOT_FOR_US, "nobody here follows the author or is addressed")
    return await index(work, ready.document, author, source=source, by=by, said=ready.activity.raw)


async def _source_of(work: Work, note: NoteDocument, author: Actor) -> tuple[str | None, Actor]:
    """Tell why a proposal that its author sends is listed here, and by whose doing; None: for no reason."""
    if (await follows.local_followers_of(work.tx, (author.id,))).get(author.id):
        return "follow", author
    group = None
    for uri in sorted(recipients_of(note, work.site.uris)):
        named = await inbox_consortia.group_here(work, uri)
        if named is None:
            return "delivery", author
        if group is None and await inbox_consortia.has_member_at(work, named, author.host):
            group = named
    return ("announce", group) if group is not None else (None, author)


async def refuse_uri(work: Work, note: NoteDocument, author: Actor) -> Result | None:
    """Say no to a proposal under an id that is somebody's, or somebody else's post; None if it is free."""
    post = (await posts.by_uris(work.tx, (note.uri,))).get(note.uri)
    is_taken = post is not None and post.author_id != author.id
    if is_taken or await work.actor(note.uri) is not None:
        return refused(RefusalReason.WRONG_OWNER, note.uri)
    return None


async def index(
    work: Work,
    admitted: Admitted[object],
    author: Actor,
    *,
    source: str | None,
    by: Actor,
    said: Mapping[str, Any] | None = None,
) -> Result:
    """List a proposal of another server, or what it has become; consortia here pass on what was `said`."""
    document = admitted.document
    assert isinstance(document, ProposalDocument)
    kept = await proposals.put_remote(
        work.tx,
        narrowed(admitted, document),
        author,
        source=source,
        source_actor_uri=by.uri,
        now=work.now,
        instance_uri=work.site.uris.instance_actor,
    )
    if isinstance(kept, Refusal):
        return ignored(kept.reason, kept.detail)
    await consortium_items.take(
        work.tx, work.site, kept, author, named=document.note.audience, activity=said, now=work.now
    )
    return APPLIED


async def on_update(work: Work, ready: Ready) -> Result:
    """Take in a change: same author only, newer only."""
    document = ready.document.document if ready.document is not None else None
    if ready.is_refreshed:
        return APPLIED
    author = await work.actor(ready.activity.actor_uri)
    if author is None or not author.is_usable:
        return refused(RefusalReason.ACTOR_SUSPENDED, ready.activity.actor_uri)
    if isinstance(document, ActorDocument):
        # Its own server did not answer, so take what it signed, but no new key.
        assert ready.document is not None
        await actors.put_remote(
            work.tx, narrowed(ready.document, document), acct_host=None, now=work.now
        )
        return APPLIED
    note = note_of(ready)
    if note is None:
        return ignored(RefusalReason.NOT_FOR_US, "neither an actor, a post nor a proposal")
    known_proposal = (await proposals.by_uris(work.tx, (note.uri,))).get(note.uri)
    known_post = (await posts.by_uris(work.tx, (note.uri,))).get(note.uri)
    known = known_proposal or known_post
    if known is not None and known.author_id != author.id:
        return refused(RefusalReason.WRONG_OWNER, note.uri)
    if isinstance(document, ProposalDocument):
        assert ready.document is not None
        if known_proposal is None:
            if known_post is not None:
                await posts.remove(work.tx, known_post.id)
            return await on_create(work, ready)
        source, by = await _source_of(work, note, author)
        return await index(work, ready.document, author, source=source, by=by, said=ready.activity.raw)
    return await _update_post(work, ready, note, known_post_id=known_post.id if known_post else None)


async def _update_post(work: Work, ready: Ready, note: NoteDocument, *, known_post_id: str | None) -> Result:
    proposal = (await proposals.by_uris(work.tx, (note.uri,))).get(note.uri)
    if proposal is not None:  # no longer a proposal
        await proposals.remove(work.tx, proposal.id)
        return APPLIED
    assert ready.document is not None
    if known_post_id is None:
        return await _update_private(work, ready, narrowed(ready.document, note))
    is_newer = await posts.put_edit(
        work.tx, narrowed(ready.document, note), post_id=known_post_id, now=work.now
    )
    return APPLIED if is_newer else ignored(RefusalReason.OUTDATED, note.uri)


async def _update_private(work: Work, ready: Ready, admitted: Admitted[NoteDocument]) -> Result:
    note, activity = admitted.document, ready.activity
    author = await work.actor(activity.actor_uri)
    assert author is not None
    recipients = await _willing(work, author, recipients_of(note, work.site.uris))
    arrival = Arrival(admitted, author, activity.to, activity.cc, recipients, None)
    taken = await inbox_private.on_edit(work, arrival) or await inbox_doors.on_edit(work, note, author)
    return taken if taken is not None else ignored(RefusalReason.UNKNOWN_OBJECT, note.uri)


async def on_delete(work: Work, ready: Ready) -> Result:
    """Remove what its owner took back; it stays dead, also if its Create comes later."""
    uri, owner_uri = ready.activity.object_uri, ready.activity.actor_uri
    if uri is None:
        return refused(RefusalReason.BAD_SHAPE, "no object")
    owner = await work.actor(owner_uri)
    if uri == owner_uri:
        if owner is None or owner.gone_at is not None:
            return ignored(RefusalReason.UNKNOWN_OBJECT, uri)
        await remote_actors.end(work.tx, work.site, owner, now=work.now)
        return APPLIED
    if host_of(uri) != host_of(owner_uri):  # nobody buries what another server may still send
        return refused(RefusalReason.FOREIGN_ID, uri)
    if await work.actor(uri) is not None:
        return refused(RefusalReason.WRONG_OWNER, uri)
    if owner is None:
        return ignored(RefusalReason.UNKNOWN_OBJECT, uri)
    taken = await inbox_private.on_delete(work, uri, owner)
    if taken is not None:
        return taken
    withdrawn = await inbox_doors.on_delete(work, uri, owner)
    buried = await bury(work, uri, owner, said=ready.activity.raw)
    return withdrawn or buried


async def bury(work: Work, uri: str, owner: Actor, *, said: Mapping[str, Any] | None) -> Result:
    """Remove a proposal or post of its owner; remember the end of what has not come yet, too."""
    proposal = (await proposals.by_uris(work.tx, (uri,))).get(uri)
    post = (await posts.by_uris(work.tx, (uri,))).get(uri)
    known = proposal or post
    if known is not None and known.author_id != owner.id:
        return refused(RefusalReason.WRONG_OWNER, uri)
    if known is None and uri in await tombstones.among(work.tx, (uri,)):
        return ignored(RefusalReason.TOMBSTONED, uri)
    if proposal is not None:
        await consortium_items.forget(work.tx, work.site, uri, activity=said, now=work.now)
        await proposals.remove(work.tx, proposal.id)
    elif post is not None:
        await posts.remove(work.tx, post.id)
    former_type = "Note" if proposal is not None else post.type if post is not None else None
    await tombstones.add(
        work.tx,
        uri,
        former_type=former_type,
        owner_uri=owner.uri,
        now=work.now,
        is_known=known is not None,
    )
    return APPLIED if known is not None else ignored(RefusalReason.UNKNOWN_OBJECT, uri)
