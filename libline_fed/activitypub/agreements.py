"""Agreements on the wire (FEP-0837 with our `ll:` properties): built here, and read here.

`Offer(Agreement)` asks, `Accept` with a `result` says yes, `Reject` no, `Undo` takes back, and
`Update(Agreement)` carries what both must agree on, whole, with every change. All are private: `to` the other
of the pair.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from libline_fed.activitypub.build import timestamp
from libline_fed.activitypub.contexts import AGREEMENT_CONTEXT
from libline_fed.activitypub.objects import Activity
from libline_fed.activitypub.urls import same_origin
from libline_fed.activitypub.values import count_of, line_of, moment_of, objects, text_of, types_of, uri_of
from libline_fed.domain.agreements import SHARED_STATES, Confirmation, Shared, Standing, Terms
from libline_fed.domain.mentorships import CLOCK, Side, State
from libline_fed.errors import Refusal, RefusalReason
from libline_fed.sanitize import clean_text, sanitize_html
from libline_fed.vocabulary import canonical_language

MAX_ANSWER_CHARACTERS = 2_000
MAX_CONTACT_CHARACTERS = 500
ANSWER_KEYS = ("why", "by_when", "tried")
TERM_TEXTS = {"goal": 500, "end_rule": 500, "goal_type": 40, "frequency": 40, "mode": 40}
TERM_FLAGS = ("is_confidential", "may_name")  # may_name: in the other's signed record
MAX_MONTHS = 24
MAX_OFFER_VERSION = 100  # there is one counter-proposal each way
OUR_WORDS = ("version", "answers", "terms")  # who writes none of them in an Offer knows FEP-0837 only
_VALUEFLOWS = "https://w3id.org/valueflows/ont/vf#"
_MEASURES = "http://www.ontology-of-units-of-measure.org/resource/om-2/"
_UNITS = ("one", "om2:one", f"{_MEASURES}one")


@dataclass(frozen=True, slots=True)
class OfferedAgreement:
    """What an `Offer(Agreement)` says."""

    proposal_uri: str
    thread_uri: str | None
    version: int
    answers: dict[str, str]
    terms: dict[str, Any]
    expires_at: datetime | None
    counter_of_uri: str | None
    quantity: int
    message_html: str
    language: str | None
    is_plain: bool = False  # FEP-0837 and nothing of ours


@dataclass(frozen=True, slots=True)
class AgreementDocument:
    """An Agreement that has an id: a `result`, or the object of an `Update`."""

    uri: str
    attributed_to_uri: str | None
    offer_uri: str | None
    proposal_uri: str | None
    shared: Shared | None  # None from servers that know FEP-0837 only
    contact: str | None
    quantity: int = 1


# --- building ---------------------------------------------------------------------------------------


def build_offered(
    *,
    proposal_uri: str,
    version: int,
    message_html: str,
    answers: Mapping[str, str],
    terms: Mapping[str, Any],
    expires_at: datetime,
) -> dict[str, Any]:
    """Return the Agreement inside an Offer: it has no id until it is accepted (FEP-0837)."""
    return {
        "type": "Agreement",
        "version": version,
        "message": message_html,  # the activity's `content` has the answers as well, for everybody else
        "answers": dict(answers),
        "terms": dict(terms),
        "endTime": timestamp(expires_at),
        "stipulates": _commitment(proposal_uri, None),
    }


def build_agreement(
    *,
    uri: str,
    attributed_to_uri: str,
    offer_uri: str,
    proposal_uri: str,
    shared: Shared,
    contact: str = "",
) -> dict[str, Any]:
    """Return an Agreement with all that both must agree on."""
    document: dict[str, Any] = {
        "type": "Agreement",
        "id": uri,
        "attributedTo": attributed_to_uri,
        "offer": offer_uri,
        "version": shared.standing.version,
        "stipulates": _commitment(proposal_uri, f"{uri}#primary"),
        "standing": _standing(shared),
        "terms": {
            "version": shared.terms.version,
            "by": shared.terms.by,
            "values": dict(shared.terms.values),
        },
        "confirmations": {
            side.value: {"version": given.version, "at": timestamp(given.at)}
            for side in Side
            if (given := shared.confirmation(side)) is not None
        },
    }
    if shared.started_at is not None:
        document["startTime"] = timestamp(shared.started_at)
    if shared.ends_on is not None:
        document["endTime"] = f"{shared.ends_on.isoformat()}T00:00:00Z"
    if contact:
        document["contact"] = contact
    return document


def build_wait(offer_uri: str, expires_at: datetime) -> dict[str, Any]:
    """Return what tells an asker that the answer may take longer: an Agreement that is none yet."""
    return {"type": "Agreement", "offer": offer_uri, "endTime": timestamp(expires_at)}


def build_completion(
    *, agreement_uri: str, actor_uri: str, partner_uri: str, title: str, at: datetime
) -> dict[str, Any]:
    """Return the confirmation of a completed agreement, a Document in its context (FEP-0837)."""
    return {
        "type": "Document",
        "id": f"{agreement_uri}/completion",
        "attributedTo": actor_uri,
        "name": title,
        "context": agreement_uri,
        "published": timestamp(at),
        "to": [partner_uri],
    }


def with_context(document: dict[str, Any]) -> dict[str, Any]:
    """Return an Agreement as it is served on its own."""
    return {"@context": list(AGREEMENT_CONTEXT), **document}


def _commitment(proposal_uri: str, uri: str | None) -> dict[str, Any]:
    commitment: dict[str, Any] = {
        "type": "Commitment",
        "satisfies": f"{proposal_uri}#primary",
        "resourceQuantity": {"hasUnit": "one", "hasNumericalValue": "1"},
    }
    return {"id": uri, **commitment} if uri is not None else commitment


def _standing(shared: Shared) -> dict[str, Any]:
    standing, state = shared.standing, shared.standing.state
    if state == State.ENDED_SAFETY:  # seen to end like any other: the other side is not told why
        state = State.ENDED_EARLY if shared.is_confirmed else State.ENDED_INTRO
    said: dict[str, Any] = {
        "epoch": standing.epoch,
        "version": standing.version,
        "state": str(state),
        "by": standing.by,
        "at": timestamp(standing.at),
    }
    if standing.paused_until_on is not None:
        said["pausedUntil"] = standing.paused_until_on.isoformat()
    if standing.ends_on is not None:
        said["endsOn"] = standing.ends_on.isoformat()
    return said


# --- reading ----------------------------------------------------------------------------------------


def is_agreement(document: Any) -> bool:
    """Tell whether an embedded object is an Agreement."""
    if not isinstance(document, Mapping):
        return False
    return not {"Agreement", f"{_VALUEFLOWS}Agreement"}.isdisjoint(types_of(document.get("type")))


def parse_offered(activity: Activity) -> OfferedAgreement | Refusal:
    """Read an `Offer(Agreement)`. `satisfies` names the proposal; `target` may not say otherwise."""
    document = activity.raw_object
    if document is None or not is_agreement(document):
        return Refusal(RefusalReason.NOT_FOR_US, "not an Agreement")
    document = _with_short_names(document)
    proposal_uri, quantity = _satisfied(document)
    if proposal_uri is None:
        return Refusal(RefusalReason.BAD_SHAPE, "an Agreement about nothing")
    if activity.target_uri not in (None, proposal_uri, *activity.to):  # AS2: to whom something is offered
        return Refusal(RefusalReason.BAD_SHAPE, "target and satisfies differ")
    uri = document.get("id")  # FEP-0837 lets it have one already; it gets another with a yes
    if uri is not None and not same_origin(text_of(uri), activity.actor_uri):
        return Refusal(RefusalReason.BAD_SHAPE, "an Agreement of another server")
    return OfferedAgreement(
        proposal_uri=proposal_uri,
        thread_uri=uri_of(activity.raw.get("context")),
        version=min(count_of(document.get("version"), 1), MAX_OFFER_VERSION),
        answers=parse_answers(document.get("answers")),
        terms=parse_terms(document.get("terms")),
        expires_at=moment_of(document.get("endTime")),
        counter_of_uri=uri_of(activity.raw.get("inReplyTo")),
        quantity=quantity,
        message_html=sanitize_html(text_of(document.get("message"))),
        language=_language(activity.raw.get("contentMap")),
        is_plain=not any(word in document for word in OUR_WORDS),
    )


def parse_wait(document: Any) -> tuple[str, datetime] | None:
    """Read what `build_wait` makes, as the Offer's URI and the new deadline; None for anything else."""
    if not is_agreement(document) or document.get("id") is not None:
        return None
    offer_uri, expires_at = uri_of(document.get("offer")), moment_of(document.get("endTime"))
    return (offer_uri, expires_at) if offer_uri is not None and expires_at is not None else None


