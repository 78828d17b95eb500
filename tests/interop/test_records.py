"""Records of mentorships, checked by a program that shares no code with LibLine."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.keys import BEN_ED25519
from tests.support.node import node_command
from tests.support.records import issued, issuer_document

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]

PEER = Path(__file__).parent / "fedify"


def fedify_says(record: bytes, folder: Path) -> str:
    """Let Fedify check a record with the issuer's saved actor document, without a network."""
    (folder / "record.json").write_bytes(record)
    (folder / "actor.json").write_text(json.dumps(issuer_document()))
    done = subprocess.run(
        [node_command(), "verify_record.mjs", str(folder / "record.json"), str(folder / "actor.json")],
        cwd=PEER,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_fedify_finds_a_record_genuine(tmp_path: Path) -> None:
    assert (PEER / "node_modules").is_dir(), f"run npm ci in {PEER} first (scripts/test does)"
    assert fedify_says(issued(), tmp_path) == "yes: https://lib.example/actor#ed25519-key"


def test_fedify_finds_changed_and_forged_records_out(tmp_path: Path) -> None:
    assert fedify_says(issued().replace(b'"minutes":750', b'"minutes":950'), tmp_path) == "no"
    assert fedify_says(issued(pair=BEN_ED25519), tmp_path) == "no"
