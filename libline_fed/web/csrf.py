"""Tokens that prove that a form came from a page we gave to this very browser."""

import base64
import binascii
import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers

FIELD = "csrf"
MASK_BYTES = 32


def visitor_token(key: bytes, cookie: str) -> str:
    """Return the form token of a visitor who is not logged in: bound to the cookie, stored nowhere."""
    return hmac.new(key, cookie.encode(), hashlib.sha256).hexdigest()


def mask(token: str) -> str:
    """Return the token in a new disguise, so that compressed pages do not give it away (BREACH)."""
    plain = hashlib.sha256(token.encode()).digest()
    pad = secrets.token_bytes(MASK_BYTES)
    return base64.urlsafe_b64encode(pad + _xor(plain, pad)).decode().rstrip("=")


def matches(masked: str, token: str) -> bool:
    """Tell whether a posted value is this token in any disguise."""
    try:
        raw = base64.b64decode(masked + "=" * (-len(masked) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    if len(raw) != 2 * MASK_BYTES:
        return False
    plain = _xor(raw[:MASK_BYTES], raw[MASK_BYTES:])
    return hmac.compare_digest(plain, hashlib.sha256(token.encode()).digest())


def is_same_origin(headers: Headers, base_url: str) -> bool | None:
    """Tell whether the browser says that a request came from our own pages; None if it does not say.

    `Sec-Fetch-Site` is set by the browser and cannot be forged by a page. `none` is the person's own doing.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is not None:
        return _origin(origin) == _origin(base_url)
    return None


def _origin(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.scheme, parts.netloc.lower()


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
