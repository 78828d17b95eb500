"""Documents of people and offers here: complete, the same until something changes, on both databases."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from libline_fed.activitypub.keys import load_public
from libline_fed.activitypub.objects import ActorDocument
from libline_fed.activitypub.parse import parse_actor, parse_proposal
from libline_fed.activitypub.proofs import verify_proof
from libline_fed.activitypub.values import PUBLIC
from libline_fed.activitypub.wire import dump_json, parse_json
from libline_fed.domain.actors import Actor
from libline_fed.domain.proposals import Proposal
from libline_fed.services import instance
from libline_fed.services.documents import actor_document, proposal_document
from libline_fed.services.site import Site
from libline_fed.storage.store import Store
from tests.services.conftest import Add
from tests.services.test_actors import Profile, save
from tests.services.test_proposals import DRAFT, edit, move, publish
from tests.support.neighbours import said


async def offer_bytes(store: Store, site: Site, proposal: Proposal, author: Actor) -> bytes:
    return dump_json(await store.read(lambda tx: proposal_document(tx, site, proposal, author)))


async def actor_bytes(store: Store, site: Site, actor: Actor) -> bytes:
    return dump_json(await store.read(lambda tx: actor_document(tx, site, actor)))


async def test_an_offer_is_the_same_to_the_byte_until_it_changes(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    proposal = await publish(store, site, ana, now + timedelta(microseconds=987_654))
    first = await offer_bytes(store, site, proposal, ana.actor)
    assert await offer_bytes(store, site, proposal, ana.actor) == first
    _, create = await said(store, ana.actor.id)
    assert dump_json(create["object"]) == first
    closed = await move(store, site, proposal, "closed", now + timedelta(minutes=1))
    second = await offer_bytes(store, site, closed, ana.actor)
    assert second != first
    assert await offer_bytes(store, site, closed, ana.actor) == second


async def test_a_person_is_the_same_to_the_byte_until_they_change(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    first = await actor_bytes(store, site, ana.actor)
    assert await actor_bytes(store, site, ana.actor) == first
    changed = await save(store, site, ana, Profile(), now + timedelta(minutes=1))
    assert await actor_bytes(store, site, changed) != first


async def test_every_field_of_an_offer_arrives_on_the_other_side(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    draft = replace(
        DRAFT,
        title="Mentoría: catalogación",
        body_text="Línea 1\n\nLínea 2",
        language="es",
        areas=("A0301", "A0303"),
        languages=("es-MX", "quz"),
        modes=("M1", "M4"),
        places_count=50,
        open_until_on=date(2027, 3, 1),
    )
    proposal = await publish(store, site, ana, now, draft)
    proposal = await edit(store, site, proposal, now + timedelta(hours=1), replace(draft, title="Otra"))
    body = await offer_bytes(store, site, proposal, ana.actor)
    document: Any = parse_json(body)
    read = parse_proposal(document)
    assert read is not None
    assert (read.note.uri, read.note.author_uri) == (proposal.uri, ana.actor.uri)
    assert (read.title, read.purpose, read.status, read.revision) == ("Otra", "offer", "open", 2)
    assert (read.areas, read.languages, read.modes) == (draft.areas, draft.languages, draft.modes)
    assert (read.places_count, read.note.language) == (50, "es")
    assert read.open_until_at is not None
    assert read.open_until_at.date() == draft.open_until_on
    assert (read.note.published_at, read.note.updated_at) == (now, now + timedelta(hours=1))
    assert (read.note.to, read.note.cc) == ((PUBLIC,), (ana.actor.followers_uri,))
    assert not {"name", "summary"} & set(document)  # they would make Mastodon show only a link, or a warning


async def test_an_offer_carries_a_proof_made_when_it_last_changed(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    proposal = await publish(store, site, ana, now)
    later = now + timedelta(hours=2)
    paused = await move(store, site, proposal, "paused", later)
    document = await store.read(lambda tx: proposal_document(tx, site, paused, ana.actor))
    public = await store.read(lambda tx: site.keyring.public_keys(tx, ana.actor.id))
    assert public.ed25519_pem is not None
    assert document["proof"]["created"] == "2026-11-24T11:00:00Z"
    assert document["proof"]["verificationMethod"] == f"{ana.actor.uri}#ed25519-key"
    assert verify_proof(document, load_public(public.ed25519_pem), now=later)


@pytest.mark.parametrize(
    ("language", "tag"),
    [("es", "#mentoría"), ("es-MX", "#mentoría"), ("ar", "#إرشاد"), ("quz", "#mentoring")],
)
async def test_hashtags_are_in_the_language_of_the_text_and_of_the_areas_once(
    store: Store, site: Site, add: Add, now: datetime, language: str, tag: str
) -> None:
    ana = await add("ana")
    proposal = await publish(
        store, site, ana, now, replace(DRAFT, language=language, areas=("A0301", "A0302"))
    )
    document = await store.read(lambda tx: proposal_document(tx, site, proposal, ana.actor))
    names = [item["name"] for item in document["tag"]]
    assert names[0] == tag
    assert len(names) == len(set(names)) >= 2
    assert all(f">{name}</a>" in document["content"] for name in names)


async def test_a_person_names_both_keys_and_every_collection(store: Store, site: Site, add: Add) -> None:
    ana = (await add("ana")).actor
    document = await store.read(lambda tx: actor_document(tx, site, ana))
    read = parse_actor(document)
    assert isinstance(read, ActorDocument)
    assert (document["publicKey"]["id"], document["publicKey"]["owner"]) == (f"{ana.uri}#main-key", ana.uri)
    assert document["assertionMethod"][0]["id"] == f"{ana.uri}#ed25519-key"
    assert (read.inbox_url, read.shared_inbox_url) == (ana.inbox_url, site.uris.shared_inbox)
    for name in ("outbox", "followers", "following", "featured", "proposals"):
        assert document[name] == f"{ana.uri}/{name}"
    assert document["url"] == "https://lib.example/@ana"


async def test_the_instance_presents_itself_as_an_application(
    store: Store, site: Site, now: datetime
) -> None:
    await site.keyring.prepare(now=now)
    actor = await store.write(lambda tx: instance.ensure_instance_actor(tx, site, now=now))
    document = await store.read(lambda tx: actor_document(tx, site, actor))
    assert (document["type"], document["id"]) == ("Application", "https://lib.example/actor")
    assert (document["preferredUsername"], document["url"]) == ("lib.example", "https://lib.example/")
    held = await store.read(lambda tx: site.keyring.public_keys(tx, actor.id))
    assert document["publicKey"]["publicKeyPem"] == held.rsa_pem