def parse_agreement(document: Any) -> AgreementDocument | Refusal:
    """Read an Agreement that has an id."""
    if not isinstance(document, Mapping) or not is_agreement(document):
        return Refusal(RefusalReason.BAD_SHAPE, "not an Agreement")
    document = _with_short_names(document)
    uri = uri_of(document.get("id"))
    if uri is None:
        return Refusal(RefusalReason.BAD_SHAPE, "an Agreement without an id")
    proposal_uri, quantity = _satisfied(document)
    shared = _shared(document) if document.get("standing") is not None else None
    if isinstance(shared, Refusal):
        return shared
    return AgreementDocument(
        uri=uri,
        attributed_to_uri=uri_of(document.get("attributedTo")),
        offer_uri=uri_of(document.get("offer")),
        proposal_uri=proposal_uri,
        shared=shared,
        contact=clean_text(text_of(document.get("contact")))[:MAX_CONTACT_CHARACTERS]
        if "contact" in document
        else None,
        quantity=quantity,
    )


def parse_answers(value: Any) -> dict[str, str]:
    """Read the answers to the three questions of a request; anything else is left out."""
    if not isinstance(value, Mapping):
        return {}
    return {
        key: answer
        for key in ANSWER_KEYS
        if (answer := clean_text(text_of(value.get(key)))[:MAX_ANSWER_CHARACTERS]).strip()
    }


