"""draft-cavage-http-signatures-12: the vectors of its appendix C, and the parser."""

from base64 import b64decode
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from libline_fed.activitypub.keys import Algorithm, UnusableKey, is_signed_by, load_public, sign_bytes
from libline_fed.errors import Refusal
from libline_fed.federation import cavage
from libline_fed.federation.signed_requests import Claim, HeaderValues, SignedRequest

NOW = datetime(2014, 1, 5, 21, 31, 40, tzinfo=UTC)

# Appendix C. The key has 1,024 bits, so only the low-level functions take it.
PUBLIC_PEM = """\
-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C3
6rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6
Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJw
oYi+1hqp1fIekaxsyQIDAQAB
-----END PUBLIC KEY-----
"""
PRIVATE_PEM = b"""\
-----BEGIN RSA PRIVATE KEY-----
MIICXgIBAAKBgQDCFENGw33yGihy92pDjZQhl0C36rPJj+CvfSC8+q28hxA161QF
NUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6Z4UMR7EOcpfdUE9Hf3m/hs+F
UR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJwoYi+1hqp1fIekaxsyQIDAQAB
AoGBAJR8ZkCUvx5kzv+utdl7T5MnordT1TvoXXJGXK7ZZ+UuvMNUCdN2QPc4sBiA
QWvLw1cSKt5DsKZ8UETpYPy8pPYnnDEz2dDYiaew9+xEpubyeW2oH4Zx71wqBtOK
kqwrXa/pzdpiucRRjk6vE6YY7EBBs/g7uanVpGibOVAEsqH1AkEA7DkjVH28WDUg
f1nqvfn2Kj6CT7nIcE3jGJsZZ7zlZmBmHFDONMLUrXR/Zm3pR5m0tCmBqa5RK95u
412jt1dPIwJBANJT3v8pnkth48bQo/fKel6uEYyboRtA5/uHuHkZ6FQF7OUkGogc
mSJluOdc5t6hI1VsLn0QZEjQZMEOWr+wKSMCQQCC4kXJEsHAve77oP6HtG/IiEn7
kpyUXRNvFsDE0czpJJBvL/aRFUJxuRK91jhjC68sA7NsKMGg5OXb5I5Jj36xAkEA
gIT7aFOYBFwGgQAQkWNKLvySgKbAZRTeLBacpHMuQdl1DfdntvAyqpAZ0lY0RKmW
G6aFKaqQfOXKCyWoUiVknQJAXrlgySFci/2ueKlIE1QqIiLSZ8V8OlpFLRnb1pzI
7U1yQXnTAEFYM560yJlzUpOb1V4cScGd365tiSMvxLOvTA==
-----END RSA PRIVATE KEY-----
"""
REQUEST = SignedRequest(
    "POST",
    "/foo?param=value&pet=dog",
    [
        (b"host", b"example.com"),
        (b"date", b"Sun, 05 Jan 2014 21:31:40 GMT"),
        (b"content-type", b"application/json"),
        (b"digest", b"SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="),
        (b"content-length", b"18"),
    ],
    b'{"hello": "world"}',
)
C1_SIGNATURE = (
    "SjWJWbWN7i0wzBvtPl8rbASWz5xQW6mcJmn+ibttBqtifLN7Sazz6m79cNfwwb8DMJ5cou1s7uEGKKCs+FLEEaDV5lp7q25WqS+lavg7T8hc0G"
    "ppauB6hbgEKTwblDHYGEtbGmtdHgVCk9SuS13F0hZ8FD0k/5OxEPXe5WozsbM="
)
C2_SIGNATURE = (
    "qdx+H7PHHDZgy4y/Ahn9Tny9V3GP6YgBPyUXMmoxWtLbHpUnXS2mg2+SbrQDMCJypxBLSPQR2aAjn7ndmw2iicw3HMbe8VfEdKFYRqzic+efkb"
    "3nndiv/x1xSHDJWeSWkx3ButlYSuBskLu6kd9Fswtemr3lgdDEmn04swr2Os0="
)
C3_SIGNATURE = (
    "vSdrb+dS3EceC9bcwHSo4MlyKS59iFIrhgYkz8+oVLEEzmYZZvRs8rgOp+63LEM3v+MFHB32NfpB2bEKBIvB1q52LaEUHFv120V01IL+TAD48X"
    "aERZFukWgHoBTLMhYS2Gb51gWxpeIq8knRmPnYePbF5MOkR0Zkly4zKH7s1dE="
)


