"""Sign-in with an account of the peer, and how it misbehaves when told to."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.unit.mastodon_peer.conftest import World

BACK = "https://lib.example/sign-in/back"
VERIFIER = "a-verifier-of-more-than-forty-three-characters-as-the-rfc-asks"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
BASE = "https://m.example"


@dataclass
class Site:
    """A site that lets people sign in."""

    http: httpx.AsyncClient
    client_id: str
    secret: str

    async def code(self, **changes: str) -> dict[str, str]:
        """Send Carla to her server, let her agree, and return what comes back in the address."""
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": BACK,
            "scope": "profile",
            "state": "s1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        page = await self.http.get(f"{BASE}/oauth/authorize", params=asked)
        if page.status_code == 200:
            assert "Authorize" in page.text
            page = await self.http.post(f"{BASE}/oauth/authorize", data=asked | {"username": "carla"})
        assert page.status_code == 302, page.text
        assert page.headers["location"].startswith(BACK)
        query = parse_qs(urlsplit(page.headers["location"]).query)
        return {name: values[0] for name, values in query.items()}

    async def token(self, code: str, /, **changes: str) -> httpx.Response:
        """Change a code for a token."""
        values = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "client_secret": self.secret,
            "redirect_uri": BACK,
            "code": code,
            "code_verifier": VERIFIER,
            **changes,
        }
        return await self.http.post(f"{BASE}/oauth/token", data=values)

    async def whoami(self, token: str) -> httpx.Response:
        """Ask whose token it is."""
        headers = {"authorization": f"Bearer {token}"}
        return await self.http.get(f"{BASE}/api/v1/accounts/verify_credentials", headers=headers)

    async def signed_in(self) -> dict[str, Any]:
        """Go the whole way."""
        token = (await self.token((await self.code())["code"])).json()["access_token"]
        found: dict[str, Any] = (await self.whoami(token)).json()
        return found


async def registered(world: World, scopes: str = "profile") -> Site:
    http = world.network.client()
    values = {"client_name": "LibLine", "redirect_uris": BACK, "scopes": scopes}
    app = (await http.post(f"{BASE}/api/v1/apps", data=values)).json()
    return Site(http, app["client_id"], app["client_secret"])


@pytest.fixture
async def site(world: World) -> Site:
    world.m.person("carla")
    return await registered(world)


async def test_the_whole_way(world: World, site: Site) -> None:
    back = await site.code()
    assert back["state"] == "s1"
    answer = await site.token(back["code"])
    token = answer.json()["access_token"]
    assert answer.json()["scope"] == "profile"
    said = (await site.whoami(token)).json()
    assert (said["uri"], said["acct"]) == (f"{BASE}/users/carla", "carla")
    values = {"client_id": site.client_id, "client_secret": site.secret, "token": token}
    assert (await site.http.post(f"{BASE}/oauth/revoke", data=values)).status_code == 200
    assert (await site.whoami(token)).status_code == 401
    assert world.m.oauth.revoked == [token]


async def test_a_code_works_once_for_its_client_its_address_and_its_verifier(
    world: World, site: Site
) -> None:
    for changes in (
        {"code_verifier": "another"},
        {"redirect_uri": "https://evil.example"},
        {"code": "guessed"},
    ):
        answer = await site.token((await site.code())["code"], **changes)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    code = (await site.code())["code"]
    assert (await site.token(code)).status_code == 200
    assert (await site.token(code)).status_code == 400
    late = (await site.code())["code"]
    world.clock.advance(seconds=660)
    assert (await site.token(late)).status_code == 400
    wrong = await site.token((await site.code())["code"], client_secret="guessed")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")


async def test_wrong_questions_are_refused(site: Site) -> None:
    assert (await site.code(scope="write"))["error"] == "invalid_scope"
    assert (await site.code(response_type="token"))["error"] == "unsupported_response_type"
    assert (await site.code(code_challenge_method="plain"))["error"] == "invalid_code_challenge_method"
    for changes in ({"client_id": "unknown"}, {"redirect_uri": "https://evil.example/"}):
        asked = {"response_type": "code", "client_id": site.client_id, "redirect_uri": BACK} | changes
        page = await site.http.get(f"{BASE}/oauth/authorize", params=asked)
        assert page.status_code in (400, 401)
        assert "location" not in page.headers
    denied = {"response_type": "code", "client_id": site.client_id, "redirect_uri": BACK, "scope": "profile"}
    page = await site.http.post(f"{BASE}/oauth/authorize", data=denied | {"decision": "deny"})
    assert "error=access_denied" in page.headers["location"]


async def test_the_metadata_say_what_is_spoken(world: World) -> None:
    async with world.network.client() as http:
        said = (await http.get(f"{BASE}/.well-known/oauth-authorization-server")).json()
        assert said["code_challenge_methods_supported"] == ["S256"]
        assert "profile" in said["scopes_supported"]
        world.m.behaviour.has_pkce = False
        said = (await http.get(f"{BASE}/.well-known/oauth-authorization-server")).json()
        assert "code_challenge_methods_supported" not in said


async def test_an_old_mastodon_knows_neither_profile_nor_metadata_nor_pkce(world: World) -> None:
    world.m.person("carla")
    world.m.behaviour.become_old()
    async with world.network.client() as http:
        assert (await http.get(f"{BASE}/.well-known/oauth-authorization-server")).status_code == 404
        values = {"client_name": "LibLine", "redirect_uris": BACK, "scopes": "profile"}
        assert (await http.post(f"{BASE}/api/v1/apps", data=values)).status_code == 422
    site = await registered(world, "read:accounts")
    code = (await site.code(scope="read:accounts"))["code"]
    token = (await site.token(code, code_verifier="ignored")).json()["access_token"]
    said = (await site.whoami(token)).json()
    assert said["acct"] == "carla"
    assert "uri" not in said


async def test_a_hostile_server_claims_what_it_is_told_to(world: World, site: Site) -> None:
    world.m.behaviour.claimed_uri = "https://n.example/users/dan"
    assert (await site.signed_in())["uri"] == "https://n.example/users/dan"
    world.m.behaviour.claimed_acct = "dan@n.example"
    assert (await site.signed_in())["acct"] == "dan@n.example"
    world.m.behaviour.endpoint_base = "https://evil.example"
    said = (await site.http.get(f"{BASE}/.well-known/oauth-authorization-server")).json()
    assert said["token_endpoint"] == "https://evil.example/oauth/token"


async def test_a_server_may_forget_its_apps(world: World, site: Site) -> None:
    code = (await site.code())["code"]
    world.m.oauth.forget_clients()
    assert (await site.token(code)).json()["error"] == "invalid_client"
