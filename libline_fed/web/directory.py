"""The lists of mentors and of requests, with filters; also where hashtags lead."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from libline_fed import vocabulary
from libline_fed.domain.proposals import Purpose
from libline_fed.services import matching, proposals
from libline_fed.storage.store import Tx
from libline_fed.web.addresses import with_query
from libline_fed.web.context import WebContext
from libline_fed.web.forms import COMMON_LANGUAGES
from libline_fed.web.matching import sentences
from libline_fed.web.pages import Access, GuardedRoute, Pages, get, page_links
from libline_fed.web.visits import visit_of

MAX_SEARCH_CHARACTERS = 200
PATHS = {Purpose.OFFER: "/mentors", Purpose.REQUEST: "/requests"}


class DirectoryPages(Pages):
    """`/mentors` and `/requests`, for members and visitors alike."""

    async def mentors(self, request: Request) -> Response:
        """List open offers."""
        return await self._list(request, Purpose.OFFER)

    async def requests(self, request: Request) -> Response:
        """List open requests."""
        return await self._list(request, Purpose.REQUEST)

    async def _list(self, request: Request, purpose: Purpose) -> Response:
        visit = visit_of(request)
        query = self.query(request)
        text = query.get("text", "").strip()[:MAX_SEARCH_CHARACTERS]
        area = query.get("area", "")
        area = area if vocabulary.is_area(area) else ""
        language = query.get("language", "")
        language = language if vocabulary.is_language(language) else ""
        page = self.page_number(request)
        now = self.now()

        async def unit(tx: Tx) -> tuple[proposals.Page, dict[str, matching.Explained]]:
            listed = await proposals.directory(
                tx,
                purpose=purpose,
                text=text,
                area=area or None,
                language=language or None,
                viewer_is_member=visit.is_member,
                page=page,
                now=now,
            )
            if visit.person is None:
                return listed, {}
            shown = [item.proposal for item in listed.items]
            return listed, await matching.explain_for(tx, visit.person, shown, now=now)

        found, explained = await self.store.read(unit)
        return self.render(
            request,
            "directory/list.html",
            purpose=purpose,
            found=found,
            reasons=sentences(visit, explained),
            text=text,
            area_chosen=area,
            language_chosen=language,
            area_groups=vocabulary.area_groups(visit.language.tag),
            language_choices=COMMON_LANGUAGES,
            is_filtered=bool(text or area or language),
            links=page_links(
                PATHS[purpose], page=page, has_more=found.has_more, text=text, area=area, language=language
            ),
        )

    async def tag(self, request: Request) -> Response:
        """Lead a hashtag, which other servers link to, to the list that it means."""
        name = request.path_params["name"][:MAX_SEARCH_CHARACTERS]
        for area in sorted(vocabulary.area_ids()):
            if vocabulary.hashtag_of(area).lstrip("#").lower() == name.lower():
                return RedirectResponse(with_query("/mentors", area=area), status_code=302)
        return RedirectResponse(with_query("/mentors", text=name), status_code=302)


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = DirectoryPages(context)
    return [
        get("/mentors", pages.mentors, Access.EVERYONE),
        get("/requests", pages.requests, Access.EVERYONE),
        get("/tags/{name}", pages.tag, Access.EVERYONE),
    ]
