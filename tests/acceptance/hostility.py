"""A running instance among senders who send what they should not, and what they send."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from libline_fed.bench.crowd import PUBLIC
from tests.support.browsing import Browser
from tests.support.liar import Liar
from tests.support.processes import LiveInstance, wait_for
from tests.support.sink import Answer, Sink, post_raw

ALICE, MALLORY = 0, 1  # two actors on two hosts; Alice is followed
MAX_BYTES = 1_048_576
KEPT_TABLES = {"inbox_activities", "peers", "fetch_failures"}  # what the inbox itself remembers
UNSTABLE_TABLES = {"sessions", "rate_windows"}  # they change by asking, not by what is asked


@dataclass
class World:
    """A running instance, a member, two honest-looking senders and a server that lies."""

    instance: LiveInstance
    sink: Sink
    liar: Liar
    member_uri: str
    browser: Browser

    @property
    def inbox_url(self) -> str:
        """Where everything is posted to."""
        return f"{self.instance.base_url}/inbox"

    def post(self, document: Any, *, index: int = ALICE) -> int:
        """Post a document, signed."""
        return self.post_bytes(orjson.dumps(document), index=index).status_code

    def post_bytes(self, body: bytes, *, index: int = ALICE) -> Answer:
        """Post any bytes, signed."""
        return post_raw(self.sink.crowd.raw_request(index, self.inbox_url, body), self.inbox_url)

    def counts(self) -> dict[str, int]:
        """Count the rows of every table."""
        names = [row[0] for row in self.instance.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: self.instance.number(f'SELECT count(*) FROM "{name}"')
            for name in names
            if name not in UNSTABLE_TABLES
        }

    def settled(self) -> dict[str, int]:
        """Wait until the inbox is worked off; count all rows but those of the inbox itself."""
        pending = "SELECT count(*) FROM inbox_activities WHERE state = 'pending'"
        wait_for(lambda: self.instance.number(pending) == 0, "the end of the inbox")
        return {name: count for name, count in self.counts().items() if name not in KEPT_TABLES}

    def outcome(self, activity_uri: str) -> tuple[str, str | None]:
        """Return state and reason of an accepted activity, once it is worked off."""
        query = "SELECT state, reason FROM inbox_activities WHERE activity_uri = :uri AND state <> 'pending'"
        ((state, reason),) = wait_for(
            lambda: self.instance.rows(query, uri=activity_uri), f"the outcome of {activity_uri}"
        )
        return state, reason


def mention(world: World, number: int, *, index: int = ALICE) -> dict[str, Any]:
    """Build an honest post that names the member."""
    document = world.sink.crowd.note(index, number)
    document["object"]["cc"].append(world.member_uri)
    document["object"]["tag"] = [{"type": "Mention", "href": world.member_uri, "name": "@ana"}]
    return document


WRONG: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    " ",
    "javascript:alert(1)",
    "https://",
    "http://[",
    "/relative",
    [],
    [[]],
    [None],
    ["x", 1, {}],
    {},
    {"id": 1},
    {"id": {}},
    {"type": []},
    {"id": "x", "type": "Note"},
    "x" * 100_000,
    "\u202e\u0301" * 500,
)


def honest_documents(world: World) -> dict[str, dict[str, Any]]:
    """Build one honest activity for each verb that LibLine knows."""
    alice, crowd = world.sink.crowd.uri(ALICE), world.sink.crowd
    note = mention(world, 2)
    offer = copy.deepcopy(note)
    offer["object"] |= {
        "purpose": "offer",
        "title": "Maps",
        "proposalStatus": "open",
        "revision": 1,
        "modality": ["online"],
        "availableLanguage": ["en"],
        "unitBased": True,
        "endTime": "2027-03-01T00:00:00Z",
        "publishes": {
            "type": "Intent",
            "id": f"{offer['object']['id']}#primary",
            "action": "deliverService",
            "resourceConformsTo": "https://w3id.org/libline/ns#Mentorship",
            "resourceClassifiedAs": ["https://w3id.org/libline/vocab/v1/area/A0301"],
            "resourceQuantity": {"hasUnit": "one", "hasNumericalValue": "1"},
            "availableQuantity": {"hasUnit": "one", "hasNumericalValue": "2"},
        },
    }
    envelope = {"@context": "https://www.w3.org/ns/activitystreams", "actor": alice, "to": [PUBLIC], "cc": []}
    actor = {
        "id": alice,
        "type": "Person",
        "preferredUsername": "s",
        "name": "S",
        "summary": "<p>x</p>",
        "inbox": f"{alice}/inbox",
        "url": alice,
        "icon": {"type": "Image", "url": f"{alice}/icon.png"},
        "alsoKnownAs": [],
        "published": "2026-01-01T00:00:00Z",
        "attachment": [{"type": "PropertyValue", "name": "a", "value": "b"}],
        "endpoints": {"sharedInbox": f"{alice}/inbox"},
        "publicKey": {"id": f"{alice}#main-key", "owner": alice, "publicKeyPem": "x"},
        "manuallyApprovesFollowers": False,
    }
    agreement = {
        "type": "Agreement",
        "id": f"{alice}/agreements/1",
        "attributedTo": alice,
        "offer": f"{alice}/o",
        "stipulates": {"type": "Commitment", "satisfies": f"{alice}/none#primary"},
        "standing": {
            "epoch": 0,
            "version": 1,
            "state": "intro",
            "by": "mentor",
            "at": "2026-11-24T09:00:00Z",
        },
        "terms": {"version": 1, "by": "mentor", "values": {"goal": "c"}},
        "confirmations": {"mentor": {"version": 1, "at": "2026-11-24T09:00:00Z"}},
    }
    return {
        "Create a post": note,
        "Create an offer": offer,
        "Update an actor": envelope | {"id": f"{alice}/u", "type": "Update", "object": actor},
        "Follow": crowd.follow(ALICE, world.member_uri),
        "Accept": crowd.accept(ALICE, f"{world.instance.base_url}/activities/none", world.member_uri),
        "Undo": envelope
        | {"id": f"{alice}/x", "type": "Undo", "object": crowd.follow(ALICE, f"{alice}/nobody")},
        "Delete": envelope
        | {"id": f"{alice}/d", "type": "Delete", "object": {"id": f"{alice}/none", "type": "Tombstone"}},
        "Announce": envelope | {"id": f"{alice}/n", "type": "Announce", "object": f"{alice}/none"},
        "Like": envelope | {"id": f"{alice}/l", "type": "Like", "object": f"{alice}/none", "content": "x"},
        "Flag": envelope | {"id": f"{alice}/f", "type": "Flag", "object": [world.member_uri], "content": "x"},
        "Move": envelope | {"id": f"{alice}/m", "type": "Move", "object": alice, "target": f"{alice}/none"},
        "Add": envelope
        | {"id": f"{alice}/a", "type": "Add", "object": f"{alice}/none", "target": f"{alice}/featured"},
        "Offer an agreement": envelope
        | {
            "id": f"{alice}/o",
            "type": "Offer",
            "target": f"{alice}/none",
            "context": f"{alice}/threads/1",
            "content": "<p>May I?</p>",
            "object": {
                "type": "Agreement",
                "version": 1,
                "message": "<p>May I?</p>",
                "answers": {"why": "a", "by_when": "b"},
                "terms": {"goal": "c", "months": 4},
                "endTime": "2027-03-01T00:00:00Z",
                "stipulates": {"type": "Commitment", "satisfies": f"{alice}/none#primary"},
            },
        },
        "Update an agreement": envelope
        | {"id": f"{alice}/ua", "type": "Update", "object": agreement},
        "Move an agreement": envelope
        | {
            "id": f"{alice}/ma",
            "type": "Move",
            "object": agreement,
            "origin": alice,
            "target": f"{alice}/moved",
            "mentor": alice,
            "context": f"{alice}/threads/1",
            "purpose": "offer",
        },
        "Question": envelope
        | {
            "id": f"{alice}/q",
            "type": "Create",
            "object": note["object"]
            | {"id": f"{alice}/q1", "type": "Question", "oneOf": [{"type": "Note", "name": "a"}]},
        },
    }


def paths_of(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every value inside a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*at, key)
        yield from paths_of(inner, (*at, key))


def changed(document: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """Return a copy with another value at a path."""
    copied = copy.deepcopy(document)
    inner: Any = copied
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copied


def forgeries(world: World) -> dict[str, dict[str, Any]]:
    """Build what Alice must not be able to say."""
    alice, mallory = world.sink.crowd.uri(ALICE), world.sink.crowd.uri(MALLORY)
    base, member = world.instance.base_url, world.member_uri
    honest = mention(world, 3)

    def create(number: int, /, **fields: Any) -> dict[str, Any]:
        document = mention(world, 1_000 + number)
        document["object"] |= fields
        return document

    def about(verb: str, number: int, object_: Any) -> dict[str, Any]:
        return {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"{alice}/forged/{number}",
            "type": verb,
            "actor": alice,
            "to": [PUBLIC],
            "object": object_,
        }

    return {
        "another actor": honest | {"actor": mallory, "id": f"{alice}/forged/1"},
        "another actor of the same host": honest | {"actor": f"{alice}2", "id": f"{alice}/forged/2"},
        "this server's member as actor": honest | {"actor": member, "id": f"{alice}/forged/3"},
        "an activity id of another host": honest | {"id": f"{mallory}/forged/4"},
        "an activity id of this server": honest | {"id": f"{base}/activities/forged"},
        "somebody else's post": create(5, attributedTo=mallory),
        "a post of the same host's other actor": create(6, attributedTo=f"{alice}2"),
        "a post of two authors": create(7, attributedTo=[alice, mallory]),
        "a post of nobody": create(8, attributedTo=None),
        "a post of the member": create(9, attributedTo=member),
        "a post id of another host": create(10, id=f"{mallory}/notes/forged"),
        "a post id of this server": create(11, id=f"{base}/proposals/forged"),
        "the death of the member": about("Delete", 12, member),
        "the death of somebody else": about("Delete", 13, mallory),
        "a new face of the member": about("Update", 14, {"id": member, "type": "Person", "name": "Forged"}),
        "a new face of somebody else": about(
            "Update", 15, world.liar.actor() | {"id": mallory, "inbox": f"{mallory}/in"}
        ),
        "an acceptance of nothing": about("Accept", 16, f"{base}/activities/none"),
        "an undo of somebody else's follow": about("Undo", 17, world.sink.crowd.follow(MALLORY, member)),
        "a move of somebody else": about("Move", 18, mallory) | {"target": alice},
    }


def contents_of(world: World) -> list[Any]:
    """Return what could have been forged."""
    rows = world.instance.rows
    return [
        rows("SELECT uri, name, inbox_url, gone_at, moved_to_uri FROM actors ORDER BY uri"),
        rows("SELECT uri, author_id, content_html FROM posts ORDER BY uri"),
        rows("SELECT follower_id, followed_id, state FROM follows ORDER BY id"),
    ]
