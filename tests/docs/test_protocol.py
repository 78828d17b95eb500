"""What docs/protocol.md shows is what the code says and reads; its words are enough to write `merge` anew."""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

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
    parse_agreement,
    parse_offered,
    parse_wait,
)
from libline_fed.activitypub.moves import MovedAgreement, parse_moved_agreement
from libline_fed.activitypub.objects import Activity, NoteDocument, Tombstone, Visibility
from libline_fed.activitypub.parse import parse_activity, parse_object, visibility_of
from libline_fed.activitypub.private_notes import NAMES
from libline_fed.activitypub.wire import dump_json, parse_json
from libline_fed.domain import agreements, mentorships
from libline_fed.domain.mentorships import DeclineReason
from libline_fed.federation.inbox_agreements import is_about_agreement
from libline_fed.services import offers_received, requests
from scripts import protocol
from tests.docs import independent_merge

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
WORDS = " ".join(PAGE.split())
EXAMPLES: dict[str, dict[str, Any]] = json.loads((ROOT / "docs/protocol-examples.json").read_bytes())
VECTORS: dict[str, Any] = json.loads((ROOT / "docs/merge-vectors.json").read_bytes())
AGREEMENTS = [name for name in EXAMPLES if name.startswith("update-")]
NOTES = [
    name
    for name, one in EXAMPLES.items()
    if isinstance(one["object"], dict) and one["object"].get("type") in {"Note", "Question"}
]


def read(name: str) -> Activity:
    """Return an example as the inbox reads it."""
    document = parse_json(dump_json(EXAMPLES[name]))
    assert isinstance(document, dict), document
    activity = parse_activity(document)
    assert isinstance(activity, Activity), activity
    return activity


def agreement_of(document: Any) -> AgreementDocument:
    read_document = parse_agreement(document)
    assert isinstance(read_document, AgreementDocument), read_document
    return read_document


# --- examples ---------------------------------------------------------------------------------------


def test_the_page_shows_examples_that_exist() -> None:
    shown = protocol.shown_names()
    assert shown <= set(EXAMPLES)
    assert len(shown) >= 25


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_a_private_activity(name: str) -> None:
    activity = read(name)
    assert activity.uri.startswith("https://")
    assert len(activity.to) == 1
    assert activity.cc == ()
    assert activity.has_proof is False


@pytest.mark.parametrize("name", ["offer", "counter-offer", "plain-offer"])
def test_offers_are_read(name: str) -> None:
    activity = read(name)
    assert is_about_agreement(activity)
    offered = parse_offered(activity)
    assert isinstance(offered, OfferedAgreement), offered
    assert (offered.quantity, offered.is_plain) == (1, name == "plain-offer")
    assert (offered.counter_of_uri is not None) == (name == "counter-offer")
    if not offered.is_plain:
        assert offered.terms == EXAMPLES[name]["object"]["terms"]
        assert set(offered.terms) <= {*TERM_TEXTS, *TERM_FLAGS, "months"}
        assert offered.thread_uri == EXAMPLES["offer" if name == "offer" else name]["context"]


def test_an_accept_begins_with_what_was_offered() -> None:
    result = agreement_of(EXAMPLES["accept"]["result"])
    offer = EXAMPLES["offer"]
    assert result.shared is not None
    assert result.shared.terms.values == offer["object"]["terms"]
    assert (result.shared.terms.version, result.shared.terms.by) == (1, "mentee")
    assert (result.shared.standing.version, result.shared.standing.state) == (1, "intro")
    assert EXAMPLES["accept"]["object"] == result.offer_uri == offer["id"]
    plain = agreement_of(EXAMPLES["plain-accept"]["result"])
    assert (plain.shared, plain.attributed_to_uri, plain.quantity) == (None, None, 1)


@pytest.mark.parametrize("name", AGREEMENTS)
def test_updates_are_read_and_written_back_the_same(name: str) -> None:
    activity, said = read(name), EXAMPLES[name]["object"]
    assert is_about_agreement(activity)
    one = agreement_of(said)
    assert one.shared is not None
    written = build_agreement(
        uri=one.uri,
        attributed_to_uri=one.attributed_to_uri or "",
        offer_uri=one.offer_uri or "",
        proposal_uri=one.proposal_uri or "",
        shared=one.shared,
        contact=one.contact or "",
    )
    assert written == said


def test_the_story_of_the_examples_can_be_followed() -> None:
    """Each Update goes on from the ones before, and nothing is refused on the way."""
    mine = agreement_of(EXAMPLES["accept"]["result"]).shared
    assert mine is not None
    states = []
    for name in AGREEMENTS:
        said = EXAMPLES[name]
        theirs = agreement_of(said["object"]).shared
        assert theirs is not None
        mine = agreements.merge(mine, theirs)
        states.append(str(mine.state))
    assert states == ["intro", "active", "paused", "active", "completed", "active"]


def test_the_other_commands_are_read() -> None:
    assert parse_wait(EXAMPLES["wait"]["object"]) is not None
    assert is_about_agreement(read("completion"))
    assert EXAMPLES["completion"]["object"]["context"] == EXAMPLES["accept"]["result"]["id"]
    assert EXAMPLES["reject"]["reason"] in list(DeclineReason)
    undone = EXAMPLES["undo"]["object"]
    assert (undone["type"], undone["actor"]) == ("Offer", EXAMPLES["undo"]["actor"])
    assert isinstance(parse_moved_agreement(read("move")), MovedAgreement)
    assert isinstance(parse_object(EXAMPLES["message-deleted"]["object"]), Tombstone)


