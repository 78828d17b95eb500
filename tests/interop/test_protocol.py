"""The messages of a mentorship, read by Fedify, and those of Fedify, read by us: no code is shared."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from libline_fed.activitypub.agreements import (
    AgreementDocument,
    OfferedAgreement,
    parse_agreement,
    parse_offered,
)
from libline_fed.activitypub.objects import Activity
from libline_fed.activitypub.parse import parse_activity
from libline_fed.activitypub.wire import dump_json, parse_json
from libline_fed.federation.inbox_agreements import is_about_agreement
from tests.support.node import node_command

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]

PEER = Path(__file__).parent / "fedify"
EXAMPLES_PATH = Path(__file__).parent.parent.parent / "docs/protocol-examples.json"
EXAMPLES: dict[str, dict[str, Any]] = json.loads(EXAMPLES_PATH.read_bytes())
OWN = ("offer", "accept", "reject", "undo")


@pytest.fixture(scope="module")
def fedify() -> dict[str, Any]:
    """Let Fedify read every example, and write messages of its own."""
    assert (PEER / "node_modules").is_dir(), f"run npm ci in {PEER} first (scripts/test does)"
    done = subprocess.run(
        [node_command(), "read_examples.mjs", str(EXAMPLES_PATH)],
        cwd=PEER,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    read: dict[str, Any] = json.loads(done.stdout)
    return read


@pytest.mark.parametrize("name", EXAMPLES)
def test_fedify_reads_what_we_say(fedify: dict[str, Any], name: str) -> None:
    said, read = EXAMPLES[name], fedify["read"][name]
    assert (read["type"], read["id"], read["actor"]) == (said["type"], said["id"], said["actor"])
    assert read["to"] == (said["to"] if isinstance(said["to"], list) else [said["to"]])
    if isinstance(said["object"], str):
        assert read["object"] == said["object"]
    else:
        assert read["object"] == said["object"].get("id")
        assert read["objectType"] == said["object"]["type"]
        assert read["content"] == said["object"].get("content")
    agreement = said.get("result", said["object"])
    if isinstance(agreement, dict) and "stipulates" in agreement:
        commitment = agreement["stipulates"]
        assert read["agreement"] == agreement.get("id")
        assert read["satisfies"] == commitment["satisfies"]
        assert (read["unit"], read["quantity"]) == ("one", "1")


def activity_of(document: dict[str, Any]) -> Activity:
    body = parse_json(dump_json(document))
    activity = parse_activity(body)
    assert isinstance(activity, Activity), activity
    return activity


@pytest.mark.parametrize("form", ["", "-short"])
def test_we_read_what_fedify_says(fedify: dict[str, Any], form: str) -> None:
    own = {name: fedify["own"][f"{name}{form}"] for name in OWN}
    activity = activity_of(own["offer"])
    assert is_about_agreement(activity)
    offered = parse_offered(activity)
    assert isinstance(offered, OfferedAgreement), offered
    assert offered.proposal_uri == "https://a.example/proposals/1"
    assert (offered.quantity, offered.is_plain) == (1, True)
    accept = activity_of(own["accept"])
    assert accept.object_uri == "https://a.example/activities/1"
    result = parse_agreement(accept.raw["result"])
    assert isinstance(result, AgreementDocument), result
    assert (result.proposal_uri, result.quantity) == ("https://a.example/proposals/1", 1)
    assert (result.uri, result.shared) == ("https://f.example/agreements/1", None)
    assert result.attributed_to_uri == "https://f.example/users/ben"
    assert activity_of(own["reject"]).object_uri == own["offer"]["id"]
    undone = activity_of(own["undo"]).raw_object
    assert undone is not None
    assert (undone["type"], undone["id"]) == ("Offer", own["offer"]["id"])
