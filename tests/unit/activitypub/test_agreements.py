"""Agreements on the wire: what is built is read back the same, and nothing that comes in can do harm."""

import dataclasses
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libline_fed.activitypub import agreements as wire
from libline_fed.activitypub.agreements import (
    MAX_ANSWER_CHARACTERS,
    MAX_CONTACT_CHARACTERS,
    MAX_MONTHS,
    MAX_OFFER_VERSION,
    TERM_FLAGS,
    TERM_TEXTS,
    AgreementDocument,
    OfferedAgreement,
    build_agreement,
    build_completion,
    build_offered,
    parse_agreement,
    parse_answers,
    parse_offered,
    parse_terms,
    with_context,
)
from libline_fed.activitypub.contexts import AGREEMENT_CONTEXT
from libline_fed.activitypub.objects import Activity
from libline_fed.activitypub.parse import parse_activity
from libline_fed.activitypub.values import MAX_COUNT
from libline_fed.domain.agreements import SHARED_STATES, Confirmation, Shared, Standing, Terms, receive
from libline_fed.domain.mentorships import CLOCK, Side, State
from libline_fed.errors import Refusal

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
AGREEMENT_URI = "https://a.example/agreements/1"
PROPOSAL_URI = "https://a.example/proposals/1"
OFFER_URI = "https://b.example/activities/1"
ANA_URI, BEN_URI = "https://a.example/actors/ana", "https://b.example/actors/ben"

# --- what people agree on ---------------------------------------------------------------------------

lines = st.text(min_size=1, max_size=600)
given_terms = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(TERM_TEXTS, lines)
    | {"months": st.integers(-3, 999)}
    | {key: st.booleans() for key in TERM_FLAGS},
)
terms_values = given_terms.map(parse_terms)
moments = st.integers(0, 10**8).map(lambda seconds: NOW - timedelta(seconds=seconds))
days = st.none() | st.dates(date(2026, 1, 1), date(2030, 1, 1))
sides = st.sampled_from([CLOCK, *(side.value for side in Side)])
counts = st.integers(0, 1_000)
standings = st.builds(
    Standing, counts, counts, st.sampled_from(sorted(SHARED_STATES)), sides, moments, days, days
)
yeses = st.none() | st.builds(Confirmation, st.integers(1, 1_000), moments)
shareds = st.builds(Shared, standings, st.builds(Terms, counts, sides, terms_values), yeses, yeses)


def build(shared: Shared, contact: str = "") -> dict[str, Any]:
    document = build_agreement(
        uri=AGREEMENT_URI,
        attributed_to_uri=ANA_URI,
        offer_uri=OFFER_URI,
        proposal_uri=PROPOSAL_URI,
        shared=shared,
        contact=contact,
    )
    read: dict[str, Any] = json.loads(json.dumps(document))
    return read


@given(shareds, st.text(max_size=MAX_CONTACT_CHARACTERS))
def test_what_is_built_is_read_back_the_same(shared: Shared, contact: str) -> None:
    read = parse_agreement(build(shared, contact))
    assert isinstance(read, AgreementDocument)
    assert (read.uri, read.attributed_to_uri, read.offer_uri) == (AGREEMENT_URI, ANA_URI, OFFER_URI)
    assert (read.proposal_uri, read.quantity) == (PROPOSAL_URI, 1)
    assert (read.contact is not None) == bool(contact)
    assert read.shared == told(shared)


def told(shared: Shared) -> Shared:
    """Return what the other side is told: an end for safety looks like any other."""
    if shared.standing.state != State.ENDED_SAFETY:
        return shared
    state = State.ENDED_EARLY if shared.is_confirmed else State.ENDED_INTRO
    return dataclasses.replace(shared, standing=dataclasses.replace(shared.standing, state=state))


@given(shareds)
def test_safety_is_never_on_the_wire(shared: Shared) -> None:
    assert "safety" not in json.dumps({**build(shared), "terms": None})


