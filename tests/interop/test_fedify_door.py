"""A mentorship with an actor of Fedify, who has no LibLine: asked, agreed by poll, talked about, ended.

Fedify says what it read of each poll and message; LibLine says where the mentorship stands.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from libline_fed.services import answers, mentorships, messages
from tests.interop.test_fedify import Fedify
from tests.support.door import TERMS
from tests.support.live_door import LiveMember
from tests.support.processes import LiveInstance, wait_for

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("interop")]


class Carla:
    """The actor of Fedify, with one offer of Ana's."""

    def __init__(self, fedify: Fedify, libline: LiveInstance, ana: LiveMember) -> None:
        self.fedify = fedify
        self.libline = libline
        self.ana = ana
        self.seen_count = 0

    def ask(self, title: str) -> None:
        """Answer a new offer privately, and see the confirmation arrive."""
        uri = self.libline.add_offer("ana", title)
        self.say("<p>I would like to <b>learn</b> this.</p>", uri)
        self.ana.wait_for("proposed")
        assert title in self.told("has reached")

    def say(self, content: str, reply: str) -> None:
        """Write to Ana alone, in answer to something."""
        self.fedify.ask("post", content=content, reply=reply, mention=self.ana.uri, isPublic=False)

    def vote(self, poll: dict[str, Any], option: str) -> None:
        """Vote in a poll."""
        self.fedify.ask("vote", question=poll["id"], option=option)

    def messages(self) -> list[dict[str, Any]]:
        """Return the private messages that arrived, each as the document it came as."""
        arrived = self.fedify.ask("state")["arrived"]
        created = [one for one in arrived if one["type"] == "Create" and one["status"] == 202]
        for one in created:
            assert one["verifiedKey"] == f"{self.ana.uri}#main-key"
            assert one["proof"] == "absent"  # what is private can be denied
            assert one["path"] == "/users/carla/inbox"
        return [one["document"]["object"] for one in created]

    def told(self, words: str) -> str:
        """Wait for a message with some words; return its text."""
        return wait_for(lambda: self._told(words), f"a message with {words!r}")

    def _told(self, words: str) -> str:
        texts = [re.sub(r"<[^>]+>", " ", one["content"]) for one in self.messages()]
        return next((text for text in reversed(texts) if words in text), "")

    def poll(self) -> dict[str, Any]:
        """Let Ana say yes and write the terms; wait for the poll, as Fedify read it."""
        before = len(self.fedify.ask("polls"))
        self.ana.do(answers.accept)
        self.ana.do(mentorships.change_terms, values=TERMS)
        wait_for(lambda: len(self.fedify.ask("polls")) > before, "the poll")
        poll: dict[str, Any] = self.fedify.ask("polls")[-1]
        return poll


@pytest.fixture(scope="module")
def carla(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carla]:
    folder = tmp_path_factory.mktemp("fedify-door")
    libline = LiveInstance(folder / "libline")
    fedify = Fedify(folder, "rfc9421")
    try:
        libline.start()
        yield Carla(fedify, libline, LiveMember(libline, libline.add_member("ana")))
    finally:
        libline.stop()
        fedify.process.stop()


def test_the_whole_way_by_poll(carla: Carla) -> None:
    carla.ask("Cataloguing maps")
    poll = carla.poll()
    assert poll["author"] == carla.ana.uri
    assert poll["to"] == poll["mentions"] == [carla.fedify.uri]
    assert poll["options"] == ["Yes, I agree", "No, thanks"]
    assert TERMS["goal"] in poll["content"]
    assert poll["endTime"] is not None
    carla.vote(poll, "Yes, I agree")
    carla.ana.wait_for("active")
    carla.told("has begun")

    carla.say("<p>When do we begin?</p>", poll["id"])
    query = "SELECT content_html FROM messages WHERE is_local = 0"
    wait_for(lambda: ("<p>When do we begin?</p>",) in carla.libline.rows(query), "the message")
    carla.ana.do(messages.write, text="On Monday.")
    carla.told("On Monday.")
    carla.say("<p>STOP</p>", carla.messages()[-1]["id"])
    carla.ana.wait_for("ended-early")
    carla.told("You have ended the mentorship")


@pytest.mark.parametrize(
    ("how", "state"),
    [
        (lambda carla, poll: carla.say("<p>Yes, gladly!</p>", poll["id"]), "active"),
        (lambda carla, poll: carla.say("<p>No, thanks</p>", poll["id"]), "ended-intro"),
        (
            lambda carla, poll: carla.fedify.ask("vote", question=poll["id"], option="No, thanks"),
            "ended-intro",
        ),
    ],
    ids=["a yes in words", "a no in words", "a no by poll"],
)
def test_decided_another_way(
    carla: Carla, how: Callable[[Carla, dict[str, Any]], object], state: str
) -> None:
    carla.ask(f"Old maps {len(carla.ana.states())}")
    how(carla, carla.poll())
    carla.ana.wait_for(state)


def test_decided_by_a_favourite_that_was_not_taken_back(carla: Carla) -> None:
    carla.ask("Reading rooms")
    poll = carla.poll()
    likes = "SELECT count(*) FROM door_questions WHERE answered_how = 'like' AND state = 'open'"
    like = carla.fedify.ask("like", uri=poll["id"], author=carla.ana.uri)
    wait_for(lambda: carla.libline.number(likes) == 1, "the favourite")
    carla.fedify.ask("unlike", uri=poll["id"], like=like, author=carla.ana.uri)
    wait_for(lambda: carla.libline.number(likes) == 0, "the Undo")
    carla.ana.let_favourites_count()
    assert carla.ana.states()[-1] == "intro"

    carla.fedify.ask("like", uri=poll["id"], author=carla.ana.uri)
    wait_for(lambda: carla.libline.number(likes) == 1, "the favourite")
    carla.ana.let_favourites_count()
    carla.ana.wait_for("active")
    carla.say("<p>STOP</p>", poll["id"])
    carla.ana.wait_for("ended-early")


def test_a_public_reply_is_asked_about_in_private(carla: Carla) -> None:
    count, before = len(carla.ana.states()), len(carla.fedify.ask("polls"))
    uri = carla.libline.add_offer("ana", "Museums")
    carla.fedify.ask("post", content="<p>How nice.</p>", reply=uri, mention=carla.ana.uri)
    wait_for(lambda: len(carla.fedify.ask("polls")) > before, "the poll")
    poll = carla.fedify.ask("polls")[-1]
    assert poll["to"] == [carla.fedify.uri]
    assert len(carla.ana.states()) == count
    carla.vote(poll, poll["options"][0])
    wait_for(lambda: len(carla.ana.states()) == count + 1, "the request")
    assert carla.libline.rows("SELECT message_text FROM mentorships ORDER BY id DESC")[0] == ("How nice.",)
