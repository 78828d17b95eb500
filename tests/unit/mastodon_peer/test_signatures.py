"""The peer's own signatures: against the vectors of both specifications, and against LibLine's code."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from libline_fed.federation import signatures as ours
from libline_fed.federation.signatures import VerifiedSender
from tests.mastodon_peer import signatures
from tests.mastodon_peer.signatures import CAVAGE, RFC9421, BadSignature, Request
from tests.support.keys import ANA_RSA, ANA_RSA_PRIVATE
from tests.support.rfc9421 import BODY, PROXIED_HEADERS, PROXY_INPUT, PROXY_SIGNATURE, RSA_PEM
from tests.support.signing import ANA_KEY, known_keys, request_of
from tests.unit.federation.test_cavage import (
    C2_SIGNATURE,
    C3_SIGNATURE,
    PRIVATE_PEM,
    PUBLIC_PEM,
    REQUEST,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
URL = "https://b.example/inbox?page=1"
SCHEMES = [CAVAGE, RFC9421]
OURS = {CAVAGE: ours.CAVAGE, RFC9421: ours.RFC9421}


def text_headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in raw}


def public(pem: str) -> RSAPublicKey:
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, RSAPublicKey)
    return key


def private(pem: bytes) -> RSAPrivateKey:
    key = load_pem_private_key(pem, None)
    assert isinstance(key, RSAPrivateKey)
    return key


@pytest.mark.parametrize(
    ("covered", "signature"),
    [
        ("(request-target) host date", C2_SIGNATURE),
        ("(request-target) host date content-type digest content-length", C3_SIGNATURE),
    ],
    ids=["C.2", "C.3"],
)
def test_the_vectors_of_the_draft_verify_and_are_reproduced(covered: str, signature: str) -> None:
    request = Request(
        "POST", "https://example.com/foo?param=value&pet=dog", text_headers(REQUEST.headers), REQUEST.body
    )
    base = signatures.cavage_base(request, covered.split())
    assert signatures.is_signed_by(public(PUBLIC_PEM), b64decode(signature), base)
    assert not signatures.is_signed_by(public(PUBLIC_PEM), b64decode(signature), base + b" ")
    made = private(PRIVATE_PEM).sign(base, PKCS1v15(), SHA256())
    assert b64encode(made).decode() == signature


def test_the_rsa_v1_5_vector_of_rfc_9421_verifies() -> None:
    url = "https://origin.host.internal.example/foo?param=Value&Pet=dog"
    request = Request("POST", url, text_headers(PROXIED_HEADERS), BODY)
    covered = [
        "@method",
        "@authority",
        "@path",
        "content-digest",
        "content-type",
        "content-length",
        "forwarded",
    ]
    base = signatures.rfc9421_base(request, covered, PROXY_INPUT.partition("=")[2])
    assert signatures.is_signed_by(public(RSA_PEM), b64decode(PROXY_SIGNATURE), base)
    assert not signatures.is_signed_by(public(RSA_PEM), b64decode(PROXY_SIGNATURE), base[1:])


async def find_ana(key_id: str, _: bool) -> RSAPublicKey | None:
    return public(ANA_RSA.public_pem) if key_id == ANA_KEY else None


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("body", [b'{"type":"Create"}', None], ids=["POST", "GET"])
async def test_what_libline_signs_verifies_here(scheme: str, body: bytes | None) -> None:
    method = "GET" if body is None else "POST"
    headers = ours.sign(
        method, URL, key_id=ANA_KEY, private_key=ANA_RSA_PRIVATE, now=NOW, body=body, scheme=OURS[scheme]
    )
    lower = {name.lower(): value for name, value in headers.items()}
    request = Request(method, URL, lower, body or b"")
    assert await signatures.verify(request, find_ana, now=NOW) == ANA_KEY
    other = Request(method, URL.replace("/inbox", "/outbox"), lower, body or b"")
    with pytest.raises(BadSignature):
        await signatures.verify(other, find_ana, now=NOW)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("body", [b'{"type":"Create"}', None], ids=["POST", "GET"])
async def test_what_is_signed_here_verifies_in_libline(scheme: str, body: bytes | None) -> None:
    method = "GET" if body is None else "POST"
    headers = signatures.sign(
        scheme, method, URL, key_id=ANA_KEY, key=private(ANA_RSA.private_pem), now=NOW, body=body
    )
    request = request_of(method, "/inbox?page=1", headers, body)
    sender = await ours.Verifier(known_keys(), "https://b.example").verify(request, now=NOW)
    assert isinstance(sender, VerifiedSender), sender


def signed_post(scheme: str, body: bytes = b"{}", now: datetime = NOW, **changes: Any) -> Request:
    key = private(ANA_RSA.private_pem)
    headers = signatures.sign(scheme, "POST", URL, key_id=ANA_KEY, key=key, now=now, body=body)
    return Request("POST", URL, headers | changes, body)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_old_future_and_changed_requests_are_refused(scheme: str) -> None:
    good = signed_post(scheme)
    assert await signatures.verify(good, find_ana, now=NOW + timedelta(minutes=64)) == ANA_KEY
    for moment in (NOW + timedelta(minutes=66), NOW - timedelta(minutes=61)):
        with pytest.raises(BadSignature, match="time window"):
            await signatures.verify(good, find_ana, now=moment)
    with pytest.raises(BadSignature, match="Digest"):
        await signatures.verify(Request("POST", URL, good.headers, b"{} "), find_ana, now=NOW)
    unsigned = {name: value for name, value in good.headers.items() if not name.startswith("signature")}
    with pytest.raises(BadSignature, match="not signed"):
        await signatures.verify(Request("POST", URL, unsigned, b"{}"), find_ana, now=NOW)


@pytest.mark.parametrize("missing", ["digest", "date", "(request-target)"])
async def test_a_post_must_cover_what_mastodon_requires(missing: str) -> None:
    key = private(ANA_RSA.private_pem)
    values = {
        "host": "b.example",
        "date": format_datetime(NOW, usegmt=True),
        "digest": "SHA-256=RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=",
    }
    covered = [name for name in ("(request-target)", "host", "date", "digest") if name != missing]
    request = Request("POST", URL, values, b"{}")
    signature = b64encode(key.sign(signatures.cavage_base(request, covered), PKCS1v15(), SHA256())).decode()
    header = f'keyId="{ANA_KEY}",algorithm="rsa-sha256",headers="{" ".join(covered)}",signature="{signature}"'
    signed = Request("POST", URL, {**values, "signature": header}, b"{}")
    if missing == "(request-target)":  # the digest will do in its place
        assert await signatures.verify(signed, find_ana, now=NOW) == ANA_KEY
        return
    with pytest.raises(BadSignature, match="to be signed"):
        await signatures.verify(signed, find_ana, now=NOW)


async def test_a_key_that_fails_is_fetched_anew_once() -> None:
    asked: list[bool] = []

    async def find(key_id: str, is_refresh: bool) -> RSAPublicKey | None:
        asked.append(is_refresh)
        return await find_ana(key_id, is_refresh) if is_refresh else public(RSA_PEM)

    assert await signatures.verify(signed_post(CAVAGE), find, now=NOW) == ANA_KEY
    assert asked == [False, True]
