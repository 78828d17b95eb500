"""What people do, as functions of plain JSON values: called directly, or through the control port."""

import re
import uuid
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tests.mastodon_peer import documents
from tests.mastodon_peer.markup import MENTION, plain, render
from tests.mastodon_peer.model import Account, Status

if TYPE_CHECKING:
    from tests.mastodon_peer.peer import MastodonPeer


class NotAllowed(Exception):
    """Something that Mastodon does not let a person do."""


class Actions:
    """The verbs of people."""

    def __init__(self, peer: "MastodonPeer") -> None:
        self._peer = peer
        self._votes_count = 0
        self._verbs: dict[str, Callable[..., Awaitable[Any]]] = {
            "search": self.search,
            "follow": self.follow,
            "unfollow": self.unfollow,
            "post": self.post,
            "edit": self.edit,
            "delete": self.delete,
            "vote": self.vote,
            "favourite": self.favourite,
            "unfavourite": self.unfavourite,
            "status": self.status,
            "statuses": self.list_statuses,
            "conversations": self.conversations,
            "notifications": self.notifications,
        }

    async def call(self, username: str, verb: str, **values: Any) -> Any:
        """Let somebody do something."""
        me = self._peer.local(username)
        if me is None:
            raise NotAllowed(f"nobody here is called {username}")
        return await self._verbs[verb](me, **values)

    async def search(self, me: Account, what: str) -> dict[str, Any]:
        """Find an account by its handle, or an account or status by its address."""
        resolver = self._peer.resolver
        if "://" not in what:
            return self._account_json(await resolver.account_by_acct(what))
        found = await resolver.by_address(what)
        return self._account_json(found) if isinstance(found, Account) else self._status_json(found, me)

    async def follow(self, me: Account, uri: str) -> str:
        """Ask to follow; a request that was answered with yes stays as it is."""
        account = await self._peer.resolver.account(uri)
        me.following.setdefault(uri, "pending")
        follow_id = f"{self._peer.base_url}/{uuid.uuid4()}"
        me.follow_ids[uri] = follow_id
        follow = documents.simple("Follow", follow_id, me, account.uri)
        await self._peer.outbound.deliver(me, follow, {account.inbox})
        return me.following[uri]

    async def unfollow(self, me: Account, uri: str) -> None:
        """Stop following."""
        account = await self._peer.resolver.account(uri)
        me.following.pop(uri, None)
        follow = documents.simple("Follow", me.follow_ids.pop(uri, uuid.uuid4().urn), me, account.uri)
        undo = documents.undo(follow, f"{me.uri}#follows/{uuid.uuid4()}/undo")
        await self._peer.outbound.deliver(me, undo, {account.inbox})

    async def post(
        self,
        me: Account,
        text: str,
        visibility: str,
        in_reply_to: str | None = None,
        language: str | None = None,
    ) -> dict[str, Any]:
        """Publish a status and send it to whom it is for."""
        named = [await self._peer.resolver.account_by_acct(match[0]) for match in MENTION.finditer(text)]
        parent = self._visible(me, in_reply_to) if in_reply_to is not None else None
        number = self._peer.snowflake()
        uri = f"{me.uri}/statuses/{number}"
        status = Status(
            uri=uri,
            url=f"{me.url}/{number}",
            author_uri=me.uri,
            content=self._render(text, named),
            visibility=visibility,
            conversation=parent.conversation if parent is not None else self._new_conversation(number),
            created_at=self._peer.now(),
            language=language or me.language,
            in_reply_to=parent.uri if parent is not None else None,
            mentions={account.uri: False for account in named if account.uri != me.uri},
        )
        self._peer.resolver.keep(status)
        create = documents.create(status, me, self._peer.names())
        await self._peer.outbound.deliver(me, create, self._inboxes(status, me, parent))
        return self._status_json(status, me)

    async def edit(self, me: Account, uri: str, text: str) -> dict[str, Any]:
        """Change the text of an own status; whom it names stays."""
        status = self._own(me, uri)
        named = [self._peer.accounts[account_uri] for account_uri in status.mentions]
        status.content = self._render(text, named)
        status.edited_at = max(self._peer.now(), status.created_at)
        status.edits_count += 1
        update = documents.update(status, me, self._peer.names())
        await self._peer.outbound.deliver(me, update, self._inboxes(status, me, None))
        return self._status_json(status, me)

    async def delete(self, me: Account, uri: str) -> None:
        """Delete an own status, here and wherever it was sent."""
        status = self._own(me, uri)
        parent = self._peer.statuses.get(status.in_reply_to or "")
        del self._peer.statuses[uri]
        self._peer.resolver.tombstones.add(uri)
        await self._peer.outbound.deliver(me, documents.delete(status, me), self._inboxes(status, me, parent))

    async def vote(self, me: Account, uri: str, option: int) -> None:
        """Vote in a poll: once, before it ends, and only where it can be seen."""
        status = self._visible(me, uri)
        if status.poll is None:
            raise NotAllowed("there is no poll")
        if status.poll.expires_at is not None and status.poll.expires_at <= self._peer.now():
            raise NotAllowed("The poll has already ended")
        if me.uri in status.poll.votes:
            raise NotAllowed("You have already voted on this poll")
        name = status.poll.options[option]
        status.poll.votes[me.uri] = [name]
        self._votes_count += 1
        author = self._peer.accounts[status.author_uri]
        if not author.is_local:
            vote = documents.vote(me, self._votes_count, status, name)
            await self._peer.outbound.deliver(me, vote, {author.inbox})

    async def favourite(self, me: Account, uri: str) -> None:
        """Favourite whatever can be seen, a private mention too."""
        status = self._visible(me, uri)
        if me.uri in status.favourites:
            return
        like_id = f"{me.uri}#likes/{self._peer.snowflake()}"
        status.favourites[me.uri] = like_id
        author = self._peer.accounts[status.author_uri]
        if not author.is_local:
            like = documents.simple("Like", like_id, me, uri)
            await self._peer.outbound.deliver(me, like, {author.inbox})

    async def unfavourite(self, me: Account, uri: str) -> None:
        """Take a favourite back."""
        status = self._visible(me, uri)
        like_id = status.favourites.pop(me.uri, None)
        author = self._peer.accounts[status.author_uri]
        if like_id is None or author.is_local:
            return
        undo = documents.undo(documents.simple("Like", like_id, me, uri), f"{like_id}/undo")
        await self._peer.outbound.deliver(me, undo, {author.inbox})

    async def status(self, me: Account, uri: str) -> dict[str, Any]:
        """Return a status that can be seen, as it is now."""
        return self._status_json(self._visible(me, uri), me)

    async def list_statuses(self, me: Account, author_uri: str | None = None) -> list[dict[str, Any]]:
        """List what can be seen, oldest first, of one author or all."""
        found = [
            self._status_json(status, me)
            for status in self._peer.statuses.values()
            if author_uri in (None, status.author_uri) and self._may_see(me, status)
        ]
        return sorted(found, key=lambda one: str(one["created_at"]))

    async def conversations(self, me: Account) -> list[dict[str, Any]]:
        """List the private mentions by conversation, the latest first; limited ones are never there."""
        threads: dict[str, list[Status]] = {}
        for status in self._peer.statuses.values():
            if status.visibility == "direct" and (me.uri == status.author_uri or me.uri in status.mentions):
                threads.setdefault(status.conversation, []).append(status)
        listed = [
            {
                "id": conversation,
                "people": sorted({s.author_uri for s in thread} | {u for s in thread for u in s.mentions}),
                "statuses": [self._status_json(status, me) for status in thread],
            }
            for conversation, thread in threads.items()
        ]
        return sorted(listed, key=lambda one: str(one["statuses"][-1]["created_at"]), reverse=True)

    async def notifications(self, me: Account) -> list[dict[str, Any]]:
        """List what somebody was told of, oldest first, as far as it is still there."""
        return [
            {"kind": kind, "status": self._status_json(self._peer.statuses[uri], me)}
            for account_uri, kind, uri in self._peer.notifications
            if account_uri == me.uri and uri in self._peer.statuses
        ]

    # --- parts --------------------------------------------------------------------------------------

    def _render(self, text: str, named: list[Account]) -> str:
        by_acct = {account.acct.lower(): (account.url, account.username) for account in named}
        return render(text, lambda acct: by_acct.get(acct.lower()))

    def _new_conversation(self, number: int) -> str:
        host = re.sub(r":[0-9]+\Z", "", self._peer.host)
        day = self._peer.now().date().isoformat()
        return f"tag:{host},{day}:objectId={number}:objectType=Conversation"

    def _inboxes(self, status: Status, me: Account, parent: Status | None) -> set[str]:
        """Return where a status goes: to those it names or answers, and to followers unless it is private."""
        people = set(status.mentions)
        if status.visibility != "direct":
            people |= set(me.followers)
        if parent is not None and status.visibility in ("public", "unlisted"):
            people.add(parent.author_uri)
        known = [self._peer.accounts[uri] for uri in people if uri in self._peer.accounts]
        return {account.shared_inbox for account in known if not account.is_local}

    def _may_see(self, me: Account, status: Status) -> bool:
        author = self._peer.accounts.get(status.author_uri)
        follows = author is not None and me.following.get(author.uri) == "accepted"
        followers = {me.uri: ""} if follows else author.followers if author is not None else {}
        return status.is_visible_to(me, followers)

    def _visible(self, me: Account, uri: str) -> Status:
        status = self._peer.statuses.get(uri)
        if status is None or not self._may_see(me, status):
            raise NotAllowed(f"{uri} is not there for {me.username}")
        return status

    def _own(self, me: Account, uri: str) -> Status:
        status = self._visible(me, uri)
        if status.author_uri != me.uri:
            raise NotAllowed(f"{uri} is somebody else's")
        return status

    def _account_json(self, account: Account) -> dict[str, Any]:
        return {
            "uri": account.uri,
            "acct": account.acct,
            "name": account.name,
            "note": account.note,
            "url": account.url,
            "pinned": account.pinned,
        }

    def _status_json(self, status: Status, me: Account) -> dict[str, Any]:
        author = self._peer.accounts.get(status.author_uri)
        return {
            "uri": status.uri,
            "url": status.url,
            "author_uri": status.author_uri,
            "author_acct": author.acct if author is not None else "",
            "content": status.content,
            "text": plain(status.content),
            "language": status.language,
            "visibility": status.visibility,
            "in_reply_to": status.in_reply_to,
            "conversation": status.conversation,
            "created_at": documents.stamp(status.created_at),
            "edits_count": status.edits_count,
            "options": list(status.poll.options) if status.poll is not None else [],
            "is_voted": status.poll is not None and me.uri in status.poll.votes,
            "is_favourited": me.uri in status.favourites,
            "spoiler": status.spoiler,
        }
