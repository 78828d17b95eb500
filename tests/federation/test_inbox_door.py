"""Who is let into the inbox, by which key, and how people elsewhere are found."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libline_fed.activitypub.keys import multibase_of
from libline_fed.activitypub.proofs import add_proof
from libline_fed.storage import actors, remote_keys
from tests.support.fediverse import US, Fediverse, Person


async def test_an_unsigned_activity_is_refused_and_stores_nothing(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    before = await world.counts()
    body = json.dumps(ben.says("Like", f"{US}/proposals/1")).encode()
    response = await world.http.post(
        f"{US}/inbox", content=body, headers={"Content-Type": "application/activity+json"}
    )
    assert response.status_code == 401
    assert await world.counts() == before
    assert world.asked == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 100_000, 400),
        (b'{"id": "https://b.example/1", "id": "https://b.example/2"}', 400),
        (b'{"a": NaN}', 400),
        (b'"text"', 400),
        (b'{"type": "Create"}', 400),
        (b"x" * 1_048_577, 413),
        (b"", 400),
    ],
)
async def test_a_body_that_cannot_be_read_gets_its_status(world: Fediverse, body: bytes, status: int) -> None:
    ben = world.meet("b.example", "ben")
    before = await world.counts()
    response = await world.send(ben, body)
    assert response.status_code == status
    assert await world.counts() == before


async def test_another_media_type_is_refused(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    response = await world.send(ben, ben.says("Like", US), headers={"Content-Type": "application/json"})
    assert response.status_code == 415


async def test_a_blocked_server_is_turned_away_before_anything_is_fetched(world: Fediverse) -> None:
    ben = world.meet("sub.b.example", "ben")
    world.policies["b.example"] = "blocked"
    assert (await world.send(ben, ben.says("Like", US))).status_code == 403
    assert world.asked == []


async def test_a_host_that_sends_too_much_waits_and_others_do_not(world: Fediverse) -> None:
    ben, cleo = world.meet("b.example", "ben"), world.meet("c.example", "cleo")
    for number in range(50):
        assert (await world.send(ben, ben.says("Like", f"{US}/{number}"))).status_code == 202
    response = await world.send(ben, ben.says("Like", f"{US}/x"))
    assert response.status_code == 429
    assert 1 <= int(response.headers["retry-after"]) <= 60
    assert (await world.send(cleo, cleo.says("Like", US))).status_code == 202
    world.clock.advance(seconds=61)
    assert (await world.send(ben, ben.says("Like", f"{US}/y"))).status_code == 202


async def test_the_same_request_a_hundred_times_has_one_effect(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    note = ben.note(1, cc=[ana.uri])
    for _ in range(25):
        assert (await world.send(ben, ben.says("Create", note))).status_code == 202
    await world.apply()
    assert await world.notices(ana) == ["mention"]
    assert (await world.counts())["posts"] == 1
    assert (await world.counts())["inbox_activities"] == 1


async def test_nobody_speaks_for_another(world: Fediverse) -> None:
    ben, mallory = world.meet("b.example", "ben"), world.meet("b.example", "mallory", "ben")
    await world.resolver.find_actor(ben.uri)
    await world.send(mallory, mallory.says("Like", US))
    before = await world.counts()
    response = await world.send(mallory, ben.says("Delete", ben.uri))
    assert response.status_code == 401
    assert await world.counts() == before


async def test_an_activity_named_on_another_host_is_refused(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    document = ben.says("Like", US) | {"id": "https://c.example/activities/1"}
    assert (await world.send(ben, document)).status_code == 400
    assert (await world.counts())["inbox_activities"] == 0


async def test_a_forwarded_activity_needs_its_authors_proof(world: Fediverse) -> None:
    ana = await world.member("ana")
    cleo, ben = world.meet("c.example", "cleo", "ben"), world.meet("b.example", "ben")
    key = Ed25519PrivateKey.generate()
    cleo.changes["assertionMethod"] = [
        {
            "id": f"{cleo.uri}#ed25519-key",
            "type": "Multikey",
            "controller": cleo.uri,
            "publicKeyMultibase": multibase_of(key.public_key()),
        }
    ]
    document = cleo.says("Create", cleo.note(1, cc=[ana.uri]))
    assert (await world.send(ben, document)).status_code == 401
    signed = document | {"signature": {"type": "RsaSignature2017"}}
    assert (await world.send(ben, signed)).status_code == 202
    assert (await world.counts())["inbox_activities"] == 0
    proven = add_proof(document, private_key=key, key_id=f"{cleo.uri}#ed25519-key", created=world.clock.now())
    assert (await world.send(ben, proven | {"summary": "changed"})).status_code == 401
    assert (await world.receive(ben, proven)).state == "applied"
    assert await world.notices(ana) == ["mention"]


async def test_the_end_of_a_stranger_is_accepted_and_nothing_is_fetched(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    before = await world.counts()
    assert (await world.send(ben, ben.says("Delete", ben.uri))).status_code == 202
    assert (await world.counts(), world.asked) == (before, [])


async def test_an_actor_whose_server_says_gone_is_removed_without_its_key(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    known = await world.resolver.find_actor(ben.uri)
    await world.store.write(lambda tx: _forget_keys(tx, ben.uri))
    world.served[ben.uri] = 410
    assert (await world.send(ben, ben.says("Delete", ben.uri))).status_code == 202
    gone = await world.store.read(lambda tx: actors.by_id(tx, known.id))
    assert gone is not None
    assert gone.gone_at is not None


async def _forget_keys(tx, owner_uri: str) -> None:  # type: ignore[no-untyped-def]
    await remote_keys.remove_of(tx, owner_uri)


async def test_a_changed_key_is_fetched_once_and_not_for_every_bad_signature(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    assert (await world.send(ben, ben.says("Like", US))).status_code == 202
    assert world.asked == [ben.uri]
    other = world.meet("b.example", "ben", "ben")
    assert (await world.send(other, ben.says("Like", f"{US}/2"))).status_code == 202
    assert world.asked == [ben.uri] * 2
    for number in range(5):
        assert (await world.send(ben, ben.says("Like", f"{US}/{number}/3"))).status_code == 401
    assert world.asked == [ben.uri] * 2
    assert (await world.send(other, ben.says("Like", f"{US}/4"))).status_code == 202


async def test_a_key_that_cannot_be_had_is_asked_for_once_in_ten_minutes(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    world.served[ben.uri] = 500
    for number in range(5):
        assert (await world.send(ben, ben.says("Like", f"{US}/{number}"))).status_code == 401
    asked_count = len(world.asked)
    assert asked_count == 1
    world.served[ben.uri] = ben.document
    world.clock.advance(seconds=601)
    assert (await world.send(ben, ben.says("Like", US))).status_code == 202


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "https://c.example/users/ben"},
        {
            "publicKey": {
                "id": "https://b.example/users/ben#other-key",
                "owner": "https://b.example/users/ben",
            }
        },
        {"publicKey": []},
        {"inbox": "https://c.example/inbox"},
        {"type": "Note"},
    ],
)
async def test_a_key_document_that_names_something_else_gives_no_key(
    world: Fediverse, changes: dict[str, object]
) -> None:
    ben = world.meet("b.example", "ben")
    ben.changes.update(changes)
    assert (await world.send(ben, ben.says("Like", US))).status_code == 401
    assert (await world.counts())["inbox_activities"] == 0
    assert await world.store.read(lambda tx: actors.by_uris(tx, (ben.uri, f"{changes.get('id')}"))) == {}


@pytest.mark.parametrize("suffix", ["/main-key", "/#main-key"])
async def test_keys_named_as_gotosocial_and_bookwyrm_do_are_found(world: Fediverse, suffix: str) -> None:
    ben = world.meet("b.example", "ben")

    class Named(Person):
        key_id = ben.uri + suffix  # type: ignore[assignment]

    named = Named(ben.host, ben.name, ben.private_key, ben.public_pem)
    world.served[ben.uri] = named.document
    stub = {"id": ben.uri, "type": "Person", "publicKey": named.document()["publicKey"]}
    world.served[named.key_id.partition("#")[0]] = stub
    assert (await world.send(named, named.says("Like", US))).status_code == 202


async def test_our_own_name_is_never_asked_nor_believed(world: Fediverse) -> None:
    await world.member("ana")
    fake = world.meet("lib.example", "ana")
    assert (await world.send(fake, fake.says("Like", US))).status_code == 401
    assert world.asked == []


def jrd(subject: str, *uris: str) -> dict[str, object]:
    links = [{"rel": "self", "type": "application/activity+json", "href": uri} for uri in uris]
    return {"subject": f"acct:{subject}", "links": links}


def finger(host: str, resource: str) -> str:
    return f"https://{host}/.well-known/webfinger?resource=acct%3A{resource.replace('@', '%40')}"


async def test_a_person_is_found_by_address(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    world.served[finger("b.example", "ben@b.example")] = jrd("ben@b.example", ben.uri)
    found = await world.resolver.find_actor("@ben@b.example")
    assert (found.uri, found.acct) == (ben.uri, "ben@b.example")
    asked_count = len(world.asked)
    await world.resolver.find_actor("ben@b.example")
    assert len(world.asked) == asked_count


async def test_an_address_at_another_domain_needs_the_actors_own_server_to_agree(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    world.served[finger("short.example", "ben@short.example")] = jrd("ben@short.example", ben.uri)
    with pytest.raises(Exception, match=r"b\.example"):
        await world.resolver.find_actor("ben@short.example")
    world.served[finger("b.example", "ben@b.example")] = jrd("ben@short.example", ben.uri)
    found = await world.resolver.find_actor("ben@short.example")
    assert (found.uri, found.acct) == (ben.uri, "ben@short.example")


async def test_an_address_with_two_actors_or_none_is_refused(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    for uris in ((), (ben.uri, "https://b.example/users/other")):
        world.served[finger("b.example", "ben@b.example")] = jrd("ben@b.example", *uris)
        with pytest.raises(Exception, match="actors"):
            await world.resolver.find_actor("ben@b.example")
    assert (await world.counts())["actors"] == 1
