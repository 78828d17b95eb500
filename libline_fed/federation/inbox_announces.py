"""What linked servers and consortia pass on, and what of it is believed: one rule for both.

A directory is an instance actor that this one follows, or a Group that it is a member of. It points at
things, it never speaks for them. A linked server points at what is at home on its own host. A consortium
points at proposals anywhere that name it in their own `audience`: their own server has agreed to it.

An id is fetched from where it is at home. A change or deletion that is passed on as it came (FEP-1b12) counts
if it carries its author's own proof (FEP-8b32) and is news; otherwise the object's own server is asked, too.
"""

from dataclasses import dataclass

from libline_fed.activitypub.objects import Activity, Admitted, ProposalDocument, Tombstone
from libline_fed.activitypub.parse import parse_activity
from libline_fed.activitypub.proofs import proof_key_id, verify_proof
from libline_fed.activitypub.uris import Uris
from libline_fed.activitypub.urls import host_of
from libline_fed.domain.actors import Actor
from libline_fed.domain.follows import FollowState
from libline_fed.domain.proposals import Proposal
from libline_fed.errors import PeerGone, Refusal, RefusalReason
from libline_fed.federation.admit import Admitter, Budget, narrowed
from libline_fed.federation.inbox_notes import bury, index, refuse_uri
from libline_fed.federation.inbox_work import (
    APPLIED,
    Ready,
    Result,
    Verdict,
    Work,
    ignored,
    refused,
)
from libline_fed.federation.keys import RemoteKeys
from libline_fed.federation.resolve import Resolver
from libline_fed.federation.signatures import VerificationKey
from libline_fed.storage import actors, consortia, follows, proposals, sources, tombstones
from libline_fed.storage.store import Store, Tx

PASSED_ON = frozenset({"Create", "Update", "Delete"})
GONE_FOR_GOOD = 410
DIRECTORY_TYPES = ("Application", "Group")


@dataclass(frozen=True, slots=True)
class _Known:
    is_directory: bool
    proposal: Proposal | None


class AnnounceReader:
    """Looks into what is announced, in no transaction."""

    def __init__(
        self, store: Store, uris: Uris, *, admitter: Admitter, resolver: Resolver, remote_keys: RemoteKeys
    ) -> None:
        self._store = store
        self._uris = uris
        self._admitter = admitter
        self._resolver = resolver
        self._keys = remote_keys

    async def read(self, ready: Ready, directory: Actor, budget: Budget) -> None:
        """Fetch or verify what an Announce is about; a settled result says why it is not for us.

        Raises: PeerGone, PeerUnavailable, PeerRefused.
        """
        inner = _passed_on(ready.activity)
        if isinstance(inner, Refusal):
            ready.result = refused(inner.reason, inner.detail)
            return
        uri = ready.activity.object_uri if inner is None else inner.object_uri
        known = await self._store.read(lambda tx: _known(tx, self._uris.instance_actor, directory, uri))
        if uri is None or self._uris.is_local(uri):
            is_news_to_us = inner is None and not known.is_directory
            ready.result = None if is_news_to_us else ignored(RefusalReason.NOT_FOR_US, "our own")
            return
        if not known.is_directory:
            ready.result = ignored(RefusalReason.NOT_FOR_US, "not passed on by a directory of ours")
            return
        refusal = _refuse_host(directory, uri) or self._admitter.refuse_host(uri)
        if refusal is not None:
            ready.result = refused(refusal.reason, refusal.detail)
        elif inner is None or inner.type == "Create":
            await self._fetch(ready, uri, budget)
        else:
            await self._change(ready, inner, uri, known, budget)

    async def _change(
        self, ready: Ready, inner: Activity, uri: str, known: _Known, budget: Budget
    ) -> None:
        """Look into a change or deletion that was passed on."""
        if not host_of(inner.uri) == host_of(inner.actor_uri) == host_of(uri):
            ready.result = refused(RefusalReason.FOREIGN_ID, f"{inner.uri} by {inner.actor_uri} about {uri}")
            return
        if uri == inner.actor_uri:  # people end, and change, by their own letters
            ready.result = ignored(RefusalReason.NOT_FOR_US, f"about the actor {uri} itself")
            return
        is_proven = await self._is_proven(inner, ready)
        if inner.type == "Delete":
            if is_proven:
                ready.verdict, ready.owner_uri = Verdict.DELETED, inner.actor_uri
            elif known.proposal is None:
                ready.result = ignored(RefusalReason.UNKNOWN_OBJECT, uri)
            else:
                await self._fetch(ready, uri, budget)
            return
        if is_proven and known.proposal is not None:
            admitted = self._admitter.proven(inner.actor_uri, inner.raw_object)
            document = admitted.document if not isinstance(admitted, Refusal) else None
            # One that is not newer may have been changed since, also in whom it is for.
            if (
                not isinstance(admitted, Refusal)
                and isinstance(document, ProposalDocument)
                and document.note.uri == uri
                and document.revision > known.proposal.revision
            ):
                ready.document, ready.verdict = admitted, Verdict.LIST
                return
        await self._fetch(ready, uri, budget)

    async def _fetch(self, ready: Ready, uri: str, budget: Budget) -> None:
        """Ask an object's own server for it."""
        try:
            admitted = await self._admitter.fetched(uri, budget)
        except PeerGone as error:
            is_deleted = error.status == GONE_FOR_GOOD
            ready.verdict = Verdict.DELETED if is_deleted else Verdict.GONE
            return
        if isinstance(admitted, Refusal):
            ready.result = refused(admitted.reason, admitted.detail)
        elif isinstance(admitted.document, Tombstone):
            ready.verdict = Verdict.DELETED
        elif not isinstance(admitted.document, ProposalDocument):
            ready.result = ignored(RefusalReason.NOT_FOR_US, "no proposal")
        elif admitted.document.note.uri != uri:
            ready.result = refused(RefusalReason.WRONG_ID, f"{uri} calls itself {admitted.document.note.uri}")
        else:
            author = await self._resolver.actor(admitted.document.note.author_uri, budget)
            if isinstance(author, Refusal):
                ready.result = refused(author.reason, author.detail)
            ready.document, ready.verdict = admitted, Verdict.LIST

    async def _is_proven(self, inner: Activity, ready: Ready) -> bool:
        """Tell whether an activity carries a proof that its own actor made."""
        key_id = proof_key_id(inner.raw)
        if key_id is None or host_of(key_id) != host_of(inner.actor_uri):
            return False
        for is_refresh in (False, True):
            key = await self._keys.find(key_id, refresh=is_refresh)
            if (
                isinstance(key, VerificationKey)
                and key.owner_uri == inner.actor_uri
                and verify_proof(inner.raw, key.public_key, now=ready.row.received_at)
            ):
                return True
        return False


