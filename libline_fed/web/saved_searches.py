"""Saved searches: keep one, rename it, choose how to be told, delete it; and the page that ends all mails."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from wtforms import HiddenField, StringField
from wtforms.validators import AnyOf, InputRequired

from libline_fed.domain.proposals import Purpose
from libline_fed.domain.saved_searches import MAX_SAVED, SavedSearch, TellsBy, search_from
from libline_fed.domain.searches import Search
from libline_fed.errors import InvalidInput
from libline_fed.ids import new_id
from libline_fed.services import form_tokens, saved_search_mails, saved_searches
from libline_fed.services.addresses import LIST_PATHS, list_path
from libline_fed.services.directory_choices import Choices
from libline_fed.storage.store import Tx
from libline_fed.web.bodies import parse_fields
from libline_fed.web.context import WebContext
from libline_fed.web.directory_filters import chips
from libline_fed.web.forms import NOT_A_CHOICE, FormToken, PlainForm
from libline_fed.web.languages import N_, Language
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, get, post
from libline_fed.web.visits import visit_of

SAVES_PER_HOUR = 60
FEEDS_PER_HOUR = 20
BASE = "/saved-searches"
TELLS_BY_NAMES = {
    TellsBy.NOTHING: N_("Tell me nothing, I look myself"),
    TellsBy.MAIL: N_("By mail, at most once a day"),
    TellsBy.FEED: N_("In my feed reader, by a secret address"),
}
_PURPOSES = {path.removeprefix("/"): purpose for purpose, path in LIST_PATHS.items()}
STARTS = {Purpose.OFFER: N_("Mentors"), Purpose.REQUEST: N_("Requests")}


class SavedSearchForm(PlainForm):
    """The name of a search, and how to be told."""

    name = StringField(N_("Name"), [InputRequired(N_("Give it a name, so that you know it again."))])
    tells_by = StringField(
        N_("When there is something new"),
        [AnyOf(list(TellsBy), message=NOT_A_CHOICE)],
        default=TellsBy.MAIL.value,
    )
    search = HiddenField()
    form_token = FormToken()


class SavedSearchPages(Pages):
    """The pages of saved searches."""

    async def listed(self, request: Request) -> Response:
        """List one's saved searches."""
        visit = visit_of(request)
        account, _ = visit.member()
        found = await self.store.read(lambda tx: saved_searches.listed(tx, account.id))
        return self.render(
            request,
            "saved_searches/list.html",
            saved=[(one, list_path(one.search), said(one.search, visit.language)) for one in found],
            ways=TELLS_BY_NAMES,
            max_count=MAX_SAVED,
        )

    async def new(self, request: Request) -> Response:
        """Show the form for a search that an address says, or keep it."""
        visit = visit_of(request)
        account, _ = visit.member()
        if request.method == "GET":
            search = _read(self.query(request).multi_items())
            form = SavedSearchForm(data={"name": _name(search, visit.language), "search": _written(search)})
            return self._form_page(request, form, search)
        form = SavedSearchForm(visit.form)
        search = _read(parse_fields((form.search.data or "").encode()).multi_items())
        if form.validate():
            await self.limit(visit, "saved-search", per_s=3_600, max_count=SAVES_PER_HOUR)
            now = self.now()
            saved_id = new_id(now)
            path = f"{BASE}/{saved_id}" if form.tells_by.data == TellsBy.FEED else BASE

            async def unit(tx: Tx) -> str:
                known = await form_tokens.claim(tx, form.form_token.data or "", path, now)
                if known is not None:
                    return known
                await saved_searches.add(
                    tx,
                    account_id=account.id,
                    search=search,
                    name=form.name.data,
                    tells_by=form.tells_by.data,
                    now=now,
                    saved_id=saved_id,
                )
                return path

            try:
                return self.redirect(await self.store.write(unit), notice="search-saved")
            except InvalidInput as error:
                form.add_problems(error)
        return self._form_page(request, form, search)

    def _form_page(self, request: Request, form: SavedSearchForm, search: Search) -> Response:
        return self.render(
            request,
            "saved_searches/new.html",
            status=422 if form.problems else 200,
            form=form,
            ways=TELLS_BY_NAMES,
            search_path=list_path(search),
            chips=chips(search, visit_of(request).language, Choices()),
            start=STARTS[search.purpose],
            max_count=MAX_SAVED,
        )

    async def edit(self, request: Request) -> Response:
        """Show one's saved search, or change its name and the way to be told."""
        visit = visit_of(request)
        account, _ = visit.member()
        saved = await self._own(request)
        if request.method == "GET":
            form = SavedSearchForm(data={"name": saved.name, "tells_by": saved.tells_by})
            return self._edit_page(request, form, saved)
        form = SavedSearchForm(visit.form)
        if form.validate():
            try:
                await self.store.write(
                    lambda tx: saved_searches.change(
                        tx,
                        saved.id,
                        account_id=account.id,
                        name=form.name.data,
                        tells_by=form.tells_by.data,
                    )
                )
                is_feed = form.tells_by.data == TellsBy.FEED and saved.feed_token_hash is None
                return self.redirect(f"{BASE}/{saved.id}" if is_feed else BASE, notice="search-changed")
            except InvalidInput as error:
                form.add_problems(error)
        return self._edit_page(request, form, saved)

    async def feed(self, request: Request) -> Response:
        """Give the feed of one's saved search a new address, which is shown this once."""
        visit = visit_of(request)
        account, _ = visit.member()
        saved = await self._own(request)
        await self.limit(visit, "saved-feed", per_s=3_600, max_count=FEEDS_PER_HOUR)
        address = await self.store.write(
            lambda tx: saved_searches.renew_feed(tx, self.site, saved.id, account_id=account.id)
        )
        saved = await self._own(request)
        form = SavedSearchForm(data={"name": saved.name, "tells_by": saved.tells_by})
        return self._edit_page(request, form, saved, address=address)

    def _edit_page(
        self, request: Request, form: SavedSearchForm, saved: SavedSearch, *, address: str = ""
    ) -> Response:
        return self.render(
            request,
            "saved_searches/edit.html",
            status=422 if form.problems else 200,
            form=form,
            ways=TELLS_BY_NAMES,
            saved=saved,
            search_path=list_path(saved.search),
            said=said(saved.search, visit_of(request).language),
            address=address,
        )

    async def delete(self, request: Request) -> Response:
        """Ask once more, or delete one's saved search."""
        account, _ = visit_of(request).member()
        saved = await self._own(request)
        if request.method == "GET":
            return self.render(request, "saved_searches/delete.html", saved=saved)
        await self.store.write(lambda tx: saved_searches.remove(tx, saved.id, account_id=account.id))
        return self.redirect(BASE, notice="search-deleted")

    async def stop(self, request: Request) -> Response:
        """End all mails about saved searches, by the link in such a mail, without a login."""
        token = str(request.path_params["token"])
        key = self.context.sealer.derive(saved_search_mails.STOP_PURPOSE)
        account_id = saved_search_mails.account_of(key, token)
        if request.method == "POST":
            await self.store.write(lambda tx: saved_search_mails.stop(tx, account_id))
        is_done = request.method == "POST"
        return self.render(request, "saved_searches/stop.html", token=token, is_done=is_done)

    async def _own(self, request: Request) -> SavedSearch:
        account, _ = visit_of(request).member()
        saved_id = self.path_id(request)
        return await self.store.read(lambda tx: saved_searches.get(tx, saved_id, account_id=account.id))


