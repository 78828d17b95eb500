"""A Group never makes this server believe something that its origin did not say.

Ana's offer is at home on a.example, a member of the consortium: it is listed because the Group announced it.
Cleo's is listed because a member here follows her. Each case is one letter of the
Group, or of somebody around it, that lies. Afterwards everything listed here is as it was, to the byte.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from libline_fed.activitypub.keys import multibase_of
from libline_fed.activitypub.proofs import add_proof
from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import MemberState
from libline_fed.domain.proposals import Proposal
from libline_fed.services import consortia as hosting
from libline_fed.services import follows, memberships
from libline_fed.storage import actors, consortia
from libline_fed.storage.consortium_tables import consortium_members
from libline_fed.storage.store import Tx
from libline_fed.storage.tables import actors as actor_table
from libline_fed.storage.tables import posts, proposal_sources, tombstones
from libline_fed.storage.tables import proposals as proposal_table
from tests.support.fediverse import PUBLIC, US, Fediverse, Person

GROUP = "https://g.example/users/redbib"
Letter = dict[str, Any]


@pytest.fixture
def engine() -> str:
    """What is believed does not depend on the database."""
    return "sqlite"


@dataclass
class Scene:
    """Everybody around the consortium. `group` is the hostile one."""

    world: Fediverse
    group: Person
    author: Person  # of a.example, a member
    server: Person  # that stands for a.example
    stranger: Person  # Cleo of c.example, which is no member
    keys: dict[str, Ed25519PrivateKey]
    own: Proposal  # of this server
    member: Actor  # of this server
    sender: Person | None = None  # who sends it, if not the Group
    count: int = 0

    def offer(self, number: int = 1, **more: Any) -> Letter:
        """Return an offer of Ana that names the consortium."""
        return self.author.offer(number, **{"audience": [GROUP], "revision": 5, **more})

    def serve(self, document: Letter, **more: Any) -> str:
        """Let an object be served where it is at home; return its id."""
        self.world.served[document["id"]] = {**document, **more}
        return str(document["id"])

    def announce(self, object_: Any, **more: Any) -> Letter:
        """Return an Announce by the Group."""
        self.count += 1
        return self.group.says("Announce", object_, number=self.count, **more)

    def proven(self, person: Person, activity: Letter, *, by: Person | None = None) -> Letter:
        """Return an activity with a proof; `by` somebody else's key under the right name."""
        key = self.keys[(by or person).uri]
        return add_proof(
            activity, private_key=key, key_id=f"{person.uri}#ed25519-key", created=self.world.clock.now()
        )

    def update(self, document: Letter | None = None, **more: Any) -> Letter:
        """Return Ana's Update, without a proof."""
        return self.author.says("Update", document or self.offer(revision=6, title="Changed"), **more)

    def delete(self, uri: str | None = None, **more: Any) -> Letter:
        """Return Ana's Delete, without a proof."""
        return self.author.says("Delete", uri or str(self.offer()["id"]), **more)


@pytest.fixture
async def scene(world: Fediverse) -> Scene:
    keys: dict[str, Ed25519PrivateKey] = {}

    def meet(host: str, name: str, key: str) -> Person:
        person = world.meet(host, name, key)
        keys[person.uri] = Ed25519PrivateKey.generate()
        person.changes["assertionMethod"] = [
            {
                "id": f"{person.uri}#ed25519-key",
                "type": "Multikey",
                "controller": person.uri,
                "publicKeyMultibase": multibase_of(keys[person.uri].public_key()),
            }
        ]
        return person

    group = meet("g.example", "redbib", "ana")
    group.changes |= {"type": "Group", "members": f"{GROUP}/members", "proposals": f"{GROUP}/proposals"}
    server = meet("a.example", "server", "ben")
    server.changes |= {"type": "Application", "proposals": f"{server.uri}/proposals"}
    author, stranger = meet("a.example", "ana", "ben"), meet("c.example", "cleo", "cleo")
    for host, person in (("a.example", server), ("c.example", stranger)):
        stand_for(world, host, person)
    member = await world.member("ada")
    own = await world.own_offer(member)
    await world.follow(member, stranger)
    await world.receive(stranger, stranger.says("Create", stranger.offer(1, title="Cleo's")))
    now = world.clock.now()
    known_group, known_server = [await world.resolver.find_actor(one.uri) for one in (group, server)]

    async def belong(tx: Tx) -> None:
        instance = await actors.by_uri(tx, world.site.uris.instance_actor)
        assert instance is not None
        for actor in (instance, known_server):
            await consortia.put_membership(
                tx, group_id=known_group.id, instance_id=actor.id, state=MemberState.MEMBER, now=now
            )
        made = await follows.follow(tx, world.site, follower=instance, followed=known_group, now=now)
        await follows.receive_answer(
            tx, is_yes=True, follow_uri=made.uri, follower=instance, followed=known_group, now=now
        )

    await world.store.write(belong)
    made = Scene(world, group, author, server, stranger, keys, own, member)
    made.serve(made.offer())
    row = await world.receive(group, made.announce(made.offer()["id"]))
    assert row.state == "applied", (row.reason, row.detail)
    return made


