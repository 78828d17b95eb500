"""The pages of one instance, used as people use them: forms are read from the page, filled in and sent."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from libline_fed.activitypub.objects import ActorDocument, Admitted, NoteDocument
from libline_fed.activitypub.uris import Uris
from libline_fed.clock import FrozenClock
from libline_fed.config import Federation, Registration
from libline_fed.domain.accounts import Member, Role
from libline_fed.domain.actors import Actor
from libline_fed.domain.posts import Post
from libline_fed.domain.proposals import Draft, Proposal
from libline_fed.errors import LibLineError, NotFound
from libline_fed.ids import new_id
from libline_fed.sealing import Sealer
from libline_fed.services import accounts, members, passwords, proposals
from libline_fed.services.instance import ensure_instance_actor
from libline_fed.services.keys import Keyring
from libline_fed.services.site import Site
from libline_fed.storage import actors, keys, posts
from libline_fed.storage.store import Store, Tx
from libline_fed.web.context import WebContext
from libline_fed.web.site import pages
from tests.support.homes import FakeHomes
from tests.support.keys import ANA_RSA

BASE_URL = "https://lib.example"
PASSWORD = "four quiet reading rooms"
_hashes: dict[str, str] = {}


@dataclass
class FakeLookups:
    """Other servers, as far as pages can see them: what is found at which address, or the error."""

    found: dict[str, Actor | Proposal | Post | LibLineError] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    asked_for_people: list[bool] = field(default_factory=list)

    async def find(self, text: str) -> Actor | Proposal | Post:
        """Find anything."""
        self.asked.append(text)
        found = self.found.get(text, NotFound("nothing there"))
        if isinstance(found, LibLineError):
            raise found
        return found

    async def find_actor(self, text: str) -> Actor:
        """Find a person."""
        found = await self.find(text)
        assert isinstance(found, Actor)
        return found

    async def find_again(self, user: str, host: str) -> Actor:
        """Find a person, not as known from before."""
        return await self.find_actor(f"@{user}@{host}")

    async def find_object(self, url: str) -> Actor | Proposal | Post:
        """Find what is at an address."""
        return await self.find(url)

    async def find_instance(self, text: str) -> Actor:
        """Find the actor of a server."""
        return await self.find_actor(text)

    async def subscribe_template(self, handle: str, *, is_person: bool) -> str:
        """Find the way into somebody's own server."""
        self.asked.append(handle)
        self.asked_for_people.append(is_person)
        if handle not in self.templates:
            raise NotFound("no such person")
        return self.templates[handle]


