"""Reads what a consortium of another server says of itself: its document, its members, its cohorts.

Read when this server becomes a member, and with every weekly reading of the Group's list of proposals.
"""

from libline_fed.activitypub.objects import CollectionDocument
from libline_fed.activitypub.urls import host_of
from libline_fed.clock import Clock
from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import MAX_MEMBERS
from libline_fed.errors import LibLineError, Refusal
from libline_fed.federation.admit import Admitter, Budget
from libline_fed.federation.pace import Pace
from libline_fed.federation.resolve import Resolver
from libline_fed.services import memberships
from libline_fed.services.site import Site
from libline_fed.storage import actors, cohorts
from libline_fed.storage.store import Store, Tx

MAX_PAGES = 20


class GroupReader:
    """Keeps what is known of a consortium true. What does not answer stays as it was."""

    def __init__(
        self, store: Store, site: Site, clock: Clock, *, admitter: Admitter, resolver: Resolver, pace: Pace
    ) -> None:
        self._store = store
        self._site = site
        self._clock = clock
        self._admitter = admitter
        self._resolver = resolver
        self._pace = pace

    async def read(self, group: Actor) -> Actor:
        """Read a Group, its members and its cohorts; return it as it is now.

        Raises: PeerUnavailable, PeerGone, PeerRefused if not even its document can be read.
        """
        await self._pace.wait(group.host)
        found = await self._resolver.actor(group.uri, Budget(2), is_refresh=True)
        if isinstance(found, Refusal) or found.type != "Group":
            return group
        await self._read_members(found)
        await self._read_cohorts(found)
        return found

    async def _read_members(self, group: Actor) -> None:
        listed = await self._pages(group, group.details.get("members_url"))
        if listed is None:
            return
        uris, is_whole = listed
        known = await self._store.read(lambda tx: memberships.members_of(tx, group))
        present = {member.uri: member for member in known}
        members = [
            member for uri in uris if (member := present.get(uri) or await self._member(uri)) is not None
        ]
        is_whole = is_whole and len(members) == len(uris)
        now = self._clock.now()
        await self._store.write(
            lambda tx: memberships.receive_list(
                tx, self._site, group=group, members=members, is_whole=is_whole, now=now
            )
        )

    async def _member(self, uri: str) -> Actor | None:
        """Return the actor that stands for a listed server, if that server says so itself."""
        if uri == self._site.uris.instance_actor:
            return await self._store.read(lambda tx: actors.by_uri(tx, uri))
        host = host_of(uri)
        if host is None or self._admitter.refuse_host(uri) is not None:
            return None
        try:
            await self._pace.wait(host)
            found = await self._resolver.find_instance(host)
        except LibLineError:
            return None
        return found if found.uri == uri else None

    async def _pages(self, group: Actor, url: str | None) -> tuple[list[str], bool] | None:
        """Return the ids of a collection and whether that is all of it; None if it cannot be read."""
        uris: dict[str, None] = {}
        for _ in range(MAX_PAGES):
            page = await self._page(group, url)
            if page is None:
                return (list(uris), False) if uris else None
            before_count = len(uris)
            uris.update(dict.fromkeys(page.item_uris))
            url = page.next_url or (page.first_url if not page.item_uris else None)
            if url is None:
                return list(uris)[:MAX_MEMBERS], len(uris) <= MAX_MEMBERS
            if page.item_uris and len(uris) == before_count:
                break  # in circles
        return list(uris)[:MAX_MEMBERS], False

    async def _page(self, group: Actor, url: str | None) -> CollectionDocument | None:
        if url is None or host_of(url) != group.host:
            return None
        try:
            await self._pace.wait(group.host)
            found = await self._admitter.collection(url, Budget(1))
        except LibLineError:
            return None
        return None if isinstance(found, Refusal) else found

    async def _read_cohorts(self, group: Actor) -> None:
        url = group.details.get("cohorts_url")
        if url is None:
            return
        try:
            await self._pace.wait(group.host)
            found = await self._admitter.cohorts(url, group.uri, Budget(1))
        except LibLineError:
            return
        if isinstance(found, Refusal):
            return
        admitted, now = found, self._clock.now()

        async def unit(tx: Tx) -> None:
            await cohorts.put_remote(tx, group.id, admitted, now)

        await self._store.write(unit)
