"""Keys: what is accepted, what is refused, and how public halves are spelled."""

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
)
from hypothesis import given
from hypothesis import strategies as st

from libline_fed.activitypub import keys
from libline_fed.activitypub.keys import (
    Algorithm,
    UnusableKey,
    is_signed_by,
    load_private,
    load_public,
    sign_bytes,
)
from tests.support.keys import (
    ANA_ED25519,
    ANA_ED25519_PRIVATE,
    ANA_ED25519_PUBLIC,
    ANA_RSA,
    ANA_RSA_PRIVATE,
    ANA_RSA_PUBLIC,
    BEN_RSA_PUBLIC,
)

# FEP-521a, fep-521a.feature.
FEP_ED25519_HEX = "2e6fcce36701dc791488e0d0b1745cc1e33a4c1c9fcc41c63bd343dbbe0970e6"
FEP_ED25519_MULTIBASE = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
FEP_RSA_HEX = (
    "3082010a0282010100b1b5fcd8d4d5e88ca5c4287b31f578865caf6a78826a3b8ff7b1b23aa4af4e6a0474139f945bd9d3a911ffd0"
    "fa72db78e4593a86c91f9da836186ebd3402d51f6a3844247ab5088b46929c311b43604fed84499f06f0f39bf55590e2187f1bbe22"
    "9ba8f49fd2e570cd0e3733c76bfede80e1e7e0881e4538ea1bc5782be9512f8bf132526e05f4923564fe6e1e21bf7087adebb660fa"
    "533fca06d0a8e66991e1312d70b64a61da8ca77c028cdf939601e2cffe2855759b1d479f0847bcac59d7d62427a431d4e3dfd26974"
    "28b9dd6309a7b1167db99fe01af1ff1b739566fb949e47089d1dae84aef1214ef7f5773e86a0d3e9da246f9bec09d60c705891183d"
    "0203010001"
)
FEP_RSA_MULTIBASE = (
    "z4MXj1wBzi9jUstyPMS4jQqB6KdJaiatPkAtVtGc6bQEQEEsKTic4G7Rou3iBf9vPmT5dbkm9qsZsuVNjq8HCuW1w24nhBFGkRE4cd2Uf2"
    "tfrB3N7h4mnyPp1BF3ZttHTYv3DLUPi1zMdkULiow3M1GfXkoC6DoxDUm1jmN6GBj22SjVsr6dxezRVQc7aj9TxE7JLbMH1wh5X3kA58H3"
    "DFW8rnYMakFGbca5CB2Jf6CnGQZmL7o5uJAdTwXfy2iiiyPxXEGerMhHwhjTA1mKYobyk2CpeEcmvynADfNZ5MBvcCS7m3XkFCMNUYBS9N"
    "Q3fze6vMSUPsNa6GVYmKx2x6JrdEjCk3qRMMmyjnjCMfR4pXbRMZa3i"
)


def spki(public_key: object) -> str:
    return public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()  # type: ignore[attr-defined]


def rsa_pem(n: int, e: int) -> str:
    return spki(rsa.RSAPublicNumbers(e=e, n=n).public_key())


def test_the_ed25519_vector_of_fep_521a_is_spelled_and_read() -> None:
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(FEP_ED25519_HEX))
    assert keys.multibase_of(key) == FEP_ED25519_MULTIBASE
    assert keys.public_of_multibase(FEP_ED25519_MULTIBASE) == key


def test_the_rsa_vector_of_fep_521a_is_spelled_and_read() -> None:
    key = load_der_public_key(bytes.fromhex(FEP_RSA_HEX))
    assert isinstance(key, rsa.RSAPublicKey)
    assert keys.multibase_of(key) == FEP_RSA_MULTIBASE
    assert keys.public_of_multibase(FEP_RSA_MULTIBASE) == key


@pytest.mark.parametrize("generate", [keys.generate_rsa, keys.generate_ed25519])
def test_a_generated_pair_fits_together(generate: object) -> None:
    pair = generate()  # type: ignore[operator]
    private_key, public_key = load_private(pair.private_pem), load_public(pair.public_pem)
    assert private_key.public_key() == public_key
    assert keys.pem_of(public_key) == pair.public_pem
    signature = sign_bytes(private_key, b"text")
    assert is_signed_by(public_key, keys.algorithm_of(private_key), signature, b"text")
    assert not is_signed_by(public_key, keys.algorithm_of(private_key), signature, b"other text")


def test_generated_rsa_keys_have_2048_bits() -> None:
    key = load_public(keys.generate_rsa().public_pem)
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2048


def test_a_pair_does_not_show_its_private_half() -> None:
    assert "PRIVATE" not in repr(ANA_RSA)
    assert "PUBLIC" in repr(ANA_RSA)


def test_a_pkcs1_public_key_is_read_too() -> None:
    pem = ANA_RSA_PUBLIC.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
    assert pem.startswith("-----BEGIN RSA PUBLIC KEY")
    assert load_public(pem) == ANA_RSA_PUBLIC


