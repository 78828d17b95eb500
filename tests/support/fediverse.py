"""A small fediverse in one process: our inbox with a real database and real signatures, and people elsewhere.

Only the network is faked: documents of others are served by a function instead of a socket.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import httpx
from sqlalchemy import func, select
from starlette.routing import Router

from libline_fed.activitypub.keys import PrivateKey, load_private
from libline_fed.activitypub.uris import Uris
from libline_fed.clock import FrozenClock
from libline_fed.config import Federation, Registration
from libline_fed.domain.accounts import AccountState
from libline_fed.domain.actors import Actor
from libline_fed.domain.follows import Follow
from libline_fed.domain.inbox_activities import InboxActivity
from libline_fed.domain.peers import Policies
from libline_fed.domain.proposals import Draft, Proposal
from libline_fed.errors import NotFound
from libline_fed.federation.addresses import Resolver as Names
from libline_fed.federation.admit import Admitter
from libline_fed.federation.failures import FailureAnswers
from libline_fed.federation.fetch import Fetcher
from libline_fed.federation.http_client import HttpClient
from libline_fed.federation.inbox import Inbox
from libline_fed.federation.inbox_prepare import Preparer
from libline_fed.federation.inbox_worker import InboxWorker
from libline_fed.federation.keys import RemoteKeys
from libline_fed.federation.resolve import Resolver
from libline_fed.federation.signatures import Verifier, sign
from libline_fed.sealing import Sealer
from libline_fed.services import follows, members, notifications, posts, proposals
from libline_fed.services import inbox as inbox_service
from libline_fed.services.instance import ensure_instance_actor
from libline_fed.services.keys import Keyring
from libline_fed.services.site import Site
from libline_fed.storage import accounts, actors
from libline_fed.storage import posts as post_rows
from libline_fed.storage.store import Store, Tx
from libline_fed.storage.tables import activities, metadata
from tests.support import keys
from tests.support.listed import listed_titles

US = "https://lib.example"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
ACTIVITY_JSON = "application/activity+json"
JRD_JSON = "application/jrd+json"


@dataclass
class Person:
    """Somebody on another server, with a real RSA key."""

    host: str
    name: str
    private_key: PrivateKey
    public_pem: str
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        return f"https://{self.host}/users/{self.name}"

    @property
    def key_id(self) -> str:
        return f"{self.uri}#main-key"

    def document(self) -> dict[str, Any]:
        return {
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": self.uri,
            "type": "Person",
            "preferredUsername": self.name,
            "name": self.name.title(),
            "inbox": f"{self.uri}/inbox",
            "followers": f"{self.uri}/followers",
            "featured": f"{self.uri}/featured",
            "endpoints": {"sharedInbox": f"https://{self.host}/inbox"},
            "publicKey": {"id": self.key_id, "owner": self.uri, "publicKeyPem": self.public_pem},
            **self.changes,
        }

    def says(self, type_: str, object_: Any, **more: Any) -> dict[str, Any]:
        """Return an activity of this person."""
        said = json.dumps([type_, object_, more], sort_keys=True, default=str)
        return {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"{self.uri}/activities/{sha256(said.encode()).hexdigest()[:16]}",
            "type": type_,
            "actor": self.uri,
            "object": object_,
            **more,
        }

    def note(self, number: int, **more: Any) -> dict[str, Any]:
        """Return a public post."""
        return {
            "id": f"{self.uri}/statuses/{number}",
            "type": "Note",
            "attributedTo": self.uri,
            "content": f"<p>Post {number}</p>",
            "published": "2026-11-24T08:00:00Z",
            "to": [PUBLIC],
            "cc": [f"{self.uri}/followers"],
            **more,
        }

    def offer(self, number: int, **more: Any) -> dict[str, Any]:
        """Return a public mentoring offer."""
        note = self.note(number, content=f"<p><strong>Offer {number}</strong></p><p>I can help.</p>")
        return note | {
            "title": f"Offer {number}",
            "purpose": "offer",
            "proposalStatus": "open",
            "revision": 1,
            "availableLanguage": ["en"],
            "modality": ["M1"],
            "publishes": {
                "type": "Intent",
                "id": f"{note['id']}#primary",
                "action": "deliverService",
                "resourceConformsTo": "https://w3id.org/libline/ns#Mentorship",
                "resourceClassifiedAs": ["https://w3id.org/libline/vocab/v1/area/A0301"],
                "availableQuantity": {"hasUnit": "one", "hasNumericalValue": "2"},
            },
            **more,
        }


@dataclass
class Fediverse:
    """Our side, and what the others serve."""

    store: Store
    clock: FrozenClock
    site: Site
    client: HttpClient
    served: dict[str, Any]
    asked: list[str]
    policies: dict[str, str]
    http: httpx.AsyncClient
    worker: InboxWorker
    resolver: Resolver
    remote_keys: RemoteKeys
    admitter: Admitter

    def meet(self, host: str, name: str, key: str = "ana") -> Person:
        """Put a person on another server."""
        pair = {"ana": keys.ANA_RSA, "ben": keys.BEN_RSA, "cleo": keys.CLEO_RSA}[key]
        person = Person(host, name, load_private(pair.private_pem), pair.public_pem)
        self.served[person.uri] = person.document
        return person

    async def send(
        self, signer: Person, document: Any, *, path: str = "/inbox", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """POST something, signed by somebody."""
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        signed = sign(
            "POST",
            US + path,
            key_id=signer.key_id,
            private_key=signer.private_key,
            now=self.clock.now(),
            body=body,
        )
        return await self.http.post(US + path, content=body, headers=signed | (headers or {}))

    async def apply(self) -> None:
        """Let the worker apply everything that is due."""
        while await self.worker.run_once():
            pass

    async def receive(self, signer: Person, document: dict[str, Any]) -> InboxActivity:
        """Send an activity, see it accepted, apply it, and return its row."""
        response = await self.send(signer, document)
        assert response.status_code == 202, response.text
        await self.apply()
        listed = await self.store.read(inbox_service.list_activities)
        return next(row for row in listed if row.activity_uri == document["id"])

    async def rows(self, *but: str) -> dict[str, list[Any]]:
        """Return every row of every table but some: what must stay as it is, byte for byte."""

        async def unit(tx: Tx) -> dict[str, list[Any]]:
            return {
                table.name: sorted(repr(tuple(row)) for row in await tx.all(select(table)))
                for table in metadata.sorted_tables
                if table.name not in but
            }

        return await self.store.read(unit)

    async def counts(self) -> dict[str, int]:
        """Count the rows of every table: what must not change when something is refused."""

        async def unit(tx: Tx) -> dict[str, int]:
            return {
                table.name: int(await tx.scalar(select(func.count()).select_from(table)))
                for table in metadata.sorted_tables
            }

        return await self.store.read(unit)

    async def member(self, handle: str, **profile: Any) -> Actor:
        """Make a member here."""
        now = self.clock.now()
        await self.site.keyring.prepare(now=now)
        new = members.NewMember(
            handle=handle, email=f"{handle}@lib.example", password_hash=None, state=AccountState.ACTIVE
        )

        async def unit(tx: Tx) -> Actor:
            made = await members.create(tx, self.site, new, now=now)
            return await actors.change(tx, made.actor.id, now, **profile)

        return await self.store.write(unit)

    async def follow(self, follower: Actor, person: Person) -> Actor:
        """Let a member follow a person elsewhere who says yes; return the person as known here."""
        followed = await self.resolver.find_actor(person.uri)
        asked = await self.ask_to_follow(follower, person)
        yes = person.says(
            "Accept", {"id": asked.uri, "type": "Follow", "actor": follower.uri, "object": person.uri}
        )
        assert (await self.receive(person, yes)).state == "applied"
        return followed

    async def listed(self) -> list[str]:
        """List the titles of the offers that visitors see."""
        return await listed_titles(self.store, self.clock.now(), is_member=False)

    async def ask_to_follow(self, follower: Actor, person: Person) -> Follow:
        """Let a member ask to follow a person elsewhere, who has not answered yet."""
        followed = await self.resolver.find_actor(person.uri)
        now = self.clock.now()
        return await self.store.write(
            lambda tx: follows.follow(tx, self.site, follower=follower, followed=followed, now=now)
        )

    async def state_of(self, uri: str) -> tuple[str, str | None]:
        """Return where the activity with an id stands, and why."""
        listed = await self.store.read(inbox_service.list_activities)
        row = next(row for row in listed if row.activity_uri == uri)
        return row.state, row.reason

    async def readers(self, uri: str, *people: Actor | None) -> list[bool]:
        """Tell for each of some members, or None for a visitor, whether they may read a post."""

        async def reads(tx: Tx, post_id: str, reader: Actor | None) -> bool:
            account = await accounts.by_actor(tx, reader.id) if reader is not None else None
            try:
                await posts.get(tx, post_id, account)
            except NotFound:
                return False
            return True

        async def unit(tx: Tx) -> list[bool]:
            post = (await post_rows.by_uris(tx, (uri,)))[uri]
            return [await reads(tx, post.id, reader) for reader in people]

        return await self.store.read(unit)

    async def own_offer(self, author: Actor) -> Proposal:
        """Publish an offer of a member."""
        draft = Draft("offer", "Ours", "A text.", "en", ("A0301",), ("en",), ("M1",))
        now = self.clock.now()
        return await self.store.write(
            lambda tx: proposals.add(tx, self.site, author=author, draft=draft, now=now)
        )

    async def notices(self, member: Actor) -> list[str]:
        """List the kinds of a member's notifications, oldest first."""

        async def unit(tx: Tx) -> list[str]:
            account = await accounts.by_actor(tx, member.id)
            assert account is not None
            page = await notifications.list_for(tx, account.id)
            return [notice.notification.kind for notice in reversed(page.items)]

        return await self.store.read(unit)

    async def said(self, type_: str) -> list[dict[str, Any]]:
        """Return what members here said, of one type, oldest first."""
        asked = select(activities.c.body).where(activities.c.type == type_).order_by(activities.c.id)
        return [json.loads(body) for body in await self.store.read(lambda tx: tx.scalars(asked))]


