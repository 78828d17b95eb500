"""Attempts to act as somebody else: by another person of the same server, and by one of another server.

The scene holds something of everything that could be stolen, changed or taken back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Proposal
from tests.support.fediverse import PUBLIC, US, Fediverse, Person

Document = dict[str, Any]


@dataclass
class Scene:
    """Ben and what is his here; Ana and what is hers; and two who would like to be them."""

    world: Fediverse
    ana: Actor
    ben: Person
    dora: Person  # Ana has asked to follow her
    attackers: dict[str, Person]
    offer: Document  # Ben's
    note: Document
    own: Proposal  # Ana's
    said: dict[str, Document]  # by Ben, by verb
    accepted_uri: str  # Ana's follow of Ben
    asked_uri: str  # and of Dora


async def set_scene(world: Fediverse) -> Scene:
    """Let everything happen that an attack could be on."""
    ana, zoe = await world.member("ana"), await world.member("zoe")
    ben, dora = world.meet("b.example", "ben"), world.meet("b.example", "dora", "cleo")
    attackers = {
        "same-host": world.meet("b.example", "mallory", "ben"),
        "other-host": world.meet("e.example", "eve", "ben"),
    }
    await world.follow(ana, ben)
    asked = await world.ask_to_follow(ana, dora)
    [follow_said] = [said for said in await world.said("Follow") if said["object"] == ben.uri]
    own = await world.own_offer(ana)
    offer, note = ben.offer(1), ben.note(2)
    said = {
        "Follow": ben.says("Follow", ana.uri),
        "Like": ben.says("Like", own.uri),
        "Announce": ben.says("Announce", own.uri, to=[PUBLIC]),
        "Block": ben.says("Block", zoe.uri),
        "Create": ben.says("Create", note),
    }
    for document in (ben.says("Create", offer), *said.values()):
        await world.send(ben, document)
    for attacker in attackers.values():
        attacker.changes["alsoKnownAs"] = [ben.uri]
        await world.send(attacker, attacker.says("View", US))
    await world.apply()
    for document in (offer, note):
        world.served[document["id"]] = document
    return Scene(world, ana, ben, dora, attackers, offer, note, own, said, follow_said["id"], asked.uri)


def by(person: Person, document: Document) -> Document:
    """Return the document with its author replaced."""
    return document | {"attributedTo": person.uri}


def follow_of(scene: Scene, uri: str, *, object_uri: str) -> Document:
    """Spell a Follow by Ana, as one embeds it in an answer."""
    return {"id": uri, "type": "Follow", "actor": scene.ana.uri, "object": object_uri}


Attempt = Callable[[Scene, Person], Document]
NEWER = {"updated": "2026-11-24T12:00:00Z", "revision": 9, "content": "<p>Stolen</p>", "title": "Stolen"}

ATTEMPTS: dict[str, Attempt] = {
    # Create: the owner, the id, or both are another's
    "create-note-attributed-to-him": lambda s, a: a.says("Create", s.ben.note(9)),
    "create-offer-attributed-to-him": lambda s, a: a.says("Create", s.ben.offer(9)),
    "create-note-attributed-to-both": lambda s, a: a.says(
        "Create", a.note(9) | {"attributedTo": [a.uri, s.ben.uri]}
    ),
    "create-note-attributed-to-an-object": lambda s, a: a.says(
        "Create", a.note(9) | {"attributedTo": {"id": s.ben.uri, "type": "Person"}}
    ),
    "create-note-with-id-of-his-note": lambda s, a: a.says("Create", by(a, s.note | NEWER)),
    "create-note-with-id-of-his-offer": lambda s, a: a.says(
        "Create", a.note(9) | {"id": s.offer["id"], "to": [s.ana.uri]}
    ),
    "create-offer-with-id-of-his-note": lambda s, a: a.says(
        "Create", by(a, s.ben.offer(2)) | {"to": [PUBLIC, s.ana.uri]}
    ),
    "create-offer-with-id-of-his-offer": lambda s, a: a.says("Create", by(a, s.offer | NEWER)),
    "create-note-with-id-of-his-actor": lambda s, a: a.says(
        "Create", a.note(9) | {"id": s.ben.uri, "to": [s.ana.uri]}
    ),
    "create-offer-with-id-of-his-actor": lambda s, a: a.says(
        "Create", a.offer(9) | {"id": s.ben.uri, "publishes": a.offer(9)["publishes"] | {"id": None}}
        | {"to": [PUBLIC, s.ana.uri]},
    ),
    "create-note-with-our-id": lambda s, a: a.says("Create", by(a, s.note) | {"id": s.own.uri}),
    "create-note-attributed-to-ours": lambda s, a: a.says("Create", a.note(9) | {"attributedTo": s.ana.uri}),
    "create-his-actor": lambda s, a: a.says("Create", s.ben.document() | {"name": "Stolen"}),
    "create-our-actor": lambda s, a: a.says("Create", s.ben.document() | {"id": s.ana.uri}),
    "create-as-him": lambda s, a: s.ben.says("Create", s.ben.note(9)),
    "create-as-ours": lambda s, a: a.says("Create", a.note(9)) | {"actor": s.ana.uri},
    "create-activity-id-of-his": lambda s, a: (
        a.says("Create", s.ben.note(9)) | {"id": s.said["Create"]["id"]}
    ),
    "create-activity-id-of-ours": lambda s, a: a.says("Create", a.note(9)) | {"id": s.accepted_uri},
    "create-by-name-of-his-note": lambda s, a: a.says("Create", s.note["id"], cc=[s.ana.uri]),
    # Update
    "update-his-note": lambda s, a: a.says("Update", s.note | NEWER),
    "update-his-note-as-own": lambda s, a: a.says("Update", by(a, s.note | NEWER)),
    "update-his-note-ownerless": lambda s, a: a.says("Update", s.note | NEWER | {"attributedTo": None}),
    "update-his-offer": lambda s, a: a.says("Update", s.offer | NEWER),
    "update-his-offer-as-own": lambda s, a: a.says("Update", by(a, s.offer | NEWER)),
    "update-his-offer-to-a-note-as-own": lambda s, a: a.says("Update", by(a, s.ben.note(1) | NEWER)),
    "update-his-note-to-an-offer-as-own": lambda s, a: a.says("Update", by(a, s.ben.offer(2) | NEWER)),
    "update-his-offer-by-name": lambda s, a: a.says("Update", s.offer["id"], cc=[s.ana.uri]),
    "update-his-actor": lambda s, a: a.says("Update", s.ben.document() | {"name": "Stolen"}),
    "update-his-key": lambda s, a: a.says(
        "Update", s.ben.document() | {"publicKey": a.document()["publicKey"] | {"owner": s.ben.uri}}
    ),
    "update-his-note-to-a-tombstone": lambda s, a: a.says(
        "Update", {"id": s.note["id"], "type": "Tombstone"}
    ),
    "update-our-offer": lambda s, a: a.says("Update", by(a, s.offer | NEWER) | {"id": s.own.uri}),
    "update-our-actor": lambda s, a: a.says("Update", s.ben.document() | {"id": s.ana.uri}),
    "update-as-him": lambda s, a: s.ben.says("Update", s.note | NEWER),
    # Delete
    "delete-his-note": lambda s, a: a.says("Delete", s.note["id"]),
    "delete-his-note-embedded": lambda s, a: a.says("Delete", s.note),
    "delete-his-note-as-own": lambda s, a: a.says("Delete", by(a, s.note)),
    "delete-his-offer": lambda s, a: a.says("Delete", {"id": s.offer["id"], "type": "Tombstone"}),
    "delete-his-actor": lambda s, a: a.says("Delete", s.ben.uri),
    "delete-his-actor-embedded": lambda s, a: a.says("Delete", s.ben.document()),
    "delete-our-offer": lambda s, a: a.says("Delete", s.own.uri),
    "delete-our-actor": lambda s, a: a.says("Delete", s.ana.uri),
    "delete-him-as-him": lambda s, a: s.ben.says("Delete", s.ben.uri),
    "delete-note-as-him": lambda s, a: s.ben.says("Delete", s.note["id"]),
    # Undo
    **{
        f"undo-his-{verb.lower()}-{how}": attempt
        for verb in ("Follow", "Like", "Announce", "Block")
        for how, attempt in {
            "embedded": lambda s, a, v=verb: a.says("Undo", s.said[v]),
            "as-own": lambda s, a, v=verb: a.says("Undo", s.said[v] | {"actor": a.uri}),
            "by-name": lambda s, a, v=verb: a.says("Undo", s.said[v]["id"]),
            "ownerless": lambda s, a, v=verb: a.says(
                "Undo", {"id": s.said[v]["id"], "type": v, "object": s.said[v]["object"]}
            ),
            "as-him": lambda s, a, v=verb: s.ben.says("Undo", s.said[v]),
        }.items()
    },
    "undo-our-follow": lambda s, a: a.says("Undo", follow_of(s, s.accepted_uri, object_uri=s.ben.uri)),
    "undo-his-create": lambda s, a: a.says("Undo", s.said["Create"]),
    # Accept and Reject of what was asked of somebody else
    **{
        f"{verb.lower()}-{what}-{how}": attempt
        for verb in ("Accept", "Reject")
        for what in ("asked", "accepted")
        for how, attempt in {
            "by-name": lambda s, a, v=verb, w=what: a.says(v, _uri(s, w)),
            "embedded": lambda s, a, v=verb, w=what: a.says(
                v, follow_of(s, _uri(s, w), object_uri=_followed(s, w).uri)
            ),
            "object-replaced": lambda s, a, v=verb, w=what: a.says(
                v, follow_of(s, _uri(s, w), object_uri=a.uri)
            ),
            "other-id": lambda s, a, v=verb, w=what: a.says(
                v, follow_of(s, f"{US}/activities/1", object_uri=_followed(s, w).uri)
            ),
            "as-other": lambda s, a, v=verb, w=what: _followed(s, w).says(v, _uri(s, w)),
        }.items()
    },
    # the rest
    "follow-as-him": lambda s, a: s.ben.says("Follow", s.ana.uri, n=2),
    "follow-as-ours": lambda s, a: a.says("Follow", s.ben.uri) | {"actor": s.ana.uri},
    "follow-with-id-of-his-follow": lambda s, a: a.says("Follow", s.ana.uri) | {"id": s.said["Follow"]["id"]},
    "like-as-him": lambda s, a: s.ben.says("Like", s.own.uri, n=2),
    "announce-as-him": lambda s, a: s.ben.says("Announce", s.own.uri, n=2),
    "announce-his-offer-changed": lambda s, a: a.says("Announce", s.offer | NEWER),
    "block-as-him": lambda s, a: s.ben.says("Block", s.ana.uri),
    "flag-as-him": lambda s, a: s.ben.says("Flag", [s.ana.uri]),
    "move-him-here": lambda s, a: a.says("Move", s.ben.uri, target=a.uri),
    "move-him-as-him": lambda s, a: s.ben.says("Move", s.ben.uri, target=a.uri),
    "move-ours": lambda s, a: a.says("Move", s.ana.uri, target=a.uri),
    "add-to-his-pins": lambda s, a: a.says("Add", a.offer(9)["id"], target=f"{s.ben.uri}/featured"),
    "add-his-offer-to-own-pins": lambda s, a: a.says("Add", s.offer["id"], target=f"{a.uri}/featured"),
    "remove-from-his-pins": lambda s, a: a.says("Remove", s.offer["id"], target=f"{s.ben.uri}/featured"),
}


def _uri(scene: Scene, what: str) -> str:
    return scene.asked_uri if what == "asked" else scene.accepted_uri


def _followed(scene: Scene, what: str) -> Person:
    return scene.dora if what == "asked" else scene.ben
