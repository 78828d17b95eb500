"""What parsers make of the shapes that AS2 allows, and of limits."""

from datetime import UTC, datetime
from typing import Any

import pytest

from libline_fed.activitypub.objects import NoteDocument, ProposalDocument, Tombstone, Visibility
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
from libline_fed.activitypub.values import PUBLIC, count_of, moment_of, recipients_of, uri_of, url_of
from libline_fed.errors import Refusal, RefusalReason
from tests.unit.activitypub.test_parse_hostile import ACTIVITY, ACTOR, COLLECTION, NOTE

PLAIN_NOTE = {key: NOTE[key] for key in ("id", "type", "attributedTo", "content", "to")}


def note_of(**changes: Any) -> NoteDocument:
    note = parse_note({**PLAIN_NOTE, **changes})
    assert not isinstance(note, Refusal), note
    return note


def proposal_of(**changes: Any) -> ProposalDocument:
    proposal = parse_proposal({**NOTE, **changes})
    assert proposal is not None
    return proposal


def intent_of(**changes: Any) -> dict[str, Any]:
    return {**NOTE["publishes"], **changes}


def activity_of(**changes: Any) -> Any:
    return parse_activity({**ACTIVITY, **changes})


@pytest.mark.parametrize("spelling", [PUBLIC, "as:Public", "Public"])
def test_public_is_public_however_it_is_spelled(spelling: str) -> None:
    assert recipients_of(spelling) == (PUBLIC,)
    assert recipients_of(["https://a.example/f", spelling]) == ("https://a.example/f", PUBLIC)


def test_visibility_is_computed_as_others_compute_it() -> None:
    followers = "https://a.example/u/ana/followers"
    assert visibility_of((PUBLIC,), (followers,), followers) == Visibility.PUBLIC
    assert visibility_of((followers,), (PUBLIC,), followers) == Visibility.UNLISTED
    assert visibility_of((followers,), (), followers) == Visibility.FOLLOWERS
    assert visibility_of((), (followers,), followers) == Visibility.FOLLOWERS
    assert visibility_of(("https://b.example/u/b",), (), followers) == Visibility.DIRECT
    assert visibility_of(("https://b.example/followers",), (), None) == Visibility.DIRECT


@pytest.mark.parametrize(
    "actor", ["https://a.example/u/ana", {"id": "https://a.example/u/ana"}, ["https://a.example/u/ana"]]
)
def test_an_actor_may_be_a_string_an_object_or_a_list_of_one(actor: Any) -> None:
    assert activity_of(actor=actor).actor_uri == "https://a.example/u/ana"


def test_several_actors_or_authors_are_nobody() -> None:
    assert activity_of(actor=["https://a.example/1", "https://a.example/2"]).reason == RefusalReason.BAD_SHAPE
    refused = parse_note({**NOTE, "attributedTo": ["https://a.example/1", "https://a.example/2"]})
    assert isinstance(refused, Refusal)


@pytest.mark.parametrize("author", [None, 5, {}, [], "ana", "/u/ana", "javascript:x"])
def test_a_post_without_a_usable_author_is_refused(author: Any) -> None:
    assert isinstance(parse_note({**NOTE, "attributedTo": author}), Refusal)


def test_no_prefixed_or_aliased_term_is_read() -> None:
    doc = {key: value for key, value in ACTIVITY.items() if key != "actor"}
    aliases = {
        "as:actor": "https://a.example/u/ana",
        "https://www.w3.org/ns/activitystreams#actor": "https://a.example/u/ana",
    }
    assert isinstance(parse_activity({**doc, **aliases}), Refusal)
    assert isinstance(parse_note({**NOTE, "type": "as:Note"}), Refusal)
    assert note_of(**{"as:content": "evil"}).content_html == "<p>x</p>"


def test_an_embedded_object_gives_its_id_and_itself() -> None:
    activity = activity_of()
    assert activity.object_uri == NOTE["id"]
    assert activity.raw_object == NOTE
    assert activity.has_proof


