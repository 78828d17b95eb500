"""Integrity proofs: the public vectors, and that nothing signed can be changed."""

import copy
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from libline_fed.activitypub import keys, proofs
from libline_fed.activitypub.proofs import add_proof, proof_key_id, verify_proof
from tests.support.keys import ANA_ED25519_PRIVATE, ANA_ED25519_PUBLIC, ANA_RSA_PUBLIC, BEN_ED25519_PUBLIC

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
KEY_ID = "https://a.example/actors/ana#ed25519-key"

# The key of FEP-8b32 and of W3C vc-di-eddsa, appendix B: multicodec ed25519-priv before 32 bytes.
VECTOR_SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
VECTOR_PUBLIC = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
VECTOR_CREATED = datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)
FEP_8B32_CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"]
FEP_8B32_DOCUMENT = {
    "@context": FEP_8B32_CONTEXT,
    "id": "https://server.example/activities/1",
    "type": "Create",
    "actor": "https://server.example/users/alice",
    "object": {
        "id": "https://server.example/objects/1",
        "type": "Note",
        "attributedTo": "https://server.example/users/alice",
        "content": "Hello world",
        "location": {"type": "Place", "longitude": -71.184902, "latitude": 25.273962},
    },
}
FEP_8B32_PROOF = {
    "@context": FEP_8B32_CONTEXT,
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-jcs-2022",
    "verificationMethod": "https://server.example/users/alice#ed25519-key",
    "proofPurpose": "assertionMethod",
    "proofValue": "z42ffGu6AUKPCFcFPiabmUvnGLPJzC7e4DGWC52NUasSSH37UMa9c58tdgVszUcZfytxa4fQ5TYHaJENCxUDe9SdL",
    "created": "2023-02-24T23:36:38Z",
}
W3C_CONTEXT = ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"]
W3C_DOCUMENT = {
    "@context": W3C_CONTEXT,
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
    "proof": {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2023-02-24T23:36:38Z",
        "verificationMethod": f"did:key:{VECTOR_PUBLIC}#{VECTOR_PUBLIC}",
        "proofPurpose": "assertionMethod",
        "@context": W3C_CONTEXT,
        "proofValue": (
            "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"
        ),
    },
}


def vector_key() -> Ed25519PrivateKey:
    raw = keys.decode_base58(VECTOR_SECRET, max_characters=100)
    assert raw is not None
    assert raw[:2] == b"\x80\x26"
    return Ed25519PrivateKey.from_private_bytes(raw[2:])


def signed(document: dict[str, Any]) -> dict[str, Any]:
    assert isinstance(ANA_ED25519_PRIVATE, Ed25519PrivateKey)
    return add_proof(document, private_key=ANA_ED25519_PRIVATE, key_id=KEY_ID, created=NOW)


def test_the_vector_of_fep_8b32_is_reproduced_bit_for_bit() -> None:
    made = add_proof(
        FEP_8B32_DOCUMENT,
        private_key=vector_key(),
        key_id="https://server.example/users/alice#ed25519-key",
        created=VECTOR_CREATED,
    )
    assert made == {**FEP_8B32_DOCUMENT, "proof": FEP_8B32_PROOF}


def test_the_vector_of_fep_8b32_verifies() -> None:
    document = {**FEP_8B32_DOCUMENT, "proof": FEP_8B32_PROOF}
    assert proof_key_id(document) == "https://server.example/users/alice#ed25519-key"
    assert verify_proof(document, keys.public_of_multibase(VECTOR_PUBLIC), now=NOW)


def test_the_vector_of_vc_di_eddsa_verifies() -> None:
    assert verify_proof(W3C_DOCUMENT, keys.public_of_multibase(VECTOR_PUBLIC), now=NOW)


def test_numbers_and_names_are_canonical_as_in_rfc_8785() -> None:
    # RFC 8785 §3.2.2 and §3.2.3: the sample with its expected form.
    document = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001, -0.0, 56.0],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    expected = (
        '{"\\r":"Carriage Return","1":"One","literals":[null,true,false],'
        '"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27,0,56],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/",'
        '"\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign",'
        '"😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}'
    ).encode()
    options = (
        '{"created":"2026-11-24T09:00:00Z","cryptosuite":"eddsa-jcs-2022","proofPurpose":"assertionMethod",'
        f'"type":"DataIntegrityProof","verificationMethod":"{KEY_ID}"}}'
    ).encode()
    signature = keys.sign_bytes(ANA_ED25519_PRIVATE, sha256(options).digest() + sha256(expected).digest())
    assert signed(document)["proof"]["proofValue"] == keys.encode_base58(signature)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, inner in enumerate(value) for leaf in leaves(inner, (*path, index))]
    return [path]


