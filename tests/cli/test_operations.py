"""`libline queue|inbox|peer|migrate|backup|verify|fetch`."""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from libline_fed.activitypub.keys import (
    generate_ed25519,
    generate_rsa,
    load_private,
    load_public,
    multibase_of,
)
from libline_fed.activitypub.proofs import add_proof
from libline_fed.federation.signatures import sign
from tests.cli.conftest import Libline


def test_peers_are_allowed_silenced_blocked_and_reset(libline: Libline) -> None:
    assert libline("peer", "list").out == "No such server is known.\n"
    assert (
        libline("peer", "block", "Spam.Example.", "--note", "sells things").out
        == "spam.example is blocked.\n"
    )
    assert libline("peer", "silence", "noisy.example").status == 0
    assert libline("peer", "allow", "good.example").status == 0
    listed = {peer["host"]: peer["policy"] for peer in libline("peer", "list", "--json").json}
    assert listed == {"spam.example": "blocked", "noisy.example": "silenced", "good.example": "allowed"}
    assert [peer["host"] for peer in libline("peer", "list", "--policy", "blocked", "--json").json] == [
        "spam.example"
    ]
    assert libline("peer", "show", "spam.example", "--json").json["note"] == "sells things"
    assert "sells things" in libline("peer", "show", "spam.example").out
    assert libline("peer", "reset", "spam.example").status == 0
    assert libline("peer", "show", "spam.example", "--json").json["policy"] == "default"
    assert libline("peer", "block", "not a host").status == 4
    assert libline("peer", "show", "unknown.example").status == 3


def test_a_list_of_blocked_servers_is_looked_at_taken_in_and_given_out(
    libline: Libline, tmp_path: Path
) -> None:
    libline("peer", "allow", "good.example")
    libline("peer", "silence", "loud.example", "--note", "ours")
    file = tmp_path / "blocks.csv"
    header = "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate"
    file.write_text(
        f"{header}\nspam.example,suspend,true,true,=Spam,false\nloud.example,silence,false,false,,false\n"
        "good.example,suspend,true,true,,false\nb**.example,suspend,true,true,,true\ncom,suspend,,,,\n"
    )
    looked = libline("peer", "import", str(file), "--dry-run")
    assert looked.status == 0
    assert "left out: b**.example" in looked.out
    assert "left out: com" in looked.out
    assert "rules are new" not in looked.out
    plan = libline("peer", "import", str(file), "--dry-run", "--json").json
    assert [(one["host"], one["before"], one["needs_hand"]) for one in plan["changes"]] == [
        ("good.example", "allowed", True),
        ("spam.example", "default", False),
    ]
    assert libline("peer", "show", "spam.example").status == 3
    assert "1 rules are new." in libline("peer", "import", str(file)).out
    assert "1 rules are new." in libline("peer", "import", str(file), "--also", "good.example").out
    out = libline("peer", "export").out
    assert out.splitlines() == [
        header,
        "good.example,suspend,true,true,,false",
        "loud.example,silence,false,false,,false",
        "spam.example,suspend,true,true,,false",
    ]
    assert "'=Spam" in libline("peer", "export", "--with-notes").out
    file.write_bytes(b"\xff\xff not a list")
    assert libline("peer", "import", str(file)).status == 4
    assert libline("peer", "import", str(tmp_path / "nothing.csv")).status == 3


def test_empty_queues_say_so(libline: Libline) -> None:
    assert libline("queue", "list").out == "There are no such deliveries.\n"
    assert libline("queue", "list", "--by-host", "--json").json == []
    assert libline("queue", "retry").out == "0 deliveries will be sent.\n"
    assert libline("queue", "show", "1").status == 3
    assert libline("queue", "drop").status == 4, "the whole queue is not dropped by a forgotten option"
    assert libline("inbox", "list").out == "Nothing came in.\n"
    assert libline("inbox", "refused", "--json").json == []
    assert libline("inbox", "replay", "1").status == 3