def test_an_object_given_by_id_has_no_raw_form() -> None:
    activity = activity_of(object=NOTE["id"], proof=None)
    assert activity.object_uri == NOTE["id"]
    assert activity.raw_object is None
    assert not activity.has_proof


def test_an_embedded_object_without_an_id_is_kept() -> None:
    activity = activity_of(type="Offer", object={"type": "Agreement"})
    assert activity.object_uri is None
    assert activity.raw_object == {"type": "Agreement"}


def test_a_report_names_several_objects() -> None:
    activity = activity_of(type="Flag", object=["https://b.example/u/b", {"id": "https://b.example/n/1"}, 5])
    assert activity.object_uris == ("https://b.example/u/b", "https://b.example/n/1")
    assert activity.raw_object is None


def test_a_verb_without_an_object_is_refused_but_an_unknown_one_is_only_unknown() -> None:
    assert activity_of(type="Create", object=None).reason == RefusalReason.BAD_SHAPE
    assert activity_of(type="Arrive", object=None).type == "Arrive"


def test_an_activity_without_an_id_gets_one_of_its_own_content() -> None:
    undo = {
        "type": "Undo",
        "actor": "https://a.example/u/ana",
        "object": {"type": "Follow", "id": "https://a.example/f/1"},
    }
    first, again = parse_activity(undo), parse_activity(dict(reversed(undo.items())))
    other = parse_activity({**undo, "object": "https://a.example/f/2"})
    assert not isinstance(first, Refusal)
    assert not isinstance(again, Refusal)
    assert not isinstance(other, Refusal)
    assert first.uri == again.uri != other.uri
    assert first.uri.startswith("https://a.example/u/ana#")


def test_an_id_that_is_no_url_is_refused() -> None:
    assert activity_of(id="urn:uuid:1").reason == RefusalReason.BAD_SHAPE
    assert activity_of(id=["https://a.example/1", "https://a.example/2"]).reason == RefusalReason.BAD_SHAPE


def test_a_type_list_is_read_by_its_first_known_name() -> None:
    assert activity_of(type=["Nonsense", "Create"]).type == "Create"
    assert note_of(type=["Proposal", "Note"]).type == "Proposal"


def test_the_language_is_the_key_whose_text_is_the_content() -> None:
    note = note_of(content="<p>hola</p>", contentMap={"en": "<p>hello</p>", "es": "<p>hola</p>"})
    assert (note.content_html, note.language) == ("<p>hola</p>", "es")


def test_a_text_only_in_the_map_is_found() -> None:
    note = note_of(content=None, contentMap={"pt-br": "<p>olá</p>", "en": "<p>hello</p>"})
    assert (note.content_html, note.language) == ("<p>olá</p>", "pt-BR")


@pytest.mark.parametrize("language", ["und", "", "not a tag", 5, None])
def test_an_unknown_language_is_none(language: Any) -> None:
    assert note_of(language={"identifier": language}).language is None


def test_markdown_is_shown_as_text() -> None:
    note = note_of(content="# Talk\r\n\r\n<b>not html</b> & more", mediaType="text/markdown")
    assert note.content_html == "<p># Talk</p><p>&lt;b&gt;not html&lt;/b&gt; &amp; more</p>"


def test_a_content_warning_is_the_title_and_makes_a_post_sensitive() -> None:
    note = note_of(summary="Burnout at work")
    assert (note.title, note.is_sensitive) == ("Burnout at work", True)
    assert note_of(summary="\u200b").is_sensitive is False
    article = note_of(type="Article", name="Weeding", summary="An abstract")
    assert (article.title, article.is_sensitive) == ("Weeding", False)


def test_a_name_is_plain_text_not_markup() -> None:
    assert note_of(type="Article", name="Using <select> & <b>").title == "Using <select> & <b>"


