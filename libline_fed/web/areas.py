"""The areas of library work as pages: all of them with counts, and one with its offers and requests."""

from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from libline_fed import vocabulary
from libline_fed.domain.proposals import Purpose
from libline_fed.domain.searches import Search
from libline_fed.errors import NotFound
from libline_fed.services import directory
from libline_fed.services import vocabulary as own_terms
from libline_fed.services.addresses import list_path
from libline_fed.services.areas import AreaCounts, KeptCounts
from libline_fed.services.directory import Page
from libline_fed.storage.store import Tx
from libline_fed.vocabulary import UNDECIDED_AREA, LocalTerm, Scheme, Term
from libline_fed.web.context import WebContext
from libline_fed.web.directory import reasons_of, save_path, viewer_of
from libline_fed.web.languages import N_, Language
from libline_fed.web.pages import Access, GuardedRoute, Pages, get
from libline_fed.web.visits import visit_of

SHOWN_COUNT = 4
NARROWER = (  # label, what a search then also asks for
    (N_("with a free place"), {"has_places": True}),
    (N_("by video"), {"modes": ("M4",)}),
    (N_("only in writing"), {"modes": ("M1",)}),
    (N_("for one short talk"), {"formats": ("F2",)}),
)


@dataclass(frozen=True, slots=True)
class AreaGroup:
    """Areas under one heading, each with its counts."""

    heading: Term
    areas: list[tuple[Term, AreaCounts]]


class AreaPages(Pages):
    """`/topics` and `/topics/{area}`."""

    def __init__(self, context: WebContext) -> None:
        super().__init__(context)
        self._counts = KeptCounts()

    async def listed(self, request: Request) -> Response:
        """List the areas in their groups, with how many offer and ask."""
        visit = visit_of(request)
        now = self.now()
        counts = await self.store.read(lambda tx: self._counts.get(tx, viewer_of(visit), now=now))
        return self.render(
            request,
            "areas/list.html",
            groups=area_groups(visit.language, counts),
            undecided=term_of(UNDECIDED_AREA, visit.language),
            undecided_counts=counts.get(UNDECIDED_AREA, AreaCounts()),
        )

    async def show(self, request: Request) -> Response:
        """Show one area: what it means, who offers and who asks, and ways to look closer."""
        visit, area, now = visit_of(request), str(request.path_params["area"]), self.now()
        concept = vocabulary.concepts(Scheme.AREA).current(area)
        if concept is None:
            raise NotFound(f"no area {area[:40]!r}")
        if concept.is_group:
            return RedirectResponse(f"/topics#{concept.id}", status_code=302)
        if concept.id != area:  # given up, and another has taken its place
            return RedirectResponse(f"/topics/{concept.id}", status_code=301)
        searches = {purpose: Search(purpose=purpose, areas=(area,)) for purpose in Purpose}

        async def unit(tx: Tx) -> tuple[Page, Page, list[LocalTerm]]:
            pages = [
                await directory.page(tx, self.site, search, viewer_of(visit), now=now)
                for search in searches.values()
            ]
            return pages[0], pages[1], await own_terms.list_terms(tx, Scheme.AREA)

        offers, requests, local = await self.store.read(unit)
        group = concept.broader
        return self.render(
            request,
            "areas/show.html",
            area=term_of(area, visit.language),
            group=term_of(group, visit.language) if group is not None else None,
            siblings=[one for one in siblings(area, visit.language) if one.id != area],
            own=[term for term in local if term.broader_id == area],
            shown=[
                (purpose, list_path(searches[purpose]), save_path(searches[purpose]), found)
                for purpose, found in ((Purpose.OFFER, offers), (Purpose.REQUEST, requests))
            ],
            shown_count=SHOWN_COUNT,
            wanted=offers.request,
            reasons=reasons_of(visit, offers) | reasons_of(visit, requests),
            narrower=narrower(searches[Purpose.OFFER], visit.language),
        )


def narrower(search: Search, language: Language) -> list[tuple[str, str]]:
    """Return (label, address) of lists that ask for more than the area."""
    spoken = replace(search, languages=(language.tag,))
    links = [(language.language_name(language.tag), list_path(spoken))]
    return links + [
        (language.gettext(label), list_path(replace(search, **asked)))
        for label, asked in NARROWER
    ]


def term_of(area: str, language: Language) -> Term:
    """Return an area or group with its texts in a language."""
    concept = vocabulary.concepts(Scheme.AREA).concepts[area]
    return Term(
        area,
        vocabulary.in_language(concept.labels, language.tag),
        vocabulary.in_language(concept.helps, language.tag),
    )


def siblings(area: str, language: Language) -> list[Term]:
    """Return the areas of the group that an area is in, itself among them."""
    known = vocabulary.concepts(Scheme.AREA)
    broader = known.concepts[area].broader
    return [
        term_of(concept.id, language)
        for concept in known.choices()
        if broader is not None and concept.broader == broader
    ]


def area_groups(language: Language, counts: dict[str, AreaCounts]) -> list[AreaGroup]:
    """Return all areas with their counts, under their headings."""
    known = vocabulary.concepts(Scheme.AREA)
    headings = [concept.id for concept in known.concepts.values() if concept.is_group]
    return [
        AreaGroup(
            term_of(heading, language),
            [
                (term_of(concept.id, language), counts.get(concept.id, AreaCounts()))
                for concept in known.choices()
                if concept.broader == heading
            ],
        )
        for heading in headings
    ]


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = AreaPages(context)
    return [
        get("/topics", pages.listed, Access.EVERYONE),
        get("/topics/{area}", pages.show, Access.EVERYONE),
    ]
