"""Signing in with an account of another server: identity only, and never the account of a member here.

The other server says who somebody is, once; its token is given back at once and stored nowhere. What remains
is a session bound to the actor, with which a guest does on pages what would else be done by messages.
"""

import asyncio
from datetime import datetime
from typing import Protocol
from urllib.parse import quote

import structlog

from libline_fed.domain.actors import Actor
from libline_fed.domain.guests import (
    ATTEMPT_LIFE,
    Answer,
    Attempt,
    Departure,
    Endpoints,
    OAuthClient,
    Problem,
    Registration,
    authorize_url,
    may_sign_in,
    mixes_up,
)
from libline_fed.domain.sessions import Opened
from libline_fed.errors import PermanentError
from libline_fed.ids import hash_token, new_token
from libline_fed.sealing import Sealer
from libline_fed.services import limits, mentorship_views, sessions
from libline_fed.services.limits import Limits
from libline_fed.services.mentorship_views import MentorshipView
from libline_fed.services.site import Site
from libline_fed.storage import actors, guests, peers
from libline_fed.storage import sessions as session_rows
from libline_fed.storage.store import Store, Tx

RETURN_PATH = "/guest/return"
MAX_WAITING = 100

log = structlog.get_logger(__name__)


class SignInFailed(PermanentError):
    """Nobody was signed in; `problem` says why."""

    safe = "You are not signed in."

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(f"{problem}: {detail}" if detail else str(problem))
        self.problem = problem


class ClientForgotten(PermanentError):
    """The other server does not know this registration (any more): `invalid_client`, RFC 6749 §5.2."""


class HomeServers(Protocol):
    """Speaks OAuth with the servers where people have their accounts.

    Fulfilled by the federation side. All methods do network: never call them in a transaction.
    """

    async def find(self, handle: str) -> Actor:
        """Find who has an address; rules about servers are asked before any request.

        Raises: SignInFailed.
        """
        ...

    async def register(self, actor: Actor, *, redirect_url: str) -> Registration:
        """Make this instance known to the actor's server.

        Raises: SignInFailed.
        """
        ...

    async def identify(
        self, registration: Registration, *, actor_uri: str, code: str, verifier: str, redirect_url: str
    ) -> Actor:
        """Exchange a code for a token, ask whose it is, give it back, and return that actor, read afresh.

        Raises: SignInFailed; ClientForgotten.
        """
        ...