def parse_terms(value: Any) -> dict[str, Any]:
    """Read terms: known keys only, each within its bounds."""
    if not isinstance(value, Mapping):
        return {}
    terms: dict[str, Any] = {
        key: line_of(value.get(key), limit) for key, limit in TERM_TEXTS.items() if value.get(key)
    }
    if "months" in value:
        terms["months"] = min(count_of(value["months"], 4), MAX_MONTHS)
    terms |= {key: value[key] for key in TERM_FLAGS if isinstance(value.get(key), bool)}
    return {key: found for key, found in terms.items() if found != ""}


def changed_terms(terms: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return terms with some of them written anew; one that is given empty is taken out."""
    parsed = parse_terms(values)
    kept = {key: value for key, value in terms.items() if key not in values or key in TERM_FLAGS}
    return kept | parsed


def _language(content_map: Any) -> str | None:
    """Return the language that a text is written in, if there is one and it is known to be one."""
    written_in = next(iter(content_map), None) if isinstance(content_map, dict) else None
    return canonical_language(written_in) if written_in is not None else None


def _satisfied(document: Mapping[str, Any]) -> tuple[str | None, int]:
    """Return which proposal an Agreement is about, and how much of it: 0 where it cannot be what we offer."""
    # The second spelling is that of FEP-0837's own example of an Accept.
    commitments = list(objects(document.get("stipulates", document.get("stiplulates"))))
    if len(commitments) != 1:
        return None, 0
    commitment = _with_short_names(commitments[0])
    satisfied = uri_of(commitment.get("satisfies"))
    proposal_uri, _, part = (satisfied or "").partition("#")
    is_ours_to_give = part != "reciprocal" and document.get("stipulatesReciprocal") is None  # nothing costs
    quantity = _quantity(commitment.get("resourceQuantity")) if is_ours_to_give else 0
    return proposal_uri or None, quantity


def _quantity(value: Any) -> int:
    """Return a number of mentorships; what is counted in another unit is none."""
    measure = _with_short_names(value) if isinstance(value, Mapping) else {}
    unit = measure.get("hasUnit", "one")
    return count_of(measure or value, 1) if unit in _UNITS else 0


def _with_short_names(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object with the names of FEP-0837 as they are usually written.

    Fedify writes them in full where its context has no short ones. A full name means the same in every
    context; the short one goes before it.
    """
    long = {name: name.removeprefix(_VALUEFLOWS).removeprefix(_MEASURES) for name in document}
    if all(name == short for name, short in long.items()):
        return document
    return {short: document[name] for name, short in long.items() if name == short or short not in document}


def _shared(document: Mapping[str, Any]) -> Shared | Refusal:
    standing, terms = document.get("standing"), document.get("terms")
    if not isinstance(standing, Mapping) or not isinstance(terms, Mapping):
        return Refusal(RefusalReason.BAD_SHAPE, "standing or terms are not objects")
    state, by, at = text_of(standing.get("state")), standing.get("by"), moment_of(standing.get("at"))
    known_sides = (CLOCK, *Side)
    if state not in SHARED_STATES or state == State.ENDED_SAFETY or by not in known_sides or at is None:
        return Refusal(RefusalReason.BAD_SHAPE, "a standing that is none")
    given = document.get("confirmations")
    given = given if isinstance(given, Mapping) else {}
    return Shared(
        standing=Standing(
            epoch=count_of(standing.get("epoch"), 0),
            version=count_of(standing.get("version"), 0),
            state=State(state).value,
            by=str(by),
            at=at.replace(microsecond=0),
            paused_until_on=_day(standing.get("pausedUntil")),
            ends_on=_day(standing.get("endsOn")),
        ),
        terms=Terms(
            count_of(terms.get("version"), 0),
            str(terms["by"]) if terms.get("by") in known_sides else CLOCK,
            parse_terms(terms.get("values")),
        ),
        mentor=_confirmation(given.get(Side.MENTOR.value)),
        mentee=_confirmation(given.get(Side.MENTEE.value)),
    )


def _confirmation(value: Any) -> Confirmation | None:
    if not isinstance(value, Mapping):
        return None
    at = moment_of(value.get("at"))
    version = count_of(value.get("version"), 0)
    return Confirmation(version, at.replace(microsecond=0)) if at is not None and version > 0 else None


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None