def stand_for(world: Fediverse, host: str, person: Person) -> None:
    """Let a server name the actor that stands for it (FEP-2677)."""
    links = {"links": [{"rel": "https://www.w3.org/ns/activitystreams#Application", "href": person.uri}]}
    world.served[f"https://{host}/.well-known/nodeinfo"] = lambda: httpx.Response(200, json=links)


async def listed(world: Fediverse) -> dict[str, list[Any]]:
    """Return everything that decides what is shown here, but for who is known."""

    async def unit(tx: Tx) -> dict[str, list[Any]]:
        tables = (proposal_table, proposal_sources, tombstones, posts, consortium_members)
        return {
            table.name: sorted(repr(tuple(row)) for row in await tx.all(select(table))) for table in tables
        } | {
            "gone": sorted(
                row.uri
                for row in await tx.all(
                    select(actor_table.c.uri).where(actor_table.c.gone_at.is_not(None))
                )
            )
        }

    return await world.store.read(unit)


# --- lies -------------------------------------------------------------------------------------------

Case = Callable[[Scene], Letter]
LIES: dict[str, Case] = {}


def lie(name: str) -> Callable[[Case], Case]:
    """Add a case."""

    def add(case: Case) -> Case:
        assert name not in LIES
        LIES[name] = case
        return case

    return add


def _redirected(to: str) -> httpx.Response:
    return httpx.Response(302, headers={"Location": to})


@lie("announces an embedded offer that its author never wrote")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.offer(9, title="Forged"))


@lie("announces an embedded edit of a real offer")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.offer(title="Forged", revision=99))


@lie("announces an embedded offer whose id is on its own host")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.offer(9) | {"id": "https://g.example/offers/1", "title": "Forged"})


@lie("announces an id on its own host that claims another server's author")
def _(scene: Scene) -> Letter:
    forged = scene.offer(9, title="Forged") | {"id": "https://g.example/offers/1"}
    return scene.announce(scene.serve(forged))


@lie("announces an id whose author is of another host")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.serve(scene.offer(9, attributedTo=scene.stranger.uri)))


@lie("announces an offer of a server that does not name the consortium")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.serve(scene.stranger.offer(9)))


@lie("announces an offer that names another consortium only")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.serve(scene.offer(9, audience=["https://g.example/users/other"])))


@lie("announces an offer for followers only")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.serve(scene.offer(9, to=[f"{scene.author.uri}/followers"], cc=[])))


@lie("announces a private offer")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.serve(scene.offer(9, to=["https://b.example/users/ben"], cc=[])))


@lie("announces an offer for the network of another server")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.serve(scene.offer(9, to=["https://b.example/actor"], cc=[GROUP])))


@lie("announces an offer that is deleted")
def _(scene: Scene) -> Letter:
    scene.world.served[scene.offer(9)["id"]] = 410
    return scene.announce(scene.offer(9)["id"])


@lie("announces an offer that never was")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.offer(9)["id"])


@lie("announces our own offer")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.own.uri)


@lie("announces our own offer, forged")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.offer() | {"id": scene.own.uri, "title": "Forged"})


@lie("announces an id that leads to another host")
def _(scene: Scene) -> Letter:
    forged = scene.offer(9, title="Forged")
    scene.world.served["https://g.example/copy"] = forged
    scene.world.served[forged["id"]] = _redirected("https://g.example/copy")
    return scene.announce(forged["id"])


@lie("announces an id that is served as a picture")
def _(scene: Scene) -> Letter:
    scene.world.served[scene.offer(9)["id"]] = httpx.Response(
        200, json=scene.offer(9), headers={"Content-Type": "image/png"}
    )
    return scene.announce(scene.offer(9)["id"])


