"""RFC 9421: the vectors of its appendix B.2 and §4.3, the parser, and another implementation as oracle."""

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import http_message_signatures as oracle
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from libline_fed.activitypub.keys import Algorithm, is_signed_by, load_public, sign_bytes
from libline_fed.errors import Refusal
from libline_fed.federation import message_signatures
from libline_fed.federation.digests import check_content_digest, check_digest, content_digest_of, digest_of
from libline_fed.federation.message_signatures import parse_inputs, parse_signatures, signature_base
from libline_fed.federation.signatures import (
    RFC9421,
    SignedRequest,
    VerificationKey,
    VerifiedSender,
    Verifier,
    sign,
)
from libline_fed.federation.signed_requests import HeaderValues, Origin
from tests.support.keys import (
    ANA_ED25519_PRIVATE,
    ANA_ED25519_PUBLIC,
    ANA_RSA_PRIVATE,
    ANA_RSA_PUBLIC,
    KnownKeys,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BODY = b'{"hello": "world"}'

# RFC 9421 §B.1
RSA_PSS_PEM = """\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2
+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+
oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq
gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W
Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4
aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI
2wIDAQAB
-----END PUBLIC KEY-----
"""
RSA_PEM = """\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAhAKYdtoeoy8zcAcR874L
8cnZxKzAGwd7v36APp7Pv6Q2jdsPBRrwWEBnez6d0UDKDwGbc6nxfEXAy5mbhgaj
zrw3MOEt8uA5txSKobBpKDeBLOsdJKFqMGmXCQvEG7YemcxDTRPxAleIAgYYRjTS
d/QBwVW9OwNFhekro3RtlinV0a75jfZgkne/YiktSvLG34lw2zqXBDTC5NHROUqG
TlML4PlNZS5Ri2U4aCNx2rUPRcKIlE0PuKxI4T+HIaFpv8+rdV6eUgOrB2xeI1dS
FFn/nnv5OoZJEIB+VmuKn3DCUcCZSFlQPSXSfBDiUGhwOw76WuSSsf1D4b/vLoJ1
0wIDAQAB
-----END PUBLIC KEY-----
"""
ED25519_PEM = """\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----
"""
ED25519_PRIVATE_PEM = b"""\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
"""
SHA512_DIGEST = (
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"
)
# §B.2, the test request, and §4.3, the same behind a proxy.
HEADERS = [
    (b"host", b"example.com"),
    (b"date", b"Tue, 20 Apr 2021 02:07:55 GMT"),
    (b"content-type", b"application/json"),
    (b"content-digest", SHA512_DIGEST.encode()),
    (b"content-length", b"18"),
]
PROXIED_HEADERS = [
    (b"host", b"origin.host.internal.example"),
    (b"date", b"Tue, 20 Apr 2021 02:07:56 GMT"),
    (b"content-type", b"application/json"),
    (b"content-length", b"18"),
    (b"content-digest", SHA512_DIGEST.encode()),
    (b"forwarded", b"for=192.0.2.123;host=example.com;proto=https"),
]
B21_INPUT = 'sig-b21=();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"'
B21_SIGNATURE = (
    "d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG"
    "52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVro"
    "gUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ"
    "98Xw9Q=="
)
B22_INPUT = (
    'sig-b22=("@authority" "content-digest" "@query-param";name="Pet")'
    ';created=1618884473;keyid="test-key-rsa-pss";tag="header-example"'
)
B22_SIGNATURE = (
    "LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT"
    "8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBS"
    "pqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTu"
    "gEjHSw=="
)
B23_INPUT = (
    'sig-b23=("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" '
    '"content-length")'
    ';created=1618884473;keyid="test-key-rsa-pss"'
)
B23_SIGNATURE = (
    "bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fU"
    "xN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA"
    "1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKE"
    "gM4cUA=="
)
B26_INPUT = (
    'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
    ';created=1618884473;keyid="test-key-ed25519"'
)
B26_SIGNATURE = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
PROXY_INPUT = (
    'proxy_sig=("@method" "@authority" "@path" "content-digest" "content-type" "content-length" "forwarded")'
    ';created=1618884480;keyid="test-key-rsa";alg="rsa-v1_5-sha256";expires=1618884540'
)
PROXY_SIGNATURE = (
    "S6ZzPXSdAMOPjN/6KXfXWNO/f7V6cHm7BXYUh3YD/fRad4BCaRZxP+JH+8XY1I6+8Cy+CM5g92iHgxtRPz+MjniOaYmdkDcnL9cCpXJleXsOckpU"
    "Rl49GwiyUpZ10KHgOEe11sx3G2gxI8S0jnxQB+Pu68U9vVcasqOWAEObtNKKZd8tSFu7LB5YAv0RAGhB8tmpv7sFnIm9y+7X5kXQfi8NMaZaA8i2"
    "ZHwpBdg7a6CMfwnnrtflzvZdXAsD3LH2TwevU+/PBPv0B6NMNk93wUs/vfJvye+YuI87HU38lZHowtznbLVdp770I6VHR6WfgS9ddzirrswsE1w5"
    "o0LV/g=="
)


def base_of(
    input_header: str, *, headers: list[tuple[bytes, bytes]] = HEADERS, authority: str = "example.com"
) -> bytes:
    inputs = parse_inputs(input_header)
    assert inputs is not None
    (signature_input,) = inputs.values()
    base = signature_base(
        signature_input,
        method="POST",
        target="/foo?param=Value&Pet=dog",
        origin=Origin("https", authority),
        headers=HeaderValues(headers),
    )
    assert isinstance(base, bytes)
    return base


@pytest.mark.parametrize(
    ("header", "signature", "pem", "algorithm"),
    [
        (B21_INPUT, B21_SIGNATURE, RSA_PSS_PEM, Algorithm.RSA_PSS_SHA512),
        (B22_INPUT, B22_SIGNATURE, RSA_PSS_PEM, Algorithm.RSA_PSS_SHA512),
        (B23_INPUT, B23_SIGNATURE, RSA_PSS_PEM, Algorithm.RSA_PSS_SHA512),
        (B26_INPUT, B26_SIGNATURE, ED25519_PEM, Algorithm.ED25519),
    ],
    ids=["B.2.1", "B.2.2", "B.2.3", "B.2.6"],
)
def test_the_vectors_of_appendix_b2_verify(
    header: str, signature: str, pem: str, algorithm: Algorithm
) -> None:
    base = base_of(header)
    assert is_signed_by(load_public(pem), algorithm, b64decode(signature), base)
    assert not is_signed_by(load_public(pem), algorithm, b64decode(signature), base + b" ")


def test_the_deterministic_vector_b26_is_reproduced() -> None:
    private_key = load_pem_private_key(ED25519_PRIVATE_PEM, None)
    assert isinstance(private_key, Ed25519PrivateKey)
    assert sign_bytes(private_key, base_of(B26_INPUT)) == b64decode(B26_SIGNATURE)


def test_the_base_of_b26_is_the_rfcs() -> None:
    assert base_of(B26_INPUT).decode() == (
        '"date": Tue, 20 Apr 2021 02:07:55 GMT\n'
        '"@method": POST\n'
        '"@path": /foo\n'
        '"@authority": example.com\n'
        '"content-type": application/json\n'
        '"content-length": 18\n'
        '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"'
    )


def test_the_rsa_v1_5_vector_of_section_4_3_verifies() -> None:
    base = base_of(PROXY_INPUT, headers=PROXIED_HEADERS, authority="origin.host.internal.example")
    assert is_signed_by(load_public(RSA_PEM), Algorithm.RSA_SHA256, b64decode(PROXY_SIGNATURE), base)
    assert not is_signed_by(load_public(RSA_PEM), Algorithm.RSA_SHA256, b64decode(PROXY_SIGNATURE), base[1:])


def test_both_signatures_of_section_4_3_are_read_from_one_header() -> None:
    first = (
        'sig1=("@method" "@authority" "@path" "content-digest" "content-type" "content-length")'
        ';created=1618884475;keyid="test-key-ecc-p256"'
    )
    inputs = parse_inputs(f"{first}, {PROXY_INPUT}")
    assert inputs is not None
    assert [f"{label}={value}" for label, value in inputs.items()] == [first, PROXY_INPUT]
    signatures = parse_signatures(f"sig1=:AAAA:, proxy_sig=:{PROXY_SIGNATURE}:")
    assert signatures == {"sig1": b"\0\0\0", "proxy_sig": b64decode(PROXY_SIGNATURE)}


@pytest.mark.parametrize(
    ("component", "value"),
    [  # §2.2, the examples of each derived component
        ('"@method"', "POST"),
        ('"@target-uri"', "https://www.example.com/path?param=value"),
        ('"@authority"', "www.example.com"),
        ('"@scheme"', "https"),
        ('"@request-target"', "/path?param=value"),
        ('"@path"', "/path"),
        ('"@query"', "?param=value"),
        ('"@query-param";name="param"', "value"),
    ],
)
def test_derived_components_have_the_values_of_section_2_2(component: str, value: str) -> None:
    inputs = parse_inputs(f"a=({component})")
    assert inputs is not None
    base = signature_base(
        inputs["a"],
        method="POST",
        target="/path?param=value",
        origin=Origin("https", "www.example.com"),
        headers=HeaderValues([]),
    )
    assert base == f'{component}: {value}\n"@signature-params": ({component})'.encode()


@pytest.mark.parametrize(
    ("target", "name", "value"),
    [  # §2.2.8
        ("/path?param=value&foo=bar&baz=batman&qux=", "baz", "batman"),
        ("/path?param=value&foo=bar&baz=batman&qux=", "qux", ""),
        (
            "/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace",
            "var",
            "this%20is%20a%20big%0Amultiline%20value",
        ),
        (
            "/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace",
            "bar",
            "with%20plus%20whitespace",
        ),
        ("/parameters?fa%C3%A7ade%22%3A%20=something", "fa%C3%A7ade%22%3A%20", "something"),
    ],
)
def test_query_parameters_have_the_values_of_section_2_2_8(target: str, name: str, value: str) -> None:
    inputs = parse_inputs(f'a=("@query-param";name="{name}")')
    assert inputs is not None
    base = signature_base(
        inputs["a"],
        method="GET",
        target=target,
        origin=Origin("https", "example.com"),
        headers=HeaderValues([]),
    )
    assert isinstance(base, bytes)
    assert base.decode().split("\n")[0] == f'"@query-param";name="{name}": {value}'


@pytest.mark.parametrize(
    "covered",
    [
        '"absent"',
        '"@status"',
        '"@unknown"',
        '"date";sf',
        '"date";bs',
        '"date";req',
        '"date";tr',
        '"date";key="a"',
        '"@query-param"',
        '"@query-param";name="absent"',
        '"@query-param";name="twice"',
        '"@method";req',
    ],
)
def test_what_is_absent_ambiguous_or_not_supported_has_no_base(covered: str) -> None:
    inputs = parse_inputs(f"a=({covered})")
    assert inputs is not None
    base = signature_base(
        inputs["a"],
        method="POST",
        target="/?twice=1&twice=2",
        origin=Origin("https", "example.com"),
        headers=HeaderValues(HEADERS),
    )
    assert isinstance(base, Refusal)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('a=("date")', 'a=("date")'),
        ('a=(  "date"   "@method" );created=1', 'a=("date" "@method");created=1'),
        ('a=("date"); created=1;  keyid="x"', 'a=("date");created=1;keyid="x"'),
        (
            'a=();n="q\\"\\\\";t=tok/en*;b=?1;d=1.5;y=:AAAA:;f',
            'a=();n="q\\"\\\\";t=tok/en*;b=?1;d=1.5;y=:AAAA:;f',
        ),
    ],
)
def test_inputs_are_spelled_as_structured_fields_are(value: str, expected: str) -> None:
    inputs = parse_inputs(value)
    assert inputs is not None
    assert [f"{label}={text}" for label, text in inputs.items()] == [expected]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a",
        "a=",
        "a=1",
        'a="date"',
        'a=("date"',
        'a=("date"))',
        'a=("date""@method")',
        "a=(date)",
        'a=("Date")',
        'a=("date" "date")',
        'a=("date");created=1;created=1',
        'a=("date"), a=("date")',
        'a=("date"),',
        'a=("date") b=("date")',
        'A=("date")',
        'a=("date");created=',
        'a=("date");keyid="x',
        'a=("da te")',
        "a=(" + " ".join(f'"h{n}"' for n in range(33)) + ")",
        ", ".join(f'l{n}=("date")' for n in range(9)),
        'a=("date");x="' + "y" * 9000 + '"',
    ],
)
def test_malformed_or_ambiguous_inputs_are_not_read(value: str) -> None:
    assert parse_inputs(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "",
        "a",
        "a=",
        "a=:AAAA",
        "a=:A:",
        "a=::",
        "a=:AAAA:;b",
        "a=:AAAA:,",
        "a=:AAAA:, a=:AAAA:",
        "a=:AA=A:",
        "A=:AAAA:",
    ],
)
def test_malformed_or_ambiguous_signatures_are_not_read(value: str) -> None:
    assert parse_signatures(value) is None


