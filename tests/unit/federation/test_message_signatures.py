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
from tests.support.rfc9421 import (
    B21_INPUT,
    B21_SIGNATURE,
    B22_INPUT,
    B22_SIGNATURE,
    B23_INPUT,
    B23_SIGNATURE,
    B26_INPUT,
    B26_SIGNATURE,
    BODY,
    ED25519_PEM,
    ED25519_PRIVATE_PEM,
    HEADERS,
    PROXIED_HEADERS,
    PROXY_INPUT,
    PROXY_SIGNATURE,
    RSA_PEM,
    RSA_PSS_PEM,
    SHA512_DIGEST,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


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
