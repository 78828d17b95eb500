"""Parsers against any JSON value in any field: they never raise, never let markup or odd URLs through."""

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
from libline_fed.activitypub.urls import host_of
from libline_fed.activitypub.webfinger import parse_jrd
from libline_fed.errors import Refusal

PARSERS: list[Callable[[Any], Any]] = [
    parse_activity,
    parse_actor,
    parse_note,
    parse_proposal,
    parse_object,
    parse_collection,
    parse_keys,
    parse_jrd,
]
NOTE: dict[str, Any] = {
    "id": "https://a.example/n/1",
    "type": "Note",
    "attributedTo": "https://a.example/u/ana",
    "content": "<p>x</p>",
    "contentMap": {"en": "<p>x</p>"},
    "name": "x",
    "summary": "x",
    "url": "https://a.example/@ana/1",
    "published": "2026-09-01T09:00:00Z",
    "updated": "2026-09-01T10:00:00Z",
    "to": ["https://www.w3.org/ns/activitystreams#Public"],
    "cc": ["https://a.example/u/ana/followers"],
    "inReplyTo": "https://b.example/n/2",
    "context": "https://a.example/c/1",
    "conversation": "https://a.example/c/1",
    "tag": [{"type": "Mention", "href": "https://b.example/u/b", "name": "@b@b.example"}],
    "sensitive": False,
    "mediaType": "text/html",
    "language": {"identifier": "en"},
    "purpose": "offer",
    "title": "x",
    "proposalStatus": "open",
    "revision": 1,
    "modality": ["M1"],
    "availableLanguage": ["en"],
    "endTime": "2027-01-01T00:00:00Z",
    "publishes": {
        "type": "Intent",
        "id": "https://a.example/n/1#primary",
        "action": "deliverService",
        "resourceConformsTo": "https://w3id.org/libline/ns#Mentorship",
        "resourceClassifiedAs": ["https://w3id.org/libline/vocab/v1/area/A0301"],
        "availableQuantity": {"hasUnit": "one", "hasNumericalValue": "2"},
    },
}
ACTOR: dict[str, Any] = {
    "id": "https://a.example/u/ana",
    "type": "Person",
    "preferredUsername": "ana",
    "webfinger": "ana@a.example",
    "inbox": "https://a.example/u/ana/inbox",
    "outbox": "https://a.example/u/ana/outbox",
    "followers": "https://a.example/u/ana/followers",
    "featured": "https://a.example/u/ana/featured",
    "proposals": "https://a.example/u/ana/proposals",
    "endpoints": {"sharedInbox": "https://a.example/inbox"},
    "name": "Ana",
    "summary": "<p>x</p>",
    "url": "https://a.example/@ana",
    "icon": {"type": "Image", "url": "https://a.example/a.png"},
    "attachment": [{"type": "PropertyValue", "name": "x", "value": "y"}],
    "publicKey": {
        "id": "https://a.example/u/ana#main-key",
        "owner": "https://a.example/u/ana",
        "publicKeyPem": "x",
    },
    "assertionMethod": [
        {
            "id": "https://a.example/u/ana#k",
            "controller": "https://a.example/u/ana",
            "publicKeyMultibase": "z6Mk",
        }
    ],
    "manuallyApprovesFollowers": True,
    "discoverable": True,
    "alsoKnownAs": ["https://b.example/u/ana"],
    "movedTo": "https://b.example/u/ana",
    "published": "2026-09-01T09:00:00Z",
}
ACTIVITY: dict[str, Any] = {
    "id": "https://a.example/a/1",
    "type": "Create",
    "actor": "https://a.example/u/ana",
    "object": NOTE,
    "target": "https://a.example/u/ana/featured",
    "to": "as:Public",
    "cc": ["https://a.example/u/ana/followers"],
    "content": "x",
    "published": "2026-09-01T09:00:00Z",
    "proof": {"type": "DataIntegrityProof"},
}
COLLECTION: dict[str, Any] = {
    "id": "https://a.example/c",
    "type": "OrderedCollection",
    "totalItems": 2,
    "orderedItems": ["https://a.example/1"],
    "items": [{"id": "https://a.example/2"}],
    "first": {"type": "OrderedCollectionPage", "orderedItems": []},
    "next": "https://a.example/c?2",
    "partOf": "https://a.example/c",
}
JRD: dict[str, Any] = {
    "subject": "acct:ana@a.example",
    "aliases": ["https://a.example/@ana"],
    "links": [{"rel": "self", "type": "application/activity+json", "href": "https://a.example/u/ana"}],
}
SAMPLES = [NOTE, ACTOR, ACTIVITY, COLLECTION, JRD]
ODD_VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    2**62,
    1.5,
    1e300,
    float("nan"),
    float("inf"),
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "x" * 1_000_000,
    "https://b.example/" + "x" * 5_000,
    "<script>alert(1)</script><p onclick=x>y",
    "javascript:alert(1)",
    "Public",
    "as:Public",
    "9" * 100,
    "-5",
    "NaN",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    [],
    [[]],
    [None],
    [1, "x", {}, [], None],
    ["https://a.example/u/ana", "https://b.example/u/b"],
    ["x"] * 1_000,
    {},
    {"id": None},
    {"id": 5, "type": []},
    {"id": {"id": {"id": "https://a.example/"}}},
    {"type": "Note", "name": {"x": []}},
    {"@value": {"@value": {}}},
    {"@value": "1e9999"},
    {"hasNumericalValue": True},
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(
        ["Note", "Person", "Create", "https://a.example/u/ana", "2026-01-01T00:00:00Z", "offer"]
    ),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(
            st.text(max_size=5)
            | st.sampled_from([*NOTE, *ACTOR, *ACTIVITY, *COLLECTION, "type", "id", "links"]),
            children,
            max_size=6,
        )
    ),
    max_leaves=25,
)
_ALLOWED_TAG = re.compile(r"</?(?:p|br|a|span|del|pre|code|em|strong|b|i|u|ul|ol|li|blockquote)(?: [^<>]*)?>")


