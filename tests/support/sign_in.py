"""Our side of signing in with accounts of other servers, and servers like Mastodon where people have them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import select
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from libline_fed.activitypub.keys import PrivateKey
from libline_fed.activitypub.uris import Uris
from libline_fed.clock import FrozenClock
from libline_fed.config import Federation, Registration
from libline_fed.domain.actors import Actor
from libline_fed.domain.guests import Answer, Departure, Problem
from libline_fed.domain.peers import Policies
from libline_fed.domain.sessions import Opened
from libline_fed.federation.admit import Admitter
from libline_fed.federation.fetch import Fetcher
from libline_fed.federation.http_client import HttpClient
from libline_fed.federation.oauth import MastodonHomes
from libline_fed.federation.resolve import Resolver
from libline_fed.sealing import Sealer
from libline_fed.services.guests import SignIn, SignInFailed
from libline_fed.services.instance import ensure_instance_actor
from libline_fed.services.keys import Keyring
from libline_fed.services.limits import Limits
from libline_fed.services.site import Site
from libline_fed.storage.store import Store, Tx
from libline_fed.storage.tables import metadata, sessions
from tests.mastodon_peer.network import Network
from tests.mastodon_peer.peer import MastodonPeer

US = "https://lib.example"
BROWSER = "the secret in the cookie of one browser"
CLIENT = "192.0.2.7"


@dataclass
class Bent:
    """An app whose answers at some paths are others than it gives."""

    app: Any
    answers: dict[str, Response] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await self.answers.get(scope["path"], self.app)(scope, receive, send)


@dataclass
class SignInWorld:
    """Our instance, as far as it signs people in, and the internet around it."""

    store: Store
    clock: FrozenClock
    site: Site
    sealer: Sealer
    network: Network
    resolver: Resolver
    homes: MastodonHomes
    sign_in: SignIn
    policies: dict[str, str]
    peers: dict[str, MastodonPeer] = field(default_factory=dict)
    bent: dict[str, Bent] = field(default_factory=dict)

    def meet(self, host: str, *people: str) -> MastodonPeer:
        """Set up a server with some people."""
        peer = MastodonPeer(f"https://{host}", self.network.client(), now=self.clock.now)
        for name in people:
            peer.person(name)
        self.peers[host] = peer
        self.bent[host] = Bent(peer.app)
        self.network.add(host, self.bent[host])
        return peer

    async def begin(self, handle: str, *, browser: str = BROWSER, next_path: str = "/") -> Departure:
        """Begin to sign in."""
        return await self.sign_in.begin(
            handle=handle, browser=browser, client=CLIENT, next_path=next_path, now=self.clock.now()
        )

    async def consent(self, departure: Departure, username: str, decision: str = "allow") -> str:
        """Answer the question that the other server asks; return the address that it leads back to."""
        async with self.network.client() as http:
            asked = await http.get(departure.url)
            assert asked.status_code == 200, asked.text
            form = dict(parse_qsl(urlsplit(departure.url).query)) | {
                "username": username,
                "decision": decision,
            }
            back = await http.post(f"https://{departure.host}/oauth/authorize", data=form)
        assert back.status_code == 302, back.text
        return back.headers["location"]

    async def finish(self, answer: Answer, *, browser: str = BROWSER) -> Opened:
        """Come back with an answer."""
        opened, _ = await self.sign_in.finish(answer, browser=browser, old_token=None, now=self.clock.now())
        return opened

    async def whole(self, handle: str, username: str) -> Opened:
        """Sign in from beginning to end."""
        departure = await self.begin(handle)
        return await self.finish(answer_in(await self.consent(departure, username)))

    async def guests(self) -> list[str | None]:
        """List whose sessions there are."""
        asked = select(sessions.c.guest_actor_id)
        return list(await self.store.read(lambda tx: tx.scalars(asked)))

    async def everything(self) -> str:
        """Return all that is stored, as text."""

        async def unit(tx: Tx) -> str:
            rows = [row for table in metadata.sorted_tables for row in await tx.all(select(table))]
            return "\n".join(str(tuple(row)) for row in rows)

        return await self.store.read(unit)


def answer_in(url: str, **changed: str) -> Answer:
    """Read the answer in an address that a server leads back to."""
    parts = urlsplit(url)
    values: Mapping[str, str] = dict(parse_qsl(parts.query))
    return Answer(
        **{
            "host": parts.path.rpartition("/")[2],
            "state": values.get("state", ""),
            "code": values.get("code", ""),
            "issuer": values.get("iss", ""),
            "error": values.get("error", ""),
            **changed,
        }
    )


async def problem_of(step: Any) -> Problem:
    """Return why a step of signing in fails."""
    try:
        await step
    except SignInFailed as error:
        return error.problem
    raise AssertionError("it went well")


@asynccontextmanager
async def sign_in_world(
    store: Store, clock: FrozenClock, *, mode: Federation = Federation.OPEN, transport: Any = None
) -> AsyncIterator[SignInWorld]:
    """Build our side; other servers are reached through `Network`, or through a transport of the caller."""
    network, policies = Network(), {}  # type: ignore[var-annotated]
    client = HttpClient(
        allow_private=False, own_host="lib.example", user_agent="test", transport=transport or network
    )
    sealer, uris = Sealer("x" * 40), Uris(US)
    keyring = Keyring(store, sealer)
    site = Site(uris, keyring, "Test", "", None, Registration.OPEN, mode, "en", is_https=True)
    now = clock.now()
    await keyring.prepare(now=now)
    instance: Actor = await store.write(lambda tx: ensure_instance_actor(tx, site, now=now))

    async def signer() -> tuple[str, PrivateKey]:
        return uris.main_key(uris.instance_actor), await keyring.signing_key(instance.id)

    def present() -> Policies:
        return Policies(mode, policies)

    fetcher = Fetcher(client, signer, clock, present)
    resolver = Resolver(store, site, Admitter(fetcher, uris, present), fetcher, clock)
    homes = MastodonHomes(client, resolver, site, present)
    sign_in = SignIn(store, site, Limits(store), sealer, homes)
    yield SignInWorld(store, clock, site, sealer, network, resolver, homes, sign_in, policies)
    await client.aclose()


def html(status: int = 200) -> Response:
    """Return a page where JSON is expected."""
    return Response("<!doctype html><p>Hello", status_code=status, media_type="text/html")


def elsewhere(url: str) -> Response:
    """Return a redirect."""
    return Response(status_code=307, headers={"location": url})