def said(search: Search, language: Language) -> str:
    """Say in words what a search asks for."""
    parts = [
        f"{chip.label}: {chip.value}" if chip.value else chip.label
        for chip in chips(search, language, Choices())
    ]
    return " · ".join([language.gettext(STARTS[search.purpose]), *parts])


def _name(search: Search, language: Language) -> str:
    """Propose a name."""
    found = chips(search, language, Choices())
    values = language.joined(chip.value or chip.label for chip in found)
    start = language.gettext(STARTS[search.purpose])
    return f"{start}: {values}"[:80] if values else start


def _read(params: list[tuple[str, str]]) -> Search:
    purpose = _PURPOSES.get(next((value for name, value in params if name == "list"), ""), Purpose.OFFER)
    return search_from(purpose, params)


def _written(search: Search) -> str:
    return urlencode([("list", LIST_PATHS[search.purpose].removeprefix("/")), *search.params()])


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = SavedSearchPages(context)
    return [
        get(BASE, pages.listed, Access.MEMBER),
        form_page(f"{BASE}/new", pages.new, Access.MEMBER),
        form_page(f"{BASE}/stop/{{token}}", pages.stop, Access.EVERYONE),
        form_page(f"{BASE}/{{id}}", pages.edit, Access.MEMBER),
        post(f"{BASE}/{{id}}/feed", pages.feed, Access.MEMBER),
        form_page(f"{BASE}/{{id}}/delete", pages.delete, Access.MEMBER),
    ]
