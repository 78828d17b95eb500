"""Bringing mentorships along from another server: uploaded, looked at, taken, and read again later."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from libline_fed.errors import InvalidInput
from libline_fed.ids import is_id
from libline_fed.services import imports
from libline_fed.web.context import WebContext
from libline_fed.web.forms import PlainForm
from libline_fed.web.languages import N_
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, get, post
from libline_fed.web.records import ROLES
from libline_fed.web.visits import visit_of

PATH = "/settings/import"
UPLOADS_PER_HOUR = 20
NO_FILE = N_("Choose the archive that you downloaded from your old server.")


class ImportPages(Pages):
    """The pages of what is brought along."""

    async def upload(self, request: Request) -> Response:
        """Show the form and what was uploaded, or take in a file."""
        visit = visit_of(request)
        _, actor = visit.member()
        form = PlainForm()
        if request.method == "POST":
            await self.limit(visit, "import", per_s=3600, max_count=UPLOADS_PER_HOUR)
            now = self.now()
            try:
                if not visit.upload:
                    raise InvalidInput({"file": NO_FILE})
                brought = await asyncio.to_thread(imports.read_archive, visit.upload)
                await self.store.write(lambda tx: imports.offer(tx, person=actor, brought=brought, now=now))
                return self.redirect(PATH)
            except InvalidInput as error:
                form.add_problems(error)
        waiting = await self.store.read(lambda tx: imports.waiting(tx, actor))
        return self.render(
            request,
            "imports/upload.html",
            status=422 if form.problems else 200,
            form=form,
            waiting=waiting,
            roles=ROLES,
            max_bytes=imports.MAX_UPLOAD_BYTES,
        )

    async def take(self, request: Request) -> Response:
        """Take what was chosen; the rest is thrown away."""
        visit = visit_of(request)
        _, actor = visit.member()
        chosen, now = [each for each in visit.form.getlist("take") if is_id(each)], self.now()
        await self.store.write(lambda tx: imports.take(tx, self.site, person=actor, ids=chosen, now=now))
        return self.redirect("/brought" if chosen else PATH, notice="import-taken" if chosen else None)

    async def list(self, request: Request) -> Response:
        """List what was brought along."""
        _, actor = visit_of(request).member()
        brought = await self.store.read(lambda tx: imports.taken(tx, actor))
        return self.render(request, "imports/list.html", brought=brought, roles=ROLES)

    async def show(self, request: Request) -> Response:
        """Show a mentorship that was brought along."""
        _, actor = visit_of(request).member()
        import_id = self.path_id(request)
        one = await self.store.read(lambda tx: imports.get(tx, person=actor, import_id=import_id))
        return self.render(request, "imports/show.html", one=one, roles=ROLES)

    async def remove(self, request: Request) -> Response:
        """Delete something that was brought along."""
        _, actor = visit_of(request).member()
        import_id = self.path_id(request)
        await self.store.write(lambda tx: imports.remove(tx, person=actor, import_id=import_id))
        return self.redirect("/brought", notice="import-removed")


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = ImportPages(context)
    return [
        form_page(PATH, pages.upload, Access.MEMBER),
        post(f"{PATH}/take", pages.take, Access.MEMBER),
        get("/brought", pages.list, Access.MEMBER),
        get("/brought/{id}", pages.show, Access.MEMBER),
        post("/brought/{id}/remove", pages.remove, Access.MEMBER),
    ]
