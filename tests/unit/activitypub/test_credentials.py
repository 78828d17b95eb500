"""Records of mentorships: what they say and do not say, that they hold, and that no byte can change."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from libline_fed import vocabulary
from libline_fed.activitypub.credential_checks import (
    CheckedCredential,
    Outcome,
    TrustedKey,
    are_of_one_mentorship,
    check_credential,
)
from libline_fed.activitypub.credentials import NotARecord, issue_credential, read_credential
from libline_fed.activitypub.keys import multibase_of
from libline_fed.activitypub.proofs import add_proof
from libline_fed.domain.mentorships import Side
from libline_fed.domain.records import Ending, available_at, ending_of, shared_number
from libline_fed.errors import Conflict
from tests.support import independent_verifier
from tests.support.keys import (
    ANA_ED25519_PRIVATE,
    ANA_ED25519_PUBLIC,
    ANA_RSA_PUBLIC,
    BEN_ED25519,
    BEN_ED25519_PUBLIC,
)
from tests.support.records import AGREEMENT, ISSUED_AT, KEY_ID, LIB, RECORD, issued, issuer_document

NOW = ISSUED_AT
TRUSTED = TrustedKey(ANA_ED25519_PUBLIC, "a letter", LIB, KEY_ID)


def signed_again(document: dict[str, Any]) -> bytes:
    """Sign a changed document anew with the issuer's key, as only the issuer could."""
    import rfc8785

    assert isinstance(ANA_ED25519_PRIVATE, Ed25519PrivateKey)
    bare = {name: value for name, value in document.items() if name != "proof"}
    signed = add_proof(bare, private_key=ANA_ED25519_PRIVATE, key_id=KEY_ID, created=NOW)
    return rfc8785.dumps({**signed, "proof": [signed["proof"]]})


def check(content: bytes, *trusted: TrustedKey, now: datetime = NOW) -> CheckedCredential:
    return check_credential(content, trusted=trusted, now=now)


def detail_of(checked: CheckedCredential, name: str) -> str:
    return next(step.detail for step in checked.steps if step.name == name)


def test_a_record_holds_and_says_what_was_put_in() -> None:
    checked = check(issued(), TRUSTED)
    assert checked.holds
    assert checked.record == RECORD
    assert {step.name: step.outcome for step in checked.steps} == {
        "form": "good",
        "content": "good",
        "signature": "good",
        "issuer": "good",
        "dates": "good",
        "expiry": "good",
        "revocation": "unknown",
    }


