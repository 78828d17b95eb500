"""Signing in with an account of Mastodon and its kin: what is asked, what is kept, what is given back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.responses import JSONResponse
from structlog.testing import capture_logs

from libline_fed.clock import FrozenClock
from libline_fed.domain.guests import Problem, challenge_of
from libline_fed.services import sessions
from libline_fed.storage import guests
from libline_fed.storage.store import Store
from tests.mastodon_peer.peer import MastodonPeer
from tests.support.sign_in import SignInWorld, answer_in, elsewhere, html, problem_of, sign_in_world


@pytest.fixture
async def world(store: Store, clock: FrozenClock) -> AsyncIterator[SignInWorld]:
    """Our side, and an internet."""
    async with sign_in_world(store, clock) as opened:
        yield opened


def become_new(_: MastodonPeer) -> None:
    """Leave it as Mastodon 4.3 and later are."""


def become_old(peer: MastodonPeer) -> None:
    """Behave as Mastodon 4.1 did."""
    peer.behaviour.become_old()


def become_gotosocial(peer: MastodonPeer) -> None:
    """Behave as GoToSocial does: no metadata, no `uri`, no PKCE."""
    peer.behaviour.has_oauth_metadata = peer.behaviour.gives_uri = peer.behaviour.has_pkce = False


@pytest.mark.parametrize(
    ("become", "scope"),
    [(become_new, "profile"), (become_old, "read:accounts"), (become_gotosocial, "read:accounts")],
)
async def test_somebody_signs_in_and_nothing_of_the_account_stays_here(
    world: SignInWorld, become: object, scope: str
) -> None:
    peer = world.meet("m.example", "carla")
    become(peer)  # type: ignore[operator]
    departure = await world.begin("@Carla@m.example", next_path="/proposals/1")
    asked = parse_qs(urlsplit(departure.url).query)
    assert departure.host == "m.example"
    assert asked["scope"] == [scope]
    assert asked["redirect_uri"] == ["https://lib.example/guest/return/m.example"]
    assert asked["code_challenge_method"] == ["S256"]
    back = await world.consent(departure, "carla")
    token_count = len(peer.oauth.tokens)
    opened = await world.finish(answer_in(back))

    found = await world.store.read(lambda tx: sessions.load(tx, opened.token, now=world.clock.now()))
    assert found is not None
    assert found.guest is not None
    assert found.guest.uri == "https://m.example/users/carla"
    assert found.account is None
    assert found.actor is None
    assert token_count == 0
    assert peer.oauth.tokens == {}
    (token,) = peer.oauth.revoked
    stored = await world.everything()
    (client,) = peer.oauth.clients.values()
    for secret in (token, client.secret, answer_in(back).code, answer_in(back).state, opened.token):
        assert secret not in stored


async def test_this_server_asks_for_no_more_than_who_somebody_is(world: SignInWorld) -> None:
    peer = world.meet("m.example", "carla")
    await world.begin("carla@m.example")
    (client,) = peer.oauth.clients.values()
    assert client.scopes == {"profile"}
    assert client.name == "Test"
    assert client.redirect_uris == ["https://lib.example/guest/return/m.example"]
    assert all("statuses" not in url and "timelines" not in url for _, url in world.network.asked)


async def test_the_code_is_exchanged_with_the_verifier_of_its_challenge(world: SignInWorld) -> None:
    peer = world.meet("m.example", "carla")
    departure = await world.begin("carla@m.example")
    back = await world.consent(departure, "carla")
    (grant,) = peer.oauth.codes.values()
    (challenge,) = parse_qs(urlsplit(departure.url).query)["code_challenge"]
    assert grant.challenge == challenge
    assert len(challenge) == 43
    await world.finish(answer_in(back))
    assert len(await world.guests()) == 1
    # RFC 7636 appendix B
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


async def test_without_uri_webfinger_at_that_very_server_must_lead_to_the_actor(world: SignInWorld) -> None:
    peer = world.meet("m.example", "carla")
    peer.behaviour.gives_uri = False
    back = await world.consent(await world.begin("carla@m.example"), "carla")
    world.network.asked.clear()
    await world.finish(answer_in(back))
    asked = [url for _, url in world.network.asked]
    assert "https://m.example/.well-known/webfinger?resource=acct%3Acarla%40m.example" in asked
    assert asked[-1] == "https://m.example/users/carla"


async def test_the_actor_is_read_again_when_somebody_comes_back(world: SignInWorld) -> None:
    world.meet("m.example", "carla")
    back = await world.consent(await world.begin("carla@m.example"), "carla")
    world.network.asked.clear()
    await world.finish(answer_in(back))
    assert ("GET", "https://m.example/users/carla") in world.network.asked


async def test_an_address_at_another_domain_signs_in_at_the_server_of_the_account(
    world: SignInWorld,
) -> None:
    world.meet("social.bib.example", "carla")
    jrd = JSONResponse(
        {
            "subject": "acct:carla@bib.example",
            "links": [
                {
                    "rel": "self",
                    "type": "application/activity+json",
                    "href": "https://social.bib.example/users/carla",
                }
            ],
        },
        media_type="application/jrd+json",
    )
    world.network.add("bib.example", jrd)
    world.bent["social.bib.example"].answers["/.well-known/webfinger"] = jrd
    departure = await world.begin("carla@bib.example")
    assert departure.host == "social.bib.example"
    assert departure.actor.acct == "carla@bib.example"
    await world.finish(answer_in(await world.consent(departure, "carla")))
    assert await world.guests() == [departure.actor.id]


@pytest.mark.parametrize(("is_old", "known_for"), [(False, timedelta(days=30)), (True, timedelta(hours=20))])
async def test_a_registration_serves_everybody_until_it_is_old(
    world: SignInWorld, is_old: bool, known_for: timedelta
) -> None:
    peer = world.meet("m.example", "carla", "dana")
    if is_old:
        peer.behaviour.become_old()
    await world.whole("carla@m.example", "carla")
    await world.whole("dana@m.example", "dana")
    world.clock.advance(seconds=known_for.total_seconds() - 1)
    await world.begin("carla@m.example")
    assert len(peer.oauth.clients) == 1
    world.clock.advance(seconds=1)
    await world.begin("carla@m.example")
    assert len(peer.oauth.clients) == 2


async def test_a_registration_that_the_other_server_forgot_is_made_anew(world: SignInWorld) -> None:
    peer = world.meet("m.example", "carla")
    back = await world.consent(await world.begin("carla@m.example"), "carla")
    peer.oauth.forget_clients()
    assert await problem_of(world.finish(answer_in(back))) is Problem.NOT_CONFIRMED
    assert await world.guests() == []
    assert await world.store.read(lambda tx: guests.client(tx, "m.example")) is None
    await world.whole("carla@m.example", "carla")
    assert len(await world.guests()) == 1


@pytest.mark.parametrize("answer", [html(500), html(403), elsewhere("https://m.example/x")])
async def test_a_token_that_cannot_be_given_back_is_only_noted(world: SignInWorld, answer: object) -> None:
    peer = world.meet("m.example", "carla")
    world.bent["m.example"].answers["/oauth/revoke"] = answer  # type: ignore[assignment]
    with capture_logs() as lines:
        await world.whole("carla@m.example", "carla")
    assert len(await world.guests()) == 1
    (line,) = [line for line in lines if line["event"] == "token-not-revoked"]
    assert line["log_level"] == "warning"
    (token,) = peer.oauth.tokens
    assert token not in str(lines)
    assert token not in await world.everything()


async def test_a_no_at_the_other_server_opens_nothing(world: SignInWorld) -> None:
    world.meet("m.example", "carla")
    back = await world.consent(await world.begin("carla@m.example"), "carla", "deny")
    assert await problem_of(world.finish(answer_in(back))) is Problem.DENIED
    assert await world.guests() == []


async def test_a_server_without_mastodons_way_in_is_told_from_one_that_is_down(world: SignInWorld) -> None:
    world.meet("misskey.example", "carla")
    bent = world.bent["misskey.example"].answers
    bent["/.well-known/oauth-authorization-server"] = JSONResponse(
        {
            "issuer": "https://misskey.example",
            "authorization_endpoint": "https://misskey.example/oauth/authorize",
            "token_endpoint": "https://misskey.example/oauth/token",
            "scopes_supported": ["read:account"],
            "authorization_response_iss_parameter_supported": True,
        }
    )
    bent["/api/v1/apps"] = JSONResponse({"error": {"code": "UNKNOWN_API_ENDPOINT"}}, status_code=404)
    assert await problem_of(world.begin("carla@misskey.example")) is Problem.NOT_OFFERED
    bent["/api/v1/apps"] = html(200)
    assert await problem_of(world.begin("carla@misskey.example")) is Problem.NOT_OFFERED
    bent["/api/v1/apps"] = html(502)
    assert await problem_of(world.begin("carla@misskey.example")) is Problem.NO_ANSWER
    bent["/api/v1/apps"] = JSONResponse({"error": "Throttled"}, status_code=429)
    assert await problem_of(world.begin("carla@misskey.example")) is Problem.NO_ANSWER


@pytest.mark.parametrize(
    ("handle", "problem"),
    [
        ("nobody@m.example", Problem.NOBODY),
        ("carla", Problem.BAD_ADDRESS),
        ("https://m.example/@carla", Problem.BAD_ADDRESS),
        ("carla@m.example:8443@x", Problem.BAD_ADDRESS),
        ("ana@lib.example", Problem.OWN_ADDRESS),
    ],
)
async def test_an_address_that_cannot_sign_in_is_refused_for_its_reason(
    world: SignInWorld, handle: str, problem: Problem
) -> None:
    world.meet("m.example", "carla")
    assert await problem_of(world.begin(handle)) is problem
