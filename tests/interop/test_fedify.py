"""LibLine and Fedify, two programs that share no code, on one machine: found, followed, delivered, answered.

Fedify verifies the HTTP signature and the proof of whatever arrives and says what it found; what it sends is
judged by what LibLine then shows. Each test runs with both orders in which Fedify may knock.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from libline_fed.bench.processes import free_ports
from tests.support.browsing import Browser, logged_in
from tests.support.node import NodeProcess
from tests.support.processes import LiveInstance, wait_for

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]

PEER = Path(__file__).parent / "fedify"


class Fedify:
    """The peer, driven through its control port."""

    def __init__(self, folder: Path, first_knock: str) -> None:
        assert (PEER / "node_modules").is_dir(), f"run npm ci in {PEER} first (scripts/test does)"
        self.port, self.control_port = free_ports(2)
        self.acct = f"@carla@127.0.0.1:{self.port}"
        self.uri = f"http://127.0.0.1:{self.port}/users/carla"
        arguments = ["peer.mjs", str(self.port), str(self.control_port), first_knock]
        self.process = NodeProcess(arguments, cwd=PEER, log=folder / "fedify.log")

    def ask(self, command: str, **values: object) -> Any:
        """Send one command to the peer."""
        answer = httpx.post(
            f"http://127.0.0.1:{self.control_port}/",
            json={"command": command, **values},
            timeout=30,
            trust_env=False,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def arrived(self, type_: str, object_uri: str) -> list[dict[str, Any]]:
        """Return the posts to its inboxes of one type about one object, in order."""
        return [
            entry
            for entry in self.ask("state")["arrived"]
            if entry["type"] == type_ and _id_of(entry["document"]["object"]) == object_uri
        ]

    def has_heard(self, type_: str, object_uri: str) -> bool:
        """Tell whether Fedify let an activity through to its listeners."""
        return any(e["type"] == type_ and e["object"] == object_uri for e in self.ask("state")["heard"])


def _id_of(value: Any) -> Any:
    return value["id"] if isinstance(value, dict) else value


@dataclass
class World:
    """A member of LibLine, her browser, and an actor of Fedify."""

    libline: LiveInstance
    fedify: Fedify
    member_uri: str
    browser: Browser

    def add_offer(self, title: str) -> str:
        """Publish an offer; return its URI."""
        return self.libline.add_offer("ana", title)


@pytest.fixture(scope="module", params=["rfc9421", "draft-cavage-http-signatures-12"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("fedify")
    libline = LiveInstance(folder / "libline")
    fedify = Fedify(folder, request.param)
    try:
        libline.start()
        member_uri = libline.add_member("ana")
        with logged_in(libline, "ana") as browser:
            yield World(libline, fedify, member_uri, browser)
    finally:
        libline.stop()
        fedify.process.stop()


@pytest.fixture(scope="module")
def followed(world: World) -> World:
    """The world once Carla follows Ana."""
    follow_uri = world.fedify.ask("follow", uri=world.member_uri)
    wait_for(lambda: world.fedify.has_heard("Accept", follow_uri), "the Accept of the Follow")
    return world


def test_the_member_is_found_by_her_handle(world: World) -> None:
    found = world.fedify.ask("lookup", what=f"@ana@127.0.0.1:{world.libline.port}")
    assert found["type"] == "Person"
    assert found["id"] == world.member_uri


def test_a_follow_is_accepted(followed: World) -> None:
    assert followed.fedify.acct in followed.browser.open("/followers").text


@pytest.mark.parametrize(("refused", "scheme"), [("rfc9421", "draft-cavage"), ("draft-cavage", "rfc9421")])
def test_an_offer_arrives_changes_and_goes(followed: World, refused: str, scheme: str) -> None:
    fedify, libline = followed.fedify, followed.libline
    fedify.ask("set", refuse=refused)
    uri = followed.add_offer(f"Cataloguing maps, signed by {scheme}")
    create = _arrival(followed, "Create", uri, scheme)
    assert create["document"]["object"]["type"] == "Note"
    assert create["document"]["object"]["purpose"] == "offer"
    assert create["document"]["object"]["proof"] is not None

    proposal_id = uri.rpartition("/")[2]
    libline.libline("proposal", "edit", proposal_id, "--title", f"Old maps, signed by {scheme}")
    update = _arrival(followed, "Update", uri, scheme)
    assert "Old maps" in update["document"]["object"]["content"]

    followed.browser.submit(f"/proposals/{proposal_id}/delete")
    _arrival(followed, "Delete", uri, scheme)
    assert fedify.ask("lookup", what=uri) is None
    fedify.ask("set", refuse=None)


def _arrival(world: World, type_: str, uri: str, scheme: str) -> dict[str, Any]:
    """Wait until Fedify has taken an activity, and check what it says of signature and proof."""
    wait_for(lambda: world.fedify.has_heard(type_, uri), f"the {type_} of {uri}")
    taken = [entry for entry in world.fedify.arrived(type_, uri) if not entry["isRefused"]]
    assert len(taken) == 1
    entry = taken[0]
    assert (entry["status"], entry["scheme"]) == (202, scheme)
    assert entry["verifiedKey"] == f"{world.member_uri}#main-key"
    assert entry["proof"] == "verified"
    return entry


def test_an_offer_is_read_at_its_address(world: World) -> None:
    uri = world.add_offer("Reading rooms")
    found = world.fedify.ask("lookup", what=uri)
    assert (found["type"], found["id"]) == ("Note", uri)
    assert "Reading rooms" in json.dumps(found["document"])


def test_a_reply_arrives(followed: World) -> None:
    uri = followed.add_offer("Answer me")
    followed.fedify.ask(
        "post", content="<p>I would like to <b>learn</b> this.</p>", reply=uri, mention=followed.member_uri
    )
    path = f"/proposals/{uri.rpartition('/')[2]}"
    wait_for(lambda: "I would like to" in followed.browser.open(path).text, "the reply")
    query = "SELECT kind FROM notifications WHERE subject_uri LIKE :uri"
    assert ("reply",) in followed.libline.rows(query, uri=f"{followed.fedify.uri}%")


def test_a_private_mention_arrives_and_is_for_her_alone(followed: World) -> None:
    uri = followed.fedify.ask(
        "post", content="<p>A word between us.</p>", mention=followed.member_uri, isPublic=False
    )
    query = "SELECT id, visibility FROM posts WHERE uri = :uri"
    ((post_id, visibility),) = wait_for(lambda: followed.libline.rows(query, uri=uri), "the mention")
    assert visibility == "direct"
    assert "A word between us." in followed.browser.open(f"/posts/{post_id}").text
    with Browser(followed.libline.base_url) as stranger:
        assert stranger.open(f"/posts/{post_id}").status_code == 404


def test_a_member_follows_and_reads(world: World) -> None:
    page = world.browser.submit("/search", q=world.fedify.acct)
    assert page.status_code == 200
    assert "Carla at Fedify" in page.text
    person_path = page.url.path
    world.browser.submit(f"{person_path}/follow")
    wait_for(lambda: world.member_uri in world.fedify.ask("state")["followers"], "the Follow")
    query = "SELECT count(*) FROM follows WHERE state = 'accepted' AND uri LIKE :u"
    wait_for(lambda: world.libline.number(query, u=f"{world.libline.base_url}%"), "the Accept")
    world.fedify.ask("post", content="<p>News from Fedify.</p>")
    wait_for(lambda: "News from Fedify." in world.browser.open("/timeline").text, "the post")


def test_a_consortium_is_followed_and_its_boosts_arrive(world: World) -> None:
    fedify, libline = world.fedify, world.libline
    group_uri = libline.libline("consortium", "create", "redbib", "--name", "Red de Bibliotecas").strip()
    found = fedify.ask("lookup", what=f"@redbib@127.0.0.1:{libline.port}")
    assert (found["type"], found["id"]) == ("Group", group_uri)
    follow_uri = fedify.ask("follow", uri=group_uri)
    wait_for(lambda: fedify.has_heard("Accept", follow_uri), "the Accept of the Group")

    uri = world.add_offer("Passed on by the consortium")
    wait_for(lambda: fedify.has_heard("Announce", uri), "the boost")
    (boost,) = fedify.arrived("Announce", uri)
    assert (boost["document"]["actor"], boost["document"]["object"]) == (group_uri, uri)
    assert boost["verifiedKey"] == f"{group_uri}#main-key"
    assert boost["proof"] == "verified"
    read = fedify.ask("lookup", what=uri)
    assert read["document"]["audience"] == [group_uri]

    libline.libline("proposal", "edit", uri.rpartition("/")[2], "--title", "Changed since")
    world.browser.submit(f"/proposals/{uri.rpartition('/')[2]}/delete")
    boost_uri = boost["document"]["id"]
    wait_for(lambda: fedify.has_heard("Undo", boost_uri), "the end of the boost")
    assert len(fedify.arrived("Announce", uri)) == 1  # what is wrapped is for servers only

    fedify.ask("unfollow", uri=group_uri)
    query = (
        "SELECT count(*) FROM follows JOIN actors ON actors.id = follows.followed_id WHERE actors.uri = :uri"
    )
    wait_for(lambda: not libline.number(query, uri=group_uri), "the Undo of the follow")


def test_who_unfollows_gets_nothing_more(followed: World) -> None:
    followed.fedify.ask("unfollow", uri=followed.member_uri)
    wait_for(lambda: followed.fedify.acct not in followed.browser.open("/followers").text, "the Undo")
    uri = followed.add_offer("Nobody reads this")
    query = "SELECT count(*) FROM deliveries WHERE object_uri = :uri"
    assert followed.libline.number(query, uri=uri) == 0
