"""The first page: what this is for visitors, what is new for members; and the page about this server."""

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.domain.proposals import Purpose
from libline_fed.domain.searches import Search, Sort
from libline_fed.services import cohorts, directory, proposals
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.directory import viewer_of
from libline_fed.web.pages import Access, GuardedRoute, Pages, get
from libline_fed.web.visits import visit_of

SHOWN_COUNT = 4


class HomePages(Pages):
    """Home and about."""

    async def home(self, request: Request) -> Response:
        """Show the newest offers and requests, and to members their own."""
        visit = visit_of(request)
        now = self.now()

        async def unit(
            tx: Tx,
        ) -> tuple[directory.Page, directory.Page, list[proposals.Listed], list[cohorts.Shown]]:
            offers, requests = [
                await directory.page(
                    tx, self.site, Search(purpose=purpose, sort=Sort.NEWEST), viewer_of(visit), now=now
                )
                for purpose in Purpose
            ]
            own = await proposals.own(tx, visit.actor.id) if visit.actor is not None else []
            return offers, requests, own, await cohorts.open_here(tx, self.site, now=now)

        offers, requests, own, open_cohorts = await self.store.read(unit)
        return self.render(
            request,
            "home/home.html",
            offers=offers.items[:SHOWN_COUNT],
            requests=requests.items[:SHOWN_COUNT],
            offers_count=offers.total_count,
            requests_count=requests.total_count,
            own=own,
            open_cohorts=open_cohorts,
        )

    async def about(self, request: Request) -> Response:
        """Tell who runs this server and what it does with data."""
        return self.render(request, "home/about.html")


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = HomePages(context)
    return [get("/", pages.home, Access.EVERYONE), get("/about", pages.about, Access.EVERYONE)]
