"""An instance with its keyring, people in it, and what its mails say."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

import pytest

from libline_fed.activitypub.uris import Uris
from libline_fed.config import Federation, Registration
from libline_fed.domain.accounts import Member, Role
from libline_fed.domain.mails import Mail
from libline_fed.sealing import Sealer
from libline_fed.services import mails, members, passwords
from libline_fed.services.keys import Keyring
from libline_fed.services.limits import Limits
from libline_fed.services.site import Site
from libline_fed.storage import keys
from libline_fed.storage.store import Store
from tests.support.keys import ANA_RSA

PASSWORD = "correct horse 42"
CLIENT = "192.0.2.7"


@pytest.fixture
def sealer() -> Sealer:
    """A sealer with a secret key of this test."""
    return Sealer("a secret key that only this test knows")


@pytest.fixture
async def keyring(store: Store, sealer: Sealer, now: datetime) -> Keyring:
    """A keyring whose pool is full, so that no test makes RSA keys unless it is about that."""
    for _ in range(3):
        await store.write(
            lambda tx: keys.add_spare(
                tx, public_pem=ANA_RSA.public_pem, private_encrypted=sealer.seal(ANA_RSA.private_pem), now=now
            )
        )
    return Keyring(store, sealer)


@pytest.fixture
def site(keyring: Keyring) -> Site:
    """An instance that is open to everybody."""
    return Site(
        uris=Uris("https://lib.example"),
        keyring=keyring,
        name="Test Library",
        description="",
        contact_email="desk@lib.example",
        registration=Registration.OPEN,
        federation=Federation.OPEN,
        default_language="en",
        is_https=True,
    )


@pytest.fixture
def approving(site: Site) -> Site:
    """The same instance, where a moderator decides on new members."""
    return replace(site, registration=Registration.APPROVAL)


@pytest.fixture
def limiter(store: Store) -> Limits:
    """The counters of the instance."""
    return Limits(store)


Add = Callable[..., Awaitable[Member]]


@pytest.fixture
async def add(store: Store, site: Site, now: datetime) -> Add:
    """Make active members: `await add("ana", role=Role.ADMIN)`; their address is handle@mail.example."""
    password_hash = await passwords.hash_password(PASSWORD)

    async def make(handle: str, role: Role = Role.MEMBER) -> Member:
        member, _ = await store.write(
            lambda tx: members.add(
                tx,
                site,
                handle=handle,
                email=f"{handle}@mail.example",
                password_hash=password_hash,
                role=role,
                by=None,
                now=now,
            )
        )
        return member

    return make


@pytest.fixture
def outgoing(store: Store) -> Callable[[], Awaitable[list[Mail]]]:
    """Give the queued mails, oldest first."""

    async def look() -> list[Mail]:
        return list(reversed(await store.read(lambda tx: mails.list_mails(tx, state="queued"))))

    return look


def link_in(mail: Mail, page: str) -> str:
    """Return the secret of the only link to `page` in a mail."""
    secrets = re.findall(rf"https://lib\.example/{page}/([\w-]+)\n", mail.text_body)
    assert len(secrets) == 1, mail.text_body
    return str(secrets[0])
