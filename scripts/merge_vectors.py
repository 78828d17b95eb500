"""Test vectors of `merge` and `receive`, made by the code: docs/merge-vectors.json.

What is compared is what travels: `standing`, `terms` and `confirmations` of an Agreement.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from libline_fed.activitypub.agreements import build_agreement
from libline_fed.activitypub.build import timestamp
from libline_fed.domain import agreements
from libline_fed.domain.agreements import Confirmation, Shared, Standing, Terms, merge, receive
from libline_fed.domain.mentorships import CLOCK, Side, State
from libline_fed.errors import Refusal

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MENTOR, MENTEE = Side.MENTOR, Side.MENTEE
ASKED = {"goal": "Catalogue 200 maps", "months": 4, "mode": "M4"}
PARTS = ("standing", "terms", "confirmations")
Vector = dict[str, Any]


def vectors() -> str:
    """Return docs/merge-vectors.json."""
    found = {
        "about": "merge(a, b) and merge(b, a) are `merged`, and the rest follows from it: docs/protocol.md "
        "says how. `received` is what a server makes of a message of the other one.",
        "merges": [_merge_vector(name, a, b) for name, a, b in _pairs()],
        "received": [_receive_vector(name, mine, theirs, by) for name, mine, theirs, by in _messages()],
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def wire(shared: Shared) -> Vector:
    """Return the parts of an Agreement that are merged."""
    document = build_agreement(
        uri="https://a.example/agreements/1",
        attributed_to_uri="https://a.example/actors/1",
        offer_uri="https://b.example/activities/1",
        proposal_uri="https://a.example/proposals/1",
        shared=shared,
    )
    return {name: document[name] for name in (*PARTS, "startTime", "endTime") if name in document}


def _merge_vector(name: str, a: Shared, b: Shared) -> Vector:
    merged = merge(a, b)
    assert merged == merge(b, a), name
    return {
        "name": name,
        "a": _parts(a),
        "b": _parts(b),
        "merged": _parts(merged),
        "state": str(merged.state),
        **{key: value for key, value in wire(merged).items() if key.endswith("Time")},
    }


def _receive_vector(name: str, mine: Shared, theirs: Shared, sender: Side) -> Vector:
    got = receive(mine, theirs, sender=sender, now=NOW)
    vector = {
        "name": name,
        "mine": _parts(mine),
        "theirs": _parts(theirs),
        "sender": str(sender),
        "now": timestamp(NOW),
    }
    if isinstance(got, Refusal):
        return {**vector, "refused": str(got.reason)}
    return {**vector, "merged": _parts(got), "state": str(got.state)}


def _parts(shared: Shared) -> Vector:
    return {name: value for name, value in wire(shared).items() if name in PARTS}


# --- what is merged ---------------------------------------------------------------------------------


def _intro() -> Shared:
    """Return what a pair begins with: Ana, the mentor, has accepted."""
    return agreements.first(at=NOW - 24 * HOUR, by=MENTOR, version=1, terms=Terms(1, MENTEE, dict(ASKED)))


def _running() -> Shared:
    """Return a mentorship to which both have said yes."""
    shared = agreements.with_yes(_intro(), by=MENTOR, at=NOW - 3 * HOUR)
    return agreements.with_yes(shared, by=MENTEE, at=NOW - 2 * HOUR)


def _step(shared: Shared, state: State, by: str, *, hours: float = 1, **more: Any) -> Shared:
    return agreements.step(shared, state, by=by, at=NOW - hours * HOUR, **more)


def _terms(shared: Shared, by: Side, *, hours: float = 1, **values: Any) -> Shared:
    return agreements.with_terms(shared, {**ASKED, **values}, by=by, at=NOW - hours * HOUR)


def _pause(shared: Shared, by: str, *, days: int = 9, **more: Any) -> Shared:
    return _step(shared, State.PAUSED, by, paused_until_on=(NOW + timedelta(days=days)).date(), **more)


def _with_values(shared: Shared, **values: Any) -> Shared:
    return replace(shared, terms=replace(shared.terms, values={**ASKED, **values}))


def _pairs() -> Iterator[tuple[str, Shared, Shared]]:
    intro, running = _intro(), _running()
    completed = _step(running, State.COMPLETED, MENTOR)
    lapsed = _step(running, State.LAPSED, CLOCK)
    back = _step(completed, State.ACTIVE, MENTEE, hours=0.5, is_undoing=True)
    yield "the same twice", running, running
    yield "an intro, and the mentee's yes to it", intro, agreements.with_yes(intro, by=MENTEE, at=NOW - HOUR)
    yield (
        "both say yes at the same time",
        agreements.with_yes(intro, by=MENTOR, at=NOW - 2 * HOUR),
        agreements.with_yes(intro, by=MENTEE, at=NOW - HOUR),
    )
    yield (
        "both write terms at the same time: the mentee's have the higher, odd version",
        _terms(intro, MENTOR, months=6),
        _terms(intro, MENTEE, months=9),
    )
    offered = _terms(intro, MENTOR, hours=5, months=6)
    yield (
        "a yes to version 2 crosses with version 4: nobody is bound to what they have not read",
        agreements.with_yes(offered, by=MENTEE, at=NOW - HOUR),
        _terms(offered, MENTOR, hours=1, months=12),
    )
    yield (
        "one leaves as the second yes comes",
        _step(intro, State.ENDED_INTRO, MENTOR),
        agreements.with_yes(agreements.with_yes(intro, by=MENTOR, at=NOW), by=MENTEE, at=NOW),
    )
    yield "a pause and an early end", _pause(running, MENTOR), _step(running, State.ENDED_EARLY, MENTEE)
    yield (
        "a pause that is over has the higher version, and the end stands",
        _step(_pause(running, MENTOR, hours=2), State.ACTIVE, MENTOR),
        _step(running, State.ENDED_EARLY, MENTEE),
    )
    yield "completed and ended early", completed, _step(running, State.ENDED_EARLY, MENTEE)
    yield "completed and lapsed", completed, lapsed
    yield "an objection takes a completion back", completed, back
    yield "an early end stands against an objection", _step(running, State.ENDED_EARLY, MENTOR), back
    yield (
        "a late sign of life takes a lapse back",
        lapsed,
        _step(lapsed, State.ACTIVE, MENTEE, hours=0.5, is_undoing=True),
    )
    yield "both servers let it lapse", lapsed, _step(running, State.LAPSED, CLOCK, hours=0.9)
    yield "both pause: the mentor's is kept", _pause(running, MENTOR), _pause(running, MENTEE, days=30)
    yield "two pauses in one second: later return", _pause(running, MENTOR), _pause(running, MENTOR, days=8)
    yield (
        "a pause and a later last day: the pause is kept, and its last day",
        _pause(running, MENTEE),
        _step(running, State.ACTIVE, MENTOR, ends_on=date(2027, 9, 1)),
    )
    yield (
        "two last days: the mentor's",
        _step(running, State.ACTIVE, MENTOR, ends_on=date(2027, 5, 1)),
        _step(running, State.ACTIVE, MENTEE, ends_on=date(2027, 9, 1)),
    )
    yield (
        "of one yes, the earlier moment",
        replace(running, mentee=Confirmation(1, NOW - 2 * HOUR)),
        replace(running, mentee=Confirmation(1, NOW - HOUR)),
    )
    yield (
        "completed, as one server says that does not know of new terms: over before anything was agreed",
        completed,
        _terms(running, MENTEE, hours=0.5, months=12),
    )
    yield "accepted too late: expired", intro, _step(intro, State.EXPIRED, CLOCK)
    yield "expired, and both have said yes", running, _step(intro, State.EXPIRED, CLOCK)
    yield (
        "one version in two wordings, which only ill will makes: the greater text",
        _with_values(intro, goal="Katalog"),
        _with_values(intro, goal="Índice"),
    )
    yield (
        "an objection while new terms are being read",
        _terms(back, MENTEE, hours=0.2, months=1),
        agreements.with_yes(back, by=MENTOR, at=NOW),
    )
    yield (
        "a single talk has 30 days",
        agreements.with_yes(_terms(intro, MENTOR, months=0), by=MENTEE, at=NOW),
        intro,
    )


# --- what is received -------------------------------------------------------------------------------


def _messages() -> Iterator[tuple[str, Shared, Shared, Side]]:
    intro, running = _intro(), _running()
    by_mentee = _step(running, State.ENDED_EARLY, MENTEE)
    yield "the mentee ends it", running, by_mentee, MENTEE
    yield "what is known already", by_mentee, by_mentee, MENTEE
    yield "what is older than what is known", by_mentee, running, MENTEE
    ours = _step(running, State.ENDED_EARLY, MENTOR)
    yield "our own step, said back to us", ours, ours, MENTEE
    yield "a step of ours that we have not taken", running, ours, MENTEE
    yield "time, said by the other side", running, _step(running, State.LAPSED, CLOCK), MENTEE
    forged = replace(intro, mentor=Confirmation(1, NOW - HOUR), mentee=Confirmation(1, NOW - HOUR))
    yield "a yes of ours that we have not given is left out", intro, forged, MENTEE
    yield "terms of ours that we have not written", intro, _terms(intro, MENTOR, goal="Free labour"), MENTEE
    yield "terms of the other side", intro, _terms(intro, MENTEE, months=9), MENTEE
    yield "other terms under a version that is known", running, _with_values(running, goal="More"), MENTOR
    yield "a yes to terms that are not written", intro, replace(intro, mentee=Confirmation(9, NOW)), MENTEE
    yield "a step from in 25 hours", running, _step(running, State.LAPSED, CLOCK, hours=-25), MENTEE
    yield "a step from in an hour", running, _step(running, State.LAPSED, CLOCK, hours=-1), MENTEE
    wild = Standing(0, agreements.MAX_VERSION + 1, State.ACTIVE, MENTEE, NOW)
    yield "a version beyond all measure", running, replace(running, standing=wild), MENTEE
    yield "a pause without a return", running, _step(running, State.PAUSED, MENTEE), MENTEE
    yield "a pause of 91 days", running, _pause(running, MENTEE, days=91, hours=0), MENTEE
    yield "a pause of 90 days", running, _pause(running, MENTEE, days=90, hours=0), MENTEE
