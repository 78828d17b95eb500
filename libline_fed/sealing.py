"""Encrypts what must not be readable in a stolen database, private keys; derives keys for other purposes.

All of them come from one secret key, which is a setting or a file in the data folder.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from libline_fed.config import Settings
from libline_fed.errors import PermanentError
from libline_fed.ids import new_token

KEY_FILE = "secret-key"
MIN_SECRET_CHARACTERS = 32
NONCE_BYTES = 12  # NIST SP 800-38D §5.2.1.1


class BrokenSecret(PermanentError):
    """The secret key cannot be read."""


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


def load_secret(settings: Settings) -> str:
    """Return the secret key: the setting, else the one in the data folder, which is made at the first start.

    Raises: BrokenSecret if that file cannot be used.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    path = settings.data_dir / KEY_FILE
    try:
        if not path.exists():
            _make_secret(path)
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BrokenSecret(f"{path}: {error}", safe=f"The secret key in {path} cannot be read.") from error
    if len(secret) < MIN_SECRET_CHARACTERS:
        raise BrokenSecret(f"{path} is too short", safe=f"The secret key in {path} is damaged: restore it.")
    return secret


def _make_secret(path: Path) -> None:
    """Write a new secret, readable for this user only; of two processes that do so at once, one wins."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(new_token() + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(fresh, path)  # unlike a rename, never replaces what is there
    finally:
        fresh.unlink()
