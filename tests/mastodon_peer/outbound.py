"""Requests to other servers: signed, knocking twice, and kept when nobody answers."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from tests.mastodon_peer import signatures
from tests.mastodon_peer.faults import Faults
from tests.mastodon_peer.model import Account, Sent
from tests.mastodon_peer.network import ConnectionDropped

ACCEPT = "application/activity+json, application/ld+json"
PROFILED = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
USER_AGENT = "http.rb/5.2.0 (Mastodon/4.5.0; +{base_url}/)"
GIVES_UP = range(400, 500)
BUT_NOT_ON = {401, 408, 429}


class Unreachable(Exception):
    """A document that could not be fetched, or is none."""


class Outbound:
    """What leaves the server."""

    def __init__(
        self, base_url: str, http: httpx.AsyncClient, now: Callable[[], datetime], faults: Faults
    ) -> None:
        self.base_url = base_url
        self.http = http
        self._now = now
        self._faults = faults
        self.sent: list[Sent] = []
        self.waiting: list[tuple[Account, Sent]] = []

    # --- fetching ---------------------------------------------------------------------------------

    async def get_document(self, url: str, signer: Account) -> dict[str, Any]:
        """Fetch an ActivityPub document whose `id` is what was asked for; one more fetch if it is another.

        Raises: Unreachable.
        """
        document = await self._get_document(url, signer)
        if document.get("id") != url:
            document = await self._get_document(str(document.get("id")), signer)
        return document

    async def _get_document(self, url: str, signer: Account) -> dict[str, Any]:
        response = await self._get(url, ACCEPT, signer)
        media_type = response.headers.get("content-type", "")
        is_profiled = media_type.replace(" ", "").startswith(PROFILED.replace(" ", ""))
        if not (media_type.startswith("application/activity+json") or is_profiled):
            raise Unreachable(f"{url}: {media_type} is not ActivityPub")
        document = _json(response)
        if not _has_context(document):
            raise Unreachable(f"{url}: no ActivityStreams context")
        return document

    async def get_page(self, url: str, signer: Account) -> httpx.Response:
        """Fetch what somebody pasted into the search: a document, or a page that leads to one."""
        return await self._get(url, f"{PROFILED}, application/activity+json, text/html;q=0.1", signer)

    async def get_jrd(self, host: str, resource: str) -> dict[str, Any]:
        """Ask WebFinger.

        Raises: Unreachable.
        """
        scheme = urlsplit(self.base_url).scheme
        url = str(httpx.URL(f"{scheme}://{host}/.well-known/webfinger", params={"resource": resource}))
        return _json(await self._get(url, "application/jrd+json, application/json", None))

    async def _get(self, url: str, accept: str, signer: Account | None) -> httpx.Response:
        for _ in range(4):
            response = await self._knock_twice("GET", url, signer, None, {"accept": accept})
            if response.is_redirect:
                url = urljoin(url, response.headers["location"])
            elif response.status_code == 200:
                return response
            else:
                raise Unreachable(f"{url}: {response.status_code}")
        raise Unreachable(f"{url}: too many redirects")

    # --- delivering -------------------------------------------------------------------------------

    async def deliver(self, actor: Account, activity: dict[str, Any], inboxes: set[str]) -> None:
        """Post an activity to each inbox; what gets no answer or a server's error waits for `retry`."""
        for inbox in sorted(inboxes):
            one = Sent(inbox, actor.uri, activity)
            self.sent.append(one)
            if self._faults.is_holding:
                self.waiting.append((actor, one))
                continue
            await self._attempt(actor, one)
            if self._faults.take("send_twice"):
                await self._attempt(actor, one)

    async def retry(self) -> int:
        """Try again everything that waits, oldest first; return how much still does."""
        return await self.release(range(len(self.waiting)))

    async def release(self, order: Any = None) -> int:
        """Send what was held, by the given indices, or backwards; return how much still waits."""
        self._faults.is_holding = False
        waiting, self.waiting = self.waiting, []
        indices = list(range(len(waiting)))[::-1] if order is None else list(order)
        for index in indices:
            await self._attempt(*waiting[index])
        return len(self.waiting)

    async def _attempt(self, actor: Account, one: Sent) -> None:
        body = json.dumps(one.activity, ensure_ascii=False).encode()
        one.attempts_count += 1
        try:
            response = await self._knock_twice("POST", one.inbox, actor, body, {})
            one.status = response.status_code
        except Unreachable:
            one.status = None
        is_final = one.status in GIVES_UP and one.status not in BUT_NOT_ON
        is_done = one.status is not None and 200 <= one.status < 300
        if not is_done and not is_final:
            self.waiting.append((actor, one))

    # --- both -------------------------------------------------------------------------------------

    async def _knock_twice(
        self, method: str, url: str, signer: Account | None, body: bytes | None, headers: dict[str, str]
    ) -> httpx.Response:
        """Sign in the old way, and in the new one when that is answered with 400 or 401."""
        response = await self._request(method, url, signer, signatures.CAVAGE, body, headers)
        if signer is not None and response.status_code in (400, 401):
            response = await self._request(method, url, signer, signatures.RFC9421, body, headers)
        return response

    async def _request(
        self,
        method: str,
        url: str,
        signer: Account | None,
        scheme: str,
        body: bytes | None,
        headers: dict[str, str],
    ) -> httpx.Response:
        headers = {"user-agent": USER_AGENT.format(base_url=self.base_url), **headers}
        if signer is not None:
            assert signer.key is not None
            headers |= signatures.sign(
                scheme, method, url, key_id=signer.key_id, key=signer.key, now=self._now(), body=body
            )
        try:
            return await self.http.request(method, url, headers=headers, content=body, timeout=20)
        except (httpx.HTTPError, ConnectionDropped) as error:
            raise Unreachable(f"{url}: {error!r}") from error


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError as error:
        raise Unreachable(f"{response.url}: not JSON") from error
    if not isinstance(document, dict):
        raise Unreachable(f"{response.url}: not an object")
    return document


def _has_context(document: dict[str, Any]) -> bool:
    context = document.get("@context")
    known = "https://www.w3.org/ns/activitystreams"
    return context == known or (isinstance(context, list) and known in context)
