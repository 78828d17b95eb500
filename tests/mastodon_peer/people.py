"""Somebody on Mastodon, for tests to be: the same in this process and through a control port."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Call = Callable[..., Awaitable[Any]]  # username, verb, values by name


@dataclass(frozen=True)
class Found:
    """An account as the search shows it."""

    uri: str
    acct: str
    name: str
    note: str
    url: str
    pinned: list[str]


@dataclass(frozen=True)
class Toot:
    """A status as somebody sees it."""

    uri: str
    url: str
    author_uri: str
    author_acct: str
    content: str  # HTML
    text: str
    language: str | None
    visibility: str  # public | unlisted | private | direct | limited
    in_reply_to: str | None
    conversation: str
    created_at: str
    edits_count: int
    options: list[str]  # of its poll
    is_voted: bool
    is_favourited: bool
    spoiler: str


@dataclass(frozen=True)
class Conversation:
    """A thread of private mentions."""

    id: str
    people: list[str]
    toots: list[Toot]  # oldest first

    @property
    def last(self) -> Toot:
        return self.toots[-1]


class Person:
    """Does what a person can do in Mastodon's web client. Everything is delivered when a method returns."""

    def __init__(self, call: Call, username: str, uri: str) -> None:
        self._call = call
        self.username = username
        self.uri = uri

    async def _do(self, verb: str, **values: Any) -> Any:
        return await self._call(self.username, verb, **values)

    async def search(self, what: str) -> Found | Toot:
        """Find an account by `@user@host`, or an account or status by its address."""
        found = await self._do("search", what=what)
        return Found(**found) if "acct" in found else Toot(**found)

    async def account(self, what: str) -> Found:
        """Find an account."""
        found = await self.search(what)
        assert isinstance(found, Found), f"{what} is a status"
        return found

    async def toot(self, what: str) -> Toot:
        """Find a status by its address."""
        found = await self.search(what)
        assert isinstance(found, Toot), f"{what} is an account"
        return found

    async def follow(self, what: str) -> str:
        """Follow an account by handle or address; return `pending` or `accepted`."""
        return str(await self._do("follow", uri=(await self.account(what)).uri))

    async def unfollow(self, what: str) -> None:
        """Stop following an account."""
        await self._do("unfollow", uri=(await self.account(what)).uri)

    async def private_mention(
        self, text: str, in_reply_to: Toot | str | None = None, *, language: str | None = None
    ) -> Toot:
        """Write to those whose `@user@host` the text names, and to nobody else."""
        return await self._post(text, "direct", in_reply_to, language)

    async def post(self, text: str, *, visibility: str = "public", language: str | None = None) -> Toot:
        """Publish a status."""
        return await self._post(text, visibility, None, language)

    async def reply(
        self, note: Toot | str, text: str, visibility: str = "direct", *, language: str | None = None
    ) -> Toot:
        """Answer a status; its author is named first, as the client does."""
        known = await self.read(note)
        mention = f"@{known.author_acct}"
        named = text if mention in text or known.author_uri == self.uri else f"{mention} {text}"
        return await self._post(named, visibility, known, language)

    async def _post(
        self, text: str, visibility: str, in_reply_to: Toot | str | None, language: str | None
    ) -> Toot:
        parent = in_reply_to.uri if isinstance(in_reply_to, Toot) else in_reply_to
        values = {"text": text, "visibility": visibility, "in_reply_to": parent, "language": language}
        return Toot(**await self._do("post", **values))

    async def read(self, note: Toot | str) -> Toot:
        """Look at a status that is known here, as it is now."""
        return Toot(**await self._do("status", uri=_uri(note)))

    async def edit(self, note: Toot | str, text: str) -> Toot:
        """Change an own status."""
        return Toot(**await self._do("edit", uri=_uri(note), text=text))

    async def delete(self, note: Toot | str) -> None:
        """Delete an own status."""
        await self._do("delete", uri=_uri(note))

    async def vote(self, question: Toot | str, option_index: int) -> None:
        """Vote in a poll; raises when Mastodon would not let it through."""
        await self._do("vote", uri=_uri(question), option=option_index)

    async def favourite(self, note: Toot | str) -> None:
        """Favourite a status."""
        await self._do("favourite", uri=_uri(note))

    async def unfavourite(self, note: Toot | str) -> None:
        """Take a favourite back."""
        await self._do("unfavourite", uri=_uri(note))

    async def conversations(self) -> list[Conversation]:
        """List the private mentions, the latest conversation first."""
        found = await self._do("conversations")
        return [
            Conversation(one["id"], one["people"], [Toot(**toot) for toot in one["statuses"]])
            for one in found
        ]

    async def messages(self, author_uri: str | None = None) -> list[Toot]:
        """List the private mentions of others (or of one) in the order in which they came."""
        toots = [toot for one in await self.conversations() for toot in one.toots]
        wanted = [
            toot for toot in toots if toot.author_uri != self.uri and author_uri in (None, toot.author_uri)
        ]
        order = {toot.uri: number for number, toot in enumerate(await self.statuses())}
        return sorted(wanted, key=lambda toot: order[toot.uri])

    async def statuses(self, author_uri: str | None = None) -> list[Toot]:
        """List every status that can be seen, oldest first."""
        return [Toot(**one) for one in await self._do("statuses", author_uri=author_uri)]

    async def notifications(self) -> list[tuple[str, Toot]]:
        """List kind and status of what this person was told of, oldest first."""
        return [(one["kind"], Toot(**one["status"])) for one in await self._do("notifications")]


def _uri(note: Toot | str) -> str:
    return note.uri if isinstance(note, Toot) else note
