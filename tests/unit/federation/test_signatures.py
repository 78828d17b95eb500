"""Who sent this request? Real keys, real signatures, both schemes; only the key source is a table."""

import ast
import copy
import hmac
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import md5, sha1, sha256, sha512
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512, HashAlgorithm
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import libline_fed
from libline_fed.activitypub.keys import PrivateKey, sign_bytes
from libline_fed.errors import PeerRefused, Refusal, RefusalReason
from libline_fed.federation.digests import content_digest_of, digest_of
from libline_fed.federation.signatures import (
    CAVAGE,
    RFC9421,
    SignedRequest,
    VerificationKey,
    VerifiedSender,
    Verifier,
    key_id_of,
    sign,
)
from libline_fed.federation.signed_requests import imf_date, parse_imf_date
from tests.support.keys import (
    ANA_ED25519_PRIVATE,
    ANA_ED25519_PUBLIC,
    ANA_RSA,
    ANA_RSA_PRIVATE,
    ANA_RSA_PUBLIC,
    BEN_RSA_PRIVATE,
    BEN_RSA_PUBLIC,
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
) -> SignedRequest:
    headers = sign(
        method,
        f"https://b.example{target}",
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


# What is accepted


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("method", "body"), [("POST", BODY), ("GET", None)])
async def test_a_signed_request_names_its_sender(scheme: str, method: str, body: bytes | None) -> None:
    sender = await verify(signed(method=method, body=body, scheme=scheme))
    assert isinstance(sender, VerifiedSender), sender
    assert (sender.actor_uri, sender.key_id, sender.host, sender.scheme) == (
        ANA,
        ANA_KEY,
        "a.example",
        scheme,
    )


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_an_ed25519_signature_names_its_sender(scheme: str) -> None:
    sender = await verify(signed(scheme=scheme, key_id=ANA_ED25519_KEY, private_key=ANA_ED25519_PRIVATE))
    assert isinstance(sender, VerifiedSender), sender


@pytest.mark.parametrize(
    "key_id",
    [
        "https://a.example/actors/ana#main-key",
        "https://a.example/users/ana/main-key",  # GoToSocial
        "https://a.example/user/ana/#main-key",  # BookWyrm
        "https://a.example/actors/ana?key=1#main",
    ],
)
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_key_ids_of_all_deployed_forms_are_taken_as_they_are(scheme: str, key_id: str) -> None:
    keys = KnownKeys(VerificationKey(key_id, ANA, ANA_RSA_PUBLIC))
    assert isinstance(await verify(signed(scheme=scheme, key_id=key_id), keys=keys), VerifiedSender)
    assert keys.asked == [(key_id, False)]


@pytest.mark.parametrize(
    ("algorithm", "make"),
    [
        ("rsa-sha256", rsa_with(SHA256())),
        ("RSA-SHA256", rsa_with(SHA256())),
        ("hs2019", rsa_with(SHA256())),
        ("hs2019", rsa_with(SHA512())),
        (None, rsa_with(SHA256())),
        ("rsa-sha512", rsa_with(SHA512())),
    ],
)
async def test_the_deployed_algorithms_of_the_old_scheme_are_accepted(
    algorithm: str | None, make: Callable[[bytes], bytes]
) -> None:
    assert isinstance(await verify(hand_signed(algorithm=algorithm, make=make)), VerifiedSender)


async def test_hs2019_with_an_ed25519_key_is_accepted() -> None:
    request = hand_signed(
        algorithm="hs2019", make=lambda base: sign_bytes(ANA_ED25519_PRIVATE, base), key_id=ANA_ED25519_KEY
    )
    assert isinstance(await verify(request), VerifiedSender)


async def test_a_pss_signature_by_rfc_9421_is_accepted() -> None:
    def make(base: bytes) -> bytes:
        assert isinstance(ANA_RSA_PRIVATE, RSAPrivateKey)
        return ANA_RSA_PRIVATE.sign(base, padding.PSS(padding.MGF1(SHA512()), 64), SHA512())

    for alg in (';alg="rsa-pss-sha512"', ""):
        parameters = f';created={int(NOW.timestamp())};keyid="{ANA_KEY}"{alg}'
        assert isinstance(await verify(message_signed(parameters=parameters, make=make)), VerifiedSender)