@given(st.text(max_size=100) | st.text(alphabet='a=()":;@ ,created1\\', max_size=60))
def test_no_header_makes_parsing_fail(value: str) -> None:
    inputs = parse_inputs(value)
    if inputs is not None:
        again = parse_inputs(", ".join(f"{label}={text}" for label, text in inputs.items()))
        assert again == inputs
    assert parse_signatures(value) is None or value


def test_the_content_digests_of_rfc_9530_are_made_and_checked() -> None:
    line = BODY + b"\n"
    # Appendix B.1, and the sha-512 of the same content in §2.
    assert content_digest_of(line) == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    assert check_content_digest(content_digest_of(line), line) is None
    sha512 = (
        "sha-512=:YMAam51Jz/jOATT6/zvHrLVgOYTGFy1d6GJiOHTohq4yP+pgk4vf2aCsyRZOtw8MjkM7iw7yZ/WkppmM44T3qg==:"
    )
    assert check_content_digest(sha512, line) is None
    assert check_content_digest(f"{content_digest_of(line)}, {sha512}", line) is None
    assert check_content_digest(SHA512_DIGEST, BODY) is None  # RFC 9421 §B.2
    assert check_content_digest("sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:", b"") is None  # B.2


def test_a_digest_beside_a_wrong_one_is_refused() -> None:
    wrong = content_digest_of(b"other").replace("256", "512")
    assert check_content_digest(f"{content_digest_of(BODY)}, {wrong}", BODY) is not None
    assert check_digest(f"{digest_of(BODY)},SHA-512=AAAA", BODY) is not None


