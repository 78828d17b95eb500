"""Signed records of mentorships: what one says, and when somebody may have one."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import NAMESPACE_URL, uuid5

from libline_fed.domain.mentorships import CREDITED, OBJECTION_DAYS, Side, State
from libline_fed.errors import Conflict


class Ending(StrEnum):
    """How a mentorship ended that counts; the words of records, never renamed."""

    COMPLETED = "completed"
    COMPLETED_EARLY = "completed-early"  # its goal was met before its last day
    ENDED_EARLY = "ended-early"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Record:
    """What a record says. It holds no text that anybody wrote, but the names of people and servers."""

    uri: str
    mentorship_uri: str  # the same in the records of both, and says nothing else: see `shared_number`
    subject_uri: str
    subject_name: str
    role: Side
    areas: tuple[str, ...]  # ids of the vocabulary, or whole URIs of other ones
    minutes: int  # as both wrote down
    started_on: date
    ended_on: date
    ending: Ending
    issuer_uri: str
    issuer_name: str
    issuer_url: str
    issued_at: datetime
    language: str = "en"  # of its labels
    partner_host: str | None = None
    partner_name: str | None = None  # only if the partner agreed


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One row of `records`, field by field as the columns are named."""

    id: str
    mentorship_id: str
    actor_id: str
    document: bytes  # the very bytes that were signed
    is_shared: bool
    share_token_hash: str | None = field(repr=False)
    created_at: datetime


def shared_number(agreement_uri: str) -> str:
    """Return the number by which the records of both belong together; the agreement cannot be read from it.

    RFC 9562 §5.5: made of the agreement's URI, which only the two servers know, so that both make the same.
    """
    return uuid5(NAMESPACE_URL, agreement_uri).urn


def ending_of(state: str, *, started_on: date | None, ended_on: date | None, ends_on: date | None) -> Ending:
    """Return how a mentorship ended, of its state, its first and last day, and the last day agreed on.

    Raises: Conflict if it did not take place, or did not end so that it counts.
    """
    if state not in CREDITED or started_on is None or ended_on is None:
        raise Conflict(
            f"no record of a mentorship that is {state}",
            safe="There is a record only of a mentorship that took place and is over.",
        )
    if state != State.COMPLETED:
        return Ending(state)
    is_early = ends_on is not None and ended_on < ends_on
    return Ending.COMPLETED_EARLY if is_early else Ending.COMPLETED


def available_at(state: str, ended_at: datetime) -> datetime:
    """Return from when a record may be made: a signed one cannot be taken back, so objections go first."""
    return ended_at + timedelta(days=OBJECTION_DAYS) if state == State.COMPLETED else ended_at