async def test_created_and_expires_may_stand_in_for_the_date() -> None:
    created = int(NOW.timestamp())
    request = hand_signed(
        "(request-target) (created) (expires) host digest",
        algorithm="hs2019",
        parameters=f"created={created},expires={created + 300}",
        date="",
    )
    assert isinstance(await verify(request), VerifiedSender)
    assert_refused(await verify(request, now=NOW + timedelta(seconds=300)), RefusalReason.STALE)


async def test_a_signature_over_the_path_alone_is_accepted() -> None:
    request = hand_signed(target="/inbox")
    with_query = SignedRequest(request.method, "/inbox?page=1", request.headers, request.body)
    assert isinstance(await verify(with_query), VerifiedSender)
    assert_refused(
        await verify(SignedRequest(request.method, "/outbox?page=1", request.headers, request.body))
    )


async def test_a_digest_in_sha_512_is_accepted() -> None:
    digest = "SHA-512=" + b64encode(sha512(BODY).digest()).decode()
    assert isinstance(await verify(hand_signed(digest=digest)), VerifiedSender)
    both = digest_of(BODY) + "," + digest
    assert isinstance(await verify(hand_signed(digest=both)), VerifiedSender)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_the_servers_own_name_comes_from_its_settings(scheme: str) -> None:
    request = signed(scheme=scheme)
    assert isinstance(await verify(request, base_url="https://B.EXAMPLE:443"), VerifiedSender)
    for other in ("https://c.example", "https://b.example:8443", "http://b.example:8080"):
        assert_refused(await verify(request, base_url=other))


async def test_the_target_uri_has_the_scheme_of_the_settings() -> None:
    assert_refused(await verify(signed(scheme=RFC9421), base_url="http://b.example"))
    headers = sign(
        "POST",
        "http://b.example/inbox",
        key_id=ANA_KEY,
        private_key=ANA_RSA_PRIVATE,
        now=NOW,
        body=BODY,
        scheme=RFC9421,
    )
    request = request_of("POST", "/inbox", headers, BODY)
    assert isinstance(await verify(request, base_url="http://b.example"), VerifiedSender)


async def test_a_default_port_in_the_host_header_is_the_same_host() -> None:
    assert isinstance(await verify(hand_signed(host="b.example:443")), VerifiedSender)
    assert isinstance(await verify(hand_signed(host="B.Example")), VerifiedSender)
    assert_refused(await verify(hand_signed(host="b.example:80")), RefusalReason.BAD_SIGNATURE)


async def test_an_old_signature_beside_a_new_one_that_fails_is_tried() -> None:
    old, new = signed(scheme=CAVAGE), signed(scheme=RFC9421)
    both = SignedRequest(
        old.method,
        old.target,
        [
            *old.headers,
            (b"content-digest", header(new, "content-digest")),
            (b"signature-input", header(new, "signature-input")),
            (b"signature", header(new, "signature")),
        ],
        old.body,
    )
    sender = await verify(both)
    assert isinstance(sender, VerifiedSender)
    assert sender.scheme == RFC9421
    broken = with_header(both, "content-digest", b"sha-256=:AAAA:")
    sender = await verify(broken)
    assert isinstance(sender, VerifiedSender)
    assert sender.scheme == CAVAGE
    only_old = with_header(both, "signature", header(old, "signature"))
    sender = await verify(only_old)
    assert isinstance(sender, VerifiedSender)
    assert sender.scheme == CAVAGE
    broken_old = with_header(broken, "digest", b"SHA-256=AAAA")
    assert_refused(await verify(broken_old), RefusalReason.BAD_DIGEST)


# security.md §3.A


async def test_an_unsigned_request_is_refused_as_unsigned() -> None:  # 1
    keys = known_keys()
    request = SignedRequest("POST", "/inbox", [(b"host", b"b.example")], BODY)
    assert_refused(await verify(request, keys=keys), RefusalReason.UNSIGNED)
    assert_refused(await verify(SignedRequest("POST", "/inbox", [], b""), keys=keys), RefusalReason.UNSIGNED)
    assert keys.asked == []


def flipped(data: st.DataObject, value: bytes) -> bytes:
    index = data.draw(st.integers(0, len(value) - 1))
    new = data.draw(st.integers(0, 255).filter(lambda byte: byte != value[index]))
    return value[:index] + bytes([new]) + value[index + 1 :]


PARTS: dict[str, list[str]] = {
    CAVAGE: ["body", "method", "path", "query", "host", "date", "digest", "content-type", "keyid", "created"],
    RFC9421: ["body", "method", "path", "query", "host", "content-digest", "keyid", "created", "alg"],
}