class Keys(oracle.HTTPSignatureKeyResolver):  # type: ignore[misc]
    def resolve_public_key(self, key_id: str) -> object:
        return ANA_RSA_PUBLIC if key_id.endswith("#main-key") else ANA_ED25519_PUBLIC

    def resolve_private_key(self, key_id: str) -> object:
        return ANA_RSA_PRIVATE if key_id.endswith("#main-key") else ANA_ED25519_PRIVATE


ORACLES = {
    "https://a.example/actors/ana#main-key": (
        ANA_RSA_PRIVATE,
        ANA_RSA_PUBLIC,
        oracle.algorithms.RSA_V1_5_SHA256,
    ),
    "https://a.example/actors/ana#ed25519-key": (
        ANA_ED25519_PRIVATE,
        ANA_ED25519_PUBLIC,
        oracle.algorithms.ED25519,
    ),
}
targets = st.from_regex(r"/[a-z0-9/._~-]{0,20}(\?[a-z0-9=&%2F]{0,20})?", fullmatch=True).filter(
    lambda target: "%" not in target
)


@pytest.mark.parametrize("key_id", list(ORACLES))
@settings(max_examples=30, deadline=None)
@given(target=targets, body=st.none() | st.binary(min_size=1, max_size=50))
def test_what_we_sign_another_implementation_verifies(key_id: str, target: str, body: bytes | None) -> None:
    private_key, _, algorithm = ORACLES[key_id]
    now = datetime.now(UTC)  # the oracle reads the clock itself
    method = "GET" if body is None else "POST"
    url = f"https://b.example{target}"
    headers = sign(method, url, key_id=key_id, private_key=private_key, now=now, body=body, scheme=RFC9421)
    message = SimpleNamespace(method=method, url=url, headers=headers)
    verifier = oracle.HTTPMessageVerifier(signature_algorithm=algorithm, key_resolver=Keys())
    (result,) = verifier.verify(message, max_age=timedelta(minutes=5))
    assert result.parameters["keyid"] == key_id


