"""Servers and people that lie when somebody signs in: every refusal leaves no session behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from starlette.responses import JSONResponse

from libline_fed.activitypub.objects import Admitted
from libline_fed.clock import FrozenClock
from libline_fed.config import Federation
from libline_fed.domain.actors import Actor
from libline_fed.domain.guests import Answer, Problem, Registration
from libline_fed.domain.peers import Policies
from libline_fed.federation import oauth
from libline_fed.federation.oauth import MastodonHomes
from libline_fed.services import peers
from libline_fed.storage import actors
from libline_fed.storage.store import Store
from tests.mastodon_peer.peer import MastodonPeer
from tests.support.homes import endpoints_of
from tests.support.loopback import (
    MEGABYTE,
    SPY,
    Peer,
    client,
    client_of,
    endless,
    no_resolver,
    peer,
    resolver_of,
)
from tests.support.loopback import Answer as RawAnswer
from tests.support.pages import remote_person
from tests.support.sign_in import SignInWorld, answer_in, elsewhere, html, problem_of, sign_in_world


@pytest.fixture
async def world(store: Store, clock: FrozenClock) -> AsyncIterator[SignInWorld]:
    """Our side, and an internet."""
    async with sign_in_world(store, clock) as opened:
        yield opened
        assert await opened.guests() == []


async def returned(world: SignInWorld, username: str = "carla") -> Answer:
    """Let somebody of m.example go there and come back to our door."""
    return answer_in(await world.consent(await world.begin("carla@m.example"), username))


def is_given_back(of: MastodonPeer) -> bool:
    """Tell whether a token was made, and none is left."""
    return len(of.oauth.revoked) == 1 and of.oauth.tokens == {}


# --- whose account it is --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claimed", "problem"),
    [
        ("https://victim.example/users/ana", Problem.UNPROVEN),
        ("https://lib.example/actors/1", Problem.UNPROVEN),
        ("https://m.example:8443/users/carla", Problem.UNPROVEN),
        ("https://sub.m.example/users/carla", Problem.UNPROVEN),
        ("https://m.example@victim.example/users/ana", Problem.UNPROVEN),
        ("https://m.example/users/dana", Problem.MISMATCH),
        ("https://m.example/users/carla#main-key", Problem.MISMATCH),
        ("http://m.example/users/carla", Problem.MISMATCH),
    ],
)
async def test_a_server_speaks_for_its_own_people_only_and_for_nobody_else_than_was_looked_for(
    world: SignInWorld, claimed: str, problem: Problem
) -> None:
    evil = world.meet("m.example", "carla", "dana")
    world.meet("victim.example", "ana")
    evil.behaviour.claimed_uri = claimed
    assert await problem_of(world.finish(await returned(world))) is problem
    assert is_given_back(evil)
    assert not any("victim.example" in url for _, url in world.network.asked)


@pytest.mark.parametrize(
    "acct", ["ana@victim.example", "ana", "carla@victim.example", "carla@lib.example", "carla@m.example@x"]
)
@pytest.mark.parametrize("gives_uri", [True, False])
async def test_a_name_that_is_not_the_actors_is_refused(
    world: SignInWorld, acct: str, gives_uri: bool
) -> None:
    evil = world.meet("m.example", "carla")
    evil.behaviour.claimed_acct, evil.behaviour.gives_uri = acct, gives_uri
    assert await problem_of(world.finish(await returned(world))) is Problem.UNPROVEN
    assert is_given_back(evil)


async def test_webfinger_that_leads_to_another_server_proves_nothing(world: SignInWorld) -> None:
    evil = world.meet("m.example", "carla")
    world.meet("victim.example", "carla")
    evil.behaviour.gives_uri = False
    answer = await returned(world)
    world.bent["m.example"].answers["/.well-known/webfinger"] = JSONResponse(
        {
            "subject": "acct:carla@m.example",
            "links": [
                {
                    "rel": "self",
                    "type": "application/activity+json",
                    "href": "https://victim.example/users/carla",
                }
            ],
        },
        media_type="application/jrd+json",
    )
    assert await problem_of(world.finish(answer)) is Problem.UNPROVEN
    assert is_given_back(evil)


async def test_another_account_of_the_same_server_is_not_the_one_that_was_written(world: SignInWorld) -> None:
    honest = world.meet("m.example", "carla", "dana")
    assert await problem_of(world.finish(await returned(world, "dana"))) is Problem.MISMATCH
    assert is_given_back(honest)


@pytest.mark.parametrize("status", [404, 410, 200])
async def test_an_actor_that_is_not_there_any_more_is_nobody(world: SignInWorld, status: int) -> None:
    honest = world.meet("m.example", "carla")
    answer = await returned(world)
    world.bent["m.example"].answers["/users/carla"] = html(status)
    assert await problem_of(world.finish(answer)) is Problem.UNPROVEN
    assert is_given_back(honest)


# --- whose answer it is ---------------------------------------------------------------------------


async def test_an_answer_of_one_server_at_the_door_of_another_ends_the_attempt(world: SignInWorld) -> None:
    world.meet("m.example", "carla")
    world.meet("evil.example", "mallory")
    back = await world.consent(await world.begin("carla@m.example"), "carla")
    evil = await world.begin("mallory@evil.example")
    crossed = answer_in(back, host="evil.example")
    world.network.asked.clear()
    assert await problem_of(world.finish(crossed)) is Problem.MIX_UP
    assert await problem_of(world.finish(answer_in(back))) is Problem.OVER
    stolen = answer_in(back, state=answer_in(evil.url).state)
    assert await problem_of(world.finish(stolen)) is Problem.MIX_UP
    assert world.network.asked == []


async def test_an_issuer_that_is_given_must_be_the_one_that_was_asked(world: SignInWorld) -> None:
    world.meet("m.example", "carla")
    for issuer in ("https://evil.example", "https://m.example/x", "m.example", "http://m.example"):
        back = await world.consent(await world.begin("carla@m.example"), "carla")
        assert await problem_of(world.finish(answer_in(back, issuer=issuer))) is Problem.MIX_UP
    assert not any(url.endswith("/oauth/token") for _, url in world.network.asked)


async def test_an_answer_counts_once(store: Store, clock: FrozenClock) -> None:
    async with sign_in_world(store, clock) as world:
        world.meet("m.example", "carla")
        answer = await returned(world)
        await world.finish(answer)
        assert await problem_of(world.finish(answer)) is Problem.OVER
        assert len(await world.guests()) == 1


async def test_an_answer_is_good_for_ten_minutes(world: SignInWorld) -> None:
    world.meet("m.example", "carla")
    answer = await returned(world)
    world.clock.advance(seconds=timedelta(minutes=10).total_seconds())
    assert await problem_of(world.finish(answer)) is Problem.OVER


@pytest.mark.parametrize("browser", ["", "another browser"])
async def test_an_answer_is_good_in_the_browser_that_began_it(world: SignInWorld, browser: str) -> None:
    world.meet("m.example", "carla")
    answer = await returned(world)
    world.network.asked.clear()
    assert await problem_of(world.finish(answer, browser=browser)) is Problem.OVER
    assert world.network.asked == []


async def test_a_stolen_code_is_of_no_use_in_an_attempt_of_the_thief(world: SignInWorld) -> None:
    honest = world.meet("m.example", "carla")
    stolen = answer_in(await world.consent(await world.begin("carla@m.example"), "carla")).code
    own = await world.begin("carla@m.example", browser="the thief's")
    state = answer_in(own.url).state
    answer = Answer(host="m.example", state=state, code=stolen)
    assert await problem_of(world.finish(answer, browser="the thief's")) is Problem.NOT_CONFIRMED
    assert honest.oauth.tokens == {}


async def test_an_answer_without_a_code_is_no_answer(world: SignInWorld) -> None:
    world.meet("m.example", "carla")
    departure = await world.begin("carla@m.example")
    assert await problem_of(world.finish(answer_in(departure.url, host="m.example"))) is Problem.NOT_CONFIRMED


# --- where one is led -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "base", ["https://evil.example", "http://m.example", "https://m.example:8443", "https://169.254.169.254"]
)
async def test_metadata_that_lead_elsewhere_are_refused_before_anybody_goes_there(
    world: SignInWorld, base: str
) -> None:
    evil = world.meet("m.example", "carla")
    evil.behaviour.endpoint_base = base
    assert await problem_of(world.begin("carla@m.example")) is Problem.NOT_OFFERED
    assert {url.split("/")[2] for _, url in world.network.asked} == {"m.example"}


async def test_metadata_of_another_issuer_do_not_count(world: SignInWorld) -> None:
    evil = world.meet("m.example", "carla")
    evil.behaviour.issuer = evil.behaviour.endpoint_base = "https://evil.example"
    departure = await world.begin("carla@m.example")
    assert departure.url.startswith("https://m.example/oauth/authorize?")


@pytest.mark.parametrize(
    ("path", "problem"),
    [("/oauth/token", Problem.NOT_CONFIRMED), ("/api/v1/accounts/verify_credentials", Problem.NOT_CONFIRMED)],
)
@pytest.mark.parametrize(
    "answer",
    [
        elsewhere("https://evil.example/x"),
        elsewhere("https://m.example/x"),
        html(),
        html(401),
        JSONResponse([]),
        JSONResponse({"access_token": "a b", "token_type": "Bearer"}, status_code=201),
        JSONResponse({"access_token": "a\r\nX-Evil: 1", "token_type": "Bearer"}),
        JSONResponse({"access_token": 7, "token_type": "Bearer"}, status_code=400),
        JSONResponse({"error": "invalid_grant"}, status_code=400),
    ],
    ids=lambda answer: f"{answer.status_code} {answer.body[:30]!r}",
)
async def test_no_answer_but_the_right_one_is_taken_and_no_redirect_followed(
    world: SignInWorld, path: str, problem: Problem, answer: Any
) -> None:
    honest = world.meet("m.example", "carla")
    if path.endswith("credentials") and answer.status_code == 200 and answer.body.startswith(b"{"):
        problem = Problem.UNPROVEN  # it is read, and says nothing
    back = await returned(world)
    world.bent["m.example"].answers[path] = answer
    world.network.asked.clear()
    assert await problem_of(world.finish(back)) is problem
    assert {url.split("/")[2] for _, url in world.network.asked} == {"m.example"}
    assert not any(url.endswith("/x") for _, url in world.network.asked)
    assert path == "/oauth/token" or is_given_back(honest)


async def test_a_token_of_another_kind_is_given_back_unused(world: SignInWorld) -> None:
    world.meet("m.example", "carla")
    back = await returned(world)
    world.bent["m.example"].answers["/oauth/token"] = JSONResponse({"access_token": "t", "token_type": "mac"})
    world.network.asked.clear()
    assert await problem_of(world.finish(back)) is Problem.NOT_CONFIRMED
    assert [url for _, url in world.network.asked] == [
        "https://m.example/oauth/token",
        "https://m.example/oauth/revoke",
    ]


# --- rules about servers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "policies"),
    [
        (Federation.OPEN, {"m.example": "blocked"}),
        (Federation.OPEN, {"example": "blocked"}),
        (Federation.OPEN, {"m.example": "silenced"}),
        (Federation.ALLOWLIST, {}),
        (Federation.ALLOWLIST, {"other.example": "allowed"}),
        (Federation.OFF, {"m.example": "allowed"}),
    ],
)
async def test_rules_about_servers_are_asked_before_any_request(
    store: Store, clock: FrozenClock, mode: Federation, policies: dict[str, str]
) -> None:
    async with sign_in_world(store, clock, mode=mode) as world:
        world.meet("m.example", "carla")
        world.policies.update(policies)
        for handle in ("carla@m.example", "carla@M.Example", "carla@m.example."):
            assert await problem_of(world.begin(handle)) is Problem.NOT_WELCOME
        assert world.network.asked == []


async def test_a_server_on_the_list_of_allowed_ones_is_welcome(store: Store, clock: FrozenClock) -> None:
    async with sign_in_world(store, clock, mode=Federation.ALLOWLIST) as world:
        world.meet("m.example", "carla")
        world.policies["m.example"] = "allowed"
        await store.write(lambda tx: peers.set_policy(tx, "m.example", "allowed", "", now=clock.now()))
        await world.whole("carla@m.example", "carla")
        assert len(await world.guests()) == 1


async def test_a_server_that_is_blocked_meanwhile_is_asked_nothing_more(world: SignInWorld) -> None:
    world.meet("m.example", "carla")
    answer = await returned(world)
    world.policies["m.example"] = "blocked"
    world.network.asked.clear()
    assert await problem_of(world.finish(answer)) is Problem.NOT_WELCOME
    assert world.network.asked == []


async def test_a_block_that_this_process_has_not_read_yet_counts_when_the_session_opens(
    world: SignInWorld,
) -> None:
    world.meet("m.example", "carla")
    answer = await returned(world)
    await world.store.write(
        lambda tx: peers.set_policy(tx, "m.example", "blocked", "", now=world.clock.now())
    )
    assert await problem_of(world.finish(answer)) is Problem.NOT_WELCOME


# --- addresses, sizes, times ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "fd00::1", "::ffff:127.0.0.1"]
)
async def test_nothing_is_sent_to_a_private_address(store: Store, clock: FrozenClock, address: str) -> None:
    http = client_of(allow_private=False, resolver=resolver_of(address))
    async with sign_in_world(store, clock, transport=http._transport) as world:
        actor = await actor_at(world, "https://m.example")
        SPY.connected.clear()
        SPY.is_watching = True
        try:
            assert await problem_of(world.begin("carla@evil.example")) is Problem.NOBODY
            assert await problem_of(world.homes.register(actor, redirect_url=BACK)) is Problem.NOT_OFFERED
        finally:
            SPY.is_watching = False
        assert not [to for to in SPY.connected if isinstance(to, tuple) and to[0] == address]
    await http.aclose()


@pytest.mark.parametrize(
    "handle", ["carla@127.0.0.1", "carla@10.0.0.1:443", "carla@[::1]", "carla@localhost"]
)
async def test_an_address_without_a_public_name_is_nobodys(
    store: Store, clock: FrozenClock, handle: str
) -> None:
    http = client_of(allow_private=False, resolver=no_resolver)
    async with sign_in_world(store, clock, transport=http._transport) as world:
        assert await problem_of(world.begin(handle)) is Problem.NOBODY
    await http.aclose()


BACK = "https://lib.example/guest/return/x"
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
SPACES = b"1000\r\n" + b" " * 4096 + b"\r\n"


def as_json(body: bytes, status: bytes = b"200 OK") -> bytes:
    """Return an answer as it is on the wire."""
    head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


TOKEN = as_json(b'{"access_token":"t","token_type":"Bearer"}')
MISSING = as_json(b"{}", b"404 Not Found")


@asynccontextmanager
async def serving(answers: dict[str, bytes | RawAnswer]) -> AsyncIterator[Peer]:
    """Serve scripted answers by path, over a real socket."""
    servers: list[Peer] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found = answers.get(paths_of(servers[0])[-1], MISSING)
        if callable(found):
            await found(reader, writer)
        else:
            writer.write(found)
            await writer.drain()

    async with peer(answer) as server:
        servers.append(server)
        yield server


def paths_of(server: Peer) -> list[str]:
    """List what was asked for, without the queries."""
    return [request.split(b" ")[1].partition(b"?")[0].decode() for request in server.requests]


async def actor_at(world: SignInWorld, origin: str) -> Actor:
    """Return somebody of a server."""
    host = origin.partition("://")[2]
    document = remote_person("carla", host, uri=f"{origin}/users/carla")
    now = world.clock.now()
    return await world.store.write(
        lambda tx: actors.put_remote(tx, Admitted(document, host, "fetched"), acct_host=None, now=now)
    )


@asynccontextmanager
async def over_sockets(world: SignInWorld) -> AsyncIterator[MastodonHomes]:
    """Return the OAuth client over real sockets, on loopback too."""
    async with client() as http:
        yield MastodonHomes(http, world.resolver, world.site, lambda: Policies(Federation.OPEN, {}))


async def identify(homes: MastodonHomes, origin: str) -> Actor:
    """Exchange a code at a server."""
    return await homes.identify(
        Registration("id", "secret", "profile", endpoints_of(origin)),
        actor_uri=f"{origin}/users/carla",
        code="c",
        verifier="v" * 43,
        redirect_url=BACK,
    )


@pytest.mark.parametrize("path", ["/.well-known/oauth-authorization-server", "/api/v1/apps"])
async def test_an_endless_answer_to_a_registration_is_cut_off(world: SignInWorld, path: str) -> None:
    body, sent = endless(CHUNKED, SPACES)
    async with serving({path: body}) as server, over_sockets(world) as homes:
        actor = await actor_at(world, f"http://127.0.0.1:{server.port}")
        assert await problem_of(homes.register(actor, redirect_url=BACK)) is Problem.NOT_OFFERED
        await asyncio.sleep(0.05)
        assert sum(sent) < 12 * MEGABYTE  # of which the kernel's buffers hold most


@pytest.mark.parametrize("path", ["/oauth/token", "/api/v1/accounts/verify_credentials"])
async def test_an_endless_answer_to_a_code_or_token_is_cut_off(world: SignInWorld, path: str) -> None:
    body, sent = endless(CHUNKED, SPACES)
    async with serving({"/oauth/token": TOKEN, path: body}) as server, over_sockets(world) as homes:
        failure = identify(homes, f"http://127.0.0.1:{server.port}")
        assert await problem_of(failure) is Problem.NOT_CONFIRMED
        await asyncio.sleep(0.05)
        assert sum(sent) < 12 * MEGABYTE
        assert (paths_of(server)[-1] == "/oauth/revoke") is (path != "/oauth/token")


async def test_a_server_that_keeps_one_waiting_is_left_and_gets_its_token_back(
    world: SignInWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oauth, "STEP_S", 0.5)

    async def silence(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    slow: dict[str, bytes | RawAnswer] = {
        "/oauth/token": TOKEN,
        "/api/v1/accounts/verify_credentials": silence,
        "/oauth/revoke": as_json(b"{}"),
    }
    async with serving(slow) as server, over_sockets(world) as homes:
        failure = identify(homes, f"http://127.0.0.1:{server.port}")
        assert await problem_of(failure) is Problem.NO_ANSWER
        assert b"token=t" in server.requests[-1]
        assert paths_of(server)[-1] == "/oauth/revoke"


async def test_a_server_that_is_down_does_not_answer(world: SignInWorld) -> None:
    async with over_sockets(world) as homes:
        actor = await actor_at(world, "http://127.0.0.1:9")
        assert await problem_of(homes.register(actor, redirect_url=BACK)) is Problem.NO_ANSWER
        assert await problem_of(identify(homes, "http://127.0.0.1:9")) is Problem.NO_ANSWER