@pytest.mark.parametrize(
    ("scheme", "part"), [(scheme, part) for scheme, parts in PARTS.items() for part in parts]
)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
async def test_flipping_any_byte_of_what_is_signed_is_noticed(  # 2
    scheme: str, part: str, data: st.DataObject
) -> None:
    request = copy.deepcopy(_SIGNED[scheme])
    method, target, headers, body = request.method, request.target, request.headers, request.body
    path, _, query = target.partition("?")
    match part:
        case "body":
            body = flipped(data, body)
        case "method":
            method = flipped(data, method.encode()).decode("latin-1")
            assume(scheme == RFC9421 or method.lower() != "post")
        case "path":
            target = flipped(data, path.encode()).decode("latin-1") + "?" + query
            assume("?" not in target[: len(path)])
        case "query":
            target = path + "?" + flipped(data, query.encode()).decode("latin-1")
        case "keyid" | "created" | "alg":
            name = "signature" if scheme == CAVAGE else "signature-input"
            value = header(request, name)
            start = (
                value.index({"keyid": b"keyid=", "created": b"created=", "alg": b"alg="}[part])
                if (scheme == RFC9421)
                else value.index({"keyid": b"keyId=", "created": b"created="}[part])
            )
            start = value.index(b"=", start) + 1
            end = min(
                found for found in (value.find(b",", start), value.find(b";", start), len(value)) if found > 0
            )
            new = value[:start] + flipped(data, value[start:end]) + value[end:]
            headers = with_header(request, name, new).headers
        case name:
            value = flipped(data, header(request, name))
            # RFC 9421 leaves our Host unsigned: it is only compared, and names of hosts have no case.
            assume((scheme, name) != (RFC9421, "host") or value.lower() != header(request, name).lower())
            headers = with_header(request, name, value).headers
    changed = SignedRequest(method, target, headers, body)
    # Blanks around a header's value are not part of it (RFC 9110 §5.5).
    assert_refused(await verify(changed))


def _signed_with_everything() -> dict[str, SignedRequest]:
    old = hand_signed(
        "(request-target) (created) host date digest content-type",
        algorithm="hs2019",
        parameters=f"created={int(NOW.timestamp())}",
        target="/inbox?page=1",
        **{"content-type": "application/activity+json"},
    )
    return {CAVAGE: old, RFC9421: signed(scheme=RFC9421)}


_SIGNED = _signed_with_everything()


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_the_requests_whose_bytes_are_flipped_are_good(scheme: str) -> None:
    assert isinstance(await verify(_SIGNED[scheme]), VerifiedSender)


@pytest.mark.parametrize(
    "covered",
    [
        "(request-target) host date",
        "host date digest",
        "(request-target) date digest",
        "(request-target) host digest",
        "date",
        "(created)",
    ],
)
async def test_an_old_signature_that_covers_too_little_is_refused(covered: str) -> None:  # 3
    keys = known_keys()
    assert_refused(await verify(hand_signed(covered), keys=keys), RefusalReason.BAD_SIGNATURE)
    assert keys.asked == []


async def test_an_old_signature_without_a_headers_list_covers_too_little() -> None:
    request = hand_signed("(created)", algorithm="hs2019", parameters=f"created={int(NOW.timestamp())}")
    value = header(request, "signature").replace(b'headers="(created)",', b"")
    assert_refused(await verify(with_header(request, "signature", value)), RefusalReason.BAD_SIGNATURE)


@pytest.mark.parametrize(
    "covered",
    [
        '"@method" "@target-uri"',
        '"@method" "content-digest"',
        '"@target-uri" "content-digest"',
        "",
        '"content-digest"',
    ],
)
async def test_a_new_signature_that_covers_too_little_is_refused(covered: str) -> None:  # 3
    keys = known_keys()
    assert_refused(await verify(message_signed(covered), keys=keys), RefusalReason.BAD_SIGNATURE)
    assert keys.asked == []


async def test_a_get_must_sign_the_host() -> None:
    good = hand_signed("(request-target) host date", method="GET", body=b"")
    assert isinstance(await verify(good), VerifiedSender)
    assert_refused(
        await verify(hand_signed("(request-target) date", method="GET", body=b"")),
        RefusalReason.BAD_SIGNATURE,
    )


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PUT"])
async def test_a_body_must_be_signed_whatever_the_method(method: str) -> None:
    request = hand_signed("(request-target) host date", method=method, body=b"")
    with_body = SignedRequest(request.method, request.target, request.headers, BODY)
    assert_refused(await verify(with_body), RefusalReason.BAD_SIGNATURE)


