"""Checking a record of a mentorship without a network: step by step, each with what was found.

Pure: the bytes, the keys that the reader trusts and the present moment are given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import rfc8785

from libline_fed.activitypub.credentials import NotARecord, carried_key, read_credential
from libline_fed.activitypub.keys import PublicKey, UnusableKey, multibase_of, public_of_multibase
from libline_fed.activitypub.proofs import proof_key_id, verify_proof
from libline_fed.activitypub.values import moment_of, objects
from libline_fed.activitypub.wire import parse_json
from libline_fed.domain.records import Record
from libline_fed.errors import Refusal

CLOCKS_DIFFER = timedelta(hours=1)
ZONES_DIFFER = timedelta(days=1)  # a day is somebody's day


class Outcome(StrEnum):
    """What a step found; stable words, also in JSON."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"  # could not be found out here; the detail says how it could


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was checked."""

    name: str
    outcome: Outcome
    detail: str


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key that the reader has from elsewhere, and whose it is as far as that source says."""

    public_key: PublicKey
    source: str  # in words, such as "the file lib.json"
    owner_uri: str | None = None
    key_id: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedCredential:
    """All steps, and what the record says as far as it could be read."""

    steps: tuple[Step, ...]
    record: Record | None = None
    document: Mapping[str, Any] | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing that was checked is bad."""
        return all(step.outcome is not Outcome.BAD for step in self.steps)

    def outcome_of(self, name: str) -> Outcome | None:
        """Return what the step with a name found, or None if it was not reached."""
        return next((step.outcome for step in self.steps if step.name == name), None)


def check_credential(
    content: bytes, *, trusted: Sequence[TrustedKey] = (), now: datetime
) -> CheckedCredential:
    """Check the bytes of a record; never raises, whatever they are.

    Without a trusted key the signature is checked with the key that the record carries, and whose that is
    stays unknown: anybody can make a key and write any issuer beside it.
    """
    document = parse_json(content)
    if isinstance(document, Refusal):
        return CheckedCredential((_bad("reading", f"{document.reason}: {document.detail}"),))
    form = _check_form(content, document)
    try:
        record = read_credential(document)
        key_id, controller, multibase = carried_key(document)
    except NotARecord as error:
        return CheckedCredential((form, _bad("content", str(error))), None, document)
    says = f"{record.subject_name}, {record.role}, {record.minutes} minutes, {record.ending}"
    steps = (
        form,
        _good("content", f"{says}; says {record.issuer_uri}"),
        _check_signature(document, key_id, multibase, now),
        _check_issuer(record, key_id, controller, multibase, trusted),
        _check_dates(record, document, now),
        _check_expiry(document, now),
        Step("revocation", Outcome.UNKNOWN, "not asked for: LibLine keeps no list of withdrawn records"),
    )
    return CheckedCredential(steps, record, document)


def are_of_one_mentorship(first: Record, second: Record) -> bool:
    """Tell whether two records are the two sides of one mentorship; each must be checked for itself."""
    return (
        first.mentorship_uri == second.mentorship_uri
        and first.subject_uri != second.subject_uri
        and first.role != second.role
    )


def _good(name: str, detail: str) -> Step:
    return Step(name, Outcome.GOOD, detail)


def _bad(name: str, detail: str) -> Step:
    return Step(name, Outcome.BAD, detail)


def _check_form(content: bytes, document: Mapping[str, Any]) -> Step:
    """Compare with the one spelling that was handed out (RFC 8785), so that no byte can be another."""
    try:
        canonical = rfc8785.dumps(dict(document))
    except (rfc8785.CanonicalizationError, RecursionError, UnicodeError) as error:
        return _bad("form", f"it has no canonical form: {error}")
    if canonical != content:
        return _bad("form", "not byte for byte what was handed out: spaces, line ends or the order differ")
    return _good("form", f"byte for byte as it was handed out, {len(content)} bytes")


def _check_signature(document: Mapping[str, Any], key_id: str, multibase: str, now: datetime) -> Step:
    if "signature" in document:  # verify_proof leaves it out, for the sake of linked-data signatures
        return _bad("signature", "it has a part that the signature does not cover")
    named = proof_key_id(document)
    if named is None:
        return _bad("signature", "there is none of the kind eddsa-jcs-2022")
    if named != key_id:
        return _bad("signature", f"made with {named}, which is not the key it carries")
    try:
        key = public_of_multibase(multibase)
    except UnusableKey as error:
        return _bad("signature", f"the key it carries cannot be used: {error.detail}")
    if not verify_proof(document, key, now=now):
        return _bad("signature", "does not hold: the content was changed, or another key made it")
    return _good("signature", f"eddsa-jcs-2022, holds with {multibase}")


def _check_issuer(
    record: Record, key_id: str, controller: str, multibase: str, trusted: Sequence[TrustedKey]
) -> Step:
    # Data Integrity §2.3: the key must be one that its controller lists; here that is the issuer itself.
    if controller != record.issuer_uri or key_id.partition("#")[0] != record.issuer_uri:
        return _bad("issuer", f"the key is {controller}’s, not that of {record.issuer_uri}")
    if not trusted:
        how = f"compare it with the key that {record.issuer_uri} shows, by --key or --online"
        return Step("issuer", Outcome.UNKNOWN, f"the key came with the record; {how}")
    for key in trusted:
        is_same = multibase_of(key.public_key) == multibase
        is_of_issuer = key.owner_uri in (None, record.issuer_uri) and key.key_id in (None, key_id)
        if is_same and is_of_issuer:
            return _good("issuer", f"the key is the one from {key.source}")
    return _bad("issuer", f"no key from {', '.join(key.source for key in trusted)} is the one that signed")


def _check_dates(record: Record, document: Mapping[str, Any], now: datetime) -> Step:
    proof = next(objects(document.get("proof")), {})
    created = moment_of(proof.get("created"))
    if record.issued_at > now + CLOCKS_DIFFER:
        return _bad("dates", f"valid only from {record.issued_at:%Y-%m-%d %H:%M}Z, which is in the future")
    if record.started_on > record.ended_on:
        return _bad("dates", f"it ended on {record.ended_on}, before it began on {record.started_on}")
    if record.ended_on > (record.issued_at + ZONES_DIFFER).date():
        return _bad("dates", f"it says that it ended on {record.ended_on}, after it was issued")
    if created is None or abs(created - record.issued_at) > CLOCKS_DIFFER:
        return _bad("dates", "it was not signed when it says that it was issued")
    period = f"{record.started_on} to {record.ended_on}"
    return _good("dates", f"{period}, issued {record.issued_at:%Y-%m-%d}")


def _check_expiry(document: Mapping[str, Any], now: datetime) -> Step:
    if "validUntil" not in document:
        return _good("expiry", "it has no last day")
    until = moment_of(document["validUntil"])
    if until is None:
        return _bad("expiry", "its last day is no date")
    if until <= now:
        return _bad("expiry", f"it was valid until {until:%Y-%m-%d %H:%M}Z")
    return _good("expiry", f"it is valid until {until:%Y-%m-%d %H:%M}Z")