def test_a_reply_with_a_name_and_no_content_is_a_vote() -> None:
    vote = note_of(content=None, name="Yes", inReplyTo="https://b.example/q/1")
    assert (vote.poll_vote, vote.title) == ("Yes", "")
    assert note_of(content="<p>x</p>", name="Yes", inReplyTo="https://b.example/q/1").poll_vote is None
    assert note_of(content=None, name="Yes").poll_vote is None
    answer = note_of(type="Answer", content=None, name="Yes", inReplyTo="https://b.example/q/1")
    assert answer.poll_vote == "Yes"  # Akkoma's name for it


def test_mentions_and_hashtags_are_read_from_one_tag_or_many() -> None:
    note = note_of(tag={"type": "Hashtag", "name": "#RDA", "href": "https://a.example/tags/rda"})
    assert note.hashtags == ("RDA",)
    note = note_of(
        tag=[
            {"type": "Mention", "href": "https://b.example/u/b", "name": "@b@b.example"},
            {"type": "Mention", "href": "javascript:x", "name": "@c"},
            {"type": "Hashtag", "name": "Bücher"},
            {"type": "Hashtag", "name": "#two words"},
            {"type": "Emoji", "name": ":cat:"},
            "noise",
        ]
    )
    assert [mention.href for mention in note.mentions] == ["https://b.example/u/b"]
    assert note.hashtags == ("Bücher",)


def test_tags_are_limited() -> None:
    tags = [{"type": "Hashtag", "name": f"#t{n}"} for n in range(900)]
    assert len(note_of(tag=tags).hashtags) == 100


def test_a_page_link_is_preferred_among_several() -> None:
    links = [
        {"type": "Link", "mediaType": "application/x-mpegURL", "href": "https://v.example/x.m3u8"},
        {"type": "Link", "mediaType": "text/html", "href": "https://v.example/w/1"},
        "magnet:?xt=1",
    ]
    assert url_of(links) == "https://v.example/w/1"
    assert url_of(links[:1]) == "https://v.example/x.m3u8"
    assert note_of(url="javascript:alert(1)").url is None


def test_a_video_is_by_its_person_not_its_channel() -> None:
    author = [{"type": "Group", "id": "https://v.example/c"}, {"type": "Person", "id": "https://v.example/u"}]
    assert note_of(type="Video", attributedTo=author).author_uri == "https://v.example/u"


def test_an_embedded_parent_counts_as_its_id() -> None:
    assert (
        note_of(inReplyTo={"type": "Note", "id": "https://b.example/n/2"}).in_reply_to_uri
        == "https://b.example/n/2"
    )


def test_long_html_becomes_text_and_names_are_cut() -> None:
    assert "<b>" not in note_of(content="<b>x</b>" * 5_000).content_html
    assert len(note_of(type="Page", name="x" * 1_000).title) == 500
    actor = parse_actor({**ACTOR, "name": "n" * 5_000})
    assert not isinstance(actor, Refusal)
    assert len(actor.name) == 2_048


@pytest.mark.parametrize(
    ("value", "count"),
    [
        ("2", 2),
        (2, 2),
        (2.0, 2),
        ({"@value": "2", "@type": "xsd:decimal"}, 2),
        ("0", 0),
        ("-3", 0),
        ("2.9", 2),
        ("1e40", 2**31 - 1),
        (None, 1),
        ("two", 1),
        ("NaN", 1),
        (True, 1),
        ([], 1),
    ],
)
def test_a_quantity_is_read_from_every_form(value: Any, count: int) -> None:
    assert count_of(value, 1) == count
    assert (
        proposal_of(publishes=intent_of(availableQuantity={"hasNumericalValue": value})).places_count == count
    )


def test_a_measure_may_come_from_a_typed_value() -> None:
    assert count_of({"hasNumericalValue": {"@value": 3}}, 1) == 3
    assert count_of({"hasUnit": "one"}, 1) == 1