@pytest.mark.parametrize("name", NOTES)
def test_notes_are_read_as_private_and_with_their_data(name: str) -> None:
    said = EXAMPLES[name]["object"]
    note = parse_object(said)
    assert isinstance(note, NoteDocument), note
    assert visibility_of(note.to, note.cc, f"{note.author_uri}/followers") is Visibility.DIRECT
    assert note.author_uri == EXAMPLES[name]["actor"]
    data = [key for key in NAMES if key in said]
    assert (note.item is not None) == bool(data)
    assert (note.poll_vote is not None) == (name == "door-vote")
    if note.item is not None:
        assert note.item.version == said[data[0]]["version"]


def test_every_kind_of_data_is_shown() -> None:
    assert {key for name in NOTES for key in NAMES if key in EXAMPLES[name]["object"]} == set(NAMES)


# --- words ------------------------------------------------------------------------------------------


def test_every_reason_for_a_no_is_explained() -> None:
    table = PAGE.partition("### No")[2].partition("## Yes")[0]
    assert set(re.findall(r"`([a-z-]+)`", table)) >= {reason.value for reason in DeclineReason}


def test_the_order_of_states_and_sides_is_that_of_the_code() -> None:
    listed = re.search(r"5\. state, in this order: ([^;]+);", WORDS)
    assert listed is not None
    told = sorted(agreements.SHARED_STATES - {"ended-safety"}, key=lambda state: agreements._RANKS[state])
    assert re.findall(r"`([a-z-]+)`", listed[1]) == told == independent_merge.STATES


def test_the_numbers_are_those_of_the_code() -> None:
    assert f"`version` of an Offer | {MAX_OFFER_VERSION} |" in PAGE
    assert f"{agreements.MAX_VERSION:,}" in PAGE
    texts = f"{MAX_ANSWER_CHARACTERS:,}, {MAX_CONTACT_CHARACTERS}, {max(TERM_TEXTS.values())} characters"
    assert texts in PAGE
    assert f"kept as text | {requests.MAX_MESSAGE_CHARACTERS:,} characters" in PAGE
    assert f"{offers_received.MAX_EXPIRY.days} days ahead" in PAGE
    assert f"| {mentorships.MAX_OPEN_REQUESTS} | not sent" in PAGE
    assert f"`months` (0 to {MAX_MONTHS};" in WORDS
    assert f"{mentorships.MAX_PAUSE_DAYS} days after `at`" in WORDS
    assert (mentorships.EXPIRY_DAYS, mentorships.QUESTION_DAYS, mentorships.FEEDBACK_DAYS) == (10, 30, 28)
    assert (agreements.MONTH_DAYS, agreements.MAX_AHEAD.days) == (30.4375, 1)


# --- vectors ----------------------------------------------------------------------------------------


def shared_of(part: dict[str, Any]) -> agreements.Shared:
    """Read the parts that are merged as the inbox reads them."""
    document = {"type": "Agreement", "id": "https://a.example/agreements/1", **part}
    shared = agreement_of(document).shared
    assert shared is not None
    return shared


@pytest.mark.parametrize("vector", VECTORS["merges"], ids=lambda vector: vector["name"])
def test_the_code_merges_as_the_vectors_say(vector: dict[str, Any]) -> None:
    a, b, merged = (shared_of(vector[name]) for name in ("a", "b", "merged"))
    assert agreements.merge(a, b) == agreements.merge(b, a) == merged
    assert str(merged.state) == vector["state"]


@pytest.mark.parametrize("vector", VECTORS["merges"], ids=lambda vector: vector["name"])
def test_the_words_are_enough_to_merge(vector: dict[str, Any]) -> None:
    a, b = vector["a"], vector["b"]
    merged = independent_merge.merge(a, b)
    assert merged == independent_merge.merge(b, a) == vector["merged"]
    assert independent_merge.state_of(merged) == vector["state"]
    assert independent_merge.start_of(merged) == vector.get("startTime")
    assert independent_merge.end_of(merged) == vector.get("endTime")


@pytest.mark.parametrize("vector", VECTORS["received"], ids=lambda vector: vector["name"])
def test_the_words_are_enough_to_receive(vector: dict[str, Any]) -> None:
    got = independent_merge.receive(vector["mine"], vector["theirs"], vector["sender"], vector["now"])
    assert got == vector.get("refused", vector.get("merged"))
    if isinstance(got, dict):
        assert independent_merge.state_of(got) == vector["state"]


def test_the_vectors_are_many_and_none_is_like_another() -> None:
    assert len({one["name"] for one in VECTORS["merges"]}) == len(VECTORS["merges"]) >= 24
    assert len({one["name"] for one in VECTORS["received"]}) == len(VECTORS["received"]) >= 16
    assert {one["state"] for one in VECTORS["merges"]} == set(independent_merge.STATES)


def test_mixed_parts_of_all_vectors_merge_alike() -> None:
    """Two programs written from one page agree on what the page does not show."""
    chance = random.Random(1)
    known = [one[name] for one in VECTORS["merges"] for name in ("a", "b")]
    for _ in range(2_000):
        a, b = (
            {name: chance.choice(known)[name] for name in ("standing", "terms", "confirmations")}
            for _ in "ab"
        )
        merged = independent_merge.merge(a, b)
        ours = agreements.merge(shared_of(a), shared_of(b))
        assert ours == shared_of(merged)
        assert str(ours.state) == independent_merge.state_of(merged)
        assert (ours.ends_on is None) == (independent_merge.end_of(merged) is None)
