"""Identifiers: UUIDv7 (RFC 9562 §5.7) for rows and URIs, random tokens for secrets."""

import hashlib
import secrets
import threading
from datetime import datetime
from uuid import UUID

_lock = threading.Lock()
_last = 0


def new_id(now: datetime) -> str:
    """Mint a UUIDv7 in its canonical text form; ids minted later by this process sort later."""
    global _last  # noqa: PLW0603  the one state that keeps ids of one millisecond in order (RFC 9562 §6.2)
    milliseconds = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    value = milliseconds << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76  # version, RFC 9562 §4.2
    value = value & ~(0x3 << 62) | 0x2 << 62  # variant, RFC 9562 §4.1
    with _lock:
        if value >> 80 == _last >> 80 and value <= _last:
            value = _last + 1
        _last = value
    return str(UUID(int=value))


def first_id_at(moment: datetime) -> str:
    """Return what sorts before every id minted at a moment or later, and after every one from before it."""
    return str(UUID(int=(int(moment.timestamp() * 1000) & ((1 << 48) - 1)) << 80))


def is_id(text: str) -> bool:
    """Tell whether `text` is an id in its canonical form."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def new_token() -> str:
    """Mint a secret of 256 random bits, safe in URLs."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return the form in which a secret is stored: the SHA-256 in hex (256 random bits need no salt)."""
    return hashlib.sha256(token.encode()).hexdigest()
