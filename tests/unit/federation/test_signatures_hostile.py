"""Ambiguous requests, foreign algorithms, wrong keys and noise (security tests 7 to 11)."""

import hmac
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from libline_fed.errors import Refusal, RefusalReason
from libline_fed.federation.signatures import (
    RFC9421,
    SignedRequest,
    VerificationKey,
    VerifiedSender,
    key_id_of,
)
from tests.support.keys import (
    ANA_RSA,
    ANA_RSA_PUBLIC,
    BEN_RSA_PRIVATE,
    BEN_RSA_PUBLIC,
    KnownKeys,
)
from tests.support.signing import (
    ANA,
    ANA_KEY,
    FULLY_SIGNED,
    NOW,
    SCHEMES,
    assert_refused,
    hand_signed,
    header,
    known_keys,
    message_signed,
    rsa_with,
    signed,
    verify,
    with_header,
)


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
    request = FULLY_SIGNED[scheme]
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