EMPTY = "SHA-256=" + b64encode(sha256(b"").digest()).decode()


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "MD5=" + b64encode(md5(BODY).digest()).decode(),
        "SHA=" + b64encode(sha1(BODY).digest()).decode(),
        "SHA-1=" + b64encode(sha1(BODY).digest()).decode(),
        f"{digest_of(BODY)},{digest_of(b'other')}",
        f"{digest_of(BODY)},{digest_of(BODY)}",
        f"{digest_of(b'other')},{digest_of(BODY)}",
        digest_of(BODY) + ",SHA-512=" + b64encode(sha512(b"other").digest()).decode(),
        digest_of(BODY)[:-1],
        digest_of(BODY).replace("=", "=!", 1),
        digest_of(BODY) + "=",
        "SHA-256=" + sha256(BODY).hexdigest(),
        "SHA-256=",
        "SHA-256",
        ",",
        EMPTY,
        digest_of(BODY) + "," * 2000,
    ],
)
async def test_a_digest_that_is_not_the_bodys_is_refused_though_signed(digest: str) -> None:  # 4
    keys = known_keys()
    request = hand_signed(digest=digest)
    assert_refused(await verify(request, keys=keys), RefusalReason.BAD_DIGEST)
    assert keys.asked == []


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "md5=:" + b64encode(md5(BODY).digest()).decode() + ":",
        "sha=:" + b64encode(sha1(BODY).digest()).decode() + ":",
        f"{content_digest_of(BODY)}, {content_digest_of(b'other')}",
        content_digest_of(b""),
        content_digest_of(BODY).replace(":", ""),
        content_digest_of(BODY) + ";a",
        "sha-256=:" + sha256(BODY).hexdigest() + ":",
    ],
)
async def test_a_content_digest_that_is_not_the_bodys_is_refused_though_signed(digest: str) -> None:  # 4
    request = message_signed(content_digest=digest)
    assert_refused(await verify(request), RefusalReason.BAD_DIGEST)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_post_of_nothing_is_refused(scheme: str) -> None:  # 4
    assert_refused(await verify(signed(scheme=scheme, body=b"")), RefusalReason.BAD_DIGEST)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("shift", "is_good"),
    [
        (timedelta(hours=-13), False),
        (timedelta(hours=-12, minutes=-59), True),
        (timedelta(hours=-11), True),
        (timedelta(minutes=55), True),
        (timedelta(hours=1), True),
        (timedelta(hours=1, seconds=1), False),
        (timedelta(hours=2), False),
        (timedelta(days=-3650), False),
    ],
)
async def test_signatures_are_good_for_thirteen_hours_and_an_hour_ahead(  # 5
    scheme: str, shift: timedelta, is_good: bool
) -> None:
    keys = known_keys()
    outcome = await verify(signed(scheme=scheme, now=NOW + shift), keys=keys)
    if is_good:
        assert isinstance(outcome, VerifiedSender), outcome
    else:
        assert_refused(outcome, RefusalReason.STALE)
        assert keys.asked == []


@pytest.mark.parametrize(
    "date",
    [
        "now",
        "2026-11-24T09:00:00Z",
        "Tue, 24 Nov 2026 09:00:00 +0000",
        "Tue, 24 Nov 26 09:00:00 GMT",
        "Tuesday, 24-Nov-26 09:00:00 GMT",
        "Tue, 31 Feb 2026 09:00:00 GMT",
        "Tue, 24 Xxx 2026 09:00:00 GMT",
        "Tue, 24 Nov 2026 25:00:00 GMT",
        "Tue, 24 Nov 0000 09:00:00 GMT",
        "Tue, ２４ Nov 2026 09:00:00 GMT",
    ],
)
async def test_an_unreadable_date_is_stale(date: str) -> None:  # 5
    assert parse_imf_date(date) is None
    if date.isascii():
        assert_refused(await verify(hand_signed(date=date)), RefusalReason.STALE)


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001 (made aware below)
def test_dates_are_read_as_they_are_written(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC, microsecond=0)
    assert parse_imf_date(imf_date(moment)) == int(moment.timestamp())