async def on_announced(work: Work, ready: Ready, directory: Actor) -> Result:
    """List what a directory passes on, or let go of what its own server does not have any more."""
    if ready.verdict is not Verdict.LIST:
        return await _let_go(work, ready)
    assert ready.document is not None
    document = ready.document.document
    assert isinstance(document, ProposalDocument)
    note = document.note
    author = await work.actor(note.author_uri)
    if author is None or not author.is_usable or author.is_local:
        return refused(RefusalReason.ACTOR_SUSPENDED, note.author_uri)
    if (await tombstones.among(work.tx, (note.uri,))).get(note.uri) == author.uri:
        return ignored(RefusalReason.TOMBSTONED, note.uri)
    refusal = await refuse_uri(work, note, author)
    if refusal is not None:
        return refusal
    is_brought = directory.type != "Group" or await consortia.may_bring(
        work.tx, directory, note.audience, author.host
    )
    if not is_brought:
        await sources.forget_announced(work.tx, directory.uri, uri=note.uri, now=work.now)
        return ignored(RefusalReason.NOT_FOR_US, f"{note.uri} is not for {directory.uri}")
    admitted: Admitted[object] = narrowed(ready.document, document)
    return await index(work, admitted, author, source="announce", by=directory)


async def on_unannounced(work: Work, directory: Actor, uri: str) -> Result:
    """Forget that a directory brought something that it takes back; what others brought stays."""
    await sources.forget_announced(work.tx, directory.uri, uri=uri, now=work.now)
    return APPLIED


async def _let_go(work: Work, ready: Ready) -> Result:
    inner = _passed_on(ready.activity)
    uri = inner.object_uri if isinstance(inner, Activity) else ready.activity.object_uri
    assert uri is not None
    known = (await proposals.by_uris(work.tx, (uri,))).get(uri)
    if known is None and ready.owner_uri is None:
        return ignored(RefusalReason.UNKNOWN_OBJECT, uri)
    if known is not None and known.is_local:
        return refused(RefusalReason.OWN_HOST, uri)
    if await work.actor(uri) is not None:
        return refused(RefusalReason.WRONG_OWNER, uri)
    owner = (
        await work.actor(ready.owner_uri)
        if ready.owner_uri is not None
        else await actors.by_id(work.tx, known.author_id)
        if known is not None
        else None
    )
    if owner is None:
        return ignored(RefusalReason.UNKNOWN_OBJECT, uri)
    if ready.verdict is Verdict.GONE and known is not None:  # not there now: it may come again
        await proposals.remove(work.tx, known.id)
        return APPLIED
    said = inner.raw if isinstance(inner, Activity) else None
    return await bury(work, uri, owner, said=said)


def _passed_on(activity: Activity) -> Activity | Refusal | None:
    """Return the activity that an Announce wraps; None if it names an object."""
    raw = activity.raw_object
    if raw is None or "actor" not in raw:
        return None
    inner = parse_activity(dict(raw))
    if isinstance(inner, Refusal):
        return inner
    if inner.type not in PASSED_ON:
        return Refusal(RefusalReason.NOT_FOR_US, f"{inner.type} is not passed on")
    return inner


def _refuse_host(directory: Actor, uri: str) -> Refusal | None:
    if directory.type == "Application" and host_of(uri) != directory.host:
        return Refusal(RefusalReason.FOREIGN_ID, f"{uri} is not on {directory.host}")
    return None


async def _known(tx: Tx, instance_uri: str, directory: Actor, uri: str | None) -> _Known:
    known = (await proposals.by_uris(tx, (uri,))).get(uri) if uri is not None else None
    return _Known(await is_directory(tx, instance_uri, directory), known)


async def is_directory(tx: Tx, instance_uri: str, actor: Actor) -> bool:
    """Tell whether what an actor announces is listed here: a linked server, or a consortium we are in."""
    instance = await actors.by_uri(tx, instance_uri)
    if instance is None or actor.type not in DIRECTORY_TYPES or not actor.is_usable:
        return False
    if actor.type == "Group":
        membership = await consortia.membership(tx, actor.id, instance.id)
        return membership is not None and membership.is_member
    follow = await follows.between(tx, instance.id, actor.id)
    return follow is not None and follow.state == FollowState.ACCEPTED