@given(st.data())
def test_any_changed_value_breaks_the_proof(data: st.DataObject) -> None:
    document = copy.deepcopy(signed(FEP_8B32_DOCUMENT))
    path = data.draw(st.sampled_from(leaves(document)))
    inner: Any = document
    for step in path[:-1]:
        inner = inner[step]
    old = inner[path[-1]]
    inner[path[-1]] = data.draw(
        st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=5)).filter(
            lambda new: new != old
        )
    )
    if path == ("proof", "created") and inner[path[-1]] is None:
        del inner[path[-1]]
    assert not verify_proof(document, ANA_ED25519_PUBLIC, now=NOW)


@given(st.sampled_from(["", "object", "proof"]), st.text(max_size=8), st.integers())
def test_any_added_member_breaks_the_proof(where: str, name: str, value: int) -> None:
    document = copy.deepcopy(signed(FEP_8B32_DOCUMENT))
    inner = document[where] if where else document
    if name in inner or (not where and name == "signature"):
        return
    inner[name] = value
    assert not verify_proof(document, ANA_ED25519_PUBLIC, now=NOW)


def test_a_linked_data_signature_beside_the_proof_is_not_signed() -> None:
    document = signed(FEP_8B32_DOCUMENT) | {"signature": {"type": "RsaSignature2017"}}
    assert verify_proof(document, ANA_ED25519_PUBLIC, now=NOW)


def test_another_key_does_not_verify() -> None:
    document = signed(FEP_8B32_DOCUMENT)
    assert verify_proof(document, ANA_ED25519_PUBLIC, now=NOW)
    assert not verify_proof(document, BEN_ED25519_PUBLIC, now=NOW)
    assert not verify_proof(document, ANA_RSA_PUBLIC, now=NOW)


def test_a_further_context_after_signing_breaks_the_proof() -> None:
    document = signed(FEP_8B32_DOCUMENT)
    document["@context"] = [*FEP_8B32_CONTEXT, "https://evil.example/context"]
    assert not verify_proof(document, ANA_ED25519_PUBLIC, now=NOW)


def test_a_proof_from_the_future_or_past_its_end_is_refused() -> None:
    document = signed(FEP_8B32_DOCUMENT)
    assert verify_proof(document, ANA_ED25519_PUBLIC, now=NOW - timedelta(minutes=59))
    assert not verify_proof(document, ANA_ED25519_PUBLIC, now=NOW - timedelta(minutes=61))
    ends = resigned({**document["proof"], "expires": "2026-11-24T10:00:00Z"})
    assert verify_proof(ends, ANA_ED25519_PUBLIC, now=NOW + timedelta(minutes=59))
    assert not verify_proof(ends, ANA_ED25519_PUBLIC, now=NOW + timedelta(minutes=60))
    for odd in ("tomorrow", "2026-11-24T10:00:00", 5, ["2027-01-01T00:00:00Z"], "9" * 50):
        assert not verify_proof(resigned({**document["proof"], "expires": odd}), ANA_ED25519_PUBLIC, now=NOW)


def resigned(options: dict[str, Any]) -> dict[str, Any]:
    options = {name: value for name, value in options.items() if name != "proofValue"}
    message = proofs._signed_bytes(FEP_8B32_DOCUMENT, options)
    value = keys.encode_base58(keys.sign_bytes(ANA_ED25519_PRIVATE, message))
    return {**FEP_8B32_DOCUMENT, "proof": {**options, "proofValue": value}}


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Ed25519Signature2020"},
        {"cryptosuite": "eddsa-rdfc-2022"},
        {"proofPurpose": "authentication"},
        {"verificationMethod": None},
        {"verificationMethod": "https://a.example/" + "x" * 3000},
    ],
)
def test_other_kinds_of_proof_are_ignored_even_when_well_signed(change: dict[str, Any]) -> None:
    document = resigned({**signed(FEP_8B32_DOCUMENT)["proof"], **change})
    assert proof_key_id(document) is None
    assert not verify_proof(document, ANA_ED25519_PUBLIC, now=NOW)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_no_proof_makes_checking_fail_otherwise(proof: Any) -> None:
    assert proof_key_id({"proof": proof}) is None
    assert not verify_proof({"proof": proof}, ANA_ED25519_PUBLIC, now=NOW)


def test_documents_without_a_canonical_form_do_not_verify() -> None:
    nested: dict[str, Any] = {}
    for _ in range(5000):
        nested = {"a": nested}
    for odd in (2**60, float("nan"), float("inf"), "\ud800", nested, object()):
        document = signed(FEP_8B32_DOCUMENT) | {"odd": odd}
        assert not verify_proof(document, ANA_ED25519_PUBLIC, now=NOW)


@pytest.mark.parametrize(
    "value", ["", "z", "u123", "z" + "2" * 90, "z" + "1" * 64, "zzz0", "z" + "2" * 10_000]
)
def test_proof_values_that_are_no_signature_do_not_verify(value: str) -> None:
    document = signed(FEP_8B32_DOCUMENT)
    document["proof"] = {**document["proof"], "proofValue": value}
    assert not verify_proof(document, ANA_ED25519_PUBLIC, now=NOW)