def test_migrate_says_that_the_schema_is_current(libline: Libline) -> None:
    assert libline("migrate", "--check").status == 0
    assert libline("migrate", "--quiet").out == ""
    assert libline("migrate").out == "The database has the schema of this version.\n"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_empty_database_is_refused_until_it_is_migrated(
    libline: Libline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIBLINE_DATABASE_URL", f"sqlite:///{tmp_path / 'fresh.sqlite3'}")
    assert libline("migrate", "--check").status == 1
    done = libline("queue", "list")
    assert done.status == 1
    assert "libline migrate" in done.err
    assert libline("serve").status == 1
    assert "Applied: 0001" in libline("migrate").out
    assert libline("queue", "list").status == 0


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_backup_is_whole_and_brings_the_secret_key(libline: Libline, tmp_path: Path) -> None:
    libline(
        "member", "add", "ana", "--email", "ana@library.example", "--password", "correct horse battery staple"
    )
    target = tmp_path / "backup.sqlite3"
    assert libline("backup", str(target)).status == 0
    with sqlite3.connect(target) as connection:
        assert connection.execute("SELECT handle FROM actors WHERE type = 'Person'").fetchall() == [("ana",)]
    connection.close()
    key = tmp_path / "backup.sqlite3.secret-key"
    assert key.read_bytes() == (tmp_path / "data/secret-key").read_bytes()
    assert key.stat().st_mode & 0o077 == 0
    again = libline("backup", str(target))
    assert again.status == 4
    assert "exists already" in again.err


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_postgresql_database_is_left_to_pg_dump(libline: Libline, tmp_path: Path) -> None:
    done = libline("backup", str(tmp_path / "backup"))
    assert done.status == 4
    assert "pg_dump" in done.err


def test_a_secret_key_that_does_not_fit_is_noticed_at_once(libline: Libline, tmp_path: Path) -> None:
    assert libline("queue", "list").status == 0
    (tmp_path / "data/secret-key").write_text("x" * 43)
    done = libline("queue", "list")
    assert done.status == 1
    assert "secret key" in done.err


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_verify_checks_a_proof_with_a_given_key(libline: Libline, tmp_path: Path) -> None:
    pair = generate_ed25519()
    document = add_proof(
        {"@context": "https://www.w3.org/ns/activitystreams", "id": "https://a.example/1", "type": "Note"},
        private_key=load_private(pair.private_pem),  # type: ignore[arg-type]
        key_id="https://a.example/actors/1#ed25519-key",
        created=datetime.now(UTC),
    )
    (tmp_path / "key.pem").write_text(pair.public_pem)
    (tmp_path / "good.json").write_text(json.dumps(document))
    (tmp_path / "bad.json").write_text(json.dumps(document | {"type": "Article"}))
    good = libline("verify", str(tmp_path / "good.json"), "--key", str(tmp_path / "key.pem"))
    assert good.status == 0
    assert "the proof holds" in good.out
    bad = libline("verify", str(tmp_path / "bad.json"), "--key", str(tmp_path / "key.pem"))
    assert bad.status == 1
    assert "the proof does not hold" in bad.out
    assert multibase_of(load_public(pair.public_pem)).startswith("z6Mk")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("scheme", ["cavage", "rfc9421"])
def test_verify_checks_a_saved_request_with_a_given_key(
    libline: Libline, tmp_path: Path, scheme: str
) -> None:
    pair = generate_rsa()
    body = b'{"type": "Follow"}'
    headers = sign(
        "POST", "http://127.0.0.1:8765/inbox", key_id="https://a.example/actors/1#main-key",
        private_key=load_private(pair.private_pem), now=datetime.now(UTC), body=body,
        content_type="application/activity+json", scheme=scheme,
    )  # fmt: skip
    head = "POST /inbox HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    (tmp_path / "key.pem").write_text(pair.public_pem)
    (tmp_path / "good").write_bytes(head.encode() + b"\r\n" + body)
    (tmp_path / "bad").write_bytes(head.encode() + b"\r\n" + body + b" ")
    good = libline("verify", str(tmp_path / "good"), "--key", str(tmp_path / "key.pem"))
    assert good.status == 0, good.out + good.err
    assert "signed by https://a.example/actors/1" in good.out
    bad = libline("verify", str(tmp_path / "bad"), "--key", str(tmp_path / "key.pem"))
    assert bad.status == 1
    assert "refused, bad-digest" in bad.out


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_verify_says_when_a_file_is_neither(libline: Libline, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear admin,\nplease look.\n")
    done = libline("verify", str(tmp_path / "letter"))
    assert done.status == 1
    assert "neither" in done.err
    assert libline("verify", str(tmp_path / "nothing")).status == 3


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_fetch_explains_why_it_does_not_fetch(libline: Libline) -> None:
    own = libline("fetch", "http://127.0.0.1:8765/actor")
    assert own.status == 1
    assert "does not fetch from itself" in own.out
    libline("peer", "block", "127.0.0.9")
    blocked = libline("fetch", "http://127.0.0.9:1/actor")
    assert blocked.status == 4
    assert "127.0.0.9:1 is blocked" in blocked.out
    silent = libline("fetch", "http://127.0.0.8:9/actor")
    assert silent.status == 5
