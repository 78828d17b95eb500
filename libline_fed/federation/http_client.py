"""Every outbound request of LibLine goes through here: guarded, bounded, not redirected, not decompressed.

A URL is refused before any name is looked up if it is odd, is not https, or is our own.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import certifi
import httpx

from libline_fed.activitypub.urls import is_fetchable
from libline_fed.errors import PeerRefused, PeerUnavailable
from libline_fed.federation.addresses import HttpUrl, Resolver, SystemResolver, split_url
from libline_fed.federation.http_transport import DEFAULT_MAX_BODY_BYTES, GuardedTransport
from libline_fed.federation.signed_requests import parse_imf_date

FETCH_S = 20.0
DELIVERY_S = 30.0
MAX_CONNECTIONS = 100
HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, read to the end. Header names are lower-case, repeated ones joined by a comma."""

    status: int
    headers: dict[str, str]
    body: bytes
    url: str

    @property
    def media_type(self) -> str:
        """The media type in lower case, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def retry_after_s(self, now: datetime) -> float | None:
        """Return how long the server asks to wait, in seconds (RFC 9110 §10.2.3)."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit() and len(value) < 10:
            return float(value)
        moment = parse_imf_date(value)
        return max(0.0, moment - now.timestamp()) if moment is not None else None


class HttpClient:
    """Talks to other servers. One per process; close it with `aclose`."""

    def __init__(
        self,
        *,
        allow_private: bool,
        own_host: str,
        user_agent: str,
        extra_ca: Path | None = None,
        resolver: Resolver | None = None,
        max_connections: int = MAX_CONNECTIONS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Make a client for the instance at `own_host`; a `transport` of the caller replaces the network."""
        self._allow_private = allow_private
        self._own_host = own_host
        self._user_agent = user_agent
        self._system_resolver = SystemResolver()  # starts no thread before it is asked
        self._transport = transport or GuardedTransport(
            resolver=resolver or self._system_resolver,
            allow_private=allow_private,
            tls=_tls_context(extra_ca),
            max_connections=max_connections,
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        max_bytes: int = DEFAULT_MAX_BODY_BYTES,
        total_s: float | None = None,
    ) -> Response:
        """Send one request and return the answer, whatever its status.

        Raises: PeerRefused if the URL, an address behind it, or the answer's form is not acceptable;
        PeerUnavailable if there is no usable answer within `total_s` (20 s for GET, else 30 s).
        """
        address = self._checked(url)
        ours = {"User-Agent": self._user_agent, "Accept-Encoding": "identity", "Host": address.authority}
        request = httpx.Request(
            method,
            f"{address.scheme}://{address.authority}{address.target}",
            headers=_encoded({**headers, **ours}),
            content=body,
            extensions={"address": address, "max_body_bytes": max_bytes},
        )
        if total_s is None:
            total_s = FETCH_S if method == "GET" else DELIVERY_S
        try:
            async with asyncio.timeout(total_s):
                answer = await self._transport.handle_async_request(request)
                content = await answer.aread()
        except TimeoutError as error:
            raise PeerUnavailable(f"{address.authority} took longer than {total_s:.0f} s") from error
        return Response(answer.status_code, _joined(answer.headers), content, url)

    async def aclose(self) -> None:
        """Close all connections and threads."""
        await self._transport.aclose()
        self._system_resolver.close()

    def _checked(self, url: str) -> HttpUrl:
        if not is_fetchable(url, allow_private=self._allow_private):
            raise PeerRefused(f"an address that is never fetched: {url[:200]!r}")
        address = split_url(url)
        if address.authority == self._own_host:
            raise PeerRefused("this server does not fetch from itself")
        if address.port != HTTPS_PORT and not self._allow_private:
            raise PeerRefused(f"port {address.port} is never fetched")
        return address


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    try:
        # Latin-1: an ETag must go back byte for byte as it came.
        return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
    except UnicodeEncodeError as error:
        raise PeerRefused("a header that cannot be sent") from error


def _joined(headers: httpx.Headers) -> dict[str, str]:
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers.raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _tls_context(extra_ca: Path | None) -> ssl.SSLContext:
    """Make a context that trusts the usual authorities and `extra_ca`, whatever the environment says.

    `ssl.create_default_context` would obey SSL_CERT_FILE and write session keys to SSLKEYLOGFILE.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies certificates and names by default
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_verify_locations(cafile=certifi.where())
    if extra_ca is not None:
        context.load_verify_locations(cafile=str(extra_ca))
    return context