def base_of(covered: str, **parameters: str) -> bytes:
    base = cavage.signing_string(
        method=REQUEST.method,
        target=REQUEST.target,
        covered=covered.split(" "),
        headers=HeaderValues(REQUEST.headers),
        parameters=parameters,
    )
    assert isinstance(base, bytes)
    return base


@pytest.mark.parametrize(
    ("covered", "signature"),
    [
        ("date", C1_SIGNATURE),
        ("(request-target) host date", C2_SIGNATURE),
        # The draft's text lists (created) and (expires) as well, but its value never covered them.
        ("(request-target) host date content-type digest content-length", C3_SIGNATURE),
    ],
    ids=["C.1 default", "C.2 basic", "C.3 all headers"],
)
def test_the_vectors_of_appendix_c_verify_and_are_reproduced(covered: str, signature: str) -> None:
    public_key, private_key = (
        load_pem_public_key(PUBLIC_PEM.encode()),
        load_pem_private_key(PRIVATE_PEM, None),
    )
    base = base_of(covered)
    assert is_signed_by(public_key, Algorithm.RSA_SHA256, b64decode(signature), base)
    assert sign_bytes(private_key, base) == b64decode(signature)
    assert not is_signed_by(public_key, Algorithm.RSA_SHA256, b64decode(signature), base + b" ")


def test_the_key_of_appendix_c_is_too_short_for_use() -> None:
    with pytest.raises(UnusableKey):
        load_public(PUBLIC_PEM)


def test_the_string_of_c3_is_the_drafts() -> None:
    covered = "(request-target) (created) (expires) host date content-type digest content-length"
    assert base_of(covered, created="1402170695", expires="1402170699").decode() == (
        "(request-target): post /foo?param=value&pet=dog\n"
        "(created): 1402170695\n"
        "(expires): 1402170699\n"
        "host: example.com\n"
        "date: Sun, 05 Jan 2014 21:31:40 GMT\n"
        "content-type: application/json\n"
        "digest: SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=\n"
        "content-length: 18"
    )


def test_the_header_of_c3_becomes_a_claim() -> None:
    value = (
        'keyId="Test",algorithm="rsa-sha256",'
        'headers="(request-target) host date content-type digest content-length",'
        f'signature="{C3_SIGNATURE}"'
    )
    claim = cavage.read_claim(REQUEST, HeaderValues(REQUEST.headers), value, now=NOW)
    assert isinstance(claim, Claim)
    assert (claim.key_id, claim.algorithms) == ("Test", (Algorithm.RSA_SHA256,))
    with_query, without_query = claim.bases
    assert with_query.startswith(b"(request-target): post /foo?param=value&pet=dog\n")
    assert without_query.startswith(b"(request-target): post /foo\n")


def test_repeated_headers_are_joined_as_the_draft_says() -> None:
    headers = HeaderValues([(b"Cache-Control", b" max-age=60 "), (b"cache-control", b"must-revalidate\t")])
    base = cavage.signing_string(
        method="GET", target="/", covered=["cache-control"], headers=headers, parameters={}
    )
    assert base == b"cache-control: max-age=60, must-revalidate"


def test_an_empty_header_is_signed_as_empty() -> None:
    headers = HeaderValues([(b"zero", b"")])
    assert (
        cavage.signing_string(method="GET", target="/", covered=["zero"], headers=headers, parameters={})
        == b"zero: "
    )


def test_an_absent_header_cannot_be_signed() -> None:
    for name in ("absent", "(created)", "(expires)", "(other)"):
        base = cavage.signing_string(
            method="GET", target="/", covered=[name], headers=HeaderValues([]), parameters={}
        )
        assert isinstance(base, Refusal)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('keyId="a",signature="b"', {"keyId": "a", "signature": "b"}),
        ('keyId="a" , created=12,expires=13.5', {"keyId": "a", "created": "12", "expires": "13.5"}),
        ('keyId="a",keyId="a"', None),
        ('keyId="a",,signature="b"', None),
        ('keyId="a" signature="b"', None),
        ('keyId="a', None),
        ("keyId=a", None),
        ('keyId="a",created=1e5', None),
        ('keyId="a",created=-5', None),
        ("", None),
        ('keyId="' + "a" * 9000 + '"', None),
    ],
)
def test_parameters_are_read_strictly(value: str, expected: dict[str, str] | None) -> None:
    assert cavage.parse_parameters(value) == expected


@given(st.text(max_size=200))
def test_no_header_makes_parsing_fail(value: str) -> None:
    parameters = cavage.parse_parameters(value)
    assert parameters is None or parameters
    outcome = cavage.read_claim(REQUEST, HeaderValues(REQUEST.headers), value, now=NOW)
    assert isinstance(outcome, Refusal)
