"""The list of people: members who let themselves be found, and authors of other servers."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from libline_fed import vocabulary
from libline_fed.domain.proposals import Purpose
from libline_fed.domain.saved_searches import search_from
from libline_fed.domain.searches import Search
from libline_fed.services import people
from libline_fed.services.directory_choices import Choices, KeptChoices
from libline_fed.services.people import Page
from libline_fed.services.profiles import country_name
from libline_fed.storage.store import Tx
from libline_fed.web.addresses import with_query
from libline_fed.web.context import WebContext
from libline_fed.web.directory import viewer_of
from libline_fed.web.filters import shown_host
from libline_fed.web.forms import COMMON_LANGUAGES
from libline_fed.web.lookups import looks_like_address
from libline_fed.web.pages import Access, GuardedRoute, Pages, get
from libline_fed.web.visits import visit_of

PATH = "/people"
SEARCHES_PER_5_MINUTES = 300


class PeoplePages(Pages):
    """`/people`, for members and visitors alike."""

    def __init__(self, context: WebContext) -> None:
        super().__init__(context)
        self._choices = KeptChoices()

    async def listed(self, request: Request) -> Response:
        """List people, or those who fit what is asked for."""
        visit = visit_of(request)
        search = people.search_for_people(search_from(Purpose.OFFER, self.query(request).multi_items()))
        page, now, viewer = self.page_number(request), self.now(), viewer_of(visit)
        if search.text:  # names are looked at one by one
            await self.limit(visit, "people", per_s=300, max_count=SEARCHES_PER_5_MINUTES)

        async def unit(tx: Tx) -> tuple[Page, Choices, list[str]]:
            found = await people.page(tx, search, viewer, page=page, now=now)
            return found, await self._choices.get(tx, now=now), await people.countries(tx, viewer)

        found, choices, countries = await self.store.read(unit)
        tag = visit.language.tag
        return self.render(
            request,
            "people/list.html",
            search=search,
            found=found,
            area_groups=vocabulary.area_groups(tag),
            languages=sorted({*COMMON_LANGUAGES, *search.languages[:1]}),
            places=_by_name(
                {code: country_name(code, tag) for code in {*choices.places, *countries, *search.places[:1]}}
            ),
            hosts=_by_name({host: shown_host(host) for host in {*choices.hosts, *search.hosts[:1]}}),
            lookup_path=with_query("/search", q=search.text) if looks_like_address(search.text) else "",
            is_filtered=bool(search.params()),
            json_path=f"/api/v1{_path(search, 1)}",
            links={
                "previous": _path(search, page - 1) if page > 1 else None,
                "next": _path(search, page + 1) if found.has_more else None,
            },
        )


def _path(search: Search, page: int) -> str:
    query = [*search.params(), *([("page", str(page))] if page > 1 else [])]
    return f"{PATH}?{urlencode(query)}" if query else PATH


def _by_name(named: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(named.items(), key=lambda pair: pair[1].casefold())


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    return [get(PATH, PeoplePages(context).listed, Access.EVERYONE)]
