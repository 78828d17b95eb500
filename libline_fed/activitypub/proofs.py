"""Integrity proofs inside documents: FEP-8b32 with the `eddsa-jcs-2022` suite (W3C vc-di-eddsa §3.3).

Pure. Says whether a proof was made with a given key; whether that key may speak for the document is the
caller's question.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from libline_fed.activitypub.keys import Algorithm, PublicKey, decode_base58, encode_base58, is_signed_by

PROOF_TYPE = "DataIntegrityProof"
CRYPTOSUITE = "eddsa-jcs-2022"
PURPOSE = "assertionMethod"
MAX_FUTURE_S = 3600
SIGNATURE_BYTES = 64
MAX_PROOF_VALUE_CHARACTERS = 100  # 64 bytes are at most 88 digits of base58 and a `z`
MAX_KEY_ID_CHARACTERS = 2_048

# Not part of what is signed: the proof itself, and a linked-data signature, which is added later (FEP-8b32).
_UNSIGNED_MEMBERS = ("proof", "signature")


def add_proof(
    document: Mapping[str, Any], *, private_key: Ed25519PrivateKey, key_id: str, created: datetime
) -> dict[str, Any]:
    """Return a copy of `document` with an integrity proof made at `created` with the key `key_id` names.

    For public documents only: a signed private one could be shown around and proven genuine (FEP-8b32).
    """
    bare = {name: value for name, value in document.items() if name not in _UNSIGNED_MEMBERS}
    proof: dict[str, Any] = {
        "type": PROOF_TYPE,
        "cryptosuite": CRYPTOSUITE,
        "verificationMethod": key_id,
        "proofPurpose": PURPOSE,
        "created": created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if "@context" in bare:  # vc-di-eddsa §3.3.1
        proof["@context"] = bare["@context"]
    proof["proofValue"] = encode_base58(private_key.sign(_signed_bytes(bare, proof)))
    return {**bare, "proof": proof}


def proof_key_id(document: Mapping[str, Any]) -> str | None:
    """Return the key id that a document's proof names, or None without a proof that LibLine can check."""
    proof = _proof_of(document)
    return proof["verificationMethod"] if proof is not None else None


def verify_proof(document: Mapping[str, Any], public_key: PublicKey, *, now: datetime) -> bool:
    """Tell whether the document's proof was made with this Ed25519 key and is valid now.

    Never raises, whatever the document holds.
    """
    proof = _proof_of(document)
    if proof is None or not isinstance(public_key, Ed25519PublicKey) or not _is_timely(proof, now):
        return False
    signature = decode_base58(proof["proofValue"], max_characters=MAX_PROOF_VALUE_CHARACTERS)
    if signature is None or len(signature) != SIGNATURE_BYTES:
        return False
    bare = {name: value for name, value in document.items() if name not in _UNSIGNED_MEMBERS}
    if not _has_fitting_context(bare, proof):
        return False
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    try:
        message = _signed_bytes(bare, options)
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeError):
        return False  # numbers beyond I-JSON (RFC 7493 §2.2), lone surrogates, too deep: no canonical form
    return is_signed_by(public_key, Algorithm.ED25519, signature, message)


def _proof_of(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    proof = document.get("proof")
    if isinstance(proof, list) and len(proof) == 1:
        proof = proof[0]
    if not isinstance(proof, dict):
        return None
    is_ours = (
        proof.get("type") == PROOF_TYPE
        and proof.get("cryptosuite") == CRYPTOSUITE
        and proof.get("proofPurpose") == PURPOSE
    )
    key_id = proof.get("verificationMethod")
    if not is_ours or not isinstance(key_id, str) or not isinstance(proof.get("proofValue"), str):
        return None
    return proof if len(key_id) <= MAX_KEY_ID_CHARACTERS else None


def _signed_bytes(document: Mapping[str, Any], options: Mapping[str, Any]) -> bytes:
    # vc-di-eddsa §3.3.4: the hash of the options comes first.
    return sha256(rfc8785.dumps(dict(options))).digest() + sha256(rfc8785.dumps(dict(document))).digest()


def _has_fitting_context(document: Mapping[str, Any], proof: Mapping[str, Any]) -> bool:
    """Tell whether the proof's contexts, if any, are the document's leading ones (vc-di-eddsa §3.3.2)."""
    if "@context" not in proof:
        return True
    inner, outer = proof["@context"], document.get("@context")
    inner = inner if isinstance(inner, list) else [inner]
    outer = outer if isinstance(outer, list) else [outer]
    # A document with further contexts than the ones that were signed could mean something else.
    return bool(inner == outer)


def _is_timely(proof: Mapping[str, Any], now: datetime) -> bool:
    created, expires = proof.get("created"), proof.get("expires")
    if created is not None:
        created_at = _moment(created)
        if created_at is None or created_at > now + timedelta(seconds=MAX_FUTURE_S):
            return False
    if expires is not None:
        expires_at = _moment(expires)
        if expires_at is None or expires_at <= now:
            return False
    return True


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
