"""Documents in the shapes that other servers send, parsed to the expected values.

Each file below `documents/` is an object: `source`, what its shape was written from; `kind`, which parser
reads it; `document`; `expected`, every field of the result. The wording, names and hosts are ours.
"""

import json
import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from libline_fed.activitypub.parse import (
    parse_activity,
    parse_actor,
    parse_collection,
    parse_keys,
    parse_note,
    parse_object,
    parse_proposal,
    visibility_of,
)
from libline_fed.activitypub.webfinger import parse_jrd
from libline_fed.activitypub.wire import dump_json, parse_json

FOLDER = Path(__file__).parent / "documents"
FILES = sorted(FOLDER.glob("*/*.json"))
PARSERS: dict[str, Callable[[Any], Any]] = {
    "activity": parse_activity,
    "actor": parse_actor,
    "collection": parse_collection,
    "jrd": parse_jrd,
    "keys": parse_keys,
    "note": parse_note,
    "object": parse_object,
    "proposal": parse_proposal,
}
SERVERS = {
    "akkoma",
    "bookwyrm",
    "fedify",
    "friendica",
    "gotosocial",
    "hubzilla",
    "lemmy",
    "mastodon",
    "misskey",
}
SERVERS |= {"mitra", "mobilizon", "peertube", "pixelfed", "pleroma", "snac", "wordpress"}
_RAW = ("raw", "raw_object", "raw_items", "raw_authors")  # what was given, not what was made of it


def plain(value: Any) -> Any:
    """Return a parsed value as JSON would hold it, without the raw documents inside."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if is_dataclass(value):
        return {
            field.name: plain(getattr(value, field.name)) for field in fields(value) if field.name not in _RAW
        }
    return value


def outcome_of(kind: str, document: dict[str, Any]) -> Any:
    """Parse a document, and what is embedded in it, into comparable values."""
    parsed = PARSERS[kind](document)
    result = plain(parsed)
    if isinstance(result, dict):
        result["is"] = type(parsed).__name__
        embedded = getattr(parsed, "raw_object", None)
        if embedded is not None and embedded.get("type") not in (
            "Follow",
            "Like",
            "Announce",
            "Create",
            "Update",
        ):
            result["embedded"] = outcome_of("object", embedded)
        elif embedded is not None:
            result["embedded"] = outcome_of("activity", {"actor": document["actor"], **embedded})
        if hasattr(parsed, "in_reply_to_uri"):
            result["visibility"] = visibility_of(parsed.to, parsed.cc, f"{parsed.author_uri}/followers").value
    return result


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_document_is_read_as_expected(path: Path) -> None:
    recorded = json.loads(path.read_bytes())
    document = parse_json(dump_json(recorded["document"]))
    assert document == recorded["document"], "the body itself must be acceptable"
    assert outcome_of(recorded["kind"], recorded["document"]) == recorded["expected"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_document_says_where_its_shape_is_from_and_names_no_real_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    recorded = json.loads(text)
    assert set(recorded) == {"source", "kind", "document", "expected"}
    assert len(recorded["source"]) > 20
    hosts = set(re.findall(r"https?://([a-z0-9.-]+)", text))
    vocabularies = {
        "www.w3.org",
        "w3id.org",
        "purl.archive.org",
        "gotosocial.org",
        "joinpeertube.org",
        "misskey-hub.net",
    }
    vocabularies |= {
        "diasporafoundation.org",
        "join-lemmy.org",
        "joinmobilizon.org",
        "joinmastodon.org",
        "ostatus.org",
    }
    vocabularies |= {"schema.org", "litepub.social", "pixelfed.org", "purl.org", "webfinger.net"}
    assert {host for host in hosts if not host.endswith(".example")} <= vocabularies


def test_all_the_servers_are_there() -> None:
    assert {path.parent.name for path in FILES} == SERVERS
    assert len(FILES) >= 110
