"""The lists of mentors and of requests, with filters; also where hashtags lead."""

from dataclasses import replace
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from libline_fed import vocabulary
from libline_fed.domain.proposals import Proposal, Purpose
from libline_fed.domain.saved_searches import search_from
from libline_fed.domain.searches import MAX_TEXT_CHARACTERS, Search, Sort
from libline_fed.domain.viewers import Viewer
from libline_fed.services import cohorts, directory
from libline_fed.services.addresses import LIST_PATHS, list_path
from libline_fed.services.directory import Page
from libline_fed.services.directory_choices import Choices, KeptChoices
from libline_fed.storage.store import Tx
from libline_fed.web.addresses import with_query
from libline_fed.web.context import WebContext
from libline_fed.web.directory_filters import chips, filter_form, sort_links
from libline_fed.web.lookups import looks_like_address
from libline_fed.web.matching import sentences
from libline_fed.web.pages import Access, GuardedRoute, Pages, get
from libline_fed.web.visits import Visit, visit_of


class DirectoryPages(Pages):
    """`/mentors` and `/requests`, for members and visitors alike."""

    def __init__(self, context: WebContext) -> None:
        super().__init__(context)
        self._choices = KeptChoices()

    async def mentors(self, request: Request) -> Response:
        """List offers."""
        return await self._list(request, Purpose.OFFER)

    async def requests(self, request: Request) -> Response:
        """List requests."""
        return await self._list(request, Purpose.REQUEST)

    async def _list(self, request: Request, purpose: Purpose) -> Response:
        visit = visit_of(request)
        search = search_from(purpose, self.query(request).multi_items())
        page, now = self.page_number(request), self.now()

        viewer = viewer_of(visit)

        async def unit(tx: Tx) -> tuple[Page, Choices, list[cohorts.Shown], Proposal | None]:
            found = await directory.page(tx, self.site, search, viewer, page=page, now=now)
            open_cohorts = await cohorts.open_here(tx, self.site, now=now)
            is_offers = purpose is Purpose.OFFER
            wanted = await directory.request_of(tx, viewer, now=now) if is_offers else None
            return found, await self._choices.get(tx, now=now), open_cohorts, wanted

        found, choices, open_cohorts, wanted = await self.store.read(unit)
        return self.render(
            request,
            "directory/list.html",
            purpose=purpose,
            search=search,
            found=found,
            open_cohorts=open_cohorts,
            reasons=reasons_of(visit, found),
            form=filter_form(search, visit.language, choices),
            chips=chips(search, visit.language, choices),
            sorts=sort_links(search, has_request=wanted is not None),
            wanted=wanted,
            is_ranked=found.request is not None,
            newest_path=list_path(replace(search, sort=Sort.NEWEST)),
            lookup_path=with_query("/search", q=search.text) if looks_like_address(search.text) else "",
            save_path=save_path(search),
            first_path=list_path(search),
            forms=other_forms(search),
            links=_page_links(search, found, page),
        )

    async def tag(self, request: Request) -> Response:
        """Lead a hashtag, which other servers link to, to the page of its area, or to what has that word."""
        name = request.path_params["name"][:MAX_TEXT_CHARACTERS]
        for area in sorted(vocabulary.area_ids()):
            if vocabulary.hashtag_of(area).lstrip("#").lower() == name.lower():
                return RedirectResponse(f"/topics/{area}", status_code=302)
        return RedirectResponse(with_query("/mentors", text=name), status_code=302)


def viewer_of(visit: Visit) -> Viewer:
    """Return who looks at a list."""
    return Viewer(visit.person, visit.is_member)


def reasons_of(visit: Visit, found: Page) -> dict[str, str]:
    """Return the reason lines of what was found, by proposal id, only where there is a score."""
    explained = {item.proposal.id: item.explained for item in found.items if item.explained is not None}
    return sentences(visit, explained)


def save_path(search: Search) -> str:
    """Return the page on which a search is given a name and kept."""
    return f"/saved-searches/new?{urlencode([('list', LIST_PATHS[search.purpose][1:]), *search.params()])}"


def other_forms(search: Search) -> dict[str, str]:
    """Return where feed readers, programs and other web sites find what a search finds for everybody."""
    query = urlencode(replace(search, overlap_hours=0, sort=Sort.MATCH).params())
    name = LIST_PATHS[search.purpose]
    embedded = urlencode([("list", name[1:]), *replace(search, overlap_hours=0).params()])
    suffix = f"?{query}" if query else ""
    return {
        "atom": f"/feeds{name}.atom{suffix}",
        "json": f"/api/v1{name}{suffix}",
        "embed": f"/embed?{embedded}",
    }


def _page_links(search: Search, found: Page, page: int) -> dict[str, str | None]:
    return {
        "previous": list_path(search, page=page - 1 if page > 2 else None) if page > 1 else None,
        "next": list_path(search, page=page + 1) if found.has_more else None,
    }


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = DirectoryPages(context)
    return [
        get("/mentors", pages.mentors, Access.EVERYONE),
        get("/requests", pages.requests, Access.EVERYONE),
        get("/tags/{name}", pages.tag, Access.EVERYONE),
    ]