async def test_a_signed_date_and_created_must_both_be_timely() -> None:
    created = int(NOW.timestamp())
    for stale in (created - 14 * 3600, created + 2 * 3600):
        request = hand_signed(
            "(request-target) (created) host date digest", algorithm="hs2019", parameters=f"created={stale}"
        )
        assert_refused(await verify(request), RefusalReason.STALE)
    old_date = hand_signed(
        "(request-target) (created) host date digest",
        algorithm="hs2019",
        parameters=f"created={created}",
        date=imf_date(NOW - timedelta(hours=14)),
    )
    assert_refused(await verify(old_date), RefusalReason.STALE)


@pytest.mark.parametrize(("created", "expires"), [(-10, -1), (-10, 0), (10, 5), (0, -3600)])
async def test_expired_or_impossible_lifetimes_are_refused(created: int, expires: int) -> None:  # 5
    start = int(NOW.timestamp())
    old = hand_signed(
        "(request-target) (created) (expires) host digest",
        algorithm="hs2019",
        parameters=f"created={start + created},expires={start + expires}",
    )
    assert_refused(await verify(old), RefusalReason.STALE)
    parameters = f';created={start + created};expires={start + expires};keyid="{ANA_KEY}"'
    assert_refused(await verify(message_signed(parameters=parameters)), RefusalReason.STALE)


async def test_an_expiry_that_is_not_signed_still_counts() -> None:
    start = int(NOW.timestamp())
    assert isinstance(await verify(hand_signed(parameters=f"expires={start + 10}")), VerifiedSender)
    assert_refused(await verify(hand_signed(parameters=f"expires={start - 10}")), RefusalReason.STALE)


@pytest.mark.parametrize("parameters", ["created=1.5", 'created="soon"', 'expires="never"'])
async def test_times_that_are_no_numbers_are_refused(parameters: str) -> None:
    assert_refused(await verify(hand_signed(parameters=parameters)), RefusalReason.BAD_SIGNATURE)


@pytest.mark.parametrize(
    "parameters",
    [
        f';keyid="{ANA_KEY}"',
        f';created="1";keyid="{ANA_KEY}"',
        f';created=1.5;keyid="{ANA_KEY}"',
        f';created;keyid="{ANA_KEY}"',
        f';created={int(NOW.timestamp())};expires="x";keyid="{ANA_KEY}"',
        f";created={int(NOW.timestamp())}",
        f";created={int(NOW.timestamp())};keyid=token",
    ],
)
async def test_a_new_signature_without_created_or_keyid_is_refused(parameters: str) -> None:
    assert_refused(await verify(message_signed(parameters=parameters)), RefusalReason.BAD_SIGNATURE)


async def test_created_with_a_named_rsa_algorithm_is_refused() -> None:  # draft §2.3
    request = hand_signed(
        "(request-target) (created) host date digest", parameters=f"created={int(NOW.timestamp())}"
    )
    assert_refused(await verify(request), RefusalReason.BAD_SIGNATURE)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_two_signature_headers_are_refused(scheme: str) -> None:  # 7
    request = signed(scheme=scheme)
    value = header(request, "signature")
    assert_refused(await verify(with_header(request, "signature", value, value)), RefusalReason.BAD_SIGNATURE)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "name", ["host", "date", "digest", "content-digest", "content-type", "content-length"]
)
async def test_a_header_that_may_come_once_may_not_come_twice(scheme: str, name: str) -> None:  # 5, 7
    keys = known_keys()
    request = signed(scheme=scheme)
    values = [value for key, value in request.headers if key == name.encode()] or [b"1"]
    assert_refused(
        await verify(with_header(request, name, values[0], values[0]), keys=keys), RefusalReason.BAD_SIGNATURE
    )
    assert keys.asked == []


@pytest.mark.parametrize("name", [b"keyId", b"algorithm", b"headers", b"signature"])
async def test_a_repeated_parameter_is_refused(name: bytes) -> None:  # 7
    request = hand_signed()
    value = header(request, "signature")
    start = value.index(name + b"=")
    end = value.find(b'",', start)
    part = value[start : end + 1 if end > 0 else len(value)]
    assert_refused(
        await verify(with_header(request, "signature", value + b"," + part)), RefusalReason.BAD_SIGNATURE
    )


async def test_a_header_covered_twice_is_refused() -> None:
    assert_refused(await verify(hand_signed("(request-target) host host date digest")))


