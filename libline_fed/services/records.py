"""Signed records of mentorships: each server issues them for its own, and owners decide who sees them."""

import hmac
from dataclasses import dataclass
from datetime import date, datetime

from libline_fed.activitypub.credential_checks import CheckedCredential, TrustedKey, check_credential
from libline_fed.activitypub.credentials import issue_credential, read_credential
from libline_fed.activitypub.keys import load_public
from libline_fed.activitypub.wire import parse_json
from libline_fed.domain.actors import Actor
from libline_fed.domain.mentorships import Channel, Mentorship
from libline_fed.domain.records import (
    Ending,
    Record,
    StoredRecord,
    available_at,
    ending_of,
    shared_number,
)
from libline_fed.errors import Conflict, NotFound, Refusal
from libline_fed.ids import hash_token, new_token
from libline_fed.sanitize import clean_line
from libline_fed.services import logbook
from libline_fed.services.mentorship_views import MentorshipView, shared_of
from libline_fed.services.site import Site
from libline_fed.storage import accounts, actors, records
from libline_fed.storage.store import Tx

MAX_NAME_CHARACTERS = 100
CONSENT = "may_name"  # the term of an agreement by which both let the other name them


@dataclass(frozen=True, slots=True)
class Choices:
    """What the owner wants said of the partner; at first nothing."""

    names_host: bool = False
    names_partner: bool = False  # needs the partner's yes as well


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """A record and what it says."""

    stored: StoredRecord
    record: Record


@dataclass(frozen=True, slots=True)
class Prospect:
    """What the record of a mentorship is or would be, and from when it can be had."""

    ending: Ending
    minutes: int
    available_at: datetime
    may_name_partner: bool
    existing: OwnRecord | None

    def is_available(self, now: datetime) -> bool:
        """Tell whether it can be had now."""
        return now >= self.available_at


# --- issuing ----------------------------------------------------------------------------------------


async def prospect(tx: Tx, view: MentorshipView) -> Prospect:
    """Say what record the one who looks can have of a mentorship from this server.

    Raises: Conflict if there is none, because it did not end so that it counts, or another server issues it.
    """
    mentorship = view.mentorship
    # Each server speaks for its own; somebody who has no LibLine server is spoken for by the partner's.
    if not view.person.is_local and mentorship.channel != Channel.NOTE:
        raise Conflict(
            f"{view.person.uri} has a server of their own", safe="Your own server gives you the record."
        )
    # As both servers have it: `ended_at` is when this one heard of the end.
    started_on, ended_on = _days(mentorship)
    ending = ending_of(
        mentorship.state, started_on=started_on, ended_on=ended_on, ends_on=mentorship.ends_on
    )
    existing = await records.of(tx, mentorship_id=mentorship.id, actor_id=view.person.id)
    return Prospect(
        ending=ending,
        minutes=await logbook.minutes_of(tx, mentorship.id),
        available_at=available_at(mentorship.state, mentorship.ended_at or mentorship.updated_at),
        may_name_partner=mentorship.terms.get(CONSENT) is True,
        existing=_read(existing) if existing is not None else None,
    )


async def issue(
    tx: Tx, site: Site, *, view: MentorshipView, choices: Choices | None = None, now: datetime
) -> OwnRecord:
    """Give the one who looks a signed record of a mentorship; a second one takes the place of the first.

    Raises: Conflict if there is none, or not yet.
    """
    found = await prospect(tx, view)
    if not found.is_available(now):
        raise Conflict(
            f"the record can be had from {found.available_at}",
            safe="You can have the record seven days after the end, when nobody can object any more.",
        )
    choices = choices or Choices()
    instance = await _instance(tx, site)
    stored = await records.reserve(
        tx, mentorship_id=view.mentorship.id, actor_id=view.person.id, now=now
    )
    document = issue_credential(
        await _record(tx, site, view, found, stored, choices, now),
        private_key=await site.keyring.proof_key(instance.id, tx=tx),
        key_id=site.uris.ed25519_key(instance.uri),
        created=now,
    )
    return _read(await records.put_document(tx, stored.id, document, now))