def test_missing_quantities_are_one() -> None:
    assert proposal_of(publishes=intent_of(availableQuantity=None)).places_count == 1


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-09-01T09:00:00Z", datetime(2026, 9, 1, 9, tzinfo=UTC)),
        ("2026-09-01T09:00:00.123Z", datetime(2026, 9, 1, 9, 0, 0, 123_000, tzinfo=UTC)),
        ("2021-09-11T11:45:37+02:00", datetime(2021, 9, 11, 9, 45, 37, tzinfo=UTC)),
        ("2020-05-10T02:38:31.150343+00:00", datetime(2020, 5, 10, 2, 38, 31, 150_343, tzinfo=UTC)),
        ("2026-09-01T09:00:00", datetime(2026, 9, 1, 9, tzinfo=UTC)),
        ("yesterday", None),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
        (1_788_260_400, None),
    ],
)
def test_moments_are_utc(text: Any, moment: datetime | None) -> None:
    assert moment_of(text) == moment


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": None},
        {"purpose": "sale"},
        {"publishes": None},
        {"publishes": intent_of(type="Proposal")},
        {"publishes": intent_of(action="transfer")},
        {"publishes": intent_of(resourceConformsTo="https://w3id.org/libline/ns#Other")},
        {"publishes": intent_of(id="https://b.example/n/9#primary")},
        {"publishes": intent_of(id="https://a.example/n/12#primary")},
        {"type": "Article"},
        {"type": "Question"},
        {"attributedTo": None},
        {"title": None, "name": None, "summary": None, "content": None, "contentMap": None},
    ],
)
def test_anything_else_is_a_plain_post(changes: dict[str, Any]) -> None:
    assert parse_proposal({**NOTE, **changes}) is None


@pytest.mark.parametrize("type_", ["Note", "Proposal", ["Note", "Proposal"], ["Proposal"]])
def test_a_proposal_may_be_a_note_or_call_itself_one(type_: Any) -> None:
    assert proposal_of(type=type_).purpose == "offer"
    assert isinstance(parse_object({**NOTE, "type": type_}), ProposalDocument)


def test_an_anonymous_intent_among_others_is_found() -> None:
    other = {"type": "Intent", "action": "transfer"}
    conforming = {key: value for key, value in NOTE["publishes"].items() if key != "id"}
    proposal = proposal_of(
        publishes=[
            other,
            {**conforming, "resourceConformsTo": {"id": "https://w3id.org/libline/ns#Mentorship"}},
        ]
    )
    assert proposal.intent_uri is None


def test_unknown_states_are_not_open() -> None:
    assert proposal_of(proposalStatus="waiting").status == "paused"
    assert proposal_of(proposalStatus=None).status == "paused"
    doc = {key: value for key, value in NOTE.items() if key != "proposalStatus"}
    assert proposal_of().status == "open"
    proposal = parse_proposal(doc)
    assert proposal is not None
    assert proposal.status == "open"


def test_lists_of_a_proposal_keep_what_is_usable() -> None:
    proposal = proposal_of(
        availableLanguage=["ES", "es", "pt-br", "klingon!", 5],
        modality=["M4", "M1", "M4", "online", None],
        publishes=intent_of(
            resourceClassifiedAs=[
                "https://w3id.org/libline/vocab/v1/area/A0301",
                "https://w3id.org/libline/vocab/v1/area/A9901",
                "https://other.example/vocab/x",
                "javascript:x",
            ]
        ),
    )
    assert proposal.languages == ("es", "pt-BR")
    assert proposal.modes == ("M4", "M1")
    assert proposal.areas == ("A0301", "A9901", "https://other.example/vocab/x")


def test_the_language_of_the_text_stands_in_for_missing_languages() -> None:
    assert proposal_of(availableLanguage=None).languages == ("en",)