class SignIn:
    """Signing in with an account of another server. One per process; made by the composition root."""

    def __init__(self, store: Store, site: Site, limits: Limits, sealer: Sealer, homes: HomeServers) -> None:
        self._store = store
        self._site = site
        self._limits = limits
        self._sealer = sealer
        self._homes = homes
        self._under_way: dict[tuple[str, ...], asyncio.Future[tuple[Opened, str]]] = {}

    async def begin(
        self, *, handle: str, browser: str, client: str, next_path: str, now: datetime
    ) -> Departure:
        """Prepare a sign-in for the browser that holds the secret `browser`, to go on at `next_path`.

        Raises: SignInFailed; TooManyTries.
        """
        await self._limits.demand(limits.GUEST_PER_CLIENT, limits.network_of(client), now=now)
        actor = await self._homes.find(handle)
        registration = await self._registration(actor, now)
        state, verifier = new_token(), new_token()  # RFC 7636 §4.1: 43 characters of 256 random bits
        attempt = Attempt(
            state_hash=hash_token(state),
            host=actor.host,
            actor_uri=actor.uri,
            browser_hash=hash_token(browser),
            verifier_encrypted=self._sealer.seal(verifier.encode()),
            next_path=next_path,
            created_at=now,
            expires_at=now + ATTEMPT_LIFE,
        )
        await self._store.write(lambda tx: guests.add_attempt(tx, attempt))
        url = authorize_url(
            registration, redirect_url=self._redirect_url(actor.host), state=state, verifier=verifier
        )
        return Departure(actor.host, url, actor)

    async def peek(self, answer: Answer, *, browser: str, now: datetime) -> Actor | None:
        """Return who is about to come back with an answer. Changes nothing, so that a link may lead here.

        Raises: SignInFailed.
        """

        async def unit(tx: Tx) -> Actor | None:
            found = await guests.attempt(
                tx, state_hash=hash_token(answer.state), browser_hash=hash_token(browser), now=now
            )
            client = await guests.client(tx, found.host) if found else None
            attempt, _ = _checked(answer, found, client)
            return await actors.by_uri(tx, attempt.actor_uri)

        return await self._store.read(unit)

    async def finish(
        self, answer: Answer, *, browser: str, old_token: str | None, now: datetime
    ) -> tuple[Opened, str]:
        """Prove who came back and open a guest's session; the browser's former cookie, `old_token`, dies.

        An answer counts once; sent twice at the same time, by a double click, it leads to one session.
        Returns: the session, and the path to go on at.
        Raises: SignInFailed.
        """
        key = (answer.host, answer.state, answer.code, answer.issuer, browser)
        running = self._under_way.get(key)
        if running is None:
            running = asyncio.ensure_future(self._finish(answer, browser, old_token, now))
            self._under_way[key] = running
            running.add_done_callback(lambda _: self._under_way.pop(key, None))
        return await asyncio.shield(running)

    async def _finish(
        self, answer: Answer, browser: str, old_token: str | None, now: datetime
    ) -> tuple[Opened, str]:
        async def take(tx: Tx) -> tuple[Attempt | None, OAuthClient | None]:
            found = await guests.take_attempt(
                tx, state_hash=hash_token(answer.state), browser_hash=hash_token(browser), now=now
            )
            return found, await guests.client(tx, found.host) if found else None

        attempt, client = _checked(answer, *await self._store.write(take))
        try:
            actor = await self._homes.identify(
                self._unsealed(client),
                actor_uri=attempt.actor_uri,
                code=answer.code,
                verifier=self._sealer.unseal(attempt.verifier_encrypted).decode(),
                redirect_url=self._redirect_url(attempt.host),
            )
        except ClientForgotten as error:
            await self._store.write(
                lambda tx: guests.forget_client(tx, host=client.host, client_id=client.client_id)
            )
            raise SignInFailed(Problem.NOT_CONFIRMED, error.detail) from error
        if actor.uri != attempt.actor_uri or actor.host != attempt.host or actor.is_local:
            raise SignInFailed(Problem.MISMATCH, f"{actor.uri} instead of {attempt.actor_uri}")

        async def open_for(tx: Tx) -> Opened | None:
            present = await actors.by_id(tx, actor.id)  # deleted or blocked while we asked?
            if present is None or not await may_stay(tx, self._site, present):
                return None
            if old_token:
                await session_rows.remove(tx, hash_token(old_token))
            return await sessions.open_session(tx, guest=actor, now=now)

        opened = await self._store.write(open_for)
        if opened is None:
            raise SignInFailed(Problem.NOT_WELCOME, actor.uri)
        log.info("guest-signed-in", actor=actor.uri)
        return opened, attempt.next_path

    async def _registration(self, actor: Actor, now: datetime) -> Registration:
        """Return how this instance is known at the actor's server, made known there if need be."""
        host = actor.host
        known = await self._store.read(lambda tx: guests.client(tx, host))
        if known is not None and known.is_fresh(now):
            return self._unsealed(known)
        made = await self._homes.register(actor, redirect_url=self._redirect_url(host))
        sealed = self._sealer.seal(made.client_secret.encode())

        async def keep(tx: Tx) -> OAuthClient | None:
            await guests.keep_client(
                tx,
                host=host,
                client_id=made.client_id,
                secret_encrypted=sealed,
                scope=made.scope,
                endpoints=made.endpoints,
                instead_of=known.client_id if known is not None else None,
                now=now,
            )
            return await guests.client(tx, host)

        kept = await self._store.write(keep)
        return self._unsealed(kept) if kept is not None else made

    def _unsealed(self, client: OAuthClient) -> Registration:
        secret = self._sealer.unseal(client.secret_encrypted).decode()
        return Registration(client.client_id, secret, client.scope, Endpoints.from_row(client.endpoints))

    def _redirect_url(self, host: str) -> str:
        """Return the address of answers from one server: each has its own (RFC 9700 §4.4.2.2)."""
        return f"{self._site.uris.base_url}{RETURN_PATH}/{quote(host, safe=':')}"


def _checked(
    answer: Answer, attempt: Attempt | None, client: OAuthClient | None
) -> tuple[Attempt, OAuthClient]:
    """Let an answer pass that belongs to an attempt and came from the server that was asked.

    Raises: SignInFailed.
    """
    if attempt is None or client is None:
        raise SignInFailed(Problem.OVER, f"no attempt for an answer from {answer.host[:100]}")
    if mixes_up(answer, attempt, Endpoints.from_row(client.endpoints)):
        detail = f"asked {attempt.host}, answered by {answer.host[:100]} as {answer.issuer[:100]!r}"
        raise SignInFailed(Problem.MIX_UP, detail)
    if answer.error:  # RFC 6749 §4.1.2.1
        problem = Problem.DENIED if answer.error == "access_denied" else Problem.NOT_CONFIRMED
        raise SignInFailed(problem, f"{attempt.host} says {answer.error[:100]!r}")
    if not answer.code:
        raise SignInFailed(Problem.NOT_CONFIRMED, f"{attempt.host} sent no code")
    return attempt, client


async def count_waiting(tx: Tx, guest: Actor) -> int:
    """Count what waits for a guest's word, up to 100."""
    return len(await guests.waiting_ids(tx, guest.id, limit=MAX_WAITING))


async def waiting_for(tx: Tx, guest: Actor) -> list[MentorshipView]:
    """List the mentorships that wait for a guest's word, the one that waits longest first, 100 at most."""
    ids = await guests.waiting_ids(tx, guest.id, limit=MAX_WAITING)
    return [await mentorship_views.get(tx, mentorship_id, person=guest) for mentorship_id in ids]


async def may_stay(tx: Tx, site: Site, guest: Actor) -> bool:
    """Tell whether somebody of another server may be here, by what the admins say of that server now."""
    verdict = await peers.verdict(tx, guest.host, site.federation)
    return guest.is_usable and not guest.is_local and may_sign_in(verdict)