@lie("announces an id that is served as plain JSON")
def _(scene: Scene) -> Letter:
    scene.world.served[scene.offer(9)["id"]] = httpx.Response(
        200, json=scene.offer(9), headers={"Content-Type": "application/json"}
    )
    return scene.announce(scene.offer(9)["id"])


@lie("announces an address that calls itself by an id of another host")
def _(scene: Scene) -> Letter:
    scene.world.served["https://g.example/offers/1"] = scene.offer(9, title="Forged")
    return scene.announce("https://g.example/offers/1")


@lie("announces an address on the author's host that calls itself by the id of the real offer")
def _(scene: Scene) -> Letter:
    scene.world.served["https://a.example/upload.json"] = scene.offer(title="Forged", revision=99)
    scene.serve(scene.offer())
    return scene.announce("https://a.example/upload.json")


@lie("announces an offer without an id")
def _(scene: Scene) -> Letter:
    return scene.announce({key: value for key, value in scene.offer(9).items() if key != "id"})


@lie("announces a list of offers")
def _(scene: Scene) -> Letter:
    return scene.announce([scene.offer(9, title="Forged"), scene.offer(10, title="Forged")])


@lie("announces a person")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.stranger.uri)


@lie("announces a plain post")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.serve(scene.author.note(9, audience=[GROUP])))


@lie("announces a collection")
def _(scene: Scene) -> Letter:
    scene.world.served["https://a.example/list"] = {
        "id": "https://a.example/list", "type": "OrderedCollection", "orderedItems": [scene.offer(9)],
    }  # fmt: skip
    return scene.announce("https://a.example/list")


@lie("announces its own Announce")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.announce(scene.serve(scene.offer(9))))


@lie("announces an Announce of a member")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.author.says("Announce", scene.serve(scene.offer(9))))


@lie("announces an offer of a server that is blocked here")
def _(scene: Scene) -> Letter:
    scene.world.policies["a.example"] = "blocked"
    return scene.announce(scene.serve(scene.offer(9)))


@lie("passes on a proven change by a server that is blocked here")
def _(scene: Scene) -> Letter:
    activity = scene.proven(scene.author, scene.update())
    scene.world.policies["a.example"] = "blocked"
    return scene.announce(activity)


@lie("passes on a Create of an offer that its server does not have")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.author.says("Create", scene.offer(9, title="Forged")))


@lie("passes on a proven Create of an offer that was deleted since")
def _(scene: Scene) -> Letter:
    scene.world.served[scene.offer(9)["id"]] = 404
    return scene.announce(scene.proven(scene.author, scene.author.says("Create", scene.offer(9))))


@lie("passes on a change without a proof")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.update())


@lie("passes on a change with a broken proof")
def _(scene: Scene) -> Letter:
    activity = scene.proven(scene.author, scene.update())
    activity["object"] = activity["object"] | {"title": "Forged"}
    return scene.announce(activity)


@lie("passes on a change with a proof by the Group in the author's name")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.proven(scene.author, scene.update(), by=scene.group))


@lie("passes on a change that somebody else proves as their own")
def _(scene: Scene) -> Letter:
    activity = scene.stranger.says("Update", scene.offer(revision=6, title="Forged"))
    return scene.announce(scene.proven(scene.stranger, activity))


@lie("passes on a change by another person of the same server")
def _(scene: Scene) -> Letter:
    activity = scene.server.says("Update", scene.offer(revision=6, title="Forged"))
    return scene.announce(scene.proven(scene.server, activity))


@lie("passes on a change whose proof is of another activity")
def _(scene: Scene) -> Letter:
    other = scene.proven(scene.author, scene.author.says("Like", scene.own.uri))
    return scene.announce(scene.update() | {"proof": other["proof"]})


@lie("passes on an older revision with a valid proof")
def _(scene: Scene) -> Letter:
    activity = scene.update(scene.offer(revision=4, title="Older"))
    return scene.announce(scene.proven(scene.author, activity))


@lie("passes on the same revision with a valid proof and another text")
def _(scene: Scene) -> Letter:
    activity = scene.update(scene.offer(revision=5, title="Older"))
    return scene.announce(scene.proven(scene.author, activity))


