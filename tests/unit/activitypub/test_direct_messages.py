"""A private poll, as Mastodon takes it."""

from datetime import UTC, datetime

from libline_fed.activitypub.direct_messages import build_direct_question
from libline_fed.activitypub.parse import parse_note
from libline_fed.activitypub.private_notes import OwnNote, Reader
from libline_fed.errors import Refusal

AT = datetime(2026, 9, 4, 8, 10, tzinfo=UTC)
NOTE = OwnNote(
    uri="https://a.example/messages/1",
    author_uri="https://a.example/actors/ana",
    thread_uri="https://a.example/threads/77",
    content_html="<p>¿Confirmas?</p>",
    published_at=AT,
    language="es",
)
CARLA = Reader("https://m.example/users/carla", "https://m.example/@carla", "carla@m.example")


def test_a_poll_is_for_the_one_who_is_mentioned_and_names_its_thread_twice() -> None:
    poll = build_direct_question(NOTE, CARLA, ("Sí, acepto", "No, gracias"), ends_at=AT)
    assert poll["type"] == "Question"
    assert (poll["to"], poll["cc"]) == ([CARLA.uri], [])
    assert poll["tag"] == [{"type": "Mention", "href": CARLA.uri, "name": "@carla@m.example"}]
    assert poll["context"] == poll["conversation"] == NOTE.thread_uri
    assert [one["name"] for one in poll["oneOf"]] == ["Sí, acepto", "No, gracias"]
    assert {one["type"] for one in poll["oneOf"]} == {"Note"}
    assert (poll["endTime"], poll["votersCount"]) == ("2026-09-04T08:10:00Z", 0)
    assert poll["contentMap"] == {"es": poll["content"]}
    assert not {"name", "summary"} & set(poll)  # others show these as a content warning
    assert "https://www.w3.org/ns/activitystreams" in poll["@context"]


def test_a_poll_is_read_as_a_post() -> None:
    read = parse_note(build_direct_question(NOTE, CARLA, ("Yes", "No"), ends_at=AT))
    assert not isinstance(read, Refusal)
    assert (read.type, read.language, read.poll_vote) == ("Question", "es", None)
