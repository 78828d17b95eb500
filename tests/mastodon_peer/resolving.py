"""Getting to know accounts and statuses of other servers, with the checks that Mastodon makes."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from tests.mastodon_peer.markup import sanitize
from tests.mastodon_peer.model import Account, Status
from tests.mastodon_peer.outbound import Outbound, Unreachable
from tests.mastodon_peer.reading import is_supported, read_status

ACTOR_TYPES = {"Application", "Group", "Organization", "Person", "Service"}
ALTERNATE = re.compile(r"<link\b[^>]*>", re.IGNORECASE)


class Resolver:
    """Knows others; asks for whom it does not know."""

    def __init__(self, outbound: Outbound, signer: Account, now: Callable[[], datetime]) -> None:
        self._outbound = outbound
        self._signer = signer
        self._now = now
        self.accounts: dict[str, Account] = {signer.uri: signer}
        self.statuses: dict[str, Status] = {}
        self.tombstones: set[str] = set()

    async def account_by_acct(self, acct: str) -> Account:
        """Find `user@host` by WebFinger.

        Raises: Unreachable.
        """
        username, _, host = acct.removeprefix("@").rpartition("@")
        for known in self.accounts.values():
            if known.username.lower() == username.lower() and known.host == host.lower():
                return known
        jrd = await self._outbound.get_jrd(host, f"acct:{username}@{host}")
        return await self.account(_self_of(jrd))

    async def account(self, uri: str, *, is_refresh: bool = False) -> Account:
        """Return an account by its URI, fetching it when it is not known.

        Raises: Unreachable.
        """
        uri = uri.partition("#")[0]
        known = self.accounts.get(uri)
        if known is not None and (known.is_local or not is_refresh):
            return known
        return await self.take_account(await self._outbound.get_document(uri, self._signer))

    async def take_account(self, document: dict[str, Any]) -> Account:
        """Store an actor document of another server; a new one's pinned statuses are fetched.

        Raises: Unreachable.
        """
        uri, host = str(document.get("id")), urlsplit(str(document.get("id"))).netloc
        if document.get("type") not in ACTOR_TYPES or not document.get("inbox"):
            raise Unreachable(f"{uri} is no actor")
        username, _, named_host = str(document.get("webfinger") or "").rpartition("@")
        username = username.removeprefix("acct:") or str(document.get("preferredUsername") or "")
        acct_host = named_host or host
        await self._check_loop(uri, username, acct_host)
        key = document.get("publicKey")
        if not isinstance(key, dict) or key.get("owner") != uri:
            raise Unreachable(f"{uri}: no key of its own")
        known = self.accounts.get(uri)
        account = known or Account(uri, username, acct_host, "", "", "")
        account.username, account.host = username, acct_host
        account.type = document["type"]
        account.inbox = document["inbox"]
        account.shared_inbox = (document.get("endpoints") or {}).get("sharedInbox") or document["inbox"]
        account.url = str(document.get("url") or uri)
        account.name = str(document.get("name") or "")
        account.note = sanitize(str(document.get("summary") or ""))
        account.followers_uri = str(document.get("followers") or "")
        account.featured_url = str(document.get("featured") or "")
        account.public_pem = key["publicKeyPem"]
        self.accounts[uri] = account
        if known is None and account.featured_url:
            await self._take_pinned(account)
        return account

    async def _check_loop(self, uri: str, username: str, host: str) -> None:
        """Require that the address leads back to the actor."""
        jrd = await self._outbound.get_jrd(host, f"acct:{username}@{host}")
        subject = str(jrd.get("subject", "")).removeprefix("acct:").lower()
        if subject != f"{username}@{host}".lower() or _self_of(jrd) != uri:
            raise Unreachable(f"WebFinger of {username}@{host} does not lead to {uri}")

    async def _take_pinned(self, account: Account) -> None:
        """Read the one page of `featured`: the only backfill that Mastodon knows."""
        try:
            document = await self._outbound.get_document(account.featured_url, self._signer)
            items = document.get("orderedItems") or document.get("items") or []
            first = document.get("first")
            if not items and isinstance(first, str):
                page = await self._outbound.get_document(first, self._signer)
                items = page.get("orderedItems") or page.get("items") or []
        except Unreachable:
            return
        account.pinned = []
        for item in items:
            if isinstance(item, dict) and item.get("type") != "Note":
                continue
            try:
                status = await self.status(item if isinstance(item, str) else item["id"])
            except Unreachable:
                continue
            if status.author_uri == account.uri:
                account.pinned.append(status.uri)

    async def status(self, uri: str) -> Status:
        """Return a status by its URI, fetching it when it is not known.

        Raises: Unreachable.
        """
        known = self.statuses.get(uri)
        if known is not None:
            return known
        if uri in self.tombstones:
            raise Unreachable(f"{uri} is gone")
        document = await self._outbound.get_document(uri, self._signer)
        return await self._take_status(document)

    async def _take_status(self, document: dict[str, Any]) -> Status:
        uri = str(document.get("id"))
        author_uri = _id_of(document.get("attributedTo"))
        if not is_supported(document) or author_uri is None:
            raise Unreachable(f"{uri} is no status")
        if urlsplit(author_uri).netloc != urlsplit(uri).netloc:
            raise Unreachable(f"{uri} is of another host than its author")
        author = await self.account(author_uri)
        status = read_status(document, author, self.accounts, {}, None, self._now())
        return self.keep(status)

    def keep(self, status: Status) -> Status:
        """Remember a status; the thread goes on in the conversation it says, else in its parent's."""
        parent = self.statuses.get(status.in_reply_to or "")
        if not status.conversation:
            status.conversation = parent.conversation if parent is not None else f"here:{status.uri}"
        return self.statuses.setdefault(status.uri, status)

    async def by_address(self, address: str) -> Account | Status:
        """Find what a person pasted into the search: a document, or a page that leads to one.

        Raises: Unreachable.
        """
        response = await self._outbound.get_page(address, self._signer)
        media_type = response.headers.get("content-type", "")
        if media_type.startswith("text/html"):
            uri = _alternate_of(response)
        else:
            uri = str(response.json().get("id"))
        if uri in self.accounts:
            return self.accounts[uri]
        if uri in self.statuses:
            return self.statuses[uri]
        document = await self._outbound.get_document(uri, self._signer)
        is_actor = document.get("type") in ACTOR_TYPES
        return await (self.take_account(document) if is_actor else self._take_status(document))


def _self_of(jrd: dict[str, Any]) -> str:
    links = [link for link in jrd.get("links", []) if isinstance(link, dict) and link.get("rel") == "self"]
    for link in links:
        if str(link.get("type", "")).startswith(("application/activity+json", "application/ld+json")):
            return str(link["href"])
    raise Unreachable("WebFinger gives no self link")


def _id_of(value: Any) -> str | None:
    found = value.get("id") if isinstance(value, dict) else value
    return found if isinstance(found, str) else None


def _alternate_of(response: Any) -> str:
    """Return where a page says that its ActivityPub form is: in a Link header, or in its head."""
    header = re.search(
        r'<([^>]+)>\s*;[^,]*rel="?alternate"?[^,]*activity\+json', response.headers.get("link", "")
    )
    if header is not None:
        return header[1]
    for tag in ALTERNATE.findall(response.text):
        href = re.search(r'href="([^"]+)"', tag)
        if "alternate" in tag and "application/activity+json" in tag and href is not None:
            return href[1].replace("&amp;", "&")
    raise Unreachable(f"{response.url} leads to no document")
