"""What the peer does with an activity that was signed: only what Mastodon does, and the name of why not."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from tests.mastodon_peer import documents
from tests.mastodon_peer.model import Account, Status
from tests.mastodon_peer.outbound import Outbound, Unreachable
from tests.mastodon_peer.reading import is_supported, read_status, uris_of
from tests.mastodon_peer.resolving import Resolver

Activity = dict[str, Any]
Note = Callable[[Account, str, Status], None]


class Inbox:
    """Applies activities. Each handler returns what came of it, for tests to read."""

    def __init__(
        self, resolver: Resolver, outbound: Outbound, now: Callable[[], datetime], tell: Note
    ) -> None:
        self._resolver = resolver
        self._outbound = outbound
        self._now = now
        self._tell = tell
        self._handlers = {
            "Create": self._create,
            "Update": self._update,
            "Delete": self._delete,
            "Follow": self._follow,
            "Accept": self._accept,
            "Reject": self._reject,
            "Undo": self._undo,
            "Like": self._like,
            "Announce": self._announce,
        }

    async def apply(self, activity: Activity, signer: Account, delivered_to: Account | None) -> str:
        """Apply one activity; a type that Mastodon does not know is dropped."""
        actor_uri = _one(activity.get("actor"))
        if actor_uri != signer.uri:
            return "dropped: signed by another actor"  # there is no LD signature to look at
        handler = self._handlers.get(str(activity.get("type")))
        if handler is None:
            return f"dropped: {activity.get('type')} is unknown"
        try:
            return await handler(activity, signer, delivered_to)
        except Unreachable as error:
            return f"dropped: {error}"

    async def _create(self, activity: Activity, author: Account, delivered_to: Account | None) -> str:
        document = activity.get("object")
        if isinstance(document, str):
            document = await self._outbound.get_document(document, self._resolver.accounts[author.uri])
        if not isinstance(document, dict) or not is_supported(document):
            return "dropped: unsupported object type"
        uri = str(document.get("id"))
        if urlsplit(uri).netloc != urlsplit(author.uri).netloc or _author_of(document) != author.uri:
            return "dropped: non-matching hosts"
        if uri in self._resolver.tombstones:
            return "dropped: tombstone exists"
        if self._is_vote(document):
            return self._take_vote(document, author)
        if uri in self._resolver.statuses:
            return "known already"
        if not self._concerns_us(document, activity, author):
            return "dropped: not related to local activity"
        known = self._resolver.accounts
        status = read_status(document, author, known, activity, delivered_to, self._now())
        await self._find_parent(status)
        kept = self._resolver.keep(status)
        for uri, is_silent in kept.mentions.items():
            if known[uri].is_local and not is_silent:
                self._tell(known[uri], "mention", kept)
        return f"kept as {kept.visibility}"

    async def _find_parent(self, status: Status) -> None:
        """Fetch what a status answers, as `ThreadResolveWorker` does; it may not be there for us."""
        if status.in_reply_to is None or status.in_reply_to in self._resolver.statuses:
            return
        try:
            await self._resolver.status(status.in_reply_to)
        except Unreachable:
            return

    def _is_vote(self, document: Activity) -> bool:
        question = self._resolver.statuses.get(_one(document.get("inReplyTo")) or "")
        if question is None or question.poll is None:
            return False
        is_ours = self._resolver.accounts[question.author_uri].is_local
        return is_ours and document.get("name") in question.poll.options

    def _take_vote(self, document: Activity, voter: Account) -> str:
        question = self._resolver.statuses[str(_one(document.get("inReplyTo")))]
        assert question.poll is not None
        question.poll.votes.setdefault(voter.uri, []).append(str(document["name"]))
        return "vote counted"

    def _concerns_us(self, document: Activity, activity: Activity, author: Account) -> bool:
        accounts = self._resolver.accounts
        local = {uri for uri, account in accounts.items() if account.is_local}
        if any(author.uri in accounts[uri].following for uri in local):
            return True
        audience = {
            *uris_of(document.get("to")), *uris_of(document.get("cc")),
            *uris_of(activity.get("to")), *uris_of(activity.get("cc")),
        }  # fmt: skip
        if audience & local:
            return True
        parent = self._resolver.statuses.get(_one(document.get("inReplyTo")) or "")
        return parent is not None and parent.author_uri in local

    async def _update(self, activity: Activity, author: Account, _: Account | None) -> str:
        document = activity.get("object")
        if not isinstance(document, dict):
            return "dropped: no object"
        if document.get("id") == author.uri:
            await self._resolver.take_account(document)
            return "account updated"
        known = self._resolver.statuses.get(str(document.get("id")))
        if known is None or known.author_uri != author.uri or not is_supported(document):
            return "dropped: unknown status"
        fresh = read_status(document, author, self._resolver.accounts, activity, None, self._now())
        known.document = fresh.document
        if known.poll is not None and fresh.poll is not None:
            known.poll.expires_at = fresh.poll.expires_at
        # Only a later `updated` is an edit; anything else is taken in silently.
        is_later = fresh.edited_at is not None and fresh.edited_at > (known.edited_at or known.created_at)
        if not is_later:
            return "silently updated"
        known.content, known.language, known.spoiler = fresh.content, fresh.language, fresh.spoiler
        known.edited_at, known.edits_count = fresh.edited_at, known.edits_count + 1
        return "edited"

    async def _delete(self, activity: Activity, author: Account, _: Account | None) -> str:
        uri = _one(activity.get("object"))
        if uri is None:
            return "dropped: no object"
        if uri == author.uri:
            del self._resolver.accounts[uri]
            for status_uri in [s.uri for s in self._resolver.statuses.values() if s.author_uri == uri]:
                del self._resolver.statuses[status_uri]
            return "account deleted"
        known = self._resolver.statuses.get(uri)
        if known is not None and known.author_uri != author.uri:
            return "dropped: not the owner"
        if urlsplit(uri).netloc != urlsplit(author.uri).netloc:
            return "dropped: another host"
        self._resolver.tombstones.add(uri)
        self._resolver.statuses.pop(uri, None)
        return "deleted" if known is not None else "tombstone kept"

    async def _follow(self, activity: Activity, follower: Account, _: Account | None) -> str:
        followed = self._local(_one(activity.get("object")))
        if followed is None:
            return "dropped: unknown account"
        uri = str(activity.get("id"))
        followed.followers[follower.uri] = uri
        inner = {"id": uri, "type": "Follow", "actor": follower.uri, "object": followed.uri}
        accept = documents.simple(
            "Accept", f"{followed.uri}#accepts/follows/{len(followed.followers)}", followed, inner
        )
        await self._outbound.deliver(followed, accept, {follower.inbox})
        return "followed"

    async def _accept(self, activity: Activity, followed: Account, _: Account | None) -> str:
        follower = self._follower_of(activity, followed)
        if follower is None:
            return "dropped: no such request"
        follower.following[followed.uri] = "accepted"
        return "follow accepted"

    async def _reject(self, activity: Activity, followed: Account, _: Account | None) -> str:
        follower = self._follower_of(activity, followed)
        if follower is None:
            return "dropped: no such request"
        del follower.following[followed.uri]
        return "follow rejected"

    def _follower_of(self, activity: Activity, followed: Account) -> Account | None:
        """Find whose follow is answered: by the id of the Follow, else by the embedded one."""
        inner = activity.get("object")
        uri = _one(inner)
        for account in self._resolver.accounts.values():
            if account.is_local and followed.uri in account.following:
                if account.follow_ids.get(followed.uri) == uri:
                    return account
                if isinstance(inner, dict) and _one(inner.get("actor")) == account.uri:
                    return account
        return None

    async def _undo(self, activity: Activity, actor: Account, _: Account | None) -> str:
        inner = activity.get("object")
        if not isinstance(inner, dict):
            return "dropped: nothing to undo"
        target = _one(inner.get("object")) or ""
        if inner.get("type") == "Follow":
            followed = self._local(target)
            is_known = followed is not None and followed.followers.pop(actor.uri, None) is not None
            return "unfollowed" if is_known else "dropped: no such follow"
        if inner.get("type") == "Like" and target in self._resolver.statuses:
            was_liked = self._resolver.statuses[target].favourites.pop(actor.uri, None) is not None
            return "unliked" if was_liked else "dropped: no such like"
        return f"dropped: Undo of {inner.get('type')}"

    async def _like(self, activity: Activity, actor: Account, _: Account | None) -> str:
        status = self._resolver.statuses.get(_one(activity.get("object")) or "")
        if status is None or not self._resolver.accounts[status.author_uri].is_local:
            return "dropped: unknown status"
        status.favourites[actor.uri] = str(activity.get("id"))
        self._tell(self._resolver.accounts[status.author_uri], "favourite", status)
        return "liked"

    async def _announce(self, activity: Activity, actor: Account, _: Account | None) -> str:
        followed_here = any(a.is_local and actor.uri in a.following for a in self._resolver.accounts.values())
        if not followed_here:
            return "dropped: not related to local activity"
        await self._resolver.status(_one(activity.get("object")) or "")
        return "boosted"

    def _local(self, uri: str | None) -> Account | None:
        account = self._resolver.accounts.get(uri or "")
        return account if account is not None and account.is_local else None


def _one(value: Any) -> str | None:
    return next(iter(uris_of(value)), None)


def _author_of(document: Activity) -> str | None:
    return _one(document.get("attributedTo"))
