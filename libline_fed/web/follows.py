"""Following: people here and elsewhere, followers, and wishes to follow."""

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.domain.actors import Actor
from libline_fed.errors import NotFound
from libline_fed.services import actors, follows
from libline_fed.web.context import WebContext
from libline_fed.web.filters import profile_path
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, get, post
from libline_fed.web.visits import visit_of

FOLLOWS_PER_HOUR = 100


class FollowPages(Pages):
    """Follow and be followed."""

    async def follow(self, request: Request) -> Response:
        """Show the one-button page, or follow."""
        visit = visit_of(request)
        _, follower = visit.member()
        followed = await self._person(request)
        if request.method == "GET":
            return self.render(request, "follows/follow.html", actor=followed, action="follow")
        await self.limit(visit, "follow", per_s=3600, max_count=FOLLOWS_PER_HOUR)
        now = self.now()
        await self.store.write(
            lambda tx: follows.follow(tx, self.site, follower=follower, followed=followed, now=now)
        )
        state = await self.store.read(lambda tx: follows.state(tx, follower.id, followed.id))
        return self.redirect(
            profile_path(followed), notice="followed" if state == "accepted" else "follow-asked"
        )

    async def unfollow(self, request: Request) -> Response:
        """Show the one-button page, or stop following."""
        _, follower = visit_of(request).member()
        followed = await self._person(request)
        if request.method == "GET":
            return self.render(request, "follows/follow.html", actor=followed, action="unfollow")
        now = self.now()
        await self.store.write(
            lambda tx: follows.unfollow(tx, self.site, follower=follower, followed=followed, now=now)
        )
        return self.redirect(profile_path(followed), notice="unfollowed")

    async def followers(self, request: Request) -> Response:
        """List who follows the member, and who would like to."""
        _, actor = visit_of(request).member()
        views = await self.store.read(lambda tx: follows.followers(tx, actor.id))
        pending = await self.store.read(lambda tx: follows.pending(tx, actor.id))
        return self.render(request, "follows/followers.html", views=views, pending=pending)

    async def following(self, request: Request) -> Response:
        """List whom the member follows."""
        _, actor = visit_of(request).member()
        views = await self.store.read(lambda tx: follows.following(tx, actor.id))
        return self.render(request, "follows/following.html", views=views)

    async def accept(self, request: Request) -> Response:
        """Let somebody follow."""
        _, owner = visit_of(request).member()
        follower_id = self.path_id(request)
        now = self.now()
        await self.store.write(
            lambda tx: follows.accept_follower(tx, self.site, owner=owner, follower_id=follower_id, now=now)
        )
        return self.redirect("/followers", notice="follower-accepted")

    async def reject(self, request: Request) -> Response:
        """Refuse a wish to follow, or end a follower's following."""
        _, owner = visit_of(request).member()
        follower_id = self.path_id(request)
        now = self.now()
        await self.store.write(
            lambda tx: follows.reject_follower(tx, self.site, owner=owner, follower_id=follower_id, now=now)
        )
        return self.redirect("/followers", notice="follower-rejected")

    async def _person(self, request: Request) -> Actor:
        actor_id = self.path_id(request)
        actor = await self.store.read(lambda tx: actors.get(tx, actor_id))
        if not actor.is_usable or actor.type == "Application":
            raise NotFound("gone, suspended, or not a person")
        return actor


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = FollowPages(context)
    return [
        form_page("/people/{id}/follow", pages.follow, Access.MEMBER),
        form_page("/people/{id}/unfollow", pages.unfollow, Access.MEMBER),
        get("/followers", pages.followers, Access.MEMBER),
        get("/following", pages.following, Access.MEMBER),
        post("/followers/{id}/accept", pages.accept, Access.MEMBER),
        post("/followers/{id}/reject", pages.reject, Access.MEMBER),
    ]
