"""Mentors for me, and how the order is made: weights, gates and the published examples."""

from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.domain import match_ranking
from libline_fed.domain import matching as rules
from libline_fed.domain.proposals import WAITING_PER_PLACE
from libline_fed.resources import data_dir
from libline_fed.services import matching
from libline_fed.storage.store import Tx
from libline_fed.vocabulary import UNDECIDED_AREA
from libline_fed.web.context import WebContext
from libline_fed.web.languages import N_
from libline_fed.web.pages import Access, GuardedRoute, Pages, get, post
from libline_fed.web.visits import Visit, visit_of

GOLDEN_FILE = "matching-golden.json"
GOLDEN_AGE_S = 3600
COMPONENTS = {
    rules.Component.AREAS: (
        N_("Areas"),
        N_(
            "How many of the areas you want the offer covers, and how deep. Your first area counts most. "
            "A related area counts a little."
        ),
    ),
    rules.Component.GOALS: (N_("Goals"), N_("How many of your goals the offer helps with.")),
    rules.Component.CONTEXT: (
        N_("Library and stage"),
        N_("Whether the type of library and the career stage are as you wished: alike, or different."),
    ),
    rules.Component.TIME: (
        N_("Time"),
        N_(
            "Full when both can write without a fixed time. Else: how many hours a week you share, "
            "up to three. Half when you want to meet at very different intervals."
        ),
    ),
    rules.Component.LANGUAGE: (
        N_("Language"),
        N_("Full when both are fluent in one language. A little less at working level."),
    ),
    rules.Component.STYLE: (N_("Working style"), N_("How many of your working styles the mentor shares.")),
}


class MatchingPages(Pages):
    """The pages of matching."""

    @cached_property
    def _golden(self) -> bytes:
        return (data_dir("docs") / GOLDEN_FILE).read_bytes()

    async def matches(self, request: Request) -> Response:
        """List mentors for one of the person's open requests."""
        visit = visit_of(request)
        person = visit.somebody()
        request_id = self.query(request).get("request", "") or None
        now = self.now()

        async def unit(tx: Tx) -> matching.Matches | None:
            return await matching.rank(tx, self.site, person=person, request_id=request_id, now=now)

        found = await self.store.read(unit)
        shown = [*found.ready, *found.busy] if found is not None else []
        return self.render(
            request,
            "matching/matches.html",
            found=found,
            sentences=sentences(visit, {match.listed.proposal.id: match.explained for match in shown}),
            is_undecided=found is not None and UNDECIDED_AREA in found.request.areas,
            is_hidden=matching.hides_scores(visit.session),
        )

    async def hide_scores(self, request: Request) -> Response:
        """Show or hide the numbers in this browser."""
        visit = visit_of(request)
        visit.somebody()
        session = visit.session
        assert session is not None, "who is somebody has a session"
        is_hidden = visit.form.get("numbers", "") == "hide"
        await self.store.write(lambda tx: matching.set_scores_hidden(tx, session, is_hidden=is_hidden))
        return self.redirect(self.next_path(request, "/matches"))

    async def about(self, request: Request) -> Response:
        """Tell in plain words how the order is made."""
        return self.render(
            request,
            "matching/about.html",
            components=[
                (label, explained, rules.WEIGHTS[name]) for name, (label, explained) in COMPONENTS.items()
            ],
            priorities=rules.AREA_PRIORITIES,
            levels=[weight // 10 for weight in rules.LEVEL_WEIGHTS.values()],
            related=rules.SAME_GROUP_WEIGHT // 10,
            working=rules.WORKING_LANGUAGE_WEIGHT // 10,
            hours=rules.ENOUGH_MINUTES // 60,
            waiting=WAITING_PER_PLACE,
            most_of_one_server=match_ranking.MAX_OF_ONE_HOST,
            first_count=match_ranking.FIRST_COUNT,
            near=match_ranking.NEAR_PERMILLE // 10,
        )

    async def golden(self, _: Request) -> Response:
        """Give the published examples to other implementations."""
        return Response(
            self._golden,
            media_type="application/json",
            headers={"cache-control": f"public, max-age={GOLDEN_AGE_S}"},
        )


def sentence(visit: Visit, explained: matching.Explained | None) -> str:
    """Return the reason line in the language of the page, or why there is none; "" for nothing to say."""
    if explained is None:
        return ""
    return explained.sentence(visit.language.tag, is_hidden=matching.hides_scores(visit.session))


def sentences(visit: Visit, explained: dict[str, matching.Explained]) -> dict[str, str]:
    """Return the reason lines by proposal id, only where there is a score."""
    return {
        proposal_id: sentence(visit, one) for proposal_id, one in explained.items() if one.score is not None
    }


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = MatchingPages(context)
    return [
        get("/matches", pages.matches, Access.PERSON),
        post("/matches/numbers", pages.hide_scores, Access.PERSON),
        get("/about/matching", pages.about, Access.EVERYONE),
        get("/about/matching.json", pages.golden, Access.EVERYONE),
    ]
