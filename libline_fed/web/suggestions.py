"""A coordinator finds mentors for a member's request and suggests some; the member sees them and decides."""

from starlette.requests import Request
from starlette.responses import Response
from wtforms import StringField

from libline_fed.domain.suggestions import MAX_SUGGESTIONS, Wish
from libline_fed.errors import Conflict, InvalidInput
from libline_fed.services import form_tokens, suggestions
from libline_fed.services.suggestions import Looked, Suggested
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.forms import FormToken, PlainForm
from libline_fed.web.languages import N_
from libline_fed.web.pages import Access, GuardedRoute, Pages, get, page_links, post
from libline_fed.web.visits import visit_of

SENDINGS_PER_HOUR = 60
WISHES = {
    Wish.PUBLIC: N_("for my public requests"),
    Wish.ALL: N_("for all my requests"),
    Wish.NONE: N_("not at all"),
}


class SendForm(PlainForm):
    """Which offers are suggested. The boxes are read from the fields by hand."""

    form_token = FormToken()


class WishForm(PlainForm):
    """For which requests somebody wants suggestions."""

    wish = StringField(N_("Coordinators may suggest mentors to me"))


class SuggestionPages(Pages):
    """The pages of both."""

    # --- for coordinators ---------------------------------------------------------------------------

    async def waiting(self, request: Request) -> Response:
        """List the requests that wait for a mentor."""
        _, coordinator = visit_of(request).member()
        page, now = self.page_number(request), self.now()
        found, has_more = await self.store.read(
            lambda tx: suggestions.waiting(tx, coordinator=coordinator, page=page, now=now)
        )
        return self.render(
            request,
            "suggestions/waiting.html",
            waiting=found,
            links=page_links("/coordination/find", page=page, has_more=has_more),
        )

    async def look(self, request: Request) -> Response:
        """Show which offers fit a request."""
        return self._shown(request, await self._look(request), SendForm())

    async def send(self, request: Request) -> Response:
        """Suggest the chosen offers to whose request it is."""
        visit = visit_of(request)
        account, coordinator = visit.member()
        now = self.now()
        form = SendForm(visit.form)
        chosen = [value[:36] for value in visit.form.getlist("offer")[: MAX_SUGGESTIONS + 1]]
        await self.limit(visit, "suggest", per_s=3600, max_count=SENDINGS_PER_HOUR)
        path = "/coordination/find"
        looked = await self._look(request)

        async def unit(tx: Tx) -> None:
            if await form_tokens.claim(tx, form.form_token.data or "", path, now) is None:
                await suggestions.send(
                    tx,
                    self.site,
                    by=account,
                    coordinator=coordinator,
                    looked=looked,
                    offer_ids=chosen,
                    now=now,
                )

        try:
            await self.store.write(unit)
        except InvalidInput as error:
            form.add_problems(error)
        except Conflict as error:
            form.add_problems(InvalidInput({"offer": error.safe}))
        else:
            return self.redirect(path, notice="suggestions-sent")
        return self._shown(request, await self._look(request), form)

    async def _look(self, request: Request) -> Looked:
        _, coordinator = visit_of(request).member()
        request_id, now = self.path_id(request), self.now()
        return await self.store.read(
            lambda tx: suggestions.look(
                tx, self.site, coordinator=coordinator, request_id=request_id, now=now
            )
        )

    def _shown(self, request: Request, looked: Looked, form: SendForm) -> Response:
        language = visit_of(request).language.tag
        offers = suggestions.offered(looked.matches)
        return self.render(
            request,
            "suggestions/look.html",
            status=422 if form.problems else 200,
            looked=looked,
            offers=offers,
            sentences={match.listed.proposal.id: match.explained.sentence(language) for match in offers},
            left_count=MAX_SUGGESTIONS - len(looked.suggested_ids),
            form=form,
        )

    # --- for the member -----------------------------------------------------------------------------

    async def own(self, request: Request) -> Response:
        """Show what was suggested to the member."""
        _, member = visit_of(request).member()
        now = self.now()

        async def unit(tx: Tx) -> tuple[list[Suggested], Wish]:
            found = await suggestions.for_member(tx, member, now=now)
            return found, await suggestions.wish_of(tx, member)

        found, wish = await self.store.read(unit)
        return self.render(
            request,
            "suggestions/own.html",
            suggested=found,
            wishes=[(key, visit_of(request).language.gettext(name)) for key, name in WISHES.items()],
            form=WishForm(data={"wish": wish}),
        )

    async def set_wish(self, request: Request) -> Response:
        """Note for which requests the member wants suggestions."""
        visit = visit_of(request)
        _, member = visit.member()
        wish, now = WishForm(visit.form).wish.data or "", self.now()
        await self.store.write(lambda tx: suggestions.set_wish(tx, member, wish, now=now))
        return self.redirect("/suggestions", notice="suggestions-wish")

    async def dismiss(self, request: Request) -> Response:
        """Throw one suggestion away."""
        _, member = visit_of(request).member()
        suggestion_id = self.path_id(request)
        await self.store.write(lambda tx: suggestions.dismiss(tx, member, suggestion_id))
        return self.redirect("/suggestions", notice="suggestion-dismissed")


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = SuggestionPages(context)
    return [
        get("/coordination/find", pages.waiting, Access.COORDINATOR),
        get("/coordination/find/{id}", pages.look, Access.COORDINATOR),
        post("/coordination/find/{id}", pages.send, Access.COORDINATOR),
        get("/suggestions", pages.own, Access.MEMBER),
        post("/suggestions/wish", pages.set_wish, Access.MEMBER),
        post("/suggestions/{id}/dismiss", pages.dismiss, Access.MEMBER),
    ]