async def _record(
    tx: Tx,
    site: Site,
    view: MentorshipView,
    found: Prospect,
    stored: StoredRecord,
    choices: Choices,
    now: datetime,
) -> Record:
    mentorship, person, partner = view.mentorship, view.person, view.partner
    started_on, ended_on = _days(mentorship)
    assert started_on is not None
    account = await accounts.by_actor(tx, person.id)
    names_partner = choices.names_partner and found.may_name_partner
    return Record(
        uri=site.uris.record(stored.id),
        mentorship_uri=shared_number(mentorship.agreement_uri or mentorship.thread_uri),
        subject_uri=person.uri,
        subject_name=_name(person),
        role=view.me,
        areas=tuple(view.proposal.areas) if view.proposal is not None else (),
        minutes=found.minutes,
        started_on=started_on,
        ended_on=ended_on,
        ending=found.ending,
        issuer_uri=site.uris.instance_actor,
        issuer_name=site.name,
        issuer_url=site.uris.base_url + "/",
        issued_at=now.replace(microsecond=0),
        language=(account.language if account is not None else None) or site.default_language,
        partner_host=partner.host if choices.names_host else None,
        partner_name=_name(partner) if names_partner else None,
    )


# --- having -----------------------------------------------------------------------------------------


async def own(tx: Tx, person: Actor) -> list[OwnRecord]:
    """List somebody's records, newest first."""
    return [_read(stored) for stored in await records.of_actor(tx, person.id)]


async def get(tx: Tx, record_id: str, *, person: Actor) -> OwnRecord:
    """Return a record of one's own.

    Raises: NotFound, alike for what is somebody else's and what is not there.
    """
    stored = await records.by_id(tx, record_id)
    if stored is None or stored.actor_id != person.id:
        raise NotFound(f"no record {record_id} of {person.id}")
    return _read(stored)


async def by_link(tx: Tx, record_id: str, token: str) -> OwnRecord:
    """Return a record to whoever has the link that its owner gave out.

    Raises: NotFound, alike for a wrong link, one that is no longer shared, and what is not there.
    """
    stored = await records.by_id(tx, record_id)
    expected = stored.share_token_hash if stored is not None and stored.is_shared else None
    # Compared even if there is nothing to compare with, so that the time tells nothing.
    is_same = hmac.compare_digest(hash_token(token), expected or hash_token(""))
    if stored is None or expected is None or not is_same:
        raise NotFound(f"no record {record_id} for this link")
    owner = await actors.by_id(tx, stored.actor_id)
    if owner is None or not owner.is_usable:
        raise NotFound(f"the owner of record {record_id} is gone")
    return _read(stored)


async def share(tx: Tx, record_id: str, *, person: Actor) -> str:
    """Let a record be read by link; return the token of the link, known only now. A former link is dead.

    Raises: NotFound.
    """
    found = await get(tx, record_id, person=person)
    token = new_token()
    await records.set_link(tx, found.stored.id, hash_token(token))
    return token


async def unshare(tx: Tx, record_id: str, *, person: Actor) -> None:
    """Let nobody read a record any more but its owner.

    Raises: NotFound.
    """
    found = await get(tx, record_id, person=person)
    await records.set_link(tx, found.stored.id, None)


async def check(tx: Tx, site: Site, stored: StoredRecord, *, now: datetime) -> CheckedCredential:
    """Check a record that this server issued with the key that it shows now."""
    instance = await _instance(tx, site)
    shown = await site.keyring.public_keys(tx, instance.id)
    assert shown.ed25519_pem is not None
    key = TrustedKey(
        load_public(shown.ed25519_pem), site.name, instance.uri, site.uris.ed25519_key(instance.uri)
    )
    return check_credential(stored.document, trusted=(key,), now=now)


def _days(mentorship: Mentorship) -> tuple[date | None, date]:
    """Return the first and the last day, as both servers have them."""
    started_at = mentorship.started_at
    return (started_at.date() if started_at else None), shared_of(mentorship).standing.at.date()


def _read(stored: StoredRecord) -> OwnRecord:
    document = parse_json(stored.document)
    assert not isinstance(document, Refusal)
    return OwnRecord(stored, read_credential(document))


def _name(person: Actor) -> str:
    return clean_line(person.display_name, MAX_NAME_CHARACTERS) or person.handle


async def _instance(tx: Tx, site: Site) -> Actor:
    instance = await actors.by_uri(tx, site.uris.instance_actor)
    if instance is None:
        raise NotFound("this instance has no actor yet")
    return instance
