"""Reads the lists that consortia publish, each once a day: servers to be careful with, and whom to trust.

With a list of allowed servers nobody could ask the members of a trusted consortium who they are. So its own
list of them is read first; their hosts are allowed from then on.
"""

import asyncio

import structlog

from libline_fed.activitypub.urls import host_of
from libline_fed.clock import Clock
from libline_fed.domain.actors import Actor
from libline_fed.domain.advice import AdviceList
from libline_fed.domain.block_lists import Reading, read_json
from libline_fed.domain.consortia import MAX_MEMBERS
from libline_fed.errors import InvalidInput, LibLineError, Refusal
from libline_fed.federation.admit import Admitter, Budget
from libline_fed.federation.fetch import Fetcher
from libline_fed.federation.policies import first_of
from libline_fed.services import advice, published_advice, trust
from libline_fed.services.site import Site
from libline_fed.storage.store import Store

LOOK_S = 600.0
MAX_PAGES = 20

log = structlog.get_logger(__name__)


class AdviceReader:
    """Reads what is due. Only facts about hosts come in; nothing of it is a document of an actor."""

    def __init__(
        self, store: Store, site: Site, admitter: Admitter, fetcher: Fetcher, clock: Clock
    ) -> None:
        self._store = store
        self._site = site
        self._admitter = admitter
        self._fetcher = fetcher
        self._clock = clock

    async def run(self, stop: asyncio.Event) -> None:
        """Read what is due every ten minutes, and when somebody cannot wait, until `stop` is set."""
        with self._store.subscription("advice") as woken:
            while not stop.is_set():
                woken.clear()
                await self.read_due()
                await first_of(stop, woken, timeout_s=LOOK_S)

    async def read_due(self) -> int:
        """Read every list that is due, apply those that an admin lets apply; return how many were read."""
        now = self._clock.now()
        for group in await self._store.read(lambda tx: trust.unread(tx, now=now)):
            await self._read_members(group)
        await self._store.write(lambda tx: advice.keep_up(tx, self._site, now=now))
        due = await self._store.read(lambda tx: advice.due(tx, now=now))
        for listed, group in due:
            await self._read(listed, group)
            while await self._store.write(
                lambda tx, one=listed: advice.apply_open(  # type: ignore[misc]
                    tx, self._site, one.group_id, now=self._clock.now()
                )
            ):
                continue
        return len(due)

    async def _read_members(self, group: Actor) -> None:
        """Read which hosts a trusted consortium lists; one that does not answer is asked again later."""
        hosts, url = set[str](), group.details.get("members_url")
        try:
            for _ in range(MAX_PAGES):
                if url is None or host_of(url) != group.host:
                    break
                page = await self._admitter.collection(url, Budget(1))
                if isinstance(page, Refusal):
                    log.warning("members-not-read", group=group.uri, error=page.detail)
                    return
                hosts |= {host for uri in page.item_uris if (host := host_of(uri)) is not None}
                url = page.next_url or (page.first_url if not page.item_uris else None)
        except LibLineError as error:
            log.warning("members-not-read", group=group.uri, error=error.detail)
            return
        named, now = set(sorted(hosts)[:MAX_MEMBERS]), self._clock.now()
        await self._store.write(
            lambda tx: trust.receive_members(tx, self._site, group, named, now=now)
        )

    async def _read(self, listed: AdviceList, group: Actor) -> None:
        now = self._clock.now()
        try:
            reading, etag = await self._ask(listed, group)
        except InvalidInput as error:
            reason = next(iter(error.fields.values()))
        except LibLineError as error:
            reason = error.detail
        else:
            await self._store.write(
                lambda tx: advice.receive(tx, listed.group_id, reading, etag=etag, now=now)
            )
            return
        log.warning("advice-not-read", group=group.uri, error=reason)
        await self._store.write(lambda tx: advice.fail(tx, listed.group_id, reason, now=now))

    async def _ask(self, listed: AdviceList, group: Actor) -> tuple[Reading | None, str | None]:
        """Return the list and its ETag; no list if it is as it was.

        Raises: PeerGone, PeerUnavailable, PeerRefused, NotFound; InvalidInput if it is no list.
        """
        own_host = self._site.uris.host
        if group.is_local:
            raw = await self._store.read(lambda tx: published_advice.as_json(tx, group.handle))
            return read_json(raw, own_host), None
        self._admitter.require_host(listed.url)
        response = await self._fetcher.get(listed.url, accept="json", etag=listed.etag)
        etag = response.headers.get("etag") or None
        if response.status == 304:
            return None, etag or listed.etag
        return read_json(response.body, own_host), etag