def check(value: Any, path: str = "") -> None:
    """Assert what holds for every parsed value."""
    if isinstance(value, Refusal) or value is None:
        return
    for field in fields(value):
        if field.name not in ("raw", "raw_object", "raw_items"):
            check_field(field.name, getattr(value, field.name), f"{path}.{field.name}")


def check_field(name: str, found: Any, path: str) -> None:
    """Assert what the name of a field promises of its value."""
    if name.endswith("_html"):
        assert "<" not in _ALLOWED_TAG.sub("", found), path
    elif name.endswith(("_uri", "_url")) or name in ("uri", "url"):
        assert found is None or host_of(found) is not None, (path, found)
    elif isinstance(found, str):
        assert "\n" not in found or name == "pem", path
    elif is_dataclass(found):
        check(found, path)
    elif isinstance(found, tuple):
        assert len(found) <= 1_000
        for item in found:
            if is_dataclass(item):
                check(item, path)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_no_json_value_makes_a_parser_raise(value: Any) -> None:
    for parse in PARSERS:
        result = parse(value)
        if not isinstance(result, tuple):
            check(result)


@pytest.mark.parametrize("value", ODD_VALUES, ids=lambda value: repr(value)[:30])
@pytest.mark.parametrize("sample", SAMPLES, ids=["note", "actor", "activity", "collection", "jrd"])
def test_no_odd_value_in_any_field_makes_a_parser_raise(sample: dict[str, Any], value: Any) -> None:
    for name in sample:
        for parse in PARSERS:
            result = parse({**sample, name: value})
            if not isinstance(result, tuple):
                check(result, name)


@pytest.mark.parametrize("value", ODD_VALUES, ids=lambda value: repr(value)[:30])
def test_no_odd_value_inside_an_intent_makes_a_proposal_raise(value: Any) -> None:
    for name in NOTE["publishes"]:
        check(parse_proposal({**NOTE, "publishes": {**NOTE["publishes"], name: value}}), name)


def test_the_samples_themselves_are_read() -> None:
    assert not isinstance(parse_note(NOTE), Refusal)
    assert parse_proposal(NOTE) is not None
    assert not isinstance(parse_actor(ACTOR), Refusal)
    assert not isinstance(parse_activity(ACTIVITY), Refusal)
    assert not isinstance(parse_collection(COLLECTION), Refusal)
    assert not isinstance(parse_jrd(JRD), Refusal)


@settings(deadline=None)
@given(st.lists(st.text()).map(tuple), st.lists(st.text()).map(tuple), st.none() | st.text())
def test_visibility_is_always_one_of_four(
    to: tuple[str, ...], cc: tuple[str, ...], followers_uri: str | None
) -> None:
    assert visibility_of(to, cc, followers_uri) in ("public", "unlisted", "followers", "direct")
