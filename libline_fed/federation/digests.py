"""Digests of bodies: `Digest` (RFC 3230, as the fediverse uses it) and `Content-Digest` (RFC 9530)."""

import binascii
import hashlib
import re
from base64 import b64encode
from hmac import compare_digest

from libline_fed.errors import Refusal, RefusalReason
from libline_fed.federation.signed_requests import refused

_HASHES = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
MAX_DIGEST_CHARACTERS = 1_024

# RFC 9530 §2: a dictionary of byte sequences.
_CONTENT_DIGEST_MEMBER = re.compile(r"([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):")
_DIGEST_MEMBER = re.compile(r"([A-Za-z0-9-]+)=([A-Za-z0-9+/]*={0,2})")


def digest_of(body: bytes) -> str:
    """Spell a body's `Digest`."""
    return "SHA-256=" + b64encode(hashlib.sha256(body).digest()).decode()


def content_digest_of(body: bytes) -> str:
    """Spell a body's `Content-Digest`."""
    return f"sha-256=:{b64encode(hashlib.sha256(body).digest()).decode()}:"


def decode_base64(text: str) -> bytes | None:
    """Read padded standard base64, or return None if a single character is out of place."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except (ValueError, binascii.Error):
        return None


def check_digest(value: str, body: bytes) -> Refusal | None:
    """Return a refusal unless `value` is a Digest of `body` in SHA-256 or SHA-512."""
    return _check(value, body, _DIGEST_MEMBER)


def check_content_digest(value: str, body: bytes) -> Refusal | None:
    """Return a refusal unless `value` is a Content-Digest of `body` in SHA-256 or SHA-512."""
    return _check(value, body, _CONTENT_DIGEST_MEMBER)


def _check(value: str, body: bytes, member: re.Pattern[str]) -> Refusal | None:
    if len(value) > MAX_DIGEST_CHARACTERS:
        return refused(RefusalReason.BAD_DIGEST, f"a digest of {len(value)} characters")
    seen: set[str] = set()
    is_checked = False
    for part in value.split(","):
        match = member.fullmatch(part.strip(" \t"))
        if match is None:
            return refused(RefusalReason.BAD_DIGEST, f"not a digest: {part!r}")
        name = match[1].lower()
        if name in seen:
            return refused(RefusalReason.BAD_DIGEST, f"two digests by {name}")
        seen.add(name)
        hash_of = _HASHES.get(name)
        if hash_of is None:
            continue  # weak or unknown: it neither helps nor harms beside a good one
        claimed = decode_base64(match[2])
        if claimed is None or not compare_digest(claimed, hash_of(body).digest()):
            return refused(RefusalReason.BAD_DIGEST, f"the {name} digest is not the body's")
        is_checked = True
    return None if is_checked else refused(RefusalReason.BAD_DIGEST, "neither SHA-256 nor SHA-512")