@dataclass
class Form:
    """One form of a page."""

    action: str
    method: str
    values: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """A page taken apart: its forms, links, headings, and the text a reader meets."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.response = response
        self.forms: list[Form] = []
        self.links: list[dict[str, str]] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.headings: list[str] = []
        self._texts: list[str] = []
        self._open: list[str] = []
        self._select: str | None = None
        self._area: str | None = None
        self.feed(response.text)

    @property
    def text(self) -> str:
        """All visible text on one line."""
        return " ".join(" ".join(self._texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, given))
        self._open.append(tag)
        if tag == "a":
            self.links.append(given)
        if tag == "h1":
            self.headings.append("")
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
        if tag == "option" and self._select and "selected" in given:
            self.forms[-1].values.append((self._select, given.get("value", "")))
        name = given.get("name", "")
        if not self.forms or not name:
            return
        if tag == "input" and (given.get("type") not in {"checkbox", "radio"} or "checked" in given):
            self.forms[-1].values.append((name, given.get("value", "")))
        if tag == "select":
            self._select = name
        if tag == "textarea":
            self._area = name
            self.forms[-1].values.append((name, ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None
        if tag == "select":
            self._select = None
        if tag in self._open:
            while self._open.pop() != tag:
                continue

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            name, value = self.forms[-1].values[-1]
            self.forms[-1].values[-1] = (name, value + data.removeprefix("\n") if not value else value + data)
            return
        if "style" in self._open or "script" in self._open or "title" in self._open:
            return
        self._texts.append(data)
        if "h1" in self._open:
            self.headings[-1] += data

    def form(self, action: str) -> Form:
        """Return the form that is sent to `action`."""
        return next(form for form in self.forms if form.action == action)

    def described(self, name: str) -> dict[str, str]:
        """Return the attributes of the field of that name."""
        return next(attrs for _, attrs in self.elements if attrs.get("name") == name)

    def problem_of(self, name: str) -> str:
        """Return the id of the sentence that says what is wrong with a field, or nothing."""
        described = self.described(name).get("aria-describedby", "")
        return next((part for part in described.split() if part.endswith("-error")), "")


class Browser:
    """One person's browser: keeps cookies, follows redirects by hand, sends what browsers send."""

    def __init__(self, app: Any, *, language: str = "en", address: str = "192.0.2.7") -> None:
        transport = httpx.ASGITransport(app=app, client=(address, 40_000))
        self.client = httpx.AsyncClient(transport=transport, base_url=BASE_URL)
        self.language = language

    async def get(self, path: str, **headers: str) -> Page:
        """Open a page and follow redirects within the site."""
        response = await self.raw_get(path, **headers)
        for _ in range(5):
            if response.status_code not in {301, 302, 303, 308}:
                break
            response = await self.raw_get(response.headers["location"], **headers)
        return Page(response)

    async def raw_get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page; a redirect is returned as it is."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.get(path, headers={"accept-language": self.language, **named})

    async def post(
        self, path: str, values: Mapping[str, str | list[str]], *, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send fields as a form of our own page does."""
        ours = {"sec-fetch-site": "same-origin", "origin": BASE_URL, "accept-language": self.language}
        return await self.client.post(path, data=dict(values), headers={**ours, **(headers or {})})

    async def submit(
        self, page: Page, action: str, *, at: str | None = None, **changed: str | list[str]
    ) -> Page:
        """Send the form of a page with some fields changed; return the page it leads to."""
        values: dict[str, str | list[str]] = {}
        for name, value in page.form(action).values:
            present = values.get(name)
            values[name] = (
                value if present is None else [*([present] if isinstance(present, str) else present), value]
            )
        response = await self.post(at or action, values | changed)
        if response.status_code in {302, 303}:
            return await self.get(response.headers["location"])
        return Page(response)

    async def fill(self, path: str, action: str | None = None, **changed: str | list[str]) -> Page:
        """Open a page and send its form."""
        return await self.submit(await self.get(path), action or path, **changed)

    async def log_in(self, handle: str) -> "Browser":
        """Log in as a member that `PagesWorld.add_member` made."""
        page = await self.fill("/login", email=f"{handle}@mail.example", password=PASSWORD)
        assert page.response.status_code == 200, page.text
        assert "Log out" in page.text, page.text
        return self


@dataclass
class PagesWorld:
    """An instance as its pages see it."""

    store: Store
    site: Site
    clock: FrozenClock
    context: WebContext
    lookups: FakeLookups
    homes: FakeHomes
    sealer: Sealer
    app: Any
    browsers: list[Browser] = field(default_factory=list)

    def browser(self, **options: str) -> Browser:
        """Open a browser."""
        browser = Browser(self.app, **options)
        self.browsers.append(browser)
        return browser

    async def member_browser(self, handle: str) -> Browser:
        """Open a browser in which a member is logged in."""
        return await self.browser().log_in(handle)

    async def guest_browser(self, handle: str = "carla", host: str = "m.example", **options: str) -> Browser:
        """Open a browser in which somebody of another server has signed in as a guest."""
        actor = await self.add_remote(handle, host)
        self.homes.people[f"{handle}@{host}"] = actor
        browser = self.browser(**options)
        leaving = await browser.fill("/guest/sign-in", handle=f"@{handle}@{host}")
        await come_back(self, browser, leaving, actor)
        return browser

    async def add_member(
        self, handle: str, role: Role = Role.MEMBER, *, has_read_primer: bool = True
    ) -> Member:
        """Add an active member whose password is PASSWORD."""
        password_hash = _hashes.get(PASSWORD) or await passwords.hash_password(PASSWORD)
        _hashes[PASSWORD] = password_hash
        await self._add_spare_key()
        member, _ = await self.store.write(
            lambda tx: members.add(
                tx,
                self.site,
                handle=handle,
                email=f"{handle}@mail.example",
                password_hash=password_hash,
                role=role,
                by=None,
                now=self.clock.now(),
            )
        )
        if has_read_primer:
            now = self.clock.now()
            await self.store.write(
                lambda tx: accounts.note_primer(tx, account_id=member.account.id, now=now)
            )
        return member

    async def add_remote(self, handle: str, host: str, **changed: Any) -> Actor:
        """Store somebody of another server, as if admitted."""
        document = remote_person(handle, host, **changed)
        now = self.clock.now()
        return await self.store.write(
            lambda tx: actors.put_remote(tx, Admitted(document, host, "signed"), acct_host=None, now=now)
        )

    async def publish(self, author: Actor, draft: Draft) -> Proposal:
        """Publish a proposal, a second after what was before."""
        now = self.clock.advance(seconds=1)
        return await self.store.write(
            lambda tx: proposals.add(tx, self.site, author=author, draft=draft, now=now)
        )

    async def _add_spare_key(self) -> None:
        await self.store.write(lambda tx: _spare(tx, self.sealer, self.clock.now()))


DRAFT = Draft(
    purpose="offer",
    title="Cataloguing with RDA",
    body_text="One hour a month, online.",
    areas=("A0301",),
    languages=("es", "en"),
    modes=("M1",),
    places_count=2,
)


def remote_person(handle: str, host: str, **changed: Any) -> ActorDocument:
    """Return the parsed document of somebody of another server."""
    base = f"https://{host}/users/{handle}"
    document = ActorDocument(
        uri=base,
        type="Person",
        handle=handle,
        inbox_url=f"{base}/inbox",
        shared_inbox_url=f"https://{host}/inbox",
        outbox_url=None,
        followers_uri=f"{base}/followers",
        featured_url=None,
        proposals_url=None,
        url=f"https://{host}/@{handle}",
        name=handle.title(),
        summary_html="<p>A librarian.</p>",
        icon_url=None,
        fields=(),
        public_keys=(),
        manually_approves_followers=False,
        discoverable=True,
        also_known_as=(),
        moved_to_uri=None,
        webfinger=None,
        published_at=None,
    )
    return replace(document, **changed)


@asynccontextmanager
async def pages_world(store: Store, clock: FrozenClock, **changed: Any) -> AsyncIterator[PagesWorld]:
    """Open the pages of an instance on a database; `changed` are fields of its Site."""
    sealer = Sealer("a secret key that only these tests know")
    now = clock.now()
    for _ in range(3):  # so that no test makes RSA keys
        await store.write(lambda tx: _spare(tx, sealer, now))
    site = replace(
        Site(
            uris=Uris(BASE_URL),
            keyring=Keyring(store, sealer),
            name="Test Library",
            description="",
            contact_email="hello@lib.example",
            registration=Registration.OPEN,
            federation=Federation.OPEN,
            default_language="en",
            is_https=True,
        ),
        **changed,
    )
    await store.write(lambda tx: ensure_instance_actor(tx, site, now=now))
    lookups, homes = FakeLookups(), FakeHomes()
    context = WebContext(
        store=store,
        site=site,
        clock=clock,
        lookups=lookups,
        homes=homes,
        sealer=sealer,
    )
    world = PagesWorld(store, site, clock, context, lookups, homes, sealer, pages(context))
    yield world
    for browser in world.browsers:
        await browser.client.aclose()


async def _spare(tx: Tx, sealer: Sealer, now: datetime) -> None:
    await keys.add_spare(
        tx, public_pem=ANA_RSA.public_pem, private_encrypted=sealer.seal(ANA_RSA.private_pem), now=now
    )


async def come_back(world: PagesWorld, browser: Browser, leaving: Page, actor: Actor) -> Page:
    """Say yes at the server that a page leads to, as an actor, and press the button back here."""
    link = next(link["href"] for link in leaving.links if "/oauth/authorize?" in link.get("href", ""))
    state = dict(parse_qsl(urlsplit(link).query))["state"]
    world.homes.codes[f"code of {state}"] = actor
    path = f"/guest/return/{actor.host}"
    back = await browser.get(f"{path}?{urlencode({'code': f'code of {state}', 'state': state})}")
    return await browser.submit(back, path)


def path_in(text: str, page: str) -> str:
    """Return the path of a link in a mail."""
    return next(urlsplit(word).path for word in text.split() if f"/{page}/" in word)


async def add_post(world: PagesWorld, author_id: str, author_uri: str, visibility: str, name: str) -> str:
    """Store a post of another server, as if admitted; return its id here."""
    note = NoteDocument(
        uri=f"{author_uri}/posts/{name}",
        type="Note",
        author_uri=author_uri,
        url=None,
        title="",
        content_html=f"<p>Canary {name}</p>",
        language="es",
        published_at=world.clock.now(),
        updated_at=None,
        to=(),
        cc=(),
        in_reply_to_uri=None,
        context_uri=None,
        mentions=(),
        hashtags=(),
        is_sensitive=False,
        poll_vote=None,
    )
    post_id = new_id(world.clock.now())
    values = {
        "id": post_id,
        "author_id": author_id,
        "visibility": visibility,
        "received_at": world.clock.now(),
        "published_at": world.clock.now(),
    }
    await world.store.write(
        lambda tx: posts.add_many(tx, [(Admitted(note, "library.example", "signed"), values)])
    )
    return post_id