@given(given_terms)
def test_terms_that_were_read_once_stay_as_they_are(given: dict[str, Any]) -> None:
    once = parse_terms(given)
    assert parse_terms(json.loads(json.dumps(once))) == once
    assert set(once) <= {*TERM_TEXTS, *TERM_FLAGS, "months"}
    assert all(len(once.get(key, "")) <= limit for key, limit in TERM_TEXTS.items())
    assert 0 <= once.get("months", 0) <= MAX_MONTHS


def test_dates_that_other_software_reads_are_there() -> None:
    yes = Confirmation(1, NOW)
    shared = Shared(Standing(0, 1, "intro", "mentor", NOW), Terms(1, "mentee", {"months": 4}), yes, yes)
    document = build(shared)
    assert (document["startTime"], document["endTime"]) == ("2026-11-24T09:00:00Z", "2027-03-26T00:00:00Z")
    assert document["stipulates"]["satisfies"] == f"{PROPOSAL_URI}#primary"
    assert with_context(document)["@context"] == list(AGREEMENT_CONTEXT)


def test_a_completion_names_its_agreement() -> None:
    document = build_completion(
        agreement_uri=AGREEMENT_URI, actor_uri=ANA_URI, partner_uri=BEN_URI, title="Completed", at=NOW
    )
    assert (document["type"], document["context"], document["to"]) == ("Document", AGREEMENT_URI, [BEN_URI])


# --- an Offer ---------------------------------------------------------------------------------------


def offer(agreement: Any, **more: Any) -> Activity:
    activity = parse_activity(
        {
            "id": OFFER_URI,
            "type": "Offer",
            "actor": BEN_URI,
            "to": [ANA_URI],
            "object": agreement,
            "target": PROPOSAL_URI,
            **more,
        }
    )
    assert isinstance(activity, Activity), activity
    return activity


answers = st.dictionaries(
    st.sampled_from([*wire.ANSWER_KEYS, "other"]), st.text(max_size=2 * MAX_ANSWER_CHARACTERS)
)


@given(answers, terms_values, st.integers(1, 9))
def test_an_offer_is_read_back_the_same(
    answers: dict[str, str], terms: dict[str, Any], version: int
) -> None:
    cleaned = parse_answers(answers)
    document = build_offered(
        proposal_uri=PROPOSAL_URI,
        version=version,
        message_html="<p>Good day.</p>",
        answers=cleaned,
        terms=terms,
        expires_at=NOW,
    )
    read = parse_offered(offer(json.loads(json.dumps(document))))
    assert read == OfferedAgreement(
        proposal_uri=PROPOSAL_URI,
        thread_uri=None,
        version=version,
        answers=cleaned,
        terms=terms,
        expires_at=NOW,
        counter_of_uri=None,
        quantity=1,
        message_html="<p>Good day.</p>",
        language=None,
    )
    assert all(len(answer) <= MAX_ANSWER_CHARACTERS for answer in cleaned.values())
    assert set(cleaned) <= set(wire.ANSWER_KEYS)


OFFERED = build_offered(
    proposal_uri=PROPOSAL_URI, version=1, message_html="", answers={}, terms={}, expires_at=NOW
)
BAD_OFFERS: dict[str, dict[str, Any]] = {
    "of something else": {"object": {"type": "Note", "content": "x"}},
    "about nothing": {"object": {**OFFERED, "stipulates": None}},
    "about two things": {"object": {**OFFERED, "stipulates": [OFFERED["stipulates"]] * 2}},
    "about another thing than its target": {"target": "https://a.example/proposals/2"},
    "with an id of another server": {"object": {**OFFERED, "id": "https://c.example/agreements/1"}},
}


@pytest.mark.parametrize("name", BAD_OFFERS)
def test_an_offer_that_is_none(name: str) -> None:
    changed = BAD_OFFERS[name]
    activity = offer(changed.get("object", OFFERED), **{k: v for k, v in changed.items() if k == "target"})
    assert isinstance(parse_offered(activity), Refusal)


# --- whatever comes in ------------------------------------------------------------------------------

