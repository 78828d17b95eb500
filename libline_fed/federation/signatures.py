"""Who sent this request? The one door through which a remote actor becomes known, and its mirror, signing.

Inbound: RFC 9421 if the request has a `Signature-Input`, else (or if that fails) draft-cavage-12. Everything
that needs no key is checked before a key is looked for, so a stale or tampered request never makes this
server fetch anything.
"""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import InitVar, dataclass
from datetime import datetime
from typing import Protocol

from libline_fed.activitypub.keys import (
    Algorithm,
    PrivateKey,
    PublicKey,
    algorithm_of,
    is_signed_by,
    sign_bytes,
)
from libline_fed.activitypub.urls import host_of
from libline_fed.errors import Refusal, RefusalReason
from libline_fed.federation import cavage, message_signatures
from libline_fed.federation.addresses import HttpUrl, split_url
from libline_fed.federation.digests import content_digest_of, digest_of
from libline_fed.federation.signed_requests import (
    Claim,
    HeaderValues,
    Origin,
    SignedRequest,
    imf_date,
    refused,
)

__all__ = [
    "CAVAGE",
    "RFC9421",
    "KeySource",
    "SignedRequest",
    "VerificationKey",
    "VerifiedSender",
    "Verifier",
    "key_id_of",
    "sign",
]

CAVAGE = cavage.SCHEME
RFC9421 = message_signatures.SCHEME
ACTIVITY_JSON = "application/activity+json"

_SEAL = object()


@dataclass(frozen=True, slots=True)
class VerifiedSender:
    """The actor who signed a request, proven. Only `Verifier.verify` can make one."""

    actor_uri: str
    key_id: str
    host: str
    scheme: str
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        """Refuse to exist unless the verifier made it."""
        if seal is not _SEAL:
            raise TypeError("a VerifiedSender is made by Verifier.verify only")


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key and the actor who owns it, both sides of the claim already checked by the key source."""

    key_id: str
    owner_uri: str
    public_key: PublicKey


class KeySource(Protocol):
    """Finds the key that a key id names."""

    async def find(self, key_id: str, *, refresh: bool) -> VerificationKey | Refusal:
        """Return the key; with `refresh`, as its owner's server lists it now."""
        ...


class Verifier:
    """Verifies inbound signatures for the instance at `base_url`."""

    def __init__(self, keys: KeySource, base_url: str) -> None:
        authority = host_of(base_url)
        if authority is None:
            raise ValueError(f"the base URL {base_url!r} has no host")
        self._keys = keys
        self._origin = Origin(base_url.partition("://")[0].lower(), authority)

    async def verify(self, request: SignedRequest, *, now: datetime) -> VerifiedSender | Refusal:
        """Return who signed the request, or why nobody is believed to have."""
        headers = HeaderValues(request.headers)
        values = headers.all("signature")
        if not values:
            return Refusal(RefusalReason.UNSIGNED, "no signature")
        repeated = headers.repeated()
        if repeated is not None:
            return refused(RefusalReason.BAD_SIGNATURE, f"{repeated} came more than once")
        foreign = self._origin.refuse_host(headers)
        if foreign is not None:
            return foreign
        old = [value for value in values if cavage.is_cavage(value)]
        new = ", ".join(value for value in values if not cavage.is_cavage(value))
        if headers.all("signature-input"):
            outcome = await self._check(
                self._claim(
                    headers,
                    lambda seen: message_signatures.read_claim(
                        request, seen, new, origin=self._origin, now=now
                    ),
                )
            )
            if isinstance(outcome, VerifiedSender) or not old:
                return outcome
        if len(old) != 1:
            return refused(RefusalReason.BAD_SIGNATURE, "two Signature headers, or one of no known scheme")
        return await self._check(
            self._claim(headers, lambda seen: cavage.read_claim(request, seen, old[0], now=now))
        )

    def _claim(
        self, headers: HeaderValues, read: Callable[[HeaderValues], Claim | Refusal]
    ) -> Claim | Refusal:
        """Read the claim; if a proxy dropped the port of our `Host`, over the one that was asked for."""
        is_cut = self._origin.has_lost_port(headers)
        return read(headers.with_host(self._origin.authority) if is_cut else headers)

    async def _check(self, claim: Claim | Refusal) -> VerifiedSender | Refusal:
        """Find the claim's key and do the public-key operation, twice if the key may have changed."""
        if isinstance(claim, Refusal):
            return claim
        host = host_of(claim.key_id)
        if host is None:  # acct: and its kin
            return refused(RefusalReason.UNUSABLE_KEY, f"the key id {claim.key_id!r} is no address")
        if host == self._origin.authority:
            return refused(RefusalReason.OWN_HOST, "signed in this server's own name")
        key = await self._keys.find(claim.key_id, refresh=False)
        if isinstance(key, Refusal):
            return key
        if _is_proven(claim, key):
            return self._sender(claim, key, host)
        fresh = await self._keys.find(claim.key_id, refresh=True)  # its owner may have changed it
        if (
            isinstance(fresh, VerificationKey)
            and fresh.public_key != key.public_key
            and _is_proven(claim, fresh)
        ):
            return self._sender(claim, fresh, host)
        if isinstance(fresh, Refusal) and fresh.reason is RefusalReason.KEY_GONE:
            return fresh
        return refused(RefusalReason.BAD_SIGNATURE, f"the signature is not one of {claim.key_id}")

    @staticmethod
    def _sender(claim: Claim, key: VerificationKey, host: str) -> VerifiedSender | Refusal:
        if key.key_id != claim.key_id or host_of(key.owner_uri) != host:
            return refused(RefusalReason.WRONG_OWNER, f"{claim.key_id} may not speak for {key.owner_uri}")
        return VerifiedSender(key.owner_uri, key.key_id, host, claim.scheme, _SEAL)


