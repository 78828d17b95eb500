"""Builds signed requests: with our own code, and by hand as other programs might, with any part different."""

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import HashAlgorithm

from libline_fed.activitypub.keys import PrivateKey, sign_bytes
from libline_fed.errors import Refusal, RefusalReason
from libline_fed.federation.digests import content_digest_of, digest_of
from libline_fed.federation.signatures import (
    CAVAGE,
    RFC9421,
    SignedRequest,
    VerificationKey,
    VerifiedSender,
    Verifier,
    sign,
)
from libline_fed.federation.signed_requests import imf_date
from tests.support.keys import (
    ANA_ED25519_PUBLIC,
    ANA_RSA_PRIVATE,
    ANA_RSA_PUBLIC,
    KnownKeys,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ANA = "https://a.example/actors/ana"
ANA_KEY = f"{ANA}#main-key"
ANA_ED25519_KEY = f"{ANA}#ed25519-key"
BODY = b'{"type":"Create","actor":"https://a.example/actors/ana"}'
SCHEMES = [CAVAGE, RFC9421]


def known_keys() -> KnownKeys:
    return KnownKeys(
        VerificationKey(ANA_KEY, ANA, ANA_RSA_PUBLIC),
        VerificationKey(ANA_ED25519_KEY, ANA, ANA_ED25519_PUBLIC),
    )


async def verify(
    request: SignedRequest,
    *,
    keys: KnownKeys | None = None,
    base_url: str = "https://b.example",
    now: datetime = NOW,
) -> VerifiedSender | Refusal:
    return await Verifier(keys or known_keys(), base_url).verify(request, now=now)


def request_of(method: str, target: str, headers: dict[str, str], body: bytes | None) -> SignedRequest:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    return SignedRequest(method, target, raw, body or b"")


def signed(
    *,
    method: str = "POST",
    target: str = "/inbox?page=1",
    scheme: str = CAVAGE,
    body: bytes | None = BODY,
    key_id: str = ANA_KEY,
    private_key: PrivateKey = ANA_RSA_PRIVATE,
    now: datetime = NOW,
    authority: str = "b.example",
) -> SignedRequest:
    headers = sign(
        method,
        f"https://{authority}{target}",
        key_id=key_id,
        private_key=private_key,
        now=now,
        body=body,
        scheme=scheme,
    )
    return request_of(method, target, headers, body)


def with_header(request: SignedRequest, name: str, *values: bytes) -> SignedRequest:
    """Replace a header by any number of values."""
    kept = [(key, value) for key, value in request.headers if key != name.encode()]
    return SignedRequest(
        request.method, request.target, kept + [(name.encode(), value) for value in values], request.body
    )


def header(request: SignedRequest, name: str) -> bytes:
    (value,) = [value for key, value in request.headers if key == name.encode()]
    return value


def hand_signed(
    covered: str = "(request-target) host date digest",
    *,
    algorithm: str | None = "rsa-sha256",
    parameters: str = "",
    method: str = "POST",
    target: str = "/inbox",
    body: bytes = BODY,
    make: Callable[[bytes], bytes] = lambda base: sign_bytes(ANA_RSA_PRIVATE, base),
    key_id: str = ANA_KEY,
    **headers: str,
) -> SignedRequest:
    """Sign in the old scheme as another program might, with any part of it different."""
    values = {"host": "b.example", "date": imf_date(NOW)}
    if body:
        values["digest"] = digest_of(body)
    values |= headers
    pseudo = dict(part.split("=", 1) for part in parameters.split(",") if part)
    lines = []
    for name in covered.split(" "):
        if name == "(request-target)":
            lines.append(f"{name}: {method.lower()} {target}")
        elif name.startswith("("):
            lines.append(f"{name}: {pseudo.get(name[1:-1], '')}")
        else:
            lines.append(f"{name}: {values[name]}")
    signature = b64encode(make("\n".join(lines).encode())).decode()
    named = f'algorithm="{algorithm}",' if algorithm is not None else ""
    extra = f"{parameters}," if parameters else ""
    values["signature"] = f'keyId="{key_id}",{named}{extra}headers="{covered}",signature="{signature}"'
    return request_of(method, target, {name: value for name, value in values.items() if value != ""}, body)


def message_signed(
    covered: str = '"@method" "@target-uri" "content-digest"',
    *,
    parameters: str | None = None,
    lines: dict[str, str] | None = None,
    body: bytes = BODY,
    make: Callable[[bytes], bytes] = lambda base: sign_bytes(ANA_RSA_PRIVATE, base),
    **headers: str,
) -> SignedRequest:
    """Sign by RFC 9421 as another program might, with any part of it different."""
    values = {"host": "b.example", "content-digest": content_digest_of(body)} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    known = values | {"@method": "POST", "@target-uri": "https://b.example/inbox"} | (lines or {})
    if parameters is None:
        parameters = f';created={int(NOW.timestamp())};keyid="{ANA_KEY}";alg="rsa-v1_5-sha256"'
    input_value = f"({covered}){parameters}"
    base = "".join(f"{name}: {known[name.strip(chr(34))]}\n" for name in covered.split(" ") if name)
    base += f'"@signature-params": {input_value}'
    values["signature-input"] = f"sig1={input_value}"
    values["signature"] = f"sig1=:{b64encode(make(base.encode())).decode()}:"
    return request_of("POST", "/inbox", {name: value for name, value in values.items() if value != ""}, body)


def rsa_with(algorithm: HashAlgorithm) -> Callable[[bytes], bytes]:
    assert isinstance(ANA_RSA_PRIVATE, RSAPrivateKey)
    return lambda base: ANA_RSA_PRIVATE.sign(base, padding.PKCS1v15(), algorithm)


def assert_refused(outcome: VerifiedSender | Refusal, *reasons: RefusalReason) -> None:
    assert isinstance(outcome, Refusal), outcome
    if reasons:
        assert outcome.reason in reasons, outcome


def _sign_everything() -> dict[str, SignedRequest]:
    old = hand_signed(
        "(request-target) (created) host date digest content-type",
        algorithm="hs2019",
        parameters=f"created={int(NOW.timestamp())}",
        target="/inbox?page=1",
        **{"content-type": "application/activity+json"},
    )
    return {CAVAGE: old, RFC9421: signed(scheme=RFC9421)}


FULLY_SIGNED = _sign_everything()