@pytest.mark.parametrize("key_id", list(ORACLES))
@settings(max_examples=30, deadline=None)
@given(
    target=targets,
    body=st.none() | st.binary(min_size=1, max_size=50),
    more=st.lists(
        st.sampled_from(["@authority", "@path", "@scheme", "@request-target", "date", "host"]), unique=True
    ),
    include_alg=st.booleans(),
)
async def test_what_another_implementation_signs_we_verify(
    key_id: str, target: str, body: bytes | None, more: list[str], include_alg: bool
) -> None:
    _, public_key, algorithm = ORACLES[key_id]
    headers = {"Host": "b.example", "Date": "Tue, 24 Nov 2026 09:00:00 GMT"}
    covered = ["@method", "@target-uri", *more]
    if body is not None:
        headers["Content-Digest"] = content_digest_of(body)
        covered.append("content-digest")
    method = "GET" if body is None else "POST"
    message = SimpleNamespace(method=method, url=f"https://b.example{target}", headers=headers)
    oracle.HTTPMessageSigner(signature_algorithm=algorithm, key_resolver=Keys()).sign(
        message,
        key_id=key_id,
        covered_component_ids=covered,
        created=NOW,
        include_alg=include_alg,
        use_existing_digest=body is not None,
    )
    request = SignedRequest(
        method,
        target,
        [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        body or b"",
    )
    owner = "https://a.example/actors/ana"
    verifier = Verifier(KnownKeys(VerificationKey(key_id, owner, public_key)), "https://b.example")
    sender = await verifier.verify(request, now=NOW)
    assert isinstance(sender, VerifiedSender), sender
    assert (sender.actor_uri, sender.scheme) == (owner, message_signatures.SCHEME)
