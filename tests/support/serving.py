"""The public side of an instance, asked over ASGI as another server would ask it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from starlette.routing import Router

from libline_fed.activitypub.uris import Uris
from libline_fed.clock import FrozenClock
from libline_fed.config import Federation, Registration
from libline_fed.domain.accounts import Role
from libline_fed.domain.actors import Actor
from libline_fed.domain.peers import Policies
from libline_fed.domain.proposals import Draft, Proposal
from libline_fed.federation.answers import AnswerCache, Printer
from libline_fed.federation.discovery import Discovery
from libline_fed.federation.documents import Documents
from libline_fed.sealing import Sealer
from libline_fed.services import members, proposals
from libline_fed.services.instance import ensure_instance_actor
from libline_fed.services.keys import Keyring
from libline_fed.services.site import Site
from libline_fed.storage import keys
from libline_fed.storage.store import Store
from tests.support.keys import ANA_RSA

BASE_URL = "https://lib.example"
ACTIVITY = "application/activity+json"
DRAFT = Draft(
    purpose="offer",
    title="Cataloguing with RDA",
    body_text="One hour a month, online.",
    areas=("A0301",),
    languages=("es", "en"),
    modes=("M1",),
    places_count=2,
)


@dataclass
class Serving:
    """An instance with its public side."""

    store: Store
    site: Site
    clock: FrozenClock
    client: httpx.AsyncClient
    policy_entries: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, *, accept: str = ACTIVITY, **headers: str) -> httpx.Response:
        """Ask for a path, or for the path of one of our URIs."""
        path = path.removeprefix(BASE_URL)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.get(path, headers={"accept": accept, **named})

    async def read(self, path: str) -> Any:
        """Ask for a document that must be there."""
        answer = await self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    async def add_member(self, handle: str, role: Role = Role.MEMBER) -> Actor:
        """Add an active member."""
        member, _ = await self.store.write(
            lambda tx: members.add(
                tx, self.site, handle=handle, email=f"{handle}@mail.example", password_hash="x", role=role,
                by=None, now=self.clock.now(),
            )
        )  # fmt: skip
        return member.actor

    async def publish(self, author: Actor, draft: Draft = DRAFT) -> Proposal:
        """Publish a proposal, a second after what was before."""
        now = self.clock.advance(seconds=1)
        return await self.store.write(
            lambda tx: proposals.add(tx, self.site, author=author, draft=draft, now=now)
        )


@asynccontextmanager
async def serving(store: Store, clock: FrozenClock) -> AsyncIterator[Serving]:
    """Open the public side of an instance on a database."""
    sealer = Sealer("a secret key that only these tests know")
    now = clock.now()
    for _ in range(4):  # so that no test makes RSA keys
        await store.write(lambda tx: _spare(tx, sealer, now))
    site = Site(
        uris=Uris(BASE_URL),
        keyring=Keyring(store, sealer),
        name="Test Library",
        description="For tests.",
        contact_email=None,
        registration=Registration.OPEN,
        federation=Federation.OPEN,
        default_language="en",
        is_https=True,
    )
    await store.write(lambda tx: ensure_instance_actor(tx, site, now=now))
    with closing(AnswerCache(store)) as cache:
        printer = Printer({"x-content-type-options": "nosniff"})
        entries: dict[str, str] = {}
        documents = Documents(store, site, cache, printer, lambda: Policies(Federation.OPEN, entries))
        discovery = Discovery(store, site, cache, printer, clock)
        app = Router([*documents.routes(), *discovery.routes()], redirect_slashes=False)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            yield Serving(store, site, clock, client, entries)


async def _spare(tx: Any, sealer: Sealer, now: datetime) -> None:
    await keys.add_spare(
        tx, public_pem=ANA_RSA.public_pem, private_encrypted=sealer.seal(ANA_RSA.private_pem), now=now
    )