async def test_two_labels_that_name_a_key_are_refused() -> None:  # 7
    request = signed(scheme=RFC9421)
    inputs, signature = header(request, "signature-input"), header(request, "signature")
    doubled = with_header(request, "signature-input", inputs + b", x" + inputs)
    doubled = with_header(doubled, "signature", signature + b", x" + signature)
    assert_refused(await verify(doubled), RefusalReason.BAD_SIGNATURE)
    # A proxy's own label, which names no key, changes nothing.
    proxied = with_header(request, "signature-input", inputs + b', proxy=("@method");created=1')
    proxied = with_header(proxied, "signature", signature + b", proxy=:AAAA:")
    assert isinstance(await verify(proxied), VerifiedSender)


@pytest.mark.parametrize(
    "algorithm", ["none", "NONE", "", "hmac-sha256", "hmac-sha512", "rsa-sha1", "ecdsa-sha256", "rsa-sha256 "]
)
async def test_unknown_algorithms_of_the_old_scheme_are_refused(algorithm: str) -> None:  # 7
    keys = known_keys()
    assert_refused(await verify(hand_signed(algorithm=algorithm), keys=keys), RefusalReason.BAD_SIGNATURE)
    assert keys.asked == []


@pytest.mark.parametrize(
    "alg", ['"none"', '"hmac-sha256"', '"rsa-v1_5-sha1"', '"ecdsa-p256-sha256"', "none", "1"]
)
async def test_unknown_algorithms_of_the_new_scheme_are_refused(alg: str) -> None:  # 7
    parameters = f';created={int(NOW.timestamp())};keyid="{ANA_KEY}";alg={alg}'
    assert_refused(await verify(message_signed(parameters=parameters)), RefusalReason.BAD_SIGNATURE)


@pytest.mark.parametrize("secret", [ANA_RSA.public_pem.encode(), b"", ANA_KEY.encode()])
async def test_a_public_key_is_never_a_shared_secret(secret: bytes) -> None:  # 7
    def make(base: bytes) -> bytes:
        return hmac.new(secret, base, sha256).digest()

    for algorithm in ("hmac-sha256", "hs2019", "rsa-sha256", None):
        assert_refused(await verify(hand_signed(algorithm=algorithm, make=make)), RefusalReason.BAD_SIGNATURE)
    for alg in (';alg="hmac-sha256"', ""):
        parameters = f';created={int(NOW.timestamp())};keyid="{ANA_KEY}"{alg}'
        assert_refused(
            await verify(message_signed(parameters=parameters, make=make)), RefusalReason.BAD_SIGNATURE
        )


async def test_sha_1_is_refused_even_when_named_otherwise() -> None:
    for algorithm in ("rsa-sha1", "rsa-sha256", "hs2019", None):
        assert_refused(await verify(hand_signed(algorithm=algorithm, make=rsa_with(SHA1()))))


@pytest.mark.parametrize("signature", [b"", b"AAAA", b"!!!!", b"A" * 344, b"AAA"])
async def test_a_signature_value_that_is_none_is_refused(signature: bytes) -> None:
    for request, name in ((hand_signed(), b'signature="'), (message_signed(), b"sig1=:")):
        value = header(request, "signature")
        start = value.index(name) + len(name)
        changed = value[:start] + signature + value[-1:]
        assert_refused(await verify(with_header(request, "signature", changed)), RefusalReason.BAD_SIGNATURE)


async def test_a_refused_key_refuses_the_request() -> None:  # 8 (which keys: test_keys.py)
    keys = KnownKeys()
    assert_refused(await verify(signed(), keys=keys), RefusalReason.KEY_UNAVAILABLE)
    assert keys.asked == [(ANA_KEY, False)]


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_rotated_key_is_asked_for_once_and_then_accepted(scheme: str) -> None:  # 9
    keys = known_keys()
    keys.renewed[ANA_KEY] = VerificationKey(ANA_KEY, ANA, BEN_RSA_PUBLIC)
    request = signed(scheme=scheme, private_key=BEN_RSA_PRIVATE)
    assert isinstance(await verify(request, keys=keys), VerifiedSender)
    assert keys.asked == [(ANA_KEY, False), (ANA_KEY, True)]


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_forged_signature_causes_one_refresh_and_is_refused(scheme: str) -> None:
    keys = known_keys()
    request = signed(scheme=scheme, private_key=BEN_RSA_PRIVATE)
    assert_refused(await verify(request, keys=keys), RefusalReason.BAD_SIGNATURE)
    assert keys.asked == [(ANA_KEY, False), (ANA_KEY, True)]


