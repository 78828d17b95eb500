"""URLs and addresses of other servers: which are clean, which may be fetched, which belong together.

Works on text only; whether a host's addresses are public is checked when the name is resolved, not here.
"""

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import TypeGuard

import idna

from libline_fed.sanitize import is_safe_href

MAX_URL_CHARACTERS = 2_048
MAX_HOST_CHARACTERS = 253  # RFC 1035 §2.3.4
MAX_USER_CHARACTERS = 128
_DEFAULT_PORTS = {"http": 80, "https": 443}

# Everything up to the path. No userinfo can match: `@` ends neither group. RFC 3986 §3.
_PREFIX = re.compile(r"(https?)://([^/?#@\\]+)(?=[/?#]|\Z)", re.IGNORECASE)
_UNCLEAN = re.compile(
    '[\x00-\x20\x7f-\xa0\\\\<>"^`{|}\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u206f\u3000\ufeff\ufff0-\uffff\ud800-\udfff]'
)
_PORT = re.compile(r":([0-9]{1,5})\Z")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.~-]*\Z")
# Names that never lead to a public server (RFC 6761, RFC 7686, RFC 8375, RFC 9476).
_PRIVATE_NAMES = ("localhost", "local", "internal", "intranet", "lan", "onion", "i2p", "alt", "arpa")


def host_of(url: object) -> str | None:
    """Return the authority of a clean absolute http(s) URL, or None.

    IDNA A-labels in lower case, without a final dot, with the port only if it is not the scheme's own: two
    URLs have the same authority exactly when this text is equal. Anything with userinfo, control characters,
    blanks, or a host that programs read differently (numbers other than plain dotted decimals, empty labels)
    has none.
    """
    parts = _split(url)
    return parts[1] if parts is not None else None


def same_origin(a: object, b: object) -> bool:
    """Tell whether two URLs share scheme, host and port (RFC 6454 §5)."""
    first = _split(a)
    return first is not None and first == _split(b)


def is_fetchable(url: object, *, allow_private: bool) -> bool:
    """Tell whether this instance may send a request there, as far as the text alone says.

    Only https on its own port to a dotted name, unless `allow_private`, which also lets http, ports and
    loopback pass.
    """
    parts = _split(url)
    if parts is None or not isinstance(url, str) or not url.isascii():
        return False
    if allow_private:
        return True
    scheme, host = parts
    if scheme != "https" or ":" in host or host.startswith("[") or _is_ipv4(host):
        return False
    labels = host.split(".")
    return len(labels) > 1 and labels[-1] not in _PRIVATE_NAMES


def is_link(url: object) -> bool:
    """Tell whether a URL may be shown as a link."""
    return isinstance(url, str) and is_safe_href(url) and host_of(url) is not None


def parse_acct(text: object) -> tuple[str, str] | None:
    """Read `user@host`, also written `@user@host` or `acct:user@host` (RFC 7565), as (user, authority).

    The user part keeps its case. None when it is not such an address.
    """
    if not isinstance(text, str) or len(text) > MAX_USER_CHARACTERS + MAX_HOST_CHARACTERS + 16:
        return None
    text = text.strip()
    if text[:5].lower() == "acct:":
        text = text[5:]
    user, at, domain = text.removeprefix("@").rpartition("@")
    if not at or len(user) > MAX_USER_CHARACTERS or not _USER.match(user):
        return None
    host = host_of(f"https://{domain}") if not set(domain) & set("/?#") else None
    return (user, host) if host is not None else None


def is_username(text: object) -> TypeGuard[str]:
    """Tell whether a text can be the user part of an address."""
    return isinstance(text, str) and len(text) <= MAX_USER_CHARACTERS and _USER.match(text) is not None


def _split(url: object) -> tuple[str, str] | None:
    if not isinstance(url, str) or len(url) > MAX_URL_CHARACTERS:
        return None
    match = _PREFIX.match(url)
    if match is None or _UNCLEAN.search(url):
        return None
    return _origin(match[1], match[2])


@lru_cache(maxsize=4096)
def _origin(scheme: str, authority: str) -> tuple[str, str] | None:
    """Normalise scheme and authority; cached, since a few hosts send most of what arrives."""
    scheme = scheme.lower()
    port_text = _PORT.search(authority)
    name = authority[: port_text.start()] if port_text else authority
    host = _ipv6(name) if name.startswith("[") else _name(name)
    if host is None:
        return None
    if port_text is None:
        return scheme, host
    port = int(port_text[1])
    if not 0 < port < 65_536:
        return None
    return scheme, host if port == _DEFAULT_PORTS[scheme] else f"{host}:{port}"


def _name(name: str) -> str | None:
    host = name.removesuffix(".")  # the root label, RFC 1034 §3.1
    if not host or len(host) > MAX_HOST_CHARACTERS:
        return None
    if not host.isascii() or "xn--" in host.lower():
        host = _ascii_name(host)
    host = host.lower()
    if len(host) > MAX_HOST_CHARACTERS or not all(_LABEL.match(label) for label in host.split(".")):
        return None
    if _ends_in_number(host):
        # Digits written in another script would become an address only now: such a name is a trick.
        return host if name.isascii() and _is_ipv4(host) else None
    return host


def _ascii_name(host: str) -> str:
    """Return the A-label form (IDNA 2008 over UTS 46), or "" when it has none or is not the only spelling."""
    try:
        encoded = idna.encode(host, uts46=True, std3_rules=True).decode("ascii").lower()
        is_stable = idna.encode(idna.decode(encoded), uts46=True).decode("ascii") == encoded
    except (idna.IDNAError, UnicodeError):
        return ""
    return encoded if is_stable else ""


def _ends_in_number(host: str) -> bool:
    """Tell whether browsers would read the host as an IPv4 address (WHATWG URL §3.5)."""
    last = host.rpartition(".")[2]
    return last.isdigit() or (last.startswith("0x") and all(c in "0123456789abcdef" for c in last[2:]))


def _is_ipv4(host: str) -> bool:
    try:
        return str(IPv4Address(host)) == host
    except AddressValueError:
        return False


def _ipv6(name: str) -> str | None:
    if not name.endswith("]") or "%" in name:
        return None
    try:
        return f"[{IPv6Address(name[1:-1]).compressed}]"
    except AddressValueError:
        return None
