"""Checks a record of a mentorship without any code of LibLine: the standard library and an Ed25519 function.

Written from W3C vc-di-eddsa §3.3 and RFC 8785 alone. Run by itself it takes a record and, if given, the saved
actor document of its issuer: `python independent_verifier.py RECORD.json [ACTOR.json]`.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Wrong(Exception):
    """Something does not hold."""


def verify(content: bytes, actor: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the credential if its signature holds.

    `actor` is the issuer's document from elsewhere; without it the key inside the record is used.
    Raises: Wrong.
    """
    try:
        credential = json.loads(content)
    except ValueError as error:
        raise Wrong(f"no JSON: {error}") from error
    try:
        (proof,) = credential["proof"]
        issuer = credential["issuer"]
        holder = issuer if actor is None else actor
        if holder["id"] != issuer["id"]:
            raise Wrong("the document is of somebody else")
        key = next(k for k in holder["assertionMethod"] if k["id"] == proof["verificationMethod"])
        if key["type"] != "Multikey" or key["controller"] != issuer["id"]:
            raise Wrong("the key is not the issuer's")
        if (proof["type"], proof["cryptosuite"], proof["proofPurpose"]) != (
            "DataIntegrityProof",
            "eddsa-jcs-2022",
            "assertionMethod",
        ):
            raise Wrong("another kind of proof")
        if proof["@context"] != credential["@context"]:
            raise Wrong("the proof is about another document")
        check_signature(credential, proof, multibase(key["publicKeyMultibase"]))
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        raise Wrong(f"not as a credential should be: {error!r}") from error
    if canonical(credential) != content:
        raise Wrong("not the bytes that were handed out")
    return dict(credential)


def check_signature(credential: dict[str, Any], proof: dict[str, Any], key: bytes) -> None:
    """Check what is signed: SHA-256 of the proof's options, then of the document, both canonical."""
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    bare = {name: value for name, value in credential.items() if name != "proof"}
    message = hashlib.sha256(canonical(options)).digest() + hashlib.sha256(canonical(bare)).digest()
    if key[:2] != b"\xed\x01" or len(key) != 34:
        raise Wrong("not an Ed25519 key")
    try:
        Ed25519PublicKey.from_public_bytes(key[2:]).verify(multibase(proof["proofValue"]), message)
    except InvalidSignature as error:
        raise Wrong("the signature does not hold") from error


def canonical(value: Any) -> bytes:
    """Spell JSON as RFC 8785 does, given keys in ASCII and short numbers: all that records hold."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode()


def multibase(text: str) -> bytes:
    """Read base58btc multibase."""
    if text[:1] != "z":
        raise Wrong("not base58btc")
    number = 0
    for character in text[1:]:
        number = number * 58 + ALPHABET.index(character)
    zeros = len(text) - 1 - len(text[1:].lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


if __name__ == "__main__":
    saved = json.loads(Path(sys.argv[2]).read_bytes()) if len(sys.argv) > 2 else None
    try:
        subject = verify(Path(sys.argv[1]).read_bytes(), saved)["credentialSubject"]
    except Wrong as wrong:
        sys.exit(f"no: {wrong}")
    print(f"yes: {subject['id']}, {subject['role']}, {subject['creditsEarned']} hours")