def test_rsa_keys_outside_2048_to_8192_bits_are_refused() -> None:
    assert isinstance(ANA_RSA_PUBLIC, rsa.RSAPublicKey)
    for bits in (1024, 2047, 8193, 16384):
        with pytest.raises(UnusableKey):
            load_public(rsa_pem((1 << (bits - 1)) + 1, 65537))
    for bits in (2048, 4096, 8192):
        assert load_public(rsa_pem((1 << (bits - 1)) + 1, 65537))


@pytest.mark.parametrize("exponent", [3, 2**32 + 1, 2**64 + 1])
def test_unsafe_rsa_exponents_are_refused(exponent: int) -> None:
    assert isinstance(ANA_RSA_PUBLIC, rsa.RSAPublicKey)
    with pytest.raises(UnusableKey):
        load_public(rsa_pem(ANA_RSA_PUBLIC.public_numbers().n, exponent))


def test_an_even_rsa_exponent_is_refused() -> None:
    # The library refuses to build one, so the last byte of a good key's DER, its exponent, is made even.
    der = bytearray(ANA_RSA_PUBLIC.public_bytes(Encoding.DER, PublicFormat.PKCS1))
    assert der[-3:] == b"\x01\x00\x01"
    der[-1] = 2
    with pytest.raises(UnusableKey):
        keys.public_of_multibase(keys.encode_base58(b"\x85\x24" + bytes(der)))


def test_keys_of_other_kinds_are_refused() -> None:
    others = [
        ec.generate_private_key(ec.SECP256R1()).public_key(),
        dsa.generate_private_key(2048).public_key(),
        X25519PrivateKey.generate().public_key(),
    ]
    for key in others:
        with pytest.raises(UnusableKey):
            load_public(spki(key))


def test_a_private_key_where_a_public_one_belongs_is_refused() -> None:
    assert isinstance(ANA_RSA_PRIVATE, rsa.RSAPrivateKey)
    old_form = ANA_RSA_PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    for pem in (ANA_RSA.private_pem.decode(), ANA_ED25519.private_pem.decode(), old_form.decode()):
        with pytest.raises(UnusableKey):
            load_public(pem)


@pytest.mark.parametrize(
    "pem",
    [
        "",
        "no key",
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ANA_RSA.public_pem + ANA_RSA.public_pem,
        ANA_RSA.public_pem + " " * 100_000,
        ANA_RSA.public_pem.replace("-----END", "\ud800-----END"),
        ANA_RSA.public_pem[:-60],
    ],
)
def test_text_that_is_not_exactly_one_key_is_refused(pem: str) -> None:
    with pytest.raises(UnusableKey):
        load_public(pem)


@pytest.mark.parametrize(
    "raw",
    [
        "00" * 32,
        "01" + "00" * 31,
        "01" + "00" * 30 + "80",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ec" + "ff" * 30 + "7f",
        "ee" + "ff" * 31,
    ],
)
def test_ed25519_keys_of_small_order_are_refused(raw: str) -> None:
    with pytest.raises(UnusableKey):
        keys.public_of_multibase(keys.encode_base58(b"\xed\x01" + bytes.fromhex(raw)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "z",
        "m" + FEP_ED25519_MULTIBASE[1:],
        "z0OIl",
        "z6Mk",
        FEP_ED25519_MULTIBASE + "1",
        "z" + "2" * 100_000,
    ],
)
def test_multibase_that_holds_no_key_is_refused(text: str) -> None:
    with pytest.raises(UnusableKey):
        keys.public_of_multibase(text)


@given(st.binary(max_size=100))
def test_base58_is_read_back_as_it_was(data: bytes) -> None:
    assert keys.decode_base58(keys.encode_base58(data), max_characters=200) == data


@given(st.text(max_size=60))
def test_no_text_makes_reading_a_key_fail_otherwise(text: str) -> None:
    for read in (load_public, keys.public_of_multibase):
        with pytest.raises(UnusableKey):
            read(text)


def test_an_unreadable_private_key_is_refused() -> None:
    for pem in (b"", b"no key", ANA_RSA.public_pem.encode()):
        with pytest.raises(UnusableKey):
            load_private(pem)
    other = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(UnusableKey):
        load_private(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def test_an_algorithm_that_is_not_the_keys_never_verifies() -> None:
    rsa_signature = sign_bytes(ANA_RSA_PRIVATE, b"text")
    ed_signature = sign_bytes(ANA_ED25519_PRIVATE, b"text")
    assert not is_signed_by(ANA_RSA_PUBLIC, Algorithm.ED25519, ed_signature, b"text")
    assert not is_signed_by(ANA_ED25519_PUBLIC, Algorithm.RSA_SHA256, ed_signature, b"text")
    assert not is_signed_by(ANA_RSA_PUBLIC, Algorithm.RSA_SHA512, rsa_signature, b"text")
    assert not is_signed_by(BEN_RSA_PUBLIC, Algorithm.RSA_SHA256, rsa_signature, b"text")
