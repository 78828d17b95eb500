"""Consortia as everybody reads them: what they are, who is in them, what is open, how to follow and join."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from libline_fed.services import consortium_views
from libline_fed.services.consortium_views import View
from libline_fed.web.actors import name_json_form
from libline_fed.web.addresses import with_query
from libline_fed.web.context import WebContext
from libline_fed.web.pages import Access, GuardedRoute, Pages, get
from libline_fed.web.visits import visit_of

MAX_HANDLE_CHARACTERS = 30


class ConsortiumPages(Pages):
    """The charter page of a consortium, and the list of those that this server is in."""

    async def list(self, request: Request) -> Response:
        """List the consortia that this server is a member of or hosts."""
        groups = await self.store.read(lambda tx: consortium_views.shown_here(tx, self.site))
        return self.render(request, "consortia/list.html", groups=groups)

    async def by_handle(self, request: Request) -> Response:
        """Show a consortium hosted here."""
        handle, now = request.path_params["handle"][: MAX_HANDLE_CHARACTERS + 1], self.now()
        view = await self.store.read(
            lambda tx: consortium_views.by_handle(tx, self.site, handle, now=now)
        )
        if view.group.handle != handle:  # one address per consortium
            return RedirectResponse(f"/groups/{view.group.handle}", status_code=301)
        return name_json_form(self._shown(request, view), view.group.uri)

    async def by_id(self, request: Request) -> Response:
        """Show a consortium of another server, as it is known here."""
        group_id, now = self.path_id(request), self.now()
        account = visit_of(request).account
        view = await self.store.read(
            lambda tx: consortium_views.by_id(tx, self.site, group_id, account=account, now=now)
        )
        if view.group.is_local:
            return RedirectResponse(f"/groups/{view.group.handle}", status_code=302)
        return self._shown(request, view)

    def _shown(self, request: Request, view: View) -> Response:
        group = view.group
        return self.render(
            request,
            "consortia/show.html",
            view=view,
            group=group,
            address=f"@{group.handle}@{group.acct_host or group.host}",
            offers_path=with_query("/mentors", via=group.uri),
            requests_path=with_query("/requests", via=group.uri),
            is_member=view.membership is not None and view.membership.is_member,
            today=self.now().date(),
        )


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = ConsortiumPages(context)
    return [
        get("/consortia", pages.list, Access.EVERYONE),
        get("/groups/{handle}", pages.by_handle, Access.EVERYONE),
        get("/consortia/{id}", pages.by_id, Access.EVERYONE),
    ]
