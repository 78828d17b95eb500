"""Our own documents: exactly what FEDERATION.md shows, and read back as they were meant."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libline_fed import vocabulary
from libline_fed.activitypub.build import build_activity, build_actor, build_proposal, build_tombstone
from libline_fed.activitypub.collections import build_collection, build_list, build_page
from libline_fed.activitypub.nodeinfo import NodeFacts, build_links, build_nodeinfo, media_type
from libline_fed.activitypub.own import OwnActor, OwnProposal
from libline_fed.activitypub.parse import (
    parse_activity,
    parse_actor,
    parse_collection,
    parse_object,
    parse_proposal,
)
from libline_fed.activitypub.uris import Uris
from libline_fed.activitypub.values import PUBLIC
from libline_fed.activitypub.webfinger import build_host_meta, build_jrd, build_origin_jrd, parse_jrd
from libline_fed.activitypub.wire import dump_json, parse_json
from libline_fed.domain.proposal_details import Details, details_of
from libline_fed.domain.proposals import MODES
from libline_fed.errors import Refusal
from libline_fed.sanitize import clean_line, linkify_text
from tests.support.details import details

URIS = Uris("https://a.example")
NOW = datetime(2026, 9, 1, 9, tzinfo=UTC)
ANA = OwnActor(
    id="018f",
    uri="https://a.example/actors/018f",
    type="Person",
    handle="ana",
    name="Ana Pérez",
    summary_html="<p>Bibliotecaria.</p>",
    published_at=datetime(2026, 8, 30, tzinfo=UTC),
    public_pem="-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n",
    ed25519_multibase="z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
    manually_approves_followers=False,
    is_discoverable=True,
    also_known_as=("https://m.example/users/ana",),
    fields=(("Institución", "Biblioteca A"),),
    icon_url="https://a.example/media/ana.png",
    is_instance=False,
)
OFFER = OwnProposal(
    id="0190",
    uri="https://a.example/proposals/0190",
    author_uri=ANA.uri,
    purpose="offer",
    title="Catalogación RDA & más",
    content_html="<p>En español, dos personas.</p>",
    language="es",
    areas=("A0301", "A0303"),
    languages=("es", "pt-BR"),
    modes=("M1", "M4"),
    places_count=3,
    places_free_count=2,
    waiting_count=1,
    open_until_on=date(2027, 3, 1),
    status="open",
    revision=1,
    published_at=NOW,
    edited_at=None,
    hashtags=("LibMentors", "Cataloguing"),
    to=(PUBLIC,),
    cc=(f"{ANA.uri}/followers",),
    details=Details(),
)


FULL = Details(
    levels={"A0301": 3, "x-braille": 2},
    goals=("G06", "x-braille-week"),
    language_levels={"es": "fluent"},
    formats=("F1", "F2"),
    frequency="Q4",
    months=0,
    stage="S4",
    stages_wished=("peer", "+1"),
    types_own=("T01",),
    types_wished=("different", "T02"),
    styles=("W02",),
    answer_days=5,
    not_help_text="Not with <law>\nor with money.",
    named={
        "x-braille": {"label": {"en": "Braille", "es": "Braille"}, "broader": "A0405"},
        "x-braille-week": {"label": {"en": "A Braille week"}, "broader": "G08"},
    },
)


def test_a_person_is_built_as_documented() -> None:
    document = build_actor(ANA, URIS)
    context = document.pop("@context")
    assert context[:6] == [
        "https://www.w3.org/ns/activitystreams",
        "https://w3id.org/security/v1",
        "https://w3id.org/security/data-integrity/v2",
        "https://www.w3.org/ns/did/v1",
        "https://w3id.org/security/multikey/v1",
        "https://purl.archive.org/socialweb/webfinger",
    ]
    assert document == {
        "id": "https://a.example/actors/018f",
        "type": "Person",
        "webfinger": "ana@a.example",
        "preferredUsername": "ana",
        "name": "Ana Pérez",
        "summary": "<p>Bibliotecaria.</p>",
        "url": "https://a.example/@ana",
        "published": "2026-08-30T00:00:00Z",
        "inbox": "https://a.example/actors/018f/inbox",
        "outbox": "https://a.example/actors/018f/outbox",
        "followers": "https://a.example/actors/018f/followers",
        "following": "https://a.example/actors/018f/following",
        "featured": "https://a.example/actors/018f/featured",
        "featuredTags": "https://a.example/actors/018f/tags",
        "proposals": "https://a.example/actors/018f/proposals",
        "endpoints": {"sharedInbox": "https://a.example/inbox"},
        "manuallyApprovesFollowers": False,
        "discoverable": True,
        "indexable": True,
        "alsoKnownAs": ["https://m.example/users/ana"],
        "icon": {"type": "Image", "mediaType": "image/png", "url": "https://a.example/media/ana.png"},
        "attachment": [{"type": "PropertyValue", "name": "Institución", "value": "Biblioteca A"}],
        "publicKey": {
            "id": "https://a.example/actors/018f#main-key",
            "owner": "https://a.example/actors/018f",
            "publicKeyPem": ANA.public_pem,
        },
        "assertionMethod": [
            {
                "id": "https://a.example/actors/018f#ed25519-key",
                "type": "Multikey",
                "controller": "https://a.example/actors/018f",
                "publicKeyMultibase": ANA.ed25519_multibase,
            }
        ],
        "generator": {
            "type": "Application",
            "id": "https://a.example/actor",
            "implements": [
                {"type": "Link", "href": "https://datatracker.ietf.org/doc/html/rfc9421", "name": "RFC-9421"}
            ],
        },
    }


def test_an_actor_is_read_back_as_it_was_built() -> None:
    actor = parse_actor(build_actor(ANA, URIS))
    assert not isinstance(actor, Refusal)
    assert (actor.uri, actor.handle, actor.name, actor.webfinger) == (
        ANA.uri,
        "ana",
        "Ana Pérez",
        "ana@a.example",
    )
    assert actor.fields == ANA.fields
    assert actor.discoverable
    assert [(key.key_id, key.owner_uri) for key in actor.public_keys] == [
        (URIS.main_key(ANA.uri), ANA.uri),
        (URIS.ed25519_key(ANA.uri), ANA.uri),
    ]
    assert actor.proposals_url == "https://a.example/actors/018f/proposals"


def test_the_instance_actor_has_a_page_and_proposals_but_pins_nothing() -> None:
    instance = replace(
        ANA,
        uri="https://a.example/actor",
        type="Application",
        handle="a.example",
        is_instance=True,
        ed25519_multibase=None,
    )
    document = build_actor(instance, URIS)
    assert document["webfinger"] == "a.example@a.example"
    assert document["url"] == "https://a.example/"
    assert document["proposals"] == "https://a.example/actor/proposals"
    assert document["inbox"] == "https://a.example/actor/inbox"
    assert not {"featured", "featuredTags", "assertionMethod"} & set(document)
    assert not isinstance(parse_actor(document), Refusal)


def test_a_proposal_is_built_as_documented() -> None:
    document = build_proposal(OFFER, URIS)
    assert document["@context"][0] == "https://www.w3.org/ns/activitystreams"
    content = (
        "<p><strong>Catalogación RDA &amp; más</strong></p><p>En español, dos personas.</p>"
        '<p><a href="https://a.example/proposals/0190">Oferta de mentoría en a.example</a></p>'
        '<p><a href="https://a.example/tags/LibMentors" class="mention hashtag" rel="tag">#LibMentors</a> '
        '<a href="https://a.example/tags/Cataloguing" class="mention hashtag" rel="tag">#Cataloguing</a></p>'
    )
    del document["@context"]
    assert document == {
        "id": "https://a.example/proposals/0190",
        "type": "Note",
        "attributedTo": "https://a.example/actors/018f",
        "url": "https://a.example/proposals/0190",
        "published": "2026-09-01T09:00:00Z",
        "to": [PUBLIC],
        "cc": ["https://a.example/actors/018f/followers"],
        "inReplyTo": None,
        "sensitive": False,
        "content": content,
        "contentMap": {"es": content},
        "tag": [
            {
                "type": "Hashtag",
                "name": "#LibMentors",
                "href": "https://a.example/tags/LibMentors",
            },
            {"type": "Hashtag", "name": "#Cataloguing", "href": "https://a.example/tags/Cataloguing"},
        ],
        "replies": "https://a.example/proposals/0190/replies",
        "context": "https://a.example/contexts/0190",
        "conversation": "https://a.example/contexts/0190",
        "endTime": "2027-03-01T00:00:00Z",
        "title": "Catalogación RDA & más",
        "proposalStatus": "open",
        "revision": 1,
        "modality": ["M1", "M4"],
        "availableLanguage": ["es", "pt-BR"],
        "purpose": "offer",
        "unitBased": True,
        "publishes": {
            "type": "Intent",
            "id": "https://a.example/proposals/0190#primary",
            "action": "deliverService",
            "resourceConformsTo": "https://w3id.org/libline/ns#Mentorship",
            "resourceClassifiedAs": [
                "https://w3id.org/libline/vocab/v1/area/A0301",
                "https://w3id.org/libline/vocab/v1/area/A0303",
            ],
            "resourceQuantity": {"hasUnit": "one", "hasNumericalValue": "1"},
            "availableQuantity": {"hasUnit": "one", "hasNumericalValue": "2"},
        },
        "vocabularyVersion": vocabulary.VERSION,
        "areas": [
            {"id": "https://w3id.org/libline/vocab/v1/area/A0301"},
            {"id": "https://w3id.org/libline/vocab/v1/area/A0303"},
        ],
        "places": 3,
        "waiting": 1,
    }


def test_every_own_term_is_in_the_context() -> None:
    document = build_proposal(replace(OFFER, edited_at=NOW, details=FULL), URIS)
    terms = {key for part in document["@context"] if isinstance(part, dict) for key in part}
    standard = {
        "@context",
        "id",
        "type",
        "attributedTo",
        "url",
        "published",
        "updated",
        "to",
        "cc",
        "inReplyTo",
    }
    standard |= {"content", "contentMap", "tag", "replies", "context", "endTime"}
    assert set(document) - standard <= terms
    assert set(document["publishes"]) - {"id", "type"} <= terms
    assert set(document["publishes"]["availableQuantity"]) <= terms
    parts = [*document["areas"], *document["languageLevels"], document["goals"][1]]
    assert {key for part in parts for key in part} - {"id"} <= terms


def test_all_facts_are_said_in_terms_that_others_can_read() -> None:
    document = build_proposal(replace(OFFER, areas=("A0301", "x-braille"), details=FULL), URIS)
    area = "https://w3id.org/libline/vocab/v1/area/"
    assert document["areas"] == [
        {"id": f"{area}A0301", "level": 3},
        {
            "id": "x-braille",
            "broader": f"{area}A0405",
            "label": {"en": "Braille", "es": "Braille"},
            "level": 2,
        },
    ]
    assert document["publishes"]["resourceClassifiedAs"] == [f"{area}A0301", f"{area}A0405"]
    own_goal = {"id": "x-braille-week", "broader": "G08", "label": {"en": "A Braille week"}}
    assert document["goals"] == ["G06", own_goal]
    assert document["languageLevels"] == [{"language": "es", "level": "fluent"}]
    assert (document["months"], document["answerDays"], document["frequency"]) == (0, 5, "Q4")
    assert document["typesWished"] == ["different", "T02"]
    assert (
        "<p><strong>No puedo ayudar con:</strong> Not with &lt;law&gt; or with money.</p>"
        in document["content"]
    )


def test_a_proposal_for_few_names_nothing_that_cannot_be_fetched() -> None:
    document = build_proposal(replace(OFFER, to=("https://b.example/actor",), cc=()), URIS)
    assert (document["to"], document["cc"]) == (["https://b.example/actor"], [])
    assert not {"replies", "context", "conversation"} & set(document)


def test_updated_is_said_only_of_edited_text() -> None:
    assert "updated" not in build_proposal(replace(OFFER, revision=7, status="full", places_count=0), URIS)
    edited = build_proposal(replace(OFFER, edited_at=datetime(2026, 9, 2, tzinfo=UTC)), URIS)
    assert edited["updated"] == "2026-09-02T00:00:00Z"


def test_markup_in_a_title_stays_text() -> None:
    document = build_proposal(replace(OFFER, title='<img src=x onerror="y">'), URIS)
    assert "<img" not in document["content"]
    proposal = parse_proposal(document)
    assert proposal is not None
    assert proposal.title == '<img src=x onerror="y">'


lines = st.text(min_size=1, max_size=60).map(lambda text: clean_line(text, 120)).filter(bool)


@settings(deadline=None)
@given(
    st.builds(
        OwnProposal,
        id=st.just("0190"),
        uri=st.just("https://a.example/proposals/0190"),
        author_uri=st.just(ANA.uri),
        purpose=st.sampled_from(["offer", "request"]),
        title=lines,
        content_html=st.text(max_size=200).map(linkify_text),
        language=st.none() | st.sampled_from(["en", "es", "ar", "pt-BR", "quc"]),
        areas=st.lists(st.sampled_from(vocabulary.area_ids()), max_size=8, unique=True).map(tuple),
        languages=st.lists(st.sampled_from(["en", "es", "fr", "ar", "qu"]), min_size=1, unique=True).map(
            tuple
        ),
        modes=st.lists(st.sampled_from(MODES), unique=True).map(tuple),
        places_count=st.just(50),
        places_free_count=st.integers(0, 50),
        waiting_count=st.integers(0, 500),
        open_until_on=st.none() | st.dates(date(2026, 1, 1), date(2030, 1, 1)),
        status=st.sampled_from(["open", "full", "paused", "closed"]),
        revision=st.integers(0, 10_000),
        published_at=st.just(NOW),
        edited_at=st.none() | st.just(NOW),
        hashtags=st.lists(st.sampled_from(["LibMentors", "Cataloguing", "OpenAccess"]), unique=True).map(
            tuple
        ),
        to=st.just((PUBLIC,)),
        cc=st.just((ANA.uri + "/followers",)),
        details=details(),
    ),
    st.data(),
)
def test_a_proposal_is_read_back_as_it_was_built(own: OwnProposal, data: st.DataObject) -> None:
    own = replace(own, details=data.draw(details(areas=own.areas, languages=own.languages)))
    body = dump_json(build_proposal(own, URIS))
    parsed = parse_json(body)
    assert not isinstance(parsed, Refusal), parsed
    proposal = parse_proposal(parsed)
    assert proposal is not None
    assert proposal.note.content_html == own.content_html
    assert (proposal.purpose, proposal.title, proposal.status) == (own.purpose, own.title, own.status)
    assert (proposal.areas, proposal.languages, proposal.modes) == (own.areas, own.languages, own.modes)
    assert (proposal.places_count, proposal.places_free_count) == (50, own.places_free_count)
    assert (proposal.waiting_count, proposal.revision) == (own.waiting_count, own.revision)
    assert details_of(proposal.details) == own.details
    assert (proposal.open_until_at and proposal.open_until_at.date()) == own.open_until_on
    assert (proposal.note.published_at, proposal.note.updated_at) == (own.published_at, own.edited_at)
    assert proposal.note.language == own.language
    assert proposal.note.hashtags == own.hashtags
    assert proposal.note.author_uri == own.author_uri
    assert proposal.intent_uri == own.uri + "#primary"
    assert (proposal.note.to, proposal.note.cc) == ((PUBLIC,), (ANA.uri + "/followers",))
    assert not proposal.note.is_sensitive


def create_of(object_: Any) -> dict[str, Any]:
    return build_activity(
        "Create",
        uri="https://a.example/activities/1",
        actor_uri=ANA.uri,
        object=object_,
        to=[PUBLIC],
        cc=[ANA.uri + "/followers"],
        published_at=NOW,
    )


def test_an_activity_takes_over_the_context_of_its_object() -> None:
    note = build_proposal(OFFER, URIS)
    activity = create_of(note)
    assert activity["@context"] == note["@context"]
    assert "@context" not in activity["object"]
    assert "@context" in note, "the argument itself must not change"
    parsed = parse_activity(activity)
    assert not isinstance(parsed, Refusal)
    assert (parsed.type, parsed.object_uri, parsed.published_at) == ("Create", OFFER.uri, NOW)
    assert not isinstance(parse_object(parsed.raw_object), Refusal)


def test_an_object_with_a_proof_keeps_its_context() -> None:
    note = {**build_proposal(OFFER, URIS), "proof": {"type": "DataIntegrityProof"}}
    assert create_of(note)["object"] == note


def test_an_activity_on_an_id_has_the_plain_context() -> None:
    activity = build_activity(
        "Add",
        uri="https://a.example/activities/2",
        actor_uri=ANA.uri,
        object=OFFER.uri,
        to=[PUBLIC],
        published_at=NOW,
        target=ANA.uri + "/featured",
    )
    assert activity["@context"][0] == "https://www.w3.org/ns/activitystreams"
    assert activity["target"] == ANA.uri + "/featured"
    assert activity["object"] == OFFER.uri


def test_a_tombstone_says_what_it_was() -> None:
    assert build_tombstone(OFFER.uri, former_type="Note", deleted_at=NOW) == {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": OFFER.uri,
        "type": "Tombstone",
        "formerType": "Note",
        "deleted": "2026-09-01T09:00:00Z",
    }
    assert "formerType" not in build_tombstone(OFFER.uri)


def test_pinned_proposals_are_one_page_of_ids() -> None:
    document = build_list(ANA.uri + "/featured", [OFFER.uri], attributed_to=ANA.uri)
    assert document["type"] == "OrderedCollection"
    assert document["orderedItems"] == [OFFER.uri]
    collection = parse_collection(document)
    assert not isinstance(collection, Refusal)
    assert (collection.item_uris, collection.total_count, collection.first_url) == ((OFFER.uri,), 1, None)


def test_followers_are_counted_not_listed() -> None:
    document = build_collection(ANA.uri + "/followers", total_count=3)
    assert document["totalItems"] == 3
    assert not {"first", "items", "orderedItems"} & set(document)


def test_a_page_leads_on_and_its_items_share_its_context() -> None:
    signed = {"@context": "x", "id": "https://a.example/2", "proof": {}}
    document = build_page(
        ANA.uri + "/outbox?page=1",
        part_of_uri=ANA.uri + "/outbox",
        items=[{"@context": "x", "id": "https://a.example/1"}, signed, "https://a.example/3"],
        next_url=ANA.uri + "/outbox?page=2",
        prev_url=ANA.uri + "/outbox?page=0",
    )
    assert document["orderedItems"] == [{"id": "https://a.example/1"}, signed, "https://a.example/3"]
    collection = parse_collection(document)
    assert not isinstance(collection, Refusal)
    assert collection.next_url == ANA.uri + "/outbox?page=2"
    assert collection.part_of_uri == ANA.uri + "/outbox"
    assert "items" in build_page(
        "https://a.example/r", part_of_uri="https://a.example/r", items=[], is_ordered=False
    )


def test_a_jrd_is_read_back_as_it_was_built() -> None:
    document = build_jrd(handle="ana", actor_uri=ANA.uri, profile_url=URIS.profile("ana"), uris=URIS)
    jrd = parse_jrd(document)
    assert not isinstance(jrd, Refusal)
    assert jrd.subject == "acct:ana@a.example"
    assert jrd.self_uris == (ANA.uri,)
    assert jrd.aliases == ("https://a.example/@ana", ANA.uri)
    assert (
        jrd.templates["http://ostatus.org/schema/1.0/subscribe"]
        == "https://a.example/authorize_interaction?uri={uri}"
    )
    assert (
        jrd.templates["https://w3id.org/fep/3b86/Object"]
        == "https://a.example/authorize_interaction?uri={object}"
    )


def test_the_origin_names_its_service_actor() -> None:
    jrd = parse_jrd(build_origin_jrd(handle="a.example", uris=URIS))
    assert not isinstance(jrd, Refusal)
    assert jrd.subject == "acct:a.example@a.example"
    assert jrd.service_uris == ("https://a.example/actor",)


@pytest.mark.parametrize(
    "template", ["javascript:{uri}", "https://{uri}/", "https://a.example/x", "//a/{uri}", 5, "/x?u={uri}"]
)
def test_an_odd_template_is_not_followed(template: Any) -> None:
    document = {"subject": "acct:a@a.example", "links": [{"rel": "x", "template": template}]}
    jrd = parse_jrd(document)
    assert not isinstance(jrd, Refusal)
    assert jrd.templates == {}


def test_two_self_links_are_both_told() -> None:
    links = [
        {"rel": "self", "type": "application/activity+json", "href": f"https://a.example/{n}"} for n in (1, 2)
    ]
    html = {"rel": "self", "type": "text/html", "href": "https://a.example/3"}
    jrd = parse_jrd({"subject": "acct:a@a.example", "links": [*links, html]})
    assert not isinstance(jrd, Refusal)
    assert jrd.self_uris == ("https://a.example/1", "https://a.example/2")


def test_host_meta_leads_to_webfinger() -> None:
    assert 'template="https://a.example/.well-known/webfinger?resource={uri}"' in build_host_meta(URIS)


def test_nodeinfo_tells_both_versions_and_the_instance_actor() -> None:
    facts = NodeFacts(
        software_version="0.1.0",
        name="Biblioteca A",
        description="",
        is_open_for_sign_up=True,
        is_federating=True,
        users_count=3,
        repository_url="https://code.example/libline",
    )
    links = {link["rel"]: link["href"] for link in build_links(URIS)["links"]}
    assert links["http://nodeinfo.diaspora.software/ns/schema/2.1"] == "https://a.example/nodeinfo/2.1"
    assert links["https://www.w3.org/ns/activitystreams#Application"] == "https://a.example/actor"
    old, new = build_nodeinfo(facts, "2.0"), build_nodeinfo(facts, "2.1")
    assert old["software"] == {"name": "libline", "version": "0.1.0"}
    assert new["software"]["repository"] == "https://code.example/libline"
    assert new["usage"] == {"users": {"total": 3}}
    assert new["protocols"] == ["activitypub"]
    assert media_type("2.0").endswith('schema/2.0#"')
