"""The OAuth client for signing in with accounts of other servers; fulfils `services.guests.HomeServers`.

It asks who somebody is and nothing else, believes a server only about its own people, and gives each token
back before it answers. Every request goes through the guarded client, to one host, is never redirected, and
is small and short.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog

from libline_fed.activitypub.urls import host_of, parse_acct, same_origin
from libline_fed.activitypub.wire import parse_json
from libline_fed.domain.actors import Actor
from libline_fed.domain.guests import (
    OLD_SCOPE,
    PROFILE_SCOPE,
    Endpoints,
    Problem,
    Registration,
    is_same_issuer,
    may_sign_in,
)
from libline_fed.domain.peers import Policies
from libline_fed.errors import NotFound, PeerGone, PeerRefused, PeerUnavailable, Refusal
from libline_fed.federation.admit import Budget
from libline_fed.federation.fetch import is_wanted_type
from libline_fed.federation.http_client import HttpClient, Response
from libline_fed.federation.resolve import Resolver
from libline_fed.services.guests import ClientForgotten, SignInFailed
from libline_fed.services.site import Site

METADATA_PATH = "/.well-known/oauth-authorization-server"  # RFC 8414 §3
REQUEST_S = 10.0
STEP_S = 40.0  # somebody is waiting in front of a page
REVOKE_S = 5.0
MAX_ANSWER_BYTES = 65_536
MAX_ACCOUNT_BYTES = 262_144  # a profile with its fields and emoji
MAX_SECRET_CHARACTERS = 2_000
MAX_NAME_CHARACTERS = 60  # Mastodon refuses longer names of applications
_VISIBLE = re.compile(r"[\x21-\x7e]+")  # RFC 6749 appendix A

log = structlog.get_logger(__name__)


class MastodonHomes:
    """Servers with Mastodon's API, as places where people have their accounts."""

    def __init__(
        self,
        client: HttpClient,
        resolver: Resolver,
        site: Site,
        policies: Callable[[], Policies],
    ) -> None:
        self._client = client
        self._resolver = resolver
        self._site = site
        self._policies = policies

    # --- whose account it is said to be -------------------------------------------------------------

    async def find(self, handle: str) -> Actor:
        """Find who has an address; rules about servers are asked before any request.

        Raises: SignInFailed.
        """
        address = parse_acct(handle)
        if address is None:
            raise SignInFailed(Problem.BAD_ADDRESS, handle[:200])
        user, host = address
        self._require_welcome(host)
        async with _patience(host, Problem.NOBODY):
            try:
                actor = await self._resolver.find_actor(f"{user}@{host}")
            except NotFound as error:
                raise SignInFailed(Problem.NOBODY, error.detail) from error
        self._require_welcome(actor.host)
        if not actor.is_usable:
            raise SignInFailed(Problem.NOT_WELCOME, f"{actor.uri} is gone or suspended")
        return actor

    def _require_welcome(self, host: str) -> None:
        if host == self._site.uris.host:
            raise SignInFailed(Problem.OWN_ADDRESS, host)
        verdict = self._policies().verdict(host)
        if not may_sign_in(verdict):
            raise SignInFailed(Problem.NOT_WELCOME, f"{host} is {verdict}")

    # --- becoming known there -----------------------------------------------------------------------

    async def register(self, actor: Actor, *, redirect_url: str) -> Registration:
        """Make this instance known to the actor's server.

        Raises: SignInFailed.
        """
        self._require_welcome(actor.host)
        async with _patience(actor.host, Problem.NOT_OFFERED):
            endpoints, scope = await self._discover(actor)
            form = {
                "client_name": self._site.name[:MAX_NAME_CHARACTERS],
                "redirect_uris": redirect_url,
                "scopes": scope,
                "website": self._site.uris.base_url,
            }
            response = await self._post(endpoints.apps_url, form)
        _require_calm(response)
        made = _json(response) if response.status in {200, 201} else None
        client_id, secret = (_text(made, name) for name in ("client_id", "client_secret"))
        if not client_id or not secret:
            raise SignInFailed(Problem.NOT_OFFERED, f"{endpoints.apps_url} answers {response.status}")
        return Registration(client_id, secret, scope, endpoints)

    async def _discover(self, actor: Actor) -> tuple[Endpoints, str]:
        """Return where an actor's server takes sign-ins, and the least scope that it knows.

        Without metadata they are where Mastodon's API has them. Metadata count only if they are the server's
        own (RFC 8414 §3.3), and lead nowhere else.
        """
        parts = urlsplit(actor.uri)
        origin = f"{parts.scheme}://{actor.host}"
        response = await self._get(f"{origin}{METADATA_PATH}", max_bytes=MAX_ANSWER_BYTES)
        found = _json(response) if response.status == 200 else None
        if found is None or not is_same_issuer(str(found.get("issuer")), origin):
            return _usual(origin), OLD_SCOPE
        usual = _usual(origin)
        endpoints = Endpoints(
            issuer=origin,
            authorize_url=_text(found, "authorization_endpoint") or usual.authorize_url,
            token_url=_text(found, "token_endpoint") or usual.token_url,
            revoke_url=_text(found, "revocation_endpoint") or usual.revoke_url,
            apps_url=_text(found, "app_registration_endpoint") or usual.apps_url,
            account_url=usual.account_url,
            is_described=True,
            sends_issuer=found.get("authorization_response_iss_parameter_supported") is True,
        )
        for url in (
            endpoints.authorize_url,
            endpoints.token_url,
            endpoints.revoke_url,
            endpoints.apps_url,
        ):
            if not same_origin(url, origin):
                raise SignInFailed(Problem.NOT_OFFERED, f"{actor.host} sends people to {url[:200]}")
        scopes = found.get("scopes_supported")
        has_profile = isinstance(scopes, list) and PROFILE_SCOPE in scopes
        return endpoints, PROFILE_SCOPE if has_profile else OLD_SCOPE

    # --- whose account it is ------------------------------------------------------------------------

    async def identify(
        self, registration: Registration, *, actor_uri: str, code: str, verifier: str, redirect_url: str
    ) -> Actor:
        """Exchange a code for a token, ask whose it is, give it back, and return that actor, read afresh.

        Raises: SignInFailed; ClientForgotten.
        """
        host = host_of(actor_uri) or ""
        self._require_welcome(host)
        async with _patience(host, Problem.NOT_CONFIRMED):
            token = await self._exchange(registration, code, verifier, redirect_url)
            try:
                account = await self._account_of(registration.endpoints.account_url, token)
            finally:
                await self._revoke(registration, token)
            return await self._bind(account, host, actor_uri)

    async def _exchange(self, registration: Registration, code: str, verifier: str, redirect_url: str) -> str:
        """Return the token for a code (RFC 6749 §4.1.3, RFC 7636 §4.5)."""
        response = await self._post(
            registration.endpoints.token_url,
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": redirect_url,
                "client_id": registration.client_id,
                "client_secret": registration.client_secret,
                "code_verifier": verifier,
                "scope": registration.scope,
            },
        )
        _require_calm(response)
        answer = _json(response)
        token, error = _text(answer, "access_token"), _text(answer, "error")
        if token and response.status == 200 and _text(answer, "token_type").lower() == "bearer":
            return token
        if token:  # of a kind that nobody here can use
            await self._revoke(registration, token)
        detail = f"{registration.endpoints.token_url} answers {response.status} {error[:60]}"
        if error == "invalid_client":  # RFC 6749 §5.2
            raise ClientForgotten(detail)
        raise SignInFailed(Problem.NOT_CONFIRMED, detail)

    async def _account_of(self, account_url: str, token: str) -> dict[str, Any]:
        """Return what the server says of the account that a token belongs to."""
        headers = {"Authorization": f"Bearer {token}"}  # RFC 6750 §2.1
        response = await self._get(account_url, max_bytes=MAX_ACCOUNT_BYTES, headers=headers)
        _require_calm(response)
        account = _json(response) if response.status == 200 else None
        if account is None:
            raise SignInFailed(Problem.NOT_CONFIRMED, f"{account_url} answers {response.status}")
        return account

    async def _revoke(self, registration: Registration, token: str) -> None:
        """Give a token back (RFC 7009 §2.1); one that cannot be is only forgotten: all it may do is look."""
        url = registration.endpoints.revoke_url
        form = {
            "token": token,
            "client_id": registration.client_id,
            "client_secret": registration.client_secret,
        }
        try:
            response = await self._post(url, form, total_s=REVOKE_S)
        except (PeerUnavailable, PeerRefused) as error:
            log.warning("token-not-revoked", url=url, error=error.detail)
            return
        if response.status != 200:
            log.warning("token-not-revoked", url=url, status=response.status)

    async def _bind(self, account: Mapping[str, Any], host: str, actor_uri: str) -> Actor:
        """Let a server speak for its own people only, and for nobody but the one who was looked for.

        `uri` names the actor since Mastodon 4.2; elsewhere WebFinger at that very server must lead to it.
        Either way the actor itself is read again, and must be who it is said to be.
        """
        username, uri = _text(account, "username"), _text(account, "uri")
        user, _, domain = _text(account, "acct").partition("@")
        if uri and host_of(uri) != host:
            raise SignInFailed(Problem.UNPROVEN, f"{host} claims {uri[:200]}")
        if uri and uri != actor_uri:
            raise SignInFailed(Problem.MISMATCH, f"{uri[:200]} instead of {actor_uri}")
        actor = await (self._read_again(uri) if uri else self._look_up_again(username or user, host))
        if actor.host != host:
            raise SignInFailed(Problem.UNPROVEN, f"{host} leads to {actor.uri}")
        if actor.uri != actor_uri:
            raise SignInFailed(Problem.MISMATCH, f"{actor.uri} instead of {actor_uri}")
        names = {name.lower() for name in (username, user) if name}
        if names != {actor.handle.lower()} or domain.lower() not in {"", host, actor.acct_host}:
            raise SignInFailed(Problem.UNPROVEN, f"{host} calls {actor.uri} {account.get('acct')!r}"[:300])
        return actor

    async def _read_again(self, uri: str) -> Actor:
        try:
            found = await self._resolver.actor(uri, Budget(), is_refresh=True)
        except (PeerGone, PeerRefused, NotFound) as error:
            raise SignInFailed(Problem.UNPROVEN, error.detail) from error
        if isinstance(found, Refusal):
            raise SignInFailed(Problem.UNPROVEN, f"{uri}: {found.reason} {found.detail}")
        return found

    async def _look_up_again(self, user: str, host: str) -> Actor:
        if parse_acct(f"{user}@{host}") != (user, host):
            raise SignInFailed(Problem.UNPROVEN, f"{host} names nobody: {user[:100]!r}")
        try:
            return await self._resolver.find_again(user, host)
        except NotFound as error:
            raise SignInFailed(Problem.UNPROVEN, error.detail) from error

    # --- requests -----------------------------------------------------------------------------------

    async def _get(self, url: str, *, max_bytes: int, headers: Mapping[str, str] | None = None) -> Response:
        asked = {"Accept": "application/json", **(headers or {})}
        return await self._client.request("GET", url, headers=asked, max_bytes=max_bytes, total_s=REQUEST_S)

    async def _post(self, url: str, form: Mapping[str, str], *, total_s: float = REQUEST_S) -> Response:
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        return await self._client.request(
            "POST",
            url,
            headers=headers,
            body=urlencode(form).encode(),
            max_bytes=MAX_ANSWER_BYTES,
            total_s=total_s,
        )