@lie("passes on an old proven change of an offer that is not known here")
def _(scene: Scene) -> Letter:
    scene.world.served[scene.offer(9)["id"]] = 410
    activity = scene.update(scene.offer(9, revision=2, title="Older"))
    return scene.announce(scene.proven(scene.author, activity))


@lie("passes on a proof that has expired")
def _(scene: Scene) -> Letter:
    activity = scene.update()
    made = copy.deepcopy(scene.proven(scene.author, activity))
    made["proof"]["expires"] = _ago(scene.world.clock.now())
    return scene.announce(made)


@lie("passes on a change whose activity id is on another host")
def _(scene: Scene) -> Letter:
    activity = scene.update() | {"id": "https://g.example/activities/1"}
    return scene.announce(scene.proven(scene.author, activity))


@lie("passes on a change of our own offer")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.update(scene.offer() | {"id": scene.own.uri, "title": "Forged"}))


@lie("passes on a deletion without a proof of what is still there")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.delete())


@lie("passes on a deletion with a proof by the Group")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.proven(scene.author, scene.delete(), by=scene.group))


@lie("passes on a proven deletion of somebody else's offer")
def _(scene: Scene) -> Letter:
    activity = scene.stranger.says("Delete", scene.offer()["id"])
    return scene.announce(scene.proven(scene.stranger, activity))


@lie("passes on a proven deletion by another person of the same server")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.proven(scene.server, scene.server.says("Delete", scene.offer()["id"])))


@lie("passes on a deletion of what a member here follows and is still there")
def _(scene: Scene) -> Letter:
    scene.serve(scene.stranger.offer(1, title="Cleo's"))
    return scene.announce(scene.stranger.says("Delete", scene.stranger.offer(1)["id"]))


@lie("passes on a deletion of our own offer")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.delete(scene.own.uri))


@lie("passes on the deletion of a whole person")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.author.says("Delete", scene.author.uri))


@lie("passes on a proven deletion of a whole person")
def _(scene: Scene) -> Letter:
    activity = scene.author.says("Delete", scene.author.uri)
    return scene.announce(scene.proven(scene.author, activity))


@lie("passes on a proven deletion of another actor of the same server")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.proven(scene.author, scene.author.says("Delete", scene.server.uri)))


@lie("passes on a deletion while the offer's server does not answer")
def _(scene: Scene) -> Letter:
    scene.world.served[scene.offer()["id"]] = 503
    return scene.announce(scene.delete())


@lie("passes on an Undo of somebody's Create")
def _(scene: Scene) -> Letter:
    return scene.announce(scene.author.says("Undo", scene.author.says("Create", scene.offer())))


@lie("deletes a member's offer itself")
def _(scene: Scene) -> Letter:
    return scene.group.says("Delete", scene.offer()["id"])


@lie("changes a member's offer itself")
def _(scene: Scene) -> Letter:
    return scene.group.says("Update", scene.offer(revision=9, title="Forged"))


@lie("creates a member's offer itself")
def _(scene: Scene) -> Letter:
    return scene.group.says("Create", scene.offer(9, title="Forged"), to=[PUBLIC, f"{US}/actor"])


@lie("takes back what another directory announced")
def _(scene: Scene) -> Letter:
    announce = {"id": "https://a.example/x", "type": "Announce", "actor": scene.server.uri}
    return scene.group.says("Undo", announce | {"object": scene.offer()["id"]})


@lie("takes back what a follow brought")
def _(scene: Scene) -> Letter:
    announce = {"type": "Announce", "actor": GROUP, "object": scene.stranger.offer(1)["id"]}
    return scene.group.says("Undo", announce | {"id": f"{GROUP}/1"})


@lie("adds a person as a member")
def _(scene: Scene) -> Letter:
    return scene.group.says("Add", scene.author.uri, target=f"{GROUP}/members")


@lie("adds a server that another actor stands for")
def _(scene: Scene) -> Letter:
    fake = scene.world.meet("a.example", "bot", "cleo")
    fake.changes["type"] = "Application"
    return scene.group.says("Add", fake.uri, target=f"{GROUP}/members")


@lie("adds to a list that is not its list of members")
def _(scene: Scene) -> Letter:
    return scene.group.says("Add", scene.server.uri, target=f"{GROUP}/others")


@lie("answers a Join that was never sent")
def _(scene: Scene) -> Letter:
    other = scene.world.meet("g.example", "other", "ben")
    other.changes |= {"type": "Group", "members": f"{other.uri}/members"}
    scene.sender = other
    join = {"type": "Join", "actor": f"{US}/actor", "object": other.uri}
    return other.says("Accept", join | {"id": f"{US}/activities/none"})


