"""Fetching documents from other servers with signed GETs: redirects, second knocks and media types.

What comes back is bytes of the right media type from the right host; whether to believe them is decided
elsewhere.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urljoin

from libline_fed.activitypub.keys import PrivateKey
from libline_fed.activitypub.urls import host_of
from libline_fed.clock import Clock
from libline_fed.domain.peers import Policies
from libline_fed.errors import PeerGone, PeerRefused, PeerUnavailable
from libline_fed.federation.http_client import HttpClient, Response
from libline_fed.federation.signatures import CAVAGE, RFC9421, sign

Signer = Callable[[], Awaitable[tuple[str, PrivateKey]]]
Accept = Literal["activity", "jrd", "nodeinfo", "json"]

MAX_REDIRECTS = 3
REMEMBER_DAYS = 7
MAX_REMEMBERED_COUNT = 10_000
ACTIVITYSTREAMS_PROFILE = "https://www.w3.org/ns/activitystreams"

_ACCEPT_HEADERS: dict[Accept, str] = {
    # ActivityPub §3.2 asks for the second form, and servers for the first.
    "activity": f'application/activity+json, application/ld+json; profile="{ACTIVITYSTREAMS_PROFILE}"',
    "jrd": "application/jrd+json, application/json",
    "nodeinfo": "application/json",
    "json": "application/json",
}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KNOCK_AGAIN = frozenset({400, 401})
_TEMPORARY = frozenset({408, 425, 429})


class SchemeMemory:
    """Remembers for a week which signature scheme an origin accepted; forgetting costs one request."""

    def __init__(self) -> None:
        self._schemes: OrderedDict[str, tuple[str, datetime]] = OrderedDict()

    def remember(self, host: str, scheme: str, *, now: datetime) -> None:
        """Note that `host` accepted `scheme`."""
        self._schemes[host] = (scheme, now + timedelta(days=REMEMBER_DAYS))
        self._schemes.move_to_end(host)
        if len(self._schemes) > MAX_REMEMBERED_COUNT:
            self._schemes.popitem(last=False)

    def recall(self, host: str, *, now: datetime) -> str:
        """Return the scheme to try first: draft-cavage unless `host` is known to want the other."""
        scheme, until = self._schemes.get(host, (CAVAGE, now))
        return scheme if now < until else CAVAGE


class Fetcher:
    """Fetches as the instance actor."""

    def __init__(
        self,
        client: HttpClient,
        signer: Signer,
        clock: Clock,
        policies: Callable[[], Policies] | None = None,
    ) -> None:
        """Make a fetcher that asks `policies` before each request, also of each redirect."""
        self.schemes = SchemeMemory()
        self._policies = policies
        self._client = client
        self._signer = signer
        self._clock = clock

    async def get(
        self,
        url: str,
        *,
        accept: Accept = "activity",
        same_host_redirects: bool = True,
        etag: str | None = None,
    ) -> Response:
        """Fetch a document; follows up to three redirects, by default within one host.

        Returns: the answer, with status 200, or 304 if `etag` still fits; its `url` is where it came from.
        Raises: PeerGone (404, 410), PeerUnavailable (later, perhaps), PeerRefused (else, or the wrong type).
        """
        start_host = host_of(url)
        for _ in range(MAX_REDIRECTS + 1):
            self._require_open(url)
            response = await self._knock(url, accept, etag)
            if response.status not in _REDIRECTS:
                return self._accepted(response, accept, etag)
            url = _next_url(url, response, start_host if same_host_redirects else None)
        raise PeerRefused(f"more than {MAX_REDIRECTS} redirects, the last to {url[:200]}")

    def _require_open(self, url: str) -> None:
        host = host_of(url) or ""
        verdict = self._policies().verdict(host) if self._policies is not None else None
        if verdict is not None and not verdict.is_open:
            raise PeerRefused(f"{host[:200]} is {verdict}")

    async def _knock(self, url: str, accept: Accept, etag: str | None) -> Response:
        """Ask in the scheme the host is known for, then in the other, then with the query left unsigned."""
        host = host_of(url) or ""
        first = self.schemes.recall(host, now=self._clock.now())
        second = RFC9421 if first == CAVAGE else CAVAGE
        response = await self._send(url, url, first, accept, etag)
        if response.status not in _KNOCK_AGAIN:
            return response
        response = await self._send(url, url, second, accept, etag)
        if response.status not in _KNOCK_AGAIN:
            if not _is_temporary(response.status):
                self.schemes.remember(host, second, now=self._clock.now())
            return response
        path, mark, _ = url.partition("#")[0].partition("?")
        if response.status == 401 and mark:
            response = await self._send(url, path, CAVAGE, accept, etag)
        return response

    async def _send(
        self, url: str, signed_url: str, scheme: str, accept: Accept, etag: str | None
    ) -> Response:
        key_id, private_key = await self._signer()
        headers = await asyncio.to_thread(
            sign,
            "GET",
            signed_url,
            key_id=key_id,
            private_key=private_key,
            now=self._clock.now(),
            scheme=scheme,
        )
        headers["Accept"] = _ACCEPT_HEADERS[accept]
        if etag is not None:
            headers["If-None-Match"] = etag
        return await self._client.request("GET", url, headers=headers)

    def _accepted(self, response: Response, accept: Accept, etag: str | None) -> Response:
        status, where = response.status, response.url[:200]
        if status == 304 and etag is not None:
            return response
        if status == 200:
            if not is_wanted_type(response, accept):
                raise PeerRefused(f"{where} is {response.headers.get('content-type', 'of no type')!r}"[:300])
            return response
        if status in {404, 410}:
            raise PeerGone(f"{where} answers {status}", status=status)
        if _is_temporary(status):
            raise PeerUnavailable(
                f"{where} answers {status}",
                status=status,
                retry_after_s=response.retry_after_s(self._clock.now()),
            )
        raise PeerRefused(f"{where} answers {status}", status=status)


def _is_temporary(status: int) -> bool:
    return status in _TEMPORARY or status >= 500


def _next_url(url: str, response: Response, must_stay_at: str | None) -> str:
    """Return where a redirect leads.

    Raises: PeerRefused if it leads to another host though it must not, or from https to http.
    """
    location = response.headers.get("location", "")
    try:
        target = urljoin(url, location)
    except ValueError as error:
        raise PeerRefused(f"a redirect to {location[:200]!r}") from error
    host = host_of(target)
    if not location or host is None or (must_stay_at is not None and host != must_stay_at):
        raise PeerRefused(f"a redirect to {location[:200]!r}")
    if url.lower().startswith("https:") and not target.lower().startswith("https:"):
        raise PeerRefused("a redirect from https to http")
    return target


def is_wanted_type(response: Response, accept: Accept) -> bool:
    """Tell whether a media type is what was asked for: an upload must never be read as an actor."""
    media_type = response.media_type
    match accept:
        case "activity":
            if media_type == "application/activity+json":
                return True
            # ActivityPub §3.2: JSON-LD only with the profile.
            return media_type == "application/ld+json" and _has_profile(response.headers["content-type"])
        case "jrd":
            return media_type in {"application/jrd+json", "application/json"}  # RFC 7033 §10.2, and practice
        case _:
            return media_type == "application/json"


def _has_profile(content_type: str) -> bool:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "profile":
            return ACTIVITYSTREAMS_PROFILE in value.strip().strip('"').split()
    return False
