"""The composition root: the only file that knows every part, and puts them together.

`Instance` is all that one process needs, without a web server; `create_app` serves it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from functools import partial

import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from libline_fed import __version__
from libline_fed.activitypub.uris import Uris
from libline_fed.api.context import ApiContext
from libline_fed.api.routes import api_routes
from libline_fed.clock import Clock, SystemClock
from libline_fed.config import Federation, Settings
from libline_fed.domain.crawls import PER_HOST_S
from libline_fed.domain.peers import Policies
from libline_fed.federation.admit import Admitter
from libline_fed.federation.advice import AdviceReader
from libline_fed.federation.answers import AnswerCache, send_answer
from libline_fed.federation.crawl import Crawler
from libline_fed.federation.delivery import DeliverySettings, DeliveryWorker, Hooks
from libline_fed.federation.delivery_hooks import InboxOwners
from libline_fed.federation.failures import FailureAnswers
from libline_fed.federation.fetch import Fetcher
from libline_fed.federation.http_client import HttpClient
from libline_fed.federation.inbox import Inbox
from libline_fed.federation.inbox_prepare import Preparer
from libline_fed.federation.inbox_worker import InboxWorker
from libline_fed.federation.keys import RemoteKeys
from libline_fed.federation.needs import NeedReader
from libline_fed.federation.oauth import MastodonHomes
from libline_fed.federation.pace import Pace
from libline_fed.federation.policies import PolicyBoard
from libline_fed.federation.resolve import Resolver
from libline_fed.federation.routes import federation_routes
from libline_fed.federation.signatures import Verifier
from libline_fed.health import Health
from libline_fed.jobs.supervisor import Supervisor, Worker, every
from libline_fed.mail.backends import Backend, ConsoleBackend, SmtpBackend, parse_smtp_url
from libline_fed.mail.messages import sender_address
from libline_fed.mail.sender import MailWorker
from libline_fed.sealing import Sealer, load_secret
from libline_fed.services import first_run, housekeeping
from libline_fed.services.instance import ensure_instance_actor
from libline_fed.services.keys import Keyring
from libline_fed.services.site import Site
from libline_fed.storage import actors, migrate, search_words, trust
from libline_fed.storage.store import Store
from libline_fed.web import site as web
from libline_fed.web.clients import client_address
from libline_fed.web.context import WebContext
from libline_fed.web.security_headers import HEADERS, STRICT_TRANSPORT_SECURITY, SecurityHeaders

UPKEEP_S = 600.0

log = structlog.get_logger(__name__)


class Instance:
    """One instance as one process has it. Make it, `await open()` it, `await close()` it."""

    store: Store
    site: Site
    keyring: Keyring
    sealer: Sealer
    client: HttpClient
    fetcher: Fetcher
    keys: RemoteKeys
    admitter: Admitter
    resolver: Resolver
    instance_actor_id: str

    def __init__(self, settings: Settings, *, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.supervisor = Supervisor()
        self._closing = AsyncExitStack()
        self._board: PolicyBoard

    @property
    def policies(self) -> Policies:
        """The policies about other servers, as they are now."""
        return self._board()

    async def open(self) -> "Instance":
        """Open the database and make the parts that need it.

        Raises: SchemaMismatch if the database is not of this version; BrokenSecret or SealBroken if the
        secret key is missing or another one; StoreBusy.
        """
        try:
            await self._open()
        except BaseException:
            await self.close()
            raise
        return self

    async def close(self) -> None:
        """Close what was opened, the last first."""
        await self._closing.aclose()

    async def _open(self) -> None:
        settings = self.settings
        await asyncio.to_thread(settings.data_dir.mkdir, parents=True, exist_ok=True)
        self.store = await Store(settings.resolved_database_url()).open()
        self._closing.push_async_callback(self.store.close)
        await migrate.require_current(self.store)
        self.sealer = Sealer(await asyncio.to_thread(load_secret, settings))
        self.keyring = Keyring(self.store, self.sealer)
        self.site = make_site(settings, self.keyring)
        self.instance_actor_id = await self._instance_actor()
        await self._note_mode()
        await self.store.write(search_words.fill_missing)  # the first ones before the first page
        self._board = PolicyBoard(self.store, settings.federation)
        await self._board.refresh()
        self._open_federation()
        self._closing.push_async_callback(self.client.aclose)

    async def _note_mode(self) -> None:
        mode = self.settings.federation
        if await self.store.read(trust.mode) is not mode:
            await self.store.write(lambda tx: trust.note_mode(tx, mode))

    async def _instance_actor(self) -> str:
        known = await self.store.read(lambda tx: actors.by_uri(tx, self.site.uris.instance_actor))
        if known is None:
            now = self.clock.now()
            await self.keyring.prepare(now=now)
            known = await self.store.write(lambda tx: ensure_instance_actor(tx, self.site, now=now))
        await self.keyring.signing_key(known.id)  # another secret key is noticed now, not in a month
        return known.id

    def _open_federation(self) -> None:
        site, allow_private = self.site, self.settings.allow_private_peers
        self.client = self.make_client()
        self.fetcher = Fetcher(self.client, self._sign_as_instance, self.clock, self._board)
        self.admitter = Admitter(self.fetcher, site.uris, self._board, allow_private=allow_private)
        self.keys = RemoteKeys(self.store, self.admitter, self.clock)
        self.resolver = Resolver(
            self.store, site, self.admitter, self.fetcher, self.clock, allow_private=allow_private
        )

    def make_client(self) -> HttpClient:
        """Return the client that talks to other servers."""
        return HttpClient(
            allow_private=self.settings.allow_private_peers,
            own_host=self.site.uris.host,
            user_agent=f"LibLine/{__version__} (+{self.site.uris.base_url})",
            extra_ca=self.settings.extra_ca,
        )

    async def _sign_as_instance(self) -> tuple[str, RSAPrivateKey]:
        key = await self.keyring.signing_key(self.instance_actor_id)
        return self.site.uris.main_key(self.site.uris.instance_actor), key

    async def first_admin_link(self) -> str | None:
        """Return a fresh one-time link to become the first admin, or None if there is an admin."""
        now = self.clock.now()
        return await self.store.write(lambda tx: first_run.admin_link(tx, self.site, now=now))

    # --- work ------------------------------------------------------------------------------------

    async def run_workers(self, stop: asyncio.Event) -> None:
        """Apply the inbox, deliver, send mail and keep house until `stop` is set; end within ten seconds."""
        await self.supervisor.run({**self.watchers(), **self.workers()}, stop)

    def watchers(self) -> dict[str, Worker]:
        """Return what every process needs that lives longer than a command."""
        return {"policies": self._board.run, "offers": lambda stop: self.site.offers.keep(self.store, stop)}

    def workers(self) -> dict[str, Worker]:
        """Return what works through the queues."""
        is_off = self.settings.federation is Federation.OFF
        return {
            **({} if is_off else {"inbox": self.inbox_worker().run, "delivery": self._deliver}),
            **({} if is_off else {"crawls": self.crawler().run}),
            **({} if is_off else {"advice": self.advice_reader().run}),
            **({} if is_off else {"needs": every(UPKEEP_S, self.need_reader().step)}),
            "mail": self._mail_worker().run,
            "keys": lambda stop: self.keyring.run(stop, self.clock),
            **{name: every(UPKEEP_S, step) for name, step in self.upkeep_steps().items()},
        }

    def inbox_worker(self) -> InboxWorker:
        """Return what applies the inbox."""
        preparer = Preparer(
            self.store, self.site, admitter=self.admitter, resolver=self.resolver, remote_keys=self.keys
        )
        lease_s = self.settings.delivery_lease_s
        return InboxWorker(self.store, self.site, self.clock, preparer, lease_s=lease_s)

    def delivery_worker(self) -> DeliveryWorker:
        """Return what delivers; close it in the end."""
        own, owners = self.settings, InboxOwners(self.store, self.resolver)
        return DeliveryWorker(
            self.store,
            self.client,
            self.keyring,
            self.clock,
            self.site.uris,
            hooks=Hooks(self._board, owners.check, owners.drop),
            settings=DeliverySettings(own.delivery_concurrency, own.delivery_threads, own.delivery_lease_s),
        )

    def advice_reader(self) -> AdviceReader:
        """Return what reads the lists of servers that consortia publish."""
        return AdviceReader(self.store, self.site, self.admitter, self.fetcher, self.clock)

    def need_reader(self) -> NeedReader:
        """Return what reads the counts of co-members."""
        return NeedReader(self.store, self.site, self.admitter, self.clock)

    def crawler(self, *, per_host_s: float = PER_HOST_S) -> Crawler:
        """Return what reads the lists of linked servers and consortia."""
        return Crawler(
            self.store,
            self.site,
            self.clock,
            admitter=self.admitter,
            resolver=self.resolver,
            pace=Pace(per_host_s),
        )

    async def _deliver(self, stop: asyncio.Event) -> None:
        with closing(self.delivery_worker()) as worker:
            await worker.run(stop)

    def _mail_worker(self) -> MailWorker:
        settings = self.settings
        sender = sender_address(settings.base_url, settings.instance_name, settings.mail_from)
        backend: Backend = ConsoleBackend()
        if settings.smtp_url is not None:
            server = parse_smtp_url(settings.smtp_url.get_secret_value())
            backend = SmtpBackend(server, local_hostname=sender.domain)
        return MailWorker(self.store, backend, self.clock, sender=sender)

    def upkeep_steps(self) -> dict[str, Callable[[], Awaitable[object]]]:
        """Return the housekeeping; each step is a worker: one that fails does not keep the others from it."""
        return housekeeping.steps(self.store, self.site, self.sealer, self.clock)


def make_site(settings: Settings, keyring: Keyring) -> Site:
    """Return what the use cases need to know of the settings."""
    return Site(
        uris=Uris(settings.base_url),
        keyring=keyring,
        name=settings.instance_name,
        description=settings.instance_description,
        contact_email=settings.contact_email,
        registration=settings.registration,
        federation=settings.federation,
        default_language=settings.default_language,
        is_https=settings.is_https,
    )


# --- the web application ----------------------------------------------------------------------------


def create_app(settings: Settings) -> Router:
    """Return the ASGI application. Its lifespan opens the instance, runs its workers, and closes it."""
    instance = Instance(settings)
    front = Front()

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        async with _serving(instance, front):
            yield

    return Router(default=front, redirect_slashes=False, lifespan=lifespan)


class Front:
    """Answers what is in memory at once, and passes everything else on."""

    def __init__(self) -> None:
        self._cache: AnswerCache | None = None
        self._app: ASGIApp = PlainTextResponse("Starting.\n", status_code=503, headers={"retry-after": "5"})

    def open(self, app: ASGIApp, cache: AnswerCache | None) -> None:
        """Begin to serve; without a `cache` nothing is answered from memory."""
        self._app, self._cache = app, cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        if self._cache is not None and scope["method"] in {"GET", "HEAD"}:
            answer = self._cache.find(scope)
            if answer is not None:
                await send_answer(answer, scope, send)
                return
        if "\0" in scope["path"]:  # PostgreSQL cannot even look for it
            scope["path"] = "/bad-path"
        await self._app(scope, receive, send)


@asynccontextmanager
async def _serving(instance: Instance, front: Front) -> AsyncIterator[None]:
    await instance.open()
    stop = asyncio.Event()
    try:
        inbox = make_inbox(instance)
        workers: Mapping[str, Worker] = {
            "inbox-writer": inbox.run,
            **instance.watchers(),
            **(instance.workers() if instance.settings.run_workers else {}),
        }
        with closing(AnswerCache(instance.store)) as cache:
            front.open(
                make_routes(instance, inbox, cache),
                None if instance.settings.federation is Federation.OFF else cache,
            )
            working = asyncio.create_task(instance.supervisor.run(workers, stop), name="workers")
            log.info("serving", base_url=instance.settings.base_url, version=__version__)
            try:
                yield
            finally:
                stop.set()
                await working
    finally:
        await instance.close()


def make_inbox(instance: Instance) -> Inbox:
    """Return the inbox of a process that serves."""
    return Inbox(
        instance.store,
        instance.site,
        instance.clock,
        verifier=Verifier(instance.keys, instance.settings.base_url),
        remote_keys=instance.keys,
        resolver=instance.resolver,
        policies=lambda: instance.policies,
        per_host_per_minute=instance.settings.inbox_per_host_per_minute,
    )


def make_routes(instance: Instance, inbox: Inbox, cache: AnswerCache) -> ASGIApp:
    """Return all routes: federation first, most wanted first, then health, then the pages."""
    store, site = instance.store, instance.site
    headers = HEADERS | ({"strict-transport-security": STRICT_TRANSPORT_SECURITY} if site.is_https else {})
    routes: list[BaseRoute] = []
    if instance.settings.federation is not Federation.OFF:
        verifier = Verifier(instance.keys, instance.settings.base_url)
        routes = federation_routes(
            store, site, instance.clock, verifier, lambda: instance.policies, inbox, cache, headers
        )
    token = instance.settings.metrics_token
    health = Health(
        store,
        revision=migrate.needed_revision(),
        down=lambda: instance.supervisor.down,
        metrics_token=token.get_secret_value() if token is not None else None,
    )
    context = make_web_context(instance)
    client_of = partial(client_address, proxies=context.proxies)
    routes += [*health.routes(), *api_routes(ApiContext(store, site, instance.clock, client_of))]
    router = Router(routes, redirect_slashes=False, default=web.pages(context))
    return SecurityHeaders(FailureAnswers(router), is_https=site.is_https)


def make_web_context(instance: Instance) -> WebContext:
    """Return what the pages need."""
    return WebContext(
        store=instance.store,
        site=instance.site,
        clock=instance.clock,
        lookups=instance.resolver,
        homes=MastodonHomes(instance.client, instance.resolver, instance.site, lambda: instance.policies),
        sealer=instance.sealer,
        trusted_proxies=instance.settings.trusted_proxies,
        mail_is_printed=instance.settings.smtp_url is None,
    )