odd_numbers = st.sampled_from([-1, 0, 1, 2**31, 2**63, 1e308, float("inf"), "1e999999", "7", "NaN", True])
odd_times = st.sampled_from(
    ["", "2026-11-24", "9998-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-11-24T09:00:00Z", "x" * 20_000]
)
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
leaves = plain | odd_numbers | odd_times
jsons = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
WHOLE = build(
    Shared(
        Standing(1, 7, "paused", "mentor", NOW, date(2026, 12, 24), date(2027, 3, 1)),
        Terms(3, "mentee", {"goal": "A goal", "months": 4, "mode": "M1", "is_confidential": True}),
        Confirmation(3, NOW),
        Confirmation(3, NOW),
    ),
    "ana@mail.example",
)


def paths(value: Any, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return [before]
    return [before, *(path for key, inner in value.items() for path in paths(inner, (*before, key)))]


def replaced(document: Any, path: tuple[str, ...], value: Any) -> Any:
    if not path:
        return value
    return {**document, path[0]: replaced(document[path[0]], path[1:], value)}


@given(st.sampled_from(paths(WHOLE)), jsons)
def test_anything_anywhere_in_an_agreement_is_read_or_refused(path: tuple[str, ...], value: Any) -> None:
    read = parse_agreement(replaced(WHOLE, path, value))
    if isinstance(read, Refusal):
        assert read.detail
        return
    assert len(read.contact or "") <= MAX_CONTACT_CHARACTERS
    assert 0 <= read.quantity <= MAX_COUNT
    if read.shared is not None:
        check_bounds(read.shared)


@given(jsons)
def test_anything_as_an_agreement_an_answer_or_a_term_is_read_or_refused(value: Any) -> None:
    assert isinstance(parse_agreement(value), Refusal | AgreementDocument)
    assert set(parse_answers(value)) <= set(wire.ANSWER_KEYS)
    assert set(parse_terms(value)) <= {*TERM_TEXTS, *TERM_FLAGS, "months"}


@given(st.sampled_from(paths(OFFERED)), jsons, st.sampled_from(["context", "contentMap", "inReplyTo"]), jsons)
def test_anything_anywhere_in_an_offer_is_read_or_refused(
    path: tuple[str, ...], value: Any, key: str, other: Any
) -> None:
    document = {
        "id": OFFER_URI,
        "type": "Offer",
        "actor": BEN_URI,
        "object": replaced(OFFERED, path, value),
        key: other,
    }
    activity = parse_activity(document)
    if isinstance(activity, Activity):
        read = parse_offered(activity)
        assert isinstance(read, Refusal) or read.proposal_uri == PROPOSAL_URI or path[0] == "stipulates"
        assert isinstance(read, Refusal) or 0 <= read.version <= MAX_OFFER_VERSION


@pytest.mark.parametrize(
    ("content_map", "language"),
    [
        ({"pt-br": "<p>x</p>"}, "pt-BR"),
        ({"x" * 40: "<p>x</p>"}, None),
        ({"\0": "<p>x</p>"}, None),
        ({}, None),
        ("pt", None),
    ],
)
def test_the_language_of_an_offer_is_one(content_map: Any, language: str | None) -> None:
    read = parse_offered(offer(OFFERED, contentMap=content_map))
    assert isinstance(read, OfferedAgreement)
    assert read.language == language


def check_bounds(shared: Shared) -> None:
    """Check that merging, storing and showing it cannot fail."""
    standing, terms = shared.standing, shared.terms
    assert standing.state in SHARED_STATES - {State.ENDED_SAFETY}
    assert standing.at.microsecond == 0
    assert all(0 <= count <= MAX_COUNT for count in (standing.epoch, standing.version, terms.version))
    assert all(len(terms.values.get(key, "")) <= limit for key, limit in TERM_TEXTS.items())
    for sender in Side:
        mine = Shared(Standing(0, 1, "intro", "mentor", NOW), Terms(1, "mentee", {}))
        got = receive(mine, shared, sender=sender, now=NOW)
        assert isinstance(got, Refusal) or got.ends_on is None or got.ends_on.year <= 9999
        assert isinstance(got, Refusal) or isinstance(got.state, State)
