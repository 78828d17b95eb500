"""An agreement that goes on under another account: `Move(Agreement)`, said by the partner who agrees to it.

`origin` is the account that was, `target` the one that is now. The Agreement is whole, so that the server of
the new account, which has never heard of it, can begin where the old one left off. It believes that only if
the old account's server has named agreement and partner: in `agreements`, with the `Move` of the account.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from libline_fed.activitypub.agreements import AgreementDocument, parse_agreement
from libline_fed.activitypub.objects import Activity
from libline_fed.activitypub.values import line_of, objects, text_of, uri_of
from libline_fed.errors import Refusal, RefusalReason

MAX_TITLE_CHARACTERS = 500
MAX_AGREEMENTS = 200
PURPOSES = frozenset({"offer", "request"})


@dataclass(frozen=True, slots=True)
class MovedAgreement:
    """What a `Move(Agreement)` says."""

    agreement: AgreementDocument
    origin_uri: str
    target_uri: str
    mentor_uri: str  # who is the mentor now; the other one is the mentee
    thread_uri: str
    title: str
    purpose: str


def move_extras(
    *, origin_uri: str, target_uri: str, mentor_uri: str, thread_uri: str, title: str, purpose: str
) -> dict[str, Any]:
    """Return what a `Move` has beside the Agreement that is its object."""
    return {
        "origin": origin_uri,
        "target": target_uri,
        "mentor": mentor_uri,
        "context": thread_uri,
        "name": title,
        "purpose": purpose,
    }


def agreements_extra(agreements: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return what the `Move` of an account tells the new one: its running (agreement, partner), as URIs."""
    return {"agreements": [{"id": uri, "partner": partner} for uri, partner in agreements]}


def parse_agreements(activity: Activity) -> list[tuple[str, str]]:
    """Return the (agreement, partner) that the `Move` of an account names."""
    listed = objects(activity.raw.get("agreements"))
    named = [(uri_of(one.get("id")), uri_of(one.get("partner"))) for one in listed]
    return [(uri, partner) for uri, partner in named if uri and partner][:MAX_AGREEMENTS]


def parse_moved_agreement(activity: Activity) -> MovedAgreement | Refusal:
    """Read a `Move(Agreement)`."""
    agreement = parse_agreement(activity.raw_object)
    if isinstance(agreement, Refusal):
        return agreement
    raw = activity.raw
    origin_uri, target_uri = uri_of(raw.get("origin")), activity.target_uri
    mentor_uri, thread_uri = uri_of(raw.get("mentor")), uri_of(raw.get("context"))
    if origin_uri is None or target_uri is None or mentor_uri is None or thread_uri is None:
        return Refusal(RefusalReason.BAD_SHAPE, "a Move without origin, target, mentor or context")
    is_complete = agreement.proposal_uri is not None and agreement.shared is not None
    if text_of(raw.get("purpose")) not in PURPOSES or not is_complete:
        return Refusal(RefusalReason.BAD_SHAPE, "a Move of an incomplete Agreement")
    return MovedAgreement(
        agreement=agreement,
        origin_uri=origin_uri,
        target_uri=target_uri,
        mentor_uri=mentor_uri,
        thread_uri=thread_uri,
        title=line_of(raw.get("name"), MAX_TITLE_CHARACTERS) or agreement.uri,
        purpose=raw["purpose"],
    )
