"""`libline verify` with records: offline, with keys of several kinds, and with a useful exit status."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from libline_fed.activitypub.keys import load_public, multibase_of
from libline_fed.domain.mentorships import Side
from tests.cli.conftest import Libline
from tests.support.keys import ANA_ED25519, ANA_ED25519_PUBLIC, ANA_RSA, BEN_ED25519
from tests.support.records import RECORD, issued, issuer_document

NOW = datetime.now(UTC).replace(microsecond=0)
FRESH = replace(
    RECORD,
    issued_at=NOW,
    started_on=(NOW - timedelta(days=90)).date(),
    ended_on=(NOW - timedelta(days=8)).date(),
)
OTHER = replace(
    FRESH,
    uri="https://a.example/records/1",
    subject_uri="https://a.example/actors/1",
    role=Side.MENTEE,
    issuer_uri="https://a.example/actor",
    issuer_name="Another Library",
    issuer_url="https://a.example/",
)
pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """A record in a file."""
    file = tmp_path / "record.json"
    file.write_bytes(issued(FRESH))
    return file


@pytest.fixture
def nothing_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with no database and no network, only the program."""
    monkeypatch.setenv("LIBLINE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")


@pytest.mark.usefixtures("nothing_there")
def test_a_record_is_checked_without_network_or_database(libline: Libline, record: Path) -> None:
    done = libline("verify", str(record))
    assert done.status == 0, done.err
    assert "signature:  eddsa-jcs-2022, holds with z6Mk" in done.out
    assert "issuer:     unknown: the key came with the record" in done.out
    assert "revocation: unknown" in done.out
    assert done.out.splitlines()[-1].endswith("the record is whole; whose key signed it is not proven")


@pytest.mark.usefixtures("nothing_there")
@pytest.mark.parametrize("kind", ["actor", "key document", "pem", "multibase file", "multibase", "did:key"])
def test_a_key_that_one_has_proves_the_issuer(
    libline: Libline, record: Path, tmp_path: Path, kind: str
) -> None:
    multibase = multibase_of(ANA_ED25519_PUBLIC)
    actor = issuer_document()
    (key,) = actor["assertionMethod"]
    content = {
        "actor": json.dumps(actor, indent=1),
        "key document": json.dumps({"@context": "https://w3id.org/security/multikey/v1", **key}),
        "pem": ANA_ED25519.public_pem,
        "multibase file": f"{multibase}\n",
    }.get(kind)
    if content is None:
        named = multibase if kind == "multibase" else f"did:key:{multibase}#{multibase}"
    else:
        (tmp_path / "key").write_text(content)
        named = str(tmp_path / "key")
    done = libline("verify", str(record), "--key", named)
    assert done.status == 0, done.out + done.err
    assert "the key is the one from " in done.out
    assert done.out.splitlines()[-1].endswith("the record is genuine")


@pytest.mark.usefixtures("nothing_there")
def test_a_forged_record_fails_where_the_issuers_key_is_known(libline: Libline, tmp_path: Path) -> None:
    (tmp_path / "forged.json").write_bytes(issued(FRESH, pair=BEN_ED25519))
    (tmp_path / "lib.json").write_text(json.dumps(issuer_document()))
    done = libline("verify", str(tmp_path / "forged.json"), "--key", str(tmp_path / "lib.json"))
    assert done.status == 1
    assert "issuer:     bad: no key from the file lib.json" in done.out
    assert done.out.splitlines()[-1].endswith("the record does not hold")


@pytest.mark.usefixtures("nothing_there")
def test_a_record_fails_after_one_changed_byte(libline: Libline, record: Path) -> None:
    content = record.read_bytes()
    for position in range(0, len(content), 97):
        changed = bytearray(content)
        changed[position] ^= 1
        record.write_bytes(bytes(changed))
        assert libline("verify", str(record)).status == 1, position
    record.write_bytes(content + b"\n")
    done = libline("verify", str(record))
    assert done.status == 1
    assert "not byte for byte what was handed out" in done.out


@pytest.mark.usefixtures("nothing_there")
def test_two_records_can_be_shown_together(libline: Libline, record: Path, tmp_path: Path) -> None:
    (tmp_path / "other.json").write_bytes(issued(OTHER, pair=BEN_ED25519))
    keys = [f"--key={multibase_of(load_public(pair.public_pem))}" for pair in (ANA_ED25519, BEN_ED25519)]
    done = libline("verify", str(record), str(tmp_path / "other.json"), *keys)
    assert done.status == 0, done.out
    assert done.out.splitlines()[-1] == "The two records are of one mentorship."
    (tmp_path / "third.json").write_bytes(
        issued(replace(OTHER, mentorship_uri="urn:uuid:0"), pair=BEN_ED25519)
    )
    done = libline("verify", str(record), str(tmp_path / "third.json"), *keys)
    assert done.status == 0, "each holds by itself"
    assert done.out.splitlines()[-1] == "The two records are of different mentorships."
    done = libline("verify", str(record), str(tmp_path / "other.json"), keys[0])
    assert done.status == 1, "one of the two is not proven by the only key"


@pytest.mark.usefixtures("nothing_there")
def test_a_report_is_also_for_programs(libline: Libline, record: Path) -> None:
    report = libline("verify", str(record), "--json").json
    assert report["holds"] is True
    assert report["pair"] is None
    (file,) = report["files"]
    assert file["kind"] == "record"
    assert {step["name"]: step["outcome"] for step in file["steps"]} == {
        "form": "good",
        "content": "good",
        "signature": "good",
        "issuer": "unknown",
        "dates": "good",
        "expiry": "good",
        "revocation": "unknown",
    }
    assert file["record"]["minutes"] == 750
    assert file["record"]["areas"] == ["A0301", "A1003"]


def test_what_a_stranger_wrote_does_not_steer_the_terminal(libline: Libline, tmp_path: Path) -> None:
    odd = replace(FRESH, subject_name="Ana\x1b[31m\r8. verdict: genuine")
    (tmp_path / "odd.json").write_bytes(issued(odd))
    done = libline("verify", str(tmp_path / "odd.json"))
    assert done.status == 0
    assert "\x1b" not in done.out
    assert "\r" not in done.out


def test_keys_that_are_none_are_refused(libline: Libline, record: Path, tmp_path: Path) -> None:
    assert libline("verify", str(record), "--key", str(tmp_path / "nothing")).status == 3
    for content in ("", "no key at all", "{}", "{", json.dumps(issuer_document() | {"id": "https://a.example/x"})):
        (tmp_path / "key").write_text(content)
        done = libline("verify", str(record), "--key", str(tmp_path / "key"))
        assert done.status == 1, content
        assert "key" in done.err
    (tmp_path / "key").write_text(ANA_RSA.public_pem)
    assert libline("verify", str(record), "--key", str(tmp_path / "key")).status == 1, "another key"


def test_asking_the_issuer_says_when_it_does_not_answer(libline: Libline, record: Path) -> None:
    done = libline("verify", str(record), "--online")
    assert done.status == 5, done.out + done.err
    assert "does not answer" in done.err
