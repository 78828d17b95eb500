"""What others may fetch of the consortia hosted here: the Group, its members, and ids of what it passes on.

The page of a consortium has the same address as its Group; who asks for ActivityPub gets the latter.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from libline_fed.activitypub.collections import build_collection, build_list, build_page
from libline_fed.activitypub.groups import CohortDocument, build_cohorts
from libline_fed.activitypub.uris import Uris
from libline_fed.activitypub.urls import is_username
from libline_fed.clock import Clock
from libline_fed.domain.actors import Actor
from libline_fed.errors import NotFound
from libline_fed.federation.answers import Answer, AnswerCache, Asked, Load, Printer, Resource, gone_actor
from libline_fed.federation.documents import NegotiatedRoute
from libline_fed.services import documents
from libline_fed.services.site import Site
from libline_fed.storage import actors, cohorts, consortia, consortium_items, follows
from libline_fed.storage.store import Store, Tx

PAGE_ITEMS = 50
_PLACE = re.compile(r"([0-9]{1,17})-([0-9a-f]{2,4096})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class GroupDocuments:
    """The documents of the Groups of one instance."""

    def __init__(
        self, store: Store, site: Site, cache: AnswerCache, printer: Printer, clock: Clock
    ) -> None:
        self._store = store
        self._site = site
        self._cache = cache
        self._printer = printer
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """List the routes."""
        lists: dict[str, Load] = {
            "outbox": self._counted("outbox"),
            "followers": self._counted("followers"),
            "following": self._counted("following"),
            "featured": self._featured,
            "members": self._members,
            "moderators": self._moderators,
            "cohorts": self._cohorts,
        }
        return [
            NegotiatedRoute("/groups/{handle}", self._resource(self._group), methods=["GET"]),
            *(
                NegotiatedRoute(f"/groups/{{handle}}/{name}", self._resource(load), methods=["GET"])
                for name, load in lists.items()
            ),
            NegotiatedRoute(
                "/groups/{handle}/proposals",
                self._resource(self._proposals, "page", "before"),
                methods=["GET"],
            ),
        ]

    def _resource(
        self, load: Load, *parameters: str
    ) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        return Resource(
            self._store, self._cache, self._printer, load, parameters=parameters, is_negotiated=True
        )

    async def _find(self, tx: Tx, asked: Asked) -> Actor:
        handle = asked["handle"]
        group = await actors.local_by_handle(tx, handle) if is_username(handle) else None
        # Exact: an actor has one id.
        if group is None or group.type != "Group" or group.uri != self._uris.group(handle):
            raise NotFound("no such consortium here")
        if group.gone_at is not None:
            raise gone_actor(group)
        if group.suspended_at is not None:
            raise NotFound(f"{group.uri} is suspended")
        return group

    @property
    def _uris(self) -> Uris:
        return self._site.uris

    @property
    def _today(self) -> date:
        return self._clock.now().date()

    async def _group(self, tx: Tx, asked: Asked) -> Answer:
        group = await self._find(tx, asked)
        return self._printer.make(await documents.actor_document(tx, self._site, group))

    def _counted(self, name: str) -> Load:
        """Tell a size only: who follows is for the two of them; what was passed on is in the list of ids."""

        async def load(tx: Tx, asked: Asked) -> Answer:
            group = await self._find(tx, asked)
            if name == "outbox":
                count = await consortium_items.count_listed(tx, group.id, self._today)
            else:
                count = (await follows.count(tx, group.id))[0 if name == "followers" else 1]
            uri = self._uris.collection(group.uri, name)
            return self._printer.make(build_collection(uri, total_count=count, attributed_to=group.uri))

        return load

    async def _featured(self, tx: Tx, asked: Asked) -> Answer:
        """Pin nothing: what a Group passes on is not its own."""
        group = await self._find(tx, asked)
        uri = self._uris.collection(group.uri, "featured")
        return self._printer.make(build_list(uri, [], attributed_to=group.uri))

    async def _members(self, tx: Tx, asked: Asked) -> Answer:
        group = await self._find(tx, asked)
        listed = [instance.uri for _, instance in await consortia.members(tx, group.id)]
        return self._unordered(group, "members", listed)

    async def _moderators(self, tx: Tx, asked: Asked) -> Answer:
        group = await self._find(tx, asked)
        people = [one.actor for one in await consortia.coordinators(tx, group.id)]
        shown = [actor.uri for actor in people if actor.is_usable and actor.is_discoverable]
        return self._unordered(group, "moderators", shown)

    def _unordered(self, group: Actor, name: str, items: list[str]) -> Answer:
        uri = self._uris.collection(group.uri, name)
        document = build_collection(
            uri, total_count=len(items), is_ordered=False, attributed_to=group.uri
        )
        return self._printer.make({**document, "items": items})

    async def _cohorts(self, tx: Tx, asked: Asked) -> Answer:
        group = await self._find(tx, asked)
        listed = [
            CohortDocument(
                one.uri,
                one.name,
                one.orientation_text,
                one.language,
                tuple(one.areas),
                one.opens_on,
                one.closes_on,
            )
            for one in await cohorts.of_group(tx, group.id)
        ]
        uri = self._uris.collection(group.uri, "cohorts")
        return self._printer.make(build_cohorts(uri, listed, group_uri=group.uri))

    async def _proposals(self, tx: Tx, asked: Asked) -> Answer:
        """List the ids of the open proposals that a Group passes on, newest first, 50 a page.

        A page begins after the last item of the one before, so that additions make nothing come twice.
        """
        group = await self._find(tx, asked)
        uri = self._uris.collection(group.uri, "proposals")
        total_count = await consortium_items.count_listed(tx, group.id, self._today)
        if "page" not in asked and "before" not in asked:
            return self._printer.make(
                build_collection(
                    uri, total_count=total_count, first_url=f"{uri}?page=1", attributed_to=group.uri
                )
            )
        before = asked.get("before")
        place = _place(before) if before is not None else None
        found = await consortium_items.listed(
            tx, group.id, self._today, before=place, limit=PAGE_ITEMS + 1
        )
        listed = found[:PAGE_ITEMS]
        has_more = len(found) > PAGE_ITEMS
        document = build_page(
            f"{uri}?page=1" if before is None else f"{uri}?before={before}",
            part_of_uri=uri,
            items=[item_uri for _, item_uri in listed],
            next_url=f"{uri}?before={_written(listed[-1])}" if has_more else None,
            total_count=total_count,
        )
        return self._printer.make(document)


def _written(place: tuple[datetime, str]) -> str:
    """Write where a page ends so that it fits into a query: microseconds, and the id in hexadecimal."""
    at, uri = place
    return f"{(at - _EPOCH) // timedelta(microseconds=1)}-{uri.encode().hex()}"


def _place(text: str) -> tuple[datetime, str]:
    """Read where a page before has ended.

    Raises: NotFound if it is no such place.
    """
    match = _PLACE.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        uri = bytes.fromhex(match.group(2)).decode()
        if not uri.isprintable():  # no database takes NUL
            raise ValueError(text)
        return _EPOCH + timedelta(microseconds=int(match.group(1))), uri
    except (ValueError, OverflowError) as error:
        raise NotFound("not a place in the list") from error
