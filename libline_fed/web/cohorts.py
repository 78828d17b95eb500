"""Cohorts: their pages for everybody, and the forms for who runs their consortium."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from wtforms import DateField, StringField, TextAreaField
from wtforms.validators import Length, Optional

from libline_fed import vocabulary
from libline_fed.domain.actors import Actor
from libline_fed.domain.cohorts import MAX_AREAS, MAX_ORIENTATION_CHARACTERS, Cohort, CohortDraft
from libline_fed.domain.proposals import Purpose
from libline_fed.domain.searches import MAX_VALUES, Search, Sort
from libline_fed.errors import InvalidInput
from libline_fed.ids import new_id
from libline_fed.services import cohorts, consortium_views, directory, form_tokens
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.directory import viewer_of
from libline_fed.web.forms import COMMON_LANGUAGES, FormToken, PlainForm
from libline_fed.web.languages import N_
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, get, post
from libline_fed.web.visits import visit_of

HOME = "/admin/consortia"
LISTS = {
    Purpose.OFFER: (N_("Open offers on these topics"), "/mentors"),
    Purpose.REQUEST: (N_("Open requests on these topics"), "/requests"),
}


class CohortForm(PlainForm):
    """A cohort. Its topics are read from the fields by hand."""

    name = StringField(N_("Name"), [Length(max=400)])
    opens_on = DateField(N_("First day"), [Optional()])
    closes_on = DateField(N_("Last day"), [Optional()])
    orientation_text = TextAreaField(
        N_("Orientation"),
        [
            Length(
                max=MAX_ORIENTATION_CHARACTERS,
                message=N_("The text is too long: 10,000 characters at most."),
            )
        ],
    )
    language = StringField(N_("Language of these texts"))
    areas = StringField()
    form_token = FormToken()


class CohortPages(Pages):
    """Showing and writing cohorts."""

    async def show(self, request: Request) -> Response:
        """Show a cohort with what is open in its topics."""
        visit, cohort_id, now = visit_of(request), self.path_id(request), self.now()

        async def unit(tx: Tx) -> tuple[cohorts.Shown, list[tuple[str, directory.Page, str]]]:
            found = await cohorts.get(tx, self.site, cohort_id)
            lists = []
            for purpose, (title, path) in LISTS.items():
                search = Search(
                    purpose=purpose, areas=tuple(found.cohort.areas[:MAX_VALUES]), sort=Sort.NEWEST
                )
                page = await directory.page(tx, self.site, search, viewer_of(visit), now=now)
                shown = path + _area_query(found.cohort)
                lists.append((title, page, shown))
            return found, lists

        found, lists = await self.store.read(unit)
        return self.render(
            request,
            "cohorts/show.html",
            cohort=found.cohort,
            group=found.group,
            lists=lists if found.cohort.areas else [],
            today=now.date(),
        )

    async def add(self, request: Request) -> Response:
        """Begin a cohort."""
        visit, group_id = visit_of(request), self.path_id(request)
        account, _ = visit.member()
        hosted = await self.store.read(lambda tx: consortium_views.run_here(tx, group_id, account))
        path = f"{HOME}/{group_id}/cohorts"
        form = CohortForm(visit.form if request.method == "POST" else None)
        if request.method == "GET":
            form.language.data = hosted.consortium.language
        elif form.validate():
            now, draft = self.now(), self._draft(request, form)
            cohort_id = new_id(now)

            async def unit(tx: Tx) -> str:
                made_path = f"{HOME}/{group_id}"
                known = await form_tokens.claim(tx, form.form_token.data or "", made_path, now)
                if known is None:
                    await cohorts.add(
                        tx,
                        self.site,
                        group_id=group_id,
                        draft=draft,
                        account=account,
                        now=now,
                        cohort_id=cohort_id,
                    )
                return known or made_path

            try:
                return self.redirect(await self.store.write(unit), notice="cohort-saved")
            except InvalidInput as error:
                form.add_problems(error)
        return self._form(request, form, hosted.group, path, None)

    async def edit(self, request: Request) -> Response:
        """Change a cohort."""
        visit, cohort_id, now = visit_of(request), self.path_id(request), self.now()
        account, _ = visit.member()
        found = await self.store.read(lambda tx: cohorts.mine(tx, cohort_id, account))
        path = f"/admin/cohorts/{cohort_id}"
        if request.method == "GET":
            form = CohortForm(data={name: getattr(found.cohort, name) for name in EDITED})
            return self._form(request, form, found.group, path, found.cohort)
        form = CohortForm(visit.form)
        if form.validate():
            draft = self._draft(request, form)
            try:
                await self.store.write(
                    lambda tx: cohorts.edit(
                        tx, self.site, cohort_id=cohort_id, draft=draft, account=account, now=now
                    )
                )
                return self.redirect(f"{HOME}/{found.group.id}", notice="cohort-saved")
            except InvalidInput as error:
                form.add_problems(error)
        return self._form(request, form, found.group, path, found.cohort)

    async def remove(self, request: Request) -> Response:
        """Delete a cohort."""
        account, _ = visit_of(request).member()
        cohort_id, now = self.path_id(request), self.now()
        gone = await self.store.write(
            lambda tx: cohorts.remove(tx, self.site, cohort_id=cohort_id, account=account, now=now)
        )
        return self.redirect(f"{HOME}/{gone.group_id}", notice="cohort-deleted")

    def _draft(self, request: Request, form: CohortForm) -> CohortDraft:
        return CohortDraft(
            form.name.data or "",
            form.orientation_text.data or "",
            form.language.data or "en",
            tuple(visit_of(request).form.getlist("areas")[: MAX_AREAS + 1]),
            form.opens_on.data,
            form.closes_on.data,
        )

    def _form(
        self, request: Request, form: CohortForm, group: Actor, path: str, cohort: Cohort | None
    ) -> Response:
        visit = visit_of(request)
        language = visit.language
        chosen = visit.form.getlist("areas") if request.method == "POST" else cohort.areas if cohort else []
        return self.render(
            request,
            "cohorts/edit.html",
            status=422 if form.problems else 200,
            form=form,
            group=group,
            cohort=cohort,
            form_path=path,
            chosen=chosen,
            area_groups=vocabulary.area_groups(language.tag),
            language_choices=[(tag, language.language_name(tag)) for tag in COMMON_LANGUAGES],
        )


EDITED = ("name", "opens_on", "closes_on", "orientation_text", "language")


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = CohortPages(context)
    return [
        get("/cohorts/{id}", pages.show, Access.EVERYONE),
        form_page(HOME + "/{id}/cohorts", pages.add, Access.COORDINATOR),
        form_page("/admin/cohorts/{id}", pages.edit, Access.COORDINATOR),
        post("/admin/cohorts/{id}/delete", pages.remove, Access.COORDINATOR),
    ]


def _area_query(cohort: Cohort) -> str:
    return "?" + urlencode([("area", area) for area in cohort.areas[:MAX_VALUES]])
