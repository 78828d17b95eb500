"""What a consortium says of its members and cohorts: kept if the servers themselves agree, else left out."""

from typing import Any

import httpx
import pytest

from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import MemberState
from libline_fed.federation.group_reading import GroupReader
from libline_fed.federation.pace import Pace
from libline_fed.storage import actors, cohorts, consortia
from libline_fed.storage.store import Tx
from tests.support.fediverse import US, Fediverse, Person

GROUP = "https://g.example/users/redbib"
MEMBERS = f"{GROUP}/members"
COHORTS = f"{GROUP}/cohorts"
EVENT = {
    "id": f"{COHORTS}/1",
    "type": "Event",
    "name": "Spring",
    "content": "<p>Read <b>this</b> first.</p>",
    "startTime": "2027-03-01T00:00:00Z",
    "endTime": "2027-06-30T00:00:00Z",
    "areas": ["https://w3id.org/libline/vocab/v1/area/A0301", "https://a.example/own", 7],
    "language": "es",
}


@pytest.fixture
def engine() -> str:
    """What is believed does not depend on the database."""
    return "sqlite"


def server(world: Fediverse, host: str, name: str = "server") -> Person:
    """Put a server into the network, which names its instance actor."""
    person = world.meet(host, name, "ben")
    person.changes["type"] = "Application"
    links = {"links": [{"rel": "https://www.w3.org/ns/activitystreams#Application", "href": person.uri}]}
    world.served[f"https://{host}/.well-known/nodeinfo"] = lambda: httpx.Response(200, json=links)
    return person


@pytest.fixture
async def group(world: Fediverse) -> Actor:
    """A consortium that we are a member of."""
    person = world.meet("g.example", "redbib")
    person.changes |= {"type": "Group", "members": MEMBERS, "cohorts": COHORTS, "charterText": "1. Share."}
    found = await world.resolver.find_actor(person.uri)
    now = world.clock.now()

    async def belong(tx: Tx) -> None:
        ours = await actors.by_uri(tx, f"{US}/actor")
        assert ours is not None
        await consortia.put_membership(
            tx, group_id=found.id, instance_id=ours.id, state=MemberState.MEMBER, now=now
        )

    await world.store.write(belong)
    return found


def collection(*items: Any, uri: str = MEMBERS, **more: Any) -> dict[str, Any]:
    return {"id": uri, "type": "Collection", "totalItems": len(items), "items": list(items), **more}


async def read(world: Fediverse, group: Actor) -> list[str]:
    """Read the group; return the hosts of its members as they are known then."""
    reader = GroupReader(
        world.store, world.site, world.clock, admitter=world.admitter, resolver=world.resolver, pace=Pace(0)
    )
    await reader.read(group)
    known = await world.store.read(lambda tx: consortia.members(tx, group.id))
    return sorted(instance.host for _, instance in known)


async def test_members_are_servers_that_say_so_themselves(world: Fediverse, group: Actor) -> None:
    a, b = server(world, "a.example"), server(world, "b.example")
    person = world.meet("a.example", "ana")
    bot = world.meet("b.example", "bot", "cleo")
    bot.changes["type"] = "Application"
    world.served[MEMBERS] = collection(
        f"{US}/actor", a.uri, b.uri, person.uri, bot.uri, GROUP, "https://nowhere.example/actor", 7, {}
    )
    assert await read(world, group) == ["a.example", "b.example", "lib.example"]
    world.served[MEMBERS] = collection(f"{US}/actor", b.uri)
    assert await read(world, group) == ["b.example", "lib.example"]


async def test_only_a_list_that_was_read_to_its_end_removes(world: Fediverse, group: Actor) -> None:
    a, b = server(world, "a.example"), server(world, "b.example")
    world.served[MEMBERS] = collection(a.uri, b.uri)
    everybody = ["a.example", "b.example", "lib.example"]
    assert await read(world, group) == everybody  # and ours, though it is not on the list
    for broken in (
        500,
        404,
        {"id": "https://b.example/list", "type": "Collection", "items": []},
        collection(a.uri, next="https://g.example/page2"),  # which is not there
        collection(a.uri, next=MEMBERS),  # in circles
        {"id": MEMBERS, "type": "Note", "content": "no list"},
        httpx.Response(302, headers={"Location": "https://b.example/list"}),
    ):
        world.served[MEMBERS] = broken
        assert await read(world, group) == everybody, broken
    world.served["https://g.example/page2"] = collection(b.uri, uri="https://g.example/page2")
    world.served[MEMBERS] = collection(a.uri, next="https://g.example/page2")
    assert await read(world, group) == everybody
    world.served["https://b.example/page2"] = collection(uri="https://b.example/page2")
    world.served[MEMBERS] = collection(a.uri, next="https://b.example/page2")  # not its own host: no page
    assert await read(world, group) == ["a.example", "lib.example"]


async def test_a_server_that_is_blocked_here_is_no_member(world: Fediverse, group: Actor) -> None:
    a = server(world, "a.example")
    world.policies["a.example"] = "blocked"
    world.served[MEMBERS] = collection(a.uri)
    assert await read(world, group) == ["lib.example"]
    assert not any(url.startswith("https://a.example") for url in world.asked)


async def test_cohorts_are_kept_as_they_are_published(world: Fediverse, group: Actor) -> None:
    world.served[MEMBERS] = collection()
    foreign = EVENT | {"id": "https://a.example/1"}
    backwards = EVENT | {"id": f"{COHORTS}/2", "endTime": "2026-01-01T00:00:00Z"}
    nameless = EVENT | {"id": f"{COHORTS}/3", "name": "  "}
    world.served[COHORTS] = collection(EVENT, foreign, backwards, nameless, "x", uri=COHORTS)
    await read(world, group)
    (known,) = await world.store.read(lambda tx: cohorts.of_group(tx, group.id))
    assert (known.uri, known.name, known.language) == (EVENT["id"], "Spring", "es")
    assert known.orientation_text == "Read this first."
    assert known.areas == ["A0301"]
    assert (str(known.opens_on), str(known.closes_on)) == ("2027-03-01", "2027-06-30")
    world.served[COHORTS] = 500
    await read(world, group)
    assert len(await world.store.read(lambda tx: cohorts.of_group(tx, group.id))) == 1
    world.served[COHORTS] = collection(uri=COHORTS)
    await read(world, group)
    assert await world.store.read(lambda tx: cohorts.of_group(tx, group.id)) == []


async def test_what_a_group_says_of_itself_is_kept_for_the_day_it_is_gone(
    world: Fediverse, group: Actor
) -> None:
    assert group.details["charter_text"] == "1. Share."
    assert group.details["members_url"] == MEMBERS
    person = world.meet("h.example", "other", "ben")
    person.changes |= {
        "type": "Group",
        "members": "https://a.example/members",  # on another host
        "charterText": 7,
        "continues": GROUP,
    }
    other = await world.resolver.find_actor(person.uri)
    assert other.details == {"continues_uri": GROUP}
