"""HTTP signatures as Mastodon makes and checks them: draft-cavage-12 with `rsa-sha256`, and RFC 9421.

Written for this peer alone, so that a mistake here and one in LibLine can hardly be the same.
"""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

CAVAGE = "draft-cavage"
RFC9421 = "rfc9421"
MAX_AGE = timedelta(minutes=65)  # five minutes, and an hour of skew
MAX_AHEAD = timedelta(hours=1)

FindKey = Callable[[str, bool], Awaitable[RSAPublicKey | None]]


class BadSignature(Exception):
    """A request whose signature is missing, malformed, old or wrong."""


@dataclass(frozen=True)
class Request:
    """What a signature covers. Header names are lower-case; values of one name are joined by `, `."""

    method: str
    url: str  # the public address, with its query
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def target(self) -> str:
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@dataclass(frozen=True)
class Signed:
    """A signature that was found in a request, with the bytes it must be over."""

    key_id: str
    signature: bytes
    bases: tuple[bytes, ...]  # any of them will do


# --- making ---------------------------------------------------------------------------------------


def sign(
    scheme: str, method: str, url: str, *, key_id: str, key: RSAPrivateKey, now: datetime, body: bytes | None
) -> dict[str, str]:
    """Return the headers of a signed request."""
    return (_sign_cavage if scheme == CAVAGE else _sign_rfc9421)(method, url, key_id, key, now, body)


def _sign_cavage(
    method: str, url: str, key_id: str, key: RSAPrivateKey, now: datetime, body: bytes | None
) -> dict[str, str]:
    headers = {"host": urlsplit(url).netloc, "date": format_datetime(now.astimezone(UTC), usegmt=True)}
    if body is not None:
        headers["digest"] = "SHA-256=" + _digest(body)
        headers["content-type"] = "application/activity+json"
    covered = [*headers, "(request-target)"]
    base = cavage_base(Request(method, url, headers, body or b""), covered)
    value = base64.b64encode(key.sign(base, padding.PKCS1v15(), SHA256())).decode()
    headers["signature"] = (
        f'keyId="{key_id}",algorithm="rsa-sha256",headers="{" ".join(covered)}",signature="{value}"'
    )
    return headers


def _sign_rfc9421(
    method: str, url: str, key_id: str, key: RSAPrivateKey, now: datetime, body: bytes | None
) -> dict[str, str]:
    headers = {"host": urlsplit(url).netloc, "date": format_datetime(now.astimezone(UTC), usegmt=True)}
    covered = ["@method", "@target-uri"]
    if body is not None:
        headers["content-digest"] = f"sha-256=:{_digest(body)}:"
        headers["content-type"] = "application/activity+json"
        covered.append("content-digest")
    names = " ".join(f'"{name}"' for name in covered)
    parameters = f'({names});created={int(now.timestamp())};keyid="{key_id}"'
    base = rfc9421_base(Request(method, url, headers, body or b""), covered, parameters)
    value = base64.b64encode(key.sign(base, padding.PKCS1v15(), SHA256())).decode()
    return {**headers, "signature-input": f"sig1={parameters}", "signature": f"sig1=:{value}:"}


# --- checking -------------------------------------------------------------------------------------


async def verify(request: Request, find_key: FindKey, *, now: datetime) -> str:
    """Return the id of the key that signed a request; a key that fails is fetched anew once.

    Raises: BadSignature.
    """
    is_new_scheme = "signature-input" in request.headers
    signed = (_read_rfc9421 if is_new_scheme else _read_cavage)(request, now)
    for is_refresh in (False, True):
        key = await find_key(signed.key_id, is_refresh)
        if key is not None and any(is_signed_by(key, signed.signature, base) for base in signed.bases):
            return signed.key_id
    raise BadSignature(f"Verification failed for {signed.key_id}")


