"""Lists of servers to be careful with: from files and to files, and the public one of a consortium."""

import asyncio
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response
from wtforms import StringField
from wtforms.validators import AnyOf, InputRequired, Length

from libline_fed.domain.block_lists import STRENGTH, read_csv
from libline_fed.errors import Conflict, InvalidInput
from libline_fed.services import block_lists, published_advice
from libline_fed.services.consortia import Hosted
from libline_fed.web.context import WebContext
from libline_fed.web.filters import POLICY_NAMES
from libline_fed.web.forms import MAX_SHORT_CHARACTERS, NOT_A_CHOICE, PlainForm, short_line
from libline_fed.web.languages import N_
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, get, post
from libline_fed.web.trust import SEVERITY_NAMES
from libline_fed.web.visits import visit_of

IMPORT_PATH = "/admin/peers/import"
UPLOADS_PER_HOUR = 20
SHOWN_COUNT = 500
MAX_AGE_S = 300
NO_FILE = N_("Choose a file with a list of servers.")


class ListedForm(PlainForm):
    """One server on the list of a consortium."""

    host = StringField(
        N_("Server"),
        [
            InputRequired(N_("Write the name of a server, such as library.example.")),
            Length(max=MAX_SHORT_CHARACTERS, message=N_("This is too long: 200 characters at most.")),
        ],
    )
    severity = StringField(N_("What to do"), [AnyOf(list(STRENGTH), message=NOT_A_CHOICE)])
    reason = short_line(N_("Reason, which everybody can read"))


class BlockListPages(Pages):
    """Files in and out, for admins; and the lists of consortia hosted here."""

    # --- from a file, to a file ----------------------------------------------------------------------

    async def upload(self, request: Request) -> Response:
        """Show the form and what a list would change, or take in a file to look at."""
        visit, form = visit_of(request), PlainForm()
        if request.method == "POST":
            await self.limit(visit, "peer-import", per_s=3600, max_count=UPLOADS_PER_HOUR)
            try:
                if not visit.upload:
                    raise InvalidInput({"file": NO_FILE})
                reading = await asyncio.to_thread(read_csv, visit.upload, self.site.uris.host)
                await self.store.write(lambda tx: block_lists.keep(tx, reading))
                return self.redirect(IMPORT_PATH)
            except InvalidInput as error:
                form.add_problems(error)
        plan = await self.store.read(lambda tx: block_lists.kept(tx, self.site))
        return self.render(
            request,
            "trust/import.html",
            status=422 if form.problems else 200,
            form=form,
            plan=plan,
            shown_count=SHOWN_COUNT,
        )

    async def take(self, request: Request) -> Response:
        """Do what was shown, or throw the list away."""
        form, now = visit_of(request).form, self.now()
        if form.get("answer") == "no":
            await self.store.write(block_lists.forget)
            return self.redirect(IMPORT_PATH, notice="list-dropped")
        try:
            await block_lists.take_kept(
                self.store, self.site, mark=form.get("mark", ""), also=set(form.getlist("also")), now=now
            )
        except Conflict:
            return self.redirect(IMPORT_PATH, notice="list-changed")
        return self.redirect("/admin/peers", notice="list-taken")

    async def export(self, request: Request) -> Response:
        """Hand out the rules of this server."""
        with_notes = self.query(request).get("notes", "") == "y"
        text = await self.store.read(lambda tx: block_lists.export(tx, with_notes=with_notes))
        disposition = 'attachment; filename="domain_blocks.csv"'
        headers = {"content-disposition": disposition, "cache-control": "no-store"}
        return Response(text, media_type="text/csv", headers=headers)

    # --- the list of a consortium here ---------------------------------------------------------------

    async def edit(self, request: Request) -> Response:
        """Show the list of a consortium to those who run it, or put a server on it."""
        visit = visit_of(request)
        hosted = await self._hosted(request)
        form = ListedForm(visit.form if request.method == "POST" else None)
        if request.method == "POST" and form.validate():
            now = self.now()
            try:
                await self.store.write(
                    lambda tx: published_advice.publish(
                        tx,
                        self.site,
                        hosted=hosted,
                        host=form.host.data,
                        severity=form.severity.data,
                        reason=form.reason.data or "",
                        now=now,
                    )
                )
                return self.redirect(_path(hosted), notice="list-saved")
            except InvalidInput as error:
                form.add_problems(error)
        entries = await self.store.read(lambda tx: published_advice.entries(tx, hosted.group.id))
        translate = visit.language.gettext
        return self.render(
            request,
            "trust/published.html",
            status=422 if form.problems else 200,
            form=form,
            hosted=hosted,
            list_path=_path(hosted),
            entries=entries,
            severities=[(key, translate(name)) for key, name in SEVERITY_NAMES.items()],
            policy_names=POLICY_NAMES,
        )

    async def remove(self, request: Request) -> Response:
        """Take a server off the list."""
        hosted, host = await self._hosted(request), visit_of(request).form.get("host", "")
        await self.store.write(lambda tx: published_advice.withdraw(tx, hosted=hosted, host=host))
        return self.redirect(_path(hosted), notice="list-saved")

    async def _hosted(self, request: Request) -> Hosted:
        account, _ = visit_of(request).member()
        handle = request.path_params["handle"]
        return await self.store.read(lambda tx: published_advice.run_by(tx, handle, account))

    async def as_json(self, request: Request) -> Response:
        """Serve the list as the JSON that members read."""
        handle = request.path_params["handle"]
        body = await self.store.read(lambda tx: published_advice.as_json(tx, handle))
        return _conditional(request, body, "application/json")

    async def as_csv(self, request: Request) -> Response:
        """Serve the list as Mastodon reads it."""
        handle = request.path_params["handle"]
        text = await self.store.read(lambda tx: published_advice.as_csv(tx, handle))
        return _conditional(request, text.encode(), "text/csv")


def _path(hosted: Hosted) -> str:
    return f"/admin/consortia/{hosted.group.handle}/advice"


def _conditional(request: Request, body: bytes, media_type: str) -> Response:
    """Answer with a document, or say that it is as it was (RFC 9110 §13.1.2)."""
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    age = f"public, max-age={MAX_AGE_S}"
    headers = {"etag": etag, "cache-control": age, "access-control-allow-origin": "*"}
    asked = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if asked & {etag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = BlockListPages(context)
    return [
        form_page(IMPORT_PATH, pages.upload, Access.ADMIN),
        post(f"{IMPORT_PATH}/take", pages.take, Access.ADMIN),
        get("/admin/peers/export.csv", pages.export, Access.ADMIN),
        form_page("/admin/consortia/{handle}/advice", pages.edit, Access.MEMBER),
        post("/admin/consortia/{handle}/advice/remove", pages.remove, Access.MEMBER),
        get("/groups/{handle}/blocked-domains.json", pages.as_json, Access.EVERYONE),
        get("/groups/{handle}/blocked-domains.csv", pages.as_csv, Access.EVERYONE),
    ]
