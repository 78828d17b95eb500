"""What the people a member follows write elsewhere: a plain list, newest first."""

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.services import posts
from libline_fed.web.context import WebContext
from libline_fed.web.pages import Access, GuardedRoute, Pages, get, page_links
from libline_fed.web.visits import visit_of


class PostPages(Pages):
    """The timeline and single posts."""

    async def timeline(self, request: Request) -> Response:
        """List posts of the people the member follows."""
        _, actor = visit_of(request).member()
        page = self.page_number(request)
        found = await self.store.read(lambda tx: posts.timeline(tx, actor.id, page))
        return self.render(
            request,
            "posts/timeline.html",
            found=found,
            links=page_links("/timeline", page=page, has_more=found.has_more),
        )

    async def show(self, request: Request) -> Response:
        """Show one post to somebody who may read it."""
        visit = visit_of(request)
        post_id = self.path_id(request)
        view = await self.store.read(lambda tx: posts.get(tx, post_id, visit.account))
        return self.render(request, "posts/show.html", view=view)


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = PostPages(context)
    return [get("/timeline", pages.timeline, Access.MEMBER), get("/posts/{id}", pages.show, Access.EVERYONE)]
