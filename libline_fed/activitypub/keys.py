"""Key pairs of actors: making, reading, refusing and spelling them, and the bare signature primitives.

Knows nothing of HTTP, of actors or of where keys are kept.
"""

from dataclasses import dataclass
from enum import StrEnum

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from libline_fed.errors import PermanentError

PrivateKey = RSAPrivateKey | Ed25519PrivateKey
PublicKey = RSAPublicKey | Ed25519PublicKey

RSA_BITS = 2048
MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
MIN_RSA_EXPONENT = 5  # e = 3 has a history of forgeries in lenient verifiers
MAX_RSA_EXPONENT = 2**32  # a larger one only makes every check slow
MAX_PEM_CHARACTERS = 8_192  # RSA-8192 needs about 1,500
MAX_MULTIBASE_CHARACTERS = 2_048  # decoding base58 costs the square of its length

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_VALUES = {character: value for value, character in enumerate(_BASE58)}
# Multicodec table: ed25519-pub 0xed and rsa-pub 0x1205, as unsigned varints.
_ED25519_PREFIX = b"\xed\x01"
_RSA_PREFIX = b"\x85\x24"

# Points of order 1, 2, 4 and 8 (RFC 7748 §7 speaks of the same ones): under such a key one signature
# is good for many messages. The top bit is the sign of x and is masked before the look-up.
_SMALL_ORDER_POINTS = frozenset(
    bytes.fromhex(point)
    for point in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)


class Algorithm(StrEnum):
    """The signature algorithms LibLine checks, by their RFC 9421 §3.3 names where they have one."""

    RSA_SHA256 = "rsa-v1_5-sha256"
    RSA_SHA512 = "rsa-v1_5-sha512"
    RSA_PSS_SHA512 = "rsa-pss-sha512"
    ED25519 = "ed25519"


class UnusableKey(PermanentError):
    """A key that is not a key, or one that LibLine does not trust to protect anything."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key pair as it is stored: the public half as PEM, the private half as unencrypted PEM bytes."""

    public_pem: str
    private_pem: bytes

    def __repr__(self) -> str:
        """Show the public half only, so that no log ever holds the other one."""
        return f"KeyPair(public_pem={self.public_pem!r})"


def generate_rsa() -> KeyPair:
    """Make an RSA-2048 key pair; takes about 75 ms."""
    return _pair_of(rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS))


def generate_ed25519() -> KeyPair:
    """Make an Ed25519 key pair."""
    return _pair_of(Ed25519PrivateKey.generate())


def _pair_of(private_key: PrivateKey) -> KeyPair:
    private_pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(pem_of(private_key.public_key()), private_pem)