def test_a_record_has_what_open_badges_and_verifiable_credentials_require() -> None:
    document = json.loads(issued())
    assert document["@context"][:2] == [
        "https://www.w3.org/ns/credentials/v2",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
    ]
    assert all(isinstance(context, dict) for context in document["@context"][2:]), "nothing more to fetch"
    assert document["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    assert document["id"] == RECORD.uri
    assert document["validFrom"] == "2026-11-24T09:00:00Z"
    assert document["issuer"]["type"] == ["Profile"]
    assert document["issuer"]["id"] == LIB
    subject = document["credentialSubject"]
    assert subject["type"] == ["AchievementSubject"]
    assert subject["id"] == RECORD.subject_uri
    assert subject["activityStartDate"] == "2026-06-01T00:00:00Z"
    assert subject["activityEndDate"] == "2026-11-01T00:00:00Z"
    assert subject["creditsEarned"] == 12.5
    achievement = subject["achievement"]
    assert achievement["type"] == ["Achievement"]
    assert all(achievement[name] for name in ("id", "name", "description", "criteria"))
    assert achievement["achievementType"].startswith("ext:")
    assert [entry["targetUrl"] for entry in achievement["alignment"]] == [
        vocabulary.area_uri("A0301"),
        vocabulary.area_uri("A1003"),
    ]
    assert achievement["alignment"][0]["targetName"] == vocabulary.area_label("A0301", "es")
    (proof,) = document["proof"]
    assert proof["cryptosuite"] == "eddsa-jcs-2022"
    assert proof["verificationMethod"] == KEY_ID
    assert proof["proofPurpose"] == "assertionMethod"


def test_every_word_of_a_record_has_a_meaning_in_its_contexts() -> None:
    """Terms that no context defines would be lost by readers that process JSON-LD."""
    document = json.loads(issued(partner_name="Ben"))
    own = set(document["@context"][2])
    # Read in the two contexts that a record names, version 2 and 3.0.3.
    theirs = {
        *("@context", "id", "type", "name", "description", "url"),
        *("issuer", "validFrom", "credentialSubject", "proof"),
        *("achievement", "activityStartDate", "activityEndDate", "creditsEarned", "identifier", "role"),
        *("achievementType", "inLanguage", "alignment", "criteria", "narrative"),
        *("targetName", "targetUrl", "targetCode", "targetFramework"),
        *("hashed", "identityHash", "identityType"),
        *("cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue"),
    }

    def words(value: Any) -> set[str]:
        if isinstance(value, list):
            return set().union(*map(words, value))
        if not isinstance(value, dict):
            return set()
        return set(value) | set().union(*(words(v) for name, v in value.items() if name != "@context"))

    assert words(document) <= own | theirs
    assert not (own - {"Multikey"}) & theirs, "their terms are protected"
    assert own - {"Multikey"} <= words(document)


@pytest.mark.parametrize("language", ["en", "es", "fr", "ar"])
@pytest.mark.parametrize("role", list(Side))
def test_a_record_is_written_in_the_language_of_its_owner(language: str, role: Side) -> None:
    english = json.loads(issued(language="en", role=role))
    document = json.loads(issued(language=language, role=role))
    assert document["credentialSubject"]["achievement"]["inLanguage"] == language
    assert (document["name"] == english["name"]) == (language == "en")
    achievement = document["credentialSubject"]["achievement"]
    same = english["credentialSubject"]["achievement"]
    assert achievement["id"] == same["id"]
    assert (achievement["criteria"] == same["criteria"]) == (language == "en")
    assert check(issued(language=language, role=role)).record == replace(
        RECORD, language=language, role=role
    )


def test_a_language_without_words_of_its_own_gets_english_ones() -> None:
    assert issued(language="qu") == issued(language="en")


@pytest.mark.parametrize(
    ("minutes", "hours"), [(0, "0"), (60, "1"), (50, "0.83"), (750, "12.5"), (100_001, "1666.68")]
)
def test_hours_are_spelled_alike_by_every_reader(minutes: int, hours: str) -> None:
    content = issued(minutes=minutes)
    assert f'"creditsEarned":{hours},'.encode() in content
    assert check(content).holds
    assert independent_verifier.verify(content)["credentialSubject"]["minutes"] == minutes


def test_a_partner_is_not_named_unless_asked_for() -> None:
    content = issued(partner_host=None)
    assert not {"partnerHost", "partnerName"} & set(json.loads(content)["credentialSubject"])
    assert b"a.example" not in content
    both = json.loads(issued(partner_name="Ben"))["credentialSubject"]
    assert (both["partnerHost"], both["partnerName"]) == ("a.example", "Ben")


def test_areas_of_unknown_vocabularies_keep_their_address() -> None:
    foreign = "https://a.example/vocab/x-zines"
    checked = check(issued(areas=(foreign,)))
    assert checked.record is not None
    assert checked.record.areas == (foreign,)


# --- tampering --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80])
def test_a_record_fails_after_any_one_changed_byte(mask: int) -> None:
    content = issued(partner_name="Ben")
    for trusted in ((), (TRUSTED,)):
        assert check(content, *trusted).holds
        for position in range(len(content)):
            changed = bytearray(content)
            changed[position] ^= mask
            assert not check(bytes(changed), *trusted).holds, (position, bytes(changed)[position - 9 :][:20])


def test_a_record_fails_after_any_one_byte_is_lost_or_added() -> None:
    content = issued()
    for position in range(len(content) + 1):
        assert not check(content[:position] + content[position + 1 :]).holds or position == len(content)
        for added in (b" ", b"\n", b"0"):
            assert not check(content[:position] + added + content[position:]).holds, (position, added)


@pytest.mark.parametrize("mask", [0x01, 0x20])
def test_the_independent_verifier_agrees_on_every_changed_byte(mask: int) -> None:
    content = issued(partner_name="Ben")
    actor = issuer_document()
    assert independent_verifier.verify(content)["credentialSubject"]["role"] == "mentor"
    assert independent_verifier.verify(content, actor)
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= mask
        with pytest.raises(independent_verifier.Wrong):
            independent_verifier.verify(bytes(changed), actor)


def test_other_spaces_are_told_from_other_content() -> None:
    document = json.loads(issued())
    checked = check(json.dumps(document, indent=2).encode(), TRUSTED)
    assert not checked.holds
    assert checked.outcome_of("form") is Outcome.BAD
    assert checked.outcome_of("signature") is Outcome.GOOD


def test_nothing_can_be_added_beside_the_signature() -> None:
    import rfc8785

    document = json.loads(issued())
    for name, value in (("signature", {"type": "Other"}), ("note", "and a hundred more")):
        checked = check(rfc8785.dumps(document | {name: value}), TRUSTED)
        assert checked.outcome_of("form") is Outcome.GOOD
        assert checked.outcome_of("signature") is Outcome.BAD, name
    two = rfc8785.dumps(document | {"proof": document["proof"] * 2})
    assert check(two).outcome_of("signature") is Outcome.BAD


def test_a_record_by_another_key_fails_for_whom_knows_the_right_one() -> None:
    forged = issued(pair=BEN_ED25519)
    blind = check(forged)
    assert blind.holds, "with the key it carries, as for anybody who knows no other"
    assert blind.outcome_of("issuer") is Outcome.UNKNOWN
    assert multibase_of(BEN_ED25519_PUBLIC) in detail_of(blind, "signature")
    assert not check(forged, TRUSTED).holds
    assert check(forged, TRUSTED).outcome_of("issuer") is Outcome.BAD
    assert not check(issued(), TrustedKey(BEN_ED25519_PUBLIC, "a letter")).holds


def test_a_trusted_key_counts_only_for_its_owner() -> None:
    content = issued()
    assert check(content, TrustedKey(ANA_ED25519_PUBLIC, "a letter")).holds
    assert not check(content, replace(TRUSTED, owner_uri="https://a.example/actor")).holds
    assert not check(content, replace(TRUSTED, key_id=f"{LIB}#another")).holds
    assert not check(content, TrustedKey(ANA_RSA_PUBLIC, "a letter")).holds
    assert check(content, TrustedKey(BEN_ED25519_PUBLIC, "a card"), TRUSTED).holds, "one of several is enough"


def test_a_key_of_somebody_else_does_not_issue() -> None:
    assert isinstance(ANA_ED25519_PRIVATE, Ed25519PrivateKey)
    elsewhere = issue_credential(
        RECORD,
        private_key=ANA_ED25519_PRIVATE,
        key_id="https://a.example/actor#ed25519-key",
        created=NOW,
    )
    assert check(elsewhere).outcome_of("issuer") is Outcome.BAD
    document = json.loads(issued())
    document["issuer"]["assertionMethod"][0]["controller"] = "https://a.example/actor"
    assert check(signed_again(document)).outcome_of("issuer") is Outcome.BAD
    document = json.loads(issued())
    document["issuer"]["assertionMethod"][0]["id"] = f"{LIB}#another"
    assert check(signed_again(document)).outcome_of("signature") is Outcome.BAD


# --- dates ------------------------------------------------------------------------------------------


def test_dates_that_cannot_be_are_refused() -> None:
    assert check(issued(), now=NOW - timedelta(days=1)).outcome_of("dates") is Outcome.BAD
    assert check(issued(started_on=date(2026, 11, 2))).outcome_of("dates") is Outcome.BAD
    assert check(issued(ended_on=date(2026, 11, 26))).outcome_of("dates") is Outcome.BAD
    assert check(issued(ended_on=date(2026, 11, 25))).holds, "it may be tomorrow already where they live"
    dated_back = json.loads(issued()) | {"validFrom": "2026-11-21T09:00:00Z"}
    assert check(signed_again(dated_back)).outcome_of("dates") is Outcome.BAD


def test_a_last_day_is_minded() -> None:
    document = json.loads(issued())
    for until, outcome in (
        ("2026-11-24T08:59:59Z", Outcome.BAD),
        ("2027-01-01T00:00:00Z", Outcome.GOOD),
        ("some day", Outcome.BAD),
    ):
        checked = check(signed_again(document | {"validUntil": until}), TRUSTED)
        assert checked.outcome_of("expiry") is outcome
        assert checked.holds == (outcome is Outcome.GOOD)


# --- what is no record ------------------------------------------------------------------------------


def test_what_is_no_record_says_why() -> None:
    assert detail_of(check(b"{"), "reading").startswith("bad-json")
    assert not check(b"[]").holds
    assert not check(b"").holds
    document = json.loads(issued())
    for path in (
        ("credentialSubject", "role"),
        ("credentialSubject", "ending"),
        ("credentialSubject", "minutes"),
        ("credentialSubject", "identifier"),
        ("credentialSubject", "achievement"),
        ("issuer", "assertionMethod"),
        ("issuer", "name"),
        ("@context",),
        ("type",),
        ("id",),
        ("validFrom",),
    ):
        for value in (None, 7, "some words", [], {}, [[]], [{}], True):
            changed = json.loads(issued())
            holder = changed
            for name in path[:-1]:
                holder = holder[name]
            holder[path[-1]] = value
            checked = check(signed_again(changed), TRUSTED)
            is_text = value == "some words" and path[-1] in {"name", "id"}
            assert checked.holds == is_text, (path, value)
    assert check(signed_again(document), TRUSTED).holds


def test_hours_that_are_not_the_minutes_are_refused() -> None:
    document = json.loads(issued())
    document["credentialSubject"]["creditsEarned"] = 120.5
    with pytest.raises(NotARecord, match="minutes and hours"):
        read_credential(document)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.data())
