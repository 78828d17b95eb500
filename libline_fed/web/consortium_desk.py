"""Running consortia that are hosted here: by their coordinators and the admins."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from libline_fed.domain.actors import Actor
from libline_fed.domain.consortia import MAX_CHARTER_CHARACTERS, MAX_REASON_CHARACTERS
from libline_fed.errors import Conflict, InvalidInput, NotFound
from libline_fed.ids import is_id
from libline_fed.services import consortia, consortium_views, form_tokens
from libline_fed.services.consortium_views import Desk
from libline_fed.storage.store import Tx
from libline_fed.web.context import WebContext
from libline_fed.web.forms import COMMON_LANGUAGES, FormToken, PlainForm
from libline_fed.web.languages import N_
from libline_fed.web.memberships import HOME, TOO_LONG, look_up
from libline_fed.web.pages import Access, GuardedRoute, Pages, form_page, get, post
from libline_fed.web.visits import Visit, visit_of


class ConsortiumForm(PlainForm):
    """What a consortium says of itself."""

    handle = StringField(N_("Handle"), [Length(max=60)])
    name = StringField(N_("Name"), [Length(max=400, message=TOO_LONG)])
    summary_text = TextAreaField(N_("In a few sentences"))
    charter_text = TextAreaField(
        N_("Charter"),
        [
            Length(
                max=MAX_CHARTER_CHARACTERS, message=N_("The charter is too long: 20,000 characters at most.")
            )
        ],
    )
    language = StringField(N_("Language of these texts"))
    continues = StringField()
    form_token = FormToken()


class InviteForm(PlainForm):
    """A server to invite."""

    host = StringField(
        N_("Server"),
        [
            InputRequired(N_("Write the name of a server, such as library.example.")),
            Length(max=200, message=TOO_LONG),
        ],
    )


class DeskPages(Pages):
    """`/admin/consortia` and below."""

    # --- making and describing ----------------------------------------------------------------------

    async def create(self, request: Request) -> Response:
        """Make a consortium; one that continues another begins with its texts."""
        visit = visit_of(request)
        account, _ = visit.member()
        form = ConsortiumForm(visit.form) if request.method == "POST" else await self._begun(request)
        if request.method == "POST" and form.validate():
            now, old_id = self.now(), form.continues.data or ""
            handle = (form.handle.data or "").strip().removeprefix("@")
            await self.site.keyring.prepare(now=now)

            async def unit(tx: Tx) -> str:
                known = await form_tokens.claim(tx, form.form_token.data or "", HOME, now)
                if known is not None:
                    return known
                old = await consortium_views.group(tx, old_id) if is_id(old_id) else None
                made = await consortia.create(
                    tx,
                    self.site,
                    handle=handle,
                    name=form.name.data or "",
                    summary_text=form.summary_text.data or "",
                    charter_text=form.charter_text.data or "",
                    language=form.language.data or "en",
                    account=account,
                    continues=old,
                    now=now,
                )
                return f"{HOME}/{made.id}"

            try:
                return self.redirect(await self.store.write(unit), notice="consortium-made")
            except InvalidInput as error:
                form.add_problems(error)
        return self._form(request, form, group=None)

    async def edit(self, request: Request) -> Response:
        """Change what a consortium says of itself."""
        visit = visit_of(request)
        desk = await self._desk(request)
        group, known, now = desk.group, desk.consortium, self.now()
        if request.method == "GET":
            said = {
                "name": group.name,
                "summary_text": group.summary_text,
                "charter_text": known.charter_text,
                "language": known.language,
            }
            return self._form(request, ConsortiumForm(data=said), group=group)
        form = ConsortiumForm(visit.form)
        if form.validate():
            try:
                await self.store.write(
                    lambda tx: consortia.edit(
                        tx,
                        self.site,
                        group_id=group.id,
                        name=form.name.data or "",
                        summary_text=form.summary_text.data or "",
                        charter_text=form.charter_text.data or "",
                        language=form.language.data or known.language,
                        account=visit.account,
                        now=now,
                    )
                )
                return self.redirect(f"{HOME}/{group.id}", notice="consortium-saved")
            except InvalidInput as error:
                form.add_problems(error)
        return self._form(request, form, group=group)

    # --- running ------------------------------------------------------------------------------------

    async def show(self, request: Request) -> Response:
        """Show all that is to be decided in one consortium."""
        return self._shown(request, await self._desk(request), InviteForm())

    async def invite(self, request: Request) -> Response:
        """Invite a server."""
        visit = visit_of(request)
        desk, form, now = await self._desk(request), InviteForm(visit.form), self.now()
        instance = await self._find_server(visit, form) if form.validate() else None
        if instance is not None:
            try:
                await self.store.write(
                    lambda tx: consortia.invite(
                        tx,
                        self.site,
                        group_id=desk.group.id,
                        instance=instance,
                        account=visit.account,
                        now=now,
                    )
                )
                return self.redirect(f"{HOME}/{desk.group.id}", notice="server-invited")
            except Conflict as error:
                form.host.errors = [error.safe]
        return self._shown(request, desk, form)

    async def decide(self, request: Request) -> Response:
        """Say yes or no to a server, or put it out."""
        account, _ = visit_of(request).member()
        group_id, action, now = self.path_id(request), request.path_params["action"], self.now()
        instance_id = request.path_params["server"]
        if action not in DECISIONS or not is_id(instance_id):
            raise NotFound(f"no action {action[:40]!r}")
        use_case, notice = DECISIONS[action]
        await self.store.write(
            lambda tx: use_case(
                tx, self.site, group_id=group_id, instance_id=instance_id, account=account, now=now
            )
        )
        return self.redirect(f"{HOME}/{group_id}", notice=notice)

    async def add_coordinator(self, request: Request) -> Response:
        """Let one more member run a consortium."""
        visit = visit_of(request)
        group_id, now = self.path_id(request), self.now()
        handle = visit.form.get("handle", "")[:60]
        try:
            await self.store.write(
                lambda tx: consortia.add_coordinator(
                    tx, group_id=group_id, handle=handle, account=visit.account, now=now
                )
            )
        except InvalidInput as error:
            form = InviteForm()
            form.form_errors.extend(error.fields.values())
            return self._shown(request, await self._desk(request), form)
        return self.redirect(f"{HOME}/{group_id}", notice="coordinator-added")

    async def remove_coordinator(self, request: Request) -> Response:
        """Let somebody run a consortium no more."""
        visit = visit_of(request)
        group_id, account_id = self.path_id(request), request.path_params["account"]
        await self.store.write(
            lambda tx: consortia.remove_coordinator(
                tx, group_id=group_id, account_id=account_id, account=visit.account
            )
        )
        return self.redirect(f"{HOME}/{group_id}", notice="coordinator-removed")

    async def moderate(self, request: Request) -> Response:
        """Hold a proposal back, or let it in again."""
        visit = visit_of(request)
        group_id, action, now = self.path_id(request), request.path_params["action"], self.now()
        uri = visit.form.get("proposal", "")[:2_048]
        reason = visit.form.get("reason", "")[:MAX_REASON_CHARACTERS]

        async def unit(tx: Tx) -> None:
            match action:
                case "withhold":
                    await consortia.withhold(
                        tx,
                        self.site,
                        group_id=group_id,
                        proposal_uri=uri,
                        reason=reason,
                        account=visit.account,
                        now=now,
                    )
                case "release":
                    await consortia.release(
                        tx, self.site, group_id=group_id, proposal_uri=uri, account=visit.account, now=now
                    )
                case _:
                    raise NotFound(f"no action {action[:40]!r}")

        await self.store.write(unit)
        notice = "proposal-withheld" if action == "withhold" else "proposal-released"
        return self.redirect(f"{HOME}/{group_id}", notice=notice)

    async def close(self, request: Request) -> Response:
        """End a consortium for good; the form asks for its handle, so that no slip does it."""
        visit = visit_of(request)
        desk, now = await self._desk(request), self.now()
        if visit.form.get("handle", "").strip().removeprefix("@") != desk.group.handle:
            form = InviteForm()
            form.form_errors.append(N_("To close it, write its handle."))
            return self._shown(request, desk, form)
        await self.store.write(
            lambda tx: consortia.close(
                tx, self.site, group_id=desk.group.id, account=visit.account, now=now
            )
        )
        return self.redirect(HOME, notice="consortium-closed")

    # --- inside -------------------------------------------------------------------------------------

    async def _desk(self, request: Request) -> Desk:
        account, _ = visit_of(request).member()
        group_id = self.path_id(request)
        return await self.store.read(lambda tx: consortium_views.desk(tx, group_id, account))

    def _shown(self, request: Request, desk: Desk, form: InviteForm) -> Response:
        status = 422 if form.problems else 200
        return self.render(request, "consortia/desk.html", status=status, desk=desk, form=form)

    def _form(self, request: Request, form: ConsortiumForm, *, group: Actor | None) -> Response:
        language = visit_of(request).language
        return self.render(
            request,
            "consortia/edit.html",
            status=422 if form.problems else 200,
            form=form,
            group=group,
            language_choices=[(tag, language.language_name(tag)) for tag in COMMON_LANGUAGES],
        )

    async def _begun(self, request: Request) -> ConsortiumForm:
        """Return an empty form, or the texts of the consortium that is to be continued here."""
        old_id = self.query(request).get("continues", "")
        language = visit_of(request).language.tag
        if not is_id(old_id):
            return ConsortiumForm(data={"language": language})
        account, now = visit_of(request).account, self.now()
        old = await self.store.read(
            lambda tx: consortium_views.by_id(tx, self.site, old_id, account=account, now=now)
        )
        return ConsortiumForm(
            data={
                "handle": old.group.handle,
                "name": old.group.name,
                "charter_text": old.charter_text,
                "language": language,
                "continues": old_id,
            }
        )

    async def _find_server(self, visit: Visit, form: InviteForm) -> Actor | None:
        return await look_up(self, visit, form.host, self.context.lookups.find_instance)

DECISIONS: dict[str, tuple[Callable[..., Awaitable[object]], str]] = {
    "approve": (consortia.approve, "server-approved"),
    "reject": (consortia.reject, "server-rejected"),
    "remove": (consortia.remove_member, "server-removed"),
}


def routes(context: WebContext) -> list[GuardedRoute]:
    """List the routes of this noun."""
    pages = DeskPages(context)
    return [
        form_page(f"{HOME}/new", pages.create, Access.COORDINATOR),
        get(HOME + "/{id}", pages.show, Access.COORDINATOR),
        form_page(HOME + "/{id}/edit", pages.edit, Access.COORDINATOR),
        post(HOME + "/{id}/invite", pages.invite, Access.COORDINATOR),
        post(HOME + "/{id}/close", pages.close, Access.COORDINATOR),
        post(HOME + "/{id}/servers/{server}/{action}", pages.decide, Access.COORDINATOR),
        post(HOME + "/{id}/coordinators", pages.add_coordinator, Access.COORDINATOR),
        post(HOME + "/{id}/coordinators/{account}/remove", pages.remove_coordinator, Access.COORDINATOR),
        post(HOME + "/{id}/proposals/{action}", pages.moderate, Access.COORDINATOR),
    ]
