"""Encrypts what must not be readable in a stolen database, private keys; derives keys for other purposes."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from libline_fed.errors import PermanentError

NONCE_BYTES = 12  # NIST SP 800-38D §5.2.1.1


class SealBroken(PermanentError):
    """Sealed data does not open: another secret key, or damaged data."""

    safe = "The secret key of this instance does not fit its data."


class Sealer:
    """Seals bytes with AES-256-GCM under keys derived from the instance's secret key."""

    def __init__(self, secret_key: str) -> None:
        self._secret = secret_key.encode()
        self._cipher = AESGCM(self.derive("seal"))

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes that belong to this secret key and `purpose` only (RFC 5869)."""
        return HKDF(SHA256(), length=32, salt=None, info=b"libline " + purpose.encode()).derive(self._secret)

    def seal(self, plain: bytes) -> bytes:
        """Encrypt `plain`; the result is 28 bytes longer."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, None)

    def unseal(self, sealed: bytes) -> bytes:
        """Decrypt what `seal` returned.

        Raises: SealBroken if the secret key or the data is not the same.
        """
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
        except (InvalidTag, ValueError) as error:
            raise SealBroken("sealed data does not open with this secret key") from error