@lie("a person removes a member")
def _(scene: Scene) -> Letter:
    scene.sender = scene.stranger
    return scene.stranger.says("Remove", scene.server.uri, target=f"{GROUP}/members")


@lie("another Group removes a member")
def _(scene: Scene) -> Letter:
    other = scene.world.meet("g.example", "other", "ben")
    other.changes |= {"type": "Group", "members": f"{GROUP}/members/"}
    scene.sender = other
    return other.says("Remove", scene.server.uri, target=f"{GROUP}/members")


@lie("a person announces")
def _(scene: Scene) -> Letter:
    scene.sender = scene.stranger
    return scene.stranger.says("Announce", scene.serve(scene.offer(9)))


@lie("a Group that we are not in announces")
def _(scene: Scene) -> Letter:
    other = scene.world.meet("g.example", "other", "ben")
    other.changes["type"] = "Group"
    scene.sender = other
    return other.says("Announce", scene.serve(scene.offer(9, audience=[other.uri])))


@lie("a person invites us into the consortium")
def _(scene: Scene) -> Letter:
    scene.sender = scene.stranger
    return scene.stranger.says("Invite", f"{US}/actor", target=GROUP)


@lie("a person invites us into themselves")
def _(scene: Scene) -> Letter:
    scene.sender = scene.stranger
    return scene.stranger.says("Invite", f"{US}/actor", target=scene.stranger.uri)


@lie("a Group invites us into another one")
def _(scene: Scene) -> Letter:
    other = scene.world.meet("g.example", "other", "ben")
    other.changes["type"] = "Group"
    scene.sender = other
    return other.says("Invite", f"{US}/actor", target=GROUP)


@lie("a linked server that is not linked announces its own")
def _(scene: Scene) -> Letter:
    scene.sender = scene.server
    return scene.server.says("Announce", scene.serve(scene.offer(9)))


@lie("announces to a giant audience")
def _(scene: Scene) -> Letter:
    many = [f"https://x{number}.example/users/x" for number in range(5_000)]
    return scene.announce(scene.offer(9, title="Forged"), to=[PUBLIC, *many])