@contextlib.asynccontextmanager
async def fediverse(
    store: Store, clock: FrozenClock, *, mode: Federation = Federation.OPEN, names: Names | None = None
) -> AsyncIterator[Fediverse]:
    """Build our side over a fake network, or over a real one whose names are looked up by `names`."""
    served: dict[str, Any] = {}
    asked: list[str] = []
    policies: dict[str, str] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        asked.append(url)
        found = served.get(url)
        found = found() if callable(found) else found
        if isinstance(found, httpx.Response | int):
            return found if isinstance(found, httpx.Response) else httpx.Response(found)
        if isinstance(found, Exception):
            raise found
        if found is None:
            return httpx.Response(404)
        media_type = JRD_JSON if "/.well-known/webfinger?" in url else ACTIVITY_JSON
        return httpx.Response(200, content=json.dumps(found), headers={"Content-Type": media_type})

    client = HttpClient(
        allow_private=False,
        own_host="lib.example",
        user_agent="test",
        extra_ca=None,
        transport=httpx.MockTransport(answer) if names is None else None,
        resolver=names,
    )
    keyring = Keyring(store, Sealer("x" * 40))
    uris = Uris(US)
    site = Site(uris, keyring, "Test", "", None, Registration.OPEN, mode, "en", is_https=True)
    now = clock.now()
    await keyring.prepare(now=now)
    instance = await store.write(lambda tx: ensure_instance_actor(tx, site, now=now))

    async def signer() -> tuple[str, PrivateKey]:
        return uris.main_key(uris.instance_actor), await keyring.signing_key(instance.id)

    def present() -> Policies:
        return Policies(mode, policies)

    fetcher = Fetcher(client, signer, clock, present)
    admitter = Admitter(fetcher, uris, present)
    remote_keys = RemoteKeys(store, admitter, clock)
    resolver = Resolver(store, site, admitter, fetcher, clock)
    inbox = Inbox(
        store,
        site,
        clock,
        verifier=Verifier(remote_keys, US),
        remote_keys=remote_keys,
        resolver=resolver,
        policies=present,
        per_host_per_minute=50,
    )
    preparer = Preparer(store, site, admitter=admitter, resolver=resolver, remote_keys=remote_keys)
    stop = asyncio.Event()
    writing = asyncio.create_task(inbox.run(stop))
    app = FailureAnswers(Router(inbox.routes()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as http:
        yield Fediverse(
            store,
            clock,
            site,
            client,
            served,
            asked,
            policies,
            http,
            InboxWorker(store, site, clock, preparer),
            resolver,
            remote_keys,
            admitter,
        )
    stop.set()
    await writing
    await client.aclose()