def _is_proven(claim: Claim, key: VerificationKey) -> bool:
    return any(
        is_signed_by(key.public_key, algorithm, claim.signature, base)
        for base in claim.bases
        for algorithm in claim.algorithms
    )


def key_id_of(request: SignedRequest) -> str | None:
    """Return the key id that a request names, unverified: for the block check before any work is done."""
    headers = HeaderValues(request.headers)
    inputs = message_signatures.parse_inputs(headers.joined("signature-input") or "") or {}
    for signature_input in inputs.values():
        if key_id := signature_input.text("keyid"):
            return key_id
    for value in headers.all("signature"):
        if cavage.is_cavage(value):
            return (cavage.parse_parameters(value) or {}).get("keyId") or None
    return None


def sign(
    method: str,
    url: str,
    *,
    key_id: str,
    private_key: PrivateKey,
    now: datetime,
    body: bytes | None = None,
    content_type: str = ACTIVITY_JSON,
    scheme: str = CAVAGE,
) -> dict[str, str]:
    """Return the headers that make a request signed.

    Call it anew for every attempt: some receivers accept a signature for five minutes only. A URL without its
    query gives the form that servers expect which leave the query out of the signed draft-cavage target.
    Raises: PeerRefused if the URL is not one.
    """
    address = split_url(url)
    headers = {"Host": address.authority, "Date": imf_date(now)}
    if body is not None:
        headers["Content-Type"] = content_type
    if scheme == RFC9421:
        return headers | _sign_rfc9421(method, address, key_id, private_key, now, body)
    if body is not None:
        headers["Digest"] = digest_of(body)
    # BookWyrm splits on commas and Misskey wants the list, so one line, no spaces.
    covered = ["(request-target)", "host", "date"] + (["digest", "content-type"] if body is not None else [])
    values = {name.lower(): value for name, value in headers.items()}
    values["(request-target)"] = f"{method.lower()} {address.target}"
    base = "\n".join(f"{name}: {values[name]}" for name in covered).encode("latin-1")
    named = "rsa-sha256" if algorithm_of(private_key) is Algorithm.RSA_SHA256 else "hs2019"
    headers["Signature"] = (
        f'keyId="{key_id}",algorithm="{named}",headers="{" ".join(covered)}",'
        f'signature="{b64encode(sign_bytes(private_key, base)).decode()}"'
    )
    return headers


def _sign_rfc9421(
    method: str, address: HttpUrl, key_id: str, private_key: PrivateKey, now: datetime, body: bytes | None
) -> dict[str, str]:
    headers = {} if body is None else {"Content-Digest": content_digest_of(body)}
    signature_input = message_signatures.spell_input(
        has_body=body is not None, created_at=int(now.timestamp()), key_id=key_id, private_key=private_key
    )
    base = message_signatures.signature_base(
        signature_input,
        method=method,
        target=address.target,
        origin=Origin(address.scheme, address.authority),
        headers=HeaderValues((name.encode(), value.encode()) for name, value in headers.items()),
    )
    assert isinstance(base, bytes)  # all that is covered was put there above
    label = message_signatures.LABEL
    headers["Signature-Input"] = f"{label}={signature_input}"
    headers["Signature"] = f"{label}=:{b64encode(sign_bytes(private_key, base)).decode()}:"
    return headers