def test_an_inbox_elsewhere_is_refused_and_other_addresses_elsewhere_are_dropped() -> None:
    refused = parse_actor({**ACTOR, "inbox": "https://b.example/inbox"})
    assert isinstance(refused, Refusal)
    assert refused.reason == RefusalReason.FOREIGN_ID
    actor = parse_actor(
        {**ACTOR, "endpoints": {"sharedInbox": "https://b.example/inbox"}, "followers": "https://b.example/f"}
    )
    assert not isinstance(actor, Refusal)
    assert actor.shared_inbox_url is None
    assert actor.followers_uri is None


def test_a_webfinger_address_stands_in_for_a_missing_username() -> None:
    doc = {key: value for key, value in ACTOR.items() if key != "preferredUsername"}
    actor = parse_actor({**doc, "webfinger": "acct:ana@short.example"})
    assert not isinstance(actor, Refusal)
    assert (actor.handle, actor.webfinger) == ("ana", "ana@short.example")
    assert isinstance(parse_actor({**doc, "webfinger": None}), Refusal)


def test_keys_are_read_from_objects_lists_stubs_and_key_documents() -> None:
    key = {"id": "https://a.example/k", "owner": "https://a.example/u", "publicKeyPem": "PEM"}
    assert [found.pem for found in parse_keys({"publicKey": key})] == ["PEM"]
    assert [
        found.pem for found in parse_keys({"publicKey": [key, {**key, "id": "https://a.example/k2"}]})
    ] == ["PEM"] * 2
    assert [found.pem for found in parse_keys(key)] == ["PEM"]
    multikey = {
        "id": "https://a.example/k",
        "controller": "https://a.example/u",
        "publicKeyMultibase": "z6Mk",
    }
    assert [
        found.multibase for found in parse_keys({"assertionMethod": [multikey, "https://a.example/k2"]})
    ] == ["z6Mk"]
    assert parse_keys({"publicKey": "https://a.example/k"}) == ()
    assert parse_keys({"publicKey": {**key, "owner": None}}) == ()
    assert len(parse_keys({"publicKey": [key] * 100})) == 10


def test_objects_are_told_apart_by_type() -> None:
    assert parse_object(
        {"type": "Tombstone", "id": "https://a.example/n/1", "formerType": "Note"}
    ) == Tombstone(uri="https://a.example/n/1", former_type="Note")
    assert not isinstance(parse_object(ACTOR), Refusal)
    assert isinstance(parse_object({**PLAIN_NOTE, "type": "Spell"}), Refusal)
    assert isinstance(parse_object({"type": "Tombstone"}), Refusal)


def test_an_embedded_first_page_is_taken_in() -> None:
    doc = {
        "id": "https://a.example/c",
        "type": "Collection",
        "totalItems": 3,
        "first": {
            "type": "CollectionPage",
            "items": ["https://a.example/1"],
            "next": "https://a.example/c?page=2",
        },
    }
    collection = parse_collection(doc)
    assert not isinstance(collection, Refusal)
    assert collection.item_uris == ("https://a.example/1",)
    assert collection.next_url == "https://a.example/c?page=2"
    assert collection.total_count == 3


def test_items_keep_their_order_embedded_or_not() -> None:
    collection = parse_collection(
        {**COLLECTION, "orderedItems": ["https://a.example/2", {"id": "https://a.example/1"}, 5]}
    )
    assert not isinstance(collection, Refusal)
    assert collection.item_uris == ("https://a.example/2", "https://a.example/1")
    assert collection.raw_items == ({"id": "https://a.example/1"},)


def test_a_collection_does_not_become_a_document() -> None:
    assert isinstance(parse_collection(NOTE), Refusal)
    assert isinstance(parse_note(COLLECTION), Refusal)


def test_a_list_of_one_is_its_item_and_of_two_is_nothing() -> None:
    assert uri_of(["https://a.example/"]) == "https://a.example/"
    assert uri_of(["https://a.example/", "https://a.example/"]) is None
    assert uri_of({"id": None, "href": "https://a.example/x"}) == "https://a.example/x"
