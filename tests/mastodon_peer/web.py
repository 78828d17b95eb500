"""The peer's routes: WebFinger, actors, statuses, inboxes, and the pages of sign-in."""

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tests.mastodon_peer import documents, signatures
from tests.mastodon_peer.model import Account, Receipt
from tests.mastodon_peer.network import ConnectionDropped
from tests.mastodon_peer.outbound import Unreachable

if TYPE_CHECKING:
    from tests.mastodon_peer.peer import MastodonPeer

MAX_BODY_BYTES = 1_048_576
ACTIVITY = "application/activity+json; charset=utf-8"
Handler = Callable[[Request], Awaitable[Response]]


class Documents(JSONResponse):
    """An ActivityPub document."""

    media_type = ACTIVITY


class Broken(Response):
    """An answer that ends before it is complete."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"100"), (b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        raise ConnectionDropped


def make_app(peer: "MastodonPeer") -> Starlette:
    """Return the ASGI app of a peer."""
    pages = Pages(peer)
    return Starlette(
        routes=[
            Route("/.well-known/webfinger", pages.webfinger),
            Route("/.well-known/nodeinfo", pages.nodeinfo_links),
            Route("/nodeinfo/2.0", pages.nodeinfo),
            Route("/inbox", pages.inbox, methods=["POST"]),
            Route("/actor", pages.instance_actor),
            Route("/actor/inbox", pages.inbox, methods=["POST"]),
            Route("/users/{username}", pages.actor),
            Route("/users/{username}/inbox", pages.inbox, methods=["POST"]),
            Route("/users/{username}/collections/featured", pages.empty_collection),
            Route("/users/{username}/followers", pages.followers),
            Route("/users/{username}/{name:str}", pages.empty_collection),
            Route("/users/{username}/statuses/{number}", pages.status),
            Route("/authorize_interaction", pages.interaction),
            *peer.oauth.routes(),
        ]
    )


class Pages:
    """The handlers."""

    def __init__(self, peer: "MastodonPeer") -> None:
        self._peer = peer

    async def webfinger(self, request: Request) -> Response:
        resource = request.query_params.get("resource", "")
        username = self._username_of(resource)
        account = self._peer.instance_actor if username == self._peer.host else self._local(username)
        if account is None:
            return Response(status_code=404)
        links = [
            {"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": account.url},
            {"rel": "self", "type": "application/activity+json", "href": account.uri},
            {
                "rel": "http://ostatus.org/schema/1.0/subscribe",
                "template": f"{self._peer.base_url}/authorize_interaction?uri={{uri}}",
            },
        ]
        jrd = {"subject": f"acct:{account.acct}", "aliases": [account.url, account.uri], "links": links}
        return JSONResponse(
            jrd, media_type="application/jrd+json", headers={"access-control-allow-origin": "*"}
        )

    def _username_of(self, resource: str) -> str:
        if resource.startswith("acct:"):
            username, _, host = resource.removeprefix("acct:").rpartition("@")
            return username if host.lower() == self._peer.host.lower() else ""
        path = urlsplit(resource).path if resource.startswith(self._peer.base_url) else ""
        return path.rpartition("/")[2].removeprefix("@")

    def _local(self, username: str) -> Account | None:
        return self._peer.local(username) if username else None

    async def nodeinfo_links(self, _: Request) -> Response:
        rel = "http://nodeinfo.diaspora.software/ns/schema/2.0"
        return JSONResponse({"links": [{"rel": rel, "href": f"{self._peer.base_url}/nodeinfo/2.0"}]})

    async def nodeinfo(self, _: Request) -> Response:
        is_new = self._peer.behaviour.has_profile_scope
        software = {"name": "mastodon", "version": "4.5.0" if is_new else "4.1.0"}
        usage = {"users": {"total": 1}, "localPosts": 0}
        return JSONResponse(
            {
                "version": "2.0",
                "software": software,
                "protocols": ["activitypub"],
                "services": {"inbound": [], "outbound": []},
                "usage": usage,
                "openRegistrations": False,
                "metadata": {},
            }
        )

    async def instance_actor(self, _: Request) -> Response:
        return Documents(documents.actor(self._peer.instance_actor, self._peer.base_url))

    async def actor(self, request: Request) -> Response:
        account = self._local(request.path_params["username"])
        if account is None:
            return Response(status_code=404)
        refused = await self._refused_fetch(request)
        return refused or Documents(
            documents.actor(account, self._peer.base_url), headers={"vary": "Accept, Signature"}
        )

    async def status(self, request: Request) -> Response:
        """Serve a public status; a private one is not there, whoever asks without being addressed."""
        uri = f"{self._peer.base_url}{request.url.path}"
        status = self._peer.statuses.get(uri)
        if uri in self._peer.resolver.tombstones:
            return Response(status_code=410)
        if status is None:
            return Response(status_code=404)
        author = self._peer.accounts[status.author_uri]
        signer = await self._signer_of(request)
        is_open = status.visibility in ("public", "unlisted")
        is_addressed = signer is not None and status.is_visible_to(signer, author.followers)
        if not (is_open or is_addressed):
            return Response(status_code=404)
        refused = await self._refused_fetch(request)
        document = documents.note(status, author, self._peer.names())
        return refused or Documents({"@context": documents.NOTE_CONTEXT, **document})

    async def followers(self, request: Request) -> Response:
        account = self._local(request.path_params["username"])
        if account is None:
            return Response(status_code=404)
        return Documents(_collection(account.followers_uri, len(account.followers)))

    async def empty_collection(self, request: Request) -> Response:
        return Documents(_collection(f"{self._peer.base_url}{request.url.path}", 0))

    async def interaction(self, request: Request) -> Response:
        uri = request.query_params.get("uri", "")
        return HTMLResponse(f"<!doctype html><title>Mastodon</title><p>{json.dumps(uri)}</p>")

    async def inbox(self, request: Request) -> Response:
        """Take an activity: answered with 202 at once, applied afterwards."""
        faults, body = self._peer.faults, await request.body()
        await faults.wait()
        if faults.take("drop_inbound"):
            return Broken()
        if faults.take("refuse_inbound"):
            return Response(status_code=faults.refuse_status)
        if len(body) > MAX_BODY_BYTES:
            return Response(status_code=413)
        activity = _parsed(body)
        scheme = signatures.RFC9421 if "signature-input" in request.headers else signatures.CAVAGE
        receipt = Receipt(request.url.path, 202, scheme, None, activity)
        self._peer.received.append(receipt)
        try:
            signer = await self._verified(request, body, scheme)
        except signatures.BadSignature as error:
            if activity.get("type") in ("Delete", "Update") and self._is_stranger(activity):
                receipt.outcome = "dropped: nobody we know"
                return Response(status_code=202)
            receipt.status, receipt.outcome = 401, f"refused: {error}"
            return JSONResponse({"error": str(error)}, status_code=401)
        receipt.signer = signer.uri
        if faults.take("lose_inbound"):
            receipt.outcome = "lost"
            return Response(status_code=202)
        receipt.status = 500 if faults.take("fail_after_storing") else 202
        owner = self._local(request.path_params.get("username", ""))
        task = BackgroundTask(self._apply, receipt, signer, owner)
        return Response(status_code=receipt.status, background=task)

    async def _apply(self, receipt: Receipt, signer: Account, owner: Account | None) -> None:
        if not isinstance(receipt.activity.get("id", ""), str) or not receipt.activity:
            receipt.outcome = "dropped: not an activity"
            return
        receipt.outcome = await self._peer.inbox.apply(receipt.activity, signer, owner)

    async def _verified(self, request: Request, body: bytes, scheme: str) -> Account:
        if scheme not in self._peer.behaviour.schemes:
            raise signatures.BadSignature(f"{scheme} is not spoken here")
        key_id = await signatures.verify(
            self._signed(request, body), self._peer.public_key, now=self._peer.now()
        )
        return await self._peer.resolver.account(key_id)

    async def _signer_of(self, request: Request) -> Account | None:
        try:
            key_id = await signatures.verify(
                self._signed(request, b""), self._peer.public_key, now=self._peer.now()
            )
            return await self._peer.resolver.account(key_id)
        except (signatures.BadSignature, Unreachable):
            return None

    async def _refused_fetch(self, request: Request) -> Response | None:
        """Return the 401 of a server that serves nobody without a signature."""
        if not self._peer.behaviour.requires_signed_fetch or await self._signer_of(request) is not None:
            return None
        return JSONResponse({"error": "Request not signed"}, status_code=401)

    def _signed(self, request: Request, body: bytes) -> signatures.Request:
        query = f"?{request.url.query}" if request.url.query else ""
        url = f"{self._peer.base_url}{request.url.path}{query}"
        headers = {name: ", ".join(request.headers.getlist(name)) for name in request.headers}
        return signatures.Request(request.method, url, headers, body)

    def _is_stranger(self, activity: dict[str, Any]) -> bool:
        return activity.get("actor") not in self._peer.accounts


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _collection(uri: str, count: int) -> dict[str, Any]:
    return {
        "@context": documents.CONTEXT,
        "id": uri,
        "type": "OrderedCollection",
        "totalItems": count,
        "orderedItems": [],
    }
