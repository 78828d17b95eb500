"""What one host, or one flood, may cost: few requests to others, and nobody else's place."""

import json

import pytest

from libline_fed.federation.signatures import sign
from libline_fed.storage import actors, remote_keys
from tests.support.fediverse import US, Fediverse, Person
from tests.support.keys import BEN_RSA_PRIVATE

PER_MINUTE = 50  # as the support module sets it


async def _flood_in_the_name_of(world: Fediverse, person: Person, count: int) -> list[int]:
    """Post with a key id per post that names somebody's host, and signatures that prove nothing."""
    statuses = []
    for number in range(count):
        body = json.dumps(person.says("Like", f"{US}/{number}")).encode()
        headers = sign(
            "POST", f"{US}/inbox", key_id=f"https://{person.host}/users/x{number}#main-key",
            private_key=BEN_RSA_PRIVATE, now=world.clock.now(), body=body,
        )  # fmt: skip
        statuses.append((await world.http.post(f"{US}/inbox", content=body, headers=headers)).status_code)
    return statuses


async def test_a_flood_in_anothers_name_does_not_shut_the_other_out(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    assert (await world.send(ben, ben.says("Like", US))).status_code == 202
    statuses = await _flood_in_the_name_of(world, ben, PER_MINUTE + 10)
    assert set(statuses[: PER_MINUTE - 1]) == {401}
    assert set(statuses[-5:]) == {429}
    assert (await world.send(ben, ben.says("Like", f"{US}/mine"))).status_code == 202
    world.remote_keys.forget(ben.uri)  # as after a restart: the key is in the database only
    assert (await world.send(ben, ben.says("Like", f"{US}/mine-too"))).status_code == 202


async def test_a_second_signature_in_anothers_name_does_not_lift_the_limit(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    statuses = []
    for number in range(PER_MINUTE + 3):
        decoy = (
            f'sig1=("@method");created={int(world.clock.now().timestamp())}'
            f';keyid="https://h{number}.example/k"'
        )
        answer = await world.send(ben, ben.says("Like", f"{US}/{number}"), headers={"Signature-Input": decoy})
        statuses.append(answer.status_code)
    assert statuses == [202] * PER_MINUTE + [429] * 3


async def test_a_thousand_names_below_one_domain_cause_ten_requests_an_hour(world: Fediverse) -> None:
    statuses = []
    for number in range(30):
        stranger = world.meet(f"n{number}.evil.example", "x")
        statuses.append((await world.send(stranger, stranger.says("Like", US))).status_code)
    assert statuses == [202] * 10 + [429] * 20
    assert len({url.split("/")[2] for url in world.asked}) == 10
    known = world.meet("n3.evil.example", "y", "ben")
    assert (await world.send(known, known.says("Like", US))).status_code == 202  # a server that is known
    other = world.meet("n1.good.example", "x")
    assert (await world.send(other, other.says("Like", US))).status_code == 202
    world.clock.advance(seconds=3_601)
    late = world.meet("n29.evil.example", "x")
    assert (await world.send(late, late.says("Like", US))).status_code == 202


async def test_a_flood_of_goodbyes_of_strangers_asks_nobody_and_keeps_nothing(world: Fediverse) -> None:
    before = await world.rows()
    for number in range(PER_MINUTE):
        stranger = Person("b.example", f"x{number}", BEN_RSA_PRIVATE, "")
        assert (await world.send(stranger, stranger.says("Delete", stranger.uri))).status_code == 202
    assert (world.asked, await world.rows()) == ([], before)


async def test_a_key_that_is_gone_is_no_lever_to_have_others_asked(world: Fediverse) -> None:
    ben, mallory = world.meet("b.example", "ben"), world.meet("evil.example", "mallory", "ben")
    known = await world.resolver.find_actor(ben.uri)
    world.served[mallory.uri] = 410
    assert (await world.send(mallory, mallory.says("Like", US))).status_code == 401
    world.asked.clear()
    for number in range(10):
        stranger = Person("victim.example", f"x{number}", BEN_RSA_PRIVATE, "")
        goodbye = stranger.says("Delete", stranger.uri)
        assert (await world.send(mallory, goodbye)).status_code == 202  # a stranger's: nothing to do
        assert (await world.send(mallory, ben.says("Delete", ben.uri, n=number))).status_code == 401
    assert world.asked == []
    kept = await world.store.read(lambda tx: actors.by_id(tx, known.id))
    assert kept is not None
    assert kept.gone_at is None


async def test_whether_somebody_is_gone_is_asked_once_a_minute(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    await world.resolver.find_actor(ben.uri)
    nobody = Person("b.example", "nobody", BEN_RSA_PRIVATE, "")  # its key is a 404
    world.asked.clear()
    for number in range(10):
        assert (await world.send(nobody, ben.says("Delete", ben.uri, n=number))).status_code == 401
    assert world.asked == [nobody.uri, ben.uri]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_goodbye_without_its_key_is_believed_if_the_server_agrees(
    world: Fediverse, status: int
) -> None:
    ben = world.meet("b.example", "ben")
    known = await world.resolver.find_actor(ben.uri)
    await world.store.write(lambda tx: remote_keys.remove_of(tx, ben.uri))
    world.served[ben.uri] = status
    assert (await world.send(ben, ben.says("Delete", ben.uri))).status_code == 202
    ended = await world.store.read(lambda tx: actors.by_id(tx, known.id))
    assert ended is not None
    assert ended.gone_at == world.clock.now()
    asked_count = len(world.asked)
    again = ben.says("Delete", ben.uri, published="2026-11-24T10:00:00Z")
    assert (await world.send(ben, again)).status_code == 202
    assert len(world.asked) == asked_count


async def test_a_goodbye_is_not_believed_while_the_server_is_away(world: Fediverse) -> None:
    ben = world.meet("b.example", "ben")
    known = await world.resolver.find_actor(ben.uri)
    await world.store.write(lambda tx: remote_keys.remove_of(tx, ben.uri))
    world.served[ben.uri] = 503
    assert (await world.send(ben, ben.says("Delete", ben.uri))).status_code == 401
    kept = await world.store.read(lambda tx: actors.by_id(tx, known.id))
    assert kept is not None
    assert kept.gone_at is None


async def test_who_is_gone_is_not_let_in_again(world: Fediverse) -> None:
    ana, ben = await world.member("ana"), world.meet("b.example", "ben")
    await world.receive(ben, ben.says("Create", ben.note(1, cc=[ana.uri])))
    await world.receive(ben, ben.says("Delete", ben.uri))
    before = await world.rows("inbox_activities")
    for document in (
        ben.says("Create", ben.note(2, cc=[ana.uri])),
        ben.says("Follow", ana.uri),
        ben.says("Update", ben.document()),
    ):
        await world.send(ben, document)
        await world.apply()
    assert await world.rows("inbox_activities") == before
