"""HTTP signatures as the fediverse deploys them: draft-cavage-http-signatures-12.

Reads and checks everything of a signature that needs no key, and builds the strings to sign.
"""

import re
from datetime import datetime

from libline_fed.activitypub.keys import Algorithm
from libline_fed.errors import Refusal, RefusalReason
from libline_fed.federation.digests import check_digest, decode_base64
from libline_fed.federation.signed_requests import (
    MAX_COVERED_COUNT,
    MAX_KEY_ID_CHARACTERS,
    MAX_SIGNATURE_HEADER_CHARACTERS,
    Claim,
    HeaderValues,
    SignedRequest,
    check_window,
    parse_imf_date,
    refused,
)

SCHEME = "cavage"

# `hs2019` leaves the algorithm to the key's metadata (§2.1.3). Servers mean RSA with SHA-256, a few SHA-512.
_BY_KEY = (Algorithm.RSA_SHA256, Algorithm.RSA_SHA512, Algorithm.ED25519)
_ALGORITHMS: dict[str | None, tuple[Algorithm, ...]] = {
    None: _BY_KEY,
    "hs2019": _BY_KEY,
    "rsa-sha256": (Algorithm.RSA_SHA256,),
    "rsa-sha512": (Algorithm.RSA_SHA512,),
    "ed25519": (Algorithm.ED25519,),
}
_PARAMETER = re.compile(r'[ \t]*([A-Za-z]+)=(?:"([^"]*)"|(\d{1,15}(?:\.\d{1,9})?))[ \t]*(?:,|$)', re.ASCII)
_COVERED = re.compile(r"\((?:request-target|created|expires)\)|[a-z0-9!#$%&'*+.^_`|~-]+")
_INTEGER = re.compile(r"\d{1,15}", re.ASCII)


def is_cavage(value: str) -> bool:
    """Tell whether a `Signature` header is of this scheme; one of RFC 9421 has no quotation marks."""
    return 'keyId="' in value


def parse_parameters(value: str) -> dict[str, str] | None:
    """Read the parameters of a Signature header, or return None if it is malformed or names one twice."""
    if len(value) > MAX_SIGNATURE_HEADER_CHARACTERS:
        return None
    parameters: dict[str, str] = {}
    position = 0
    while position < len(value):
        match = _PARAMETER.match(value, position)
        if match is None or match[1] in parameters:
            return None
        parameters[match[1]] = match[2] if match[2] is not None else match[3]
        position = match.end()
    return parameters or None


def signing_string(
    *, method: str, target: str, covered: list[str], headers: HeaderValues, parameters: dict[str, str]
) -> bytes | Refusal:
    """Build the string that is signed (§2.3)."""
    lines = []
    for name in covered:
        value: str | None
        if name == "(request-target)":
            value = f"{method.lower()} {target}"
        elif name in {"(created)", "(expires)"}:
            value = parameters.get(name[1:-1])
        else:
            value = headers.joined(name)
        if value is None:
            return refused(RefusalReason.BAD_SIGNATURE, f"{name} is signed but absent")
        lines.append(f"{name}: {value}")
    return "\n".join(lines).encode("latin-1", "backslashreplace")


def read_claim(
    request: SignedRequest, headers: HeaderValues, value: str, *, now: datetime
) -> Claim | Refusal:
    """Turn the `Signature` header `value` into a claim, if it covers enough, is timely and fits the body."""
    parameters = parse_parameters(value)
    if parameters is None:
        return refused(RefusalReason.BAD_SIGNATURE, "the Signature header is malformed")
    key_id = parameters.get("keyId", "")
    if not 0 < len(key_id) <= MAX_KEY_ID_CHARACTERS:
        return refused(RefusalReason.UNUSABLE_KEY, f"a keyId of {len(key_id)} characters")
    algorithms = _ALGORITHMS.get(parameters["algorithm"].lower() if "algorithm" in parameters else None)
    signature = decode_base64(parameters.get("signature", ""))
    if algorithms is None or not signature:
        return refused(RefusalReason.BAD_SIGNATURE, "no usable algorithm or signature value")
    covered = parameters.get("headers", "(created)").lower().split(" ")  # the default of §2.1.6
    refusal = (
        _check_coverage(request, covered, parameters)
        or _check_times(headers, covered, parameters, now)
        or _check_body(request, headers, covered)
    )
    if refusal is not None:
        return refusal
    bases = []
    path, mark, _ = request.target.partition("?")
    # Akkoma signs the path alone; so do Mastodon before 4.3 and GoToSocial on its second try.
    for target in (request.target, path) if mark else (request.target,):
        base = signing_string(
            method=request.method, target=target, covered=covered, headers=headers, parameters=parameters
        )
        if isinstance(base, Refusal):
            return base
        bases.append(base)
    return Claim(SCHEME, key_id, algorithms, tuple(bases), signature)


def _check_coverage(request: SignedRequest, covered: list[str], parameters: dict[str, str]) -> Refusal | None:
    if len(covered) > MAX_COVERED_COUNT or len(set(covered)) != len(covered):
        return refused(RefusalReason.BAD_SIGNATURE, "too many signed headers, or one twice")
    if not all(_COVERED.fullmatch(name) for name in covered):
        return refused(RefusalReason.BAD_SIGNATURE, "a signed header has no possible name")
    required = {"(request-target)", "host"}
    if request.body or request.method not in {"GET", "HEAD"}:
        required.add("digest")
    missing = required.difference(covered)
    if missing:
        return refused(RefusalReason.BAD_SIGNATURE, f"not signed: {' '.join(sorted(missing))}")
    # §2.3: these two are for hs2019 and its kin; elsewhere they MUST produce an error.
    named = parameters.get("algorithm", "hs2019").lower()
    if named.startswith("rsa") and ("(created)" in covered or "(expires)" in covered):
        return refused(RefusalReason.BAD_SIGNATURE, f"(created) or (expires) with {named}")
    return None


def _check_times(
    headers: HeaderValues, covered: list[str], parameters: dict[str, str], now: datetime
) -> Refusal | None:
    created = parameters.get("created")
    if created is not None and _INTEGER.fullmatch(created) is None:  # §2.1.4
        return refused(RefusalReason.BAD_SIGNATURE, "created is not an integer")
    created_at = int(created) if created is not None else None
    expires_at = None
    if "expires" in parameters:
        try:
            expires_at = float(parameters["expires"])
        except ValueError:
            return refused(RefusalReason.BAD_SIGNATURE, "expires is not a number")
    moments = []
    if "(created)" in covered and created_at is not None:
        moments.append(created_at)
    if "date" in covered:
        date = parse_imf_date(headers.joined("date") or "")
        if date is None:
            return refused(RefusalReason.STALE, "the Date is absent or unreadable")
        moments.append(date)
    if not moments:
        return refused(RefusalReason.BAD_SIGNATURE, "neither date nor (created) is signed")
    for moment in moments:
        refusal = check_window(signed_at=moment, created_at=created_at, expires_at=expires_at, now=now)
        if refusal is not None:
            return refusal
    return None


def _check_body(request: SignedRequest, headers: HeaderValues, covered: list[str]) -> Refusal | None:
    if "digest" not in covered:
        return None
    if not request.body:
        return refused(RefusalReason.BAD_DIGEST, "a digest of nothing")
    value = headers.joined("digest")
    if value is None:
        return refused(RefusalReason.BAD_DIGEST, "no Digest")
    return check_digest(value, request.body)
