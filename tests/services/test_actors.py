"""Profiles: reading and editing them, and what other servers are told of people here, on both databases."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from libline_fed.activitypub.keys import load_public
from libline_fed.activitypub.objects import ActorDocument
from libline_fed.activitypub.parse import parse_actor
from libline_fed.activitypub.proofs import verify_proof
from libline_fed.activitypub.values import PUBLIC
from libline_fed.config import Federation
from libline_fed.domain.accounts import Member, Role
from libline_fed.domain.actors import Actor
from libline_fed.domain.follows import FollowState
from libline_fed.errors import Conflict, InvalidInput, NotFound
from libline_fed.services import actors, follows, members, outbox, proposals
from libline_fed.services.documents import actor_document
from libline_fed.services.site import Site
from libline_fed.storage import actors as stored_actors
from libline_fed.storage import tombstones
from libline_fed.storage.store import Store
from tests.services.conftest import Add
from tests.services.test_proposals import DRAFT, PRIVATE, publish
from tests.support.neighbours import follow, meet, queued, said, verbs


@dataclass(frozen=True)
class Profile:
    """What a member writes into the form."""

    name: str = "Ana Pérez"
    summary_text: str = "Librarian, see https://lib.example/ana"
    languages: Sequence[str] = ("es", "en")
    fields: Sequence[tuple[str, str]] = (("Library", "https://lib.example"),)
    is_discoverable: bool = True
    manually_approves_followers: bool = False


async def save(store: Store, site: Site, member: Member, profile: Profile, now: datetime) -> Actor:
    return await store.write(
        lambda tx: actors.edit_profile(
            tx,
            site,
            actor_id=member.actor.id,
            name=profile.name,
            summary_text=profile.summary_text,
            languages=profile.languages,
            fields=profile.fields,
            is_discoverable=profile.is_discoverable,
            manually_approves_followers=profile.manually_approves_followers,
            now=now,
        )
    )


async def remove(store: Store, site: Site, member: Member, now: datetime) -> None:
    await store.write(
        lambda tx: actors.delete_account(
            tx, site, account_id=member.account.id, actor_id=member.actor.id, now=now
        )
    )


# --- finding ----------------------------------------------------------------------------------------


async def test_people_are_found_by_id_by_uri_and_by_handle_in_any_case(
    store: Store, add: Add, now: datetime
) -> None:
    ana = (await add("ana")).actor
    bo = await meet(store, "bo", "b.example", now)
    assert await store.read(lambda tx: actors.get(tx, bo.id)) == bo
    assert await store.read(lambda tx: actors.by_uri(tx, ana.uri)) == ana
    assert await store.read(lambda tx: actors.by_handle(tx, "ANA")) == ana


async def test_nobody_is_found_under_the_handle_of_somebody_elsewhere(store: Store, now: datetime) -> None:
    await meet(store, "bo", "b.example", now)
    for ask in (
        lambda tx: actors.by_handle(tx, "bo"),
        lambda tx: actors.by_uri(tx, "https://b.example/users/nobody"),
        lambda tx: actors.get(tx, "nobody"),
    ):
        with pytest.raises(NotFound):
            await store.read(ask)


# --- editing ----------------------------------------------------------------------------------------


async def test_an_edited_profile_is_kept_and_sent_to_followers_elsewhere(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    await follow(store, await meet(store, "bo", "b.example", now), ana.actor, now)
    later = now + timedelta(minutes=1)
    actor = await save(store, site, ana, Profile(), later)
    assert (actor.name, actor.languages, actor.is_discoverable) == ("Ana Pérez", ["es", "en"], True)
    assert 'href="https://lib.example/ana"' in actor.summary_html
    assert (actor.revision, actor.updated_at) == (ana.actor.revision + 1, later)
    (update,) = await said(store, ana.actor.id)
    assert (update["type"], update["to"], update["cc"]) == ("Update", [PUBLIC], [ana.actor.followers_uri])
    (sent,) = await queued(store)
    assert (sent.inbox_url, sent.object_uri) == ("https://b.example/inbox", ana.actor.uri)


async def test_the_person_that_is_sent_can_be_read_back_and_is_the_one_that_is_served(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    actor = await save(store, site, ana, Profile(), now)
    served = await store.read(lambda tx: actor_document(tx, site, actor))
    (update,) = await said(store, ana.actor.id)
    context = served.pop("@context")
    assert (update["object"], update["@context"]) == (served, context)
    document = parse_actor({"@context": context, **update["object"]})
    assert isinstance(document, ActorDocument)
    assert (document.uri, document.handle, document.name) == (actor.uri, "ana", "Ana Pérez")
    assert document.fields[0][0] == "Library"
    assert len(document.public_keys) == 2
    keys = await store.read(lambda tx: site.keyring.public_keys(tx, actor.id))
    assert keys.ed25519_pem is not None
    assert verify_proof(update, load_public(keys.ed25519_pem), now=now)


async def test_markup_in_a_profile_stays_text(store: Store, site: Site, add: Add, now: datetime) -> None:
    hostile = "<img src=x onerror=alert(1)> javascript:alert(2)"
    profile = Profile(name="Ana\u202e\n<b>", summary_text=hostile, fields=((hostile, hostile),))
    actor = await save(store, site, await add("ana"), profile, now)
    assert actor.name == "Ana <b>"  # one line, shown escaped
    for html in (actor.summary_html, actor.fields[0][1]):
        assert "<img" not in html
        assert "href" not in html


async def test_characters_that_nobody_means_are_dropped_from_a_profile(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    odd = "a\x00\ud800\r\nb"
    profile = Profile(name=odd, summary_text=odd, languages=("ES-mx", "es-MX"), fields=((odd, odd),))
    actor = await save(store, site, await add("ana"), profile, now)
    kept = await store.read(lambda tx: actors.get(tx, actor.id))
    assert (kept.name, kept.summary_text, kept.summary_html) == ("a b", "a\nb", "<p>a<br>b</p>")
    assert (kept.languages, kept.fields) == (["es-MX"], [["a b", "<p>a<br>b</p>"]])


async def test_a_profile_at_every_limit_is_kept(store: Store, site: Site, add: Add, now: datetime) -> None:
    tags = ("en", "es", "fr", "ar", "pt", "de", "it", "nl", "zh-Hant", "quz")
    profile = Profile("x" * 100, "y" * 2_000, tags, (("l" * 250, "v" * 250),) * 8)
    actor = await save(store, site, await add("ana"), profile, now)
    assert (len(actor.name), len(actor.summary_text)) == (100, 2_000)
    assert (actor.languages, len(actor.fields)) == (list(tags), 8)


async def test_a_profile_can_be_emptied(store: Store, site: Site, add: Add, now: datetime) -> None:
    actor = await save(store, site, await add("ana"), Profile("", "", (), ()), now)
    assert (actor.name, actor.summary_html, actor.languages, actor.fields) == ("", "", [], [])
    (update,) = await said(store, actor.id)
    assert update["object"]["name"] == "ana"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "x" * 101}, "name"),
        ({"summary_text": "x" * 2_001}, "summary_text"),
        ({"languages": ("xx",)}, "languages"),
        ({"languages": ("en",) * 11}, "languages"),
        ({"fields": (("a", "b"),) * 9}, "fields"),
        ({"fields": (("a" * 251, "b"),)}, "fields"),
        ({"fields": (("a", "b" * 251),)}, "fields"),
    ],
)
async def test_a_profile_with_a_mistake_names_the_field_and_changes_and_tells_nothing(
    store: Store, site: Site, add: Add, now: datetime, changed: dict[str, Any], field: str
) -> None:
    ana = await add("ana")
    with pytest.raises(InvalidInput) as refused:
        await save(store, site, ana, replace(Profile(), **changed), now)
    assert set(refused.value.fields) == {field}
    assert await store.read(lambda tx: actors.get(tx, ana.actor.id)) == ana.actor
    assert await said(store, ana.actor.id) == []


async def test_a_suspended_member_is_not_announced(store: Store, site: Site, add: Add, now: datetime) -> None:
    ana = await add("ana")
    await store.write(lambda tx: members.disable(tx, account_id=ana.account.id, by=None, now=now))
    await save(store, site, ana, Profile(), now)
    assert await said(store, ana.actor.id) == []


async def test_a_next_key_is_announced_under_the_present_signature(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    before = await store.read(lambda tx: site.keyring.public_keys(tx, ana.actor.id))
    announced = await store.write(lambda tx: site.keyring.begin_rotation(tx, ana.actor.id, now=now))
    uri = await store.write(
        lambda tx: actors.announce_keys(tx, site, actor_id=ana.actor.id, keys=announced, now=now)
    )
    (update,) = await said(store, ana.actor.id)
    assert update["id"] == uri
    assert update["object"]["publicKey"]["publicKeyPem"] == announced.rsa_pem
    assert before.ed25519_pem is not None
    assert verify_proof(update, load_public(before.ed25519_pem), now=now)
    served = await store.read(lambda tx: actor_document(tx, site, ana.actor))
    assert served["publicKey"]["publicKeyPem"] == before.rsa_pem  # until the change is complete


# --- leaving ----------------------------------------------------------------------------------------


async def test_everybody_who_ever_heard_of_a_member_hears_that_they_are_gone(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    follower, former = await meet(store, "bo", "b.example", now), await meet(store, "cy", "c.example", now)
    followed, asked = await meet(store, "dee", "d.example", now), await meet(store, "ed", "e.example", now)
    stranger = await meet(store, "fay", "f.example", now)
    await follow(store, follower, ana.actor, now)
    await follow(store, ana.actor, followed, now)
    await follow(store, ana.actor, asked, now, state=FollowState.PENDING)
    await store.write(
        lambda tx: outbox.tell(
            tx, site, actor=ana.actor, whom=former, type_="Accept", object_="x", object_uri="x", now=now
        )
    )
    await remove(store, site, ana, now + timedelta(minutes=1))
    delete = (await said(store, ana.actor.id))[-1]
    assert (delete["type"], delete["to"]) == ("Delete", [PUBLIC])
    assert (delete["object"]["type"], delete["object"]["id"]) == ("Tombstone", ana.actor.uri)
    told = {one.host for one in await queued(store) if one.object_uri == ana.actor.uri}
    assert told == {"b.example", "c.example", "d.example", "e.example"}
    assert stranger.host not in told


async def test_the_news_can_still_be_signed_but_nothing_else_is_left(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    public = await publish(store, site, ana, now)
    private = await publish(store, site, ana, now, PRIVATE)
    bo = await meet(store, "bo", "b.example", now)
    await follow(store, bo, ana.actor, now)
    later = now + timedelta(minutes=1)
    await remove(store, site, ana, later)

    assert await site.keyring.signing_key(ana.actor.id)
    assert await store.read(lambda tx: proposals.own(tx, ana.actor.id)) == []
    buried = await store.read(lambda tx: tombstones.among(tx, [public.uri, private.uri, ana.actor.uri]))
    assert buried == dict.fromkeys([public.uri, private.uri, ana.actor.uri], ana.actor.uri)
    assert await store.read(lambda tx: follows.state(tx, bo.id, ana.actor.id)) is None
    assert await store.read(lambda tx: members.current(tx, ana.account.id)) is None
    actor = await store.read(lambda tx: stored_actors.by_id(tx, ana.actor.id))
    assert actor is not None
    assert (actor.gone_at, actor.name, actor.summary_html) == (later, "", "")
    assert private.uri not in str(await said(store, ana.actor.id))


async def test_the_only_admin_cannot_leave_and_nobody_is_told_otherwise(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    admin = await add("lilian", Role.ADMIN)
    proposal = await publish(store, site, admin, now, DRAFT)
    with pytest.raises(Conflict):
        await remove(store, site, admin, now)
    assert await verbs(store, admin.actor.id) == ["Add", "Create"]
    assert (await store.read(lambda tx: proposals.find(tx, proposal.id))).status == "open"


async def test_a_member_of_an_instance_that_does_not_federate_leaves_too(
    store: Store, site: Site, add: Add, now: datetime
) -> None:
    ana = await add("ana")
    await remove(store, replace(site, federation=Federation.OFF), ana, now)
    assert await queued(store) == []
    actor = await store.read(lambda tx: actors.get(tx, ana.actor.id))
    assert actor.gone_at == now
