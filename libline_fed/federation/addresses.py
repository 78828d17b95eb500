"""Where a request may go: splitting URLs, resolving names, and the list of networks that are public.

The rule is a list of what is allowed, not of what is forbidden, and a name is good only if all its
addresses are.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote

from libline_fed.activitypub.urls import host_of
from libline_fed.errors import PeerRefused, PeerUnavailable

Resolver = Callable[[str, int], Awaitable[list[str]]]

RESOLVE_S = 5.0
RESOLVER_THREADS_COUNT = (
    16  # getaddrinfo cannot be cancelled; a dead name server may hold each one for a while
)
MAX_ADDRESSES_COUNT = 4
MAX_URL_CHARACTERS = 2_048
_UNSENDABLE = re.compile(r"[\x00-\x20\x7f]")

# IANA special-purpose registries (RFC 6890 and updates), multicast, reserved.
_REFUSED_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_IPV6 = IPv6Network("2000::/3")
_REFUSED_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # Teredo, ORCHID, benchmarking
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries an IPv4 address inside
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)


@dataclass(frozen=True, slots=True)
class HttpUrl:
    """The parts of an absolute http(s) URL that go on the wire."""

    scheme: str
    host: str  # ASCII; an IPv6 literal without brackets
    port: int
    authority: str  # as in `Host`: lower-case, without the default port
    target: str  # path and query, percent-encoded, never empty


def split_url(url: str) -> HttpUrl:
    """Take a URL apart in the one way that signing and sending share.

    Raises: PeerRefused if it is no clean absolute http(s) URL.
    """
    authority = host_of(url)
    if authority is None or len(url) > MAX_URL_CHARACTERS:
        raise PeerRefused(f"not an address to send to: {url[:200]!r}")
    scheme, _, rest = url.partition("#")[0].partition("://")
    scheme = scheme.lower()
    start = min((index for index in (rest.find("/"), rest.find("?")) if index >= 0), default=len(rest))
    target = rest[start:]
    if not target.startswith("/"):
        target = "/" + target
    if _UNSENDABLE.search(target):
        raise PeerRefused(f"a space or control character in {url[:200]!r}")
    if not target.isascii():  # RFC 3987 §3.1
        target = quote(target, safe="".join(map(chr, range(0x21, 0x7F))))
    host, colon, port = authority.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = authority, "443" if scheme == "https" else "80"
    return HttpUrl(scheme, host.strip("[]"), int(port), authority, target)


def is_public(address: str) -> bool:
    """Tell whether an IP address is one that a stranger's server may have. Anything unreadable is not."""
    if "%" in address:  # a zone: link-local by nature
        return False
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return not any(parsed in network for network in _REFUSED_IPV4)
    # v4-mapped, v4-compatible and NAT64 forms are all outside 2000::/3.
    return parsed in _GLOBAL_IPV6 and not any(parsed in network for network in _REFUSED_IPV6)


def literal_of(host: str) -> str | None:
    """Return the IP address that a host is, or None if it is a name."""
    try:
        parsed: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        return None
    return str(parsed)


class SystemResolver:
    """Asks the machine's resolver, in threads of its own, with a limit."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(RESOLVER_THREADS_COUNT, thread_name_prefix="resolver")

    async def __call__(self, host: str, port: int) -> list[str]:
        """Return the addresses of a name, best first.

        Raises: PeerUnavailable if there is none, or no answer in time.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(RESOLVE_S):
                found = await loop.run_in_executor(self._threads, _look_up, host, port)
        except TimeoutError as error:
            raise PeerUnavailable(f"no name server answered for {host}") from error
        except (OSError, UnicodeError) as error:
            raise PeerUnavailable(f"{host} has no address: {error}") from error
        return found

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    if host.endswith(".localhost"):
        host = "localhost"  # RFC 6761 §6.3: always this machine; not every system library knows
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


async def addresses_to_try(host: str, port: int, *, resolver: Resolver, allow_private: bool) -> list[str]:
    """Return the addresses to connect to, all of them checked; looks a name up exactly once.

    Raises: PeerRefused if any address is not public; PeerUnavailable if there is none.
    """
    literal = literal_of(host)
    found = [literal] if literal is not None else await resolver(host, port)
    if not found:
        raise PeerUnavailable(f"{host} has no address")
    if not allow_private:
        for address in found:
            if not is_public(address):
                raise PeerRefused(f"{host} has the address {address}, which is not public")
    return found[:MAX_ADDRESSES_COUNT]