def test_checking_never_raises(data: st.DataObject) -> None:
    document = json.loads(issued())
    holder = document
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = data.draw(st.sampled_from(keys))
        inner = holder[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        holder = inner
    value = data.draw(json_values)
    is_same = value == holder[key] and type(value) is type(holder[key])
    holder[key] = value
    content = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    checked = check(content.encode(errors="surrogatepass"), TRUSTED)
    assert not checked.holds or is_same


# --- two sides of one mentorship --------------------------------------------------------------------


def test_the_records_of_both_belong_together() -> None:
    other = replace(
        RECORD,
        uri="https://a.example/records/1",
        subject_uri="https://a.example/actors/1",
        role=Side.MENTEE,
        issuer_uri="https://a.example/actor",
    )
    assert are_of_one_mentorship(RECORD, other)
    assert not are_of_one_mentorship(RECORD, RECORD)
    assert not are_of_one_mentorship(RECORD, replace(other, role=Side.MENTOR))
    assert not are_of_one_mentorship(RECORD, replace(other, mentorship_uri=shared_number("another")))
    assert AGREEMENT.rpartition("/")[2] not in RECORD.mentorship_uri, "the number tells nothing"


# --- when there is one ------------------------------------------------------------------------------


def test_there_is_a_record_of_what_took_place() -> None:
    first, day, later = date(2026, 6, 1), date(2026, 11, 1), date(2026, 12, 1)

    def ending(state: str, ends_on: date | None = later, started_on: date | None = first) -> Ending:
        return ending_of(state, started_on=started_on, ended_on=day, ends_on=ends_on)

    assert ending("completed", ends_on=day) is Ending.COMPLETED
    assert ending("completed", ends_on=None) is Ending.COMPLETED
    assert ending("completed") is Ending.COMPLETED_EARLY
    assert ending("ended-early") is Ending.ENDED_EARLY
    assert ending("lapsed") is Ending.LAPSED
    for state in ("draft", "proposed", "intro", "active", "paused", "ended-intro", "ended-safety"):
        with pytest.raises(Conflict):
            ending(state)
    with pytest.raises(Conflict):
        ending("completed", started_on=None)


def test_a_completed_mentorship_is_certified_once_nobody_can_object_any_more() -> None:
    assert available_at("completed", NOW) == NOW + timedelta(days=7)
    assert available_at("ended-early", NOW) == NOW
