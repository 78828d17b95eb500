"""The inbox: size, media type, signature, store, commit, 202. What it means is found out by the worker.

Activities that arrive together share one insert and one commit, so that durability costs one flush per group.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import structlog
from prometheus_client import Counter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from libline_fed.activitypub.objects import Activity
from libline_fed.activitypub.parse import parse_activity
from libline_fed.activitypub.proofs import proof_key_id, verify_proof
from libline_fed.activitypub.urls import host_of
from libline_fed.activitypub.wire import parse_json
from libline_fed.clock import Clock
from libline_fed.config import Federation
from libline_fed.domain.inbox_activities import ReceivedActivity
from libline_fed.domain.peers import Policies, Verdict
from libline_fed.errors import LibLineError, PeerGone, Refusal, RefusalReason, StoreBusy
from libline_fed.federation.admit import Budget
from libline_fed.federation.keys import RemoteKeys
from libline_fed.federation.resolve import Resolver
from libline_fed.federation.signatures import (
    SignedRequest,
    VerificationKey,
    VerifiedSender,
    Verifier,
    key_id_of,
)
from libline_fed.services import remote_actors
from libline_fed.services.site import Site
from libline_fed.storage import actors, inbox_activities
from libline_fed.storage.store import Store, Tx

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 1_048_576
GROUP_COUNT = 200
WINDOW = timedelta(minutes=1)
MAX_WINDOWS = 20_000
MEDIA_TYPES = ("application/activity+json", "application/ld+json")  # ActivityPub §7
STATUS_OF = {
    RefusalReason.TOO_LARGE: 413,
    RefusalReason.BAD_MEDIA_TYPE: 415,
    RefusalReason.BAD_JSON: 400,
    RefusalReason.BAD_SHAPE: 400,
    RefusalReason.TOO_COMPLEX: 400,
    RefusalReason.FOREIGN_ID: 400,
    RefusalReason.HOST_BLOCKED: 403,
    RefusalReason.HOST_NOT_ALLOWED: 403,
    RefusalReason.ACTOR_SUSPENDED: 403,
    RefusalReason.RATE_LIMITED: 429,
}  # all others: 401, upon which senders knock again in the other signature scheme

accepted_total = Counter("libline_inbox_accepted_total", "Activities that were accepted with 202.")
refused_total = Counter("libline_inbox_refused_total", "Requests to an inbox that were refused.", ["reason"])


@dataclass(slots=True)
class _Window:
    ends_at: datetime
    hits_count: int


class HostLimits:
    """Counts the posts of each host in windows of one minute; holds a bounded number of hosts."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._windows: dict[str, _Window] = {}

    def wait_s(self, host: str, now: datetime) -> int | None:
        """Return the seconds to wait if no post is left, None if one is; counts nothing."""
        window = self._windows.get(host)
        if window is None or now >= window.ends_at or window.hits_count < self._per_minute:
            return None
        return max(1, int((window.ends_at - now).total_seconds()))

    def hit(self, host: str, now: datetime) -> int | None:
        """Count one post; return the seconds to wait if it is one too many."""
        window = self._windows.get(host)
        if window is None or now >= window.ends_at:
            if len(self._windows) >= MAX_WINDOWS:
                self._windows = {name: kept for name, kept in self._windows.items() if now < kept.ends_at}
                if len(self._windows) >= MAX_WINDOWS:
                    self._windows.clear()
            window = self._windows[host] = _Window(now + WINDOW, 0)
        window.hits_count += 1
        if window.hits_count <= self._per_minute:
            return None
        return max(1, int((window.ends_at - now).total_seconds()))


