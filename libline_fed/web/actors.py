"""People: members at `/@handle`, people of other servers at `/people/{id}`."""

import re
from datetime import date, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from libline_fed.domain.actors import Actor
from libline_fed.domain.viewers import Viewer
from libline_fed.errors import NotFound
from libline_fed.services import absences, actors, follows, memberships, peers, profiles, proposals, thanks
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.filters import profile_path
from libline_fed.web.pages import Access, GuardedRoute, Pages, get
from libline_fed.web.visits import visit_of

GROUP = "Group"
ACTIVITY_JSON = "application/activity+json"
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,30}")


class ActorPages(Pages):
    """Profiles."""

    async def profile(self, request: Request) -> Response:
        """Show a member of this server."""
        handle = request.path_params["handle"]
        if not _HANDLE.fullmatch(handle):
            raise NotFound(f"{handle[:60]!r} cannot be a handle here")
        actor = await self.store.read(lambda tx: actors.by_handle(tx, handle))
        if actor.type == GROUP:
            return RedirectResponse(profile_path(actor), status_code=302)
        if actor.handle != handle:  # one address per person
            return RedirectResponse(f"/@{actor.handle}", status_code=301)
        response = await self._show(request, actor)
        return name_json_form(response, actor.uri)

    async def person(self, request: Request) -> Response:
        """Show somebody, or a consortium, of another server from what is stored here."""
        actor = await self._get(request)
        if actor.is_local:
            return RedirectResponse(profile_path(actor), status_code=302)
        return await (self._show_group if actor.type == GROUP else self._show)(request, actor)

    async def by_id(self, request: Request) -> Response:
        """Lead the id of a member, for people who paste it into a browser, to the profile."""
        actor = await self._get(request)
        if not actor.is_local:
            raise NotFound("not an actor of this server")
        response = RedirectResponse(f"/@{actor.handle}", status_code=302)
        response.headers["vary"] = "Accept"
        return response

    async def _get(self, request: Request) -> Actor:
        actor_id = self.path_id(request)

        async def unit(tx: Tx) -> Actor:
            actor = await actors.get(tx, actor_id)
            if await peers.is_closed(tx, actor):
                raise NotFound(f"{actor.host} is blocked or not allowed")
            return actor

        return await self.store.read(unit)

    async def _show_group(self, request: Request, group: Actor) -> Response:
        visit = visit_of(request)
        if not group.is_usable:
            raise NotFound("gone or suspended")

        async def unit(tx: Tx) -> tuple[str | None, bool, list[Actor]]:
            state = await follows.state(tx, visit.actor.id, group.id) if visit.actor is not None else None
            ours = await memberships.state_in(tx, self.site, group)
            members = await memberships.members_of(tx, group)
            return state, ours is not None and ours.is_member, members

        follow_state, is_member, members = await self.store.read(unit)
        return self.render(
            request,
            "actors/group.html",
            actor=group,
            follow_state=follow_state,
            is_member=is_member,
            members=members,
        )

    async def _show(self, request: Request, actor: Actor) -> Response:
        visit = visit_of(request)
        if not actor.is_usable or actor.type == "Application":
            raise NotFound("gone, suspended, or not a person")

        now = self.now()

        async def unit(
            tx: Tx,
        ) -> tuple[list[proposals.Listed], str | None, int, int, dict[str, date], list[thanks.PublicThanks]]:
            listed = await proposals.of_author(tx, actor.id, Viewer(visit.person, visit.is_member), now=now)
            state = await follows.state(tx, visit.actor.id, actor.id) if visit.actor is not None else None
            counts = (
                await follows.count_followers(tx, actor.id),
                await follows.count_following(tx, actor.id),
            )
            away = await absences.away(tx, [actor], now=now)
            return listed, state, *counts, away, await thanks.of_thanked(tx, actor)

        listed, follow_state, followers_count, following_count, away, thanked = await self.store.read(unit)
        return self.render(
            request,
            "actors/show.html",
            actor=actor,
            listed=listed,
            follow_state=follow_state,
            is_self=visit.actor is not None and visit.actor.id == actor.id,
            followers_count=followers_count,
            following_count=following_count,
            since=_since(actor),
            facts=profiles.facts_for(actor, is_member=visit.is_member),
            away_until=away.get(actor.id),
            thanked=thanked,
        )


def name_json_form(response: Response, uri: str | None) -> Response:
    """Say in a header where programs find the same thing, and that `Accept` decides (AP §3.2)."""
    response.headers["vary"] = f"Accept, {response.headers['vary']}"
    if uri is not None:
        response.headers["link"] = f'<{uri}>; rel="alternate"; type="{ACTIVITY_JSON}"'
    return response


def _since(actor: Actor) -> datetime:
    return actor.published_at or actor.created_at


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = ActorPages(context)
    return [
        get("/@{handle}", pages.profile, Access.EVERYONE),
        get("/people/{id}", pages.person, Access.EVERYONE),
        get("/actors/{id}", pages.by_id, Access.EVERYONE),
    ]
