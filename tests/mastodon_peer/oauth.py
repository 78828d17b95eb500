"""Sign-in with an account of this server: the part of Mastodon's API that other sites use for it.

Nobody types a password: whoever opens `/oauth/authorize` is the person that the form names.
"""

import base64
import hashlib
import html
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from tests.mastodon_peer.peer import MastodonPeer

CODE_LIFE = timedelta(minutes=10)
NEW_SCOPES = {"profile"}
SCOPES = {"read", "read:accounts", "write", "follow", "push"} | NEW_SCOPES
READS_ACCOUNTS = {"profile", "read", "read:accounts"}


@dataclass
class Client:
    """A registered app."""

    id: str
    secret: str
    name: str
    redirect_uris: list[str]
    scopes: set[str]


@dataclass
class Grant:
    """A code on its way, or the token it was changed for."""

    username: str
    client_id: str
    scopes: set[str]
    redirect_uri: str
    challenge: str | None
    expires_at: datetime


class OAuth:
    """Apps, codes and tokens."""

    def __init__(self, peer: "MastodonPeer") -> None:
        self._peer = peer
        self.clients: dict[str, Client] = {}
        self.codes: dict[str, Grant] = {}
        self.tokens: dict[str, Grant] = {}
        self.revoked: list[str] = []
        self.signed_in: str | None = None  # whom the form names first

    def routes(self) -> list[Route]:
        """Return the routes of sign-in."""
        return [
            Route("/.well-known/oauth-authorization-server", self.metadata),
            Route("/api/v1/apps", self.register, methods=["POST"]),
            Route("/oauth/authorize", self.ask, methods=["GET"]),
            Route("/oauth/authorize", self.consent, methods=["POST"]),
            Route("/oauth/token", self.token, methods=["POST"]),
            Route("/oauth/revoke", self.revoke, methods=["POST"]),
            Route("/api/v1/accounts/verify_credentials", self.verify_credentials),
        ]

    def forget_clients(self) -> None:
        """Drop every app, as a server does that was set up anew."""
        self.clients.clear()

    @property
    def _scopes(self) -> set[str]:
        return SCOPES if self._peer.behaviour.has_profile_scope else SCOPES - NEW_SCOPES

    async def metadata(self, _: Request) -> Response:
        """RFC 8414."""
        behaviour, base = self._peer.behaviour, self._peer.base_url
        if not behaviour.has_oauth_metadata:
            return JSONResponse({"error": "Not Found"}, status_code=404)
        ends = behaviour.endpoint_base or base
        document: dict[str, Any] = {
            "issuer": behaviour.issuer or f"{base}/",
            "service_documentation": "https://docs.joinmastodon.org/",
            "authorization_endpoint": f"{ends}/oauth/authorize",
            "token_endpoint": f"{ends}/oauth/token",
            "revocation_endpoint": f"{ends}/oauth/revoke",
            "app_registration_endpoint": f"{ends}/api/v1/apps",
            "scopes_supported": sorted(self._scopes),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "grant_types_supported": ["authorization_code", "client_credentials"],
        }
        if behaviour.has_pkce:
            document["code_challenge_methods_supported"] = ["S256"]
        return JSONResponse(document)

    async def register(self, request: Request) -> Response:
        """Make an app."""
        values = await _values(request)
        uris = values.get("redirect_uris") or ""
        redirect_uris = uris if isinstance(uris, list) else str(uris).split()
        scopes = set(str(values.get("scopes") or "read").split())
        if not values.get("client_name") or not redirect_uris:
            return _error(422, "Validation failed: Name can't be blank")
        if scopes - self._scopes:
            return _error(422, "Validation failed: Scopes doesn't match configured on the server.")
        client = Client(
            secrets.token_urlsafe(32),
            secrets.token_urlsafe(32),
            str(values["client_name"]),
            redirect_uris,
            scopes,
        )
        self.clients[client.id] = client
        return JSONResponse(
            {
                "id": str(len(self.clients)),
                "name": client.name,
                "website": values.get("website"),
                "scopes": sorted(scopes),
                "redirect_uri": "\n".join(redirect_uris),
                "redirect_uris": redirect_uris,
                "client_id": client.id,
                "client_secret": client.secret,
                "client_secret_expires_at": 0,
            }
        )

    async def ask(self, request: Request) -> Response:
        """Show the form that asks for consent."""
        asked = dict(request.query_params)
        wrong = self._wrong(asked)
        if wrong is not None:
            return wrong
        hidden = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in asked.items()
        )
        client = self.clients[asked["client_id"]]
        return HTMLResponse(
            "<!doctype html><html lang=en><title>Authorization required</title>"
            f"<h1>{html.escape(client.name)} would like permission to access your account</h1>"
            f'<form method="post" action="/oauth/authorize">{hidden}'
            f'<label>Account <input name="username" value="{html.escape(self.signed_in or "")}"></label>'
            '<button name="decision" value="allow">Authorize</button>'
            '<button name="decision" value="deny">Deny</button></form>'
        )

    async def consent(self, request: Request) -> Response:
        """Take the decision, and go back with a code or without."""
        asked = {name: str(value) for name, value in (await request.form()).items()}
        wrong = self._wrong(asked)
        if wrong is not None:
            return wrong
        if asked.get("decision") == "deny":
            return _back(asked, error="access_denied", error_description="The owner denied the request.")
        account = self._peer.local(asked.get("username", ""))
        if account is None:
            return HTMLResponse("<p>Log in first.</p>", status_code=401)
        code = secrets.token_urlsafe(32)
        self.codes[code] = Grant(
            account.username,
            asked["client_id"],
            set((asked.get("scope") or "read").split()),
            asked["redirect_uri"],
            asked.get("code_challenge") if self._peer.behaviour.has_pkce else None,
            self._peer.now() + CODE_LIFE,
        )
        return _back(asked, code=code)

    def _wrong(self, asked: dict[str, str]) -> Response | None:
        """Return what is wrong with a request; the redirect address is not trusted before it is checked."""
        client = self.clients.get(asked.get("client_id", ""))
        if client is None:
            text = "Client authentication failed due to unknown client, no client authentication included."
            return HTMLResponse(f"<p>{text}</p>", status_code=401)
        if asked.get("redirect_uri") not in client.redirect_uris:
            return HTMLResponse("<p>The redirect URI included is not valid.</p>", status_code=400)
        if asked.get("response_type") != "code":
            return _back(asked, error="unsupported_response_type")
        if set((asked.get("scope") or "read").split()) - client.scopes:
            return _back(asked, error="invalid_scope")
        is_plain = "code_challenge" in asked and asked.get("code_challenge_method") != "S256"
        if is_plain and self._peer.behaviour.has_pkce:
            return _back(asked, error="invalid_code_challenge_method")
        return None

    async def token(self, request: Request) -> Response:
        """Change a code for a token, once."""
        values = await _values(request)
        client = self._authenticated(request, values)
        if client is None:
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        if values.get("grant_type") != "authorization_code":
            return JSONResponse({"error": "unsupported_grant_type"}, status_code=400)
        grant = self.codes.pop(str(values.get("code")), None)
        if (
            grant is None
            or grant.client_id != client.id
            or grant.redirect_uri != values.get("redirect_uri")
            or grant.expires_at < self._peer.now()
            or not _is_answer(grant.challenge, values.get("code_verifier"))
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        token = secrets.token_urlsafe(32)
        self.tokens[token] = grant
        return JSONResponse(
            {
                "access_token": token,
                "token_type": "Bearer",
                "scope": " ".join(sorted(grant.scopes)),
                "created_at": int(self._peer.now().timestamp()),
            }
        )

    async def revoke(self, request: Request) -> Response:
        """End a token."""
        values = await _values(request)
        client = self._authenticated(request, values)
        token = str(values.get("token"))
        grant = self.tokens.get(token)
        if client is None or (grant is not None and grant.client_id != client.id):
            return JSONResponse({"error": "unauthorized_client"}, status_code=403)
        if grant is not None:
            del self.tokens[token]
            self.revoked.append(token)
        return JSONResponse({})

    async def verify_credentials(self, request: Request) -> Response:
        """Say whose token it is, or what this server would have others believe."""
        grant = self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if grant is None:
            return JSONResponse({"error": "The access token is invalid"}, status_code=401)
        if not grant.scopes & READS_ACCOUNTS:
            return _error(403, "This action is outside the authorized scopes")
        account, behaviour = self._peer.local(grant.username), self._peer.behaviour
        assert account is not None
        said: dict[str, Any] = {
            "id": account.uri.rpartition("/")[2],
            "username": account.username,
            "acct": behaviour.claimed_acct or account.username,
            "display_name": account.name,
            "url": account.url,
        }
        if behaviour.gives_uri:
            said["uri"] = behaviour.claimed_uri or account.uri
        return JSONResponse(said)

    def _authenticated(self, request: Request, values: dict[str, Any]) -> Client | None:
        client_id, secret = str(values.get("client_id")), str(values.get("client_secret"))
        header = request.headers.get("authorization", "")
        if header.startswith("Basic "):
            client_id, _, secret = base64.b64decode(header[6:]).decode().partition(":")
        client = self.clients.get(client_id)
        return client if client is not None and secrets.compare_digest(client.secret, secret) else None


async def _values(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").startswith("application/json"):
        found = await request.json()
        return found if isinstance(found, dict) else {}
    return {name: str(value) for name, value in (await request.form()).items()}


def _is_answer(challenge: str | None, verifier: Any) -> bool:
    """Check PKCE (RFC 7636 §4.6); a code without a challenge needs none."""
    if challenge is None:
        return True
    digest = hashlib.sha256(str(verifier or "").encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge


def _back(asked: dict[str, str], **values: str) -> Response:
    if "state" in asked:
        values["state"] = asked["state"]
    uri = asked["redirect_uri"]
    return RedirectResponse(f"{uri}{'&' if '?' in uri else '?'}{urlencode(values)}", status_code=302)


def _error(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status_code=status)
