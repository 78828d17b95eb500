"""How others find out who is here: WebFinger, host-meta and NodeInfo. Open to scripts of every site."""

from datetime import timedelta
from typing import Any

from starlette.routing import BaseRoute, Route

from libline_fed import __version__
from libline_fed.activitypub import nodeinfo
from libline_fed.activitypub.nodeinfo import NodeFacts
from libline_fed.activitypub.urls import host_of, is_username, parse_acct
from libline_fed.activitypub.webfinger import build_host_meta, build_jrd, build_origin_jrd
from libline_fed.clock import Clock
from libline_fed.config import Federation, Registration
from libline_fed.domain.actors import Actor
from libline_fed.errors import NotFound
from libline_fed.federation.answers import Answer, AnswerCache, Asked, Gone, Load, Printer, Resource
from libline_fed.ids import is_id
from libline_fed.services.site import Site
from libline_fed.storage import actors
from libline_fed.storage import public_collections as public
from libline_fed.storage.store import Store, Tx

JRD_TYPE = "application/jrd+json; charset=utf-8"  # RFC 7033 §10.2
XRD_TYPE = "application/xrd+xml; charset=utf-8"  # RFC 6415 §2
JSON_TYPE = "application/json; charset=utf-8"
NODEINFO_S = 300
MAX_RESOURCE_CHARACTERS = 400


class Discovery:
    """The well-known addresses of one instance."""

    def __init__(
        self, store: Store, site: Site, cache: AnswerCache, printer: Printer, clock: Clock
    ) -> None:
        self._store = store
        self._site = site
        self._uris = site.uris
        self._cache = cache
        self._printer = printer
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        """List the routes, the most wanted first."""
        versions = [
            self._route(f"/nodeinfo/{version}", self._nodeinfo(version)) for version in nodeinfo.VERSIONS
        ]
        return [
            self._route("/.well-known/webfinger", self._webfinger, "resource"),
            self._route("/.well-known/nodeinfo", self._nodeinfo_links),
            *versions,
            self._route("/.well-known/host-meta", self._host_meta),
        ]

    def _route(self, path: str, load: Load, *parameters: str) -> Route:
        resource = Resource(
            self._store, self._cache, self._printer, load, parameters=parameters, is_open=True
        )
        return Route(path, resource, methods=["GET"])

    # --- WebFinger (RFC 7033) -----------------------------------------------

    async def _webfinger(self, tx: Tx, asked: Asked) -> Answer:
        resource = asked.get("resource", "")
        if not resource:  # RFC 7033 §4.2
            return self._printer.make(
                {"error": "The parameter `resource` is missing."},
                status=400, media_type="application/json", max_age_s=0, kept_s=0, is_open=True,
            )  # fmt: skip
        if len(resource) > MAX_RESOURCE_CHARACTERS:
            raise NotFound("a resource that is too long")
        if self._names_instance(resource):
            return self._jrd(build_origin_jrd(handle=self._uris.instance_name, uris=self._uris))
        actor = await self._find(tx, resource)
        if actor is None or actor.suspended_at is not None:
            raise NotFound("no such actor here")
        if actor.gone_at is not None:
            raise Gone(f"{actor.uri} was deleted")  # Mastodon deletes its copy on 410
        is_group = actor.type == "Group"
        profile_url = actor.uri if is_group else self._uris.profile(actor.handle)
        return self._jrd(
            build_jrd(handle=actor.handle, actor_uri=actor.uri, profile_url=profile_url, uris=self._uris)
        )

    def _jrd(self, document: dict[str, Any]) -> Answer:
        return self._printer.make(document, media_type=JRD_TYPE, is_open=True)

    def _names_instance(self, resource: str) -> bool:
        """Tell whether the instance itself is meant: its origin, its actor, host@host (FEP-d556, -2677)."""
        if _is_url(resource):
            return host_of(resource) == self._uris.host and _path_of(resource) in {"", "/", "/actor"}
        # Compared as text: with a port in it, a host is no user part that `parse_acct` would take.
        name = resource.strip().lower().removeprefix("acct:").removeprefix("@")
        return name in {f"{user}@{self._uris.host}" for user in (self._uris.instance_name, self._uris.host)}

    async def _find(self, tx: Tx, resource: str) -> Actor | None:
        if not _is_url(resource):
            acct = parse_acct(resource)
            is_here = acct is not None and acct[1] == self._uris.host
            return await actors.local_by_handle(tx, acct[0]) if acct is not None and is_here else None
        if host_of(resource) != self._uris.host:
            return None
        path = _path_of(resource)
        if path.startswith("/@"):
            handle = path.removeprefix("/@").rstrip("/")
            return await actors.local_by_handle(tx, handle) if is_username(handle) else None
        if path.startswith("/groups/"):
            handle = path.removeprefix("/groups/")
            group = await actors.local_by_handle(tx, handle) if is_username(handle) else None
            return group if group is not None and group.uri == self._uris.group(handle) else None
        actor_id = path.removeprefix("/actors/")
        found = await actors.by_id(tx, actor_id) if is_id(actor_id) else None
        return found if found is not None and found.is_local else None

    # --- the instance ---------------------------------------------------------------------------

    async def _host_meta(self, _tx: Tx, _asked: Asked) -> Answer:
        body = build_host_meta(self._uris).encode()
        return self._printer.make(body, media_type=XRD_TYPE, is_open=True, max_age_s=NODEINFO_S)

    async def _nodeinfo_links(self, _tx: Tx, _asked: Asked) -> Answer:
        document = nodeinfo.build_links(self._uris)
        return self._printer.make(document, media_type=JSON_TYPE, is_open=True, max_age_s=NODEINFO_S)

    def _nodeinfo(self, version: str) -> Load:
        async def load(tx: Tx, _asked: Asked) -> Answer:
            document = nodeinfo.build_nodeinfo(await self._facts(tx), version)
            return self._printer.make(
                document,
                media_type=nodeinfo.media_type(version),
                is_open=True,
                max_age_s=NODEINFO_S,
                kept_s=NODEINFO_S,  # counting goes over whole tables
            )

        return load

    async def _facts(self, tx: Tx) -> NodeFacts:
        now = self._clock.now()
        site = self._site
        return NodeFacts(
            software_version=__version__,
            name=site.name,
            description=site.description,
            is_open_for_sign_up=site.registration in {Registration.OPEN, Registration.APPROVAL},
            is_federating=site.federation is not Federation.OFF,
            users_count=await actors.count_local(tx),
            active_month_count=await public.count_active(tx, now - timedelta(days=30)),
            active_halfyear_count=await public.count_active(tx, now - timedelta(days=180)),
            proposals_count=await actors.count_local_proposals(tx),
            staff_uris=tuple(await public.staff(tx)),
            languages=(site.default_language,),
        )


def _is_url(resource: str) -> bool:
    return resource.lower().startswith(("http://", "https://"))


def _path_of(url: str) -> str:
    """Return what follows the authority, without query and fragment."""
    rest = url.partition("://")[2]
    path = rest[rest.find("/") :] if "/" in rest else ""
    return path.partition("?")[0].partition("#")[0]