async def test_a_key_that_is_gone_at_the_refresh_is_reported_as_gone() -> None:
    keys = known_keys()
    keys.renewed[ANA_KEY] = Refusal(RefusalReason.KEY_GONE)
    assert_refused(await verify(signed(private_key=BEN_RSA_PRIVATE), keys=keys), RefusalReason.KEY_GONE)
    keys.renewed[ANA_KEY] = Refusal(RefusalReason.KEY_UNAVAILABLE)
    assert_refused(await verify(signed(private_key=BEN_RSA_PRIVATE), keys=keys), RefusalReason.BAD_SIGNATURE)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    "owner",
    [
        "https://evil.example/actors/ana",
        "https://a.example:8443/actors/ana",
        "https://b.example/actors/x",
        "ana",
        "",
    ],
)
async def test_a_key_may_only_speak_for_an_owner_on_its_own_host(scheme: str, owner: str) -> None:  # 10
    keys = KnownKeys(VerificationKey(ANA_KEY, owner, ANA_RSA_PUBLIC))
    assert_refused(await verify(signed(scheme=scheme), keys=keys), RefusalReason.WRONG_OWNER)


async def test_a_key_that_names_itself_otherwise_is_refused() -> None:  # 10
    keys = KnownKeys()
    keys.known[ANA_KEY] = VerificationKey("https://a.example/actors/eve#main-key", ANA, ANA_RSA_PUBLIC)
    assert_refused(await verify(signed(), keys=keys), RefusalReason.WRONG_OWNER)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("key_id", "reason"),
    [
        ("https://b.example/actor#main-key", RefusalReason.OWN_HOST),
        ("https://B.Example:443/actor#main-key", RefusalReason.OWN_HOST),
        ("https://b.example./actor#main-key", RefusalReason.OWN_HOST),
        ("acct:ana@a.example", RefusalReason.UNUSABLE_KEY),
        ("ana", RefusalReason.UNUSABLE_KEY),
        ("did:key:z6Mk", RefusalReason.UNUSABLE_KEY),
        ("file:///etc/passwd", RefusalReason.UNUSABLE_KEY),
        ("https://user@a.example/actors/ana", RefusalReason.UNUSABLE_KEY),
        ("https://a.example/" + "x" * 3000, RefusalReason.UNUSABLE_KEY),
    ],
)
async def test_key_ids_that_lead_nowhere_are_refused_without_asking(  # 11
    scheme: str, key_id: str, reason: RefusalReason
) -> None:
    keys = known_keys()
    assert_refused(await verify(signed(scheme=scheme, key_id=key_id), keys=keys), reason)
    assert keys.asked == []


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_key_id_of_ten_kilobytes_is_refused_without_asking(scheme: str) -> None:  # 11
    keys = known_keys()
    request = signed(scheme=scheme, key_id="https://a.example/" + "x" * 10_000)
    assert_refused(await verify(request, keys=keys), RefusalReason.BAD_SIGNATURE)
    assert keys.asked == []


# Hostile input of any kind


header_names = st.sampled_from(
    [b"signature", b"signature-input", b"digest", b"content-digest", b"date", b"host", b"x", b""]
)


@settings(max_examples=200, deadline=None)
@given(
    headers=st.lists(st.tuples(header_names, st.binary(max_size=80)), max_size=8),
    method=st.text(max_size=6),
    target=st.text(max_size=20),
    body=st.binary(max_size=20),
)
async def test_no_request_makes_verifying_fail(
    headers: list[tuple[bytes, bytes]], method: str, target: str, body: bytes
) -> None:
    request = SignedRequest(method, target, headers, body)
    assert_refused(await verify(request))
    key_id_of(request)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), scheme=st.sampled_from(SCHEMES))
async def test_a_mutated_signature_header_never_makes_verifying_fail(
    data: st.DataObject, scheme: str
) -> None:
    request = _SIGNED[scheme]
    name = data.draw(
        st.sampled_from(["signature", "signature-input"] if scheme == RFC9421 else ["signature"])
    )
    value = header(request, name)
    start = data.draw(st.integers(0, len(value)))
    end = data.draw(st.integers(start, min(len(value), start + 20)))
    insert = data.draw(st.binary(max_size=10))
    assume(value[start:end] != insert)
    outcome = await verify(with_header(request, name, value[:start] + insert + value[end:]))
    if isinstance(outcome, VerifiedSender):  # only blanks or an ignored parameter can differ
        assert outcome.actor_uri == ANA