def is_signed_by(key: RSAPublicKey, signature: bytes, base: bytes) -> bool:
    """Check an `rsa-sha256` alias `rsa-v1_5-sha256` signature."""
    try:
        key.verify(signature, base, padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def cavage_base(
    request: Request, covered: Sequence[str], created: str = "", target: str | None = None
) -> bytes:
    """Return the signing string of draft-cavage-12 §2.3."""
    lines = []
    for name in covered:
        if name == "(request-target)":
            value = f"{request.method.lower()} {target or request.target}"
        elif name == "(created)":
            value = created
        elif name in request.headers:
            value = request.headers[name]
        else:
            raise BadSignature(f"signed header {name} is missing")
        lines.append(f"{name}: {value}")
    return "\n".join(lines).encode()


def rfc9421_base(request: Request, covered: Sequence[str], parameters: str) -> bytes:
    """Return the signature base of RFC 9421 §2.5; `parameters` is the raw value of `@signature-params`."""
    parts = urlsplit(request.url)
    derived = {
        "@method": request.method,
        "@target-uri": request.url,
        "@authority": parts.netloc.lower(),
        "@path": parts.path or "/",
        "@query": "?" + parts.query,
        "@scheme": parts.scheme,
    }
    lines = []
    for name in covered:
        value = derived.get(name) if name.startswith("@") else request.headers.get(name)
        if value is None:
            raise BadSignature(f"covered component {name} is missing")
        lines.append(f'"{name}": {value}')
    return "\n".join([*lines, f'"@signature-params": {parameters}']).encode()


def _read_cavage(request: Request, now: datetime) -> Signed:
    header = request.headers.get("signature")
    if header is None:
        raise BadSignature("Request not signed")
    fields = dict(re.findall(r'([A-Za-z]+)="?([^",]*)"?', header))
    if "keyId" not in fields or "signature" not in fields:
        raise BadSignature("Incompatible request signature. keyId and signature are required")
    if fields.get("algorithm", "hs2019") not in ("rsa-sha256", "hs2019"):
        raise BadSignature("Unsupported signature algorithm (only rsa-sha256 and hs2019 are supported)")
    covered = fields.get("headers", "(created)").lower().split()
    _require(covered, "date", "(created)")
    _require(covered, "(request-target)", "digest")
    if request.method == "GET":
        _require(covered, "host")
    if request.method == "POST":
        _require(covered, "digest")
        _check_digest(request)
    if "(created)" in covered:
        sent_at = _moment(fields.get("created", ""))
    else:
        sent_at = _http_date(request.headers.get("date", ""))
    _check_age(sent_at, now)
    targets = (request.target, urlsplit(request.url).path or "/")  # some sign without the query
    bases = tuple(cavage_base(request, covered, fields.get("created", ""), target) for target in targets)
    return Signed(fields["keyId"], _decode(fields["signature"]), bases)


def _read_rfc9421(request: Request, now: datetime) -> Signed:
    inputs = re.fullmatch(r"\s*([a-z*][a-z0-9_.*-]*)=(\(([^)]*)\)(.*))", request.headers["signature-input"])
    if inputs is None or re.search(r",\s*[a-z*][a-z0-9_.*-]*=\(", inputs[2]):
        raise BadSignature("One signature is expected")
    label, parameters, inner, rest = inputs.groups()
    covered = re.findall(r'"([^"]+)"', inner)
    named = dict(re.findall(r';([a-z]+)="?([^";]*)"?', rest))
    if "created" not in named or "keyid" not in named:
        raise BadSignature("created and keyid are required")
    if named.get("alg", "rsa-v1_5-sha256") != "rsa-v1_5-sha256":
        raise BadSignature("Unsupported algorithm")
    for component in ("@method", "@target-uri"):
        _require(covered, component)
    if request.method == "POST":
        _require(covered, "content-digest")
        _check_content_digest(request)
    _check_age(_moment(named["created"]), now)
    found = re.search(rf"(?:^|,\s*){re.escape(label)}=:([^:]*):", request.headers.get("signature", ""))
    if found is None:
        raise BadSignature("No signature of that label")
    return Signed(named["keyid"], _decode(found[1]), (rfc9421_base(request, covered, parameters),))


def _require(covered: Sequence[str], *any_of: str) -> None:
    if not set(any_of) & set(covered):
        raise BadSignature(f"Mastodon requires {' or '.join(any_of)} to be signed")


def _check_digest(request: Request) -> None:
    wanted = re.search(r"(?i)sha-256=([A-Za-z0-9+/=]+)", request.headers.get("digest", ""))
    if wanted is None or wanted[1] != _digest(request.body):
        raise BadSignature("Invalid Digest value")


def _check_content_digest(request: Request) -> None:
    wanted = re.search(r"sha-256=:([A-Za-z0-9+/=]+):", request.headers.get("content-digest", ""))
    if wanted is None or wanted[1] != _digest(request.body):
        raise BadSignature("Invalid Content-Digest value")


def _check_age(sent_at: datetime, now: datetime) -> None:
    if not now - MAX_AGE <= sent_at <= now + MAX_AHEAD:
        raise BadSignature("Signed request date outside acceptable time window")


def _moment(seconds: str) -> datetime:
    if not seconds.isdigit():
        raise BadSignature("Invalid created value")
    return datetime.fromtimestamp(int(seconds), UTC)


def _http_date(value: str) -> datetime:
    try:
        return parsedate_to_datetime(value)
    except ValueError as error:
        raise BadSignature("Invalid Date header") from error


def _decode(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except ValueError as error:
        raise BadSignature("Signature is not base64") from error


def _digest(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()
