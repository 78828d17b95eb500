"""Signed records of mentorships, and the actor document of who issued them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libline_fed.activitypub.build import build_actor
from libline_fed.activitypub.credentials import issue_credential
from libline_fed.activitypub.keys import KeyPair, load_private, load_public, multibase_of
from libline_fed.activitypub.own import OwnActor
from libline_fed.activitypub.uris import Uris
from libline_fed.domain.mentorships import Side
from libline_fed.domain.records import Ending, Record, shared_number
from tests.support.keys import ANA_ED25519, ANA_RSA

ISSUED_AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LIB = "https://lib.example/actor"
KEY_ID = f"{LIB}#ed25519-key"
AGREEMENT = "https://lib.example/agreements/0198f6f0-7c1e-7d3a-9a53-0c2f4b7f1a10"
RECORD = Record(
    uri="https://lib.example/records/0198f6f0-7c1e-7d3a-9a53-0c2f4b7f1a11",
    mentorship_uri=shared_number(AGREEMENT),
    subject_uri="https://lib.example/actors/0198f6f0-7c1e-7d3a-9a53-0c2f4b7f1a12",
    subject_name="Ana Pérez “la bibliotecaria”",
    role=Side.MENTOR,
    areas=("A0301", "A1003"),
    minutes=750,
    started_on=date(2026, 6, 1),
    ended_on=date(2026, 11, 1),
    ending=Ending.COMPLETED,
    issuer_uri=LIB,
    issuer_name="Test Library",
    issuer_url="https://lib.example/",
    issued_at=ISSUED_AT,
    language="es",
    partner_host="a.example",
)


def issued(record: Record = RECORD, pair: KeyPair = ANA_ED25519, **changed: Any) -> bytes:
    """Return a signed record, by default one of Ana's library; `changed` are fields of it."""
    private_key = load_private(pair.private_pem)
    assert isinstance(private_key, Ed25519PrivateKey)
    record = replace(record, **changed)
    return issue_credential(
        record, private_key=private_key, key_id=f"{record.issuer_uri}#ed25519-key", created=record.issued_at
    )


def issuer_document(base_url: str = "https://lib.example", pair: KeyPair = ANA_ED25519) -> dict[str, Any]:
    """Return the actor document of an instance, as anybody can save it."""
    uris = Uris(base_url)
    own = OwnActor(
        id="instance",
        uri=uris.instance_actor,
        type="Application",
        handle=uris.instance_name,
        name="Test Library",
        summary_html="",
        published_at=ISSUED_AT,
        public_pem=ANA_RSA.public_pem,
        ed25519_multibase=multibase_of(load_public(pair.public_pem)),
        manually_approves_followers=True,
        is_discoverable=True,
        also_known_as=(),
        fields=(),
        icon_url=None,
        is_instance=True,
    )
    return build_actor(own, uris)