# Peeking, signing, and who may say who it was


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_the_key_id_can_be_seen_before_anything_is_checked(scheme: str) -> None:
    request = signed(scheme=scheme, now=NOW - timedelta(days=365))
    assert key_id_of(request) == ANA_KEY
    assert key_id_of(SignedRequest("POST", "/inbox", [], b"")) is None
    assert key_id_of(SignedRequest("POST", "/inbox", [(b"signature", b'keyId="x')], b"")) is None


def test_the_old_scheme_is_spelled_as_every_server_reads_it() -> None:
    headers = sign(
        "POST", "https://B.example/inbox", key_id=ANA_KEY, private_key=ANA_RSA_PRIVATE, now=NOW, body=BODY
    )
    assert list(headers) == ["Host", "Date", "Content-Type", "Digest", "Signature"]
    assert headers["Host"] == "b.example"
    assert headers["Date"] == "Tue, 24 Nov 2026 09:00:00 GMT"
    assert headers["Content-Type"] == "application/activity+json"
    assert headers["Digest"] == digest_of(BODY)
    start = (
        f'keyId="{ANA_KEY}",algorithm="rsa-sha256",'
        'headers="(request-target) host date digest content-type",signature="'
    )
    assert headers["Signature"].startswith(start)
    assert ", " not in headers["Signature"]


def test_a_get_in_the_old_scheme_signs_target_host_and_date() -> None:
    headers = sign("GET", "https://b.example", key_id=ANA_KEY, private_key=ANA_RSA_PRIVATE, now=NOW)
    assert list(headers) == ["Host", "Date", "Signature"]
    assert 'headers="(request-target) host date"' in headers["Signature"]


def test_the_new_scheme_is_spelled_as_mastodon_demands() -> None:
    headers = sign(
        "POST",
        "https://b.example/inbox",
        key_id=ANA_KEY,
        private_key=ANA_RSA_PRIVATE,
        now=NOW,
        body=BODY,
        scheme=RFC9421,
    )
    assert headers["Content-Digest"] == content_digest_of(BODY)
    assert headers["Signature-Input"] == (
        'sig1=("@method" "@target-uri" "content-digest");'
        f'created={int(NOW.timestamp())};keyid="{ANA_KEY}";alg="rsa-v1_5-sha256"'
    )
    assert "Digest" not in headers


def test_every_attempt_is_signed_anew() -> None:  # 12
    made = {
        sign(
            "POST",
            "https://b.example/inbox",
            key_id=ANA_KEY,
            private_key=ANA_RSA_PRIVATE,
            now=NOW + timedelta(seconds=attempt),
            body=BODY,
        )["Signature"]
        for attempt in range(3)
    }
    assert len(made) == 3


@pytest.mark.parametrize(
    "url", ["ftp://b.example/", "https://b.example/a b", "https://b.example/\r\nX: y", "x", ""]
)
def test_nothing_is_signed_for_an_address_that_is_none(url: str) -> None:
    with pytest.raises(PeerRefused):
        sign("GET", url, key_id=ANA_KEY, private_key=ANA_RSA_PRIVATE, now=NOW)


def test_a_verified_sender_cannot_be_made_up() -> None:
    for seal in (None, object(), True):
        with pytest.raises(TypeError):
            VerifiedSender(ANA, ANA_KEY, "a.example", CAVAGE, seal)
    with pytest.raises(TypeError):
        VerifiedSender(ANA, ANA_KEY, "a.example", CAVAGE)  # type: ignore[call-arg]


def test_only_the_verifier_makes_a_verified_sender() -> None:
    makers: list[tuple[str, str]] = []
    for path in Path(libline_fed.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text())
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                makers += [(path.name, function.name) for call in ast.walk(function) if _makes_a_sender(call)]
        assert sum(_makes_a_sender(node) for node in ast.walk(tree)) == sum(
            name == path.name for name, _ in makers
        ), f"{path} makes one outside a function"
    assert makers == [("signatures.py", "_sender")]


def _makes_a_sender(node: Any) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    return (isinstance(function, ast.Name) and function.id == "VerifiedSender") or (
        isinstance(function, ast.Attribute) and function.attr == "VerifiedSender"
    )
