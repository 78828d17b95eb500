"""Lists for a library's own web site: a page that may stand in a frame, a script, and how to use them.

What is shown is what everybody may see. The framed pages have no forms, and `web/session.py` looks at no
cookie for them, so a frame on a foreign page can neither show anything private nor press anything.
"""

from dataclasses import replace
from html import escape
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from libline_fed import vocabulary
from libline_fed.domain.proposals import Purpose
from libline_fed.domain.saved_searches import search_from
from libline_fed.domain.searches import Search, Sort
from libline_fed.domain.viewers import EVERYBODY
from libline_fed.services import listings
from libline_fed.services.addresses import LIST_PATHS, list_path
from libline_fed.web.context import WebContext
from libline_fed.web.forms import COMMON_LANGUAGES
from libline_fed.web.languages import N_, Language
from libline_fed.web.pages import Access, GuardedRoute, Pages, get
from libline_fed.web.security_headers import FRAMED_POLICY
from libline_fed.web.session import FRAMED_PATHS
from libline_fed.web.visits import visit_of

SCRIPT = "embed.js"
SCRIPT_PATH = "/embed/mentors.js"
SHOWN_COUNT = 5
MAX_COUNT = 10
KEPT_BY_ANYONE = "public, max-age=300"
TITLES = {Purpose.OFFER: N_("Mentors"), Purpose.REQUEST: N_("Requests")}


class EmbedPages(Pages):
    """`/embed` and what it explains."""

    async def mentors(self, request: Request) -> Response:
        """Show open offers in a frame."""
        return await self._framed(request, Purpose.OFFER)

    async def requests(self, request: Request) -> Response:
        """Show open requests in a frame."""
        return await self._framed(request, Purpose.REQUEST)

    async def _framed(self, request: Request, purpose: Purpose) -> Response:
        query = self.query(request)
        search = for_everybody(search_from(purpose, query.multi_items()))
        count, now = _count(query.get("limit", "")), self.now()
        found = await self.store.read(
            lambda tx: listings.page(tx, search, EVERYBODY, per_page=count, now=now)
        )
        response = self.render(
            request,
            "embed/list.html",
            title=TITLES[purpose],
            found=found,
            all_url=self._address(search),
        )
        response.headers["content-security-policy"] = FRAMED_POLICY
        response.headers["cross-origin-resource-policy"] = "cross-origin"
        response.headers["cache-control"] = KEPT_BY_ANYONE
        response.headers["vary"] = "Accept-Language"
        return response

    async def script(self, request: Request) -> Response:
        """Give the script, to any page."""
        response = self.context.static.answer(request, SCRIPT)
        response.headers["cache-control"] = KEPT_BY_ANYONE
        response.headers["cross-origin-resource-policy"] = "cross-origin"
        response.headers["access-control-allow-origin"] = "*"
        return response

    async def explain(self, request: Request) -> Response:
        """Explain, and write what to copy for a search."""
        query, language = self.query(request), visit_of(request).language
        purpose = Purpose.REQUEST if query.get("list") == "requests" else Purpose.OFFER
        search = for_everybody(search_from(purpose, query.multi_items()))
        count = _count(query.get("limit", ""))
        return self.render(
            request,
            "embed/about.html",
            purpose=purpose,
            search=search,
            count=count,
            counts=range(1, MAX_COUNT + 1),
            kept=_not_in_form(search),
            area_groups=vocabulary.area_groups(language.tag),
            language_choices=COMMON_LANGUAGES,
            link_code=self._link_code(search, count, language),
            frame_code=self._frame_code(search, count, language),
            frame_path=_framed_path(search, count, language),
            list_url=self._address(search),
        )

    def _address(self, search: Search) -> str:
        return f"{self.site.uris.base_url}{list_path(search)}"

    def _text(self, search: Search, language: Language) -> str:
        """Return what the plain link says."""
        labels = [vocabulary.area_label(area, language.tag) for area in search.areas[:2]]
        return " · ".join([language.gettext(TITLES[search.purpose]), *labels, self.site.name])

    def _link_code(self, search: Search, count: int, language: Language) -> str:
        base_url = self.site.uris.base_url
        return "\n".join(
            [
                f'<div lang="{language.tag}" dir="{language.direction}">',
                f'<a href="{escape(self._address(search))}" data-libline="{count}">'
                f"{escape(self._text(search, language))}</a>",
                "</div>",
                f'<script src="{base_url}{SCRIPT_PATH}" defer></script>',
            ]
        )

    def _frame_code(self, search: Search, count: int, language: Language) -> str:
        url = f"{self.site.uris.base_url}{_framed_path(search, count, language)}"
        return (
            f'<iframe src="{escape(url)}" title="{escape(self._text(search, language))}"\n'
            '  width="100%" height="480" loading="lazy"></iframe>'
        )


def for_everybody(search: Search) -> Search:
    """Return what is left of a search when nobody in particular looks: no hours to compare, no match."""
    sort = search.sort if search.sort is Sort.SOONEST else Sort.MATCH  # which is then the newest first
    return replace(search, overlap_hours=0, sort=sort)


def _framed_path(search: Search, count: int, language: Language) -> str:
    params = [*search.params(), ("limit", str(count)), ("lang", language.tag)]
    return f"/embed{LIST_PATHS[search.purpose]}?{urlencode(params)}"


def _not_in_form(search: Search) -> list[tuple[str, str]]:
    """Return the parameters that the form does not show, and further values of those that it shows."""
    shown = {"text": (search.text,), "area": search.areas[:1], "language": search.languages[:1]}
    return [(name, value) for name, value in search.params() if value not in shown.get(name, ())]


def _count(text: str) -> int:
    is_one = text.isascii() and text.isdecimal() and len(text) <= 2 and 1 <= int(text) <= MAX_COUNT
    return int(text) if is_one else SHOWN_COUNT


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = EmbedPages(context)
    framed = {"/embed/mentors": pages.mentors, "/embed/requests": pages.requests}
    assert framed.keys() == FRAMED_PATHS
    return [
        get("/embed", pages.explain, Access.EVERYONE),
        *(get(path, handler, Access.EVERYONE) for path, handler in framed.items()),
        get(SCRIPT_PATH, pages.script, Access.EVERYONE),
    ]