class Inbox:
    """Receives what other servers send."""

    def __init__(
        self,
        store: Store,
        site: Site,
        clock: Clock,
        *,
        verifier: Verifier,
        remote_keys: RemoteKeys,
        resolver: Resolver,
        policies: Callable[[], Policies],
        per_host_per_minute: int = 300,
    ) -> None:
        self._store = store
        self._site = site
        self._clock = clock
        self._verifier = verifier
        self._keys = remote_keys
        self._resolver = resolver
        self._policies = policies
        # Two counts, so that posts in another's name only ever hold up keys that nobody has seen yet.
        self._proven = HostLimits(per_host_per_minute)
        self._claimed = HostLimits(per_host_per_minute)
        self._doubts = HostLimits(1)  # per actor: how often its server is asked whether it is gone
        self._waiting: asyncio.Queue[tuple[ReceivedActivity, asyncio.Future[None]]] = asyncio.Queue()

    def routes(self) -> list[Route]:
        """Return the shared inbox, the instance actor's and the members' inboxes."""
        if self._site.federation is Federation.OFF:
            return []
        return [
            Route("/inbox", self.post, methods=["POST"]),
            Route("/actor/inbox", self.post, methods=["POST"]),
            Route("/actors/{actor_id}/inbox", self.post_personal, methods=["POST"]),
            Route("/groups/{handle}/inbox", self.post_personal, methods=["POST"]),
        ]

    async def post_personal(self, request: Request) -> Response:
        """Answer a POST to a member's or group's inbox; 404 and 410 where there is none (any more)."""
        asked, uris = request.path_params, self._site.uris
        uri = uris.actor(asked["actor_id"]) if "actor_id" in asked else uris.group(asked["handle"])
        owner = await self._store.read(lambda tx: actors.by_uri(tx, uri))
        if owner is None or not owner.is_local:
            return _answer(404, "Not found.")
        if owner.gone_at is not None:
            return _answer(410, "Gone.")
        return await self.post(request)

    async def post(self, request: Request) -> Response:
        """Answer a POST to an inbox: 202 once the activity is stored for good, else a 4xx with a reason."""
        outcome = await self._receive(request)
        if outcome is None:
            accepted_total.inc()
            return Response(status_code=202)
        refused_total.labels(outcome.reason).inc()
        log.info("inbox refused", reason=outcome.reason.value, detail=outcome.detail[:300])
        headers = {}
        if outcome.reason is RefusalReason.RATE_LIMITED:
            headers["Retry-After"] = outcome.detail
        return _answer(STATUS_OF.get(outcome.reason, 401), f"{outcome.reason.value}.", headers)

    async def _receive(self, request: Request) -> Refusal | None:
        body = await _read_body(request)
        if isinstance(body, Refusal):
            return body
        now = self._clock.now()
        signed = SignedRequest(request.method, _target(request.scope), request.scope["headers"], body)
        refusal = await self._refuse_early(signed, now)
        if refusal is not None:
            return refusal
        document = parse_json(body)
        if isinstance(document, Refusal):
            return document
        activity = parse_activity(document)
        if isinstance(activity, Refusal):
            return activity
        if await self._is_end_of_a_stranger(activity):
            return None
        sender = await self._verifier.verify(signed, now=now)
        if isinstance(sender, Refusal):
            return await self._after_failed_check(sender, activity, key_id_of(signed), now)
        wait_s = self._proven.hit(sender.host, now)
        if wait_s is not None:
            return Refusal(RefusalReason.RATE_LIMITED, str(wait_s))
        refusal = await self._refuse_ownership(activity, document, sender, now)
        if refusal is not None:
            return None if refusal.reason is RefusalReason.NOT_FOR_US else refusal
        await self._keep(activity, sender, body)
        return None

    async def _refuse_early(self, signed: SignedRequest, now: datetime) -> Refusal | None:
        """Turn blocked and over-busy hosts away before anything is looked up or fetched."""
        key_id = key_id_of(signed)
        if key_id is None:
            return None  # the verifier says what is wrong
        host = host_of(key_id)
        if host is None:
            return None
        verdict = self._policies().verdict(host)
        if verdict is Verdict.BLOCKED:
            return Refusal(RefusalReason.HOST_BLOCKED, host)
        if not verdict.is_open:
            return Refusal(RefusalReason.HOST_NOT_ALLOWED, host)
        wait_s = self._proven.wait_s(host, now)
        if wait_s is None and not self._keys.is_in_memory(key_id):
            wait_s = self._claimed.hit(host, now)
            if wait_s is not None and await self._keys.is_stored(key_id):
                wait_s = None
        return Refusal(RefusalReason.RATE_LIMITED, str(wait_s)) if wait_s is not None else None

    async def _is_end_of_a_stranger(self, activity: Activity) -> bool:
        """Tell whether somebody never heard of, or gone, says goodbye or has news: nothing to do for that."""
        if activity.type not in {"Delete", "Update"} or activity.object_uri != activity.actor_uri:
            return False
        known = await self._store.read(lambda tx: actors.by_uri(tx, activity.actor_uri))
        return known is None or known.gone_at is not None

    async def _after_failed_check(
        self, refusal: Refusal, activity: Activity, key_id: str | None, now: datetime
    ) -> Refusal | None:
        """Believe an actor's own Delete without its key, if its server says that it is gone."""
        is_own_end = activity.type == "Delete" and activity.object_uri == activity.actor_uri
        if not is_own_end or refusal.reason is not RefusalReason.KEY_GONE:
            return refusal
        if host_of(key_id) != host_of(activity.actor_uri) or self._doubts.hit(activity.actor_uri, now):
            return refusal
        try:
            found = await self._resolver.actor(activity.actor_uri, Budget(2), is_refresh=True)
        except PeerGone:

            async def unit(tx: Tx) -> None:
                actor = await actors.by_uri(tx, activity.actor_uri)
                if actor is not None and not actor.is_local:
                    await remote_actors.end(tx, self._site, actor, now=now)

            await self._store.write(unit)
            self._keys.forget(activity.actor_uri)
            return None
        except LibLineError as error:
            return Refusal(refusal.reason, error.detail)
        return refusal if isinstance(found, Refusal) else Refusal(refusal.reason, "the actor is still there")

    async def _refuse_ownership(
        self, activity: Activity, document: Mapping[str, Any], sender: VerifiedSender, now: datetime
    ) -> Refusal | None:
        if host_of(activity.uri) != host_of(activity.actor_uri):
            return Refusal(RefusalReason.FOREIGN_ID, f"{activity.uri} of {activity.actor_uri}")
        if activity.actor_uri == sender.actor_uri:
            return None
        # Forwarded by another server: believed only with the author's own proof (FEP-8b32).
        if activity.has_proof and await self._is_proven(activity, document, now):
            return None
        if "signature" in document:  # an LD signature: a forward that Mastodon would send again and again
            return Refusal(RefusalReason.NOT_FOR_US, "forwarded without a proof")
        return Refusal(RefusalReason.WRONG_ACTOR, f"{sender.actor_uri} sends as {activity.actor_uri}")

    async def _is_proven(self, activity: Activity, document: Mapping[str, Any], now: datetime) -> bool:
        key_id = proof_key_id(document)
        if key_id is None or host_of(key_id) != host_of(activity.actor_uri):
            return False
        key = await self._keys.find(key_id, refresh=False)
        return (
            isinstance(key, VerificationKey)
            and key.owner_uri == activity.actor_uri
            and verify_proof(document, key.public_key, now=now)
        )

    # --- the batching writer ----------------------------------------------------------------------

    async def _keep(self, activity: Activity, sender: VerifiedSender, body: bytes) -> None:
        """Store an activity; returns after the commit.

        Raises: StoreBusy.
        """
        received = ReceivedActivity(
            # With the actor: nobody can use up the id of another one's activity before it comes.
            activity_hash=sha256(f"{activity.actor_uri}\n{activity.uri}".encode()).digest(),
            activity_uri=activity.uri,
            type=activity.type[:40],
            actor_uri=activity.actor_uri,
            signer_uri=sender.actor_uri,
            key_id=sender.key_id,
            host=sender.host,
            body=body,
        )
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((received, done))
        await done

    async def run(self, stop: asyncio.Event) -> None:
        """Write what waits, group after group, until `stop` is set and nothing waits any more."""
        stopper = asyncio.create_task(stop.wait())
        while not (stop.is_set() and self._waiting.empty()):
            getter = asyncio.create_task(self._waiting.get())
            await asyncio.wait({getter, stopper}, return_when=asyncio.FIRST_COMPLETED)
            if not getter.done():
                getter.cancel()
                continue
            group = [getter.result()]
            while len(group) < GROUP_COUNT and not self._waiting.empty():
                group.append(self._waiting.get_nowait())
            await self._write(group)
        stopper.cancel()

    async def _write(self, group: list[tuple[ReceivedActivity, asyncio.Future[None]]]) -> None:
        """Store a group and tell each sender how it went: nobody is left without an answer."""
        now = self._clock.now()
        received = [one for one, _ in group]
        failure: StoreBusy | None = StoreBusy("the inbox was not written")
        try:
            await self._store.write(lambda tx: inbox_activities.add_many(tx, received, now=now))
            failure = None
        except LibLineError as error:
            failure = error if isinstance(error, StoreBusy) else StoreBusy(repr(error))
        finally:
            for _, done in group:
                if done.done():
                    continue
                if failure is None:
                    done.set_result(None)
                else:
                    done.set_exception(failure)


def _target(scope: Mapping[str, Any]) -> str:
    """Return the raw path and query as they were sent; nothing decoded, nothing normalised."""
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw_path.partition(b"?")[0]
    query: bytes = scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


async def _read_body(request: Request) -> bytes | Refusal:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        return Refusal(RefusalReason.BAD_MEDIA_TYPE, media_type[:100])
    declared = request.headers.get("content-length", "0")
    if not declared.isascii() or not declared.isdigit() or int(declared) > MAX_BODY_BYTES:
        return Refusal(RefusalReason.TOO_LARGE, f"{declared[:20]} bytes declared")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                return Refusal(RefusalReason.TOO_LARGE, "more than 1 MB")
    except ClientDisconnect:
        return Refusal(RefusalReason.BAD_JSON, "the sender hung up")
    return bytes(body)


def _answer(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(text, status_code=status, media_type="text/plain", headers=headers)