def _ago(now: datetime) -> str:
    return (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("name", LIES)
async def test_nothing_false_is_listed_and_nothing_true_is_lost(scene: Scene, name: str) -> None:
    world = scene.world
    letter = LIES[name](scene)
    before = await listed(world)
    sender = scene.sender or scene.group
    response = await world.send(sender, letter)
    assert response.status_code in {202, 400, 401, 403}, response.text
    await world.apply()
    assert await listed(world) == before
    for _ in range(6):  # and not by trying again
        world.clock.advance(hours=2)
        await world.apply()
    assert await listed(world) == before


def test_there_are_many_lies() -> None:
    assert len(LIES) >= 60


# --- and what is true -------------------------------------------------------------------------------


async def titles(world: Fediverse) -> list[str]:
    """Return the titles of what is here of other servers."""

    async def unit(tx: Tx) -> list[str]:
        found = await tx.all(select(proposal_table.c.title).where(proposal_table.c.is_local.is_(False)))
        return sorted(row.title for row in found)

    return await world.store.read(unit)


BOTH = ["Cleo's", "Offer 1"]


async def hears(scene: Scene, letter: Letter, *, sender: Person | None = None) -> tuple[str, str | None]:
    row = await scene.world.receive(sender or scene.group, letter)
    return row.state, row.reason


async def test_what_the_origin_says_is_listed_changed_and_removed(scene: Scene) -> None:
    world = scene.world
    assert await titles(world) == BOTH
    assert await hears(scene, scene.announce(scene.serve(scene.offer(2)))) == ("applied", None)
    assert await titles(world) == [*BOTH, "Offer 2"]

    proven = scene.proven(scene.author, scene.update(scene.offer(2, revision=6, title="Proven")))
    asked_count = len(world.asked)
    assert await hears(scene, scene.announce(proven)) == ("applied", None)
    assert "Proven" in await titles(world)
    assert len(world.asked) == asked_count  # nobody had to be asked: the key was known

    scene.serve(scene.offer(2, revision=7, title="Fetched"))
    lied = scene.update(scene.offer(2, revision=7, title="Said by the Group"))
    assert await hears(scene, scene.announce(lied)) == ("applied", None)
    assert "Fetched" in await titles(world)

    world.served[scene.offer(2)["id"]] = 404
    assert await hears(scene, scene.announce(scene.delete(scene.offer(2)["id"]))) == ("applied", None)
    assert await titles(world) == BOTH
    assert await hears(scene, scene.announce(scene.proven(scene.author, scene.delete()))) == ("applied", None)
    assert await titles(world) == ["Cleo's"]


async def test_what_was_deleted_stays_deleted_whatever_is_announced_later(scene: Scene) -> None:
    deleted = scene.announce(scene.proven(scene.author, scene.delete()))
    assert await hears(scene, deleted) == ("applied", None)
    again = scene.announce(scene.serve(scene.offer(revision=9)))
    assert await hears(scene, again) == ("ignored", "tombstoned")
    assert await titles(scene.world) == ["Cleo's"]


async def test_what_its_author_takes_out_of_the_consortium_leaves_with_the_next_announce(
    scene: Scene,
) -> None:
    scene.serve(scene.offer(audience=[], revision=6))
    assert await hears(scene, scene.announce(scene.update())) == ("ignored", "not-for-us")
    assert await titles(scene.world) == ["Cleo's"]


async def test_what_a_group_takes_back_stays_if_somebody_here_follows_the_author(scene: Scene) -> None:
    await scene.world.follow(scene.member, scene.author)
    undo = scene.group.says(
        "Undo", {"id": f"{GROUP}/1", "type": "Announce", "actor": GROUP, "object": scene.offer()["id"]}
    )
    assert await hears(scene, undo) == ("applied", None)
    assert await titles(scene.world) == BOTH


async def test_a_server_that_was_removed_is_announced_in_vain(scene: Scene) -> None:
    removed = scene.group.says("Remove", scene.server.uri, target=f"{GROUP}/members")
    assert await hears(scene, removed) == ("applied", None)
    assert await titles(scene.world) == ["Cleo's"]
    late = scene.announce(scene.serve(scene.offer(2)))
    assert await hears(scene, late) == ("ignored", "not-for-us")
    added = scene.group.says("Add", scene.server.uri, target=f"{GROUP}/members")
    assert await hears(scene, added) == ("applied", None)
    assert await hears(scene, scene.announce(scene.offer(2)["id"])) == ("applied", None)
    assert await titles(scene.world) == ["Cleo's", "Offer 2"]


async def test_a_group_that_puts_us_out_is_heard_no_more(scene: Scene) -> None:
    removed = scene.group.says("Remove", f"{US}/actor", target=f"{GROUP}/members")
    assert await hears(scene, removed) == ("applied", None)
    assert await titles(scene.world) == ["Cleo's"]
    joined = await scene.world.store.read(
        lambda tx: memberships.list_memberships(tx, scene.world.site, states=(MemberState.MEMBER,))
    )
    assert joined == []
    assert await hears(scene, scene.announce(scene.offer()["id"])) == ("ignored", "not-for-us")


async def test_nobody_joins_in_the_name_of_another_server(world: Fediverse) -> None:
    await world.site.keyring.prepare(now=world.clock.now())
    group = await world.store.write(
        lambda tx: hosting.create(
            tx, world.site, handle="redbib", name="Red", account=None, is_member=False, now=world.clock.now()
        )
    )
    real = world.meet("a.example", "server", "ben")
    real.changes["type"] = "Application"
    fake = world.meet("a.example", "bot", "cleo")
    fake.changes["type"] = "Application"
    person = world.meet("a.example", "ana", "ana")
    stand_for(world, "a.example", real)
    for sender in (fake, person):
        row = await world.receive(sender, sender.says("Join", group.uri))
        assert (row.state, row.reason) == ("refused", "wrong-actor")
    answer = await world.send(fake, real.says("Join", group.uri))
    assert answer.status_code == 401
    assert await world.store.read(lambda tx: consortia.members(tx, group.id, list(MemberState))) == []
    row = await world.receive(real, real.says("Join", group.uri, content="<p>We are <b>a library</b></p>"))
    assert row.state == "applied", (row.reason, row.detail)
    ((asked, instance),) = await world.store.read(
        lambda tx: consortia.members(tx, group.id, (MemberState.ASKED,))
    )
    assert (instance.uri, asked.note_text) == (real.uri, "We are a library")