def load_private(private_pem: bytes) -> PrivateKey:
    """Read one of our own private keys; skips the costly proof that RSA numbers fit, since we made them.

    Raises: UnusableKey if it is not an RSA or Ed25519 private key.
    """
    try:
        key = load_pem_private_key(private_pem, password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKey("not a private key in PEM form") from error
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise UnusableKey(f"a {type(key).__name__} cannot sign here")
    return key


def load_public(pem: str) -> PublicKey:
    """Read a public key of another server.

    Raises: UnusableKey for anything but one RSA key of 2,048 to 8,192 bits with a sane exponent, or Ed25519.
    """
    if len(pem) > MAX_PEM_CHARACTERS:
        raise UnusableKey(f"a PEM of {len(pem)} characters")
    # A private key that somebody published by mistake protects nothing, and two keys in one text name no key.
    if "PRIVATE" in pem or pem.count("-----BEGIN") != 1:
        raise UnusableKey("not exactly one public key in PEM form")
    try:
        return _checked(load_pem_public_key(pem.encode()))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKey("not a public key in PEM form") from error


def _checked(key: object) -> PublicKey:
    if isinstance(key, Ed25519PublicKey):
        raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        if raw[:31] + bytes([raw[31] & 0x7F]) in _SMALL_ORDER_POINTS:
            raise UnusableKey("an Ed25519 key of small order")
        return key
    if not isinstance(key, RSAPublicKey):
        raise UnusableKey(f"a {type(key).__name__} is of no use here")
    if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise UnusableKey(f"an RSA key of {key.key_size} bits")
    numbers = key.public_numbers()
    if not MIN_RSA_EXPONENT <= numbers.e <= MAX_RSA_EXPONENT or not numbers.e % 2 or not numbers.n % 2:
        raise UnusableKey("an RSA key with an unsafe exponent or modulus")
    return key


def pem_of(public_key: PublicKey) -> str:
    """Spell a public key as SubjectPublicKeyInfo PEM, the form every server reads."""
    return public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def multibase_of(public_key: PublicKey) -> str:
    """Spell a public key as the `publicKeyMultibase` of a Multikey (FEP-521a)."""
    if isinstance(public_key, Ed25519PublicKey):
        return encode_base58(_ED25519_PREFIX + public_key.public_bytes(Encoding.Raw, PublicFormat.Raw))
    return encode_base58(_RSA_PREFIX + public_key.public_bytes(Encoding.DER, PublicFormat.PKCS1))


def public_of_multibase(text: str) -> PublicKey:
    """Read a `publicKeyMultibase`.

    Raises: UnusableKey if it holds no key that `load_public` would take.
    """
    raw = decode_base58(text, max_characters=MAX_MULTIBASE_CHARACTERS)
    if raw is None:
        raise UnusableKey("not base58btc multibase")
    prefix, rest = raw[:2], raw[2:]
    try:
        if prefix == _ED25519_PREFIX:
            return _checked(Ed25519PublicKey.from_public_bytes(rest))
        if prefix == _RSA_PREFIX:
            return _checked(load_der_public_key(rest))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKey("a multikey that holds no key") from error
    raise UnusableKey("a multikey of an unknown kind")


def encode_base58(data: bytes) -> str:
    """Spell bytes as base58btc multibase: `z` and the digits."""
    number = int.from_bytes(data)
    digits = []
    while number:
        number, digit = divmod(number, 58)
        digits.append(_BASE58[digit])
    zeros_count = len(data) - len(data.lstrip(b"\0"))
    return "z" + _BASE58[0] * zeros_count + "".join(reversed(digits))


def decode_base58(text: str, *, max_characters: int) -> bytes | None:
    """Read base58btc multibase, or return None if it is none or longer than `max_characters`."""
    if not text.startswith("z") or len(text) > max_characters:
        return None
    number = 0
    for character in text[1:]:
        value = _BASE58_VALUES.get(character)
        if value is None:
            return None
        number = number * 58 + value
    zeros_count = len(text) - 1 - len(text[1:].lstrip(_BASE58[0]))
    return bytes(zeros_count) + number.to_bytes((number.bit_length() + 7) // 8)


def algorithm_of(private_key: PrivateKey) -> Algorithm:
    """Return the algorithm that LibLine signs with, given this key."""
    return Algorithm.RSA_SHA256 if isinstance(private_key, RSAPrivateKey) else Algorithm.ED25519


def sign_bytes(private_key: PrivateKey, message: bytes) -> bytes:
    """Sign with `algorithm_of(private_key)`. Releases the GIL while it computes."""
    if isinstance(private_key, RSAPrivateKey):
        return private_key.sign(message, padding.PKCS1v15(), SHA256())
    return private_key.sign(message)


def is_signed_by(public_key: PublicKey, algorithm: Algorithm, signature: bytes, message: bytes) -> bool:
    """Tell whether `signature` over `message` was made with this key and algorithm."""
    try:
        if isinstance(public_key, Ed25519PublicKey):
            if algorithm is not Algorithm.ED25519:
                return False
            public_key.verify(signature, message)
        elif algorithm is Algorithm.RSA_SHA256:
            public_key.verify(signature, message, padding.PKCS1v15(), SHA256())
        elif algorithm is Algorithm.RSA_SHA512:
            public_key.verify(signature, message, padding.PKCS1v15(), SHA512())
        elif algorithm is Algorithm.RSA_PSS_SHA512:
            # RFC 9421 §3.3.1 fixes the salt at 64 bytes.
            public_key.verify(
                signature, message, padding.PSS(padding.MGF1(SHA512()), salt_length=64), SHA512()
            )
        else:
            return False
    except InvalidSignature:
        return False
    return True