@asynccontextmanager
async def _patience(host: str, refusal: Problem) -> AsyncIterator[None]:
    """Wait for a server so long and no longer, and say what its silence or refusal means for a sign-in."""
    try:
        async with asyncio.timeout(STEP_S):
            yield
    except TimeoutError as error:
        raise SignInFailed(Problem.NO_ANSWER, f"{host} took longer than {STEP_S:.0f} s") from error
    except PeerUnavailable as error:
        raise SignInFailed(Problem.NO_ANSWER, error.detail) from error
    except (PeerRefused, PeerGone) as error:
        raise SignInFailed(refusal, error.detail) from error


def _require_calm(response: Response) -> None:
    """Tell a server that cannot answer now from one that will not.

    Raises: SignInFailed.
    """
    if response.status == 429 or response.status >= 500:
        raise SignInFailed(Problem.NO_ANSWER, f"{response.url} answers {response.status}")


def _usual(origin: str) -> Endpoints:
    """Return where Mastodon's API has always had them (docs.joinmastodon.org/methods/oauth)."""
    return Endpoints(
        issuer=origin,
        authorize_url=f"{origin}/oauth/authorize",
        token_url=f"{origin}/oauth/token",
        revoke_url=f"{origin}/oauth/revoke",
        apps_url=f"{origin}/api/v1/apps",
        account_url=f"{origin}/api/v1/accounts/verify_credentials",
        is_described=False,
        sends_issuer=False,
    )


def _json(response: Response) -> dict[str, Any] | None:
    """Return the object that an answer holds, or None for a page, a list or nonsense."""
    if not is_wanted_type(response, "json"):
        return None
    parsed = parse_json(response.body)
    return None if isinstance(parsed, Refusal) else parsed


def _text(values: Mapping[str, Any] | None, name: str) -> str:
    """Return a member that is one visible word, as every id, secret and address here is; else nothing."""
    value = (values or {}).get(name)
    if not isinstance(value, str) or len(value) > MAX_SECRET_CHARACTERS or not _VISIBLE.fullmatch(value):
        return ""
    return value
