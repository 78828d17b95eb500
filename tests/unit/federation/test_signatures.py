"""Who sent this request? What is accepted, how we sign, and who may say who it was."""

import ast
from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha512
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA512

import libline_fed
from libline_fed.activitypub.keys import sign_bytes
from libline_fed.errors import PeerRefused, RefusalReason
from libline_fed.federation.digests import content_digest_of, digest_of
from libline_fed.federation.signatures import (
    CAVAGE,
    RFC9421,
    SignedRequest,
    VerificationKey,
    VerifiedSender,
    key_id_of,
    sign,
)
from tests.support.keys import (
    ANA_ED25519_PRIVATE,
    ANA_RSA_PRIVATE,
    ANA_RSA_PUBLIC,
    KnownKeys,
)
from tests.support.signing import (
    ANA,
    ANA_ED25519_KEY,
    ANA_KEY,
    BODY,
    NOW,
    SCHEMES,
    assert_refused,
    hand_signed,
    header,
    message_signed,
    request_of,
    rsa_with,
    signed,
    verify,
    with_header,
)


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


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_proxy_may_drop_our_port_from_the_host(scheme: str) -> None:
    request = with_header(signed(scheme=scheme, authority="b.example:8443"), "host", b"b.example")
    assert isinstance(await verify(request, base_url="https://b.example:8443"), VerifiedSender)


@pytest.mark.parametrize("host", [b"b.example:8444", b"c.example", b"b.example."])
async def test_a_proxy_may_drop_nothing_else_from_the_host(host: bytes) -> None:
    request = with_header(signed(authority="b.example:8443"), "host", host)
    assert_refused(await verify(request, base_url="https://b.example:8443"), RefusalReason.BAD_SIGNATURE)
